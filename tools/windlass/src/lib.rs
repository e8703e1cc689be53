//! The command-line tool of Windlass, as a library, so that tests can use its parts.

pub mod args;
pub mod bugpoint;
pub mod commands;
pub mod native;
pub mod output;
pub mod panics;
pub mod qemu;
pub mod sandbox;
pub mod source;
pub mod style;
pub mod target;
pub mod test;
pub mod trampoline;
