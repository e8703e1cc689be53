//! Runs single instructions on the CPU with all general registers and the flags chosen, and reports what became of
//! them. The code of a trampoline: save the host's registers, load the state, the instruction, store the state, return.

use memmap2::{Mmap, MmapMut};
use std::mem::offset_of;
use windlass_codegen::frame::FrameOffsets;
use windlass_codegen::sink::Sink;
use windlass_codegen::x64::encode::encode;
use windlass_codegen::x64::rows::{
    MOV64_MR, MOV64_RM, MOV64_RW, MOVF128_MR, MOVF128_RM, POP64_R, PUSH64_R, RET, SPECS,
};
use windlass_regalloc::{Class, Inst, Loc, NONE, PReg};

/// The part of the CPU's state that rows work on.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct State {
    pub vectors: [u128; 16],
    pub regs: [u64; 16],
    pub flags: u64,
}

/// What trampolines read and write, at an address built into them.
#[derive(Default)]
#[repr(C)]
struct Context {
    input: State,
    output: State,
    host_rsp: u64,
}

/// A trampoline for each of a list of instructions.
pub struct Trampolines {
    code: Mmap,
    entries: Vec<usize>,
    context: *mut Context,
}

const CALLEE_SAVED: [u8; 6] = [3, 5, 12, 13, 14, 15];
const RAX: u8 = 0;
const RSP: u8 = 4;

impl Trampolines {
    /// Around these instructions, none of which jumps or traps.
    pub fn new(instructions: &[Vec<u8>]) -> Trampolines {
        let context = Box::into_raw(Box::<Context>::default());
        let mut out = Sink::new();
        let mut entries = vec![];
        for i in instructions {
            entries.push(out.len());
            assemble(&mut out, context.expose_provenance() as u64, i);
        }
        let mut map = MmapMut::map_anon(out.len().max(1)).expect("memory");
        map[..out.len()].copy_from_slice(out.as_slice());
        Trampolines { code: map.make_exec().expect("executable memory"), entries, context }
    }

    /// Runs instruction number `i` from `input`; the state after it.
    ///
    /// # Safety
    /// The instruction may access memory only where this process may, and write only where no reference points.
    pub unsafe fn run(&mut self, i: usize, input: &State) -> State {
        // SAFETY: `context` is a box of ours that lives until drop; no reference to it exists.
        unsafe { (*self.context).input = *input };
        let entry = self.code[self.entries[i]..].as_ptr();
        // SAFETY: the bytes from `entry` on are a function without parameters that keeps the host's convention:
        // `assemble` saves and restores what a callee must, and the stack pointer.
        let run: extern "sysv64" fn() = unsafe { std::mem::transmute(entry) };
        run();
        // SAFETY: as above; the code wrote the output through the exposed address.
        unsafe { (*self.context).output }
    }
}

impl Drop for Trampolines {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw` in `new`, and freed only here.
        drop(unsafe { Box::from_raw(self.context) });
    }
}

/// One trampoline around `instruction`.
fn assemble(out: &mut Sink, context: u64, instruction: &[u8]) {
    let input = offset_of!(Context, input);
    let output = offset_of!(Context, output);
    let host_rsp = offset_of!(Context, host_rsp);
    let flags = offset_of!(State, flags);
    CALLEE_SAVED.iter().for_each(|&r| row(out, PUSH64_R, 0, &[r as u32]));
    row(out, MOV64_RW, context, &[RAX as u32]);
    from_rax(out, MOV64_MR, RSP, host_rsp);
    out.extend(&[0xff, 0xb0]); // push qword ptr [rax + disp32]
    out.extend(&((input + flags) as u32).to_le_bytes());
    out.extend(&[0x9d]); // popfq
    (0..16).for_each(|r| vector(out, MOVF128_RM, r, input + offset_of!(State, vectors) + 16 * r as usize));
    let regs = input + offset_of!(State, regs);
    (1..16).chain([RAX]).for_each(|r| from_rax(out, MOV64_RM, r, regs + 8 * r as usize));

    out.extend(instruction);

    // No register is free: rax goes to an absolute address. Moves leave the flags alone.
    out.extend(&[0x48, 0xa3]); // movabs [disp64], rax
    let regs = output + offset_of!(State, regs);
    out.extend(&(context + regs as u64).to_le_bytes());
    row(out, MOV64_RW, context, &[RAX as u32]);
    (1..16).for_each(|r| from_rax(out, MOV64_MR, r, regs + 8 * r as usize));
    (0..16).for_each(|r| vector(out, MOVF128_MR, r, output + offset_of!(State, vectors) + 16 * r as usize));
    from_rax(out, MOV64_RM, RSP, host_rsp);
    out.extend(&[0x9c, 0x8f, 0x80]); // pushfq; pop qword ptr [rax + disp32]
    out.extend(&((output + flags) as u32).to_le_bytes());
    CALLEE_SAVED.iter().rev().for_each(|&r| row(out, POP64_R, 0, &[r as u32]));
    row(out, RET, 0, &[]);
}

/// A move between `r` and the context, which rax points to.
fn from_rax(out: &mut Sink, number: u16, r: u8, offset: usize) {
    let ops = if number == MOV64_RM { [r as u32, RAX as u32, NONE] } else { [RAX as u32, NONE, r as u32] };
    row(out, number, offset as u64, &ops);
}

/// A move between vector register `r` and the context.
fn vector(out: &mut Sink, number: u16, r: u8, offset: usize) {
    let r = Loc::reg(PReg::new(Class::Vec, r)).0;
    let ops = if number == MOVF128_RM { [r, RAX as u32, NONE] } else { [RAX as u32, NONE, r] };
    row(out, number, offset as u64, &ops);
}

fn row(out: &mut Sink, row: u16, payload: u64, ops: &[u32]) {
    let inst = Inst { row, flags: 0, ops: 0, payload };
    encode(&SPECS[row as usize], &inst, ops, &FrameOffsets::default(), out).expect("registers and an address");
}
