//! The branches of riscv64, as [`crate::buffer`] knows them: jumps, conditional branches, and the address of a label. Far
//! forms go by way of a register that is never given out.

use super::encode::{auipc, b_type, i_type, j_type};
use crate::buffer::{Branch, BranchFacts, Form, Kind};
use windlass_desc::riscv64::cond::{Cc, SWAPPED};
use windlass_desc::riscv64::regs::{T6, ZERO};
use windlass_ir::ir::Endianness;

const JUMP: u8 = 0;
const JUMP_IF: u8 = 1;
const ADDRESS: u8 = 2;

const fn form(size: u8, origin: u8, bits: u8, scale: u8) -> Form {
    Form { size, origin, bits, scale }
}

/// What the buffer knows.
pub static BRANCHES: BranchFacts = BranchFacts {
    kinds: &[
        Kind { forms: &[form(4, 0, 20, 1), form(8, 0, 32, 0)] },
        Kind { forms: &[form(4, 0, 12, 1), form(8, 4, 20, 1), form(12, 4, 32, 0)] },
        Kind { forms: &[form(8, 0, 32, 0)] },
    ],
    order: Endianness::Little,
    islands: None,
    write,
};

/// `j`
pub const JUMP_BRANCH: Branch = Branch { kind: JUMP, payload: 0 };

/// A branch on a condition of two registers.
pub fn branch_if(cc: Cc, a: u32, b: u32) -> Branch {
    Branch { kind: JUMP_IF, payload: cc as u64 | (a as u64 & 31) << 8 | (b as u64 & 31) << 16 }
}

/// The address of a label.
pub fn address(to: u32) -> Branch {
    Branch { kind: ADDRESS, payload: to as u64 & 31 }
}

/// The condition with its registers as instructions have them: the opposite, if it is to be inverted.
fn condition(payload: u64, inverted: bool, distance: i64) -> u32 {
    let cc = payload as u8 ^ inverted as u8;
    let (a, b) = (payload >> 8 & 31, payload >> 16 & 31);
    let (a, b) = if cc & SWAPPED == 0 { (a, b) } else { (b, a) };
    b_type((cc & 7).into(), a as u32, b as u32, distance as i32)
}

fn write(out: &mut Vec<u8>, branch: Branch, form: usize, distance: i64) {
    let to = branch.payload as u32;
    let far = |rd| [auipc(T6.into(), distance as i32), i_type(0x67, 0, rd, T6.into(), distance as i32)];
    let near = j_type(ZERO.into(), distance as i32);
    let words: &[u32] = match (branch.kind, form) {
        (JUMP, 0) => &[near],
        (JUMP, _) => &far(ZERO.into()),
        (JUMP_IF, 0) => &[condition(branch.payload, false, distance)],
        (JUMP_IF, 1) => &[condition(branch.payload, true, 8), near],
        (JUMP_IF, _) => {
            let [high, low] = far(ZERO.into());
            &[condition(branch.payload, true, 12), high, low]
        }
        _ => &[auipc(to, distance as i32), i_type(0x13, 0, to, to, distance as i32)],
    };
    words.iter().for_each(|word| out.extend(word.to_le_bytes()));
}
