//! Mutants: one thing of one rule, alternative, contract, row or simplification changed at random. Each must be refused
//! by the checks, refuted by the solver, or shown to be as right as what it was; what else there is, survives, and stands
//! in a table with a reason (`mutate/explained.rs`) or is a hole in the proofs. Needs the sets of rules and the solver.

mod equation;
mod explained;
mod inst;
mod judge;
mod left;
mod row;
mod rule;

use crate::solver::{Error, Solver};
pub use judge::Verdict;
use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use windlass_desc::machine::{Above, Row};
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I64, Type};
use windlass_rules::equation::{Equation, Equations};
use windlass_rules::term::{Alternative, Pat, Rule, RuleSet};

/// Something changed, with what kind of change it is.
#[derive(Clone, Debug)]
struct Change<T> {
    kind: &'static str,
    what: String,
    to: T,
}

fn change<T>(kind: &'static str, what: String, to: T) -> Change<T> {
    Change { kind, what, to }
}

impl<T> Change<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Change<U> {
        Change { kind: self.kind, what: self.what, to: f(self.to) }
    }
}

/// A changed thing, by its number in the set; none if it is dropped.
#[derive(Clone, Debug)]
enum Thing {
    Rule(usize, Option<Rule>),
    Alternative((usize, usize), Option<Alternative>),
    Contract(usize, Option<(Opcode, Type, Above)>),
    Row(usize, Row),
    Equation(usize, Equation),
}

/// A change of one thing.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What was changed: where it is written, its operation and type, or the row's name.
    pub place: String,
    /// The kind of the change.
    pub kind: &'static str,
    /// What the change is.
    pub what: String,
    thing: Thing,
}

impl std::fmt::Display for Mutant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.what, self.kind)
    }
}

/// What is mutated.
pub struct Sets {
    rules: RuleSet,
    equations: Equations,
    users: Vec<Vec<judge::User>>,
    functions: inst::Functions,
    constants: equation::Constants,
}

impl Sets {
    /// Of a machine's rules, and of simplifications.
    pub fn new(rules: RuleSet, equations: Equations) -> Sets {
        let (users, functions) = (judge::users(&rules), rule::functions(&rules));
        let constants = equation::constants(&equations);
        Sets { rules, equations, users, functions, constants }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    fn pick<T>(&mut self, mut all: Vec<T>) -> Option<T> {
        let n = self.below(all.len());
        if all.is_empty() { None } else { Some(all.swap_remove(n)) }
    }
}

/// Draws mutants, none twice.
struct Draws<'a> {
    sets: &'a Sets,
    random: Random,
    drawn: HashSet<String>,
    refused: usize,
    left: usize,
}

/// How often in a row a draw may give nothing new.
const TRIES: usize = 10_000;

impl Draws<'_> {
    /// The next mutant that the checks let pass; none if there are enough, or there is none left.
    fn next(&mut self) -> Option<judge::Case> {
        if self.left == 0 {
            return None;
        }
        for _ in 0..TRIES {
            let Some(mutant) = draw(self.sets, &mut self.random) else { continue };
            if !self.drawn.insert(mutant.to_string()) {
                continue;
            }
            match judge::state(self.sets, mutant) {
                Ok(case) => {
                    self.left -= 1;
                    return Some(case);
                }
                Err(_) => self.refused += 1,
            }
        }
        self.left = 0;
        None
    }
}

/// A change of a random thing: its kind is drawn first, so that no kind crowds out the others.
fn draw(sets: &Sets, random: &mut Random) -> Option<Mutant> {
    let place = |at: &std::panic::Location<'_>, what: String| format!("{}:{}: {what}", at.file(), at.line());
    let set = &sets.rules;
    match random.below(20) {
        0..=10 => {
            let n = random.below(set.rules.len());
            let r = &set.rules[n];
            let mut all: Vec<_> =
                rule::changes(&set.machine, &sets.functions, r).into_iter().map(|c| c.map(Some)).collect();
            all.retain(|c| !unchanged(r, c.to.as_ref()));
            all.push(change("drop", "dropped".into(), None));
            finish(random, all, place(r.at, format!("{}.{}", r.lhs.op.row().name, r.ty)), |to| Thing::Rule(n, to))
        }
        11..=13 => {
            let n = random.below(set.nonterminals.len());
            let k = random.below(set.nonterminals[n].alternatives.len());
            let a = &set.nonterminals[n].alternatives[k];
            let mut all: Vec<_> =
                rule::of_alternative(&set.machine, &sets.functions, a).into_iter().map(|c| c.map(Some)).collect();
            all.retain(|c| !unchanged(a, c.to.as_ref()));
            all.push(change("drop", "dropped".into(), None));
            let of = if let Pat::Op(p) = &a.pat { p.op.row().name } else { "anything" };
            let place = place(a.at, format!("{} of {of} at {}, number {k}", set.nonterminals[n].name, a.ty));
            finish(random, all, place, |to| Thing::Alternative((n, k), to))
        }
        14..=15 => {
            let n = random.below(set.machine.rows.len());
            let r = &set.machine.rows[n];
            finish(random, row::changes(&set.machine, r), format!("row {}", r.name), |to| Thing::Row(n, to))
        }
        16 if !set.contracts.is_empty() => {
            let n = random.below(set.contracts.len());
            let (op, ty, _) = set.contracts[n];
            let place = format!("contract of {}.{ty}", op.row().name);
            finish(random, contracts(set, n), place, |to| Thing::Contract(n, to))
        }
        _ => {
            let n = random.below(sets.equations.rules.len());
            let e = &sets.equations.rules[n];
            let mut all = equation::changes(&sets.constants, e);
            all.retain(|c| !unchanged(e, Some(&c.to)));
            finish(random, all, place(e.at, format!("{}.{}", e.left.op.row().name, e.ty)), |to| Thing::Equation(n, to))
        }
    }
}

