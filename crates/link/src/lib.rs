//! Putting compiled code where it can run.
//!
//! Does: gives compiled code and data memory, addresses and each other's addresses. Needs: blobs of bytes with their
//! relocations; nothing of the compiler. Leaves: code that can be called.

pub mod jit;
pub mod memory;
