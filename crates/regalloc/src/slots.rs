//! Spill slots. Needs the vregs that live in memory and the ends of live ranges; leaves a slot per vreg, then its
//! offset. Vregs share a slot if the hulls of their live ranges (from the definition to the last point in block order)
//! are disjoint; parameters in memory share with their arguments where possible, so that edges need no moves.

use crate::alloc::mask;
use crate::code::*;
use crate::color::State;
use crate::next_use::NextUses;
use crate::scan::Facts;
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
    temps: [u32; 2 * CLASSES],
    /// Union-find over vregs that share a slot, with the hull at the root.
    parent: Vec<u32>,
    hull: Vec<(u32, u32)>,
    roots: Vec<u32>,
    /// Per width, slots in use by the end of that.
    active: [BinaryHeap<Reverse<(u32, u32)>>; WIDTHS],
}

fn rounded(width: u8) -> u8 {
    width.max(4).next_power_of_two()
}

impl Slots {
    pub fn assign(&mut self, code: &Code, facts: &Facts, uses: &NextUses, state: &State) {
        let n = code.vregs.len();
        self.index.clear();
        self.index.resize(n, NONE);
        self.parent.clear();
        self.parent.resize(n, NONE);
        self.hull.clear();
        self.hull.resize(n, (0, 0));
        self.widths.clear();
        for v in 0..n {
            if state.home[v] != NONE || !state.in_slot[v] && state.evicted[v] == NONE || facts.def_block[v] == NONE {
                continue;
            }
            let start = match facts.def_inst[v] {
                NONE => 2 * code.blocks[facts.def_block[v] as usize].insts.0,
                inst => 2 * inst + 1,
            };
            self.parent[v] = v as u32;
            self.hull[v] = (start, uses.range_end(v as u32).max(start));
        }
        self.share_with_arguments(code, state);
        self.first_fit(code);
        for v in 0..n {
            if self.parent[v] != NONE {
                let root = self.root(v as u32);
                self.index[v] = self.index[root as usize];
            }
        }
    }

    fn root(&mut self, mut v: u32) -> u32 {
        while self.parent[v as usize] != v {
            let up = self.parent[self.parent[v as usize] as usize];
            self.parent[v as usize] = up;
            v = up;
        }
        v
    }

    fn share_with_arguments(&mut self, code: &Code, state: &State) {
        for edge in &code.edges {
            let params = code.blocks[edge.to as usize].params;
            for (param, arg) in (params.0..params.1).zip(edge.args.0..edge.args.1) {
                let (param, arg) = (code.pool[param as usize], code.pool[arg as usize]);
                let in_memory = |v: u32| self.parent[v as usize] != NONE;
                let width = |v: u32| rounded(code.vregs[v as usize].width);
                if !state.in_slot[param as usize] || !in_memory(param) || !in_memory(arg) || width(param) != width(arg)
                {
                    continue;
                }
                let (a, b) = (self.root(param), self.root(arg));
                let (x, y) = (self.hull[a as usize], self.hull[b as usize]);
                if a != b && (x.1 < y.0 || y.1 < x.0) {
                    self.parent[b as usize] = a;
                    self.hull[a as usize] = (x.0.min(y.0), x.1.max(y.1));
                }
            }
        }
    }

    /// Gives webs slots in order of their starts.
    fn first_fit(&mut self, code: &Code) {
        self.roots.clear();
        self.roots.extend((0..self.parent.len() as u32).filter(|&v| self.parent[v as usize] == v));
        self.roots.sort_unstable_by_key(|&v| (self.hull[v as usize].0, v));
        self.active.iter_mut().for_each(BinaryHeap::clear);
        for &v in &self.roots {
            let width = rounded(code.vregs[v as usize].width);
            let heap = &mut self.active[width.trailing_zeros() as usize - 2];
            let (start, end) = self.hull[v as usize];
            let slot = match heap.peek() {
                Some(&Reverse((ended, slot))) if ended < start => {
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

    /// Gives slots their offsets, wide ones first.
    pub fn layout(&mut self) {
        self.size = 0;
        self.align = 1;
        self.temps = [NONE; 2 * CLASSES];
        self.offsets.clear();
        self.offsets.resize(self.widths.len(), 0);
        for width in [64u8, 32, 16, 8, 4] {
            for slot in 0..self.widths.len() {
                if self.widths[slot] == width {
                    self.offsets[slot] = self.grow(width);
                }
            }
        }
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

/// Registers that an edit writes.
pub(crate) fn written(edit: &Edit) -> u64 {
    match *edit {
        Edit::Move { to, .. } => to.as_reg().map_or(0, |r| 1 << r.0),
        Edit::Exchange { a, b, .. } => mask(RegSet::EMPTY.with(a).with(b)),
        Edit::Remat { to, .. } => 1 << to.0,
    }
}
