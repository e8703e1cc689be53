//! Every row at every controlling type that it admits: meanings must run on any operands, and give what the row says.

use crate::world::*;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::ops::{Effects, Imms, Opcode, Operand, Ty, meaning};
use windlass_desc::types::{INVALID, Type};

/// All types of values.
fn types() -> impl Iterator<Item = Type> + Clone {
    let all = (0..512).map(Type::from_repr).filter(|t| !t.is_invalid());
    all.filter(|t| !t.is_dynamic_vector() || t.lane_count() > 1 && t.bits() <= 256)
}

/// The types that an operand may have. Those of a `bitcast` are as large as the result; the verifier sees to that.
fn operand_types(op: Opcode, ctv: Type, operand: &Operand) -> Vec<Type> {
    let same_size = |t: &Type| op != Opcode::Bitcast || t.bits() == ctv.bits();
    types().filter(|t| operand.ty.admits(ctv, *t)).filter(same_size).collect()
}

/// Runs the meaning once. Was there a NaN to be chosen?
fn check(op: Opcode, ctv: Type, arg: Type, random: &mut Random) -> bool {
    let row = op.row();
    let width = |o: &Operand| operand_types(op, ctv, o).last().map_or(0, |t| t.bits());
    let mut args: Vec<Num> = row.operands.iter().map(|o| random.value(width(o))).collect();
    if let Some(first) = args.first_mut() {
        *first = random.value(arg.bits());
    }
    let results: Vec<Type> = row.results.iter().map(|r| r.ty.of(ctv).expect("results are determined")).collect();
    let mut imms = Imms::new(ctv, results.first().copied().unwrap_or(INVALID), arg);
    imms.imm = Num::lit(128, random.bits(128));
    let mut world = World::default();
    let found = meaning(op, &mut world, &imms, &args);
    let widths = |of: &mut dyn Iterator<Item = u32>| of.collect::<Vec<_>>();
    let want = widths(&mut results.iter().map(|t| t.bits()));
    assert_eq!(widths(&mut found.iter().map(|n| n.w())), want, "{op}.{ctv} of {arg}");
    world.nans > 0
}

#[test]
fn every_meaning_runs_at_every_type() {
    let mut random = Random(30);
    for &op in Opcode::all().iter().filter(|op| op.row().no_meaning.is_none()) {
        let ctvs: Vec<Type> = match op.row().ctv.set() {
            // a type without a result type (`extract_vector` of a scalar) is nothing that can be computed
            Some(set) => {
                types().filter(|t| set.contains(*t) && op.row().results.iter().all(|r| r.ty.of(*t).is_some())).collect()
            }
            None => vec![INVALID],
        };
        assert!(!ctvs.is_empty(), "{op} has no type");
        let mut nans = 0;
        for ctv in ctvs {
            match op.row().operands.first() {
                None => nans += check(op, ctv, INVALID, &mut random) as usize,
                Some(first) => {
                    let args = operand_types(op, ctv, first).into_iter();
                    nans += args.filter(|arg| check(op, ctv, *arg, &mut random)).count()
                }
            }
        }
        assert_eq!(nans > 0, op.row().effects.has(Effects::MAKES_NANS), "{op} chooses a NaN {nans} times");
    }
}

#[test]
fn what_has_no_meaning_is_counted() {
    let without: Vec<&str> =
        Opcode::all().iter().map(|op| op.row()).filter(|r| r.no_meaning.is_some()).map(|r| r.name).collect();
    assert_eq!((Opcode::all().len(), without.len()), (163, 18), "change these numbers knowingly: {without:?}");
}

#[test]
fn results_are_determined() {
    for row in Opcode::all().iter().map(|op| op.row()) {
        assert!(row.results.iter().all(|r| !matches!(r.ty, Ty::Narrower | Ty::Wider | Ty::In(_))), "{}", row.name);
    }
}
