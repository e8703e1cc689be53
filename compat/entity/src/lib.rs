//! `windlass-entity` under the name that users know. Adds nothing but the version.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use windlass_entity::*;

/// The version whose names and signatures these are.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
