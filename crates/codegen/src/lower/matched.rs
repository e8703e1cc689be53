//! What generated matchers stand on, whatever the target: matches, and how what was matched becomes operands of
//! instructions. Needs [`super::Lower`].

use super::Lower;
use crate::slots::{MAX_FRAME, align_of, slack};
use crate::vcode::{BASE, Base, CC, SCALE};
use windlass_desc::bv::{Bv, Num};
use windlass_desc::cc::IntCC;
use windlass_desc::machine::Shape;
use windlass_desc::types::{F64, I64};
use windlass_ir::ir::instructions::InstructionData;
use windlass_ir::ir::{ExternalName, Inst, Value};
use windlass_regalloc::VReg;

/// No row: the operand has no such form.
pub const NO_ROW: u16 = u16::MAX;

/// A rule, or an alternative, that matched, with what it binds, in the order of its pattern.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    /// Index among the target's rules, or among the alternatives of its tests.
    pub rule: u16,
    /// Values.
    pub values: [Value; 4],
    /// Immediates and conditions.
    pub imms: [i64; 4],
    /// Memory operations, symbols and slots.
    pub insts: [Inst; 2],
    /// Its operand may take over a load.
    pub sink: bool,
}

impl Match {
    /// A match of a rule.
    pub fn new(rule: u16, values: &[Value], imms: &[i64], insts: &[Inst], sink: bool) -> Match {
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
    /// Of registers.
    pub fn new(base: Option<Value>, index: Option<Value>, scale: i64, disp: i64) -> Amode {
        Amode { base, index, scale: scale as u8, disp: disp as i32 }
    }
    /// In the stack slots.
    pub fn slot(disp: i32) -> Amode {
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
    /// A constant that the nonterminal allows, or the bits of a float.
    Imm(i64),
}

/// A test: its condition, its shape, and the alternative that makes what it reads.
#[derive(Clone, Copy, Debug)]
pub struct Cond {
    /// The condition's number.
    pub cc: u8,
    /// The number of its [`Shape`].
    pub shape: u8,
    /// The alternative, with what it binds.
    pub found: Match,
}

/// A number of 64 bits, as tests and functions of immediates take it.
pub fn n(k: i64) -> Num {
    Num::lit(64, k as u64 as u128)
}

/// And back.
pub fn value(n: Num) -> i64 {
    n.get() as u64 as i64
}

/// A condition from its number.
pub fn int_cc(n: i64) -> IntCC {
    IntCC::all()[n as usize % 10]
}

impl Lower<'_> {
    /// A register of a bank for an intermediate result of at most 64 bits.
    pub fn temp_in(&mut self, bank: u8) -> VReg {
        self.new_vreg(if bank == 0 { I64 } else { F64 })
    }
    /// The value that the address of a memory operation is computed from.
    pub fn base(&self, i: Inst) -> Value {
        *self.func.dfg.inst_args(i).last().expect("memory operations have an address")
    }
    /// Can the value be tested against 0?
    pub fn is_tested(&self, v: Value) -> bool {
        self.ty(v).is_int()
    }
    /// Is the instruction's symbol within the reach of code that is linked together?
    pub fn is_near(&self, i: Inst) -> bool {
        match self.func.dfg.insts[i] {
            InstructionData::FuncAddr { func_ref, .. } => self.func.dfg.ext_funcs[func_ref].colocated,
            _ => false,
        }
    }
    /// The displacement of a stack slot's address, and so many bytes more, from the first slot; none if it is too large.
    pub fn slot_disp(&self, i: Inst, off: i64) -> Option<i32> {
        let InstructionData::StackAddr { stack_slot, offset, .. } = self.func.dfg.insts[i] else { return None };
        if slack(align_of(&self.func.sized_stack_slots[stack_slot])) > 0 {
            return None;
        }
        let slot = *self.given.slots.get(stack_slot.as_u32() as usize)? as i64;
        // the frame's own offset comes on top, so there must be room for it
        let disp = slot.checked_add(i32::from(offset) as i64)?.checked_add(off)?;
        i32::try_from(disp).ok().filter(|d| d.unsigned_abs() < MAX_FRAME as u32)
    }
    /// The number of the instruction's symbol.
    pub fn symbol(&mut self, i: Inst) -> i64 {
        let name = match self.func.dfg.insts[i] {
            InstructionData::FuncAddr { func_ref, .. } => self.func.dfg.ext_funcs[func_ref].name.clone(),
            _ => ExternalName::default(),
        };
        self.symbol_number(name) as i64
    }
    /// Do so many bytes more than the offset fit 32 bits?
    pub fn has_room(&self, i: Inst, bytes: i64) -> bool {
        i32::try_from(self.imm(i) + bytes).is_ok()
    }
    /// Memory as the next operand.
    pub fn use_mem(&mut self, a: &Amode) {
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
    /// Memory at an address in a register, and so many bytes more, as the next operand.
    pub fn use_mem_at(&mut self, base: VReg, disp: i32) {
        self.operand(base);
        self.use_none();
        let p = self.pending();
        p.flags |= (Base::Regs as u16) << BASE;
        p.payload |= disp as u32 as u64;
    }
    /// An immediate in the upper half of the payload.
    pub fn set_imm(&mut self, k: i64) {
        self.pending().payload |= (k as u64) << 32;
    }
    /// An immediate, or a symbol, that takes the whole payload.
    pub fn set_payload(&mut self, k: i64) {
        self.pending().payload |= k as u64;
    }
    /// The condition that the instruction asks for.
    pub fn set_cc(&mut self, cc: u8) {
        self.pending().flags |= (cc as u16) << CC;
    }
    /// The registers that a test is asked of, as the next operands.
    pub fn use_test(&mut self, f: &Cond, on: &[VReg; 2]) {
        let count = Shape::ALL.get(f.shape as usize).map_or(0, |s| s.registers());
        on[..count].iter().for_each(|&r| self.operand(r));
    }
}
