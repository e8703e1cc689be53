//! Two versions of one thing compared: a rule, an alternative or a simplification, and what a change made of it. Asks
//! whether the new version does just what the old one does where both match, and whether it matches only where the old
//! one does. The nth choice of one machine is taken to be the nth of the other, which is enough for both to have the same
//! set of outcomes.

use super::effects::same_effects;
use super::*;
use crate::equation::Equation;

/// One version: the set that it is in, and the thing.
#[derive(Debug)]
pub struct Version<'a, T> {
    /// The set, of whose machine are the rows.
    pub set: &'a RuleSet,
    /// The thing.
    pub it: &'a T,
}

impl<T> Clone for Version<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Version<'_, T> {}

/// Which bits of results are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bits {
    /// All of their registers.
    Register,
    /// Those of their types.
    Value,
}

/// What a version is in one case.
struct Run {
    assumptions: Vec<Smt>,
    /// The values of the left side.
    left: Vec<Smt>,
    /// Where this is 1, results have no consequence.
    trapped: Smt,
    right: Vec<Smt>,
    /// What the right side does.
    recorder: Recorder,
}

/// One bit: are these the same, pair by pair?
pub(super) fn all_equal(a: &[Smt], b: &[Smt]) -> Result<Smt, String> {
    if a.len() != b.len() || a.iter().zip(b).any(|(a, b)| a.w() != b.w()) {
        return Err("results of other widths".into());
    }
    Ok(a.iter().zip(b).fold(Smt::lit(1, 1), |all, (a, b)| all.and(&a.eq(b))))
}

fn statement(assumptions: Vec<Smt>, goal: Smt) -> Statement {
    Statement { assumptions, goal, choices: vec![], shown: vec![], effects: None }
}

/// Both do the same where both match.
fn does_the_same(old: Run, new: Run) -> Result<Statement, String> {
    let equal = all_equal(&old.right, &new.right)?;
    let goal = new.trapped.or(&equal).and(&same_effects(&old.recorder, &new.recorder));
    Ok(statement([old.assumptions, new.assumptions].concat(), goal))
}

/// Where the new one matches, so does the old one, and it means the same there.
fn matches_no_more(old: Run, new: Run) -> Result<Statement, String> {
    let equal = all_equal(&old.left, &new.left)?;
    let goal = old.assumptions.iter().fold(equal, |all, a| all.and(a));
    Ok(statement(new.assumptions, goal))
}

fn run_rule(v: Version<'_, Rule>, case: &Case, bits: Bits) -> Result<Run, String> {
    let types = infer(&v.it.lhs, v.it.ty)?;
    let (left, want, right, got) = sides(v.set, v.it, &types, case)?;
    let trapped = left.trapped();
    let got = match bits {
        Bits::Register => got,
        Bits::Value => whole(&want, got)?.iter().zip(&want).map(|(g, w)| g.extract(0, w.w())).collect(),
    };
    let assumptions = left.state(Smt::lit(1, 1), None, vec![]).assumptions;
    Ok(Run { assumptions, left: want, trapped, right: got, recorder: right.recorder })
}

/// Does a pattern have the condition of this case?
fn allows(p: &OpPat, case: &Case) -> bool {
    let own = p.cc.is_none_or(|cv| case.condition(cv.0).is_ok_and(|cc| cv.possible().contains(&cc)));
    own && p.args.iter().all(|p| if let Pat::Op(p) = p { allows(p, case) } else { true })
}

/// Has the rule this case at all? Another version may have rows for other kinds of operands.
fn has(v: Version<'_, Rule>, case: &Case) -> Result<bool, String> {
    let types = infer(&v.it.lhs, v.it.ty)?;
    Ok(cases(&v.it.lhs.clone().into(), &v.it.rhs.insts(), &types, &v.set.machine)?.contains(case))
}

/// That a rule does what it did: in each case that both match.
pub fn same_rule(old: Version<'_, Rule>, new: Version<'_, Rule>, bits: Bits) -> Vec<Obligation> {
    let all = in_cases(Kind::Rule, new.set, new.it, |_, case| {
        if !has(old, case)? {
            return Ok(statement(vec![], Smt::lit(1, 1)));
        }
        does_the_same(run_rule(old, case, bits)?, run_rule(new, case, bits)?)
    });
    without_premises(all)
}

