//! The register file at a block's start: which live-in vregs and parameters are in registers, and in which. Needs the
//! states at the ends of the predecessors that stand before the block; leaves the entry state. What a predecessor does
//! not have there is moved or reloaded on its edge (see `edges.rs`), so any choice is right.
//!
//! A join takes what all known predecessors have, then what some have, by distance. A loop header takes the values
//! used in the loop, then those that live through it as far as the loop's pressure leaves room. Registers are those of
//! one of the most frequent known predecessors where possible.

use crate::alloc::has;
use crate::code::*;
use crate::color::Pass;
use crate::liveness::FAR;
use crate::loops::frequency;
use crate::next_use::NO_REG;
use crate::scan::{CROSSES, USED};

/// The only predecessor of block `b`, if it stands before it and passes no arguments: the block then has in registers
/// what the predecessor has there and needs no moves.
pub(crate) fn inherits(code: &Code, b: u32) -> Option<u32> {
    let block = &code.blocks[b as usize];
    if block.preds.1 - block.preds.0 != 1 || block.params.0 != block.params.1 {
        return None;
    }
    let from = code.edges[code.preds[block.preds.0 as usize] as usize].from;
    (from < b).then_some(from)
}

/// How many predecessors are compared with each other.
const AGREEING: usize = 8;

/// How many vregs two register files, sorted by register, have in the same place.
fn agreement(a: &[(u8, u32)], b: &[(u8, u32)]) -> u64 {
    let mut rest = b.iter().peekable();
    let same = |x: &&(u8, u32)| {
        while rest.next_if(|y| y.0 < x.0).is_some() {}
        rest.peek() == Some(x)
    };
    a.iter().filter(same).count() as u64
}

