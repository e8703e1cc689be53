//! One NaN for all: under `enable_nan_canonicalization` what arithmetic gives is replaced, if it is a NaN, by the quiet one
//! without sign and payload. Needs [`crate::lower`].

use crate::lower::Lower;
use windlass_desc::fp::FpFormat;
use windlass_desc::ops::{Effects, Opcode};
use windlass_desc::types::{F32, F64, Type};
use windlass_ir::ir::Inst;
use windlass_regalloc::VReg;

/// Replaces the result of `i`, which is lowered next, where it is a NaN.
pub fn canonicalize(c: &mut Lower<'_>, i: Inst, op: Opcode, ty: Type) {
    if !c.given.options.canonical_nans || !op.row().effects.has(Effects::MAKES_NANS) {
        return;
    }
    let (Some(nans), Some(width)) = (&c.roles.nans, [F32, F64].iter().position(|&t| t == ty)) else { return };
    let (result, found, nan) = (c.result(i, 0, 0), c.vector_temp(), c.vector_temp());
    let mut emit = |row, operands: &[VReg], flags: u16, payload: u64| {
        c.start(row);
        operands.iter().for_each(|&r| c.operand(r));
        c.pending().flags |= flags;
        c.pending().payload |= payload;
        c.end();
    };
    emit(nans.select[width], &[result, found, nan], nans.unordered, 0);
    emit(nans.compare[width], &[found, found], 0, 0);
    emit(nans.constant[width], &[nan], 0, FpFormat::of(ty.bits()).quiet_nan() as u64);
    c.redirect(i, found);
}
