//! Prints the constructors of patterns, one per IR operation, from the table of operations.

use std::fmt::Write;
use windlass_desc::ops::{Format, OPS, Opcode};

/// Parameters besides the value operands, in front of them or behind, and how they are set.
fn extras(format: Format) -> (&'static str, &'static str, &'static str) {
    match format {
        Format::IntCompare => ("cc: Cv, ", "", "cc: Some(cc), "),
        Format::FloatCompare => ("cc: FloatCC, ", "", "fcc: Some(cc), "),
        Format::UnaryImm | Format::UnaryIeee32 | Format::UnaryIeee64 | Format::StackAddr | Format::FuncAddr => {
            ("", "k: Im", "imm: Some(k), ")
        }
        Format::BinaryImm8 | Format::TernaryImm8 => ("", ", k: Im", "imm: Some(k), "),
        Format::Load => ("", "a: Addr", "addr: Some(a), "),
        Format::Store => ("", ", a: Addr", "addr: Some(a), "),
        _ => ("", "", ""),
    }
}

fn main() {
    let mut out = String::new();
    for (row, op) in OPS.iter().zip(Opcode::ALL) {
        let lowered_by_hand =
            matches!(row.format, Format::Jump | Format::MultiAry | Format::Call | Format::CallIndirect);
        if lowered_by_hand {
            continue;
        }
        let addressed = matches!(row.format, Format::Load | Format::Store);
        let args: Vec<&str> = row.operands.iter().map(|o| o.name).filter(|&n| !(addressed && n == "p")).collect();
        let params: Vec<String> = args.iter().map(|a| format!("{a}: impl Into<Pat>")).collect();
        let values: Vec<String> = args.iter().map(|a| format!("{a}.into()")).collect();
        let (before, after, set) = extras(row.format);
        let (params, values, name) = (params.join(", "), values.join(", "), row.name);
        let _ = writeln!(out, "/// {}", row.doc.trim().replace('\n', "\n///"));
        let _ = writeln!(out, "pub fn {name}({before}{params}{after}) -> OpPat {{");
        let _ = writeln!(out, "    OpPat {{ {set}..op(Opcode::{op:?}, [{values}]) }}\n}}");
    }
    let dir = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(format!("{dir}/patterns.rs"), out).expect("OUT_DIR is writable");
}
