//! Encoding of riscv64 instructions as data (manual, chapter 2.2 and the listings of chapter 24), and the forms that rows
//! of a family take. Needs the types of [`super`].

use super::rows::Family;
use super::*;
use crate::machine::{At, Emission, Flow, Form, Imm, MemMode, Operand, Shape, Shapes, SymbolReach};
use Operand::{Def, Mem, Use};

/// What is put into an instruction besides registers, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// The emitter makes the bytes: labels, symbols, pseudo instructions.
    Special,
    /// Nothing.
    R,
    /// The immediate, 12 bits.
    I,
    /// The immediate as the amount of a shift, 6 bits.
    Shift,
    /// The displacement of the memory operand, 12 bits in one place; more takes further instructions.
    Load,
    /// The displacement of the memory operand, 12 bits in two places; more takes further instructions.
    Store,
    /// The immediate above 12 zeros, 20 bits.
    Upper,
    /// AUIPC of the destination, and this instruction on it, together a relocation's.
    Pair,
}

/// What fills a register's field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// The register `zero`, or bits that the instruction has anyway.
    Zero,
    /// This register.
    Fixed(u8),
    /// The register at this place in the pool span; of memory its base.
    Op(u8),
}

/// The encoding of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Enc {
    /// What is put in besides registers.
    pub format: Format,
    /// The instruction where all of that is zero.
    pub bits: u32,
    /// Destination, bits 7 to 11.
    pub rd: Field,
    /// First source, bits 15 to 19.
    pub rs1: Field,
    /// Second source, bits 20 to 24.
    pub rs2: Field,
}

const SPECIAL: Enc = Enc { format: Format::Special, bits: 0, rd: Field::Zero, rs1: Field::Zero, rs2: Field::Zero };

/// Major opcodes: operations on registers, and with immediates, of 64 bits and of 32.
const OP: u32 = 0x33;
const OP_32: u32 = 0x3b;
const OP_IMM: u32 = 0x13;
const OP_IMM_32: u32 = 0x1b;
const LOAD: u32 = 0x03;
const STORE: u32 = 0x23;
const LUI: u32 = 0x37;
const JALR: u32 = 0x67;

const REG: At = At::In(GENERAL);

fn row(f: Family, width: u16, form: Form, operands: Vec<Operand>, enc: Enc) -> Row {
    Row::new(f.into(), f.info(), width, form, operands, enc)
}

/// A row that is alone in its family and has the family's name.
fn only(f: Family, r: Row) -> Row {
    Row { name: f.info().name.into(), ..r }
}

fn bits(opcode: u32, funct3: u32, funct7: u32) -> u32 {
    opcode | funct3 << 12 | funct7 << 25
}

/// The same in 32 bits, whose result is extended by its sign.
fn narrow(f: Family, r: Row, mnemonic: &'static str) -> Row {
    let r = Row { name: format!("{}32{}", f.info().name, r.form.suffix()), ..r };
    Row { width: 32, above: Above::Sign, mnemonic, ..r }
}

/// Two registers, of 64 bits and under the name `word` of 32 bits.
pub fn two(f: Family, funct3: u32, funct7: u32, word: Option<&'static str>) -> Vec<Row> {
    let one = |w: u16, opcode| {
        let enc = Enc {
            format: Format::R,
            bits: bits(opcode, funct3, funct7),
            rd: Field::Op(0),
            rs1: Field::Op(1),
            rs2: Field::Op(2),
        };
        row(f, w, Form::Rr, vec![Def(w, REG), Use(w, REG), Use(w, REG)], enc)
    };
    let wide = one(64, OP);
    [Some(wide), word.map(|name| narrow(f, one(32, OP_32), name))].into_iter().flatten().collect()
}

/// A register and an immediate of 12 bits, under these names.
fn immediate(f: Family, funct3: u32, name: &'static str, word: Option<&'static str>) -> Vec<Row> {
    let one = |w: u16, opcode| {
        let enc =
            Enc { format: Format::I, bits: bits(opcode, funct3, 0), rd: Field::Op(0), rs1: Field::Op(1), ..SPECIAL };
        let r = row(f, w, Form::Ri, vec![Def(w, REG), Use(w, REG)], enc);
        Row { imm: Imm::Signed(12), mnemonic: name, ..r }
    };
    let wide = one(64, OP_IMM);
    [Some(wide), word.map(|name| narrow(f, one(32, OP_IMM_32), name))].into_iter().flatten().collect()
}

