//! Comparisons of integers.

use super::*;
use crate::equation::{Equation, Equations, Turned, width};
use crate::term::Fun;
use windlass_desc::cc::IntCC::{self, *};

/// The conditions that hold of a number and itself.
const REFLEXIVE: [IntCC; 5] =
    [Equal, SignedGreaterThanOrEqual, SignedLessThanOrEqual, UnsignedGreaterThanOrEqual, UnsignedLessThanOrEqual];
/// The others.
const IRREFLEXIVE: [IntCC; 5] = [NotEqual, SignedGreaterThan, SignedLessThan, UnsignedGreaterThan, UnsignedLessThan];
const SIGNED: [IntCC; 4] = [SignedGreaterThan, SignedLessThan, SignedGreaterThanOrEqual, SignedLessThanOrEqual];
const EQUALITY: [IntCC; 2] = [Equal, NotEqual];
/// Equality and the order of unsigned numbers.
const UNSIGNED: [IntCC; 6] =
    [Equal, NotEqual, UnsignedGreaterThan, UnsignedLessThan, UnsignedGreaterThanOrEqual, UnsignedLessThanOrEqual];

pub fn rules(e: &mut Equations) {
    e.rule(ALL_INTS, |_| truth(icmp(CC, X, X), 1).only(CC, REFLEXIVE));
    e.rule(ALL_INTS, |_| truth(icmp(CC, X, X), 0).only(CC, IRREFLEXIVE));
    // what has constants on both sides was computed before
    e.rule(INTS, |_| icmp(CC, iconst(K), X).is(icmp(DD, X, iconst(K))).cond(DD, Turned::Swapped(CC)));
    limits(e);
    truths(e);
    extended(e);
    masked(e);
    equalities(e);
}

/// A comparison that always gives the same.
#[track_caller]
fn truth(p: OpPat, gives: i64) -> Equation {
    p.is(iconst(S).at(I8)).number(S, gives)
}

/// Against the ends of the numbers and what is next to them.
fn limits(e: &mut Equations) {
    let all = ALL_INTS;
    e.rule(all, |t| truth(icmp(CC, X, zero(t)), 0).only(CC, [UnsignedLessThan]));
    e.rule(all, |t| truth(icmp(CC, X, zero(t)), 1).only(CC, [UnsignedGreaterThanOrEqual]));
    e.rule(all, |t| truth(icmp(CC, X, ones(t)), 0).only(CC, [UnsignedGreaterThan]));
    e.rule(all, |t| truth(icmp(CC, X, ones(t)), 1).only(CC, [UnsignedLessThanOrEqual]));
    let mut becomes = |old: IntCC, k: fn(Type) -> OpPat, new: IntCC, against: i64| {
        e.rule(INTS, |t| {
            icmp(CC, X, k(t))
                .is(icmp(DD, X, iconst(S).at(t)).at(t))
                .only(CC, [old])
                .cond(DD, Turned::Is(new))
                .number(S, against)
        });
    };
    becomes(UnsignedGreaterThan, zero, NotEqual, 0);
    becomes(UnsignedLessThanOrEqual, zero, Equal, 0);
    becomes(UnsignedLessThan, one, Equal, 0);
    becomes(UnsignedGreaterThanOrEqual, one, NotEqual, 0);
    becomes(UnsignedLessThan, ones, NotEqual, -1);
    becomes(UnsignedGreaterThanOrEqual, ones, Equal, -1);
    becomes(SignedGreaterThan, ones, SignedGreaterThanOrEqual, 0);
    becomes(SignedLessThanOrEqual, ones, SignedLessThan, 0);
    becomes(SignedLessThan, one, SignedLessThanOrEqual, 0);
    becomes(SignedGreaterThanOrEqual, one, SignedGreaterThan, 0);
    let mut at = |cc: IntCC, test: Fun, gives: i64| {
        e.rule(INTS, |t| truth(icmp(CC, X, iconst(K)), gives).only(CC, [cc]).when(test, [K.into(), width(t)]));
    };
    at(SignedLessThan, fun!(imm::smallest, k, w), 0);
    at(SignedGreaterThanOrEqual, fun!(imm::smallest, k, w), 1);
    at(SignedGreaterThan, fun!(imm::largest, k, w), 0);
    at(SignedLessThanOrEqual, fun!(imm::largest, k, w), 1);
}

