//! Blocks, and the order of definitions and uses. Needs the dominator tree for the latter.

use super::Verifier;
use crate::dominator_tree::DominatorTree;
use crate::ir::entities::{Block, Inst, Value};
use crate::ir::{BlockArg, BlockCall, ExceptionTableItem, InstructionData, ValueDef};
use smallvec::SmallVec;
use windlass_desc::ops::{Effects, Format};

impl Verifier<'_> {
    /// The entry block has the function's parameters.
    pub(super) fn entry_block(&mut self) {
        let func = self.func;
        let Some(entry) = func.layout.entry_block() else { return };
        if func.layout.is_cold(entry) {
            self.error(entry, "entry block cannot be marked as cold");
        }
        let (params, expected) = (func.dfg.block_params(entry), &func.signature.params);
        if params.len() != expected.len() {
            let message =
                format!("entry block parameters ({}) must match function signature ({})", params.len(), expected.len());
            return self.error(entry, message);
        }
        for (n, (v, p)) in params.iter().zip(expected).enumerate() {
            let ty = func.dfg.value_type(*v);
            if ty != p.value_type {
                let message = format!("entry block parameter {n} expected to have type {}, got {ty}", p.value_type);
                self.error(entry, message);
            }
        }
    }

    /// A block ends in its only terminator.
    pub(super) fn terminators(&mut self, block: Block) {
        let func = self.func;
        let Some(last) = func.layout.last_inst(block) else {
            return self.error(block, format!("{block} cannot be empty"));
        };
        for inst in func.layout.block_insts(block) {
            let ends = func.dfg.insts[inst].opcode().row().effects.has(Effects::TERMINATOR);
            if ends && inst != last {
                let message = format!("a terminator instruction was encountered before the end of {block}");
                self.error(inst, message);
            } else if !ends && inst == last {
                self.error(block, "block does not end in a terminator instruction");
            }
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
                    other => self.inst_error(inst, format!("`{other}` is only there on the edges of a `try_call`")),
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

    /// Values are defined before they are used, on all paths. Code that cannot be reached may do what it likes.
    pub(super) fn order(&mut self, domtree: &DominatorTree) {
        let func = self.func;
        for block in func.layout.blocks().filter(|b| domtree.is_reachable(*b)) {
            for inst in func.layout.block_insts(block) {
                for &v in func.dfg.inst_args(inst) {
                    self.definition_before(domtree, inst, v);
                }
                self.edges_order(domtree, inst);
            }
        }
    }

    fn edges_order(&mut self, domtree: &DominatorTree, inst: Inst) {
        let dfg = &self.func.dfg;
        let row = dfg.insts[inst].opcode().row();
        if !row.effects.has(Effects::BRANCH) {
            return;
        }
        for call in dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables) {
            for v in call.args(&dfg.value_lists).filter_map(|a| a.as_value()) {
                self.definition_before(domtree, inst, v);
            }
        }
        if matches!(row.format, Format::TryCall | Format::TryCallIndirect)
            && let Some(table) = dfg.insts[inst].exception_table()
        {
            for item in dfg.exception_tables[table].items() {
                if let ExceptionTableItem::Context(v) = item {
                    self.definition_before(domtree, inst, v);
                }
            }
        }
    }

    fn definition_before(&mut self, domtree: &DominatorTree, inst: Inst, v: Value) {
        let (dfg, layout) = (&self.func.dfg, &self.func.layout);
        match dfg.value_def(self.aliases.resolve(v)) {
            ValueDef::Result(def, _) if def == inst => self.inst_error(inst, format!("uses value {v} from itself")),
            ValueDef::Result(def, _) => {
                let reachable = layout.inst_block(def).is_some_and(|b| domtree.is_reachable(b));
                if !reachable || !domtree.dominates(def, inst, layout) {
                    self.inst_error(inst, format!("uses value {v} from non-dominating {def}"));
                }
            }
            ValueDef::Param(block, _) => {
                if !domtree.is_reachable(block) || !domtree.dominates(block, inst, layout) {
                    self.inst_error(inst, format!("uses value arg {v} from non-dominating {block}"));
                }
            }
        }
    }
}
