//! From the rows of x86-64: a constant per row, and the tables indexed by it that the allocator (`ROWS`), the encoder
//! (`SPECS`) and the printer (`TEXT`) read. `src/x64/rows.rs` includes the result and has the types.

use crate::rows::{self, table};
use windlass_desc::machine::{Bank, Emission};
use windlass_desc::x64::{self, Enc, FAMILIES, Feature, Field, Imm, Link, Map, MemMode, Operand, Row, VECTOR};

/// The text of the generated file.
pub fn generate() -> String {
    let rows = x64::rows();
    let mut out = rows::shared(&rows, FAMILIES, class, emission);
    table(&mut out, "How each row is encoded.", "SPECS: [Spec", &rows, spec);
    table(&mut out, "How each row is printed.", "TEXT: [Text", &rows, text);
    let told = |r: &Row| format!("Told::{:?}", r.told);
    table(&mut out, "What the flags of each row tell of its result.", "TOLD: [Told", &rows, told);
    let feature =
        |r: &Row| r.feature.map_or("None".into(), |f| format!("Some({:?})", Feature::ALL[f.0 as usize].setting));
    table(&mut out, "What each row needs beyond the baseline.", "FEATURES: [Option<&str>", &rows, feature);
    out
}

/// What emission makes of a row, where other columns do not say it.
fn emission(r: &Row) -> Emission {
    match r.emission {
        Emission::Plain if r.copy => Emission::Copy,
        Emission::Plain if r.enc.link != Link::None => Emission::Linked,
        emission => emission,
    }
}

fn class(b: Bank) -> &'static str {
    if b == VECTOR { "Class::Vec" } else { "Class::Int" }
}

fn spec(r: &Row) -> String {
    let e = &r.enc;
    let field = |f: Field| match f {
        Field::None | Field::Rip => "NO_FIELD".to_string(),
        Field::Op(place) => place.to_string(),
        Field::Digit(n) => format!("digit({n})"),
    };
    let rm = if e.plus_reg == Field::None { e.rm } else { e.plus_reg };
    let map = match e.map {
        Map::One => 1,
        Map::Two => 2,
        Map::Three38 => 3,
        Map::Three3a => 4,
    };
    let code = match (e.map, e.vex) {
        (Map::Two, Field::None) => u32::from_le_bytes([0x0f, e.opcode, 0, 0]),
        (Map::Three38, Field::None) => u32::from_le_bytes([0x0f, 0x38, e.opcode, 0]),
        (Map::Three3a, Field::None) => u32::from_le_bytes([0x0f, 0x3a, e.opcode, 0]),
        _ => e.opcode as u32,
    };
    let all = [
        (e.w, "WIDE"),
        (e.plus_cc, "PLUS_CC"),
        (is_byte(r, e.reg), "BYTE_REG"),
        (r.mem == MemMode::None && is_byte(r, rm), "BYTE_RM"),
        (is_vector(r, e.reg), "VEC_REG"),
        (is_vector(r, rm), "VEC_RM"),
        (is_vector(r, e.vex), "VEC_VEX"),
    ];
    let set: Vec<_> = all.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    let bits = if set.is_empty() { "0".to_string() } else { set.join(" | ") };
    format!(
        "Spec {{ code: {code:#x}, shape: Shape::{}, imm: ImmSpec::{}, map: {map}, prefix: {:#x}, acc: {:#x}, reg: {}, \
         rm: {}, vex: {}, bits: {bits}, width: {}, link: Link::{:?} }}",
        shape(r, e),
        imm(r),
        e.prefix,
        if let Imm::Fixed(byte) = r.enc.imm { byte } else { e.acc },
        field(e.reg),
        field(rm),
        field(e.vex),
        r.width,
        e.link
    )
}

/// Does the field hold a register of 8 bits?
fn is_byte(r: &Row, f: Field) -> bool {
    let Field::Op(place) = f else { return false };
    (0..r.operands.len()).any(|i| r.place(i) == place && r.operands[i].width() == 8)
}

/// Does the field hold a vector register?
fn is_vector(r: &Row, f: Field) -> bool {
    matches!(f, Field::Op(place) if r.bank_at(place) == VECTOR)
}

fn shape(r: &Row, e: &Enc) -> &'static str {
    if e.rm == Field::Rip {
        return if e.vex == Field::None { "Rip" } else { "VexRip" };
    }
    if e.link == Link::Call {
        return "Rel";
    }
    match (e.special, e.plus_reg != Field::None, e.rm != Field::None, r.mem != MemMode::None, e.vex != Field::None) {
        (true, ..) => "Special",
        (_, true, ..) => "PlusReg",
        (_, _, false, ..) => "Plain",
        (_, _, _, false, false) if r.enc.imm != Imm::None => "RegImm",
        (_, _, _, true, false) if r.enc.imm != Imm::None => "MemImm",
        (_, _, _, false, false) => "Reg",
        (_, _, _, true, false) => "Mem",
        (_, _, _, false, true) => "VexReg",
        (_, _, _, true, true) => "VexMem",
    }
}

/// The immediate with its length made explicit.
fn imm(r: &Row) -> &'static str {
    match (r.enc.imm, r.width) {
        (Imm::None, _) if r.enc.link == Link::Address => "I64",
        (Imm::None, _) => "None",
        (Imm::I8, _) => "U8",
        (Imm::Fixed(_), _) => "Fixed",
        (Imm::Count, _) => "Count",
        (Imm::Full, 8) => "I8",
        (Imm::Full, 16) => "I16",
        (Imm::Full, _) => "I32",
        (Imm::Short, 16) => "Short16",
        (Imm::Short, _) => "Short32",
        (Imm::U32, _) => "U32",
        (Imm::I64, _) => "I64",
    }
}

fn text(r: &Row) -> String {
    let shown = r.shown.iter().map(|&i| {
        let (place, width) = (r.place(i as usize), r.operands[i as usize].width());
        match r.operands[i as usize] {
            Operand::Mem(_) if r.mem == MemMode::Address => format!("Shown::Mem {{ place: {place}, width: 0 }}"),
            Operand::Mem(_) => format!("Shown::Mem {{ place: {place}, width: {width} }}"),
            _ => format!("Shown::Reg {{ place: {place}, width: {width} }}"),
        }
    });
    // of a listed row the register that is encoded
    let listed = match r.enc.rm {
        Field::Op(place) if r.listed => Some(format!("Shown::Reg {{ place: {place}, width: {} }}", r.width)),
        _ => None,
    };
    let shown = shown.chain(listed).collect::<Vec<_>>().join(", ");
    format!("Text {{ mnemonic: {:?}, shown: &[{shown}] }}", r.mnemonic)
}
