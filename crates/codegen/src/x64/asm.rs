//! Prints an allocated instruction in Intel syntax, character for character as LLVM's disassembler prints its bytes.
//! Needs the templates of [`super::rows`] and reads operands as [`super::encode`] does.

use super::encode::{Address, cc_of, immediate_of, is_short};
use super::rows::{ImmSpec, NAMES, SPECS, Shape, Shown, Spec, TEXT};
use crate::emit::EncodeError;
use crate::frame::FrameOffsets;
use std::fmt::Write;
use windlass_desc::x64::{Link, regs};
use windlass_regalloc::{Inst, Loc};

/// What an assembler must be told before it reads our text.
pub const SYNTAX: &str = ".intel_syntax noprefix\n";

/// The text of `inst`, whose operands are the first entries of `ops`, with the name of what its last field refers to. Of
/// a special row it is the mnemonic and the operands that the row itself has. Operands that are no registers show their
/// location.
pub fn print(inst: &Inst, ops: &[u32], frame: &FrameOffsets, to: Option<&str>) -> String {
    let (Some(text), Some(spec)) = (TEXT.get(inst.row as usize), SPECS.get(inst.row as usize)) else {
        return format!("row {}", inst.row);
    };
    let mut out = text.mnemonic.replace("{cc}", cc_of(inst).name());
    let mut separator = " ";
    for shown in text.shown {
        out.push_str(separator);
        separator = ", ";
        match *shown {
            Shown::Reg { place, width } => register(&mut out, ops, place, width),
            Shown::Mem { place, width } => memory(&mut out, inst, ops, place, width, frame),
        }
    }
    if spec.link != Link::None {
        out.push_str(separator);
        linked(&mut out, spec, to);
        return out;
    }
    // A shift by one has an encoding, and with it a text, without a count.
    let hidden = matches!(spec.imm, ImmSpec::Count | ImmSpec::Fixed) && is_short(spec, inst);
    if spec.imm != ImmSpec::None && !hidden {
        out.push_str(separator);
        let _ = write!(out, "{}", immediate(inst));
    }
    out
}

/// The last operand of a row that is linked to something: as LLVM shows a field of zero, if it has no name.
fn linked(out: &mut String, spec: &Spec, to: Option<&str>) {
    if !matches!(spec.shape, Shape::Rip | Shape::VexRip) {
        let prefix = if spec.link == Link::Address && to.is_some() { "offset " } else { "" };
        let _ = write!(out, "{prefix}{}", to.unwrap_or("0"));
        return;
    }
    if spec.link != Link::Near {
        out.push_str(pointer_to(spec.width));
    }
    let table = if spec.link == Link::Table { "@GOTPCREL" } else { "" };
    match to {
        Some(to) => _ = write!(out, "[rip + {to}{table}]"),
        None => out.push_str("[rip]"),
    }
}

/// The name of a row.
pub fn name(row: u16) -> &'static str {
    NAMES.get(row as usize).copied().unwrap_or("?")
}

fn register(out: &mut String, ops: &[u32], place: u8, width: u8) {
    match ops.get(place as usize) {
        Some(&r) if r < 16 => out.push_str(&regs::name(r as u8, width as u16)),
        Some(&r) if (32..48).contains(&r) => out.push_str(&regs::vector_name(r as u8)),
        Some(&r) => _ = write!(out, "{:?}", Loc(r)),
        None => out.push('?'),
    }
}

/// The immediate as LLVM shows it: with its sign if it was extended from fewer bits than the operation has or fills
/// eight or 64, else without.
fn immediate(inst: &Inst) -> i128 {
    let spec = &SPECS[inst.row as usize];
    let v = immediate_of(spec, inst);
    match spec.imm {
        ImmSpec::U32 => (inst.payload as u32).into(),
        ImmSpec::I64 => (inst.payload as i64).into(),
        ImmSpec::I16 => (v as u16).into(),
        ImmSpec::Short16 if !is_short(spec, inst) => (v as u16).into(),
        ImmSpec::I32 if spec.width == 32 => (v as u32).into(),
        ImmSpec::Short32 if spec.width == 32 && !is_short(spec, inst) => (v as u32).into(),
        _ => v.into(),
    }
}

fn pointer_to(width: u8) -> &'static str {
    match width {
        0 => "",
        8 => "byte ptr ",
        16 => "word ptr ",
        32 => "dword ptr ",
        64 => "qword ptr ",
        _ => "xmmword ptr ",
    }
}

fn memory(out: &mut String, inst: &Inst, ops: &[u32], place: u8, width: u8, frame: &FrameOffsets) {
    out.push_str(pointer_to(width));
    match Address::of(inst, ops, place, frame) {
        Ok(a) => address(out, &a),
        Err(EncodeError::Operand) => {
            register(out, ops, place, 64);
            out.push(':');
            register(out, ops, place + 1, 64);
        }
        Err(e) => _ = write!(out, "[{e}]"),
    }
}

fn address(out: &mut String, a: &Address) {
    out.push('[');
    let mut plus = "";
    if let Some(base) = a.base {
        out.push_str(&regs::name(base, 64));
        plus = " + ";
    }
    if let Some(index) = a.index {
        out.push_str(plus);
        if a.scale > 0 {
            let _ = write!(out, "{}*", 1 << a.scale);
        }
        out.push_str(&regs::name(index, 64));
        plus = " + ";
    }
    match a.disp {
        0 if !plus.is_empty() => {}
        d if d < 0 && !plus.is_empty() => _ = write!(out, " - {}", d.unsigned_abs()),
        d => _ = write!(out, "{plus}{d}"),
    }
    out.push(']');
}
