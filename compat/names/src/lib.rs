//! Uses the packages of `compat/` as their clients do: each name once, with arguments and results of the types that clients
//! have. Nothing here is meant to be called; that it compiles is the test. A name that is renamed, or whose signature
//! changes so that callers notice, breaks the build here.
//!
//! Each file is about one part of the interface. A new name that clients use gets a line in its file.

#![forbid(unsafe_code)]

pub mod analyses;
pub mod building;
pub mod compiling;
pub mod cursors;
pub mod entities;
pub mod functions;
pub mod immediates;
pub mod ins;
pub mod instructions;
pub mod isa;
pub mod memory;
pub mod modules;
pub mod settings;
pub mod text;
pub mod umbrella;
pub mod uses;
