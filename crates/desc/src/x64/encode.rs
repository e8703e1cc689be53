//! Encoding of x86-64 instructions as data, and the forms that rows of a family take: which operands stand where in the
//! pool, in the ModRM byte and in the text (SDM volume 2, chapter 2). Needs the types of [`super`].

use super::*;

/// Opcode map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Map {
    /// One byte.
    One,
    /// `0F`
    Two,
    /// `0F 38`
    Three38,
    /// `0F 3A`
    Three3a,
}

/// What fills a field of the ModRM byte, or VEX.vvvv.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// Nothing.
    None,
    /// The register, or memory, at this place in the pool span.
    Op(u8),
    /// A constant.
    Digit(u8),
    /// Memory at a distance from the instruction's end: what the row is linked to.
    Rip,
}

/// What the last field of an instruction refers to, which emission fills in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// Nothing: there is no such field.
    None,
    /// The distance of a constant behind the code, which the payload is.
    Constant,
    /// The distance of code to be called.
    Call,
    /// The distance of a symbol near by.
    Near,
    /// The distance of the entry that has a symbol's address in a table of such (GOT).
    Table,
    /// The address of a symbol.
    Address,
}

/// An immediate in the instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Imm {
    /// None.
    None,
    /// One byte.
    I8,
    /// One byte, always this one: part of the opcode.
    Fixed(u8),
    /// A shift count: one byte, or none with opcode bit 4 set if it is 1.
    Count,
    /// One byte if it fits, with opcode bit 1 set, else as wide as the operation up to 32 bits; sign-extended.
    Short,
    /// As wide as the operation up to 32 bits; sign-extended.
    Full,
    /// 32 bits, zero-extended.
    U32,
    /// 64 bits.
    I64,
}

impl Imm {
    /// What an instruction of this width makes of it.
    fn of_width(self, w: u16) -> machine::Imm {
        match self {
            Imm::None | Imm::Fixed(_) => machine::Imm::None,
            Imm::I8 | Imm::Count => machine::Imm::Signed(8),
            Imm::Short | Imm::Full => machine::Imm::Signed(w.min(32) as u8),
            Imm::U32 => machine::Imm::Unsigned(32),
            Imm::I64 => machine::Imm::Unsigned(64),
        }
    }
}

/// The encoding of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Enc {
    /// Instruction bytes are made elsewhere (labels, pseudo instructions).
    pub special: bool,
    /// Mandatory prefix, 0 if none.
    pub prefix: u8,
    /// Opcode map.
    pub map: Map,
    /// Opcode.
    pub opcode: u8,
    /// The condition's number is added to the opcode.
    pub plus_cc: bool,
    /// The register number of the operand at this place is added to the opcode; then there is no ModRM byte.
    pub plus_reg: Field,
    /// REX.W or VEX.W.
    pub w: bool,
    /// VEX-encoded, with this in vvvv; `Digit(0)` if the instruction does not use it.
    pub vex: Field,
    /// ModRM.reg.
    pub reg: Field,
    /// ModRM.rm.
    pub rm: Field,
    /// The immediate.
    pub imm: Imm,
    /// Opcode for a ModRM.rm of rax and an immediate that is not one short byte, without a ModRM byte; 0 if none.
    pub acc: u8,
    /// What its last field refers to.
    pub link: Link,
}

/// No bytes of its own.
pub const SPECIAL: Enc = Enc {
    special: true,
    prefix: 0,
    map: Map::One,
    opcode: 0,
    plus_cc: false,
    plus_reg: Field::None,
    w: false,
    vex: Field::None,
    reg: Field::None,
    rm: Field::None,
    imm: Imm::None,
    acc: 0,
    link: Link::None,
};

/// An integer instruction at `width` bits: operand-size prefix and REX.W follow from the width.
pub fn legacy(map: Map, opcode: u8, width: u16, reg: Field, rm: Field) -> Enc {
    let prefix = if width == 16 { 0x66 } else { 0 };
    Enc { special: false, prefix, map, opcode, w: width == 64, reg, rm, ..SPECIAL }
}

