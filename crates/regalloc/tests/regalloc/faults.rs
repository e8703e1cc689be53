//! The checker must refuse wrong allocations: hand-made faults of each kind, and random ones, of which every one that
//! changes an execution must be caught.

use super::execute::behaves_alike;
use super::generate::{Rng, Shape, function};
use super::rows::*;
use windlass_regalloc::check::{CheckError, check};
use windlass_regalloc::*;

fn sample(seed: u64, machine: &Machine) -> (Code, Code, Allocation) {
    let shape = Shape { blocks: 8, insts: 12, window: 20, calls: true };
    let code = function(seed, shape, machine);
    let (mut after, mut alloc) = (code.clone(), Allocation::default());
    allocate(&mut after, machine, &mut Context::default(), &mut alloc).expect("valid");
    assert_eq!(check(&code, &after, &alloc, machine), Ok(()));
    (code, after, alloc)
}

/// The first edit that `pick` accepts.
fn find(alloc: &Allocation, pick: impl Fn(&Edit) -> bool) -> usize {
    alloc.edits.iter().position(|(_, edit)| pick(edit)).expect("the sample has one")
}

fn is_reload(edit: &Edit) -> bool {
    matches!(edit, Edit::Move { from, to, .. }
        if matches!(from.kind(), LocKind::Spill(_)) && to.as_reg().is_some())
}

/// Applies a fault to many samples; all must be refused.
fn refused(what: &str, fault: impl Fn(&Code, &mut Code, &mut Allocation, &mut Rng) -> bool) {
    let machine = small();
    let mut tried = 0;
    for seed in 0..60 {
        let (before, mut after, mut alloc) = sample(seed, &machine);
        if fault(&before, &mut after, &mut alloc, &mut Rng::new(seed)) {
            tried += 1;
            assert!(check(&before, &after, &alloc, &machine).is_err(), "{what}, seed {seed}");
        }
    }
    assert!(tried > 20, "{what}: tried {tried} times");
}

/// Instruction and pool index of the uses in registers.
fn register_uses(before: &Code, after: &Code) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (i, inst) in before.insts.iter().enumerate() {
        for (k, op) in before.operands(ROWS, inst).iter().enumerate() {
            let at = inst.ops as usize + k;
            if op.role == Role::Use && before.pool[at] != NONE && Loc(after.pool[at]).as_reg().is_some() {
                found.push((i, at));
            }
        }
    }
    found
}

/// Reloads right before a use of their register, which does not hold the value already: they cannot be missed.
fn needed_reloads(before: &Code, after: &Code, alloc: &Allocation) -> Vec<usize> {
    let uses = register_uses(before, after);
    let needed = |at: usize| {
        let (Place::Before(i), Edit::Move { to, .. }) = alloc.edits[at] else { return false };
        let overwritten = |edit: &Edit| match edit {
            Edit::Exchange { .. } => true,
            Edit::Move { to: other, .. } => *other == to,
            Edit::Remat { to: other, .. } => Loc::reg(*other) == to,
        };
        // A move between slots may have gone through the register.
        let again = alloc.edits[..at].iter().rev().take_while(|&&(place, _)| place == Place::Before(i));
        let again = again.filter(|&(_, edit)| *edit == alloc.edits[at].1).count();
        let mut rest = alloc.edits[at + 1..].iter().take_while(|&&(place, _)| place == Place::Before(i));
        is_reload(&alloc.edits[at].1)
            && again == 0
            && uses.iter().any(|&(j, at)| j == i as usize && after.pool[at] == to.0)
            && !rest.any(|(_, edit)| overwritten(edit))
    };
    (0..alloc.edits.len()).filter(|&at| needed(at)).collect()
}

#[test]
fn two_uses_swapped() {
    refused("swap", |before, after, _, rng| {
        let pairs: Vec<usize> = before
            .insts
            .iter()
            .filter(|inst| [ADD3, STORE, CMP, SUB2].contains(&inst.row))
            .map(|inst| inst.ops as usize + [ADD3, SUB2].contains(&inst.row) as usize)
            .filter(|&at| {
                let (x, y) = (before.pool[at], before.pool[at + 1]);
                x != NONE && y != NONE && x != y && after.pool[at] != after.pool[at + 1]
            })
            .collect();
        if pairs.is_empty() {
            return false;
        }
        let at = pairs[rng.below(pairs.len())];
        after.pool.swap(at, at + 1);
        true
    });
}

#[test]
fn a_use_in_another_register() {
    refused("another register", |before, after, _, rng| {
        let uses = register_uses(before, after);
        let (_, at) = uses[rng.below(uses.len())];
        let class = Loc(after.pool[at]).as_reg().expect("a register").class();
        after.pool[at] = Loc::reg(PReg::new(class, 30)).0;
        true
    });
}

#[test]
fn a_reload_dropped_or_narrowed_or_from_another_slot() {
    for fault in 0..3 {
        refused("reload", |before, after, alloc, rng| {
            let all = needed_reloads(before, after, alloc);
            if all.is_empty() {
                return false;
            }
            let at = all[rng.below(all.len())];
            match (&mut alloc.edits[at].1, fault) {
                (Edit::Move { width, .. }, 0) => *width /= 2,
                (Edit::Move { from, .. }, 1) => *from = Loc(from.0 + 4),
                _ => drop(alloc.edits.remove(at)),
            }
            true
        });
    }
}

