//! What the descriptions of all machines have in common: registers, operands, the columns of a row, and how a row runs.
//!
//! A machine is a type that implements [`Machine`]. Its rows are built by ordinary functions when the compiler is built.
//! A row's columns stand here; how its bytes are made is the machine's own matter (`E`), which [`Row::shared`] leaves
//! out. Rules, checks, the generator of matchers and the prover see shared rows only, so they name no machine.
//! Needs [`crate::bv`] and [`crate::env`].

pub mod imm;
mod run;
mod table;

use crate::bv::Bv;
use crate::cc::IntCC;
use crate::env::Env;
use crate::types::Type;

pub use crate::feature::FeatureRow;
pub use run::{Input, Meant, Output, nothing, simulate, value};
pub(crate) use table::families;

/// A bank of registers, by its number in [`Machine::BANKS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Bank(pub u8);

/// The bank of general registers, which every machine has first.
pub const GENERAL: Bank = Bank(0);

/// What there is to know of a bank.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BankInfo {
    /// Its name in messages.
    pub name: &'static str,
    /// Bits of a register.
    pub bits: u32,
    /// A copy or a spill of a narrow value keeps at least so many bits of its register.
    pub least: u32,
    /// What a copy or a spill that keeps not all bits leaves above them.
    pub copied: Above,
}

/// What stands above the bits that are written to a register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Above {
    /// Zeros.
    Zero,
    /// Copies of the highest bit written.
    Sign,
    /// What stood there before: in the tied use, if there is one.
    Kept,
    /// Nothing that anybody may rely on.
    Any,
}

/// Where a register operand must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// Any register of the bank.
    In(Bank),
    /// The register of the bank with this number.
    Fixed(Bank, u8),
    /// The register of the use at this place in the pool span.
    Tied(u8),
}

/// An operand of a row, with its width in bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// Written. What is above the written bits, the row says ([`Row::above`]).
    Def(u16, At),
    /// Read: the low bits.
    Use(u16, At),
    /// Memory, at base + (index << scale) + displacement. Two places in the pool span.
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
    /// Three registers.
    Rrr,
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
            Form::Rrr => "_rrr",
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
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Emission {
    /// The instruction it is, with nothing to be done about it.
    #[default]
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
    /// All that a test of it with itself does.
    All,
}

/// State of the machine besides registers and memory: a set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct States(pub u8);

impl States {
    /// None.
    pub const NONE: States = States(0);
    /// The condition flags, or the condition code.
    pub const FLAGS: States = States(1);
    /// The mode of a vector unit: length and width of its elements.
    pub const VECTOR_MODE: States = States(2);

    /// Has it all of `other`, which is not empty?
    pub const fn has(self, other: States) -> bool {
        self.0 & other.0 != 0
    }
}

/// The shape of a test: what an instruction that asks for a condition reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Shape {
    /// Flags, or a condition code, and one condition on them.
    Flags,
    /// Flags, and a condition that takes two instructions to ask for.
    FlagsTwice,
    /// Two registers, compared by a condition.
    Pair,
    /// One register, compared with zero by a condition.
    Zero,
    /// One bit of a register, whose number is an immediate.
    Bit,
}

impl Shape {
    /// All shapes, in the order of their numbers.
    pub const ALL: [Shape; 5] = [Shape::Flags, Shape::FlagsTwice, Shape::Pair, Shape::Zero, Shape::Bit];

    /// How many registers a test of this shape reads.
    pub const fn registers(self) -> usize {
        match self {
            Shape::Flags | Shape::FlagsTwice => 0,
            Shape::Pair => 2,
            Shape::Zero | Shape::Bit => 1,
        }
    }
}

/// A set of shapes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Shapes(pub u8);

impl Shapes {
    /// None: the row asks for no condition.
    pub const NONE: Shapes = Shapes(0);
    /// One.
    pub const fn one(s: Shape) -> Shapes {
        Shapes(1 << s as u8)
    }
    /// Is the shape among them?
    pub const fn has(self, s: Shape) -> bool {
        self.0 >> s as u8 & 1 != 0
    }
    /// These and another.
    pub const fn and(self, s: Shape) -> Shapes {
        Shapes(self.0 | 1 << s as u8)
    }
}

