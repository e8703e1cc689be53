//! Control flow, registers of the machine and addresses of symbols, where rules do not serve. Needs [`crate::access`] and
//! [`crate::lower`].

use crate::access::{self, HALF, Memory};
use crate::error::{CodegenError, CodegenResult};
use crate::lower::Lower;
use crate::slots::{align_of, slack};
use windlass_desc::types::I64;
use windlass_ir::ir::instructions::InstructionData;
use windlass_ir::ir::{GlobalValueData, Inst};
use windlass_regalloc::{Class, Constraint, Operand, RegSet, Role};

/// `jump`
pub fn jump(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    c.has_effect_of(i);
    c.start(c.roles.flow.jump);
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
    c.start(c.roles.flow.nop);
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
    c.listed(c.roles.flow.br_table, &operands, RegSet::EMPTY, 0);
    Ok(())
}

fn check_pointer(c: &Lower<'_>, i: Inst) -> CodegenResult<()> {
    match c.ctv(i) {
        I64 => Ok(()),
        ty => Err(CodegenError::unsupported(format!("{}.{ty} on {}", c.opcode(i).row().name, c.roles.name))),
    }
}

/// `stack_addr` where no rule serves: of a slot that is aligned more than the stack pointer, or far from its start.
pub fn stack_addr(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    check_pointer(c, i)?;
    let InstructionData::StackAddr { stack_slot, offset, .. } = c.func.dfg.insts[i] else {
        return Err(CodegenError::internal("an address of a stack slot that is none"));
    };
    let align = align_of(&c.func.sized_stack_slots[stack_slot]);
    let at = c.given.slots[stack_slot.as_u32() as usize] + slack(align);
    let d = c.result(i, 0, 0);
    let mut address = match i32::from(offset) {
        0 => d,
        offset => access::plus(c, d, offset.into()),
    };
    if slack(align) > 0 {
        address = (c.roles.arithmetic.round_down)(c, address, align);
    }
    access::address(c, address, Memory::Slots(at));
    Ok(())
}

/// Reads a register that is never given out.
fn get(c: &mut Lower<'_>, i: Inst, reg: u8) -> CodegenResult<()> {
    check_pointer(c, i)?;
    let d = c.result(i, 0, 0);
    c.start(c.roles.registers.get);
    c.operand(d);
    c.pending().payload = reg as u64;
    c.stands_for(i);
    c.end();
    Ok(())
}

/// `get_frame_pointer`
pub fn get_frame_pointer(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    needs_frame_pointer(c, "get_frame_pointer")?;
    get(c, i, c.roles.registers.frame_pointer)
}

/// `get_stack_pointer`
pub fn get_stack_pointer(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    get(c, i, c.roles.registers.stack_pointer)
}

/// `get_return_address`
pub fn get_return_address(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    check_pointer(c, i)?;
    needs_frame_pointer(c, "get_return_address")?;
    let d = c.result(i, 0, 0);
    access::load(c, HALF, d, Memory::Returns)
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
    get(c, i, c.roles.registers.pinned)
}

/// `set_pinned_reg`
pub fn set_pinned_reg(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    needs_pinned(c)?;
    check_pointer(c, i)?;
    let v = c.arg(i, 0);
    c.start(c.roles.registers.set);
    c.use_val(v);
    c.pending().payload = c.roles.registers.pinned as u64;
    c.stands_for(i);
    c.end();
    Ok(())
}

/// `debugtrap`
pub fn debugtrap(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    c.has_effect_of(i);
    c.start(c.roles.flow.breakpoint);
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
    let address = if offset.bits() == 0 { d } else { access::plus(c, d, offset.bits()) };
    let symbol = c.placed_symbol_number(name.clone(), *colocated);
    c.start(if *colocated { c.roles.arithmetic.near_symbol } else { c.roles.arithmetic.far_symbol });
    c.operand(address);
    c.pending().payload = symbol as u64;
    c.end();
    Ok(())
}
