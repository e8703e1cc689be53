//! Registers of riscv64: numbers as encoded, names as in the calling convention. Needs nothing.

/// Always zero; what is written there is lost.
pub const ZERO: u8 = 0;
/// The return address.
pub const RA: u8 = 1;
/// The stack pointer.
pub const SP: u8 = 2;
/// Far jumps go by way of it; tail calls have an address there.
pub const T1: u8 = 6;
/// The frame pointer, else callee-saved.
pub const FP: u8 = 8;
/// The pinned register, where that is asked for; else callee-saved.
pub const S11: u8 = 27;
/// The first register of arguments and results; there are eight.
pub const A0: u8 = 10;
/// The first of two registers that the emitter keeps for itself: moves and calls.
pub const T5: u8 = 30;
/// The second: far addresses and large displacements.
pub const T6: u8 = 31;

const NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2",
    "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];

/// The name of general register `n`.
pub fn name(n: u8) -> &'static str {
    NAMES[n as usize & 31]
}
