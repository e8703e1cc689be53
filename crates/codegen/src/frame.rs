//! The stack frame: where its parts stand, from the stack pointer up. The stack pointer does not move between prologue
//! and epilogue. Needs the target's [`FrameSpec`] and what allocation spilled and saved.
//!
//! ```text
//! incoming arguments      (caller's), or those of tail calls if these need more
//! return address          where calls push it
//! frame pointer, if it is one; callee-saved general registers
//! callee-saved vector registers
//! explicit stack slots
//! spill area
//! outgoing arguments      <- stack pointer
//! ```

use crate::backend::Allocated;
use crate::error::{CodegenError, CodegenResult};
use crate::slots::MAX_FRAME;
use windlass_regalloc::{Allocation, Class, Loc, LocKind, PReg, RegSet};

/// What a target says of its frames.
#[derive(Clone, Copy, Debug)]
pub struct FrameSpec {
    /// The stack pointer.
    pub stack_pointer: PReg,
    /// The frame pointer, if a function keeps one.
    pub frame_pointer: PReg,
    /// Bytes that a call pushes.
    pub return_address: u32,
    /// The register that a call leaves the return address in, if it pushes nothing. Prologues then push nothing either:
    /// they save general registers at the top of the frame, this one first and the frame pointer below it.
    pub link: Option<PReg>,
    /// What prologues may change at their start: nothing is passed in it.
    pub scratch: PReg,
    /// What a prologue that touches pages changes.
    pub probe: &'static [PReg],
}

/// Where the parts of a frame start, in bytes from the stack pointer.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct FrameOffsets {
    /// Explicit stack slots.
    pub slots: i32,
    /// Incoming stack arguments.
    pub incoming: i32,
    /// Outgoing stack arguments.
    pub outgoing: i32,
    /// The return address.
    pub returns: i32,
}

/// The frame of one function.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Where its parts start.
    pub offsets: FrameOffsets,
    /// Where the spill area starts.
    spill: i32,
    /// Registers that the prologue pushes, in order.
    pub pushed: Vec<PReg>,
    /// The first of them is the frame pointer, which then points to where it was saved.
    pub frame_pointer: bool,
    /// What the prologue subtracts from the stack pointer.
    pub size: u32,
    /// Registers that the prologue saves, and where.
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
    /// Their alignment, at most 16.
    pub slots_align: u64,
    /// Bytes of the largest outgoing argument area.
    pub outgoing: u64,
    /// It calls something, so the stack pointer must be aligned.
    pub calls: bool,
    /// The frame pointer must point to its saved value.
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

impl Needs {
    /// What an allocated function asks.
    pub fn of(function: &Allocated<'_>) -> Needs {
        let &Allocated { vcode, conv, places, slots, options, .. } = function;
        Needs {
            slots: slots.size,
            slots_align: slots.align,
            outgoing: vcode.outgoing,
            calls: vcode.calls,
            frame_pointer: options.frame_pointer,
            probed: options.probe.map(|probe| 1 << probe.size_log2.min(31)),
            callee_saved: conv.callee_saved,
            incoming: places.stack,
            pops: if conv.callee_pops { places.stack.max(vcode.tail_args) } else { 0 },
        }
    }
}

impl Frame {
    /// Lays out a frame.
    pub fn new(spec: &FrameSpec, needs: &Needs, alloc: &Allocation) -> CodegenResult<Frame> {
        let general = |r: &PReg| r.class() == Class::Int && (*r != spec.frame_pointer || !needs.frame_pointer);
        let mut pushed: Vec<PReg> = alloc.saved.iter().filter(general).collect();
        if needs.frame_pointer {
            pushed.insert(0, spec.frame_pointer);
        }
        pushed.splice(0..0, spec.link.filter(|_| needs.calls || needs.frame_pointer));
        let outgoing = needs.outgoing.next_multiple_of(16);
        let spill = outgoing;
        let slots = (spill + alloc.spill_size as u64).next_multiple_of(needs.slots_align.max(8));
        let vectors = alloc.saved.iter().filter(|r| r.class() == Class::Vec);
        let saved: Vec<_> = vectors.zip(((slots + needs.slots).next_multiple_of(16)..).step_by(16)).collect();
        let used = saved.last().map_or(slots + needs.slots, |(_, at)| at + 16);
        // alignment may add what is missing to a page
        if needs.probed.is_some_and(|page| used + 16 > page) {
            let missing = |r: &PReg| needs.callee_saved.contains(*r) && !pushed.contains(r);
            let touching: Vec<_> = spec.probe.iter().copied().filter(missing).collect();
            pushed.extend(touching);
        }
        let general = 8 * pushed.len() as u64;
        let (used, above) = match spec.link {
            None => (used, spec.return_address as u64 + general),
            Some(_) => (used + general, 0),
        };
        // the stack pointer stays 16-byte aligned if the function calls or has stack contents
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
            returns: (size + above) as i32 - if spec.link.is_some() { 8 } else { spec.return_address as i32 },
        };
        let mut saved: Vec<_> = saved.into_iter().map(|(r, at)| (r, at as i32)).collect();
        if spec.link.is_some() {
            let at_top = (1..).map(|n| (size + above) as i32 - 8 * n);
            saved.splice(0..0, pushed.drain(..).zip(at_top));
        }
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
