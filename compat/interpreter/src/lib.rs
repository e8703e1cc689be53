//! The interpreter of `windlass-ir` under the name that users know, in the modules where they look for its parts.
//!
//! Whole runs are the interpreter's own ([`interpreter::Interpreter`]). A single [`step::step`] is run by the same code, in
//! a [`state::State`] of the user's choice; [`interpreter::InterpreterState`] is one.

#![forbid(unsafe_code)]

pub mod address;
pub mod frame;
pub mod instruction;
pub mod interpreter;
pub mod state;
pub mod step;
pub mod value;

/// The functions of a run.
pub mod environment {
    #[doc(inline)]
    pub use windlass_ir::interpreter::{FuncIndex, FunctionStore};
}
