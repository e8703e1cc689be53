//! Prints right sides: the calls that put a rule's instructions into the function. The compiler lowers backward, so the
//! last instruction is printed first: consumer, then what makes its flags, then what makes its other operands.

use super::pattern::{Bound, Steps};
use super::{Result, pattern};
use crate::machine::Machine;
use crate::resolve::{Resolved, resolve, takes_symbol, takes_test, tested_registers};
use crate::term::*;
use std::fmt::Write;
use windlass_desc::machine::{MemMode, Operand, Row, Shape};
use windlass_desc::types::Type;

/// No row: that form does not exist.
const NO_ROW: &str = "NO_ROW";

/// The function that emits rule `n`.
pub fn rule(n: usize, rule: &Rule, m: &Machine, out: &mut String) -> Result<()> {
    let steps = pattern::of_rule(rule)?;
    let _ = writeln!(out, "// {}", super::place(rule.at));
    let _ = writeln!(out, "fn emit_{n}(c: &mut Lower<'_>, i: Inst, m: &Match) {{");
    let effect = !rule.lhs.op.row().effects.is_pure();
    let mut body = Body { names: Names::of(&steps), m, temps: 0, for_root: true, effect, text: String::new() };
    match &rule.rhs {
        // lowering follows names, so nothing ever asks for this
        Rhs::Same(_) => {}
        Rhs::Inst(inst) => body.inst(inst, &["c.result(i, 0, 0)".into()], true)?,
        Rhs::Seq(seq) => {
            let results = rule.result_registers();
            let is = |t: Tmp| move |r: &(&Reg, &(usize, usize))| matches!(r.0, Reg::Tmp(u) if *u == t);
            let place = |t| seq.results.iter().zip(&results).find(is(t)).map(|(_, at)| at);
            body.seq(seq, |t| place(t).map(|(n, half)| format!("c.result(i, {n}, {half})")))?;
        }
    }
    out.push_str(&body.text);
    let _ = writeln!(out, "}}\n");
    Ok(())
}

/// The functions of alternative `n` of a nonterminal that gives tests: which registers the condition is asked of, and
/// what makes them or the flags.
pub fn test(n: usize, r: &Alternative, t: &Test, m: &Machine, out: &mut String) -> Result<()> {
    let steps = pattern::of_condition(&r.pat, r.ty)?;
    let mut body = Body { names: Names::of(&steps), m, temps: 0, for_root: false, effect: false, text: String::new() };
    if !t.on.is_empty() {
        let _ = writeln!(out, "fn on_{n}(c: &mut Lower<'_>, m: &Match) -> [VReg; 2] {{");
        let mut registers: Vec<String> = vec![];
        for r in &t.on {
            registers.push(match r {
                Reg::Val(v) => {
                    format!("c.part(({}, {}))", body.names.value(v.name)?, (v.half == Some(Half::Upper)) as u8)
                }
                _ => "c.temp()".into(),
            });
        }
        registers.resize(2, "VReg(NONE)".into());
        let _ = writeln!(out, "    [{}]\n}}\n", registers.join(", "));
    }
    let _ = writeln!(out, "// {}", super::place(r.at));
    let _ = writeln!(out, "fn test_{n}(c: &mut Lower<'_>, i: Inst, m: &Match, on: &[VReg; 2]) {{");
    let place = |tmp: Tmp| t.on.iter().position(|r| matches!(r, Reg::Tmp(x) if *x == tmp));
    body.seq(&t.producer, |tmp| place(tmp).map(|n| format!("on[{n}]")))?;
    out.push_str(&body.text);
    let _ = writeln!(out, "}}\n");
    Ok(())
}

/// The name of a step's result in the printed function, apart from all that the printer names itself.
fn local(t: Tmp) -> String {
    format!("step_{t}")
}

/// A new register for the `n`-th result of a row.
fn temp(row: &Row, n: usize) -> String {
    let mut defs = (0..row.operands.len()).filter(|&i| matches!(row.operands[i], Operand::Def(..)));
    format!("c.temp_in({})", defs.nth(n).map_or(0, |i| row.bank(i).0))
}

