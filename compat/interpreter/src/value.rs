//! Operations on single values, each the meaning of the operation of that name.
//!
//! Both operands of an operation have one type, but for amounts of shifts. What of a vector is known is its size alone, so
//! only bits can be worked on; its lanes are values of their own ([`DataValueExt::iter_lanes`]).

use std::fmt;
use std::num::TryFromIntError;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::{Access, Choice, Env, TrapCode};
use windlass_desc::ops::{Imms, Opcode, meaning};
use windlass_ir::data_value::{DataValue, DataValueCastFailure};
use windlass_ir::interpreter::{Canonical, Policy};
use windlass_ir::ir::immediates::{Ieee32, Ieee64};
use windlass_ir::ir::types::{F16, F32, F64, F128, I8, I128, INVALID, Type};

/// What an operation on values gives.
pub type ValueResult<T> = Result<T, ValueError>;

/// Why an operation on values failed.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ValueError {
    /// A value of the second is not in the first.
    #[error("{1} is no type of class {0}")]
    InvalidType(ValueTypeClass, Type),
    /// There is no such value of the type.
    #[error("no value of type {0} is that")]
    InvalidValue(Type),
    /// A number does not fit.
    #[error(transparent)]
    InvalidInteger(#[from] TryFromIntError),
    /// A value has another type.
    #[error(transparent)]
    InvalidDataValueCast(#[from] DataValueCastFailure),
    /// A division by 0.
    #[error("integer division by zero")]
    IntegerDivisionByZero,
    /// The result has no room.
    #[error("integer overflow")]
    IntegerOverflow,
}

/// What kind of types an operation is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum ValueTypeClass {
    Integer,
    Boolean,
    Float,
    Vector,
}

impl fmt::Display for ValueTypeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueTypeClass::Integer => "integer",
            ValueTypeClass::Boolean => "boolean",
            ValueTypeClass::Float => "float",
            ValueTypeClass::Vector => "vector",
        })
    }
}

/// How a value becomes one of another type.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueConversionKind {
    /// An integer to one of another width that is the same number, signed; anything else to a type of as many bits.
    Exact(Type),
    /// The low bits of an integer.
    Truncate(Type),
    /// The high bits of an integer.
    ExtractUpper(Type),
    /// An integer to a wider one.
    SignExtend(Type),
    /// An integer to a wider one.
    ZeroExtend(Type),
    /// A float to another one, rounded to nearest, ties to even.
    RoundNearestEven(Type),
    /// 1 of type i8 if it is not 0, else 0.
    ToBoolean,
    /// All ones if it is not 0, else 0.
    Mask(Type),
}

/// Runs without memory.
#[derive(Default)]
struct Alone {
    trap: Option<TrapCode>,
}

impl Env for Alone {
    type B = Num;
    fn choose(&mut self, set: Choice, w: u32) -> Num {
        Canonical.choose(set, w)
    }
    fn trap_if(&mut self, cond: &Num, code: TrapCode) {
        if cond.is_true() {
            self.trap.get_or_insert(code);
        }
    }
    fn load(&mut self, _: &Num, w: u32, access: Access) -> Num {
        self.trap = self.trap.or(access.trap);
        Num::lit(w, 0)
    }
    fn store(&mut self, _: &Num, _: &Num, access: Access) {
        self.trap = self.trap.or(access.trap);
    }
    fn branch(&mut self, _: &Num) {}
}

/// The results of an operation whose controlling type is `ty` and whose operands are `args`.
fn run(op: Opcode, ty: Type, args: &[&DataValue]) -> ValueResult<Vec<Num>> {
    let result = op.row().results.first().and_then(|r| r.ty.of(ty)).unwrap_or(INVALID);
    let imms = Imms::new(ty, result, args[0].ty());
    let args: Vec<Num> = args.iter().map(|v| Num::lit(v.ty().bits(), v.to_bits())).collect();
    let mut env = Alone::default();
    let results = meaning(op, &mut env, &imms, &args);
    match env.trap {
        None => Ok(results),
        Some(TrapCode::INTEGER_DIVISION_BY_ZERO) => Err(ValueError::IntegerDivisionByZero),
        Some(_) => Err(ValueError::IntegerOverflow),
    }
}

