//! Prints what the simplifier runs: per root operation a function that finds the first simplification rule matching an
//! instruction, and per rule its right side as data, which one function builds. Matching shares the decision trees of
//! lowering rules; both sides' variables become places in the match.

use super::pattern::{self, Bound, Steps};
use super::{Candidate, Result, place, tree, ty};
use crate::equation::{Computed, Equation, Equations, ImmArg, Turned};
use crate::term::{Fun, OpPat, Pat};
use crate::types::{Path, Types};
use std::collections::BTreeMap;
use std::fmt::Write;
use windlass_desc::ops::{Format, Opcode};
use windlass_desc::types::Type;

/// The whole text of the simplifier's matchers, if nothing is wrong with the rules.
pub fn generate(set: &Equations) -> Result<String> {
    let problems = crate::check::equations(set);
    if !problems.is_empty() {
        return Err(problems.iter().map(|p| format!("\n{p}")).collect());
    }
    let mut out = String::new();
    let count = set.rules.len();
    let _ = writeln!(
        out,
        "/// The right side of each rule, and where it is written.\npub static RIGHT: [Right; {count}] = ["
    );
    for e in &set.rules {
        right(e, &mut out).map_err(|why| format!("{}: {why}", place(e.at)))?;
    }
    let _ = writeln!(out, "];\n");
    select(set, &mut out)?;
    Ok(out)
}

/// One function per root operation, with a decision tree per type, and the one that goes there.
fn select(set: &Equations, out: &mut String) -> Result<()> {
    let mut by_op: BTreeMap<Opcode, BTreeMap<u16, (Type, Vec<Candidate>)>> = BTreeMap::new();
    for (n, e) in set.rules.iter().enumerate() {
        let steps = steps(e).map_err(|why| format!("{}: {why}", place(e.at)))?;
        let yes = format!("return Some({})", found(n, &steps));
        let candidate = Candidate { at: place(e.at), todo: steps.steps, yes };
        by_op.entry(e.left.op).or_default().entry(e.ty.repr()).or_insert((e.ty, vec![])).1.push(candidate);
    }
    let _ = writeln!(
        out,
        "/// The first rule that matches `i`, with what it binds.\n\
         pub fn select(c: &Graph<'_>, i: Inst, op: Opcode, ty: Type) -> Option<Match> {{\n    match op {{"
    );
    for op in by_op.keys() {
        let _ = writeln!(out, "        Opcode::{op:?} => select_{}(c, i, ty),", op.row().name);
    }
    let _ = writeln!(out, "        _ => None,\n    }}\n}}\n");
    for (op, by_type) in by_op {
        let _ = writeln!(out, "fn select_{}(c: &Graph<'_>, i: Inst, ty: Type) -> Option<Match> {{", op.row().name);
        for n in 0..op.row().operands.len() {
            let _ = writeln!(out, "    let v{n} = c.arg(i, {n});");
        }
        let _ = writeln!(out, "    match ty.repr() {{");
        for (t, candidates) in by_type.into_values() {
            let _ = writeln!(out, "        {} => {{ // {t}", ty(t));
            tree(candidates, 3, out);
            let _ = writeln!(out, "        }}");
        }
        let _ = writeln!(out, "        _ => {{}}\n    }}\n    None\n}}\n");
    }
    Ok(())
}

/// What tests the left side.
fn steps(e: &Equation) -> Result<Steps> {
    let mut steps = pattern::of_operation(&e.left, e.ty)?;
    for (cc, among) in &e.only {
        let Some(Bound::Cc(at)) = steps.find(cc.0).cloned() else {
            return Err(format!("the condition `{}` is not bound", cc.0));
        };
        let among: Vec<String> = among.iter().map(|cc| format!("IntCC::{cc:?}")).collect();
        steps.steps.push(pattern::Step::If(format!("matches!({at}, {})", among.join(" | "))));
    }
    for t in &e.tests {
        let call = call(&t.test, &t.args, |name| steps.imm(name));
        steps.steps.push(pattern::Step::If(format!("{call}.is_true()")));
    }
    Ok(steps)
}

fn call(f: &Fun, args: &[ImmArg], place: impl Fn(&str) -> String) -> String {
    let arg = |a: &ImmArg| match a {
        ImmArg::Is(v) => format!("&n({v})"),
        ImmArg::Var(name) => format!("&n({})", place(name)),
    };
    format!("imm::{}({})", f.name, args.iter().map(arg).collect::<Vec<_>>().join(", "))
}