/// An operation that takes an immediate too.
pub fn alu(f: Family, funct3: u32, [imm, word, word_imm]: [&'static str; 3]) -> Vec<Row> {
    let some = |name: &'static str| Some(name).filter(|n| !n.is_empty());
    [two(f, funct3, 0, some(word)), immediate(f, funct3, imm, some(word_imm))].concat()
}

/// Shifts: by the low bits of a register, and by an immediate.
pub fn shift(f: Family, funct3: u32, funct7: u32, [imm, word, word_imm]: [&'static str; 3]) -> Vec<Row> {
    let mut out = two(f, funct3, funct7, Some(word));
    for r in &mut out {
        r.operands[2] = Use(8, REG);
    }
    for (mut r, reach) in immediate(f, funct3, imm, Some(word_imm)).into_iter().zip([6, 5]) {
        r.imm = Imm::Unsigned(reach);
        r.enc = Enc { format: Format::Shift, bits: r.enc.bits | funct7 << 25, ..r.enc };
        out.push(r);
    }
    out
}

/// A register, the other operand being built in: the register `zero` before it, or an immediate behind it.
pub fn one(f: Family, width: u16, bits: u32, zero_first: bool) -> Vec<Row> {
    let (rs1, rs2) = if zero_first { (Field::Zero, Field::Op(1)) } else { (Field::Op(1), Field::Zero) };
    let enc = Enc { format: Format::R, bits, rd: Field::Op(0), rs1, rs2 };
    let r = row(f, width, Form::R, vec![Def(width, REG), Use(width, REG)], enc);
    vec![if width == 32 { Row { above: Above::Sign, ..r } } else { r }]
}

/// `zero` before a register.
pub fn after_zero(f: Family, funct3: u32, funct7: u32, word: Option<&'static str>) -> Vec<Row> {
    let wide = one(f, 64, bits(OP, funct3, funct7), true);
    let narrow = word.map(|mnemonic| Row { mnemonic, ..one(f, 32, bits(OP_32, funct3, funct7), true).remove(0) });
    wide.into_iter().chain(narrow).collect()
}

/// A register with this immediate.
pub fn with_constant(f: Family, width: u16, funct3: u32, k: i32) -> Vec<Row> {
    let opcode = if width == 32 { OP_IMM_32 } else { OP_IMM };
    one(f, width, bits(opcode, funct3, 0) | (k as u32) << 20, false)
}

/// Copies a register.
pub fn copy(f: Family) -> Vec<Row> {
    let r = with_constant(f, 64, 0, 0).remove(0);
    vec![Row { copy: true, ..r }]
}

/// A load of `from` bits that fills the register.
pub fn load(f: Family, funct3: u32, from: u16) -> Vec<Row> {
    let enc = Enc { format: Format::Load, bits: bits(LOAD, funct3, 0), rd: Field::Op(0), rs1: Field::Op(1), ..SPECIAL };
    let r = row(f, 64, Form::Rm, vec![Def(64, REG), Mem(from)], enc);
    vec![only(f, Row { mem: MemMode::Load, emission: Emission::Expand, ..r })]
}

/// Stores of all widths.
pub fn stores(f: Family) -> Vec<Row> {
    let one = |(n, mnemonic): (u32, &'static str)| {
        let enc =
            Enc { format: Format::Store, bits: bits(STORE, n, 0), rs1: Field::Op(0), rs2: Field::Op(2), ..SPECIAL };
        let w = 8 << n;
        let r = row(f, w, Form::Mr, vec![Mem(w), Use(w, REG)], enc);
        Row { mem: MemMode::Store, mnemonic, emission: Emission::Expand, shown: vec![1, 0], ..r }
    };
    (0..).zip(["sb", "sh", "sw", "sd"]).map(one).collect()
}

/// The address of a memory operand.
pub fn address(f: Family) -> Vec<Row> {
    let enc = Enc { format: Format::Load, bits: bits(OP_IMM, 0, 0), rd: Field::Op(0), rs1: Field::Op(1), ..SPECIAL };
    let r = row(f, 64, Form::Rm, vec![Def(64, REG), Mem(64)], enc);
    vec![Row { mem: MemMode::Address, emission: Emission::Expand, ..r }]
}

/// No operands: these bytes.
pub fn plain(f: Family, bits: u32) -> Row {
    only(f, row(f, 64, Form::None, vec![], Enc { format: Format::R, bits, ..SPECIAL }))
}

/// The upper bits of a number of 32, sign-extended.
pub fn upper(f: Family) -> Vec<Row> {
    let enc = Enc { format: Format::Upper, bits: LUI, rd: Field::Op(0), ..SPECIAL };
    let r = row(f, 64, Form::Ri, vec![Def(64, REG)], enc);
    vec![only(f, Row { imm: Imm::Shifted(20, 12), ..r })]
}

/// Made by the emitter, operands as given.
pub fn special(f: Family, emission: Emission, operands: Vec<Operand>) -> Row {
    only(f, Row { emission, ..row(f, 64, Form::None, operands, SPECIAL) })
}

/// Operands that each instruction lists, and nothing to encode.
pub fn listed(f: Family, emission: Emission, flow: Flow) -> Vec<Row> {
    vec![Row { listed: true, flow, ..special(f, emission, vec![]) }]
}

/// JALR to a register, its first operand, the return address going to another.
pub fn jump_register(link: u8) -> Enc {
    Enc { format: Format::R, bits: JALR | (link as u32) << 7, rs1: Field::Op(0), ..SPECIAL }
}

/// AUIPC and JALR to a symbol: by way of a register, the return address going to another.
pub fn jump_symbol(by: u8, link: u8) -> Enc {
    let bits = JALR | (link as u32) << 7 | (by as u32) << 15;
    Enc { format: Format::Pair, bits, rd: Field::Fixed(by), ..SPECIAL }
}

/// Any constant: one to eight instructions.
pub fn constant(f: Family) -> Vec<Row> {
    let r = special(f, Emission::Expand, vec![Def(64, REG)]);
    vec![Row { form: Form::Rw, imm: Imm::Unsigned(64), whole_payload: true, remat: true, ..r }]
}

/// The address of a symbol: AUIPC and this instruction.
pub fn symbol(f: Family, symbol: SymbolReach, opcode: u32, funct3: u32) -> Vec<Row> {
    let enc =
        Enc { format: Format::Pair, bits: bits(opcode, funct3, 0), rd: Field::Op(0), rs1: Field::Op(0), ..SPECIAL };
    let r = special(f, Emission::Linked, vec![Def(64, REG)]);
    vec![Row { enc, symbol, whole_payload: true, remat: true, ..r }]
}

/// ADDI of the low part of a distance.
pub fn near_symbol(f: Family) -> Vec<Row> {
    symbol(f, SymbolReach::Near, OP_IMM, 0)
}

/// LD at a distance.
pub fn far_symbol(f: Family) -> Vec<Row> {
    symbol(f, SymbolReach::Far, LOAD, 3)
}

/// What asks for a condition: a row that compares two registers, and one that compares a register with zero. They come
/// behind the row's own operands.
pub fn asking(f: Family, emission: Emission, own: &[Operand], change: impl Fn(Row) -> Row) -> Vec<Row> {
    let one = |shape: Shape, suffix: &str| {
        let operands = own.iter().copied().chain((0..shape.registers()).map(|_| Use(64, REG))).collect();
        let r = special(f, emission, operands);
        change(Row { name: format!("{}{suffix}", f.info().name), asks: Shapes::one(shape), ..r })
    };
    vec![one(Shape::Pair, "_pair"), one(Shape::Zero, "_zero")]
}

/// A copy on a condition: the first register stays unless the condition holds.
pub fn select(f: Family) -> Vec<Row> {
    asking(f, Emission::Expand, &[Def(64, At::Tied(1)), Use(64, REG), Use(64, REG)], |r| r)
}

/// Words of 64 bits copied from where the second register points to where the first points, as many as the third says.
/// All three change.
pub fn copy_words(f: Family) -> Vec<Row> {
    let operands = (3..6).map(|n| Def(64, At::Tied(n))).chain([Use(64, REG); 3]).collect();
    vec![special(f, Emission::Expand, operands)]
}
