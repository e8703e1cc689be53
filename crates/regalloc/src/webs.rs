//! Webs of vregs in memory that share a slot, since one is an argument of another: their edges need no moves. Needs
//! the reads of slots that the forward pass left; leaves a union-find over vregs, with an interval per web.
//!
//! Two webs are united if their slots are never alive at the same time. What counts is the slot and not the vreg: where
//! a vreg is in a register from a block's start and dies there, its slot is dead. Times are ranges of points in block
//! order, twice an instruction before it and one more after it, and one range per block at most; neighbours are joined.
//! They are found only for vregs that could share a slot and whose intervals overlap.

use crate::chaos::Chaos;
use crate::code::*;
use crate::color::State;
use crate::liveness::Liveness;
use crate::loops::frequency;
use crate::next_use::NextUses;
use crate::scan::Facts;
use std::cmp::Reverse;

/// Ranges that are written to unite webs, at most this many times those that there are at first.
const EFFORT: usize = 16;

/// What is known when slots are given.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub code: &'a Code,
    pub facts: &'a Facts,
    pub live: &'a Liveness,
    pub uses: &'a NextUses,
    pub state: &'a State,
    /// What the forward pass inserted, in order.
    pub edits: &'a [(Place, Edit)],
    pub chaos: Chaos<'a>,
}

/// First and last point.
type Range = (u32, u32);

/// Webs of one function.
#[derive(Default)]
pub(crate) struct Webs {
    /// Parent in the union-find, [`NONE`] for what is not in memory.
    parent: Vec<u32>,
    /// At roots: the interval of the web's ranges.
    interval: Vec<Range>,
    /// Parameters in memory and their arguments, with the frequency of their edges.
    pairs: Vec<(Reverse<u64>, u32, u32)>,
    /// Per vreg in pairs: at roots the span in `ranges`. For others, it begins with [`NONE`].
    span: Vec<(u32, u32)>,
    ranges: Vec<Range>,
    found: Vec<(u32, Range)>,
    defs: Vec<(u32, u32)>,
    /// Per vreg: one more than the last point where its slot is read, so far; the last block that it is live out of.
    read: Vec<u32>,
    out: Vec<u32>,
}

/// Bytes of the slot for a vreg of this width.
pub(crate) fn rounded(width: u8) -> u8 {
    width.max(4).next_power_of_two()
}

fn point(place: Place) -> u32 {
    match place {
        Place::Before(i) => 2 * i,
        Place::After(i) => 2 * i + 1,
    }
}

impl Webs {
    /// Finds the webs of a function.
    pub fn build(&mut self, known: Known) {
        let Known { code, facts, uses, state, .. } = known;
        let n = code.vregs.len();
        self.parent.clear();
        self.parent.resize(n, NONE);
        self.interval.clear();
        self.interval.resize(n, (0, 0));
        for v in 0..n {
            if state.home[v] != NONE || !state.in_slot[v] && state.evicted[v] == NONE || facts.def_block[v] == NONE {
                continue;
            }
            let start = definition(code, facts, v as u32);
            self.parent[v] = v as u32;
            self.interval[v] = (start, uses.range_end(v as u32).max(start));
        }
        self.pair(code, known.live, state);
        if !self.pairs.is_empty() {
            self.find_ranges(known);
            self.unite_pairs(known.chaos);
        }
    }

    /// The web of `v`, and none if `v` is not in memory.
    pub fn root(&mut self, mut v: u32) -> Option<u32> {
        if self.parent[v as usize] == NONE {
            return None;
        }
        while self.parent[v as usize] != v {
            let up = self.parent[self.parent[v as usize] as usize];
            self.parent[v as usize] = up;
            v = up;
        }
        Some(v)
    }

    /// All webs with their intervals.
    pub fn all(&self) -> impl Iterator<Item = (u32, Range)> {
        let roots = (0..).zip(&self.parent).filter(|&(v, &parent)| parent == v);
        roots.map(|(v, _)| (v, self.interval[v as usize]))
    }

    /// Lists what could share, the most frequent first.
    fn pair(&mut self, code: &Code, live: &Liveness, state: &State) {
        self.pairs.clear();
        for edge in &code.edges {
            let params = code.blocks[edge.to as usize].params;
            let often = frequency(&code.blocks[edge.from as usize]);
            for (param, arg) in (params.0..params.1).zip(edge.args.0..edge.args.1) {
                let (param, arg) = (code.pool[param as usize], code.pool[arg as usize]);
                let in_memory = |v: u32| self.parent[v as usize] != NONE && !live.mem_only[v as usize];
                let width = |v: u32| rounded(code.vregs[v as usize].width);
                if state.in_slot[param as usize] && in_memory(param) && in_memory(arg) && width(param) == width(arg) {
                    self.pairs.push((Reverse(often), param, arg));
                }
            }
        }
        self.pairs.sort_by_key(|pair| pair.0);
    }