/// That a rule matches nothing that it did not match.
pub fn narrower_rule(old: Version<'_, Rule>, new: Version<'_, Rule>) -> Vec<Obligation> {
    let (before, after) = (old.it, new.it);
    let asks = |a: &Rule, b: &Rule| (a.needs.is_none() || a.needs == b.needs) && (!a.near || b.near);
    let all = in_cases(Kind::Rule, new.set, after, |_, case| {
        if !asks(before, after) || !allows(&before.lhs, case) {
            return Ok(statement(vec![], Smt::lit(1, 0)));
        }
        if !has(old, case)? {
            return Ok(statement(vec![], Smt::lit(1, 1)));
        }
        matches_no_more(run_rule(old, case, Bits::Value)?, run_rule(new, case, Bits::Value)?)
    });
    without_premises(all)
}

/// Whether both match anywhere is no question here.
fn without_premises(mut all: Vec<Obligation>) -> Vec<Obligation> {
    for q in all.iter_mut().filter_map(|o| o.query.as_mut().ok()) {
        q.premises = None;
    }
    all
}

/// What an alternative makes of its match: of an operand at a type.
fn run_alternative(v: Version<'_, Alternative>, ty: Type, case: &Case) -> Result<Run, String> {
    let (a, m) = (v.it, &v.set.machine);
    let types = infer_value(&a.pat, ty)?;
    let mut left = Left::new(v.set, &types, case);
    let value = left.value(&a.pat)?;
    if let Out::Address(_) = a.out {
        left.offset();
    }
    left.guards(&a.guards)?;
    let mut right = Right::new(m, &types, case);
    let got = match &a.out {
        Out::Address(p) => place(&right, p)?.0,
        Out::Test(t) => right.test(t)?,
        Out::Operand(Arg::Reg(Reg::Val(v))) => right.register(*v)?,
        Out::Operand(Arg::Imm(k)) => right.immediate(k)?,
        Out::Operand(Arg::Addr(a)) => right.load(*a, ty.bits())?,
        Out::Operand(_) => return Err("an alternative gives a variable".into()),
    };
    let trapped = left.trapped();
    let assumptions = left.state(Smt::lit(1, 1), None, vec![]).assumptions;
    Ok(Run { assumptions, left: vec![value], trapped, right: vec![got], recorder: right.recorder })
}

/// A question about two versions of an alternative, in each case of the new one.
fn of_alternatives(
    old: Version<'_, Alternative>,
    new: Version<'_, Alternative>,
    ask: impl Fn(Run, Run) -> Result<Statement, String>,
    elsewhere: bool,
) -> Vec<Obligation> {
    let a = new.it;
    let types = if a.ty == INVALID { new.set.machine.register_types.to_vec() } else { vec![a.ty] };
    let at_type = |ty: Type| {
        let insts: Vec<&MInst> =
            if let Out::Test(t) = &a.out { t.producer.steps.iter().map(|s| &s.inst).collect() } else { vec![] };
        let Ok(inferred) = infer_value(&a.pat, ty) else { return vec![] };
        let one = |case: &Case| {
            let statement = match &old.it.pat {
                Pat::Op(p) if !allows(p, case) => Ok(statement(vec![], Smt::lit(1, elsewhere.into()))),
                _ => run_alternative(old, ty, case).and_then(|o| ask(o, run_alternative(new, ty, case)?)),
            };
            state(Kind::Test, "alternative", ty, case.to_string(), a.at, statement)
        };
        cases(&a.pat, &insts, &inferred, &new.set.machine).map_or(vec![], |all| all.iter().map(one).collect())
    };
    without_premises(types.into_iter().filter(|&t| registers(t) == 1 || a.ty != INVALID).flat_map(at_type).collect())
}

/// That an alternative gives what it gave where both match.
pub fn same_alternative(old: Version<'_, Alternative>, new: Version<'_, Alternative>) -> Vec<Obligation> {
    of_alternatives(old, new, does_the_same, true)
}

/// That an alternative matches nothing that it did not match.
pub fn narrower_alternative(old: Version<'_, Alternative>, new: Version<'_, Alternative>) -> Vec<Obligation> {
    of_alternatives(old, new, matches_no_more, false)
}

/// That a simplification gives what it gave where both match.
pub fn same_equation(old: &Equation, new: &Equation) -> Vec<Obligation> {
    without_premises(super::equation::same(old, new))
}

/// That a simplification matches nothing that it did not match.
pub fn narrower_equation(old: &Equation, new: &Equation) -> Vec<Obligation> {
    without_premises(super::equation::narrower(old, new))
}
