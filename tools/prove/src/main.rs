//! `windlass-prove`: proves that every rule, of lowering and of simplification, is right, or shows a counterexample. Exit status 0 only if all is proved.

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::{HashMap, HashSet};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use windlass_prove::mutate::{Sets, run as run_mutants};
use windlass_prove::solver::{Error, Solver};
use windlass_prove::{Outcome, prove};
use windlass_rules::MACHINES;
use windlass_rules::prove::{Kind, Obligation, obligations, simplifications};
use windlass_rules::term::RuleSet;

/// Proves the rules with Z3.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Lists what is to be proved, and proves nothing.
    #[arg(long)]
    list: bool,
    /// Only what is written at this place; any end of the path will do.
    #[arg(long, value_name = "FILE:LINE")]
    rule: Option<String>,
    /// Only the rules of this machine.
    #[arg(long, value_parser = machines())]
    machine: Option<String>,
    /// Prints the scripts of what is chosen, and proves nothing.
    #[arg(long)]
    smt: bool,
    /// Seconds for one question.
    #[arg(long, default_value_t = 60)]
    timeout: u64,
    /// Solvers side by side.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

#[derive(Subcommand)]
enum Command {
    /// Changes rules and rows at random, and shows that each change is refuted or does no harm.
    ///
    /// A change that the checks refuse before the solver is asked does not count. Exit status 0 only if every survivor is
    /// explained in tools/prove/src/mutate/explained.rs.
    Mutate(Mutate),
}

#[derive(clap::Args)]
struct Mutate {
    /// The machine whose rules are changed, together with the simplifications.
    #[arg(long, default_value = "x64")]
    machine: String,
    /// How many mutants the solver judges.
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Which ones: every seed draws others.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Lists every mutant with what became of it.
    #[arg(long)]
    list: bool,
    /// Seconds for one question.
    #[arg(long, default_value_t = 20)]
    timeout: u64,
    /// Solvers side by side.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// The names of machines that have rules.
fn machines() -> Vec<&'static str> {
    MACHINES.iter().map(|m| m.0).collect()
}

/// All that is to be proved: what it is called, and the obligations.
fn sets(machine: Option<&str>) -> Vec<(&'static str, Vec<Obligation>)> {
    let chosen = MACHINES.iter().filter(|m| machine.is_none_or(|name| name == m.0));
    let mut out: Vec<_> = chosen.map(|(name, rules)| (*name, obligations(&rules()))).collect();
    if machine.is_none() {
        out.insert(0, ("simplifications", simplifications(&windlass_rules::simplify::equations())));
    }
    out
}

