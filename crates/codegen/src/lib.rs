//! codegen: see ARCHITECTURE.md.

pub mod sink;
pub mod x64;
