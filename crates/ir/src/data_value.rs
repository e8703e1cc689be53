//! Values of a run: what functions take and give when they are called from outside. Needs the immediates' float types;
//! interpreter, run directives and JIT trampolines speak in these.

use crate::ir::immediates::{Ieee16, Ieee32, Ieee64, Ieee128};
use std::fmt;
use windlass_desc::types::{self, Type};

/// A value of a type of up to 128 bits. Vectors are their bytes in little-endian lane order.
#[derive(Clone, Debug, PartialOrd)]
#[allow(missing_docs)] // the variants are the types
pub enum DataValue {
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    F16(Ieee16),
    F32(Ieee32),
    F64(Ieee64),
    F128(Ieee128),
    V128([u8; 16]),
    V64([u8; 8]),
    V32([u8; 4]),
    V16([u8; 2]),
}

impl DataValue {
    /// The value of type `ty` with these bits, the first lane lowest. None if no value is of that type.
    pub fn from_bits(bits: u128, ty: Type) -> Option<DataValue> {
        let bytes = bits.to_le_bytes();
        Some(match ty {
            types::I8 => DataValue::I8(bits as i8),
            types::I16 => DataValue::I16(bits as i16),
            types::I32 => DataValue::I32(bits as i32),
            types::I64 => DataValue::I64(bits as i64),
            types::I128 => DataValue::I128(bits as i128),
            types::F16 => DataValue::F16(Ieee16::with_bits(bits as u16)),
            types::F32 => DataValue::F32(Ieee32::with_bits(bits as u32)),
            types::F64 => DataValue::F64(Ieee64::with_bits(bits as u64)),
            types::F128 => DataValue::F128(Ieee128::with_bits(bits)),
            _ if !ty.is_vector() => return None,
            _ => match ty.bits() {
                128 => DataValue::V128(bytes),
                64 => DataValue::V64((bits as u64).to_le_bytes()),
                32 => DataValue::V32((bits as u32).to_le_bytes()),
                16 => DataValue::V16((bits as u16).to_le_bytes()),
                _ => return None,
            },
        })
    }

    /// The value's bits, zero-extended.
    pub fn to_bits(&self) -> u128 {
        match *self {
            DataValue::I8(v) => v as u8 as u128,
            DataValue::I16(v) => v as u16 as u128,
            DataValue::I32(v) => v as u32 as u128,
            DataValue::I64(v) => v as u64 as u128,
            DataValue::I128(v) => v as u128,
            DataValue::F16(v) => v.bits() as u128,
            DataValue::F32(v) => v.bits() as u128,
            DataValue::F64(v) => v.bits() as u128,
            DataValue::F128(v) => v.bits(),
            DataValue::V128(b) => u128::from_le_bytes(b),
            DataValue::V64(b) => u64::from_le_bytes(b) as u128,
            DataValue::V32(b) => u32::from_le_bytes(b) as u128,
            DataValue::V16(b) => u16::from_le_bytes(b) as u128,
        }
    }

    /// The value whose bytes are this one's in the other order, if the host's order is not `big`.
    fn reordered(self, big: bool) -> DataValue {
        if cfg!(target_endian = "big") == big {
            return self;
        }
        let bytes = self.ty().bytes() as usize;
        let mut buffer = [0; 16];
        self.write_to_slice_be(&mut buffer[..bytes]);
        DataValue::read_from_slice_le(&buffer[..bytes], self.ty())
    }

    /// The value whose bytes in the host's memory are this one's in big-endian order.
    pub fn to_be(self) -> DataValue {
        self.reordered(true)
    }

    /// The value whose bytes in the host's memory are this one's in little-endian order.
    pub fn to_le(self) -> DataValue {
        self.reordered(false)
    }

    /// The integer `v` as a value of type `ty`, truncated.
    pub fn from_integer(v: i128, ty: Type) -> Result<DataValue, DataValueCastFailure> {
        let value = if ty.is_int() { DataValue::from_bits(v as u128, ty) } else { None };
        value.ok_or(DataValueCastFailure::FromInteger(v, ty))
    }

    /// The value's type. Of a vector only the size is known; it is given as a vector of bytes.
    pub fn ty(&self) -> Type {
        let bytes = |n| types::I8.by(n).unwrap_or(types::INVALID);
        match self {
            DataValue::I8(_) => types::I8,
            DataValue::I16(_) => types::I16,
            DataValue::I32(_) => types::I32,
            DataValue::I64(_) => types::I64,
            DataValue::I128(_) => types::I128,
            DataValue::F16(_) => types::F16,
            DataValue::F32(_) => types::F32,
            DataValue::F64(_) => types::F64,
            DataValue::F128(_) => types::F128,
            DataValue::V128(_) => bytes(16),
            DataValue::V64(_) => bytes(8),
            DataValue::V32(_) => bytes(4),
            DataValue::V16(_) => bytes(2),
        }
    }

    /// Is it a vector?
    pub fn is_vector(&self) -> bool {
        matches!(self, DataValue::V128(_) | DataValue::V64(_) | DataValue::V32(_) | DataValue::V16(_))
    }

