//! Source texts and what is wrong with them, told as `file:line:col: what`. Needs the reader; every command reads with it.

use crate::target;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use windlass_ir::ir::Function;
use windlass_ir::ir::entities::AnyEntity;
use windlass_ir::reader::{Details, Location, ParseError, ParseOptions, ParseResult, SourceMap, TestFile, parse_test};
use windlass_ir::verifier::{VerifierErrors, verify_all};

/// What a command failed with. Its text is complete: where, what, and if that helps what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    /// An error with this text.
    pub fn new(text: impl Display) -> Error {
        Error(text.to_string())
    }
}

impl From<String> for Error {
    fn from(text: String) -> Error {
        Error(text)
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
}

impl Source {
    /// Reads a file; `-` is the standard input.
    pub fn open(path: &Path) -> Result<Source> {
        let text = match path.to_str() {
            Some("-") => std::io::read_to_string(std::io::stdin()),
            _ => std::fs::read_to_string(path),
        };
        let fail = |e| Error::new(format_args!("{}: cannot be read: {e}", path.display()));
        Ok(Source { path: path.to_owned(), text: text.map_err(fail)? })
    }

    /// Reads its functions and what stands around them.
    pub fn parse(&self) -> Result<TestFile<'_>> {
        let file = self.try_parse().map_err(|e| Error(self.parse_error(&e)))?;
        match target::misuse(&file) {
            Some((location, what)) => Err(Error(self.at(location, what))),
            None => Ok(file),
        }
    }

    /// The same, for who wants the error in its parts.
    pub fn try_parse(&self) -> ParseResult<TestFile<'_>> {
        parse_test(&self.text, ParseOptions::default())
    }

    /// Reads and verifies.
    pub fn verified(&self) -> Result<TestFile<'_>> {
        let file = self.parse()?;
        let errors = self.unsound(&file);
        if errors.is_empty() { Ok(file) } else { Err(Error(errors.join("\n"))) }
    }

    /// All that does not verify, a text for each function.
    pub fn unsound(&self, file: &TestFile<'_>) -> Vec<String> {
        let errors = |(func, details): &(Function, Details<'_>)| {
            let errors = verify_all(func, None).err()?;
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

    /// A message about a place.
    pub fn at(&self, location: Location, message: impl Display) -> String {
        format!("{}:{location}: {message}", self.path.display())
    }
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
