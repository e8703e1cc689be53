//! What a target says of itself once, so that calls, returns and other control flow are lowered alike for all: its rows by
//! the part that they play, a few registers, and its conventions. Static data, read once per function.

use super::Lower;
use crate::abi::Convention;
use crate::error::CodegenResult;
use std::ops::RangeInclusive;
use windlass_ir::ir::Endianness;
use windlass_ir::isa::CallConv;
use windlass_regalloc::{Class, PReg, VReg};

/// The rows of a target by role, and other facts that lowering needs.
pub struct Roles {
    /// The target's name in messages.
    pub name: &'static str,
    /// The order of bytes in memory, and of the registers of a value of two.
    pub byte_order: Endianness,
    /// Bytes of the registers of integers of up to 32 bits: they are moved and spilled so.
    pub narrow: u8,
    /// The class of registers that floats are in, which vectors may share.
    pub floats: Class,
    /// Bytes of the widest vector register.
    pub vector: u8,
    /// The convention of this name.
    pub convention: fn(CallConv) -> CodegenResult<&'static Convention>,
    /// Calls and control flow.
    pub flow: Flow,
    /// Loads and stores, one for each class and width.
    pub access: &'static [Access],
    /// Memory operands.
    pub memory: MemoryOperand,
    /// Arithmetic on addresses, and constants.
    pub arithmetic: Arithmetic,
    /// How a narrow integer is extended to a register, as parameters ask.
    pub extend: Extend,
    /// Registers outside allocation.
    pub registers: Registers,
    /// How a NaN becomes the quiet one without sign and payload; none where arithmetic gives no other.
    pub nans: Option<Nans>,
    /// Copies so many words of 64 bits from an address to so far from the outgoing arguments. Short structures are copied
    /// by loads and stores instead.
    pub copy_words: fn(&mut Lower<'_>, VReg, u32, u32),
}

impl Roles {
    /// The load and the store of a class and width.
    pub fn access(&self, class: Class, width: u8) -> Option<&Access> {
        self.access.iter().find(|a| a.class == class && a.width == width)
    }
}

/// The rows of calls and control flow. Those of calls, returns and the entry list their operands.
pub struct Flow {
    /// The entry: defines what arrives.
    pub args: u16,
    /// Leaves the function.
    pub ret: u16,
    /// Calls a symbol.
    pub call: u16,
    /// Calls an address, its first operand.
    pub call_reg: u16,
    /// Jumps to a symbol in the function's place.
    pub tail_call: u16,
    /// Jumps to an address in the function's place.
    pub tail_call_reg: u16,
    /// Where such an address is: neither an argument nor preserved.
    pub tail_callee: PReg,
    /// Goes to the only successor.
    pub jump: u16,
    /// Goes where a table says. Operands, listed: the index, and two temporaries.
    pub br_table: u16,
    /// Does nothing, but keeps its place.
    pub nop: u16,
    /// Stops for a debugger.
    pub breakpoint: u16,
}

/// A load and a store.
pub struct Access {
    /// Class of the register.
    pub class: Class,
    /// Bytes in memory.
    pub width: u8,
    /// The load; what is above the value in the register is of no consequence.
    pub load: u16,
    /// The store.
    pub store: u16,
}

/// What memory operands are like.
pub struct MemoryOperand {
    /// A place for an index comes after that of the base.
    pub indexed: bool,
    /// Displacements from a register; those from parts of the frame are for emission to see to.
    pub reach: RangeInclusive<i64>,
    /// Takes the address of a memory operand.
    pub address: u16,
}

/// Arithmetic on addresses. The payload of constants is the number.
pub struct Arithmetic {
    /// The sum of two registers.
    pub add: u16,
    /// A constant of 64 bits.
    pub constant: u16,
    /// The address of a symbol that is linked together with the code.
    pub near_symbol: u16,
    /// The address of any symbol.
    pub far_symbol: u16,
    /// Makes the register the multiple of a power of two that is not above another register, which it returns and which
    /// is defined next. The power is below 2^31.
    pub round_down: fn(&mut Lower<'_>, VReg, u64) -> VReg,
}

/// A row from one register to another, with its payload.
pub struct Step {
    /// The row.
    pub row: u16,
    /// Its payload.
    pub payload: u64,
}

/// Extensions of 8, 16 and 32 bits, each of one or more rows in the order of execution.
pub struct Extend {
    /// What `uext` means.
    pub unsigned: [&'static [Step]; 3],
    /// What `sext` means.
    pub signed: [&'static [Step]; 3],
}

/// Registers outside allocation, by their numbers among general registers, and the rows that reach them: the number is the
/// payload.
pub struct Registers {
    /// Reads such a register.
    pub get: u16,
    /// Writes one.
    pub set: u16,
    /// The stack pointer.
    pub stack_pointer: u8,
    /// The frame pointer.
    pub frame_pointer: u8,
    /// What `get_pinned_reg` reads.
    pub pinned: u8,
}

/// What replaces NaNs, of 32 and 64 bits: a comparison of a value with itself, and a choice by what it finds.
pub struct Nans {
    /// Compares two registers.
    pub compare: [u16; 2],
    /// Its second operand if `unordered` holds of the comparison, else its first.
    pub select: [u16; 2],
    /// What [`Nans::select`] has in its flags.
    pub unordered: u16,
    /// A constant: its payload is the bits.
    pub constant: [u16; 2],
}
