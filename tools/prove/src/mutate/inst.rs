//! Changes of one instruction of a right side: its width, its family, its operands and their order, its immediates and
//! addresses, what it asks, the code it traps with. Needs the names that may stand on a right side ([`Scope`]).

use super::{Change, change};
use windlass_desc::env::TrapCode;
use windlass_desc::machine::{Cc, Operand, Row};
use windlass_rules::fun;
use windlass_rules::machine::Machine;
use windlass_rules::resolve::{inputs, resolve};
use windlass_rules::term::*;
use windlass_rules::types::Types;

/// Functions that no rule uses.
mod wrong {
    use windlass_desc::bv::Bv;

    pub fn next<B: Bv>(k: &B) -> B {
        k.add(&B::lit(k.w(), 1))
    }
}

/// What may stand on a right side.
pub struct Scope<'a> {
    /// The machine.
    pub m: &'a Machine,
    /// The types of the left side.
    pub types: Types,
    /// Registers of values, of those of two registers both.
    pub vals: Vec<Val>,
    /// Immediates.
    pub imms: Vec<&'static str>,
    /// Addresses.
    pub addrs: Vec<Addr>,
    /// Results of steps.
    pub tmps: Vec<Tmp>,
    /// Tests of one immediate, and functions of one, that the set has.
    pub functions: &'a Functions,
}

/// The functions of immediates that a set has.
#[derive(Default)]
pub struct Functions {
    /// Tests of one immediate.
    pub tests: Vec<Fun>,
    /// Functions of one immediate.
    pub of_one: Vec<Fun>,
    /// Functions of two.
    pub of_two: Vec<Fun>,
}

/// The instruction's name.
fn name(m: &Machine, i: &MInst) -> String {
    format!("{}{}", m.family(i.family).name, i.width)
}

/// All changes of one instruction, not of those that it takes operands from.
pub fn changes(s: &Scope<'_>, i: &MInst) -> Vec<Change<MInst>> {
    let mut out = vec![];
    let m = s.m;
    let widths: Vec<u16> = m.rows.iter().filter(|r| r.family == i.family).map(|r| r.width).collect();
    for w in unique(widths).into_iter().filter(|&w| w != i.width) {
        out.push(change("width", format!("{} becomes {w} bits wide", name(m, i)), MInst { width: w, ..i.clone() }));
    }
    families(s, i, &mut out);
    for (a, b) in pairs(i.args.len()) {
        let mut to = i.clone();
        to.args.swap(a, b);
        out.push(change("order of operands", format!("{}: operands {a} and {b} exchanged", name(m, i)), to));
    }
    for (n, arg) in i.args.iter().enumerate() {
        for c in argument(s, arg) {
            let mut to = i.clone();
            to.args[n] = c.to;
            out.push(change(c.kind, format!("{}, operand {n}: {}", name(m, i), c.what), to));
        }
    }
    for c in i.flags.iter().flat_map(|f| flags(m, f)) {
        out.push(change(c.kind, format!("{}: {}", name(m, i), c.what), MInst { flags: Some(c.to), ..i.clone() }));
    }
    if resolve(i, m).is_ok_and(|r| m.rows[r.register].traps) {
        let codes = [None, TrapCode::user(9), Some(TrapCode::INTEGER_OVERFLOW)];
        for code in codes.into_iter().filter(|&c| c != i.code) {
            let what =
                format!("{}: the trap code is {}", name(m, i), code.map_or("the root's".into(), |c| c.to_string()));
            out.push(change("trap code", what, MInst { code, ..i.clone() }));
        }
    }
    out
}

/// Families that have a row for the same operands.
fn families(s: &Scope<'_>, i: &MInst, out: &mut Vec<Change<MInst>>) {
    let Ok(found) = resolve(i, s.m) else { return };
    let row = &s.m.rows[found.register];
    let defs = |r: &Row| r.operands.iter().filter(|o| matches!(o, Operand::Def(..))).count();
    let alike = |r: &&Row| {
        r.width == row.width
            && r.form == row.form
            && inputs(r) == inputs(row)
            && defs(r) == defs(row)
            && r.asks == row.asks
            && !r.listed
            && s.m.family(r.family).no_meaning.is_none()
    };
    for family in unique(s.m.rows.iter().filter(alike).map(|r| r.family).collect()) {
        if family != i.family {
            let what = format!("{} becomes {}", name(s.m, i), s.m.family(family).name);
            out.push(change("family", what, MInst { family, ..i.clone() }));
        }
    }
}

fn unique<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut out = vec![];
    for x in all {
        if !out.contains(&x) {
            out.push(x);
        }
    }
    out
}

/// All pairs of numbers below `n`.
pub fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |b| (0..b).map(move |a| (a, b)))
}

