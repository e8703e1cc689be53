//! Floats as bits, with the exact hexadecimal text they have in CLIF. Needs nothing.

use super::IntoBytes;
use crate::ir::ConstantData;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};
use std::str::FromStr;

/// The shape of a binary format: how many bits of exponent and of fraction there are.
#[derive(Clone, Copy)]
struct Shape {
    exponent: u32,
    fraction: u32,
}

impl Shape {
    /// The exponent field's offset, and the largest exponent.
    const fn bias(self) -> i64 {
        (1 << (self.exponent - 1)) - 1
    }
    const fn sign(self) -> u128 {
        1 << (self.exponent + self.fraction)
    }
    const fn fraction_mask(self) -> u128 {
        (1 << self.fraction) - 1
    }
    /// Infinity; NaNs are above it.
    const fn infinity(self) -> u128 {
        ((1 << self.exponent) - 1) << self.fraction
    }
    /// The bit that tells quiet NaNs from signalling ones.
    const fn quiet(self) -> u128 {
        1 << (self.fraction - 1)
    }
    const fn is_nan(self, bits: u128) -> bool {
        bits & !self.sign() > self.infinity()
    }

    fn write(self, bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (negative, magnitude) = (bits & self.sign() != 0, bits & !self.sign());
        let fraction = bits & self.fraction_mask();
        if magnitude < self.infinity() {
            f.write_str(if negative { "-" } else { "" })?;
            if magnitude == 0 {
                return f.write_str("0.0");
            }
            let field = (magnitude >> self.fraction) as i64;
            let digits = self.fraction.div_ceil(4);
            let aligned = fraction << (4 * digits - self.fraction);
            let (lead, exponent) = if field == 0 { (0, 1 - self.bias()) } else { (1, field - self.bias()) };
            return write!(f, "0x{lead}.{aligned:0width$x}p{exponent}", width = digits as usize);
        }
        f.write_str(if negative { "-" } else { "+" })?;
        match (fraction & self.quiet() != 0, fraction & !self.quiet()) {
            (false, 0) => f.write_str("Inf"),
            (true, 0) => f.write_str("NaN"),
            (true, payload) => write!(f, "NaN:0x{payload:x}"),
            (false, payload) => write!(f, "sNaN:0x{payload:x}"),
        }
    }

