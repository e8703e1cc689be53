//! How stacks with frames of riscv64 are walked (RISC-V psABI, chapter 5): its registers in DWARF, and what kinds of
//! unwind data there are.

use crate::error::CodegenResult;
use crate::isa::unwind::systemv::Dwarf;
use crate::isa::unwind::{UnwindInfo, UnwindInfoKind, UnwindInst, systemv};
use gimli::write::{CallFrameInstruction, CommonInformationEntry};
use gimli::{Encoding, Format, Register, RiscV};
use windlass_desc::riscv64::regs::FP;
use windlass_regalloc::{Class, PReg};

static DWARF: Dwarf =
    Dwarf { register, stack_pointer: RiscV::SP, frame_pointer: PReg::new(Class::Int, FP), entry_depth: 0 };

/// Makes the data of a kind from what emission told, of a function of `len` bytes.
pub fn info(kind: UnwindInfoKind, insts: &[(u32, UnwindInst)], len: u32) -> CodegenResult<Option<UnwindInfo>> {
    Ok(match kind {
        UnwindInfoKind::SystemV => Some(UnwindInfo::SystemV(systemv::UnwindInfo::new(insts, len, &DWARF)?)),
        _ => None,
    })
}

/// What entries have in common: on entry the frame address is the stack pointer, and the return address in its register.
pub fn cie() -> CommonInformationEntry {
    let encoding = Encoding { address_size: 8, format: Format::Dwarf32, version: 1 };
    let mut cie = CommonInformationEntry::new(encoding, 1, -8, RiscV::RA);
    cie.add_instruction(CallFrameInstruction::Cfa(RiscV::SP, 0));
    cie
}

/// The DWARF number of a register.
pub fn register(reg: PReg) -> Register {
    Register(u16::from(reg.hw()) + if reg.class() == Class::Int { 0 } else { 32 })
}
