//! `meanings`: compares random operations on random operands with the reference.
//!
//! Does: writes functions of one operation each, has the peer tool run them, and computes the same by our meanings.
//! Needs: the program `peer` of this workspace. Leaves: per operation how many results agree, differ or were refused, and
//! every difference with its operands; exit status 1 if there is any.

mod case;
mod values;

use case::{Case, Outcome, cases};
use clap::Parser;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use values::Random;

/// Compares what operations mean with what the reference computes.
#[derive(Parser)]
struct Args {
    /// The peer tool.
    peer: PathBuf,
    /// What of it to ask: `interpret`, or `run` for the CPU.
    #[arg(long, default_value = "interpret")]
    how: String,
    /// How many operations to run.
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    /// Where the random numbers start.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only operations whose names start so.
    #[arg(long, default_value = "")]
    only: String,
    /// How many differences to show of each operation.
    #[arg(long, default_value_t = 3)]
    show: usize,
}

/// Functions in one file for the interpreter, whose work grows with their square.
const FUNCTIONS: usize = 20;

#[derive(Default)]
struct Tally {
    same: usize,
    different: Vec<String>,
    refused: BTreeMap<String, usize>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut random = Random::new(args.seed);
    let mut all = cases(&mut random);
    all.retain(|c| c.name().starts_with(&args.only));
    let lines = args.count.div_ceil(all.len().max(1));
    let mut tallies = BTreeMap::<&'static str, Tally>::new();
    // what the compiler lacks makes it refuse the whole file
    let size = if args.how == "run" { 1 } else { FUNCTIONS };
    for chunk in all.chunks(size) {
        if let Err(e) = compare(&args, chunk, lines, &mut random, &mut tallies) {
            eprintln!("meanings: {e}");
            return ExitCode::FAILURE;
        }
    }
    report(&tallies, args.show)
}

/// Runs some cases, each so many times, and compares.
fn compare(
    args: &Args,
    cases: &[Case],
    lines: usize,
    random: &mut Random,
    tallies: &mut BTreeMap<&'static str, Tally>,
) -> std::io::Result<()> {
    // without extensions compiled functions take and give no i128
    let mut text = format!("test {}\nset enable_llvm_abi_extensions=true\n", args.how);
    let mut expected = BTreeMap::new();
    for (n, case) in cases.iter().enumerate() {
        text += &case.function(n);
        for _ in 0..lines {
            let operands = case.operands(random);
            let call = case.call(n, &operands);
            writeln!(text, "; print: {call}").expect("a string takes all");
            expected.insert(call, (case, operands));
        }
    }
    let file = std::env::temp_dir().join(format!("meanings-{}.clif", std::process::id()));
    std::fs::write(&file, &text)?;
    let output = Command::new(&args.peer).arg(&args.how).arg(&file).output()?;
    let mut seen = 0;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((call, answer)) = line.split_once(" => ") else { continue };
        let Some((case, operands)) = expected.get(call.trim()) else { continue };
        seen += 1;
        let tally = tallies.entry(case.name()).or_default();
        match case.check(operands, answer) {
            Outcome::Same => tally.same += 1,
            Outcome::Different(want) => tally.different.push(format!("{case} {line}, not {want}")),
            Outcome::Refused(why) => *tally.refused.entry(why).or_default() += 1,
        }
    }
    for case in cases.iter().filter(|_| seen == 0) {
        let last =
            |b: &[u8]| String::from_utf8_lossy(b).lines().last().unwrap_or("").chars().take(150).collect::<String>();
        let why = format!("file: {} {}", last(&output.stdout), last(&output.stderr));
        *tallies.entry(case.name()).or_default().refused.entry(why).or_default() += lines;
    }
    Ok(())
}

fn report(tallies: &BTreeMap<&'static str, Tally>, show: usize) -> ExitCode {
    let (mut same, mut different, mut refused) = (0, 0, 0);
    for (name, t) in tallies {
        let out: usize = t.refused.values().sum();
        println!("{name:20} {:6} same {:6} different {out:6} refused", t.same, t.different.len());
        t.different.iter().take(show).for_each(|line| println!("    {line}"));
        t.refused.iter().take(show).for_each(|(why, n)| println!("    refused {n} times: {why}"));
        (same, different, refused) = (same + t.same, different + t.different.len(), refused + out);
    }
    println!("{} operations: {same} same, {different} different, {refused} refused", tallies.len());
    if different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
