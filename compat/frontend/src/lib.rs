//! The function builder of `windlass-ir` under the name that users know. Adds nothing but the version.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use windlass_ir::frontend::{FuncInstBuilder, FunctionBuilder, FunctionBuilderContext, Switch, Variable};

/// The version whose names and signatures these are.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
