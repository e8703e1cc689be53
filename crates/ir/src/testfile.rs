//! Test files: a header of commands, then functions with comments that say what is expected of them. Needs the reader;
//! leaves a [`TestFile`] whose `set` and `target` lines are still text, for only a code generator knows the settings.

pub mod expect;
pub mod filecheck;
mod header;
mod run;

use crate::ir::Function;
use crate::ir::entities::AnyEntity;
use crate::reader::{Location, ParseOptions, ParseResult, SourceMap};
use std::fmt;

pub(crate) use header::Header;
pub use run::{Comparison, Invocation, RunCommand, parse_run_command, parse_run_command_of};

/// A test file.
#[derive(Debug)]
pub struct TestFile<'a> {
    /// The `test` lines.
    pub commands: Vec<TestCommand<'a>>,
    /// The `set` lines.
    pub settings: Vec<SettingsLine<'a>>,
    /// The `target` lines.
    pub targets: Vec<TargetLine<'a>>,
    /// The `feature` lines.
    pub features: Vec<Feature<'a>>,
    /// The comments before the first function, which hold for every function.
    pub preamble_comments: Vec<Comment<'a>>,
    /// The functions, with what stands around them.
    pub functions: Vec<(Function, Details<'a>)>,
}

/// What stands around a function.
#[derive(Debug)]
pub struct Details<'a> {
    /// Where the function starts.
    pub location: Location,
    /// Its comments, each with what it belongs to.
    pub comments: Vec<Comment<'a>>,
    /// Where its entities are defined.
    pub map: SourceMap,
}

/// A comment and what it belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comment<'a> {
    /// What was defined just before it.
    pub entity: AnyEntity,
    /// The comment with its semicolons.
    pub text: &'a str,
}

/// A `test` line: a command and its options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestCommand<'a> {
    /// The command.
    pub command: &'a str,
    /// Its options.
    pub options: Vec<TestOption<'a>>,
}

impl<'a> TestCommand<'a> {
    /// Splits what follows `test`.
    pub fn new(line: &'a str) -> Self {
        let mut words = line.split_whitespace();
        let command = words.next().unwrap_or("");
        TestCommand { command, options: words.map(TestOption::new).collect() }
    }
}

impl fmt::Display for TestCommand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command)?;
        self.options.iter().try_for_each(|o| write!(f, " {o}"))
    }
}

/// An option of a command or a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TestOption<'a> {
    /// A word.
    Flag(&'a str),
    /// `key=value`
    Value(&'a str, &'a str),
}

impl<'a> TestOption<'a> {
    /// Reads one word.
    pub fn new(word: &'a str) -> Self {
        match word.split_once('=') {
            Some((key, value)) => TestOption::Value(key, value),
            None => TestOption::Flag(word),
        }
    }
}

impl fmt::Display for TestOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TestOption::Flag(s) => f.write_str(s),
            TestOption::Value(k, v) => write!(f, "{k}={v}"),
        }
    }
}

/// A `set` line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettingsLine<'a> {
    /// The settings.
    pub options: Vec<TestOption<'a>>,
    /// Where the line is.
    pub location: Location,
}

/// A `target` line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TargetLine<'a> {
    /// The target.
    pub triple: &'a str,
    /// Its own flags.
    pub options: Vec<TestOption<'a>>,
    /// How many `set` lines stand before it; those hold for it.
    pub settings: usize,
    /// Where the line is.
    pub location: Location,
}

/// A `feature` line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Feature<'a> {
    /// The file is for builds with this feature.
    With(&'a str),
    /// The file is for builds without it.
    Without(&'a str),
}

impl TestFile<'_> {
    /// The header's lines: `set` lines stand before the targets that they hold for.
    pub fn header_lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.commands.iter().map(|command| format!("test {command}")).collect();
        let words = |options: &[TestOption<'_>]| options.iter().map(|o| format!(" {o}")).collect::<String>();
        let mut settings = self.settings.iter().map(|set| format!("set{}", words(&set.options)));
        let mut before = 0;
        for target in &self.targets {
            lines.extend(settings.by_ref().take(target.settings - before));
            before = target.settings;
            lines.push(format!("target {}{}", target.triple, words(&target.options)));
        }
        lines.extend(settings);
        lines.extend(self.features.iter().map(|feature| match feature {
            Feature::With(name) => format!("feature \"{name}\""),
            Feature::Without(name) => format!("feature !\"{name}\""),
        }));
        lines
    }
}

/// Reads a test file.
pub fn parse_test<'a>(text: &'a str, options: ParseOptions<'a>) -> ParseResult<TestFile<'a>> {
    crate::reader::test_file(text, options)
}

impl<'a> Comment<'a> {
    /// What follows `word` in a comment that starts with it, trimmed: `error: text`.
    pub fn directive(&self, word: &str) -> Option<&'a str> {
        let text = self.text.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
        text.strip_prefix(word).map(str::trim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_print_as_they_are_read() {
        let text = "test run\ntest cat precise-output\nset opt_level=speed is_pic\ntarget x86_64 has_avx\nset is_pic=false\n\
                    target aarch64\nfeature \"a\"\nfeature !\"b\"";
        let file = parse_test(text, ParseOptions::default()).unwrap();
        assert_eq!(file.header_lines().join("\n"), text);
        let file = parse_test("set a=b", ParseOptions::default()).unwrap();
        assert_eq!(file.header_lines(), ["set a=b"]);
    }
}
