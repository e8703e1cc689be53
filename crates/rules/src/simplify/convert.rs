//! Extensions, truncations, halves and masks.

use super::*;
use crate::equation::{Equations, width};

pub fn rules(e: &mut Equations) {
    for (n, &a) in ALL_INTS.iter().enumerate() {
        for (m, &b) in ALL_INTS.iter().enumerate().skip(n + 1) {
            widened_twice(e, a, b, &ALL_INTS[m + 1..]);
            narrowed(e, a, b, &ALL_INTS[..m]);
            narrow_arithmetic(e, a, b);
        }
    }
    halves(e);
    masks(e);
}

/// Extensions of extensions, from `a` to `b` and beyond.
fn widened_twice(e: &mut Equations, a: Type, b: Type, to: &[Type]) {
    e.rule(to, |_| uextend(uextend(X.at(a)).at(b)).is(uextend(X)));
    e.rule(to, |_| sextend(sextend(X.at(a)).at(b)).is(sextend(X)));
    e.rule(to, |_| sextend(uextend(X.at(a)).at(b)).is(uextend(X)));
}

/// Truncations of what was extended from `a` to `b`, of what has `b`, and of what was truncated to it.
fn narrowed(e: &mut Equations, a: Type, b: Type, to: &[Type]) {
    let (wider, narrower): (Vec<Type>, Vec<Type>) =
        to.iter().copied().filter(|&t| t != a).partition(|t| t.bits() > a.bits());
    for extend in [uextend, sextend] as [Unary; 2] {
        let extended = || extend(X.at(a).into()).at(b);
        e.rule(&[a], |_| ireduce(extended()).is(X));
        e.rule(&narrower, |_| ireduce(extended()).is(ireduce(X)));
        e.rule(&wider, |_| ireduce(extended()).is(extend(X.into())));
    }
    e.rule(&narrower, |_| ireduce(ireduce(X.at(b)).at(a)).is(ireduce(X)));
    if b != I128 {
        e.rule(&[a], |t| {
            ireduce(band(X, iconst(K)).at(b))
                .is(ireduce(X.at(b)))
                .when(fun!(imm::keeps_low, k, w), [K.into(), width(t)])
        });
    }
}

/// Arithmetic on what was extended from `a` to `b` and is truncated again.
fn narrow_arithmetic(e: &mut Equations, a: Type, b: Type) {
    for op in [iadd, isub, imul, band, bor, bxor] as [Binary; 6] {
        for extend in [uextend, sextend] as [Unary; 2] {
            let of = |v: Val| -> Pat { extend(v.at(a).into()).into() };
            e.rule(&[a], |_| ireduce(op(of(X), of(Y)).at(b)).is(op(X.into(), Y.into())));
        }
    }
}

fn halves(e: &mut Equations) {
    for half in INTS {
        let whole = half.double_width().into_iter().collect::<Vec<_>>();
        e.rule(&whole, |_| isplit(iconcat(X, Y).at(*half)).are([X.into(), Y.into()]));
        e.rule(&whole, |_| isplit(uextend(X.at(*half))).are([X.into(), iconst(S).at(*half).into()]).number(S, 0));
        e.rule(&[*half], |_| ireduce(iconcat(X, Y).at(*half)).is(X));
    }
}

fn masks(e: &mut Equations) {
    for &from in ALL_INTS {
        for &to in ALL_INTS {
            e.rule(ALL_INTS, |_| bmask(bmask(X.at(from)).at(to)).is(bmask(X)));
            let narrower: Vec<Type> = ALL_INTS.iter().copied().filter(|t| t.bits() < to.bits()).collect();
            e.rule(&narrower, |_| ireduce(bmask(X.at(from)).at(to)).is(bmask(X)));
        }
    }
}
