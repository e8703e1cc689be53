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
pub mod verifier;

use windlass_ir::testfile::{TestCommand, TestOption};

/// Kinds of tests that other tools know and this one does not run: they need what is not there yet.
pub const MISSING: &[&str] = &["alias-analysis", "safepoint", "unwind"];

/// Is the output to be exactly what stands behind each function?
fn is_precise(command: &TestCommand<'_>) -> bool {
    command.options.contains(&TestOption::Flag("precise-output"))
}
