//! The kinds of tests. Each takes a file and gives a verdict.

pub mod cat;
pub mod compile;
pub mod directives;
pub mod domtree;
pub mod inline;
pub mod interpret;
pub mod optimize;
pub mod plain;
pub mod print_cfg;
pub mod run;
pub mod simulate;
pub mod verifier;

use windlass_ir::near::did_you_mean;
use windlass_ir::testfile::{TestCommand, TestOption};

/// The kinds of tests.
pub const KNOWN: &[&str] =
    &["run", "interpret", "compile", "verifier", "cat", "optimize", "inline", "domtree", "print-cfg"];

/// Kinds of tests that other tools know and this one does not run: they need what is not there yet.
pub const MISSING: &[&str] = &["alias-analysis", "safepoint", "unwind"];

/// The message for a kind of tests that there is not.
pub fn unknown(kind: &str) -> String {
    let found = if kind.is_empty() { "nothing".to_owned() } else { format!("`{kind}`") };
    format!(
        "expected a kind of test, one of {}, found {found}{}",
        KNOWN.join(", "),
        did_you_mean(kind, KNOWN.iter().copied())
    )
}

/// Is the output to be exactly what stands behind each function?
fn is_precise(command: &TestCommand<'_>) -> bool {
    command.options.contains(&TestOption::Flag("precise-output"))
}
