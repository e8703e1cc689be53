//! `read-bench`: reading, printing and verifying CLIF measured against the reference in the same run.
//!
//! Does: reads each file with both readers in turn, then has both verify and print what they read, and prints the CPU
//! time of each and the ratio with its spread over the rounds. Needs: CLIF files that both can read. Leaves: text on
//! standard output.
//!
//! `cargo run --release -p read-bench -- FILES`

use anyhow::{Context as _, Result, anyhow};
use clap::Parser;
use std::hint::black_box;
use std::path::{Path, PathBuf};

/// Measures reading, printing and verifying of CLIF against the reference.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// CLIF files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How often each side works on each file.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Only this side runs, and nothing is compared: `ours` or `peer`. For profiling.
    #[arg(long)]
    only: Option<String>,
}

/// What is measured.
const STAGES: [&str; 3] = ["read", "verify", "print"];

/// The CPU time of each stage in seconds.
type Times = [f64; STAGES.len()];

/// One side: reads, verifies and prints a text.
type Side = fn(&str) -> Result<Times>;

fn main() -> Result<()> {
    let cli = Cli::parse();
    let sides: &[Side] = match cli.only.as_deref() {
        None => &[ours, peer],
        Some("ours") => &[ours],
        Some("peer") => &[peer],
        Some(other) => return Err(anyhow!("{other} is no side: expected `ours` or `peer`")),
    };
    for path in &cli.files {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        measure(path, &text, sides, cli.rounds).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Runs the sides in turn over one file. The first round warms up and does not count.
fn measure(path: &Path, text: &str, sides: &[Side], rounds: usize) -> Result<()> {
    let mut rounds_of: Vec<Vec<Times>> = vec![vec![]; sides.len()];
    for round in 0..=rounds {
        for (side, times) in sides.iter().zip(&mut rounds_of) {
            let spent = side(text)?;
            times.extend((round > 0).then_some(spent));
        }
    }
    let [ours, peer] = &rounds_of[..] else { return Ok(()) };
    println!("{}: {} bytes", path.display(), text.len());
    for (n, stage) in STAGES.iter().enumerate() {
        let median = |times: &[Times]| sorted(times.iter().map(|t| t[n]))[times.len() / 2];
        let ratios = sorted(ours.iter().zip(peer).map(|(a, b)| a[n] / b[n]));
        let rate = |times: &[Times]| text.len() as f64 / median(times) / 1e6;
        let at = |part: usize| ratios[(ratios.len() - 1) * part / 4];
        println!(
            "  {stage:6}  ours {:6.1} MB/s  peer {:6.1} MB/s  time ours/peer {:.2} (quartiles {:.2} to {:.2})",
            rate(ours),
            rate(peer),
            at(2),
            at(1),
            at(3)
        );
    }
    Ok(())
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut all: Vec<f64> = numbers.collect();
    all.sort_by(f64::total_cmp);
    all
}

fn ours(text: &str) -> Result<Times> {
    use windlass_ir::{reader, verifier};
    let (read, funcs) = timed(|| reader::parse_functions(text));
    let funcs = funcs.map_err(|e| anyhow!("our reader: {e}"))?;
    let (verify, sound) = timed(|| funcs.iter().try_for_each(|f| verifier::verify_function(f, None)));
    sound.map_err(|e| anyhow!("our verifier: {e}"))?;
    let (print, texts) = timed(|| funcs.iter().map(|f| f.display().to_string()).collect::<Vec<_>>());
    black_box(texts);
    Ok([read, verify, print])
}

fn peer(text: &str) -> Result<Times> {
    use cranelift_codegen::{settings, verifier};
    let (read, funcs) = timed(|| cranelift_reader::parse_functions(text));
    let funcs = funcs.map_err(|e| anyhow!("the peer's reader: {e}"))?;
    let flags = settings::Flags::new(settings::builder());
    let (verify, sound) = timed(|| funcs.iter().try_for_each(|f| verifier::verify_function(f, &flags)));
    sound.map_err(|e| anyhow!("the peer's verifier: {e}"))?;
    let (print, texts) = timed(|| funcs.iter().map(|f| f.display().to_string()).collect::<Vec<_>>());
    black_box(texts);
    Ok([read, verify, print])
}

/// Runs something and tells its CPU time in seconds.
fn timed<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = cpu_time();
    let made = run();
    (cpu_time() - start, made)
}

/// CPU time of this thread in seconds.
fn cpu_time() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}