/// Is a change none?
fn unchanged<T: std::fmt::Debug>(before: &T, after: Option<&T>) -> bool {
    after.is_some_and(|a| format!("{a:?}") == format!("{before:?}"))
}

fn finish<T>(
    random: &mut Random,
    all: Vec<Change<T>>,
    place: String,
    thing: impl FnOnce(T) -> Thing,
) -> Option<Mutant> {
    // of what is dropped there is little to ask
    let drops = random.below(8) == 0;
    let mut kinds: Vec<&str> = all.iter().map(|c| c.kind).filter(|k| drops == (*k == "drop")).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let kind = random.pick(kinds)?;
    let Change { kind, what, to } = random.pick(all.into_iter().filter(|c| c.kind == kind).collect())?;
    Some(Mutant { place, kind, what, thing: thing(to) })
}

/// Other promises of an operation, and the same promise of others.
fn contracts(set: &RuleSet, n: usize) -> Vec<Change<Option<(Opcode, Type, Above)>>> {
    let (op, ty, above) = set.contracts[n];
    let mut out = vec![change("drop", "dropped".into(), None)];
    for ty in [I8, I16, I64].into_iter().filter(|&t| t != ty) {
        out.push(change("width", format!("promised at {ty}"), Some((op, ty, above))));
    }
    for above in [Above::Zero, Above::Sign].into_iter().filter(|&a| a != above) {
        out.push(change("above", format!("{above:?} is promised"), Some((op, ty, above))));
    }
    for (other, types) in &set.supported {
        let promised = set.contracts.iter().any(|c| c.0 == *other && c.1 == ty);
        if types.contains(&ty) && !promised {
            out.push(change("operation", format!("promised of {}", other.row().name), Some((*other, ty, above))));
        }
    }
    out
}

/// What came of a run.
#[derive(Default)]
pub struct Report {
    /// Each mutant with its verdict, in the order of drawing.
    pub judged: Vec<(Mutant, Verdict)>,
    /// How many more were drawn that the checks refuse.
    pub refused: usize,
}

/// Draws `count` mutants that the checks let pass, and judges each, with `jobs` solvers side by side. Calls `done` after
/// each.
pub fn run(
    sets: &Sets,
    solver: &Solver,
    (count, seed): (usize, u64),
    jobs: usize,
    done: impl Fn() + Sync,
) -> Result<Report, Error> {
    let draws = Mutex::new(Draws { sets, random: Random(seed), drawn: HashSet::new(), refused: 0, left: count });
    let judged = Mutex::new(BTreeMap::new());
    let work = || -> Result<(), Error> {
        let mut session = solver.start()?;
        loop {
            let next = {
                let mut draws = draws.lock().map_err(|_| Error::Died)?;
                draws.next().map(|case| (draws.left, case))
            };
            let Some((left, case)) = next else { return Ok(()) };
            let verdict = judge::judge(sets, &case, &mut session)?;
            judged.lock().map_err(|_| Error::Died)?.insert(count - left, (case.mutant, verdict));
            done();
        }
    };
    std::thread::scope(|s| {
        let threads: Vec<_> = (0..jobs.max(1)).map(|_| s.spawn(work)).collect();
        threads.into_iter().try_for_each(|t| t.join().unwrap_or(Err(Error::Died)))
    })?;
    let judged = judged.into_inner().map_err(|_| Error::Died)?.into_values().collect();
    let refused = draws.into_inner().map_err(|_| Error::Died)?.refused;
    Ok(Report { judged, refused })
}

impl Report {
    /// The survivors, with the reason that the table gives for each, if it gives one.
    pub fn survivors(&self) -> impl Iterator<Item = (&Mutant, &str, Option<&'static str>)> {
        self.judged.iter().filter_map(|(m, v)| match v {
            Verdict::Survivor(why) => Some((m, why.as_str(), explained::reason(m))),
            _ => None,
        })
    }
    /// Is every survivor explained?
    pub fn holds(&self) -> bool {
        self.survivors().all(|s| s.2.is_some())
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (m, why, reason) in self.survivors() {
            let reason = reason.map_or("NOT EXPLAINED".to_string(), |r| format!("explained: {r}"));
            writeln!(f, "SURVIVES {m}\n  {why}\n  {reason}")?;
        }
        let count = |of: &dyn Fn(&Verdict) -> bool| self.judged.iter().filter(|(_, v)| of(v)).count();
        let open = self.survivors().filter(|s| s.2.is_none()).count();
        write!(
            f,
            "{} mutants: {} refuted, {} equivalent, {} stricter, {} true, {} left to the test on the CPU, {} survive, {open} of \
             them not explained; {} more were refused by the checks",
            self.judged.len(),
            count(&|v| matches!(v, Verdict::Refuted(_))),
            count(&|v| matches!(v, Verdict::Equivalent(_))),
            count(&|v| matches!(v, Verdict::Stricter(_))),
            count(&|v| matches!(v, Verdict::True(_))),
            count(&|v| *v == Verdict::Cpu),
            count(&|v| matches!(v, Verdict::Survivor(_))),
            self.refused
        )
    }
}
