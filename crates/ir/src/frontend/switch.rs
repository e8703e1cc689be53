//! Switches: a branch by value to one of many blocks.
//!
//! Runs of consecutive values become `br_table`s, other values comparisons; among many of them the way is found by binary
//! search. Needs the builder.

use super::FunctionBuilder;
use crate::ir::builder::InstBuilder;
use crate::ir::condcodes::IntCC;
use crate::ir::types::{self, Type};
use crate::ir::{Block, JumpTableData, Value};
use std::collections::HashMap;
use std::ops::Range;

/// Where values go, collected to be built as a whole.
///
/// ```
/// # use windlass_ir::frontend::{FunctionBuilder, FunctionBuilderContext, Switch};
/// # use windlass_ir::ir::{Function, InstBuilder, types::I32};
/// # let (mut func, mut context) = (Function::new(), FunctionBuilderContext::new());
/// # let mut b = FunctionBuilder::new(&mut func, &mut context);
/// # let [entry, one, two, other] = [b.create_block(), b.create_block(), b.create_block(), b.create_block()];
/// # b.switch_to_block(entry);
/// # let x = b.ins().iconst(I32, 2);
/// let mut switch = Switch::new();
/// switch.set_entry(1, one);
/// switch.set_entry(2, two);
/// switch.emit(&mut b, x, other);
/// ```
#[derive(Debug, Default)]
pub struct Switch {
    cases: HashMap<u128, Block>,
}

/// Blocks of consecutive values.
struct Run {
    first: u128,
    blocks: Vec<Block>,
}

/// Fewer consecutive values than these are compared one by one.
const SMALLEST_TABLE: usize = 4;
/// More runs than these are searched by halves.
const MOST_IN_A_ROW: usize = 3;

impl Switch {
    /// No values yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Lets a value go to a block. Each value may be set once.
    pub fn set_entry(&mut self, index: u128, block: Block) {
        let before = self.cases.insert(index, block);
        assert!(before.is_none(), "{index} has a block already");
    }
    /// Where values go.
    pub fn entries(&self) -> &HashMap<u128, Block> {
        &self.cases
    }
    /// Builds the branch at the end of the current block: by `val`, taken as unsigned, else to `otherwise`. The blocks must
    /// not be sealed.
    pub fn emit(self, bx: &mut FunctionBuilder<'_>, val: Value, otherwise: Block) {
        let ty = bx.func.dfg.value_type(val);
        let runs = self.into_runs(ty.bounds(false).1);
        let mut work: Vec<(Option<Block>, Range<usize>)> = vec![(None, 0..runs.len())];
        while let Some((block, part)) = work.pop() {
            if let Some(block) = block {
                enter(bx, block);
            }
            if part.len() <= MOST_IN_A_ROW {
                emit_in_a_row(bx, val, ty, &runs[part], otherwise);
                continue;
            }
            let middle = part.start + part.len() / 2;
            let [below, above] = [bx.create_block(), bx.create_block()];
            let limit = constant(bx, ty, runs[middle].first);
            let is_above = bx.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, val, limit);
            bx.ins().brif(is_above, above, &[], below, &[]);
            work.push((Some(above), middle..part.end));
            work.push((Some(below), part.start..middle));
        }
    }
    /// Values up to `max`, as runs of one or of at least [`SMALLEST_TABLE`].
    fn into_runs(self, max: u128) -> Vec<Run> {
        let mut cases: Vec<(u128, Block)> = self.cases.into_iter().filter(|(value, _)| *value <= max).collect();
        cases.sort_unstable_by_key(|(value, _)| *value);
        let mut runs = Vec::new();
        for chunk in cases.chunk_by(|a, b| a.0 + 1 == b.0) {
            // a table's entries are counted in 32 bits
            for part in chunk.chunks(u32::MAX as usize) {
                let size = if part.len() < SMALLEST_TABLE { 1 } else { part.len() };
                runs.extend(
                    part.chunks(size).map(|run| Run { first: run[0].0, blocks: run.iter().map(|c| c.1).collect() }),
                );
            }
        }
        runs
    }
}

/// Begins a block to which all branches are there.
fn enter(bx: &mut FunctionBuilder<'_>, block: Block) {
    bx.switch_to_block(block);
    bx.seal_block(block);
}

/// Tests some runs, one after the other.
fn emit_in_a_row(bx: &mut FunctionBuilder<'_>, val: Value, ty: Type, runs: &[Run], otherwise: Block) {
    let Some((last, before)) = runs.split_last() else {
        bx.ins().jump(otherwise, &[]);
        return;
    };
    for run in before {
        let next = bx.create_block();
        emit_run(bx, val, ty, run, next);
        enter(bx, next);
    }
    emit_run(bx, val, ty, last, otherwise);
}

/// Goes by a run of values, else to a block.
fn emit_run(bx: &mut FunctionBuilder<'_>, val: Value, ty: Type, run: &Run, otherwise: Block) {
    let [_, _, ..] = &run.blocks[..] else {
        let first = constant(bx, ty, run.first);
        let equal = bx.ins().icmp(IntCC::Equal, val, first);
        bx.ins().brif(equal, run.blocks[0], &[], otherwise, &[]);
        return;
    };
    // smaller values wrap around to ones beyond the table
    let mut index = val;
    if run.first != 0 {
        let first = constant(bx, ty, run.first);
        index = bx.ins().isub(val, first);
    }
    if ty.bits() > 32 {
        let table = bx.create_block();
        let length = constant(bx, ty, run.blocks.len() as u128);
        let beyond = bx.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        bx.ins().brif(beyond, otherwise, &[], table, &[]);
        enter(bx, table);
        index = bx.ins().ireduce(types::I32, index);
    } else if ty.bits() < 32 {
        index = bx.ins().uextend(types::I32, index);
    }
    let default = bx.func.dfg.block_call(otherwise, &[]);
    let entries: Vec<_> = run.blocks.iter().map(|b| bx.func.dfg.block_call(*b, &[])).collect();
    let table = bx.create_jump_table(JumpTableData::new(default, &entries));
    bx.ins().br_table(index, table);
}

/// A constant of an integer type.
fn constant(bx: &mut FunctionBuilder<'_>, ty: Type, value: u128) -> Value {
    if ty != types::I128 {
        return bx.ins().iconst(ty, value as i64);
    }
    let [low, high] = [value as i64, (value >> 64) as i64].map(|half| bx.ins().iconst(types::I64, half));
    let [low, high] = [low, high].map(|half| bx.ins().uextend(types::I128, half));
    let high = bx.ins().ishl_imm_u(high, 64);
    bx.ins().bor(low, high)
}
