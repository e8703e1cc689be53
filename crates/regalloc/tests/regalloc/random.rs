//! Random functions through the allocator, the checker and both executions.

use super::execute::same_behaviour;
use super::generate::{Shape, function};
use super::rows::*;
use super::structured::structured;
use windlass_regalloc::check::check;
use windlass_regalloc::display::Listing;
use windlass_regalloc::*;

/// Allocates, checks and executes.
pub fn verify(code: &Code, machine: &Machine, ctx: &mut Context, seed: u64) -> (Code, Allocation) {
    let (mut after, mut alloc) = (code.clone(), Allocation::default());
    let result = allocate(&mut after, machine, ctx, &mut alloc);
    judge(result, code, &after, &alloc, machine, seed);
    (after, alloc)
}

/// Checks and executes a result; prints both listings if anything is wrong.
pub fn judge(result: Result<(), Error>, code: &Code, after: &Code, alloc: &Allocation, machine: &Machine, seed: u64) {
    if let Err(error) = result {
        panic!("seed {seed}: {error}\n{}", Listing { code, rows: ROWS, alloc: None });
    }
    if let Err(error) = check(code, after, alloc, machine) {
        let before = Listing { code, rows: ROWS, alloc: None };
        panic!("seed {seed}: {error}\n{before}\n{}", Listing { code: after, rows: ROWS, alloc: Some(alloc) });
    }
    same_behaviour(code, after, alloc, machine, seed);
    same_behaviour(code, after, alloc, machine, seed ^ 0x5555);
}

fn many(seeds: std::ops::Range<u64>, machine: &Machine, shape: impl Fn(u64) -> Shape) {
    let mut ctx = Context::default();
    for seed in seeds {
        let code = function(seed, shape(seed), machine);
        verify(&code, machine, &mut ctx, seed);
    }
}

pub fn shape(seed: u64) -> Shape {
    Shape {
        blocks: 1 + (seed % 23) as usize,
        insts: 4 + (seed % 17) as usize,
        window: [3, 10, 20, 40, 80][(seed % 5) as usize],
        calls: !seed.is_multiple_of(3),
    }
}

#[test]
fn tiny_files() {
    many(0..1200, &tiny(true), shape);
}

#[test]
fn tiny_files_without_exchange() {
    many(10_000..11_200, &tiny(false), shape);
}

#[test]
fn small_files() {
    many(20_000..21_200, &small(), shape);
}

#[test]
fn usual_files() {
    many(30_000..31_200, &usual(), shape);
}

#[test]
fn three_classes_and_narrow_callee_saves() {
    many(60_000..61_200, &paper(), shape);
}

#[test]
fn large_functions() {
    let shape = |seed: u64| Shape { blocks: 150, insts: 30, window: 20 + 20 * (seed % 4) as usize, calls: true };
    many(40_000..40_012, &usual(), shape);
    many(40_012..40_020, &small(), shape);
    many(40_020..40_028, &paper(), shape);
}

/// More values live into blocks than the allocator follows.
#[test]
fn beyond_the_bound() {
    let shape =
        |seed: u64| Shape { blocks: 6 + (seed % 9) as usize, insts: 120, window: 600, calls: seed.is_multiple_of(2) };
    many(50_000..50_020, &usual(), shape);
    many(50_020..50_040, &tiny(true), shape);
}

/// Functions that no other test has, for `each`. `WINDLASS_SOAK=FROM..LAST` takes other ones, and as many as are wanted.
pub fn for_soak(mut each: impl FnMut(&Code, &Machine, u64)) {
    let asked = std::env::var("WINDLASS_SOAK").ok();
    let asked = asked.as_deref().and_then(|text| text.split_once(".."));
    let number = |text: &str| text.parse::<u64>().expect("WINDLASS_SOAK=FROM..LAST");
    let seeds = asked.map_or(1_000_000..1_000_100, |(from, last)| number(from)..number(last));
    let part = |of: u64| seeds.start..seeds.start + (seeds.end - seeds.start) / of;
    for machine in machines() {
        let mut many = |seeds: std::ops::Range<u64>, shape: fn(u64) -> Shape| {
            seeds.for_each(|seed| each(&function(seed, shape(seed), &machine), &machine, seed));
        };
        many(seeds.clone(), shape);
        let large = |seed: u64| Shape { blocks: 60, insts: 40, window: 10 + (seed % 200) as usize, calls: true };
        many(part(50), large);
        let wide = |seed: u64| Shape { blocks: 30, insts: 150, window: 600, calls: seed.is_multiple_of(2) };
        many(part(100), wide);
        for seed in part(3) {
            let size = 10 + (seed % 400) as usize;
            let code = structured(seed, size, 3 + (seed % 27) as usize, seed % 3 > 0, &machine);
            each(&code, &machine, seed);
        }
    }
}

#[test]
fn soak() {
    let mut ctx = Context::default();
    for_soak(|code, machine, seed| drop(verify(code, machine, &mut ctx, seed)));
}

#[test]
fn same_bytes_twice() {
    let machine = usual();
    let shape = Shape { blocks: 30, insts: 15, window: 40, calls: true };
    for seed in 0..20 {
        let code = function(seed, shape, &machine);
        let mut used = Context::default();
        let other = function(seed + 1, shape, &machine);
        verify(&other, &machine, &mut used, seed);
        let (a, x) = verify(&code, &machine, &mut used, seed);
        let (b, y) = verify(&code, &machine, &mut Context::default(), seed);
        assert_eq!((a.pool, x.edits, x.edge_edits, x.saved), (b.pool, y.edits, y.edge_edits, y.saved));
    }
}
