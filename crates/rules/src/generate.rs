//! Prints the matching functions that the compiler runs: for each root operation one function that finds the first rule
//! matching an instruction, for each rule one that emits its right side, and one function per nonterminal. Each cites
//! the rule's file and line. Needs checked rules ([`crate::check`]); `pattern.rs` turns patterns into steps, `body.rs`
//! prints right sides, this file arranges both into decision trees.
//!
//! The functions work on the compiler's `Lower`, whose methods are the whole interface between rules and compiler.

mod body;
pub mod equation;
mod pattern;

use crate::term::*;
use pattern::{Step, Steps};
use std::collections::BTreeMap;
use std::fmt::Write;
use windlass_desc::ops::Opcode;
use windlass_desc::types::Type;
use windlass_desc::x64::Row;

/// A rule that cannot be printed: what is wrong, with file and line.
pub type Result<T> = std::result::Result<T, String>;

/// The whole text of a target's matchers, if nothing is wrong with the rules.
pub fn generate(set: &RuleSet, rows: &[Row]) -> Result<String> {
    let problems = crate::check::check(set, rows);
    if !problems.is_empty() {
        return Err(problems.iter().map(|p| format!("\n{p}")).collect());
    }
    let mut out = String::new();
    rule_table(set, &mut out);
    dispatch(set, &mut out);
    roots(set, &mut out)?;
    for (n, rule) in set.rules.iter().enumerate() {
        body::rule(n, rule, rows, &mut out).map_err(|e| format!("{}: {e}", place(rule.at)))?;
    }
    amode(set, &mut out)?;
    rmi(set, &mut out)?;
    cond(set, &mut out)?;
    for (n, r) in set.cond.iter().enumerate() {
        body::flags(n, r, rows, &mut out).map_err(|e| format!("{}: {e}", place(r.at)))?;
    }
    aliases(set, &mut out)?;
    contracts(set, &mut out);
    custom(set, &mut out);
    Ok(out)
}

/// File and line, the file without the folders above the crate.
pub fn place(at: &std::panic::Location<'_>) -> String {
    let file = at.file().replace('\\', "/");
    let file = file.rsplit_once("/src/").map_or(file.as_str(), |(_, f)| f);
    format!("rules/{file}:{}", at.line())
}

/// The way a type is written in a match arm.
fn ty(t: Type) -> String {
    format!("{}", t.repr())
}

fn rule_table(set: &RuleSet, out: &mut String) {
    let _ = writeln!(out, "/// File and line of each rule.\npub static RULES: [&str; {}] = [", set.rules.len());
    for r in &set.rules {
        let _ = writeln!(out, "    {:?},", place(r.at));
    }
    let _ = writeln!(out, "];\n");
}

/// The function that goes from an instruction to its root's function.
fn dispatch(set: &RuleSet, out: &mut String) {
    let _ = writeln!(
        out,
        "/// The first rule that matches `i`, with what it binds; none if the target has no rule for it.\n\
         pub fn select(c: &Lower<'_>, i: Inst, op: Opcode, ty: Type) -> Option<Match> {{\n    match op {{"
    );
    for op in root_ops(set) {
        let _ = writeln!(out, "        Opcode::{op:?} => {}(c, i, ty),", root_name(op));
    }
    let _ = writeln!(out, "        _ => None,\n    }}\n}}\n");
    let _ =
        writeln!(out, "/// Emits the right side of a match.\npub fn emit(c: &mut Lower<'_>, i: Inst, m: &Match) {{");
    let _ = writeln!(out, "    match m.rule {{");
    for (n, _) in set.rules.iter().enumerate() {
        let _ = writeln!(out, "        {n} => emit_{n}(c, i, m),");
    }
    let _ = writeln!(out, "        _ => unreachable!(\"select gives only rules that exist\"),\n    }}\n}}\n");
}

fn root_ops(set: &RuleSet) -> Vec<Opcode> {
    let mut ops: Vec<Opcode> = set.rules.iter().map(|r| r.lhs.op).collect();
    ops.sort();
    ops.dedup();
    ops
}

fn root_name(op: Opcode) -> String {
    format!("select_{}", op.row().name)
}

