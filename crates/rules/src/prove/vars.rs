//! What variables stand for on both sides, by name and kind alone (the end of a symbol's name tells the kind, so that no
//! two variables meet in one symbol), and the cases in which a rule is proved.
//!
//! A value is the low bits of a register whose other bits are arbitrary. An immediate is 64 bits. The address
//! of a memory operation is a base plus an offset. An `rmi` is a register, a load, or an immediate, by case.

use crate::machine::Machine;
use crate::resolve::{Resolved, resolve, takes_test};
use crate::smt::Smt;
use crate::term::*;
use crate::types::Types;
use std::collections::BTreeMap;
use windlass_desc::bv::Bv;
use windlass_desc::cc::IntCC;
use windlass_desc::env::{Access, TrapCode};
use windlass_desc::machine::{Operand, Shape};
use windlass_desc::ops::Imms;
use windlass_desc::types::{INVALID, Type};

/// The trap code of a rule's root.
pub const ROOT_TRAP: TrapCode = TrapCode::unwrap_user(250);
/// The trap code of operations below the root, which the right side has no means to name.
pub const INNER_TRAP: TrapCode = TrapCode::unwrap_user(249);

/// What a meaning takes besides values, for the operation that a pattern has at `path`: its types and trap, so far.
pub fn immediates(p: &OpPat, types: &Types, path: &[usize]) -> Result<Imms<Smt>, String> {
    let row = p.op.row();
    if let Some(why) = row.no_meaning {
        return Err(format!("{} has no meaning: {why}", row.name));
    }
    let own = types.node(path).ok_or("an operation's type is not known")?;
    let arg = types.node(&[path, &[0]].concat()).map_or(INVALID, |t| t.value);
    let mut imms = Imms::new(own.ctv, own.value, arg);
    imms.code = if path.is_empty() { ROOT_TRAP } else { INNER_TRAP };
    Ok(imms)
}

/// The register of a value of this type.
pub fn register(m: &Machine, name: &str, ty: Type) -> Smt {
    Smt::sym(format!("{name}_reg"), m.bank(ty).bits)
}

/// How many bits copies and spills keep of an intermediate result.
pub const INTERMEDIATE: u32 = 64;

/// The register of the upper half of a value of two registers.
pub fn upper(name: &str) -> Smt {
    Smt::sym(format!("{name}_upper"), 64)
}

/// An immediate.
pub fn immediate(name: &str) -> Smt {
    Smt::sym(format!("{name}_imm"), 64)
}

/// The tested value of a test.
pub fn tested(name: &str, w: u32) -> Smt {
    Smt::sym(format!("{name}_value"), w)
}

/// The base that a memory operation's address is computed from.
pub fn base(name: &str) -> Smt {
    Smt::sym(format!("{name}_base"), 64)
}

/// The offset of a memory operation.
pub fn offset_of(name: &str) -> Smt {
    Smt::sym(format!("{name}_off"), 64)
}

/// The address that a nonterminal gives.
pub fn address(name: &str) -> Smt {
    base(name).add(&offset_of(name))
}

/// Whether the test that a nonterminal gives holds, one bit.
pub fn holds(name: &str) -> Smt {
    Smt::sym(format!("{name}_holds"), 1)
}

/// How the memory operation of this address accesses memory: in the machine's byte order, with a trap that tells it from
/// all others.
pub fn access(m: &Machine, name: &str, types: &Types) -> Access {
    let n = types.names().position(|v| v == name).unwrap_or(0) as u8;
    Access { trap: TrapCode::user(n + 1), big_endian: m.big_endian, ..Access::PLAIN }
}

/// What an `rmi` is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RmiForm {
    /// A register.
    Register,
    /// A load that is sunk.
    Memory,
    /// A constant: of integers one that the nonterminal allows.
    Immediate,
}

/// One case of a rule.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Case {
    conditions: BTreeMap<&'static str, IntCC>,
    operands: BTreeMap<&'static str, RmiForm>,
    shapes: BTreeMap<&'static str, Shape>,
}

