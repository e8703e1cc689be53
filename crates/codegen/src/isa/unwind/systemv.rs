//! Call frame information (DWARF 5, section 6.4; System V AMD64 psABI, section 3.7): rules by which the caller's stack
//! pointer, the canonical frame address, and its registers are found. Needs what emission told of prologues and
//! epilogues, and gimli to write it; leaves a frame description entry.

use super::UnwindInst;
use crate::error::CodegenResult;
pub use crate::error::RegisterMappingError;
use gimli::write::{Address, CallFrameInstruction, CommonInformationEntry, FrameDescriptionEntry};
use gimli::{Encoding, Format, Register, X86_64};
use windlass_desc::x64::regs::RBP;
use windlass_regalloc::{Class, PReg};

/// Unwind data of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnwindInfo {
    instructions: Vec<(u32, CallFrameInstruction)>,
    len: u32,
}

impl UnwindInfo {
    /// Of a function of `len` bytes of x86-64. Where there is a frame pointer, the frame address is found from it.
    pub(crate) fn of_x64(insts: &[(u32, UnwindInst)], len: u32) -> CodegenResult<UnwindInfo> {
        let mut out = Rules { depth: 8, by_frame_pointer: false, kept: None, instructions: vec![] };
        for &(offset, inst) in insts {
            out.inst(offset, inst);
        }
        Ok(UnwindInfo { instructions: out.instructions, len })
    }

    /// The entry for the function at an address.
    pub fn to_fde(&self, address: Address) -> FrameDescriptionEntry {
        let mut fde = FrameDescriptionEntry::new(address, self.len);
        for (offset, instruction) in &self.instructions {
            fde.add_instruction(*offset, instruction.clone());
        }
        fde
    }
}

/// What entries of x86-64 have in common: on entry the frame address is 8 above the stack pointer, and the return
/// address lies just below it.
pub(crate) fn x64_cie() -> CommonInformationEntry {
    let encoding = Encoding { address_size: 8, format: Format::Dwarf32, version: 1 };
    let mut cie = CommonInformationEntry::new(encoding, 1, -8, X86_64::RA);
    cie.add_instruction(CallFrameInstruction::Cfa(X86_64::RSP, 8));
    cie.add_instruction(CallFrameInstruction::Offset(X86_64::RA, -8));
    cie
}

/// The DWARF number of a register of x86-64 (psABI, figure 3.36).
pub(crate) fn x64_register(reg: PReg) -> Register {
    // rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi by their numbers in encodings
    const LOW: [u16; 8] = [0, 2, 1, 3, 7, 6, 4, 5];
    match reg.class() {
        Class::Int => Register(LOW.get(reg.hw() as usize).copied().unwrap_or(reg.hw().into())),
        _ if reg.hw() < 16 => Register(17 + u16::from(reg.hw())),
        _ => Register(67 - 16 + u16::from(reg.hw())),
    }
}

/// Rules in the making.
struct Rules {
    /// The frame address minus the stack pointer.
    depth: u32,
    by_frame_pointer: bool,
    /// Depth and base at the start of the epilogue.
    kept: Option<(u32, bool)>,
    instructions: Vec<(u32, CallFrameInstruction)>,
}

impl Rules {
    fn add(&mut self, offset: u32, instruction: CallFrameInstruction) {
        self.instructions.push((offset, instruction));
    }

    /// The stack pointer moved.
    fn moved(&mut self, offset: u32) {
        if !self.by_frame_pointer {
            self.add(offset, CallFrameInstruction::CfaOffset(self.depth as i32));
        }
    }

    fn inst(&mut self, offset: u32, inst: UnwindInst) {
        match inst {
            UnwindInst::PushReg { reg } => {
                self.depth += 8;
                self.moved(offset);
                self.add(offset, CallFrameInstruction::Offset(x64_register(reg), -(self.depth as i32)));
            }
            UnwindInst::SetFramePointer => {
                self.by_frame_pointer = true;
                self.add(offset, CallFrameInstruction::CfaRegister(X86_64::RBP));
            }
            UnwindInst::StackAlloc { size } => {
                self.depth += size;
                self.moved(offset);
            }
            UnwindInst::SaveReg { reg, offset: above } => {
                let below = self.depth as i32 - above as i32;
                self.add(offset, CallFrameInstruction::Offset(x64_register(reg), -below));
            }
            UnwindInst::EpilogueBegin => {
                self.kept = Some((self.depth, self.by_frame_pointer));
                self.add(offset, CallFrameInstruction::RememberState);
            }
            UnwindInst::StackFree { size } => {
                self.depth -= size;
                self.moved(offset);
            }
            UnwindInst::PopReg { reg } => {
                self.depth -= 8;
                if self.by_frame_pointer && reg == PReg::new(Class::Int, RBP) {
                    self.by_frame_pointer = false;
                    self.add(offset, CallFrameInstruction::Cfa(X86_64::RSP, self.depth as i32));
                } else {
                    self.moved(offset);
                }
                self.add(offset, CallFrameInstruction::Restore(x64_register(reg)));
            }
            UnwindInst::EpilogueEnd => {
                (self.depth, self.by_frame_pointer) = self.kept.take().unwrap_or((self.depth, self.by_frame_pointer));
                self.add(offset, CallFrameInstruction::RestoreState);
            }
        }
    }
}
