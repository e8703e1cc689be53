//! Bitwise logic and orders of bits.

use super::*;
use crate::equation::Equations;
use crate::term::Fun;
use windlass_desc::types::{F32, F64};

/// The types of bitwise operations: integers and floats alike.
const BITWISE: &[Type] = &[I8, I16, I32, I64, I128, F32, F64];
/// The types whose bytes have an order.
const BYTES: &[Type] = &[I16, I32, I64, I128];

pub fn rules(e: &mut Equations) {
    e.rule(BITWISE, |_| band(X, X).is(X));
    e.rule(BITWISE, |_| bor(X, X).is(X));
    e.rule(ALL_INTS, |t| bxor(X, X).is(constant(t)).number(S, 0));
    e.rule(BITWISE, |_| bnot(bnot(X)).is(X));
    constants(e);
    complements(e);
    absorption(e);
    e.rule(INTS, |_| bnot(ineg(X)).is(iadd(X, iconst(S))).number(S, -1));
    e.rule(INTS, |t| bnot(iadd(X, ones(t))).is(ineg(X)));
    e.rule(BITWISE, |_| bitselect(Z, X, X).is(X));
    e.rule(ALL_INTS, |t| bitselect(zero(t), X, Y).is(Y));
    e.rule(ALL_INTS, |t| bitselect(ones(t), X, Y).is(X));
    e.rule(BYTES, |_| bswap(bswap(X)).is(X));
    e.rule(ALL_INTS, |_| bitrev(bitrev(X)).is(X));
}

fn constants(e: &mut Equations) {
    e.rule(ALL_INTS, |t| band(X, zero(t)).is(constant(t)).number(S, 0));
    e.rule(ALL_INTS, |t| band(X, ones(t)).is(X));
    e.rule(ALL_INTS, |t| bor(X, zero(t)).is(X));
    e.rule(ALL_INTS, |t| bor(X, ones(t)).is(constant(t)).number(S, -1));
    e.rule(ALL_INTS, |t| bxor(X, zero(t)).is(X));
    e.rule(ALL_INTS, |t| bxor(X, ones(t)).is(bnot(X)));
    let ops: [(Binary, Fun); 3] =
        [(band, fun!(imm::both, a, b)), (bor, fun!(imm::either, a, b)), (bxor, fun!(imm::differing, a, b))];
    for (op, f) in ops {
        e.rule(INTS, |_| {
            op(op(X.into(), iconst(K).into()).into(), iconst(N).into()).is(op(X.into(), iconst(S).into())).with(
                S,
                f,
                [K.into(), N.into()],
            )
        });
    }
    e.rule(INTS, |_| {
        let test = fun!(imm::disjoint, a, b);
        band(bor(X, iconst(K)), iconst(N)).is(band(X, iconst(N))).when(test, [K.into(), N.into()])
    });
    e.rule(INTS, |_| {
        let test = fun!(imm::complete, a, b);
        bor(band(X, iconst(K)), iconst(N)).is(bor(X, iconst(N))).when(test, [K.into(), N.into()])
    });
    e.rule(INTS, |_| bxor(bnot(X), iconst(K)).is(bxor(X, iconst(S))).with(S, fun!(imm::inverse, k), [K.into()]));
}

/// With its own complement, in both orders.
fn complements(e: &mut Equations) {
    let ops: [(Binary, i64); 3] = [(band, 0), (bor, -1), (bxor, -1)];
    for (op, gives) in ops {
        e.rule(ALL_INTS, |t| op(X.into(), bnot(X).into()).is(constant(t)).number(S, gives));
        e.rule(ALL_INTS, |t| op(bnot(X).into(), X.into()).is(constant(t)).number(S, gives));
    }
    e.rule(BITWISE, |_| bxor(bnot(X), bnot(Y)).is(bxor(X, Y)));
}

/// Operations that a second one makes pointless, in all orders of operands.
fn absorption(e: &mut Equations) {
    let ops: [(Binary, Binary); 2] = [(band, bor), (bor, band)];
    for (outer, inner) in ops {
        e.rule(BITWISE, |_| outer(X.into(), inner(X.into(), Y.into()).into()).is(X));
        e.rule(BITWISE, |_| outer(X.into(), inner(Y.into(), X.into()).into()).is(X));
        e.rule(BITWISE, |_| outer(inner(X.into(), Y.into()).into(), X.into()).is(X));
        e.rule(BITWISE, |_| outer(inner(Y.into(), X.into()).into(), X.into()).is(X));
    }
    e.rule(BITWISE, |_| bxor(X, bxor(X, Y)).is(Y));
    e.rule(BITWISE, |_| bxor(X, bxor(Y, X)).is(Y));
    e.rule(BITWISE, |_| bxor(bxor(X, Y), X).is(Y));
    e.rule(BITWISE, |_| bxor(bxor(Y, X), X).is(Y));
}
