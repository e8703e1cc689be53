//! Entering and leaving on x86-64 as far as it takes more than a row: stack probes, and arguments of tail calls below a
//! return address that is on the stack. Needs the rows.

use super::emit::{Emitted, Emitter, PROBESTACK, X64, branch_on};
use super::frame::{RSP, SCRATCH};
use super::rows::*;
use crate::emit::Target;
use crate::error::CodegenError;
use windlass_desc::x64::flags::Cc;
use windlass_desc::x64::regs;
use windlass_regalloc::{Class, Inst, Loc, NONE, PReg};

/// As [`SCRATCH`], among vector registers.
const VEC_SCRATCH: PReg = PReg::new(Class::Vec, 15);

/// More pages than these are touched in a loop.
const UNROLLED_PROBES: u32 = 4;
/// More bytes of a tail call's stack arguments are copied in a loop.
const UNROLLED_ARGUMENTS: i32 = 512;

/// Adds to the stack pointer, or subtracts the opposite where that is shorter: -128 fits a byte, 128 does not.
pub(super) fn shift(e: &mut Emitter<'_>, by: i32) -> Emitted {
    let (row, n) = match by.checked_neg() {
        _ if by == 0 => return Ok(()),
        Some(n) if by == 128 || by < 0 && by != -128 => (SUB64_RI, n),
        _ => (ADD64_RI, by),
    };
    e.regs(row, (n as u32 as u64) << 32, &[RSP, RSP])
}

/// The return address goes down, and the stack pointer with it.
pub(super) fn grow_arguments(e: &mut Emitter<'_>, by: i32) -> Emitted {
    shift(e, 8 - by)?;
    e.regs(PUSH64_M, (by - 8) as u32 as u64, &[RSP])
}

/// Moves the return address, to which the stack pointer points, up by a multiple of 16, and the stack pointer with it.
pub(super) fn raise_return_address(e: &mut Emitter<'_>, by: i32) -> Emitted {
    if by <= 0 {
        return Ok(());
    }
    e.regs(POP64_M, (by - 8) as u32 as u64, &[RSP])?;
    shift(e, by - 8)
}

/// Returns; more bytes than the instruction can remove are removed before.
pub(super) fn ret(e: &mut Emitter<'_>, pops: u32) -> Emitted {
    match u16::try_from(pops) {
        Ok(0) => e.row(RET, 0, 0, &[]),
        Ok(pops) => e.row(RET16_I, 0, (pops as u64) << 32, &[]),
        Err(_) => {
            raise_return_address(e, pops as i32)?;
            e.row(RET, 0, 0, &[])
        }
    }
}

/// Copies `size` bytes of outgoing arguments to an offset from the stack pointer. Registers hold other arguments.
pub(super) fn move_arguments(e: &mut Emitter<'_>, to: i32, size: i32) -> Emitted {
    if size > UNROLLED_ARGUMENTS {
        let (again, done) = (e.label(), e.label());
        let (v, n) = (Loc::reg(VEC_SCRATCH).0, SCRATCH[0]);
        let (rsp, index) = (Loc::reg(RSP).0, Loc::reg(n).0);
        e.regs(MOV32_RW, size as u64, &[n])?;
        e.bind(again);
        e.row(MOVF128_RM, 0, -16i32 as u32 as u64, &[v, rsp, index])?;
        e.row(MOVF128_MR, 0, (to - 16) as u32 as u64, &[rsp, index, v])?;
        e.regs(SUB64_RI, 16 << 32, &[n, n])?;
        branch_on(e, Cc::Ne, again, done);
        e.bind(done);
        return Ok(());
    }
    for at in (0..size).step_by(16) {
        X64::load(e, VEC_SCRATCH, RSP, at, 16)?;
        X64::store(e, VEC_SCRATCH, to + at, 16)?;
    }
    Ok(())
}

/// Touches each page that the frame will cover, the highest first.
pub(super) fn probe(e: &mut Emitter<'_>) -> Emitted {
    let Some(probe) = e.options.probe else { return Ok(()) };
    let (size, page) = (e.frame.size, 1u32 << probe.size_log2.min(31));
    let pages = size / page;
    if pages == 0 {
        return Ok(());
    }
    if !probe.inline {
        e.row(MOV32_RW, 0, size as u64, &[regs::RAX as u32])?;
        let symbol = e.machine.symbols.iter().position(|s| *s == PROBESTACK);
        let symbol = symbol.ok_or_else(|| CodegenError::internal("no symbol for stack probes"))?;
        e.linked(&Inst { row: CALL, flags: 0, ops: 0, payload: 0 }, &[], symbol as u32, 0)?;
        e.returns_here(None);
        return Ok(());
    }
    if pages <= UNROLLED_PROBES {
        return (1..=pages).try_for_each(|n| X64::store(e, RSP, -((n * page) as i32), 4));
    }
    let [r, t] = SCRATCH;
    let (again, done) = (e.label(), e.label());
    e.regs(MOV64_RR, 0, &[r, RSP])?;
    e.bind(again);
    e.regs(SUB64_RI, (page as u64) << 32, &[r, r])?;
    e.row(MOV32_MR, 0, 0, &[Loc::reg(r).0, NONE, Loc::reg(r).0])?;
    e.regs(LEA64_RM, (pages * page) as u64, &[t, r])?;
    e.regs(CMP64_RR, 0, &[t, RSP])?;
    branch_on(e, Cc::Ne, again, done);
    e.bind(done);
    Ok(())
}