/// Opcodes of byte operations have bit 0 clear where the wider ones have it set.
pub fn sized(opcode: u8, width: u16) -> u8 {
    if width == 8 { opcode & !1 } else { opcode | 1 }
}

/// A row of `family` with the fields most rows share; the forms below adjust it.
pub fn row(family: impl Into<machine::Family>, width: u16, form: Form, operands: Vec<Operand>, enc: Enc) -> Row {
    let family = family.into();
    let r = Row::new(family, &FAMILIES[family.0 as usize], width, form, operands, enc);
    Row { above: above(&r), ..r }
}

/// What stands above the first result: writing 32 bits of a general register clears the rest, writing fewer leaves it.
fn above(r: &Row) -> Above {
    match r.operands.first() {
        Some(Def(32, _)) if r.bank(0) == GENERAL => Above::Zero,
        Some(Def(8 | 16, _)) if r.bank(0) == GENERAL => Above::Kept,
        _ => Above::Any,
    }
}

/// The row with an immediate.
pub fn taking(imm: Imm, r: Row) -> Row {
    let whole_payload = matches!(imm, Imm::U32 | Imm::I64);
    Row { imm: imm.of_width(r.width), whole_payload, enc: Enc { imm, ..r.enc }, ..r }
}

use Field::{Digit, Op};
use Operand::{Def, Mem, Use};

/// What instructions ask that can be asked for one condition.
pub const FLAGS: Shapes = Shapes::one(Shape::Flags);
/// What branches and traps ask, which may ask twice.
pub const BRANCHING: Shapes = FLAGS.and(Shape::FlagsTwice);

/// The widths of integer instructions.
pub const WIDTHS: [u16; 4] = [8, 16, 32, 64];

/// `op r, r/m/imm` and `op m, r/imm`, the result in the first operand: the eight classic operations.
pub fn alu(f: Family, n: u8) -> Vec<Row> {
    let mut out = vec![];
    for w in WIDTHS {
        let op = |base: u8| sized(n << 3 | base, w);
        let imm = |rm| legacy(Map::One, sized(0x80, w), w, Digit(n), rm);
        let tied = || vec![Def(w, At::Tied(1)), Use(w, At::In(GENERAL))];
        let with = |mut ops: Vec<Operand>, o: Operand| {
            ops.push(o);
            ops
        };
        let kind = if w == 8 { Imm::Full } else { Imm::Short };
        let rr = legacy(Map::One, op(0), w, Op(2), Op(0));
        out.push(Row { shown: vec![0, 2], ..row(f, w, Form::Rr, with(tied(), Use(w, At::In(GENERAL))), rr) });
        let rm = legacy(Map::One, op(2), w, Op(0), Op(2));
        out.push(Row { shown: vec![0, 2], mem: MemMode::Load, ..row(f, w, Form::Rm, with(tied(), Mem(w)), rm) });
        let ri = Enc { acc: op(4), ..imm(Op(0)) };
        out.push(taking(kind, Row { shown: vec![0], ..row(f, w, Form::Ri, tied(), ri) }));
        let mr = legacy(Map::One, op(0), w, Op(2), Op(0));
        out.push(Row { mem: MemMode::Modify, ..row(f, w, Form::Mr, vec![Mem(w), Use(w, At::In(GENERAL))], mr) });
        out.push(taking(kind, Row { mem: MemMode::Modify, ..row(f, w, Form::Mi, vec![Mem(w)], imm(Op(0))) }));
    }
    out.iter_mut().for_each(|r| r.writes = States::FLAGS);
    telling(Told::Result, out)
}

/// The rows with what their flags tell of a result in a register.
pub fn telling(told: Told, rows: Vec<Row>) -> Vec<Row> {
    let in_register = |r: &Row| matches!(r.operands.first(), Some(Def(..)));
    rows.into_iter().map(|r| if in_register(&r) { Row { told, ..r } } else { r }).collect()
}

