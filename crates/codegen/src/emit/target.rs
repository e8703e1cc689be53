//! What emission asks of a machine: tables by row, the encoder and the printer, and which rows do what every function
//! needs besides its own instructions. A target has a type that implements [`Target`]; emission is compiled once for each,
//! so that nothing is looked up when an instruction is emitted.

use super::Emitter;
use crate::binemit::Reloc;
use crate::buffer::{Branch, BranchFacts, Label};
use crate::error::CodegenError;
use crate::frame::{FrameOffsets, FrameSpec};
use crate::sink::Sink;
use windlass_desc::machine::Emission;
use windlass_regalloc::{Inst, Loc, PReg, RowSpec};

/// Why an instruction has no encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EncodeError {
    /// Its row is several instructions or none.
    Special,
    /// An operand is no register of the class that the row wants, or is missing.
    Operand,
    /// The memory operand cannot be expressed: its index is none, its base unknown, or its displacement too large.
    Address,
}

impl std::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            EncodeError::Special => "the row has no encoding of its own",
            EncodeError::Operand => "an operand is not a register of its class",
            EncodeError::Address => "the memory operand cannot be encoded",
        })
    }
}

impl std::error::Error for EncodeError {}

/// What a row does with the flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlagUse {
    /// It reads them.
    pub reads: bool,
    /// It writes or destroys them.
    pub writes: bool,
}

/// What the last field of an instruction refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// The distance of a constant behind the code.
    Constant {
        /// Its bits.
        bits: u128,
        /// Its size in bytes.
        size: u8,
    },
    /// A symbol, which stands beside the instruction.
    Symbol {
        /// How the field is filled in.
        kind: Reloc,
        /// What is added to its address.
        addend: i64,
        /// Bytes of the field.
        size: u32,
    },
    /// A symbol, whose distance is in two instructions of four bytes.
    Pair {
        /// How the first is filled in.
        high: Reloc,
        /// How the second is: its symbol is the place of the first.
        low: Reloc,
    },
}

/// What emitting something comes to.
pub type Emitted = Result<(), CodegenError>;

/// A machine as emission sees it.
pub trait Target: Sized + 'static {
    /// What the allocator knows of each row.
    const ROWS: &'static [RowSpec];
    /// What emission makes of each row.
    const EMISSION: &'static [Emission];
    /// What each row does with the flags.
    const FLAG_USE: &'static [FlagUse];
    /// How its frames are.
    const FRAME: FrameSpec;
    /// An instruction that does nothing.
    const NOP: &'static [u8];
    /// Bytes of a call of a symbol.
    const CALL_SIZE: u32;
    /// Its branches to labels.
    const BRANCHES: &'static BranchFacts;
    /// The jump among them, and its mnemonic.
    const JUMP: (Branch, &'static str);
    /// A row that always traps.
    const TRAP: u16;
    /// What is known at a point of a block that can spare instructions.
    type Known: Copy + Default;

    /// Appends the bytes of an instruction.
    fn encode(inst: &Inst, ops: &[u32], frame: &FrameOffsets, out: &mut Sink) -> Result<(), EncodeError>;
    /// Its text for an assembler. `to` is the name of what its last field refers to.
    fn print(inst: &Inst, ops: &[u32], frame: &FrameOffsets, to: Option<&str>) -> String;
    /// The name of a row.
    fn name(row: u16) -> &'static str;
    /// Where the rule with this number is written.
    fn rule(n: u16) -> Option<&'static str>;

    /// The conditions that an instruction asks of the flags, a bit each.
    fn condition(inst: &Inst) -> u32;
    /// A shorter instruction for this constant, which changes flags, if it is zero.
    fn zero(inst: &Inst) -> Option<Inst>;
    /// Are the flags already what this test makes them, as far as these conditions ask?
    fn is_told(known: &Self::Known, inst: &Inst, ops: &[u32], asked: u32) -> bool;
    /// What is known after an instruction.
    fn after(known: &mut Self::Known, inst: &Inst, ops: &[u32]);
    /// A register or slot gets another value.
    fn overwritten(known: &mut Self::Known, loc: Loc);

    /// What the last field of an instruction is, which may refer to a symbol.
    fn field(e: &Emitter<'_, Self>, inst: &Inst, symbol: u32) -> Option<Field>;
    /// Emits a row that is several instructions, or that settings decide about.
    fn expand(e: &mut Emitter<'_, Self>, inst: &Inst, ops: &[u32]) -> Emitted;

    /// Goes to `yes` if the condition of a branch holds; else on, or to `no`. Either is where the code goes on.
    fn branch(e: &mut Emitter<'_, Self>, inst: &Inst, ops: &[u32], yes: Label, no: Label);
    /// The branch on the opposite condition.
    fn negated(inst: &Inst) -> Inst;
    /// Goes to a label if one register is below another as an unsigned number.
    fn branch_below(e: &mut Emitter<'_, Self>, a: PReg, b: PReg, to: Label) -> Emitted;
    /// Jumps through a table of `entries` distances, counted from the table. An index beyond it goes to `default`; with
    /// none, to an entry more.
    fn table_jump(
        e: &mut Emitter<'_, Self>,
        ops: &[u32],
        entries: u64,
        table: Label,
        default: Option<Label>,
    ) -> Emitted;

    /// Copies `width` bytes of a register, at least, to another of its class.
    fn copy(e: &mut Emitter<'_, Self>, to: PReg, from: PReg, width: u8) -> Emitted;
    /// Exchanges two registers and leaves the flags alone.
    fn exchange(e: &mut Emitter<'_, Self>, a: PReg, b: PReg) -> Emitted;
    /// Loads `width` bytes from an offset.
    fn load(e: &mut Emitter<'_, Self>, to: PReg, base: PReg, offset: i32, width: u8) -> Emitted;
    /// Stores `width` bytes at an offset from the stack pointer.
    fn store(e: &mut Emitter<'_, Self>, from: PReg, offset: i32, width: u8) -> Emitted;
    /// Makes a register the sum of another and a constant.
    fn add(e: &mut Emitter<'_, Self>, to: PReg, from: PReg, k: i32) -> Emitted;
    /// Makes a register the address of a symbol, plus a constant.
    fn symbol(e: &mut Emitter<'_, Self>, to: PReg, symbol: u32, offset: i64) -> Emitted;

    /// Adds to the stack pointer, which may change flags. Nothing for 0.
    fn shift(e: &mut Emitter<'_, Self>, by: i32) -> Emitted;
    /// Puts a register where the stack pointer then points.
    fn push(e: &mut Emitter<'_, Self>, r: PReg) -> Emitted;
    /// Takes it back.
    fn pop(e: &mut Emitter<'_, Self>, r: PReg) -> Emitted;
    /// Makes room above the return address for the arguments of tail calls that need more than came in.
    fn grow_arguments(e: &mut Emitter<'_, Self>, by: i32) -> Emitted;
    /// Removes stack arguments, or makes room for more, when the frame is gone.
    fn drop_arguments(e: &mut Emitter<'_, Self>, by: i32) -> Emitted;
    /// Copies `size` bytes of outgoing arguments to an offset from the stack pointer. Registers hold other arguments.
    fn move_arguments(e: &mut Emitter<'_, Self>, to: i32, size: i32) -> Emitted;
    /// Touches each page that the frame will cover, the highest first.
    fn probe(e: &mut Emitter<'_, Self>) -> Emitted;
    /// Returns, and removes so many bytes of stack arguments.
    fn ret(e: &mut Emitter<'_, Self>, pops: u32) -> Emitted;
}