    fn parse(self, s: &str) -> Result<u128, &'static str> {
        let (sign, rest) = match s.strip_prefix('-') {
            Some(rest) => (self.sign(), rest),
            None => (0, s.strip_prefix('+').unwrap_or(s)),
        };
        let signed = rest.len() < s.len();
        let magnitude = match rest {
            "Inf" => self.infinity(),
            "NaN" => self.infinity() | self.quiet(),
            "0.0" => 0,
            _ => {
                if let Some(payload) = rest.strip_prefix("NaN:0x") {
                    self.infinity() | self.quiet() | self.parse_payload(payload)?
                } else if let Some(payload) = rest.strip_prefix("sNaN:0x").filter(|_| signed) {
                    match self.parse_payload(payload)? {
                        0 => return Err("a signalling NaN has a payload"),
                        p => self.infinity() | p,
                    }
                } else {
                    let digits = rest.strip_prefix("0x").ok_or("a float is hexadecimal")?;
                    self.parse_finite(digits)?
                }
            }
        };
        Ok(sign | magnitude)
    }

    fn parse_payload(self, digits: &str) -> Result<u128, &'static str> {
        let hex = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_hexdigit());
        let payload = hex.then(|| u128::from_str_radix(digits, 16).ok()).flatten();
        payload.filter(|p| *p < self.quiet()).ok_or("invalid NaN payload")
    }

    /// Reads `HEX.HEX[pDEC]`.
    fn parse_finite(self, s: &str) -> Result<u128, &'static str> {
        let (digits, power) = match s.split_once('p') {
            Some((digits, power)) => (digits, power.parse::<i16>().map_err(|_| "bad exponent")?),
            None => (s, 0),
        };
        let (whole, part) = digits.split_once('.').ok_or("a float has a point")?;
        if whole.is_empty() && part.is_empty() {
            return Err("a float has digits");
        }
        // the value is significand * 2^exponent
        let (mut significand, mut exponent) = (0u128, i64::from(power));
        for (c, after_point) in whole.chars().map(|c| (c, false)).chain(part.chars().map(|c| (c, true))) {
            let digit = c.to_digit(16).ok_or("invalid digit in a float")?;
            if significand >> 124 == 0 {
                significand = significand << 4 | u128::from(digit);
                exponent -= if after_point { 4 } else { 0 };
            } else if digit != 0 {
                return Err("too many significant bits");
            } else {
                exponent += if after_point { 0 } else { 4 };
            }
        }
        if significand == 0 {
            return Ok(0);
        }
        exponent += i64::from(significand.trailing_zeros());
        self.assemble(significand >> significand.trailing_zeros(), exponent)
    }

    /// The bits of an odd significand times a power of two, if it has such bits.
    fn assemble(self, significand: u128, exponent: i64) -> Result<u128, &'static str> {
        let bits = 128 - significand.leading_zeros();
        let leading = exponent + i64::from(bits) - 1;
        let lowest = 1 - self.bias();
        if bits > self.fraction + 1 {
            Err("too many significant bits")
        } else if leading > self.bias() {
            Err("magnitude too large")
        } else if leading >= lowest {
            let fraction = significand << (self.fraction + 1 - bits) & self.fraction_mask();
            Ok(((leading + self.bias()) as u128) << self.fraction | fraction)
        } else if exponent >= lowest - i64::from(self.fraction) {
            Ok(significand << (exponent - lowest + i64::from(self.fraction)))
        } else if leading >= lowest - i64::from(self.fraction) {
            Err("subnormal underflow")
        } else {
            Err("magnitude too small")
        }
    }

    /// Compares as numbers: a sign and a magnitude, both zeros equal.
    fn compare(self, a: u128, b: u128) -> Option<Ordering> {
        let key = |x: u128| {
            let magnitude = (x & !self.sign()) as i128;
            if x & self.sign() != 0 { -magnitude } else { magnitude }
        };
        (!self.is_nan(a) && !self.is_nan(b)).then(|| key(a).cmp(&key(b)))
    }
}

