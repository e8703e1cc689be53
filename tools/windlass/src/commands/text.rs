//! `windlass cat`, `windlass verify` and `windlass print-cfg`. Needs reader, printer and verifier.

use crate::args::Input;
use crate::source::{Result, Source};
use anstream::{print, println};
use windlass_ir::cfg_printer::CFGPrinter;

/// Prints the functions of a file in the usual form.
pub(super) fn cat(input: &Input) -> Result<bool> {
    let source = Source::open(&input.file)?;
    let file = source.parse()?;
    for (n, (func, _)) in file.functions.iter().enumerate() {
        let gap = if n > 0 { "\n" } else { "" };
        println!("{gap}{}", func.display().to_string().trim_end());
    }
    Ok(true)
}

/// Draws the control flow graphs of the functions of a file.
pub(super) fn print_cfg(input: &Input) -> Result<bool> {
    let source = Source::open(&input.file)?;
    let file = source.parse()?;
    for (func, _) in &file.functions {
        print!("{}", CFGPrinter::new(func));
    }
    Ok(true)
}

/// Tells what is wrong with the functions of a file.
pub(super) fn verify(input: &Input) -> Result<bool> {
    let source = Source::open(&input.file)?;
    let file = source.parse()?;
    let errors = source.unsound(&file);
    errors.iter().for_each(|text| println!("{text}"));
    Ok(errors.is_empty())
}
