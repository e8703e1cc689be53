//! Bit vectors: the one vocabulary that meanings are written in.
//! [`Bv`] is the trait, [`Num`] its instance on numbers; the instance on SMT terms lives with the prover.
//!
//! Vectors are bit vectors too, with lane 0 in the low bits. What happens to each lane is said with [`Bv::map_lanes`]
//! and [`Bv::zip_lanes`], for which a scalar is one lane.

mod num;
mod wide;
pub use num::Num;

use crate::fp::{FpFormat, FpOp};

/// A bit vector of known width. Binary operations take two vectors of the same width.
pub trait Bv: Clone {
    /// The number `v`, truncated or zero-extended to `w` bits.
    fn lit(w: u32, v: u128) -> Self;
    /// Width in bits.
    fn w(&self) -> u32;

    /// Sum modulo 2^w.
    fn add(&self, o: &Self) -> Self;
    /// Difference modulo 2^w.
    fn sub(&self, o: &Self) -> Self;
    /// Product modulo 2^w.
    fn mul(&self, o: &Self) -> Self;
    /// Quotient, unsigned, rounded down; all ones where `o` is 0.
    fn udiv(&self, o: &Self) -> Self;
    /// Remainder, unsigned; `self` where `o` is 0.
    fn urem(&self, o: &Self) -> Self;
    /// Bitwise and.
    fn and(&self, o: &Self) -> Self;
    /// Bitwise or.
    fn or(&self, o: &Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(&self, o: &Self) -> Self;
    /// Shift left; amounts of `w` and more give 0.
    fn shl(&self, o: &Self) -> Self;
    /// Logical shift right; amounts of `w` and more give 0.
    fn lshr(&self, o: &Self) -> Self;
    /// Arithmetic shift right; amounts of `w` and more give the sign in every bit.
    fn ashr(&self, o: &Self) -> Self;

    /// What an operation on floats gives; all operands but integers are of the format.
    fn fp(op: FpOp, format: FpFormat, args: &[&Self]) -> Self;

    /// One bit: are the two equal?
    fn eq(&self, o: &Self) -> Self;
    /// One bit: is `self` below `o`, unsigned?
    fn ult(&self, o: &Self) -> Self;
    /// One bit: is `self` below `o`, signed?
    fn slt(&self, o: &Self) -> Self;
    /// `a` where `self` (one bit) is 1, else `b`.
    fn ite(&self, a: &Self, b: &Self) -> Self;

    /// Zero-extends to `w` bits, at least the present width.
    fn zext(&self, w: u32) -> Self;
    /// Sign-extends to `w` bits, at least the present width.
    fn sext(&self, w: u32) -> Self;
    /// Bits `lo .. lo + w`.
    fn extract(&self, lo: u32, w: u32) -> Self;
    /// `self` above `low`.
    fn concat(&self, low: &Self) -> Self;

    /// `w` ones.
    fn ones(w: u32) -> Self {
        Self::lit(1, 1).sext(w)
    }
    /// All bits inverted.
    fn not(&self) -> Self {
        self.xor(&Self::ones(self.w()))
    }
    /// Two's complement.
    fn neg(&self) -> Self {
        Self::lit(self.w(), 0).sub(self)
    }
    /// One bit: is it 0?
    fn is_zero(&self) -> Self {
        self.eq(&Self::lit(self.w(), 0))
    }
    /// The highest bit.
    fn sign(&self) -> Self {
        self.extract(self.w() - 1, 1)
    }
    /// Truncates or zero-extends.
    fn resize(&self, w: u32) -> Self {
        if w <= self.w() { self.extract(0, w) } else { self.zext(w) }
    }
    /// Quotient, signed, rounded toward 0; where `o` is 0, -1 if `self` is not negative, else 1.
    fn sdiv(&self, o: &Self) -> Self {
        let q = self.magnitude().udiv(&o.magnitude());
        self.sign().xor(&o.sign()).ite(&q.neg(), &q)
    }
    /// Remainder with the sign of `self`; `self` where `o` is 0.
    fn srem(&self, o: &Self) -> Self {
        let r = self.magnitude().urem(&o.magnitude());
        self.sign().ite(&r.neg(), &r)
    }
    /// Absolute value; that of the smallest number is itself.
    fn magnitude(&self) -> Self {
        self.sign().ite(&self.neg(), self)
    }
    /// Lane `i` of `n` equal ones.
    fn lane(&self, n: u32, i: u32) -> Self {
        let w = self.w() / n;
        self.extract(i * w, w)
    }
    /// The `n` equal lanes.
    fn lanes(&self, n: u32) -> Vec<Self> {
        (0..n).map(|i| self.lane(n, i)).collect()
    }
    /// The vector of these lanes, at least one.
    fn from_lanes(lanes: &[Self]) -> Self {
        match lanes.split_at(lanes.len() / 2) {
            ([], [only]) => only.clone(),
            (low, high) => Self::from_lanes(high).concat(&Self::from_lanes(low)),
        }
    }
    /// `f` of each of `n` lanes.
    fn map_lanes(&self, n: u32, mut f: impl FnMut(&Self) -> Self) -> Self {
        if n == 1 {
            return f(self);
        }
        Self::from_lanes(&self.lanes(n).iter().map(&mut f).collect::<Vec<_>>())
    }
    /// `f` of each pair of `n` lanes.
    fn zip_lanes(&self, o: &Self, n: u32, mut f: impl FnMut(&Self, &Self) -> Self) -> Self {
        if n == 1 {
            return f(self, o);
        }
        Self::from_lanes(&(0..n).map(|i| f(&self.lane(n, i), &o.lane(n, i))).collect::<Vec<_>>())
    }
    /// Rotates left by `o` modulo the width, which is a power of two.
    fn rotl(&self, o: &Self) -> Self {
        let (low, high, n) = self.turned_by_half(o);
        let half = |a: &Self, b: &Self| a.concat(b).shl(&n).extract(self.w() / 2, self.w() / 2);
        half(&high, &low).concat(&half(&low, &high))
    }
    /// Rotates right by `o` modulo the width, which is a power of two.
    fn rotr(&self, o: &Self) -> Self {
        let (low, high, n) = self.turned_by_half(o);
        let half = |a: &Self, b: &Self| a.concat(b).lshr(&n).extract(0, self.w() / 2);
        half(&low, &high).concat(&half(&high, &low))
    }
    /// The halves, exchanged if half the width is part of the amount `o`, and what is left of the amount. Machines rotate
    /// two registers so, and proofs find it again.
    fn turned_by_half(&self, o: &Self) -> (Self, Self, Self) {
        let half = self.w() / 2;
        let (low, high) = (self.extract(0, half), self.extract(half, half));
        let stays = o.and(&Self::lit(self.w(), half as u128)).is_zero();
        (stays.ite(&low, &high), stays.ite(&high, &low), o.and(&Self::lit(self.w(), half as u128 - 1)))
    }
    /// One bit: is the number of ones even?
    fn parity_even(&self) -> Self {
        (1..self.w()).fold(self.extract(0, 1), |p, i| p.xor(&self.extract(i, 1))).not()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_past_the_width() {
        let x = Num::lit(8, 0x81);
        assert_eq!(x.shl(&Num::lit(8, 8)).get(), 0);
        assert_eq!(x.lshr(&Num::lit(8, 200)).get(), 0);
        assert_eq!(x.ashr(&Num::lit(8, 9)).get(), 0xff);
        assert_eq!(x.ashr(&Num::lit(8, 1)).get(), 0xc0);
    }

    #[test]
    fn rotates_and_parity() {
        for n in 0..16 {
            assert_eq!(Num::lit(8, 0x81).rotl(&Num::lit(8, n)).get(), 0x81u8.rotate_left(n as u32) as u128);
            assert_eq!(Num::lit(8, 0x35).rotr(&Num::lit(8, n)).get(), 0x35u8.rotate_right(n as u32) as u128);
        }
        assert!(Num::lit(8, 0x81).parity_even().is_true());
        assert!(!Num::lit(8, 0x80).parity_even().is_true());
    }
}
