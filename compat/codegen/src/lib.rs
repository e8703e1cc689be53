//! Windlass's code generator under the name that users know: the IR and its analyses from `windlass-ir`, settings and
//! targets from `windlass-codegen`. Adds what mixes the two, and the version; everything else is a name for something of
//! theirs.
//!
//! A feature of this package is there if what it promises is.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use cranelift_control as control;
#[doc(inline)]
pub use windlass_codegen::error::{CodegenError, CodegenResult};
#[doc(inline)]
pub use windlass_codegen::{isa, settings, timing};
#[doc(inline)]
pub use windlass_entity as entity;
#[doc(inline)]
pub use windlass_ir::packed_option;
#[doc(inline)]
pub use windlass_ir::{
    cursor, data_value, dominator_tree, flowgraph, ir, loop_analysis, post_dominator_tree, traversals, write,
};

pub mod binemit;
pub mod print_errors;
pub mod verifier;

pub use rustc_hash::{FxHashMap, FxHashSet};
#[doc(inline)]
pub use verifier::verify_function;
#[doc(inline)]
pub use write::write_function;

/// The version whose names and signatures these are.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
