//! Machine code as every stage after lowering sees it: uniform 16-byte instructions, one operand pool, blocks and
//! edges. Lowering fills a [`Code`], the allocator writes locations into its pool in place, emission reads it.
//! Needs nothing; knows neither the IR nor any target: what a row means to the allocator stands in its [`RowSpec`].

/// Register classes an operand can ask for. To the allocator they are just [`CLASSES`] separate register files; the
/// names are for clients, and a machine that lacks a class gives it no registers ([`ClassSpec::NONE`]). Flags are no
/// class: they are never moved, spilled or live across a block, so the allocator only has to keep its own insertions
/// from clobbering them.
///
/// A vreg stays in its class from definition to last use, and so does every edit: block arguments have the class of
/// their parameters, and every class can be stored and reloaded by itself. A copy from one class to another is therefore
/// an ordinary row that lowering emits (x64: movq), never an [`Edit`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum Class {
    /// General-purpose registers.
    Int = 0,
    /// Vector registers, and floating-point registers where these are the same.
    Vec = 1,
    /// Floating-point registers of machines where vectors have registers of their own (riscv64).
    Float = 2,
    /// Masks and predicates.
    Mask = 3,
}

/// How many classes there are.
pub const CLASSES: usize = 4;

impl Class {
    /// All classes, by number.
    pub const ALL: [Class; CLASSES] = [Class::Int, Class::Vec, Class::Float, Class::Mask];
}

/// A physical register: class and hardware number (below 32).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PReg(pub u8);

impl PReg {
    /// How many registers there can be.
    pub const COUNT: usize = 32 * CLASSES;
    /// Register `hw` of `class`.
    pub const fn new(class: Class, hw: u8) -> Self {
        assert!(hw < 32);
        PReg((class as u8) << 5 | hw)
    }
    /// The register's class.
    pub const fn class(self) -> Class {
        Class::ALL[self.word()]
    }
    /// The register's number in its class, as the encoder writes it.
    pub const fn hw(self) -> u8 {
        self.0 & 31
    }
    /// Index of the register's word in a [`RegSet`].
    const fn word(self) -> usize {
        (self.0 >> 5) as usize % CLASSES
    }
}

impl std::fmt::Debug for PReg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", ['r', 'x', 'f', 'k'][self.word()], self.hw())
    }
}

const _: () = assert!(CLASSES == 4, "sets of registers are written out word by word");

/// A set of physical registers, one word per class.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RegSet(pub [u32; CLASSES]);

impl RegSet {
    /// No register.
    pub const EMPTY: RegSet = RegSet([0; CLASSES]);
    /// The registers of `class` whose bits `word` has.
    pub const fn of(class: Class, word: u32) -> Self {
        let mut set = RegSet::EMPTY;
        set.0[class as usize] = word;
        set
    }
    /// This set and `r`.
    pub const fn with(mut self, r: PReg) -> Self {
        self.0[r.word()] |= 1 << r.hw();
        self
    }
    /// This set without `r`.
    pub const fn without(mut self, r: PReg) -> Self {
        self.0[r.word()] &= !(1 << r.hw());
        self
    }
    /// Is `r` in the set?
    pub const fn contains(self, r: PReg) -> bool {
        self.0[r.word()] >> r.hw() & 1 != 0
    }
    /// Is it empty?
    pub const fn is_empty(self) -> bool {
        self.0[0] | self.0[1] | self.0[2] | self.0[3] == 0
    }
    /// Adds `r`.
    pub fn insert(&mut self, r: PReg) {
        self.0[r.word()] |= 1 << r.hw();
    }
    /// Removes `r`.
    pub fn remove(&mut self, r: PReg) {
        self.0[r.word()] &= !(1 << r.hw());
    }
    /// The registers in either set.
    pub const fn union(self, o: RegSet) -> Self {
        RegSet([self.0[0] | o.0[0], self.0[1] | o.0[1], self.0[2] | o.0[2], self.0[3] | o.0[3]])
    }
    /// The registers in both sets.
    pub const fn intersection(self, o: RegSet) -> Self {
        RegSet([self.0[0] & o.0[0], self.0[1] & o.0[1], self.0[2] & o.0[2], self.0[3] & o.0[3]])
    }
    /// The registers that `o` does not have.
    pub const fn minus(self, o: RegSet) -> Self {
        RegSet([self.0[0] & !o.0[0], self.0[1] & !o.0[1], self.0[2] & !o.0[2], self.0[3] & !o.0[3]])
    }
    /// How many registers there are in the set.
    pub fn count(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
    /// The registers of the set, by class and number.
    pub fn iter(self) -> impl Iterator<Item = PReg> {
        let word = |class: usize| self.0[class] as u64 | (self.0[class + 1] as u64) << 32;
        let (mut low, mut high) = (word(0), word(2));
        let next = |word: &mut u64, base: u8| {
            let bit = word.trailing_zeros() as u8;
            *word &= *word - 1;
            Some(PReg(base + bit))
        };
        std::iter::from_fn(move || match (low, high) {
            (0, 0) => None,
            (0, _) => next(&mut high, 64),
            _ => next(&mut low, 0),
        })
    }
}

/// A virtual register: an index into [`Code::vregs`]. Each is defined once (SSA).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct VReg(pub u32);

/// A pool entry that stands for no register: the absent base or index of a memory operand.
pub const NONE: u32 = u32::MAX;

/// Where a value is, as the allocator writes it into the pool. Two tag bits and a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Loc(pub u32);

/// A [`Loc`] taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LocKind {
    /// A register.
    Reg(PReg),
    /// A spill slot: byte offset in the frame's spill area.
    Spill(u32),
    /// An incoming stack argument: byte offset from the first one.
    Incoming(u32),
    /// An outgoing stack argument: byte offset from the first one.
    Outgoing(u32),
}

