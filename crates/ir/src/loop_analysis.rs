//! Natural loops: a header and the blocks from which a branch back to it is reached without leaving what it dominates.
//!
//! Each block is visited once, however deep loops nest: blocks of an inner loop are jumped over at its header, by way of a
//! union-find structure of loops. Circles that are entered at several places are no loops here. Needs the dominator tree.

use crate::dominator_tree::DominatorTree;
use crate::flowgraph::ControlFlowGraph;
use crate::ir::{Block, Function};
use windlass_entity::packed_option::PackedOption;
use windlass_entity::{Keys, PrimaryMap, SecondaryMap, entity_impl};

/// A loop. Outer loops have smaller numbers than those in them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Loop(u32);
entity_impl!(Loop, "loop");

/// How many loops something is in, up to a maximum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct LoopLevel(u8);

impl LoopLevel {
    const INVALID: u8 = u8::MAX;

    /// In no loop.
    pub fn root() -> Self {
        LoopLevel(0)
    }
    /// In `level` loops, or as many as can be told.
    pub fn clamped(level: usize) -> Self {
        LoopLevel(level.min(usize::from(Self::INVALID) - 1) as u8)
    }
    /// No level.
    pub fn invalid() -> Self {
        LoopLevel(Self::INVALID)
    }
    /// In how many loops.
    pub fn level(self) -> usize {
        self.0.into()
    }
    /// One loop further in.
    #[must_use]
    pub fn inc(self) -> Self {
        Self::clamped(self.level() + 1)
    }
}

struct LoopData {
    header: Block,
    parent: PackedOption<Loop>,
    level: LoopLevel,
}

/// The loops of a function.
pub struct LoopAnalysis {
    loops: PrimaryMap<Loop, LoopData>,
    /// The innermost loop of each block.
    innermost: SecondaryMap<Block, PackedOption<Loop>>,
    /// The loop that a loop was found to be in, or one around it: points towards the outermost loop known.
    outer: SecondaryMap<Loop, PackedOption<Loop>>,
    work: Vec<Block>,
    valid: bool,
}

impl LoopAnalysis {
    /// No loops; they must be computed.
    pub fn new() -> Self {
        LoopAnalysis {
            loops: PrimaryMap::new(),
            innermost: SecondaryMap::new(),
            outer: SecondaryMap::new(),
            work: Vec::new(),
            valid: false,
        }
    }
    /// Finds the loops of a function.
    pub fn compute(&mut self, func: &Function, cfg: &ControlFlowGraph, domtree: &DominatorTree) {
        self.clear();
        self.innermost.resize(func.dfg.num_blocks());
        for &block in domtree.cfg_rpo() {
            if cfg.pred_iter(block).any(|p| domtree.block_dominates(block, p.block)) {
                let (parent, level) = (None.into(), LoopLevel::root());
                let lp = self.loops.push(LoopData { header: block, parent, level });
                self.innermost[block] = lp.into();
            }
        }
        // inner loops first: their headers come later in reverse post-order
        for lp in self.loops.keys().rev() {
            self.find_blocks(lp, cfg, domtree);
        }
        for lp in self.loops.keys() {
            let around = self.loops[lp].parent.map(|p| self.loops[p].level).unwrap_or_default();
            self.loops[lp].level = around.inc();
        }
        self.valid = true;
    }
    /// Finds the blocks and loops that are in a loop and not in a loop in it.
    fn find_blocks(&mut self, lp: Loop, cfg: &ControlFlowGraph, domtree: &DominatorTree) {
        let header = self.loops[lp].header;
        let latches = cfg.pred_iter(header).map(|p| p.block).filter(|b| domtree.block_dominates(header, *b));
        self.work.extend(latches);
        while let Some(block) = self.work.pop() {
            // what to go on backwards from: the block, or the header of the largest loop so far that it is in
            let entry = match self.innermost[block].expand() {
                None => {
                    self.innermost[block] = lp.into();
                    block
                }
                Some(inner) => {
                    let outermost = self.outermost(inner);
                    if outermost == lp {
                        continue;
                    }
                    self.loops[outermost].parent = lp.into();
                    self.outer[outermost] = lp.into();
                    self.loops[outermost].header
                }
            };
            self.work.extend(cfg.pred_iter(entry).map(|p| p.block).filter(|b| domtree.is_reachable(*b)));
        }
    }
    /// The outermost loop known so far around a loop. Makes the way there shorter for the next time.
    fn outermost(&mut self, lp: Loop) -> Loop {
        let mut at = lp;
        while let Some(up) = self.outer[at].expand() {
            if let Some(further) = self.outer[up].expand() {
                self.outer[at] = further.into();
            }
            at = up;
        }
        at
    }
    /// Was it computed, and not cleared since?
    pub fn is_valid(&self) -> bool {
        self.valid
    }
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.loops.clear();
        self.innermost.clear();
        self.outer.clear();
        self.work.clear();
        self.valid = false;
    }
    /// All loops, outer ones first.
    pub fn loops(&self) -> Keys<Loop> {
        self.loops.keys()
    }
    /// The block through which a loop is entered.
    pub fn loop_header(&self, lp: Loop) -> Block {
        self.loops[lp].header
    }
    /// The loop whose header a block is.
    pub fn is_loop_header(&self, block: Block) -> Option<Loop> {
        self.innermost_loop(block).filter(|lp| self.loop_header(*lp) == block)
    }
    /// The innermost loop around a loop.
    pub fn loop_parent(&self, lp: Loop) -> Option<Loop> {
        self.loops[lp].parent.expand()
    }
    /// The innermost loop a block is in.
    pub fn innermost_loop(&self, block: Block) -> Option<Loop> {
        self.innermost[block].expand()
    }
    /// Is a block in a loop?
    pub fn is_in_loop(&self, block: Block, lp: Loop) -> bool {
        self.innermost_loop(block).is_some_and(|inner| self.is_child_loop(inner, lp))
    }
    /// Is a loop in another, or the same?
    pub fn is_child_loop(&self, child: Loop, parent: Loop) -> bool {
        std::iter::successors(Some(child), |lp| self.loop_parent(*lp)).any(|lp| lp == parent)
    }
    /// In how many loops a block is.
    pub fn loop_level(&self, block: Block) -> LoopLevel {
        self.innermost_loop(block).map_or(LoopLevel::root(), |lp| self.loops[lp].level)
    }
}

