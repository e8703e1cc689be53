//! The dominator tree: `a` dominates `b` if every way from the entry to `b` leads over `a`. Needs the flow graph.

use crate::dominators::{Dominators, Flow, NONE, Tree};
use crate::flowgraph::ControlFlowGraph;
use crate::ir::{Block, Function, Layout, ProgramPoint};
use std::cmp::Ordering;
use std::fmt;

pub use crate::dominators::ChildIter;

/// Which blocks dominate which.
pub struct DominatorTree {
    dominators: Dominators,
    tree: Tree,
    postorder: Vec<Block>,
    /// The place of each block in the post-order, [`NONE`] if control cannot reach it.
    place: Vec<u32>,
    valid: bool,
}

/// The same tree: other implementations keep one that is faster to make and slower to ask.
pub type SimpleDominatorTree = DominatorTree;

/// A function's blocks, from the entry.
struct Forward<'a> {
    cfg: &'a ControlFlowGraph,
    entry: u32,
}

impl Flow for Forward<'_> {
    fn num_nodes(&self) -> usize {
        self.cfg.num_blocks()
    }
    fn root(&self) -> u32 {
        self.entry
    }
    fn succs(&self, node: u32) -> impl Iterator<Item = u32> {
        self.cfg.succ_iter(Block::from_u32(node)).map(Block::as_u32)
    }
    fn preds(&self, node: u32) -> impl Iterator<Item = u32> {
        self.cfg.pred_iter(Block::from_u32(node)).map(|p| p.block.as_u32())
    }
}

impl DominatorTree {
    /// An empty tree, which must be computed.
    pub fn new() -> Self {
        let (dominators, tree) = (Dominators::default(), Tree::new());
        DominatorTree { dominators, tree, postorder: Vec::new(), place: Vec::new(), valid: false }
    }
    /// The tree of a function.
    pub fn with_function(func: &Function, cfg: &ControlFlowGraph) -> Self {
        let mut tree = Self::new();
        tree.compute(func, cfg);
        tree
    }
    /// Makes it the tree of a function.
    pub fn compute(&mut self, func: &Function, cfg: &ControlFlowGraph) {
        self.clear();
        if let Some(entry) = func.layout.entry_block() {
            self.dominators.compute(&Forward { cfg, entry: entry.as_u32() });
            self.tree.build(&self.dominators, cfg.num_blocks());
            self.postorder.extend(self.dominators.postorder.iter().map(|n| Block::from_u32(*n)));
            self.place.resize(cfg.num_blocks(), NONE);
            for (place, block) in self.dominators.postorder.iter().enumerate() {
                self.place[*block as usize] = place as u32;
            }
        }
        self.valid = true;
    }
    /// Was it computed, and not cleared since?
    pub fn is_valid(&self) -> bool {
        self.valid
    }
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.dominators.clear();
        self.tree.clear();
        self.postorder.clear();
        self.place.clear();
        self.valid = false;
    }
    /// Can control reach the block?
    pub fn is_reachable(&self, block: Block) -> bool {
        self.tree.contains(block)
    }
    /// The blocks that control can reach, each after those first reached from it.
    pub fn cfg_postorder(&self) -> &[Block] {
        &self.postorder
    }
    /// The blocks that control can reach, in reverse post-order: the entry first.
    pub fn cfg_rpo(&self) -> impl Iterator<Item = &Block> {
        self.postorder.iter().rev()
    }
    /// Which of two blocks is first in reverse post-order. Those that control cannot reach come last, and are equal.
    pub fn rpo_cmp_block(&self, a: Block, b: Block) -> Ordering {
        let place = |block: Block| self.place.get(block.as_u32() as usize).copied().filter(|place| *place != NONE);
        place(b).cmp(&place(a))
    }
    /// Which of two places is first in reverse post-order, and in a block in its order.
    pub fn rpo_cmp<A, B>(&self, a: A, b: B, layout: &Layout) -> Ordering
    where
        A: Into<ProgramPoint>,
        B: Into<ProgramPoint>,
    {
        let (a, b) = (a.into(), b.into());
        self.rpo_cmp_block(layout.pp_block(a), layout.pp_block(b)).then_with(|| layout.pp_cmp(a, b))
    }
    /// The nearest block that dominates `block`; none for the entry and blocks that control cannot reach.
    pub fn idom(&self, block: Block) -> Option<Block> {
        self.tree.parent(block)
    }
    /// The blocks whose immediate dominator is `block`, in reverse post-order.
    pub fn children(&self, block: Block) -> ChildIter<'_> {
        self.tree.children(block)
    }
    /// Does one block dominate another? A block dominates itself; one that control cannot reach is in no other relation.
    pub fn block_dominates(&self, block_a: Block, block_b: Block) -> bool {
        self.tree.is_ancestor(block_a, block_b)
    }
    /// Does one place dominate another? In a block, earlier places dominate later ones and themselves.
    pub fn dominates<A, B>(&self, a: A, b: B, layout: &Layout) -> bool
    where
        A: Into<ProgramPoint>,
        B: Into<ProgramPoint>,
    {
        let (a, b) = (a.into(), b.into());
        let (block_a, block_b) = (layout.pp_block(a), layout.pp_block(b));
        if block_a == block_b {
            layout.pp_cmp(a, b) != Ordering::Greater
        } else {
            self.block_dominates(block_a, block_b)
        }
    }
}

