//! Arithmetic on x86-64 beyond sums and products: high halves, overflow and carries, minima and maxima, absolute values,
//! division. Narrow values are extended where the CPU has no instruction of their width.

use super::inst::*;
use super::operands::{INTS, op_width};
use crate::pat::*;
use crate::term::*;
use windlass_desc::env::TrapCode;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64, Type};
use windlass_desc::x64::flags::Cc;

const NARROW: &[Type] = &[I8, I16];
const WIDE: &[Type] = &[I32, I64];

pub fn rules(r: &mut RuleSet) {
    products(r);
    overflow(r);
    carries(r);
    extremes(r);
    division(r);
}

/// The value of `x` in a whole register, extended by zeros or by its sign.
fn extended(t: Type, x: Val, signed: bool) -> MInst {
    match (t, signed) {
        (I8, false) => movzx8(32, x),
        (I8, true) => movsx8(32, x),
        (I16, false) => movzx16(32, x),
        (I16, true) => movsx16(32, x),
        (I32, _) => mov(32, x),
        _ => mov(64, x),
    }
}

fn products(r: &mut RuleSet) {
    for (op, pat, signed) in [
        (Opcode::Umulhi, umulhi as fn(Val, Val) -> OpPat, false),
        (Opcode::Smulhi, smulhi as fn(Val, Val) -> OpPat, true),
    ] {
        r.supported.push((op, INTS.into()));
        let wide = |w| if signed { imul_wide(w, X, Y) } else { mul_wide(w, X, Y) };
        r.rule(WIDE, |t| pat(X, Y).to(Seq::default().set_both(T, U, wide(op_width(t))).gives([U])));
        r.rule(NARROW, |t| {
            let (a, b) = (Tmp::new("a"), Tmp::new("b"));
            let s = Seq::default().set(a, extended(t, X, signed)).set(b, extended(t, Y, signed));
            // in exactly twice the width, as the operation is defined
            let w = 2 * t.bits() as u16;
            pat(X, Y).to(s.set(T, mul(w, a, b)).set(U, shr(w, T, t.bits() as i64)).gives([U]))
        });
    }
}

fn overflow(r: &mut RuleSet) {
    type Sum = (Opcode, fn(Val, Rmi) -> OpPat, fn(u16, Val, Rmi) -> MInst, Cc);
    let sums: [Sum; 4] = [
        (Opcode::UaddOverflow, uadd_overflow, add, Cc::B),
        (Opcode::SaddOverflow, sadd_overflow, add, Cc::O),
        (Opcode::UsubOverflow, usub_overflow, sub, Cc::B),
        (Opcode::SsubOverflow, ssub_overflow, sub, Cc::O),
    ];
    for (op, pat, inst, cc) in sums {
        r.supported.push((op, INTS.into()));
        r.rule(INTS, |t| {
            let s = Seq::default().set(T, inst(t.bits() as u16, X, R)).set(U, set(is(cc)));
            pat(X, R).to(s.gives([T, U]))
        });
    }
    r.supported.push((Opcode::UmulOverflow, INTS.into()));
    r.supported.push((Opcode::SmulOverflow, INTS.into()));
    r.rule(&[I16, I32, I64], |t| {
        let s = Seq::default().set_both(T, Tmp::new("high"), mul_wide(t.bits() as u16, X, Y)).set(U, set(is(Cc::O)));
        umul_overflow(X, Y).to(s.gives([T, U]))
    });
    r.rule(&[I16, I32, I64], |t| {
        smul_overflow(X, Y).to(Seq::default().set(T, mul(t.bits() as u16, X, Y)).set(U, set(is(Cc::O))).gives([T, U]))
    });
    let (a, b, back) = (Tmp::new("a"), Tmp::new("b"), Tmp::new("back"));
    let product = |signed| {
        let s = Seq::default().set(a, extended(I8, X, signed)).set(b, extended(I8, Y, signed));
        s.set(T, mul(16, a, b))
    };
    r.rule(&[I8], |_| umul_overflow(X, Y).to(product(false).run(cmp(16, T, 255)).set(U, set(is(Cc::A))).gives([T, U])));
    r.rule(&[I8], |_| {
        let s = product(true).set(back, movsx8(32, T)).run(cmp(16, back, T)).set(U, set(is(Cc::Ne)));
        smul_overflow(X, Y).to(s.gives([T, U]))
    });
}

