//! States as SMT obligations that every rule is right: each alternative of a nonterminal has the nonterminal's meaning, each
//! rule refines its pattern, each contract is kept. Needs rules, rows and their meanings; leaves scripts for a solver.
//!
//! An obligation is one *case* of a rule: a condition for each condition variable, a kind of operand for each `rmi`.
//! The left side runs by [`windlass_desc::ops::meaning`], the right side by [`windlass_desc::machine::simulate`]; results and
//! effects must be equal for all inputs and all choices of the machine, and some choice of the IR. A script asks for a
//! counterexample, so `unsat` is a proof. `effects.rs` records what both sides do, `vars.rs` says what variables stand
//! for, `left.rs` and `right.rs` run the sides.

mod effects;
mod equation;
mod left;
mod right;
mod row;
mod same;
mod vars;

use crate::equation::Equations;
use crate::smt::{Script, Smt};
use crate::term::*;
use crate::types::{Types, infer, infer_value};
pub use effects::Recorder;
pub use equation::equation;
use left::{Left, upper_half};
use right::{Right, addressable};
pub use row::row;
pub use same::{
    Bits, Version, narrower_alternative, narrower_equation, narrower_rule, same_alternative, same_equation, same_rule,
};
use std::panic::Location;
use vars::{Case, cases};
use windlass_desc::bv::Bv;
use windlass_desc::machine::{Above, Imm};
use windlass_desc::ops::Opcode;
use windlass_desc::types::{INVALID, Type};

/// What is to be proved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A rule refines its pattern.
    Rule,
    /// An alternative of a nonterminal gives the address.
    Address,
    /// An alternative of a nonterminal gives the value.
    Operand,
    /// An alternative of a nonterminal tells whether the value is not 0.
    Test,
    /// A rule leaves the upper half of its result's register as promised.
    Contract,
    /// Both sides of a simplification rule are equal.
    Equation,
    /// A row is as its columns say.
    Row,
}

/// One thing to be proved.
#[derive(Clone, Debug)]
pub struct Obligation {
    /// What it is about.
    pub kind: Kind,
    /// Which one of its kind, in the set's order; 0 if it is stated alone.
    pub number: usize,
    /// The root operation, or the nonterminal.
    pub what: &'static str,
    /// The type at which the rule is instantiated.
    pub ty: Type,
    /// The case: which conditions and kinds of operands are assumed. Empty if there is only one.
    pub case: String,
    /// Where the rule is written.
    pub at: &'static Location<'static>,
    /// The question to the solver, or why the rule is ill-formed.
    pub query: Result<Query, String>,
}

/// A question to the solver.
#[derive(Clone, Debug)]
pub struct Query {
    /// Asserts the assumptions alone: `sat` unless the rule can never match. None if nothing is assumed.
    pub premises: Option<String>,
    /// Asserts the assumptions and that both sides differ: `unsat` if the rule is right.
    pub script: String,
    /// What of a model to show: a label and the term it stands for.
    pub shown: Vec<(String, String)>,
    /// The effects of both sides, if there are any.
    pub effects: Option<String>,
}

/// A statement of a rule in one case, as terms.
struct Statement {
    assumptions: Vec<Smt>,
    goal: Smt,
    /// Choices that the left side leaves: the goal needs to hold for one of them.
    choices: Vec<Smt>,
    shown: Vec<(String, Smt)>,
    effects: Option<String>,
}

impl Statement {
    fn query(self) -> Query {
        let mut premises = Script::default();
        self.assumptions.iter().for_each(|a| premises.assert(a));
        let premises = (!self.assumptions.is_empty()).then(|| premises.text().to_string());
        let mut script = Script::default();
        self.assumptions.iter().for_each(|a| script.assert(a));
        // terms are named before what is bound, so that they stand outside of the quantifier
        let shown = match self.choices.is_empty() {
            true => self.shown.into_iter().map(|(label, t)| (label, script.name(&t))).collect(),
            false => vec![],
        };
        script.assert_forall(&self.choices, &self.goal.not());
        Query { premises, script: script.text().to_string(), shown, effects: self.effects }
    }
}