impl Loc {
    /// A register.
    pub const fn reg(r: PReg) -> Loc {
        Loc(r.0 as u32)
    }
    /// A spill slot at a byte offset (below 2^30).
    pub const fn spill(offset: u32) -> Loc {
        Loc(1 << 30 | offset)
    }
    /// An incoming stack argument.
    pub const fn incoming(offset: u32) -> Loc {
        Loc(2 << 30 | offset)
    }
    /// An outgoing stack argument.
    pub const fn outgoing(offset: u32) -> Loc {
        Loc(3 << 30 | offset)
    }
    /// Takes it apart.
    pub const fn kind(self) -> LocKind {
        let n = self.0 & ((1 << 30) - 1);
        match self.0 >> 30 {
            0 => LocKind::Reg(PReg(n as u8)),
            1 => LocKind::Spill(n),
            2 => LocKind::Incoming(n),
            _ => LocKind::Outgoing(n),
        }
    }
    /// The register, if it is one.
    pub const fn as_reg(self) -> Option<PReg> {
        match self.kind() {
            LocKind::Reg(r) => Some(r),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Loc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind() {
            LocKind::Reg(r) => write!(f, "{r:?}"),
            LocKind::Spill(n) => write!(f, "[spill+{n}]"),
            LocKind::Incoming(n) => write!(f, "[in+{n}]"),
            LocKind::Outgoing(n) => write!(f, "[out+{n}]"),
        }
    }
}

/// What an instruction does with an operand, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Read before any `Def` of the instruction is written: may share a register with a `Def`.
    Use,
    /// Written after all uses are read.
    Def,
    /// Written while uses are still to be read: shares no register with any use.
    EarlyDef,
    /// A register that the instruction overwrites and whose content nobody reads; as `EarlyDef`. Its vreg occurs
    /// nowhere else.
    Temp,
}

/// Where an operand must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constraint {
    /// Any allocatable register of the class.
    Reg,
    /// This register.
    Fixed(PReg),
    /// For a `Def`: the same register as the use with this index in the operand list.
    Tied(u8),
    /// A register or a spill slot.
    Any,
    /// For a `Def`: arrives in this incoming stack slot (byte offset).
    Incoming(u32),
    /// For a `Use`: must have been stored to this outgoing stack slot (byte offset).
    Outgoing(u32),
}

/// One operand of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// Use or def.
    pub role: Role,
    /// Class of the register.
    pub class: Class,
    /// How many bytes of the register the instruction reads or writes. A use needs its vreg valid to this width or to
    /// the vreg's own, whichever is smaller.
    pub width: u8,
    /// Where it must be.
    pub constraint: Constraint,
}

/// What the allocator knows of a machine row. Targets have a constant table of these, indexed by [`Inst::row`].
#[derive(Clone, Copy, Debug)]
pub struct RowSpec {
    /// The fixed operands, in the order of the pool span. Rows with [`RowSpec::listed`] have none here.
    pub operands: &'static [Operand],
    /// The operands stand in `Code::lists[payload as u32]` instead (calls, returns, function entry).
    pub listed: bool,
    /// Indices of two uses that may be exchanged, the first of which a def is tied to.
    pub commutes: Option<(u8, u8)>,
    /// Indices (def, use) if the instruction only copies a whole register within one class.
    pub copy: Option<(u8, u8)>,
    /// May be repeated anywhere instead of reloading its one def: reads no register, memory or flag, writes no flag.
    pub remat: bool,
    /// Reads flags written by an earlier instruction of the block.
    pub reads_flags: bool,
    /// Overwrites the flags.
    pub writes_flags: bool,
    /// Registers whose content is lost, besides the defs. What keeps a part of a register is a listed row.
    pub clobbers: RegSet,
}

