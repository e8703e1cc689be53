//! How stacks with frames of x86-64 are walked (System V AMD64 psABI, sections 3.6 and 3.7): its registers in DWARF, and
//! what kinds of unwind data there are.

use crate::error::CodegenResult;
use crate::isa::unwind::systemv::Dwarf;
use crate::isa::unwind::{UnwindInfo, UnwindInfoKind, UnwindInst, systemv, winx64};
use gimli::write::{CallFrameInstruction, CommonInformationEntry};
use gimli::{Encoding, Format, Register, X86_64};
use windlass_desc::x64::regs::RBP;
use windlass_regalloc::{Class, PReg};

static DWARF: Dwarf = Dwarf {
    register,
    stack_pointer: X86_64::RSP,
    frame_pointer: PReg::new(Class::Int, RBP),
    // the return address
    entry_depth: 8,
};

/// Makes the data of a kind from what emission told, of a function of `len` bytes.
pub fn info(kind: UnwindInfoKind, insts: &[(u32, UnwindInst)], len: u32) -> CodegenResult<Option<UnwindInfo>> {
    Ok(match kind {
        UnwindInfoKind::SystemV => Some(UnwindInfo::SystemV(systemv::UnwindInfo::new(insts, len, &DWARF)?)),
        UnwindInfoKind::Windows => Some(UnwindInfo::WindowsX64(winx64::UnwindInfo::new(insts)?)),
        UnwindInfoKind::None => None,
    })
}

/// What entries have in common: on entry the frame address is 8 above the stack pointer, and the return address lies just
/// below it.
pub fn cie() -> CommonInformationEntry {
    let encoding = Encoding { address_size: 8, format: Format::Dwarf32, version: 1 };
    let mut cie = CommonInformationEntry::new(encoding, 1, -8, X86_64::RA);
    cie.add_instruction(CallFrameInstruction::Cfa(X86_64::RSP, 8));
    cie.add_instruction(CallFrameInstruction::Offset(X86_64::RA, -8));
    cie
}

/// The DWARF number of a register (psABI, figure 3.36).
pub fn register(reg: PReg) -> Register {
    // rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi by their numbers in encodings
    const LOW: [u16; 8] = [0, 2, 1, 3, 7, 6, 4, 5];
    match reg.class() {
        Class::Int => Register(LOW.get(reg.hw() as usize).copied().unwrap_or(reg.hw().into())),
        _ if reg.hw() < 16 => Register(17 + u16::from(reg.hw())),
        _ => Register(67 - 16 + u16::from(reg.hw())),
    }
}