/// As [`alu`], for a bitwise operation, whose operands can be exchanged.
pub fn alu_bitwise(f: Family, n: u8) -> Vec<Row> {
    telling(Told::All, alu_commuting(f, n))
}

/// As [`alu`], for an operation whose operands can be exchanged.
pub fn alu_commuting(f: Family, n: u8) -> Vec<Row> {
    let mut out = alu(f, n);
    out.iter_mut().for_each(|r| r.commutes = r.form == Form::Rr);
    out
}

/// As [`alu`], for an operation that takes the carry flag as a third input.
pub fn alu_with_carry(f: Family, n: u8) -> Vec<Row> {
    let mut out = alu(f, n);
    out.iter_mut().for_each(|r| r.reads = States::FLAGS);
    out
}

/// As [`alu`] with flags as the only result: `rr` with opcode `op`, immediates with opcode `imm` and `digit`, or
/// with `acc` for rax.
pub fn compare(f: Family, op: u8, (imm, digit, acc): (u8, u8, u8), short: bool, with_rm: bool) -> Vec<Row> {
    let mut out = vec![];
    for w in WIDTHS {
        let kind = if short && w != 8 { Imm::Short } else { Imm::Full };
        let imm = legacy(Map::One, sized(imm, w), w, Digit(digit), Op(0));
        let (a, m) = (Use(w, At::In(GENERAL)), Mem(w));
        out.push(row(f, w, Form::Rr, vec![a, a], legacy(Map::One, sized(op, w), w, Op(1), Op(0))));
        if with_rm {
            let enc = legacy(Map::One, sized(op, w) | 2, w, Op(0), Op(1));
            out.push(Row { mem: MemMode::Load, ..row(f, w, Form::Rm, vec![a, m], enc) });
        }
        let ri = Enc { acc: sized(acc, w), ..imm };
        out.push(taking(kind, Row { ..row(f, w, Form::Ri, vec![a], ri) }));
        let enc = legacy(Map::One, sized(op, w), w, Op(2), Op(0));
        out.push(Row { mem: MemMode::Load, ..row(f, w, Form::Mr, vec![m, a], enc) });
        out.push(taking(kind, Row { mem: MemMode::Load, ..row(f, w, Form::Mi, vec![m], imm) }));
    }
    out.iter_mut().for_each(|r| r.writes = States::FLAGS);
    out
}

/// The rows, of which a test of a register with itself can be spared where the flags are of that register already.
pub fn sparing(rows: Vec<Row>) -> Vec<Row> {
    let one = |r: Row| if r.form == Form::Rr { Row { emission: Emission::Test, ..r } } else { r };
    rows.into_iter().map(one).collect()
}

/// A bit of a register, by its number in a register or an immediate, modulo the width.
pub fn bit_test(f: Family) -> Vec<Row> {
    let one = |w: u16| {
        let a = Use(w, At::In(GENERAL));
        let rr = row(f, w, Form::Rr, vec![a, a], legacy(Map::Two, 0xa3, w, Op(1), Op(0)));
        let ri = row(f, w, Form::Ri, vec![a], legacy(Map::Two, 0xba, w, Digit(4), Op(0)));
        [Row { writes: States::FLAGS, ..rr }, taking(Imm::I8, Row { writes: States::FLAGS, ..ri })]
    };
    [one(32), one(64)].concat()
}

/// One operand, changed in place: `op r` and `op m`.
pub fn unary(f: Family, digit: u8, writes: States) -> Vec<Row> {
    let mut out = vec![];
    for w in WIDTHS {
        let enc = legacy(Map::One, sized(0xf6, w), w, Digit(digit), Op(0));
        let ops = vec![Def(w, At::Tied(1)), Use(w, At::In(GENERAL))];
        out.push(Row { shown: vec![0], writes, ..row(f, w, Form::R, ops, enc) });
        out.push(Row { mem: MemMode::Modify, writes, ..row(f, w, Form::M, vec![Mem(w)], enc) });
    }
    out
}

