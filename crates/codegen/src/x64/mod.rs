//! x86-64.

pub mod abi;
pub mod asm;
pub mod calls;
pub mod emit;
pub mod encode;
pub mod flow;
pub mod frame;
mod leave;
mod libcalls;
pub mod lower;
mod nans;
pub mod rows;
