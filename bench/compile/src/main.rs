//! `compile-bench`: compiling measured against Cranelift, function by function in one process and in turn.
//!
//! Does: compiles the functions of CLIF files with both, with the same settings and CPU flags, no verifier and no checker
//! in either, and prints per file and level the ratio of CPU time in all with its spread, the time by stage, the size of
//! the code and the peak of memory. Needs: CLIF files. Leaves: text on standard output. Reading and copying of
//! functions are not timed; functions that either refuses are left out and counted by reason.
//!
//! `cargo run --release -p compile-bench -- FILES`

mod clock;
mod compilers;
mod memory;
mod source;

use anyhow::{Result, anyhow};
use clap::Parser;
use compilers::{ours, peer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Measures compiling against Cranelift.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// CLIF files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Levels of optimisation.
    #[arg(short = 'O', long = "level", value_delimiter = ',', default_value = "none,speed")]
    levels: Vec<String>,
    /// CPU flags, as `has_avx`.
    #[arg(long, value_delimiter = ',')]
    cpu: Vec<String>,
    /// Give all functions and signatures this calling convention.
    #[arg(long = "as")]
    convention: Option<String>,
    /// How often each compiles each file.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Only this one compiles, `ours` or `peer`, and nothing is compared. For profiling.
    #[arg(long)]
    only: Option<String>,
    /// Print the functions whose code exceeds the peer's most.
    #[arg(long, default_value_t = 0)]
    worst: usize,
    /// Write each function's code to this folder, as `LEVEL-FILE-NUMBER.ours` and `.peer`. For disassemblers.
    #[arg(long)]
    dump: Option<PathBuf>,
}

