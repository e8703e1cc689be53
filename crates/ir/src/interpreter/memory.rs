//! The memory of a run, which is its stack. Needs the frames' slots.

use super::address::STACK;
use crate::ir::Function;
use std::ops::Range;

/// How large the stack may become, in bytes.
const STACK_LIMIT: usize = 1 << 24;
/// Frames are aligned to at least this.
const FRAME_ALIGN: usize = 16;

/// What a frame keeps beside its slots: the frame pointer of the caller and the address to return to.
pub type Record = [u64; 2];

/// Where a frame is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The stack pointer: where the frame starts.
    pub sp: u64,
    /// The frame pointer: where its record is, above all slots.
    pub fp: u64,
    /// The addresses of its stack slots, then those of its dynamic ones.
    pub slots: Vec<u64>,
}

/// The stack, up to the end of the topmost frame. It grows upwards; within a frame things stand as on machines.
#[derive(Debug, Default)]
pub struct Memory {
    /// Its bytes, the first of which is at address [`STACK`].
    pub bytes: Vec<u8>,
}

impl Memory {
    /// Where the next frame starts, to give to [`Memory::pop`] later.
    pub fn top(&self) -> usize {
        self.bytes.len()
    }

    /// Makes room for a frame, its slots filled with zeros; none if the stack is full.
    pub fn push(&mut self, func: &Function, record: Record) -> Option<Place> {
        let start = self.bytes.len().next_multiple_of(FRAME_ALIGN);
        let fixed = func.sized_stack_slots.values().map(|s| (s.size, s.align_shift));
        let unit = |dt| func.dfg.dynamic_types.get(dt).map_or(0, |d| d.base_vector_ty.bytes());
        let dynamic = func.dynamic_stack_slots.values().map(|s| (unit(s.dyn_ty), 0));
        let (mut end, mut slots) = (start, Vec::new());
        for (size, align_shift) in fixed.chain(dynamic) {
            let align = 1usize.checked_shl(align_shift.into()).filter(|a| *a <= STACK_LIMIT)?;
            // The stack itself starts at a multiple of its limit.
            end = end.next_multiple_of(align.max(FRAME_ALIGN));
            slots.push(STACK + end as u64);
            end += size as usize;
            if end > STACK_LIMIT {
                return None;
            }
        }
        let fp = end.next_multiple_of(FRAME_ALIGN);
        if fp + size_of::<Record>() > STACK_LIMIT {
            return None;
        }
        self.bytes.resize(fp, 0);
        self.bytes.extend(record.iter().flat_map(|word| word.to_le_bytes()));
        Some(Place { sp: STACK + start as u64, fp: STACK + fp as u64, slots })
    }

    /// Drops the frames from `top` on.
    pub fn pop(&mut self, top: usize) {
        self.bytes.truncate(top);
    }

    /// Where the bytes at an address are, if they are on a stack of any size.
    fn at(address: u64, size: u32) -> Option<Range<usize>> {
        let start = usize::try_from(address.checked_sub(STACK)?).ok()?;
        Some(start..start.checked_add(size as usize)?)
    }

    /// Reads a number of up to 16 bytes, least significant first; none if they do not all exist.
    pub fn read(&self, address: u64, size: u32) -> Option<u128> {
        let bytes = self.bytes.get(Self::at(address, size)?)?;
        Some(bytes.iter().rev().fold(0, |v, b| v << 8 | *b as u128))
    }

    /// Writes a number of up to 16 bytes, least significant first; none if they do not all exist.
    pub fn write(&mut self, address: u64, size: u32, v: u128) -> Option<()> {
        let bytes = self.bytes.get_mut(Self::at(address, size)?)?;
        bytes.copy_from_slice(&v.to_le_bytes()[..size as usize]);
        Some(())
    }
}
