//! Vectors.

use super::B;
use cranelift_codegen::ir::{Constant, Immediate, InstBuilder, Value, types};

/// Operations on two vectors.
pub fn of_two(b: B, x: Value, y: Value) {
    let _: Value = b.ins().avg_round(x, y);
    let _: Value = b.ins().uadd_sat(x, y);
    let _: Value = b.ins().sadd_sat(x, y);
    let _: Value = b.ins().usub_sat(x, y);
    let _: Value = b.ins().ssub_sat(x, y);
    let _: Value = b.ins().iadd_pairwise(x, y);
    let _: Value = b.ins().snarrow(x, y);
    let _: Value = b.ins().unarrow(x, y);
    let _: Value = b.ins().uunarrow(x, y);
    let _: Value = b.ins().swizzle(x, y);
    let _: Value = b.ins().sqmul_round_sat(x, y);
    let _: Value = b.ins().x86_pshufb(x, y);
    let _: Value = b.ins().x86_pmulhrsw(x, y);
    let _: Value = b.ins().x86_pmaddubsw(x, y);
}

/// Operations on one vector.
pub fn of_one(b: B, x: Value) {
    let _: Value = b.ins().swiden_low(x);
    let _: Value = b.ins().swiden_high(x);
    let _: Value = b.ins().uwiden_low(x);
    let _: Value = b.ins().uwiden_high(x);
    let _: Value = b.ins().vany_true(x);
    let _: Value = b.ins().vall_true(x);
    let _: Value = b.ins().vhigh_bits(types::I32, x);
    let _: Value = b.ins().x86_cvtt2dq(types::I32X4, x);
    let _: Value = b.ins().extract_vector(x, 0);
}

/// Lanes, constants and choices.
pub fn lanes(b: B, x: Value, y: Value, z: Value, c: Constant, mask: Immediate) {
    let _: Value = b.ins().splat(types::I32X4, x);
    let _: Value = b.ins().scalar_to_vector(types::I32X4, x);
    let _: Value = b.ins().insertlane(x, y, 3);
    let _: Value = b.ins().extractlane(x, 3u8);
    let _: Value = b.ins().shuffle(x, y, mask);
    let _: Value = b.ins().vconst(types::I8X16, c);
    let _: Value = b.ins().blendv(x, y, z);
}