impl Default for DominatorTree {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for DominatorTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.cfg_rpo().map(|b| (b, self.children(*b).collect::<Vec<_>>()))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flowgraph::tests::{function_of, random_edges};
    use windlass_entity::EntityRef;

    fn tree_of(edges: &[Vec<usize>]) -> DominatorTree {
        let func = function_of(edges);
        DominatorTree::with_function(&func, &ControlFlowGraph::with_function(&func))
    }

    /// Which blocks the entry reaches without passing through `avoid`.
    pub(super) fn reached(edges: &[Vec<usize>], avoid: Option<usize>) -> Vec<bool> {
        let (mut seen, mut work) = (vec![false; edges.len()], vec![0]);
        while let Some(block) = work.pop() {
            if Some(block) != avoid && !std::mem::replace(&mut seen[block], true) {
                work.extend(&edges[block]);
            }
        }
        seen
    }

    #[test]
    fn agrees_with_the_definition() {
        for seed in 0..200 {
            let n = 3 + seed as usize % 40;
            let edges = random_edges(n, seed);
            let tree = tree_of(&edges);
            let all = reached(&edges, None);
            for a in 0..n {
                assert_eq!(tree.is_reachable(Block::new(a)), all[a]);
                let without = reached(&edges, Some(a));
                for b in 0..n {
                    let dominates = a == b || all[a] && all[b] && !without[b];
                    assert_eq!(tree.block_dominates(Block::new(a), Block::new(b)), dominates, "{edges:?}: {a} {b}");
                }
            }
            assert!(tree.cfg_rpo().is_sorted_by(|a, b| tree.rpo_cmp_block(**a, **b).is_lt()));
            for &block in tree.cfg_postorder() {
                assert!(tree.children(block).all(|c| tree.idom(c) == Some(block)));
                let order = |b: Block| tree.cfg_postorder().iter().position(|o| *o == b);
                assert!(tree.children(block).is_sorted_by(|a, b| order(*a) > order(*b)));
            }
        }
    }

    #[test]
    fn places_in_a_block() {
        let func = function_of(&[vec![1], vec![]]);
        let tree = DominatorTree::with_function(&func, &ControlFlowGraph::with_function(&func));
        let [a, b] = [0, 1].map(Block::new);
        let (first, last) = (func.layout.first_inst(a).unwrap(), func.layout.last_inst(a).unwrap());
        assert!(tree.dominates(first, last, &func.layout) && !tree.dominates(last, first, &func.layout));
        assert!(tree.dominates(a, first, &func.layout) && tree.dominates(last, b, &func.layout));
        assert!(tree.rpo_cmp(first, last, &func.layout).is_lt() && tree.rpo_cmp(b, first, &func.layout).is_gt());
        assert!(tree.dominates(last, last, &func.layout) && !tree.dominates(b, a, &func.layout));
    }

    #[test]
    fn nothing_to_do() {
        let func = Function::new();
        let mut tree = DominatorTree::with_function(&func, &ControlFlowGraph::with_function(&func));
        assert!(tree.is_valid() && tree.cfg_postorder().is_empty() && !tree.is_reachable(Block::new(7)));
        tree.clear();
        assert!(!tree.is_valid());
    }
}
