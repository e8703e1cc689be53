//! Forms of instructions on floats in vector registers (SDM volume 2): SSE with a result in the first operand, VEX with
//! three operands. A row's width is that of one float. Needs [`super::encode`]; the meanings that are longer than a
//! line stand here too.

use super::encode::*;
use super::*;
use crate::bv::Bv;
use crate::env::{Choice, Env};
use crate::fp::{self, FpFormat, FpOp};
use Field::Op;
use Operand::{Def, Mem, Use};

const WIDTHS: [u16; 2] = [32, 64];

/// The prefix of scalar operations.
fn scalar(w: u16) -> u8 {
    if w == 64 { 0xf2 } else { 0xf3 }
}

/// The prefix of packed operations and of compares.
fn packed(w: u16) -> u8 {
    if w == 64 { 0x66 } else { 0 }
}

fn enc(prefix: u8, opcode: u8, reg: Field, rm: Field) -> Enc {
    Enc { prefix, ..legacy(Map::Two, opcode, 32, reg, rm) }
}

fn vex(enc: Enc, vvvv: Field) -> Enc {
    Enc { vex: vvvv, ..enc }
}

fn def(w: u16) -> Operand {
    Def(w, At::In(VECTOR))
}

fn read(w: u16) -> Operand {
    Use(w, At::In(VECTOR))
}

/// With the mnemonic for 64 bits; that for 32 is the family's.
fn named(double: &'static str, rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|r| if r.width == 64 { Row { mnemonic: double, ..r } } else { r }).collect()
}

/// Only on CPUs with the feature.
fn needs(feature: Feature, rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|r| Row { feature: Some(feature.into()), ..r }).collect()
}

/// `op x, x/m`, the result in the first operand.
pub fn arithmetic(f: Family, opcode: u8, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = enc(scalar(w), opcode, Op(0), Op(2));
        let d = Def(w, At::Tied(1));
        let rr = Row { shown: vec![0, 2], ..row(f, w, Form::Rr, vec![d, read(w), read(w)], enc) };
        let rm = row(f, w, Form::Rm, vec![d, read(w), Mem(w)], enc);
        [rr, Row { shown: vec![0, 2], mem: MemMode::Load, ..rm }]
    };
    named(double, WIDTHS.iter().flat_map(|&w| one(w)).collect())
}

/// The rows, and where one has memory as its last operand, one with a constant of the function's pool instead.
pub fn or_constant(rows: Vec<Row>) -> Vec<Row> {
    let with_constant = |r: &Row| {
        let (_, operands) = r.operands.split_last()?;
        let shown = r.shown.iter().copied().filter(|&i| (i as usize) < operands.len()).collect();
        let imm = if r.width == 64 { Imm::I64 } else { Imm::U32 };
        let made =
            row(r.family, r.width, Form::Ri, operands.into(), Enc { rm: Field::Rip, link: Link::Constant, ..r.enc });
        let (writes, feature, mnemonic) = (r.writes, r.feature, r.mnemonic);
        (r.mem == MemMode::Load).then_some(taking(imm, Row { shown, writes, feature, mnemonic, ..made }))
    };
    let more: Vec<Row> = rows.iter().filter_map(with_constant).collect();
    [rows, more].concat()
}

/// As [`arithmetic`], with operands that can be exchanged.
pub fn arithmetic_commuting(f: Family, opcode: u8, double: &'static str) -> Vec<Row> {
    let mut out = arithmetic(f, opcode, double);
    out.iter_mut().for_each(|r| r.commutes = r.form == Form::Rr);
    out
}

/// `op x, x, x/m`
pub fn arithmetic_vex(f: Family, opcode: u8, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = vex(enc(scalar(w), opcode, Op(0), Op(2)), Op(1));
        let rm = row(f, w, Form::Rm, vec![def(w), read(w), Mem(w)], enc);
        [row(f, w, Form::Rr, vec![def(w), read(w), read(w)], enc), Row { mem: MemMode::Load, ..rm }]
    };
    needs(Feature::Avx, named(double, WIDTHS.iter().flat_map(|&w| one(w)).collect()))
}

