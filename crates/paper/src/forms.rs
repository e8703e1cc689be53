//! The forms of instructions: operands, and where they stand in the bits. An instruction is a word of 32 bits, the
//! highest first: eight of its row's number, three fields of four bits for registers, and twelve for an immediate, a
//! condition, or a distance. One with a memory operand has a second word, its displacement.

use super::{FLOAT, Family, MASK, PAIR, Row};
use Operand::{Def, Mem, Use};
use windlass_desc::machine::{
    Above, At, Emission, Flow, Form, GENERAL, Imm, MemMode, Operand, Shape, Shapes, States, SymbolReach,
};

/// What stands in the last twelve bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extra {
    /// Nothing.
    None,
    /// The immediate.
    Imm,
    /// The condition.
    Cc,
    /// The distance of a constant behind the code, in words.
    Constant,
    /// A second word has the displacement of memory.
    Memory,
    /// A second word has the distance of a symbol or of code.
    Distance,
    /// Two more words have an address.
    Address,
    /// Emission makes what there is.
    Special,
}

/// How a row is encoded: its opcode is its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Enc {
    /// What comes after the registers.
    pub extra: Extra,
    /// The places in the pool span of the registers in the three fields; of memory base and index.
    pub fields: [Option<u8>; 3],
}

const G: At = At::In(GENERAL);
const F: At = At::In(FLOAT);
const P: At = At::In(MASK);
const TIED: At = At::Tied(1);
/// The condition code is one of the machine's states.
const CODE: States = States::FLAGS;

fn row(f: Family, w: u16, form: Form, operands: Vec<Operand>, extra: Extra, fields: &[u8]) -> Row {
    let fields = std::array::from_fn(|n| fields.get(n).copied());
    // whatever writes less than a register leaves the rest alone
    Row { above: Above::Kept, ..Row::new(f.into(), f.info(), w, form, operands, Enc { extra, fields }) }
}

/// Leaves a condition code.
pub fn coded(rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|r| Row { writes: CODE, ..r }).collect()
}

/// Reads the condition code by itself, whatever the condition.
pub fn carrying(rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|r| Row { reads: CODE, ..r }).collect()
}

/// Its operands may be exchanged.
pub fn commuting(rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|r| Row { commutes: r.form == Form::Rr, ..r }).collect()
}

/// Two registers of a bank, the result in the first.
fn two(f: Family, w: u16, at: At) -> Row {
    Row { shown: vec![0, 2], ..row(f, w, Form::Rr, vec![Def(w, TIED), Use(w, at), Use(w, at)], Extra::None, &[0, 2]) }
}

/// Two general registers, the result in the first.
pub fn alu(f: Family, widths: &[u16]) -> Vec<Row> {
    widths.iter().map(|&w| two(f, w, G)).collect()
}

/// The same of 64 bits with an immediate.
pub fn alu_imm(f: Family, imm: Imm) -> Vec<Row> {
    let ri = row(f, 64, Form::Ri, vec![Def(64, TIED), Use(64, G)], Extra::Imm, &[0]);
    vec![Row { imm, shown: vec![0], ..ri }]
}

/// The same of 64 bits with memory.
pub fn alu_mem(f: Family) -> Vec<Row> {
    let rm = row(f, 64, Form::Rm, vec![Def(64, TIED), Use(64, G), Mem(64)], Extra::Memory, &[0, 2, 3]);
    vec![Row { mem: MemMode::Load, shown: vec![0, 2], ..rm }]
}

/// Compares two registers, or one with an immediate.
pub fn compare(f: Family, imm: Imm) -> Vec<Row> {
    let mut out: Vec<Row> =
        [32, 64].map(|w| row(f, w, Form::Rr, vec![Use(w, G), Use(w, G)], Extra::None, &[0, 1])).into();
    if imm != Imm::None {
        out.extend([32, 64].map(|w| Row { imm, ..row(f, w, Form::Ri, vec![Use(w, G)], Extra::Imm, &[0]) }));
    }
    coded(out)
}

