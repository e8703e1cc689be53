//! The memory of a run, which is its stack, and the environment in which one instruction's meaning acts on it. Needs the
//! vocabulary of meanings.

use super::InterpreterError;
use super::address::STACK;
use super::policy::Policy;
use crate::ir::Function;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::{Access, Choice, Env, TrapCode};

/// How large the stack may become, in bytes.
const STACK_LIMIT: usize = 1 << 24;
/// Frames are aligned to at least this.
const FRAME_ALIGN: usize = 16;

/// What a frame keeps beside its slots: the frame pointer of the caller and the address to return to.
pub(super) type Record = [u64; 2];

/// Where a frame is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The stack pointer: where the frame starts.
    pub(super) sp: u64,
    /// The frame pointer: where its record is, above all slots.
    pub(super) fp: u64,
    /// The addresses of its stack slots, then those of its dynamic ones.
    pub(super) slots: Vec<u64>,
}

/// The stack, up to the end of the topmost frame. It grows upwards; within a frame things stand as on machines.
#[derive(Debug, Default)]
pub(super) struct Memory {
    bytes: Vec<u8>,
}

impl Memory {
    /// Where the next frame starts, to give to [`Memory::pop`] later.
    pub(super) fn top(&self) -> usize {
        self.bytes.len()
    }

    /// Makes room for a frame, its slots filled with zeros; none if the stack is full.
    pub(super) fn push(&mut self, func: &Function, record: Record) -> Option<Place> {
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
    pub(super) fn pop(&mut self, top: usize) {
        self.bytes.truncate(top);
    }

    /// The bytes at an address, if they all exist.
    fn at(&mut self, address: u64, size: usize) -> Option<&mut [u8]> {
        let start = usize::try_from(address.checked_sub(STACK)?).ok()?;
        self.bytes.get_mut(start..start.checked_add(size)?)
    }

    /// Reads a number of up to 16 bytes, least significant first.
    pub(super) fn read(&mut self, address: u64, size: usize) -> Option<u128> {
        let bytes = self.at(address, size)?;
        Some(bytes.iter().rev().fold(0, |v, b| v << 8 | *b as u128))
    }
}

/// The environment of one instruction.
pub(super) struct Effects<'m> {
    pub(super) memory: &'m mut Memory,
    pub(super) policy: &'m mut dyn Policy,
    /// The first trap raised.
    pub(super) trap: Option<TrapCode>,
    /// Why the run cannot go on.
    pub(super) fault: Option<InterpreterError>,
    /// Whether a branch goes to its first target.
    pub(super) taken: Option<bool>,
}

impl<'m> Effects<'m> {
    pub(super) fn new(memory: &'m mut Memory, policy: &'m mut dyn Policy) -> Self {
        Effects { memory, policy, trap: None, fault: None, taken: None }
    }

    /// After a trap nothing has consequences.
    fn stopped(&self) -> bool {
        self.trap.is_some() || self.fault.is_some()
    }

    fn inaccessible(&mut self, address: u64, size: u32, access: Access) {
        match access.trap {
            Some(code) => self.trap = Some(code),
            None => self.fault = Some(InterpreterError::BadAccess { address, size }),
        }
    }
}

/// The number with its bytes in the other order.
fn swap(v: u128, size: u32) -> u128 {
    v.swap_bytes() >> (128 - 8 * size)
}

impl Env for Effects<'_> {
    type B = Num;

    fn choose(&mut self, set: Choice, w: u32) -> Num {
        self.policy.choose(set, w)
    }

    fn trap_if(&mut self, cond: &Num, code: TrapCode) {
        if cond.is_true() && !self.stopped() {
            self.trap = Some(code);
        }
    }

    fn load(&mut self, addr: &Num, w: u32, access: Access) -> Num {
        let (address, size) = (addr.get() as u64, w / 8);
        if self.stopped() {
            return Num::lit(w, 0);
        }
        let Some(v) = self.memory.read(address, size as usize) else {
            self.inaccessible(address, size, access);
            return Num::lit(w, 0);
        };
        Num::lit(w, if access.big_endian { swap(v, size) } else { v })
    }

    fn store(&mut self, addr: &Num, value: &Num, access: Access) {
        let (address, size) = (addr.get() as u64, value.w() / 8);
        if self.stopped() {
            return;
        }
        let v = if access.big_endian { swap(value.get(), size) } else { value.get() };
        match self.memory.at(address, size as usize) {
            Some(bytes) => bytes.copy_from_slice(&v.to_le_bytes()[..size as usize]),
            None => self.inaccessible(address, size, access),
        }
    }

    fn branch(&mut self, cond: &Num) {
        self.taken = Some(cond.is_true());
    }
}
