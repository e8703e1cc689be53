//! What decides where the compiler may do as it likes, under the name that users know. Adds nothing.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use windlass_control::ControlPlane;
