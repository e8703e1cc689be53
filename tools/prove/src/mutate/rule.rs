//! Changes of lowering rules and of alternatives of nonterminals.

use super::inst::{self, Functions, Scope, condition, immediate, nth, pairs, registers_but, say_reads};
use super::{Change, change, left};
use windlass_desc::types::{INVALID, Type};
use windlass_rules::machine::Machine;
use windlass_rules::pat::OFF;
use windlass_rules::term::*;
use windlass_rules::types::{Types, infer, infer_value};

/// The functions of immediates that a set has.
pub fn functions(set: &RuleSet) -> Functions {
    let mut out = Functions::default();
    let patterns = set.rules.iter().map(|r| Pat::from(r.lhs.clone()));
    for p in patterns.chain(set.alternatives(|_| true).map(|a| a.pat.clone())) {
        tests(&p, &mut out.tests);
    }
    for r in &set.rules {
        for i in r.rhs.insts() {
            of_inst(i, &mut out);
        }
    }
    for a in set.alternatives(|_| true) {
        if let Out::Address(p) = &a.out {
            [&p.scale, &p.disp].into_iter().for_each(|k| of_imm(k, &mut out));
        }
    }
    out
}

fn add(f: Fun, all: &mut Vec<Fun>) {
    if all.iter().all(|g| g.name != f.name) {
        all.push(f);
    }
}

fn tests(p: &Pat, out: &mut Vec<Fun>) {
    if let Pat::Op(p) = p {
        p.imm.and_then(|k| k.test).into_iter().for_each(|t| add(t, out));
        p.args.iter().for_each(|a| tests(a, out));
    }
}

fn of_inst(i: &MInst, out: &mut Functions) {
    for a in &i.args {
        match a {
            Arg::Imm(k) => of_imm(k, out),
            Arg::Sum(s) => s.index.iter().map(|i| &i.1).chain([&s.disp]).for_each(|k| of_imm(k, out)),
            Arg::Reg(Reg::Inst(i)) => of_inst(i, out),
            _ => {}
        }
    }
    if let Some(Flags::Inst(p, _)) = &i.flags {
        of_inst(p, out);
    }
}

fn of_imm(k: &ImmExpr, out: &mut Functions) {
    if let ImmExpr::Fun(f, args) = k {
        add(*f, if args.len() == 1 { &mut out.of_one } else { &mut out.of_two });
    }
}

/// What a pattern binds.
fn scope<'a>(m: &'a Machine, p: &Pat, types: Types, functions: &'a Functions) -> Scope<'a> {
    let mut s = Scope { m, types, vals: vec![], imms: vec![], addrs: vec![], tmps: vec![], functions };
    let mut stack = vec![p];
    while let Some(p) = stack.pop() {
        match p {
            Pat::Val(v) => {
                let plain = Val { promised: v.promised, ..Val::new(v.name) };
                match s.types.var(v.name).map_or(1, registers) {
                    _ if s.vals.iter().any(|o| o.name == v.name) => {}
                    2 => s.vals.extend([lo(plain), hi(plain)]),
                    _ => s.vals.push(plain),
                }
            }
            Pat::Op(p) => {
                s.imms.extend(p.imm.map(|k| k.name));
                s.addrs.extend(p.addr.filter(|a| s.addrs.iter().all(|o| o.name != a.name)));
                stack.extend(p.args.iter().rev());
            }
            Pat::Rmi(_) | Pat::Cond(_) => {}
        }
    }
    s
}

/// All changes of a rule.
pub fn changes(m: &Machine, f: &Functions, r: &Rule) -> Vec<Change<Rule>> {
    let Ok(types) = infer(&r.lhs, r.ty) else { return vec![] };
    let root = Pat::from(r.lhs.clone());
    let mut s = scope(m, &root, types, f);
    if let Rhs::Seq(seq) = &r.rhs {
        s.tmps = seq.steps.iter().flat_map(|s| s.defs.iter().copied()).collect();
    }
    let mut out: Vec<Change<Rule>> = vec![];
    for c in right(&s, &r.rhs) {
        out.push(change(c.kind, c.what, Rule { rhs: c.to, ..r.clone() }));
    }
    for c in left::changes(f, &root) {
        if let Pat::Op(lhs) = c.to {
            out.push(change(c.kind, c.what, Rule { lhs: *lhs, ..r.clone() }));
        }
    }
    for c in guards(&r.guards) {
        out.push(change(c.kind, c.what, Rule { guards: c.to, ..r.clone() }));
    }
    if r.needs.is_some() {
        out.push(change("test", "asks for no feature".into(), Rule { needs: None, ..r.clone() }));
    }
    if r.near {
        out.push(change("test", "asks for no near symbol".into(), Rule { near: false, ..r.clone() }));
    }
    // how values are read follows from the left side, which may have changed
    for c in &mut out {
        let Ok(types) = infer(&c.to.lhs, c.to.ty) else { continue };
        s.types = types;
        all_insts(&mut c.to.rhs).into_iter().for_each(|i| say_reads(&s, i));
    }
    out
}

