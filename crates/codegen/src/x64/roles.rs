//! The rows of x86-64 by role.

use super::abi::{PINNED, TAIL_CALLEE, convention};
use super::encode::CC;
use super::rows::*;
use crate::access::{self, Memory};
use crate::lower::{Access, Arithmetic, Extend, Flow, Lower, MemoryOperand, Nans, Registers, Roles, Step};
use windlass_desc::x64::flags::Cc;
use windlass_desc::x64::regs::{RBP, RSP};
use windlass_ir::ir::Endianness;
use windlass_regalloc::{Class, VReg};

const fn integer(width: u8, load: u16, store: u16) -> Access {
    Access { class: Class::Int, width, load, store }
}

const fn vector(width: u8, load: u16, store: u16) -> Access {
    Access { class: Class::Vec, width, load, store }
}

/// Extends by one row.
macro_rules! by {
    ($row:expr) => {
        &[Step { row: $row, payload: 0 }]
    };
}

/// x86-64, as far as lowering is the same for all targets.
pub static ROLES: Roles = Roles {
    name: super::NAME,
    byte_order: Endianness::Little,
    narrow: 4,
    floats: Class::Vec,
    vector: 16,
    convention,
    flow: Flow {
        args: ARGS,
        ret: LEAVE,
        call: CALL,
        call_reg: CALL_REG,
        tail_call: TAIL_CALL,
        tail_call_reg: TAIL_CALL_REG,
        tail_callee: TAIL_CALLEE,
        jump: JUMP,
        br_table: BR_TABLE,
        nop: NOP,
        breakpoint: INT3,
    },
    access: &[
        integer(8, MOV64_RM, MOV64_MR),
        integer(4, MOV32_RM, MOV32_MR),
        integer(2, MOVZX16_32_RM, MOV16_MR),
        integer(1, MOVZX8_32_RM, MOV8_MR),
        vector(4, MOVF32_RM, MOVF32_MR),
        vector(8, MOVF64_RM, MOVF64_MR),
        vector(16, MOVF128_RM, MOVF128_MR),
    ],
    memory: MemoryOperand { indexed: true, reach: i32::MIN as i64..=i32::MAX as i64, address: LEA64_RM },
    arithmetic: Arithmetic {
        add: ADD64_RR,
        constant: MOV64_RW,
        near_symbol: SYM_NEAR,
        far_symbol: SYM_FAR,
        round_down,
    },
    extend: Extend {
        unsigned: [by!(MOVZX8_32_RR), by!(MOVZX16_32_RR), by!(MOV32_RR)],
        signed: [by!(MOVSX8_64_RR), by!(MOVSX16_64_RR), by!(MOVSX32_64_RR)],
    },
    registers: Registers { get: GET_REG, set: SET_REG, stack_pointer: RSP, frame_pointer: RBP, pinned: PINNED },
    nans: Some(Nans {
        compare: [CMPF32_RR, CMPF64_RR],
        select: [SELECTF32_RR, SELECTF64_RR],
        unordered: (Cc::P as u16) << CC,
        constant: [CONSTF32_RW, CONSTF64_RW],
    }),
    copy_words,
};

/// Copies words by the instruction that loops. It changes the registers that it takes.
fn copy_words(c: &mut Lower<'_>, from: VReg, to: u32, count: u32) {
    let (start, n) = (c.temp(), c.temp());
    let after = [c.temp(), c.temp(), c.temp()];
    c.start(COPY_WORDS64);
    after.into_iter().chain([start, from, n]).for_each(|r| c.operand(r));
    c.end();
    c.start(MOV32_RW);
    c.operand(n);
    c.pending().payload = count as u64;
    c.end();
    access::address(c, start, Memory::Outgoing(to as u64));
}

/// Rounds by a mask that fits an immediate.
fn round_down(c: &mut Lower<'_>, d: VReg, power: u64) -> VReg {
    let from = c.temp();
    c.start(AND64_RI);
    [d, from].into_iter().for_each(|r| c.operand(r));
    c.pending().payload = ((power.wrapping_neg() as u32) as u64) << 32;
    c.end();
    from
}
