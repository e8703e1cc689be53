//! Order and completeness: each rule must be able to fire, and every operation that a target claims must have a rule for
//! every combination of operand types, by single-node rules at baseline features.

use super::{Problem, arity, operand_types};
use crate::generate::place;
use crate::term::*;
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I64, INVALID, Type};

/// Rules that stand after one that matches whatever they match.
pub fn unreachable(set: &RuleSet) -> Vec<Problem> {
    let mut out = vec![];
    for (n, later) in set.rules.iter().enumerate() {
        let hides = |r: &&Rule| r.lhs.op == later.lhs.op && r.ty == later.ty && covers_rule(r, later);
        if let Some(earlier) = set.rules[..n].iter().find(hides) {
            let what = format!("can never fire (at {}): {} matches all that it matches", later.ty, place(earlier.at));
            out.push(Problem { at: place(later.at), what });
        }
    }
    out
}

/// Alternatives that stand after one that matches whatever they match, and nonterminals that do not always match.
pub fn alternatives(set: &RuleSet) -> Vec<Problem> {
    let mut out = vec![];
    for n in &set.nonterminals {
        for (k, later) in n.alternatives.iter().enumerate() {
            if let Some(earlier) = n.alternatives[..k].iter().find(|a| covers_alternative(a, later)) {
                let what = format!("can never match: {} matches all that it matches", place(earlier.at));
                out.push(Problem { at: place(later.at), what });
            }
        }
        let types: Vec<Type> = match n.gives {
            Gives::Address => vec![I64],
            Gives::Operand(_) => vec![INVALID],
            Gives::Test => set.machine.register_types.iter().copied().filter(|t| t.is_int()).collect(),
        };
        for t in types {
            if !n.alternatives.iter().any(|a| a.ty == t && a.guards.is_empty() && is_free(&a.pat)) {
                let at = if t == INVALID { String::new() } else { format!(" at {t}") };
                let what = format!("no alternative matches whatever is left{at}");
                out.push(Problem { at: format!("the nonterminal `{}`", n.name), what });
            }
        }
    }
    out
}

fn covers_alternative(a: &Alternative, b: &Alternative) -> bool {
    a.ty == b.ty && covers_guards(&a.guards, &b.guards) && covers(&a.pat, &b.pat, &mut Binding::default())
}

fn covers_guards(a: &[Guard], b: &[Guard]) -> bool {
    a.iter().all(|g| b.iter().any(|h| h.test.name == g.test.name && h.args == g.args))
}

fn covers_rule(a: &Rule, b: &Rule) -> bool {
    let guards = covers_guards(&a.guards, &b.guards);
    (a.needs.is_none() || a.needs == b.needs)
        && (!a.near || b.near)
        && guards
        && covers_op(&a.lhs, &b.lhs, &mut Binding::default())
}

/// What the more general pattern's variables stand for in the other.
#[derive(Default)]
pub struct Binding<'a>(Vec<(&'static str, &'a Pat)>);

/// Does the pattern `a` match all that `b` matches?
pub fn covers_op<'a>(a: &OpPat, b: &'a OpPat, bound: &mut Binding<'a>) -> bool {
    let tests =
        a.imm.is_none_or(|k| k.test.is_none_or(|t| b.imm.and_then(|k| k.test).is_some_and(|u| u.name == t.name)));
    let ccs = a.cc.is_none_or(|c| b.cc.is_some_and(|d| d.possible().iter().all(|x| c.possible().contains(x))));
    let room = a.addr.is_none_or(|c| b.addr.is_some_and(|d| c.swapped == d.swapped && c.more <= d.more));
    // an interior address also asks for a load that can be sunk, so only equal patterns cover each other there
    a.op == b.op
        && a.fcc.is_none_or(|cc| b.fcc == Some(cc))
        && a.ty.is_none_or(|t| b.ty == Some(t))
        && tests
        && ccs
        && room
        && a.args.len() == b.args.len()
        && a.args.iter().zip(&b.args).all(|(x, y)| covers(x, y, bound))
}

fn covers<'a>(a: &Pat, b: &'a Pat, bound: &mut Binding<'a>) -> bool {
    match (a, b) {
        (Pat::Rmi(_) | Pat::Cond(_), _) => true,
        (Pat::Val(x), _) => {
            let same_type = match (x.ty, b) {
                (None, _) => true,
                (Some(t), Pat::Val(y)) => y.ty == Some(t),
                (Some(t), Pat::Op(p)) => p.ty == Some(t),
                _ => false,
            };
            let upper = x.promised.is_none() || matches!(b, Pat::Val(y) if y.promised == x.promised);
            let lives = !x.lives_on || matches!(b, Pat::Val(y) if y.lives_on);
            let first = bound.0.iter().find(|v| v.0 == x.name).map(|v| v.1);
            let consistent = match (first, b) {
                (None, _) => true,
                (Some(Pat::Val(p)), Pat::Val(q)) => p.name == q.name,
                _ => false,
            };
            bound.0.push((x.name, b));
            same_type && upper && lives && consistent
        }
        (Pat::Op(x), Pat::Op(y)) => covers_op(x, y, bound),
        _ => false,
    }
}

