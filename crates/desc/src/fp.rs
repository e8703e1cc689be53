//! Floats as bit vectors: formats, the operations that IEEE 754 defines, and what can be said with bits alone. Needs
//! [`crate::bv`]; `exact.rs` computes the operations on numbers.
//!
//! Comparisons and signs are bits, so that proofs see through them; sums, roundings and the like are [`FpOp`]s, which
//! on terms are functions that nothing is known of.

mod exact;
pub(crate) use exact::exact;

use crate::bv::Bv;

/// A binary format of IEEE 754.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FpFormat {
    /// binary16
    Half,
    /// binary32
    Single,
    /// binary64
    Double,
    /// binary128
    Quad,
}
use FpFormat::*;

/// An operation whose result is exact but for one rounding, to the nearest and ties to even where nothing else is said.
/// Where the result is a NaN, any will do: meanings choose another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FpOp {
    /// Sum of two.
    Add,
    /// Difference of two.
    Sub,
    /// Product of two.
    Mul,
    /// Quotient of two.
    Div,
    /// Square root.
    Sqrt,
    /// Product of the first two, plus the third.
    Fma,
    /// To an integer, up.
    Ceil,
    /// To an integer, down.
    Floor,
    /// To an integer, toward 0.
    Trunc,
    /// To the nearest integer.
    Nearest,
    /// To another format.
    To(FpFormat),
    /// To an integer of so many bits, toward 0; the nearest where it does not fit, 0 of a NaN.
    ToInt {
        /// Is the integer signed?
        signed: bool,
        /// Its width, up to 128.
        w: u32,
    },
    /// From an integer of any width up to 128; the format is that of the result.
    FromInt {
        /// Is the integer signed?
        signed: bool,
    },
}

impl FpOp {
    /// Bits of the result.
    pub fn result_width(self, format: FpFormat) -> u32 {
        match self {
            FpOp::To(to) => to.bits(),
            FpOp::ToInt { w, .. } => w,
            _ => format.bits(),
        }
    }
}

impl FpFormat {
    /// The format of `w` bits.
    pub fn of(w: u32) -> FpFormat {
        match w {
            16 => Half,
            32 => Single,
            64 => Double,
            128 => Quad,
            _ => panic!("no float has {w} bits"),
        }
    }
    /// Bits of a value.
    pub const fn bits(self) -> u32 {
        match self {
            Half => 16,
            Single => 32,
            Double => 64,
            Quad => 128,
        }
    }
    /// Bits of the fraction, the part after the exponent.
    pub const fn fraction_bits(self) -> u32 {
        match self {
            Half => 10,
            Single => 23,
            Double => 52,
            Quad => 112,
        }
    }
    /// The exponent of the largest numbers; also what is added to exponents to store them.
    pub const fn max_exponent(self) -> u32 {
        (1 << (self.bits() - self.fraction_bits() - 2)) - 1
    }
    /// Infinity.
    pub const fn infinity(self) -> u128 {
        (2 * self.max_exponent() as u128 + 1) << self.fraction_bits()
    }
    /// The bits that all quiet NaNs have set; by themselves the canonical NaN.
    pub const fn quiet_nan(self) -> u128 {
        self.infinity() | 1 << (self.fraction_bits() - 1)
    }
    /// 2 to a power, or infinity if that is too large. The exponent is not negative.
    pub const fn power_of_two(self, exponent: u32) -> u128 {
        if exponent > self.max_exponent() {
            return self.infinity();
        }
        ((exponent + self.max_exponent()) as u128) << self.fraction_bits()
    }
    /// The quiet NaN with these bits, of which those that all have are ignored: every choice of bits is one of them.
    pub fn nan<B: Bv>(self, bits: &B) -> B {
        bits.or(&B::lit(self.bits(), self.quiet_nan()))
    }
}

/// All bits but the sign.
fn magnitude<B: Bv>(x: &B) -> B {
    x.and(&B::ones(x.w()).lshr(&B::lit(x.w(), 1)))
}

/// One bit: is it a NaN?
pub fn is_nan<B: Bv>(x: &B) -> B {
    B::lit(x.w(), FpFormat::of(x.w()).infinity()).ult(&magnitude(x))
}

/// `x` with the sign bit of `y`.
pub fn copy_sign<B: Bv>(x: &B, y: &B) -> B {
    magnitude(x).or(&y.xor(&magnitude(y)))
}

/// One bit: does `x` come before `y`, neither a NaN, if -0 comes before 0?
pub fn before<B: Bv>(x: &B, y: &B) -> B {
    let key = |v: &B| v.sign().ite(&magnitude(v).not(), v);
    key(x).slt(&key(y))
}

/// How two floats relate, one bit each.
pub struct Relation<B> {
    /// Equal as numbers, zeros of either sign too.
    pub equal: B,
    /// The first is less.
    pub less: B,
    /// One is a NaN.
    pub unordered: B,
}

/// How two floats relate.
pub fn relation<B: Bv>(x: &B, y: &B) -> Relation<B> {
    let unordered = is_nan(x).or(&is_nan(y));
    let zeros = magnitude(&x.or(y)).is_zero();
    let equal = x.eq(y).or(&zeros).and(&unordered.not());
    let less = before(x, y).and(&zeros.not()).and(&unordered.not());
    Relation { equal, less, unordered }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bv::Num;

    #[test]
    fn formats_are_those_of_the_language() {
        assert_eq!(Single.infinity(), f32::INFINITY.to_bits() as u128);
        assert_eq!(Double.infinity(), f64::INFINITY.to_bits() as u128);
        assert_eq!((Half.infinity(), Quad.infinity()), (0x7c00, 0x7fff << 112));
        assert_eq!(Double.power_of_two(0), 1f64.to_bits() as u128);
        assert_eq!(Single.power_of_two(127), 2f32.powi(127).to_bits() as u128);
        assert_eq!(Half.power_of_two(16), Half.infinity());
    }

    #[test]
    fn relations_are_those_of_the_language() {
        let values =
            [0.0, -0.0, 1.0, -1.0, f64::MIN_POSITIVE, -5e-324, f64::INFINITY, -f64::INFINITY, f64::NAN, -f64::NAN];
        let num = |x: f64| Num::lit(64, x.to_bits() as u128);
        for x in values {
            for y in values {
                let r = relation(&num(x), &num(y));
                let found = (r.equal.is_true(), r.less.is_true(), r.unordered.is_true());
                assert_eq!(found, (x == y, x < y, x.is_nan() || y.is_nan()), "{x} {y}");
                assert_eq!(copy_sign(&num(x), &num(y)), num(x.copysign(y)));
            }
        }
        assert!(before(&num(-0.0), &num(0.0)).is_true());
    }
}
