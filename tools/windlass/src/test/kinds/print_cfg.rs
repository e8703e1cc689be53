//! `test print-cfg`: draws the control flow graph of each function for Graphviz, and holds the text against the file
//! check directives in its comments, or with `precise-output` against the text behind it.

use super::cat::filecheck;
use crate::source::Source;
use crate::test::verdict::{Failure, Verdict};
use windlass_ir::cfg_printer::CFGPrinter;
use windlass_ir::ir::Function;
use windlass_ir::testfile::expect::check_lines;
use windlass_ir::testfile::{Details, TestCommand, TestFile};

/// Runs the case.
pub fn run(_: &Source, file: &TestFile<'_>, command: &TestCommand<'_>) -> Verdict {
    let check = |(func, details): &(Function, Details<'_>)| {
        let text = CFGPrinter::new(func).to_string();
        let result = match super::is_precise(command) {
            true => check_lines(details, &text),
            false => filecheck(file, details, &text),
        };
        result.err().map(|text| Failure::of(&func.name, text))
    };
    Verdict::of(file.functions.iter().filter_map(check).collect())
}
