//! What a test run shows: a bar on a terminal, failures as they come, counts at the end. Needs the verdicts.

use super::Counts;
use super::verdict::{Failure, Verdict};
use crate::source::Result;
use crate::{output, style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Fewer files than this need no bar.
const LONG: usize = 8;
/// How many failures of a case are told, how many of them of one function, and how many lines of each, unless everything
/// is asked for.
const TOLD: usize = 8;
const OF_FUNCTION: usize = 3;
const LINES: usize = 6;

/// A report in the making.
pub(super) struct Report {
    counts: Counts,
    verbose: bool,
    bar: ProgressBar,
    begun: HashSet<PathBuf>,
    /// Whether all could be written so far; after a failure nothing is.
    written: Result<()>,
}

impl Report {
    pub(super) fn new(files: usize, verbose: bool) -> Report {
        let bar = match files >= LONG && std::io::stderr().is_terminal() {
            true => ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr()),
            false => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Report { counts: Counts::default(), verbose, bar, begun: HashSet::new(), written: Ok(()) }
    }

    pub(super) fn begin(&mut self, file: &Path, case: &str) {
        if self.begun.insert(file.to_owned()) {
            self.bar.inc(1);
        }
        self.bar.set_message(format!("{}: {case}", file.display()));
    }

    pub(super) fn note(&mut self, file: &Path, case: &str, text: &str) {
        self.tell(format_args!("{}note{:#} {}: {case}: {text}\n", style::DIM, style::DIM, file.display()));
    }

    pub(super) fn end(&mut self, file: &Path, case: &str, verdict: Verdict) {
        let (word, color, failures, why) = match verdict {
            Verdict::Passed => {
                self.counts.passed += 1;
                ("ok", style::GOOD, vec![], String::new())
            }
            Verdict::Skipped(why) => {
                self.counts.skipped += 1;
                ("skip", style::DIM, vec![], format!(": {why}"))
            }
            Verdict::Failed(failures) => {
                self.counts.failed += 1;
                ("FAIL", style::BAD, failures, String::new())
            }
        };
        if self.verbose || !failures.is_empty() {
            let failures = if self.verbose { all(&failures) } else { some(&failures) };
            self.tell(format_args!("{color}{word}{color:#} {}: {case}{why}\n{failures}", file.display()));
        }
    }

    /// Tells listed failures that did not happen.
    pub(super) fn passing(&mut self, stale: &[String]) {
        self.counts.failed += stale.len();
        for line in stale {
            let text = "is listed as a known failure and passes: take it off the list";
            self.tell(format_args!("{}FAIL{:#} {line} {text}\n", style::BAD, style::BAD));
        }
    }

    /// Writes the counts. Returns whether nothing failed.
    pub(super) fn finish(mut self) -> Result<bool> {
        self.bar.finish_and_clear();
        let Counts { passed, failed, skipped } = self.counts;
        let color = if failed == 0 { style::GOOD } else { style::BAD };
        self.tell(format_args!("{color}{passed} passed, {failed} failed, {skipped} skipped{color:#}\n"));
        self.written.map(|()| failed == 0)
    }

    fn tell(&mut self, text: std::fmt::Arguments<'_>) {
        if self.written.is_ok() {
            self.written = self.bar.suspend(|| output::print(text));
        }
    }
}

/// All failures in full.
fn all(failures: &[Failure]) -> String {
    let mut text = String::new();
    failures.iter().for_each(|failure| one(&mut text, failure, usize::MAX));
    text
}

/// The first failures, and how many more there are.
fn some(failures: &[Failure]) -> String {
    let (mut text, mut told, mut cut) = (String::new(), 0, 0);
    let mut of_function: HashMap<&str, usize> = HashMap::new();
    for failure in failures {
        let before = of_function.entry(&failure.function).or_default();
        *before += 1;
        if *before > OF_FUNCTION && failure.function != "-" || told == TOLD {
            cut += 1;
        } else {
            told += 1;
            one(&mut text, failure, LINES);
        }
    }
    if cut > 0 {
        let _ = writeln!(text, "  … and {cut} more, which -v shows");
    }
    text
}

/// One failure, of which at most so many lines are told. A string takes all that is written to it.
fn one(text: &mut String, failure: &Failure, most: usize) {
    for (n, line) in failure.message.lines().take(most).enumerate() {
        let _ = match (n, failure.function.as_str()) {
            (0, "-") => writeln!(text, "  {line}"),
            (0, name) => writeln!(text, "  {}{name}{:#}: {line}", style::NAME, style::NAME),
            _ => writeln!(text, "    {line}"),
        };
    }
    let left = failure.message.lines().count().saturating_sub(most);
    if left > 0 {
        let _ = writeln!(text, "    … and {left} more lines, which -v shows");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_told_on_demand_only() {
        let of = |function: &str, count| (0..count).map(|n| Failure::of(function, format!("{n}\nx"))).collect();
        let one: Vec<Failure> = of("%f", 9);
        assert_eq!((some(&one).lines().count(), all(&one).lines().count()), (2 * OF_FUNCTION + 1, 18));
        assert!(some(&one).ends_with("… and 6 more, which -v shows\n"));
        let whole: Vec<Failure> = of("-", 9);
        assert!(some(&whole).ends_with("… and 1 more, which -v shows\n"));
        let long = [Failure::whole("x\n".repeat(9))];
        assert!(some(&long).ends_with("… and 3 more lines, which -v shows\n"));
        assert_eq!(all(&long).lines().count(), 9);
    }
}