/// A new register for the result of an instruction.
fn temp_of(inst: &MInst, m: &Machine) -> Result<String> {
    Ok(temp(&m.rows[resolve(inst, m)?.register], 0))
}

/// How a rule's variables are reached in the match that `select` gave.
struct Names {
    vars: Vec<(&'static str, Bound)>,
    types: Vec<(&'static str, Option<Type>)>,
    sunk: Vec<String>,
}

impl Names {
    /// The order of the parts is that of [`Steps::found`].
    fn of(steps: &Steps) -> Names {
        let (mut values, mut imms, mut insts) = (0, 0, 0);
        let next = |of: &mut i32, field: &str| {
            *of += 1;
            format!("m.{field}[{}]", *of - 1)
        };
        let mut vars = vec![];
        let mut places = vec![];
        for (name, b) in &steps.vars {
            let to = match b {
                Bound::Value(_) => Bound::Value(next(&mut values, "values")),
                Bound::Cond(_) => Bound::Cond(next(&mut values, "values")),
                Bound::Rmi(..) => Bound::Rmi(next(&mut values, "values"), "m.sink".into()),
                Bound::Imm(_) => Bound::Imm(next(&mut imms, "imms")),
                Bound::Cc(_) => Bound::Cc(format!("int_cc({})", next(&mut imms, "imms"))),
                Bound::Addr(i) | Bound::Symbol(i) => {
                    let at = next(&mut insts, "insts");
                    places.push((i.clone(), at.clone()));
                    if matches!(b, Bound::Addr(_)) { Bound::Addr(at) } else { Bound::Symbol(at) }
                }
            };
            vars.push((*name, to));
        }
        let mut sunk = vec![];
        for s in &steps.sunk {
            match places.iter().find(|p| p.0 == *s) {
                Some(p) => sunk.push(p.1.clone()),
                None => sunk.push(next(&mut insts, "insts")),
            }
        }
        Names { vars, types: steps.types.clone(), sunk }
    }

    fn get(&self, name: &str) -> Result<&Bound> {
        self.vars.iter().find(|v| v.0 == name).map(|v| &v.1).ok_or_else(|| format!("{name} is not bound on the left"))
    }

    fn value(&self, name: &str) -> Result<String> {
        match self.get(name)? {
            Bound::Value(v) => Ok(v.clone()),
            _ => Err(format!("{name} is no value")),
        }
    }

    fn imm(&self, k: &ImmExpr) -> Result<String> {
        let var = |name: &str| match self.get(name) {
            Ok(Bound::Imm(k)) => Ok(k.clone()),
            Ok(Bound::Symbol(i)) => Ok(format!("c.symbol({i})")),
            Err(_) if name == "off" => Ok("off".into()),
            Ok(_) => Err(format!("{name} is no immediate")),
            Err(e) => Err(e),
        };
        match k {
            ImmExpr::Var(name) => var(name),
            ImmExpr::Const(k) => Ok(k.to_string()),
            ImmExpr::Fun(f, args) => {
                let args: Result<Vec<String>> = args.iter().map(|a| Ok(format!("&n({})", var(a)?))).collect();
                Ok(format!("value(imm::{}({}))", f.name, args?.join(", ")))
            }
        }
    }

    fn cc(&self, cc: CcExpr) -> Result<String> {
        let var = |cv: Cv| match self.get(cv.0)? {
            Bound::Cc(text) => Ok(text.clone()),
            _ => Err(format!("{} is no condition", cv.0)),
        };
        Ok(match cc {
            CcExpr::Is(cc) => format!("{}", cc.0),
            CcExpr::Of(cv) => format!("OF_INT[{} as usize]", var(cv)?),
            CcExpr::Swapped(cv) => format!("OF_INT[{}.swap_args() as usize]", var(cv)?),
            CcExpr::Tested(k) => tested(k),
        })
    }

    /// The nonterminal called for a variable read at `width` bits by a row that has a form for memory and one for immediates or not.
    fn rmi(&self, r: Rmi, width: u16, has_mem: bool, has_imm: bool) -> Result<String> {
        let Bound::Rmi(v, sink) = self.get(r.name)? else { return Err(format!("{} is no operand", r.name)) };
        let ty = self.types.iter().find(|t| t.0 == r.name).and_then(|t| t.1);
        // a load is as wide as its type: an operand that reads more must have it in a register
        let fits = has_mem && ty.is_some_and(|t| t.bits() == width as u32);
        Ok(format!("{}(c, {v}, i, {}, {has_imm})", r.of, if fits { sink } else { "false" }))
    }
}

/// The condition of the test `f`, or its opposite.
fn tested(k: Cond) -> String {
    if k.negated { "NEGATED[f.cc as usize]".into() } else { "f.cc".into() }
}

/// Shapes as the matchers know them: a bit each.
pub fn mask(shapes: impl IntoIterator<Item = Shape>) -> u8 {
    shapes.into_iter().fold(0, |bits, s| bits | 1 << s as u8)
}

/// Does a row trap or touch memory?
fn has_effect(row: &Row) -> bool {
    row.mem != MemMode::None || row.traps
}

struct Body<'a> {
    names: Names,
    m: &'a Machine,
    temps: usize,
    /// The instructions stand for the root: they trap as it does, and have its effect.
    for_root: bool,
    /// The root has an effect, be it one that never happens.
    effect: bool,
    text: String,
}

impl Body<'_> {
    fn line(&mut self, text: String) {
        let _ = writeln!(self.text, "    {text};");
    }

