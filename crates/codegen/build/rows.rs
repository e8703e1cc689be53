//! What the generated tables of all machines have in common: a constant per row, and the tables indexed by it that the
//! allocator and emission read.

use std::fmt::Write;
use windlass_desc::machine::{At, Bank, Emission, FamilyInfo, Operand, Row};

/// The name of a bank's class.
pub type Class = fn(Bank) -> &'static str;

/// Constants and tables that need no encoding; `emission` says what emission makes of a row.
pub fn shared<E>(rows: &[Row<E>], families: &[FamilyInfo], class: Class, emission: fn(&Row<E>) -> Emission) -> String {
    let mut out = String::new();
    for (n, r) in rows.iter().enumerate() {
        let doc = families[r.family.0 as usize].doc.trim();
        let _ = writeln!(out, "/// `{}`: {doc}\npub const {}: u16 = {n};", r.name, r.constant());
    }
    table(&mut out, "What the allocator knows of each row.", "ROWS: [RowSpec", rows, |r| row_spec(r, class));
    table(&mut out, "The name of each row.", "NAMES: [&str", rows, |r| format!("{:?}", r.name));
    let emitted = |r: &Row<E>| format!("Emission::{:?}", emission(r));
    table(&mut out, "What emission makes of each row.", "EMISSION: [Emission", rows, emitted);
    let flags = |r: &Row<E>| format!("FlagUse {{ reads: {}, writes: {} }}", r.reads_flags(), r.writes_flags());
    table(&mut out, "What each row does with the flags.", "FLAG_USE: [FlagUse", rows, flags);
    out
}

/// A static array with an entry per row.
pub fn table<E>(out: &mut String, doc: &str, head: &str, rows: &[Row<E>], entry: impl Fn(&Row<E>) -> String) {
    let _ = writeln!(out, "/// {doc}\n#[rustfmt::skip]\npub static {head}; {}] = [", rows.len());
    for r in rows {
        let _ = writeln!(out, "    {},", entry(r));
    }
    out.push_str("];\n");
}

fn row_spec<E>(r: &Row<E>, class: Class) -> String {
    let operands: String = (0..r.operands.len()).map(|i| operand(r, i, class)).collect();
    let places = |wanted: fn(&Operand) -> bool| -> Vec<u8> {
        let hits = r.operands.iter().enumerate().filter(|(_, o)| wanted(o));
        hits.map(|(i, _)| r.place(i)).collect()
    };
    let uses = places(|o| matches!(o, Operand::Use(..)));
    let defs = places(|o| matches!(o, Operand::Def(..)));
    let commutes = if r.commutes { format!("Some(({}, {}))", uses[0], uses[1]) } else { "None".into() };
    let copy = if r.copy { format!("Some(({}, {}))", defs[0], uses[0]) } else { "None".into() };
    format!(
        "RowSpec {{ operands: &[{operands}], listed: {}, commutes: {commutes}, copy: {copy}, remat: {}, \
         reads_flags: {}, writes_flags: {}, clobbers: RegSet::EMPTY }}",
        r.listed,
        r.remat,
        r.reads_flags(),
        r.writes_flags()
    )
}

fn operand<E>(r: &Row<E>, i: usize, class: Class) -> String {
    let at = |at: &At| match at {
        At::In(_) => "Constraint::Reg".to_string(),
        At::Fixed(b, r) => format!("Constraint::Fixed(PReg::new({}, {r}))", class(*b)),
        At::Tied(place) => format!("Constraint::Tied({place})"),
    };
    let class = class(r.bank(i));
    match &r.operands[i] {
        Operand::Def(w, a) => format!("reg(Role::Def, {class}, {}, {}), ", w / 8, at(a)),
        Operand::Use(w, a) => format!("reg(Role::Use, {class}, {}, {}), ", w / 8, at(a)),
        Operand::Mem(_) => "reg(Role::Use, Class::Int, 8, Constraint::Reg), ".repeat(2),
    }
}
