//! The left side: a pattern's operations by their meanings. Gathers what the pattern assumes of its variables.

use super::Statement;
use super::effects::{Effect, Recorder, describe, same_effects, terms, trapped};
use super::vars::{self, Case, RmiForm};
use crate::pat::OFF;
use crate::smt::Smt;
use crate::term::*;
use crate::types::{Path, Types};
use windlass_desc::bv::Bv;
use windlass_desc::env::{Access, Env};
use windlass_desc::machine::{Above, Imm};
use windlass_desc::ops::{Format, meaning};
use windlass_desc::types::Type;

/// The offsets of memory operations.
const OFFSET: Imm = Imm::Signed(32);

/// One bit: is the upper half of a register so?
pub fn upper_half(reg: &Smt, above: Above) -> Smt {
    match above {
        Above::Zero => reg.extract(32, 32).is_zero(),
        Above::Sign => reg.extract(0, 32).sext(64).eq(reg),
        Above::Kept | Above::Any => Smt::lit(1, 1),
    }
}

/// A run of the left side.
pub struct Left<'a> {
    set: &'a RuleSet,
    types: &'a Types,
    case: &'a Case,
    path: Path,
    recorder: Recorder,
    assumptions: Vec<Smt>,
    /// Labelled terms to show in a counterexample.
    shown: Vec<(String, Smt)>,
    /// Variables that the pattern may have only once.
    once: Vec<&'static str>,
}