/// Shifts and rotates: by the low byte of rcx, and by an immediate.
pub fn shift(f: Family, digit: u8) -> Vec<Row> {
    let mut out = vec![];
    for w in WIDTHS {
        let enc = |op| legacy(Map::One, sized(op, w), w, Digit(digit), Op(0));
        let cl = Use(8, At::Fixed(GENERAL, regs::RCX));
        let ops = vec![Def(w, At::Tied(1)), Use(w, At::In(GENERAL))];
        out.push(taking(Imm::Count, Row { shown: vec![0], ..row(f, w, Form::Ri, ops.clone(), enc(0xc0)) }));
        out.push(Row { shown: vec![0, 2], ..row(f, w, Form::Rr, [ops, vec![cl]].concat(), enc(0xd2)) });
    }
    out.iter_mut().for_each(|r| r.writes = States::FLAGS);
    out
}

/// Double-width shifts: by the low byte of rcx, and by an immediate. Bits come in from the second register.
pub fn shift_double(f: Family, opcode: u8) -> Vec<Row> {
    let mut out = vec![];
    for w in [32, 64] {
        let ops = vec![Def(w, At::Tied(1)), Use(w, At::In(GENERAL)), Use(w, At::In(GENERAL))];
        let enc = |op| legacy(Map::Two, op, w, Op(2), Op(0));
        out.push(taking(Imm::I8, Row { shown: vec![0, 2], ..row(f, w, Form::Rri, ops.clone(), enc(opcode)) }));
        let cl = vec![Use(8, At::Fixed(GENERAL, regs::RCX))];
        out.push(Row { shown: vec![0, 2, 3], ..row(f, w, Form::Rr, [ops, cl].concat(), enc(opcode | 1)) });
    }
    out.iter_mut().for_each(|r| r.writes = States::FLAGS);
    out
}

/// BMI2 shifts: any register as the amount, no flags.
pub fn shift_vex(f: Family, prefix: u8) -> Vec<Row> {
    let one = |w: u16| {
        let enc = Enc { prefix, vex: Op(2), ..legacy(Map::Three38, 0xf7, w, Op(0), Op(1)) };
        let ops = vec![Def(w, At::In(GENERAL)), Use(w, At::In(GENERAL)), Use(w, At::In(GENERAL))];
        Row { feature: Some(Feature::Bmi2.into()), ..row(f, w, Form::Rr, ops, enc) }
    };
    vec![one(32), one(64)]
}

/// Signed product, low half: two operands, or three with an immediate.
pub fn product(f: Family) -> Vec<Row> {
    let mut out = vec![];
    for w in [16, 32, 64] {
        let (d, a, m) = (Def(w, At::Tied(1)), Use(w, At::In(GENERAL)), Mem(w));
        let two = legacy(Map::Two, 0xaf, w, Op(0), Op(2));
        let three = legacy(Map::One, 0x69, w, Op(0), Op(1));
        out.push(Row { shown: vec![0, 2], commutes: true, ..row(f, w, Form::Rr, vec![d, a, a], two) });
        out.push(Row { shown: vec![0, 2], mem: MemMode::Load, ..row(f, w, Form::Rm, vec![d, a, m], two) });
        out.push(taking(Imm::Short, Row { ..row(f, w, Form::Rri, vec![Def(w, At::In(GENERAL)), a], three) }));
        let rmi = row(f, w, Form::Rmi, vec![Def(w, At::In(GENERAL)), m], three);
        out.push(taking(Imm::Short, Row { mem: MemMode::Load, ..rmi }));
    }
    out.iter_mut().for_each(|r| r.writes = States::FLAGS);
    out
}

