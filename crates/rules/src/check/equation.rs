//! What is refused of simplification rules: ill-typed sides, what the left side cannot match, results of other types, and
//! rules that can never fire. Whether names are bound the generator tells.

use super::order::covers_op;
use super::{Problem, report};
use crate::equation::{Equation, Equations};
use crate::term::{OpPat, Pat};
use crate::types::Types;
use windlass_desc::ops::Format;
use windlass_desc::types::Type;

/// All that is wrong with `set`.
pub fn equations(set: &Equations) -> Vec<Problem> {
    let mut problems = vec![];
    for e in &set.rules {
        report(&mut problems, e.at, e.ty, typed(e));
    }
    for (n, later) in set.rules.iter().enumerate() {
        if let Some(earlier) = set.rules[..n].iter().find(|e| covers(e, later)) {
            let what =
                format!("can never fire (at {}): {} matches all that it matches", later.ty, super::place(earlier.at));
            problems.push(Problem { at: super::place(later.at), what });
        }
    }
    problems
}

fn typed(e: &Equation) -> Result<(), String> {
    let (left, right) = e.types()?;
    expression(&e.left)?;
    let wanted: Vec<Type> = e.left.op.row().results.iter().filter_map(|r| r.ty.of(e.ty)).collect();
    let mut given = vec![];
    for (p, types) in e.right.iter().zip(&right) {
        given.extend(results(p, &left, types)?);
    }
    if wanted != given {
        return Err(format!("the results are {wanted:?}, not {given:?}"));
    }
    Ok(())
}

/// The types of the results of a right side.
fn results(p: &Pat, left: &Types, right: &Types) -> Result<Vec<Type>, String> {
    match p {
        Pat::Val(v) => Ok(vec![left.var(v.name).ok_or_else(|| format!("`{}` is not bound on the left", v.name))?]),
        Pat::Op(p) => {
            expression(p)?;
            let ctv = right.node(&[]).ok_or("an operation's type is not known")?.ctv;
            Ok(p.op.row().results.iter().filter_map(|r| r.ty.of(ctv)).collect())
        }
        _ => Err("only operations and values can stand on the right".into()),
    }
}

/// Operations on values, constants and conditions only: that is what matches of simplifications bind.
fn expression(p: &OpPat) -> Result<(), String> {
    if p.addr.is_some() || (p.imm.is_some() && p.op.row().format != Format::UnaryImm) {
        return Err(format!("{} is no operation on values and constants", p.op.row().name));
    }
    p.args.iter().try_for_each(|arg| match arg {
        Pat::Val(_) => Ok(()),
        Pat::Op(p) => expression(p),
        _ => Err("nonterminals are no expressions of the IR".into()),
    })
}

/// Does `a` match all that `b` matches?
fn covers(a: &Equation, b: &Equation) -> bool {
    let same = |x: &crate::equation::Test, y: &crate::equation::Test| x.test.name == y.test.name && x.args == y.args;
    a.left.op == b.left.op
        && a.ty == b.ty
        && a.tests.iter().all(|t| b.tests.iter().any(|u| same(t, u)))
        && a.only.iter().all(|(cc, among)| {
            let of_b = b.only.iter().find(|(other, _)| other.0 == cc.0);
            of_b.is_some_and(|(_, of_b)| of_b.iter().all(|cc| among.contains(cc)))
        })
        && covers_op(&a.left, &b.left, &mut Default::default())
}