impl<'a> Left<'a> {
    /// Nothing run yet.
    pub fn new(set: &'a RuleSet, types: &'a Types, case: &'a Case) -> Left<'a> {
        let recorder = Recorder::new("ir");
        Left { set, types, case, path: vec![], recorder, assumptions: vec![], shown: vec![], once: vec![] }
    }
    /// Runs a rule's pattern; gives its results.
    pub fn root(&mut self, p: &OpPat) -> Result<Vec<Smt>, String> {
        self.operation(p)
    }
    /// Runs a pattern that matches a value; gives the value.
    pub fn value(&mut self, pat: &Pat) -> Result<Smt, String> {
        match pat {
            Pat::Op(p) => self.operation(p)?.pop().ok_or_else(|| format!("{} has no result", p.op.row().name)),
            Pat::Val(v) => {
                let reg = vars::register(&self.set.machine, v.name, self.ty()?);
                self.show(&format!("{} (register)", v.name), &reg);
                if let Some(above) = v.promised {
                    self.assumptions.push(upper_half(&reg, above));
                }
                if registers(self.ty()?) == 2 {
                    let upper = vars::upper(v.name);
                    self.show(&format!("{} (upper half)", v.name), &upper);
                    return Ok(upper.concat(&reg));
                }
                Ok(reg.extract(0, self.bits()?))
            }
            Pat::Rmi(r) => {
                self.once(r.name)?;
                self.rmi(r)
            }
            Pat::Cond(c) => {
                self.once(c.name)?;
                // where any type will do, one bit tells whether the value is 0
                let w = self.types.node(&self.path).map_or(1, |t| t.value.bits());
                let value = vars::tested(c.name, w);
                self.show(c.name, &value);
                self.recorder.effects.push(Effect::Opaque(c.name));
                self.assumptions.push(vars::holds(c.name).eq(&value.is_zero().not()));
                Ok(value)
            }
        }
    }
    /// Assumes the tests of several immediates.
    pub fn guards(&mut self, guards: &[Guard]) -> Result<(), String> {
        for g in guards {
            let args: Vec<Smt> = g.args.iter().map(|a| vars::immediate(a)).collect();
            if let Some(a) = g.args.iter().find(|a| self.types.var(a).is_none() && **a != OFF.name) {
                return Err(format!("the test {} takes `{a}`, which is not bound on the left", g.test.name));
            }
            self.assumptions.push((g.test.smt)(&args));
        }
        Ok(())
    }
    /// The offset of the memory operation whose base an alternative of `amode` matches: 32 bits, signed.
    pub fn offset(&mut self) -> Smt {
        let off = vars::immediate(OFF.name);
        self.show(OFF.name, &off);
        self.assumptions.push(OFFSET.takes(64, &off));
        off
    }
    /// One bit: did it trap? Then its results have no consequence.
    pub fn trapped(&self) -> Smt {
        trapped(&self.recorder)
    }
    /// The statement: `goal`, and the effects of `right` if they are given.
    pub fn state(self, goal: Smt, right: Option<&Recorder>, shown: Vec<(String, Smt)>) -> Statement {
        let goal = right.map_or(goal.clone(), |r| goal.and(&same_effects(&self.recorder, r)));
        let effects = right.and_then(|r| describe(&self.recorder, r));
        let mut shown: Vec<_> = self.shown.into_iter().chain(shown).collect();
        if let Some(right) = right {
            shown.extend(terms("left", &self.recorder).chain(terms("right", right)));
        }
        Statement { assumptions: self.assumptions, goal, choices: self.recorder.choices, shown, effects }
    }
    /// Only values and addresses are tested for being equal where they stand twice.
    fn once(&mut self, name: &'static str) -> Result<(), String> {
        if self.once.contains(&name) {
            return Err(format!("`{name}` stands twice on the left, which only a value or an address can"));
        }
        self.once.push(name);
        Ok(())
    }
    fn show(&mut self, label: &str, t: &Smt) {
        if self.shown.iter().all(|s| s.0 != label) {
            self.shown.push((label.to_string(), t.clone()));
        }
    }
    /// The type of the value at the present place.
    fn ty(&self) -> Result<Type, String> {
        Ok(self.types.node(&self.path).ok_or("a value's type is not known")?.value)
    }
    /// Bits of the value at the present place.
    fn bits(&self) -> Result<u32, String> {
        let ty = self.ty()?;
        match ty.bits() {
            w @ 1..=64 => Ok(w),
            _ => Err(format!("values of type {ty} in one register are not proved yet")),
        }
    }
    fn rmi(&mut self, r: &Rmi) -> Result<Smt, String> {
        let name = r.name;
        let bits = self.bits()?;
        let value = match self.case.operand(name)? {
            RmiForm::Register => {
                let reg = vars::register(&self.set.machine, name, self.ty()?);
                self.show(&format!("{name} (register)"), &reg);
                reg.extract(0, bits)
            }
            RmiForm::Memory => {
                let addr = vars::address(name);
                self.show(&format!("address of {name}"), &addr);
                self.recorder.load(&addr, bits, vars::access(&self.set.machine, name, self.types))
            }
            RmiForm::Immediate => {
                let k = vars::immediate(name);
                if !self.ty()?.is_float() {
                    self.assumptions.push(self.set.immediates(r.of).takes(64, &k));
                    self.assumptions.push(k.extract(0, bits).sext(64).eq(&k));
                }
                k.extract(0, bits)
            }
        };
        self.show(name, &value);
        Ok(value)
    }
    fn operation(&mut self, p: &OpPat) -> Result<Vec<Smt>, String> {
        let row = p.op.row();
        let mut imms = vars::immediates(p, self.types, &self.path)?;
        let mut args = vec![];
        for (i, arg) in p.args.iter().enumerate() {
            self.path.push(i);
            args.push(self.value(arg)?);
            self.path.pop();
        }
        if let Some(cc) = p.cc {
            self.once(cc.0)?;
            imms.cc = self.case.condition(cc.0)?;
        }
        if let Some(cc) = p.fcc {
            imms.fcc = cc;
        }
        if let Some(k) = p.imm {
            self.once(k.name)?;
            imms.imm = vars::immediate(k.name);
            self.show(k.name, &imms.imm);
            self.assumptions.extend(k.test.map(|t| (t.smt)(std::slice::from_ref(&imms.imm))));
            if row.format == Format::UnaryImm {
                let w = imms.ty.bits();
                self.assumptions.push(imms.imm.extract(0, w).sext(64).eq(&imms.imm));
            }
        }
        if let Some(a) = p.addr {
            let at = row.operands.iter().position(|o| o.name == "p").ok_or("an address that the operation lacks")?;
            args.insert(at, vars::base(a.name));
            imms.imm = vars::offset_of(a.name);
            let native = vars::access(&self.set.machine, a.name, self.types);
            imms.access = Access { big_endian: native.big_endian != a.swapped, ..native };
            self.show(&format!("address {}", a.name), &vars::address(a.name));
            self.assumptions.push(OFFSET.takes(64, &imms.imm));
            if a.more != 0 {
                self.assumptions.push(OFFSET.takes(64, &imms.imm.add(&Smt::lit(64, a.more as u64 as u128))));
            }
        }
        Ok(meaning(p.op, &mut self.recorder, &imms, &args))
    }
}
