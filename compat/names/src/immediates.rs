//! Constants in instructions, conditions and types.

use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{
    Ieee16, Ieee32, Ieee64, Ieee128, Imm64, Offset32, Uimm8, Uimm32, Uimm64, V128Imm,
};
use cranelift_codegen::ir::{ConstantData, ConstantPool, Type, types};

/// Integers.
pub fn integers() {
    let x: Imm64 = Imm64::new(-1);
    let _: [Imm64; 3] = [x.sign_extend_from_width(8), x.zero_extend_from_width(8), x.wrapping_neg()];
    let _: (i64, i64, Imm64) = (x.bits(), x.into(), 5i64.into());
    let _: (Uimm8, Uimm32, Uimm64) = (3, 3.into(), Uimm64::new(3));
    let _: (Offset32, Offset32, i32, i64) =
        (Offset32::new(4), 4.into(), Offset32::new(4).into(), Offset32::new(4).into());
    let _: [Option<Offset32>; 2] = [Offset32::try_from_i64(1), Offset32::new(1).try_add_i64(2)];
}

/// Floating point.
pub fn floats() {
    let _: (u32, u64) = (Ieee32::with_float(1.0).bits(), Ieee64::with_float(1.0).bits());
    let _: (Ieee32, Ieee64) = (Ieee32::with_bits(0), Ieee64::with_bits(0));
    let _: (Ieee16, Ieee128) = (Ieee16::with_bits(0), Ieee128::with_bits(0));
    let _: (f32, f64) = (Ieee32::from(1.5).as_f32(), Ieee64::from(1.5).as_f64());
    let _: (bool, Ieee64) = (Ieee32::with_bits(0).is_nan(), Ieee64::with_bits(0).abs());
}

/// Longer constants.
pub fn data(pool: &mut ConstantPool) {
    let v = V128Imm([0; 16]);
    let _: (&[u8], Vec<u8>) = (v.as_slice(), v.to_vec());
    let constant = pool.insert(ConstantData::from([1u8; 16].as_slice()));
    let _: (&ConstantData, &[u8]) = (pool.get(constant), pool.get(constant).as_slice());
    let _: ConstantData = vec![1u8].into();
    let _: (usize, Vec<u8>) = (ConstantData::default().append(7i32).len(), ConstantData::default().into_vec());
}

/// Conditions.
pub fn conditions(cc: IntCC, fcc: FloatCC) {
    let _: [IntCC; 4] = [cc.complement(), cc.swap_args(), cc.unsigned(), cc.without_equal()];
    let _: [FloatCC; 2] = [fcc.complement(), fcc.swap_args()];
    let _: (&[IntCC], &[FloatCC]) = (IntCC::all(), FloatCC::all());
    use IntCC::*;
    let _: [IntCC; 5] = [Equal, NotEqual, SignedLessThan, SignedGreaterThanOrEqual, SignedGreaterThan];
    let _: [IntCC; 5] = [
        SignedLessThanOrEqual,
        UnsignedLessThan,
        UnsignedGreaterThanOrEqual,
        UnsignedGreaterThan,
        UnsignedLessThanOrEqual,
    ];
    use FloatCC as F;
    let _: [FloatCC; 5] = [F::Ordered, F::Unordered, F::Equal, F::NotEqual, F::LessThan];
    let _: [FloatCC; 4] = [F::OrderedNotEqual, F::UnorderedOrEqual, F::LessThanOrEqual, F::GreaterThan];
    let _: [FloatCC; 3] = [F::GreaterThanOrEqual, F::UnorderedOrLessThan, F::UnorderedOrGreaterThanOrEqual];
}

/// Any condition.
pub fn any_condition<C: CondCode>(cc: C) -> [C; 2] {
    [cc.complement(), cc.swap_args()]
}

/// Types.
pub fn types_of_values(ty: Type) {
    let _: [u32; 5] = [ty.bits(), ty.bytes(), ty.lane_bits(), ty.lane_count(), ty.min_lane_count()];
    let _: [bool; 6] =
        [ty.is_int(), ty.is_float(), ty.is_vector(), ty.is_lane(), ty.is_invalid(), ty.is_dynamic_vector()];
    let _: [Type; 4] = [ty.lane_type(), ty.lane_of(), ty.as_int(), ty.as_truthy()];
    let _: [Option<Type>; 4] = [ty.half_width(), ty.double_width(), ty.by(4), ty.split_lanes()];
    let _: [Option<Type>; 4] = [Type::int(32), Type::int_with_byte_size(4), ty.merge_lanes(), ty.vector_to_dynamic()];
    let _: ((u128, u128), bool) = (ty.bounds(true), ty.wider_or_equal(types::I8));
    let _: [Type; 9] = {
        use types::*;
        [I8, I16, I32, I64, I128, F16, F32, F64, F128]
    };
    let _: [Type; 6] = [types::I8X16, types::I16X8, types::I32X4, types::I64X2, types::F32X4, types::F64X2];
    let _: [Type; 3] = [types::I8X8, types::I16X4, types::INVALID];
}