    /// Finds when the slots of vregs in pairs are alive.
    fn find_ranges(&mut self, known: Known) {
        let Known { code, facts, live, state, edits, .. } = known;
        let n = code.vregs.len();
        self.span.clear();
        self.span.resize(n, (NONE, 0));
        self.pairs.iter().for_each(|&(_, a, b)| (self.span[a as usize].0, self.span[b as usize].0) = (0, 0));
        self.read.clear();
        self.read.resize(n, 0);
        self.out.clear();
        self.out.resize(n, NONE);
        self.found.clear();
        self.defs.clear();
        let defined = (0..n as u32).filter(|&v| self.span[v as usize].0 != NONE && facts.def_inst[v as usize] != NONE);
        self.defs.extend(defined.map(|v| (facts.def_inst[v as usize], v)));
        self.defs.sort_unstable();
        let mut defs = self.defs.iter().peekable();
        let mut edits = edits.iter().peekable();
        let mut operands = state.slot_operands.iter().peekable();
        for (b, block) in (0..).zip(&code.blocks) {
            let (start, end) = (2 * block.insts.0, 2 * block.insts.1 - 1);
            let slot = |loc: Loc| if let LocKind::Spill(v) = loc.kind() { v as usize } else { n };
            let mut note = |loc: Loc, point: u32| {
                if let Some(read) = self.read.get_mut(slot(loc)) {
                    *read = (*read).max(point + 1);
                }
            };
            while let Some(&(place, edit)) = edits.next_if(|edit| point(edit.0) <= end) {
                if let Edit::Move { from, .. } = edit {
                    note(from, point(place));
                }
            }
            while let Some(&(i, at)) = operands.next_if(|&&(i, _)| 2 * i <= end) {
                note(Loc(code.pool[at as usize]), 2 * i);
            }
            live.for_live_out(code, facts, b, |v, _| self.out[v as usize] = b);
            let last = |v: u32, from: u32| match self.read[v as usize] {
                _ if self.out[v as usize] == b => Some(end),
                read if read > from => Some(read - 1),
                _ => None,
            };
            let shares = |v: &u32| self.span[*v as usize].0 != NONE;
            let through = live.live_in(b).iter().map(|entry| entry.v).filter(shares);
            self.found.extend(through.filter_map(|v| Some((v, (start, last(v, start)?)))));
            let mut define = |v: u32, from: u32| self.found.push((v, (from, last(v, from).unwrap_or(from))));
            let params = &code.pool[block.params.0 as usize..block.params.1 as usize];
            params.iter().copied().filter(shares).for_each(|v| define(v, start));
            while let Some(&(i, v)) = defs.next_if(|&&(i, _)| 2 * i <= end) {
                define(v, 2 * i + 1);
            }
        }
        self.group();
    }

    /// Groups the ranges found by vreg, and joins neighbours.
    fn group(&mut self) {
        self.found.sort_unstable();
        self.ranges.clear();
        let mut of = NONE;
        for &(v, range) in &self.found {
            if v != of {
                self.span[v as usize] = (self.ranges.len() as u32, self.ranges.len() as u32);
                of = v;
            }
            append(&mut self.ranges, self.span[v as usize].0 as usize, range);
            self.span[v as usize].1 = self.ranges.len() as u32;
        }
    }

    fn unite_pairs(&mut self, chaos: Chaos) {
        let most = self.ranges.len() * EFFORT;
        for k in 0..self.pairs.len() {
            let (_, param, arg) = self.pairs[k];
            let (Some(a), Some(b)) = (self.root(param), self.root(arg)) else { continue };
            if a == b || self.ranges.len() >= most || chaos.unusual() {
                continue;
            }
            if let Some(united) = self.unite(self.span[a as usize], self.span[b as usize]) {
                self.parent[b as usize] = a;
                self.span[a as usize] = united;
                let (x, y) = (self.interval[a as usize], self.interval[b as usize]);
                self.interval[a as usize] = (x.0.min(y.0), x.1.max(y.1));
            }
        }
    }

    /// Writes the union of two spans to the end of all ranges, and returns it, unless they meet.
    fn unite(&mut self, a: (u32, u32), b: (u32, u32)) -> Option<(u32, u32)> {
        let start = self.ranges.len();
        let (mut i, mut j) = (a.0, b.0);
        while i < a.1 && j < b.1 {
            let (x, y) = (self.ranges[i as usize], self.ranges[j as usize]);
            if x.0 <= y.1 && y.0 <= x.1 {
                self.ranges.truncate(start);
                return None;
            }
            append(&mut self.ranges, start, x.min(y));
            (i, j) = if x < y { (i + 1, j) } else { (i, j + 1) };
        }
        for k in (i..a.1).chain(j..b.1) {
            let range = self.ranges[k as usize];
            append(&mut self.ranges, start, range);
        }
        Some((start as u32, self.ranges.len() as u32))
    }
}

/// Appends a range to the list that begins at `start`, or to its last range if that ends where this one begins.
fn append(ranges: &mut Vec<Range>, start: usize, range: Range) {
    match ranges[start..].last_mut() {
        Some(last) if last.1 + 1 >= range.0 => last.1 = last.1.max(range.1),
        _ => ranges.push(range),
    }
}

fn definition(code: &Code, facts: &Facts, v: u32) -> u32 {
    match facts.def_inst[v as usize] {
        NONE => 2 * code.blocks[facts.def_block[v as usize] as usize].insts.0,
        inst => 2 * inst + 1,
    }
}
