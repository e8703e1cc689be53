//! Rules as values, what is checked of them, and what is made of them.
//!
//! A rule says that a pattern of IR operations may become certain machine instructions. Rules are built by typed
//! functions in [`x64`] and [`riscv64`]. A simplification rule ([`equation`], the rules in [`simplify`]) says that a pattern equals an
//! expression of IR operations. [`check`] refuses ill-formed and unreachable ones; [`generate`] prints the matching functions that
//! the compiler runs; [`naive`] runs the values themselves, to test those functions. Host-side only: nothing
//! here is part of the compiler.

pub mod check;
pub mod equation;
pub mod generate;
pub mod machine;
pub mod naive;
pub mod pat;
pub mod prove;
pub mod resolve;
pub mod riscv64;
pub mod simplify;
pub mod smt;
pub mod term;
pub mod types;
pub mod x64;

/// The rules of each machine, by its name.
pub const MACHINES: [(&str, fn() -> term::RuleSet); 2] = [("x64", x64::rules), ("riscv64", riscv64::rules)];