/// A mask of ones where neither operand is a NaN's opposite: `cmpunord`, the predicate being part of the opcode.
pub fn unordered(f: Family, double: &'static str) -> Vec<Row> {
    let mut out = arithmetic(f, 0xc2, double);
    out.iter_mut().for_each(|r| r.enc.imm = Imm::Fixed(3));
    out
}

/// Bitwise operations on whole registers, of which so many bits count.
pub fn logic(f: Family, opcode: u8, commutes: bool) -> Vec<Row> {
    let one = |w: u16| {
        let ops = vec![Def(w, At::Tied(1)), read(w), read(w)];
        Row { shown: vec![0, 2], commutes, ..row(f, w, Form::Rr, ops, enc(0, opcode, Op(0), Op(2))) }
    };
    WIDTHS.map(one).into()
}

/// The same with three operands.
pub fn logic_vex(f: Family, opcode: u8) -> Vec<Row> {
    let one = |w: u16| {
        let enc = vex(enc(0, opcode, Op(0), Op(2)), Op(1));
        row(f, w, Form::Rr, vec![def(w), read(w), read(w)], enc)
    };
    needs(Feature::Avx, WIDTHS.map(one).into())
}

/// One operand: `op x, x/m`.
pub fn unary(f: Family, opcode: u8, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = enc(scalar(w), opcode, Op(0), Op(1));
        let rm = row(f, w, Form::Rm, vec![def(w), Mem(w)], enc);
        [row(f, w, Form::Rr, vec![def(w), read(w)], enc), Row { mem: MemMode::Load, ..rm }]
    };
    named(double, WIDTHS.iter().flat_map(|&w| one(w)).collect())
}

/// One operand, which also stands in the place of a second one, so that nothing waits for the old result.
pub fn unary_vex(f: Family, opcode: u8, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = vex(enc(scalar(w), opcode, Op(0), Op(1)), Op(1));
        Row { shown: vec![0, 1, 1], ..row(f, w, Form::Rr, vec![def(w), read(w)], enc) }
    };
    needs(Feature::Avx, named(double, WIDTHS.map(one).into()))
}

/// Rounds to an integer, in the direction that the immediate says.
pub fn round(f: Family, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = Enc { prefix: 0x66, ..legacy(Map::Three3a, round_opcode(w), 32, Op(0), Op(1)) };
        let rm = row(f, w, Form::Rmi, vec![def(w), Mem(w)], enc);
        [row(f, w, Form::Rri, vec![def(w), read(w)], enc), Row { mem: MemMode::Load, ..rm }]
    };
    let rows = WIDTHS.iter().flat_map(|&w| one(w)).map(|r| taking(Imm::I8, Row { ..r })).collect();
    needs(Feature::Sse41, named(double, rows))
}

/// The same, without waiting for the old result.
pub fn round_vex(f: Family, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = Enc { prefix: 0x66, ..legacy(Map::Three3a, round_opcode(w), 32, Op(0), Op(1)) };
        let rri = row(f, w, Form::Rri, vec![def(w), read(w)], vex(enc, Op(1)));
        taking(Imm::I8, Row { shown: vec![0, 1, 1], ..rri })
    };
    needs(Feature::Avx, named(double, WIDTHS.map(one).into()))
}

fn round_opcode(w: u16) -> u8 {
    if w == 64 { 0x0b } else { 0x0a }
}