/// Of what a comparison gives, which is 0 or 1.
fn truths(e: &mut Equations) {
    for &t in ALL_INTS {
        let inner = || icmp(CC, X, Y).at(t);
        let outer = Cv("outer", None);
        let tested = |k: fn(Type) -> OpPat, cc: IntCC| icmp(outer, inner(), k(I8)).is(inner()).only(outer, [cc]);
        let inverted = |p: OpPat| p.is(icmp(DD, X, Y).at(t)).cond(DD, Turned::Inverse(CC));
        e.rule(&[I8], |_| tested(zero, NotEqual));
        e.rule(&[I8], |_| tested(one, Equal));
        e.rule(&[I8], |_| inverted(icmp(outer, inner(), zero(I8))).only(outer, [Equal]));
        e.rule(&[I8], |_| inverted(icmp(outer, inner(), one(I8))).only(outer, [NotEqual]));
        e.rule(&[I8], |_| inverted(bxor(inner(), one(I8))));
        e.rule(&[I8], |_| band(inner(), one(I8)).is(inner()));
    }
}

/// Of numbers that are extended from `a`.
fn extended(e: &mut Equations) {
    for (n, &a) in ALL_INTS.iter().enumerate() {
        let to = &ALL_INTS[n + 1..];
        let zexts = || icmp(CC, uextend(X.at(a)), uextend(Y.at(a)));
        e.rule(to, |_| zexts().is(icmp(CC, X, Y).at(a)).only(CC, UNSIGNED));
        e.rule(to, |_| zexts().is(icmp(DD, X, Y).at(a)).only(CC, SIGNED).cond(DD, Turned::Unsigned(CC)));
        e.rule(to, |_| icmp(CC, sextend(X.at(a)), sextend(Y.at(a))).is(icmp(CC, X, Y).at(a)));
        // constants of 128 bits are no single ones
        let to: Vec<Type> = to.iter().copied().filter(|t| *t != I128).collect();
        let zext = || icmp(CC, uextend(X.at(a)), iconst(K));
        let fits = fun!(imm::fits_unsigned, k, w, low);
        let exceeds = fun!(imm::exceeds_unsigned, k, w, low);
        let args = |t: Type| [K.into(), width(t), width(a)];
        e.rule(&to, |t| zext().is(icmp(CC, X, iconst(K)).at(a)).only(CC, UNSIGNED).when(fits, args(t)));
        e.rule(&to, |t| truth(zext(), 0).only(CC, [Equal]).when(exceeds, args(t)));
        e.rule(&to, |t| truth(zext(), 1).only(CC, [NotEqual]).when(exceeds, args(t)));
        let fits = fun!(imm::fits_signed, k, low);
        e.rule(&to, |_| {
            icmp(CC, sextend(X.at(a)), iconst(K)).is(icmp(CC, X, iconst(K)).at(a)).when(fits, [K.into(), width(a)])
        });
    }
    for &a in INTS {
        let same = icmp(CC, X, iconst(S)).at(a);
        e.rule(&[I128], |t| icmp(CC, uextend(X.at(a)), zero(t)).is(same.clone()).only(CC, EQUALITY).number(S, 0));
    }
}

/// Of the low bits of a number, which are a number of a narrower type. (Not of 16 bits, whose constants take CPUs longer to
/// decode.)
fn masked(e: &mut Equations) {
    for (a, of) in [(I8, &[I16, I32, I64] as &[Type]), (I32, &[I64])] {
        let masked = || icmp(CC, band(X, iconst(K)), iconst(N));
        let low = |cc: Cv| icmp(cc, ireduce(X).at(a), iconst(N)).at(a);
        let rule = |t: Type, equation: Equation| {
            let fits = equation.when(fun!(imm::fits_unsigned, k, w, low), [N.into(), width(t), width(a)]);
            fits.when(fun!(imm::masks_low, k, w, low), [K.into(), width(t), width(a)])
        };
        e.rule(of, |t| rule(t, masked().is(low(CC)).only(CC, UNSIGNED)));
        e.rule(of, |t| rule(t, masked().is(low(DD)).only(CC, SIGNED).cond(DD, Turned::Unsigned(CC))));
    }
}

/// Equality of sums and differences.
fn equalities(e: &mut Equations) {
    e.rule(INTS, |_| {
        icmp(CC, iadd(X, iconst(K)), iconst(N)).is(icmp(CC, X, iconst(S))).only(CC, EQUALITY).with(
            S,
            fun!(imm::difference, n, k),
            [N.into(), K.into()],
        )
    });
    e.rule(INTS, |_| {
        icmp(CC, bxor(X, iconst(K)), iconst(N)).is(icmp(CC, X, iconst(S))).only(CC, EQUALITY).with(
            S,
            fun!(imm::differing, n, k),
            [N.into(), K.into()],
        )
    });
    e.rule(ALL_INTS, |t| icmp(CC, isub(X, Y), zero(t)).is(icmp(CC, X, Y)).only(CC, EQUALITY));
    e.rule(ALL_INTS, |t| icmp(CC, bxor(X, Y), zero(t)).is(icmp(CC, X, Y)).only(CC, EQUALITY));
}
