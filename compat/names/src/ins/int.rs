//! Integers.

use super::B;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::immediates::Imm64;
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, TrapCode, Value, types};

/// Operations on two integers.
pub fn of_two(b: B, x: Value, y: Value) {
    let _: Value = b.ins().iadd(x, y);
    let _: Value = b.ins().isub(x, y);
    let _: Value = b.ins().imul(x, y);
    let _: Value = b.ins().udiv(x, y);
    let _: Value = b.ins().sdiv(x, y);
    let _: Value = b.ins().urem(x, y);
    let _: Value = b.ins().srem(x, y);
    let _: Value = b.ins().umulhi(x, y);
    let _: Value = b.ins().smulhi(x, y);
    let _: Value = b.ins().band(x, y);
    let _: Value = b.ins().bor(x, y);
    let _: Value = b.ins().bxor(x, y);
    let _: Value = b.ins().band_not(x, y);
    let _: Value = b.ins().bor_not(x, y);
    let _: Value = b.ins().bxor_not(x, y);
    let _: Value = b.ins().umin(x, y);
    let _: Value = b.ins().umax(x, y);
    let _: Value = b.ins().smin(x, y);
    let _: Value = b.ins().smax(x, y);
    let _: Value = b.ins().rotl(x, y);
    let _: Value = b.ins().rotr(x, y);
    let _: Value = b.ins().ishl(x, y);
    let _: Value = b.ins().ushr(x, y);
    let _: Value = b.ins().sshr(x, y);
    let _: Value = b.ins().iconcat(x, y);
}

/// Operations on one integer.
pub fn of_one(b: B, x: Value) {
    let _: Value = b.ins().ineg(x);
    let _: Value = b.ins().iabs(x);
    let _: Value = b.ins().bnot(x);
    let _: Value = b.ins().bitrev(x);
    let _: Value = b.ins().bswap(x);
    let _: Value = b.ins().clz(x);
    let _: Value = b.ins().cls(x);
    let _: Value = b.ins().ctz(x);
    let _: Value = b.ins().popcnt(x);
    let _: (Value, Value) = b.ins().isplit(x);
}

/// Operations with carries and overflow.
pub fn with_carries(b: B, x: Value, y: Value, c: Value) {
    let _: (Value, Value) = b.ins().uadd_overflow(x, y);
    let _: (Value, Value) = b.ins().sadd_overflow(x, y);
    let _: (Value, Value) = b.ins().usub_overflow(x, y);
    let _: (Value, Value) = b.ins().ssub_overflow(x, y);
    let _: (Value, Value) = b.ins().umul_overflow(x, y);
    let _: (Value, Value) = b.ins().smul_overflow(x, y);
    let _: (Value, Value) = b.ins().uadd_overflow_cin(x, y, c);
    let _: (Value, Value) = b.ins().sadd_overflow_cin(x, y, c);
    let _: (Value, Value) = b.ins().usub_overflow_bin(x, y, c);
    let _: (Value, Value) = b.ins().ssub_overflow_bin(x, y, c);
    let _: Value = b.ins().uadd_overflow_trap(x, y, TrapCode::HEAP_OUT_OF_BOUNDS);
}

/// Operations with a constant.
pub fn with_constants(b: B, x: Value) {
    let _: Value = b.ins().iadd_imm_s(x, -1);
    let _: Value = b.ins().imul_imm_s(x, -1);
    let _: Value = b.ins().udiv_imm_s(x, -1);
    let _: Value = b.ins().sdiv_imm_s(x, -1);
    let _: Value = b.ins().urem_imm_s(x, -1);
    let _: Value = b.ins().srem_imm_s(x, -1);
    let _: Value = b.ins().band_imm_s(x, -1);
    let _: Value = b.ins().bor_imm_s(x, -1);
    let _: Value = b.ins().bxor_imm_s(x, -1);
    let _: Value = b.ins().rotl_imm_s(x, -1);
    let _: Value = b.ins().rotr_imm_s(x, -1);
    let _: Value = b.ins().ishl_imm_s(x, -1);
    let _: Value = b.ins().ushr_imm_s(x, -1);
    let _: Value = b.ins().sshr_imm_s(x, -1);
    let _: Value = b.ins().iadd_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().imul_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().udiv_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().sdiv_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().urem_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().srem_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().band_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().bor_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().bxor_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().rotl_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().rotr_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().ishl_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().ushr_imm_u(x, i64::from(7u8));
    let _: Value = b.ins().sshr_imm_u(x, i64::from(7u8));
}

/// Operations with a constant, whose sign is the operation's.
pub fn with_any_constants(b: B, x: Value) {
    #![allow(deprecated, reason = "clients still use them")]
    let _: Value = b.ins().iadd_imm(x, Imm64::new(1));
    let _: Value = b.ins().imul_imm(x, Imm64::new(1));
    let _: Value = b.ins().udiv_imm(x, Imm64::new(1));
    let _: Value = b.ins().sdiv_imm(x, Imm64::new(1));
    let _: Value = b.ins().urem_imm(x, Imm64::new(1));
    let _: Value = b.ins().srem_imm(x, Imm64::new(1));
    let _: Value = b.ins().band_imm(x, Imm64::new(1));
    let _: Value = b.ins().bor_imm(x, Imm64::new(1));
    let _: Value = b.ins().bxor_imm(x, Imm64::new(1));
    let _: Value = b.ins().rotl_imm(x, Imm64::new(1));
    let _: Value = b.ins().rotr_imm(x, Imm64::new(1));
    let _: Value = b.ins().ishl_imm(x, Imm64::new(1));
    let _: Value = b.ins().ushr_imm(x, Imm64::new(1));
    let _: Value = b.ins().sshr_imm(x, Imm64::new(1));
    let _: Value = b.ins().icmp_imm(IntCC::Equal, x, 1);
}

/// Constants and changes of type.
pub fn of_types(b: B, x: Value, y: Value, c: Value) {
    let _: Value = b.ins().iconst(types::I32, -1);
    let _: Value = b.ins().iconst(types::I64, i64::from(u32::MAX));
    let _: Value = b.ins().uextend(types::I64, x);
    let _: Value = b.ins().sextend(types::I64, x);
    let _: Value = b.ins().ireduce(types::I8, x);
    let _: Value = b.ins().bmask(types::I32, x);
    let _: Value = b.ins().select(c, x, y);
    let _: Value = b.ins().select_spectre_guard(c, x, y);
    let _: Value = b.ins().bitselect(c, x, y);
    let _: Value = b.ins().bitcast(types::F32, MemFlagsData::new(), x);
    let _: Value = b.ins().bitcast(types::I8X16, MemFlagsData::new().with_endianness(Endianness::Little), x);
    let _: Value = b.ins().icmp(IntCC::UnsignedLessThan, x, y);
    let _: Value = b.ins().icmp_imm_s(IntCC::SignedGreaterThan, x, -1);
    let _: Value = b.ins().icmp_imm_u(IntCC::NotEqual, x, 3);
}
