//! `windlass-entity` under the name that users know. Adds nothing.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use windlass_entity::*;
