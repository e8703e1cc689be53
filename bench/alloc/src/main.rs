//! `alloc-bench`: register allocation measured against regalloc2 on the same machine functions in the same run.
//!
//! Does: lowers the functions of CLIF files (or makes random ones), gives each to both allocators in turn in one
//! process, and prints per file the CPU time of each and what each adds to the code. Needs: CLIF files. Leaves: text
//! on standard output. Translating for the peer, copying the input and counting are not timed.
//!
//! `cargo run --release -p alloc-bench -- --as system_v FILES`

mod input;
mod peer;
mod programs;
mod traffic;

use anyhow::{Context as _, Result, anyhow};
use clap::Parser;
use input::Input;
use peer::Peer;
use regalloc2::{Algorithm, Ctx, RegallocOptions};
use std::path::PathBuf;
use traffic::{KINDS, Traffic};
use windlass_ir::isa::CallConv;
use windlass_regalloc::display::Listing;
use windlass_regalloc::{Allocation, Code, Context, allocate};

/// Measures register allocation against regalloc2.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// CLIF files.
    files: Vec<PathBuf>,
    /// Give all functions and signatures this calling convention.
    #[arg(long = "as")]
    convention: Option<String>,
    /// Random functions of each kind, besides the files.
    #[arg(long, default_value_t = 0)]
    random: u64,
    /// How often each allocator runs over each file.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Only the allocator with this name runs, once per round, and nothing is compared: `ours` or `peer`. For profiling.
    #[arg(long)]
    only: Option<String>,
    /// Print our result for the function with this name, with its edits.
    #[arg(long)]
    show: Option<String>,
    /// Print the functions where our weighted traffic exceeds the peer's most.
    #[arg(long, default_value_t = 0)]
    worst: usize,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let convention = match &cli.convention {
        Some(name) => {
            Some(name.parse::<CallConv>().map_err(|_| anyhow!("{name} is no calling convention")).context("--as")?)
        }
        None => None,
    };
    let mut inputs: Vec<Input> = vec![];
    for path in &cli.files {
        inputs.push(input::read(path, convention)?);
    }
    if cli.random > 0 {
        inputs.extend(programs::inputs(cli.random));
    }
    for input in &mut inputs {
        let peers = prepare(input);
        if let Some(name) = &cli.show {
            input.units.iter().filter(|u| u.name == *name).for_each(|u| show(input, &u.code));
            continue;
        }
        match cli.only.as_deref() {
            Some("ours") => (0..cli.rounds).for_each(|_| {
                run_ours(input);
            }),
            Some("peer") => (0..cli.rounds).for_each(|_| {
                run_peer(input, &peers);
            }),
            Some(other) => return Err(anyhow!("{other} is no allocator")),
            None => report(&cli, input, &peers),
        }
    }
    Ok(())
}

/// Translates the functions; those that either allocator refuses are counted as skipped.
fn prepare(input: &mut Input) -> Vec<Peer> {
    let mut peers = vec![];
    let machine = &input.machine;
    let env = peer::environment(machine);
    let (mut ctx, mut alloc, mut peer_ctx) = (Context::default(), Allocation::default(), Ctx::default());
    let skipped = &mut input.skipped;
    input.units.retain(|unit| {
        let peer = Peer::new(&unit.code, machine);
        let ours = allocate(&mut unit.code.clone(), machine, &mut ctx, &mut alloc);
        let theirs = regalloc2::run_with_ctx(&peer, &env, &options(), &mut peer_ctx);
        let why = match (ours, theirs) {
            (Ok(()), Ok(_)) => {
                peers.push(peer);
                return true;
            }
            (Err(e), _) => format!("we refuse: {e}"),
            (_, Err(e)) => {
                let e = format!("{e:?}");
                format!("the peer refuses: {}", e.split('(').next().unwrap_or_default())
            }
        };
        *skipped.entry(why).or_default() += 1;
        false
    });
    peers
}

fn options() -> RegallocOptions {
    RegallocOptions { verbose_log: false, validate_ssa: false, algorithm: Algorithm::default() }
}

/// CPU time of this thread in seconds.
fn cpu_time() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid place for the result.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    assert_eq!(result, 0, "this thread has a clock");
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

/// One run of ours over all functions; gives the seconds.
fn run_ours(input: &Input) -> f64 {
    let mut codes: Vec<Code> = input.units.iter().map(|u| u.code.clone()).collect();
    let (mut ctx, mut alloc) = (Context::default(), Allocation::default());
    let begin = cpu_time();
    for code in &mut codes {
        allocate(code, &input.machine, &mut ctx, &mut alloc).expect("it went well before");
        std::hint::black_box(&alloc);
    }
    cpu_time() - begin
}

