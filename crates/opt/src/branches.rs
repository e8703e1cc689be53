//! Branches: those whose way is known become jumps, jumps to blocks that only jump on go there at once, and a block that
//! is entered by one jump only becomes part of where that comes from.
//!
//! Needs reachable blocks only, and no aliases; leaves it so. Linear. Edges of `try_call` stay as they are, and so do
//! blocks whose handlers' addresses are taken.

use crate::incoming::{for_branches, terminators};
use crate::simplify::number;
use crate::{params, unreachable};
use windlass_desc::types::I32;
use windlass_ir::entity::EntitySet;
use windlass_ir::ir::condcodes::IntCC;
use windlass_ir::ir::dfg::ValueDef;
use windlass_ir::ir::{Block, BlockArg, BlockCall, Function, Inst, InstructionData, Opcode, Value};

/// How many operations on a condition are looked behind.
const DEPTH: usize = 4;
/// An empty block that passes more arguments stays: they would be repeated on each edge into it.
const MAX_ARGS: usize = 8;

/// Simplifies branches.
pub(crate) fn run(func: &mut Function) {
    if decide_all(func) {
        unreachable::remove(func);
        params::run(func);
    }
    let kept = kept(func);
    if thread(func, &kept) {
        // both ways of a branch may have become one
        decide_all(func);
        unreachable::remove(func);
    }
    if merge(func, &kept) {
        func.dfg.resolve_all_aliases();
    }
}

/// The blocks that somebody but a branch refers to.
fn kept(func: &Function) -> EntitySet<Block> {
    let insts = func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
    let named = insts.filter_map(|inst| match func.dfg.insts[inst] {
        InstructionData::ExceptionHandlerAddress { block, .. } => Some(block),
        _ => None,
    });
    let mut kept: EntitySet<Block> = EntitySet::new();
    kept.extend(named.chain(func.layout.entry_block()));
    kept
}

/// Decides all branches that can be; tells whether there were any.
fn decide_all(func: &mut Function) -> bool {
    let mut any = false;
    for inst in terminators(func) {
        let target = match func.dfg.insts[inst] {
            InstructionData::Brif { arg, blocks, .. } => brif(func, inst, arg, blocks),
            InstructionData::BranchTable { .. } => br_table(func, inst),
            _ => None,
        };
        if let Some(destination) = target {
            func.dfg.insts[inst] = InstructionData::Jump { opcode: Opcode::Jump, destination };
            any = true;
        }
    }
    any
}

/// Where a `brif` always goes, if it does; else it tests what its condition is made of.
fn brif(func: &mut Function, inst: Inst, arg: Value, mut blocks: [BlockCall; 2]) -> Option<BlockCall> {
    let mut cond = arg;
    for _ in 0..DEPTH {
        match tested(func, cond) {
            Some((of, inverted)) => {
                cond = of;
                if inverted {
                    blocks.swap(0, 1);
                }
            }
            None => break,
        }
    }
    if let Some(n) = number(&func.dfg, cond) {
        return Some(blocks[usize::from(!n.is_true())]);
    }
    if same(func, &blocks[0], &blocks[1]) {
        return Some(blocks[0]);
    }
    func.dfg.insts[inst] = InstructionData::Brif { opcode: Opcode::Brif, arg: cond, blocks };
    None
}

/// What a condition tests for not being 0, or for being 0.
fn tested(func: &Function, cond: Value) -> Option<(Value, bool)> {
    let dfg = &func.dfg;
    let ValueDef::Result(inst, 0) = dfg.value_def(cond) else { return None };
    match dfg.insts[inst] {
        InstructionData::IntCompare { args: [x, y], cond, .. } if dfg.value_type(x).is_int() => {
            let zero = number(dfg, y).is_some_and(|n| !n.is_true());
            let equality = matches!(cond, IntCC::Equal | IntCC::NotEqual);
            (zero && equality).then_some((x, cond == IntCC::Equal))
        }
        InstructionData::Unary { opcode: Opcode::Uextend | Opcode::Sextend, arg } => Some((arg, false)),
        _ => None,
    }
}

fn same(func: &Function, a: &BlockCall, b: &BlockCall) -> bool {
    let pool = &func.dfg.value_lists;
    a.block(pool) == b.block(pool) && a.args(pool).eq(b.args(pool))
}

