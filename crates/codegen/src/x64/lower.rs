//! What the x86-64 rules stand on: the matched operands, and how they become operands of instructions. The matchers
//! themselves are generated from `windlass_rules::x64` and included below. Needs [`crate::lower`].

use super::encode::{BASE, Base, CC, SCALE};
use super::frame::{MAX_FRAME, slack};
use super::libcalls;
use super::nans;
use super::rows::*;
use super::{calls, flow};
use crate::error::{CodegenError, CodegenResult};
use crate::lower::{Lower, Part, Target, unsupported};
use windlass_desc::bv::{Bv, Num};
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::ops::{Format, Opcode};
use windlass_desc::types::{I64, Type};
use windlass_desc::x64::Feature;
use windlass_desc::x64::flags::Cc;
use windlass_desc::x64::imm;
use windlass_ir::ir::instructions::InstructionData;
use windlass_ir::ir::{Block, ExternalName, Inst, Value};
use windlass_regalloc::VReg;

/// No row: the operand has no such form.
pub const NO_ROW: u16 = u16::MAX;

/// A rule that matched, with what it binds, in the order of its pattern.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    /// Index into [`generated::RULES`].
    pub rule: u16,
    values: [Value; 4],
    imms: [i64; 4],
    insts: [Inst; 2],
    /// Its operand may take over a load.
    sink: bool,
}

impl Match {
    fn new(rule: u16, values: &[Value], imms: &[i64], insts: &[Inst], sink: bool) -> Match {
        fn fill<T: Copy, const N: usize>(from: &[T], none: T) -> [T; N] {
            std::array::from_fn(|n| from.get(n).copied().unwrap_or(none))
        }
        let (v, i) = (Value::from_u32(0), Inst::from_u32(0));
        Match { rule, values: fill(values, v), imms: fill(imms, 0), insts: fill(insts, i), sink }
    }
}

/// An address: base + (index << scale) + displacement, or a place in the stack slots.
#[derive(Clone, Copy, Debug)]
pub struct Amode {
    base: Option<Value>,
    index: Option<Value>,
    scale: u8,
    disp: i32,
}

impl Amode {
    fn new(base: Option<Value>, index: Option<Value>, scale: i64, disp: i64) -> Amode {
        Amode { base, index, scale: scale as u8, disp: disp as i32 }
    }
    fn slot(disp: i32) -> Amode {
        Amode { base: None, index: None, scale: 0, disp }
    }
}

/// An operand of any kind.
#[derive(Clone, Copy, Debug)]
pub enum Rmi {
    /// A register.
    Reg(Value),
    /// A load to be taken over.
    Mem(Inst),
    /// A constant that fits 32 bits, or the bits of a float.
    Imm(i64),
}

/// A condition on flags, and what makes them: an alternative of `cond`, with what it binds.
#[derive(Clone, Copy, Debug)]
pub struct Cond {
    cc: u8,
    found: Match,
}

/// A number of 64 bits, as tests and functions of immediates take it.
fn n(k: i64) -> Num {
    Num::lit(64, k as u64 as u128)
}

/// And back.
fn value(n: Num) -> i64 {
    n.get() as u64 as i64
}

/// A condition from its number.
fn int_cc(n: i64) -> IntCC {
    IntCC::all()[n as usize % 10]
}

/// What the generated matchers call, beyond [`Lower`] itself.
trait X64 {
    fn has(&self, f: Feature) -> bool;
    fn zero_upper(&self, v: Value) -> bool;
    fn is_tested(&self, v: Value) -> bool;
    fn may_branch_twice(&self, i: Inst) -> bool;
    fn is_near(&self, i: Inst) -> bool;
    fn slot_disp(&self, i: Inst, off: i64) -> Option<i32>;
    fn symbol(&mut self, i: Inst) -> i64;
    fn has_room(&self, i: Inst, bytes: i64) -> bool;
    fn amode_of(&self, i: Inst, more: i64) -> Amode;
    fn cond_of(&self, v: Value, root: Inst) -> Cond;
    fn use_vreg(&mut self, r: VReg);
    fn use_mem(&mut self, a: &Amode);
    fn use_mem_at(&mut self, base: VReg, disp: i32);
    fn use_rmi(&mut self, r: &Rmi, mem: u16, imm: u16);
    fn set_imm(&mut self, k: i64);
    fn set_cc(&mut self, cc: u8);
    fn flags_of(&mut self, f: &Cond, i: Inst);
}