    /// Steps, the last first. What traps or touches memory stands for the root. `given` tells where results of steps go
    /// that somebody else knows of.
    fn seq(&mut self, seq: &Seq, given: impl Fn(Tmp) -> Option<String>) -> Result<()> {
        let mut defs = vec![];
        for step in &seq.steps {
            let row = &self.m.rows[resolve(&step.inst, self.m)?.register];
            defs.extend(step.defs.iter().enumerate().map(|(n, &t)| (t, temp(row, n))));
        }
        for (t, temp) in defs {
            let reg = given(t).unwrap_or(temp);
            self.line(format!("let {} = {reg}", local(t)));
        }
        if let Some(k) = seq.test {
            let mut shapes: Vec<Shape> = Shape::ALL.into();
            for step in seq.steps.iter().filter(|s| takes_test(&s.inst)) {
                let asking = resolve(&step.inst, self.m)?.asking;
                shapes.retain(|s| asking.iter().any(|a| a.0 == *s));
            }
            self.tested(k, &shapes)?;
        }
        let mut missing = self.effect;
        for step in &seq.steps {
            let row = &self.m.rows[resolve(&step.inst, self.m)?.register];
            missing &= !has_effect(row);
        }
        for step in seq.steps.iter().rev() {
            let row = &self.m.rows[resolve(&step.inst, self.m)?.register];
            // the last step stands for an effect that none has: a trap that never happens
            let effect = has_effect(row) || std::mem::take(&mut missing);
            let defs: Vec<String> = step.defs.iter().map(|&t| local(t)).collect();
            self.inst(&step.inst, &defs, effect)?;
        }
        if seq.test.is_some() {
            self.line("make_test(c, i, &f, &on)".into());
        }
        Ok(())
    }

    /// Names the test that the nonterminal gives in one of these shapes, and the registers that it is asked of.
    fn tested(&mut self, k: Cond, shapes: &[Shape]) -> Result<()> {
        let Bound::Cond(v) = self.names.get(k.name)?.clone() else {
            return Err(format!("{} is no condition", k.name));
        };
        let mask = mask(shapes.iter().copied());
        self.line(format!("let f = test_of(c, {v}, i, {mask:#x}, {})", k.negated));
        self.line("let on = registers_of(c, &f)".into());
        Ok(())
    }

    /// Begins an instruction whose row is `reg`, or for a matched test the one for the test's shape.
    fn start(&mut self, reg: usize, asking: &[(Shape, usize)]) {
        let name = |r: usize| self.m.rows[r].constant();
        if asking.iter().all(|a| a.1 == reg) {
            return self.line(format!("c.start({})", name(reg)));
        }
        let arms: String = asking.iter().map(|&(s, r)| format!("{} => {}, ", s as u8, name(r))).collect();
        self.line(format!("c.start(match f.shape {{ {arms}_ => NO_ROW }})"));
    }

