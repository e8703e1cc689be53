//! Modules as object files, under the names that users know. Adds nothing but the version.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use windlass_link::object::{ObjectBuilder, ObjectModule, ObjectProduct, object};

/// The version whose names and signatures these are.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