#[test]
fn a_store_dropped_with_its_slot_read() {
    refused("store", |before, after, alloc, _| {
        let Some(&at) = needed_reloads(before, after, alloc).first() else { return false };
        let Edit::Move { from: slot, .. } = alloc.edits[at].1 else { return false };
        if after.pool.contains(&slot.0) {
            // An instruction may write it.
            return false;
        }
        let writes = |edit: &Edit| matches!(edit, Edit::Move { to, .. } if *to == slot);
        alloc.edits.retain(|(_, edit)| !writes(edit));
        for edit in &mut alloc.edge_edits {
            if writes(edit) {
                *edit = Edit::Move { from: Loc::reg(r(0)), to: Loc::reg(r(0)), class: Class::Int, width: 4 };
            }
        }
        true
    });
}

#[test]
fn malformed_results() {
    let machine = small();
    let (before, after, alloc) = sample(4, &machine);
    let judge = |fault: &dyn Fn(&mut Code, &mut Allocation)| {
        let (mut after, mut alloc) = (after.clone(), alloc.clone());
        fault(&mut after, &mut alloc);
        check(&before, &after, &alloc, &machine).expect_err("a fault")
    };
    let reload = find(&alloc, is_reload);
    assert!(matches!(judge(&|_, a| a.edits.reverse()), CheckError::Order(_)));
    assert!(matches!(judge(&|_, a| a.saved = RegSet::EMPTY), CheckError::Saved(_)));
    assert!(matches!(judge(&|_, a| a.spill_size = 4), CheckError::Edit { .. } | CheckError::Operand { .. }));
    assert!(matches!(judge(&|c, _| c.insts[0].payload += 1), CheckError::Changed(_)));
    assert!(matches!(judge(&|c, _| c.vregs[0].width ^= 4), CheckError::Changed(_)));
    let last = before.blocks[0].insts.1 - 1;
    let late = (Place::After(last), alloc.edits[reload].1);
    let at = alloc.edits.partition_point(|&(place, _)| place <= Place::Before(last));
    let result = judge(&|_, a| {
        a.edits.insert(at, late);
        a.edits.sort_by_key(|&(place, _)| super::execute::order(place));
    });
    assert!(matches!(result, CheckError::Order(_)));
    let set = |edit: Edit| judge(&|_, a: &mut Allocation| a.edits[reload].1 = edit);
    assert!(matches!(set(Edit::Exchange { a: r(0), b: r(1), class: Class::Int }), CheckError::Edit { .. }));
    assert!(matches!(set(Edit::Remat { inst: 0, to: r(0) }), CheckError::Edit { .. }));
    let class = Class::Int;
    let slots = Edit::Move { from: Loc::spill(0), to: Loc::outgoing(0), class, width: 8 };
    assert!(matches!(set(slots), CheckError::Edit { .. }));
    let reserved = Edit::Move { from: Loc::reg(r(0)), to: Loc::reg(r(29)), class, width: 8 };
    assert!(matches!(set(reserved), CheckError::Edit { .. }));
    let incoming = Edit::Move { from: Loc::reg(r(0)), to: Loc::incoming(0), class, width: 8 };
    assert!(matches!(set(incoming), CheckError::Edit { .. }));
}

/// One random fault.
fn corrupt(before: &Code, after: &mut Code, alloc: &mut Allocation, rng: &mut Rng) {
    let uses = register_uses(before, after);
    let edits = alloc.edits.len();
    match rng.below(7) {
        0 => after.pool[uses[rng.below(uses.len())].1] = rng.below(4) as u32,
        1 => {
            let (a, b) = (uses[rng.below(uses.len())].1, uses[rng.below(uses.len())].1);
            after.pool.swap(a, b);
        }
        2 if edits > 0 => drop(alloc.edits.remove(rng.below(edits))),
        3 if edits > 1 => {
            let at = rng.below(edits - 1);
            let (x, y) = (alloc.edits[at].1, alloc.edits[at + 1].1);
            (alloc.edits[at].1, alloc.edits[at + 1].1) = (y, x);
        }
        4 if !alloc.edge_edits.is_empty() => {
            let at = rng.below(alloc.edge_edits.len());
            let other = alloc.edge_edits[rng.below(alloc.edge_edits.len())];
            alloc.edge_edits[at] = other;
        }
        5 if edits > 0 => {
            let at = rng.below(edits);
            if let Edit::Move { from, to, .. } = &mut alloc.edits[at].1 {
                let side = if rng.below(2) == 0 { from } else { to };
                *side = Loc(side.0 ^ if side.as_reg().is_some() { 1 } else { 8 });
            }
        }
        _ => {
            let inst = &before.insts[rng.below(before.insts.len())];
            let n = before.operands(ROWS, inst).len();
            if n > 0 {
                let at = inst.ops as usize + rng.below(n);
                if before.pool[at] != NONE {
                    after.pool[at] ^= 1;
                }
            }
        }
    }
}

#[test]
fn no_fault_that_changes_an_execution_passes() {
    let (mut caught, mut harmful) = (0, 0);
    for (n, machine) in machines().iter().enumerate() {
        for seed in 0..150 {
            let (before, after, alloc) = sample(1000 * n as u64 + seed, machine);
            let mut rng = Rng::new(seed);
            for _ in 0..10 {
                let (mut after, mut alloc) = (after.clone(), alloc.clone());
                corrupt(&before, &mut after, &mut alloc, &mut rng);
                let verdict = check(&before, &after, &alloc, machine);
                let harm = (0..3).any(|run| !behaves_alike(&before, &after, &alloc, machine, run));
                harmful += harm as u32;
                caught += (harm && verdict.is_err()) as u32;
                assert!(!harm || verdict.is_err(), "machine {n}, seed {seed}: a fault passes");
            }
        }
    }
    assert!(harmful > 1000 && caught == harmful, "{caught} of {harmful}");
}
