//! x86-64 (Intel SDM volume 2, AMD APM volume 3): registers, flags, and a row for every instruction used.
//!
//! A *family* is one operation (`add`); it has a meaning and becomes one [`Row`] per width and form. Rows are built by
//! ordinary functions when the compiler is built; the tables that run in it are generated from them.
//! `flags.rs` has the condition flags, `rows.rs` the table, `encode.rs` the forms of integer instructions and `float.rs`
//! those of floats, `sim.rs` what a row means.

mod encode;
pub mod flags;
mod float;
pub mod imm;
pub mod regs;
mod rows;
mod sim;

use crate::types::Type;

pub use encode::{Enc, Field, Imm, Link, Map};
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
    /// An immediate.
    I,
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
            Form::I => "_i",
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

/// What emission makes of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Emission {
    /// The instruction it is, with nothing to be done about it.
    Plain,
    /// The instruction, unless it copies a register to itself.
    Copy,
    /// The instruction, or for zero a shorter one that changes flags, where nobody reads them.
    Constant,
    /// The instruction, unless the flags are already what it would make them.
    Test,
    /// An instruction whose last field refers to a symbol or to a constant behind the code.
    Linked,
    /// A call.
    Call,
    /// A call in this function's place: the frame is left first.
    TailCall,
    /// What leaves the frame and returns.
    Return,
    /// A branch to one of two edges.
    Branch,
    /// A jump to the only edge, unless that follows.
    Jump,
    /// A jump to one of many edges through a table.
    Table,
    /// An instruction that always traps.
    Trap,
    /// A branch to an instruction that traps, out of line.
    TrapIf,
    /// Nothing: the values that arrive in a function.
    Args,
    /// Nothing: a place that debuggers know.
    Point,
    /// Several instructions, or one that depends on settings: the target's emission knows.
    Expand,
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

/// CPU features that a row may need; [`Feature::ALL`] has their settings.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Feature {
    /// BMI2: shifts without flags.
    Bmi2,
    /// BMI1: counts of trailing zeros.
    Bmi1,
    /// LZCNT: counts of leading zeros.
    Lzcnt,
    /// POPCNT: counts of ones.
    Popcnt,
    /// SSE4.1: rounding of floats.
    Sse41,
    /// AVX: operations on floats with three operands.
    Avx,
    /// FMA3: products and sums with one rounding.
    Fma,
}

impl Feature {
    /// Each feature with the name of its setting.
    pub const ALL: &'static [(Feature, &'static str)] = &[
        (Feature::Bmi2, "has_bmi2"),
        (Feature::Bmi1, "has_bmi1"),
        (Feature::Lzcnt, "has_lzcnt"),
        (Feature::Popcnt, "has_popcnt"),
        (Feature::Sse41, "has_sse41"),
        (Feature::Avx, "has_avx"),
        (Feature::Fma, "has_fma"),
    ];
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
    /// Copies a whole register to another and does nothing else. (A 32-bit copy clears the upper half.)
    pub copy: bool,
    /// May trap, besides by what its memory operand does.
    pub traps: bool,
    /// What emission makes of it.
    pub emission: Emission,
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
