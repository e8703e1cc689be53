//! What `windlass-codegen` finds out about the host, under the name that users know. Adds nothing but the version.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use windlass_codegen::isa::native::{builder, builder_with_options, infer_native_flags};

/// The version whose names and signatures these are.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