/// What `state` says of each, numbered.
fn each<T>(all: &[T], state: impl Fn(&T) -> Vec<Obligation>) -> Vec<Obligation> {
    let numbered = |(number, x)| state(x).into_iter().map(move |o| Obligation { number, ..o });
    all.iter().enumerate().flat_map(numbered).collect()
}

/// Everything to be proved of simplification rules.
pub fn simplifications(set: &Equations) -> Vec<Obligation> {
    each(&set.rules, equation)
}

/// Everything to be proved of a rule set: rows, nonterminals, rules, contracts.
pub fn obligations(set: &RuleSet) -> Vec<Obligation> {
    let of_row = |number| row(&set.machine, number).into_iter().map(move |o| Obligation { number, ..o });
    let rows = (0..set.machine.rows.len()).flat_map(of_row);
    let nonterminals = set.nonterminals.iter().flat_map(|n| each(&n.alternatives, |a| alternative(set, n, a)));
    [
        rows.collect(),
        nonterminals.collect(),
        each(&set.rules, |r| rule(set, r)),
        each(&set.contracts, |&c| contract(set, c)),
    ]
    .concat()
}

/// What is to be proved of an alternative of a nonterminal.
pub fn alternative(set: &RuleSet, n: &Nonterminal, a: &Alternative) -> Vec<Obligation> {
    match &a.out {
        Out::Address(p) => vec![address(set, n, a, p)],
        Out::Operand(operand) => operand_of(set, n, a, operand),
        Out::Test(t) => test(set, n, a, t),
    }
}

/// What is to be proved of an address: that base, index and displacement give the pattern's value plus `off`, and that
/// they can be encoded.
fn address(set: &RuleSet, n: &Nonterminal, a: &Alternative, p: &Place) -> Obligation {
    let statement = || -> Result<Statement, String> {
        let types = infer_value(&a.pat, a.ty)?;
        let case = Case::default();
        let mut left = Left::new(set, &types, &case);
        let value = left.value(&a.pat)?;
        let offset = left.offset();
        left.guards(&a.guards)?;
        let right = Right::new(&set.machine, &types, &case);
        let (got, encodable) = place(&right, p)?;
        let want = value.add(&offset);
        let goal = want.eq(&got).and(&encodable);
        let shown = [("address, left".into(), want), ("address, right".into(), got)];
        Ok(left.state(goal, Some(&right.recorder), shown.into()))
    };
    state(Kind::Address, n.name, a.ty, String::new(), a.at, statement())
}

/// The address that a memory operand adds up to, and one bit: can it be encoded?
fn place(right: &Right<'_>, p: &Place) -> Result<(Smt, Smt), String> {
    let base = match &p.base {
        Base::Val(v) => right.register(*v)?,
        Base::Slot(s) => right.immediate(&(*s).into())?,
    };
    let scale = right.immediate(&p.scale)?;
    let index = p.index.map_or(Ok(Smt::lit(64, 0)), |i| right.register(i))?;
    let disp = right.immediate(&p.disp)?;
    Ok((base.add(&index.shl(&scale)).add(&disp), addressable(right.machine(), &scale, &disp)))
}

