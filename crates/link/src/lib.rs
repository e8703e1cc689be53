//! Putting compiled code where it can run.
//!
//! Does: gives compiled code and data memory, addresses and each other's addresses. Needs: blobs of bytes with their
//! relocations; only [`functions`] knows the compiler. Leaves: code that can be called.

#![allow(clippy::result_large_err, reason = "errors of signatures show the signatures")]

pub mod functions;
mod host;
pub mod image;
pub mod jit;
pub mod linker;
pub mod memory;
pub mod module;
pub mod object;
pub mod provider;
