//! One NaN for all: under `enable_nan_canonicalization` what arithmetic gives is replaced, if it is a NaN, by the quiet one
//! without sign and payload. Needs [`crate::lower`].

use super::encode::CC;
use super::rows::*;
use crate::lower::Lower;
use windlass_desc::fp::FpFormat;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{F32, F64, Type};
use windlass_desc::x64::flags::Cc;
use windlass_ir::ir::Inst;
use windlass_regalloc::VReg;

/// May the operation make a NaN?
fn makes_nans(op: Opcode) -> bool {
    use Opcode::*;
    matches!(
        op,
        Fadd | Fsub | Fmul | Fdiv | Sqrt | Fma | Fmin | Fmax | Ceil | Floor | Trunc | Nearest | Fpromote | Fdemote
    )
}

/// Replaces the result of `i`, which is lowered next, where it is a NaN.
pub fn canonicalize(c: &mut Lower<'_>, i: Inst, op: Opcode, ty: Type) {
    let (select, compare, constant) = match ty {
        F32 => (SELECTF32_RR, CMPF32_RR, CONSTF32_RW),
        F64 => (SELECTF64_RR, CMPF64_RR, CONSTF64_RW),
        _ => return,
    };
    if !c.given.options.canonical_nans || !makes_nans(op) {
        return;
    }
    let (result, found, nan) = (c.result(i, 0, 0), c.vector_temp(), c.vector_temp());
    let mut emit = |row, operands: &[VReg], flags: u16, payload: u128| {
        c.start(row);
        operands.iter().for_each(|&r| c.def_vreg(r));
        c.pending().flags |= flags;
        c.pending().payload |= payload as u64;
        c.end();
    };
    emit(select, &[result, found, nan], (Cc::P as u16) << CC, 0);
    emit(compare, &[found, found], 0, 0);
    emit(constant, &[nan], 0, FpFormat::of(ty.bits()).quiet_nan());
    c.redirect(i, found);
}
