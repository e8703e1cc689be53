//! x86-64 (Intel SDM volume 2, AMD APM volume 3): registers, flags, and a row for every instruction used.
//!
//! A *family* is one operation (`add`); it has a meaning and becomes one [`Row`] per width and form. Rows are built by
//! ordinary functions when the compiler is built; the tables that run in it are generated from them.
//! `flags.rs` has the condition flags, `rows.rs` the table, `encode.rs` the forms of integer instructions and `float.rs`
//! those of floats, `sim.rs` what a row means.

mod encode;
mod features;
pub mod flags;
mod float;
pub mod imm;
pub mod regs;
mod rows;
mod sim;

use crate::types::Type;

pub use encode::{Enc, Field, Imm, Map};
pub use features::Feature;
pub use rows::{Family, families, rows};
pub use sim::{Input, Output, simulate};

/// A bank of registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bank {
    /// General registers, 64 bits.
    General,
    /// Vector registers, of which 128 bits are known here.
    Vector,
}

impl Bank {
    /// Bits of a register.
    pub const fn bits(self) -> u32 {
        match self {
            Bank::General => 64,
            Bank::Vector => 128,
        }
    }
    /// The bank that holds values of a type.
    pub fn of(ty: Type) -> Bank {
        if ty.is_float() || ty.is_vector() { Bank::Vector } else { Bank::General }
    }
}

/// Where a register operand must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// Any general register.
    Reg,
    /// Any vector register.
    Vec,
    /// The general register with this number.
    Fixed(u8),
    /// The register of the use at this place in the pool span.
    Tied(u8),
}

/// An operand of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// Written: of 32 bits the upper half becomes 0, of 8 or 16 bits the rest is left as it was. What is above in a
    /// vector register is arbitrary.
    Def(u16, At),
    /// Read: the low bits.
    Use(u16, At),
    /// Memory of this many bits, at base + (index << scale) + displacement. Two places in the pool span.
    Mem(u16),
}

impl Operand {
    /// Its width in bits.
    pub fn width(self) -> u16 {
        match self {
            Operand::Def(w, _) | Operand::Use(w, _) | Operand::Mem(w) => w,
        }
    }
    /// How many places it takes in the pool span.
    pub fn places(self) -> u8 {
        if let Operand::Mem(_) = self { 2 } else { 1 }
    }
}

/// What a row does with its memory operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemMode {
    /// It has none.
    None,
    /// Reads it.
    Load,
    /// Writes it.
    Store,
    /// Reads it, computes, writes it back.
    Modify,
    /// Takes its address.
    Address,
}

/// Which operands a row takes, in the order of the assembler's text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// Nothing, or what a listed row has.
    None,
    /// A register.
    R,
    /// Two registers.
    Rr,
    /// A register and memory.
    Rm,
    /// A register and an immediate.
    Ri,
    /// A register and a wide immediate, or a symbol or a constant.
    Rw,
    /// Memory and a register.
    Mr,
    /// Memory and an immediate.
    Mi,
    /// Memory.
    M,
    /// Two registers and an immediate.
    Rri,
    /// A register, memory and an immediate.
    Rmi,
}

impl Form {
    /// The end of the row's name.
    pub fn suffix(self) -> &'static str {
        match self {
            Form::None => "",
            Form::R => "_r",
            Form::Rr => "_rr",
            Form::Rm => "_rm",
            Form::Ri => "_ri",
            Form::Rw => "_rw",
            Form::Mr => "_mr",
            Form::Mi => "_mi",
            Form::M => "_m",
            Form::Rri => "_rri",
            Form::Rmi => "_rmi",
        }
    }
}

/// What control flow a row causes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// Goes on to the next instruction.
    Next,
    /// Ends a block.
    Terminator,
    /// Calls.
    Call,
}

/// What flags tell of a row's first result, of so many bits as the row has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// Nothing, or the row writes no flags.
    Nothing,
    /// Whether it is zero, its sign and parity.
    Result,
    /// All that TEST of it with itself does.
    All,
}

/// One machine instruction.
#[derive(Clone, Debug)]
pub struct Row {
    /// Family, width and form: `add32_rr`.
    pub name: String,
    /// What it computes.
    pub family: Family,
    /// Width of the operation in bits.
    pub width: u16,
    /// Its operands' form.
    pub form: Form,
    /// Operands in the order of the pool span.
    pub operands: Vec<Operand>,
    /// The operands stand in a list of the instruction's own (calls, returns, function entry).
    pub listed: bool,
    /// What happens to memory.
    pub mem: MemMode,
    /// The immediate, if there is one.
    pub imm: Imm,
    /// Encoding.
    pub enc: Enc,
    /// Reads the flags.
    pub reads_flags: bool,
    /// Writes or destroys the flags.
    pub writes_flags: bool,
    /// What the flags tell of the result in a register.
    pub told: Told,
    /// The two uses may be exchanged.
    pub commutes: bool,
    /// Control flow.
    pub flow: Flow,
    /// May be repeated instead of reloading its result.
    pub remat: bool,
    /// Needed beyond the baseline.
    pub feature: Option<Feature>,
    /// Mnemonic; `{cc}` stands for the condition.
    pub mnemonic: &'static str,
    /// Which operands the assembler's text shows, as indices into `operands`; an immediate comes last.
    pub shown: Vec<u8>,
}

impl Row {
    /// The place in the pool span where operand `i` starts.
    pub fn place(&self, i: usize) -> u8 {
        self.operands[..i].iter().map(|o| o.places()).sum()
    }
    /// The bank of operand `i`; that of memory is of no consequence.
    pub fn bank(&self, i: usize) -> Bank {
        match self.operands[i] {
            Operand::Def(_, At::Vec) | Operand::Use(_, At::Vec) => Bank::Vector,
            Operand::Def(_, At::Tied(place)) => {
                let tied = (0..self.operands.len()).find(|&k| k != i && self.place(k) == place);
                tied.map_or(Bank::General, |k| self.bank(k))
            }
            _ => Bank::General,
        }
    }
    /// The bank of the register at a place of the pool span.
    pub fn bank_at(&self, place: u8) -> Bank {
        (0..self.operands.len()).find(|&i| self.place(i) == place).map_or(Bank::General, |i| self.bank(i))
    }
    /// The name of the row's constant.
    pub fn constant(&self) -> String {
        self.name.to_uppercase()
    }
}
