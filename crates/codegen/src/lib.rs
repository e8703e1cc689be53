//! codegen: see ARCHITECTURE.md.

pub mod isa;
pub mod settings;
pub mod sink;
pub mod x64;
