//! Integer arithmetic.

use super::*;
use crate::equation::{Equation, Equations, ImmArg, width};

pub fn rules(e: &mut Equations) {
    add(e);
    sub(e);
    negate(e);
    multiply(e);
    divide(e);
    extremes(e);
}

fn add(e: &mut Equations) {
    e.rule(ALL_INTS, |t| iadd(X, zero(t)).is(X));
    e.rule(INTS, |_| {
        iadd(iadd(X, iconst(K)), iconst(N)).is(iadd(X, iconst(S))).with(S, fun!(imm::sum, a, b), [K.into(), N.into()])
    });
    e.rule(INTS, |_| {
        let difference = isub(iconst(S), X);
        iadd(isub(iconst(K), X), iconst(N)).is(difference).with(S, fun!(imm::sum, a, b), [K.into(), N.into()])
    });
    e.rule(INTS, |t| iadd(bnot(X), one(t)).is(ineg(X)));
    e.rule(ALL_INTS, |_| iadd(X, ineg(Y)).is(isub(X, Y)));
    e.rule(ALL_INTS, |_| iadd(ineg(X), Y).is(isub(Y, X)));
    e.rule(ALL_INTS, |_| iadd(isub(X, Y), Y).is(X));
    e.rule(ALL_INTS, |_| iadd(Y, isub(X, Y)).is(X));
    e.rule(ALL_INTS, |t| iadd(X, bnot(X)).is(constant(t)).number(S, -1));
    e.rule(ALL_INTS, |t| iadd(bnot(X), X).is(constant(t)).number(S, -1));
}

fn sub(e: &mut Equations) {
    e.rule(ALL_INTS, |t| isub(X, X).is(constant(t)).number(S, 0));
    e.rule(ALL_INTS, |t| isub(X, zero(t)).is(X));
    e.rule(ALL_INTS, |t| isub(zero(t), X).is(ineg(X)));
    e.rule(INTS, |_| isub(X, iconst(K)).is(iadd(X, iconst(S))).with(S, fun!(imm::negation, k), [K.into()]));
    e.rule(INTS, |_| {
        let difference = isub(iconst(S), X);
        isub(iconst(K), iadd(X, iconst(N))).is(difference).with(S, fun!(imm::difference, a, b), [K.into(), N.into()])
    });
    e.rule(INTS, |_| {
        isub(iconst(K), isub(iconst(N), X)).is(iadd(X, iconst(S))).with(
            S,
            fun!(imm::difference, a, b),
            [K.into(), N.into()],
        )
    });
    e.rule(ALL_INTS, |_| isub(X, ineg(Y)).is(iadd(X, Y)));
    e.rule(ALL_INTS, |_| isub(iadd(X, Y), X).is(Y));
    e.rule(ALL_INTS, |_| isub(iadd(X, Y), Y).is(X));
    e.rule(ALL_INTS, |_| isub(X, iadd(X, Y)).is(ineg(Y)));
    e.rule(ALL_INTS, |_| isub(Y, iadd(X, Y)).is(ineg(X)));
    e.rule(ALL_INTS, |_| isub(isub(X, Y), X).is(ineg(Y)));
    e.rule(ALL_INTS, |_| isub(X, isub(X, Y)).is(Y));
}

fn negate(e: &mut Equations) {
    e.rule(ALL_INTS, |_| ineg(ineg(X)).is(X));
    e.rule(ALL_INTS, |_| ineg(isub(X, Y)).is(isub(Y, X)));
    e.rule(INTS, |_| ineg(bnot(X)).is(iadd(X, iconst(S))).number(S, 1));
    e.rule(ALL_INTS, |_| iabs(iabs(X)).is(iabs(X)));
    e.rule(ALL_INTS, |_| iabs(ineg(X)).is(iabs(X)));
}

/// The powers of two that are unsigned numbers of a type, as constants.
fn powers(t: Type) -> impl Iterator<Item = i64> {
    (0..t.bits()).map(move |n| (1i64 << n) << (64 - t.bits()) >> (64 - t.bits()))
}

/// Only where `K` is a power of two, whose logarithm is `S` then.
fn by_power_of_two(e: Equation, t: Type) -> Equation {
    e.when(fun!(imm::power_of_two, k, w), [K.into(), width(t)])
        .with(S, fun!(imm::log2, k, w), [K.into(), width(t)])
        .split(K, powers(t))
}

fn multiply(e: &mut Equations) {
    e.rule(ALL_INTS, |t| imul(X, zero(t)).is(constant(t)).number(S, 0));
    e.rule(INTS, |t| imul(X, one(t)).is(X));
    e.rule(INTS, |t| imul(X, ones(t)).is(ineg(X)));
    e.rule(INTS, |t| by_power_of_two(imul(X, iconst(K)).is(ishl(X, iconst(S).at(t))), t));
    e.rule(INTS, |_| {
        imul(imul(X, iconst(K)), iconst(N)).is(imul(X, iconst(S))).with(
            S,
            fun!(imm::product, a, b),
            [K.into(), N.into()],
        )
    });
    e.rule(INTS, |_| imul(ineg(X), iconst(K)).is(imul(X, iconst(S))).with(S, fun!(imm::negation, k), [K.into()]));
}

fn divide(e: &mut Equations) {
    e.rule(INTS, |t| udiv(X, one(t)).is(X));
    e.rule(INTS, |t| by_power_of_two(udiv(X, iconst(K)).is(ushr(X, iconst(S).at(t))), t));
    e.rule(INTS, |t| urem(X, one(t)).is(iconst(S)).number(S, 0));
    e.rule(INTS, |t| {
        let mask: [ImmArg; 2] = [K.into(), ImmArg::Is(-1)];
        urem(X, iconst(K))
            .is(band(X, iconst(S)))
            .when(fun!(imm::power_of_two, k, w), [K.into(), width(t)])
            .with(S, fun!(imm::sum, a, b), mask)
            .split(K, powers(t))
    });
    e.rule(INTS, |t| sdiv(X, one(t)).is(X));
    e.rule(INTS, |t| {
        // a negative number is rounded up: what would be cut off is added before
        let sign = sshr(X, iconst(U).at(t));
        let bias = ushr(sign, iconst(N2).at(t));
        sdiv(X, iconst(K))
            .is(sshr(iadd(X, bias), iconst(S).at(t)))
            .when(fun!(imm::signed_power_of_two, k, w), [K.into(), width(t)])
            .with(S, fun!(imm::log2, k, w), [K.into(), width(t)])
            .with(N2, fun!(imm::width_less_log2, k, w), [K.into(), width(t)])
            .number(U, i64::from(t.bits()) - 1)
            .split(K, (1..t.bits() - 1).map(|n| 1 << n))
    });
    e.rule(INTS, |t| srem(X, one(t)).is(iconst(S)).number(S, 0));
    e.rule(INTS, |t| srem(X, ones(t)).is(iconst(S)).number(S, 0));
}

/// A third constant of a right side.
const N2: Im = Im { name: "n2", test: None };

fn extremes(e: &mut Equations) {
    let ops: [Binary; 4] = [smin, smax, umin, umax];
    for op in ops {
        e.rule(ALL_INTS, |_| op(X.into(), X.into()).is(X));
    }
    e.rule(ALL_INTS, |t| umin(X, zero(t)).is(constant(t)).number(S, 0));
    e.rule(ALL_INTS, |t| umin(X, ones(t)).is(X));
    e.rule(ALL_INTS, |t| umax(X, zero(t)).is(X));
    e.rule(ALL_INTS, |t| umax(X, ones(t)).is(constant(t)).number(S, -1));
}
