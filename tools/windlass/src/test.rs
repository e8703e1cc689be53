//! `windlass test`: finds files, has their cases run by worker processes, and reports. Needs one thread; leaves counts on
//! the last line.

pub mod expect;
pub mod file;
pub mod kinds;
mod pieces;
mod pool;
mod report;
pub mod verdict;

use crate::args::Target;
use crate::source::{Error, Result, STDIN};
use crate::target::Given;
use expect::Expected;
use report::Report;
use std::path::{Path, PathBuf};
use verdict::{Event, Failure, Verdict};

/// What the command line asks for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Files, or folders that are searched for *.clif files; `-` is the standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Tell every case and why it was skipped, and all that failed in full
    #[arg(short, long)]
    pub verbose: bool,
    /// Tests of kinds that are not run yet are failures, not skipped
    #[arg(long)]
    pub strict: bool,
    /// A list of known failures: red is what fails and is not listed, or is listed and passes
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Write such a list of what fails now
    #[arg(long, value_name = "FILE", conflicts_with = "expect")]
    pub bless_expect: Option<PathBuf>,
    /// Simulate machine code by the meanings of its instructions instead of running it, for any target: tests of kind
    /// `run` only, each call compared with the interpreter too
    #[arg(long, conflicts_with_all = ["expect", "bless_expect"])]
    pub simulate: bool,
    /// How many files to test at the same time [default: one for each CPU]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Run under qemu even what this computer could run
    #[arg(long)]
    pub qemu: bool,
    /// For what.
    #[command(flatten)]
    pub target: Target,
}

/// What runs tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// Each kind has its own.
    All,
    /// The simulator: those of kind `run`, and no others.
    Simulator,
}

/// What has become of the cases.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// As expected.
    pub passed: usize,
    /// Not as expected.
    pub failed: usize,
    /// Not tried, or known to fail.
    pub skipped: usize,
}

/// Runs the tests. Returns whether nothing failed that was not expected to.
pub fn run(args: &Args) -> Result<bool> {
    let given = Given::of(&args.target)?.emulated(args.qemu);
    let mut expected = args.expect.as_deref().map(Expected::open).transpose()?.unwrap_or_default();
    let files = collect(&args.paths)?;
    let paths: Vec<PathBuf> = files.iter().map(|f| f.path.clone()).collect();
    let jobs = args.jobs.map(usize::from).or_else(|| std::thread::available_parallelism().ok().map(Into::into));
    let mut report = Report::new(paths.len(), args.verbose);
    let mut cases: Vec<Option<String>> = vec![None; paths.len()];
    let mut failures: Vec<Vec<(String, Vec<Failure>)>> = vec![vec![]; paths.len()];
    let listen = &mut |file: usize, event: Event| match event {
        Event::Begin(case) => {
            report.begin(&paths[file], &case);
            cases[file] = Some(case);
        }
        Event::Alive => {}
        Event::Note(text) => report.note(&paths[file], cases[file].as_deref().unwrap_or(""), &text),
        Event::End(verdict) => {
            let case = cases[file].take().unwrap_or_default();
            let missing = args.strict && case.split(' ').next().is_some_and(|kind| kinds::MISSING.contains(&kind));
            let verdict = match verdict {
                Verdict::Skipped(why) if missing => Verdict::Failed(vec![Failure::whole(why)]),
                verdict => verdict,
            };
            if let Verdict::Failed(all) = &verdict {
                failures[file].push((case.clone(), all.clone()));
            }
            report.end(&paths[file], &case, sift(&mut expected, &paths[file], &case, verdict));
        }
    };
    let engine = if args.simulate { Engine::Simulator } else { Engine::All };
    pool::run(&paths, &given, engine, jobs.unwrap_or(1), listen)
        .map_err(|e| Error::new(format_args!("the system did not let tests run: {e}")))?;
    if let Some(list) = &args.bless_expect {
        bless(list, &files, failures)?;
    }
    report.passing(&expected.passing());
    report.finish()
}

/// What is left of a verdict if known failures are none.
fn sift(expected: &mut Expected, file: &Path, case: &str, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Failed(all) => {
            let known = all.len();
            let new = expected.sift(file, case, all);
            match new.is_empty() {
                true => Verdict::Skipped(format!("it is known to fail, {known} times")),
                false => Verdict::Failed(new),
            }
        }
        Verdict::Passed => {
            expected.sift(file, case, vec![]);
            Verdict::Passed
        }
        skipped => skipped,
    }
}

fn bless(list: &Path, files: &[Found], failures: Vec<Vec<(String, Vec<Failure>)>>) -> Result<()> {
    let named = |(file, cases): (&Found, Vec<(String, Vec<Failure>)>)| {
        let name = file.name.clone();
        cases.into_iter().map(move |(case, failures)| (name.clone(), case, failures))
    };
    let all: Vec<_> = files.iter().zip(failures).flat_map(named).collect();
    std::fs::write(list, expect::list(&all))
        .map_err(|e| Error::new(format_args!("{}: cannot be written: {e}", list.display())))
}

/// A file to test.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Found {
    path: PathBuf,
    /// Its path in the folder that was searched, with slashes.
    name: String,
}

/// The files that paths stand for, in order. What cannot be looked at is among them: reading it will fail.
fn collect(paths: &[PathBuf]) -> Result<Vec<Found>> {
    let mut files = vec![];
    for root in paths {
        let mut todo = vec![root.clone()];
        while let Some(path) = todo.pop() {
            let is_folder = path != Path::new(STDIN) && path.is_dir();
            let entries = is_folder.then(|| std::fs::read_dir(&path)?.collect::<std::io::Result<Vec<_>>>());
            if let Some(Ok(entries)) = entries {
                todo.extend(entries.into_iter().map(|entry| entry.path()));
            } else if is_folder || path == *root || path.extension().is_some_and(|e| e == "clif") {
                let inside = path.strip_prefix(root).ok().filter(|p| !p.as_os_str().is_empty());
                let name = inside.or(path.file_name().map(Path::new)).unwrap_or(&path);
                files.push(Found { name: name.to_string_lossy().into_owned(), path });
            }
        }
    }
    files.sort();
    files.dedup();
    match files.is_empty() {
        true => Err(Error::misuse("there is nothing to test: expected files, or folders with *.clif files in them")),
        false => Ok(files),
    }
}
