//! Registers of x86-64: numbers as encoded, names by width. Needs nothing.

/// The accumulator.
pub const RAX: u8 = 0;
/// Shift counts live in its low byte.
pub const RCX: u8 = 1;
/// The upper half of products.
pub const RDX: u8 = 2;
/// Callee-saved.
pub const RBX: u8 = 3;
/// The stack pointer.
pub const RSP: u8 = 4;
/// The frame pointer.
pub const RBP: u8 = 5;
/// Second argument.
pub const RSI: u8 = 6;
/// First argument.
pub const RDI: u8 = 7;

const LEGACY: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const LEGACY8: [&str; 8] = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];

/// The name of general register `n` at `width` bits.
pub fn name(n: u8, width: u16) -> String {
    let n = n & 15;
    match (n < 8, width) {
        (true, 8) => LEGACY8[n as usize].to_string(),
        (true, 16) => LEGACY[n as usize].to_string(),
        (true, 32) => format!("e{}", LEGACY[n as usize]),
        (true, _) => format!("r{}", LEGACY[n as usize]),
        (false, 8) => format!("r{n}b"),
        (false, 16) => format!("r{n}w"),
        (false, 32) => format!("r{n}d"),
        (false, _) => format!("r{n}"),
    }
}

/// The name of vector register `n`.
pub fn vector_name(n: u8) -> String {
    format!("xmm{}", n & 15)
}
