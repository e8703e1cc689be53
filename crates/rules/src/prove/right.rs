//! The right side: machine instructions by the meanings of their rows. Operands are run first, in order, then what makes
//! the flags, then the instruction itself, as lowering emits them.

use super::effects::{Effect, Recorder};
use super::vars::{self, Case, ROOT_TRAP, RmiForm, all_insts};
use crate::machine::Machine;
use crate::pat::{A, OFF};
use crate::resolve::{resolve, takes_test};
use crate::smt::Smt;
use crate::term::*;
use crate::types::Types;
use std::cell::Cell;
use windlass_desc::bv::Bv;
use windlass_desc::env::{Access, Env};
use windlass_desc::machine::{Above, Bank, Cc, Feature, GENERAL, Input, Operand, Output, Row, SymbolReach};
use windlass_desc::types::Type;

/// A run of the right side.
pub struct Right<'a> {
    types: &'a Types,
    case: &'a Case,
    m: &'a Machine,
    /// What it did.
    pub recorder: Recorder,
    /// One bit: do all immediates survive their encoding?
    pub encodable: Smt,
    /// Results of earlier steps with their banks, and the flags they left.
    temps: Vec<(Tmp, Smt, Bank)>,
    flags: Option<Smt>,
    /// How many bits the registers of the rule's results have that copies keep, in order.
    pub results: Vec<u32>,
    /// The steps' results that are results of the rule, with those bits.
    kept: Vec<(Tmp, u32)>,
    /// How many reads there were.
    reads: Cell<usize>,
}

/// What the operands of an instruction add up to.
#[derive(Default)]
struct Inputs {
    uses: Vec<Smt>,
    addr: Option<(Smt, Access)>,
    imm: Option<Smt>,
    /// The form of the `rmi` among them.
    form: Option<RmiForm>,
}

