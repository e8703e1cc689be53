//! The rules of the house that a machine can hold the checkout to: which packages may know which, which libraries there
//! are, where a target may be named, how long a file may be, and that no fact is looked up by its name.
//!
//! `packages.rs` has the rules of dependencies and `files.rs` those of files, each as a table beside its check. Needs the
//! checkout and cargo; leaves a list of problems, each with what to do about it.

mod files;
mod packages;

use std::fmt;
use std::path::Path;

pub use files::check_file;
pub use packages::check_package;

/// A broken rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The file and line, or the package.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub mend: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    {}", self.at, self.what, self.mend)
    }
}

/// All problems of the checkout at `root`.
///
/// # Errors
/// If the checkout cannot be read, or cargo cannot tell its packages.
pub fn check(root: &Path) -> Result<Vec<Problem>, String> {
    let mut problems = packages::check(root)?;
    problems.extend(files::check(root)?);
    Ok(problems)
}
