//! Simplification rules: both sides are expressions of IR operations, run by their meanings. A value is as wide as its
//! type, a constant of the left side 64 bits, sign-extended. What the left side leaves to choice the right side may
//! decide; a left side that could trap is equal only if it cannot where the tests hold, or if both sides trap alike.

use super::effects::{Effect, Recorder, describe, same_effects, terms};
use super::same::all_equal;
use super::vars;
use super::{Kind, Obligation, Statement, state};
use crate::equation::{Computed, Equation, ImmArg, Turned};
use crate::smt::Smt;
use crate::term::{Fun, OpPat, Pat};
use crate::types::{Path, Types};
use std::collections::BTreeMap;
use windlass_desc::bv::Bv;
use windlass_desc::cc::IntCC;
use windlass_desc::ops::{Format, meaning};

/// One case: what the conditions of the left side are, and its constants where they are known.
#[derive(Clone, Default)]
struct Case {
    conditions: BTreeMap<&'static str, IntCC>,
    constant: Option<(&'static str, i64)>,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let conditions = self.conditions.iter().map(|(n, c)| format!("{n} = {c}"));
        let constant = self.constant.iter().map(|(n, k)| format!("{n} = {k}"));
        f.write_str(&conditions.chain(constant).collect::<Vec<_>>().join(", "))
    }
}

/// What is to be proved of a simplification rule, in each case; and that the values it is split into are all.
pub fn equation(e: &Equation) -> Vec<Obligation> {
    let name = e.left.op.row().name;
    let one = |case: &Case| state(Kind::Equation, name, e.ty, case.to_string(), e.at, statement(e, case));
    let complete = e.split.iter().map(|(k, values)| {
        let case = format!("{} is one of {}", k.name, values.len());
        state(Kind::Equation, name, e.ty, case, e.at, all_values(e, k.name, values))
    });
    cases(e).iter().map(one).chain(complete).collect()
}

fn cases(e: &Equation) -> Vec<Case> {
    let mut names = vec![];
    conditions(&e.left, &mut names);
    let mut out = vec![Case::default()];
    for name in names {
        let only = e.only.iter().find(|(cc, _)| cc.0 == name).map(|(_, among)| &among[..]);
        let with = |case: &Case, cc: IntCC| {
            let mut case = case.clone();
            case.conditions.insert(name, cc);
            case
        };
        out = out
            .iter()
            .flat_map(|case| only.unwrap_or(IntCC::all()).iter().map(|cc| with(case, *cc)).collect::<Vec<_>>())
            .collect();
    }
    if let Some((k, values)) = &e.split {
        let with = |case: &Case, v: i64| Case { constant: Some((k.name, v)), ..case.clone() };
        out = out.iter().flat_map(|case| values.iter().map(|v| with(case, *v)).collect::<Vec<_>>()).collect();
    }
    out
}

fn conditions(p: &OpPat, out: &mut Vec<&'static str>) {
    out.extend(p.cc.map(|cc| cc.0).filter(|name| !out.contains(name)));
    for arg in &p.args {
        if let Pat::Op(p) = arg {
            conditions(p, out);
        }
    }
}

/// The tests allow no other values.
fn all_values(e: &Equation, name: &'static str, values: &[i64]) -> Result<Statement, String> {
    let (types, _) = e.types()?;
    let case = cases(e).into_iter().next().unwrap_or_default();
    let mut left = Side::new(&types, Case { constant: None, ..case });
    left.operation(&e.left)?;
    left.tests(e)?;
    let k = left.immediate(name)?;
    let is = |v: &i64| k.eq(&number(*v));
    let goal = values.iter().map(is).fold(Smt::lit(1, 0), |any, one| any.or(&one));
    Ok(Statement { assumptions: left.assumptions, goal, choices: vec![], shown: left.shown, effects: None })
}

/// Both sides of a simplification in one case.
struct Run<'a> {
    left: Side<'a>,
    want: Vec<Smt>,
    /// What the right side does.
    recorder: Recorder,
    got: Vec<Smt>,
}

fn run<'a>(e: &Equation, case: &Case, (types, right_types): (&'a Types, &'a [Types])) -> Result<Run<'a>, String> {
    let mut left = Side::new(types, case.clone());
    let want = left.operation(&e.left)?;
    left.tests(e)?;
    let bound = left.definitions(e)?;
    let mut recorder = Recorder::new("right");
    let mut got = vec![];
    for (p, types) in e.right.iter().zip(right_types) {
        let mut right = Side { types, recorder, ..bound.fresh() };
        match p {
            Pat::Op(p) => got.extend(right.operation(p)?),
            Pat::Val(v) => got.push(left.known(v.name)?),
            _ => return Err("only operations and values can stand on the right".into()),
        }
        recorder = right.recorder;
    }
    Ok(Run { left, want, recorder, got })
}