/// The registers that an instruction destroys, wholly or in part, besides its defs.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Clobbers {
    /// Registers whose whole content is lost.
    pub lost: RegSet,
    /// Registers of which some low bytes survive, as many as `kept` has for their class. A vreg that is wider may not
    /// stay there. Where one call would keep different numbers of bytes of registers of one class, give the least.
    pub narrowed: RegSet,
    /// Bytes that survive in the narrowed registers of each class.
    pub kept: [u8; CLASSES],
}

impl Clobbers {
    /// Nothing is destroyed.
    pub const NONE: Clobbers = Clobbers { lost: RegSet::EMPTY, narrowed: RegSet::EMPTY, kept: [0; CLASSES] };

    /// The registers of `class` in which a value of `width` bytes does not survive, as a word of a [`RegSet`].
    pub fn of(&self, class: Class, width: u8) -> u32 {
        let narrowed = if width > self.kept[class as usize] { self.narrowed.0[class as usize] } else { 0 };
        self.lost.0[class as usize] | narrowed
    }

    /// Is nothing destroyed?
    pub fn is_empty(&self) -> bool {
        self.lost.union(self.narrowed).is_empty()
    }
}

impl From<RegSet> for Clobbers {
    /// Registers that are wholly lost.
    fn from(lost: RegSet) -> Self {
        Clobbers { lost, ..Clobbers::NONE }
    }
}

/// An instruction: 16 bytes, the same for every row and target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Inst {
    /// Index into the target's row table.
    pub row: u16,
    /// The row's own bits (addressing kind, scale, condition); opaque to the allocator.
    pub flags: u16,
    /// First operand in [`Code::pool`].
    pub ops: u32,
    /// Immediates, displacement, symbol or label; for listed rows the low 32 bits index [`Code::lists`].
    pub payload: u64,
}

const _: () = assert!(size_of::<Inst>() == 16);

/// Operands and clobbers of a listed instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct List {
    /// First and one-past-last entry in [`Code::list_operands`].
    pub operands: (u32, u32),
    /// Registers lost, besides the defs.
    pub clobbers: Clobbers,
}

/// What is known of a virtual register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VRegInfo {
    /// Its class.
    pub class: Class,
    /// How many bytes must survive a move, a spill or a call: one of the class's [`ClassSpec::widths`].
    pub width: u8,
}

/// A basic block of machine instructions. Blocks stand in reverse post-order, loops contiguous, entry first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// First and one-past-last instruction. The last one is the only terminator.
    pub insts: (u32, u32),
    /// Parameters: span of [`Code::pool`], each a vreg defined at the block's start. The entry has none.
    pub params: (u32, u32),
    /// Outgoing edges: span of [`Code::edges`].
    pub succs: (u32, u32),
    /// Incoming edges: span of [`Code::preds`], which holds edge indices.
    pub preds: (u32, u32),
    /// Index of the immediate dominator; its own index for the entry.
    pub idom: u32,
    /// How many loops contain the block.
    pub loop_depth: u32,
    /// Index of the header of the innermost loop that contains the block, [`NONE`] if none does. A header names itself.
    pub loop_header: u32,
    /// Seldom executed.
    pub cold: bool,
}

/// A control-flow edge with the arguments it passes to its target's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Source block.
    pub from: u32,
    /// Target block.
    pub to: u32,
    /// Arguments: span of [`Code::pool`] of vregs, as many as the target has parameters.
    pub args: (u32, u32),
}

/// A function in machine code. Before allocation pool entries are [`VReg`] numbers (or [`NONE`]), after it [`Loc`]s.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// All instructions, block after block.
    pub insts: Vec<Inst>,
    /// Operands of instructions, block parameters, edge arguments.
    pub pool: Vec<u32>,
    /// Blocks in reverse post-order, all reachable.
    pub blocks: Vec<Block>,
    /// Edges, grouped by source block in the order of the terminator's targets.
    pub edges: Vec<Edge>,
    /// Edge indices grouped by target.
    pub preds: Vec<u32>,
    /// Virtual registers.
    pub vregs: Vec<VRegInfo>,
    /// Operand lists of listed rows.
    pub lists: Vec<List>,
    /// Their operands.
    pub list_operands: Vec<Operand>,
}

