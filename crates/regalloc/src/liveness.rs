//! Liveness and next-use distances at block starts. Needs the scan's exposures; leaves, per block, the vregs live into
//! it with the distance to their next use. Liveness is exact (each vreg's exposures are followed backward to its
//! definition); distances are heuristic, two passes, since only the choice of what to evict depends on them.
//! A block keeps at most [`LIMIT`] live-ins: a vreg that finds a full block lives in memory only (`mem_only`), so
//! hostile input stays linear.

use crate::code::*;
use crate::scan::{Facts, USED};

/// Added to a distance on an edge that leaves a loop or enters a cold block.
pub(crate) const FAR: u32 = 1 << 24;
/// No distance is greater.
pub(crate) const FARTHEST: u32 = 1 << 28;
/// Live-ins that a block keeps.
const LIMIT: u32 = 128;

/// A vreg live into a block.
#[derive(Clone, Copy)]
pub(crate) struct LiveIn {
    pub v: u32,
    /// Instructions from the block's start to the next use.
    pub dist: u32,
    /// The block itself uses it, so that `dist` is exact.
    used: bool,
}

/// Live-in sets of all blocks.
#[derive(Default)]
pub(crate) struct Liveness {
    start: Vec<u32>,
    entries: Vec<LiveIn>,
    /// Vregs that live in memory only outside the block of their definition.
    pub mem_only: Vec<bool>,
    /// For parameters: instructions from the block's start to the first use.
    pub param_dist: Vec<u32>,
    found: Vec<(u32, u32, u32)>,
    /// `found` still has entries of vregs that are in memory only.
    stale: bool,
    /// Source blocks of edges, in the order of [`Code::preds`].
    sources: Vec<u32>,
    count: Vec<u32>,
    stamp: Vec<u32>,
    work: Vec<u32>,
    order: Vec<u32>,
    steps: usize,
    out_dist: Vec<u32>,
    out_stamp: Vec<u32>,
}

/// What a distance grows by on an edge, besides the instructions.
fn penalty(code: &Code, edge: &Edge) -> u32 {
    let (from, to) = (&code.blocks[edge.from as usize], &code.blocks[edge.to as usize]);
    let leaves = to.loop_depth < from.loop_depth
        || to.loop_depth == from.loop_depth && to.loop_header != from.loop_header && from.loop_depth > 0;
    if leaves || to.cold && !from.cold { FAR } else { 0 }
}

fn refill<T: Clone>(list: &mut Vec<T>, n: usize, value: T) {
    list.clear();
    list.resize(n, value);
}

impl Liveness {
    /// The vregs live into block `b`.
    pub fn live_in(&self, b: u32) -> &[LiveIn] {
        &self.entries[self.start[b as usize] as usize..self.start[b as usize + 1] as usize]
    }

    /// Calls `f` with each vreg live out of block `b` and a distance from the block's end; repeats are possible.
    pub fn for_live_out(&self, code: &Code, facts: &Facts, b: u32, mut f: impl FnMut(u32, u32)) {
        let (from, to) = code.blocks[b as usize].succs;
        for edge in &code.edges[from as usize..to as usize] {
            let extra = penalty(code, edge);
            for entry in self.live_in(edge.to) {
                f(entry.v, (entry.dist + extra).min(FARTHEST));
            }
            let params = code.blocks[edge.to as usize].params;
            for (param, arg) in (params.0..params.1).zip(edge.args.0..edge.args.1) {
                let (param, arg) = (code.pool[param as usize], code.pool[arg as usize]);
                if facts.has(param, USED) && !self.mem_only[arg as usize] {
                    f(arg, (self.param_dist[param as usize] + extra).min(FARTHEST));
                }
            }
        }
    }

    pub fn compute(&mut self, code: &Code, facts: &Facts) {
        let (blocks, vregs) = (code.blocks.len(), code.vregs.len());
        refill(&mut self.count, blocks, 0);
        refill(&mut self.stamp, blocks, NONE);
        refill(&mut self.mem_only, vregs, false);
        refill(&mut self.param_dist, vregs, FARTHEST);
        refill(&mut self.out_dist, vregs, 0);
        refill(&mut self.out_stamp, vregs, NONE);
        self.found.clear();
        self.stale = false;
        self.sources.clear();
        self.sources.extend(code.preds.iter().map(|&e| code.edges[e as usize].from));
        self.order.clear();
        self.order.extend((0..vregs as u32).filter(|&v| facts.head[v as usize] != NONE));
        if self.order.len() > LIMIT as usize {
            // Values of the deepest loops first: they are the last that should find a full block.
            self.order.sort_unstable_by_key(|&v| (std::cmp::Reverse(facts.depth[v as usize]), v));
        }
        // What a failed vreg has taken is given back as long as that stays linear.
        let mut budget = 64 * (blocks + vregs + code.edges.len());
        for k in 0..self.order.len() {
            let v = self.order[k];
            let mark = self.found.len();
            self.steps = 0;
            if !self.explore(code, facts, v) {
                self.mem_only[v as usize] = true;
                if self.steps <= budget {
                    budget -= self.steps;
                    for (b, ..) in self.found.drain(mark..) {
                        self.count[b as usize] -= 1;
                    }
                } else {
                    self.stale = true;
                }
            }
        }
        self.gather(blocks);
        let loops = code.edges.iter().any(|edge| edge.to <= edge.from);
        for pass in 0..1 + loops as u32 {
            for b in (0..blocks as u32).rev() {
                self.distances(code, facts, b, pass * blocks as u32 + b);
            }
        }
    }