fn statement(e: &Equation, case: &Case) -> Result<Statement, String> {
    let (types, right_types) = e.types()?;
    let Run { left, want, recorder, got } = run(e, case, (&types, &right_types))?;
    if want.len() != got.len() {
        return Err(format!("the right side gives {} results, the left side has {}", got.len(), want.len()));
    }
    let (mut goal, mut shown) = (no_worse(&left.recorder, &recorder), left.shown);
    for (want, got) in want.into_iter().zip(got) {
        if want.w() != got.w() {
            return Err(format!("a result has {} bits on the left and {} on the right", want.w(), got.w()));
        }
        goal = goal.and(&want.eq(&got));
        shown.extend([("result, left".into(), want), ("result, right".into(), got)]);
    }
    shown.extend(terms("left", &left.recorder).chain(terms("right", &recorder)));
    let effects = describe(&left.recorder, &recorder);
    Ok(Statement { assumptions: left.assumptions, goal, choices: left.recorder.choices, shown, effects })
}

/// Of two versions of a simplification, in each case of the new one: what `ask` makes of both. Where the old one does not
/// match, `elsewhere` holds.
fn compared(
    [old, new]: [&Equation; 2],
    elsewhere: bool,
    ask: impl Fn(Run<'_>, Run<'_>) -> Result<(Vec<Smt>, Smt), String>,
) -> Vec<Obligation> {
    let before: Vec<BTreeMap<&'static str, IntCC>> = cases(old).into_iter().map(|c| c.conditions).collect();
    let one = |case: &Case| {
        let (old_types, new_types) = (old.types()?, new.types()?);
        let (assumptions, goal) = match before.contains(&case.conditions) {
            true => ask(run(old, case, (&old_types.0, &old_types.1))?, run(new, case, (&new_types.0, &new_types.1))?)?,
            false => (vec![], Smt::lit(1, elsewhere.into())),
        };
        Ok(Statement { assumptions, goal, choices: vec![], shown: vec![], effects: None })
    };
    let name = new.left.op.row().name;
    cases(new).iter().map(|c| state(Kind::Equation, name, new.ty, c.to_string(), new.at, one(c))).collect()
}

/// That the new version gives what the old one gives where both match.
pub fn same(old: &Equation, new: &Equation) -> Vec<Obligation> {
    compared([old, new], true, |old, new| {
        let goal = all_equal(&old.got, &new.got)?.and(&no_worse(&old.recorder, &new.recorder));
        Ok(([old.left.assumptions, new.left.assumptions].concat(), goal))
    })
}

/// That the new version matches only where the old one does, and means the same there.
pub fn narrower(old: &Equation, new: &Equation) -> Vec<Obligation> {
    compared([old, new], false, |old, new| {
        let equal = all_equal(&old.want, &new.want)?;
        Ok((new.left.assumptions, old.left.assumptions.iter().fold(equal, |all, a| all.and(a))))
    })
}

/// One bit: do both sides do the same, or nothing at all?
fn no_worse(left: &Recorder, right: &Recorder) -> Smt {
    let never = |r: &Recorder| {
        let idle = |e: &Effect| if let Effect::Trap(cond, _) = e { cond.not() } else { Smt::lit(1, 0) };
        r.effects.iter().map(idle).fold(Smt::lit(1, 1), |all, one| all.and(&one))
    };
    same_effects(left, right).or(&never(left).and(&never(right)))
}

fn number(v: i64) -> Smt {
    Smt::lit(64, v as u64 as u128)
}

/// One side on its run.
struct Side<'a> {
    types: &'a Types,
    case: Case,
    path: Path,
    recorder: Recorder,
    values: BTreeMap<&'static str, Smt>,
    imms: BTreeMap<&'static str, Smt>,
    assumptions: Vec<Smt>,
    shown: Vec<(String, Smt)>,
    /// What is not bound yet becomes bound: so it is on the left.
    binds: bool,
}

