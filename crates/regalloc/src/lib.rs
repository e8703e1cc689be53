//! Register allocation and its checker. Knows neither the IR nor any target: it reads a [`Code`] in SSA form with the
//! constraints of its rows and writes a location into every operand, plus a list of inserted moves.
//!
//! [`allocate`] is the pipeline: scan, liveness, next uses, one forward pass that spills and colours, then slots,
//! stores and edge moves. [`check::check`] verifies a result and shares nothing with it but the contract in `code.rs`.

mod alloc;
mod chaos;
pub mod check;
mod code;
mod color;
mod constrain;
pub mod display;
mod edges;
mod entry;
mod finish;
mod liveness;
mod loops;
mod next_use;
mod parmove;
mod place;
mod plain;
mod scan;
mod slots;
mod webs;

pub use alloc::{Context, Error, allocate};
pub use code::*;
#[cfg(feature = "chaos")]
pub use {alloc::allocate_with, chaos::Choices};
