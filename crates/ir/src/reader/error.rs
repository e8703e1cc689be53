//! Places in a text, and what is wrong there. Needs nothing; everything that reads text reports with it.

use std::fmt;

/// A place in a text. Both numbers count from 1, the column in bytes; 0 means "unknown".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Location {
    /// The line.
    pub line_number: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line_number, self.column)
    }
}

/// The first thing wrong in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// Where it is.
    pub location: Location,
    /// What it is.
    pub message: String,
    /// Whether the text could be used all the same.
    pub is_warning: bool,
}

impl ParseError {
    /// An error at a place.
    pub fn new(location: Location, message: impl Into<String>) -> Self {
        ParseError { location, message: message.into(), is_warning: false }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_warning { "warning: " } else { "" };
        write!(f, "{}: {kind}{}", self.location, self.message)
    }
}

impl std::error::Error for ParseError {}

/// What reading gives.
pub type ParseResult<T> = Result<T, ParseError>;
