//! Random functions through an allocator that makes random choices wherever it may: right all the same.

use super::generate::{Rng, Shape, function};
use super::random::{for_soak, judge, shape};
use super::rows::*;
use super::structured::structured;
use windlass_regalloc::*;

/// Takes an unusual choice in `often` of 16 cases.
struct Dice {
    rng: Rng,
    often: usize,
}

impl Choices for Dice {
    fn pick(&mut self, count: u32) -> u32 {
        if self.rng.below(16) < self.often { self.rng.below(count as usize) as u32 } else { 0 }
    }
}

fn allocate_at_random(code: &Code, machine: &Machine, ctx: &mut Context, seed: u64) -> (Code, Allocation) {
    let (mut after, mut alloc) = (code.clone(), Allocation::default());
    let mut dice = Dice { rng: Rng::new(seed ^ 0x1234_5678), often: [1, 4, 10, 16][(seed / 5 % 4) as usize] };
    let result = allocate_with(&mut after, machine, ctx, &mut alloc, &mut dice);
    judge(result, code, &after, &alloc, machine, seed);
    (after, alloc)
}

#[test]
fn any_control_flow() {
    let mut ctx = Context::default();
    for machine in machines() {
        for seed in 70_000..70_800 {
            allocate_at_random(&function(seed, shape(seed), &machine), &machine, &mut ctx, seed);
        }
    }
}

#[test]
fn structured_functions() {
    let mut ctx = Context::default();
    for seed in 0..500u64 {
        let machine = &machines()[(seed % 5) as usize];
        let code = structured(seed, 20 + (seed % 300) as usize, 3 + (seed % 20) as usize, seed % 3 > 0, machine);
        allocate_at_random(&code, machine, &mut ctx, seed);
    }
}

#[test]
fn large_functions() {
    let mut ctx = Context::default();
    for machine in machines() {
        for seed in 71_000..71_004 {
            let shape = Shape { blocks: 80, insts: 30, window: 20 + 60 * (seed % 4) as usize, calls: true };
            allocate_at_random(&function(seed, shape, &machine), &machine, &mut ctx, seed);
        }
    }
}

#[test]
fn soak() {
    let mut ctx = Context::default();
    for_soak(|code, machine, seed| drop(allocate_at_random(code, machine, &mut ctx, seed)));
}

/// The choices matter, and a source that makes the usual ones changes nothing.
#[test]
fn choices_are_asked_for() {
    let (machine, mut ctx) = (usual(), Context::default());
    let mut different = 0;
    for seed in 0..40 {
        let code = function(seed, Shape { blocks: 12, insts: 12, window: 30, calls: true }, &machine);
        let mut run = |dice: &mut Dice| {
            let (mut after, mut alloc) = (code.clone(), Allocation::default());
            assert_eq!(allocate_with(&mut after, &machine, &mut ctx, &mut alloc, dice), Ok(()));
            (after.pool, alloc.edits)
        };
        let (usual, unusual) =
            (run(&mut Dice { rng: Rng::new(1), often: 0 }), run(&mut Dice { rng: Rng::new(1), often: 16 }));
        let (mut after, mut alloc) = (code.clone(), Allocation::default());
        assert_eq!(allocate(&mut after, &machine, &mut Context::default(), &mut alloc), Ok(()));
        assert_eq!(usual, (after.pool, alloc.edits), "seed {seed}");
        different += (usual != unusual) as u32;
    }
    assert_eq!(different, 40);
}