impl Code {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.insts.clear();
        self.pool.clear();
        self.blocks.clear();
        self.edges.clear();
        self.preds.clear();
        self.vregs.clear();
        self.lists.clear();
        self.list_operands.clear();
    }
    /// The operands of instruction `inst`, in the order of its pool span.
    pub fn operands<'a>(&'a self, rows: &[RowSpec], inst: &Inst) -> &'a [Operand] {
        let row = &rows[inst.row as usize];
        if row.listed {
            let (a, b) = self.lists[inst.payload as u32 as usize].operands;
            &self.list_operands[a as usize..b as usize]
        } else {
            row.operands
        }
    }
    /// The registers that `inst` destroys besides its defs.
    pub fn clobbers(&self, rows: &[RowSpec], inst: &Inst) -> Clobbers {
        let row = &rows[inst.row as usize];
        if !row.listed {
            return row.clobbers.into();
        }
        let listed = self.lists[inst.payload as u32 as usize].clobbers;
        Clobbers { lost: listed.lost.union(row.clobbers), ..listed }
    }
}

/// One register class of a machine.
#[derive(Clone, Copy, Debug)]
pub struct ClassSpec {
    /// Registers that may be given out, best first. All others are reserved: values are in them only where an operand
    /// is fixed to one, from just before the instruction to just after it.
    pub order: &'static [PReg],
    /// Reserved registers that moves may go through: a cycle, or a move from memory to memory. They hold values only
    /// within the edits of one place, so instructions may be expanded to code that overwrites them; edits may not.
    pub scratch: &'static [PReg],
    /// Two registers can be exchanged in one instruction that leaves flags alone (x64: xchg).
    pub exchange: bool,
    /// The sum of the widths that can be moved between registers, stored and reloaded: of 1, 2, 4, 8, 16, 32 and 64
    /// bytes. Slots are as wide, but at least 4 bytes, and aligned to their width from 16 bytes on.
    pub widths: u8,
    /// How many low bytes of a callee-saved register a callee preserves (aarch64: 8 of v8).
    pub kept: u8,
}

impl ClassSpec {
    /// A class that the machine does not have.
    pub const NONE: ClassSpec = ClassSpec { order: &[], scratch: &[], exchange: false, widths: 0, kept: 0 };
}

/// The machine as the allocator sees it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its rows.
    pub rows: &'static [RowSpec],
    /// Its register classes, at the index of [`Class`].
    pub classes: [ClassSpec; CLASSES],
    /// Registers that a callee must preserve under the function's convention, as wide as [`ClassSpec::kept`] says. To
    /// the function itself they cost a save and a restore. What a call in it preserves is said by its clobbers alone.
    pub callee_saved: RegSet,
}

/// An instruction that the allocator inserts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edit {
    /// Copies `width` bytes. At least one side is a register.
    Move {
        /// Source.
        from: Loc,
        /// Target.
        to: Loc,
        /// Class of the value.
        class: Class,
        /// How many bytes.
        width: u8,
    },
    /// Exchanges two registers, as wide as they are.
    Exchange {
        /// One of them.
        a: PReg,
        /// The other.
        b: PReg,
        /// The class of both.
        class: Class,
    },
    /// Repeats instruction `inst` (a `remat` row) with its def in `to`.
    Remat {
        /// The instruction that defines the value.
        inst: u32,
        /// Where the value goes.
        to: PReg,
    },
}

/// Where an edit goes. Edits at one place are executed in the order of the list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// Before this instruction.
    Before(u32),
    /// After this instruction.
    After(u32),
}

/// What allocation adds to the code.
#[derive(Clone, Debug, Default)]
pub struct Allocation {
    /// Insertions in blocks, sorted by instruction, those before it first.
    pub edits: Vec<(Place, Edit)>,
    /// Edges that need moves and cannot have them in their source or target block: the edge, and its span of
    /// `edge_edits`. Emission makes a block for each.
    pub edge_blocks: Vec<(u32, (u32, u32))>,
    /// Edits of those blocks.
    pub edge_edits: Vec<Edit>,
    /// Bytes of the spill area; 16-byte slots and wider are aligned to their width.
    pub spill_size: u32,
    /// Alignment of the spill area.
    pub spill_align: u32,
    /// Callee-saved registers that are written anywhere: [`ClassSpec::kept`] bytes of each are to be saved.
    pub saved: RegSet,
}