/// One function per root operation, with a decision tree per type.
fn roots(set: &RuleSet, out: &mut String) -> Result<()> {
    for op in root_ops(set) {
        let _ = writeln!(out, "fn {}(c: &Lower<'_>, i: Inst, ty: Type) -> Option<Match> {{", root_name(op));
        let values = op.row().operands.len();
        for n in 0..values {
            let _ = writeln!(out, "    let v{n} = c.arg(i, {n});");
        }
        let mut by_type: BTreeMap<u16, (Type, Vec<Candidate>)> = BTreeMap::new();
        for (n, rule) in set.rules.iter().enumerate().filter(|(_, r)| r.lhs.op == op) {
            let steps = pattern::of_rule(rule).map_err(|e| format!("{}: {e}", place(rule.at)))?;
            let yes = format!("return Some({})", steps.found(n));
            let candidate = Candidate { at: place(rule.at), todo: steps.steps, yes };
            by_type.entry(rule.ty.repr()).or_insert((rule.ty, vec![])).1.push(candidate);
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

/// A rule on its way through a decision tree: what is still to be tested, and what to do then.
#[derive(Clone)]
struct Candidate {
    at: String,
    todo: Vec<Step>,
    yes: String,
}

/// Tests the candidates in order, the first that passes wins. Tests for the operation behind one value become one
/// `match`, in whose arms the candidates keep their order.
fn tree(mut candidates: Vec<Candidate>, depth: usize, out: &mut String) {
    let pad = "    ".repeat(depth);
    while !candidates.is_empty() {
        let first = &candidates[0];
        if first.todo.is_empty() {
            let _ = writeln!(out, "{pad}{}; // {}", first.yes, first.at);
            return;
        }
        if let Step::Op { value, .. } = &first.todo[0] {
            let value = value.clone();
            switch(&value, candidates, depth, out);
            return;
        }
        let mut one = candidates.remove(0);
        let tests = one.todo.iter().take_while(|s| matches!(s, Step::If(_))).count();
        let tests: Vec<String> = one.todo.drain(..tests).map(|s| s.test()).collect();
        let _ = writeln!(out, "{pad}if {} {{", tests.join(" && "));
        tree(vec![one], depth + 1, out);
        let _ = writeln!(out, "{pad}}}");
    }
}

fn switch(value: &str, candidates: Vec<Candidate>, depth: usize, out: &mut String) {
    let pad = "    ".repeat(depth);
    let asks = |c: &Candidate| c.todo.iter().find_map(|s| s.asks(value));
    let mut ops: Vec<Opcode> = candidates.iter().filter_map(asks).collect();
    ops.sort();
    ops.dedup();
    let _ = writeln!(out, "{pad}match c.def(v{value}) {{");
    for op in ops {
        let fits: Vec<Candidate> = candidates
            .iter()
            .filter(|c| asks(c).is_none_or(|o| o == op))
            .map(|c| Candidate {
                todo: c.todo.iter().filter(|s| s.asks(value).is_none()).cloned().collect(),
                ..c.clone()
            })
            .collect();
        let _ = writeln!(out, "{pad}    Some((i{value}, Opcode::{op:?})) => {{");
        for n in 0..op.row().operands.len() {
            let _ = writeln!(out, "{pad}        let v{value}_{n} = c.arg(i{value}, {n});");
        }
        tree(fits, depth + 2, out);
        let _ = writeln!(out, "{pad}    }}");
    }
    let rest: Vec<Candidate> = candidates.into_iter().filter(|c| asks(c).is_none()).collect();
    let _ = writeln!(out, "{pad}    _ => {{");
    tree(rest, depth + 2, out);
    let _ = writeln!(out, "{pad}    }}\n{pad}}}");
}

fn amode(set: &RuleSet, out: &mut String) -> Result<()> {
    let mut candidates = vec![];
    for (n, r) in set.amode.iter().enumerate() {
        let mut steps =
            pattern::of_value(&r.pat, windlass_desc::types::I64).map_err(|e| format!("{}: {e}", place(r.at)))?;
        steps.guards(&r.guards);
        let yes = body::amode(r, &mut steps);
        candidates.push(Candidate { at: format!("{} (amode {n})", place(r.at)), todo: steps.steps, yes });
    }
    let _ =
        writeln!(out, "/// The address `v0` plus `off`.\npub fn amode(c: &Lower<'_>, v0: Value, off: i64) -> Amode {{");
    tree(candidates, 1, out);
    let _ = writeln!(out, "}}\n");
    Ok(())
}

/// Is the pattern this operation?
fn makes(pat: &Pat, op: Opcode) -> bool {
    matches!(pat, Pat::Op(p) if p.op == op)
}

fn rmi(set: &RuleSet, out: &mut String) -> Result<()> {
    let mut candidates = vec![];
    for r in &set.rmi {
        let steps: Steps = pattern::of_operand(&r.pat)?;
        let (mut todo, yes) = (steps.steps, body::operand(&r.out));
        match r.out {
            Arg::Addr(_) => todo.push(Step::If("sink && c.can_sink(v0, i0, root)".into())),
            // a float constant that is wanted again is better in a register
            Arg::Imm(_) if !makes(&r.pat, Opcode::Iconst) => todo.push(Step::If("imm_fits && c.once(v0)".into())),
            Arg::Imm(_) => todo.push(Step::If("imm_fits".into())),
            _ => {}
        }
        candidates.push(Candidate { at: place(r.at), todo, yes });
    }
    let _ = writeln!(
        out,
        "/// `v0` as an operand of `root`: an immediate if the instruction takes one, memory if it may `sink`, else a\n\
         /// register.\n\
         pub fn rmi(c: &Lower<'_>, v0: Value, root: Inst, sink: bool, imm_fits: bool) -> Rmi {{"
    );
    tree(candidates, 1, out);
    let _ = writeln!(out, "}}\n");
    Ok(())
}

fn cond(set: &RuleSet, out: &mut String) -> Result<()> {
    let mut by_type: BTreeMap<u16, Vec<Candidate>> = BTreeMap::new();
    for (n, r) in set.cond.iter().enumerate() {
        let fail = |e| format!("{}: {e}", place(r.at));
        let steps = pattern::of_condition(&r.pat, r.ty).map_err(fail)?;
        let yes = body::cond(n, r, &steps).map_err(fail)?;
        let mut todo = steps.steps;
        if matches!(r.cc, CcExpr::Is(cc) if cc.is_double()) {
            todo.push(Step::If("c.may_branch_twice(root)".into()));
        }
        by_type.entry(r.ty.repr()).or_default().push(Candidate { at: place(r.at), todo, yes });
    }
    let _ = writeln!(
        out,
        "/// The condition that `v0` is not 0, for `root`, which asks for it.\n\
         pub fn cond(c: &Lower<'_>, v0: Value, root: Inst) -> Option<Cond> {{\n    match c.ty(v0).repr() {{"
    );
    for (t, candidates) in by_type {
        let _ = writeln!(out, "        {t} => {{");
        tree(candidates, 3, out);
        let _ = writeln!(out, "        }}");
    }
    let _ = writeln!(out, "        _ => return None,\n    }}\n}}\n");
    let _ = writeln!(
        out,
        "/// Makes the flags of a condition that `i` asks for.\n\
         pub fn flags(c: &mut Lower<'_>, i: Inst, m: &Match) {{\n    match m.rule {{"
    );
    for n in 0..set.cond.len() {
        let _ = writeln!(out, "        {n} => flags_{n}(c, i, m),");
    }
    let _ = writeln!(out, "        _ => unreachable!(\"cond gives only alternatives that exist\"),\n    }}\n}}\n");
    Ok(())
}

/// Which registers are others under another name: rules with values among their results, which stand first in their root.
fn aliases(set: &RuleSet, out: &mut String) -> Result<()> {
    let mut by_op: BTreeMap<Opcode, Vec<Candidate>> = BTreeMap::new();
    for r in set.rules.iter() {
        if !r.names().is_empty() {
            let mut steps = pattern::of_rule(r).map_err(|e| format!("{}: {e}", place(r.at)))?;
            steps.steps.insert(0, Step::If(format!("ty.repr() == {}", ty(r.ty))));
            let arm = |((n, half), v): &((usize, usize), Val)| {
                let of = (v.half == Some(Half::Upper)) as u8;
                format!("({n}, {half}) => Some(({}, {of}))", steps.value(v.name))
            };
            let arms: Vec<String> = r.names().iter().map(arm).collect();
            let yes = format!("return match (result, half) {{ {}, _ => None }}", arms.join(", "));
            by_op.entry(r.lhs.op).or_default().push(Candidate { at: place(r.at), todo: steps.steps, yes });
        }
    }
    let _ = writeln!(
        out,
        "/// What a result of `i`, or a half of it, is a mere name for, if it is one.\n\
         pub fn alias(c: &Lower<'_>, i: Inst, op: Opcode, ty: Type, result: usize, half: u8) -> Option<Part> {{\n    match op {{"
    );
    for (op, candidates) in by_op {
        let _ = writeln!(out, "        Opcode::{op:?} => {{");
        for n in 0..op.row().operands.len() {
            let _ = writeln!(out, "            let v{n} = c.arg(i, {n});");
        }
        tree(candidates, 3, out);
        let _ = writeln!(out, "        }}");
    }
    let _ = writeln!(out, "        _ => {{}}\n    }}\n    None\n}}\n");
    Ok(())
}

fn contracts(set: &RuleSet, out: &mut String) {
    let _ = writeln!(
        out,
        "/// Does the result's register have a zero upper half, whichever rule makes it?\n\
         pub fn zero_upper(op: Opcode, ty: Type) -> bool {{\n    match (op, ty.repr()) {{"
    );
    for (op, t) in &set.contracts {
        let _ = writeln!(out, "        (Opcode::{op:?}, {}) => true,", ty(*t));
    }
    let _ = writeln!(out, "        _ => false,\n    }}\n}}");
}

fn custom(set: &RuleSet, out: &mut String) {
    let _ = writeln!(
        out,
        "\n/// Operations lowered by hand.\n\
         pub fn custom(c: &mut Lower<'_>, i: Inst, op: Opcode) -> Option<CodegenResult<()>> {{\n    match op {{"
    );
    for (op, function) in &set.custom {
        let _ = writeln!(out, "        Opcode::{op:?} => Some({function}(c, i)),");
    }
    let _ = writeln!(out, "        _ => None,\n    }}\n}}");
    let _ = writeln!(
        out,
        "\n/// Operations lowered by hand where no rule matches.\n\
         pub fn fallback(c: &mut Lower<'_>, i: Inst, op: Opcode) -> Option<CodegenResult<()>> {{\n    match op {{"
    );
    for (op, function) in &set.fallback {
        let _ = writeln!(out, "        Opcode::{op:?} => Some({function}(c, i)),");
    }
    let _ = writeln!(out, "        _ => None,\n    }}\n}}");
}
