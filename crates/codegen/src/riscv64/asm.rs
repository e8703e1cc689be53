//! Prints an allocated instruction in the syntax of LLVM's assembler. Needs the templates of [`super::rows`] and reads
//! operands as [`super::encode`] does.

use super::encode::{address, cc_of, immediate};
use super::rows::{NAMES, SPECS, Shown, TEXT};
use crate::frame::FrameOffsets;
use std::fmt::Write;
use windlass_desc::riscv64::cond::NAMES as CONDITIONS;
use windlass_desc::riscv64::{Format, regs};
use windlass_regalloc::{Inst, Loc};

/// What an assembler must be told before it reads our text: addresses of symbols are loaded from tables, and nothing is
/// compressed or left to linkers to shorten.
pub const SYNTAX: &str = ".option pic\n.option norvc\n.option norelax\n";

/// The text of `inst`, whose operands are the first entries of `ops`, with the name of what its last field refers to.
pub fn print(inst: &Inst, ops: &[u32], frame: &FrameOffsets, to: Option<&str>) -> String {
    let Some(text) = TEXT.get(inst.row as usize) else { return format!("row {}", inst.row) };
    let mut out = text.mnemonic.replace("{cc}", CONDITIONS[cc_of(inst) as usize]);
    let mut separator = " ";
    for shown in text.shown {
        out.push_str(separator);
        separator = ", ";
        let place = match *shown {
            Shown::Reg(place) => {
                register(&mut out, ops.get(place as usize));
                continue;
            }
            Shown::Imm => {
                _ = write!(out, "{}", immediate(inst));
                continue;
            }
            Shown::Upper => {
                _ = write!(out, "{}", immediate(inst) as u32 >> 12);
                continue;
            }
            Shown::Whole => {
                _ = write!(out, "{}", inst.payload as i64);
                continue;
            }
            Shown::Mem(place) | Shown::Sum(place) => place,
        };
        let (base, disp) = match address(inst, ops, place, frame) {
            Ok((base, disp)) => (Some(base), disp),
            Err(_) => (ops.get(place as usize).copied(), inst.payload as i32 as i64),
        };
        let mut of = String::new();
        register(&mut of, base.as_ref());
        _ = if let Shown::Mem(_) = shown { write!(out, "{disp}({of})") } else { write!(out, "{of}, {disp}") };
    }
    if SPECS[inst.row as usize].format == Format::Pair {
        out.push_str(separator);
        out.push_str(bare(to.unwrap_or("0")));
    }
    out
}

/// A symbol without its quotes where they are not needed: calls take no others.
fn bare(symbol: &str) -> &str {
    let plain = |name: &&str| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let inner = symbol.strip_prefix('"').and_then(|s| s.strip_suffix('"')).filter(plain);
    inner.filter(|name| name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')).unwrap_or(symbol)
}

/// The name of a row.
pub fn name(row: u16) -> &'static str {
    NAMES.get(row as usize).copied().unwrap_or("?")
}

fn register(out: &mut String, op: Option<&u32>) {
    match op {
        Some(&r) if r < 32 => out.push_str(regs::name(r as u8)),
        Some(&r) => _ = write!(out, "{:?}", Loc(r)),
        None => out.push('?'),
    }
}