/// A double-width product of rax, or division of rdx:rax, by one operand: `product` or not.
pub fn wide(f: Family, digit: u8, product: bool) -> Vec<Row> {
    let mut out = vec![];
    for w in [16, 32, 64] {
        let (rax, rdx) = (At::Fixed(GENERAL, regs::RAX), At::Fixed(GENERAL, regs::RDX));
        let mut ops = vec![Def(w, rax), Def(w, rdx), Use(w, rax)];
        if !product {
            ops.push(Use(w, rdx));
        }
        let place = ops.len() as u8;
        let enc = legacy(Map::One, 0xf7, w, Digit(digit), Op(place));
        let with = |o| [ops.clone(), vec![o]].concat();
        out.push(Row { shown: vec![place], ..row(f, w, Form::R, with(Use(w, At::In(GENERAL))), enc) });
        out.push(Row { shown: vec![place], mem: MemMode::Load, ..row(f, w, Form::M, with(Mem(w)), enc) });
    }
    out.iter_mut().for_each(|r| (r.writes, r.traps) = (States::FLAGS, !product));
    out
}

/// The sign of rax in every bit of rdx.
pub fn sign(f: Family) -> Vec<Row> {
    let one = |w: u16, mnemonic| {
        let ops = vec![Def(w, At::Fixed(GENERAL, regs::RDX)), Use(w, At::Fixed(GENERAL, regs::RAX))];
        let enc = legacy(Map::One, 0x99, w, Field::None, Field::None);
        Row { mnemonic, shown: vec![], ..row(f, w, Form::None, ops, enc) }
    };
    vec![one(16, "cwd"), one(32, "cdq"), one(64, "cqo")]
}

/// Counts and searches of bits: `op r, r/m`, with a prefix where the CPU needs the feature.
pub fn count_bits(f: Family, opcode: u8, feature: Option<Feature>) -> Vec<Row> {
    let mut out = vec![];
    // without a feature these leave all 64 bits of the result as they were where there is no bit to be found
    let widths: &[u16] = if feature.is_some() { &[32, 64] } else { &[64] };
    for &w in widths {
        let prefix = if feature.is_some() { 0xf3 } else { 0 };
        let enc = Enc { prefix, ..legacy(Map::Two, opcode, w, Op(0), Op(1)) };
        let d = Def(w, At::In(GENERAL));
        out.push(row(f, w, Form::Rr, vec![d, Use(w, At::In(GENERAL))], enc));
        out.push(Row { mem: MemMode::Load, ..row(f, w, Form::Rm, vec![d, Mem(w)], enc) });
    }
    for r in &mut out {
        (r.writes, r.feature) = (States::FLAGS, feature.map(Into::into));
    }
    out
}

/// The bytes of a register turned around.
pub fn swap(f: Family) -> Vec<Row> {
    let one = |w: u16| {
        let enc = Enc { plus_reg: Op(0), ..legacy(Map::Two, 0xc8, w, Field::None, Field::None) };
        Row { shown: vec![0], ..row(f, w, Form::R, vec![Def(w, At::Tied(1)), Use(w, At::In(GENERAL))], enc) }
    };
    vec![one(32), one(64)]
}

/// Moves: between registers, from and to memory, and of constants.
pub fn moves(f: Family) -> Vec<Row> {
    let mut out = vec![];
    for w in WIDTHS {
        let (d, a, m) = (Def(w, At::In(GENERAL)), Use(w, At::In(GENERAL)), Mem(w));
        let store = legacy(Map::One, sized(0x88, w), w, Op(2), Op(0));
        let store_imm = legacy(Map::One, sized(0xc6, w), w, Digit(0), Op(0));
        out.push(Row { mem: MemMode::Store, ..row(f, w, Form::Mr, vec![m, a], store) });
        out.push(taking(Imm::Full, Row { mem: MemMode::Store, ..row(f, w, Form::Mi, vec![m], store_imm) }));
        if w >= 32 {
            // a copy of 32 bits clears the rest
            let rr = row(f, w, Form::Rr, vec![d, a], legacy(Map::One, 0x89, w, Op(1), Op(0)));
            out.push(Row { copy: w == 64, ..rr });
            let load = legacy(Map::One, 0x8b, w, Op(0), Op(1));
            out.push(Row { mem: MemMode::Load, ..row(f, w, Form::Rm, vec![d, m], load) });
            let wide = Enc { plus_reg: Op(0), ..legacy(Map::One, 0xb8, w, Field::None, Field::None) };
            let (imm, mnemonic) = if w == 64 { (Imm::I64, "movabs") } else { (Imm::U32, "mov") };
            let emission = if w == 32 { Emission::Constant } else { Emission::Plain };
            out.push(taking(imm, Row { mnemonic, emission, remat: true, ..row(f, w, Form::Rw, vec![d], wide) }));
        }
        if w == 64 {
            let imm = legacy(Map::One, 0xc7, w, Digit(0), Op(0));
            out.push(taking(Imm::Full, Row { remat: true, ..row(f, w, Form::Ri, vec![d], imm) }));
        }
    }
    out
}

