//! A machine that exists on paper only: big-endian, with branches and loads of constants that reach 64 bytes, so that
//! every way to make them reach is needed early. Leaves its facts, and what reads its code back.

use super::{Branch, BranchFacts, Form, IslandFacts, Kind};
use windlass_ir::ir::Endianness;

/// Units of two bytes in six bits: from 64 bytes backwards to 62 forwards.
const fn near(size: u8, origin: u8) -> Form {
    Form { size, origin, bits: 6, scale: 1 }
}

/// The jump, near or far.
pub(super) const JUMP: u8 = 0;
/// A branch with a near form, and one that is its inverse around a jump.
pub(super) const IF: u8 = 1;
/// A branch on a bit of a register, which is always near; the distance counts from its end.
pub(super) const IF_BIT: u8 = 2;
/// A load, always near.
pub(super) const LOAD: u8 = 3;
/// A load, near or far.
pub(super) const LOAD_FAR: u8 = 4;

/// First bytes of instructions of six bytes. Near ones are two bytes in which the last six bits are the distance, and
/// have the kind above it, but loads and branches on bits have two more bytes.
const FAR: u8 = 0x80;
const INVERSE: u8 = 0x40;

static KINDS: [Kind; 5] = [
    Kind { forms: &[near(2, 0), far(6, 0)] },
    Kind { forms: &[near(2, 0), far(8, 2)] },
    Kind { forms: &[near(4, 4)] },
    Kind { forms: &[near(4, 0)] },
    Kind { forms: &[near(4, 0), far(6, 0)] },
];

const fn far(size: u8, origin: u8) -> Form {
    Form { size, origin, bits: 32, scale: 0 }
}

/// The facts, with places for islands after every instruction.
pub(super) static PAPER: BranchFacts = BranchFacts {
    kinds: &KINDS,
    order: Endianness::Big,
    islands: Some(IslandFacts { jump: Branch { kind: JUMP, payload: 0 }, apart: 0, align: 2 }),
    write,
};

/// The same machine with a large pool alone: without islands.
pub(super) static NO_ISLANDS: BranchFacts = BranchFacts { kinds: &KINDS, order: Endianness::Big, islands: None, write };

fn write(out: &mut Vec<u8>, branch: Branch, form: usize, distance: i64) {
    let field = (distance >> 1) as u8 & 63;
    let far = (distance as i32).to_be_bytes();
    match (branch.kind, form) {
        (JUMP | IF, 0) => out.extend([branch.kind, field]),
        (IF, _) => {
            out.extend([INVERSE | IF, 8 >> 1, FAR | JUMP, 0]);
            out.extend(far);
        }
        (_, 0) => out.extend([branch.kind, field, (branch.payload >> 56) as u8, branch.payload as u8]),
        (_, _) => {
            out.extend([FAR | branch.kind, 0]);
            out.extend(far);
        }
    }
}

/// What an instruction is, where it goes or loads from, and where it ends.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Read {
    pub kind: u8,
    pub payload: u64,
    pub target: usize,
    pub end: usize,
}

/// Reads the branch or load at an offset, in whatever form it is.
pub(super) fn read(code: &[u8], at: usize) -> Read {
    let near = |origin: usize| (at + origin).wrapping_add_signed((((code[at + 1] << 2) as i8) >> 2) as isize * 2);
    let far = |start: usize| {
        let field = i32::from_be_bytes(code[start + 2..start + 6].try_into().unwrap());
        start.wrapping_add_signed(field as isize)
    };
    let read = |kind, payload, target, size| Read { kind, payload, target, end: at + size };
    match code[at] {
        kind @ (JUMP | IF) => read(kind, 0, near(0), 2),
        kind @ (IF_BIT | LOAD | LOAD_FAR) => {
            let payload = u64::from(code[at + 2]) << 56 | u64::from(code[at + 3]);
            read(kind, payload, near(if kind == IF_BIT { 4 } else { 0 }), 4)
        }
        kind if kind == INVERSE | IF => {
            assert_eq!(near(0), at + 8, "the inverse goes around the jump");
            assert_eq!(code[at + 2], FAR | JUMP);
            read(IF, 0, far(at + 2), 8)
        }
        kind => {
            assert!(kind & FAR != 0 && kind & !FAR <= LOAD_FAR, "no instruction: {kind:#x}");
            read(kind & !FAR, 0, far(at), 6)
        }
    }
}
