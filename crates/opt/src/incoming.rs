//! Branches by the blocks they go to, and removal of block parameters with the arguments they are given. Needs reachable
//! blocks only.

use rustc_hash::FxHashSet;
use smallvec::SmallVec;
use windlass_ir::ir::{Block, BlockArg, BlockCall, Function, Inst, Value};

/// The branches into each block.
pub(crate) struct Incoming {
    /// Where each block's branches start, and where the last ones end.
    starts: Vec<u32>,
    calls: Vec<BlockCall>,
}

impl Incoming {
    /// Of a function.
    pub(crate) fn of(func: &Function) -> Incoming {
        let mut starts = vec![0; func.dfg.num_blocks() + 1];
        for_branches(func, |call| starts[block_of(func, call).as_u32() as usize] += 1);
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        // each block's branches are put in from the last to the first, which leaves its start
        let mut calls = vec![None; sum as usize];
        for_branches(func, |call| {
            let at = &mut starts[block_of(func, call).as_u32() as usize];
            *at -= 1;
            calls[*at as usize] = Some(call);
        });
        Incoming { starts, calls: calls.into_iter().flatten().collect() }
    }
    /// The branches into a block.
    pub(crate) fn to(&self, block: Block) -> &[BlockCall] {
        let n = block.as_u32() as usize;
        &self.calls[self.starts[n] as usize..self.starts[n + 1] as usize]
    }
}

fn block_of(func: &Function, call: BlockCall) -> Block {
    call.block(&func.dfg.value_lists)
}

/// All branches of a function, in the order of its blocks.
pub(crate) fn for_branches(func: &Function, mut f: impl FnMut(BlockCall)) {
    let dfg = &func.dfg;
    for inst in func.layout.blocks().filter_map(|block| func.layout.last_inst(block)) {
        dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables).iter().for_each(|call| f(*call));
    }
}

/// The last instructions of all blocks.
pub(crate) fn terminators(func: &Function) -> Vec<Inst> {
    func.layout.blocks().filter_map(|block| func.layout.last_inst(block)).collect()
}

/// Removes parameters of blocks other than the entry, which must have no uses but as arguments for each other, and the
/// arguments they are given. The parameters are detached.
pub(crate) fn remove_params(func: &mut Function, gone: &FxHashSet<Value>) {
    if gone.is_empty() {
        return;
    }
    // which places of each block's arguments stay; blocks that keep all have none
    let mut kept: Vec<Option<Vec<bool>>> = vec![None; func.dfg.num_blocks()];
    let blocks: Vec<Block> = func.layout.blocks().collect();
    for block in &blocks {
        let params: Vec<Value> = func.dfg.block_params(*block).to_vec();
        if params.iter().any(|p| gone.contains(p)) {
            kept[block.as_u32() as usize] = Some(params.iter().map(|p| !gone.contains(p)).collect());
            func.dfg.detach_block_params(*block);
            for p in params.into_iter().filter(|p| !gone.contains(p)) {
                func.dfg.attach_block_param(*block, p);
            }
        }
    }
    let ends = terminators(func);
    let dfg = &mut func.dfg;
    for inst in ends {
        for call in dfg.insts[inst].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables) {
            let pool = &mut dfg.value_lists;
            let Some(kept) = &kept[call.block(pool).as_u32() as usize] else { continue };
            // a table that two branches share is met twice
            if call.len(pool) == kept.len() {
                let args: SmallVec<[BlockArg; 8]> =
                    call.args(pool).zip(kept).filter(|(_, kept)| **kept).map(|(arg, _)| arg).collect();
                call.clear(pool);
                args.into_iter().for_each(|arg| call.append_argument(arg, pool));
            }
        }
    }
}
