//! Functions of a million blocks: all analyses finish, in time near linear in the size, whatever the shape.

use windlass_ir::cursor::{Cursor, FuncCursor};
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::entity::EntityRef;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::{Block, Function, InstBuilder, types};
use windlass_ir::loop_analysis::LoopAnalysis;
use windlass_ir::post_dominator_tree::PostDominatorTree;
use windlass_ir::traversals::Dfs;

const N: usize = 1_000_000;

/// A function of `N` blocks, each of which goes to the next and to where `other` says.
fn function(other: impl Fn(usize) -> usize) -> Function {
    let mut func = Function::new();
    func.dfg.blocks.reserve(N);
    for _ in 0..N {
        func.dfg.make_block();
    }
    let mut pos = FuncCursor::new(&mut func);
    pos.insert_block(Block::new(0));
    let c = pos.ins().iconst(types::I8, 1);
    for n in 0..N {
        let block = Block::new(n);
        if n > 0 {
            pos.insert_block(block);
        }
        if n + 1 < N {
            pos.ins().brif(c, Block::new(n + 1), &[], Block::new(other(n)), &[]);
        } else {
            pos.ins().return_(&[]);
        }
    }
    func
}

fn analyse(func: &Function) -> (DominatorTree, LoopAnalysis) {
    let cfg = ControlFlowGraph::with_function(func);
    let domtree = DominatorTree::with_function(func, &cfg);
    let postdomtree = PostDominatorTree::with_cfg(&cfg);
    let mut loops = LoopAnalysis::new();
    loops.compute(func, &cfg, &domtree);
    assert_eq!(Dfs::new().pre_order_iter(func).count(), domtree.cfg_postorder().len());
    assert!(!postdomtree.diverges(Block::new(0)));
    (domtree, loops)
}

#[test]
fn half_a_million_nested_loops() {
    // the second half goes back to the first, so that all loops are nested
    let (domtree, loops) = analyse(&function(|n| if n < N / 2 { n + 1 } else { N - n }));
    assert_eq!(domtree.idom(Block::new(N - 1)), Some(Block::new(N - 2)));
    assert!(loops.loops().len() > N / 2 - 10);
    assert_eq!(loops.loop_level(Block::new(N / 2)).level(), 254);
}

#[test]
fn a_ladder_of_joins() {
    let (domtree, loops) = analyse(&function(|n| (n + 2).min(N - 1)));
    assert_eq!((domtree.idom(Block::new(N - 2)), loops.loops().len()), (Some(Block::new(0)), 0));
}

#[test]
fn edges_everywhere() {
    let (domtree, _) = analyse(&function(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % N));
    assert_eq!(domtree.cfg_postorder().len(), N);
}
