//! Types of IR values, and sets of types as the operation table uses them. Needs nothing.

mod named;
pub use named::*;

use target_lexicon::{PointerWidth, Triple};

/// The type of a value: a scalar lane type, a lane count, and whether that count is scaled at run time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "u16", into = "u16")
)]
pub struct Type(u16);

/// Scalar types by code: name, bits, is it a float.
const LANES: [(&str, u32, bool); 10] = [
    ("INVALID", 0, false),
    ("i8", 8, false),
    ("i16", 16, false),
    ("i32", 32, false),
    ("i64", 64, false),
    ("i128", 128, false),
    ("f16", 16, true),
    ("f32", 32, true),
    ("f64", 64, true),
    ("f128", 128, true),
];

const LANE_MASK: u16 = 0xf;
const COUNT_SHIFT: u16 = 4;
const DYNAMIC: u16 = 0x100;

/// No type: what `INVALID` operations have.
pub const INVALID: Type = Type(0);
/// 8-bit integer; also the type of truth values, 0 or 1.
pub const I8: Type = Type(1);
/// 16-bit integer.
pub const I16: Type = Type(2);
/// 32-bit integer.
pub const I32: Type = Type(3);
/// 64-bit integer.
pub const I64: Type = Type(4);
/// 128-bit integer.
pub const I128: Type = Type(5);
/// IEEE 754 binary16.
pub const F16: Type = Type(6);
/// IEEE 754 binary32.
pub const F32: Type = Type(7);
/// IEEE 754 binary64.
pub const F64: Type = Type(8);
/// IEEE 754 binary128.
pub const F128: Type = Type(9);

/// The scalar integer types, narrowest first.
pub const INTS: [Type; 5] = [I8, I16, I32, I64, I128];
/// The scalar float types, narrowest first.
pub const FLOATS: [Type; 4] = [F16, F32, F64, F128];

impl Type {
    /// The scalar integer type of `bits` bits.
    pub fn int(bits: u16) -> Option<Type> {
        INTS.into_iter().find(|t| t.bits() == bits as u32)
    }
    /// The type of pointers on a platform; 64 bits where that is not known.
    pub fn triple_pointer_type(triple: &Triple) -> Type {
        match triple.pointer_width() {
            Ok(PointerWidth::U16) => I16,
            Ok(PointerWidth::U32) => I32,
            Ok(PointerWidth::U64) | Err(()) => I64,
        }
    }
    /// The type of one lane; of a scalar the type itself.
    pub const fn lane_type(self) -> Type {
        Type(self.0 & LANE_MASK)
    }
    /// Number of lanes, 1 for scalars (the smallest number for dynamic vectors).
    pub const fn lane_count(self) -> u32 {
        1 << self.log2_lane_count()
    }
    /// Binary logarithm of the lane count.
    pub const fn log2_lane_count(self) -> u32 {
        (self.0 >> COUNT_SHIFT & 0xf) as u32
    }
    /// Bits of one lane.
    pub const fn lane_bits(self) -> u32 {
        LANES[(self.0 & LANE_MASK) as usize].1
    }
    /// Bits of the whole value (of a dynamic vector: the fewest).
    pub const fn bits(self) -> u32 {
        self.lane_bits() << self.log2_lane_count()
    }
    /// Bytes of the whole value in memory.
    pub const fn bytes(self) -> u32 {
        self.bits() / 8
    }
    /// A scalar or vector of `lanes` lanes (a power of two up to 256) of this lane type.
    pub fn by(self, lanes: u32) -> Option<Type> {
        let n = self.log2_lane_count() + lanes.checked_ilog2()?;
        (lanes.is_power_of_two() && n <= 8 && self != INVALID)
            .then_some(Type(self.0 & !(0xf << COUNT_SHIFT) | (n as u16) << COUNT_SHIFT))
    }
    /// Is it a float scalar?
    pub const fn is_float(self) -> bool {
        self.is_lane() && LANES[self.0 as usize].2
    }
    /// Is it an integer scalar?
    pub const fn is_int(self) -> bool {
        self.is_lane() && !LANES[self.0 as usize].2
    }
    /// Is it a scalar?
    pub const fn is_lane(self) -> bool {
        self.0 & !LANE_MASK == 0 && self.0 != 0
    }
    /// Is it a vector of fixed size?
    pub const fn is_vector(self) -> bool {
        self.0 >> COUNT_SHIFT != 0 && self.0 & DYNAMIC == 0
    }
    /// Is it a vector whose size is scaled at run time?
    pub const fn is_dynamic_vector(self) -> bool {
        self.0 & DYNAMIC != 0
    }
    /// The dynamic vector with this fixed vector as its unit, of at most 256 bits.
    pub fn vector_to_dynamic(self) -> Option<Type> {
        (self.is_vector() && self.bits() <= 256).then_some(Type(self.0 | DYNAMIC))
    }
    /// The fixed vector a dynamic one is made of.
    pub fn dynamic_to_vector(self) -> Option<Type> {
        self.is_dynamic_vector().then_some(Type(self.0 & !DYNAMIC))
    }
    /// The type with these lanes instead, and the same count.
    fn with_lane(self, lane: Type) -> Type {
        Type(self.0 & !LANE_MASK | lane.0)
    }
    /// Lanes of half the width.
    pub fn half_width(self) -> Option<Type> {
        self.scaled(-1)
    }
    /// Lanes of twice the width.
    pub fn double_width(self) -> Option<Type> {
        self.scaled(1)
    }
    fn scaled(self, by: i16) -> Option<Type> {
        let lane = self.lane_type();
        let to = Type(lane.0.checked_add_signed(by)?);
        let same_kind = INTS.contains(&lane) && INTS.contains(&to) || FLOATS.contains(&lane) && FLOATS.contains(&to);
        same_kind.then(|| self.with_lane(to))
    }
    /// Integer lanes of the same width.
    pub fn as_int(self) -> Type {
        self.with_lane(Type::int(self.lane_bits() as u16).unwrap_or(INVALID))
    }
    /// What a comparison of such values gives: `i8` for scalars, integer lanes of the same shape for vectors.
    pub fn as_truthy(self) -> Type {
        if self.is_lane() { I8 } else { self.as_int() }
    }
    /// A number that tells types apart, below 512.
    pub const fn repr(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(LANES[(self.0 & LANE_MASK) as usize].0)?;
        if self.0 >> COUNT_SHIFT != 0 {
            write!(f, "x{}", self.lane_count())?;
        }
        if self.is_dynamic_vector() { f.write_str("xN") } else { Ok(()) }
    }
}

