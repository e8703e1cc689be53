//! Changes of simplification rules.

use super::inst::{Functions, pairs};
use super::{Change, change, left};
use windlass_desc::cc::IntCC;
use windlass_rules::equation::{Computed, Equation, Equations, ImmArg, Test, Turned};
use windlass_rules::term::{Cv, Fun, Im, OpPat, Pat, Val};

/// The functions of constants that a set has: tests, and functions by the number of their arguments.
#[derive(Default)]
pub struct Constants {
    functions: Functions,
    tests: Vec<(Fun, usize)>,
    computed: Vec<(Fun, usize)>,
}

/// The functions that a set has.
pub fn constants(set: &Equations) -> Constants {
    let mut out = Constants::default();
    let add = |f: Fun, n: usize, all: &mut Vec<(Fun, usize)>| {
        if all.iter().all(|g| g.0.name != f.name) {
            all.push((f, n));
        }
    };
    for e in &set.rules {
        e.tests.iter().for_each(|t| add(t.test, t.args.len(), &mut out.tests));
        for (_, c) in &e.computed {
            if let Computed::By(f, args) = c {
                add(*f, args.len(), &mut out.computed);
            }
        }
        let mut stack = vec![&e.left];
        while let Some(p) = stack.pop() {
            if let Some(t) = p.imm.and_then(|k| k.test)
                && out.functions.tests.iter().all(|f| f.name != t.name)
            {
                out.functions.tests.push(t);
            }
            stack.extend(p.args.iter().filter_map(|a| if let Pat::Op(p) = a { Some(&**p) } else { None }));
        }
    }
    out
}

/// All changes of a simplification.
pub fn changes(all: &Constants, e: &Equation) -> Vec<Change<Equation>> {
    let mut out: Vec<Change<Equation>> = vec![];
    for c in left::changes(&all.functions, &Pat::from(e.left.clone())) {
        if let Pat::Op(left) = c.to {
            out.push(change(c.kind, c.what, Equation { left: *left, ..e.clone() }));
        }
    }
    for (n, p) in e.right.iter().enumerate() {
        for c in expression(e, p) {
            let mut to = e.clone();
            to.right[n] = c.to;
            out.push(change(c.kind, format!("right: {}", c.what), to));
        }
    }
    computed(all, e, &mut out);
    conditions(e, &mut out);
    tests(all, e, &mut out);
    if let Some((k, values)) = &e.split {
        for n in 0..values.len() {
            let mut fewer = values.clone();
            let v = fewer.remove(n);
            out.push(change("test", format!("split without {v}"), Equation { split: Some((*k, fewer)), ..e.clone() }));
        }
    }
    out
}

/// Names of values and of constants in a pattern, and those that are computed.
fn names(e: &Equation) -> (Vec<Val>, Vec<&'static str>) {
    let (mut vals, mut imms): (Vec<Val>, Vec<_>) = (vec![], e.computed.iter().map(|c| c.0).collect());
    let mut stack = vec![&e.left];
    while let Some(p) = stack.pop() {
        imms.extend(p.imm.map(|k| k.name));
        for a in &p.args {
            match a {
                Pat::Op(p) => stack.push(p),
                Pat::Val(v) if vals.iter().all(|o| o.name != v.name) => vals.push(*v),
                _ => {}
            }
        }
    }
    (vals, imms)
}

/// Changes of a right side: operations, operands, constants.
fn expression(e: &Equation, root: &Pat) -> Vec<Change<Pat>> {
    let (vals, imms) = names(e);
    let mut out = vec![];
    for n in 0.. {
        let mut copy = root.clone();
        let Some(node) = left::nth(&mut copy, &mut { n }) else { break };
        for c in node_changes(node, &vals, &imms) {
            let mut to = root.clone();
            if let Some(node) = left::nth(&mut to, &mut { n }) {
                *node = c.to;
            }
            out.push(change(c.kind, c.what, to));
        }
    }
    out
}