    /// Are the two of the same size and kind, with the same bits? Unlike `==` this tells zeros and NaNs apart.
    pub fn bitwise_eq(&self, other: &DataValue) -> bool {
        self.ty() == other.ty() && self.to_bits() == other.to_bits()
    }

    /// Writes the value's bytes, least significant first, to the start of a slice that is long enough.
    pub fn write_to_slice_le(&self, to: &mut [u8]) {
        let n = self.ty().bytes() as usize;
        to[..n].copy_from_slice(&self.to_bits().to_le_bytes()[..n]);
    }

    /// Writes the value's bytes, most significant first, to the start of a slice that is long enough.
    pub fn write_to_slice_be(&self, to: &mut [u8]) {
        self.write_to_slice_le(to);
        to[..self.ty().bytes() as usize].reverse();
    }

    /// Writes the value's bytes in this machine's order to the start of a slice that is long enough.
    pub fn write_to_slice_ne(&self, to: &mut [u8]) {
        if cfg!(target_endian = "big") { self.write_to_slice_be(to) } else { self.write_to_slice_le(to) }
    }

    /// Writes the value's bytes in this machine's order to the start of a place of 16 bytes, as compiled code expects it.
    ///
    /// # Safety
    /// As many bytes as the value has can be written there.
    #[allow(unsafe_code, reason = "the interface is given")]
    pub unsafe fn write_value_to(&self, to: *mut u128) {
        let mut bytes = [0; 16];
        self.write_to_slice_ne(&mut bytes);
        // SAFETY: the caller promises the place, and no value has more than 16 bytes.
        unsafe { bytes.as_ptr().copy_to_nonoverlapping(to.cast(), self.ty().bytes() as usize) }
    }

    /// Reads a value of type `ty`, of at most 128 bits, from the start of a place of 16 bytes in this machine's byte order.
    ///
    /// # Safety
    /// As many bytes as values of the type have can be read there.
    #[allow(unsafe_code, reason = "the interface is given")]
    pub unsafe fn read_value_from(from: *const u128, ty: Type) -> DataValue {
        let mut bytes = [0; 16];
        let place = &mut bytes[..ty.bytes() as usize];
        // SAFETY: the caller promises the bytes, and they have just been found to fit.
        unsafe { place.as_mut_ptr().copy_from_nonoverlapping(from.cast(), place.len()) };
        DataValue::read_from_slice_ne(&bytes, ty)
    }

    /// Reads a value of type `ty`, of at most 128 bits, from the start of a slice, least significant byte first.
    pub fn read_from_slice_le(from: &[u8], ty: Type) -> DataValue {
        let (mut bytes, n) = ([0; 16], ty.bytes() as usize);
        bytes[..n].copy_from_slice(&from[..n]);
        DataValue::from_bits(u128::from_le_bytes(bytes), ty).unwrap_or_else(|| panic!("no value has type {ty}"))
    }

    /// Reads a value of type `ty`, of at most 128 bits, from the start of a slice, most significant byte first.
    pub fn read_from_slice_be(from: &[u8], ty: Type) -> DataValue {
        let (mut bytes, n) = ([0; 16], ty.bytes() as usize);
        bytes[..n].copy_from_slice(&from[..n]);
        bytes[..n].reverse();
        DataValue::read_from_slice_le(&bytes, ty)
    }

    /// Reads a value of type `ty`, of at most 128 bits, from the start of a slice in this machine's byte order.
    pub fn read_from_slice_ne(from: &[u8], ty: Type) -> DataValue {
        if cfg!(target_endian = "big") {
            DataValue::read_from_slice_be(from, ty)
        } else {
            DataValue::read_from_slice_le(from, ty)
        }
    }

    fn float_eq(&self, other: &DataValue) -> Option<bool> {
        match (self, other) {
            (DataValue::F16(a), DataValue::F16(b)) => Some(a.partial_cmp(b).is_some_and(|o| o.is_eq())),
            (DataValue::F32(a), DataValue::F32(b)) => Some(a.partial_cmp(b).is_some_and(|o| o.is_eq())),
            (DataValue::F64(a), DataValue::F64(b)) => Some(a.partial_cmp(b).is_some_and(|o| o.is_eq())),
            (DataValue::F128(a), DataValue::F128(b)) => Some(a.partial_cmp(b).is_some_and(|o| o.is_eq())),
            _ => None,
        }
    }
}

/// Floats compare as numbers, so that a NaN equals nothing.
impl PartialEq for DataValue {
    fn eq(&self, other: &Self) -> bool {
        self.float_eq(other).unwrap_or_else(|| self.bitwise_eq(other))
    }
}

impl fmt::Display for DataValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataValue::I8(v) => write!(f, "{v}"),
            DataValue::I16(v) => write!(f, "{v}"),
            DataValue::I32(v) => write!(f, "{v}"),
            DataValue::I64(v) => write!(f, "{v}"),
            DataValue::I128(v) => write!(f, "{v}"),
            DataValue::F16(v) => write!(f, "{v}"),
            DataValue::F32(v) => write!(f, "{v}"),
            DataValue::F64(v) => write!(f, "{v}"),
            DataValue::F128(v) => write!(f, "{v}"),
            _ => write!(f, "0x{:0width$x}", self.to_bits(), width = 2 * self.ty().bytes() as usize),
        }
    }
}

