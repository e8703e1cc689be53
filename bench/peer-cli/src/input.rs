//! Reading a `.clif` file.
//!
//! Does: loads the text, gives a file without a header one, chooses the default calling convention, and parses. Needs:
//! a path or `-`. Leaves: a `Source`, whose `parse` borrows from it.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use cranelift_codegen::isa::CallConv;
use cranelift_reader::{ParseOptions, TestFile, parse_test};
use target_lexicon::Triple;

/// The text of one file and how to read it.
pub struct Source {
    text: String,
    /// Lines put before the file's own, to be taken off again in error messages.
    added_lines: usize,
    convention: CallConv,
}

impl Source {
    /// Loads a file. Functions that name no convention get this machine's C convention if `host_convention` or if the
    /// file is a run test, and `fast` otherwise.
    pub fn open(path: &Path, host_convention: bool) -> Result<Self> {
        let mut text = String::new();
        if path == Path::new("-") {
            std::io::stdin().read_to_string(&mut text).context("standard input")?;
        } else {
            text = std::fs::read_to_string(path)?;
        }
        let headers = || text.lines().filter_map(|line| line.trim_start().strip_prefix("test "));
        let is_run_test = headers().any(|rest| rest.split_whitespace().next() == Some("run"));
        let has_header = headers().next().is_some();
        if !has_header {
            text.insert_str(0, "test interpret\n");
        }
        let convention =
            if host_convention || is_run_test { CallConv::triple_default(&Triple::host()) } else { CallConv::Fast };
        Ok(Self { text, added_lines: usize::from(!has_header), convention })
    }

    /// Parses the header, the functions and their comments.
    pub fn parse(&self) -> Result<TestFile<'_>> {
        let options = ParseOptions {
            default_calling_convention: self.convention,
            unwind_info: false,
            machine_code_cfg_info: true,
            ..ParseOptions::default()
        };
        parse_test(&self.text, options).map_err(|error| {
            let line = error.location.line_number.saturating_sub(self.added_lines);
            anyhow!("line {line}: {}", error.message)
        })
    }
}
