//! Floating point.

use super::B;
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::immediates::{Ieee16, Ieee32, Ieee64};
use cranelift_codegen::ir::{Constant, InstBuilder, Value, types};

/// Arithmetic.
pub fn arithmetic(b: B, x: Value, y: Value, z: Value) {
    let _: Value = b.ins().fadd(x, y);
    let _: Value = b.ins().fsub(x, y);
    let _: Value = b.ins().fmul(x, y);
    let _: Value = b.ins().fdiv(x, y);
    let _: Value = b.ins().fmin(x, y);
    let _: Value = b.ins().fmax(x, y);
    let _: Value = b.ins().fcopysign(x, y);
    let _: Value = b.ins().fneg(x);
    let _: Value = b.ins().fabs(x);
    let _: Value = b.ins().sqrt(x);
    let _: Value = b.ins().ceil(x);
    let _: Value = b.ins().floor(x);
    let _: Value = b.ins().trunc(x);
    let _: Value = b.ins().nearest(x);
    let _: Value = b.ins().fma(x, y, z);
    let _: Value = b.ins().fcmp(FloatCC::LessThan, x, y);
}

/// Constants.
pub fn constants(b: B, c: Constant) {
    let _: Value = b.ins().f16const(Ieee16::with_bits(0));
    let _: Value = b.ins().f32const(1.5);
    let _: Value = b.ins().f32const(Ieee32::with_bits(0x3f80_0000));
    let _: Value = b.ins().f64const(1.5);
    let _: Value = b.ins().f64const(Ieee64::with_bits(0));
    let _: Value = b.ins().f128const(c);
}

/// Conversions.
pub fn conversions(b: B, x: Value) {
    let _: Value = b.ins().fpromote(types::F64, x);
    let _: Value = b.ins().fdemote(types::F64, x);
    let _: Value = b.ins().fcvt_from_uint(types::F64, x);
    let _: Value = b.ins().fcvt_from_sint(types::F64, x);
    let _: Value = b.ins().fcvt_to_uint(types::I32, x);
    let _: Value = b.ins().fcvt_to_sint(types::I32, x);
    let _: Value = b.ins().fcvt_to_uint_sat(types::I32, x);
    let _: Value = b.ins().fcvt_to_sint_sat(types::I32, x);
    let _: Value = b.ins().fvdemote(x);
    let _: Value = b.ins().fvpromote_low(x);
}