/// A list of values, as run directives write it.
pub struct DisplayDataValues<'a>(pub &'a [DataValue]);

impl fmt::Display for DisplayDataValues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [one] => write!(f, "{one}"),
            all => {
                f.write_str("[")?;
                write_data_value_list(f, all)?;
                f.write_str("]")
            }
        }
    }
}

/// Writes values with commas between.
pub fn write_data_value_list(f: &mut fmt::Formatter<'_>, values: &[DataValue]) -> fmt::Result {
    for (i, v) in values.iter().enumerate() {
        write!(f, "{}{v}", if i > 0 { ", " } else { "" })?;
    }
    Ok(())
}

/// Why a value could not be converted.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum DataValueCastFailure {
    /// A value of the first type is no value of the second.
    #[error("unable to cast data value of type {0} to {1}")]
    TryInto(Type, Type),
    /// The integer cannot become a value of that type.
    #[error("unable to cast integer {0} to a data value of type {1}")]
    FromInteger(i128, Type),
}

macro_rules! conversions { ($($variant:ident $inner:ty, $ty:expr;)*) => { $(
    impl From<$inner> for DataValue {
        fn from(v: $inner) -> Self {
            DataValue::$variant(v)
        }
    }
    impl TryFrom<DataValue> for $inner {
        type Error = DataValueCastFailure;
        fn try_from(v: DataValue) -> Result<Self, Self::Error> {
            match v {
                DataValue::$variant(v) => Ok(v),
                other => Err(DataValueCastFailure::TryInto(other.ty(), $ty)),
            }
        }
    }
)* } }

conversions! {
    I8 i8, types::I8;
    I16 i16, types::I16;
    I32 i32, types::I32;
    I64 i64, types::I64;
    I128 i128, types::I128;
    F16 Ieee16, types::F16;
    F32 Ieee32, types::F32;
    F64 Ieee64, types::F64;
    F128 Ieee128, types::F128;
    V128 [u8; 16], types::I8.by(16).unwrap_or(types::INVALID);
    V64 [u8; 8], types::I8.by(8).unwrap_or(types::INVALID);
    V32 [u8; 4], types::I8.by(4).unwrap_or(types::INVALID);
    V16 [u8; 2], types::I8.by(2).unwrap_or(types::INVALID);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(unsafe_code, reason = "what is tested is")]
    fn places_of_compiled_code() {
        let values = [DataValue::I8(-2), DataValue::I128(-3), DataValue::V64([1, 2, 3, 4, 5, 6, 7, 8])];
        let types = [types::I8, types::I128, types::I8.by(8).unwrap()];
        for (value, ty) in values.into_iter().zip(types) {
            let mut place = u128::MAX;
            // SAFETY: the place has 16 bytes.
            let back = unsafe {
                value.write_value_to(&mut place);
                DataValue::read_value_from(&place, ty)
            };
            assert_eq!(back, value);
            let rest = &place.to_ne_bytes()[ty.bytes() as usize..];
            assert!(rest.iter().all(|byte| *byte == 0xff), "{value} leaves what is behind it");
        }
    }

    #[test]
    fn orders_of_bytes() {
        let mut memory = [0; 4];
        DataValue::I32(0x01020304).to_be().write_to_slice_ne(&mut memory);
        assert_eq!(memory, [1, 2, 3, 4]);
        DataValue::I32(0x01020304).to_le().write_to_slice_ne(&mut memory);
        assert_eq!(memory, [4, 3, 2, 1]);
        let bits = 0x3ff8_0000_0000_0000u64;
        let float = DataValue::F64(Ieee64::with_bits(bits)).to_be();
        assert_eq!(float, DataValue::F64(Ieee64::with_bits(bits.to_be())));
    }

    #[test]
    fn bytes_and_bits() {
        let v = DataValue::I32(-2);
        let mut b = [0; 4];
        v.write_to_slice_be(&mut b);
        assert_eq!(b, [0xff, 0xff, 0xff, 0xfe]);
        assert_eq!(DataValue::read_from_slice_be(&b, types::I32), v);
        v.write_to_slice_ne(&mut b);
        assert_eq!(DataValue::read_from_slice_ne(&b, types::I32), v);
        assert_eq!(DataValue::from_bits(1, types::I64.by(4).unwrap()), None);
        assert_eq!(DataValue::V32([1, 2, 3, 4]).to_string(), "0x04030201");
        assert_eq!(i8::try_from(DataValue::I16(1)), Err(DataValueCastFailure::TryInto(types::I16, types::I8)));
    }

    #[test]
    fn two_kinds_of_equality() {
        let (zero, minus) = (DataValue::F32(Ieee32::with_bits(0)), DataValue::F32(Ieee32::with_bits(1 << 31)));
        let nan = DataValue::F32(Ieee32::NAN);
        assert!(zero == minus && !zero.bitwise_eq(&minus));
        assert!(nan != nan.clone() && nan.bitwise_eq(&nan.clone()));
    }
}
