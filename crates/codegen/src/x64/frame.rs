//! The stack frame of x86-64: where its parts stand, from the stack pointer up. The stack pointer does not move between
//! prologue and epilogue.
//!
//! ```text
//! incoming arguments      (caller's), or those of tail calls if these need more
//! return address
//! rbp, if it is the frame pointer; callee-saved general registers
//! callee-saved vector registers
//! explicit stack slots
//! spill area
//! outgoing arguments      <- rsp
//! ```

use super::encode::FrameOffsets;
use crate::error::{CodegenError, CodegenResult};
use windlass_desc::x64::regs;
use windlass_regalloc::{Allocation, Class, Loc, LocKind, PReg, RegSet};

/// More does not fit signed displacements with room to spare.
pub const MAX_FRAME: u64 = 1 << 30;

/// The stack pointer is a multiple of this wherever there is something on the stack.
pub const STACK_ALIGN: u64 = 16;

/// How far above the start of its room a stack slot may begin: what is aligned more than the stack pointer has more room
/// than it needs, and its address is rounded up when it is taken. So the frame's parts keep their distances, and
/// everything that counts on those (unwinding, stack maps, stack arguments) is as in other frames.
pub fn slack(align: u64) -> u64 {
    align.saturating_sub(STACK_ALIGN)
}

/// Registers that no convention passes anything in, and that none but `preserve_all` wants kept.
pub const SCRATCH: [PReg; 2] = [PReg::new(Class::Int, 11), PReg::new(Class::Int, 10)];
/// What a prologue that touches pages changes.
const PROBE_REGISTERS: [PReg; 3] = [PReg::new(Class::Int, regs::RAX), SCRATCH[1], SCRATCH[0]];

/// The frame of one function.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Where its parts start.
    pub offsets: FrameOffsets,
    /// Where the spill area starts.
    spill: i32,
    /// Registers that the prologue pushes, in order.
    pub pushed: Vec<PReg>,
    /// The first of them is rbp, which then points to where it was saved.
    pub frame_pointer: bool,
    /// What the prologue subtracts from the stack pointer.
    pub size: u32,
    /// Vector registers that the prologue saves, and where.
    pub saved: Vec<(PReg, i32)>,
    /// Bytes of its stack arguments.
    pub own: u32,
    /// Bytes of stack arguments that it removes when it returns. If there are more than its own, its prologue makes
    /// room for them below its own.
    pub pops: u32,
}

/// What a function asks of its frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// Bytes of explicit stack slots.
    pub slots: u64,
    /// Their alignment, at most [`STACK_ALIGN`].
    pub slots_align: u64,
    /// Bytes of the largest outgoing argument area.
    pub outgoing: u64,
    /// It calls something, so the stack pointer must be aligned.
    pub calls: bool,
    /// rbp must point to its saved value.
    pub frame_pointer: bool,
    /// Bytes of a page, if the prologue touches each page of the frame.
    pub probed: Option<u64>,
    /// What the function must leave as it was.
    pub callee_saved: RegSet,
    /// Bytes of incoming stack arguments.
    pub incoming: u64,
    /// Bytes that are removed from above the return address in the end: none if that is the caller's part, else the
    /// largest argument area, its own or that of a tail call.
    pub pops: u64,
}

impl Frame {
    /// Lays out a frame.
    pub fn new(needs: &Needs, alloc: &Allocation) -> CodegenResult<Frame> {
        let rbp = PReg::new(Class::Int, regs::RBP);
        let general = |r: &PReg| r.class() == Class::Int && (*r != rbp || !needs.frame_pointer);
        let mut pushed: Vec<PReg> = alloc.saved.iter().filter(general).collect();
        if needs.frame_pointer {
            pushed.insert(0, rbp);
        }
        let outgoing = needs.outgoing.next_multiple_of(16);
        let spill = outgoing;
        let slots = (spill + alloc.spill_size as u64).next_multiple_of(needs.slots_align.max(8));
        let vectors = alloc.saved.iter().filter(|r| r.class() == Class::Vec);
        let saved: Vec<_> = vectors.zip(((slots + needs.slots).next_multiple_of(16)..).step_by(16)).collect();
        let used = saved.last().map_or(slots + needs.slots, |(_, at)| at + 16);
        // alignment may add what is missing to a page
        if needs.probed.is_some_and(|page| used + 16 > page) {
            let missing = |r: &PReg| needs.callee_saved.contains(*r) && !pushed.contains(r);
            let touching: Vec<_> = PROBE_REGISTERS.into_iter().filter(missing).collect();
            pushed.extend(touching);
        }
        let above = 8 + 8 * pushed.len() as u64;
        // whoever has stack contents that want alignment, or callees, keeps the stack pointer at a multiple of 16
        let aligned = needs.calls || used > 0;
        let size = if aligned { (used + above).next_multiple_of(16) - above } else { used };
        if size > MAX_FRAME {
            return Err(CodegenError::FrameTooLarge(size, MAX_FRAME));
        }
        let grown = needs.pops.saturating_sub(needs.incoming);
        let offsets = FrameOffsets {
            slots: slots as i32,
            incoming: (size + above + grown) as i32,
            outgoing: 0,
            returns: (size + above) as i32 - 8,
        };
        let saved = saved.into_iter().map(|(r, at)| (r, at as i32)).collect();
        let (size, own, pops) = (size as u32, needs.incoming as u32, needs.pops as u32);
        let (spill, frame_pointer) = (spill as i32, needs.frame_pointer);
        Ok(Frame { offsets, spill, pushed, frame_pointer, size, saved, own, pops })
    }

    /// Where a location on the stack is, from the stack pointer; of a register 0.
    pub fn offset(&self, loc: Loc) -> i32 {
        match loc.kind() {
            LocKind::Reg(_) => 0,
            LocKind::Spill(n) => self.spill + n as i32,
            LocKind::Incoming(n) => self.offsets.incoming + n as i32,
            LocKind::Outgoing(n) => self.offsets.outgoing + n as i32,
        }
    }

    /// All bytes below the return address.
    pub fn total(&self) -> u32 {
        self.size + 8 * self.pushed.len() as u32
    }
}
