//! `windlass-hostile`: damaged and enormous inputs for every stage. Each must give an error or a result, in a thread with
//! 256 KiB of stack, within memory in proportion to the input, and in a time that grows hardly more than the input.
//!
//! Does: runs inputs in child processes, so that whatever happens to one is told and the others go on. Needs: to be built
//! so that panics abort (`--profile hostile`), CLIF files to damage. Leaves: each input that fails, as a file.
//!
//! `cargo run --profile hostile -p windlass-hostile -- --help`

mod child;
mod inputs;
mod memory;
mod mutate;
#[path = "../../windlass/tests/random/rng.rs"]
mod rng;
mod sizes;
mod stages;

use child::{End, Page, Shared, describe};
use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use mutate::Seeds;
use stages::{Care, Input, NAMES};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Feeds every stage damaged and enormous inputs
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  windlass-hostile short                        a little of everything, in seconds
  windlass-hostile damaged --rounds 100000      damaged texts, made of tests/clif
  windlass-hostile damaged ../corpus            damaged texts, made of other files
  windlass-hostile sizes                        all kinds of input, from 2^14 to 2^20 items
  windlass-hostile sizes --to 17 -v aliases     one kind, every measurement
  windlass-hostile file failed-17.clif          one file, such as one that failed before
Exit status: 0 if nothing failed, 1 otherwise.";

#[derive(Subcommand)]
enum Command {
    /// A little of everything, for the usual tests
    Short,
    /// Texts damaged at random
    Damaged(Damaged),
    /// Inputs of growing sizes, with the exponents of the time that they take
    Sizes(Sizes),
    /// One file
    File {
        /// The file
        path: PathBuf,
    },
}

#[derive(Args)]
struct Damaged {
    /// Folders with CLIF files to damage [default: tests/clif of this checkout]
    folders: Vec<PathBuf>,
    /// How many texts to try
    #[arg(long, default_value_t = 100_000)]
    rounds: u64,
    /// The number of the first of them
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Where to write texts that fail
    #[arg(long, default_value = ".")]
    out: PathBuf,
}

#[derive(Args)]
struct Sizes {
    /// Kinds of input whose names contain one of these words [default: all]
    names: Vec<String>,
    /// The logarithm of the smallest size
    #[arg(long, default_value_t = 14)]
    from: u32,
    /// The logarithm of the largest size
    #[arg(long, default_value_t = 20)]
    to: u32,
    /// How often each is measured
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// The largest exponent that is all right
    #[arg(long, default_value_t = 1.15)]
    most: f64,
    /// Tell every measurement
    #[arg(short, long)]
    verbose: bool,
}

/// Memory that a damaged text may take: this much, for a short text may name entities with large numbers, and this much
/// for each byte.
const MEMORY: usize = 512 << 20;
const MEMORY_PER_BYTE: usize = 4 << 10;
/// How long one text may take.
const SILENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> io::Result<bool> {
    match command {
        Command::Short => {
            let some = Damaged { folders: vec![], rounds: 1500, first: 1 << 32, out: std::env::temp_dir() };
            let small = Sizes { names: vec![], from: 11, to: 13, repeat: 1, most: 1.6, verbose: false };
            Ok(damaged(&some)? & sizes(&small)?)
        }
        Command::Damaged(args) => damaged(&args),
        Command::Sizes(args) => sizes(&args),
        Command::File { path } => file(&path),
    }
}

fn sizes(args: &Sizes) -> io::Result<bool> {
    let wanted = |name: &str| args.names.is_empty() || args.names.iter().any(|word| name.contains(word));
    let rows: Vec<_> = inputs::all().filter(|row| wanted(row.name)).collect();
    if rows.is_empty() {
        let names: Vec<&str> = inputs::all().map(|row| row.name).collect();
        return Err(io::Error::other(format!("there is no such kind of input; there are {}", names.join(", "))));
    }
    let plan = sizes::Plan { sizes: args.from..=args.to, repeat: args.repeat, most: args.most, verbose: args.verbose };
    sizes::run(&rows, &plan)
}

fn damaged(args: &Damaged) -> io::Result<bool> {
    let own = [Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif")];
    let seeds = Seeds::open(if args.folders.is_empty() { &own } else { &args.folders })?;
    let page = Page::new()?;
    let shared = page.shared();
    let last = args.first + args.rounds;
    let bar = ProgressBar::new(args.rounds).with_style(style());
    let (mut next, mut failures) = (args.first, 0);
    while next < last {
        let work = |shared: &Shared| {
            for number in next..last {
                shared.case.store(number, Relaxed);
                exercise(seeds.damaged(number), shared);
            }
        };
        shared.case.store(next, Relaxed);
        let end = page.run(SILENCE, work, |shared| bar.set_position(shared.case.load(Relaxed) - args.first))?;
        if end == End::Done {
            break;
        }
        let number = shared.case.load(Relaxed);
        let path = args.out.join(format!("failed-{number}.clif"));
        std::fs::write(&path, seeds.damaged(number))?;
        let stage = NAMES.get((shared.stage.load(Relaxed) as usize).wrapping_sub(1)).unwrap_or(&"the beginning");
        bar.suspend(|| {
            let how = describe(end);
            println!("text {number} {how}, in {stage}; again: windlass-hostile file {}", path.display());
        });
        failures += 1;
        next = number + 1;
    }
    bar.finish_and_clear();
    let reached: Vec<String> =
        NAMES.iter().zip(&shared.passed).skip(1).map(|(name, n)| format!("{name} {}", n.load(Relaxed))).collect();
    println!("{} damaged texts of {} files: {failures} failures", args.rounds, seeds.len());
    println!("stages passed: {}", reached.join(", "));
    // damage that nothing survives would test little
    let compiled = shared.passed.last().map_or(0, |n| n.load(Relaxed));
    if compiled < args.rounds / 50 {
        println!("too few of the texts could be compiled");
    }
    Ok(failures == 0 && compiled >= args.rounds / 50)
}

fn style() -> ProgressStyle {
    let template = "{elapsed_precise} {bar:30} {pos}/{len} texts, {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn file(path: &Path) -> io::Result<bool> {
    let text = std::fs::read_to_string(path)?;
    let page = Page::new()?;
    let end = page.run(SILENCE, |shared| exercise(text, shared), |_| {})?;
    println!("{}: {}", path.display(), describe(end));
    Ok(end == End::Done)
}

/// Everything with one text, within its memory.
fn exercise(text: String, shared: &Shared) {
    memory::limit(MEMORY + MEMORY_PER_BYTE * text.len());
    stages::run(Input::Text(text), Care { check: true, compile: true }, shared);
}
