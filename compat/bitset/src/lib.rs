//! Sets of small numbers as bits: of one integer's bits, and of any number of them. Needs nothing.

#![forbid(unsafe_code)]

pub mod compound;
pub mod scalar;

#[doc(inline)]
pub use compound::CompoundBitSet;
#[doc(inline)]
pub use scalar::ScalarBitSet;
