//! Pairs of fixed registers, even and odd, as uses and defs of one instruction: every choice of operands for every row
//! with a pair, on every machine.

use super::constraints::{emit, loc, start, uses};
use super::func::Func;
use super::random::verify;
use super::rows::*;
use windlass_regalloc::*;

const ROWS_WITH_PAIRS: [u16; 8] =
    [PAIR_DIV, PAIR_SWAP, PAIR_USE, PAIR_DEF, PAIR_EARLY, PAIR_TIED, PAIR_NEXT, PAIR_OVERLAP];

/// An instruction of `row` with the given uses; returns its defs.
fn pair(f: &mut Func, row: u16, used: &[u32]) -> Vec<u32> {
    let mut used = used.iter();
    let mut defs = Vec::new();
    let mut operand = |op: &Operand| match op.role {
        Role::Use => *used.next().expect("as many as the row has"),
        _ => {
            defs.push(f.int());
            defs[defs.len() - 1]
        }
    };
    let operands: Vec<u32> = ROWS[row as usize].operands.iter().map(&mut operand).collect();
    f.inst(0, row, &operands);
    defs
}

fn use_all(f: &mut Func, values: &[u32]) {
    let list: Vec<_> = values.iter().map(|&v| (uses(Constraint::Any), v)).collect();
    f.listed(0, RET, &list, RegSet::EMPTY);
}

fn count_uses(row: u16) -> u32 {
    ROWS[row as usize].operands.iter().filter(|op| op.role == Role::Use).count() as u32
}

/// The four values that `n` stands for, by two bits each.
fn chosen(n: u32, v: &[u32], count: u32) -> Vec<u32> {
    (0..count).map(|k| v[(n >> (2 * k) & 3) as usize]).collect()
}

/// All choices of uses among four values in the registers of two pairs, which die or live on.
#[test]
fn all_operands_of_one_instruction() {
    for machine in machines() {
        let mut ctx = Context::default();
        for row in ROWS_WITH_PAIRS {
            let count = count_uses(row);
            for n in 0..1 << (2 * count + 1) {
                let (mut f, v) = start(1, 4);
                let mut last = pair(&mut f, row, &chosen(n, &v, count));
                if n >> (2 * count) == 1 {
                    last.extend(&v);
                }
                use_all(&mut f, &last);
                verify(&f.finish(), &machine, &mut ctx, n as u64);
            }
        }
    }
}

/// Each row with a pair after each other one, which takes what the first has defined.
#[test]
fn one_pair_after_another() {
    for machine in machines() {
        let mut ctx = Context::default();
        for (first, second) in ROWS_WITH_PAIRS.iter().flat_map(|&a| ROWS_WITH_PAIRS.map(|b| (a, b))) {
            for n in 0..64 {
                let (mut f, v) = start(1, 4);
                let defs = pair(&mut f, first, &chosen(n * 37, &v, count_uses(first)));
                let pool = [defs[0], v[3], *defs.last().expect("a def"), v[2]];
                let last = pair(&mut f, second, &chosen(n, &pool, count_uses(second)));
                use_all(&mut f, &[&last[..], &defs[..n as usize % 2], &v[..n as usize % 3]].concat());
                verify(&f.finish(), &machine, &mut ctx, n as u64);
            }
        }
    }
}

/// What is in the pair already, in order, is not moved; in the other order, it is exchanged.
#[test]
fn a_pair_in_place_and_a_pair_crossed() {
    let edits = |crossed: bool| {
        let (mut f, v) = start(1, 4);
        let (high, low) = if crossed { (v[3], v[2]) } else { (v[2], v[3]) };
        let defs = pair(&mut f, PAIR_DIV, &[high, low, v[0]]);
        use_all(&mut f, &[&defs[..], &[v[0], v[1]]].concat());
        let (code, alloc) = verify(&f.finish(), &tiny(true), &mut Context::default(), 1);
        assert_eq!((loc(&code, 1, 0), loc(&code, 1, 1)), (Loc::reg(r(2)), Loc::reg(r(3))));
        alloc.edits
    };
    assert_eq!(edits(false), []);
    assert!(matches!(edits(true)[..], [(Place::Before(1), Edit::Exchange { .. })]));
}

/// A dividend that is one value twice, and a pair whose halves are defined by two other pairs.
#[test]
fn halves_of_several_pairs() {
    for machine in machines() {
        let (mut f, v) = start(1, 4);
        let a = pair(&mut f, PAIR_DIV, &[v[1], v[1], v[1]]);
        let b = pair(&mut f, PAIR_DEF, &[v[2], v[3]]);
        let c = pair(&mut f, PAIR_TIED, &[b[1], a[0]]);
        let d = emit(&mut f, 0, PAIR_USE, &[a[1], c[0], c[1]]);
        use_all(&mut f, &[a[0], b[0], d, v[1]]);
        verify(&f.finish(), &machine, &mut Context::default(), 1);
    }
}
