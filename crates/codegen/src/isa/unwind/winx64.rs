//! Unwind codes of Windows on x86-64 ("x64 exception handling" in Microsoft's documentation of the x64 ABI): what the
//! prologue did, last first. Epilogues are not described: the system recognises them by their instructions. Needs what
//! emission told of the prologue; leaves the bytes of an `UNWIND_INFO`.

use super::UnwindInst;
use crate::error::{CodegenError, CodegenResult};
use windlass_regalloc::Class;

/// `UWOP_PUSH_NONVOL`, `UWOP_ALLOC_LARGE`, `UWOP_ALLOC_SMALL`, `UWOP_SAVE_NONVOL`, `UWOP_SAVE_NONVOL_FAR`,
/// `UWOP_SAVE_XMM128`, `UWOP_SAVE_XMM128_FAR`.
const PUSH: u8 = 0;
const ALLOC_LARGE: u8 = 1;
const ALLOC_SMALL: u8 = 2;
const SAVE: u8 = 4;
const SAVE_FAR: u8 = 5;
const SAVE_XMM: u8 = 8;
const SAVE_XMM_FAR: u8 = 9;

/// The longest prologue, and the most slots of codes, that the header can tell.
const MOST: usize = 255;

/// Unwind data of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnwindInfo {
    prologue_len: u8,
    /// Slots of two bytes each, first code first.
    slots: Vec<u16>,
}

impl UnwindInfo {
    /// Of a function's prologue.
    pub fn new(insts: &[(u32, UnwindInst)]) -> CodegenResult<UnwindInfo> {
        let mut codes = vec![];
        let mut prologue_len = 0;
        for &(offset, inst) in insts {
            if inst == UnwindInst::EpilogueBegin {
                break;
            }
            if offset as usize > MOST {
                return Err(CodegenError::unsupported("unwind codes of Windows for prologues of more than 255 bytes"));
            }
            prologue_len = offset as u8;
            codes.extend(code(offset as u8, inst)?);
        }
        // Codes stand in descending order of offsets, each before the values that belong to it.
        let slots: Vec<u16> = codes.into_iter().rev().flatten().collect();
        if slots.len() > MOST {
            return Err(CodegenError::unsupported("more than 255 slots of unwind codes of Windows"));
        }
        Ok(UnwindInfo { prologue_len, slots })
    }

    /// How many bytes [`UnwindInfo::emit`] writes.
    pub fn emit_size(&self) -> usize {
        4 + 2 * self.slots.len().next_multiple_of(2)
    }

    /// Writes the bytes, aligned to 4, as an `.xdata` section holds them.
    ///
    /// # Panics
    /// If `buf` is shorter than [`UnwindInfo::emit_size`].
    pub fn emit(&self, buf: &mut [u8]) {
        let buf = &mut buf[..self.emit_size()];
        buf.fill(0);
        // version 1, no flags; no frame register: the stack pointer stays where the prologue left it
        buf[..3].copy_from_slice(&[1, self.prologue_len, self.slots.len() as u8]);
        for (bytes, slot) in buf[4..].chunks_exact_mut(2).zip(&self.slots) {
            bytes.copy_from_slice(&slot.to_le_bytes());
        }
    }
}

/// The slots of one code; none for what the stack pointer does not notice.
fn code(offset: u8, inst: UnwindInst) -> CodegenResult<Option<Vec<u16>>> {
    let head = |op: u8, info: u8| u16::from_le_bytes([offset, op | info << 4]);
    let halves = |n: u32| [n as u16, (n >> 16) as u16];
    let slots = match inst {
        UnwindInst::PushReg { reg } => vec![head(PUSH, reg.hw())],
        UnwindInst::StackAlloc { size: 0 } => return Ok(None),
        UnwindInst::StackAlloc { size } if size % 8 != 0 => {
            return Err(CodegenError::internal("a frame whose size is no multiple of 8"));
        }
        UnwindInst::StackAlloc { size: size @ ..=128 } => vec![head(ALLOC_SMALL, (size / 8 - 1) as u8)],
        UnwindInst::StackAlloc { size: size @ ..=0x7fff8 } => vec![head(ALLOC_LARGE, 0), (size / 8) as u16],
        UnwindInst::StackAlloc { size } => [vec![head(ALLOC_LARGE, 1)], halves(size).to_vec()].concat(),
        UnwindInst::SaveReg { reg, offset: at } => {
            let (near, far, unit) = match reg.class() {
                Class::Int => (SAVE, SAVE_FAR, 8),
                _ => (SAVE_XMM, SAVE_XMM_FAR, 16),
            };
            match u16::try_from(at / unit) {
                Ok(scaled) if at % unit == 0 => vec![head(near, reg.hw()), scaled],
                _ => [vec![head(far, reg.hw())], halves(at).to_vec()].concat(),
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(slots))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_regalloc::PReg;

    #[test]
    fn codes_stand_last_first() {
        let rbx = PReg::new(Class::Int, 3);
        let xmm6 = PReg::new(Class::Vec, 6);
        let insts = [
            (1, UnwindInst::PushReg { reg: rbx }),
            (8, UnwindInst::StackAlloc { size: 0x90 }),
            (16, UnwindInst::SaveReg { reg: xmm6, offset: 0x20 }),
            (90, UnwindInst::EpilogueBegin),
            (97, UnwindInst::StackFree { size: 0x90 }),
        ];
        let info = UnwindInfo::new(&insts).unwrap();
        let mut bytes = vec![0xff; info.emit_size()];
        info.emit(&mut bytes);
        assert_eq!(bytes, [1, 16, 5, 0, 16, 0x68, 2, 0, 8, 0x01, 0x12, 0, 1, 0x30, 0, 0]);
    }

    #[test]
    fn sizes_have_three_forms() {
        let slots = |size| UnwindInfo::new(&[(4, UnwindInst::StackAlloc { size })]).unwrap().slots;
        assert_eq!(slots(8), [0x0204]);
        assert_eq!(slots(128), [0xf204]);
        assert_eq!(slots(136), [0x0104, 17]);
        assert_eq!(slots(0x80000), [0x1104, 0, 8]);
        assert!(UnwindInfo::new(&[(256, UnwindInst::StackAlloc { size: 8 })]).is_err());
    }
}
