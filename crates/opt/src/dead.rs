//! Removes pure instructions whose results nobody needs, and block parameters that are only passed around. What has an
//! effect is needed, and so is what a needed instruction or parameter is made of.
//!
//! Needs reachable blocks only, and no aliases; leaves it so. Linear.

use crate::incoming::{Incoming, remove_params};
use rustc_hash::FxHashSet;
use windlass_ir::entity::EntitySet;
use windlass_ir::ir::dfg::ValueDef;
use windlass_ir::ir::{Block, Function, Inst, Value};

/// Removes what nobody needs.
pub(crate) fn run(func: &mut Function) {
    let needed = Needed::of(func);
    let blocks: Vec<Block> = func.layout.blocks().collect();
    let mut gone = FxHashSet::default();
    for block in &blocks {
        if func.layout.entry_block() != Some(*block) {
            gone.extend(func.dfg.block_params(*block).iter().copied().filter(|p| !needed.params.contains(*p)));
        }
        let mut next = func.layout.first_inst(*block);
        while let Some(inst) = next {
            next = func.layout.next_inst(inst);
            if is_pure(func, inst) && !needed.insts.contains(inst) {
                func.layout.remove_inst(inst);
            }
        }
    }
    remove_params(func, &gone);
}

fn is_pure(func: &Function, inst: Inst) -> bool {
    func.dfg.insts[inst].opcode().row().effects.is_pure()
}

/// What is needed.
struct Needed {
    /// Pure instructions.
    insts: EntitySet<Inst>,
    /// Parameters.
    params: EntitySet<Value>,
}

impl Needed {
    fn of(func: &Function) -> Needed {
        let incoming = Incoming::of(func);
        let mut needed = Needed { insts: EntitySet::new(), params: EntitySet::new() };
        let mut todo: Vec<Value> = vec![];
        let dfg = &func.dfg;
        for inst in func.layout.blocks().flat_map(|block| func.layout.block_insts(block)) {
            if is_pure(func, inst) {
                continue;
            }
            // an argument of a branch is needed if the parameter is
            todo.extend(dfg.inst_args(inst));
            let table = dfg.insts[inst].exception_table().and_then(|table| dfg.exception_tables.get(table));
            todo.extend(table.into_iter().flat_map(|table| table.contexts()));
            while let Some(v) = todo.pop() {
                needed.value(func, &incoming, v, &mut todo);
            }
        }
        needed
    }

    /// A value is needed: what is it made of?
    fn value(&mut self, func: &Function, incoming: &Incoming, v: Value, todo: &mut Vec<Value>) {
        match func.dfg.value_def(v) {
            ValueDef::Result(inst, _) => {
                if is_pure(func, inst) && self.insts.insert(inst) {
                    todo.extend(func.dfg.inst_args(inst));
                }
            }
            ValueDef::Param(block, n) => {
                if self.params.insert(v) && func.layout.entry_block() != Some(block) {
                    let args = incoming.to(block).iter().map(|call| call.arg(n, &func.dfg.value_lists));
                    todo.extend(args.flatten().filter_map(|arg| arg.as_value()));
                }
            }
        }
    }
}
