//! What becomes of a mutant: the checks refuse it, the solver refutes it, or it is right as well, and then the solver
//! compares it with what it was.

use super::{Mutant, Random, Sets, Thing};
use crate::solver::{Answer, Error, Session};
use crate::{Outcome, ask};
use std::collections::HashSet;
use std::sync::Mutex;
use windlass_desc::bv::Bv;
use windlass_desc::machine::{Above, Row};
use windlass_rules::check;
use windlass_rules::prove::{self, Bits, Obligation, Version};
use windlass_rules::resolve::resolve;
use windlass_rules::smt::{Script, Smt};
use windlass_rules::term::*;

/// How many rules are looked at for a row.
const USERS: usize = 10;

/// What became of a mutant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The solver refutes it: of what, in which case.
    Refuted(String),
    /// It is right, and gives what the original gives wherever both match.
    Equivalent(&'static str),
    /// It gives what the original gives, but in fewer cases; or it promises less.
    Stricter(&'static str),
    /// It is another statement than the original, and true.
    True(&'static str),
    /// What it says of a row no rule depends on. The test on the CPU refutes it.
    Cpu,
    /// It is not refuted, and not shown to be one of these.
    Survivor(String),
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Verdict::Refuted(of) => write!(f, "refuted: {of}"),
            Verdict::Equivalent(how) => write!(f, "equivalent {how}"),
            Verdict::Stricter(how) => write!(f, "stricter: {how}"),
            Verdict::True(what) => write!(f, "true: {what}"),
            Verdict::Cpu => write!(f, "left to the test on the CPU"),
            Verdict::Survivor(why) => write!(f, "SURVIVES: {why}"),
        }
    }
}

/// A mutant with what is to be proved of it.
pub struct Case {
    pub mutant: Mutant,
    set: Option<RuleSet>,
    obligations: Vec<Obligation>,
}

/// Checks a mutant, and states what is to be proved of it; or says why it is refused.
pub fn state(sets: &Sets, mutant: Mutant) -> Result<Case, String> {
    let mut set = sets.rules.clone();
    let (set, obligations) = match &mutant.thing {
        Thing::Equation(n, e) => {
            let mut all = sets.equations.clone();
            all.rules[*n] = e.clone();
            refused(check::equations(&all).first())?;
            (None, of_thing(sets, &set, &mutant.thing))
        }
        thing => {
            change(&mut set, thing);
            refused(check::check(&set).first())?;
            let obligations = of_thing(sets, &set, thing);
            (Some(set), obligations)
        }
    };
    match obligations.iter().find_map(|o| o.query.as_ref().err()) {
        Some(why) => Err(why.clone()),
        None => Ok(Case { mutant, set, obligations }),
    }
}

fn refused(problem: Option<&check::Problem>) -> Result<(), String> {
    problem.map_or(Ok(()), |p| Err(p.to_string()))
}

/// Puts a changed thing in its place.
fn change(set: &mut RuleSet, thing: &Thing) {
    match thing {
        Thing::Rule(n, Some(r)) => set.rules[*n] = r.clone(),
        Thing::Rule(n, None) => drop(set.rules.remove(*n)),
        Thing::Alternative((n, k), Some(a)) => set.nonterminals[*n].alternatives[*k] = a.clone(),
        Thing::Alternative((n, k), None) => drop(set.nonterminals[*n].alternatives.remove(*k)),
        Thing::Contract(n, Some(c)) => set.contracts[*n] = *c,
        Thing::Contract(n, None) => drop(set.contracts.remove(*n)),
        Thing::Row(n, r) => set.machine.rows[*n] = r.clone(),
        Thing::Equation(..) => {}
    }
}

/// What is to be proved of a thing that is in the set. Of what was dropped nothing is.
fn of_thing(sets: &Sets, set: &RuleSet, thing: &Thing) -> Vec<Obligation> {
    match thing {
        Thing::Rule(_, Some(r)) => of_rule(set, r),
        Thing::Alternative((n, _), Some(a)) => prove::alternative(set, &set.nonterminals[*n], a),
        Thing::Contract(_, Some(c)) => prove::contract(set, *c),
        Thing::Row(n, _) => of_row(sets, set, *n),
        Thing::Equation(_, e) => prove::equation(e),
        Thing::Rule(_, None) | Thing::Alternative(_, None) | Thing::Contract(_, None) => vec![],
    }
}

/// What is to be proved of a rule, and of the promise that its operation makes.
fn of_rule(set: &RuleSet, r: &Rule) -> Vec<Obligation> {
    let mut all = prove::rule(set, r);
    for c in set.contracts.iter().filter(|c| c.0 == r.lhs.op && c.1 == r.ty) {
        let alone = RuleSet { rules: vec![r.clone()], ..set.clone() };
        all.extend(prove::contract(&alone, *c));
    }
    all
}

