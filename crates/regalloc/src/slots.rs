//! Spill slots. Needs the webs of vregs that live in memory; leaves a slot per vreg, then its offset. Webs share a slot
//! if their intervals (from the first definition to the last point in block order) are disjoint.

use crate::chaos::Chaos;
use crate::code::*;
use crate::webs::{Known, Webs, rounded};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// log2 of the widths 4 to 64, less 2.
const WIDTHS: usize = 5;

/// Slots of one function.
#[derive(Default)]
pub(crate) struct Slots {
    /// Slot of each vreg, [`NONE`] without.
    pub index: Vec<u32>,
    /// Width of each slot.
    pub widths: Vec<u8>,
    /// Bytes of the spill area so far.
    pub size: u32,
    /// Its alignment.
    pub align: u32,
    offsets: Vec<u32>,
    /// How many instructions name each slot.
    accesses: Vec<u32>,
    order: Vec<u32>,
    temps: [u32; 2 * CLASSES],
    webs: Webs,
    roots: Vec<(u32, (u32, u32))>,
    /// Per width, slots in use by the end of that.
    active: [BinaryHeap<Reverse<(u32, u32)>>; WIDTHS],
}

impl Slots {
    pub fn assign(&mut self, known: Known) {
        self.webs.build(known);
        self.first_fit(known.code, known.chaos);
        for v in 0..known.code.vregs.len() {
            self.index[v] = self.webs.root(v as u32).map_or(NONE, |root| self.index[root as usize]);
        }
    }

    /// Gives webs slots in order of their starts.
    fn first_fit(&mut self, code: &Code, chaos: Chaos) {
        self.index.clear();
        self.index.resize(code.vregs.len(), NONE);
        self.widths.clear();
        self.roots.clear();
        self.roots.extend(self.webs.all());
        self.roots.sort_unstable_by_key(|&(v, interval)| (interval.0, v));
        self.active.iter_mut().for_each(BinaryHeap::clear);
        for &(v, (start, end)) in &self.roots {
            let width = rounded(code.vregs[v as usize].width);
            let heap = &mut self.active[width.trailing_zeros() as usize - 2];
            let slot = match heap.peek() {
                Some(&Reverse((ended, slot))) if ended < start && !chaos.unusual() => {
                    heap.pop();
                    slot
                }
                _ => {
                    self.widths.push(width);
                    self.widths.len() as u32 - 1
                }
            };
            heap.push(Reverse((end, slot)));
            self.index[v as usize] = slot;
        }
    }

    /// Counts an access to the slot of a vreg.
    pub fn count(&mut self, loc: Loc) {
        if let LocKind::Spill(v) = loc.kind()
            && let Some(&slot) = self.index.get(v as usize)
        {
            self.accesses[slot as usize] += 1;
        }
    }

    /// Before the counts.
    pub fn reset_counts(&mut self) {
        self.accesses.clear();
        self.accesses.resize(self.widths.len(), 0);
    }

    /// Gives slots their offsets: those of general registers first, and of these what is used most, since small
    /// offsets make short instructions. Of two slots of 4 bytes the second fills the hole that the first leaves.
    pub fn layout(&mut self) {
        self.size = 0;
        self.align = 1;
        self.temps = [NONE; 2 * CLASSES];
        self.offsets.clear();
        self.offsets.resize(self.widths.len(), 0);
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend(0..self.widths.len() as u32);
        order.sort_unstable_by_key(|&slot| {
            let slot = slot as usize;
            (self.widths[slot].max(8), Reverse(self.accesses[slot]), slot)
        });
        let mut hole = None;
        for &slot in &order {
            let width = self.widths[slot as usize];
            let offset = match hole {
                Some(offset) if width == 4 => {
                    hole = None;
                    offset
                }
                _ => self.grow(width.max(8)),
            };
            if width == 4 && offset % 8 == 0 {
                hole = Some(offset + 4);
            }
            self.offsets[slot as usize] = offset;
        }
        self.order = order;
    }

    fn grow(&mut self, width: u8) -> u32 {
        let width = width as u32;
        let offset = self.size.next_multiple_of(width);
        self.size = offset.saturating_add(width).min(1 << 30);
        self.align = self.align.max(width);
        offset.min((1 << 30) - 1)
    }

    /// Replaces a vreg or temporary slot number by the slot's offset.
    pub fn patch(&mut self, loc: Loc, widest: [u8; CLASSES]) -> Loc {
        let LocKind::Spill(v) = loc.kind() else { return loc };
        match self.index.get(v as usize) {
            Some(&slot) => Loc::spill(self.offsets.get(slot as usize).copied().unwrap_or(0)),
            None => {
                let temp = v as usize - self.index.len();
                if self.temps[temp] == NONE {
                    self.temps[temp] = self.grow(rounded(widest[temp % CLASSES]));
                }
                Loc::spill(self.temps[temp])
            }
        }
    }
}

/// Adds the registers that an edit writes to a set.
pub(crate) fn add_written(set: &mut RegSet, edit: &Edit) {
    match *edit {
        Edit::Move { to, .. } => to.as_reg().into_iter().for_each(|r| set.insert(r)),
        Edit::Exchange { a, b, .. } => *set = set.with(a).with(b),
        Edit::Remat { to, .. } => set.insert(to),
    }
}
