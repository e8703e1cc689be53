//! Blocks, and the order of definitions and uses. Needs the dominator tree for the latter.

use super::{Verifier, VerifierStepResult};
use crate::dominator_tree::DominatorTree;
use crate::ir::entities::{Block, Inst, Value};
use crate::ir::{BlockArg, BlockCall, ExceptionTableItem, InstructionData, ValueDef};
use smallvec::SmallVec;
use windlass_desc::ops::Effects;

impl Verifier<'_> {
    /// The entry block has the function's parameters.
    pub(super) fn entry_block(&mut self) -> VerifierStepResult {
        let func = self.func;
        let Some(entry) = func.layout.entry_block() else { return Ok(()) };
        if func.layout.is_cold(entry) {
            return self.fatal(entry, "entry block cannot be marked as cold");
        }
        let (params, expected) = (func.dfg.block_params(entry), &func.signature.params);
        if params.len() != expected.len() {
            let message =
                format!("entry block parameters ({}) must match function signature ({})", params.len(), expected.len());
            return self.fatal(entry, message);
        }
        for (n, (v, p)) in params.iter().zip(expected).enumerate() {
            let ty = func.dfg.value_type(*v);
            if ty != p.value_type {
                let message = format!("entry block parameter {n} expected to have type {}, got {ty}", p.value_type);
                self.error(entry, message);
            }
        }
        Ok(())
    }

    pub(super) fn not_empty(&mut self, block: Block) -> VerifierStepResult {
        match self.func.layout.last_inst(block) {
            None => self.fatal(block, format!("{block} cannot be empty")),
            Some(_) => Ok(()),
        }
    }

    /// A block ends in its only terminator.
    pub(super) fn terminator(&mut self, block: Block, inst: Inst) -> VerifierStepResult {
        let ends = self.func.dfg.insts[inst].opcode().row().effects.has(Effects::TERMINATOR);
        match (ends, self.func.layout.last_inst(block) == Some(inst)) {
            (true, false) => {
                self.fatal(inst, format!("a terminator instruction was encountered before the end of {block}"))
            }
            (false, true) => self.fatal(block, "block does not end in a terminator instruction"),
            _ => Ok(()),
        }
    }

    /// Branches pass what their targets take. The edges of calls that may throw are checked with the calls.
    pub(super) fn branch_args(&mut self, inst: Inst) {
        let func = self.func;
        match &func.dfg.insts[inst] {
            InstructionData::Jump { destination, .. } => self.plain_edge(inst, destination),
            InstructionData::Brif { blocks, .. } => blocks.iter().for_each(|b| self.plain_edge(inst, b)),
            InstructionData::BranchTable { table, .. } => {
                func.dfg.jump_tables[*table].all_branches().iter().for_each(|b| self.plain_edge(inst, b));
            }
            _ => {}
        }
    }

    fn plain_edge(&mut self, inst: Inst, call: &BlockCall) {
        if self.edge_arity(inst, call) {
            let types = self.func.dfg.block_param_types(call.block(&self.func.dfg.value_lists));
            let types: SmallVec<[_; 8]> = types.collect();
            for (arg, expected) in call.args(&self.func.dfg.value_lists).zip(types) {
                match arg {
                    BlockArg::Value(v) => self.edge_type(inst, v, self.func.dfg.value_type(v), expected),
                    // The same words for both: tests of errors expect them.
                    BlockArg::TryCallRet(_) | BlockArg::TryCallExn(_) => {
                        self.stray(inst, "retN", "in block-call not on `try_call` instruction");
                    }
                }
            }
        }
    }

    /// Does an edge pass as many values as its target takes?
    pub(super) fn edge_arity(&mut self, inst: Inst, call: &BlockCall) -> bool {
        let pool = &self.func.dfg.value_lists;
        let (got, expected) = (call.args(pool).len(), self.func.dfg.num_block_params(call.block(pool)));
        if got != expected {
            self.argument_count(inst, got, expected);
        }
        got == expected
    }

    pub(super) fn argument_count(&mut self, inst: Inst, got: usize, expected: usize) {
        let text = crate::write::short_text(&self.func.dfg, inst);
        self.inst_error(inst, format!("mismatched argument count for `{text}`: got {got}, expected {expected}"));
    }

    pub(super) fn edge_type(
        &mut self,
        inst: Inst,
        arg: impl std::fmt::Display,
        ty: crate::ir::Type,
        expected: crate::ir::Type,
    ) {
        if ty != expected {
            self.inst_error(inst, format!("arg {arg} has type {ty}, expected {expected}"));
        }
    }

    /// Reports a payload of a `try_call` where it has none to give.
    pub(super) fn stray(&mut self, inst: Inst, payload: &str, place: &str) {
        self.inst_error(inst, format!("`{payload}` block argument {place}"));
    }

    /// Values are defined before they are used, on all paths. The instruction is one that can be reached.
    pub(super) fn order(&mut self, domtree: &DominatorTree, inst: Inst) -> VerifierStepResult {
        let dfg = &self.func.dfg;
        for &v in dfg.inst_args(inst) {
            self.definition_before(domtree, inst, v)?;
        }
        let row = dfg.insts[inst].opcode().row();
        if !row.effects.has(Effects::BRANCH) {
            return Ok(());
        }
        for call in dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables) {
            for v in call.args(&dfg.value_lists).filter_map(|a| a.as_value()) {
                self.definition_before(domtree, inst, v)?;
            }
        }
        if let Some(table) = dfg.insts[inst].exception_table() {
            for item in dfg.exception_tables[table].items() {
                if let ExceptionTableItem::Context(v) = item {
                    self.definition_before(domtree, inst, v)?;
                }
            }
        }
        Ok(())
    }

    fn definition_before(&mut self, domtree: &DominatorTree, inst: Inst, v: Value) -> VerifierStepResult {
        let (dfg, layout) = (&self.func.dfg, &self.func.layout);
        match dfg.value_def(self.aliases.resolve(v)) {
            ValueDef::Result(def, _) if def == inst => self.inst_fatal(inst, format!("uses value {v} from itself")),
            ValueDef::Result(def, _) => {
                let reachable = layout.inst_block(def).is_some_and(|b| domtree.is_reachable(b));
                if !reachable || !domtree.dominates(def, inst, layout) {
                    return self.inst_fatal(inst, format!("uses value {v} from non-dominating {def}"));
                }
                Ok(())
            }
            ValueDef::Param(block, _) => {
                if !domtree.is_reachable(block) || !domtree.dominates(block, inst, layout) {
                    return self.inst_fatal(inst, format!("uses value arg from non-dominating {block}"));
                }
                Ok(())
            }
        }
    }
}