    /// An instruction whose results go to the registers that `dests` give; `root` if it stands for the rule's root.
    fn inst(&mut self, inst: &MInst, dests: &[String], root: bool) -> Result<()> {
        let Resolved { register: reg, memory: mem, immediate: imm, asking } = resolve(inst, self.m)?;
        let row = &self.m.rows[reg];
        let mut nested = vec![];
        let rmi = self.rmi_of(inst, row, mem.is_some(), imm.is_some())?;
        if let Some(text) = &rmi {
            self.line(format!("let r = {text}"));
        }
        let defs = row.operands.iter().filter(|o| matches!(o, Operand::Def(..))).count();
        if !dests.is_empty() && defs > dests.len() {
            return Err(format!("{} has results that nothing takes", row.name));
        }
        for (n, dest) in dests.iter().enumerate().take(defs) {
            self.line(format!("let d{n} = {dest}"));
        }
        if let Some(Flags::Cond(k)) = inst.flags {
            self.tested(k, &asking.iter().map(|a| a.0).collect::<Vec<_>>())?;
        }
        self.start(reg, &asking);
        if root {
            // in backward order: what is sunk happens before the root's own effect
            if self.for_root {
                self.line("c.stands_for(i)".into());
            }
            if let Some(code) = inst.code {
                self.line(format!("c.traps_with({})", code.as_raw()));
            }
            for sunk in self.names.sunk.clone() {
                self.line(format!("c.sink({sunk})"));
            }
        }
        self.operands(inst, row, !dests.is_empty(), &mut nested)?;
        if rmi.is_some() {
            let name = |r: Option<usize>| r.map_or(NO_ROW.into(), |r| self.m.rows[r].constant());
            let whole = imm.is_some_and(|r| self.m.rows[r].whole_payload);
            let (mem, imm) = (name(mem), name(imm));
            self.line(format!("use_operand(c, &r, {mem}, {imm}, {whole})"));
        }
        if takes_test(inst) && asking.iter().any(|a| a.0.registers() > 0) {
            self.line("c.use_test(&f, &on)".into());
        }
        self.condition(inst)?;
        self.line("c.end()".into());
        match &inst.flags {
            Some(Flags::Inst(p, _)) => self.inst(p, &[], false)?,
            Some(Flags::Cond(_)) => self.line("make_test(c, i, &f, &on)".into()),
            Some(Flags::Before(_) | Flags::On(_)) | None => {}
        }
        for (temp, inst) in nested.into_iter().rev() {
            self.inst(&inst, &[temp], false)?;
        }
        Ok(())
    }

    fn rmi_of(&self, inst: &MInst, row: &Row, has_mem: bool, has_imm: bool) -> Result<Option<String>> {
        let Some(Arg::Rmi(r)) = inst.args.last() else { return Ok(None) };
        let width = row.operands.last().map_or(0, |o| o.width());
        self.names.rmi(*r, width, has_mem, has_imm).map(Some)
    }

