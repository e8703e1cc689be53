//! Bit vectors: the one vocabulary that meanings are written in.
//! [`Bv`] is the trait, [`Num`] its instance on numbers; the instance on SMT terms lives with the prover.

/// A bit vector of known width. Binary operations take two vectors of the same width.
pub trait Bv: Clone {
    /// The number `v`, truncated to `w` bits.
    fn lit(w: u32, v: u128) -> Self;
    /// Width in bits.
    fn w(&self) -> u32;

    /// Sum modulo 2^w.
    fn add(&self, o: &Self) -> Self;
    /// Difference modulo 2^w.
    fn sub(&self, o: &Self) -> Self;
    /// Product modulo 2^w.
    fn mul(&self, o: &Self) -> Self;
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

    /// All bits inverted.
    fn not(&self) -> Self {
        self.xor(&Self::lit(self.w(), u128::MAX))
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
    /// Rotates left by `o` modulo the width, which is a power of two.
    fn rotl(&self, o: &Self) -> Self {
        let w = Self::lit(self.w(), self.w() as u128);
        let n = o.and(&Self::lit(self.w(), self.w() as u128 - 1));
        self.shl(&n).or(&self.lshr(&w.sub(&n)))
    }
    /// Rotates right by `o` modulo the width, which is a power of two.
    fn rotr(&self, o: &Self) -> Self {
        self.rotl(&o.neg())
    }
    /// One bit: is the number of ones even?
    fn parity_even(&self) -> Self {
        (1..self.w()).fold(self.extract(0, 1), |p, i| p.xor(&self.extract(i, 1))).not()
    }
}

/// A number of up to 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Num {
    w: u32,
    v: u128,
}

impl Num {
    /// The number, zero-extended.
    pub fn get(&self) -> u128 {
        self.v
    }
    /// The number, sign-extended.
    pub fn signed(&self) -> i128 {
        let s = 128 - self.w;
        (self.v << s) as i128 >> s
    }
    /// A one-bit number as a truth value.
    pub fn is_true(&self) -> bool {
        self.v != 0
    }
    fn bit(b: bool) -> Self {
        Num { w: 1, v: b as u128 }
    }
    /// The shift amount, if it is below the width.
    fn amount(&self, o: &Self) -> Option<u32> {
        (o.v < self.w as u128).then_some(o.v as u32)
    }
}

impl Bv for Num {
    fn lit(w: u32, v: u128) -> Self {
        assert!((1..=128).contains(&w), "width {w} is not between 1 and 128");
        Num { w, v: v & (u128::MAX >> (128 - w)) }
    }
    fn w(&self) -> u32 {
        self.w
    }
    fn add(&self, o: &Self) -> Self {
        debug_assert_eq!(self.w, o.w);
        Num::lit(self.w, self.v.wrapping_add(o.v))
    }
    fn sub(&self, o: &Self) -> Self {
        debug_assert_eq!(self.w, o.w);
        Num::lit(self.w, self.v.wrapping_sub(o.v))
    }
    fn mul(&self, o: &Self) -> Self {
        debug_assert_eq!(self.w, o.w);
        Num::lit(self.w, self.v.wrapping_mul(o.v))
    }
    fn and(&self, o: &Self) -> Self {
        debug_assert_eq!(self.w, o.w);
        Num { w: self.w, v: self.v & o.v }
    }
    fn or(&self, o: &Self) -> Self {
        debug_assert_eq!(self.w, o.w);
        Num { w: self.w, v: self.v | o.v }
    }
    fn xor(&self, o: &Self) -> Self {
        debug_assert_eq!(self.w, o.w);
        Num { w: self.w, v: self.v ^ o.v }
    }
    fn shl(&self, o: &Self) -> Self {
        Num::lit(self.w, self.amount(o).map_or(0, |n| self.v << n))
    }
    fn lshr(&self, o: &Self) -> Self {
        Num::lit(self.w, self.amount(o).map_or(0, |n| self.v >> n))
    }
    fn ashr(&self, o: &Self) -> Self {
        Num::lit(self.w, (self.signed() >> self.amount(o).unwrap_or(self.w - 1)) as u128)
    }
    fn eq(&self, o: &Self) -> Self {
        debug_assert_eq!(self.w, o.w);
        Num::bit(self.v == o.v)
    }
    fn ult(&self, o: &Self) -> Self {
        debug_assert_eq!(self.w, o.w);
        Num::bit(self.v < o.v)
    }
    fn slt(&self, o: &Self) -> Self {
        debug_assert_eq!(self.w, o.w);
        Num::bit(self.signed() < o.signed())
    }
    fn ite(&self, a: &Self, b: &Self) -> Self {
        debug_assert!(self.w == 1 && a.w == b.w);
        if self.v != 0 { *a } else { *b }
    }
    fn zext(&self, w: u32) -> Self {
        debug_assert!(w >= self.w);
        Num::lit(w, self.v)
    }
    fn sext(&self, w: u32) -> Self {
        debug_assert!(w >= self.w);
        Num::lit(w, self.signed() as u128)
    }
    fn extract(&self, lo: u32, w: u32) -> Self {
        debug_assert!(lo + w <= self.w);
        Num::lit(w, self.v >> lo)
    }
    fn concat(&self, low: &Self) -> Self {
        Num::lit(self.w + low.w, self.v << low.w | low.v)
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