impl<'a> Right<'a> {
    /// Nothing run yet.
    pub fn new(m: &'a Machine, types: &'a Types, case: &'a Case) -> Right<'a> {
        let (recorder, encodable) = (Recorder::new("machine"), Smt::lit(1, 1));
        let (temps, flags, results, kept, reads) = (vec![], None, vec![], vec![], Cell::new(0));
        Right { m, types, case, recorder, encodable, temps, flags, results, kept, reads }
    }
    /// The machine.
    pub fn machine(&self) -> &'a Machine {
        self.m
    }
    /// Does a rule that asks for the feature `needs`, and for a `near` symbol or not, ask for all that `inst` needs?
    pub fn features(&self, inst: &MInst, needs: Option<Feature>, near: bool) -> Result<(), String> {
        for inst in all_insts(&[inst]) {
            let found = resolve(inst, self.m)?;
            let forms = [Some(found.register), found.memory, found.immediate];
            for row in forms.iter().flatten().map(|&r| &self.m.rows[r]) {
                if let Some(f) = row.feature.filter(|_| row.feature != needs) {
                    let setting = self.m.feature(f).setting;
                    return Err(format!("{} needs {setting}, which the rule does not ask for", row.name));
                }
            }
            let row = &self.m.rows[found.register];
            if row.symbol == SymbolReach::Near && !near {
                return Err(format!("{} reaches near symbols only, which the rule does not ask for", row.name));
            }
        }
        Ok(())
    }
    /// The register of a value, or of the half that is meant.
    pub fn register(&self, v: Val) -> Result<Smt, String> {
        let ty = self.bound(v.name)?;
        Ok(match v.half {
            Some(Half::Upper) => vars::upper(v.name),
            _ => self.read(vars::register(self.m, v.name, ty), self.m.kept(ty), self.m.bank(ty).copied),
        })
    }
    /// What an instruction finds in a register: of what was written there, copies and spills since then may have kept
    /// `kept` bits alone, and left something else above.
    fn read(&self, register: Smt, kept: u32, above: Above) -> Smt {
        let w = register.w();
        if kept >= w {
            return register;
        }
        let n = self.reads.replace(self.reads.get() + 1);
        let copied = Smt::sym(format!("read{n}_copied"), 1);
        let low = register.extract(0, kept);
        let changed = match above {
            Above::Zero => low.zext(w),
            Above::Sign => low.sext(w),
            Above::Kept | Above::Any => Smt::sym(format!("read{n}_above"), w - kept).concat(&low),
        };
        copied.ite(&changed, &register)
    }
    /// An immediate.
    pub fn immediate(&self, k: &ImmExpr) -> Result<Smt, String> {
        let var = |name: &'static str| {
            // an alternative of `amode` has the offset without a pattern for it
            if name != OFF.name {
                self.bound(name)?;
            }
            Ok(vars::immediate(name))
        };
        match k {
            ImmExpr::Var(name) => var(name),
            ImmExpr::Const(n) => Ok(Smt::lit(64, *n as u64 as u128)),
            ImmExpr::Fun(f, args) => {
                let args: Vec<Smt> = args.iter().map(|a| var(a)).collect::<Result<_, String>>()?;
                Ok((f.smt)(&args))
            }
        }
    }
    /// Reads memory of `bits` bits at an address.
    pub fn load(&mut self, a: Addr, bits: u32) -> Result<Smt, String> {
        self.bound(a.name)?;
        Ok(self.recorder.load(&vars::address(a.name), bits, vars::access(self.m, a.name, self.types)))
    }
    /// Runs what a test needs; gives whether its condition holds, one bit.
    pub fn test(&mut self, t: &Test) -> Result<Smt, String> {
        self.steps(&t.producer)?;
        let cc = self.cc(t.cc)?;
        let mut state = vec![];
        for r in &t.on {
            state.push(match r {
                Reg::Val(v) => self.register(*v)?,
                Reg::Tmp(t) => self.temp(*t)?,
                Reg::Inst(_) => return Err("a test is asked of values and of steps' results".into()),
            });
        }
        if t.on.len() == 1 {
            state.push(Smt::lit(state[0].w(), 0));
        }
        if state.is_empty() {
            state.push(self.flags.clone().ok_or("what makes the flags of a condition makes none")?);
        }
        Ok((self.m.holds)(cc, &state))
    }
    /// Runs steps one after the other; gives the registers of the results.
    pub fn steps(&mut self, seq: &Seq) -> Result<Vec<Smt>, String> {
        let tmps = seq.results.iter().zip(&self.results);
        self.kept = tmps.filter_map(|(r, &kept)| if let Reg::Tmp(t) = r { Some((*t, kept)) } else { None }).collect();
        if let Some(c) = seq.test {
            self.recorder.effects.push(Effect::Opaque(c.name));
        }
        for step in &seq.steps {
            let out = self.run(&step.inst)?;
            if out.defs.len() < step.defs.len() {
                return Err(format!("{} gives too few results", self.m.family(step.inst.family).name));
            }
            let row = &self.m.rows[resolve(&step.inst, self.m)?.register];
            let named = step.defs.iter().zip(out.defs).zip(defs(row));
            self.temps.extend(named.map(|((&t, register), bank)| (t, register, bank)));
        }
        let result = |r: &Reg| match r {
            Reg::Tmp(t) => self.temp(*t),
            Reg::Val(v) => self.register(*v),
            Reg::Inst(_) => Err("a result is a step's or a value".into()),
        };
        seq.results.iter().map(result).collect()
    }
    fn temp(&self, t: Tmp) -> Result<Smt, String> {
        let found = self.temps.iter().find(|x| x.0 == t);
        let (_, register, bank) = found.ok_or_else(|| format!("{t} is not set before it is read"))?;
        let kept = self.kept.iter().find(|k| k.0 == t).map_or(vars::INTERMEDIATE, |k| k.1);
        Ok(self.read(register.clone(), kept, self.m.banks[bank.0 as usize].copied))
    }
    /// Runs an instruction.
    pub fn run(&mut self, inst: &MInst) -> Result<Output<Smt>, String> {
        let resolved = resolve(inst, self.m)?;
        let mut inputs = Inputs::default();
        for a in &inst.args {
            self.input(a, &mut inputs)?;
        }
        let index = match inputs.form {
            None | Some(RmiForm::Register) => Some(self.asking(inst, &resolved.asking).unwrap_or(resolved.register)),
            Some(RmiForm::Memory) => resolved.memory,
            Some(RmiForm::Immediate) => resolved.immediate,
        };
        let row = &self.m.rows[index.ok_or("no row takes the operand in this form")?];
        if let Some(why) = self.m.family(row.family).no_meaning {
            return Err(format!("{} has no meaning: {why}", row.name));
        }
        let mut holds = None;
        let (flags, cc) = match &inst.flags {
            None => (None, Cc(0)),
            Some(Flags::Inst(producer, cc)) => {
                let (flags, cc) = self.flags_of(producer, *cc)?;
                (Some(flags), cc)
            }
            Some(Flags::Before(CcExpr::Tested(c))) => {
                holds = Some(tested(c));
                (None, Cc(0))
            }
            Some(Flags::Before(cc)) => {
                let flags = self.flags.clone().ok_or("no step before makes flags")?;
                (Some(flags), self.cc(*cc)?)
            }
            Some(Flags::On(cc)) => (None, self.cc(*cc)?),
            Some(Flags::Cond(c)) => {
                self.recorder.effects.push(Effect::Opaque(c.name));
                holds = Some(tested(c));
                (None, Cc(0))
            }
        };
        let imm = inputs.imm.unwrap_or(Smt::lit(64, 0));
        self.encodable = self.encodable.and(&row.imm.takes(row.width.into(), &imm));
        let (addr, access) = inputs.addr.map_or((None, Access::PLAIN), |(a, access)| (Some(a), access));
        let input =
            Input { uses: inputs.uses, addr, imm, flags, cc, holds, code: inst.code.unwrap_or(ROOT_TRAP), access };
        let out = (self.m.simulate)(row, &mut self.recorder, &input);
        // whatever writes flags, nested or not, is what a later step would see
        if row.writes_flags() {
            self.flags = out.flags.clone();
        }
        Ok(out)
    }
    fn input(&mut self, arg: &Arg, out: &mut Inputs) -> Result<(), String> {
        match arg {
            Arg::Reg(Reg::Val(v)) => out.uses.push(self.register(*v)?),
            Arg::Reg(Reg::Tmp(t)) => out.uses.push(self.temp(*t)?),
            Arg::Reg(Reg::Inst(i)) => {
                let result = self.run(i)?.defs.first().cloned();
                let result = result.ok_or_else(|| format!("{} has no result", self.m.family(i.family).name))?;
                let bank = defs(&self.m.rows[resolve(i, self.m)?.register]).next().unwrap_or(GENERAL);
                out.uses.push(self.read(result, vars::INTERMEDIATE, self.m.banks[bank.0 as usize].copied));
            }
            Arg::Imm(k) => out.imm = Some(self.immediate(k)?),
            Arg::Addr(a) => {
                self.bound(a.name)?;
                let further = Smt::lit(64, a.more as u64 as u128);
                out.addr = Some((vars::address(a.name).add(&further), vars::access(self.m, a.name, self.types)));
            }
            Arg::At(t, disp) => {
                // what is accessed there is the memory of the pattern's address, or none for an address alone
                let access = self
                    .types
                    .names()
                    .find(|n| *n == A.name)
                    .map_or(Access::PLAIN, |a| vars::access(self.m, a, self.types));
                out.addr = Some((self.temp(*t)?.add(&Smt::lit(64, *disp as u64 as u128)), access));
            }
            // the place of the slot, which is what `stack_addr` gives
            Arg::Slot(s) => out.addr = Some((self.immediate(&(*s).into())?, Access::PLAIN)),
            Arg::Sum(s) => {
                let (index, scale) = match &s.index {
                    Some((y, k)) => (self.register(*y)?, self.immediate(k)?),
                    None => (Smt::lit(64, 0), Smt::lit(64, 0)),
                };
                let disp = self.immediate(&s.disp)?;
                self.encodable = self.encodable.and(&addressable(self.m, &scale, &disp));
                out.addr = Some((self.register(s.base)?.add(&index.shl(&scale)).add(&disp), Access::PLAIN));
            }
            Arg::Rmi(r) => {
                let form = self.case.operand(r.name)?;
                out.form = Some(form);
                match form {
                    RmiForm::Register => out.uses.push(self.register(Val::new(r.name))?),
                    RmiForm::Memory => {
                        out.addr = Some((vars::address(r.name), vars::access(self.m, r.name, self.types)))
                    }
                    RmiForm::Immediate => out.imm = Some(vars::immediate(r.name)),
                }
            }
        }
        Ok(())
    }
    fn cc(&self, cc: CcExpr) -> Result<Cc, String> {
        Ok(match cc {
            CcExpr::Is(cc) => cc,
            CcExpr::Of(v) => (self.m.condition_of)(self.case.condition(v.0)?),
            CcExpr::Swapped(v) => (self.m.condition_of)(self.case.condition(v.0)?.swap_args()),
            CcExpr::Tested(_) => return Err("a matched test's condition is asked by itself".into()),
        })
    }
    /// The row of an instruction that asks for a matched test, in the case's shape.
    fn asking(&self, inst: &MInst, asking: &[(windlass_desc::machine::Shape, usize)]) -> Option<usize> {
        let c = match &inst.flags {
            Some(Flags::Cond(c) | Flags::Before(CcExpr::Tested(c))) if takes_test(inst) => c,
            _ => return None,
        };
        let shape = self.case.shape(c.name)?;
        asking.iter().find(|a| a.0 == shape).map(|a| a.1)
    }
    fn flags_of(&mut self, producer: &MInst, cc: CcExpr) -> Result<(Smt, Cc), String> {
        let cc = self.cc(cc)?;
        let flags = self.run(producer)?.flags;
        Ok((flags.ok_or_else(|| format!("{} leaves the flags alone", self.m.family(producer.family).name))?, cc))
    }
    /// The type of a variable, which the left side must bind.
    fn bound(&self, name: &str) -> Result<Type, String> {
        self.types.var(name).ok_or_else(|| format!("`{name}` is not bound on the left"))
    }
}

/// The banks of a row's results.
fn defs(row: &Row) -> impl Iterator<Item = Bank> {
    (0..row.operands.len()).filter(|&n| matches!(row.operands[n], Operand::Def(..))).map(|n| row.bank(n))
}

/// One bit: does a matched test hold?
fn tested(c: &Cond) -> Smt {
    let holds = vars::holds(c.name);
    if c.negated { holds.not() } else { holds }
}

/// One bit: can a memory operand have this scale and displacement?
pub fn addressable(m: &Machine, scale: &Smt, disp: &Smt) -> Smt {
    let most = m.address.index.unwrap_or(0);
    scale.ult(&Smt::lit(64, most as u128 + 1)).and(&m.address.displacement.takes(64, disp))
}
