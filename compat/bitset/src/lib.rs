//! Sets of small numbers as bits: of one integer's bits, and of any number of them. Needs nothing.

#![forbid(unsafe_code)]

pub mod compound;
pub mod scalar;

pub use compound::CompoundBitSet;
pub use scalar::ScalarBitSet;
