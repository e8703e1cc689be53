//! What is refused of a rule set before anything is generated from it: variables without a binding, operands of the
//! wrong width or kind, rules that can never fire, operations without a rule for every case. Whether a rule is *true* is
//! the prover's question. Needs [`crate::types`], [`crate::resolve`]; leaves a list of problems with file and line.

use crate::generate::place;
use crate::machine::Machine;
use crate::resolve::resolve;
use crate::term::*;
use crate::types::{Types, infer, infer_value, pattern_operands};
use windlass_desc::machine::{Above, Imm, Operand};
use windlass_desc::ops::{Opcode, Ty};
use windlass_desc::types::{INVALID, Type};

mod banks;
mod equation;
mod order;
pub use equation::equations;

/// Something wrong with a rule set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// File and line, or the operation.
    pub at: String,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

/// All that is wrong with `set`.
pub fn check(set: &RuleSet) -> Vec<Problem> {
    let m = &set.machine;
    let mut problems = vec![];
    for r in &set.rules {
        let found = infer(&r.lhs, r.ty).and_then(|types| {
            let left = Left { vars: variables_of(&r.lhs), room: room(&r.lhs), types: &types, m, temps: vec![] };
            left.result_banks(r)?;
            let types = r.lhs.op.row().results.iter().filter_map(|o| o.ty.of(r.ty));
            let results: Vec<u32> = types.flat_map(|t| vec![t.bits().min(64); registers(t)]).collect();
            left.rule(r, &results)
        });
        report(&mut problems, r.at, r.ty, found);
    }
    for n in &set.nonterminals {
        for a in &n.alternatives {
            report(&mut problems, a.at, a.ty, alternative(m, n, a));
        }
    }
    for (op, ty, above) in &set.contracts {
        if m.bank(*ty).copied != *above {
            let what = format!("promises {above:?} at {ty}, which copies of its registers do not keep");
            problems.push(Problem { at: op.row().name.into(), what });
        }
    }
    problems.extend(order::unreachable(set));
    problems.extend(order::alternatives(set));
    problems.extend(order::late_aliases(set));
    problems.extend(order::missing_cases(set));
    problems
}

/// What is wrong with an alternative of a nonterminal.
fn alternative(m: &Machine, n: &Nonterminal, a: &Alternative) -> Found {
    // operands have any type
    let types = if a.ty == INVALID { Types::default() } else { infer_value(&a.pat, a.ty)? };
    let left = |vars| Left { vars, room: 0, types: &types, m, temps: vec![] };
    let vars = variables(&a.pat);
    match (n.gives, &a.out) {
        (Gives::Address, Out::Address(p)) => left([vars, vec![("off", Kind::Imm)]].concat()).address(p),
        (Gives::Operand(imm), Out::Operand(Arg::Imm(k))) if imm != Imm::None => left(vars).imm(k),
        (Gives::Operand(_), Out::Operand(Arg::Addr(x))) => left(vars).bound(x.name, Kind::Addr),
        (Gives::Operand(_), Out::Operand(Arg::Reg(Reg::Val(v)))) => left(vars).bound(v.name, Kind::Value),
        (Gives::Test, Out::Test(t)) => left(vars).test(t),
        _ => Err(format!("the nonterminal `{}` gives something else", n.name)),
    }
}

fn report(problems: &mut Vec<Problem>, at: &std::panic::Location<'_>, ty: Type, found: Result<(), String>) {
    if let Err(what) = found {
        let ty = if ty == INVALID { String::new() } else { format!(" (at {ty})") };
        problems.push(Problem { at: place(at), what: format!("{what}{ty}") });
    }
}

/// What a variable stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Value,
    Imm,
    Cc,
    Addr,
    Rmi,
    Cond,
}

type Vars = Vec<(&'static str, Kind)>;

fn variables_of(p: &OpPat) -> Vars {
    let mut out: Vars = p.args.iter().flat_map(variables).collect();
    out.extend(p.imm.map(|k| (k.name, Kind::Imm)));
    out.extend(p.cc.map(|c| (c.0, Kind::Cc)));
    out.extend(p.addr.map(|a| (a.name, Kind::Addr)));
    out
}

fn variables(p: &Pat) -> Vars {
    match p {
        Pat::Val(v) => vec![(v.name, Kind::Value)],
        Pat::Rmi(r) => vec![(r.name, Kind::Rmi)],
        Pat::Cond(c) => vec![(c.name, Kind::Cond)],
        Pat::Op(p) => variables_of(p),
    }
}

/// How many bytes more than the offset of its address the pattern asks to fit.
fn room(p: &OpPat) -> i64 {
    let below = |p: &Pat| if let Pat::Op(p) = p { room(p) } else { 0 };
    p.addr.map_or(0, |a| a.more).max(p.args.iter().map(below).max().unwrap_or(0))
}

/// A left side, as the right side sees it.
struct Left<'a> {
    vars: Vars,
    room: i64,
    types: &'a Types,
    m: &'a Machine,
    /// Results of earlier steps, with their widths.
    temps: Vec<(Tmp, u16)>,
}

