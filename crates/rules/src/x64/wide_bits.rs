//! Counting and reversing of bits of 128-bit integers on x86-64: the same for each half, and what joins them.

use super::bits::{bytes_reversed, sum_of_bits};
use super::inst::*;
use super::wide::{WHOLE, whole};
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::x64::Feature;
use windlass_desc::x64::flags::Cc;

const LOW: Tmp = Tmp::new("low");
const HIGH: Tmp = Tmp::new("high");

pub fn rules(r: &mut RuleSet) {
    for op in [Opcode::Clz, Opcode::Cls, Opcode::Ctz, Opcode::Popcnt, Opcode::Bitrev, Opcode::Bswap] {
        whole(r, op);
    }
    leading(r);
    trailing(r);
    ones(r);
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(LOW, swap_bytes(64, hi(X))).set(HIGH, swap_bytes(64, lo(X)));
        bswap(X).to(s.gives([LOW, HIGH]))
    });
    r.rule(WHOLE, |_| {
        let (s, low) = bytes_reversed(Seq::default().set(T, mov(64, hi(X))), T, 0);
        let (s, high) = bytes_reversed(s.set(U, mov(64, lo(X))), U, 1);
        let s = s.set(LOW, swap_bytes(64, low)).set(HIGH, swap_bytes(64, high));
        bitrev(X).to(s.gives([LOW, HIGH]))
    });
}

/// A count in the lower half, 0 in the upper one.
fn count(s: Seq, n: Tmp) -> Seq {
    s.set(HIGH, mov_u32(0)).gives([n, HIGH])
}

/// The number of the highest one of two registers, -1 if there is none.
fn highest(s: Seq, low: impl Into<Reg>, high: impl Into<Reg>) -> (Seq, Tmp) {
    let t = |name| Tmp::new(name);
    let (low, high) = (low.into(), high.into());
    let s = s.set(t("none"), mov_s32(-1)).set(t("in_low"), bsr(64, low));
    let s = s.set(t("below"), cmov(64, is(Cc::E), t("in_low"), t("none")));
    let s = s.set(t("in_high"), bsr(64, high.clone())).set(t("above"), add(64, t("in_high"), 64));
    let s = s.run(test(64, high.clone(), high));
    (s.set(t("at"), cmov(64, is(Cc::E), t("above"), t("below"))), t("at"))
}

fn leading(r: &mut RuleSet) {
    let t = |name| Tmp::new(name);
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(t("of_low"), lzcnt(64, lo(X))).set(t("below"), add(64, t("of_low"), 64));
        let s = s.set(t("above"), lzcnt(64, hi(X))).run(test(64, hi(X), hi(X)));
        clz(X).to(count(s.set(LOW, cmov(64, is(Cc::E), t("above"), t("below"))), LOW)).needs(Feature::Lzcnt)
    });
    r.rule(WHOLE, |_| {
        let (s, at) = highest(Seq::default().set(t("most"), mov_s32(127)), lo(X), hi(X));
        clz(X).to(count(s.set(LOW, sub(64, t("most"), at)), LOW))
    });
    // those after the highest bit that differs from the sign
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(t("sign"), sar(64, hi(X), 63)).set(t("most"), mov_s32(126));
        let s = s.set(t("l"), xor(64, lo(X), t("sign"))).set(t("h"), xor(64, hi(X), t("sign")));
        let (s, at) = highest(s, t("l"), t("h"));
        cls(X).to(count(s.set(LOW, sub(64, t("most"), at)), LOW))
    });
}

fn trailing(r: &mut RuleSet) {
    let t = |name| Tmp::new(name);
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(t("of_high"), tzcnt(64, hi(X))).set(t("above"), add(64, t("of_high"), 64));
        let s = s.set(t("below"), tzcnt(64, lo(X))).run(test(64, lo(X), lo(X)));
        ctz(X).to(count(s.set(LOW, cmov(64, is(Cc::E), t("below"), t("above"))), LOW)).needs(Feature::Bmi1)
    });
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(t("none"), mov_s32(64)).set(t("in_high"), bsf(64, hi(X)));
        let s = s.set(t("of_high"), cmov(64, is(Cc::E), t("in_high"), t("none")));
        let s = s.set(t("above"), add(64, t("of_high"), 64)).set(t("in_low"), bsf(64, lo(X)));
        ctz(X).to(count(s.set(LOW, cmov(64, is(Cc::E), t("in_low"), t("above"))), LOW))
    });
}

fn ones(r: &mut RuleSet) {
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, super::inst::count_ones(64, lo(X))).set(U, super::inst::count_ones(64, hi(X)));
        popcnt(X).to(count(s.set(LOW, add(64, T, U)), LOW)).needs(Feature::Popcnt)
    });
    r.rule(WHOLE, |_| {
        let (s, low) = sum_of_bits(Seq::default().set(T, mov(64, lo(X))), 64, 64, T, 0);
        let (s, high) = sum_of_bits(s.set(U, mov(64, hi(X))), 64, 64, U, 1);
        popcnt(X).to(count(s.set(LOW, add(64, low, high)), LOW))
    });
}
