//! Windlass's modules under the name that users know. Adds nothing but the version.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use windlass_link::module::{
    DataDeclaration, DataDescription, DataId, FuncId, FuncOrDataId, FunctionDeclaration, Init, Linkage, Module,
    ModuleDeclarations, ModuleError, ModuleReloc, ModuleRelocTarget, ModuleResult, TrapSite, default_libcall_names,
};

/// The version whose names and signatures these are.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
