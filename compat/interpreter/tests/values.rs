//! Operations on single values.

use cranelift_interpreter::value::{DataValueExt, ValueConversionKind as To, ValueError, ValueTypeClass};
use windlass_ir::data_value::DataValue::{self, F32, F64, I8, I16, I32, I64, I128};
use windlass_ir::ir::immediates::{Ieee32, Ieee64};
use windlass_ir::ir::types;

fn f32(x: f32) -> DataValue {
    F32(Ieee32::with_float(x))
}

fn f64(x: f64) -> DataValue {
    F64(Ieee64::with_float(x))
}

#[test]
fn integers_and_floats() {
    assert_eq!(I8(100).add(I8(100)), Ok(I8(-56)));
    assert_eq!(f32(1.5).add(f32(2.0)), Ok(f32(3.5)));
    assert_eq!(I8(-128).sdiv(I8(-1)), Err(ValueError::IntegerOverflow));
    assert_eq!(I8(1).urem(I8(0)), Err(ValueError::IntegerDivisionByZero));
    assert_eq!(f64(1.0).sdiv(f64(0.0)), Ok(f64(f64::INFINITY)));
    assert_eq!(f64(-2.25).abs().unwrap().sqrt(), Ok(f64(1.5)));
    assert_eq!(f32(2.0).fma(f32(3.0), f32(1.0)), Ok(f32(7.0)));
    assert_eq!(f64(2.5).nearest(), Ok(f64(2.0)));
    assert_eq!(I16(-7).srem(I16(4)), Ok(I16(-3)));
    assert_eq!((I8(-1).smax(I8(1)), I8(-1).umax(I8(1))), (Ok(I8(1)), Ok(I8(-1))));
    assert_eq!((I8(0x70).leading_zeros(), I8(-16).leading_ones()), (Ok(I8(1)), Ok(I8(4))));
    assert_eq!((I32(1).reverse_bits(), I32(1).swap_bytes()), (Ok(I32(i32::MIN)), Ok(I32(1 << 24))));
    assert_eq!((I8(1).shl(I64(9)), I8(-128).sshr(I8(7)), I8(-128).ushr(I8(7))), (Ok(I8(2)), Ok(I8(-1)), Ok(I8(1))));
    assert_eq!((I8(1).rotr(I8(1)), I32(1).rotl(I8(33))), (Ok(I8(-128)), Ok(I32(2))));
}

#[test]
fn overflow() {
    assert_eq!(I8(127).sadd_overflow(I8(1)), Ok((I8(-128), true)));
    assert_eq!(I8(-1).uadd_overflow(I8(0)), Ok((I8(-1), false)));
    assert_eq!(I32(0).usub_overflow(I32(1)), Ok((I32(-1), true)));
    assert_eq!(I64(i64::MAX).smul_overflow(I64(2)), Ok((I64(-2), true)));
    assert_eq!((I8(127).sadd_checked(I8(1)), I8(127).uadd_checked(I8(1))), (Ok(None), Ok(Some(I8(-128)))));
    assert_eq!((I8(127).sadd_sat(I8(1)), I8(0).usub_sat(I8(1))), (Ok(I8(127)), Ok(I8(0))));
}

#[test]
fn wrong_types_are_errors() {
    assert!(matches!(I8(1).add(I16(1)), Err(ValueError::InvalidDataValueCast(_))));
    let float = |v| ValueError::InvalidType(ValueTypeClass::Float, v);
    assert_eq!(I8(1).sqrt(), Err(float(types::I8)));
    assert_eq!(I8(1).is_nan(), Err(float(types::I8)));
    let vector = DataValue::V64([0; 8]);
    assert!(vector.clone().add(vector.clone()).is_err() && vector.clone().is_zero().is_err());
    assert_eq!(vector.clone().xor(vector.clone()), Ok(vector));
    assert!(f64(1.0).shl(I8(1)).is_err() && DataValue::bool(true, false, types::F32).is_err());
    assert!(I128(1).concat(I128(1)).is_err() && DataValue::int(300, types::I8).is_err());
}

#[test]
fn conversions() {
    assert_eq!(I16(-2).convert(To::SignExtend(types::I64)), Ok(I64(-2)));
    assert_eq!(I16(-2).convert(To::ZeroExtend(types::I64)), Ok(I64(0xfffe)));
    assert_eq!(I32(0x1234_5678).convert(To::Truncate(types::I8)), Ok(I8(0x78)));
    assert_eq!(I32(0x1234_5678).convert(To::ExtractUpper(types::I16)), Ok(I16(0x1234)));
    assert!(I32(0).convert(To::SignExtend(types::I8)).is_err() && I32(0).convert(To::Truncate(types::I64)).is_err());
    assert_eq!(I32(-1).convert(To::Exact(types::I8)), Ok(I8(-1)));
    assert_eq!(I32(200).convert(To::Exact(types::I8)), Err(ValueError::InvalidValue(types::I8)));
    assert_eq!(I32(0x3f80_0000).convert(To::Exact(types::F32)), Ok(f32(1.0)));
    assert_eq!(f64(0.1).convert(To::RoundNearestEven(types::F32)), Ok(f32(0.1)));
    assert_eq!((I32(5).convert(To::ToBoolean), I32(5).convert(To::Mask(types::I16))), (Ok(I8(1)), Ok(I16(-1))));
    assert_eq!(I64(1).concat(I64(2)), Ok(I128(1 | 2 << 64)));
    assert_eq!((I8(-1).into_int_signed(), I8(-1).into_int_unsigned()), (Ok(-1), Ok(255)));
    assert_eq!((I8(-1).is_negative(), f32(-0.0).is_negative(), f32(-0.0).is_zero()), (Ok(true), Ok(true), Ok(true)));
    assert_eq!((f32(1.5).into_float(), DataValue::float(0x3fc0_0000, types::F32)), (Ok(1.5), Ok(f32(1.5))));
    assert_eq!(
        (f32(f32::NAN).is_nan(), f32(1.0).uno(&f32(f32::NAN)), f32(1.0).is_nan()),
        (Ok(true), Ok(true), Ok(false))
    );
}

#[test]
fn lanes() {
    let bytes = [1, 0, 2, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let short = DataValue::vector(bytes, types::I16X4).unwrap();
    let lanes: Vec<DataValue> = short.iter_lanes(types::I16X4).unwrap().collect();
    assert_eq!(lanes, [I16(1), I16(2), I16(3), I16(4)]);
    assert_eq!(short.into_array(), Ok(bytes));
    assert!(short.iter_lanes(types::I16X8).is_err() && DataValue::vector(bytes, types::I64).is_err());
    assert_eq!(I128(7).iter_lanes(types::I128).unwrap().collect::<Vec<_>>(), [I128(7)]);
}
