//! Instructions in the graph: their results, operands and types. Needs the graph and the rows of operations.

use super::DataFlowGraph;
use super::values::{ValueData, ValueDef};
use crate::ir::dynamic_type::DynamicTypeData;
use crate::ir::instructions::{CallInfo, InstructionData, ValueList};
use crate::ir::types::{self, Type};
use crate::ir::{DynamicType, Inst, SigRef, Value};
use windlass_desc::ops::{Ctv, Ty};

/// An instruction with its results as in CLIF, see [`DataFlowGraph::display_inst`].
pub struct DisplayInst<'a>(pub(crate) &'a DataFlowGraph, pub(crate) Inst);

impl DataFlowGraph {
    /// Adds an instruction without results, which is not in the layout yet.
    pub fn make_inst(&mut self, data: InstructionData) -> Inst {
        self.insts.0.push(data)
    }
    /// Adds a dynamic type.
    pub fn make_dynamic_ty(&mut self, data: DynamicTypeData) -> DynamicType {
        self.dynamic_types.push(data)
    }
    /// The instruction as in CLIF.
    pub fn display_inst(&self, inst: Inst) -> DisplayInst<'_> {
        DisplayInst(self, inst)
    }
    /// The instruction that defines a value, as in CLIF; panics if it is a parameter.
    pub fn display_value_inst(&self, value: Value) -> DisplayInst<'_> {
        self.display_inst(self.value_def(value).unwrap_inst())
    }

    /// The instruction's operands, without the arguments of branches.
    pub fn inst_args(&self, inst: Inst) -> &[Value] {
        self.insts[inst].arguments(&self.value_lists)
    }
    /// The instruction's operands, to be changed.
    pub fn inst_args_mut(&mut self, inst: Inst) -> &mut [Value] {
        self.insts.0[inst].arguments_mut(&mut self.value_lists)
    }
    fn num_fixed_args(&self, inst: Inst) -> usize {
        self.insts[inst].opcode().row().operands.len().min(self.inst_args(inst).len())
    }
    /// The operands that the operation has by itself.
    pub fn inst_fixed_args(&self, inst: Inst) -> &[Value] {
        &self.inst_args(inst)[..self.num_fixed_args(inst)]
    }
    /// The operands that the operation has by itself, to be changed.
    pub fn inst_fixed_args_mut(&mut self, inst: Inst) -> &mut [Value] {
        let n = self.num_fixed_args(inst);
        &mut self.inst_args_mut(inst)[..n]
    }
    /// The operands beyond: arguments of calls and returns.
    pub fn inst_variable_args(&self, inst: Inst) -> &[Value] {
        &self.inst_args(inst)[self.num_fixed_args(inst)..]
    }
    /// The operands beyond, to be changed.
    pub fn inst_variable_args_mut(&mut self, inst: Inst) -> &mut [Value] {
        let n = self.num_fixed_args(inst);
        &mut self.inst_args_mut(inst)[n..]
    }
    /// All values the instruction uses: operands, arguments of branches in their order, contexts of exception tables.
    pub fn inst_values<'dfg>(&'dfg self, inst: Inst) -> impl DoubleEndedIterator<Item = Value> + 'dfg {
        let data = &self.insts[inst];
        let targets = data.branch_destination(&self.jump_tables, &self.exception_tables);
        let branch_args = targets.iter().flat_map(|t| t.args(&self.value_lists)).filter_map(|a| a.as_value());
        let table = data.exception_table().and_then(|t| self.exception_tables.get(t));
        let contexts = table.into_iter().flat_map(|t| t.contexts());
        self.inst_args(inst).iter().copied().chain(branch_args).chain(contexts)
    }
    /// Changes all values the instruction uses.
    pub fn map_inst_values<F: FnMut(Value) -> Value>(&mut self, inst: Inst, body: F) {
        let (lists, tables, handlers) = (&mut self.value_lists, &mut self.jump_tables, &mut self.exception_tables);
        self.insts.0[inst].map_values(lists, tables, handlers, body);
    }
    /// Replaces all values the instruction uses, in the order of [`DataFlowGraph::inst_values`]; there must be enough.
    pub fn overwrite_inst_values<I: Iterator<Item = Value>>(&mut self, inst: Inst, mut values: I) {
        self.map_inst_values(inst, |old| {
            let new = values.next();
            debug_assert!(new.is_some(), "too few values");
            new.unwrap_or(old)
        });
    }

    /// Has the instruction results?
    pub fn has_results(&self, inst: Inst) -> bool {
        !self.results[inst].is_empty()
    }
    /// The instruction's results.
    pub fn inst_results(&self, inst: Inst) -> &[Value] {
        self.results[inst].as_slice(&self.value_lists)
    }
    /// The list of the instruction's results.
    pub fn inst_results_list(&self, inst: Inst) -> ValueList {
        self.results[inst]
    }
    /// The instruction's first result; panics if it has none.
    #[track_caller]
    pub fn first_result(&self, inst: Inst) -> Value {
        self.results[inst].first(&self.value_lists).expect("the instruction has results")
    }
    /// Gives an instruction its results, of the types that its operation, controlling type and signature say. Results it
    /// had before are detached. Returns how many there are.
    pub fn make_inst_results(&mut self, inst: Inst, ctrl_typevar: Type) -> usize {
        self.make_inst_results_reusing(inst, ctrl_typevar, std::iter::empty())
    }
    /// The same, with these values as the first results where there are any; they must be detached and of the right type.
    pub fn make_inst_results_reusing<I>(&mut self, inst: Inst, ctrl_typevar: Type, mut reuse: I) -> usize
    where
        I: Iterator<Item = Option<Value>>,
    {
        self.clear_results(inst);
        let count = self.num_expected_results(inst);
        for num in 0..count {
            // an ill-typed instruction still has its number of results, which the verifier counts on
            let ty = self.compute_result_type(inst, num, ctrl_typevar).unwrap_or(types::INVALID);
            let data = ValueData::result(ty, num, inst);
            let value = match reuse.next().flatten() {
                Some(old) => {
                    debug_assert_eq!(self.value_type(old), ty, "the value to be used again has another type");
                    self.set_value(old, data);
                    old
                }
                None => self.make_value(data),
            };
            self.results[inst].push(value, &mut self.value_lists);
        }
        count
    }
    /// Puts a new result of type `ty` in the place of an old one, which is detached then.
    pub fn replace_result(&mut self, old: Value, ty: Type) -> Value {
        match self.value_data(old).def() {
            Some(ValueDef::Result(inst, num)) if self.value_is_attached(old) => {
                let new = self.make_value(ValueData::result(ty, num, inst));
                self.results[inst].as_mut_slice(&mut self.value_lists)[num] = new;
                new
            }
            _ => panic!("{old} is not a result"),
        }
    }
    /// Detaches the instruction's results and frees their list.
    pub fn clear_results(&mut self, inst: Inst) {
        if self.has_results(inst) {
            self.results[inst].clear(&mut self.value_lists);
        }
    }
    /// Detaches the instruction's results.
    pub fn detach_inst_results(&mut self, inst: Inst) {
        self.clear_results(inst);
    }
    /// A copy of an instruction, with lists and results of its own.
    pub fn clone_inst(&mut self, inst: Inst) -> Inst {
        let ctrl_typevar = self.ctrl_typevar(inst);
        let mut data = self.insts[inst].deep_clone(&mut self.value_lists);
        match &mut data {
            InstructionData::BranchTable { table, .. } => {
                let mut copy = self.jump_tables[*table].clone();
                copy.all_branches_mut().iter_mut().for_each(|t| *t = t.deep_clone(&mut self.value_lists));
                *table = self.jump_tables.push(copy);
            }
            InstructionData::TryCall { exception, .. } | InstructionData::TryCallIndirect { exception, .. } => {
                let copy = self.exception_tables[*exception].deep_clone(&mut self.value_lists);
                *exception = self.exception_tables.push(copy);
            }
            _ => {}
        }
        let copy = self.make_inst(data);
        self.make_inst_results(copy, ctrl_typevar);
        if let Some(entries) = self.user_stack_maps.get(&inst).cloned() {
            self.user_stack_maps.insert(copy, entries);
        }
        copy
    }

    /// The signature of what the instruction calls.
    pub fn call_signature(&self, inst: Inst) -> Option<SigRef> {
        match self.insts[inst].analyze_call(&self.value_lists, &self.exception_tables) {
            CallInfo::NotACall => None,
            CallInfo::Direct(f, _) => self.ext_funcs.get(f).map(|f| f.signature),
            CallInfo::DirectWithSig(_, sig, _) | CallInfo::Indirect(sig, _) => Some(sig),
        }
    }
    /// The signature whose return values are the instruction's results: not that of calls that end their block.
    fn result_signature(&self, inst: Inst) -> Option<SigRef> {
        if self.insts[inst].opcode().is_terminator() { None } else { self.call_signature(inst) }
    }
    /// How many results the operation and signature say.
    pub(super) fn num_expected_results(&self, inst: Inst) -> usize {
        let returns =
            self.result_signature(inst).and_then(|sig| self.signatures.get(sig)).map_or(0, |s| s.returns.len());
        self.insts[inst].opcode().row().results.len() + returns
    }
    /// The type that result `n` has under a controlling type; none if there is no such result, or no such type.
    pub fn compute_result_type(&self, inst: Inst, n: usize, ctrl_typevar: Type) -> Option<Type> {
        let fixed = self.insts[inst].opcode().row().results;
        match fixed.get(n) {
            Some(result) => result.ty.of(ctrl_typevar),
            None => {
                let sig = self.signatures.get(self.result_signature(inst)?)?;
                Some(sig.returns.get(n - fixed.len())?.value_type)
            }
        }
    }
    /// The types that all results have under a controlling type.
    pub fn inst_result_types<'a>(&'a self, inst: Inst, ctrl_typevar: Type) -> impl ExactSizeIterator<Item = Type> + 'a {
        let count = self.num_expected_results(inst);
        (0..count).map(move |n| self.compute_result_type(inst, n, ctrl_typevar).unwrap_or(types::INVALID))
    }
    /// The controlling type of an instruction: that of its first result, if that is to have it, else of an operand;
    /// [`types::INVALID`] if its operation has none.
    pub fn ctrl_typevar(&self, inst: Inst) -> Type {
        let row = self.insts[inst].opcode().row();
        let value = match row.ctv {
            Ctv::None => None,
            Ctv::Operand(..) if row.results.first().is_none_or(|r| r.ty != Ty::Ctv) => {
                self.insts[inst].typevar_operand(&self.value_lists)
            }
            Ctv::Suffix(_) | Ctv::Operand(..) => self.inst_results(inst).first().copied(),
        };
        value.filter(|v| self.value_is_valid(*v)).map_or(types::INVALID, |v| self.value_type(v))
    }
}
