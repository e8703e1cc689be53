//! Control flow of every shape, built block by block, so that there is no limit to their number.

use super::Row;
use crate::stages::Input;
use windlass_ir::cursor::{Cursor, FuncCursor};
use windlass_ir::ir::types::{I32, I64};
use windlass_ir::ir::{AbiParam, Block, BlockCall, Function, InstBuilder, JumpTableData, Signature, UserFuncName};
use windlass_ir::isa::CallConv;

macro_rules! rows {
    ($($name:literal: $targets:expr),* $(,)?) => {
        &[$(Row {
            name: $name,
            make: |n| Input::Builder(Box::new(move || build(n, &($targets as fn(usize, usize) -> Vec<usize>)))),
            compile: true,
        }),*]
    };
}

/// For a block and the number of blocks, where the block goes to: nowhere is a return, one is a jump, two are a branch,
/// more a table. The last block always returns.
pub(super) const ROWS: &[Row] = rows! {
    "graph: line": |b, _| vec![b + 1],
    "graph: skips": |b, _| vec![b + 1, b + 2],
    "graph: diamonds": |b, _| if b % 3 == 0 { vec![b + 1, b + 2] } else { vec![b + 3 - b % 3] },
    "graph: all to the end": |b, n| vec![b + 1, n - 1],
    "graph: all to the start": |b, _| vec![b + 1, 1],
    "graph: one jump back": |b, n| if b + 2 == n { vec![1, b + 1] } else { vec![b + 1] },
    "graph: loops of one block": |b, _| vec![b, b + 1],
    "graph: nested loops": |b, n| if b < n / 2 { vec![b + 1] } else { vec![n - b, b + 1] },
    "graph: nested loops with two ends": |b, n| if b < n / 2 { vec![b + 1, n - 1 - b] } else { vec![n - b, b + 1] },
    "graph: loops that share a latch": |b, n| if b + 2 == n { (1..n.min(b + 1)).step_by(n / 100 + 1).collect() } else { vec![b + 1] },
    "graph: ladder": |b, n| if b == 0 { vec![1, n / 2] } else { vec![b + 1, (b + n / 2) % n] },
    "graph: two entries": |b, n| if b == 0 { vec![1, 2] } else { vec![b.saturating_sub(1).max(1), (b + 2).min(n - 1)] },
    "graph: tree": |b, n| if 2 * b + 2 < n { vec![2 * b + 1, 2 * b + 2] } else { vec![] },
    "graph: tree that joins": |b, n| if 2 * b + 2 < n { vec![2 * b + 1, 2 * b + 2] } else { vec![n - 1] },
    "graph: back by half": |b, _| vec![b + 1, (b / 2).max(1)],
    "graph: at random": |b, n| vec![b + 1, (b.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7) % (n - 1) + 1],
    "graph: backwards": |b, n| if b == 0 { vec![n - 2] } else if b == 1 { vec![] } else { vec![b - 1, n - 1] },
    "graph: endless": |b, n| vec![b % (n - 2) + 1],
    "graph: star": |b, n| if b == 0 { (1..n).collect() } else { vec![] },
    "graph: star that joins": |b, n| if b == 0 { (1..n).collect() } else { vec![n - 1] },
    "graph: star and back": |b, n| if b == 1 { (2..n).collect() } else { vec![1] },
    "graph: unreachable": |b, n| if b == 0 { vec![n - 1] } else { vec![b + 1, n - 1] },
};

fn build(n: usize, targets: &fn(usize, usize) -> Vec<usize>) -> Function {
    let mut sig = Signature::new(CallConv::SystemV);
    sig.params.push(AbiParam::new(I64));
    let mut func = Function::with_name_signature(UserFuncName::testcase("graph"), sig);
    let blocks: Vec<Block> = (0..n).map(|_| func.dfg.make_block()).collect();
    let x = func.dfg.append_block_param(blocks[0], I64);
    let mut cursor = FuncCursor::new(&mut func);
    for (b, &block) in blocks.iter().enumerate() {
        cursor.insert_block(block);
        let to = if b + 1 == n { vec![] } else { targets(b, n) };
        let to: Vec<Block> = to.iter().map(|&t| blocks[t.min(n - 1).max(1)]).collect();
        match to[..] {
            [] => _ = cursor.ins().return_(&[]),
            [one] => _ = cursor.ins().jump(one, &[]),
            [yes, no] => _ = cursor.ins().brif(x, yes, &[], no, &[]),
            [default, ref rest @ ..] => {
                let pool = &mut cursor.func.dfg.value_lists;
                let default = BlockCall::new(default, [], pool);
                let table: Vec<BlockCall> = rest.iter().map(|t| BlockCall::new(*t, [], pool)).collect();
                let table = cursor.func.dfg.jump_tables.push(JumpTableData::new(default, &table));
                let index = cursor.ins().ireduce(I32, x);
                cursor.ins().br_table(index, table);
            }
        }
    }
    func
}