/// Where a `br_table` always goes, if it does.
fn br_table(func: &mut Function, inst: Inst) -> Option<BlockCall> {
    let InstructionData::BranchTable { arg, table, .. } = func.dfg.insts[inst] else { return None };
    let data = &func.dfg.jump_tables[table];
    let target = match number(&func.dfg, arg) {
        Some(n) => {
            debug_assert_eq!(func.dfg.value_type(arg), I32);
            data.as_slice().get(n.get() as usize).copied().unwrap_or(data.default_block())
        }
        None => {
            let default = data.default_block();
            if data.as_slice().iter().any(|target| !same(func, target, &default)) {
                return None;
            }
            default
        }
    };
    // others may use the table too
    Some(target.deep_clone(&mut func.dfg.value_lists))
}

/// The jump that is all of a block without parameters.
fn only_jump(func: &Function, block: Block, kept: &EntitySet<Block>) -> Option<BlockCall> {
    let inst = func.layout.first_inst(block)?;
    let pool = &func.dfg.value_lists;
    match func.dfg.insts[inst] {
        InstructionData::Jump { destination, .. } => {
            let free = !kept.contains(block) && !func.layout.is_cold(block);
            let plain = func.dfg.block_params(block).is_empty() && destination.len(pool) <= MAX_ARGS;
            (free && plain).then_some(destination)
        }
        _ => None,
    }
}

/// Lets branches pass blocks that only jump; tells whether there were any.
fn thread(func: &mut Function, kept: &EntitySet<Block>) -> bool {
    let blocks: Vec<Block> = func.layout.blocks().collect();
    // the last jump on the way from each such block
    let mut last: Vec<Option<BlockCall>> = vec![None; func.dfg.num_blocks()];
    let mut seen: EntitySet<Block> = EntitySet::new();
    let mut way = vec![];
    for block in &blocks {
        let (mut at, mut end) = (*block, None);
        while seen.insert(at) {
            let Some(jump) = only_jump(func, at, kept) else { break };
            way.push((at, jump));
            at = jump.block(&func.dfg.value_lists);
        }
        // a circle of such blocks ends where it was met
        let circle = way.iter().any(|(block, _)| *block == at);
        if !circle {
            end = last[at.as_u32() as usize];
        }
        for (block, jump) in way.drain(..).rev() {
            let to = *end.get_or_insert(jump);
            if !circle {
                last[block.as_u32() as usize] = Some(to);
            }
        }
    }
    if last.iter().all(Option::is_none) {
        return false;
    }
    let ends = terminators(func);
    let dfg = &mut func.dfg;
    for inst in ends {
        if dfg.insts[inst].exception_table().is_some() {
            continue;
        }
        for call in dfg.insts[inst].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables) {
            if let Some(to) = last[call.block(&dfg.value_lists).as_u32() as usize] {
                *call = to.deep_clone(&mut dfg.value_lists);
            }
        }
    }
    true
}

/// Makes blocks parts of the only ones that jump to them; tells whether there were any.
fn merge(func: &mut Function, kept: &EntitySet<Block>) -> bool {
    let mut edges = vec![0u32; func.dfg.num_blocks()];
    for_branches(func, |call| edges[call.block(&func.dfg.value_lists).as_u32() as usize] += 1);
    let next = |func: &Function, block: Block| -> Option<(Inst, Block, BlockCall)> {
        let inst = func.layout.last_inst(block)?;
        let InstructionData::Jump { destination, .. } = func.dfg.insts[inst] else { return None };
        let to = destination.block(&func.dfg.value_lists);
        (edges[to.as_u32() as usize] == 1 && !kept.contains(to)).then_some((inst, to, destination))
    };
    let blocks: Vec<Block> = func.layout.blocks().collect();
    let mut inner: EntitySet<Block> = EntitySet::new();
    inner.extend(blocks.iter().filter_map(|block| next(func, *block)).map(|(_, to, _)| to));
    for block in blocks {
        // from the first block of a chain on, so that each instruction is moved once
        if inner.contains(block) {
            continue;
        }
        while let Some((jump, to, destination)) = next(func, block) {
            append(func, block, jump, to, destination);
        }
    }
    !inner.is_empty()
}

/// Puts the instructions of `from` in the place of the jump to it.
fn append(func: &mut Function, block: Block, jump: Inst, from: Block, destination: BlockCall) {
    let args: Vec<Option<Value>> =
        destination.args(&func.dfg.value_lists).map(|arg: BlockArg| arg.as_value()).collect();
    let params: Vec<Value> = func.dfg.block_params(from).to_vec();
    func.dfg.detach_block_params(from);
    for (param, arg) in params.into_iter().zip(args) {
        if let Some(arg) = arg {
            func.dfg.change_to_alias(param, arg);
        }
    }
    func.layout.remove_inst(jump);
    while let Some(inst) = func.layout.first_inst(from) {
        func.layout.remove_inst(inst);
        func.layout.append_inst(inst, block);
    }
    func.layout.remove_block(from);
}