fn all_insts(rhs: &mut Rhs) -> Vec<&mut MInst> {
    match rhs {
        Rhs::Inst(i) => vec![i],
        Rhs::Seq(s) => s.steps.iter_mut().map(|s| &mut s.inst).collect(),
        Rhs::Same(_) => vec![],
    }
}

fn guards(all: &[Guard]) -> Vec<Change<Vec<Guard>>> {
    let mut out = vec![];
    for (n, g) in all.iter().enumerate() {
        let mut fewer = all.to_vec();
        fewer.remove(n);
        out.push(change("test", format!("without the test {}", g.test.name), fewer));
        for (a, b) in pairs(g.args.len()) {
            let mut to = all.to_vec();
            to[n].args.swap(a, b);
            out.push(change("test", format!("{} of exchanged arguments", g.test.name), to));
        }
    }
    out
}

/// Changes of all instructions of a tree.
fn tree(s: &Scope<'_>, root: &MInst) -> Vec<Change<MInst>> {
    let mut out = vec![];
    for n in 0.. {
        let mut copy = root.clone();
        let Some(i) = nth(&mut copy, &mut { n }) else { break };
        for c in inst::changes(s, i) {
            let mut to = root.clone();
            if let Some(i) = nth(&mut to, &mut { n }) {
                *i = c.to;
            }
            out.push(change(c.kind, c.what, to));
        }
    }
    out
}

fn right(s: &Scope<'_>, rhs: &Rhs) -> Vec<Change<Rhs>> {
    match rhs {
        Rhs::Same(v) => {
            let reg = |c: Change<Reg>| if let Reg::Val(v) = c.to { Some((c.kind, c.what, v)) } else { None };
            let others = registers_but(s, &Reg::Val(*v)).into_iter().filter_map(reg);
            others.map(|(kind, what, v)| change(kind, what, Rhs::Same(v))).collect()
        }
        Rhs::Inst(i) => {
            let mut out: Vec<_> = tree(s, i).into_iter().map(|c| c.map(Rhs::Inst)).collect();
            for a in &i.args {
                let name = s.m.family(i.family).name;
                match a {
                    Arg::Reg(Reg::Inst(i)) => {
                        out.push(change("step", format!("without {name}"), Rhs::Inst((**i).clone())))
                    }
                    Arg::Reg(Reg::Val(v)) => out.push(change("step", format!("without {name}"), Rhs::Same(*v))),
                    _ => {}
                }
            }
            out
        }
        Rhs::Seq(seq) => sequence(s, seq).into_iter().map(|c| c.map(Rhs::Seq)).collect(),
    }
}

fn sequence(s: &Scope<'_>, seq: &Seq) -> Vec<Change<Seq>> {
    let mut out = vec![];
    for (n, step) in seq.steps.iter().enumerate() {
        let with = |c: Change<MInst>| {
            let mut to = seq.clone();
            to.steps[n].inst = c.to;
            change(c.kind, format!("step {n}: {}", c.what), to)
        };
        out.extend(tree(s, &step.inst).into_iter().map(with));
        out.extend(without_step(seq, n).map(|to| change("step", format!("without step {n}"), to)));
        if n > 0 {
            let mut to = seq.clone();
            to.steps.swap(n - 1, n);
            out.push(change("order of steps", format!("steps {} and {n} exchanged", n - 1), to));
        }
        for (a, b) in pairs(step.defs.len()) {
            let mut to = seq.clone();
            to.steps[n].defs.swap(a, b);
            out.push(change("results", format!("step {n}: results {a} and {b} exchanged"), to));
        }
    }
    for (a, b) in pairs(seq.results.len()) {
        let mut to = seq.clone();
        to.results.swap(a, b);
        out.push(change("results", format!("results {a} and {b} exchanged"), to));
    }
    for (n, r) in seq.results.iter().enumerate() {
        for c in registers_but(s, r) {
            let mut to = seq.clone();
            to.results[n] = c.to;
            out.push(change("results", format!("result {n}: {}", c.what), to));
        }
    }
    out
}

