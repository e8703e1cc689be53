//! The branches of x86-64, as [`crate::buffer`] knows them: two forms each, with distances from their end of a byte or of
//! four.

use crate::buffer::{Branch, BranchFacts, Form, Kind};
use windlass_desc::x64::flags::Cc;
use windlass_ir::ir::Endianness;

const JUMP: u8 = 0;
const JUMP_IF: u8 = 1;

const fn form(size: u8, bits: u8) -> Form {
    Form { size, origin: size, bits, scale: 0 }
}

/// What the buffer knows.
pub static BRANCHES: BranchFacts = BranchFacts {
    kinds: &[Kind { forms: &[form(2, 8), form(5, 32)] }, Kind { forms: &[form(2, 8), form(6, 32)] }],
    order: Endianness::Little,
    islands: None,
    write,
};

/// `jmp`
pub const JMP_KIND: Branch = Branch { kind: JUMP, payload: 0 };

/// `jcc`
pub fn jcc_kind(cc: Cc) -> Branch {
    Branch { kind: JUMP_IF, payload: cc as u64 }
}

fn write(out: &mut Vec<u8>, branch: Branch, form: usize, distance: i64) {
    let cc = branch.payload as u8;
    match (branch.kind, form) {
        (JUMP, 0) => out.extend([0xeb, distance as u8]),
        (JUMP, _) => out.push(0xe9),
        (_, 0) => out.extend([0x70 | cc, distance as u8]),
        (_, _) => out.extend([0x0f, 0x80 | cc]),
    }
    if form > 0 {
        out.extend((distance as i32).to_le_bytes());
    }
}