fn half(v: &Val) -> &'static str {
    match v.half {
        None => "",
        Some(Half::Lower) => ", lower half",
        Some(Half::Upper) => ", upper half",
    }
}

/// Registers that may stand in place of another.
pub fn registers_but(s: &Scope<'_>, not: &Reg) -> Vec<Change<Reg>> {
    let mut out = vec![];
    let same = |v: &Val| matches!(not, Reg::Val(n) if n.name == v.name && n.half == v.half);
    for v in s.vals.iter().filter(|v| !same(v)) {
        out.push(change("operand", format!("the register of {}{}", v.name, half(v)), Reg::Val(*v)));
    }
    for t in s.tmps.iter().filter(|t| !matches!(not, Reg::Tmp(n) if n == *t)) {
        out.push(change("operand", format!("the step's result {t}"), Reg::Tmp(*t)));
    }
    if let Reg::Inst(i) = not {
        for r in i.args.iter().filter_map(|a| if let Arg::Reg(r) = a { Some(r) } else { None }) {
            out.push(change("step", format!("without {}", name(s.m, i)), r.clone()));
        }
    }
    out
}

fn argument(s: &Scope<'_>, arg: &Arg) -> Vec<Change<Arg>> {
    match arg {
        Arg::Reg(r) => registers_but(s, r).into_iter().map(|c| c.map(Arg::Reg)).collect(),
        Arg::Rmi(r) => {
            let others = s.vals.iter().filter(|v| v.name != r.name);
            others.map(|v| change("operand", format!("the register of {}", v.name), Arg::Reg(Reg::Val(*v)))).collect()
        }
        Arg::Imm(k) => immediate(s, k).into_iter().map(|c| c.map(Arg::Imm)).collect(),
        Arg::Addr(a) => address(s, *a).into_iter().map(|c| c.map(Arg::Addr)).collect(),
        Arg::At(t, disp) => {
            let shifted = [0, disp - 8, disp + 8].into_iter().filter(|d| d != disp);
            shifted.map(|d| change("address", format!("{t} + {d} instead of {disp}"), Arg::At(*t, d))).collect()
        }
        Arg::Slot(_) => vec![],
        Arg::Sum(sum) => of_sum(s, sum).into_iter().map(|c| c.map(Arg::Sum)).collect(),
    }
}

/// Another immediate.
pub fn immediate(s: &Scope<'_>, k: &ImmExpr) -> Vec<Change<ImmExpr>> {
    let mut out = vec![];
    let number = |n: i64| change("immediate", format!("the number {n}"), ImmExpr::Const(n));
    let variable = |v: &'static str| change("immediate", format!("{v} itself"), ImmExpr::Var(v));
    match k {
        ImmExpr::Const(k) => {
            let others = unique(vec![k.wrapping_add(1), k.wrapping_sub(1), k.wrapping_neg(), 0]);
            out.extend(others.into_iter().filter(|n| n != k).map(number));
        }
        ImmExpr::Var(v) => {
            out.extend(s.imms.iter().filter(|i| *i != v).map(|v| variable(v)));
            out.push(number(0));
            let next = ImmExpr::Fun(fun!(wrong::next, k), vec![v]);
            out.push(change("immediate", format!("{v} + 1"), next));
        }
        ImmExpr::Fun(f, args) => {
            out.extend(args.iter().map(|v| variable(v)));
            let others = if args.len() == 1 { &s.functions.of_one } else { &s.functions.of_two };
            for g in others.iter().filter(|g| g.name != f.name) {
                out.push(change(
                    "immediate",
                    format!("{} instead of {}", g.name, f.name),
                    ImmExpr::Fun(*g, args.clone()),
                ));
            }
            for (a, b) in pairs(args.len()) {
                let mut args = args.clone();
                args.swap(a, b);
                out.push(change("immediate", format!("{} of exchanged arguments", f.name), ImmExpr::Fun(*f, args)));
            }
        }
    }
    out
}

fn address(s: &Scope<'_>, a: Addr) -> Vec<Change<Addr>> {
    let shifted = [0, a.more - 8, a.more + 8].into_iter().filter(|&m| m != a.more);
    let mut out: Vec<_> = unique(shifted.collect())
        .into_iter()
        .map(|more| change("address", format!("{} + {more} instead of {}", a.name, a.more), Addr { more, ..a }))
        .collect();
    for other in s.addrs.iter().filter(|o| o.name != a.name) {
        out.push(change("operand", format!("the address {}", other.name), Addr { name: other.name, ..a }));
    }
    out
}

