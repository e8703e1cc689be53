//! The standard output. What is written comes at once, with colours if somebody looks, and what cannot be written is an
//! error, not a panic. Needs `anstream` for colours.

use crate::source::{Error, Result};
use std::fmt::Display;
use std::io::{self, Write};

/// Writes a text.
pub fn print(text: impl Display) -> Result<()> {
    all(&mut anstream::stdout().lock(), text.to_string().as_bytes())
}

/// Writes a text and ends its line.
pub fn line(text: impl Display) -> Result<()> {
    print(format_args!("{text}\n"))
}

/// Writes bytes as they are.
pub fn bytes(bytes: &[u8]) -> Result<()> {
    all(&mut io::stdout().lock(), bytes)
}

/// Says something beside the output. Where even that cannot be written nobody can be told.
pub fn remark(text: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

fn all(out: &mut impl Write, bytes: &[u8]) -> Result<()> {
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|e| unwritten(&e))
}

/// The error of an output that was not written.
pub fn unwritten(error: &io::Error) -> Error {
    Error::new(format_args!("the standard output cannot be written: {error}"))
}