    /// The operands in the order of the pool span; an `rmi` operand comes later, an immediate into the payload.
    fn operands(&mut self, inst: &MInst, row: &Row, defines: bool, nested: &mut Vec<(String, MInst)>) -> Result<()> {
        let mut args = inst.args.iter();
        let mut results = 0;
        // what a matched test brings comes last
        let tested = if takes_test(inst) { tested_registers(row) } else { 0 };
        for o in &row.operands[..row.operands.len() - tested] {
            if let Operand::Def(..) = o {
                if !defines {
                    return Err(format!("{} has a result that nothing takes", row.name));
                }
                self.line(format!("c.operand(d{results})"));
                results += 1;
                continue;
            }
            match args.next() {
                Some(Arg::Reg(Reg::Val(v))) => {
                    let name = self.names.value(v.name)?;
                    let upper = v.half == Some(Half::Upper);
                    self.line(if upper { format!("c.use_upper({name})") } else { format!("c.use_val({name})") });
                }
                Some(Arg::Reg(Reg::Inst(inner))) => {
                    self.temps += 1;
                    let temp = format!("t{}", self.temps);
                    let made = temp_of(inner, self.m)?;
                    self.line(format!("let {temp} = {made}"));
                    self.line(format!("c.operand({temp})"));
                    nested.push((temp, (**inner).clone()));
                }
                Some(Arg::Reg(Reg::Tmp(t))) => self.line(format!("c.operand({})", local(*t))),
                Some(Arg::Addr(a)) => {
                    let Bound::Addr(at) = self.names.get(a.name)?.clone() else {
                        return Err(format!("{} is no address", a.name));
                    };
                    self.line(format!("let a = amode_of(c, {at}, {})", a.more));
                    self.line("c.use_mem(&a)".into());
                }
                Some(Arg::At(t, disp)) => self.line(format!("c.use_mem_at({}, {disp})", local(*t))),
                Some(Arg::Slot(s)) => {
                    let Bound::Symbol(at) = self.names.get(s.name)?.clone() else {
                        return Err(format!("{} is no slot", s.name));
                    };
                    self.line(format!("c.use_mem(&Amode::slot(c.slot_disp({at}, 0).unwrap_or(0)))"));
                }
                Some(Arg::Sum(s)) => {
                    let index =
                        s.index.as_ref().map(|(y, k)| Ok::<_, String>((self.names.value(y.name)?, self.names.imm(k)?)));
                    let (index, scale) = match index.transpose()? {
                        Some((y, k)) => (format!("Some({y})"), k),
                        None => ("None".into(), "0".into()),
                    };
                    let (base, disp) = (self.names.value(s.base.name)?, self.names.imm(&s.disp)?);
                    self.line(format!("let a = Amode::new(Some({base}), {index}, {scale}, {disp})"));
                    self.line("c.use_mem(&a)".into());
                }
                Some(Arg::Rmi(_)) => {}
                Some(Arg::Imm(_)) | None => return Err("resolve gives a row for these operands".into()),
            }
        }
        if let (Some(Arg::Imm(k)), true) = (args.next(), row.imm.is_input() || takes_symbol(row)) {
            let k = self.names.imm(k)?;
            self.line(format!("let k = {k}"));
            self.line(if row.whole_payload { "c.set_payload(k)".into() } else { "c.set_imm(k)".into() });
        }
        Ok(())
    }

    /// Sets the condition of an instruction that asks for one.
    fn condition(&mut self, inst: &MInst) -> Result<()> {
        let cc = match &inst.flags {
            None => return Ok(()),
            Some(Flags::Inst(_, cc) | Flags::Before(cc) | Flags::On(cc)) => self.names.cc(*cc)?,
            Some(Flags::Cond(k)) => tested(*k),
        };
        self.line(format!("c.set_cc({cc})"));
        Ok(())
    }
}

/// The expression that ends an alternative that gives an address.
pub fn address(p: &Place, steps: &mut Steps) -> String {
    let names = Names { vars: steps.vars.clone(), types: vec![], sunk: vec![] };
    let imm = |k| names.imm(k).unwrap_or_else(|e| unreachable!("check: {e}"));
    match &p.base {
        Base::Slot(_) => {
            steps.steps.push(pattern::Step::If("c.slot_disp(i0, off).is_some()".into()));
            "return Amode::slot(c.slot_disp(i0, off).unwrap_or(0))".into()
        }
        Base::Val(x) => {
            let index = p.index.map_or("None".into(), |y| format!("Some({})", steps.value(y.name)));
            let (scale, disp) = (imm(&p.scale), imm(&p.disp));
            format!("return Amode::new(Some({}), {index}, {scale}, {disp})", steps.value(x.name))
        }
    }
}

/// The expression that ends an alternative that gives an operand.
pub fn operand(out: &Arg) -> String {
    match out {
        Arg::Imm(_) => "return Rmi::Imm(c.imm(i0))".into(),
        Arg::Addr(_) => "return Rmi::Mem(i0)".into(),
        _ => "return Rmi::Reg(v0)".into(),
    }
}

/// The expression that ends alternative `n` that gives a test of this shape.
pub fn cond(n: usize, cc: CcExpr, shape: Shape, steps: &Steps) -> Result<String> {
    let names = Names { vars: steps.vars.clone(), types: vec![], sunk: vec![] };
    let (cc, found) = (names.cc(cc)?, steps.found(n));
    Ok(format!("return Some(Cond {{ cc: {cc}, shape: {}, found: {found} }})", shape as u8))
}
