//! `windlass bugpoint`: shrinks a file that fails to one that is as small as can be and still fails. Needs a way to see the
//! failure: our own, for crashes and wrong results, or a command of the user's. Leaves the file in its usual form, with a
//! run line for what is called.

pub mod case;
mod edit;
mod numbers;
pub mod probe;
pub mod shrink;

use crate::args::Target;
use crate::source::{Error, Result, Source};
use crate::target::Given;
use crate::{output, style};
use case::Case;
use indicatif::{ProgressBar, ProgressStyle};
use probe::{Native, Symptom};
use shrink::Shrink;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the command line asks for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A file in CLIF that fails
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A command that tells whether a file still fails: it does if the exit status is 0. `{}` stands for the file's name
    #[arg(long, value_name = "COMMAND")]
    pub check: Option<String>,
    /// How long one try may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
    /// Where to write the file [default: the standard output]; it always holds the smallest so far
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// For what; becomes part of what is written.
    #[command(flatten)]
    pub target: Target,
}

/// Shrinks a file. Returns whether it failed to begin with.
pub fn run(args: &Args) -> Result<bool> {
    let source = Source::open(&args.file, &Given::of(&args.target)?)?;
    let bar = ProgressBar::new_spinner().with_style(progress_style());
    let timeout = Duration::from_secs(args.timeout);
    let (text, symptom) = match &args.check {
        Some(command) => {
            let check = |text: &str| probe::command(command, text, timeout);
            let start = Case::of(&source)?;
            if !check(&start.text()).map_err(system)? {
                return Err(Error::new(format_args!(
                    "{}: the command does not find the failure: expected the exit status 0",
                    args.file.display()
                )));
            }
            (shrink(start, check, args.output.as_deref(), &bar)?, None)
        }
        None => {
            let (start, symptom) = failing(&source, timeout)?;
            tell(&symptom);
            let check = |text: &str| {
                let found = probe::native(text, Native::default(), timeout)?;
                Ok(found.is_some_and(|found| found.kind == symptom.kind))
            };
            let text = shrink(start, check, args.output.as_deref(), &bar)?;
            let last = probe::native(&text, Native::default(), timeout).map_err(system)?;
            (text, last)
        }
    };
    bar.finish_and_clear();
    if let Some(symptom) = symptom {
        tell(&symptom);
    }
    if args.output.is_none() {
        output::print(text)?;
    }
    Ok(true)
}

fn tell(symptom: &Symptom) {
    output::remark(format_args!("{}{}{:#}: {}", style::BAD, symptom.kind, style::BAD, symptom.detail));
}

fn system(error: io::Error) -> Error {
    Error::new(format_args!("the system refused: {error}"))
}

fn progress_style() -> ProgressStyle {
    let template = "{elapsed_precise} {spinner} {msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// The file as a case that fails by itself, and how it fails. What it lacks is added: a target, calls.
fn failing(source: &Source, timeout: Duration) -> Result<(Case, Symptom)> {
    let case = Case::of(source)?;
    let mut variants = vec![case.clone()];
    if case.calls.is_empty() {
        variants.push(case.with_calls());
    }
    let variants: Vec<Case> = variants.into_iter().flat_map(|case| case.with_targets()).collect();
    for case in variants {
        if let Some(symptom) = probe::native(&case.text(), Native::default(), timeout).map_err(system)? {
            return Ok((case, symptom));
        }
    }
    Err(Error::new(format_args!(
        "{}: nothing fails: no crash of the compiler, and machine code does what the interpreter does; \
         say with --check what is wrong",
        source.path.display()
    )))
}

fn shrink(
    start: Case,
    check: impl FnMut(&str) -> io::Result<bool>,
    output: Option<&Path>,
    bar: &ProgressBar,
) -> Result<String> {
    let mut shrink = Shrink::new(start, check);
    shrink
        .run(&mut |state| {
            bar.set_message(state.to_string());
            bar.tick();
            match output {
                Some(path) if state.adopted => std::fs::write(path, state.text),
                _ => Ok(()),
            }
        })
        .map_err(system)?;
    let text = shrink.text().to_owned();
    if let Some(path) = output {
        std::fs::write(path, &text).map_err(|e| Error::new(format_args!("{}: {e}", path.display())))?;
    }
    Ok(text)
}
