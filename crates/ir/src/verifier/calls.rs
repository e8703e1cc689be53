//! Calls, returns, tail calls and calls that may throw agree with signatures. Needs references that are known to be right.

use super::Verifier;
use crate::ir::entities::Inst;
use crate::ir::{AbiParam, BlockArg, ExceptionTableData, InstructionData, Signature, Type};
use crate::isa::CallConv;
use smallvec::SmallVec;
use windlass_desc::ops::Effects;
use windlass_desc::types;

impl Verifier<'_> {
    pub(super) fn calls(&mut self, inst: Inst) {
        let func = self.func;
        let data = &func.dfg.insts[inst];
        if let InstructionData::MultiAry { .. } = data {
            return self.return_values(inst);
        }
        let Some(sig) = func.dfg.call_signature(inst) else { return };
        let sig = &func.dfg.signatures[sig];
        self.call_args(inst, sig);
        if data.opcode().row().effects.has(Effects::RETURN) {
            self.tail_call(inst, sig);
        } else if let Some(table) = data.exception_table() {
            self.throwing_call(inst, sig, &func.dfg.exception_tables[table]);
        } else {
            self.call_results(inst, sig);
        }
    }

    /// The values a function returns are what its signature says.
    fn return_values(&mut self, inst: Inst) {
        let func = self.func;
        let types: Vec<Type> = func.dfg.inst_args(inst).iter().map(|v| func.dfg.value_type(*v)).collect();
        self.function_results(inst, &types, "arguments of return must match function signature");
    }

    fn function_results(&mut self, inst: Inst, types: &[Type], count_message: &str) {
        let expected = &self.func.signature.returns;
        if types.len() != expected.len() {
            return self.inst_error(inst, count_message);
        }
        for (n, (ty, r)) in types.iter().zip(expected).enumerate() {
            if *ty != r.value_type {
                let message = format!("result {n} has type {ty}, must match function signature of {}", r.value_type);
                self.inst_error(inst, message);
            }
        }
    }

    fn call_args(&mut self, inst: Inst, sig: &Signature) {
        let dfg = &self.func.dfg;
        let args = dfg.inst_variable_args(inst);
        if args.len() != sig.params.len() {
            return self.argument_count(inst, args.len(), sig.params.len());
        }
        for (n, (v, p)) in args.iter().zip(&sig.params).enumerate() {
            let ty = dfg.value_type(*v);
            if ty != p.value_type {
                self.inst_error(inst, format!("arg {n} ({v}) has type {ty}, expected {}", p.value_type));
            }
        }
    }

    fn call_results(&mut self, inst: Inst, sig: &Signature) {
        let dfg = &self.func.dfg;
        let results = dfg.inst_results(inst);
        let matching = |(v, r): (&crate::ir::Value, &AbiParam)| dfg.value_type(*v) == r.value_type;
        if results.len() != sig.returns.len() || !results.iter().zip(&sig.returns).all(matching) {
            self.inst_error(inst, "results of the call do not match the signature of the callee");
        }
    }

    /// A tail call leaves the frame to a callee of the same convention, which returns the same.
    fn tail_call(&mut self, inst: Inst, sig: &Signature) {
        let cc = sig.call_conv;
        if !cc.supports_tail_calls() {
            self.inst_error(inst, format!("calling convention `{cc}` does not support tail calls"));
        }
        if cc != self.func.signature.call_conv {
            self.inst_error(inst, "callee's calling convention must match caller");
        }
        let types: Vec<Type> = sig.returns.iter().map(|r| r.value_type).collect();
        self.function_results(inst, &types, "results of callee must match caller");
    }

    /// A call that may throw passes results to one edge and payloads to the others.
    fn throwing_call(&mut self, inst: Inst, sig: &Signature, table: &ExceptionTableData) {
        let (cc, dfg) = (sig.call_conv, &self.func.dfg);
        if let InstructionData::TryCall { func_ref, .. } = dfg.insts[inst]
            && dfg.signatures[dfg.ext_funcs[func_ref].signature] != *sig
        {
            self.inst_error(inst, "signature of the exception table must match that of the callee");
        }
        if !cc.supports_exceptions() {
            self.inst_error(inst, format!("calling convention `{cc}` of callee does not support exceptions"));
        }
        let payloads = self.payload_types(cc);
        let branches = table.all_branches();
        let normal = branches.len() - 1;
        for (n, call) in branches.iter().enumerate() {
            if !self.edge_arity(inst, call) {
                continue;
            }
            let params: SmallVec<[Type; 8]> =
                self.func.dfg.block_param_types(call.block(&self.func.dfg.value_lists)).collect();
            for (arg, expected) in call.args(&self.func.dfg.value_lists).zip(params) {
                let ty = match arg {
                    BlockArg::Value(v) => Some(self.func.dfg.value_type(v)),
                    BlockArg::TryCallRet(k) if n == normal => sig.returns.get(k as usize).map(|r| r.value_type),
                    BlockArg::TryCallExn(k) if n != normal => payloads.get(k as usize).copied(),
                    _ => {
                        let edge = if n == normal { "normal" } else { "exceptional" };
                        self.inst_error(inst, format!("`{arg}` is not there on the {edge} edge of a `try_call`"));
                        continue;
                    }
                };
                match ty {
                    Some(ty) => self.edge_type(inst, arg, ty, expected),
                    None => self.inst_error(inst, format!("out-of-bounds block argument `{arg}`")),
                }
            }
        }
    }

    /// What arrives with an exception; without a target, pointers are of 64 bits.
    fn payload_types(&self, cc: CallConv) -> Vec<Type> {
        let pointer = self.target.map_or(types::I64, |t| t.pointer_type());
        cc.exception_payload_types(pointer).to_vec()
    }
}
