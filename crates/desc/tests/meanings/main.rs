//! What operations mean, against independent expectations: the arithmetic of Rust, and cases computed by hand.

mod float;
mod float_convert;
mod int;
mod memory;
mod sweep;
mod vector;
mod world;
