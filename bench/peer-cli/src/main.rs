//! `peer`: asks the reference code generator what CLIF text means.
//!
//! Does: prints, verifies, interprets, compiles or runs the functions of a `.clif` file with the published interface of the
//! cranelift crates, one line per question asked. Needs: nothing of Windlass. Leaves: text on standard output, and exit
//! status 1 when anything was refused, trapped or differed from its expectation.

mod code;
mod host;
mod input;
mod interpret;
mod jit;
mod sandbox;
mod verdict;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Parser, Subcommand};
use cranelift_codegen::cfg_printer::CFGPrinter;
use cranelift_codegen::settings::FlagsOrIsa;
use cranelift_codegen::verifier::verify_function;
use cranelift_reader::IsaSpec;

use crate::input::Source;

/// Asks the reference code generator what CLIF text means.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read and print each function.
    Print {
        /// Files to read; `-` is standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the control flow graph of each function, as Graphviz reads it.
    PrintCfg {
        /// Files to read; `-` is standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the verifier's errors of each function, or ok.
    Verify {
        /// Files to read; `-` is standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Execute the run lines in the interpreter.
    Interpret {
        /// Files to read; `-` is standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Instructions that one run line may execute.
        #[arg(long, default_value_t = 100_000_000)]
        fuel: u64,
    },
    /// Compile for each target line, and print the code with all that belongs to places in it.
    Compile {
        /// Files to read; `-` is standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Compile for this machine and execute the run lines, each in a process of its own.
    Run {
        /// Files to read; `-` is standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Run every target line of this machine's architecture, not only the first.
        #[arg(long)]
        all_targets: bool,
        /// Seconds that one run line may take.
        #[arg(long, default_value_t = 10)]
        timeout: u32,
    },
}

/// The interpreter recurses over calls, and the stack of its callees is ours.
const STACK: usize = 4 << 30;

fn main() -> ExitCode {
    let command = Cli::parse().command;
    // SAFETY: sets a signal's disposition before there is any other thread.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    // Panics of the crates asked are answers, and are printed as such.
    std::panic::set_hook(Box::new(|_| {}));
    let asked = std::thread::Builder::new().stack_size(STACK).spawn(move || ask_all(&command));
    match asked.map(std::thread::JoinHandle::join) {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Answers one question about all its files; true if nothing was refused, trapped or different.
fn ask_all(command: &Command) -> bool {
    let (files, host_convention) = match command {
        Command::Print { files }
        | Command::PrintCfg { files }
        | Command::Verify { files }
        | Command::Compile { files }
        | Command::Interpret { files, .. } => (files, false),
        Command::Run { files, .. } => (files, true),
    };
    let mut good = true;
    for file in files {
        if files.len() > 1 {
            println!("== {}", file.display());
        }
        let answer = guarded(|| Source::open(file, host_convention).and_then(|source| ask(command, &source)));
        good &= answer.unwrap_or_else(|error| {
            println!("{}: {error:#}", file.display());
            false
        });
    }
    good
}

fn ask(command: &Command, source: &Source) -> Result<bool> {
    match command {
        Command::Print { .. } => print(source),
        Command::PrintCfg { .. } => {
            source.parse()?.functions.iter().for_each(|(function, _)| print!("{}", CFGPrinter::new(function)));
            Ok(true)
        }
        Command::Verify { .. } => verify(source),
        Command::Compile { .. } => code::compile(source),
        Command::Interpret { fuel, .. } => interpret::run_lines(source, *fuel),
        Command::Run { all_targets, timeout, .. } => jit::run_lines(source, *all_targets, *timeout),
    }
}

/// Turns a panic into an error.
fn guarded<T>(ask: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(anyhow!("panic: {}", text.unwrap_or("no message")))
    })
}

fn print(source: &Source) -> Result<bool> {
    for (index, (function, _)) in source.parse()?.functions.iter().enumerate() {
        if index > 0 {
            println!();
        }
        print!("{}", function.display());
    }
    Ok(true)
}

/// Verifies for each target of the file, and tells of a target after the first only where its answer is another one.
fn verify(source: &Source) -> Result<bool> {
    let file = source.parse()?;
    let mut good = true;
    let mut first: Option<Vec<String>> = None;
    let mut tell = |target: &str, fisa: FlagsOrIsa<'_>| {
        let answers: Vec<String> = file
            .functions
            .iter()
            .map(|(function, _)| match verify_function(function, fisa) {
                Ok(()) => format!("{}: ok\n", function.name),
                Err(errors) => errors.0.iter().map(|error| format!("{}: {error}\n", function.name)).collect(),
            })
            .collect();
        good &= answers.iter().all(|answer| answer.ends_with(": ok\n"));
        match &first {
            None => print!("{}", answers.concat()),
            Some(first) => {
                let changed = answers.iter().zip(first).filter(|(new, old)| new != old);
                changed.for_each(|(new, _)| print!("target {target}: {new}"));
            }
        }
        first.get_or_insert(answers);
    };
    match &file.isa_spec {
        IsaSpec::None(flags) => tell("none", FlagsOrIsa::from(flags)),
        IsaSpec::Some(isas) => {
            isas.iter().for_each(|isa| tell(&isa.triple().to_string(), FlagsOrIsa::from(isa.as_ref())));
        }
    }
    Ok(good)
}