/// Declares a float format.
macro_rules! ieee { ($(#[$doc:meta])* $name:ident $bits:ident $exponent:literal $fraction:literal) => {
    $(#[$doc])*
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
    #[repr(C)]
    pub struct $name {
        bits: $bits,
    }

    impl $name {
        const SHAPE: Shape = Shape { exponent: $exponent, fraction: $fraction };
        const SIGN: $bits = 1 << ($exponent + $fraction);

        /// The quiet NaN without sign and payload.
        pub const NAN: Self = Self::with_bits((Self::SHAPE.infinity() | Self::SHAPE.quiet()) as $bits);

        /// The float with these bits.
        pub const fn with_bits(bits: $bits) -> Self {
            $name { bits }
        }
        /// Its bits.
        pub fn bits(self) -> $bits {
            self.bits
        }
        /// 2 to the power of `n`, which must be the exponent of a normal number.
        pub fn pow2<I: Into<i32>>(n: I) -> Self {
            let n = i64::from(n.into());
            let bits = Self::SHAPE.assemble(1, n).expect("the exponent is in range");
            Self::with_bits(bits as $bits)
        }
        /// The largest float that is too small to be converted to a signed integer of `n` bits by truncation.
        pub fn fcvt_to_sint_negative_overflow<I: Into<i32>>(n: I) -> Self {
            let n = n.into();
            let limit = Self::pow2(n - 1);
            // above 2^(n-1) floats are 2^(n-1-fraction) apart; if that is less than 1, -2^(n-1) - 1 is the limit
            let step = if n - 1 <= $fraction { 1 << ($fraction - (n - 1)) } else { 1 };
            Self::with_bits(limit.bits + step).neg()
        }
        /// The float without its sign.
        #[must_use]
        pub fn abs(self) -> Self {
            Self::with_bits(self.bits & !Self::SIGN)
        }
        /// The float with the sign of another.
        #[must_use]
        pub fn copysign(self, sign: Self) -> Self {
            Self::with_bits(self.bits & !Self::SIGN | sign.bits & Self::SIGN)
        }
        /// Is it a NaN?
        pub fn is_nan(self) -> bool {
            Self::SHAPE.is_nan(self.bits.into())
        }
        /// The float, unless it is a NaN.
        pub fn non_nan(self) -> Option<Self> {
            (!self.is_nan()).then_some(self)
        }
        /// Is its sign set?
        pub fn is_negative(self) -> bool {
            self.bits & Self::SIGN != 0
        }
        /// Is its sign clear?
        pub fn is_positive(self) -> bool {
            !self.is_negative()
        }
        /// Is it a zero of either sign?
        pub fn is_zero(self) -> bool {
            self.abs().bits == 0
        }
        /// The smaller of two; a NaN if one is; -0 is smaller than +0.
        #[must_use]
        pub fn minimum(self, other: Self) -> Self {
            self.choose(other, Ordering::Less)
        }
        /// The larger of two; a NaN if one is; -0 is smaller than +0.
        #[must_use]
        pub fn maximum(self, other: Self) -> Self {
            self.choose(other, Ordering::Greater)
        }
        fn choose(self, other: Self, wanted: Ordering) -> Self {
            match self.partial_cmp(&other) {
                None => if self.is_nan() { self } else { other },
                Some(Ordering::Equal) => {
                    if self.is_negative() == (wanted == Ordering::Less) { self } else { other }
                }
                Some(o) => if o == wanted { self } else { other },
            }
        }
    }

    impl PartialOrd for $name {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Self::SHAPE.compare(self.bits.into(), other.bits.into())
        }
    }

    impl Neg for $name {
        type Output = Self;
        fn neg(self) -> Self {
            Self::with_bits(self.bits ^ Self::SIGN)
        }
    }

    impl Not for $name {
        type Output = Self;
        fn not(self) -> Self {
            Self::with_bits(!self.bits)
        }
    }

    ieee!(@bitwise $name BitAnd bitand, BitOr bitor, BitXor bitxor);

    impl fmt::Display for $name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            Self::SHAPE.write(self.bits.into(), f)
        }
    }

    impl FromStr for $name {
        type Err = &'static str;
        fn from_str(s: &str) -> Result<Self, &'static str> {
            Self::SHAPE.parse(s).map(|bits| Self::with_bits(bits as $bits))
        }
    }

    impl IntoBytes for $name {
        fn into_bytes(self) -> Vec<u8> {
            self.bits.to_le_bytes().to_vec()
        }
    }
};
    (@bitwise $name:ident $($trait:ident $method:ident),*) => { $(
        impl $trait for $name {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self::with_bits(self.bits.$method(other.bits))
            }
        }
    )* };
}

ieee! {
    /// An IEEE 754 binary16 float.
    Ieee16 u16 5 10
}
ieee! {
    /// An IEEE 754 binary32 float.
    Ieee32 u32 8 23
}
ieee! {
    /// An IEEE 754 binary64 float.
    Ieee64 u64 11 52
}
ieee! {
    /// An IEEE 754 binary128 float.
    Ieee128 u128 15 112
}

/// Adds what the host can compute of a format.
macro_rules! host_float { ($name:ident $float:ident $as_float:ident) => {
    impl $name {
        /// The host's float as bits.
        pub fn with_float(x: $float) -> Self {
            Self::with_bits(x.to_bits())
        }
        /// The float as the host's.
        pub fn $as_float(self) -> $float {
            $float::from_bits(self.bits)
        }
        /// Its square root.
        #[must_use]
        pub fn sqrt(self) -> Self {
            Self::with_float(self.$as_float().sqrt())
        }
        /// Rounded up to an integer.
        #[must_use]
        pub fn ceil(self) -> Self {
            Self::with_float(self.$as_float().ceil())
        }
        /// Rounded down to an integer.
        #[must_use]
        pub fn floor(self) -> Self {
            Self::with_float(self.$as_float().floor())
        }
        /// Rounded towards zero to an integer.
        #[must_use]
        pub fn trunc(self) -> Self {
            Self::with_float(self.$as_float().trunc())
        }
        /// Rounded to the nearest integer, to the even one if two are as near.
        #[must_use]
        pub fn round_ties_even(self) -> Self {
            Self::with_float(self.$as_float().round_ties_even())
        }
    }

    impl From<$float> for $name {
        fn from(x: $float) -> Self {
            Self::with_float(x)
        }
    }

    host_float!(@arith $name $as_float Add add, Sub sub, Mul mul, Div div);
};
    (@arith $name:ident $as_float:ident $($trait:ident $method:ident),*) => { $(
        impl $trait for $name {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self::with_float(self.$as_float().$method(other.$as_float()))
            }
        }
    )* };
}

