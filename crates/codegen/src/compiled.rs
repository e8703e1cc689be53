//! What compiling a function leaves: bytes, and what belongs to places in them. Needs the IR's names of symbols.

use windlass_desc::env::TrapCode;
use windlass_ir::ir::ExternalName;

/// How a symbol's address is put into code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelocKind {
    /// 8 bytes: the address.
    Abs8,
    /// 4 bytes: relative to the field.
    X86PcRel4,
    /// 4 bytes of a call: relative to the field; the linker may go through a stub.
    X86CallPcRel4,
}

/// A field to be filled in when a symbol's address is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reloc {
    /// Where the field starts.
    pub offset: u32,
    /// How.
    pub kind: RelocKind,
    /// Whose address.
    pub name: ExternalName,
    /// What is added to it.
    pub addend: i64,
}

/// An instruction that may trap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trap {
    /// Where it starts.
    pub offset: u32,
    /// Why.
    pub code: TrapCode,
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
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CompiledCode {
    /// Machine code.
    pub code: Vec<u8>,
    /// Fields to be filled in.
    pub relocs: Vec<Reloc>,
    /// Instructions that may trap, by offset.
    pub traps: Vec<Trap>,
    /// Bytes of stack below the return address.
    pub frame_size: u32,
    /// Alignment the code wants.
    pub alignment: u32,
    /// A listing, if it was asked for.
    pub lines: Vec<Line>,
}