impl Case {
    /// What a condition variable is.
    pub fn condition(&self, name: &str) -> Result<IntCC, String> {
        self.conditions.get(name).copied().ok_or_else(|| format!("the condition `{name}` is not bound on the left"))
    }
    /// In which shape a test is, where instructions that ask for it have several rows.
    pub fn shape(&self, name: &str) -> Option<Shape> {
        self.shapes.get(name).copied()
    }
    /// What an `rmi` is.
    pub fn operand(&self, name: &str) -> Result<RmiForm, String> {
        self.operands.get(name).copied().ok_or_else(|| format!("the operand `{name}` is not bound on the left"))
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let conditions = self.conditions.iter().map(|(n, c)| format!("{n} = {c}"));
        let operands = self.operands.iter().map(|(n, k)| format!("{n} = {}", format!("{k:?}").to_lowercase()));
        let shapes = self.shapes.iter().map(|(n, k)| format!("{n} = {}", format!("{k:?}").to_lowercase()));
        f.write_str(&conditions.chain(operands).chain(shapes).collect::<Vec<_>>().join(", "))
    }
}

/// All cases of a pattern: each condition for its condition variables, each kind of operand that the right side has rows
/// for. Right sides are `insts`.
pub fn cases(lhs: &Pat, insts: &[&MInst], types: &Types, m: &Machine) -> Result<Vec<Case>, String> {
    let mut out = vec![Case::default()];
    let mut stack = vec![lhs];
    while let Some(p) = stack.pop() {
        match p {
            Pat::Op(p) => {
                stack.extend(&p.args);
                if let Some(cv) = p.cc {
                    out = split(&out, cv.possible(), |c, &cc| _ = c.conditions.insert(cv.0, cc));
                }
            }
            Pat::Rmi(r) => {
                let forms = forms(r.name, insts, types, m)?;
                out = split(&out, &forms, |c, &f| _ = c.operands.insert(r.name, f));
            }
            Pat::Cond(c) => {
                if let Some(shapes) = shapes(insts, m)? {
                    out = split(&out, &shapes, |k, &s| _ = k.shapes.insert(c.name, s));
                }
            }
            Pat::Val(_) => {}
        }
    }
    Ok(out)
}

/// A shape for each row that the instructions may have, if some that asks for the matched test has several.
fn shapes(insts: &[&MInst], m: &Machine) -> Result<Option<Vec<Shape>>, String> {
    for inst in all_insts(insts).into_iter().filter(|i| takes_test(i)) {
        let mut asking = resolve(inst, m)?.asking;
        asking.dedup_by_key(|a| a.1);
        if asking.len() > 1 {
            return Ok(Some(asking.iter().map(|a| a.0).collect()));
        }
    }
    Ok(None)
}

/// Every case with every option.
fn split<T>(cases: &[Case], options: &[T], set: impl Fn(&mut Case, &T)) -> Vec<Case> {
    let with = |c: &Case, o: &T| {
        let mut c = c.clone();
        set(&mut c, o);
        c
    };
    cases.iter().flat_map(|c| options.iter().map(move |o| (c, o))).map(|(c, o)| with(c, o)).collect()
}

/// What an `rmi` may be: what all instructions that take it have rows for. Memory only where the row reads as many bits
/// as the value has, as in the generator.
fn forms(name: &'static str, insts: &[&MInst], types: &Types, m: &Machine) -> Result<Vec<RmiForm>, String> {
    let bits = types.var(name).map(|t| t.bits());
    let (mut memory, mut immediate) = (true, true);
    for inst in all_insts(insts) {
        if !inst.args.iter().any(|a| matches!(a, Arg::Rmi(r) if r.name == name)) {
            continue;
        }
        let Resolved { memory: found, immediate: i, .. } = resolve(inst, m)?;
        let reads = |o: &Operand| if let Operand::Mem(w) = o { Some(*w as u32) } else { None };
        memory &= found.is_some_and(|row| m.rows[row].operands.iter().find_map(reads) == bits);
        immediate &= i.is_some();
    }
    let mut out = vec![RmiForm::Register];
    out.extend(memory.then_some(RmiForm::Memory));
    out.extend(immediate.then_some(RmiForm::Immediate));
    Ok(out)
}

/// The instructions and all that they take registers and flags from.
pub fn all_insts<'a>(insts: &[&'a MInst]) -> Vec<&'a MInst> {
    let mut out = vec![];
    let mut stack = insts.to_vec();
    while let Some(inst) = stack.pop() {
        out.push(inst);
        if let Some(Flags::Inst(p, _)) = &inst.flags {
            stack.push(p);
        }
        stack.extend(inst.args.iter().filter_map(|a| if let Arg::Reg(Reg::Inst(i)) = a { Some(&**i) } else { None }));
    }
    out
}
