//! Immediate operands: integers, offsets and vectors, with the text they have in CLIF. Floats are in [`ieee`](self).

use std::fmt;
use std::str::FromStr;

mod ieee;
pub use ieee::{Ieee16, Ieee32, Ieee64, Ieee128};

/// Something with bytes, least significant first.
pub trait IntoBytes {
    /// The bytes.
    fn into_bytes(self) -> Vec<u8>;
}

impl IntoBytes for Vec<u8> {
    fn into_bytes(self) -> Vec<u8> {
        self
    }
}

macro_rules! into_bytes { ($($t:ident)*) => { $(
    impl IntoBytes for $t {
        fn into_bytes(self) -> Vec<u8> {
            self.to_le_bytes().to_vec()
        }
    }
)* } }
into_bytes! { u8 i8 i16 i32 }

/// An unsigned immediate of 8 bits, such as a lane index.
pub type Uimm8 = u8;

/// Writes a number: below 10000 in decimal, else in hexadecimal with groups of four digits.
fn write_magnitude(x: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if x < 10_000 {
        return write!(f, "{x}");
    }
    let groups = (64 - x.leading_zeros()).div_ceil(16);
    f.write_str("0x")?;
    for g in (0..groups).rev() {
        write!(f, "{:04x}{}", x >> (16 * g) & 0xffff, if g > 0 { "_" } else { "" })?;
    }
    Ok(())
}

/// Reads digits with `_` between them: decimal, or hexadecimal after `0x`, in which case there may be 16 at most.
fn parse_magnitude(s: &str) -> Result<u64, &'static str> {
    let (radix, digits) = match s.strip_prefix("0x") {
        Some(hex) => (16, hex),
        None => (10, s),
    };
    if radix == 16 && digits.bytes().filter(|c| *c != b'_').count() > 16 {
        return Err("too many hexadecimal digits");
    }
    let mut value: Option<u64> = None;
    for c in digits.chars().filter(|c| *c != '_') {
        let digit = c.to_digit(radix).ok_or("invalid digit in an integer")?;
        let scaled = value.unwrap_or(0).checked_mul(radix.into()).and_then(|v| v.checked_add(digit.into()));
        value = Some(scaled.ok_or("integer is too large")?);
    }
    value.ok_or("integer has no digits")
}

/// Reads a sign and a magnitude that fits i64 or u64.
fn parse_i64(s: &str) -> Result<i64, &'static str> {
    match s.strip_prefix('-') {
        Some(rest) => match parse_magnitude(rest)? {
            m if m <= 1 << 63 => Ok((m as i64).wrapping_neg()),
            _ => Err("negative number too small"),
        },
        None => parse_magnitude(s.strip_prefix('+').unwrap_or(s)).map(|m| m as i64),
    }
}

/// A signed immediate of 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Imm64(i64);

impl Imm64 {
    /// The immediate `x`.
    pub fn new(x: i64) -> Self {
        Imm64(x)
    }
    /// Its value.
    pub fn bits(&self) -> i64 {
        self.0
    }
    /// Its negation, wrapping.
    #[must_use]
    pub fn wrapping_neg(self) -> Self {
        Imm64(self.0.wrapping_neg())
    }
    /// Its low `width` bits, sign-extended.
    #[must_use]
    pub fn sign_extend_from_width(&self, width: u32) -> Self {
        let up = 64 - width.clamp(1, 64);
        Imm64(self.0 << up >> up)
    }
    /// Its low `width` bits, zero-extended.
    #[must_use]
    pub fn zero_extend_from_width(&self, width: u32) -> Self {
        let up = 64 - width.clamp(1, 64);
        Imm64(((self.0 << up) as u64 >> up) as i64)
    }
}

impl From<i64> for Imm64 {
    fn from(x: i64) -> Self {
        Imm64(x)
    }
}

impl From<Imm64> for i64 {
    fn from(x: Imm64) -> i64 {
        x.0
    }
}

impl IntoBytes for Imm64 {
    fn into_bytes(self) -> Vec<u8> {
        self.0.to_le_bytes().to_vec()
    }
}

impl fmt::Display for Imm64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 10_000 { write!(f, "{}", self.0) } else { write_magnitude(self.0 as u64, f) }
    }
}

impl FromStr for Imm64 {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, &'static str> {
        parse_i64(s).map(Imm64)
    }
}

/// Declares an unsigned immediate.
macro_rules! unsigned { ($(#[$doc:meta])* $name:ident $t:ident) => {
    $(#[$doc])*
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
    pub struct $name($t);

    impl From<$t> for $name {
        fn from(x: $t) -> Self {
            $name(x)
        }
    }

    impl From<$name> for $t {
        fn from(x: $name) -> $t {
            x.0
        }
    }

    impl fmt::Display for $name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_magnitude(self.0.into(), f)
        }
    }

    impl FromStr for $name {
        type Err = &'static str;
        fn from_str(s: &str) -> Result<Self, &'static str> {
            parse_magnitude(s)?.try_into().map($name).map_err(|_| "integer is too large")
        }
    }
} }