fn node_changes(node: &Pat, vals: &[Val], imms: &[&'static str]) -> Vec<Change<Pat>> {
    let mut out = vec![];
    match node {
        Pat::Val(v) => {
            for other in vals.iter().filter(|o| o.name != v.name) {
                out.push(change("operand", format!("{} instead of {}", other.name, v.name), Pat::Val(*other)));
            }
        }
        Pat::Op(p) => {
            let name = p.op.row().name;
            for op in left::siblings(p.op) {
                let to = OpPat { op, ..(**p).clone() };
                out.push(change("operation", format!("{} instead of {name}", op.row().name), to.into()));
            }
            for (a, b) in pairs(p.args.len()) {
                let mut to = (**p).clone();
                to.args.swap(a, b);
                out.push(change("order of operands", format!("{name}: operands {a} and {b} exchanged"), to.into()));
            }
            for a in &p.args {
                out.push(change("step", format!("without {name}"), a.clone()));
            }
            if let Some(k) = p.imm {
                for other in imms.iter().filter(|i| **i != k.name) {
                    let to = OpPat { imm: Some(Im { name: other, ..k }), ..(**p).clone() };
                    out.push(change("immediate", format!("{other} instead of {}", k.name), to.into()));
                }
            }
        }
        _ => {}
    }
    out
}

fn others(all: &[(Fun, usize)], f: &Fun, args: usize) -> Vec<Fun> {
    all.iter().filter(|g| g.0.name != f.name && g.1 == args).map(|g| g.0).collect()
}

/// Changes of the arguments of a function.
fn arguments(args: &[ImmArg]) -> Vec<Change<Vec<ImmArg>>> {
    let mut out = vec![];
    for (a, b) in pairs(args.len()) {
        let mut to = args.to_vec();
        to.swap(a, b);
        out.push(change("immediate", "of exchanged arguments".into(), to));
    }
    for (n, a) in args.iter().enumerate() {
        if let ImmArg::Is(v) = a {
            let mut to = args.to_vec();
            to[n] = ImmArg::Is(v + 1);
            out.push(change("immediate", format!("of {} instead of {v}", v + 1), to));
        }
    }
    out
}

fn computed(all: &Constants, e: &Equation, out: &mut Vec<Change<Equation>>) {
    for (n, (name, c)) in e.computed.iter().enumerate() {
        let mut push = |what: String, c: Computed| {
            let mut to = e.clone();
            to.computed[n].1 = c;
            out.push(change("immediate", format!("{name} is {what}"), to));
        };
        match c {
            Computed::Is(v) => [v + 1, v - 1].into_iter().for_each(|v| push(v.to_string(), Computed::Is(v))),
            Computed::By(f, args) => {
                for g in others(&all.computed, f, args.len()) {
                    push(format!("{} instead of {}", g.name, f.name), Computed::By(g, args.clone()));
                }
                for c in arguments(args) {
                    push(format!("{} {}", f.name, c.what), Computed::By(*f, c.to));
                }
            }
        }
    }
}

fn conditions(e: &Equation, out: &mut Vec<Change<Equation>>) {
    for (n, (cc, turned)) in e.turned.iter().enumerate() {
        let mut all = vec![];
        match *turned {
            Turned::Is(cc) => all.extend(IntCC::all().iter().filter(|&&c| c != cc).map(|&c| Turned::Is(c))),
            Turned::Inverse(c) | Turned::Swapped(c) | Turned::Unsigned(c) => {
                let others = [Turned::Inverse(c), Turned::Swapped(c), Turned::Unsigned(c)].into_iter();
                all.extend(others.filter(|t| std::mem::discriminant(t) != std::mem::discriminant(turned)));
            }
        }
        for t in all {
            let mut to = e.clone();
            to.turned[n].1 = t;
            let shown = |t: &Turned<Cv>| match t {
                Turned::Is(cc) => cc.to_string(),
                Turned::Inverse(_) => "the inverse".into(),
                Turned::Swapped(_) => "the swapped one".into(),
                Turned::Unsigned(_) => "the unsigned one".into(),
            };
            out.push(change("condition", format!("{} is {} instead of {}", cc.0, shown(&t), shown(turned)), to));
        }
    }
    for (n, (cc, among)) in e.only.iter().enumerate() {
        for &more in IntCC::all().iter().filter(|c| !among.contains(c)) {
            let mut to = e.clone();
            to.only[n].1.push(more);
            out.push(change("condition", format!("{} may be {more} too", cc.0), to));
        }
    }
}

fn tests(all: &Constants, e: &Equation, out: &mut Vec<Change<Equation>>) {
    for (n, t) in e.tests.iter().enumerate() {
        let mut fewer = e.clone();
        fewer.tests.remove(n);
        out.push(change("test", format!("without the test {}", t.test.name), fewer));
        let mut push = |what: String, t: Test| {
            let mut to = e.clone();
            to.tests[n] = t;
            out.push(change("test", what, to));
        };
        for test in others(&all.tests, &t.test, t.args.len()) {
            push(format!("the test {} instead of {}", test.name, t.test.name), Test { test, args: t.args.clone() });
        }
        for c in arguments(&t.args) {
            push(format!("the test {} {}", t.test.name, c.what), Test { test: t.test, args: c.to });
        }
    }
}