impl X64 for Lower<'_> {
    fn has(&self, f: Feature) -> bool {
        self.has_feature(f as u32)
    }
    fn zero_upper(&self, v: Value) -> bool {
        self.def(v).is_some_and(|(i, op)| generated::zero_upper(op, self.ctv(i)))
    }
    /// Can `cond` test the value?
    fn is_tested(&self, v: Value) -> bool {
        self.ty(v).is_int()
    }
    /// Does the instruction become branches or traps, which can ask for two conditions?
    fn may_branch_twice(&self, i: Inst) -> bool {
        match self.opcode(i) {
            Opcode::Brif | Opcode::Trapz | Opcode::Trapnz => true,
            Opcode::Select => self.ctv(i).is_float(),
            _ => false,
        }
    }
    fn is_near(&self, i: Inst) -> bool {
        match self.func.dfg.insts[i] {
            InstructionData::FuncAddr { func_ref, .. } => self.func.dfg.ext_funcs[func_ref].colocated,
            _ => false,
        }
    }
    fn slot_disp(&self, i: Inst, off: i64) -> Option<i32> {
        let InstructionData::StackAddr { stack_slot, offset, .. } = self.func.dfg.insts[i] else { return None };
        if slack(1 << self.func.sized_stack_slots[stack_slot].align_shift.min(63)) > 0 {
            return None;
        }
        let slot = *self.given.slots.get(stack_slot.as_u32() as usize)? as i64;
        // the frame's own offset comes on top, so there must be room for it
        let disp = slot.checked_add(i32::from(offset) as i64)?.checked_add(off)?;
        i32::try_from(disp).ok().filter(|d| d.unsigned_abs() < MAX_FRAME as u32)
    }
    fn symbol(&mut self, i: Inst) -> i64 {
        let name = match self.func.dfg.insts[i] {
            InstructionData::FuncAddr { func_ref, .. } => self.func.dfg.ext_funcs[func_ref].name.clone(),
            _ => ExternalName::default(),
        };
        self.symbol_number(name) as i64
    }
    /// Do so many bytes more than the offset fit 32 bits?
    fn has_room(&self, i: Inst, bytes: i64) -> bool {
        i32::try_from(self.imm(i) + bytes).is_ok()
    }
    fn amode_of(&self, i: Inst, more: i64) -> Amode {
        let base = *self.func.dfg.inst_args(i).last().expect("memory operations have an address");
        generated::amode(self, base, self.imm(i) + more)
    }
    fn cond_of(&self, v: Value, root: Inst) -> Cond {
        generated::cond(self, v, root).expect("rules with `cond` ask whether the type is tested")
    }
    fn use_vreg(&mut self, r: VReg) {
        self.def_vreg(r);
    }
    fn use_mem(&mut self, a: &Amode) {
        let kind = if a.base.is_none() { Base::Slots } else { Base::Regs };
        for r in [a.base, a.index] {
            match r {
                Some(v) => self.use_val(v),
                None => self.use_none(),
            }
        }
        let p = self.pending();
        p.flags |= (a.scale as u16) << SCALE | (kind as u16) << BASE;
        p.payload |= a.disp as u32 as u64;
    }
    fn use_mem_at(&mut self, base: VReg, disp: i32) {
        self.use_vreg(base);
        self.use_none();
        let p = self.pending();
        p.flags |= (Base::Regs as u16) << BASE;
        p.payload |= disp as u32 as u64;
    }
    fn use_rmi(&mut self, r: &Rmi, mem: u16, imm: u16) {
        match *r {
            Rmi::Reg(v) => self.use_val(v),
            Rmi::Imm(k) => {
                self.pending().row = imm;
                self.set_imm(k);
            }
            Rmi::Mem(load) => {
                self.pending().row = mem;
                self.sink(load);
                let a = self.amode_of(load, 0);
                self.use_mem(&a);
            }
        }
    }
    fn set_imm(&mut self, k: i64) {
        let p = self.pending();
        let whole = matches!(SPECS[p.row as usize].imm, ImmSpec::I64 | ImmSpec::U32);
        let symbol = SPECS[p.row as usize].shape == Shape::Special;
        p.payload |= if whole || symbol { k as u64 } else { (k as u64) << 32 };
    }
    fn set_cc(&mut self, cc: u8) {
        self.pending().flags |= (cc as u16) << CC;
    }
    fn flags_of(&mut self, f: &Cond, i: Inst) {
        generated::flags(self, i, &f.found);
    }
}

/// The matchers, printed from the rules.
#[rustfmt::skip]
#[allow(unreachable_code, unused_variables, clippy::all, missing_docs)]
pub mod generated {
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/x64_rules.rs"));
}

/// x86-64 as lowering sees it.
pub struct X64Target;

impl Target for X64Target {
    fn lower(&self, c: &mut Lower<'_>, inst: Inst, op: Opcode, ty: Type) -> CodegenResult<()> {
        let addressed = matches!(op.row().format, Format::Load | Format::Store);
        if let (true, Some(&p)) = (addressed, c.func.dfg.inst_args(inst).last())
            && c.ty(p) != I64
        {
            return Err(CodegenError::unsupported(format!("{} at an address of type {}", op.row().name, c.ty(p))));
        }
        if let Some(done) = generated::custom(c, inst, op) {
            return done;
        }
        nans::canonicalize(c, inst, op, ty);
        let Some(m) = generated::select(c, inst, op, ty) else {
            return generated::fallback(c, inst, op).unwrap_or_else(|| Err(unsupported(op, ty, "x86_64")));
        };
        c.set_rule(m.rule);
        generated::emit(c, inst, &m);
        Ok(())
    }
    fn alias(&self, c: &Lower<'_>, inst: Inst, op: Opcode, ty: Type, n: usize, half: u8) -> Option<Part> {
        generated::alias(c, inst, op, ty, n, half)
    }
    fn entry(&self, c: &mut Lower<'_>, block: Block) -> CodegenResult<()> {
        calls::entry(c, block)
    }
}

#[cfg(test)]
mod tests;