/// What is to be proved of an operand, at each type that registers hold: that it gives the value, and an immediate is as
/// users of the nonterminal may assume.
fn operand_of(set: &RuleSet, n: &Nonterminal, a: &Alternative, out: &Arg) -> Vec<Obligation> {
    let statement = |ty: Type| {
        let types = infer_value(&a.pat, ty)?;
        let case = Case::default();
        let mut left = Left::new(set, &types, &case);
        let value = left.value(&a.pat)?;
        let mut right = Right::new(&set.machine, &types, &case);
        let (operand, encodable) = match out {
            Arg::Reg(Reg::Val(v)) => (right.register(*v)?, Smt::lit(1, 1)),
            Arg::Imm(k) => {
                let k = right.immediate(k)?;
                let extended = k.extract(0, ty.bits()).sext(64).eq(&k);
                let imm = if let Gives::Operand(imm) = n.gives { imm } else { Imm::None };
                // a float is an immediate as it is, of which its own bits count
                let encodable = if ty.is_float() { Smt::lit(1, 1) } else { imm.takes(64, &k).and(&extended) };
                (k, encodable)
            }
            Arg::Addr(a) => (right.load(*a, ty.bits())?, Smt::lit(1, 1)),
            _ => return Err("an alternative gives a variable".to_string()),
        };
        let got = operand.extract(0, ty.bits());
        let goal = value.eq(&got).and(&encodable);
        let shown = [("value, left".into(), value), ("value, right".into(), got)];
        Ok(left.state(goal, Some(&right.recorder), shown.into()))
    };
    let one = |ty| state(Kind::Operand, n.name, ty, String::new(), a.at, statement(ty));
    let has = |ty: &Type| match &a.pat {
        Pat::Op(p) => match p.op.row().ctv.set() {
            Some(set) => set.contains(*ty),
            None => p.op.row().results.first().and_then(|r| r.ty.of(INVALID)) == Some(*ty),
        },
        _ => true,
    };
    let types = set.machine.register_types.iter().copied().filter(|&t| registers(t) == 1);
    types.filter(has).map(one).collect()
}

/// What is to be proved of a test: that it tells whether the value is not 0.
fn test(set: &RuleSet, n: &Nonterminal, a: &Alternative, t: &Test) -> Vec<Obligation> {
    let m = &set.machine;
    let statement = |types: &Types, case: &Case| {
        let mut left = Left::new(set, types, case);
        let value = left.value(&a.pat)?;
        let mut right = Right::new(m, types, case);
        for step in &t.producer.steps {
            right.features(&step.inst, None, false)?;
        }
        let got = right.test(t)?;
        let want = value.is_zero().not();
        let goal = want.eq(&got).and(&right.encodable);
        let shown = [("condition, left".into(), want), ("condition, right".into(), got)];
        Ok(left.state(goal, Some(&right.recorder), shown.into()))
    };
    let insts: Vec<&MInst> = t.producer.steps.iter().map(|s| &s.inst).collect();
    let all = infer_value(&a.pat, a.ty).and_then(|types| Ok((cases(&a.pat, &insts, &types, m)?, types)));
    match all {
        Err(e) => vec![state(Kind::Test, n.name, a.ty, String::new(), a.at, Err(e))],
        Ok((cases, types)) => {
            let one = |c: &Case| state(Kind::Test, n.name, a.ty, c.to_string(), a.at, statement(&types, c));
            cases.iter().map(one).collect()
        }
    }
}

/// What is to be proved of a rule: in each case, that results and effects of both sides are the same.
pub fn rule(set: &RuleSet, r: &Rule) -> Vec<Obligation> {
    in_cases(Kind::Rule, set, r, |types, case| {
        let (left, want, right, got) = sides(set, r, types, case)?;
        if got.is_empty() && !want.is_empty() {
            return Err("the right side gives no result".into());
        }
        if want.is_empty() && !got.is_empty() {
            return Err("the right side gives a result that the left side does not have".into());
        }
        let got = whole(&want, got)?;
        let (mut goal, mut shown) = (right.encodable.clone(), vec![]);
        for (want, got) in want.into_iter().zip(got) {
            goal = goal.and(&left.trapped().or(&want.eq(&got.extract(0, want.w()))));
            shown.extend([("result, left".into(), want), ("register, right".into(), got)]);
        }
        Ok(left.state(goal, Some(&right.recorder), shown))
    })
}

/// Registers as results as wide as those that are wanted: of two registers the lower half comes first.
fn whole(want: &[Smt], registers: Vec<Smt>) -> Result<Vec<Smt>, String> {
    let given = registers.len();
    let mut registers = registers.into_iter();
    let mut next = || registers.next().ok_or_else(|| format!("the right side gives {given} registers, too few"));
    let result = |w: &Smt| match w.w() {
        128 => {
            let low = next()?;
            Ok(next()?.concat(&low))
        }
        _ => next(),
    };
    let all = want.iter().map(result).collect::<Result<_, String>>()?;
    match registers.next() {
        None => Ok(all),
        Some(_) => Err(format!("the right side gives {given} registers, too many")),
    }
}

