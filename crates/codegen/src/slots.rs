//! Explicit stack slots, laid out one after the other. Needs the IR; leaves offsets in the part of the frame that emission
//! gives them.

use crate::error::{CodegenError, CodegenResult};
use windlass_ir::ir::{Function, StackSlotData};

/// Larger frames are refused: offsets of their parts must fit signed displacements with room to spare.
pub const MAX_FRAME: u64 = 1 << 30;

/// The stack pointer is a multiple of this wherever there is something on the stack.
pub const STACK_ALIGN: u64 = 16;

/// How far above the start of its room a stack slot may begin: what is aligned more than the stack pointer has more room
/// than it needs, and its address is rounded when it is taken. So the frame's parts keep their distances, and everything
/// that counts on those (unwinding, stack maps, stack arguments) is as in other frames.
pub fn slack(align: u64) -> u64 {
    align.saturating_sub(STACK_ALIGN)
}

/// The alignment of a stack slot, as a number of bytes.
pub fn align_of(slot: &StackSlotData) -> u64 {
    1 << slot.align_shift.min(63)
}

/// Where the explicit stack slots of a function are.
pub struct Slots {
    /// The offset of each.
    pub at: Vec<u64>,
    /// Bytes of all together.
    pub size: u64,
    /// The alignment that they need, at most [`STACK_ALIGN`].
    pub align: u64,
}

impl Slots {
    /// Those of a function.
    pub fn of(func: &Function) -> CodegenResult<Slots> {
        let mut s = Slots { at: vec![], size: 0, align: 8 };
        for slot in func.sized_stack_slots.values() {
            let align = align_of(slot);
            let near = align.min(STACK_ALIGN);
            s.align = s.align.max(near);
            s.size = s.size.next_multiple_of(near.max(8));
            s.at.push(s.size);
            // sizes are below 2^32, but alignments are not
            s.size = s.size.saturating_add(slack(align)).saturating_add(slot.size as u64);
            if s.size > 1 << 62 {
                return Err(CodegenError::FrameTooLarge(s.size, MAX_FRAME));
            }
        }
        match s.size {
            ..=MAX_FRAME => Ok(s),
            size => Err(CodegenError::FrameTooLarge(size, MAX_FRAME)),
        }
    }
}