type Found = Result<(), String>;

impl Left<'_> {
    /// `results` are the widths of the results' registers.
    fn rule(mut self, r: &Rule, results: &[u32]) -> Found {
        self.kinds_agree()?;
        for a in r.guards.iter().flat_map(|g| &g.args) {
            self.bound(a, Kind::Imm)?;
        }
        match &r.rhs {
            Rhs::Same(v) => {
                let [t] = results else { return Err("only one result can be another value".into()) };
                self.bound(v.name, Kind::Value)?;
                let from = self.width_of(*v)?;
                if from < *t && v.promised.is_none() && !self.promised(r) {
                    return Err(format!("{} has {from} bits, the result {t}", v.name));
                }
                Ok(())
            }
            Rhs::Inst(i) => {
                let defs = self.inst(i)?;
                give(&defs, results)
            }
            Rhs::Seq(seq) => {
                self.steps(seq)?;
                let width = |r: &Reg| match r {
                    Reg::Tmp(t) => self.temp(*t),
                    Reg::Val(v) => self.bound(v.name, Kind::Value).and_then(|()| match self.width_of(*v)? {
                        32 if v.promised.is_some() => Ok(64),
                        w => Ok(w as u16),
                    }),
                    Reg::Inst(_) => Err("a result is a step's or a value".to_string()),
                };
                give(&seq.results.iter().map(width).collect::<Result<Vec<_>, _>>()?, results)
            }
        }
    }

    /// A test: what makes its flags, or its registers.
    fn test(mut self, t: &Test) -> Found {
        self.kinds_agree()?;
        self.cc(t.cc)?;
        let flags = self.steps(&t.producer)?;
        if !t.producer.results.is_empty() || t.on.is_empty() && !flags {
            return Err("what makes the flags of a condition has no results but flags".into());
        }
        // conditions are asked of whole registers
        let bits = self.m.banks[0].bits;
        t.on.iter().try_for_each(|r| self.arg(&Arg::Reg(r.clone()), Some(bits)))
    }

    /// Steps one after the other: names are set before they are read, and flags asked for are those of the last step that
    /// writes any; a step that hides flag writers inside breaks that. Tells whether there are flags in the end.
    fn steps(&mut self, seq: &Seq) -> Result<bool, String> {
        let mut flags = seq.test.is_some();
        // flags of a matched condition are asked by what it is called, others by their own
        let mut tested = flags;
        if let Some(c) = seq.test {
            self.bound(c.name, Kind::Cond)?;
        }
        for step in &seq.steps {
            let row = &self.m.rows[resolve(&step.inst, self.m)?.register];
            let own = matches!(step.inst.flags, Some(Flags::Inst(..) | Flags::Cond(_)));
            if own || step.inst.args.iter().any(|a| matches!(a, Arg::Reg(Reg::Inst(_)))) {
                return Err(format!("{}: what a step takes must be steps of their own", row.name));
            }
            let widths = self.inst(&step.inst)?;
            if matches!(step.inst.flags, Some(Flags::Before(_))) && !flags {
                return Err(format!("{}: no step before it makes flags", row.name));
            }
            if let Some(Flags::Before(cc)) = step.inst.flags
                && matches!(cc, CcExpr::Tested(_)) != tested
            {
                return Err(format!("{}: the flags before it are not those of this condition", row.name));
            }
            (flags, tested) = (flags || row.writes_flags(), tested && !row.writes_flags());
            if widths.len() != step.defs.len() {
                return Err(format!(
                    "{} has {} results, of which {} are named",
                    row.name,
                    widths.len(),
                    step.defs.len()
                ));
            }
            for (&t, w) in step.defs.iter().zip(widths) {
                if self.temp(t).is_ok() {
                    return Err(format!("{t} is set twice"));
                }
                self.temps.push((t, w));
            }
        }
        Ok(flags)
    }

    fn temp(&self, t: Tmp) -> Result<u16, String> {
        self.temps.iter().find(|x| x.0 == t).map(|x| x.1).ok_or_else(|| format!("{t} is not set before it is read"))
    }

    /// Does the left side count on an upper half anywhere?
    fn promised(&self, r: &Rule) -> bool {
        r.lhs.args.iter().any(|p| matches!(p, Pat::Val(v) if v.promised.is_some()))
    }

    /// One name, one kind.
    fn kinds_agree(&self) -> Found {
        for (n, (name, kind)) in self.vars.iter().enumerate() {
            if let Some(other) = self.vars[..n].iter().find(|v| v.0 == *name && v.1 != *kind) {
                return Err(format!("{name} stands for {kind:?} and for {:?}", other.1));
            }
            let repeats = self.vars[..n].iter().any(|v| v.0 == *name);
            if repeats && !matches!(kind, Kind::Value | Kind::Addr) {
                return Err(format!("{name} occurs twice; only values and addresses are compared"));
            }
        }
        Ok(())
    }

    fn bound(&self, name: &str, kind: Kind) -> Found {
        match self.vars.iter().find(|v| v.0 == name) {
            Some(v) if v.1 == kind => Ok(()),
            Some(v) => Err(format!("{name} stands for {:?}, not for {kind:?}", v.1)),
            None => Err(format!("{name} is not bound on the left side")),
        }
    }

    /// Bits of a value, or of the half that is meant.
    fn width_of(&self, v: Val) -> Result<u32, String> {
        let ty = self.type_of(v.name)?;
        match (registers(ty), v.half) {
            (1, None) => Ok(ty.bits()),
            (2, Some(_)) => Ok(64),
            (1, Some(_)) => Err(format!("{} has no halves", v.name)),
            _ => Err(format!("{} has two registers: say lo({0}) or hi({0})", v.name)),
        }
    }

    fn type_of(&self, name: &str) -> Result<Type, String> {
        self.types.var(name).ok_or_else(|| format!("the type of {name} is not determined"))
    }

    /// Checks an instruction and what it is made of; gives the widths of its results.
    fn inst(&self, i: &MInst) -> Result<Vec<u16>, String> {
        let row = &self.m.rows[resolve(i, self.m)?.register];
        let inputs: Vec<&Operand> = row.operands.iter().filter(|o| !matches!(o, Operand::Def(..))).collect();
        for (n, arg) in i.args.iter().enumerate() {
            let width = inputs.get(n).map(|o| o.width() as u32);
            self.arg(arg, width).map_err(|e| format!("{}: {e}", row.name))?;
        }
        match &i.flags {
            None => {}
            Some(Flags::Cond(c)) => self.bound(c.name, Kind::Cond)?,
            Some(Flags::Before(cc) | Flags::On(cc)) => self.cc(*cc)?,
            Some(Flags::Inst(p, cc)) => {
                self.cc(*cc)?;
                self.inst(p)?;
                if !self.m.rows[resolve(p, self.m)?.register].writes_flags() {
                    return Err(format!("{} gives no flags", self.m.family(p.family).name));
                }
            }
        }
        self.banks(i, row)?;
        // what stands above may be known too
        let written = |n: usize| match (row.operands[n], row.above) {
            (Operand::Def(..), Above::Zero | Above::Sign) => Some(self.m.banks[row.bank(n).0 as usize].bits as u16),
            (Operand::Def(w, _), _) => Some(w),
            _ => None,
        };
        Ok((0..row.operands.len()).filter_map(written).collect())
    }

    fn cc(&self, cc: CcExpr) -> Found {
        match cc {
            CcExpr::Of(v) | CcExpr::Swapped(v) => self.bound(v.0, Kind::Cc),
            CcExpr::Tested(c) => self.bound(c.name, Kind::Cond),
            CcExpr::Is(_) => Ok(()),
        }
    }

    fn arg(&self, arg: &Arg, width: Option<u32>) -> Found {
        match arg {
            Arg::Reg(Reg::Val(v)) => {
                self.bound(v.name, Kind::Value)?;
                fits(v.name, v.read, self.width_of(*v)?, width)
            }
            Arg::Rmi(r) => {
                self.bound(r.name, Kind::Rmi)?;
                fits(r.name, r.read, self.type_of(r.name)?.bits(), width)
            }
            // its trap would be credited to the instruction around it
            Arg::Reg(Reg::Inst(inner)) if inner.args.iter().any(|a| matches!(a, Arg::Addr(_))) => {
                Err(format!("{} accesses memory inside of another instruction", self.m.family(inner.family).name))
            }
            Arg::Reg(Reg::Inst(inner)) => match (&self.inst(inner)?[..], width) {
                ([def], Some(w)) if (*def as u32) < w => Err(format!("reads {w} bits of a result of {def}")),
                ([_], _) => Ok(()),
                (defs, _) => Err(format!("{} gives {} results", self.m.family(inner.family).name, defs.len())),
            },
            Arg::Reg(Reg::Tmp(t)) => match (self.temp(*t)?, width) {
                (def, Some(w)) if (def as u32) < w => Err(format!("reads {w} bits of {t}, which has {def}")),
                _ => Ok(()),
            },
            Arg::Addr(a) if a.more > self.room => {
                Err(format!("the left side does not ask that {} plus {} fits", a.name, a.more))
            }
            Arg::Addr(a) => self.bound(a.name, Kind::Addr),
            Arg::At(t, _) => match self.temp(*t)? {
                64 => Ok(()),
                w => Err(format!("{t} is an address of {w} bits")),
            },
            Arg::Slot(s) => self.bound(s.name, Kind::Imm),
            Arg::Sum(s) => {
                for v in [Some(s.base), s.index.as_ref().map(|i| i.0)].into_iter().flatten() {
                    self.bound(v.name, Kind::Value)?;
                    fits(v.name, v.read, self.width_of(v)?, Some(64))?;
                }
                s.index.iter().map(|i| &i.1).chain([&s.disp]).try_for_each(|k| self.imm(k))
            }
            Arg::Imm(k) => self.imm(k),
        }
    }

    fn imm(&self, k: &ImmExpr) -> Found {
        match k {
            ImmExpr::Const(_) => Ok(()),
            ImmExpr::Var(name) => self.bound(name, Kind::Imm),
            ImmExpr::Fun(_, args) => args.iter().try_for_each(|a| self.bound(a, Kind::Imm)),
        }
    }

    fn address(&self, p: &Place) -> Found {
        self.kinds_agree()?;
        if p.index.is_some() && self.m.address.index.is_none() {
            return Err(format!("addresses of {} have no index", self.m.name));
        }
        for v in p.index.iter().chain(if let Base::Val(v) = &p.base { Some(v) } else { None }) {
            self.bound(v.name, Kind::Value)?;
            if self.width_of(*v)? != 64 && v.promised.is_none() {
                return Err(format!("{} is part of an address but not 64 bits wide", v.name));
            }
        }
        self.imm(&p.scale)?;
        self.imm(&p.disp)
    }
}