impl Default for LoopAnalysis {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flowgraph::tests::{function_of, random_edges};
    use windlass_entity::EntityRef;

    fn analyse(edges: &[Vec<usize>]) -> (LoopAnalysis, DominatorTree) {
        let func = function_of(edges);
        let cfg = ControlFlowGraph::with_function(&func);
        let domtree = DominatorTree::with_function(&func, &cfg);
        let mut loops = LoopAnalysis::new();
        loops.compute(&func, &cfg, &domtree);
        (loops, domtree)
    }

    #[test]
    fn nested_loops() {
        // 1 is the header of a loop that holds that of 2; 5 a loop of one block; 6 <-> 7 has two ways in
        let (mut loops, _) =
            analyse(&[vec![1], vec![2, 5], vec![3], vec![2, 4], vec![1], vec![5, 6, 7], vec![7], vec![6, 8], vec![]]);
        let [outer, own, inner] = loops.loops().collect::<Vec<_>>()[..] else { panic!("three loops") };
        let b = |n| Block::new(n);
        assert_eq!([outer, inner, own].map(|l| loops.loop_header(l)), [b(1), b(2), b(5)]);
        assert_eq!([outer, inner, own].map(|l| loops.loop_parent(l)), [None, Some(outer), None]);
        assert_eq!((0..9).map(|n| loops.loop_level(b(n)).level()).collect::<Vec<_>>(), [0, 1, 2, 2, 1, 1, 0, 0, 0]);
        assert!(loops.is_in_loop(b(3), outer) && !loops.is_in_loop(b(4), inner) && loops.is_child_loop(own, own));
        assert_eq!((loops.is_loop_header(b(2)), loops.is_loop_header(b(3))), (Some(inner), None));
        loops.clear();
        assert!(!loops.is_valid() && loops.innermost_loop(b(3)).is_none());
    }

    #[test]
    fn agrees_with_the_definition() {
        for seed in 0..200 {
            let n = 3 + seed as usize % 40;
            let edges = random_edges(n, seed);
            let (loops, domtree) = analyse(&edges);
            for header in 0..n {
                // backwards from the latches, up to the header
                let dominated = |b: usize| domtree.block_dominates(Block::new(header), Block::new(b));
                let into = |b: usize| {
                    let reachable = (0..n).filter(|p| domtree.is_reachable(Block::new(*p)));
                    reachable.filter(|p| edges[*p].contains(&b)).collect::<Vec<_>>()
                };
                let mut work: Vec<usize> = into(header).into_iter().filter(|p| dominated(*p)).collect();
                let lp = loops.is_loop_header(Block::new(header));
                assert_eq!(lp.is_some(), !work.is_empty(), "{edges:?}: {header}");
                let Some(lp) = lp else { continue };
                let mut body = vec![false; n];
                body[header] = true;
                while let Some(b) = work.pop() {
                    if !std::mem::replace(&mut body[b], true) {
                        work.extend(into(b));
                    }
                }
                for (b, inside) in body.into_iter().enumerate() {
                    assert_eq!(loops.is_in_loop(Block::new(b), lp), inside, "{edges:?}: {header} {b}");
                }
            }
        }
    }

    #[test]
    fn levels_are_clamped() {
        assert_eq!((LoopLevel::clamped(1000), LoopLevel::clamped(1000).inc()), (LoopLevel(254), LoopLevel(254)));
        assert!(LoopLevel::root().inc() < LoopLevel::invalid());
    }
}
