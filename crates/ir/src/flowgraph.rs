//! The control flow graph: which blocks go where, by which branch, in both directions.
//!
//! An edge stands for all targets of one branch that are the same block. The edges out of a block and those into it are
//! linked lists over one array; edges are in textual order on both sides. Blocks that branches name but the function does
//! not have are left out.

use crate::ir::{Block, Function, Inst};
use windlass_entity::{Keys, SecondaryMap};

/// A branch into a block.
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub struct BlockPredecessor {
    /// The block that branches.
    pub block: Block,
    /// The branch.
    pub inst: Inst,
}

impl BlockPredecessor {
    /// The branch `inst` in `block`.
    pub fn new(block: Block, inst: Inst) -> Self {
        BlockPredecessor { block, inst }
    }
}

/// No edge.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Edge {
    pred: BlockPredecessor,
    succ: Block,
    /// The next edge out of the same block; the next free edge for one that is free.
    next_out: u32,
    /// The neighbours among the edges into the same block.
    next_in: u32,
    prev_in: u32,
}

/// A block's edges: the first and last out, the first and last in.
#[derive(Clone, Copy)]
struct Node {
    first_out: u32,
    last_out: u32,
    first_in: u32,
    last_in: u32,
    /// The last block that was found to go here: tells whether an edge exists already.
    seen_from: u32,
}

const NO_EDGES: Node = Node { first_out: NONE, last_out: NONE, first_in: NONE, last_in: NONE, seen_from: NONE };

/// Which blocks go where.
pub struct ControlFlowGraph {
    nodes: SecondaryMap<Block, Node>,
    edges: Vec<Edge>,
    free: u32,
    num_blocks: usize,
    valid: bool,
}

impl ControlFlowGraph {
    /// An empty graph, which must be computed.
    pub fn new() -> Self {
        ControlFlowGraph {
            nodes: SecondaryMap::with_default(NO_EDGES),
            edges: Vec::new(),
            free: NONE,
            num_blocks: 0,
            valid: false,
        }
    }
    /// The graph of a function.
    pub fn with_function(func: &Function) -> Self {
        let mut cfg = Self::new();
        cfg.compute(func);
        cfg
    }
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.edges.clear();
        self.free = NONE;
        self.num_blocks = 0;
        self.valid = false;
    }
    /// Makes it the graph of a function.
    pub fn compute(&mut self, func: &Function) {
        self.clear();
        self.num_blocks = func.dfg.num_blocks();
        self.nodes.resize(self.num_blocks);
        for block in &func.layout {
            self.add_edges(func, block);
        }
        self.valid = true;
    }
    /// Was it computed, and not cleared since?
    pub fn is_valid(&self) -> bool {
        self.valid
    }
    /// The number of blocks of the function.
    pub fn num_blocks(&self) -> usize {
        self.num_blocks
    }
    /// All blocks of the function, in the order of their numbers.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = Block> + '_ {
        Keys::with_len(self.num_blocks)
    }
    /// Brings the edges out of a block up to date after its terminator was changed.
    pub fn recompute_block(&mut self, func: &Function, block: Block) {
        self.num_blocks = func.dfg.num_blocks();
        let mut edge = std::mem::replace(&mut self.nodes[block].first_out, NONE);
        self.nodes[block].last_out = NONE;
        while edge != NONE {
            let next = self.edges[edge as usize].next_out;
            self.remove_edge(edge);
            edge = next;
        }
        self.add_edges(func, block);
    }
    fn add_edges(&mut self, func: &Function, block: Block) {
        let Some(inst) = func.layout.last_inst(block) else { return };
        for succ in func.block_successors(block) {
            if func.dfg.block_is_valid(succ) && self.nodes[succ].seen_from != block.as_u32() {
                self.nodes[succ].seen_from = block.as_u32();
                self.add_edge(BlockPredecessor::new(block, inst), succ);
            }
        }
    }
    fn add_edge(&mut self, pred: BlockPredecessor, succ: Block) {
        let prev_in = self.nodes[succ].last_in;
        let edge = Edge { pred, succ, next_out: NONE, next_in: NONE, prev_in };
        let n = match self.free {
            NONE => {
                self.edges.push(edge);
                self.edges.len() as u32 - 1
            }
            free => {
                self.free = self.edges[free as usize].next_out;
                self.edges[free as usize] = edge;
                free
            }
        };
        match prev_in {
            NONE => self.nodes[succ].first_in = n,
            prev => self.edges[prev as usize].next_in = n,
        }
        self.nodes[succ].last_in = n;
        match self.nodes[pred.block].last_out {
            NONE => self.nodes[pred.block].first_out = n,
            last => self.edges[last as usize].next_out = n,
        }
        self.nodes[pred.block].last_out = n;
    }
    /// Takes an edge from the edges into its successor, and frees it.
    fn remove_edge(&mut self, n: u32) {
        let Edge { succ, prev_in, next_in, .. } = self.edges[n as usize];
        match prev_in {
            NONE => self.nodes[succ].first_in = next_in,
            prev => self.edges[prev as usize].next_in = next_in,
        }
        match next_in {
            NONE => self.nodes[succ].last_in = prev_in,
            next => self.edges[next as usize].prev_in = prev_in,
        }
        self.nodes[succ].seen_from = NONE;
        self.edges[n as usize].next_out = self.free;
        self.free = n;
    }
    /// The branches into a block.
    pub fn pred_iter(&self, block: Block) -> PredIter<'_> {
        PredIter(EdgeIter { cfg: self, next: self.nodes[block].first_in })
    }
    /// The blocks a block goes to.
    pub fn succ_iter(&self, block: Block) -> SuccIter<'_> {
        SuccIter(EdgeIter { cfg: self, next: self.nodes[block].first_out })
    }
}