/// Are these widths enough for the results' registers?
fn give(defs: &[u16], results: &[u32]) -> Found {
    match defs.iter().zip(results).find(|(d, t)| (**d as u32) < **t) {
        Some((d, t)) => Err(format!("the instruction writes {d} bits of a result of {t}")),
        None if defs.len() < results.len() => Err("the instruction gives too few results".into()),
        None if defs.len() > results.len() => Err("the instruction gives a result, the operation has none".into()),
        None => Ok(()),
    }
}

/// Does an operand of `width` bits read a value of `bits` as it says?
fn fits(name: &str, read: Read, bits: u32, width: Option<u32>) -> Found {
    let Some(width) = width else { return Ok(()) };
    match read {
        Read::Exact if width != bits => Err(format!(
            "{name} has {bits} bits, the operand {width}: say wide({name}) or low({name}) if that is meant"
        )),
        Read::Wide if width < bits => Err(format!("wide({name}) reads {width} of {bits} bits")),
        Read::Low if width > bits => Err(format!("low({name}) reads {width} bits of {bits}")),
        _ => Ok(()),
    }
}

/// The types that an operand of `op` at `ty` may have, among those that the target has registers for.
fn operand_types(op: Opcode, n: usize, ty: Type, among: &[Type]) -> Vec<Type> {
    let operand = op.row().operands[n].ty;
    // both sides of a bitcast have one size; of 128 bits no float is made yet
    let fits = |t: Type| match op {
        Opcode::Bitcast => operand.admits(ty, t) && t.bits() == ty.bits(),
        Opcode::FcvtFromSint | Opcode::FcvtFromUint => operand.admits(ty, t) && t.bits() <= 64,
        _ => operand.admits(ty, t),
    };
    match operand {
        Ty::In(_) | Ty::Narrower | Ty::Wider => among.iter().copied().filter(|&t| fits(t)).collect(),
        _ => operand.of(ty).into_iter().collect(),
    }
}

/// How many operands patterns of an operation have.
fn arity(p: &OpPat) -> usize {
    pattern_operands(p).count()
}