/// Shifts: of 64 bits into another register, of 32 bits in place.
pub fn shift(f: Family) -> Vec<Row> {
    let wide = row(f, 64, Form::Rr, vec![Def(64, G), Use(64, G), Use(8, G)], Extra::None, &[0, 1, 2]);
    let by = row(f, 64, Form::Ri, vec![Def(64, G), Use(64, G)], Extra::Imm, &[0, 1]);
    let narrow = row(f, 32, Form::Rr, vec![Def(32, TIED), Use(32, G), Use(8, G)], Extra::None, &[0, 2]);
    vec![wide, Row { imm: Imm::Unsigned(6), ..by }, Row { shown: vec![0, 2], ..narrow }]
}

/// Two results in the pair, the odd register first; inputs are the odd register, the even one if it is `long`, and any.
pub fn pair(f: Family, w: u16, long: bool) -> Row {
    let (even, odd) = (At::Fixed(GENERAL, PAIR.0), At::Fixed(GENERAL, PAIR.1));
    let mut operands = vec![Def(w, odd), Def(w, even), Use(w, odd)];
    if long {
        operands.push(Use(w, even));
    }
    operands.push(Use(w, G));
    let last = operands.len() as u8 - 1;
    Row { shown: vec![last], ..row(f, w, Form::R, operands, Extra::None, &[last]) }
}

/// From `from` bits to all of a general register.
pub fn extend(f: Family, from: u16) -> Vec<Row> {
    vec![row(f, 64, Form::Rr, vec![Def(64, G), Use(from, G)], Extra::None, &[0, 1])]
}

/// Copies a whole register.
pub fn copy(f: Family, w: u16) -> Vec<Row> {
    let at = match w {
        64 => G,
        128 => F,
        _ => P,
    };
    let r = row(f, w, Form::Rr, vec![Def(w, at), Use(w, at)], Extra::None, &[0, 1]);
    vec![Row { copy: true, ..r }]
}

/// A short constant.
pub fn short(f: Family) -> Vec<Row> {
    let r = row(f, 64, Form::Ri, vec![Def(64, G)], Extra::Imm, &[0]);
    vec![Row { imm: Imm::Signed(12), remat: true, ..r }]
}

/// A constant from the pool.
pub fn literal(f: Family, widths: &[u16], float: bool) -> Vec<Row> {
    let one = |&w: &u16| {
        let r = row(f, w, Form::Rw, vec![Def(w, if float { F } else { G })], Extra::Constant, &[0]);
        Row { imm: Imm::Unsigned(w as u8), whole_payload: true, remat: true, emission: Emission::Linked, ..r }
    };
    widths.iter().map(one).collect()
}

/// A load of `from` bits that fills a general register.
pub fn load(f: Family, from: u16) -> Vec<Row> {
    let r = row(f, 64, Form::Rm, vec![Def(64, G), Mem(from)], Extra::Memory, &[0, 1, 2]);
    vec![Row { mem: MemMode::Load, ..r }]
}

/// Loads that write as many bits as they read.
pub fn loads(f: Family, at: Of, widths: &[u16]) -> Vec<Row> {
    let one = |&w: &u16| Row {
        mem: MemMode::Load,
        ..row(f, w, Form::Rm, vec![Def(w, at.at()), Mem(w)], Extra::Memory, &[0, 1, 2])
    };
    widths.iter().map(one).collect()
}

/// Stores of the low bits.
pub fn stores(f: Family, at: Of, widths: &[u16]) -> Vec<Row> {
    let one = |&w: &u16| Row {
        mem: MemMode::Store,
        shown: vec![1, 0],
        ..row(f, w, Form::Mr, vec![Mem(w), Use(w, at.at())], Extra::Memory, &[2, 0, 1])
    };
    widths.iter().map(one).collect()
}

/// A bank, for the functions that serve several.
#[derive(Clone, Copy)]
pub enum Of {
    General,
    Float,
    Mask,
}

impl Of {
    fn at(self) -> At {
        match self {
            Of::General => G,
            Of::Float => F,
            Of::Mask => P,
        }
    }
}

/// The address of a memory operand.
pub fn address(f: Family) -> Vec<Row> {
    let r = row(f, 64, Form::Rm, vec![Def(64, G), Mem(64)], Extra::Memory, &[0, 1, 2]);
    vec![Row { mem: MemMode::Address, ..r }]
}

