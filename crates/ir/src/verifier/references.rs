//! Everything that is referred to exists: in instructions and in aliases. Needs the tables; after this all other checks can
//! look things up.

use super::Verifier;
use crate::ir::entities::{Block, Inst, Value};
use crate::ir::{BlockArg, BlockCall, DebugTag, ExceptionTableItem, InstructionData, ValueDef};
use std::fmt::Display;

impl Verifier<'_> {
    /// Do all references of an instruction lead somewhere?
    pub(super) fn references(&mut self, inst: Inst) -> bool {
        self.dangling = false;
        let dfg = &self.func.dfg;
        for &v in dfg.inst_args(inst) {
            self.value(inst, v);
        }
        for &v in dfg.inst_results(inst) {
            if !dfg.value_is_valid(v) {
                self.missing(inst, "value", v);
            }
        }
        self.tables(inst);
        self.slots_and_flags(inst);
        !self.dangling
    }

    fn missing(&mut self, inst: Inst, what: &str, entity: impl Display) {
        self.dangling = true;
        self.error(inst, format!("invalid {what} reference {entity}"));
    }

    /// A value that is used must exist and be defined by something that is part of the function.
    fn value(&mut self, inst: Inst, v: Value) {
        let (dfg, layout) = (&self.func.dfg, &self.func.layout);
        if !dfg.value_is_valid(v) {
            return self.missing(inst, "value", v);
        }
        let attached = match dfg.value_def(self.aliases.resolve(v)) {
            ValueDef::Result(def, _) => layout.inst_block(def).is_some(),
            ValueDef::Param(block, _) => layout.is_block_inserted(block),
        };
        if !attached {
            self.dangling = true;
            self.error(inst, format!("{inst} uses value {v}, whose definition is not in the function"));
        }
    }

    fn block(&mut self, inst: Inst, block: Block) {
        if !self.func.dfg.block_is_valid(block) || !self.func.layout.is_block_inserted(block) {
            self.missing(inst, "block", block);
        }
    }

    fn edge(&mut self, inst: Inst, call: &BlockCall) {
        let pool = &self.func.dfg.value_lists;
        let block = call.block(pool);
        self.block(inst, block);
        if Some(block) == self.func.layout.entry_block() {
            self.error(inst, format!("invalid reference to entry block {block}"));
        }
        for arg in call.args(pool) {
            if let BlockArg::Value(v) = arg {
                self.value(inst, v);
            }
        }
    }

    /// Functions, signatures, constants, and the edges of branches.
    fn tables(&mut self, inst: Inst) {
        let func = self.func;
        match &func.dfg.insts[inst] {
            InstructionData::Jump { destination, .. } => self.edge(inst, destination),
            InstructionData::Brif { blocks, .. } => blocks.iter().for_each(|b| self.edge(inst, b)),
            InstructionData::BranchTable { table, .. } => match func.dfg.jump_tables.get(*table) {
                Some(t) => t.all_branches().iter().for_each(|b| self.edge(inst, b)),
                None => self.missing(inst, "jump table", table),
            },
            InstructionData::ExceptionHandlerAddress { block, .. } => {
                self.block(inst, *block);
                if Some(*block) == func.layout.entry_block() {
                    self.error(inst, format!("invalid reference to entry block {block}"));
                }
            }
            InstructionData::UnaryConst { constant_handle, .. } if !func.dfg.constants.is_valid(*constant_handle) => {
                self.missing(inst, "constant", constant_handle);
            }
            InstructionData::Shuffle { imm, .. } if !func.dfg.immediates.is_valid(*imm) => {
                self.missing(inst, "immediate", imm);
            }
            InstructionData::UnaryGlobalValue { global_value, .. } if !func.global_values.is_valid(*global_value) => {
                self.missing(inst, "global value", global_value);
            }
            InstructionData::Call { func_ref, .. } | InstructionData::FuncAddr { func_ref, .. } => {
                self.function_ref(inst, *func_ref);
            }
            InstructionData::CallIndirect { sig_ref, .. } if !func.dfg.signatures.is_valid(*sig_ref) => {
                self.missing(inst, "signature", sig_ref);
            }
            InstructionData::TryCall { func_ref, exception, .. } => {
                self.function_ref(inst, *func_ref);
                self.exceptions(inst, *exception);
            }
            InstructionData::TryCallIndirect { exception, .. } => self.exceptions(inst, *exception),
            _ => {}
        }
    }

    /// A function must be declared, and its signature, too.
    fn function_ref(&mut self, inst: Inst, func_ref: crate::ir::FuncRef) {
        match self.func.dfg.ext_funcs.get(func_ref) {
            Some(f) if self.func.dfg.signatures.is_valid(f.signature) => {}
            Some(f) => self.missing(inst, "signature", f.signature),
            None => self.missing(inst, "function", func_ref),
        }
    }

    fn exceptions(&mut self, inst: Inst, table: crate::ir::ExceptionTable) {
        let Some(table) = self.func.dfg.exception_tables.get(table) else {
            return self.missing(inst, "exception table", table);
        };
        if !self.func.dfg.signatures.is_valid(table.signature()) {
            self.missing(inst, "signature", table.signature());
        }
        for call in table.all_branches() {
            self.edge(inst, call);
        }
        for item in table.items() {
            if let ExceptionTableItem::Context(v) = item {
                self.value(inst, v);
            }
        }
    }

    /// Stack slots, memory flags with their regions, debug tags, stack maps.
    fn slots_and_flags(&mut self, inst: Inst) {
        let func = self.func;
        let data = &func.dfg.insts[inst];
        let slots = &func.sized_stack_slots;
        match data {
            InstructionData::StackAddr { stack_slot, .. } if !slots.is_valid(*stack_slot) => {
                self.missing(inst, "stack slot", stack_slot);
            }
            InstructionData::DynamicStackAddr { dynamic_stack_slot, .. }
                if !func.dynamic_stack_slots.is_valid(*dynamic_stack_slot) =>
            {
                self.missing(inst, "dynamic stack slot", dynamic_stack_slot);
            }
            _ => {}
        }
        if let Some(flags) = data.memflags() {
            if !func.dfg.mem_flags.is_valid(flags) {
                self.missing(inst, "memory flags", flags);
            } else if let Some(region) = func.dfg.mem_flags[flags].alias_region()
                && !func.dfg.alias_regions.is_valid(region)
            {
                self.dangling = true;
                self.error(inst, format!("undefined alias region {region}"));
            }
        }
        for tag in func.debug_tags.get(inst) {
            match tag {
                DebugTag::StackSlot(slot) if !slots.is_valid(*slot) => self.missing(inst, "stack slot", slot),
                _ => {}
            }
        }
        for entry in func.dfg.user_stack_map_entries(inst).unwrap_or(&[]) {
            if !slots.is_valid(entry.slot) {
                self.missing(inst, "stack slot", entry.slot);
            }
        }
    }

    /// Do all aliases lead to values?
    pub(super) fn aliases(&mut self) -> bool {
        let before = self.errors.0.len();
        let dfg = &self.func.dfg;
        for v in dfg.values() {
            if let Some(to) = dfg.value_alias_dest_for_serialization(v)
                && !dfg.value_is_valid(to)
            {
                self.error(v, format!("{v} is an alias of {to}, which does not exist"));
            }
        }
        self.errors.0.len() == before
    }
}
