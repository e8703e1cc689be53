//! Bytes of instructions: what a row's [`Spec`] has, and what is put into it (manual, chapter 2.2 and 2.3). Needs rows.

use super::rows::{FIXED, NO_FIELD, SPECS, Spec};
use crate::emit::EncodeError;
use crate::frame::FrameOffsets;
use crate::sink::Sink;
use crate::vcode::{BASE, CC};
use windlass_desc::riscv64::Format;
use windlass_desc::riscv64::cond::Cc;
use windlass_desc::riscv64::regs::SP;
use windlass_regalloc::{Inst, NONE};

/// A register and an immediate of 12 bits, or a load.
pub fn i_type(opcode: u32, funct3: u32, rd: u32, rs1: u32, imm: i32) -> u32 {
    opcode | rd << 7 | funct3 << 12 | rs1 << 15 | (imm as u32) << 20
}

/// A conditional branch.
pub fn b_type(funct3: u32, rs1: u32, rs2: u32, distance: i32) -> u32 {
    let bits = |from: u32, n: u32| (distance as u32) >> from & ((1 << n) - 1);
    0x63 | bits(11, 1) << 7
        | bits(1, 4) << 8
        | funct3 << 12
        | rs1 << 15
        | rs2 << 20
        | bits(5, 6) << 25
        | bits(12, 1) << 31
}

/// A jump.
pub fn j_type(rd: u32, distance: i32) -> u32 {
    let bits = |from: u32, n: u32| (distance as u32) >> from & ((1 << n) - 1);
    0x6f | rd << 7 | bits(12, 8) << 12 | bits(11, 1) << 20 | bits(1, 10) << 21 | bits(20, 1) << 31
}

/// The upper part of a distance from here, whose lower part is added as a signed number of 12 bits.
pub fn auipc(rd: u32, distance: i32) -> u32 {
    0x17 | rd << 7 | (distance.wrapping_add(0x800) as u32 & !0xfff)
}

/// Does it fit 12 bits, signed?
pub fn fits(k: i64) -> bool {
    (-2048..2048).contains(&k)
}

/// The condition of an instruction.
pub fn cc_of(inst: &Inst) -> Cc {
    Cc::from_number((inst.flags >> CC & 31) as u8)
}

/// The immediate in the upper half of the payload.
pub fn immediate(inst: &Inst) -> i32 {
    (inst.payload >> 32) as i32
}

/// Base and displacement of a memory operand at a place of the pool span.
pub fn address(inst: &Inst, ops: &[u32], place: u8, frame: &FrameOffsets) -> Result<(u32, i64), EncodeError> {
    let disp = inst.payload as i32 as i64;
    let part = match inst.flags >> BASE & 7 {
        0 => return Ok((register(ops, place)?, disp)),
        1 => frame.slots,
        2 => frame.incoming,
        3 => frame.outgoing,
        4 => frame.returns,
        _ => return Err(EncodeError::Address),
    };
    Ok((SP.into(), part as i64 + disp))
}

fn register(ops: &[u32], place: u8) -> Result<u32, EncodeError> {
    ops.get(place as usize).copied().filter(|&r| r < 32).ok_or(EncodeError::Operand)
}

fn field(spec: u8, ops: &[u32]) -> Result<u32, EncodeError> {
    match spec {
        NO_FIELD => Ok(0),
        n if n & FIXED != 0 => Ok((n & 31).into()),
        place => register(ops, place),
    }
}

/// Appends an instruction; a displacement must fit it.
pub fn encode(inst: &Inst, ops: &[u32], frame: &FrameOffsets, out: &mut Sink) -> Result<(), EncodeError> {
    let spec: &Spec = &SPECS[inst.row as usize];
    let memory = |place| {
        let (base, disp) = address(inst, ops, place, frame)?;
        if fits(disp) && ops.get(place as usize + 1).is_none_or(|&index| index == NONE) {
            Ok((base, disp as u32))
        } else {
            Err(EncodeError::Address)
        }
    };
    let rd = field(spec.rd, ops)? << 7;
    let word = match spec.format {
        Format::Special => return Err(EncodeError::Special),
        Format::R => spec.bits | rd | field(spec.rs1, ops)? << 15 | field(spec.rs2, ops)? << 20,
        Format::I => spec.bits | rd | field(spec.rs1, ops)? << 15 | (immediate(inst) as u32) << 20,
        Format::Shift => spec.bits | rd | field(spec.rs1, ops)? << 15 | (immediate(inst) as u32 & 63) << 20,
        Format::Upper => spec.bits | rd | immediate(inst) as u32 & !0xfff,
        Format::Load => {
            let (base, disp) = memory(spec.rs1)?;
            spec.bits | rd | base << 15 | disp << 20
        }
        Format::Store => {
            let (base, disp) = memory(spec.rs1)?;
            spec.bits | (disp & 31) << 7 | base << 15 | field(spec.rs2, ops)? << 20 | (disp >> 5) << 25
        }
        Format::Pair => {
            out.extend(&auipc(rd >> 7, 0).to_le_bytes());
            // calls have their own registers in their bits
            let source = if spec.rs1 == NO_FIELD { 0 } else { rd | field(spec.rs1, ops)? << 15 };
            spec.bits | source
        }
    };
    out.extend(&word.to_le_bytes());
    Ok(())
}