/// Without a step: its first register operand stands for its results. None if it has none.
fn without_step(seq: &Seq, n: usize) -> Option<Seq> {
    let mut to = seq.clone();
    let step = to.steps.remove(n);
    let first = step.inst.args.iter().find_map(|a| if let Arg::Reg(r) = a { Some(r.clone()) } else { None });
    if !step.defs.is_empty() && first.is_none() {
        return None;
    }
    let instead = |r: &mut Reg| {
        if let (Reg::Tmp(t), Some(first)) = (&*r, &first)
            && step.defs.contains(t)
        {
            *r = first.clone();
        }
    };
    for s in &mut to.steps {
        for a in &mut s.inst.args {
            if let Arg::Reg(r) = a {
                instead(r);
            }
        }
    }
    to.results.iter_mut().for_each(instead);
    Some(to)
}

/// All changes of an alternative.
pub fn of_alternative(m: &Machine, f: &Functions, a: &Alternative) -> Vec<Change<Alternative>> {
    let types = if a.ty == INVALID { Types::default() } else { infer_value(&a.pat, a.ty).unwrap_or_default() };
    let mut s = scope(m, &a.pat, types, f);
    let mut out: Vec<Change<Alternative>> = vec![];
    match &a.out {
        Out::Address(p) => {
            s.imms.push(OFF.name);
            out.extend(place(&s, p).into_iter().map(|c| c.map(|p| Alternative { out: Out::Address(p), ..a.clone() })));
        }
        Out::Operand(Arg::Imm(k)) => {
            let with = |k| Alternative { out: Out::Operand(Arg::Imm(k)), ..a.clone() };
            out.extend(immediate(&s, k).into_iter().map(|c| c.map(with)));
        }
        Out::Operand(_) => {}
        Out::Test(t) => {
            out.extend(test(&s, t).into_iter().map(|c| c.map(|t| Alternative { out: Out::Test(t), ..a.clone() })))
        }
    }
    out.extend(left::changes(f, &a.pat).into_iter().map(|c| c.map(|pat| Alternative { pat, ..a.clone() })));
    out.extend(guards(&a.guards).into_iter().map(|c| c.map(|guards| Alternative { guards, ..a.clone() })));
    for c in &mut out {
        let ty: Type = c.to.ty;
        s.types = if ty == INVALID { Types::default() } else { infer_value(&c.to.pat, ty).unwrap_or_default() };
        if let Out::Test(t) = &mut c.to.out {
            t.producer.steps.iter_mut().for_each(|step| say_reads(&s, &mut step.inst));
        }
    }
    out
}

fn place(s: &Scope<'_>, p: &Place) -> Vec<Change<Place>> {
    let mut out = vec![];
    if let Base::Val(base) = p.base {
        for v in s.vals.iter().filter(|v| v.name != base.name) {
            out.push(change("operand", format!("the base is {}", v.name), Place { base: Base::Val(*v), ..p.clone() }));
        }
        if let Some(index) = p.index {
            let swapped = Place { base: Base::Val(index), index: Some(base), ..p.clone() };
            out.push(change("order of operands", "base and index exchanged".into(), swapped));
        }
    }
    if p.index.is_some() {
        out.push(change("operand", "without the index".into(), Place { index: None, ..p.clone() }));
    }
    for c in immediate(s, &p.scale) {
        out.push(change("immediate", format!("the scale is {}", c.what), Place { scale: c.to, ..p.clone() }));
    }
    for c in immediate(s, &p.disp) {
        out.push(change("immediate", format!("the displacement is {}", c.what), Place { disp: c.to, ..p.clone() }));
    }
    out
}

fn test(s: &Scope<'_>, t: &Test) -> Vec<Change<Test>> {
    let mut out: Vec<_> = condition(s.m, t.cc).into_iter().map(|c| c.map(|cc| Test { cc, ..t.clone() })).collect();
    let producer = sequence(s, &t.producer);
    out.extend(producer.into_iter().map(|c| c.map(|producer| Test { producer, ..t.clone() })));
    for (n, r) in t.on.iter().enumerate() {
        for c in registers_but(s, r) {
            let mut to = t.clone();
            to.on[n] = c.to;
            out.push(change("operand", format!("the test is of {}", c.what), to));
        }
    }
    for (a, b) in pairs(t.on.len()) {
        let mut to = t.clone();
        to.on.swap(a, b);
        out.push(change("order of operands", "the registers of the test exchanged".into(), to));
    }
    out
}
