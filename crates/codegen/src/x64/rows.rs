//! The rows of x86-64 as the compiler has them at run time: tables indexed by row number, generated from
//! `windlass_desc::x64` by `build/x64_rows.rs`, and the types of their entries.

use crate::emit::FlagUse;
use windlass_desc::machine::{Emission, Told};
use windlass_desc::x64::Link;
use windlass_regalloc::{Class, Constraint, Operand, PReg, RegSet, Role, RowSpec};

/// Which writer makes the bytes of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Shape {
    /// None: emission makes them.
    Special,
    /// Opcode alone.
    Plain,
    /// A register in the opcode.
    PlusReg,
    /// ModRM with a register.
    Reg,
    /// ModRM with a register, immediate.
    RegImm,
    /// ModRM with memory.
    Mem,
    /// ModRM with memory, immediate.
    MemImm,
    /// VEX and ModRM with a register.
    VexReg,
    /// VEX and ModRM with memory.
    VexMem,
    /// ModRM with the distance of what the row is linked to: emission fills it in.
    Rip,
    /// VEX and ModRM with such a distance.
    VexRip,
    /// Opcode and such a distance.
    Rel,
}

/// The immediate of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ImmSpec {
    /// None.
    None,
    /// A byte without sign.
    U8,
    /// A byte that belongs to the opcode: [`Spec::acc`].
    Fixed,
    /// A shift count: a byte; none with opcode bit 4 set if it is 1.
    Count,
    /// A byte.
    I8,
    /// Two bytes.
    I16,
    /// Four bytes.
    I32,
    /// One byte with opcode bit 1 set if it fits, else two.
    Short16,
    /// One byte with opcode bit 1 set if it fits, else four.
    Short32,
    /// Four bytes without sign, the whole payload.
    U32,
    /// Eight bytes, the whole payload.
    I64,
}

impl ImmSpec {
    /// Its bytes, where they are not fewer because the number is small.
    #[inline(always)]
    pub const fn size(self) -> u8 {
        match self {
            ImmSpec::None => 0,
            ImmSpec::U8 | ImmSpec::Fixed | ImmSpec::Count | ImmSpec::I8 => 1,
            ImmSpec::I16 | ImmSpec::Short16 => 2,
            ImmSpec::I32 | ImmSpec::Short32 | ImmSpec::U32 => 4,
            ImmSpec::I64 => 8,
        }
    }
}

/// How a row is encoded. A field is a place in the pool span, [`DIGIT`] with a constant, or [`NO_FIELD`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spec {
    /// Escape bytes and opcode, the first one lowest; with VEX the opcode alone.
    pub code: u32,
    /// The writer.
    pub shape: Shape,
    /// The immediate.
    pub imm: ImmSpec,
    /// Opcode map: 1, 2 (`0F`), 3 (`0F 38`), 4 (`0F 3A`).
    pub map: u8,
    /// Mandatory or operand-size prefix, 0 if none.
    pub prefix: u8,
    /// Opcode for rax and an immediate that is not short, 0 if none; or a fixed immediate.
    pub acc: u8,
    /// ModRM.reg.
    pub reg: u8,
    /// ModRM.rm (of memory: the place of the base), or the register in the opcode.
    pub rm: u8,
    /// VEX.vvvv.
    pub vex: u8,
    /// [`WIDE`] and its like.
    pub bits: u8,
    /// Width of the operation in bits.
    pub width: u8,
    /// What the last field refers to.
    pub link: Link,
}

const _: () = assert!(size_of::<Spec>() <= 16);

/// In a field: the low three bits are a constant.
pub const DIGIT: u8 = 0x80;
/// In a field: nothing.
pub const NO_FIELD: u8 = 0xff;

/// REX.W or VEX.W.
pub const WIDE: u8 = 1;
/// The condition's number is added to the opcode.
pub const PLUS_CC: u8 = 2;
/// ModRM.reg is a register of 8 bits.
pub const BYTE_REG: u8 = 4;
/// ModRM.rm is a register of 8 bits.
pub const BYTE_RM: u8 = 8;
/// ModRM.reg is a vector register.
pub const VEC_REG: u8 = 16;
/// ModRM.rm is a vector register.
pub const VEC_RM: u8 = 32;
/// VEX.vvvv is a vector register.
pub const VEC_VEX: u8 = 64;

/// How a row is printed. An immediate, if there is one, comes last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Text {
    /// Mnemonic; `{cc}` stands for the condition.
    pub mnemonic: &'static str,
    /// The operands that the assembler's text shows.
    pub shown: &'static [Shown],
}

/// An operand in the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// The register at a place of the pool span, with a width in bits.
    Reg {
        /// Place.
        place: u8,
        /// Width.
        width: u8,
    },
    /// Memory with its base at a place of the pool span; width 0 is an address alone.
    Mem {
        /// Place.
        place: u8,
        /// Width.
        width: u8,
    },
}

const fn digit(n: u8) -> u8 {
    DIGIT | n
}

const fn reg(role: Role, class: Class, width: u8, constraint: Constraint) -> Operand {
    Operand { role, class, width, constraint }
}

include!(concat!(env!("OUT_DIR"), "/x64_rows.rs"));
