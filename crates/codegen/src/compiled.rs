//! What emission leaves of a function: bytes, and what belongs to places in them. Users get it as a
//! [`crate::machinst::CompiledCode`]. Needs the IR's names of symbols.

use crate::binemit::{Addend, CodeOffset, Reloc};
use crate::isa::unwind::UnwindInst;
use windlass_desc::env::TrapCode;
use windlass_ir::ir::function::FunctionParameters;
use windlass_ir::ir::{ExternalName, UserStackMap};

/// What the address in a relocation is of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FinalizedRelocTarget {
    /// A symbol.
    ExternalName(ExternalName),
    /// This function, at an offset.
    Func(CodeOffset),
}

impl FinalizedRelocTarget {
    /// Its text, with the names in the function's table.
    pub fn display(&self, params: Option<&FunctionParameters>) -> String {
        match self {
            FinalizedRelocTarget::ExternalName(name) => name.display(params).to_string(),
            FinalizedRelocTarget::Func(offset) => format!("func+{offset}"),
        }
    }
}

/// A field to be filled in when an address is known.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MachRelocBase<T> {
    /// Where the field starts.
    pub offset: CodeOffset,
    /// How.
    pub kind: Reloc,
    /// What is added to the address.
    pub addend: Addend,
    /// Whose address.
    pub target: T,
}

/// A field to be filled in, in finished code.
pub type FinalizedMachReloc = MachRelocBase<FinalizedRelocTarget>;

/// An instruction that may trap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MachTrap {
    /// Where it starts.
    pub offset: CodeOffset,
    /// Why.
    pub code: TrapCode,
}

/// Does a tag stand before or after the instruction at its offset?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MachDebugTagPos {
    /// After the instruction that ends there.
    Post,
    /// Before the instruction that starts there.
    Pre,
}

/// A line of the listing that `windlass explain` shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Where the instruction starts.
    pub offset: u32,
    /// The instruction in assembler syntax.
    pub text: String,
    /// The rule that chose it, `file:line`, or what else made it.
    pub source: String,
    /// The number of the IR instruction it stands for.
    pub inst: Option<u32>,
}

/// A compiled function.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CompiledCode {
    /// Machine code.
    pub code: Vec<u8>,
    /// Fields to be filled in.
    pub relocs: Vec<FinalizedMachReloc>,
    /// Instructions that may trap, by offset.
    pub traps: Vec<MachTrap>,
    /// Where calls return to.
    pub returns: Vec<CodeOffset>,
    /// Where calls return to that may be overwritten, and how long each is.
    pub patchable: Vec<(CodeOffset, u32)>,
    /// Which values are on the stack at calls: where these return to, and offsets from the stack pointer.
    pub stack_maps: Vec<(CodeOffset, UserStackMap)>,
    /// Which IR instruction ends (a call that returns) or starts (a sequence point) there, if the function has tags.
    pub points: Vec<(CodeOffset, MachDebugTagPos, u32)>,
    /// From which offset on the code stands for which IR instruction, if the function says where it is from.
    pub origins: Vec<(CodeOffset, Option<u32>)>,
    /// What is done to the stack and to saved registers, each with the offset where it has been done.
    pub unwind: Vec<(CodeOffset, UnwindInst)>,
    /// Where each block starts.
    pub block_starts: Vec<CodeOffset>,
    /// Between which starts of blocks control goes.
    pub block_edges: Vec<(CodeOffset, CodeOffset)>,
    /// Bytes of stack below the return address.
    pub frame_size: u32,
    /// From the stack pointer to where the frame pointer points, or would point.
    pub frame_to_fp: u32,
    /// Where the stack slots are, from the stack pointer; of those aligned more than it, where their room begins.
    pub slots: Vec<u32>,
    /// Alignment the code wants.
    pub alignment: u32,
    /// A listing, if it was asked for.
    pub lines: Vec<Line>,
}