/// What is to be proved of a row: its own claims, and rules and alternatives that use it, some of all.
fn of_row(sets: &Sets, set: &RuleSet, n: usize) -> Vec<Obligation> {
    let mut all = prove::row(&set.machine, n);
    let users = &sets.users[n];
    let step = users.len().div_ceil(USERS).max(1);
    for user in users.iter().step_by(step) {
        all.extend(match user {
            User::Rule(r) => of_rule(set, &set.rules[*r]),
            User::Alternative(n, k) => {
                prove::alternative(set, &set.nonterminals[*n], &set.nonterminals[*n].alternatives[*k])
            }
        });
    }
    all
}

/// What uses a row.
#[derive(Clone, Copy, Debug)]
pub enum User {
    Rule(usize),
    Alternative(usize, usize),
}

/// What uses each row.
pub fn users(set: &RuleSet) -> Vec<Vec<User>> {
    let mut out = vec![vec![]; set.machine.rows.len()];
    let mut note = |i: &MInst, user: User| {
        let mut stack = vec![i];
        while let Some(i) = stack.pop() {
            if let Ok(found) = resolve(i, &set.machine) {
                let asking = found.asking.iter().map(|a| a.1);
                let rows = [Some(found.register), found.memory, found.immediate];
                for row in rows.into_iter().flatten().chain(asking).collect::<HashSet<_>>() {
                    out[row].push(user);
                }
            }
            stack.extend(i.args.iter().filter_map(|a| if let Arg::Reg(Reg::Inst(i)) = a { Some(&**i) } else { None }));
            if let Some(Flags::Inst(p, _)) = &i.flags {
                stack.push(p);
            }
        }
    };
    for (n, r) in set.rules.iter().enumerate() {
        r.rhs.insts().into_iter().for_each(|i| note(i, User::Rule(n)));
    }
    for (n, nonterminal) in set.nonterminals.iter().enumerate() {
        for (k, a) in nonterminal.alternatives.iter().enumerate() {
            if let Out::Test(t) = &a.out {
                t.producer.steps.iter().for_each(|s| note(&s.inst, User::Alternative(n, k)));
            }
        }
    }
    out
}

/// Asks the solver.
pub fn judge(sets: &Sets, case: &Case, session: &mut Session) -> Result<Verdict, Error> {
    let met = Mutex::default();
    let mut unknown = None;
    for o in &case.obligations {
        match ask(session, o, &met)? {
            Outcome::Proved => {}
            Outcome::Refuted(_) => return Ok(Verdict::Refuted(about(o))),
            Outcome::Vacuous => return Ok(Verdict::Refuted(format!("{}: it never matches", about(o)))),
            Outcome::IllFormed(why) => return Ok(Verdict::Survivor(why)),
            Outcome::Unknown(_) if refuted_by_example(o, session)? => {
                return Ok(Verdict::Refuted(format!("{}, by an example", about(o))));
            }
            Outcome::Unknown(why) => unknown = Some(format!("{}: the solver gave up: {why}", about(o))),
        }
    }
    if let Some(why) = unknown {
        return Ok(Verdict::Survivor(why));
    }
    compare(sets, case, session)
}

/// How many examples are tried where the solver finds none.
const EXAMPLES: usize = 40;

