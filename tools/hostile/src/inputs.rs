//! Inputs of any size, a row for each kind. A size is a number of items: lines, instructions, values in a list, and so on.

mod built;
mod code;
mod graphs;
mod text;

use crate::stages::Input;
use std::fmt::Write;

/// A kind of input.
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// Makes one of a size.
    pub make: fn(usize) -> Input,
    /// Compile it as well.
    pub compile: bool,
}

/// All kinds.
pub fn all() -> impl Iterator<Item = &'static Row> {
    [text::ROWS, code::ROWS, graphs::ROWS, built::ROWS].into_iter().flatten()
}

/// `item(0)`, `item(1)` and so on to below `n`, with something between them.
fn join(n: usize, between: &str, item: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for i in 0..n {
        let _ = write!(text, "{}{}", if i > 0 { between } else { "" }, item(i));
    }
    text
}

/// The same, a line each.
fn lines(n: usize, item: impl Fn(usize) -> String) -> String {
    join(n, "\n", item) + "\n"
}
