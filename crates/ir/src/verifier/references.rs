//! Everything that is referred to exists: in instructions and in aliases. Needs the tables; after this all other checks can
//! look things up.

use super::{Extent, Verifier, VerifierError};
use crate::ir::entities::{Block, Inst, Value};
use crate::ir::{BlockCall, DebugTag, ExceptionTableItem, InstructionData, ValueDef};
use std::fmt::Display;

type Reference = Result<(), VerifierError>;

/// An error that something is not there.
fn missing(inst: Inst, what: &str, entity: impl Display) -> Reference {
    Err(VerifierError::from((inst, format!("invalid {what} reference {entity}"))))
}

impl Verifier<'_> {
    /// The instructions with a reference that leads nowhere, in their order, and the errors: the first alone, or all.
    pub(super) fn broken(&self) -> Vec<(Inst, VerifierError)> {
        let layout = &self.func.layout;
        let insts = layout.blocks().flat_map(|block| layout.block_insts(block));
        let broken = insts.filter_map(|inst| self.references(inst).err().map(|error| (inst, error)));
        broken.take(if self.extent == Extent::All { usize::MAX } else { 1 }).collect()
    }

    /// Do all references of an instruction lead somewhere?
    fn references(&self, inst: Inst) -> Reference {
        let dfg = &self.func.dfg;
        for &v in dfg.inst_args(inst) {
            self.value(inst, v)?;
        }
        for &v in dfg.inst_results(inst) {
            if !dfg.value_is_valid(v) {
                return missing(inst, "value", v);
            }
        }
        self.tables(inst)?;
        self.slots_and_flags(inst)
    }

    /// A value that is used must exist and be defined by something that is part of the function.
    fn value(&self, inst: Inst, v: Value) -> Reference {
        let (dfg, layout) = (&self.func.dfg, &self.func.layout);
        if !dfg.value_is_valid(v) {
            return missing(inst, "value", v);
        }
        let end = self.aliases.resolve(v);
        if !dfg.value_is_valid(end) {
            return missing(inst, "value", end);
        }
        let attached = match dfg.value_def(end) {
            ValueDef::Result(def, _) => layout.inst_block(def).is_some(),
            ValueDef::Param(block, _) => layout.is_block_inserted(block),
        };
        match attached {
            true => Ok(()),
            false => Err((inst, format!("{inst} uses value {v}, whose definition is not in the function")).into()),
        }
    }

    /// A block that control may enter from elsewhere.
    fn block(&self, inst: Inst, block: Block) -> Reference {
        if !self.func.dfg.block_is_valid(block) || !self.func.layout.is_block_inserted(block) {
            return missing(inst, "block", block);
        }
        if Some(block) == self.func.layout.entry_block() {
            return Err((inst, format!("invalid reference to entry block {block}")).into());
        }
        Ok(())
    }

    fn edge(&self, inst: Inst, call: &BlockCall) -> Reference {
        let pool = &self.func.dfg.value_lists;
        self.block(inst, call.block(pool))?;
        call.args(pool).filter_map(|arg| arg.as_value()).try_for_each(|v| self.value(inst, v))
    }

    /// Functions, signatures, constants, and the edges of branches.
    fn tables(&self, inst: Inst) -> Reference {
        let func = self.func;
        match &func.dfg.insts[inst] {
            InstructionData::Jump { destination, .. } => self.edge(inst, destination),
            InstructionData::Brif { blocks, .. } => blocks.iter().try_for_each(|b| self.edge(inst, b)),
            InstructionData::BranchTable { table, .. } => match func.dfg.jump_tables.get(*table) {
                Some(t) => t.all_branches().iter().try_for_each(|b| self.edge(inst, b)),
                None => missing(inst, "jump table", table),
            },
            InstructionData::ExceptionHandlerAddress { block, .. } => self.block(inst, *block),
            InstructionData::UnaryConst { constant_handle, .. } if !func.dfg.constants.is_valid(*constant_handle) => {
                missing(inst, "constant", constant_handle)
            }
            InstructionData::Shuffle { imm, .. } if !func.dfg.immediates.is_valid(*imm) => {
                missing(inst, "immediate", imm)
            }
            InstructionData::UnaryGlobalValue { global_value, .. } if !func.global_values.is_valid(*global_value) => {
                missing(inst, "global value", global_value)
            }
            InstructionData::Call { func_ref, .. } | InstructionData::FuncAddr { func_ref, .. } => {
                self.function_ref(inst, *func_ref)
            }
            InstructionData::CallIndirect { sig_ref, .. } if !func.dfg.signatures.is_valid(*sig_ref) => {
                missing(inst, "signature", sig_ref)
            }
            InstructionData::TryCall { func_ref, exception, .. } => {
                self.function_ref(inst, *func_ref)?;
                self.exceptions(inst, *exception)
            }
            InstructionData::TryCallIndirect { exception, .. } => self.exceptions(inst, *exception),
            _ => Ok(()),
        }
    }

    /// A function must be declared, and its signature, too.
    fn function_ref(&self, inst: Inst, func_ref: crate::ir::FuncRef) -> Reference {
        match self.func.dfg.ext_funcs.get(func_ref) {
            Some(f) if self.func.dfg.signatures.is_valid(f.signature) => Ok(()),
            Some(f) => missing(inst, "signature", f.signature),
            None => missing(inst, "function", func_ref),
        }
    }

    fn exceptions(&self, inst: Inst, table: crate::ir::ExceptionTable) -> Reference {
        let Some(table) = self.func.dfg.exception_tables.get(table) else {
            return missing(inst, "exception table", table);
        };
        if !self.func.dfg.signatures.is_valid(table.signature()) {
            return missing(inst, "signature", table.signature());
        }
        table.all_branches().iter().try_for_each(|call| self.edge(inst, call))?;
        table.items().try_for_each(|item| match item {
            ExceptionTableItem::Context(v) => self.value(inst, v),
            _ => Ok(()),
        })
    }

    /// Stack slots, memory flags, debug tags, stack maps.
    fn slots_and_flags(&self, inst: Inst) -> Reference {
        let func = self.func;
        let data = &func.dfg.insts[inst];
        let slots = &func.sized_stack_slots;
        match data {
            InstructionData::StackAddr { stack_slot, .. } if !slots.is_valid(*stack_slot) => {
                return missing(inst, "stack slot", stack_slot);
            }
            InstructionData::DynamicStackAddr { dynamic_stack_slot, .. }
                if !func.dynamic_stack_slots.is_valid(*dynamic_stack_slot) =>
            {
                return missing(inst, "dynamic stack slot", dynamic_stack_slot);
            }
            _ => {}
        }
        if let Some(flags) = data.memflags().filter(|flags| !func.dfg.mem_flags.is_valid(*flags)) {
            return missing(inst, "memory flags", flags);
        }
        for tag in func.debug_tags.get(inst) {
            match tag {
                DebugTag::StackSlot(slot) if !slots.is_valid(*slot) => return missing(inst, "stack slot", slot),
                _ => {}
            }
        }
        let entries = func.dfg.user_stack_map_entries(inst).unwrap_or(&[]);
        match entries.iter().find(|entry| !slots.is_valid(entry.slot)) {
            Some(entry) => missing(inst, "stack slot", entry.slot),
            None => Ok(()),
        }
    }

    /// Do all aliases lead to values?
    pub(super) fn aliases(&mut self) {
        let dfg = &self.func.dfg;
        for v in dfg.values() {
            if let Some(to) = dfg.value_alias_dest_for_serialization(v)
                && !dfg.value_is_valid(to)
            {
                self.error(v, format!("{v} is an alias of {to}, which does not exist"));
            }
        }
    }
}
