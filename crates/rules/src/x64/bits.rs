//! Counting, reversing and selecting of bits on x86-64, up to 64 bits. What the CPU counts only in 32 or 64 bits is
//! extended first; without LZCNT and BMI1 the searches BSF and BSR do, which need an answer of their own for 0.

use super::inst::*;
use super::operands::{INTS, op_width};
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64, I128, Type};
use windlass_desc::x64::Feature;
use windlass_desc::x64::flags::Cc;

const NARROW: &[Type] = &[I8, I16];
const WIDE: &[Type] = &[I32, I64];

pub fn rules(r: &mut RuleSet) {
    for op in [Opcode::Clz, Opcode::Ctz, Opcode::Bitrev, Opcode::Bitselect, Opcode::Bmask] {
        r.supported.push((op, INTS.into()));
    }
    r.supported.push((Opcode::Cls, INTS.into()));
    r.supported.push((Opcode::Popcnt, INTS.into()));
    r.supported.push((Opcode::Bswap, vec![I16, I32, I64]));
    leading(r);
    trailing(r);
    ones(r);
    reversal(r);
    selection(r);
}

/// The value of `x` in a whole register, zero-extended.
fn zext(t: Type, x: Val) -> MInst {
    match t {
        I8 => movzx8(32, x),
        I16 => movzx16(32, x),
        I32 => mov(32, x),
        _ => mov(64, x),
    }
}

/// The number of the highest one of a register, `none` if there is none.
fn highest(from: Seq, reg: Tmp, none: i64, to: Tmp) -> Seq {
    let (found, other) = (Tmp::new("found"), Tmp::new("other"));
    from.set(other, mov_s32(none)).set(found, bsr(64, reg)).set(to, cmov(64, is(Cc::E), found, other))
}

fn leading(r: &mut RuleSet) {
    let bits = |t: Type| t.bits() as i64;
    r.rule(WIDE, |t| clz(X).to(lzcnt(op_width(t), X)).needs(Feature::Lzcnt));
    r.rule(NARROW, |t| {
        let n = Seq::default().set(T, zext(t, X)).set(U, lzcnt(32, T)).set(Tmp::new("n"), sub(32, U, 32 - bits(t)));
        clz(X).to(n.gives([Tmp::new("n")])).needs(Feature::Lzcnt)
    });
    r.rule(INTS, |t| {
        // for 0, what turns into the width when the highest bit's number is turned around
        let n = highest(Seq::default().set(T, zext(t, X)), T, 2 * bits(t) - 1, U);
        clz(X).to(n.set(Tmp::new("n"), xor(32, U, bits(t) - 1)).gives([Tmp::new("n")]))
    });
    r.rule(INTS, |t| {
        let (sign, n) = (Tmp::new("sign"), Tmp::new("n"));
        let w = t.bits() as u16;
        let differs = Seq::default().set(sign, sar(w, X, bits(t) - 1)).set(T, xor(w, sign, X));
        let whole = match t {
            I8 => movzx8(32, T),
            I16 => movzx16(32, T),
            I32 => mov(32, T),
            _ => mov(64, T),
        };
        let found = highest(differs.set(U, whole), U, -1, Tmp::new("at"));
        let most = found.set(Tmp::new("most"), mov_s32(bits(t) - 2));
        cls(X).to(most.set(n, sub(32, Tmp::new("most"), Tmp::new("at"))).gives([n]))
    });
}

fn trailing(r: &mut RuleSet) {
    let bits = |t: Type| t.bits() as i64;
    r.rule(WIDE, |t| ctz(X).to(tzcnt(op_width(t), X)).needs(Feature::Bmi1));
    // a one above the value stops the search
    r.rule(NARROW, |t| ctz(X).to(Seq::default().set(T, or(32, wide(X), 1 << bits(t))).set(U, bsf(64, T)).gives([U])));
    r.rule(WIDE, |t| {
        let n = Seq::default().set(T, zext(t, X)).set(Tmp::new("other"), mov_s32(bits(t)));
        let n = n.set(Tmp::new("found"), bsf(64, T)).set(U, cmov(64, is(Cc::E), Tmp::new("found"), Tmp::new("other")));
        ctz(X).to(n.gives([U]))
    });
}

/// `from` with bits moved right by `by` and masked with the fields of `bits` bits at every other place; the `n`-th such
/// step.
fn fields(s: Seq, w: u16, n: u32, from: Tmp, by: i64, bits: u64) -> (Seq, Tmp) {
    let (moved, mask, to) = (Tmp("moved", n), Tmp("mask", n), Tmp("fields", n));
    let every_other = u64::MAX / ((1u64 << bits) + 1);
    let s = if by == 0 { s.set(moved, mov(w, from)) } else { s.set(moved, shr(w, from, by)) };
    let s = match w {
        64 => s.set(mask, mov_64(every_other as i64)).set(to, and(64, moved, mask)),
        _ => s.set(to, and(w, moved, every_other as u32 as i32 as i64)),
    };
    (s, to)
}

