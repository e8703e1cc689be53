//! Call frame information (DWARF 5, section 6.4): rules by which the caller's stack
//! pointer, the canonical frame address, and its registers are found. Needs what emission told of prologues and
//! epilogues, the target's numbers of registers, and gimli to write it; leaves a frame description entry.

use super::UnwindInst;
use crate::error::CodegenResult;
pub use crate::error::RegisterMappingError;
use gimli::Register;
use gimli::write::{Address, CallFrameInstruction, FrameDescriptionEntry};
use windlass_regalloc::PReg;

/// What call frame information says of a target.
pub(crate) struct Dwarf {
    /// The DWARF number of a register.
    pub register: fn(PReg) -> Register,
    /// The stack pointer.
    pub stack_pointer: Register,
    /// The frame pointer.
    pub frame_pointer: PReg,
    /// The frame address minus the stack pointer on entry.
    pub entry_depth: u32,
}

/// Unwind data of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnwindInfo {
    instructions: Vec<(u32, CallFrameInstruction)>,
    len: u32,
}

impl UnwindInfo {
    /// Of a function of `len` bytes. Where there is a frame pointer, the frame address is found from it.
    pub(crate) fn new(insts: &[(u32, UnwindInst)], len: u32, dwarf: &Dwarf) -> CodegenResult<UnwindInfo> {
        let mut out =
            Rules { dwarf, depth: dwarf.entry_depth, by_frame_pointer: false, kept: None, instructions: vec![] };
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

/// Rules in the making.
struct Rules<'a> {
    dwarf: &'a Dwarf,
    /// The frame address minus the stack pointer.
    depth: u32,
    by_frame_pointer: bool,
    /// Depth and base at the start of the epilogue.
    kept: Option<(u32, bool)>,
    instructions: Vec<(u32, CallFrameInstruction)>,
}

impl Rules<'_> {
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
                self.add(offset, CallFrameInstruction::Offset((self.dwarf.register)(reg), -(self.depth as i32)));
            }
            UnwindInst::SetFramePointer => {
                self.by_frame_pointer = true;
                self.add(offset, CallFrameInstruction::CfaRegister((self.dwarf.register)(self.dwarf.frame_pointer)));
            }
            UnwindInst::StackAlloc { size } => {
                self.depth += size;
                self.moved(offset);
            }
            UnwindInst::SaveReg { reg, offset: above } => {
                let below = self.depth as i32 - above as i32;
                self.add(offset, CallFrameInstruction::Offset((self.dwarf.register)(reg), -below));
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
                if self.by_frame_pointer && reg == self.dwarf.frame_pointer {
                    self.by_frame_pointer = false;
                    self.add(offset, CallFrameInstruction::Cfa(self.dwarf.stack_pointer, self.depth as i32));
                } else {
                    self.moved(offset);
                }
                self.add(offset, CallFrameInstruction::Restore((self.dwarf.register)(reg)));
            }
            UnwindInst::EpilogueEnd => {
                (self.depth, self.by_frame_pointer) = self.kept.take().unwrap_or((self.depth, self.by_frame_pointer));
                self.add(offset, CallFrameInstruction::RestoreState);
            }
        }
    }
}
