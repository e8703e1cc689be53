//! The rows of riscv64 as the compiler has them at run time: tables indexed by row number, generated from
//! `windlass_desc::riscv64` by `build/riscv64_rows.rs`, and the types of their entries.

use crate::emit::FlagUse;
use windlass_desc::machine::Emission;
use windlass_desc::riscv64::Format;
use windlass_regalloc::{Class, Constraint, Operand, RegSet, Role, RowSpec};

/// How a row is encoded. A field is a place in the pool span, [`FIXED`] with a register, or [`NO_FIELD`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spec {
    /// The instruction with nothing put in.
    pub bits: u32,
    /// What is put in besides registers.
    pub format: Format,
    /// Destination.
    pub rd: u8,
    /// First source, or base.
    pub rs1: u8,
    /// Second source.
    pub rs2: u8,
}

/// In a field: the low five bits are a register.
pub const FIXED: u8 = 0x80;
/// In a field: nothing, or zero.
pub const NO_FIELD: u8 = 0xff;

/// How a row is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Text {
    /// Mnemonic; `{cc}` stands for the condition.
    pub mnemonic: &'static str,
    /// What follows.
    pub shown: &'static [Shown],
}

/// An operand in the text, at a place of the pool span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// A register.
    Reg(u8),
    /// Memory.
    Mem(u8),
    /// Base and displacement of memory.
    Sum(u8),
    /// The immediate in the upper half of the payload.
    Imm,
    /// The same without its low 12 bits.
    Upper,
    /// The payload.
    Whole,
}

const fn reg(role: Role, class: Class, width: u8, constraint: Constraint) -> Operand {
    Operand { role, class, width, constraint }
}

include!(concat!(env!("OUT_DIR"), "/riscv64_rows.rs"));