/// Rules that make a result another name for a value must come before all others of their root: the compiler asks for
/// names before it matches.
pub fn late_aliases(set: &RuleSet) -> Vec<Problem> {
    let mut out = vec![];
    for (n, r) in set.rules.iter().enumerate() {
        let before = |p: &&Rule| p.lhs.op == r.lhs.op && p.ty == r.ty && p.names().is_empty();
        if let (false, Some(other)) = (r.names().is_empty(), set.rules[..n].iter().find(before)) {
            let what = format!("gives a value another name, and must stand before {}", place(other.at));
            out.push(Problem { at: place(r.at), what });
        }
    }
    out
}

/// Operations that a target neither lowers nor declines, and cases of operations that no single-node rule covers.
pub fn missing_cases(set: &RuleSet) -> Vec<Problem> {
    let mut out = vec![];
    for &op in Opcode::ALL {
        let lowered = set.supported.iter().any(|s| s.0 == op);
        let custom = set.custom.iter().any(|c| c.0 == op);
        let declined = set.declined.iter().any(|d| d.0 == op);
        let ways = lowered as u32 + custom as u32 + declined as u32;
        if ways != 1 {
            let what = match ways {
                0 => "neither lowered nor declared unsupported",
                _ => "declared in several ways: by rules, by hand, unsupported",
            };
            out.push(Problem { at: op.row().name.into(), what: what.into() });
        }
    }
    for (op, types) in set.supported.iter().filter(|s| set.fallback.iter().all(|f| f.0 != s.0)) {
        for &ty in types {
            out.extend(uncovered(set, *op, ty).map(|what| Problem { at: format!("{}.{ty}", op.row().name), what }));
        }
    }
    out
}

fn uncovered(set: &RuleSet, op: Opcode, ty: Type) -> Option<String> {
    let simple: Vec<&Rule> = set.rules.iter().filter(|r| r.lhs.op == op && r.ty == ty && is_single_node(r)).collect();
    let Some(first) = simple.first() else { return Some("no rule matches it unconditionally".into()) };
    let compares = |cc| simple.iter().any(|r| r.lhs.fcc.is_none_or(|c| c == cc));
    if let Some(cc) = FloatCC::all().iter().find(|&&cc| !compares(cc)) {
        return Some(format!("no rule matches it unconditionally where the condition is {cc}"));
    }
    let allows = |r: &&Rule, cc| r.lhs.cc.is_none_or(|c| c.possible().contains(cc));
    if let (Some(_), Some(cc)) = (first.lhs.cc, IntCC::all().iter().find(|cc| !simple.iter().any(|r| allows(r, cc)))) {
        return Some(format!("no rule matches it unconditionally where the condition is {cc}"));
    }
    let order = |swapped| simple.iter().any(|r| r.lhs.addr.is_none_or(|a| a.swapped == swapped));
    if !order(false) || !order(true) {
        return Some("no rule matches it unconditionally in one of the byte orders".into());
    }
    for n in 0..arity(&first.lhs) {
        for t in operand_types(op, n, ty, set.machine.register_types) {
            if !simple.iter().any(|r| accepts(&r.lhs.args[n], t)) {
                return Some(format!("no rule matches it unconditionally where operand {n} is {t}"));
            }
        }
    }
    None
}

fn accepts(p: &Pat, t: Type) -> bool {
    match p {
        Pat::Val(v) => v.ty.is_none_or(|u| u == t),
        _ => true,
    }
}

/// Matches any value.
fn is_free(p: &Pat) -> bool {
    match p {
        Pat::Val(v) => v.promised.is_none() && !v.lives_on,
        Pat::Rmi(_) | Pat::Cond(_) => true,
        Pat::Op(_) => false,
    }
}

/// Matches whatever the operands are, on any CPU.
fn is_single_node(r: &Rule) -> bool {
    r.needs.is_none()
        && !r.near
        && r.guards.is_empty()
        && r.lhs.imm.is_none_or(|k| k.test.is_none())
        && r.lhs.addr.is_none_or(|a| a.more == 0)
        && r.lhs.args.iter().all(is_free)
}
