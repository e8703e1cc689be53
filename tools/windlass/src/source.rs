//! Source texts and what is wrong with them, told as `file:line:col: what`. Needs the reader; every command reads with it.
//! What the command line says of target and settings becomes part of the header here, so that it holds wherever the
//! header does.

use crate::target::{self, Given, Unfit};
use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};
use windlass_ir::ir::Function;
use windlass_ir::ir::entities::AnyEntity;
use windlass_ir::isa::TargetFacts;
use windlass_ir::reader::{Details, Location, ParseError, ParseOptions, ParseResult, SourceMap, TestFile, parse_test};
use windlass_ir::verifier::{VerifierErrors, verify_all};

/// What a command failed with. Its text is complete: where, what, and if that helps what to do.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Error {
    text: String,
    misuse: bool,
}

impl Error {
    /// An error with this text.
    pub fn new(text: impl Display) -> Error {
        Error { text: text.to_string(), misuse: false }
    }

    /// The same, of a command line that makes no sense.
    pub fn misuse(text: impl Display) -> Error {
        Error { text: text.to_string(), misuse: true }
    }

    /// Does the command line make no sense?
    pub fn is_misuse(&self) -> bool {
        self.misuse
    }
}

/// A result of a command.
pub type Result<T> = std::result::Result<T, Error>;

/// A text and where it is from.
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// What holds instead of its header, or beside it.
    pub given: Given,
}

/// The name of the standard input.
pub const STDIN: &str = "-";

impl Source {
    /// Reads a file; `-` is the standard input.
    pub fn open(path: &Path, given: &Given) -> Result<Source> {
        let mut bytes = vec![];
        let read = match path == Path::new(STDIN) {
            true => std::io::stdin().read_to_end(&mut bytes),
            false => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
        };
        read.map_err(|e| Error::new(format_args!("{}: cannot be read: {e}", path.display())))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let (location, what) = not_text(e.as_bytes(), e.utf8_error().valid_up_to());
            Error::new(format_args!("{}:{location}: {what}", path.display()))
        })?;
        Ok(Source { path: path.to_owned(), text, given: given.clone() })
    }

    /// A text that is in memory.
    pub fn of_text(path: impl Into<PathBuf>, text: impl Into<String>) -> Source {
        Source { path: path.into(), text: text.into(), given: Given::default() }
    }

    /// Another text in place of this one.
    pub fn with_text(&self, text: String) -> Source {
        Source { path: self.path.clone(), text, given: self.given.clone() }
    }

    /// Reads its functions and what stands around them.
    pub fn parse(&self) -> Result<TestFile<'_>> {
        let file = self.try_parse().map_err(|e| Error::new(self.parse_error(&e)))?;
        match target::misuse(&file) {
            Some((location, what)) => Err(Error::new(self.at(location, what))),
            None => Ok(file),
        }
    }

    /// The same, for who wants the error in its parts.
    pub fn try_parse(&self) -> ParseResult<TestFile<'_>> {
        let options = ParseOptions { target: self.given.target(), ..ParseOptions::default() };
        let mut file = parse_test(&self.text, options)?;
        self.given.add_settings(&mut file);
        Ok(file)
    }

    /// Verifies all functions of the file, for a target if that is known.
    pub fn verify(&self, file: &TestFile<'_>, facts: Option<&TargetFacts>) -> Result<()> {
        let errors = self.unsound(file, facts);
        if errors.is_empty() { Ok(()) } else { Err(Error::new(errors.join("\n"))) }
    }

    /// All that does not verify, a text for each function.
    pub fn unsound(&self, file: &TestFile<'_>, facts: Option<&TargetFacts>) -> Vec<String> {
        let errors = |(func, details): &(Function, Details<'_>)| {
            let errors = verify_all(func, facts).err()?;
            Some(self.verifier_errors(func, &details.map, details.location, &errors))
        };
        file.functions.iter().filter_map(errors).collect()
    }

    /// What the reader did not understand.
    pub fn parse_error(&self, error: &ParseError) -> String {
        self.at(error.location, &error.message)
    }

    /// What does not verify, a line for each error.
    pub fn verifier_errors(
        &self,
        func: &Function,
        map: &SourceMap,
        start: Location,
        errors: &VerifierErrors,
    ) -> String {
        let line = |e: &windlass_ir::verifier::VerifierError| {
            let location = match e.location {
                AnyEntity::Function => None,
                entity => map.location(entity),
            };
            self.at(location.unwrap_or(start), format_args!("{}: {e}", func.name))
        };
        errors.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// That the file's targets do not fit.
    pub fn unfit(&self, why: Unfit) -> Error {
        Error::new(format_args!("{}: {why}", self.path.display()))
    }

    /// Where the `n`th `test` line of the header is.
    pub fn test_line(&self, n: usize) -> Location {
        let is_test = |line: &&str| line.split_whitespace().next() == Some("test");
        let found = self.text.lines().enumerate().filter(|(_, line)| is_test(line)).nth(n);
        let place = |(line, text): (usize, &str)| Location {
            line_number: line + 1,
            column: text.len() - text.trim_start().len() + 1,
        };
        found.map(place).unwrap_or_default()
    }

    /// A message about a place.
    pub fn at(&self, location: Location, message: impl Display) -> String {
        format!("{}:{location}: {message}", self.path.display())
    }
}

/// Where bytes stop being a text, whose first `good` bytes are one, and why.
fn not_text(bytes: &[u8], good: usize) -> (Location, String) {
    let text = &bytes[..good];
    let line_start = text.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let line_number = 1 + text.iter().filter(|&&b| b == b'\n').count();
    let what = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16".to_owned(),
        _ => format!("the byte {:#04x}", bytes[good]),
    };
    let location = Location { line_number, column: good - line_start + 1 };
    (location, format!("expected text in UTF-8, found {what}: save it as UTF-8"))
}

/// The function of this name, with or without `%`; without a name the only one.
pub fn find<'a>(file: &'a TestFile<'_>, name: Option<&str>) -> Result<&'a Function> {
    let names = || file.functions.iter().map(|(f, _)| f.name.to_string()).collect::<Vec<_>>().join(", ");
    let Some(name) = name else {
        return match &file.functions[..] {
            [(only, _)] => Ok(only),
            [] => Err(Error::new("the file has no functions")),
            _ => Err(Error::new(format_args!("say which function with --fn, one of {}", names()))),
        };
    };
    let is = |func: &Function| {
        let own = func.name.to_string();
        own == name || own.strip_prefix('%') == Some(name)
    };
    let found = file.functions.iter().map(|(f, _)| f).find(|f| is(f));
    found.ok_or_else(|| Error::new(format_args!("there is no function {name}; expected one of {}", names())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_says_where() {
        let told = |bytes: &[u8]| {
            let (location, what) = not_text(bytes, std::str::from_utf8(bytes).unwrap_err().valid_up_to());
            format!("{location}: {what}")
        };
        assert_eq!(told(b"a\nbc\x80d"), "2:3: expected text in UTF-8, found the byte 0x80: save it as UTF-8");
        assert_eq!(told(b"\xff\xfea\0"), "1:1: expected text in UTF-8, found UTF-16: save it as UTF-8");
    }
}
