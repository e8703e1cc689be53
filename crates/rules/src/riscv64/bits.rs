//! Counting and reversing of bits on riscv64, which the baseline has no instructions for: searches halve what is left,
//! sums and reversals work on fields of 1, 2, 4, ... bits (Warren, Hacker's Delight, chapters 5 and 7).

use super::inst::*;
use super::operands::INTS;
use super::wide::{WHOLE, whole};
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::riscv64::cond::Cc;
use windlass_desc::types::{I8, I16, I32, I64, I128, Type};

pub fn rules(r: &mut RuleSet) {
    for op in [Opcode::Clz, Opcode::Ctz, Opcode::Cls, Opcode::Popcnt, Opcode::Bitrev, Opcode::Bswap] {
        r.supported.push((op, if op == Opcode::Bswap { vec![I16, I32, I64] } else { INTS.into() }));
        whole(r, op);
    }
    leading(r);
    trailing(r);
    ones(r);
    reversal(r);
}

/// A constant with the fields of `bits` bits at every other place, in `width` bits.
fn every_other(width: u32, bits: u32) -> i64 {
    let all = (u64::MAX / ((1u128 << bits) as u64).wrapping_add(1)) as i64;
    all << (64 - width) >> (64 - width)
}

type Shift = fn(u16, Reg, Arg) -> MInst;

/// Counts the zeros at one end of the `bits` bits at that end of a register: `off` shifts away all but some of them,
/// `on` brings the next ones there. Gives the count less 1 if all are zeros, and what has come there in the end.
fn search(mut s: Seq, bits: u32, from: Reg, off: Shift, on: Shift) -> (Seq, Tmp, Reg) {
    let mut at = from;
    let mut count: Option<Tmp> = None;
    for k in (0..bits.ilog2()).rev() {
        let n = |name| Tmp(name, k);
        s = s.set(n("part"), off(64, at.clone(), (64 - (1i64 << k)).into())).set(n("none"), seqz(n("part")));
        let mut by = n("none");
        if k > 0 {
            by = n("by");
            s = s.set(by, sll(64, n("none"), k as i64));
        }
        s = s.set(n("at"), on(64, at, by.into()));
        at = n("at").into();
        count = Some(match count {
            None => by,
            Some(c) => {
                s = s.set(n("count"), add(64, c, by));
                n("count")
            }
        });
    }
    (s, count.unwrap_or(T), at)
}

/// The count of zeros, one more where the last bit that was looked at, `end`, is none either.
fn counted(s: Seq, less: Tmp, end: Tmp) -> (Seq, Tmp) {
    let (more, zeros) = (Tmp::new("more"), Tmp::new("zeros"));
    (s.set(more, xor(end, 1)).set(zeros, add(64, less, more)), zeros)
}

/// Leading zeros of the `bits` highest bits of a register.
fn leading_zeros(s: Seq, bits: u32, from: Reg) -> (Seq, Tmp) {
    let (s, less, at) = search(s, bits, from, srl, sll);
    counted(s.set(Tmp::new("end"), srl(64, at, 63)), less, Tmp::new("end"))
}

/// Trailing zeros of the `bits` lowest bits of a register.
fn trailing_zeros(s: Seq, bits: u32, from: Reg) -> (Seq, Tmp) {
    let (s, less, at) = search(s, bits, from, sll, srl);
    counted(s.set(Tmp::new("end"), and(at, 1)), less, Tmp::new("end"))
}

/// A value in the highest bits of a register.
fn at_top(s: Seq, t: Type) -> (Seq, Reg) {
    if t == I64 { (s, X.into()) } else { (s.set(T, sll(64, wide(X), 64 - t.bits() as i64)), T.into()) }
}

/// The count of a half, `chosen` where `tested` is zero, else `other`, and 64 more where it is `chosen`.
fn of_halves(tested: Reg, other: Reg, chosen: Reg, count: fn(Seq, u32, Reg) -> (Seq, Tmp)) -> (Seq, Tmp) {
    let n = Tmp::new;
    let s = Seq::default().set(n("half"), select_on(Cc::Eq, [tested.clone()], other, chosen));
    let (s, zeros) = count(s, 64, n("half").into());
    let s = s.set(n("empty"), seqz(tested)).set(n("passed"), sll(64, n("empty"), 6));
    (s.set(n("all"), add(64, zeros, n("passed"))), n("all"))
}

/// A count in the lower half, 0 in the upper one.
fn count(s: Seq, n: Tmp) -> Seq {
    s.set(Tmp::new("high"), li(0)).gives([n, Tmp::new("high")])
}