/// The second register if a condition holds, else the first.
pub fn select(f: Family) -> Vec<Row> {
    vec![Row {
        reads: CODE,
        asks: Shapes::one(Shape::Flags),
        enc: Enc { extra: Extra::Cc, ..two(f, 64, G).enc },
        ..two(f, 64, G)
    }]
}

/// Arithmetic on floats, the result in the first register.
pub fn floats(f: Family) -> Vec<Row> {
    [32, 64].map(|w| two(f, w, F)).into()
}

/// One float to another register.
pub fn float_unary(f: Family) -> Vec<Row> {
    [32, 64].map(|w| row(f, w, Form::Rr, vec![Def(w, F), Use(w, F)], Extra::None, &[0, 1])).into()
}

/// Compares floats.
pub fn compare_floats(f: Family) -> Vec<Row> {
    coded([32, 64].map(|w| row(f, w, Form::Rr, vec![Use(w, F), Use(w, F)], Extra::None, &[0, 1])).into())
}

/// Between general registers and those of floats.
pub fn across(f: Family, to_float: bool) -> Vec<Row> {
    let (to, from) = if to_float { (F, G) } else { (G, F) };
    [32, 64].map(|w| row(f, w, Form::Rr, vec![Def(w, to), Use(w, from)], Extra::None, &[0, 1])).into()
}

/// The second float if the mask has its lowest bit, else the first.
pub fn select_float(f: Family) -> Vec<Row> {
    let operands = |w| vec![Def(w, TIED), Use(w, F), Use(w, F), Use(16, P)];
    [32, 64].map(|w| Row { shown: vec![0, 2, 3], ..row(f, w, Form::Rr, operands(w), Extra::None, &[0, 2, 3]) }).into()
}

/// A mask of the condition code.
pub fn mask_of_code(f: Family) -> Vec<Row> {
    let r = row(f, 16, Form::R, vec![Def(16, P)], Extra::Cc, &[0]);
    vec![Row { reads: CODE, asks: Shapes::one(Shape::Flags), ..r }]
}

/// A mask of a comparison of floats; the immediate is the condition.
pub fn mask_of_floats(f: Family) -> Vec<Row> {
    let operands = |w| vec![Def(16, P), Use(w, F), Use(w, F)];
    [32, 64].map(|w| Row { imm: Imm::Unsigned(4), ..row(f, w, Form::Rri, operands(w), Extra::Imm, &[0, 1, 2]) }).into()
}

/// A mask in a general register.
pub fn mask_to_general(f: Family) -> Vec<Row> {
    vec![row(f, 64, Form::Rr, vec![Def(64, G), Use(16, P)], Extra::None, &[0, 1])]
}

/// A row that is alone in its family and has the family's name.
pub fn only(f: Family, emission: Emission, extra: Extra, operands: Vec<Operand>) -> Row {
    let fields: Vec<u8> = (0..operands.len().min(3) as u8).collect();
    Row { name: f.info().name.into(), emission, ..row(f, 64, Form::None, operands, extra, &fields) }
}

/// What asks for a condition and has no operands.
pub fn asking(f: Family, emission: Emission) -> Row {
    Row { reads: CODE, asks: Shapes::one(Shape::Flags), ..only(f, emission, Extra::Special, vec![]) }
}

/// What ends a block.
pub fn terminator(f: Family, emission: Emission) -> Row {
    Row { flow: Flow::Terminator, ..only(f, emission, Extra::Special, vec![]) }
}

/// What has operands of its own.
pub fn listed(f: Family, emission: Emission, flow: Flow) -> Row {
    Row { listed: true, flow, ..only(f, emission, Extra::Special, vec![]) }
}

/// The address of a symbol.
pub fn symbol(f: Family, symbol: SymbolReach) -> Vec<Row> {
    let extra = if symbol == SymbolReach::Near { Extra::Distance } else { Extra::Address };
    let r = only(f, Emission::Linked, extra, vec![Def(64, G)]);
    vec![Row { symbol, whole_payload: true, remat: true, ..r }]
}

/// To or from a register that is never given out; its number is the payload.
pub fn reserved(f: Family, write: bool) -> Vec<Row> {
    vec![only(f, Emission::Expand, Extra::Special, vec![if write { Use(64, G) } else { Def(64, G) }])]
}
