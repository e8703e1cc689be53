//! Prints the matching functions that the compiler runs: for each root operation one function that finds the first rule
//! matching an instruction, for each rule one that emits its right side, and one function per nonterminal. Each cites
//! the rule's file and line. Needs checked rules ([`crate::check`]); `pattern.rs` turns patterns into steps, `body.rs`
//! prints right sides, this file arranges both into decision trees.
//!
//! The functions work on the compiler's `Lower`, whose methods are the whole interface between rules and compiler.

mod body;
pub mod equation;
mod pattern;

use crate::machine::Machine;
use crate::term::*;
use pattern::{Step, Steps};
use std::collections::BTreeMap;
use std::fmt::Write;
use windlass_desc::cc::IntCC;
use windlass_desc::machine::{Cc, Shape};
use windlass_desc::ops::Opcode;
use windlass_desc::types::Type;

/// A rule that cannot be printed: what is wrong, with file and line.
pub type Result<T> = std::result::Result<T, String>;

/// The whole text of a target's matchers, if nothing is wrong with the rules.
pub fn generate(set: &RuleSet) -> Result<String> {
    let problems = crate::check::check(set);
    if !problems.is_empty() {
        return Err(problems.iter().map(|p| format!("\n{p}")).collect());
    }
    let mut out = String::new();
    rule_table(set, &mut out);
    conditions(&set.machine, &mut out);
    dispatch(set, &mut out);
    roots(set, &mut out)?;
    for (n, rule) in set.rules.iter().enumerate() {
        body::rule(n, rule, &set.machine, &mut out).map_err(|e| format!("{}: {e}", place(rule.at)))?;
    }
    for n in &set.nonterminals {
        match n.gives {
            Gives::Address => addresses(n, &mut out)?,
            Gives::Operand(_) => operands(n, &mut out)?,
            Gives::Test => tests(n, &set.machine, &mut out)?,
        }
    }
    out.push_str(USE_OPERAND);
    aliases(set, &mut out)?;
    contracts(set, &mut out);
    custom(set, &mut out);
    Ok(out)
}

/// What right sides call for an operand of any kind.
const USE_OPERAND: &str = "\
/// An operand of any kind as the next one, in the row for its kind.
fn use_operand(c: &mut Lower<'_>, r: &Rmi, mem: u16, imm: u16, whole: bool) {
    match *r {
        Rmi::Reg(v) => c.use_val(v),
        Rmi::Imm(k) => {
            c.pending().row = imm;
            if whole { c.set_payload(k) } else { c.set_imm(k) }
        }
        Rmi::Mem(load) => {
            c.pending().row = mem;
            c.sink(load);
            let a = amode_of(c, load, 0);
            c.use_mem(&a);
        }
    }
}

";

