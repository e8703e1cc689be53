//! `test cat`: prints each function and holds the text against the file check directives in its comments, or with
//! `precise-output` against the text behind it.

use crate::source::Source;
use crate::test::verdict::{Failure, Verdict};
use windlass_ir::ir::Function;
use windlass_ir::testfile::expect::check_lines;
use windlass_ir::testfile::filecheck::Checker;
use windlass_ir::testfile::{Details, TestCommand, TestFile};

/// Runs the case.
pub fn run(_: &Source, file: &TestFile<'_>, command: &TestCommand<'_>) -> Verdict {
    let check = |(func, details): &(Function, Details<'_>)| {
        let text = func.display().to_string();
        let result = match super::is_precise(command) {
            true => check_lines(details, &text),
            false => filecheck(file, details, &text),
        };
        result.err().map(|text| Failure::of(&func.name, text))
    };
    Verdict::of(file.functions.iter().filter_map(check).collect())
}

/// Holds a text against the directives in the comments of a function and those before the first function.
pub fn filecheck(file: &TestFile<'_>, details: &Details<'_>, text: &str) -> Result<(), String> {
    let comments = file.preamble_comments.iter().chain(&details.comments).map(|c| c.text);
    let checker = Checker::parse(comments).map_err(|e| e.to_string())?;
    checker.check(text).map_err(|e| format!("{e}\nin this text:\n{text}"))
}
