//! Selects, and conditions that select, trap or branch.

use super::*;
use crate::equation::{Equations, Turned};
use windlass_desc::cc::IntCC::{self, *};
use windlass_desc::types::{F32, F64};

/// The types of selected values.
const SELECTED: &[Type] = &[I8, I16, I32, I64, I128, F32, F64];

pub fn rules(e: &mut Equations) {
    for &c in ALL_INTS {
        e.rule(SELECTED, |_| select(C.at(c), X, X).is(X));
    }
    for &c in INTS {
        let taken = || iconst(K.when(fun!(imm::not_zero, k))).at(c);
        e.rule(SELECTED, |_| select(taken(), X, Y).is(X));
        e.rule(SELECTED, |_| select(zero(c), X, Y).is(Y));
    }
    for &c in ALL_INTS {
        tested(e, c);
    }
    truths(e);
    for &t in INTS {
        extremes(e, t);
    }
}

/// A condition, which holds where it is not 0.
const C: Val = Val::new("c");

/// What tests a condition of type `c` tests what the condition is made of.
fn tested(e: &mut Equations, c: Type) {
    let against_zero = || icmp(CC, C, zero(c)).at(c);
    e.rule(SELECTED, |_| select(against_zero(), X, Y).is(select(C, X, Y)).only(CC, [NotEqual]));
    e.rule(SELECTED, |_| select(against_zero(), X, Y).is(select(C, Y, X)).only(CC, [Equal]));
    e.rule(&[I8], |_| trapz(against_zero()).is(trapz(C).at(c)).only(CC, [NotEqual]));
    e.rule(&[I8], |_| trapz(against_zero()).is(trapnz(C).at(c)).only(CC, [Equal]));
    e.rule(&[I8], |_| trapnz(against_zero()).is(trapnz(C).at(c)).only(CC, [NotEqual]));
    e.rule(&[I8], |_| trapnz(against_zero()).is(trapz(C).at(c)).only(CC, [Equal]));
    e.rule(ALL_INTS, |_| bmask(against_zero()).is(bmask(C)).only(CC, [NotEqual]));
    for &to in ALL_INTS.iter().filter(|t| t.bits() > c.bits()) {
        for extend in [uextend, sextend] as [Unary; 2] {
            let extended = || extend(C.at(c).into()).at(to);
            e.rule(SELECTED, |_| select(extended(), X, Y).is(select(C, X, Y)));
            e.rule(&[to], |_| trapz(extended()).is(trapz(C).at(c)));
            e.rule(&[to], |_| trapnz(extended()).is(trapnz(C).at(c)));
            e.rule(ALL_INTS, |_| bmask(extended()).is(bmask(C)));
        }
    }
}

/// Selects of constants that say what a comparison says.
fn truths(e: &mut Equations) {
    for &t in ALL_INTS {
        let compared = || icmp(CC, X, Y).at(t);
        let one = || iconst(N.when(fun!(imm::one, k)));
        let zero = || iconst(K.when(fun!(imm::zero, k)));
        e.rule(&[I8], |_| select(compared(), one(), zero()).is(compared()));
        e.rule(&[I16, I32, I64], |_| select(compared(), one(), zero()).is(uextend(compared())));
        let inverse = || icmp(DD, X, Y).at(t);
        e.rule(&[I8], |_| select(compared(), zero(), one()).is(inverse()).cond(DD, Turned::Inverse(CC)));
    }
}

/// Of two numbers of type `t` the one that a comparison says.
fn extremes(e: &mut Equations, t: Type) {
    let all: [(Binary, [IntCC; 2], [IntCC; 2]); 4] = [
        (smin, [SignedLessThan, SignedLessThanOrEqual], [SignedGreaterThan, SignedGreaterThanOrEqual]),
        (smax, [SignedGreaterThan, SignedGreaterThanOrEqual], [SignedLessThan, SignedLessThanOrEqual]),
        (umin, [UnsignedLessThan, UnsignedLessThanOrEqual], [UnsignedGreaterThan, UnsignedGreaterThanOrEqual]),
        (umax, [UnsignedGreaterThan, UnsignedGreaterThanOrEqual], [UnsignedLessThan, UnsignedLessThanOrEqual]),
    ];
    for (op, first, second) in all {
        let extreme = || op(X.into(), Y.into());
        e.rule(&[t], |_| select(icmp(CC, X, Y).at(t), X, Y).is(extreme()).only(CC, first));
        e.rule(&[t], |_| select(icmp(CC, X, Y).at(t), Y, X).is(extreme()).only(CC, second));
    }
}
