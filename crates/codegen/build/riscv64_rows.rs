//! From the rows of riscv64: what all machines have, and the tables that the encoder (`SPECS`) and the printer (`TEXT`)
//! read. `src/riscv64/rows.rs` includes the result and has the types.

use crate::rows::{self, table};
use windlass_desc::machine::{Emission, Imm, MemMode, Operand};
use windlass_desc::riscv64::{self, FAMILIES, Field, Row};

/// The text of the generated file.
pub fn generate() -> String {
    let rows = riscv64::rows();
    let mut out = rows::shared(&rows, FAMILIES, |_| "Class::Int", emission);
    table(&mut out, "How each row is encoded.", "SPECS: [Spec", &rows, spec);
    table(&mut out, "How each row is printed.", "TEXT: [Text", &rows, text);
    out
}

fn emission(r: &Row) -> Emission {
    if r.copy { Emission::Copy } else { r.emission }
}

fn spec(r: &Row) -> String {
    let field = |f: Field| match f {
        Field::Zero => "NO_FIELD".to_string(),
        Field::Fixed(n) => format!("FIXED | {n}"),
        Field::Op(place) => place.to_string(),
    };
    let e = &r.enc;
    format!(
        "Spec {{ bits: {:#x}, format: Format::{:?}, rd: {}, rs1: {}, rs2: {} }}",
        e.bits,
        e.format,
        field(e.rd),
        field(e.rs1),
        field(e.rs2)
    )
}

fn text(r: &Row) -> String {
    let shown = r.shown.iter().map(|&i| match r.operands[i as usize] {
        Operand::Mem(_) if r.mem == MemMode::Address => format!("Shown::Sum({})", r.place(i as usize)),
        Operand::Mem(_) => format!("Shown::Mem({})", r.place(i as usize)),
        _ => format!("Shown::Reg({})", r.place(i as usize)),
    });
    // of a listed row the register that is encoded
    let listed = match r.enc.rs1 {
        Field::Op(place) if r.listed => Some(format!("Shown::Reg({place})")),
        _ => None,
    };
    let imm = match r.imm {
        Imm::None => None,
        Imm::Shifted(..) => Some("Shown::Upper".to_string()),
        _ if r.whole_payload => Some("Shown::Whole".to_string()),
        _ => Some("Shown::Imm".to_string()),
    };
    let shown = shown.chain(listed).chain(imm).collect::<Vec<_>>().join(", ");
    format!("Text {{ mnemonic: {:?}, shown: &[{shown}] }}", r.mnemonic)
}
