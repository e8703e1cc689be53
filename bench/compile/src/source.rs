//! The functions of a CLIF file as texts, one by one, so that what one compiler does not read costs one function, not
//! the file. Needs a path.

use anyhow::{Context as _, Result};
use std::path::Path;

/// A file's functions.
pub struct Source {
    /// What the file is called.
    pub name: String,
    /// The texts of its functions.
    pub functions: Vec<String>,
}

/// The texts of the functions: each starts with the word at the start of a line. With `convention`, all signatures get it.
pub fn read(path: &Path, convention: Option<&str>) -> Result<Source> {
    const WORD: &str = "\nfunction ";
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let text = match convention {
        Some(name) => text.replace(" tail", &format!(" {name}")),
        None => text,
    };
    let mut starts: Vec<usize> = text.match_indices(WORD).map(|(at, _)| at + 1).collect();
    if text.starts_with(&WORD[1..]) {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let functions = starts.iter().zip(ends).map(|(&from, to)| text[from..to].to_owned()).collect();
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    Ok(Source { name, functions })
}

impl Source {
    /// What the functions are called.
    pub fn names(&self) -> Vec<String> {
        self.functions.iter().map(|f| f.split(['(', ' ']).nth(1).unwrap_or_default().to_owned()).collect()
    }
}