/// The sum of the low `bits` bits of `from`, the others of which are 0: sums of neighbouring fields of 1, 2, 4, ... bits
/// (Warren, Hacker's Delight, section 5-1). `nth` tells such sums of one rule apart.
pub fn sum_of_bits(mut s: Seq, w: u16, bits: u32, from: Tmp, nth: u32) -> (Seq, Tmp) {
    let mut sum = from;
    for k in 0..bits.ilog2() {
        let (even, odd);
        let n = 32 * nth + 2 * k;
        (s, even) = fields(s, w, n + 1, sum, 0, 1 << k);
        (s, odd) = fields(s, w, n + 2, sum, 1 << k, 1 << k);
        sum = Tmp("sum", n + 1);
        s = s.set(sum, add(w, even, odd));
    }
    (s, sum)
}

/// The bits of each byte of a register turned around: neighbouring fields of 1, 2 and 4 bits change places. `nth` tells
/// such steps of one rule apart.
fn bits_of_bytes(mut s: Seq, w: u16, from: Tmp, nth: u32) -> (Seq, Tmp) {
    let mut at = from;
    for k in 0..3 {
        let bits = 1u64 << k;
        let (low, high);
        let n = 8 * nth + 2 * k;
        (s, high) = fields(s, w, n + 1, at, bits as i64, bits);
        (s, low) = fields(s, w, n + 2, at, 0, bits);
        let up = Tmp("up", n + 1);
        at = Tmp("swapped", n + 1);
        s = s.set(up, shl(w, low, bits as i64)).set(at, or(w, high, up));
    }
    (s, at)
}

/// The same of 64 bits.
pub fn bytes_reversed(s: Seq, from: Tmp, nth: u32) -> (Seq, Tmp) {
    bits_of_bytes(s, 64, from, nth)
}

fn ones(r: &mut RuleSet) {
    r.rule(WIDE, |t| popcnt(X).to(super::inst::count_ones(op_width(t), X)).needs(Feature::Popcnt));
    r.rule(NARROW, |t| {
        let n = Seq::default().set(T, zext(t, X)).set(U, super::inst::count_ones(32, T));
        popcnt(X).to(n.gives([U])).needs(Feature::Popcnt)
    });
    r.rule(INTS, |t| {
        let (s, sum) = sum_of_bits(Seq::default().set(T, zext(t, X)), op_width(t), t.bits(), T, 0);
        popcnt(X).to(s.gives([sum]))
    });
}

fn reversal(r: &mut RuleSet) {
    r.rule(&[I16], |_| bswap(X).to(rol(16, X, 8)));
    r.rule(WIDE, |t| bswap(X).to(swap_bytes(op_width(t), X)));
    // the bits of bytes are turned around, then the bytes are
    r.rule(INTS, |t| {
        let w = op_width(t);
        let (s, at) = bits_of_bytes(Seq::default().set(T, zext(t, X)), w, T, 0);
        let s = match t {
            I8 => s.gives([at]),
            I16 => s.set(U, rol(16, at, 8)).gives([U]),
            _ => s.set(U, swap_bytes(w, at)).gives([U]),
        };
        bitrev(X).to(s)
    });
}

fn selection(r: &mut RuleSet) {
    let z = Val::new("z");
    r.rule(INTS, |t| {
        let w = op_width(t);
        let yes = and(w, wide(X), wide(Y));
        bitselect(X, Y, z).to(or(w, yes, and(w, not(w, wide(X)), wide(z))))
    });
    for &from in INTS {
        r.rule(INTS, |t| {
            let mask = carry_if_any(from).set(U, sbb(op_width(t), T, T));
            bmask(X.at(from)).to(mask.gives([U]))
        });
    }
}

/// Negates `x` in `T`: the carry tells whether there was anything, and what is borrowed from itself is its mask. (Borrowed
/// from the negated, not from `x`: two reads of that may differ above its bits.)
pub(super) fn carry_if_any(from: Type) -> Seq {
    let (s, x, whole) = (Seq::default(), X.at(from), Tmp::new("whole"));
    match from {
        I8 | I16 => s.set(whole, zext(from, x)).set(T, neg(32, whole)),
        I128 => s.set(whole, or(64, lo(x), hi(x))).set(T, neg(64, whole)),
        _ => s.set(T, neg(from.bits() as u16, x)),
    }
}