fn of_sum(s: &Scope<'_>, sum: &Sum) -> Vec<Change<Sum>> {
    let mut out = vec![];
    for v in s.vals.iter().filter(|v| v.name != sum.base.name || v.half != sum.base.half) {
        out.push(change("operand", format!("the base is {}", v.name), Sum { base: *v, ..sum.clone() }));
    }
    if let Some((index, scale)) = &sum.index {
        out.push(change("operand", "without the index".into(), Sum { index: None, ..sum.clone() }));
        let swapped = Sum { base: *index, index: Some((sum.base, scale.clone())), ..sum.clone() };
        out.push(change("order of operands", "base and index exchanged".into(), swapped));
        for c in immediate(s, scale) {
            let to = Sum { index: Some((*index, c.to)), ..sum.clone() };
            out.push(change("immediate", format!("the index is shifted by {}", c.what), to));
        }
    }
    for c in immediate(s, &sum.disp) {
        out.push(change("immediate", format!("the displacement is {}", c.what), Sum { disp: c.to, ..sum.clone() }));
    }
    out
}

/// Another condition.
pub fn condition(m: &Machine, cc: CcExpr) -> Vec<Change<CcExpr>> {
    let show = |cc: Cc| m.conditions[cc.0 as usize];
    match cc {
        CcExpr::Is(cc) => {
            let others = (0..m.conditions.len() as u8).map(Cc).filter(|&c| c != cc);
            others.map(|c| change("condition", format!("{} instead of {}", show(c), show(cc)), CcExpr::Is(c))).collect()
        }
        CcExpr::Of(v) => vec![change("condition", format!("{} as of exchanged operands", v.0), CcExpr::Swapped(v))],
        CcExpr::Swapped(v) => vec![change("condition", format!("{} itself", v.0), CcExpr::Of(v))],
        CcExpr::Tested(c) => vec![change("condition", "negated".into(), CcExpr::Tested(c.negate()))],
    }
}

fn flags(m: &Machine, f: &Flags) -> Vec<Change<Flags>> {
    let conditions = |cc: CcExpr, with: &dyn Fn(CcExpr) -> Flags| -> Vec<Change<Flags>> {
        condition(m, cc).into_iter().map(|c| c.map(with)).collect()
    };
    match f {
        Flags::Inst(p, cc) => conditions(*cc, &|cc| Flags::Inst(p.clone(), cc)),
        Flags::Before(cc) => conditions(*cc, &Flags::Before),
        Flags::On(cc) => conditions(*cc, &Flags::On),
        Flags::Cond(c) => vec![change("condition", format!("{} negated", c.name), Flags::Cond(c.negate()))],
    }
}

/// Makes all operands say how they are read ([`Read`]), so that a change of width is one, and no slip of the pen.
pub fn say_reads(s: &Scope<'_>, inst: &mut MInst) {
    let widths: Vec<u32> = match resolve(inst, s.m) {
        Ok(found) => {
            let row = &s.m.rows[found.register];
            row.operands.iter().filter(|o| !matches!(o, Operand::Def(..))).map(|o| o.width().into()).collect()
        }
        Err(_) => return,
    };
    let read = |name: &str, half: Option<Half>, width: u32| {
        let bits = s.types.var(name).map_or(width, |t| if half.is_some() { 64 } else { t.bits() });
        match width.cmp(&bits) {
            std::cmp::Ordering::Less => Read::Low,
            std::cmp::Ordering::Equal => Read::Exact,
            std::cmp::Ordering::Greater => Read::Wide,
        }
    };
    for (n, arg) in inst.args.iter_mut().enumerate() {
        match (arg, widths.get(n)) {
            (Arg::Reg(Reg::Val(v)), Some(&w)) => v.read = read(v.name, v.half, w),
            (Arg::Rmi(r), Some(&w)) => r.read = read(r.name, None, w),
            (Arg::Sum(sum), _) => {
                for v in [&mut sum.base].into_iter().chain(sum.index.as_mut().map(|i| &mut i.0)) {
                    v.read = read(v.name, v.half, 64);
                }
            }
            _ => {}
        }
    }
    children(inst).into_iter().for_each(|i| say_reads(s, i));
}

/// The instructions that this one takes registers and flags from.
fn children(inst: &mut MInst) -> Vec<&mut MInst> {
    let flags = if let Some(Flags::Inst(p, _)) = &mut inst.flags { Some(&mut **p) } else { None };
    let args = inst.args.iter_mut().filter_map(|a| if let Arg::Reg(Reg::Inst(i)) = a { Some(&mut **i) } else { None });
    args.chain(flags).collect()
}

/// The nth instruction of a tree, counted from the root.
pub fn nth<'a>(inst: &'a mut MInst, n: &mut usize) -> Option<&'a mut MInst> {
    if *n == 0 {
        return Some(inst);
    }
    *n -= 1;
    children(inst).into_iter().find_map(|i| nth(i, n))
}