/// Product of the first two inputs, plus the third; the result in the place of the first.
pub fn multiply_add(f: Family, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = Enc { prefix: 0x66, w: w == 64, vex: Op(2), ..legacy(Map::Three38, 0xa9, 32, Op(0), Op(3)) };
        let with = |o| vec![Def(w, At::Tied(1)), read(w), read(w), o];
        let rr = Row { shown: vec![0, 2, 3], commutes: true, ..row(f, w, Form::Rr, with(read(w)), enc) };
        let rm = row(f, w, Form::Rm, with(Mem(w)), enc);
        [rr, Row { shown: vec![0, 2, 3], mem: MemMode::Load, ..rm }]
    };
    needs(Feature::Fma, named(double, WIDTHS.iter().flat_map(|&w| one(w)).collect()))
}

/// Compares, with flags as the result.
pub fn compare(f: Family, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = enc(packed(w), 0x2e, Op(0), Op(1));
        let rm = row(f, w, Form::Rm, vec![read(w), Mem(w)], enc);
        [row(f, w, Form::Rr, vec![read(w); 2], enc), Row { mem: MemMode::Load, ..rm }]
    };
    let rows: Vec<Row> = WIDTHS.iter().flat_map(|&w| one(w)).collect();
    named(double, rows.into_iter().map(|r| Row { writes: States::FLAGS, ..r }).collect())
}

/// To the format of `w` bits from the other.
pub fn convert(f: Family, w: u16) -> Vec<Row> {
    let from = 96 - w;
    let enc = enc(scalar(from), 0x5a, Op(0), Op(1));
    let rm = row(f, w, Form::Rm, vec![def(w), Mem(from)], enc);
    vec![row(f, w, Form::Rr, vec![def(w), read(from)], enc), Row { mem: MemMode::Load, ..rm }]
}

/// From an integer as wide as the row to a float of `to` bits; the rest of the result is that of the first input.
pub fn from_int(f: Family, to: u16) -> Vec<Row> {
    let one = |w: u16| {
        let enc = Enc { w: w == 64, ..enc(scalar(to), 0x2a, Op(0), Op(2)) };
        let with = |o| vec![Def(to, At::Tied(1)), read(to), o];
        let rr = Row { shown: vec![0, 2], ..row(f, w, Form::Rr, with(Use(w, At::In(GENERAL))), enc) };
        let rm = row(f, w, Form::Rm, with(Mem(w)), enc);
        [rr, Row { shown: vec![0, 2], mem: MemMode::Load, ..rm }]
    };
    WIDTHS.iter().flat_map(|&w| one(w)).collect()
}

/// From a float of `from` bits to a signed integer as wide as the row, toward 0.
pub fn to_int(f: Family, from: u16) -> Vec<Row> {
    let one = |w: u16| {
        let enc = Enc { w: w == 64, ..enc(scalar(from), 0x2c, Op(0), Op(1)) };
        let d = Def(w, At::In(GENERAL));
        let rm = row(f, w, Form::Rm, vec![d, Mem(from)], enc);
        [row(f, w, Form::Rr, vec![d, read(from)], enc), Row { mem: MemMode::Load, ..rm }]
    };
    WIDTHS.iter().flat_map(|&w| one(w)).collect()
}

/// Copies of whole registers, loads and stores.
pub fn moves(f: Family) -> Vec<Row> {
    let mut out = vec![];
    for (w, prefix, mnemonic) in [(32, 0xf3, "movss"), (64, 0xf2, "movsd"), (128, 0, "movups")] {
        let rm = row(f, w, Form::Rm, vec![def(w), Mem(w)], enc(prefix, 0x10, Op(0), Op(1)));
        let mr = row(f, w, Form::Mr, vec![Mem(w), read(w)], enc(prefix, 0x11, Op(2), Op(0)));
        out.push(Row { mem: MemMode::Load, mnemonic, ..rm });
        out.push(Row { mem: MemMode::Store, mnemonic, ..mr });
    }
    let rr = row(f, 128, Form::Rr, vec![def(128), read(128)], enc(0, 0x28, Op(0), Op(1)));
    out.push(Row { mnemonic: "movaps", copy: true, ..rr });
    out
}

