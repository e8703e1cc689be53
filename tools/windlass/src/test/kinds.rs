//! The kinds of tests. Each takes a file and gives a verdict.

pub mod cat;
pub mod directives;
pub mod domtree;
pub mod interpret;
pub mod plain;
pub mod run;
pub mod verifier;
