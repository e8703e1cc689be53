//! The tree of post-dominators: `a` post-dominates `b` if every way from `b` to an exit leads over `a`. Exits are blocks
//! that go nowhere. Needs the flow graph.

use crate::dominators::{ChildIter, Dominators, Flow, Tree};
use crate::flowgraph::ControlFlowGraph;
use crate::ir::{Block, Layout, ProgramPoint};
use std::cmp::Ordering;

/// Which blocks post-dominate which.
pub struct PostDominatorTree {
    dominators: Dominators,
    tree: Tree,
    exits: Vec<u32>,
    valid: bool,
}

/// A function's blocks backwards, from a node that stands for all exits.
struct Backward<'a> {
    cfg: &'a ControlFlowGraph,
    exits: &'a [u32],
}

impl Backward<'_> {
    fn block(&self, node: u32) -> Option<Block> {
        (node != self.root()).then(|| Block::from_u32(node))
    }
}

impl Flow for Backward<'_> {
    fn num_nodes(&self) -> usize {
        self.cfg.num_blocks() + 1
    }
    fn root(&self) -> u32 {
        self.cfg.num_blocks() as u32
    }
    fn succs(&self, node: u32) -> impl Iterator<Item = u32> {
        let exits = if node == self.root() { self.exits } else { &[] };
        let preds = self.block(node).into_iter().flat_map(|b| self.cfg.pred_iter(b)).map(|p| p.block.as_u32());
        exits.iter().copied().chain(preds)
    }
    fn preds(&self, node: u32) -> impl Iterator<Item = u32> {
        let succs = self.block(node).into_iter().flat_map(|b| self.cfg.succ_iter(b)).map(Block::as_u32);
        let is_exit = self.block(node).is_some_and(|b| self.cfg.succ_iter(b).next().is_none());
        succs.chain(is_exit.then(|| self.root()))
    }
}

impl PostDominatorTree {
    /// An empty tree, which must be computed.
    pub fn new() -> Self {
        PostDominatorTree { dominators: Dominators::default(), tree: Tree::new(), exits: Vec::new(), valid: false }
    }
    /// The tree of a flow graph.
    pub fn with_cfg(cfg: &ControlFlowGraph) -> Self {
        let mut tree = Self::new();
        tree.compute(cfg);
        tree
    }
    /// Makes it the tree of a flow graph.
    pub fn compute(&mut self, cfg: &ControlFlowGraph) {
        self.clear();
        self.exits.extend(cfg.blocks().filter(|b| cfg.succ_iter(*b).next().is_none()).map(Block::as_u32));
        self.dominators.compute(&Backward { cfg, exits: &self.exits });
        self.tree.build(&self.dominators, cfg.num_blocks());
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
        self.exits.clear();
        self.valid = false;
    }
    /// Does no way from the block lead to an exit?
    pub fn diverges(&self, block: Block) -> bool {
        !self.tree.contains(block)
    }
    /// The nearest block that post-dominates `block`; none for exits, and where ways to different exits part.
    pub fn immediate_post_dominator(&self, block: Block) -> Option<Block> {
        self.tree.parent(block)
    }
    /// The blocks whose immediate post-dominator is `block`.
    pub fn children(&self, block: Block) -> ChildIter<'_> {
        self.tree.children(block)
    }
    /// Does one block post-dominate another? A block post-dominates itself; one that diverges is in no other relation.
    pub fn block_post_dominates(&self, block_a: Block, block_b: Block) -> bool {
        self.tree.is_ancestor(block_a, block_b)
    }
    /// Does one place post-dominate another? In a block, later places post-dominate earlier ones and themselves.
    pub fn post_dominates<A, B>(&self, a: A, b: B, layout: &Layout) -> bool
    where
        A: Into<ProgramPoint>,
        B: Into<ProgramPoint>,
    {
        let (a, b) = (a.into(), b.into());
        let (block_a, block_b) = (layout.pp_block(a), layout.pp_block(b));
        if block_a == block_b {
            layout.pp_cmp(a, b) != Ordering::Less
        } else {
            self.block_post_dominates(block_a, block_b)
        }
    }
}

impl Default for PostDominatorTree {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flowgraph::tests::{function_of, random_edges};
    use windlass_entity::EntityRef;

    /// Which blocks reach an exit without passing through `avoid`.
    fn reaching(edges: &[Vec<usize>], avoid: Option<usize>) -> Vec<bool> {
        let mut seen = vec![false; edges.len()];
        let mut work: Vec<usize> = (0..edges.len()).filter(|b| edges[*b].is_empty()).collect();
        while let Some(block) = work.pop() {
            if Some(block) != avoid && !std::mem::replace(&mut seen[block], true) {
                work.extend((0..edges.len()).filter(|p| edges[*p].contains(&block)));
            }
        }
        seen
    }

    #[test]
    fn agrees_with_the_definition() {
        for seed in 0..100 {
            let n = 3 + seed as usize % 30;
            let edges = random_edges(n, seed);
            let cfg = ControlFlowGraph::with_function(&function_of(&edges));
            let tree = PostDominatorTree::with_cfg(&cfg);
            let all = reaching(&edges, None);
            for a in 0..n {
                assert_eq!(tree.diverges(Block::new(a)), !all[a]);
                let without = reaching(&edges, Some(a));
                for b in 0..n {
                    let expected = a == b || all[a] && all[b] && !without[b];
                    assert_eq!(tree.block_post_dominates(Block::new(a), Block::new(b)), expected, "{edges:?}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn several_exits_and_none() {
        let func = function_of(&[vec![1, 2], vec![], vec![3, 4], vec![], vec![4]]);
        let mut tree = PostDominatorTree::with_cfg(&ControlFlowGraph::with_function(&func));
        let [b0, b2, b3, b4] = [0, 2, 3, 4].map(Block::new);
        assert_eq!((tree.immediate_post_dominator(b2), tree.immediate_post_dominator(b0)), (Some(b3), None));
        assert!(tree.diverges(b4) && tree.children(b3).eq([b2]));
        let (first, last) = (func.layout.first_inst(b0).unwrap(), func.layout.last_inst(b0).unwrap());
        assert!(tree.post_dominates(last, first, &func.layout) && tree.post_dominates(b3, b2, &func.layout));
        tree.clear();
        assert!(!tree.is_valid());
    }
}