fn main() -> ExitCode {
    // Who reads what we print may leave early, as `head` does; that ends us in silence.
    // SAFETY: nothing else runs yet, and the default action needs nothing of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let args = Args::parse();
    if let Some(Command::Mutate(args)) = &args.command {
        return mutate(args).unwrap_or_else(|e| {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        });
    }
    let (mut found, mut proved) = (false, true);
    for (name, all) in sets(args.machine.as_deref()) {
        let start = Instant::now();
        let chosen: Vec<&Obligation> = all.iter().filter(|o| args.rule.as_ref().is_none_or(|r| is_at(o, r))).collect();
        if chosen.is_empty() {
            continue;
        }
        found = true;
        if args.list || args.smt {
            chosen.iter().for_each(|o| print_obligation(o, args.smt));
            continue;
        }
        match run(&args, &chosen) {
            Ok(outcomes) => proved &= report(name, &chosen, &outcomes, start.elapsed()),
            Err(e) => {
                eprintln!("error: {e}");
                return ExitCode::FAILURE;
            }
        }
    }
    if !found {
        eprintln!("error: nothing is written there; `windlass-prove --list` shows all");
    }
    if found && proved { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn mutate(args: &Mutate) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let (names, rules): (Vec<&str>, Vec<fn() -> RuleSet>) = MACHINES.iter().copied().unzip();
    let machine = names.iter().position(|n| *n == args.machine);
    let machine = machine.ok_or_else(|| format!("no machine `{}`; there are: {}", args.machine, names.join(", ")))?;
    let sets = Sets::new(rules[machine](), windlass_rules::simplify::equations());
    let solver = Solver::find(Duration::from_secs(args.timeout))?;
    let bar = progress(args.count, "judging");
    let report = run_mutants(&sets, &solver, (args.count, args.seed), args.jobs, || bar.inc(1))?;
    bar.finish_and_clear();
    if args.list {
        report.judged.iter().for_each(|(m, verdict)| println!("{m}\n  {verdict}"));
    }
    println!("{report}, in {:.1} s", start.elapsed().as_secs_f64());
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A bar for so many things, if somebody watches.
fn progress(count: usize, doing: &str) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(count as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template(&format!("{doing} {{bar:40}} {{pos}}/{{len}} {{elapsed}}")) {
        bar.set_style(style);
    }
    bar
}

/// Is the obligation written at FILE:LINE?
fn is_at(o: &Obligation, place: &str) -> bool {
    let Some((file, line)) = place.rsplit_once(':') else { return false };
    line == o.at.line().to_string() && o.at.file().ends_with(file)
}

/// Its heading: place, kind, operation, type, case.
fn heading(o: &Obligation) -> String {
    let kind = match o.kind {
        Kind::Rule => format!("{}.{}", o.what, o.ty),
        Kind::Equation => format!("simplification of {}.{}", o.what, o.ty),
        Kind::Contract => format!("contract of {}.{}", o.what, o.ty),
        Kind::Row => format!("row of {}", o.what),
        Kind::Address | Kind::Operand | Kind::Test => format!("alternative of {} at {}", o.what, o.ty),
    };
    let case = if o.case.is_empty() { String::new() } else { format!(", {}", o.case) };
    format!("{}:{}: {kind}{case}", o.at.file(), o.at.line())
}

fn print_obligation(o: &Obligation, script: bool) {
    match (&o.query, script) {
        (_, false) => println!("{}", heading(o)),
        (Err(why), true) => println!("; {}\n; ill-formed: {why}", heading(o)),
        (Ok(q), true) => println!("; {}\n(reset)\n{}(check-sat)", heading(o), q.script),
    }
}

fn run(args: &Args, chosen: &[&Obligation]) -> Result<Vec<Outcome>, Error> {
    let solver = Solver::find(Duration::from_secs(args.timeout))?;
    let bar = progress(chosen.len(), "proving");
    let outcomes = prove(&solver, chosen, args.jobs, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(outcomes)
}

/// Prints what is not proved (of each rule the first case only), and a summary. Is all proved?
fn report(name: &str, chosen: &[&Obligation], outcomes: &[Outcome], took: Duration) -> bool {
    let mut told: HashMap<(Kind, usize), usize> = HashMap::new();
    for (o, outcome) in chosen.iter().zip(outcomes).filter(|(_, outcome)| **outcome != Outcome::Proved) {
        let open = told.entry((o.kind, o.number)).or_default();
        *open += 1;
        if *open == 1 {
            print_failure(o, outcome);
        }
    }
    let more: usize = told.values().map(|n| n - 1).sum();
    if more > 0 {
        println!("and {more} more cases of the same");
    }
    let count = |kinds: &[Kind]| {
        let of_kinds = chosen.iter().filter(|o| kinds.contains(&o.kind));
        of_kinds.map(|o| (o.kind, o.number)).collect::<HashSet<_>>().len()
    };
    let proved = outcomes.iter().filter(|o| **o == Outcome::Proved).count();
    let unknown = outcomes.iter().filter(|o| matches!(o, Outcome::Unknown(_))).count();
    let kinds = [
        ("rules", count(&[Kind::Rule])),
        ("alternatives of nonterminals", count(&[Kind::Address, Kind::Operand, Kind::Test])),
        ("contracts", count(&[Kind::Contract])),
        ("rows", count(&[Kind::Row])),
        ("simplifications", count(&[Kind::Equation])),
    ];
    let kinds: Vec<String> = kinds.iter().filter(|k| k.1 > 0).map(|(what, n)| format!("{n} {what}")).collect();
    println!(
        "{name}: {proved} proved, {} failed, {unknown} unknown: {}, in {:.1} s",
        outcomes.len() - proved - unknown,
        kinds.join(", "),
        took.as_secs_f64()
    );
    proved == outcomes.len()
}

fn print_failure(o: &Obligation, outcome: &Outcome) {
    let failed = if let Outcome::Unknown(_) = outcome { "UNKNOWN" } else { "FAILED" };
    println!("{failed} {}", heading(o));
    match outcome {
        Outcome::Proved => {}
        Outcome::Refuted(model) => print_model(o, model),
        Outcome::IllFormed(why) => println!("  {why}"),
        Outcome::Vacuous => println!("  its tests cannot be met: it never matches"),
        Outcome::Unknown(why) => println!("  the solver gave up: {why}"),
    }
}

fn print_model(o: &Obligation, model: &[(String, String)]) {
    for (label, value) in model {
        println!("  {label:20} {value}");
    }
    let effects = o.query.as_ref().ok().and_then(|q| q.effects.as_ref());
    for line in effects.into_iter().flat_map(|e| e.lines()) {
        println!("  effects, {line}");
    }
}