/// The machine's conditions as tables: of comparisons of integers, and opposites.
fn conditions(m: &Machine, out: &mut String) {
    let of: Vec<String> = IntCC::all().iter().map(|&cc| (m.condition_of)(cc).0.to_string()).collect();
    let opposite = |n: usize| (m.negate)(Cc(n as u8)).map_or(n, |cc| cc.0 as usize).to_string();
    let negated: Vec<String> = (0..m.conditions.len()).map(opposite).collect();
    let _ = writeln!(
        out,
        "/// The condition of each comparison of integers.\nstatic OF_INT: [u8; {}] = [{}];\n\
         /// The opposite of each condition that has one.\nstatic NEGATED: [u8; {}] = [{}];\n",
        of.len(),
        of.join(", "),
        negated.len(),
        negated.join(", ")
    );
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

fn addresses(n: &Nonterminal, out: &mut String) -> Result<()> {
    let mut candidates = vec![];
    for (k, r) in n.alternatives.iter().enumerate() {
        let Out::Address(p) = &r.out else { continue };
        let mut steps = pattern::of_value(&r.pat, r.ty).map_err(|e| format!("{}: {e}", place(r.at)))?;
        steps.guards(&r.guards);
        let yes = body::address(p, &mut steps);
        candidates.push(Candidate { at: format!("{} ({} {k})", place(r.at), n.name), todo: steps.steps, yes });
    }
    let _ = writeln!(
        out,
        "/// The address of a memory operation, and so many bytes more.\n\
         fn amode_of(c: &Lower<'_>, i: Inst, more: i64) -> Amode {{\n    {0}(c, c.base(i), c.imm(i) + more)\n}}\n\n\
         /// The address `v0` plus `off`.\npub fn {0}(c: &Lower<'_>, v0: Value, off: i64) -> Amode {{",
        n.name
    );
    tree(candidates, 1, out);
    let _ = writeln!(out, "}}\n");
    Ok(())
}

/// Is the pattern this operation?
fn makes(pat: &Pat, op: Opcode) -> bool {
    matches!(pat, Pat::Op(p) if p.op == op)
}

fn operands(n: &Nonterminal, out: &mut String) -> Result<()> {
    let mut candidates = vec![];
    for r in &n.alternatives {
        let Out::Operand(operand) = &r.out else { continue };
        let steps: Steps = pattern::of_operand(&r.pat)?;
        let (mut todo, yes) = (steps.steps, body::operand(operand));
        match operand {
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
         pub fn {}(c: &Lower<'_>, v0: Value, root: Inst, sink: bool, imm_fits: bool) -> Rmi {{",
        n.name
    );
    tree(candidates, 1, out);
    let _ = writeln!(out, "}}\n");
    Ok(())
}

/// The shape of a test.
pub fn shape_of(t: &Test, m: &Machine) -> Shape {
    match (t.on.len(), t.cc) {
        (0, CcExpr::Is(cc)) if (m.is_double)(cc) => Shape::FlagsTwice,
        (0, _) => Shape::Flags,
        (1, _) => Shape::Zero,
        _ => Shape::Pair,
    }
}

/// May the condition have no opposite?
fn may_lack_opposite(cc: CcExpr, m: &Machine) -> bool {
    let lacks = |cc: Cc| (m.negate)(cc).is_none();
    match cc {
        CcExpr::Is(cc) => lacks(cc),
        CcExpr::Of(v) | CcExpr::Swapped(v) => v.possible().iter().any(|&cc| lacks((m.condition_of)(cc))),
        CcExpr::Tested(_) => true,
    }
}

fn tests(n: &Nonterminal, m: &Machine, out: &mut String) -> Result<()> {
    let mut by_type: BTreeMap<u16, Vec<Candidate>> = BTreeMap::new();
    let asking = |s: Shape| m.rows.iter().filter(|r| r.asks != Default::default()).all(|r| r.asks.has(s));
    let (mut on, mut producers) = (String::new(), String::new());
    for (k, r) in n.alternatives.iter().enumerate() {
        let Out::Test(t) = &r.out else { continue };
        let fail = |e| format!("{}: {e}", place(r.at));
        let steps = pattern::of_condition(&r.pat, r.ty).map_err(fail)?;
        let shape = shape_of(t, m);
        let yes = body::cond(k, t.cc, shape, &steps).map_err(fail)?;
        let mut todo = steps.steps;
        if !asking(shape) {
            todo.push(Step::If(format!("shapes & {:#x} != 0", body::mask([shape]))));
        }
        if may_lack_opposite(t.cc, m) {
            todo.push(Step::If("!negated".into()));
        }
        by_type.entry(r.ty.repr()).or_default().push(Candidate { at: place(r.at), todo, yes });
        if !t.on.is_empty() {
            let _ = writeln!(on, "        {k} => on_{k}(c, &f.found),");
        }
        let _ = writeln!(producers, "        {k} => test_{k}(c, i, &f.found, on),");
        body::test(k, r, t, m, out).map_err(fail)?;
    }
    let _ = writeln!(
        out,
        "/// The condition that `v0` is not 0, for `root`, which asks for it in one of these shapes, or for its opposite.\n\
         pub fn {}(c: &Lower<'_>, v0: Value, root: Inst, shapes: u8, negated: bool) -> Option<Cond> {{\n    \
         match c.ty(v0).repr() {{",
        n.name
    );
    for (t, candidates) in by_type {
        let _ = writeln!(out, "        {t} => {{");
        tree(candidates, 3, out);
        let _ = writeln!(out, "        }}");
    }
    let _ = writeln!(out, "        _ => {{}}\n    }}\n    None\n}}\n");
    let _ = writeln!(
        out,
        "/// The same, where the rule has asked whether the value can be tested.\n\
         fn test_of(c: &Lower<'_>, v: Value, root: Inst, shapes: u8, negated: bool) -> Cond {{\n    \
         {}(c, v, root, shapes, negated).expect(\"the last alternative always matches\")\n}}\n\n\
         /// The registers that a test is asked of.\n\
         fn registers_of(c: &mut Lower<'_>, f: &Cond) -> [VReg; 2] {{\n    match f.found.rule {{\n{on}        \
         _ => [VReg(NONE); 2],\n    }}\n}}\n\n\
         /// Makes what a test that `i` asks for reads.\n\
         fn make_test(c: &mut Lower<'_>, i: Inst, f: &Cond, on: &[VReg; 2]) {{\n    match f.found.rule {{\n{producers}        \
         _ => unreachable!(\"only alternatives that exist are given\"),\n    }}\n}}\n",
        n.name
    );
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
        "/// What the upper half of the result's register is, whichever rule makes it.\n\
         pub fn contract(op: Opcode, ty: Type) -> Option<Above> {{\n    match (op, ty.repr()) {{"
    );
    for (op, t, above) in &set.contracts {
        let _ = writeln!(out, "        (Opcode::{op:?}, {}) => Some(Above::{above:?}),", ty(*t));
    }
    let _ = writeln!(out, "        _ => None,\n    }}\n}}\n");
    let _ = writeln!(
        out,
        "/// What the upper half of a value's register is known to be.\n\
         pub fn promised(c: &Lower<'_>, v: Value) -> Option<Above> {{\n    \
         c.def(v).and_then(|(i, op)| contract(op, c.ctv(i)))\n}}"
    );
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