impl Pass<'_> {
    pub fn enter(&mut self, b: u32) {
        for r in self.ctx.state.occupied.iter() {
            let v = self.ctx.state.occ[r.0 as usize];
            self.ctx.state.free(v);
        }
        if let Some(from) = inherits(self.code, b) {
            return self.inherit(b, from);
        }
        let preds = self.code.blocks[b as usize].preds;
        let mut reference = NONE;
        let mut header = false;
        let mut known = 0;
        for &e in &self.code.preds[preds.0 as usize..preds.1 as usize] {
            let from = self.code.edges[e as usize].from;
            if from >= b {
                header = true;
                continue;
            }
            known += 1;
            self.ctx.state.count_exit(from, true);
            if reference == NONE || self.rank(b, from) > self.rank(b, self.code.edges[reference as usize].from) {
                reference = e;
            }
        }
        if reference != NONE {
            if known > 1 {
                reference = self.agreeable(b, reference);
            }
            self.fill(b, reference, known, header);
            for &e in &self.code.preds[preds.0 as usize..preds.1 as usize] {
                let from = self.code.edges[e as usize].from;
                if from < b {
                    self.ctx.state.count_exit(from, false);
                }
            }
        }
        let params = self.code.blocks[b as usize].params;
        for &param in &self.code.pool[params.0 as usize..params.1 as usize] {
            if self.ctx.state.reg[param as usize] == NO_REG && self.ctx.facts.has(param, USED) {
                self.ctx.state.in_slot[param as usize] = true;
            }
        }
        self.ctx.state.snapshot(true);
    }

    /// How good a predecessor block `from` is to take registers from: the most frequent ones are, and of these such as
    /// have lost nothing to calls, so that what is seldom done has the moves.
    fn rank(&self, b: u32, from: u32) -> (u64, u32, u32) {
        let undisturbed = (self.code.blocks[b as usize].idom == from) as u32
            + (self.ctx.uses.first_call[from as usize] == NONE) as u32;
        (frequency(&self.code.blocks[from as usize]), undisturbed, from)
    }

    /// The known predecessor, of the first ones that are as frequent as that of edge `reference`, that agrees most on
    /// where values are, with all others and with the header of the loop, to which all comes back.
    fn agreeable(&self, b: u32, reference: u32) -> u32 {
        let preds = self.code.blocks[b as usize].preds;
        let preds = &self.code.preds[preds.0 as usize..preds.1 as usize];
        let from = |e: u32| self.code.edges[e as usize].from;
        let weight = |e: u32| frequency(&self.code.blocks[from(e) as usize]);
        let known = || preds.iter().copied().filter(|&e| from(e) < b).take(AGREEING);
        let header = self.code.blocks[b as usize].loop_header;
        let header = if header < b { self.ctx.state.entry(header) } else { &[] };
        let score = |e: u32| {
            let mine = self.ctx.state.exit(from(e));
            let others = known().filter(|&o| o != e).map(|o| (weight(o), self.ctx.state.exit(from(o))));
            others.chain([(weight(e), header)]).map(|(often, file)| often * agreement(mine, file)).sum::<u64>()
        };
        let candidates = known().filter(|&e| weight(e) == weight(reference));
        candidates.max_by_key(|&e| (score(e), self.rank(b, from(e)))).unwrap_or(reference)
    }

    fn inherit(&mut self, b: u32, from: u32) {
        let state = &mut self.ctx.state;
        state.set_pred(from, true);
        let start = self.code.blocks[b as usize].insts.0;
        for entry in self.ctx.live.live_in(b) {
            let r = state.pred_reg[entry.v as usize];
            if r != NO_REG {
                state.put(entry.v, r);
                state.next[entry.v as usize] = start + entry.dist;
            }
        }
        state.set_pred(from, false);
        state.snapshot(true);
    }

    fn fill(&mut self, b: u32, reference: u32, known: u32, header: bool) {
        let from = self.code.edges[reference as usize].from;
        self.ctx.state.set_pred(from, true);
        let start = self.code.blocks[b as usize].insts.0;
        let widest = self.ctx.facts.widest;
        for class in Class::ALL.into_iter().filter(|&class| widest[class as usize] > 0) {
            self.want(b, class, known, header);
            let mut wanted = std::mem::take(&mut self.ctx.state.wanted);
            for &(dist, v) in &wanted {
                self.ctx.state.next[v as usize] = start + dist;
            }
            let lost = if header { self.ctx.loops.lost[b as usize].0[class as usize] } else { 0 };
            self.keep_registers(class, lost, &mut wanted);
            self.place_params(b, reference, &mut wanted);
            self.follow_others(class, lost, &mut wanted);
            for &(_, v) in &wanted {
                let free = self.free_registers(class);
                if let Some(r) = self.choose(class, free, !lost, v) {
                    self.ctx.state.put(v, r);
                    self.remember(v, r);
                }
            }
            wanted.clear();
            self.ctx.state.wanted = wanted;
        }
        self.ctx.state.set_pred(from, false);
    }

    /// The registers of `class` that hold nothing.
    fn free_registers(&self, class: Class) -> u32 {
        self.masks.alloc.0[class as usize] & !self.ctx.state.occupied.0[class as usize]
    }

    /// Lists the vregs of the class that shall be in registers, as many as there are, with their distances.
    fn want(&mut self, b: u32, class: Class, known: u32, header: bool) {
        let mut wanted = std::mem::take(&mut self.ctx.state.wanted);
        let state = &self.ctx.state;
        let of_class = |v: u32| self.code.vregs[v as usize].class == class;
        let mut through = 0;
        for entry in self.ctx.live.live_in(b).iter().filter(|entry| of_class(entry.v)) {
            let v = entry.v as usize;
            let (some, all) = (state.count[v] > 0, state.count[v] == known);
            let far = entry.dist >= FAR;
            through += far as u32;
            let take = match header {
                true if far => state.pred_reg[v] != NO_REG,
                true => some || !self.remat(entry.v),
                false if self.remat(entry.v) => all,
                false => all || some && !far,
            };
            if take && !self.chaos.rarely() {
                wanted.push((entry.dist, entry.v));
            }
        }
        let block = &self.code.blocks[b as usize];
        let params = &self.code.pool[block.params.0 as usize..block.params.1 as usize];
        for (k, &param) in (0..).zip(params).filter(|&(_, &v)| of_class(v) && self.ctx.facts.has(v, USED)) {
            let dist = self.ctx.live.param_dist[param as usize];
            let near = dist < if header { FAR } else { block.insts.1 - block.insts.0 };
            if near || self.arrives_in_register(b, k) {
                wanted.push((dist, param));
            }
        }
        wanted.sort_unstable();
        // What is used only after the first call had better stay in memory if no register outlives calls for it.
        let first_call = self.ctx.uses.first_call[b as usize];
        if first_call != NONE {
            let call = first_call - self.code.blocks[b as usize].insts.0;
            let saved = (self.masks.alloc.0[class as usize] & self.masks.callee.0[class as usize]).count_ones();
            let before = wanted.partition_point(|&(dist, _)| dist <= call);
            let kept = self.masks.kept[class as usize];
            if self.ctx.facts.widest[class as usize] > kept {
                wanted.retain(|&(dist, v)| dist <= call || self.code.vregs[v as usize].width <= kept);
            }
            wanted.truncate(before + saved as usize);
        }
        let file = self.masks.alloc.0[class as usize].count_ones();
        // A loop under pressure evicts something in any case: leave registers to its temporaries.
        let pressed = header && self.ctx.loops.pressure[b as usize][class as usize] > file;
        wanted.truncate((file - if pressed { file / 4 } else { 0 }) as usize);
        if header {
            let inside = self.ctx.loops.pressure[b as usize][class as usize].saturating_sub(through);
            let mut room = file.saturating_sub(inside);
            wanted.retain(|&(dist, _)| {
                let keep = dist < FAR || room > 0;
                room -= (dist >= FAR && room > 0) as u32;
                keep
            });
        }
        self.ctx.state.wanted = wanted;
    }

    /// Does some known predecessor of block `b` have the argument for its parameter `k` in a register?
    fn arrives_in_register(&self, b: u32, k: u32) -> bool {
        let preds = self.code.blocks[b as usize].preds;
        let edges = self.code.preds[preds.0 as usize..preds.1 as usize].iter().map(|&e| &self.code.edges[e as usize]);
        edges.filter(|edge| edge.from < b).any(|edge| {
            let arg = self.code.pool[(edge.args.0 + k) as usize];
            self.ctx.state.count[arg as usize] > 0
        })
    }

    /// Places the vregs that can stay where the reference predecessor has them. Before a loop, those in registers that
    /// the loop overwrites, `lost`, rather move to others, once, than out of the way and back again in each iteration.
    fn keep_registers(&mut self, class: Class, lost: u32, wanted: &mut Vec<(u32, u32)>) {
        let c = class as usize;
        let free = self.free_registers(class) & !self.ctx.state.pred_regs.0[c] & !lost;
        wanted.retain(|&(_, v)| {
            let r = self.ctx.state.pred_reg[v as usize];
            if r == NO_REG || has(self.ctx.state.occupied.0[c], r) || self.chaos.rarely() {
                return true;
            }
            let wants = self.ctx.uses.hint[v as usize] == r && !self.ctx.facts.has(v, CROSSES);
            if has(lost, r) && free & !self.ctx.state.occupied.0[c] != 0 && !wants {
                return true;
            }
            self.ctx.state.put(v, r);
            false
        });
    }

    /// What the reference predecessor does not have in a register goes where another has it, unless it is better off
    /// in a register that is free.
    fn follow_others(&mut self, class: Class, lost: u32, wanted: &mut Vec<(u32, u32)>) {
        wanted.retain(|&(_, v)| {
            let state = &self.ctx.state;
            let r = state.elsewhere[v as usize];
            if r == NO_REG || state.occupied.contains(PReg(r)) || state.pred_reg[v as usize] != NO_REG {
                return true;
            }
            let bad = self.avoid(class, v) | lost;
            let free = self.free_registers(class) & !state.pred_regs.0[class as usize];
            if has(bad, r) && free & !bad != 0 {
                return true;
            }
            self.ctx.state.put(v, r);
            false
        });
    }

    /// Gives parameters the register of their argument, if it is free, or one that they prefer.
    fn place_params(&mut self, b: u32, reference: u32, wanted: &mut Vec<(u32, u32)>) {
        let params = self.code.blocks[b as usize].params;
        let args = self.code.edges[reference as usize].args;
        wanted.retain(|&(_, v)| {
            if self.ctx.facts.def_block[v as usize] != b || self.ctx.facts.def_inst[v as usize] != NONE {
                return true;
            }
            let class = self.code.vregs[v as usize].class;
            let free = self.free_registers(class);
            let good = free & !self.avoid(class, v);
            let arg = self.code.pool[(args.0 + self.ctx.facts.def_op[v as usize] - params.0) as usize];
            let r = self.ctx.state.pred_reg[arg as usize];
            let fits = r != NO_REG && has(good, r);
            let hinted = self.ctx.uses.hint[v as usize];
            let hint = hinted != NO_REG && has(good, hinted);
            let chosen = if fits && !hint { Some(r) } else { self.choose(class, free, !0, v) };
            if let Some(r) = chosen {
                self.ctx.state.put(v, r);
                self.remember(v, r);
            }
            chosen.is_none()
        });
    }
}
