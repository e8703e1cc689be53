//! Windlass's code generator under the name that users know: the IR and its analyses from `windlass-ir`, settings and
//! targets and compiling from `windlass-codegen`. Adds the version; everything else is a name for something of theirs.
//!
//! A feature of this package is there if what it promises is.

#![forbid(unsafe_code)]

pub mod dbg;

pub use cranelift_bforest as bforest;
pub use cranelift_bitset as bitset;
#[doc(inline)]
pub use cranelift_control as control;
pub use gimli;
#[doc(inline)]
pub use windlass_codegen::context::Context;
#[doc(inline)]
pub use windlass_codegen::error::{CodegenError, CodegenResult, CompileError, CompileResult};
#[cfg(feature = "incremental-cache")]
#[doc(inline)]
pub use windlass_codegen::incremental_cache;
#[doc(inline)]
pub use windlass_codegen::machinst::{
    CompiledCode, CompiledCodeStencil, ExceptionContextLoc, Final, FinalizedMachCallSite,
    FinalizedMachExceptionHandler, FinalizedMachReloc, FinalizedRelocTarget, LabelValueLoc, MachBufferDebugTagList,
    MachBufferFinalized, MachBufferFrameLayout, MachCallSite, MachDebugTagPos, MachSrcLoc, MachTrap, Stencil,
    ValueLabelsRanges, ValueLocRange,
};
#[doc(inline)]
pub use windlass_codegen::reg::{RealReg, Reg, RegClass};
#[doc(inline)]
pub use windlass_codegen::text_section::TextSectionBuilder;
#[doc(inline)]
pub use windlass_codegen::{binemit, isa, print_errors, timing, verifier};
#[doc(inline)]
pub use windlass_entity as entity;
/// Inlining, as an embedder decides call by call.
pub mod inline {
    #[doc(inline)]
    pub use windlass_codegen::inline::{Inline, InlineCommand};
}
/// Settings: what a user may choose about the code that is made, and what a CPU can do.
pub mod settings {
    #[doc(inline)]
    pub use windlass_codegen::isa::FlagsOrIsa;
    #[doc(inline)]
    pub use windlass_codegen::settings::*;
}
#[doc(inline)]
pub use windlass_ir::packed_option;
#[doc(inline)]
pub use windlass_ir::{
    cfg_printer, cursor, data_value, dominator_tree, flowgraph, ir, loop_analysis, post_dominator_tree, traversals,
    write,
};

pub use rustc_hash::{FxHashMap, FxHashSet};
#[doc(inline)]
pub use verifier::verify_function;
#[doc(inline)]
pub use write::write_function;

#[doc(hidden)]
pub use log;

/// Are traces written? Only in programs with debug assertions or with the feature `trace-log`, and only if the program's
/// logger wants them.
#[macro_export]
macro_rules! trace_log_enabled {
    () => {
        $crate::dbg::TRACES && $crate::log::log_enabled!($crate::log::Level::Trace)
    };
}

/// Writes a trace, formatted as `format!` does, to the program's logger if [`trace_log_enabled`].
#[macro_export]
macro_rules! trace {
    ($($tt:tt)*) => {
        if $crate::trace_log_enabled!() {
            $crate::log::trace!($($tt)*);
        }
    };
}

/// The version whose names and signatures these are.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