fn carries(r: &mut RuleSet) {
    let z = Val::new("z");
    type Sum = (Opcode, fn(Val, Val, Val) -> OpPat, fn(u16, Val, Val) -> MInst, Cc);
    let sums: [Sum; 4] = [
        (Opcode::UaddOverflowCin, uadd_overflow_cin, adc, Cc::B),
        (Opcode::SaddOverflowCin, sadd_overflow_cin, adc, Cc::O),
        (Opcode::UsubOverflowBin, usub_overflow_bin, sbb, Cc::B),
        (Opcode::SsubOverflowBin, ssub_overflow_bin, sbb, Cc::O),
    ];
    for (op, pat, inst, cc) in sums {
        r.supported.push((op, INTS.into()));
        r.rule(INTS, |t| {
            // negating it carries if it is not 0
            let s = Seq::default().set(Tmp::new("carry"), neg(8, z));
            let s = s.set(T, inst(t.bits() as u16, X, Y)).set(U, set(is(cc)));
            pat(X, Y, z).to(s.gives([T, U]))
        });
    }
}

fn extremes(r: &mut RuleSet) {
    type Extreme = (Opcode, fn(Val, Val) -> OpPat, Cc);
    let ops: [Extreme; 4] = [
        (Opcode::Smin, smin, Cc::L),
        (Opcode::Smax, smax, Cc::G),
        (Opcode::Umin, umin, Cc::B),
        (Opcode::Umax, umax, Cc::A),
    ];
    for (op, pat, cc) in ops {
        r.supported.push((op, INTS.into()));
        r.rule(INTS, |t| {
            let compared = flags(is(cc), cmp(t.bits() as u16, X, Y));
            pat(X, Y).to(cmov(op_width(t), compared, wide(Y), wide(X)))
        });
    }
    r.supported.push((Opcode::Iabs, INTS.into()));
    r.rule(INTS, |t| {
        // the value itself where its negation is negative
        let s = Seq::default().set(Tmp::new("a"), extended(t, X, true)).set(T, neg(op_width(t), Tmp::new("a")));
        iabs(X).to(s.set(U, cmov(op_width(t), is(Cc::S), T, wide(X))).gives([U]))
    });
}

fn division(r: &mut RuleSet) {
    for op in [Opcode::Udiv, Opcode::Urem, Opcode::Sdiv, Opcode::Srem] {
        r.supported.push((op, INTS.into()));
    }
    let (a, b, high) = (Tmp::new("a"), Tmp::new("b"), Tmp::new("high"));
    let (q, m) = (Tmp::new("q"), Tmp::new("m"));
    let divz = TrapCode::INTEGER_DIVISION_BY_ZERO;
    // bytes are divided in 32 bits, the others in their own width, as the operation is defined
    let width = |t: Type| if t == I8 { 32 } else { t.bits() as u16 };
    let operands = |s: Seq, t: Type, signed| match t {
        I8 => s.set(a, extended(t, X, signed)).set(b, extended(t, Y, signed)),
        _ => s.set(a, mov(op_width(t), wide(X))).set(b, mov(op_width(t), wide(Y))),
    };
    let unsigned = |t: Type| {
        let s = operands(Seq::default(), t, false).set(high, mov_u32(0));
        s.set_both(q, m, div(width(t), a, high, b).traps(divz))
    };
    r.rule(INTS, |t| udiv(X, Y).to(unsigned(t).gives([q])));
    r.rule(INTS, |t| urem(X, Y).to(unsigned(t).gives([m])));
    // overflow: the dividend turned left by one is 1 and the divisor is -1, so both of these are 0
    r.rule(INTS, |t| {
        let (w, n) = (t.bits() as u16, |name| Tmp::new(name));
        let s = Seq::default().set(n("turned"), rol(w, X, 1)).set(n("one"), xor(w, n("turned"), 1));
        let s = s.set(n("inverse"), not(w, Y)).set(n("none"), or(w, n("one"), n("inverse")));
        let s = s.run(trap_if(is(Cc::E)).traps(TrapCode::INTEGER_OVERFLOW));
        let s = operands(s, t, true).set(high, sign(width(t), a));
        sdiv(X, Y).to(s.set_both(q, m, idiv(width(t), a, high, b).traps(divz)).gives([q]))
    });
    // the remainder by -1 is that by 1, which the CPU can divide the smallest number by
    r.rule(INTS, |t| {
        let by = Tmp::new("by");
        let s = operands(Seq::default(), t, true).set(U, mov_u32(1)).run(cmp(t.bits() as u16, Y, -1));
        let s = s.set(by, cmov(op_width(t), is(Cc::E), b, U)).set(high, sign(width(t), a));
        srem(X, Y).to(s.set_both(q, m, idiv(width(t), a, high, by).traps(divz)).gives([m]))
    });
}