host_float!(Ieee32 f32 as_f32);
host_float!(Ieee64 f64 as_f64);

impl TryFrom<&ConstantData> for Ieee128 {
    type Error = std::array::TryFromSliceError;
    fn try_from(data: &ConstantData) -> Result<Self, Self::Error> {
        data.as_slice().try_into().map(|bytes| Ieee128::with_bits(u128::from_le_bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_exact() {
        for (bits, text) in [
            (0, "0.0"),
            (0x8000_0000, "-0.0"),
            (0x3f80_0000, "0x1.000000p0"),
            (0xbfc0_0000, "-0x1.800000p0"),
            (1, "0x0.000002p-126"),
            (0x7f80_0000, "+Inf"),
            (0xff80_0000, "-Inf"),
            (0x7fc0_0000, "+NaN"),
            (0xffc0_0001, "-NaN:0x1"),
            (0x7f80_0001, "+sNaN:0x1"),
            (0x7f7f_ffff, "0x1.fffffep127"),
        ] {
            let x = Ieee32::with_bits(bits);
            assert_eq!((x.to_string().as_str(), text.parse()), (text, Ok(x)));
        }
        assert_eq!(Ieee16::with_bits(0x3c01).to_string(), "0x1.004p0");
        assert_eq!(Ieee128::pow2(-16382).to_string(), "0x1.0000000000000000000000000000p-16382");
        assert_eq!(
            ("Inf".parse(), "0x.8".parse(), "0x10.p-4".parse()),
            (Ok(Ieee64::with_float(f64::INFINITY)), Ok(Ieee64::with_float(0.5)), Ok(Ieee64::with_float(1.0)))
        );
    }

    #[test]
    fn what_is_not_a_float() {
        for (text, why) in [
            ("0x1.000001p0", "too many significant bits"),
            ("0x1.0p128", "magnitude too large"),
            ("0x1.8p-149", "subnormal underflow"),
            ("0x1.0p-150", "magnitude too small"),
            ("1.0", "a float is hexadecimal"),
            ("0x1p3", "a float has a point"),
            ("0x.", "a float has digits"),
            ("sNaN:0x1", "a float is hexadecimal"),
            ("+sNaN:0x0", "a signalling NaN has a payload"),
            ("NaN:0x400000", "invalid NaN payload"),
            ("0x1.0p99999", "bad exponent"),
        ] {
            assert_eq!(text.parse::<Ieee32>(), Err(why), "{text}");
        }
        assert_eq!(format!("0x{}.0p-8000", "0".repeat(3000) + "1" + &"0".repeat(2000)).parse(), Ok(Ieee128::pow2(0)));
    }

    #[test]
    fn every_half_reads_back() {
        for bits in 0..=u16::MAX {
            let x = Ieee16::with_bits(bits);
            assert_eq!(x.to_string().parse(), Ok(x));
        }
    }

    #[test]
    fn order_and_extremes() {
        let floats = [-1.0, -0.0, 0.0, 2.5, f64::NAN, f64::NEG_INFINITY].map(Ieee64::with_float);
        for a in floats {
            for b in floats {
                assert_eq!(a.partial_cmp(&b), a.as_f64().partial_cmp(&b.as_f64()));
                let (min, max) = (a.minimum(b), a.maximum(b));
                assert!(min.is_nan() == (a.is_nan() || b.is_nan()) && (min.is_nan() || min <= max));
            }
        }
        assert!(floats[2].minimum(floats[1]).is_negative() && floats[1].maximum(floats[2]).is_positive());
        assert_eq!(Ieee32::fcvt_to_sint_negative_overflow(8).as_f32(), -129.0);
        assert_eq!(Ieee64::fcvt_to_sint_negative_overflow(64).as_f64(), -9223372036854777856.0);
        assert_eq!(Ieee16::fcvt_to_sint_negative_overflow(8), "-0x1.020p7".parse().unwrap());
    }
}
