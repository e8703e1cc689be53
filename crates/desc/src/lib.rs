//! Facts, written once: the operations of the IR, the instructions of each target, and what both mean.
//!
//! A row says everything there is to know of an operation: operands with types and widths, effects, encoding, and a
//! meaning generic over [`bv::Bv`]. Run on numbers a meaning is the interpreter, the constant folder and a simulator of
//! the machine; run on SMT terms it is a proof obligation. No compiler logic lives here, and nothing of ours is needed.

pub mod bv;
pub mod cc;
pub mod env;
pub mod feature;
pub mod fp;
pub mod imm;
pub mod machine;
pub mod ops;
pub mod riscv64;
pub mod types;
pub mod x64;