/// What is to be proved of a contract: that each rule of the operation at the type leaves the upper half so. If there
/// is none, or the operation is lowered by hand, nothing keeps the promise.
#[track_caller]
pub fn contract(set: &RuleSet, (op, ty, above): (Opcode, Type, Above)) -> Vec<Obligation> {
    let kept = |r: &Rule| {
        in_cases(Kind::Contract, set, r, |types, case| {
            let (left, _, _, got) = sides(set, r, types, case)?;
            let [got] = &got[..] else {
                return Err("the right side gives no one result to promise anything of".into());
            };
            let goal = upper_half(got, above);
            Ok(left.state(goal, None, vec![("register, right".into(), got.clone())]))
        })
    };
    let all: Vec<_> = set.rules.iter().filter(|r| r.lhs.op == op && r.ty == ty).flat_map(kept).collect();
    if all.is_empty() || set.custom.iter().chain(&set.fallback).any(|c| c.0 == op) {
        let (name, why) = (op.row().name, "no rule makes the result, or not always, so nothing keeps the promise");
        return vec![state(Kind::Contract, name, ty, String::new(), Location::caller(), Err(why.into()))];
    }
    all
}

/// Left, its results, right, its registers.
type Sides<'a> = (Left<'a>, Vec<Smt>, Right<'a>, Vec<Smt>);

/// Runs both sides of a rule.
fn sides<'a>(set: &'a RuleSet, r: &Rule, types: &'a Types, case: &'a Case) -> Result<Sides<'a>, String> {
    let m = &set.machine;
    let mut left = Left::new(set, types, case);
    let want = left.root(&r.lhs)?;
    left.guards(&r.guards)?;
    let mut right = Right::new(m, types, case);
    let types_of_results = r.lhs.op.row().results.iter().filter_map(|o| o.ty.of(r.ty));
    right.results = types_of_results.flat_map(|t| std::iter::repeat_n(m.kept(t), registers(t))).collect();
    let got = match &r.rhs {
        Rhs::Same(v) => vec![right.register(*v)?],
        Rhs::Inst(i) => right.run(i)?.defs,
        Rhs::Seq(seq) => right.steps(seq)?,
    };
    for i in r.rhs.insts() {
        right.features(i, r.needs, r.near)?;
    }
    Ok((left, want, right, got))
}

/// Obligations of a rule, one per case.
fn in_cases(
    kind: Kind,
    set: &RuleSet,
    r: &Rule,
    statement: impl Fn(&Types, &Case) -> Result<Statement, String>,
) -> Vec<Obligation> {
    let name = r.lhs.op.row().name;
    let lhs = Pat::from(r.lhs.clone());
    let all = infer(&r.lhs, r.ty).and_then(|t| Ok((cases(&lhs, &r.rhs.insts(), &t, &set.machine)?, t)));
    match all {
        Err(e) => vec![state(kind, name, r.ty, String::new(), r.at, Err(e))],
        Ok((cases, types)) => {
            cases.iter().map(|c| state(kind, name, r.ty, c.to_string(), r.at, statement(&types, c))).collect()
        }
    }
}

fn state(
    kind: Kind,
    what: &'static str,
    ty: Type,
    case: String,
    at: &'static Location<'static>,
    statement: Result<Statement, String>,
) -> Obligation {
    Obligation { kind, number: 0, what, ty, case, at, query: statement.map(Statement::query) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_desc::types::I32;

    #[test]
    fn all_can_be_stated() {
        let all = obligations(&crate::x64::rules());
        for o in &all {
            assert!(o.query.is_ok(), "{}: {} at {}: {:?}", o.at, o.what, o.ty, o.query);
        }
        let forms = all.iter().filter(|o| o.kind == Kind::Contract && o.number == 0).count();
        let rules = all.iter().filter(|o| o.kind == Kind::Rule && o.what == "iadd" && o.ty == I32);
        assert_eq!(
            (forms, forms > 3),
            (rules.count(), true),
            "a contract is proved of each form of each rule of its root"
        );
    }
}
