//! The interpreter of `windlass-ir` under the name that users know, in the modules where they look for its parts.
//!
//! Not here: the parts of a state and single steps, which our interpreter keeps to itself. A state is made of functions and
//! a handler of library calls; a run ends with what was returned or with the trap.

#![forbid(unsafe_code)]

pub mod interpreter;
pub mod step;

/// The functions of a run.
pub mod environment {
    #[doc(inline)]
    pub use windlass_ir::interpreter::{FuncIndex, FunctionStore};
}
