//! The order of machine blocks: reverse post-order of what is reachable, loops contiguous, with immediate dominators,
//! loop depths and predecessors, as the allocator wants them. Needs the IR's flow graph analyses.

use crate::choices::Choices;
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::entity::EntityRef;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::{Block, Function};
use windlass_ir::loop_analysis::LoopAnalysis;
use windlass_regalloc::{Block as MBlock, Code, NONE};

/// Reachable blocks in order, and what is known of them.
#[derive(Default)]
pub struct BlockOrder {
    /// The blocks, the entry first.
    pub blocks: Vec<Block>,
    number: Vec<u32>,
    skeleton: Vec<MBlock>,
}

impl BlockOrder {
    /// Orders the blocks of `func`.
    pub fn new(
        func: &Function,
        cfg: &ControlFlowGraph,
        domtree: &DominatorTree,
        loops: &LoopAnalysis,
        choices: &Choices,
    ) -> BlockOrder {
        let mut order = BlockOrder { number: vec![NONE; func.dfg.num_blocks()], ..BlockOrder::default() };
        order.visit(func, cfg, loops, choices);
        for &b in &order.blocks {
            let idom = domtree.idom(b).map_or(0, |d| order.number(d));
            let innermost = loops.innermost_loop(b);
            let depth = loops.loop_level(b).level() as u32;
            order.skeleton.push(MBlock {
                idom,
                loop_depth: depth,
                loop_header: innermost.map_or(NONE, |l| order.number(loops.loop_header(l))),
                cold: func.layout.is_cold(b),
                ..MBlock::default()
            });
        }
        order
    }

    /// Depth-first search that goes to what leaves the most loops first: what is finished first comes last.
    fn visit(&mut self, func: &Function, cfg: &ControlFlowGraph, loops: &LoopAnalysis, choices: &Choices) {
        const SEEN: u32 = NONE - 1;
        let Some(entry) = func.layout.entry_block() else { return };
        let successors = |b: Block| {
            let mut s: Vec<Block> = cfg.succ_iter(b).collect();
            if choices.unusual(2) {
                s.reverse();
            }
            // stable, and popped from the end: shallow blocks first, textual order within
            s.sort_by_key(|&b| std::cmp::Reverse(loops.loop_level(b).level()));
            s
        };
        let mut stack = vec![(entry, successors(entry))];
        self.number[entry.index()] = SEEN;
        while let Some((block, rest)) = stack.last_mut() {
            match rest.pop() {
                Some(next) if self.number[next.index()] == NONE => {
                    self.number[next.index()] = SEEN;
                    stack.push((next, successors(next)));
                }
                Some(_) => {}
                None => {
                    self.blocks.push(*block);
                    stack.pop();
                }
            }
        }
        self.blocks.reverse();
        for (n, b) in self.blocks.iter().enumerate() {
            self.number[b.index()] = n as u32;
        }
    }

    /// A block's number in the order.
    pub fn number(&self, b: Block) -> u32 {
        self.number[b.index()]
    }

    /// Machine blocks with what is known before lowering.
    pub fn skeleton(&self) -> Vec<MBlock> {
        self.skeleton.clone()
    }

    /// Fills in the predecessors, once the edges are known.
    pub fn finish(&self, code: &mut Code) {
        let mut count = vec![0u32; code.blocks.len() + 1];
        for e in &code.edges {
            count[e.to as usize + 1] += 1;
        }
        for n in 1..count.len() {
            count[n] += count[n - 1];
        }
        for (n, b) in code.blocks.iter_mut().enumerate() {
            b.preds = (count[n], count[n + 1]);
        }
        code.preds = vec![0; code.edges.len()];
        for (i, e) in code.edges.iter().enumerate() {
            let next = &mut count[e.to as usize];
            code.preds[*next as usize] = i as u32;
            *next += 1;
        }
    }
}