impl<'a> Side<'a> {
    /// A left side, with nothing run yet.
    fn new(types: &'a Types, case: Case) -> Side<'a> {
        Side {
            types,
            case,
            path: vec![],
            recorder: Recorder::new("left"),
            values: BTreeMap::new(),
            imms: BTreeMap::new(),
            assumptions: vec![],
            shown: vec![],
            binds: true,
        }
    }
    /// A right side with what is bound.
    fn fresh(&self) -> Side<'a> {
        let (values, imms, case) = (self.values.clone(), self.imms.clone(), self.case.clone());
        Side { values, imms, binds: false, ..Side::new(self.types, case) }
    }
    /// Assumes the tests.
    fn tests(&mut self, e: &Equation) -> Result<(), String> {
        for t in &e.tests {
            let holds = self.apply(&t.test, &t.args)?;
            self.assumptions.push(holds);
        }
        Ok(())
    }
    /// What the right side stands on: all that is bound, and what is defined besides.
    fn definitions(&self, e: &Equation) -> Result<Side<'a>, String> {
        let mut right = self.fresh();
        for (name, computed) in &e.computed {
            let value = match computed {
                Computed::Is(v) => number(*v),
                Computed::By(f, args) => self.apply(f, args)?,
            };
            if right.imms.insert(name, value).is_some() {
                return Err(format!("`{name}` is bound already"));
            }
        }
        for (new, turned) in &e.turned {
            let old = |c: crate::term::Cv| self.condition(c.0);
            let cc = match *turned {
                Turned::Is(cc) => cc,
                Turned::Inverse(c) => Turned::Inverse(old(c)?).get(),
                Turned::Swapped(c) => Turned::Swapped(old(c)?).get(),
                Turned::Unsigned(c) => Turned::Unsigned(old(c)?).get(),
            };
            if right.case.conditions.insert(new.0, cc).is_some() {
                return Err(format!("`{}` is bound already", new.0));
            }
        }
        Ok(right)
    }
    fn apply(&self, f: &Fun, args: &[ImmArg]) -> Result<Smt, String> {
        let arg = |a: &ImmArg| match a {
            ImmArg::Is(v) => Ok(number(*v)),
            ImmArg::Var(name) => self.immediate(name),
        };
        Ok((f.smt)(&args.iter().map(arg).collect::<Result<Vec<_>, String>>()?))
    }
    fn immediate(&self, name: &str) -> Result<Smt, String> {
        self.imms.get(name).cloned().ok_or_else(|| format!("`{name}` is not bound"))
    }
    fn known(&self, name: &str) -> Result<Smt, String> {
        self.values.get(name).cloned().ok_or_else(|| format!("`{name}` is not bound on the left"))
    }
    fn condition(&self, name: &str) -> Result<IntCC, String> {
        self.case.conditions.get(name).copied().ok_or_else(|| format!("the condition `{name}` is not bound"))
    }
    fn value(&mut self, pat: &Pat) -> Result<Smt, String> {
        match pat {
            Pat::Op(p) => self.operation(p)?.pop().ok_or_else(|| format!("{} has no result", p.op.row().name)),
            Pat::Val(v) if self.binds && !self.values.contains_key(v.name) => {
                let w = self.types.node(&self.path).ok_or("a value's type is not known")?.value.bits();
                let value = Smt::sym(format!("{}_value", v.name), w);
                self.shown.push((v.name.to_string(), value.clone()));
                self.values.insert(v.name, value.clone());
                Ok(value)
            }
            Pat::Val(v) => self.known(v.name),
            Pat::Rmi(_) | Pat::Cond(_) => Err("nonterminals are no expressions of the IR".into()),
        }
    }
    /// Takes note of a constant of the left side, of `w` bits; tells what any constant is.
    fn constant(&mut self, p: &OpPat, w: u32) -> Result<Option<Smt>, String> {
        let Some(k) = p.imm else { return Ok(None) };
        if !self.binds {
            return self.immediate(k.name).map(Some);
        }
        let value = match self.case.constant {
            Some((name, v)) if name == k.name => number(v),
            _ => Smt::sym(format!("{}_imm", k.name), 64),
        };
        if self.imms.insert(k.name, value.clone()).is_some() {
            return Err(format!("`{}` stands twice on the left, which only a value can", k.name));
        }
        self.shown.push((k.name.to_string(), value.clone()));
        self.assumptions.extend(k.test.map(|t| (t.smt)(std::slice::from_ref(&value))));
        self.assumptions.push(value.extract(0, w).sext(64).eq(&value));
        Ok(Some(value))
    }
    fn operation(&mut self, p: &OpPat) -> Result<Vec<Smt>, String> {
        let row = p.op.row();
        let mut imms = vars::immediates(p, self.types, &self.path)?;
        if p.addr.is_some() || (p.imm.is_some() && row.format != Format::UnaryImm) {
            return Err(format!("{} is no operation on values and constants", row.name));
        }
        let mut args = vec![];
        for (i, arg) in p.args.iter().enumerate() {
            self.path.push(i);
            args.push(self.value(arg)?);
            self.path.pop();
        }
        if let Some(cc) = p.cc {
            imms.cc = self.condition(cc.0)?;
        }
        if let Some(k) = self.constant(p, imms.ty.bits())? {
            imms.imm = k;
        }
        Ok(meaning(p.op, &mut self.recorder, &imms, &args))
    }
}
