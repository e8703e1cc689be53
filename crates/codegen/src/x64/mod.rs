//! x86-64.

pub mod asm;
pub mod encode;
pub mod insts;
pub mod rows;
