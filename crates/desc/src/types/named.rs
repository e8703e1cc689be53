//! Names for the vector types of 64 to 512 bits and their kin, and the queries that users of the IR make of types.
//! Needs the parent's representation of a type.

use super::*;

/// Names fixed vectors, and the dynamic vectors made of them.
macro_rules! vectors { ($($lane:ident $log2:literal $name:ident $dynamic:ident;)*) => { $(
    #[doc = concat!("The vector type `", stringify!($name), "`.")]
    pub const $name: Type = Type($lane.0 | ($log2 << COUNT_SHIFT));
    #[doc = concat!("The dynamic vector type made of `", stringify!($name), "`.")]
    pub const $dynamic: Type = Type($name.0 | DYNAMIC);
)* } }

vectors! {
    I8 1 I8X2 I8X2XN;
    I8 2 I8X4 I8X4XN;
    I8 3 I8X8 I8X8XN;
    I8 4 I8X16 I8X16XN;
    I8 5 I8X32 I8X32XN;
    I8 6 I8X64 I8X64XN;
    I16 1 I16X2 I16X2XN;
    I16 2 I16X4 I16X4XN;
    I16 3 I16X8 I16X8XN;
    I16 4 I16X16 I16X16XN;
    I16 5 I16X32 I16X32XN;
    I32 1 I32X2 I32X2XN;
    I32 2 I32X4 I32X4XN;
    I32 3 I32X8 I32X8XN;
    I32 4 I32X16 I32X16XN;
    I64 1 I64X2 I64X2XN;
    I64 2 I64X4 I64X4XN;
    I64 3 I64X8 I64X8XN;
    I128 1 I128X2 I128X2XN;
    I128 2 I128X4 I128X4XN;
    F16 1 F16X2 F16X2XN;
    F16 2 F16X4 F16X4XN;
    F16 3 F16X8 F16X8XN;
    F16 4 F16X16 F16X16XN;
    F16 5 F16X32 F16X32XN;
    F32 1 F32X2 F32X2XN;
    F32 2 F32X4 F32X4XN;
    F32 3 F32X8 F32X8XN;
    F32 4 F32X16 F32X16XN;
    F64 1 F64X2 F64X2XN;
    F64 2 F64X4 F64X4XN;
    F64 3 F64X8 F64X8XN;
    F128 1 F128X2 F128X2XN;
    F128 2 F128X4 F128X4XN;
}

/// One more than the largest number of a type.
const REPRS: u16 = DYNAMIC << 1;

impl From<Type> for u16 {
    fn from(ty: Type) -> u16 {
        ty.0
    }
}

impl TryFrom<u16> for Type {
    type Error = &'static str;

    fn try_from(repr: u16) -> Result<Type, &'static str> {
        Some(Type::from_repr(repr)).filter(|ty| ty.0 == repr).ok_or("no type has this number")
    }
}

impl Type {
    /// The type of a number that [`Type::repr`] gave; other numbers give some type or [`INVALID`].
    pub const fn from_repr(repr: u16) -> Type {
        let t = Type(repr % REPRS);
        if (t.0 & LANE_MASK) as usize >= LANES.len() || t.log2_lane_count() > 8 { INVALID } else { t }
    }
    /// A number that tells types apart.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
    /// Is it no type?
    pub const fn is_invalid(self) -> bool {
        self.0 == INVALID.0
    }
    /// Is it none of the types of values?
    pub const fn is_special(self) -> bool {
        self.is_invalid()
    }
    /// The type of one lane.
    pub const fn lane_of(self) -> Type {
        self.lane_type()
    }
    /// Binary logarithm of the bits of one lane, 0 if there are none.
    pub const fn log2_lane_bits(self) -> u32 {
        if self.lane_bits() == 0 { 0 } else { self.lane_bits().ilog2() }
    }
    /// Binary logarithm of the smallest lane count of a dynamic vector.
    pub const fn log2_min_lane_count(self) -> u32 {
        self.log2_lane_count()
    }
    /// The smallest number of lanes of a dynamic vector.
    pub const fn min_lane_count(self) -> u32 {
        self.lane_count()
    }
    /// The fewest bits of a dynamic vector.
    pub const fn min_bits(self) -> u32 {
        self.bits()
    }
    /// The scalar integer type of `bytes` bytes.
    pub fn int_with_byte_size(bytes: u16) -> Option<Type> {
        Type::int(bytes.checked_mul(8)?)
    }
    /// Integer lanes of the same width, of scalars too.
    pub fn as_truthy_pedantic(self) -> Type {
        self.as_int()
    }
    /// Lanes of half the width, twice as many.
    pub fn split_lanes(self) -> Option<Type> {
        self.half_width()?.by(2)
    }
    /// Lanes of twice the width, half as many.
    pub fn merge_lanes(self) -> Option<Type> {
        let wide = self.double_width()?;
        (self.log2_lane_count() > 0).then(|| Type(wide.0 - (1 << COUNT_SHIFT)))
    }
    /// As many lanes as in `other`, each at least as wide.
    pub const fn wider_or_equal(self, other: Type) -> bool {
        self.lane_count() == other.lane_count() && self.lane_bits() >= other.lane_bits()
    }
    /// The smallest and the largest value of an integer type of at most 128 bits, as bits.
    pub const fn bounds(self, signed: bool) -> (u128, u128) {
        let all = if self.bits() >= 128 { u128::MAX } else { (1 << self.bits()) - 1 };
        if signed { (all & !(all >> 1), all >> 1) } else { (0, all) }
    }
}

impl Default for Type {
    fn default() -> Type {
        INVALID
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_are() {
        for (t, name) in [(I8X16, "i8x16"), (F64X8, "f64x8"), (I128X2, "i128x2"), (I32X4XN, "i32x4xN")] {
            assert_eq!((t.to_string().as_str(), Type::from_repr(t.repr())), (name, t));
        }
        assert_eq!((F32X4.dynamic_to_vector(), F32X4XN.dynamic_to_vector()), (None, Some(F32X4)));
    }

    #[test]
    fn lanes_split_and_merge() {
        assert_eq!((I16X8.split_lanes(), I8X16.merge_lanes(), I32.merge_lanes()), (Some(I8X16), Some(I16X8), None));
        assert_eq!((I8X16XN.merge_lanes(), I8.split_lanes()), (Some(I16X8XN), None));
    }

    #[test]
    fn bounds_of_integers() {
        assert_eq!((I8.bounds(true), I8.bounds(false)), ((0x80, 0x7f), (0, 0xff)));
        assert_eq!(I128.bounds(true), (1 << 127, u128::MAX >> 1));
        assert_eq!(Type::int_with_byte_size(16), Some(I128));
    }
}
