//! Control flow and registers of the machine on x86-64, where rules do not serve. Needs [`crate::lower`].

use super::abi::PINNED;
use super::encode::{BASE, Base};
use super::frame::slack;
use super::rows::*;
use crate::error::{CodegenError, CodegenResult};
use crate::lower::Lower;
use windlass_desc::types::I64;
use windlass_desc::x64::regs::{RBP, RSP};
use windlass_ir::ir::instructions::InstructionData;
use windlass_ir::ir::{GlobalValueData, Inst};
use windlass_regalloc::{Class, Constraint, Operand, RegSet, Role, VReg};

/// `jump`
pub fn jump(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    c.has_effect_of(i);
    c.start(JUMP);
    c.end();
    Ok(())
}

/// `nop`
pub fn nop(_: &mut Lower<'_>, _: Inst) -> CodegenResult<()> {
    Ok(())
}

/// `sequence_point`: a place that keeps its order among effects, without code.
pub fn sequence_point(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    c.has_effect_of(i);
    c.start(NOP);
    c.end();
    Ok(())
}

/// `br_table`
pub fn br_table(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let index = c.val(c.arg(i, 0));
    let operand = |role, width| Operand { role, class: Class::Int, width, constraint: Constraint::Reg };
    let (at, table) = (c.temp(), c.temp());
    let operands = [(index, operand(Role::Use, 4)), (at, operand(Role::Temp, 8)), (table, operand(Role::Temp, 8))];
    c.has_effect_of(i);
    c.listed(BR_TABLE, &operands, RegSet::EMPTY, 0);
    Ok(())
}

fn check_pointer(c: &Lower<'_>, i: Inst) -> CodegenResult<()> {
    match c.ctv(i) {
        I64 => Ok(()),
        ty => Err(CodegenError::unsupported(format!("{}.{ty} on x86_64", c.opcode(i).row().name))),
    }
}

/// `stack_addr` where no rule serves: of a slot that is aligned more than the stack pointer, or far from its start.
pub fn stack_addr(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    check_pointer(c, i)?;
    let InstructionData::StackAddr { stack_slot, offset, .. } = c.func.dfg.insts[i] else {
        return Err(CodegenError::internal("an address of a stack slot that is none"));
    };
    let align = 1u64 << c.func.sized_stack_slots[stack_slot].align_shift.min(63);
    let at = c.given.slots[stack_slot.as_u32() as usize] + slack(align);
    let d = c.result(i, 0, 0);
    let mut address = match i32::from(offset) {
        0 => d,
        offset => plus(c, d, offset.into()),
    };
    if slack(align) > 0 {
        let rounded = std::mem::replace(&mut address, c.temp());
        c.start(AND64_RI);
        [rounded, address].into_iter().for_each(|r| c.def_vreg(r));
        // frames are too small for alignments whose opposites do not fit
        c.pending().payload = ((align.wrapping_neg() as u32) as u64) << 32;
        c.end();
    }
    c.start(LEA64_RM);
    c.def_vreg(address);
    c.use_none();
    c.use_none();
    let p = c.pending();
    p.flags |= (Base::Slots as u16) << BASE;
    p.payload = at;
    c.end();
    Ok(())
}

/// Reads a register that is never given out.
fn get(c: &mut Lower<'_>, i: Inst, reg: u8) -> CodegenResult<()> {
    check_pointer(c, i)?;
    let d = c.result(i, 0, 0);
    c.start(GET_REG);
    c.def_vreg(d);
    c.pending().payload = reg as u64;
    c.stands_for(i);
    c.end();
    Ok(())
}

/// `get_frame_pointer`
pub fn get_frame_pointer(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    needs_frame_pointer(c, "get_frame_pointer")?;
    get(c, i, RBP)
}

/// `get_stack_pointer`
pub fn get_stack_pointer(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    get(c, i, RSP)
}

/// `get_return_address`
pub fn get_return_address(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    check_pointer(c, i)?;
    needs_frame_pointer(c, "get_return_address")?;
    let d = c.result(i, 0, 0);
    c.start(MOV64_RM);
    c.def_vreg(d);
    c.use_none();
    c.use_none();
    c.pending().flags |= (Base::Returns as u16) << BASE;
    c.end();
    Ok(())
}

fn needs_frame_pointer(c: &Lower<'_>, what: &str) -> CodegenResult<()> {
    if c.given.options.frame_pointer {
        return Ok(());
    }
    Err(CodegenError::unsupported(format!("{what} without setting preserve_frame_pointers")))
}

fn needs_pinned(c: &Lower<'_>) -> CodegenResult<()> {
    if c.given.options.pinned {
        return Ok(());
    }
    Err(CodegenError::unsupported("the pinned register without setting enable_pinned_reg"))
}

/// `get_pinned_reg`
pub fn get_pinned_reg(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    needs_pinned(c)?;
    get(c, i, PINNED)
}

/// `set_pinned_reg`
pub fn set_pinned_reg(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    needs_pinned(c)?;
    check_pointer(c, i)?;
    let v = c.arg(i, 0);
    c.start(SET_REG);
    c.use_val(v);
    c.pending().payload = PINNED as u64;
    c.stands_for(i);
    c.end();
    Ok(())
}

/// `debugtrap`
pub fn debugtrap(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    c.has_effect_of(i);
    c.start(INT3);
    c.end();
    Ok(())
}

/// `symbol_value`
pub fn symbol_value(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    check_pointer(c, i)?;
    let InstructionData::UnaryGlobalValue { global_value, .. } = c.func.dfg.insts[i] else {
        return Err(CodegenError::internal("a symbol_value that is none"));
    };
    let GlobalValueData::Symbol { name, offset, colocated, tls: false } = &c.func.global_values[global_value] else {
        return Err(CodegenError::unsupported("symbol_value of what is no symbol, or a thread's own"));
    };
    let d = c.result(i, 0, 0);
    let address = if offset.bits() == 0 { d } else { plus(c, d, offset.bits()) };
    let symbol = c.placed_symbol_number(name.clone(), *colocated);
    c.start(if *colocated { SYM_NEAR } else { SYM_FAR });
    c.def_vreg(address);
    c.pending().payload = symbol as u64;
    c.end();
    Ok(())
}

/// Makes `d` the sum of a register, which it returns, and a constant.
fn plus(c: &mut Lower<'_>, d: VReg, k: i64) -> VReg {
    let address = c.temp();
    if let Ok(k) = i32::try_from(k) {
        c.start(LEA64_RM);
        [d, address].into_iter().for_each(|r| c.def_vreg(r));
        c.use_none();
        c.pending().payload = k as u32 as u64;
        c.end();
        return address;
    }
    let far = c.temp();
    c.start(ADD64_RR);
    [d, address, far].into_iter().for_each(|r| c.def_vreg(r));
    c.end();
    c.start(MOV64_RW);
    c.def_vreg(far);
    c.pending().payload = k as u64;
    c.end();
    address
}