    /// Follows `v` from its exposures to its definition; false if a block on the way is full.
    fn explore(&mut self, code: &Code, facts: &Facts, v: u32) -> bool {
        self.work.clear();
        // Operand uses first: their distances are exact.
        for operands in [true, false] {
            let mut e = facts.head[v as usize];
            while e != NONE {
                let exposure = facts.exposures[e as usize];
                let now = operands == (exposure.pos != NONE) && self.stamp[exposure.block as usize] != v;
                if now && !self.enter(exposure.block, v, exposure.pos) {
                    return false;
                }
                e = exposure.next;
            }
        }
        while let Some(b) = self.work.pop() {
            let preds = code.blocks[b as usize].preds;
            for at in preds.0 as usize..preds.1 as usize {
                self.steps += 1;
                let from = self.sources[at];
                if from != facts.def_block[v as usize] && self.stamp[from as usize] != v && !self.enter(from, v, NONE) {
                    return false;
                }
            }
        }
        true
    }

    fn enter(&mut self, b: u32, v: u32, pos: u32) -> bool {
        if self.count[b as usize] >= LIMIT {
            return false;
        }
        self.count[b as usize] += 1;
        self.steps += 1;
        self.stamp[b as usize] = v;
        self.found.push((b, v, pos));
        self.work.push(b);
        true
    }

    /// Groups what was found by block.
    fn gather(&mut self, blocks: usize) {
        if self.stale {
            self.found.retain(|&(_, v, _)| !self.mem_only[v as usize]);
            self.count.fill(0);
            self.found.iter().for_each(|&(b, ..)| self.count[b as usize] += 1);
        }
        self.start.clear();
        self.start.push(0);
        self.start.extend_from_slice(&self.count);
        for b in 0..blocks {
            self.start[b + 1] += self.start[b];
        }
        let total = self.start[blocks] as usize;
        refill(&mut self.entries, total, LiveIn { v: NONE, dist: 0, used: false });
        self.count.copy_from_slice(&self.start[..blocks]);
        for &(b, v, pos) in &self.found {
            let used = pos != NONE;
            let slot = &mut self.count[b as usize];
            self.entries[*slot as usize] = LiveIn { v, dist: if used { pos } else { FARTHEST }, used };
            *slot += 1;
        }
    }

    /// Finds the distances at the start of block `b` from those of its successors. `stamp` is a number of its own.
    fn distances(&mut self, code: &Code, facts: &Facts, b: u32, stamp: u32) {
        let block = &code.blocks[b as usize];
        let params = &code.pool[block.params.0 as usize..block.params.1 as usize];
        let mut exact = true;
        for &param in params {
            let first = facts.first_use[param as usize];
            if first != NONE {
                self.param_dist[param as usize] = first;
            } else {
                exact &= !facts.has(param, USED);
            }
        }
        let range = self.start[b as usize] as usize..self.start[b as usize + 1] as usize;
        if exact && self.entries[range.clone()].iter().all(|entry| entry.used) {
            return;
        }
        let mut dist = std::mem::take(&mut self.out_dist);
        let mut stamps = std::mem::take(&mut self.out_stamp);
        self.for_live_out(code, facts, b, |v, d| {
            let at = v as usize;
            dist[at] = if stamps[at] == stamp { dist[at].min(d) } else { d };
            stamps[at] = stamp;
        });
        let len = block.insts.1 - block.insts.0;
        let out = |v: u32| if stamps[v as usize] == stamp { (len + dist[v as usize]).min(FARTHEST) } else { FARTHEST };
        for &param in params {
            if facts.first_use[param as usize] == NONE {
                self.param_dist[param as usize] = out(param);
            }
        }
        for entry in &mut self.entries[range] {
            if !entry.used {
                entry.dist = out(entry.v);
            }
        }
        self.out_dist = dist;
        self.out_stamp = stamps;
    }
}