/// Extensions of `from` bits in a register or in memory.
pub fn extend(f: Family, map: Map, opcode: u8, from: u16, to: &[u16]) -> Vec<Row> {
    let one = |&w: &u16| {
        let enc = legacy(map, opcode, w, Op(0), Op(1));
        let mnemonic = if from == 32 { "movsxd" } else { f.info().mnemonic };
        let rr = row(f, w, Form::Rr, vec![Def(w, At::In(GENERAL)), Use(from, At::In(GENERAL))], enc);
        let rm = row(f, w, Form::Rm, vec![Def(w, At::In(GENERAL)), Mem(from)], enc);
        [Row { mnemonic, ..rr }, Row { mnemonic, mem: MemMode::Load, ..rm }]
    };
    to.iter().flat_map(one).collect()
}

/// The address of a memory operand.
pub fn address(f: Family) -> Vec<Row> {
    let one = |w: u16| {
        let enc = legacy(Map::One, 0x8d, w, Op(0), Op(1));
        Row { mem: MemMode::Address, ..row(f, w, Form::Rm, vec![Def(w, At::In(GENERAL)), Mem(w)], enc) }
    };
    vec![one(32), one(64)]
}

/// A byte from a condition.
pub fn set(f: Family) -> Vec<Row> {
    let enc = Enc { plus_cc: true, ..legacy(Map::Two, 0x90, 8, Digit(0), Op(0)) };
    vec![Row {
        reads: States::FLAGS,
        asks: FLAGS,
        mnemonic: "set{cc}",
        ..row(f, 8, Form::R, vec![Def(8, At::In(GENERAL))], enc)
    }]
}

/// A move on a condition.
pub fn conditional_move(f: Family) -> Vec<Row> {
    let mut out = vec![];
    for w in [32, 64] {
        let enc = Enc { plus_cc: true, ..legacy(Map::Two, 0x40, w, Op(0), Op(2)) };
        let (d, a) = (Def(w, At::Tied(1)), Use(w, At::In(GENERAL)));
        out.push(row(f, w, Form::Rr, vec![d, a, a], enc));
        out.push(Row { mem: MemMode::Load, ..row(f, w, Form::Rm, vec![d, a, Mem(w)], enc) });
    }
    for r in &mut out {
        (r.reads, r.asks, r.mnemonic, r.shown) = (States::FLAGS, FLAGS, "cmov{cc}", vec![0, 2]);
    }
    out
}

/// `push` and `pop`: a register, encoded in the opcode, or memory.
pub fn stack(f: Family, opcode: u8, operand: Operand, (code, digit): (u8, u8), mem: MemMode) -> Vec<Row> {
    let enc = |enc| Enc { w: false, ..enc };
    let register = Enc { plus_reg: Op(0), ..legacy(Map::One, opcode, 64, Field::None, Field::None) };
    let memory = row(f, 64, Form::M, vec![Mem(64)], enc(legacy(Map::One, code, 64, Digit(digit), Op(0))));
    vec![row(f, 64, Form::R, vec![operand], enc(register)), Row { mem, ..memory }]
}