/// One run of the peer over all functions; gives the seconds.
fn run_peer(input: &Input, peers: &[Peer]) -> f64 {
    let env = peer::environment(&input.machine);
    let mut ctx = Ctx::default();
    let begin = cpu_time();
    for peer in peers {
        let output = regalloc2::run_with_ctx(peer, &env, &options(), &mut ctx).expect("it went well before");
        std::hint::black_box(output);
    }
    cpu_time() - begin
}

/// Traffic of ours and of the peer, per function.
fn traffic(input: &Input, peers: &[Peer]) -> Vec<[Traffic; 2]> {
    let env = peer::environment(&input.machine);
    let (mut ctx, mut alloc, mut peer_ctx) = (Context::default(), Allocation::default(), Ctx::default());
    let both = input.units.iter().zip(peers).map(|(unit, peer)| {
        let mut after = unit.code.clone();
        allocate(&mut after, &input.machine, &mut ctx, &mut alloc).expect("it went well before");
        let output = regalloc2::run_with_ctx(peer, &env, &options(), &mut peer_ctx).expect("it went well before");
        let ours = traffic::ours(&unit.code, &after, &alloc, &input.machine);
        [ours, traffic::peers(&unit.code, peer, output, &input.machine)]
    });
    both.collect()
}

fn show(input: &Input, code: &Code) {
    let (mut after, mut alloc) = (code.clone(), Allocation::default());
    allocate(&mut after, &input.machine, &mut Context::default(), &mut alloc).expect("it went well before");
    let rows = input.machine.rows;
    println!("{}", Listing { code, rows, alloc: None });
    println!("{}", Listing { code: &after, rows, alloc: Some(&alloc) });
}

/// Least, middle and greatest.
fn spread(mut list: Vec<f64>) -> [f64; 3] {
    list.sort_by(f64::total_cmp);
    [list[0], list[list.len() / 2], list[list.len() - 1]]
}

fn report(cli: &Cli, input: &Input, peers: &[Peer]) {
    let insts: usize = input.units.iter().map(|u| u.code.insts.len()).sum();
    let skipped: usize = input.skipped.values().sum();
    println!("{}: {} functions, {insts} instructions; {skipped} functions skipped", input.name, input.units.len());
    let mut reasons: Vec<_> = input.skipped.iter().collect();
    reasons.sort_by_key(|r| std::cmp::Reverse(r.1));
    for (why, count) in reasons.iter().take(8) {
        println!("  {count:6} {why}");
    }
    if input.units.is_empty() {
        return;
    }
    let times: Vec<[f64; 2]> = (0..cli.rounds.max(1)).map(|_| [run_ours(input), run_peer(input, peers)]).collect();
    let per_inst = |which: usize| spread(times.iter().map(|t| t[which] * 1e9 / insts as f64).collect());
    let ([a, b, c], [x, y, z]) = (per_inst(0), per_inst(1));
    println!("  CPU time, ns per instruction (least, median, greatest of {} rounds):", times.len());
    println!("    ours {a:.1} {b:.1} {c:.1}   regalloc2 {x:.1} {y:.1} {z:.1}");
    let [a, b, c] = spread(times.iter().map(|t| t[0] / t[1]).collect());
    println!("    ratio {a:.3} {b:.3} {c:.3}");
    let each = traffic(input, peers);
    let all = each.iter().fold([Traffic::default(); 2], |s, t| [s[0].plus(&t[0]), s[1].plus(&t[1])]);
    table(&all);
    let mut worst: Vec<usize> = (0..each.len()).collect();
    let excess = |n: usize| each[n][0].sum()[1] - each[n][1].sum()[1];
    worst.sort_by(|&a, &b| excess(b).total_cmp(&excess(a)));
    for &n in worst.iter().take(cli.worst) {
        let unit = &input.units[n];
        println!("  {} with {} instructions: {:.0} more", unit.name, unit.code.insts.len(), excess(n));
        table(&each[n]);
    }
}

fn table([ours, peers]: &[Traffic; 2]) {
    println!(
        "  {:16}{:>12}{:>12}{:>8}{:>16}{:>16}{:>8}",
        "", "ours", "regalloc2", "ratio", "ours 8^d", "regalloc2 8^d", "ratio"
    );
    let line = |name: &str, a: [f64; 2], b: [f64; 2]| {
        let ratio = |n: usize| if b[n] > 0.0 { format!("{:.3}", a[n] / b[n]) } else { "-".to_string() };
        println!("  {name:16}{:>12}{:>12}{:>8}{:>16}{:>16}{:>8}", a[0], b[0], ratio(0), a[1], b[1], ratio(1));
    };
    for (k, name) in KINDS.iter().enumerate() {
        line(name, ours.0[k], peers.0[k]);
    }
    let moves = |t: &Traffic| {
        let add = |w: usize| t.0[0][w] + t.0[1][w] + t.0[2][w] + t.0[3][w];
        [add(0), add(1)]
    };
    line("inserted", moves(ours), moves(peers));
    line("all", ours.sum(), peers.sum());
}
