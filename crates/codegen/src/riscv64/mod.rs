//! riscv64.

pub mod abi;
pub mod asm;
pub mod backend;
pub mod branch;
pub mod emit;
pub mod encode;
mod leave;
pub mod lower;
mod roles;
pub mod rows;
pub mod unwind;

/// Its name in messages.
const NAME: &str = "riscv64";
