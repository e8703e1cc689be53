//! Modules in this process, under the names that users know. Adds nothing but the version.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use windlass_link::jit::{JITBuilder, JITModule};
#[doc(inline)]
pub use windlass_link::provider::{
    ArenaMemoryProvider, BranchProtection, JITMemoryKind, JITMemoryProvider, SystemMemoryProvider,
};

/// The version whose names and signatures these are.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