impl Default for ControlFlowGraph {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Clone)]
struct EdgeIter<'a> {
    cfg: &'a ControlFlowGraph,
    next: u32,
}

impl<'a> EdgeIter<'a> {
    fn step(&mut self, next: fn(&Edge) -> u32) -> Option<&'a Edge> {
        let edge = self.cfg.edges.get(self.next as usize)?;
        self.next = next(edge);
        Some(edge)
    }
}

/// The branches into a block.
#[derive(Clone)]
pub struct PredIter<'a>(EdgeIter<'a>);

impl Iterator for PredIter<'_> {
    type Item = BlockPredecessor;
    fn next(&mut self) -> Option<BlockPredecessor> {
        self.0.step(|e| e.next_in).map(|e| e.pred)
    }
}

/// The blocks a block goes to.
#[derive(Clone)]
pub struct SuccIter<'a>(EdgeIter<'a>);

impl Iterator for SuccIter<'_> {
    type Item = Block;
    fn next(&mut self) -> Option<Block> {
        self.0.step(|e| e.next_out).map(|e| e.succ)
    }
}

/// Makes functions of given edges and of random ones, for the tests of all analyses.
#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cursor::{Cursor, FuncCursor};
    use crate::ir::{BlockCall, InstBuilder, JumpTableData, types};
    use windlass_entity::EntityRef;

    /// A function whose blocks go where the lists say.
    pub(crate) fn function_of(succs: &[Vec<usize>]) -> Function {
        let mut func = Function::new();
        let blocks: Vec<Block> = succs.iter().map(|_| func.dfg.make_block()).collect();
        let mut pos = FuncCursor::new(&mut func);
        for (block, to) in blocks.iter().zip(succs) {
            pos.insert_block(*block);
            let c = pos.ins().iconst(types::I32, 0);
            match to[..] {
                [] => drop(pos.ins().return_(&[])),
                [a] => drop(pos.ins().jump(blocks[a], &[])),
                [a, b] => drop(pos.ins().brif(c, blocks[a], &[], blocks[b], &[])),
                _ => {
                    let calls: Vec<BlockCall> = to.iter().map(|b| pos.func.dfg.block_call(blocks[*b], &[])).collect();
                    let table = pos.func.create_jump_table(JumpTableData::new(calls[0], &calls[1..]));
                    pos.ins().br_table(c, table);
                }
            }
        }
        func
    }

    /// Random edges among `n` blocks: mostly forward and short, some anywhere.
    pub(crate) fn random_edges(n: usize, seed: u64) -> Vec<Vec<usize>> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut random = move |m: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % m
        };
        let mut edges = Vec::with_capacity(n);
        for block in 0..n {
            let count = [0, 1, 1, 2, 2, 2, 2, 3][random(8)];
            let target = |random: &mut dyn FnMut(usize) -> usize| match random(4) {
                0 => random(n),
                _ => (block + 1 + random(4)) % n,
            };
            edges.push((0..count).map(|_| target(&mut random)).collect());
        }
        edges
    }

    #[test]
    fn edges_in_both_directions() {
        let mut func = function_of(&[vec![1, 2], vec![2, 2], vec![0, 1, 0, 2], vec![1]]);
        let mut cfg = ControlFlowGraph::with_function(&func);
        let [b0, b1, b2, b3] = [0, 1, 2, 3].map(Block::new);
        let preds = |cfg: &ControlFlowGraph, b| cfg.pred_iter(b).map(|p| p.block).collect::<Vec<_>>();
        assert_eq!((preds(&cfg, b0), preds(&cfg, b1), preds(&cfg, b2)), (vec![b2], vec![b0, b2, b3], vec![b0, b1, b2]));
        assert_eq!(cfg.succ_iter(b2).collect::<Vec<_>>(), [b0, b1, b2]);
        assert_eq!(cfg.pred_iter(b2).next().map(|p| p.inst), func.layout.last_inst(b0));

        let branch = func.layout.last_inst(b0).unwrap();
        func.rewrite_branch_destination(branch, b1, b3);
        cfg.recompute_block(&func, b0);
        cfg.recompute_block(&func, b2);
        assert_eq!((preds(&cfg, b1), preds(&cfg, b3), preds(&cfg, b2)), (vec![b3, b2], vec![b0], vec![b1, b0, b2]));
        assert_eq!((cfg.edges.len(), cfg.blocks().len()), (7, 4), "freed edges are used again");
        cfg.clear();
        assert!(!cfg.is_valid() && preds(&cfg, b1).is_empty());
    }

    #[test]
    fn unknown_blocks_are_left_out() {
        let mut func = function_of(&[vec![0, 0]]);
        let branch = func.layout.last_inst(Block::new(0)).unwrap();
        func.rewrite_branch_destination(branch, Block::new(0), Block::new(99_999));
        assert_eq!(ControlFlowGraph::with_function(&func).succ_iter(Block::new(0)).count(), 0);
    }
}
