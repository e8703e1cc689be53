//! Explicit stack slots, laid out one after the other. Needs the IR; leaves offsets in the part of the frame that emission
//! gives them.

use crate::error::{CodegenError, CodegenResult};
use windlass_ir::ir::Function;

/// Larger frames are refused: offsets of their parts must fit signed displacements with room to spare.
pub const MAX_FRAME: u64 = 1 << 30;

/// Where the explicit stack slots of a function are.
pub struct Slots {
    /// The offset of each.
    pub at: Vec<u64>,
    /// Bytes of all together.
    pub size: u64,
    /// The alignment that they need.
    pub align: u64,
}

impl Slots {
    /// Those of a function.
    pub fn of(func: &Function) -> CodegenResult<Slots> {
        let mut s = Slots { at: vec![], size: 0, align: 8 };
        for slot in func.sized_stack_slots.values() {
            let align = 1u64 << slot.align_shift.min(63);
            if align > 16 {
                let what = format!("stack slots aligned to {align}: at most 16 is lowered yet");
                return Err(CodegenError::unsupported(what));
            }
            s.align = s.align.max(align);
            s.size = s.size.next_multiple_of(align.max(8));
            s.at.push(s.size);
            s.size += slot.size as u64;
        }
        match s.size {
            ..=MAX_FRAME => Ok(s),
            size => Err(CodegenError::FrameTooLarge(size, MAX_FRAME)),
        }
    }
}
