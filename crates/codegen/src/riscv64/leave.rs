//! Entering and leaving on riscv64 as far as it takes more than a row: stack probes and arguments of tail calls. Needs
//! the rows.

use super::abi::r;
use super::branch::branch_if;
use super::emit::{Emitter, Riscv64, SP, constant};
use super::rows::*;
use crate::emit::{Emitted, Target};
use crate::error::CodegenError;
use windlass_desc::riscv64::cond::Cc;
use windlass_desc::riscv64::regs::{T5, T6};
use windlass_regalloc::Loc;

/// More pages than these are touched in a loop.
const UNROLLED_PROBES: u32 = 4;

/// Copies outgoing arguments, word by word. Registers hold other arguments.
pub(super) fn move_arguments(e: &mut Emitter<'_>, to: i32, size: i32) -> Emitted {
    for at in (0..size).step_by(8) {
        Riscv64::load(e, r(T5), SP, at, 8)?;
        Riscv64::store(e, r(T5), to + at, 8)?;
    }
    Ok(())
}

/// Touches each page that the frame will cover, the highest first.
pub(super) fn probe(e: &mut Emitter<'_>) -> Emitted {
    let Some(probe) = e.options.probe else { return Ok(()) };
    let page = 1u32 << probe.size_log2.min(31);
    let pages = e.frame.size / page;
    if pages == 0 {
        return Ok(());
    }
    if !probe.inline {
        return Err(CodegenError::unsupported("stack probes by a routine on riscv64: set probestack_strategy=inline"));
    }
    if pages <= UNROLLED_PROBES {
        return (1..=pages).try_for_each(|n| Riscv64::store(e, r(0), -((n * page) as i32), 4));
    }
    // t5 goes down page by page until it is where t6 is
    let (at, step, last) = (Loc::reg(r(T5)).0, Loc::reg(r(T6)).0, Loc::reg(r(T5)).0);
    let again = e.label();
    e.regs(MV64_R, 0, &[r(T5), SP])?;
    e.bind(again);
    constant(e, r(T6), page.into())?;
    e.row(SUB64_RR, 0, 0, &[at, last, step])?;
    e.row(STORE32_MR, 0, 0, &[at, windlass_regalloc::NONE, 0])?;
    constant(e, r(T6), (pages * page).into())?;
    e.row(ADD64_RR, 0, 0, &[step, step, at])?;
    e.branch_to(branch_if(Cc::Ne, step, Loc::reg(SP).0), again, &|| "bne t6, sp, ".into());
    Ok(())
}
