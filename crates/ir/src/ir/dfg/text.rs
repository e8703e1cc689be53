//! What only readers and writers of text need: values with given numbers, numbers that are skipped, aliases as written.
//! Needs the graph.

use super::DataFlowGraph;
use super::values::ValueData;
use crate::ir::types::{self, Type};
use crate::ir::{Block, Inst, Value};

impl DataFlowGraph {
    /// Gives an instruction its results as [`DataFlowGraph::make_inst_results`] does, with these numbers.
    pub fn make_inst_results_for_parser(&mut self, inst: Inst, ctrl_typevar: Type, reuse: &[Value]) -> usize {
        self.clear_results(inst);
        let count = self.num_expected_results(inst);
        for (num, value) in reuse.iter().take(count).enumerate() {
            let ty = self.compute_result_type(inst, num, ctrl_typevar).unwrap_or(types::INVALID);
            self.set_value(*value, ValueData::result(ty, num, inst));
            self.results[inst].push(*value, &mut self.value_lists);
        }
        count
    }
    /// Adds a parameter with this number to a block.
    pub fn append_block_param_for_parser(&mut self, block: Block, ty: Type, val: Value) {
        let num = self.blocks[block].params.push(val, &mut self.value_lists);
        self.set_value(val, ValueData::param(ty, num, block));
    }
    /// Makes the next number a value that nothing defines yet.
    pub fn make_invalid_value_for_parser(&mut self) {
        self.make_value(ValueData::nothing());
    }
    /// Is this a number of a value that is defined?
    pub fn value_is_valid_for_parser(&self, v: Value) -> bool {
        self.value_is_valid(v) && !self.value_data(v).is_nothing()
    }
    /// Makes `dest` an alias of `src`, whatever that is.
    pub fn make_value_alias_for_serialization(&mut self, src: Value, dest: Value) {
        let ty = if self.value_is_valid(src) { self.value_type(src) } else { types::INVALID };
        self.set_value(dest, ValueData::alias(ty, src));
    }
    /// What `v` is an alias of as it was written: the next value, not the last.
    pub fn value_alias_dest_for_serialization(&self, v: Value) -> Option<Value> {
        self.value_data(v).original().filter(|o| self.value_is_valid(*o))
    }
    /// Gives an alias the type of its final value. False if the aliases form a circle.
    pub fn set_alias_type_for_parser(&mut self, v: Value) -> bool {
        let Some(next) = self.value_alias_dest_for_serialization(v) else { return true };
        let last = self.resolve_aliases(v);
        if self.value_is_alias(last) && self.alias_of(last).is_some() {
            return false;
        }
        let ty = self.value_type(last);
        self.set_value(v, ValueData::alias(ty, next));
        true
    }
    /// The type, if it is none of dynamic vectors or one that the function declares.
    pub fn check_dynamic_type(&mut self, ty: Type) -> Option<Type> {
        let declared = || self.dynamic_types.values().any(|d| d.concrete() == Some(ty));
        (!ty.is_dynamic_vector() || declared()).then_some(ty)
    }
}