/// Which immediates a row takes, as 64 bits: what the machine makes of the bits that the instruction holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Imm {
    /// The row has none.
    None,
    /// So many bits, sign-extended.
    Signed(u8),
    /// So many bits, zero-extended.
    Unsigned(u8),
    /// So many bits, sign-extended, above so many zeros.
    Shifted(u8, u8),
}

impl Imm {
    /// Is there one?
    pub fn is_input(self) -> bool {
        self != Imm::None
    }
    /// One bit: can a row that takes `w` bits of its immediate hold `k` in them?
    pub fn takes<B: Bv>(self, w: u32, k: &B) -> B {
        let low = |n: u8| k.extract(0, u32::from(n).min(k.w()));
        let seen = match self {
            Imm::None => return B::lit(1, 1),
            Imm::Signed(n) => low(n).sext(k.w()),
            Imm::Unsigned(n) => low(n).zext(k.w()),
            Imm::Shifted(n, by) => {
                let by = u32::from(by);
                k.extract(by, u32::from(n)).concat(&B::lit(by, 0)).sext(k.w())
            }
        };
        seen.extract(0, w).eq(&k.extract(0, w))
    }
}

/// An operation of the machine, by its number in [`Machine::FAMILIES`]. It becomes a row per width and form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Family(pub u16);

/// What every row of a family shares.
#[derive(Clone, Copy, Debug)]
pub struct FamilyInfo {
    /// Name in row names.
    pub name: &'static str,
    /// The assembler's name, where a row says no other.
    pub mnemonic: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Why it has no meaning, if it has none.
    pub no_meaning: Option<&'static str>,
}

/// A feature that a CPU may have beyond the baseline, by its number in [`Machine::FEATURES`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Feature(pub u8);

/// A condition, by its number as instructions have it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cc(pub u8);

/// What a memory operand computes besides base plus displacement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AddressForm {
    /// An index may be added, shifted left by at most so much; none if there is no index.
    pub index: Option<u8>,
    /// Displacements.
    pub displacement: Imm,
}

/// One machine instruction. `E` says how its bytes are made.
#[derive(Clone, Debug)]
pub struct Row<E = ()> {
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
    /// The immediate is a symbol, whose address the meaning sees.
    pub symbol: SymbolReach,
    /// The immediate takes the whole payload of an instruction in memory, not its upper half.
    pub whole_payload: bool,
    /// Encoding.
    pub enc: E,
    /// State that it reads.
    pub reads: States,
    /// State that it writes or destroys.
    pub writes: States,
    /// The shapes of tests that it asks for a condition. What it reads for that comes behind its other uses.
    pub asks: Shapes,
    /// What the flags tell of the result in a register.
    pub told: Told,
    /// What stands above its results in their registers.
    pub above: Above,
    /// The two uses may be exchanged.
    pub commutes: bool,
    /// Its result is its use, all bits of the register.
    pub copy: bool,
    /// It may trap by itself, not for its memory access.
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

/// Does a row take a symbol, and how far away may that be?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SymbolReach {
    /// It takes none.
    None,
    /// Within the reach of code that is linked together.
    Near,
    /// Anywhere.
    Far,
}