fn leading(r: &mut RuleSet) {
    r.rule(INTS, |t| {
        let (s, x) = at_top(Seq::default(), t);
        let (s, n) = leading_zeros(s, t.bits(), x);
        clz(X).to(s.gives([n]))
    });
    r.rule(WHOLE, |_| {
        let (s, n) = of_halves(hi(X).into(), hi(X).into(), lo(X).into(), leading_zeros);
        clz(X).to(count(s, n))
    });
    // those of the bits that differ from the sign, which itself is not counted
    let (sign, differs, less) = (Tmp::new("sign"), Tmp::new("differs"), Tmp::new("less"));
    r.rule(INTS, |t| {
        let (s, x) = at_top(Seq::default(), t);
        let s = s.set(sign, sra(64, x.clone(), 63)).set(differs, xor(x, sign));
        let (s, n) = leading_zeros(s, t.bits(), differs.into());
        cls(X).to(s.set(less, add(64, n, -1)).gives([less]))
    });
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(sign, sra(64, hi(X), 63));
        let s = s.set(Tmp("differs", 1), xor(hi(X), sign)).set(differs, xor(lo(X), sign));
        let (rest, n) = of_halves(Tmp("differs", 1).into(), Tmp("differs", 1).into(), differs.into(), leading_zeros);
        let s = Seq { steps: [s.steps, rest.steps].concat(), ..rest };
        cls(X).to(count(s.set(less, add(64, n, -1)), less))
    });
}

fn trailing(r: &mut RuleSet) {
    r.rule(INTS, |t| {
        let (s, n) = trailing_zeros(Seq::default(), t.bits(), wide(X).into());
        ctz(X).to(s.gives([n]))
    });
    r.rule(WHOLE, |_| {
        let (s, n) = of_halves(lo(X).into(), lo(X).into(), hi(X).into(), trailing_zeros);
        ctz(X).to(count(s, n))
    });
}

/// The sum of the `bits` low bits of a register; `nth` tells such sums of one rule apart.
fn sum_of_bits(mut s: Seq, bits: u32, from: Reg, nth: u32) -> (Seq, Tmp) {
    let (mut sum, mut to) = (from, T);
    for k in 0..bits.ilog2() {
        let n = |name| Tmp(name, 8 * nth + k);
        let m = every_other(bits, 1 << k);
        let mask: Arg = if (-2048..2048).contains(&m) {
            m.into()
        } else {
            s = s.set(n("mask"), li(m));
            n("mask").into()
        };
        s = s.set(n("even"), and(sum.clone(), mask.clone())).set(n("moved"), srl(64, sum, 1 << k));
        to = n("sum");
        s = s.set(n("odd"), and(n("moved"), mask)).set(to, add(64, n("even"), n("odd")));
        sum = to.into();
    }
    (s, to)
}

fn ones(r: &mut RuleSet) {
    r.rule(INTS, |t| {
        let (s, sum) = sum_of_bits(Seq::default(), t.bits(), wide(X).into(), 0);
        popcnt(X).to(s.gives([sum]))
    });
    r.rule(WHOLE, |_| {
        let (s, low) = sum_of_bits(Seq::default(), 64, lo(X).into(), 0);
        let (s, high) = sum_of_bits(s, 64, hi(X).into(), 1);
        popcnt(X).to(count(s.set(Tmp::new("low"), add(64, low, high)), Tmp::new("low")))
    });
}

/// Neighbouring fields of `2^from`, ... bits change places, until all `width` bits of a register are turned around; the
/// bits above are lost or arbitrary. `nth` tells such steps of one rule apart.
pub fn turned(mut s: Seq, width: u32, from: u32, source: Reg, nth: u32) -> (Seq, Reg) {
    let mut at = source;
    for k in from..width.ilog2() {
        let n = |name| Tmp(name, 8 * nth + k);
        let last = k + 1 == width.ilog2();
        s = s.set(n("down"), srl(64, at.clone(), 1 << k));
        let (mut down, mut low) = (n("down"), at.clone());
        // of the last fields nothing is left above the upper one in a whole register
        if !(last && width == 64) {
            let m = every_other(width, 1 << k);
            let mask: Arg = if (-2048..2048).contains(&m) {
                m.into()
            } else {
                s = s.set(n("mask"), li(m));
                n("mask").into()
            };
            down = n("upper");
            s = s.set(down, and(n("down"), mask.clone()));
            if !last {
                s = s.set(n("lower"), and(at, mask));
                low = n("lower").into();
            }
        }
        s = s.set(n("up"), sll(64, low, 1 << k)).set(n("turned"), or(n("up"), down));
        at = n("turned").into();
    }
    (s, at)
}

fn reversal(r: &mut RuleSet) {
    let ops: [(fn(Val) -> OpPat, &[Type], u32); 2] = [(bitrev, &[I8, I16, I32, I64], 0), (bswap, &[I16, I32, I64], 3)];
    for (pat, types, from) in ops {
        r.rule(types, |t| {
            let (s, at) = turned(Seq::default(), t.bits(), from, wide(X).into(), 0);
            pat(X).to(Seq { results: vec![at], ..s })
        });
        r.rule(&[I128], |_| {
            let (s, low) = turned(Seq::default(), 64, from, hi(X).into(), 0);
            let (s, high) = turned(s, 64, from, lo(X).into(), 1);
            pat(X).to(Seq { results: vec![low, high], ..s })
        });
    }
}
