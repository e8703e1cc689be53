//! Loads, stores and addresses that no rule chooses: arguments on the stack, return areas, copies. Needs [`crate::lower`]
//! and the target's roles.

use crate::error::{CodegenError, CodegenResult};
use crate::lower::Lower;
use crate::vcode::{BASE, Base};
use windlass_regalloc::{Class, NONE, VReg};

/// Where memory of the convention is.
#[derive(Clone, Copy)]
pub enum Memory {
    /// So far from the incoming arguments.
    Incoming(u64),
    /// So far from the outgoing arguments.
    Outgoing(u64),
    /// So far from the explicit stack slots.
    Slots(u64),
    /// Where the return address is.
    Returns,
    /// So far from the address in a register.
    At(VReg, u64),
}

/// Loads a register.
pub fn load(c: &mut Lower<'_>, (class, width): (Class, u8), reg: VReg, at: Memory) -> CodegenResult<()> {
    let row = rows(c, class, width)?.0;
    access(c, row, reg, at, false);
    Ok(())
}

/// Stores a register.
pub fn store(c: &mut Lower<'_>, (class, width): (Class, u8), reg: VReg, at: Memory) -> CodegenResult<()> {
    let row = rows(c, class, width)?.1;
    access(c, row, reg, at, true);
    Ok(())
}

/// Takes an address.
pub fn address(c: &mut Lower<'_>, reg: VReg, at: Memory) {
    let row = c.roles.memory.address;
    access(c, row, reg, at, false);
}

/// The load and the store of a class and width.
fn rows(c: &Lower<'_>, class: Class, width: u8) -> CodegenResult<(u16, u16)> {
    let refused = || {
        let what = format!("loads and stores of class {class:?} and {width} bytes on {}", c.roles.name);
        CodegenError::unsupported(what)
    };
    c.roles.access(class, width).map(|a| (a.load, a.store)).ok_or_else(refused)
}

fn access(c: &mut Lower<'_>, row: u16, reg: VReg, at: Memory, stores: bool) {
    let mut far = None;
    let (kind, base, disp) = match at {
        Memory::Incoming(n) => (Base::Incoming, NONE, n),
        Memory::Outgoing(n) => (Base::Outgoing, NONE, n),
        Memory::Slots(n) => (Base::Slots, NONE, n),
        Memory::Returns => (Base::Returns, NONE, 0),
        Memory::At(r, n) if c.roles.memory.reach.contains(&(n as i64)) => (Base::Regs, r.0, n),
        Memory::At(r, n) => {
            let sum = c.temp();
            far = Some((sum, r, n as i64));
            (Base::Regs, sum.0, 0)
        }
    };
    c.start(row);
    if !stores {
        c.operand(reg);
    }
    c.operand(VReg(base));
    if c.roles.memory.indexed {
        c.use_none();
    }
    if stores {
        c.operand(reg);
    }
    let p = c.pending();
    p.flags |= (kind as u16) << BASE;
    p.payload |= disp as u32 as u64;
    c.end();
    if let Some((sum, base, n)) = far {
        add_far(c, sum, base, n);
    }
}

/// Makes `d` the sum of a register, which it returns and which is defined next, and a constant.
pub fn plus(c: &mut Lower<'_>, d: VReg, k: i64) -> VReg {
    let base = c.temp();
    if c.roles.memory.reach.contains(&k) {
        let row = c.roles.memory.address;
        access(c, row, d, Memory::At(base, k as u64), false);
    } else {
        add_far(c, d, base, k);
    }
    base
}

/// Makes `d` the sum of a register and a constant that no displacement can be.
fn add_far(c: &mut Lower<'_>, d: VReg, base: VReg, k: i64) {
    let far = c.temp();
    c.start(c.roles.arithmetic.add);
    [d, base, far].into_iter().for_each(|r| c.operand(r));
    c.end();
    constant(c, far, k as u64);
}

/// Makes `d` a constant of 64 bits.
fn constant(c: &mut Lower<'_>, d: VReg, k: u64) {
    c.start(c.roles.arithmetic.constant);
    c.operand(d);
    c.pending().payload = k;
    c.end();
}

/// Half of an integer of 128 bits.
pub const HALF: (Class, u8) = (Class::Int, 8);

/// Stores the halves of an integer of 128 bits, in the order of memory.
pub fn store_halves(c: &mut Lower<'_>, halves: &[VReg], to: impl Fn(u64) -> Memory) -> CodegenResult<()> {
    halves.iter().zip([0, 8]).try_for_each(|(&half, at)| store(c, HALF, half, to(at)))
}

/// Loads them.
pub fn load_halves(c: &mut Lower<'_>, halves: &[VReg], from: impl Fn(u64) -> Memory) -> CodegenResult<()> {
    halves.iter().zip([0, 8]).try_for_each(|(&half, at)| load(c, HALF, half, from(at)))
}

/// The pieces that structures are copied in, widest first.
const WORDS: [u8; 4] = [8, 4, 2, 1];

/// Structures of more bytes than these are copied by a loop of the target's.
const UNROLLED_COPY: u32 = 256;

/// Copies `size` bytes at an address to so far from the outgoing arguments.
pub fn copy(c: &mut Lower<'_>, from: VReg, to: u32, size: u32) -> CodegenResult<()> {
    let mut at = if size > UNROLLED_COPY { size & !7 } else { 0 };
    if at > 0 {
        (c.roles.copy_words)(c, from, to, at / 8);
    }
    for width in WORDS {
        while size - at >= width as u32 {
            let t = c.temp();
            store(c, (Class::Int, width), t, Memory::Outgoing((to + at) as u64))?;
            load(c, (Class::Int, width), t, Memory::At(from, at as u64))?;
            at += width as u32;
        }
    }
    Ok(())
}
