//! Input from CLIF: reads a file and lowers its functions to machine code with virtual registers. Needs a path; leaves
//! an [`Input`], with the functions that are not lowered counted by reason.

use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use windlass_codegen::compile::Pipeline;
use windlass_codegen::isa;
use windlass_codegen::options::Options;
use windlass_ir::isa::CallConv;
use windlass_ir::reader::parse_functions;
use windlass_opt::Level;
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

/// Reads and lowers the functions of a file, those with another calling convention as if they had `convention`.
pub fn read(path: &Path, convention: Option<CallConv>) -> Result<Input> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let (mut units, mut skipped) = (vec![], BTreeMap::new());
    let mut all: Option<Machine> = None;
    let mut pipeline = Pipeline::new();
    // One at a time, so that what the reader does not know costs one function, not the file.
    for text in functions(&text) {
        let made = unit(text, convention, &mut pipeline).and_then(|(unit, machine)| {
            let same = all.get_or_insert_with(|| machine.clone()).callee_saved == machine.callee_saved;
            if same { Ok(unit) } else { Err("other registers to preserve than in the first function".to_owned()) }
        });
        match made {
            Ok(unit) => units.push(unit),
            Err(why) => *skipped.entry(why).or_default() += 1,
        }
    }
    let Some(machine) = all else { bail!("{name}: no function can be lowered: {skipped:?}") };
    Ok(Input { name, units, skipped, machine })
}

/// Lowers the function of a text.
fn unit(text: &str, convention: Option<CallConv>, pipeline: &mut Pipeline) -> Result<(Unit, Machine), String> {
    let mut func = match parse_functions(text) {
        Ok(mut list) if list.len() == 1 => list.remove(0),
        Ok(list) => return Err(format!("{} functions where one was expected", list.len())),
        Err(e) => return Err(format!("reading: {}", e.message)),
    };
    if let Some(convention) = convention {
        func.signature.call_conv = convention;
        for sig in func.dfg.signatures.values_mut() {
            sig.call_conv = convention;
        }
    }
    windlass_opt::run(&mut func, Level::None).map_err(|e| e.to_string())?;
    let (vcode, machine) =
        pipeline.vcode(&func, isa::native::backend()?, &Options::default()).map_err(|e| e.to_string())?;
    Ok((Unit { name: func.name.to_string(), code: vcode.code.clone() }, machine))
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