unsigned! {
    /// An unsigned immediate of 64 bits.
    Uimm64 u64
}
unsigned! {
    /// An unsigned immediate of 32 bits.
    Uimm32 u32
}

impl Uimm64 {
    /// The immediate `x`.
    pub fn new(x: u64) -> Self {
        Uimm64(x)
    }
    /// Its negation, wrapping.
    #[must_use]
    pub fn wrapping_neg(self) -> Self {
        Uimm64(self.0.wrapping_neg())
    }
}

impl From<Uimm32> for u64 {
    fn from(x: Uimm32) -> u64 {
        x.0.into()
    }
}

impl From<Uimm32> for i64 {
    fn from(x: Uimm32) -> i64 {
        x.0.into()
    }
}

/// What is added to an address; written with its sign, and not at all if it is 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Offset32(i32);

impl Offset32 {
    /// The offset `x`.
    pub fn new(x: i32) -> Self {
        Offset32(x)
    }
    /// The offset `x`, if it fits.
    pub fn try_from_i64(x: i64) -> Option<Self> {
        x.try_into().ok().map(Offset32)
    }
    /// The offset plus `x`, if that fits.
    pub fn try_add_i64(self, x: i64) -> Option<Self> {
        Self::try_from_i64(x.checked_add(self.0.into())?)
    }
}

impl From<i32> for Offset32 {
    fn from(x: i32) -> Self {
        Offset32(x)
    }
}

impl From<u8> for Offset32 {
    fn from(x: u8) -> Self {
        Offset32(x.into())
    }
}

impl From<Offset32> for i32 {
    fn from(x: Offset32) -> i32 {
        x.0
    }
}

impl From<Offset32> for i64 {
    fn from(x: Offset32) -> i64 {
        x.0.into()
    }
}

impl fmt::Display for Offset32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return Ok(());
        }
        f.write_str(if self.0 < 0 { "-" } else { "+" })?;
        write_magnitude(self.0.unsigned_abs().into(), f)
    }
}

impl FromStr for Offset32 {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, &'static str> {
        if !s.starts_with(['-', '+']) {
            return Err("an offset starts with a sign");
        }
        let (negative, magnitude) = (s.starts_with('-'), parse_magnitude(&s[1..])?);
        let value = if negative { 0i64.checked_sub_unsigned(magnitude) } else { magnitude.try_into().ok() };
        value.and_then(Offset32::try_from_i64).ok_or("offset out of range")
    }
}

/// 16 bytes of a vector, least significant first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct V128Imm(pub [u8; 16]);

impl V128Imm {
    /// The bytes.
    pub fn bytes(&self) -> impl Iterator<Item = &u8> {
        self.0.iter()
    }
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
    /// The bytes.
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl From<&[u8]> for V128Imm {
    /// Takes 16 bytes; panics if there are more or fewer.
    fn from(bytes: &[u8]) -> Self {
        V128Imm(bytes.try_into().expect("a vector immediate has 16 bytes"))
    }
}

impl From<u128> for V128Imm {
    fn from(x: u128) -> Self {
        V128Imm(x.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_print_and_read() {
        for (x, text) in [
            (0, "0"),
            (9999, "9999"),
            (10000, "0x2710"),
            (0x186a0, "0x0001_86a0"),
            (-10000, "-10000"),
            (i64::MIN, "-9223372036854775808"),
            (i64::MAX, "0x7fff_ffff_ffff_ffff"),
        ] {
            assert_eq!((Imm64(x).to_string().as_str(), text.parse()), (text, Ok(Imm64(x))));
        }
        assert_eq!(("0xffff_ffff_ffff_ffff".parse(), "18446744073709551615".parse()), (Ok(Imm64(-1)), Ok(Imm64(-1))));
        for bad in ["", "-", "0x", "0x1_0000_0000_0000_0000", "18446744073709551616", "-9223372036854775809", "1a"] {
            assert!(bad.parse::<Imm64>().is_err(), "{bad}");
        }
        assert_eq!(("4294967296".parse::<Uimm32>().is_err(), "0x1_0".parse()), (true, Ok(Uimm32(16))));
    }

    #[test]
    fn offsets_print_and_read() {
        for (x, text) in [(8, "+8"), (-9999, "-9999"), (10000, "+0x2710"), (i32::MIN, "-0x8000_0000")] {
            assert_eq!((Offset32(x).to_string().as_str(), text.parse()), (text, Ok(Offset32(x))));
        }
        assert_eq!(Offset32(0).to_string(), "");
        for bad in ["8", "+0x8000_0000", "-2147483649", "+", "--1"] {
            assert!(bad.parse::<Offset32>().is_err(), "{bad}");
        }
    }

    #[test]
    fn extensions() {
        let x = Imm64(0x1_80);
        assert_eq!((x.sign_extend_from_width(8), x.zero_extend_from_width(8)), (Imm64(-128), Imm64(0x80)));
        assert_eq!((x.sign_extend_from_width(64), x.zero_extend_from_width(128)), (x, x));
        assert_eq!((Offset32(5).try_add_i64(i64::MAX), Offset32(5).try_add_i64(-6)), (None, Some(Offset32(-1))));
    }
}