/// From a general register.
pub fn to_vector(f: Family, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = Enc { w: w == 64, ..enc(0x66, 0x6e, Op(0), Op(1)) };
        row(f, w, Form::Rr, vec![def(w), Use(w, At::In(GENERAL))], enc)
    };
    named(double, WIDTHS.map(one).into())
}

/// To a general register.
pub fn from_vector(f: Family, double: &'static str) -> Vec<Row> {
    let one = |w: u16| {
        let enc = Enc { w: w == 64, ..enc(0x66, 0x7e, Op(1), Op(0)) };
        row(f, w, Form::Rr, vec![Def(w, At::In(GENERAL)), read(w)], enc)
    };
    named(double, WIDTHS.map(one).into())
}

/// Zero in all bits.
pub fn zero(f: Family) -> Vec<Row> {
    let r = row(f, 128, Form::R, vec![def(128)], enc(0, 0x57, Op(0), Op(0)));
    vec![Row { shown: vec![0, 0], remat: true, ..r }]
}

/// A constant from the function's pool.
pub fn constant(f: Family, double: &'static str) -> Vec<Row> {
    let enc = |w| Enc { link: Link::Constant, ..enc(scalar(w), 0x10, Op(0), Field::Rip) };
    let one = |(w, imm)| taking(imm, Row { remat: true, ..row(f, w, Form::Rw, vec![def(w)], enc(w)) });
    named(double, [(32, Imm::U32), (64, Imm::I64)].map(one).into())
}

/// The second input if a condition holds, else the first.
pub fn select(f: Family) -> Vec<Row> {
    let ops = |w: u16| vec![Def(w, At::Tied(1)), read(w), read(w)];
    WIDTHS
        .map(|w| Row {
            reads: States::FLAGS,
            asks: BRANCHING,
            emission: Emission::Expand,
            shown: vec![0, 2],
            ..row(f, w, Form::Rr, ops(w), SPECIAL)
        })
        .into()
}

/// An operation that rounds; a NaN is any quiet one.
pub fn rounded<E: Env>(e: &mut E, op: FpOp, a: &[E::B]) -> E::B {
    let r = E::B::fp(op, FpFormat::of(a[0].w()), &a.iter().collect::<Vec<_>>());
    let nan = e.choose(Choice::Nan(FpFormat::of(r.w())), r.w());
    fp::is_nan(&r).ite(&nan, &r)
}

/// Rounds to an integer: nearest, down, up, toward 0 by the immediate's low bits, nearest if bit 2 leaves the choice to
/// the control register.
pub fn round_by<E: Env>(e: &mut E, x: &E::B, imm: &E::B) -> E::B {
    let bit = |i| imm.extract(i, 1);
    let by = |op| E::B::fp(op, FpFormat::of(x.w()), &[x]);
    let directed = bit(1).ite(&bit(0).ite(&by(FpOp::Trunc), &by(FpOp::Ceil)), &by(FpOp::Floor));
    let nearest = bit(2).or(&imm.extract(0, 2).is_zero());
    let r = nearest.ite(&by(FpOp::Nearest), &directed);
    let nan = e.choose(Choice::Nan(FpFormat::of(r.w())), r.w());
    fp::is_nan(&r).ite(&nan, &r)
}

/// Carry: less or unordered; parity: unordered; zero: equal or unordered.
pub fn flags_of_compare<B: Bv>(a: &B, b: &B) -> B {
    let r = fp::relation(a, b);
    let (cf, zf, none) = (r.less.or(&r.unordered), r.equal.or(&r.unordered), B::lit(2, 0));
    none.concat(&zf).concat(&r.unordered).concat(&cf)
}

/// The nearest integer of `w` bits toward 0, the smallest where there is none.
pub fn truncated<B: Bv>(x: &B, w: u32) -> B {
    let none = fp::is_nan(x).or(&fp::out_of_range(x, true, w));
    none.ite(&B::ones(1).concat(&B::lit(w - 1, 0)), &fp::whole(x, w))
}
