//! Instructions that whole-function emission makes itself rather than from rows: branches, calls, moves that the
//! allocator asks for, frames, padding. Needs [`Sink`]; each function appends one instruction, those with a field to be
//! filled in later return its offset. General registers are numbers below 16, stack offsets count from rsp.

use super::encode::{Address, Parts, address};
use crate::sink::Sink;
use windlass_desc::x64::flags::Cc;
use windlass_regalloc::{Class, PReg};

/// Bytes of [`jmp8`] and [`jcc8`].
pub const SHORT_BRANCH: usize = 2;
/// Bytes of [`jmp32`].
pub const JMP32: usize = 5;
/// Bytes of [`jcc32`].
pub const JCC32: usize = 6;

/// Appends the instruction that `f` writes; the offset of its last four bytes.
fn inst(out: &mut Sink, f: impl FnOnce(&mut Parts)) -> usize {
    let mut p = Parts::default();
    f(&mut p);
    p.store(out);
    out.len().wrapping_sub(4)
}

/// `jmp` to `rel` bytes past its end.
pub fn jmp8(out: &mut Sink, rel: i8) {
    out.extend(&[0xeb, rel as u8]);
}

/// `jmp` to `rel` bytes past its end; the offset of the distance.
pub fn jmp32(out: &mut Sink, rel: i32) -> usize {
    inst(out, |p| {
        p.u8(0xe9);
        p.disp(rel, 4);
    })
}

/// `jcc` to `rel` bytes past its end.
pub fn jcc8(out: &mut Sink, cc: Cc, rel: i8) {
    out.extend(&[0x70 | cc as u8, rel as u8]);
}

/// `jcc` to `rel` bytes past its end; the offset of the distance.
pub fn jcc32(out: &mut Sink, cc: Cc, rel: i32) -> usize {
    inst(out, |p| {
        p.u8(0x0f);
        p.u8(0x80 | cc as u8);
        p.disp(rel, 4);
    })
}

/// Bytes of a call of a symbol.
pub const CALL_SIZE: usize = 5;

/// `call` of `rel` bytes past its end; the offset of the distance.
pub fn call32(out: &mut Sink, rel: i32) -> usize {
    inst(out, |p| {
        p.u8(0xe8);
        p.disp(rel, 4);
    })
}

/// `call` of the address in a register.
pub fn call_reg(out: &mut Sink, r: u8) {
    op(out, Op::new(0xff, 2), To::Reg(r));
}

/// `jmp` to the address in a register.
pub fn jmp_reg(out: &mut Sink, r: u8) {
    op(out, Op::new(0xff, 4), To::Reg(r));
}

/// `lea r, [rip + rel]`; the offset of the distance.
pub fn lea_rip(out: &mut Sink, r: u8, rel: i32) -> usize {
    inst(out, |p| {
        p.u8(0x48 | r >> 3 << 2);
        p.u8(0x8d);
        p.u8((r & 7) << 3 | 5);
        p.disp(rel, 4);
    })
}

/// `mov r, qword ptr [rip + rel]`; the offset of the distance.
pub fn load_rip(out: &mut Sink, r: u8, rel: i32) -> usize {
    inst(out, |p| {
        p.u8(0x48 | r >> 3 << 2);
        p.u8(0x8b);
        p.u8((r & 7) << 3 | 5);
        p.disp(rel, 4);
    })
}

/// `movabs r, imm`; the offset of the eight bytes of the immediate.
pub fn movabs(out: &mut Sink, r: u8, imm: u64) -> usize {
    inst(out, |p| {
        p.u8(0x48 | r >> 3);
        p.u8(0xb8 | r & 7);
        p.imm(imm, 8);
    }) - 4
}

/// Copies `width` bytes of a register to another of its class: at least those.
pub fn move_reg(out: &mut Sink, to: PReg, from: PReg, width: u8) {
    let o = match to.class() {
        Class::Int => Op { wide: width > 4, ..Op::new(0x8b, to.hw()) },
        _ => Op { escape: true, ..Op::new(0x28, to.hw()) },
    };
    op(out, o, To::Reg(from.hw()));
}

/// Loads `width` bytes (4 or 8, of vector registers also 16) from the stack.
pub fn load(out: &mut Sink, to: PReg, offset: i32, width: u8) {
    stack_access(out, to, offset, width, false);
}

/// Stores `width` bytes (4 or 8, of vector registers also 16) to the stack.
pub fn store(out: &mut Sink, offset: i32, from: PReg, width: u8) {
    stack_access(out, from, offset, width, true);
}

fn stack_access(out: &mut Sink, r: PReg, offset: i32, width: u8, store: bool) {
    let o = match (r.class(), width) {
        (Class::Int, _) => Op { wide: width > 4, ..Op::new(if store { 0x89 } else { 0x8b }, r.hw()) },
        _ => {
            // movss, movsd, movups
            let prefix = [0xf3, 0xf2, 0][(width > 4) as usize + (width > 8) as usize];
            Op { prefix, escape: true, ..Op::new(0x10 | store as u8, r.hw()) }
        }
    };
    op(out, o, To::Stack(offset));
}