impl std::fmt::Debug for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "types::{}", self.to_string().to_uppercase())
    }
}

/// A set of types: which lane types (a bit each, by code), with which lane counts (a bit each, by logarithm).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TypeSet {
    /// Lane types, bit = code.
    pub lanes: u16,
    /// Lane counts of fixed vectors and scalars, bit = log2.
    pub counts: u16,
    /// Lane counts of dynamic vectors, bit = log2.
    pub dynamic: u16,
}

const fn lanes(of: &[Type]) -> u16 {
    let (mut set, mut i) = (0, 0);
    while i < of.len() {
        set |= 1 << of[i].0;
        i += 1;
    }
    set
}

/// Lane counts of fixed vectors: 2 to 256.
const VECTOR_COUNTS: u16 = 0x1fe;

impl TypeSet {
    /// These scalars.
    pub const fn scalars(of: &[Type]) -> TypeSet {
        TypeSet { lanes: lanes(of), counts: 1, dynamic: 0 }
    }
    /// The set with fixed vectors of 2 to 256 lanes as well.
    pub const fn and_vectors(self) -> TypeSet {
        TypeSet { counts: self.counts | VECTOR_COUNTS, ..self }
    }
    /// The set with dynamic vectors as well.
    pub const fn and_dynamic(self) -> TypeSet {
        TypeSet { dynamic: VECTOR_COUNTS, ..self }
    }
    /// The set with exactly these counts (bit = log2) instead.
    pub const fn counts(self, counts: u16) -> TypeSet {
        TypeSet { counts, ..self }
    }
    /// Is `t` in the set?
    pub const fn contains(&self, t: Type) -> bool {
        let counts = if t.is_dynamic_vector() { self.dynamic } else { self.counts };
        self.lanes >> (t.0 & LANE_MASK) & 1 != 0 && counts >> t.log2_lane_count() & 1 != 0
    }
    /// A type of the set with few lanes, of 32 bits if it can be. Of the empty set, the type of nothing.
    pub fn example(self) -> Type {
        let lane = |t: &Type| self.lanes >> t.0 & 1 != 0;
        let Some(lane) = [I32, F32, I8, I16, I64, I128, F16, F64, F128].into_iter().find(lane) else { return INVALID };
        let vector = match (self.counts, self.dynamic) {
            (0, 0) => None,
            (0, counts) => lane.by(1 << counts.trailing_zeros()).and_then(Type::vector_to_dynamic),
            (counts, _) => lane.by(1 << counts.trailing_zeros()),
        };
        vector.unwrap_or(INVALID)
    }
}

