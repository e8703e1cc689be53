//! Calls, returns, tail calls and calls that may throw agree with signatures. Needs references that are known to be right.

use super::Verifier;
use crate::ir::entities::Inst;
use crate::ir::{AbiParam, BlockArg, ExceptionTableData, InstructionData, Signature, Type};
use smallvec::SmallVec;
use windlass_desc::ops::Effects;

impl Verifier<'_> {
    pub(super) fn calls(&mut self, inst: Inst) {
        let func = self.func;
        let data = &func.dfg.insts[inst];
        if let InstructionData::MultiAry { .. } = data {
            return self.return_values(inst);
        }
        let Some(sig) = func.dfg.call_signature(inst) else { return };
        let sig = &func.dfg.signatures[sig];
        if let Some(table) = data.exception_table() {
            let table = &func.dfg.exception_tables[table];
            self.throwing_call(inst, sig, table);
            if !self.edges(inst, sig, table) {
                return;
            }
        } else if data.opcode().row().effects.has(Effects::RETURN) {
            self.tail_call(inst, sig);
        } else {
            self.call_results(inst, sig);
        }
        self.call_args(inst, sig);
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
        for (n, (v, p)) in args.iter().zip(&sig.params).enumerate() {
            let ty = dfg.value_type(*v);
            if ty != p.value_type {
                self.inst_error(inst, format!("arg {n} ({v}) has type {ty}, expected {}", p.value_type));
            }
        }
        if args.len() != sig.params.len() {
            self.argument_count(inst, args.len(), sig.params.len());
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

    /// A call that may throw has a convention that exceptions pass through, and the same signature in both places.
    fn throwing_call(&mut self, inst: Inst, sig: &Signature, table: &ExceptionTableData) {
        let (cc, dfg) = (sig.call_conv, &self.func.dfg);
        if !cc.supports_exceptions() {
            self.inst_error(inst, format!("calling convention `{cc}` of callee does not support exceptions"));
        }
        if let InstructionData::TryCall { func_ref, .. } = dfg.insts[inst] {
            let (here, there) = (table.signature(), dfg.ext_funcs[func_ref].signature);
            if dfg.signatures[there] != *sig {
                let message =
                    format!("exception table signature {here} did not match function {func_ref}'s signature {there}");
                self.inst_error(inst, message);
            }
        }
    }

    /// Results go to the normal edge and payloads to the others. False if something is passed that the edge does not have.
    fn edges(&mut self, inst: Inst, sig: &Signature, table: &ExceptionTableData) -> bool {
        let pool = &self.func.dfg.value_lists;
        // Without a target it is not known what arrives with an exception.
        let payloads = self.target.map(|t| sig.call_conv.exception_payload_types(t.pointer_type()).to_vec());
        let results: Vec<Type> = sig.returns.iter().map(|r| r.value_type).collect();
        let (handlers, normal) = table.all_branches().split_at(table.all_branches().len() - 1);
        let edges = normal.iter().map(|call| (call, true)).chain(handlers.iter().map(|call| (call, false)));
        for (call, is_normal) in edges {
            if !self.edge_arity(inst, call) {
                continue;
            }
            let params: SmallVec<[Type; 8]> = self.func.dfg.block_param_types(call.block(pool)).collect();
            for (arg, expected) in call.args(pool).zip(params) {
                let (name, place, known, n) = match arg {
                    BlockArg::Value(v) => {
                        self.edge_type(inst, v, self.func.dfg.value_type(v), expected);
                        continue;
                    }
                    BlockArg::TryCallRet(n) => ("retN", is_normal, Some(&results), n),
                    BlockArg::TryCallExn(n) => ("exnN", !is_normal, payloads.as_ref(), n),
                };
                if !place {
                    self.stray(inst, name, "used outside normal-return target of `try_call`");
                    return false;
                }
                match known.map(|types| types.get(n as usize)) {
                    Some(Some(ty)) => self.edge_type(inst, arg, *ty, expected),
                    Some(None) => {
                        self.inst_error(inst, format!("out-of-bounds `{name}` block argument"));
                        return false;
                    }
                    None => {}
                }
            }
        }
        true
    }
}