impl<E> Row<E> {
    /// A row of `family` with the columns that most rows share.
    pub fn new(family: Family, info: &FamilyInfo, width: u16, form: Form, operands: Vec<Operand>, enc: E) -> Row<E> {
        let shown = (0..operands.len() as u8).collect();
        Row {
            name: format!("{}{}{}", info.name, width, form.suffix()),
            family,
            width,
            form,
            operands,
            listed: false,
            mem: MemMode::None,
            imm: Imm::None,
            symbol: SymbolReach::None,
            whole_payload: false,
            enc,
            reads: States::NONE,
            writes: States::NONE,
            asks: Shapes::NONE,
            told: Told::Nothing,
            above: Above::Any,
            commutes: false,
            copy: false,
            traps: false,
            emission: Emission::Plain,
            flow: Flow::Next,
            remat: false,
            feature: None,
            mnemonic: info.mnemonic,
            shown,
        }
    }
    /// The same without the encoding.
    pub fn shared(&self) -> Row {
        Row {
            name: self.name.clone(),
            family: self.family,
            width: self.width,
            form: self.form,
            operands: self.operands.clone(),
            listed: self.listed,
            mem: self.mem,
            imm: self.imm,
            symbol: self.symbol,
            whole_payload: self.whole_payload,
            enc: (),
            reads: self.reads,
            writes: self.writes,
            asks: self.asks,
            told: self.told,
            above: self.above,
            commutes: self.commutes,
            copy: self.copy,
            traps: self.traps,
            emission: self.emission,
            flow: self.flow,
            remat: self.remat,
            feature: self.feature,
            mnemonic: self.mnemonic,
            shown: self.shown.clone(),
        }
    }
    /// Does it read the flags?
    pub fn reads_flags(&self) -> bool {
        self.reads.has(States::FLAGS)
    }
    /// Does it write or destroy the flags?
    pub fn writes_flags(&self) -> bool {
        self.writes.has(States::FLAGS)
    }
    /// The place in the pool span where operand `i` starts.
    pub fn place(&self, i: usize) -> u8 {
        self.operands[..i].iter().map(|o| o.places()).sum()
    }
    /// The bank of operand `i`; that of memory is of no consequence.
    pub fn bank(&self, i: usize) -> Bank {
        match self.operands[i] {
            Operand::Def(_, At::In(b) | At::Fixed(b, _)) | Operand::Use(_, At::In(b) | At::Fixed(b, _)) => b,
            Operand::Def(_, At::Tied(place)) => {
                let tied = (0..self.operands.len()).find(|&k| k != i && self.place(k) == place);
                tied.map_or(GENERAL, |k| self.bank(k))
            }
            _ => GENERAL,
        }
    }
    /// The bank of the register at a place of the pool span.
    pub fn bank_at(&self, place: u8) -> Bank {
        (0..self.operands.len()).find(|&i| self.place(i) == place).map_or(GENERAL, |i| self.bank(i))
    }
    /// Which of the uses is the register at a place of the pool span.
    pub fn use_at(&self, place: u8) -> Option<usize> {
        let mut uses = (0..self.operands.len()).filter(|&i| matches!(self.operands[i], Operand::Use(..)));
        uses.position(|i| self.place(i) == place)
    }
    /// The name of the row's constant.
    pub fn constant(&self) -> String {
        self.name.to_uppercase()
    }
}

/// A machine: its facts, and what its instructions mean.
pub trait Machine: 'static {
    /// Its name.
    const NAME: &'static str;
    /// Banks of registers, the general ones first.
    const BANKS: &'static [BankInfo];
    /// Operations, in the order of their numbers.
    const FAMILIES: &'static [FamilyInfo];
    /// Features, in the order of their numbers.
    const FEATURES: &'static [FeatureRow];
    /// Width of the flags, or of the condition code; 0 if it has none.
    const FLAGS_WIDTH: u32;
    /// Names of conditions, in the order of their numbers.
    const CONDITIONS: &'static [&'static str];
    /// Are instructions' accesses to memory big-endian?
    const BIG_ENDIAN: bool;
    /// What a memory operand computes.
    const ADDRESS: AddressForm;
    /// The types that registers hold.
    const REGISTER_TYPES: &'static [Type];

    /// All rows, family after family.
    fn rows() -> Vec<Row>;
    /// The bank that holds values of a type.
    fn bank_of(ty: Type) -> Bank;
    /// The condition that a comparison of two integers is asked for.
    fn condition_of(cc: IntCC) -> Cc;
    /// The condition that holds where `cc` does not, if there is one.
    fn negate(cc: Cc) -> Option<Cc>;
    /// Does the condition take two instructions to ask for?
    fn is_double(_cc: Cc) -> bool {
        false
    }
    /// One bit: does the condition hold for these flags, or these registers, as wide as they are compared?
    fn holds<B: Bv>(cc: Cc, state: &[B]) -> B;
    /// Runs the family's meaning at `w` bits on the operands `args`: uses in order, memory where it is read, then the
    /// immediate.
    fn meaning<E: Env>(family: Family, e: &mut E, w: u32, input: &Input<E::B>, args: &[E::B]) -> Meant<E::B>;
}