/// All scalar integers.
pub const INT_SCALARS: TypeSet = TypeSet::scalars(&INTS);
/// All scalars.
pub const SCALARS: TypeSet = TypeSet::scalars(&[I8, I16, I32, I64, I128, F16, F32, F64, F128]);
/// Integers, scalar and in vectors of any kind.
pub const INT_ANY: TypeSet = INT_SCALARS.and_vectors().and_dynamic();
/// Integers, scalar and in fixed vectors.
pub const INT_FIXED: TypeSet = INT_SCALARS.and_vectors();
/// Everything but dynamic vectors.
pub const ANY: TypeSet = SCALARS.and_vectors();
/// Everything that memory holds.
pub const MEM: TypeSet = ANY.and_dynamic();
/// Integers up to 64 bits.
pub const NARROW_INT: TypeSet = TypeSet::scalars(&[I8, I16, I32, I64]);
/// Addresses.
pub const ADDR: TypeSet = TypeSet::scalars(&[I32, I64]);
/// Scalar integers that have halves.
pub const WIDE_INT: TypeSet = TypeSet::scalars(&[I16, I32, I64, I128]);
/// Integers in fixed vectors.
pub const INT_VECTORS: TypeSet = INT_FIXED.counts(VECTOR_COUNTS);
/// Vectors whose lanes are halved and doubled in number: 16 to 64 bits, 2 to 8 lanes.
pub const NARROWABLE: TypeSet = TypeSet { lanes: lanes(&[I16, I32, I64]), counts: 0b1110, dynamic: 0b1110 };
/// Vectors whose lanes are doubled and halved in number: 8 to 32 bits, 2 to 16 lanes.
pub const WIDENABLE: TypeSet = TypeSet { lanes: lanes(&[I8, I16, I32]), counts: 0b11110, dynamic: 0b11110 };
/// Vectors of numbers below 1: 16 and 32 bits, 4 and 8 lanes.
pub const FIXED_POINT_VECTORS: TypeSet = TypeSet { lanes: lanes(&[I16, I32]), counts: 0b1100, dynamic: 0 };
/// All scalar floats.
pub const FLOAT_SCALARS: TypeSet = TypeSet::scalars(&FLOATS);
/// Floats, scalar and in fixed vectors.
pub const FLOAT_FIXED: TypeSet = FLOAT_SCALARS.and_vectors();
/// Floats, scalar and in vectors of any kind.
pub const FLOAT_ANY: TypeSet = FLOAT_FIXED.and_dynamic();
/// Fixed vectors.
pub const VECTORS_FIXED: TypeSet = ANY.counts(VECTOR_COUNTS);
/// Vectors of any kind.
pub const VECTORS: TypeSet = VECTORS_FIXED.and_dynamic();
/// Scalars and dynamic vectors, but no fixed ones.
pub const SCALARS_OR_DYNAMIC: TypeSet = SCALARS.and_dynamic();
/// What 8 bits extend to.
pub const EXT8: TypeSet = TypeSet::scalars(&[I16, I32, I64]);
/// What 16 bits extend to.
pub const EXT16: TypeSet = TypeSet::scalars(&[I32, I64]);
/// What 32 bits extend to.
pub const EXT32: TypeSet = TypeSet::scalars(&[I64]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_shapes() {
        let v = I32.by(4).unwrap();
        assert_eq!((v.to_string().as_str(), v.bits(), v.lane_type()), ("i32x4", 128, I32));
        assert_eq!(F64.by(2).unwrap().as_truthy(), I64.by(2).unwrap());
        assert_eq!((I8.half_width(), F16.half_width(), F16.double_width()), (None, None, Some(F32)));
        assert_eq!((I128.double_width(), I8.by(3), I8.by(512)), (None, None, None));
        assert_eq!(v.vector_to_dynamic().unwrap().to_string(), "i32x4xN");
        assert!(INT_ANY.contains(v) && !INT_SCALARS.contains(v) && !INT_ANY.contains(F32));
    }

    #[test]
    fn sets_have_examples() {
        let i32x2 = I32.by(2).unwrap();
        let dynamic = TypeSet { counts: 0, ..INT_ANY };
        for (set, example) in [
            (ANY, I32),
            (FLOAT_SCALARS, F32),
            (EXT32, I64),
            (VECTORS, i32x2),
            (dynamic, i32x2.vector_to_dynamic().unwrap()),
        ] {
            assert_eq!(set.example(), example);
            assert!(set.contains(example));
        }
        assert_eq!(TypeSet::default().example(), INVALID);
    }
}
