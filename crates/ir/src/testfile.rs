//! Test files.
pub mod filecheck;
