//! ir: see ARCHITECTURE.md.

pub mod reader;
pub mod testfile;
