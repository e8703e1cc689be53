//! Lists of known failures: a line each with file, function, case and reason, separated by tabs. A function `-` stands for
//! all failures of the case. Needs the verdicts; leaves what is not as listed.

use super::verdict::Failure;
use crate::source::{Error, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// What a list starts with.
const HEADER: &str =
    "# Failures that are known: file, function (`-`: all of the case), test and target, reason; separated by tabs.
# `windlass test --expect FILE` reads it, `windlass test --bless-expect FILE` writes it.
";
/// How many functions of a case are listed one by one.
const LISTED: usize = 8;
/// How long a reason may be.
const REASON: usize = 100;

/// A failure that is expected.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Known {
    file: String,
    function: String,
    case: String,
    reason: String,
    /// It happened.
    seen: bool,
    /// Its file was tested.
    tried: bool,
}

/// The failures that are expected.
#[derive(Default, Debug)]
pub struct Expected {
    known: Vec<Known>,
}

impl Expected {
    /// Reads a list.
    pub fn open(path: &Path) -> Result<Expected> {
        let at = |what: String| Error::misuse(format_args!("{}{what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|e| at(format!(": cannot be read: {e}")))?;
        Expected::parse(&text).map_err(at)
    }

    fn parse(text: &str) -> std::result::Result<Expected, String> {
        let mut known = vec![];
        for (n, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fields: Vec<&str> = line.split('\t').collect();
            let [file, function, case, reason] = fields[..] else {
                let found = fields.len();
                return Err(format!(":{}:1: expected file, function, case and reason, found {found} fields", n + 1));
            };
            let [file, function, case, reason] = [file, function, case, reason].map(str::to_owned);
            known.push(Known { file, function, case, reason, seen: false, tried: false });
        }
        Ok(Expected { known })
    }

    /// Takes note of a case that ran, and returns those of its failures that are not expected.
    pub fn sift(&mut self, file: &Path, case: &str, failures: Vec<Failure>) -> Vec<Failure> {
        let mut of_case: Vec<&mut Known> =
            self.known.iter_mut().filter(|known| known.case == case && file.ends_with(&known.file)).collect();
        of_case.iter_mut().for_each(|known| known.tried = true);
        let mut expected = |failure: &Failure| {
            let matches = |known: &&mut Known| {
                let named = known.function == "-" || known.function == failure.function;
                named && sort(&known.reason) == sort(&reason(&failure.message))
            };
            let known: Vec<_> = of_case.iter_mut().filter(|k| matches(k)).map(|k| k.seen = true).collect();
            !known.is_empty()
        };
        failures.into_iter().filter(|failure| !expected(failure)).collect()
    }

    /// The listed failures of cases that ran, and did not happen.
    pub fn passing(&self) -> Vec<String> {
        let stale = self.known.iter().filter(|known| known.tried && !known.seen);
        stale.map(|k| format!("{}: {}: {} ({})", k.file, k.case, k.function, k.reason)).collect()
    }
}

/// What sort of failure a message tells of: what is listed as one excuses no other.
#[derive(PartialEq)]
enum Sort {
    Unsupported,
    Wrong,
    /// Never equal to what was listed: the message says where, so that is compared too.
    Bug(String),
}

fn sort(message: &str) -> Sort {
    match message {
        m if m.contains("panicked") || m.contains("internal error") => Sort::Bug(m.into()),
        m if m.contains("unsupported") => Sort::Unsupported,
        _ => Sort::Wrong,
    }
}

/// A list of failures, each with its file as it is to be listed and its case.
pub fn list(failures: &[(String, String, Vec<Failure>)]) -> String {
    let mut text = HEADER.to_owned();
    for (file, case, failures) in failures {
        let mut by_function: BTreeMap<&str, &str> = BTreeMap::new();
        for failure in failures {
            by_function.entry(&failure.function).or_insert(&failure.message);
        }
        if by_function.len() > LISTED {
            let reason = common(failures);
            by_function = BTreeMap::from([("-", reason)]);
        }
        for (function, message) in by_function {
            // the list is only written to memory
            let _ = writeln!(text, "{file}\t{function}\t{case}\t{}", reason(message));
        }
    }
    text
}

/// The message that most failures have.
fn common(failures: &[Failure]) -> &str {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for failure in failures {
        *counts.entry(&failure.message).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or("", |(message, _)| message)
}

/// The first line of a message, in short: without the directive it is about and without advice.
fn reason(message: &str) -> String {
    let line = message.lines().next().unwrap_or("").replace('\t', " ");
    let line = line.rsplit_once("`: ").map_or(line.as_str(), |(_, what)| what);
    let line = line.split_once(": see ").map_or(line, |(what, _)| what).trim_end_matches("; the others:");
    match line.char_indices().nth(REASON) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_say_what_is_new_and_what_is_gone() {
        let failures = vec![Failure::of("%f", "bad\nvery"), Failure::of("%g", "worse")];
        let text = list(&[("a/b.clif".into(), "run x86_64".into(), failures.clone())]);
        let mut expected = Expected::parse(&text).unwrap();
        let file = Path::new("/some/a/b.clif");
        assert_eq!(expected.sift(file, "interpret", failures.clone()), failures);
        assert_eq!(expected.passing(), Vec::<String>::new());
        let others = vec![Failure::of("%h", ""), failures[0].clone()];
        assert_eq!(expected.sift(file, "run x86_64", others), [Failure::of("%h", "")]);
        assert_eq!(expected.passing(), ["a/b.clif: run x86_64: %g (worse)"]);
        assert_eq!(Expected::parse("x").unwrap_err(), ":1:1: expected file, function, case and reason, found 1 fields");
    }

    #[test]
    fn reasons_are_short() {
        assert_eq!(reason("`run: %f(1) == 2`: returned 3\nmore"), "returned 3");
        assert_eq!(reason("unsupported: x: see the table"), "unsupported: x");
        assert_eq!(reason(&"long ".repeat(99)).chars().count(), REASON + 1);
    }

    #[test]
    fn many_failures_are_one_line() {
        let failures: Vec<_> = (0..LISTED + 1).map(|n| Failure::of(format!("%f{n}"), "same")).collect();
        let text = list(&[("a.clif".into(), "run".into(), failures.clone())]);
        assert_eq!(text.strip_prefix(HEADER), Some("a.clif\t-\trun\tsame\n"));
        let mut expected = Expected::parse(&text).unwrap();
        assert_eq!(expected.sift(Path::new("a.clif"), "run", failures), []);
    }
}
