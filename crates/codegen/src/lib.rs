//! From IR to machine code: lowering by rules, register allocation, frames and emission.

pub mod buffer;
pub mod compile;
pub mod compiled;
pub mod effects;
pub mod error;
pub mod isa;
pub mod lower;
pub mod order;
pub mod settings;
pub mod sink;
pub mod timing;
pub mod vcode;
pub mod x64;
