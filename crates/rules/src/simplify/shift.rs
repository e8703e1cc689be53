//! Shifts and rotates. An amount may have any type: it is taken modulo the width of what is shifted.

use super::*;
use crate::equation::{Equation, Equations, ImmArg, width};
use crate::term::Fun;

const SHIFTS: [Binary; 5] = [ishl, ushr, sshr, rotl, rotr];

pub fn rules(e: &mut Equations) {
    constant_amounts(e);
    amounts(e);
    for from in [I8, I32, I64] {
        twice(e, from);
        there_and_back(e, from);
        rotates(e, from);
    }
    nothing_to_shift(e);
}

fn constant_amounts(e: &mut Equations) {
    for op in SHIFTS {
        for &from in INTS {
            e.rule(ALL_INTS, |t| {
                op(X.into(), iconst(K).at(from).into()).is(X).when(fun!(imm::no_shift, k, w), [K.into(), width(t)])
            });
            e.rule(ALL_INTS, |t| {
                op(X.into(), iconst(K).at(from).into())
                    .is(op(X.into(), iconst(S).at(from).into()))
                    .when(fun!(imm::out_of_range, k, w), [K.into(), width(t)])
                    .with(S, fun!(imm::modulo, k, w), [K.into(), width(t)])
            });
        }
    }
}

/// The high bits of an amount do not count.
fn amounts(e: &mut Equations) {
    for op in SHIFTS {
        for &from in INTS {
            e.rule(ALL_INTS, |t| {
                op(X.into(), band(Y, iconst(K)).at(from).into())
                    .is(op(X.into(), Y.at(from).into()))
                    .when(fun!(imm::keeps_amount, k, w), [K.into(), width(t)])
            });
            for to in [I32, I64].into_iter().filter(|to| to.bits() > from.bits()) {
                e.rule(ALL_INTS, |_| {
                    op(X.into(), uextend(Y.at(from)).at(to).into()).is(op(X.into(), Y.at(from).into()))
                });
                e.rule(ALL_INTS, |_| {
                    op(X.into(), sextend(Y.at(from)).at(to).into()).is(op(X.into(), Y.at(from).into()))
                });
            }
        }
    }
}

/// Two shifts in one direction, by amounts of one type, the first of which is below the width. Where the first has to be
/// proved number by number, the amounts are of the type that is shifted.
fn twice(e: &mut Equations, from: Type) {
    let amounts = |t| -> [ImmArg; 3] { [K.into(), N.into(), width(t)] };
    let twice = |op: Binary, right: Pat, t: Type| -> Equation {
        let both = op(op(X.into(), iconst(K).at(from).into()).into(), iconst(N).at(from).into());
        both.is(right).when(fun!(imm::in_range, k, w), [K.into(), width(t)])
    };
    let once = |op: Binary| -> Pat { op(X.into(), iconst(S).at(from).into()).into() };
    let (sum, within) = (fun!(imm::both_shifts, k, n, w), fun!(imm::shifts_within, k, n, w));
    let narrow = |bits: u32| -> Vec<Type> { INTS.iter().copied().filter(|t| t.bits() <= bits).collect() };
    let wide = |bits: u32| -> Vec<Type> { INTS.iter().copied().filter(|t| *t == from && t.bits() > bits).collect() };
    for (op, bits) in [(ishl, 64), (ushr, 32)] as [(Binary, u32); 2] {
        let summed = |t| twice(op, once(op), t).when(within, amounts(t)).with(S, sum, amounts(t));
        e.rule(&narrow(bits), summed);
        e.rule(&wide(bits), |t| summed(t).split(K, 0..t.bits().into()));
        let away = fun!(imm::shifts_away, k, n, w);
        let zero = |t| twice(op, constant(t).into(), t).when(away, amounts(t)).number(S, 0);
        e.rule(&narrow(bits), zero);
        e.rule(&wide(bits), |t| zero(t).split(K, 1..t.bits().into()));
    }
    let limited = |t| twice(sshr, once(sshr), t).with(S, fun!(imm::both_shifts_signed, k, n, w), amounts(t));
    e.rule(&narrow(32), limited);
    e.rule(&wide(32), |t| limited(t).split(K, 0..t.bits().into()));
    for op in [rotl, rotr] as [Binary; 2] {
        let summed = |t| twice(op, once(op), t).with(S, fun!(imm::both_rotates, k, n, w), amounts(t));
        e.rule(&narrow(16), summed);
        e.rule(&wide(16), |t| summed(t).split(K, 0..t.bits().into()));
    }
}

/// A shift and one back, by the same amount.
fn there_and_back(e: &mut Equations, from: Type) {
    let twice = |there: Binary, back: Binary, right: OpPat| -> Equation {
        back(there(X.into(), iconst(K).at(from).into()).into(), iconst(N).at(from).into()).is(right)
    };
    for low in [I8, I16, I32] {
        let leaving = fun!(imm::same_shift_leaving, k, n, w, low);
        let wide: Vec<Type> = ALL_INTS.iter().copied().filter(|t| t.bits() > low.bits()).collect();
        let amounts = |t| -> [ImmArg; 4] { [K.into(), N.into(), width(t), width(low)] };
        e.rule(&wide, |t| twice(ishl, sshr, sextend(ireduce(X).at(low)).at(t)).when(leaving, amounts(t)));
        e.rule(&wide, |t| twice(ishl, ushr, uextend(ireduce(X).at(low)).at(t)).when(leaving, amounts(t)));
    }
    let same = fun!(imm::same_shift, k, n, w);
    let masks: [(Binary, Binary, Fun); 2] =
        [(ishl, ushr, fun!(imm::right_by_shift, k, w)), (ushr, ishl, fun!(imm::left_by_shift, k, w))];
    for (there, back, mask) in masks {
        e.rule(INTS, |t| {
            twice(there, back, band(X, iconst(S))).when(same, [K.into(), N.into(), width(t)]).with(
                S,
                mask,
                [K.into(), width(t)],
            )
        });
    }
}

/// Two shifts whose results are put together.
fn rotates(e: &mut Equations, from: Type) {
    for op in [bor, bxor, iadd] as [Binary; 3] {
        let around = fun!(imm::shifts_around, k, n, w);
        let left = |k: Im| -> Pat { ishl(X, iconst(k).at(from)).into() };
        let right = |k: Im| -> Pat { ushr(X, iconst(k).at(from)).into() };
        let rotated = || rotl(X, iconst(K).at(from));
        e.rule(INTS, |t| op(left(K), right(N)).is(rotated()).when(around, [K.into(), N.into(), width(t)]));
        e.rule(INTS, |t| op(right(N), left(K)).is(rotated()).when(around, [K.into(), N.into(), width(t)]));
    }
}

/// 0, and all ones where they stay.
fn nothing_to_shift(e: &mut Equations) {
    for &from in INTS {
        for op in SHIFTS {
            e.rule(ALL_INTS, |t| op(zero(t).into(), Y.at(from).into()).is(constant(t)).number(S, 0));
        }
        for op in [sshr, rotl, rotr] as [Binary; 3] {
            e.rule(ALL_INTS, |t| op(ones(t).into(), Y.at(from).into()).is(constant(t)).number(S, -1));
        }
    }
}
