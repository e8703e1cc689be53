//! What can be learnt of a function, and whether it is right.

use cranelift_codegen::cfg_printer::CFGPrinter;
use cranelift_codegen::data_value::{DataValue, DisplayDataValues};
use cranelift_codegen::dbg::{DisplayList, LOG_FILENAME_PREFIX};
use cranelift_codegen::dominator_tree::{DominatorTree, SimpleDominatorTree};
use cranelift_codegen::flowgraph::{BlockPredecessor, ControlFlowGraph};
use cranelift_codegen::ir::{Block, Function, Inst, Type};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::loop_analysis::{Loop, LoopAnalysis, LoopLevel};
use cranelift_codegen::post_dominator_tree::PostDominatorTree;
use cranelift_codegen::print_errors::{pretty_error, pretty_verifier_error};
use cranelift_codegen::settings::Flags;
use cranelift_codegen::traversals::{Dfs, Event};
use cranelift_codegen::verifier::{VerifierErrors, VerifierResult, verify_context};
use cranelift_codegen::{CodegenError, verify_function};

/// Control flow.
pub fn flow(func: &Function, block: Block, inst: Inst) {
    let mut cfg: ControlFlowGraph = ControlFlowGraph::new();
    cfg.compute(func);
    let _: (Option<BlockPredecessor>, Option<Block>) = (cfg.pred_iter(block).next(), cfg.succ_iter(block).next());
    let mut domtree: DominatorTree = DominatorTree::with_function(func, &cfg);
    domtree.compute(func, &cfg);
    let _: (Option<Block>, bool, &[Block]) =
        (domtree.idom(block), domtree.is_reachable(block), domtree.cfg_postorder());
    let _: [bool; 2] = [domtree.dominates(block, inst, &func.layout), domtree.block_dominates(block, block)];
    let mut loops: LoopAnalysis = LoopAnalysis::new();
    loops.compute(func, &cfg, &domtree);
    let _: (Option<Loop>, Option<Loop>, LoopLevel) =
        (loops.innermost_loop(block), loops.is_loop_header(block), loops.loop_level(block));
    let _: Option<Block> = PostDominatorTree::with_cfg(&cfg).immediate_post_dominator(block);
    let _: Option<Block> = Dfs::new().post_order_iter(func).next();
    let _: (String, std::fmt::Result) =
        (CFGPrinter::new(func).to_string(), CFGPrinter::new(func).write(&mut String::new()));
    let _: Option<(Event, Block)> = Dfs::new().iter(func).next();
}

/// Rules.
pub fn rules(func: &Function, cfg: &ControlFlowGraph, domtree: &DominatorTree, flags: &Flags, isa: &dyn TargetIsa) {
    let _: [VerifierResult<()>; 2] = [verify_function(func, flags), verify_function(func, isa)];
    let mut errors = VerifierErrors::default();
    let _: (Result<(), ()>, bool) = (verify_context(func, cfg, domtree, isa, &mut errors), errors.has_error());
    let _: String = pretty_verifier_error(func, None, errors.clone());
    let _: String = pretty_error(func, CodegenError::from(errors));
    let _: String = pretty_error(func, CodegenError::Unsupported("it".into()));
}

/// Values at run time.
pub fn values(v: &DataValue, bytes: &mut [u8]) {
    let _: (Type, bool, bool) = (v.ty(), v.is_vector(), v.bitwise_eq(&DataValue::I32(1)));
    v.write_to_slice_le(bytes);
    let _: unsafe fn(&DataValue, *mut u128) = DataValue::write_value_to;
    let _: unsafe fn(*const u128, Type) -> DataValue = DataValue::read_value_from;
    let _: [DataValue; 3] =
        [DataValue::read_from_slice_le(bytes, v.ty()), DataValue::from(1i64), DataValue::V128([0; 16])];
    let _: Result<i32, _> = i32::try_from(v.clone());
    let _: [DataValue; 2] = [v.clone().to_be(), v.clone().to_le()];
    let _: String = format!("{} {v}", DisplayDataValues(&[]));
}

/// Traces.
pub fn tracing(blocks: &[Block], func: &Function, domtree: &SimpleDominatorTree) {
    if cranelift_codegen::trace_log_enabled!() {
        cranelift_codegen::trace!("{LOG_FILENAME_PREFIX}: {}", DisplayList(blocks));
    }
    let _: std::cmp::Ordering = domtree.rpo_cmp(blocks[0], blocks[1], &func.layout);
    let _: std::cmp::Ordering = domtree.rpo_cmp_block(blocks[0], blocks[1]);
}