/// One of the two.
trait Compiler {
    /// Makes copies of the functions, for one round; not timed.
    fn prepare(&mut self);
    /// Compiles the `n`-th copy and gives its code, or why not.
    fn compile(&mut self, n: usize) -> Result<&[u8], String>;
    /// Gives back the memory kept between functions.
    fn forget(&mut self);
    /// Leaves out all functions but these.
    fn keep(&mut self, these: &[usize]);
    /// Runs `work` with the clock of stages running; gives time by stage, in order.
    fn by_stage(&mut self, work: &mut dyn FnMut(&mut Self)) -> Vec<(&'static str, Duration)>;
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let no_clock = (ours::no_clock(), peer::no_clock());
    for path in &cli.files {
        for level in &cli.levels {
            let source = source::read(path, cli.convention.as_deref())?;
            println!("{} at {level}: {} functions", source.name, source.functions.len());
            let mut ours = ours::Subject::new(&source, level, &cli.cpu)?;
            let mut peer = peer::Subject::new(&source, level, &cli.cpu)?;
            let mut names = source.names();
            common(&mut ours, &mut peer, &mut names);
            match cli.only.as_deref() {
                None => {
                    let stem = format!("{level}-{}", source.name);
                    cli.dump.as_deref().map_or(Ok(()), |to| dump(to, &stem, &mut ours, &mut peer, &names))?;
                    report(&cli, &mut ours, &mut peer, &names);
                }
                Some("ours") => (0..cli.rounds).for_each(|_| drop(round(&mut ours, names.len()))),
                Some("peer") => (0..cli.rounds).for_each(|_| drop(round(&mut peer, names.len()))),
                Some(other) => return Err(anyhow!("{other} is neither `ours` nor `peer`")),
            }
        }
    }
    drop(no_clock);
    Ok(())
}

/// Leaves only what both compile, and prints why the others are left out.
fn common(ours: &mut ours::Subject, peer: &mut peer::Subject, names: &mut Vec<String>) {
    ours.prepare();
    peer.prepare();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut good = vec![];
    for n in 0..names.len() {
        match (ours.compile(n), peer.compile(n)) {
            (Ok(_), Ok(_)) => good.push(n),
            (Err(why), _) => *reasons.entry(format!("ours: {why}")).or_default() += 1,
            (_, Err(why)) => *reasons.entry(format!("peer: {why}")).or_default() += 1,
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|r| std::cmp::Reverse(r.1));
    println!("  {} compiled by both; {} left out", good.len(), names.len() - good.len());
    reasons.iter().take(8).for_each(|(why, count)| println!("  {count:6} {why}"));
    ours.keep(&good);
    peer.keep(&good);
    *names = good.iter().map(|&n| std::mem::take(&mut names[n])).collect();
}

/// Compiles all functions; gives CPU seconds and the sizes of their code.
fn round<C: Compiler>(c: &mut C, functions: usize) -> (f64, Vec<usize>) {
    c.prepare();
    let mut sizes = Vec::with_capacity(functions);
    let begin = clock::cpu_seconds();
    for n in 0..functions {
        sizes.push(c.compile(n).expect("it compiled before").len());
    }
    (clock::cpu_seconds() - begin, sizes)
}

/// Writes the code of each function by both.
fn dump(to: &Path, stem: &str, ours: &mut ours::Subject, peer: &mut peer::Subject, names: &[String]) -> Result<()> {
    std::fs::create_dir_all(to)?;
    ours.prepare();
    peer.prepare();
    for (n, name) in names.iter().enumerate() {
        let path = |whose| to.join(format!("{stem}-{}.{whose}", name.replace(['%', ':'], "_")));
        std::fs::write(path("ours"), ours.compile(n).map_err(|e| anyhow!(e))?)?;
        std::fs::write(path("peer"), peer.compile(n).map_err(|e| anyhow!(e))?)?;
    }
    Ok(())
}

/// Least, middle and greatest.
fn spread(mut list: Vec<f64>) -> [f64; 3] {
    list.sort_by(f64::total_cmp);
    [list[0], list[list.len() / 2], list[list.len() - 1]]
}

fn report(cli: &Cli, ours: &mut ours::Subject, peer: &mut peer::Subject, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let functions = names.len();
    let sizes = [round(ours, functions).1, round(peer, functions).1];
    let bytes = sizes.each_ref().map(|s| s.iter().sum::<usize>() as f64);
    let times: Vec<[f64; 2]> =
        (0..cli.rounds.max(1)).map(|_| [round(ours, functions).0, round(peer, functions).0]).collect();
    let ms = |which: usize| spread(times.iter().map(|t| t[which] * 1e3).collect());
    let ratios = spread(times.iter().map(|t| t[0] / t[1]).collect());
    println!("  {:28}{:>12}{:>12}{:>9}", "", "ours", "cranelift", "ratio");
    let line = |name: &str, a: f64, b: f64| println!("  {name:28}{a:>12.2}{b:>12.2}{:>9.3}", a / b);
    let (a, b) = (ms(0), ms(1));
    println!("  {:28}{:>12.2}{:>12.2}{:>9.3}", "CPU time, ms (median)", a[1], b[1], ratios[1]);
    println!("  {:28}{:>12.2}{:>12.2}{:>9.3}", "CPU time, ms (least)", a[0], b[0], ratios[0]);
    println!("  {:28}{:>12.2}{:>12.2}{:>9.3}", "CPU time, ms (greatest)", a[2], b[2], ratios[2]);
    line("code, KiB", bytes[0] / 1024.0, bytes[1] / 1024.0);
    let (a, b) = (peak(ours, functions), peak(peer, functions));
    line("peak memory, KiB", a as f64 / 1024.0, b as f64 / 1024.0);
    stages("ours", ours, functions);
    stages("cranelift", peer, functions);
    let excess = |n: usize| sizes[0][n] as i64 - sizes[1][n] as i64;
    let mut worst: Vec<usize> = (0..functions).collect();
    worst.sort_by_key(|&n| std::cmp::Reverse(excess(n)));
    for &n in worst.iter().take(cli.worst) {
        println!("  {}: {} bytes, the peer {}", names[n], sizes[0][n], sizes[1][n]);
    }
}

/// The most bytes that compiling one function from nothing took, besides the function; the greatest of all functions.
fn peak<C: Compiler>(c: &mut C, functions: usize) -> usize {
    c.prepare();
    let one = |n| {
        c.forget();
        memory::peak(|| c.compile(n).expect("it compiled before").len())
    };
    (0..functions).map(one).max().unwrap_or(0)
}

fn stages<C: Compiler>(name: &str, c: &mut C, functions: usize) {
    c.prepare();
    let times = c.by_stage(&mut |c| {
        for n in 0..functions {
            c.compile(n).expect("it compiled before");
        }
    });
    let parts =
        times.iter().filter(|t| !t.1.is_zero()).map(|(stage, t)| format!("{stage} {:.1}", t.as_secs_f64() * 1e3));
    println!("  {name} by stage, ms: {}", parts.collect::<Vec<_>>().join(", "));
}