/// Words of 64 bits copied from where rsi points to where rdi points, as many as rcx says.
pub fn copy_words(f: Family) -> Vec<Row> {
    let fixed = [regs::RDI, regs::RSI, regs::RCX].map(|r| At::Fixed(GENERAL, r));
    let ops = fixed.map(|at| Def(64, at)).into_iter().chain(fixed.map(|at| Use(64, at))).collect();
    let enc = Enc { prefix: 0xf3, ..legacy(Map::One, 0xa5, 64, Field::None, Field::None) };
    vec![Row { shown: vec![], ..row(f, 64, Form::None, ops, enc) }]
}

/// Exchange of two registers: any two, and rax with another, which is shorter.
pub fn exchange(f: Family) -> Vec<Row> {
    let (rax, other) = (Use(64, At::Fixed(GENERAL, regs::RAX)), Use(64, At::In(GENERAL)));
    let any = row(f, 64, Form::Rr, vec![other; 2], legacy(Map::One, 0x87, 64, Op(0), Op(1)));
    let with_rax = Enc { plus_reg: Op(1), ..legacy(Map::One, 0x90, 64, Field::None, Field::None) };
    vec![any, row(f, 64, Form::R, vec![rax, other], with_rax)]
}

/// A return, and one that removes as many bytes above the return address as its immediate says.
pub fn returns(f: Family) -> Vec<Row> {
    let pops = legacy(Map::One, 0xc2, 32, Field::None, Field::None);
    let rows = [plain(f, Map::One, 0xc3), taking(Imm::Full, row(f, 16, Form::I, vec![], pops))];
    rows.map(|r| Row { flow: Flow::Terminator, ..r }).into()
}

/// A call or a jump, followed by the distance of a symbol. Its operands are in a list of its own.
pub fn to_symbol(f: Family, opcode: u8, flow: Flow) -> Vec<Row> {
    let enc = Enc { link: Link::Call, ..legacy(Map::One, opcode, 32, Field::None, Field::None) };
    vec![transfer(f, enc, flow)]
}

/// A call or a jump to the address in the first register of its own list.
pub fn to_register(f: Family, digit: u8, flow: Flow) -> Vec<Row> {
    vec![transfer(f, legacy(Map::One, 0xff, 32, Digit(digit), Op(0)), flow)]
}

fn transfer(f: Family, enc: Enc, flow: Flow) -> Row {
    let (emission, writes) = match flow {
        Flow::Call => (Emission::Call, States::FLAGS),
        _ => (Emission::TailCall, States::NONE),
    };
    Row { enc, flow, writes, listed: true, ..special(f, emission, vec![]) }
}

/// A jump to the address in a register.
pub fn jump_to_register(f: Family) -> Vec<Row> {
    let enc = legacy(Map::One, 0xff, 32, Digit(4), Op(0));
    vec![Row { flow: Flow::Terminator, ..row(f, 64, Form::R, vec![Use(64, At::In(GENERAL))], enc) }]
}

/// The address of a symbol: `op r, [rip + distance]`, or `movabs` of the address itself.
pub fn symbol(f: Family, opcode: u8, link: Link, symbol: SymbolReach, emission: Emission) -> Vec<Row> {
    let enc = match link {
        Link::Address => Enc { plus_reg: Op(0), ..legacy(Map::One, opcode, 64, Field::None, Field::None) },
        _ => legacy(Map::One, opcode, 64, Op(0), Field::Rip),
    };
    let made = special(f, emission, vec![Def(64, At::In(GENERAL))]);
    vec![Row { symbol, whole_payload: true, remat: true, enc: Enc { link, ..enc }, ..made }]
}

/// No operands: fixed bytes.
pub fn plain(f: Family, map: Map, opcode: u8) -> Row {
    let name = f.info().name.to_string();
    Row { name, ..row(f, 64, Form::None, vec![], legacy(map, opcode, 32, Field::None, Field::None)) }
}

/// Bytes made by the emitter, operands as given.
pub fn special(f: Family, emission: Emission, operands: Vec<Operand>) -> Row {
    let name = f.info().name.to_string();
    Row { name, emission, ..row(f, 64, Form::None, operands, SPECIAL) }
}