/// `xchg` of two general registers, all 64 bits.
pub fn xchg(out: &mut Sink, a: u8, b: u8) {
    if a == 0 || b == 0 {
        let r = a | b;
        out.extend(&[0x48 | r >> 3, 0x90 | r & 7]);
    } else {
        op(out, Op { wide: true, ..Op::new(0x87, a) }, To::Reg(b));
    }
}

/// `push r`
pub fn push(out: &mut Sink, r: u8) {
    in_opcode(out, 0x50, r);
}

/// `pop r`
pub fn pop(out: &mut Sink, r: u8) {
    in_opcode(out, 0x58, r);
}

fn in_opcode(out: &mut Sink, code: u8, r: u8) {
    inst(out, |p| {
        if r > 7 {
            p.u8(0x41);
        }
        p.u8(code | r & 7);
    });
}

/// `add rsp, n`, or `sub rsp, -n` where that is shorter; nothing for 0. Changes the flags.
pub fn adjust_rsp(out: &mut Sink, n: i32) {
    if n == 0 {
        return;
    }
    // -128 fits a byte, 128 does not.
    let (digit, n) = match n.checked_neg() {
        Some(m) if n == 128 || n < 0 && n != -128 => (5, m),
        _ => (0, n),
    };
    inst(out, |p| {
        p.u8(0x48);
        match i8::try_from(n) {
            Ok(n) => {
                p.u8(0x83);
                p.u8(0xc4 | digit << 3);
                p.u8(n as u8);
            }
            Err(_) => {
                p.u8(0x81);
                p.u8(0xc4 | digit << 3);
                p.imm(n as u64, 4);
            }
        }
    });
}

/// `ud2`
pub fn ud2(out: &mut Sink) {
    out.extend(&[0x0f, 0x0b]);
}

/// `pop qword ptr [rsp + offset]`, the offset counted from where the stack pointer is afterwards.
pub fn pop_stack(out: &mut Sink, offset: i32) {
    op(out, Op::new(0x8f, 0), To::Stack(offset));
}

/// `push qword ptr [rsp + offset]`, the offset counted from where the stack pointer was before.
pub fn push_stack(out: &mut Sink, offset: i32) {
    op(out, Op::new(0xff, 6), To::Stack(offset));
}

/// `ret`, removing `pops` bytes above the return address.
pub fn ret(out: &mut Sink, pops: u16) {
    match pops {
        0 => out.extend(&[0xc3]),
        n => out.extend(&[0xc2, n as u8, (n >> 8) as u8]),
    }
}

/// Instructions that do nothing, of 1 to 9 bytes (SDM volume 2, NOP).
pub const NOPS: [&[u8]; 9] = [
    &[0x90],
    &[0x66, 0x90],
    &[0x0f, 0x1f, 0x00],
    &[0x0f, 0x1f, 0x40, 0],
    &[0x0f, 0x1f, 0x44, 0, 0],
    &[0x66, 0x0f, 0x1f, 0x44, 0, 0],
    &[0x0f, 0x1f, 0x80, 0, 0, 0, 0],
    &[0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
    &[0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
];

/// `n` bytes that do nothing, in as few instructions as these forms allow.
pub fn nop(out: &mut Sink, n: usize) {
    let mut left = n;
    while left > 0 {
        let form = NOPS[left.min(NOPS.len()) - 1];
        out.extend(form);
        left -= form.len();
    }
}

/// An instruction with a ModRM byte: opcode, perhaps after the escape byte `0F`; ModRM.reg; REX.W; mandatory prefix,
/// 0 if none.
struct Op {
    prefix: u8,
    wide: bool,
    escape: bool,
    code: u8,
    reg: u8,
}

impl Op {
    fn new(code: u8, reg: u8) -> Op {
        Op { prefix: 0, wide: false, escape: false, code, reg }
    }
}

/// What ModRM.rm names.
enum To {
    Reg(u8),
    Stack(i32),
}

fn op(out: &mut Sink, o: Op, to: To) {
    inst(out, |p| {
        let b = if let To::Reg(r) = to { r >> 3 } else { 0 };
        let rex = (o.wide as u8) << 3 | o.reg >> 3 << 2 | b;
        p.u8_if(o.prefix != 0, o.prefix);
        p.u8_if(rex != 0, 0x40 | rex);
        p.u8_if(o.escape, 0x0f);
        p.u8(o.code);
        match to {
            To::Reg(r) => p.u8(0xc0 | (o.reg & 7) << 3 | r & 7),
            To::Stack(disp) => address(p, o.reg, &Address::rsp(disp)),
        }
    });
}