fn value(bits: &Num, ty: Type) -> ValueResult<DataValue> {
    DataValue::from_bits(bits.get(), ty).ok_or(ValueError::InvalidValue(ty))
}

fn class(v: &DataValue) -> ValueTypeClass {
    match v.ty() {
        _ if v.is_vector() => ValueTypeClass::Vector,
        ty if ty.is_float() => ValueTypeClass::Float,
        _ => ValueTypeClass::Integer,
    }
}

/// Fails if the value is of another class.
fn expect(v: &DataValue, expected: ValueTypeClass) -> ValueResult<()> {
    if class(v) == expected { Ok(()) } else { Err(ValueError::InvalidType(expected, v.ty())) }
}

fn same_type(x: &DataValue, y: &DataValue) -> ValueResult<()> {
    let (from, to) = (y.ty(), x.ty());
    if from == to { Ok(()) } else { Err(DataValueCastFailure::TryInto(from, to).into()) }
}

/// One operation on integers, another on floats.
fn arithmetic(int: Option<Opcode>, float: Option<Opcode>, args: &[&DataValue]) -> ValueResult<DataValue> {
    let (of, ty) = (class(args[0]), args[0].ty());
    args[1..].iter().try_for_each(|y| same_type(args[0], y))?;
    let op = match of {
        ValueTypeClass::Float => float.ok_or(ValueError::InvalidType(ValueTypeClass::Integer, ty))?,
        ValueTypeClass::Integer => int.ok_or(ValueError::InvalidType(ValueTypeClass::Float, ty))?,
        _ => return Err(ValueError::InvalidType(ValueTypeClass::Integer, ty)),
    };
    value(&run(op, ty, args)?[0], ty)
}

/// An operation on the bits of anything.
fn bitwise(op: Opcode, args: &[&DataValue]) -> ValueResult<DataValue> {
    args[1..].iter().try_for_each(|y| same_type(args[0], y))?;
    let ty = args[0].ty();
    value(&run(op, ty, args)?[0], ty)
}

/// A shift or rotation, whose amount is an integer of any width.
fn shift(op: Opcode, x: &DataValue, amount: &DataValue) -> ValueResult<DataValue> {
    expect(x, ValueTypeClass::Integer)?;
    expect(amount, ValueTypeClass::Integer)?;
    value(&run(op, x.ty(), &[x, amount])?[0], x.ty())
}

/// The result, and whether it had no room.
fn overflowing(op: Opcode, x: &DataValue, y: &DataValue) -> ValueResult<(DataValue, bool)> {
    expect(x, ValueTypeClass::Integer)?;
    same_type(x, y)?;
    let results = run(op, x.ty(), &[x, y])?;
    Ok((value(&results[0], x.ty())?, !results[1].is_zero().is_true()))
}