/// The expression that builds the match: values in order, constants and conditions in order.
fn found(n: usize, steps: &Steps) -> String {
    let (mut values, mut imms) = (vec![], vec![]);
    for (_, b) in &steps.vars {
        match b {
            Bound::Value(v) => values.push(v.clone()),
            Bound::Imm(k) => imms.push(k.clone()),
            Bound::Cc(cc) => imms.push(format!("{cc} as i64")),
            other => unreachable!("check: a simplification binds values, constants and conditions, not {other:?}"),
        }
    }
    format!("Match::new({n}, &[{}], &[{}])", values.join(", "), imms.join(", "))
}

/// Prints the entry of a rule in the table of right sides.
fn right(e: &Equation, out: &mut String) -> Result<()> {
    let (_, types) = e.types()?;
    let mut printer = Printer { e, steps: steps(e)?, nodes: vec![] };
    let mut results = vec![];
    for (p, types) in e.right.iter().zip(&types) {
        results.push(printer.source(p, types, &mut vec![])?);
    }
    let (nodes, results) = (printer.nodes.join(", "), results.join(", "));
    let _ = writeln!(out, "    Right {{ at: {:?}, nodes: &[{nodes}], results: &[{results}] }},", place(e.at));
    Ok(())
}

struct Printer<'a> {
    e: &'a Equation,
    steps: Steps,
    nodes: Vec<String>,
}

impl Printer<'_> {
    /// The place of a variable among those of its kind.
    fn number(&self, name: &str, kind: impl Fn(&Bound) -> bool) -> Result<usize> {
        let of_kind = || self.steps.vars.iter().filter(|v| kind(&v.1));
        of_kind().position(|v| v.0 == name).ok_or_else(|| format!("`{name}` is not bound"))
    }
    fn imm(&self, name: &str) -> Result<usize> {
        self.number(name, |b| matches!(b, Bound::Imm(_) | Bound::Cc(_)))
    }
    /// Where a value of the right side comes from; prints the nodes it is made of.
    fn source(&mut self, p: &Pat, types: &Types, path: &mut Path) -> Result<String> {
        match p {
            Pat::Val(v) => Ok(format!("Bound({})", self.number(v.name, |b| matches!(b, Bound::Value(_)))?)),
            Pat::Op(p) => {
                let node = self.node(p, types, path)?;
                self.nodes.push(node);
                Ok(format!("Node({})", self.nodes.len() - 1))
            }
            _ => Err("only operations and values can stand on the right".into()),
        }
    }
    fn node(&mut self, p: &OpPat, types: &Types, path: &mut Path) -> Result<String> {
        let at = types.node(path).ok_or("an operation's type is not known")?;
        if let (Some(k), Format::UnaryImm) = (p.imm, p.op.row().format) {
            return Ok(format!("Const({}, |k| {})", ty(at.ctv), self.constant(k.name)?));
        }
        let mut args = vec![];
        for (n, arg) in p.args.iter().enumerate() {
            path.push(n);
            args.push(self.source(arg, types, path)?);
            path.pop();
        }
        let cc = p.cc.map_or(Ok("None".into()), |cc| self.condition(cc.0))?;
        Ok(format!("Op(Opcode::{:?}, {}, &[{}], {cc})", p.op, ty(at.ctv), args.join(", ")))
    }
    /// The constant, from the match's constants `k`.
    fn constant(&self, name: &str) -> Result<String> {
        match self.e.computed.iter().find(|c| c.0 == name) {
            None => Ok(format!("k[{}]", self.imm(name)?)),
            Some((_, Computed::Is(v))) => Ok(format!("{{ let _ = k; {v} }}")),
            Some((_, Computed::By(f, args))) => {
                let place = |name: &str| self.imm(name).map_or_else(|e| e, |n| format!("k[{n}]"));
                Ok(format!("{}.get() as i64", call(f, args, place)))
            }
        }
    }
    fn condition(&self, name: &str) -> Result<String> {
        let of = |cc: crate::term::Cv| self.imm(cc.0);
        Ok(match self.e.turned.iter().find(|t| t.0.0 == name) {
            None => format!("Some(Condition::Bound({}))", self.imm(name)?),
            Some((_, Turned::Is(cc))) => format!("Some(Condition::Is(IntCC::{cc:?}))"),
            Some((_, Turned::Inverse(cc))) => format!("Some(Condition::Inverse({}))", of(*cc)?),
            Some((_, Turned::Swapped(cc))) => format!("Some(Condition::Swapped({}))", of(*cc)?),
            Some((_, Turned::Unsigned(cc))) => format!("Some(Condition::Unsigned({}))", of(*cc)?),
        })
    }
}