/// Is there a counterexample with registers that are numbers drawn at random? What else there is, the solver chooses.
fn refuted_by_example(o: &Obligation, session: &mut Session) -> Result<bool, Error> {
    let Ok(query) = &o.query else { return Ok(false) };
    let mut random = Random(1);
    for _ in 0..EXAMPLES {
        let mut script = query.script.clone();
        for line in query.script.lines() {
            let declared = line.strip_prefix("(declare-const ").and_then(|l| l.split_once(" (_ BitVec "));
            let Some((name, w)) = declared.and_then(|(n, w)| Some((n, w.trim_end_matches(')').parse::<u32>().ok()?)))
            else {
                continue;
            };
            if !(1..=64).contains(&w) || !["_reg", "_upper", "_value"].iter().any(|end| name.ends_with(end)) {
                continue;
            }
            let ones = u64::MAX >> (64 - w);
            let edges = [0, 1, ones, ones >> 1, (ones >> 1) + 1, random.next(), random.next() >> random.below(64)];
            let value = edges[random.below(edges.len())] & ones;
            script.push_str(&format!("(assert (= {name} (_ bv{value} {w})))\n"));
        }
        if let Answer::Sat(_) = session.check(&script, &[])? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn about(o: &Obligation) -> String {
    format!("{}.{} {:?} {}", o.what, o.ty, o.kind, o.case)
}

/// Are all of these proved?
fn hold(session: &mut Session, all: &[Obligation]) -> Result<bool, Error> {
    let met = Mutex::default();
    for o in all {
        if ask(session, o, &met)? != Outcome::Proved {
            return Ok(false);
        }
    }
    Ok(!all.is_empty())
}

/// Compares a mutant that is right with what it was.
fn compare(sets: &Sets, case: &Case, session: &mut Session) -> Result<Verdict, Error> {
    let before = &sets.rules;
    let after = case.set.as_ref().unwrap_or(before);
    let (same, narrower) = match &case.mutant.thing {
        Thing::Rule(_, None) | Thing::Alternative(_, None) | Thing::Contract(_, None) => {
            return Ok(Verdict::Stricter("others match in its place"));
        }
        Thing::Contract(..) => return Ok(Verdict::True("another promise, which is kept")),
        Thing::Row(n, r) => return of_changed_row(sets, *n, r, session),
        Thing::Rule(n, Some(r)) => {
            let (old, new) = (Version { set: before, it: &before.rules[*n] }, Version { set: after, it: r });
            let narrower = hold(session, &prove::narrower_rule(old, new))?;
            if hold(session, &prove::same_rule(old, new, Bits::Register))? {
                (Some("in all bits"), narrower)
            } else if hold(session, &prove::same_rule(old, new, Bits::Value))? {
                (Some("in the bits of the result's type"), narrower)
            } else {
                (None, narrower)
            }
        }
        Thing::Alternative((n, k), Some(a)) => {
            let old = Version { set: before, it: &before.nonterminals[*n].alternatives[*k] };
            let new = Version { set: after, it: a };
            let same = hold(session, &prove::same_alternative(old, new))?;
            (same.then_some("in all bits"), hold(session, &prove::narrower_alternative(old, new))?)
        }
        Thing::Equation(n, e) => {
            let old = &sets.equations.rules[*n];
            let same = hold(session, &prove::same_equation(old, e))?;
            (same.then_some("in all bits"), hold(session, &prove::narrower_equation(old, e))?)
        }
    };
    let wider = match (same, narrower) {
        (Some(_), true) => is_narrower_than_mutant(sets, case, session)?,
        _ => false,
    };
    Ok(match (same, narrower, wider) {
        (Some(how), true, true) => Verdict::Equivalent(how),
        (Some(_), true, false) => Verdict::Stricter("it matches less"),
        (Some(_), false, _) => Verdict::Survivor("it matches more, and is right there too".into()),
        (None, ..) => Verdict::Survivor("it is right, but does something else".into()),
    })
}

/// Does the original match only where the mutant does?
fn is_narrower_than_mutant(sets: &Sets, case: &Case, session: &mut Session) -> Result<bool, Error> {
    let before = &sets.rules;
    let after = case.set.as_ref().unwrap_or(before);
    let all = match &case.mutant.thing {
        Thing::Rule(n, Some(r)) => {
            prove::narrower_rule(Version { set: after, it: r }, Version { set: before, it: &before.rules[*n] })
        }
        Thing::Alternative((n, k), Some(a)) => {
            let old = Version { set: before, it: &before.nonterminals[*n].alternatives[*k] };
            prove::narrower_alternative(Version { set: after, it: a }, old)
        }
        Thing::Equation(n, e) => prove::narrower_equation(e, &sets.equations.rules[*n]),
        _ => vec![],
    };
    hold(session, &all)
}

/// A changed row whose users are all right.
fn of_changed_row(sets: &Sets, n: usize, r: &Row, session: &mut Session) -> Result<Verdict, Error> {
    let row = &sets.rules.machine.rows[n];
    Ok(match () {
        _ if (r.commutes, r.copy) != (row.commutes, row.copy) => Verdict::True("what its columns claim is proved"),
        _ if r.above == Above::Any && row.above != Above::Any => Verdict::Stricter("it promises less of its result"),
        _ if r.imm == row.imm => Verdict::Cpu,
        _ => {
            let [fewer, more] = [(r, row), (row, r)].map(|(a, b)| {
                let k = Smt::sym("k", 64);
                let mut script = Script::default();
                let [a, b] = [a, b].map(|r| r.imm.takes(r.width.into(), &k));
                script.assert(&a.and(&b.not()));
                script.text().to_string()
            });
            match (session.check(&fewer, &[])?, session.check(&more, &[])?) {
                (Answer::Unsat, Answer::Unsat) => Verdict::Equivalent("in the immediates that it takes"),
                (Answer::Unsat, _) => Verdict::Stricter("it takes fewer immediates"),
                _ => Verdict::Survivor("no rule gives it the immediates that it does not take".into()),
            }
        }
    })
}
