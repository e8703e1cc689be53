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

/// The bits of the float nearest to 0 that is too small for integers of `w` bits when it is rounded toward 0: -1, or one
/// below the smallest signed integer, or the next float below that where the format has no such integer. All that are
/// as small are too small.
pub fn too_small(format: FpFormat, signed: bool, w: u32) -> u128 {
    let sign = 1 << (format.bits() - 1);
    let bound = format.power_of_two(w - 1);
    sign | match w - 1 {
        _ if !signed => format.power_of_two(0),
        _ if bound == format.infinity() => bound,
        // one more than 2^(w-1) is its last bit, which stands so much below the first of the fraction
        n if n <= format.fraction_bits() => bound | 1 << (format.fraction_bits() - n),
        _ => bound + 1,
    }
}

/// One bit: is `x`, rounded toward 0, no integer of `w` bits? Of a NaN it may be either.
pub fn out_of_range<B: Bv>(x: &B, signed: bool, w: u32) -> B {
    let format = FpFormat::of(x.w());
    let large = B::lit(x.w(), format.power_of_two(if signed { w - 1 } else { w }));
    let small = B::lit(x.w(), too_small(format, signed, w));
    before(x, &large).not().or(&before(&small, x).not())
}

/// The low `w` bits, at most 128, of the integer that `x` is when it is rounded toward 0, if that has at most 64 bits, or
/// 128 if `w` is more than 64. Said with shifts, so that proofs see through it.
pub fn whole<B: Bv>(x: &B, w: u32) -> B {
    let format = FpFormat::of(x.w());
    let (fraction, bias) = (format.fraction_bits(), format.max_exponent());
    let bits = if w > 64 { 128 } else { 64 };
    let width = bits + fraction;
    let stored = magnitude(x).lshr(&B::lit(x.w(), fraction as u128)).resize(width);
    let significand = B::lit(1, 1).concat(&x.extract(0, fraction)).resize(width);
    let shift = stored.sub(&B::lit(width, bias as u128));
    let small = stored.ult(&B::lit(width, bias as u128));
    let whole = small.ite(&B::lit(w, 0), &significand.shl(&shift).extract(fraction, bits).extract(0, w));
    x.sign().ite(&whole.neg(), &whole)
}

/// To an integer of `w` bits, toward 0; the nearest where it does not fit, 0 of a NaN.
pub fn to_int<B: Bv>(x: &B, signed: bool, w: u32) -> B {
    let smallest = if signed { B::ones(1).concat(&B::lit(w - 1, 0)) } else { B::lit(w, 0) };
    let nearest = x.sign().ite(&smallest, &smallest.not());
    let number = out_of_range(x, signed, w).ite(&nearest, &whole(x, w));
    is_nan(x).ite(&B::lit(w, 0), &number)
}

/// From an integer, rounded. All widths up to 128 are said with one operation, so that proofs see what is the same.
/// An unsigned number of 64 bits with the highest one set is twice its half, if what falls off keeps the half odd: that
/// is all that rounding wants to know of it, and doubling is exact.
pub fn from_int<B: Bv>(x: &B, signed: bool, format: FpFormat) -> B {
    let from = |x: &B| B::fp(FpOp::FromInt { signed: true }, format, &[x]);
    match x.w() {
        w if signed && w <= 128 => from(&x.sext(128)),
        64 if matches!(format, Single | Double) => {
            let high = x.sign().zext(64);
            let half = x.lshr(&high).or(&x.and(&high));
            from(&half.zext(128))
                .add(&high.resize(format.bits()).shl(&B::lit(format.bits(), format.fraction_bits() as u128)))
        }
        w if w < 128 => from(&x.zext(128)),
        _ => B::fp(FpOp::FromInt { signed: false }, format, &[x]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bv::Num;

    /// Numbers of all sizes, integers and what lies around them.
    fn samples() -> impl Iterator<Item = f64> {
        let powers = (0..140).map(|n| 2f64.powi(n));
        let near = powers.flat_map(|p| [p, p + 1.0, p - 1.0, p + 0.5, p - 0.5, p.next_up(), p.next_down()]);
        let others =
            (1..20_000u64).map(|i| f64::from_bits(i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(i as u32)));
        let special = [0.0, 0.5, 0.999, 1e-300, f64::INFINITY, f64::NAN, f64::MAX];
        near.chain(others).chain(special).flat_map(|x| [x, -x])
    }

    #[test]
    fn integers_of_floats_are_those_of_the_language() {
        for x in samples() {
            let (d, s) = (Num::lit(64, x.to_bits() as u128), Num::lit(32, (x as f32).to_bits() as u128));
            let y = x as f32;
            let check = |signed, w, a: u128, b: u128| {
                let found = (to_int(&d, signed, w).get(), to_int(&s, signed, w).get());
                assert_eq!(found, (a & (u128::MAX >> (128 - w)), b & (u128::MAX >> (128 - w))), "{x} {signed} {w}");
            };
            check(true, 8, x as i8 as u128, y as i8 as u128);
            check(false, 8, x as u8 as u128, y as u8 as u128);
            check(true, 16, x as i16 as u128, y as i16 as u128);
            check(false, 16, x as u16 as u128, y as u16 as u128);
            check(true, 32, x as i32 as u128, y as i32 as u128);
            check(false, 32, x as u32 as u128, y as u32 as u128);
            check(true, 64, x as i64 as u128, y as i64 as u128);
            check(false, 64, x as u64 as u128, y as u64 as u128);
            check(true, 128, x as i128 as u128, y as i128 as u128);
            check(false, 128, x as u128, y as u128);
        }
    }

    #[test]
    fn integers_of_halves_and_quads_are_those_of_doubles() {
        let convert = |x: &Num, to| Num::fp(FpOp::To(to), FpFormat::of(x.w()), &[x]);
        for x in samples() {
            let double = Num::lit(64, x.to_bits() as u128);
            let quad = convert(&double, Quad);
            let half = convert(&double, Half);
            let back = convert(&half, Double);
            for w in [8, 16, 32, 64, 128] {
                for signed in [false, true] {
                    assert_eq!(to_int(&quad, signed, w), to_int(&double, signed, w), "{x}");
                    assert_eq!(to_int(&half, signed, w), to_int(&back, signed, w), "{x}");
                }
            }
        }
    }

    #[test]
    fn floats_of_integers_are_those_of_the_language() {
        let near = (0..64).flat_map(|n| [1u64 << n, (1 << n) - 1, (1 << n) + 1, !(1 << n), (3 << n) >> 1 | 1 << 63]);
        for a in near.chain((1..20_000).map(|i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (i % 12))) {
            let x = Num::lit(64, a as u128);
            let from = |signed, format| from_int(&x, signed, format).get();
            let single = ((a as f32).to_bits() as u128, (a as i64 as f32).to_bits() as u128);
            let double = ((a as f64).to_bits() as u128, (a as i64 as f64).to_bits() as u128);
            assert_eq!((from(false, Single), from(true, Single)), single, "{a}");
            assert_eq!((from(false, Double), from(true, Double)), double, "{a}");
            let wide = x.zext(128).shl(&Num::lit(128, 37));
            let want = ((a as u128) << 37) as f32;
            assert_eq!(from_int(&wide, false, Single).get(), want.to_bits() as u128, "{a}");
        }
    }

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
