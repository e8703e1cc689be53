//! The rows of riscv64 by role.

use super::abi::{PINNED, TAIL_CALLEE, convention};
use super::rows::*;
use crate::access::{self, Memory};
use crate::lower::{Access, Arithmetic, Extend, Flow, Lower, MemoryOperand, Registers, Roles, Step};
use windlass_desc::riscv64::regs::{FP, SP};
use windlass_ir::ir::Endianness;
use windlass_regalloc::{Class, VReg};

const fn access(width: u8, load: u16, store: u16) -> Access {
    Access { class: Class::Int, width, load, store }
}

const fn step(row: u16, by: u64) -> Step {
    Step { row, payload: by << 32 }
}

/// riscv64, as far as lowering is the same for all targets.
pub static ROLES: Roles = Roles {
    name: super::NAME,
    byte_order: Endianness::Little,
    narrow: 4,
    vector: 0,
    floats: Class::Float,
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
        breakpoint: EBREAK,
    },
    access: &[
        access(8, LD, STORE64_MR),
        access(4, LW, STORE32_MR),
        access(2, LHU, STORE16_MR),
        access(1, LBU, STORE8_MR),
    ],
    memory: MemoryOperand { indexed: true, reach: i32::MIN as i64..=i32::MAX as i64, address: LEA64_RM },
    arithmetic: Arithmetic { add: ADD64_RR, constant: LI, near_symbol: SYM_NEAR, far_symbol: SYM_FAR, round_down },
    extend: Extend {
        unsigned: [
            &[step(AND64_RI, 255)],
            &[step(SLL64_RI, 48), step(SRL64_RI, 48)],
            &[step(SLL64_RI, 32), step(SRL64_RI, 32)],
        ],
        signed: [
            &[step(SLL64_RI, 56), step(SRA64_RI, 56)],
            &[step(SLL64_RI, 48), step(SRA64_RI, 48)],
            &[step(SEXT_W32_R, 0)],
        ],
    },
    registers: Registers { get: GET_REG, set: SET_REG, stack_pointer: SP, frame_pointer: FP, pinned: PINNED },
    nans: None,
    copy_words,
};

fn constant(c: &mut Lower<'_>, d: VReg, k: u64) {
    c.start(LI);
    c.operand(d);
    c.pending().payload = k;
    c.end();
}

/// Copies words by a loop, which changes the registers that it takes.
fn copy_words(c: &mut Lower<'_>, from: VReg, to: u32, count: u32) {
    let (start, n) = (c.temp(), c.temp());
    let after = [c.temp(), c.temp(), c.temp()];
    c.start(COPY_WORDS);
    after.into_iter().chain([start, from, n]).for_each(|r| c.operand(r));
    c.end();
    constant(c, n, count.into());
    access::address(c, start, Memory::Outgoing(to as u64));
}

/// Rounds by a mask.
fn round_down(c: &mut Lower<'_>, d: VReg, power: u64) -> VReg {
    let (from, mask) = (c.temp(), c.temp());
    c.start(AND64_RR);
    [d, from, mask].into_iter().for_each(|r| c.operand(r));
    c.end();
    constant(c, mask, power.wrapping_neg());
    from
}