macro_rules! operations { (
    $(#[doc = $doc:literal])*
    unary { $($(#[doc = $d1:literal])* $unary:ident $ui:expr, $uf:expr;)* }
    binary { $($(#[doc = $d2:literal])* $binary:ident $bi:expr, $bf:expr;)* }
    bitwise { $($(#[doc = $d3:literal])* $bitwise:ident $bop:ident;)* }
    shift { $($(#[doc = $d4:literal])* $shift:ident $sop:ident;)* }
    overflow { $($(#[doc = $d5:literal])* $overflow:ident $oop:ident;)* }
    checked { $($(#[doc = $d6:literal])* $checked:ident $cop:ident;)* }
) => {
    $(#[doc = $doc])*
    #[allow(clippy::wrong_self_convention, reason = "the interface is given")]
    pub trait DataValueExt: Sized {
        /// The integer of a type, which must have room for it.
        fn int(n: i128, ty: Type) -> ValueResult<Self>;
        /// An integer's number, signed.
        fn into_int_signed(self) -> ValueResult<i128>;
        /// An integer's number, unsigned.
        fn into_int_unsigned(self) -> ValueResult<u128>;
        /// The float of a type with these bits.
        fn float(n: u64, ty: Type) -> ValueResult<Self>;
        /// A float's number, if it is of 32 or 64 bits.
        fn into_float(self) -> ValueResult<f64>;
        /// Is it a float?
        fn is_float(&self) -> bool;
        /// Is it a float that is no number?
        fn is_nan(&self) -> ValueResult<bool>;
        /// A truth as an integer: 0 or 1, or as the element of a vector 0 or all ones.
        fn bool(b: bool, vec_elem: bool, ty: Type) -> ValueResult<Self>;
        /// Is an integer not 0?
        fn into_bool(self) -> ValueResult<bool>;
        /// The vector of these bytes, as many as it has.
        fn vector(bytes: [u8; 16], ty: Type) -> ValueResult<Self>;
        /// A vector's bytes, and zeros.
        fn into_array(&self) -> ValueResult<[u8; 16]>;
        /// The lanes of a vector of a type.
        fn iter_lanes(&self, ty: Type) -> ValueResult<DataValueIterator>;
        /// The value as one of another type.
        fn convert(self, kind: ValueConversionKind) -> ValueResult<Self>;
        /// Two integers as one, the other one above.
        fn concat(self, other: Self) -> ValueResult<Self>;
        /// Is it a number below 0, or a float with the sign set?
        fn is_negative(&self) -> ValueResult<bool>;
        /// Is it 0, or a float that equals 0?
        fn is_zero(&self) -> ValueResult<bool>;
        /// Is either of two floats a NaN?
        fn uno(&self, other: &Self) -> ValueResult<bool>;
        /// The product of two floats plus a third, rounded once.
        fn fma(self, b: Self, c: Self) -> ValueResult<Self>;
        /// How many of an integer's highest bits are ones.
        fn leading_ones(self) -> ValueResult<Self>;
        $($(#[doc = $d1])* fn $unary(self) -> ValueResult<Self>;)*
        $($(#[doc = $d2])* fn $binary(self, other: Self) -> ValueResult<Self>;)*
        $($(#[doc = $d3])* fn $bitwise(self, other: Self) -> ValueResult<Self>;)*
        $($(#[doc = $d4])* fn $shift(self, other: Self) -> ValueResult<Self>;)*
        $($(#[doc = $d5])* fn $overflow(self, other: Self) -> ValueResult<(Self, bool)>;)*
        $($(#[doc = $d6])* fn $checked(self, other: Self) -> ValueResult<Option<Self>>;)*
    }

    impl DataValueExt for DataValue {
        $(fn $unary(self) -> ValueResult<Self> {
            arithmetic($ui, $uf, &[&self])
        })*
        $(fn $binary(self, other: Self) -> ValueResult<Self> {
            arithmetic($bi, $bf, &[&self, &other])
        })*
        $(fn $bitwise(self, other: Self) -> ValueResult<Self> {
            bitwise(Opcode::$bop, &[&self, &other])
        })*
        $(fn $shift(self, other: Self) -> ValueResult<Self> {
            shift(Opcode::$sop, &self, &other)
        })*
        $(fn $overflow(self, other: Self) -> ValueResult<(Self, bool)> {
            overflowing(Opcode::$oop, &self, &other)
        })*
        $(fn $checked(self, other: Self) -> ValueResult<Option<Self>> {
            let (sum, overflow) = overflowing(Opcode::$cop, &self, &other)?;
            Ok((!overflow).then_some(sum))
        })*

        fn int(n: i128, ty: Type) -> ValueResult<Self> {
            let value = DataValue::from_integer(n, ty)?;
            let fits = value.clone().into_int_signed()? == n || value.clone().into_int_unsigned()? == n as u128;
            if fits { Ok(value) } else { Err(ValueError::InvalidValue(ty)) }
        }

        fn into_int_signed(self) -> ValueResult<i128> {
            expect(&self, ValueTypeClass::Integer)?;
            Ok(Num::lit(self.ty().bits(), self.to_bits()).sext(I128.bits()).get() as i128)
        }

        fn into_int_unsigned(self) -> ValueResult<u128> {
            expect(&self, ValueTypeClass::Integer)?;
            Ok(self.to_bits())
        }

        fn float(n: u64, ty: Type) -> ValueResult<Self> {
            match ty {
                F16 | F32 | F64 if ty == F64 || n >> ty.bits() == 0 => value(&Num::lit(64, n.into()), ty),
                F16 | F32 | F64 => Err(ValueError::InvalidValue(ty)),
                _ => Err(ValueError::InvalidType(ValueTypeClass::Float, ty)),
            }
        }

        fn into_float(self) -> ValueResult<f64> {
            match self {
                DataValue::F32(x) => Ok(Ieee32::as_f32(x).into()),
                DataValue::F64(x) => Ok(Ieee64::as_f64(x)),
                other => Err(ValueError::InvalidType(ValueTypeClass::Float, other.ty())),
            }
        }

        fn is_float(&self) -> bool {
            class(self) == ValueTypeClass::Float
        }

        fn is_nan(&self) -> ValueResult<bool> {
            self.uno(self)
        }

        fn bool(b: bool, vec_elem: bool, ty: Type) -> ValueResult<Self> {
            match ty.is_lane() && ty.is_int() {
                true if vec_elem => value(&Num::lit(ty.bits(), if b { u128::MAX } else { 0 }), ty),
                true => value(&Num::lit(ty.bits(), b.into()), ty),
                false => Err(ValueError::InvalidType(ValueTypeClass::Boolean, ty)),
            }
        }

        fn into_bool(self) -> ValueResult<bool> {
            match class(&self) {
                ValueTypeClass::Integer => Ok(self.to_bits() != 0),
                _ => Err(ValueError::InvalidType(ValueTypeClass::Boolean, self.ty())),
            }
        }

        fn vector(bytes: [u8; 16], ty: Type) -> ValueResult<Self> {
            let kept = u128::from_le_bytes(bytes);
            match ty.is_vector() {
                true => value(&Num::lit(ty.bits().clamp(1, I128.bits()), kept), ty),
                false => Err(ValueError::InvalidType(ValueTypeClass::Vector, ty)),
            }
        }

        fn into_array(&self) -> ValueResult<[u8; 16]> {
            expect(self, ValueTypeClass::Vector)?;
            Ok(self.to_bits().to_le_bytes())
        }

        fn iter_lanes(&self, ty: Type) -> ValueResult<DataValueIterator> {
            if self.ty().bits() != ty.bits() || ty.is_dynamic_vector() {
                return Err(DataValueCastFailure::TryInto(self.ty(), ty).into());
            }
            Ok(DataValueIterator { bits: self.to_bits(), lane: ty.lane_type(), left: ty.lane_count() })
        }

        fn convert(self, kind: ValueConversionKind) -> ValueResult<Self> {
            convert(self, kind)
        }

        fn concat(self, other: Self) -> ValueResult<Self> {
            expect(&self, ValueTypeClass::Integer)?;
            same_type(&self, &other)?;
            let w = self.ty().bits();
            let ty = self.ty().double_width().ok_or(ValueError::InvalidType(ValueTypeClass::Integer, self.ty()))?;
            value(&Num::lit(w, other.to_bits()).concat(&Num::lit(w, self.to_bits())), ty)
        }

        fn is_negative(&self) -> ValueResult<bool> {
            match class(self) {
                ValueTypeClass::Vector => Err(ValueError::InvalidType(ValueTypeClass::Integer, self.ty())),
                _ => Ok(Num::lit(self.ty().bits(), self.to_bits()).sign().is_true()),
            }
        }

        fn is_zero(&self) -> ValueResult<bool> {
            let bits = Num::lit(self.ty().bits(), self.to_bits());
            match class(self) {
                ValueTypeClass::Float => Ok(bits.extract(0, bits.w() - 1).is_zero().is_true()),
                ValueTypeClass::Integer => Ok(bits.is_zero().is_true()),
                _ => Err(ValueError::InvalidType(ValueTypeClass::Integer, self.ty())),
            }
        }

        fn uno(&self, other: &Self) -> ValueResult<bool> {
            expect(self, ValueTypeClass::Float)?;
            same_type(self, other)?;
            // A value is a NaN if it does not equal itself.
            Ok(self != &self.clone() || other != &other.clone())
        }

        fn fma(self, b: Self, c: Self) -> ValueResult<Self> {
            arithmetic(None, Some(Opcode::Fma), &[&self, &b, &c])
        }

        fn leading_ones(self) -> ValueResult<Self> {
            expect(&self, ValueTypeClass::Integer)?;
            self.not()?.leading_zeros()
        }
    }
} }

operations! {
    /// Operations on single values.
    unary {
    /// The absolute value; of the smallest integer, itself.
    abs Some(Opcode::Iabs), Some(Opcode::Fabs);
    /// The value with the other sign.
    neg Some(Opcode::Ineg), Some(Opcode::Fneg);
    /// All bits of an integer inverted.
    not Some(Opcode::Bnot), None;
    /// The square root of a float.
    sqrt None, Some(Opcode::Sqrt);
    /// The next whole number not below.
    ceil None, Some(Opcode::Ceil);
    /// The next whole number not above.
    floor None, Some(Opcode::Floor);
    /// The next whole number toward 0.
    trunc None, Some(Opcode::Trunc);
    /// The nearest whole number, ties to even.
    nearest None, Some(Opcode::Nearest);
    /// How many bits of an integer are ones.
    count_ones Some(Opcode::Popcnt), None;
    /// How many of the highest bits of an integer are zeros.
    leading_zeros Some(Opcode::Clz), None;
    /// How many of the lowest bits of an integer are zeros.
    trailing_zeros Some(Opcode::Ctz), None;
    /// The bits of an integer in the other order.
    reverse_bits Some(Opcode::Bitrev), None;
    /// The bytes of an integer in the other order.
    swap_bytes Some(Opcode::Bswap), None;
    }
    binary {
    /// The sum; of integers modulo 2^width.
    add Some(Opcode::Iadd), Some(Opcode::Fadd);
    /// The difference; of integers modulo 2^width.
    sub Some(Opcode::Isub), Some(Opcode::Fsub);
    /// The product; of integers modulo 2^width.
    mul Some(Opcode::Imul), Some(Opcode::Fmul);
    /// The quotient; of signed integers toward 0.
    sdiv Some(Opcode::Sdiv), Some(Opcode::Fdiv);
    /// The quotient of unsigned integers.
    udiv Some(Opcode::Udiv), None;
    /// The remainder of signed integers, with the sign of the first.
    srem Some(Opcode::Srem), None;
    /// The remainder of unsigned integers.
    urem Some(Opcode::Urem), None;
    /// The larger one, of signed integers or of floats.
    smax Some(Opcode::Smax), Some(Opcode::Fmax);
    /// The smaller one, of signed integers or of floats.
    smin Some(Opcode::Smin), Some(Opcode::Fmin);
    /// The larger one of unsigned integers.
    umax Some(Opcode::Umax), None;
    /// The smaller one of unsigned integers.
    umin Some(Opcode::Umin), None;
    /// The sum of unsigned integers, at most the largest.
    uadd_sat Some(Opcode::UaddSat), None;
    /// The sum of signed integers, at most the largest and at least the smallest.
    sadd_sat Some(Opcode::SaddSat), None;
    /// The difference of unsigned integers, at least 0.
    usub_sat Some(Opcode::UsubSat), None;
    /// The difference of signed integers, at most the largest and at least the smallest.
    ssub_sat Some(Opcode::SsubSat), None;
    /// The first float with the sign of the second.
    copysign None, Some(Opcode::Fcopysign);
    }
    bitwise {
    /// The bits set in both.
    and Band;
    /// The bits set in either.
    or Bor;
    /// The bits set in one.
    xor Bxor;
    }
    shift {
    /// Shifted left, by the amount modulo the width.
    shl Ishl;
    /// Shifted right, by the amount modulo the width; zeros follow.
    ushr Ushr;
    /// Shifted right, by the amount modulo the width; the sign follows.
    sshr Sshr;
    /// Rotated left.
    rotl Rotl;
    /// Rotated right.
    rotr Rotr;
    }
    overflow {
    /// The sum modulo 2^width, and whether that of signed integers has no room.
    sadd_overflow SaddOverflow;
    /// The sum modulo 2^width, and whether that of unsigned integers has no room.
    uadd_overflow UaddOverflow;
    /// The difference modulo 2^width, and whether that of signed integers has no room.
    ssub_overflow SsubOverflow;
    /// The difference modulo 2^width, and whether that of unsigned integers is below 0.
    usub_overflow UsubOverflow;
    /// The product modulo 2^width, and whether that of signed integers has no room.
    smul_overflow SmulOverflow;
    /// The product modulo 2^width, and whether that of unsigned integers has no room.
    umul_overflow UmulOverflow;
    }
    checked {
    /// The sum of signed integers, if it has room.
    sadd_checked SaddOverflow;
    /// The sum of unsigned integers, if it has room.
    uadd_checked UaddOverflow;
    }
}

/// The integer of another width, by `f` of its bits and the new width; `wider` says which widths there are.
fn resize(v: &DataValue, ty: Type, wider: bool, f: impl Fn(&Num, u32) -> Num) -> ValueResult<DataValue> {
    expect(v, ValueTypeClass::Integer)?;
    let fits = if wider { ty.bits() >= v.ty().bits() } else { ty.bits() <= v.ty().bits() };
    if !ty.is_int() || !fits {
        return Err(DataValueCastFailure::TryInto(v.ty(), ty).into());
    }
    value(&f(&Num::lit(v.ty().bits(), v.to_bits()), ty.bits()), ty)
}

fn convert(v: DataValue, kind: ValueConversionKind) -> ValueResult<DataValue> {
    match kind {
        ValueConversionKind::Exact(ty) if ty.is_int() && class(&v) == ValueTypeClass::Integer => {
            let n = v.into_int_signed()?;
            let exact = DataValue::from_integer(n, ty)?;
            if exact.clone().into_int_signed()? == n { Ok(exact) } else { Err(ValueError::InvalidValue(ty)) }
        }
        ValueConversionKind::Exact(ty) if ty.bits() == v.ty().bits() => value(&Num::lit(ty.bits(), v.to_bits()), ty),
        ValueConversionKind::Exact(ty) => Err(DataValueCastFailure::TryInto(v.ty(), ty).into()),
        ValueConversionKind::Truncate(ty) => resize(&v, ty, false, |x, w| x.extract(0, w)),
        ValueConversionKind::ExtractUpper(ty) => resize(&v, ty, false, |x, w| x.extract(x.w() - w, w)),
        ValueConversionKind::SignExtend(ty) => resize(&v, ty, true, |x, w| x.sext(w)),
        ValueConversionKind::ZeroExtend(ty) => resize(&v, ty, true, |x, w| x.zext(w)),
        ValueConversionKind::RoundNearestEven(ty) => {
            expect(&v, ValueTypeClass::Float)?;
            match ty {
                _ if ty == v.ty() => Ok(v),
                F16 | F32 | F64 | F128 => value(&run(Opcode::Fdemote, ty, &[&v])?[0], ty),
                _ => Err(DataValueCastFailure::TryInto(v.ty(), ty).into()),
            }
        }
        ValueConversionKind::ToBoolean => DataValue::bool(v.into_bool()?, false, I8),
        ValueConversionKind::Mask(ty) => DataValue::bool(v.into_bool()?, true, ty),
    }
}

/// The lanes of a vector, from the first.
#[derive(Clone, Debug)]
pub struct DataValueIterator {
    bits: u128,
    lane: Type,
    left: u32,
}

impl Iterator for DataValueIterator {
    type Item = DataValue;

    fn next(&mut self) -> Option<DataValue> {
        self.left = self.left.checked_sub(1)?;
        let w = self.lane.bits();
        let lane = DataValue::from_bits(Num::lit(w, self.bits).get(), self.lane);
        self.bits = self.bits.checked_shr(w).unwrap_or(0);
        lane
    }
}
