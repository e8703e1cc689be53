//! The kinds of tests. Each takes a file and gives a verdict.

pub mod cat;
pub mod compile;
pub mod directives;
pub mod domtree;
pub mod interpret;
pub mod plain;
pub mod run;
pub mod verifier;

use windlass_ir::testfile::{TestCommand, TestOption};

/// Is the output to be exactly what stands behind each function?
fn is_precise(command: &TestCommand<'_>) -> bool {
    command.options.contains(&TestOption::Flag("precise-output"))
}
