//! Input from CLIF: reads a file and lowers its functions to machine code with virtual registers. Needs a path; leaves
//! an [`Input`], with the functions that are not lowered counted by reason.

use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::Path;
use windlass_codegen::lower::{Scratch, lower};
use windlass_codegen::order::BlockOrder;
use windlass_codegen::vcode::VCode;
use windlass_codegen::x64::{abi, lower::X64Target, rows};
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::Function;
use windlass_ir::isa::CallConv;
use windlass_ir::loop_analysis::LoopAnalysis;
use windlass_ir::reader::parse_functions;
use windlass_regalloc::{Code, Machine};

/// A function before allocation.
pub struct Unit {
    /// What it is called.
    pub name: String,
    /// Its code.
    pub code: Code,
}

/// Functions of one file.
pub struct Input {
    /// Where they are from.
    pub name: String,
    /// Those that could be lowered.
    pub units: Vec<Unit>,
    /// How many could not be, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// What they are allocated for.
    pub machine: Machine,
}

/// The registers and rows of x86-64 as the compiler has them.
fn machine() -> Machine {
    Machine { rows: &rows::ROWS, order: [&abi::ORDER, &[]], callee_saved: abi::CALLEE_SAVED, exchange: [true, false] }
}

/// Reads and lowers the functions of a file, those with another calling convention as if they had `convention`.
pub fn read(path: &Path, convention: Option<CallConv>) -> Result<Input> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let mut input = Input { name, units: vec![], skipped: BTreeMap::new(), machine: machine() };
    let mut scratch = Scratch::default();
    // One at a time, so that what the reader does not know costs one function, not the file.
    for text in functions(&text) {
        let mut func = match parse_functions(text) {
            Ok(mut list) if list.len() == 1 => list.remove(0),
            Ok(_) => continue,
            Err(e) => {
                *input.skipped.entry(format!("reading: {}", e.message)).or_default() += 1;
                continue;
            }
        };
        if let Some(convention) = convention {
            func.signature.call_conv = convention;
            for sig in func.dfg.signatures.values_mut() {
                sig.call_conv = convention;
            }
        }
        match code(&mut func, &mut scratch) {
            Ok(code) => input.units.push(Unit { name: func.name.to_string(), code }),
            Err(why) => *input.skipped.entry(why).or_default() += 1,
        }
    }
    Ok(input)
}

/// The texts of the functions: each starts with the word at the start of a line.
fn functions(text: &str) -> Vec<&str> {
    const WORD: &str = "\nfunction ";
    let mut starts: Vec<usize> = text.match_indices(WORD).map(|(at, _)| at + 1).collect();
    if text.starts_with(&WORD[1..]) {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(&from, to)| &text[from..to]).collect()
}

fn code(func: &mut Function, scratch: &mut Scratch) -> Result<Code, String> {
    func.dfg.resolve_all_aliases();
    let mut cfg = ControlFlowGraph::default();
    let mut domtree = DominatorTree::default();
    let mut loops = LoopAnalysis::default();
    cfg.compute(func);
    domtree.compute(func, &cfg);
    loops.compute(func, &cfg, &domtree);
    let order = BlockOrder::new(func, &cfg, &domtree, &loops);
    let mut vcode = VCode::default();
    let slots = slots(func);
    lower(func, &order, &X64Target, 0, &slots, scratch, &mut vcode).map_err(|e| e.to_string())?;
    Ok(vcode.code)
}

/// Offsets of the stack slots: any will do, since the code is not run.
fn slots(func: &Function) -> Vec<u64> {
    let mut at = 0;
    let sizes = func.sized_stack_slots.values().map(|slot| slot.size as u64);
    let place = |size: u64| {
        let start = at;
        at += size.next_multiple_of(16);
        start
    };
    sizes.map(place).collect()
}
