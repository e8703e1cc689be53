//! Numbers in machine code.

/// Where something is in a function's code, in bytes from its start.
pub type CodeOffset = u32;

/// What is added to a symbol's address.
pub type Addend = i64;
