//! Operations on floats for which the CPU may have no instruction: calls of the functions that the runtime has for them.
//! Needs [`crate::call`].

use crate::call::{self, Callee};
use crate::error::CodegenResult;
use crate::lower::{Lower, unsupported};
use windlass_desc::ops::Opcode;
use windlass_desc::types::{F32, F64};
use windlass_ir::ir::{AbiParam, ExternalName, Inst, LibCall, Signature};

/// Calls the function that does what `i` does, with floats as operands and result.
pub fn libcall(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let (op, ty) = (c.opcode(i), c.ctv(i));
    let call = match (op, ty) {
        (Opcode::Ceil, F32) => LibCall::CeilF32,
        (Opcode::Ceil, F64) => LibCall::CeilF64,
        (Opcode::Floor, F32) => LibCall::FloorF32,
        (Opcode::Floor, F64) => LibCall::FloorF64,
        (Opcode::Trunc, F32) => LibCall::TruncF32,
        (Opcode::Trunc, F64) => LibCall::TruncF64,
        (Opcode::Nearest, F32) => LibCall::NearestF32,
        (Opcode::Nearest, F64) => LibCall::NearestF64,
        (Opcode::Fma, F32) => LibCall::FmaF32,
        (Opcode::Fma, F64) => LibCall::FmaF64,
        _ => return Err(unsupported(c, i)),
    };
    let func = c.func;
    let args = func.dfg.inst_args(i);
    let mut sig = Signature::new(c.given.options.libcalls.conv);
    sig.params = vec![AbiParam::new(ty); args.len()];
    sig.returns = vec![AbiParam::new(ty)];
    let symbol = c.placed_symbol_number(ExternalName::LibCall(call), c.given.options.libcalls.near);
    call::emit_call(c, i, c.roles.flow.call, &Callee { sig: &sig, symbol, args, address: None, patchable: false })
}
