//! Reads CLIF.
pub mod error;
mod lexer;
mod number;
