//! What a test run shows: a bar on a terminal, failures as they come, counts at the end. Needs the verdicts.

use super::Counts;
use super::verdict::{Failure, Verdict};
use crate::style;
use anstream::println;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Fewer files than this need no bar.
const LONG: usize = 8;
/// How many failures of a case are told, and how many lines of each, unless everything is asked for.
const TOLD: usize = 8;
const LINES: usize = 6;

/// A report in the making.
pub(super) struct Report {
    counts: Counts,
    verbose: bool,
    bar: ProgressBar,
    begun: HashSet<PathBuf>,
}

impl Report {
    pub(super) fn new(files: usize, verbose: bool) -> Report {
        let bar = match files >= LONG && std::io::stderr().is_terminal() {
            true => ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr()),
            false => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Report { counts: Counts::default(), verbose, bar, begun: HashSet::new() }
    }

    pub(super) fn begin(&mut self, file: &Path, case: &str) {
        if self.begun.insert(file.to_owned()) {
            self.bar.inc(1);
        }
        self.bar.set_message(format!("{}: {case}", file.display()));
    }

    pub(super) fn note(&self, file: &Path, case: &str, text: &str) {
        self.tell(|| println!("{}note{:#} {}: {case}: {text}", style::DIM, style::DIM, file.display()));
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
            self.tell(|| {
                println!("{color}{word}{color:#} {}: {case}{why}", file.display());
                self.failures(&failures);
            });
        }
    }

    fn failures(&self, failures: &[Failure]) {
        let (told, lines) = if self.verbose { (usize::MAX, usize::MAX) } else { (TOLD, LINES) };
        for failure in failures.iter().take(told) {
            let count = failure.message.lines().count();
            for (n, line) in failure.message.lines().take(lines).enumerate() {
                match (n, failure.function.as_str()) {
                    (0, "-") => println!("  {line}"),
                    (0, name) => println!("  {}{name}{:#}: {line}", style::NAME, style::NAME),
                    _ => println!("    {line}"),
                }
            }
            if count > lines {
                println!("    … and {} more lines, which -v shows", count - lines);
            }
        }
        if failures.len() > told {
            println!("  … and {} more, which -v shows", failures.len() - told);
        }
    }

    /// Tells listed failures that did not happen.
    pub(super) fn passing(&mut self, stale: &[String]) {
        self.counts.failed += stale.len();
        for line in stale {
            let text = "is listed as a known failure and passes: take it off the list";
            self.tell(|| println!("{}FAIL{:#} {line} {text}", style::BAD, style::BAD));
        }
    }

    /// Writes the counts. Returns whether nothing failed.
    pub(super) fn finish(self) -> bool {
        self.bar.finish_and_clear();
        let Counts { passed, failed, skipped } = self.counts;
        let color = if failed == 0 { style::GOOD } else { style::BAD };
        println!("{color}{passed} passed, {failed} failed, {skipped} skipped{color:#}");
        failed == 0
    }

    fn tell(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }
}
