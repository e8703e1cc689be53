//! `windlass cat`, `windlass verify` and `windlass print-cfg`. Needs reader, printer and verifier.

use crate::args::{Input, Verify};
use crate::output;
use crate::source::{Result, Source};
use crate::target::{self, Given};
use windlass_ir::cfg_printer::CFGPrinter;

/// Prints the functions of a file in the usual form.
pub(super) fn cat(input: &Input) -> Result<bool> {
    let source = Source::open(&input.file, &Given::default())?;
    let file = source.parse()?;
    for (n, (func, _)) in file.functions.iter().enumerate() {
        let gap = if n > 0 { "\n" } else { "" };
        output::line(format_args!("{gap}{}", func.display().to_string().trim_end()))?;
    }
    Ok(true)
}

/// Draws the control flow graphs of the functions of a file.
pub(super) fn print_cfg(input: &Input) -> Result<bool> {
    let source = Source::open(&input.file, &Given::default())?;
    let file = source.parse()?;
    for (func, _) in &file.functions {
        output::print(CFGPrinter::new(func))?;
    }
    Ok(true)
}

/// Tells what is wrong with the functions of a file.
pub(super) fn verify(args: &Verify) -> Result<bool> {
    let source = Source::open(&args.input.file, &Given::of(&args.target)?)?;
    let file = source.parse()?;
    let errors = source.unsound(&file, target::facts(&file)?.as_ref());
    errors.iter().try_for_each(output::line)?;
    Ok(errors.is_empty())
}
