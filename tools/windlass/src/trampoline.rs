//! Trampolines: functions of IR through which functions of any signature can be called with values in memory. Needs the
//! builder; leaves a function of the type `(callee, slots)` in a C convention.

use crate::sandbox::SLOT;
use windlass_ir::cursor::{Cursor, FuncCursor};
use windlass_ir::ir::{AbiParam, Endianness, Function, InstBuilder, MemFlagsData, Signature, UserFuncName, types};
use windlass_ir::isa::CallConv;

/// Number `n`'s trampoline for a signature, to be called by a convention: it loads each argument from a slot, calls, and stores each result to a slot.
pub fn build(signature: &Signature, n: usize, conv: CallConv) -> Function {
    let pointer = types::I64;
    let mut sig = Signature::new(conv);
    sig.params = vec![AbiParam::new(pointer); 2];
    let mut func = Function::with_name_signature(UserFuncName::testcase(format!("trampoline {n}")), sig);
    let callee_sig = func.import_signature(signature.clone());
    let block = func.dfg.make_block();
    let callee = func.dfg.append_block_param(block, pointer);
    let slots = func.dfg.append_block_param(block, pointer);
    let offset = |n: usize| i32::try_from(n * SLOT).unwrap_or(i32::MAX);
    // vectors are in memory as on a little-endian machine, everything else as on the target
    let flags = |ty: types::Type| match ty.is_vector() {
        true => MemFlagsData::trusted().with_endianness(Endianness::Little),
        false => MemFlagsData::trusted(),
    };
    let mut pos = FuncCursor::new(&mut func);
    pos.insert_block(block);
    let mut args = vec![];
    for (n, param) in signature.params.iter().enumerate() {
        args.push(pos.ins().load(param.value_type, flags(param.value_type), slots, offset(n)));
    }
    let call = pos.ins().call_indirect(callee_sig, callee, &args);
    let results = pos.func.dfg.inst_results(call).to_vec();
    for (n, (value, result)) in results.into_iter().zip(&signature.returns).enumerate() {
        pos.ins().store(flags(result.value_type), value, slots, offset(n));
    }
    pos.ins().return_(&[]);
    func
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifies_and_names_each_slot() {
        let mut sig = Signature::new(CallConv::Fast);
        sig.params = [types::I8, types::I64].map(AbiParam::new).to_vec();
        sig.returns = vec![AbiParam::new(types::I16)];
        let func = build(&sig, 3, CallConv::SystemV);
        windlass_ir::verifier::verify_function(&func, None).unwrap();
        let text = func.display().to_string();
        assert!(text.contains("v1+16") && text.contains("call_indirect sig0, v0"), "{text}");
    }
}
