//! The interpreter of `windlass-ir` under the name that users know, in the modules where they look for its parts.
//!
//! Not here: the state of a run and single steps, which our interpreter keeps to itself. It is made of the functions alone,
//! ends with what was returned or with the trap, and has no values or frames to look at.

#![forbid(unsafe_code)]

/// The functions of a run.
pub mod environment {
    #[doc(inline)]
    pub use windlass_ir::interpreter::{FuncIndex, FunctionStore};
}

/// Runs of functions.
pub mod interpreter {
    #[doc(inline)]
    pub use windlass_ir::interpreter::{Interpreter, InterpreterError, LibCallHandler, LibCallValues};
}

/// How runs end.
pub mod step {
    #[doc(inline)]
    pub use windlass_ir::interpreter::ControlFlow;
}
