//! Choosing registers for the operands that are not pinned: tied pairs, early defs and temporaries, uses, defs, in this
//! order (see `constrain.rs`). Needs the pinned ones in the [`Step`]; completes it. What stood in a chosen register and
//! lives on is dealt with afterwards.

use crate::alloc::{Error, bits, has};
use crate::code::*;
use crate::color::Pass;
use crate::constrain::Step;
use crate::next_use::{DEAD, NO_REG};

/// In `Step::op_reg`: the operand is in the vreg's slot.
pub(crate) const SLOT: u8 = NO_REG - 1;

const TOO_FEW: &str = "more registers are needed than there are";

impl Pass<'_> {
    /// The registers of `class` with values that live on.
    fn occupied(&self, s: &Step, class: Class) -> u32 {
        self.ctx.state.occupied.0[class as usize] & !s.dying.0[class as usize]
    }

    /// The registers of `class` that a def of `v` may be in: those that hold nothing else then and are not clobbered.
    fn avail(&self, s: &Step, class: Class, v: u32) -> u32 {
        let c = class as usize;
        let clobbers = s.clobbers.of(class, self.code.vregs[v as usize].width);
        self.masks.alloc.0[c] & !(s.both.0[c] | s.late.0[c] | clobbers)
    }

    /// A register out of `avail` that the instruction takes before it reads its uses.
    fn pick_early(&self, s: &Step, class: Class, avail: u32, better: u32, v: u32) -> Option<u8> {
        let free = avail & !self.occupied(s, class) & !s.unpinned.0[class as usize];
        self.choose(class, free, better, v).or_else(|| self.victim(s, class, avail))
    }

    /// The register out of `avail` whose value is best put elsewhere; not that of a use, if possible.
    fn victim(&self, s: &Step, class: Class, avail: u32) -> Option<u8> {
        if let Some(r) = self.chaos.register(class, avail) {
            return Some(r);
        }
        let state = &self.ctx.state;
        bits(class, avail).max_by_key(|&r| {
            let score = match state.occupied.contains(PReg(r)) {
                false => 0,
                true => state.score(&self.ctx.facts, state.occ[r as usize], s.inst),
            };
            (!s.unpinned.contains(PReg(r)), score, r)
        })
    }

    pub fn tied(&mut self, s: &mut Step) -> Result<(), Error> {
        for at in 0..s.tied.len() {
            let (d, u) = (s.tied[at].0 as usize, s.tied[at].1 as usize);
            let valid = |op: &Operand| op.role == Role::Use && !matches!(op.constraint, Constraint::Outgoing(_));
            if !s.operands.get(u).is_some_and(valid)
                || self.code.pool[s.base + u] == NONE
                || s.operands[d].class != s.operands[u].class
            {
                return Err(s.error("a def is tied to something that is no use"));
            }
            let r = if s.op_reg[u] != NO_REG {
                s.op_reg[u]
            } else {
                self.commute(s, u);
                self.tied_register(s, d, u).ok_or(s.error(TOO_FEW))?
            };
            if s.late.contains(PReg(r)) {
                return Err(s.error("two defs are wanted in one register"));
            }
            s.set_early(r, self.code.pool[s.base + u])?;
            s.late.insert(PReg(r));
            s.op_reg[u] = r;
            s.op_reg[d] = r;
            self.remember(self.code.pool[s.base + d], r);
        }
        Ok(())
    }

    /// Exchanges the tied use `u` with the one it commutes with, if only that one ends here.
    fn commute(&mut self, s: &Step, u: usize) {
        let row = &self.machine.rows[self.code.insts[s.inst as usize].row as usize];
        let Some((a, b)) = row.commutes else { return };
        let (a, b) = (a as usize, b as usize);
        if a != u || b >= s.operands.len() || s.op_reg[b] != NO_REG || s.operands[a] != s.operands[b] {
            return;
        }
        let (x, y) = (s.base + a, s.base + b);
        let next = &mut self.ctx.uses.next;
        let better = next[x] != DEAD && next[y] == DEAD || self.chaos.unusual();
        if self.code.pool[y] != NONE && self.code.pool[x] != self.code.pool[y] && better {
            self.code.pool.swap(x, y);
            next.swap(x, y);
        }
    }

    fn tied_register(&self, s: &Step, d: usize, u: usize) -> Option<u8> {
        let v = self.code.pool[s.base + u];
        let class = s.operands[u].class;
        let def = self.code.pool[s.base + d];
        let avail = self.avail(s, class, def);
        let unused = avail & !s.early.0[class as usize];
        let r = self.ctx.state.reg[v as usize];
        if self.ctx.state.next[v as usize] == DEAD && r != NO_REG && has(unused, r) {
            return Some(r);
        }
        self.pick_early(s, class, unused, !0, def).or_else(|| s.holding(class, v, avail))
    }

    pub fn early_defs(&mut self, s: &mut Step) -> Result<(), Error> {
        for k in 0..s.operands.len() {
            let op = s.operands[k];
            let v = self.code.pool[s.base + k];
            if !matches!(op.role, Role::EarlyDef | Role::Temp) || s.op_reg[k] != NO_REG || v == NONE {
                continue;
            }
            let avail = self.avail(s, op.class, v) & !s.early.0[op.class as usize];
            let r = self.pick_early(s, op.class, avail, !0, v).ok_or(s.error(TOO_FEW))?;
            s.both.insert(PReg(r));
            s.op_reg[k] = r;
        }
        Ok(())
    }

    pub fn uses(&mut self, s: &mut Step) -> Result<(), Error> {
        for k in 0..s.operands.len() {
            let op = s.operands[k];
            let v = self.code.pool[s.base + k];
            if op.role != Role::Use || op.constraint != Constraint::Reg || s.op_reg[k] != NO_REG || v == NONE {
                continue;
            }
            let r = match self.in_place(s, op.class, v) {
                Some(r) => r,
                None => {
                    let c = op.class as usize;
                    let avail = self.masks.alloc.0[c] & !(s.early.0[c] | s.both.0[c]);
                    let lives = self.ctx.state.next[v as usize] != DEAD;
                    let better = if lives { self.avail(s, op.class, v) } else { !0 };
                    self.pick_early(s, op.class, avail, better, v).ok_or(s.error(TOO_FEW))?
                }
            };
            s.set_early(r, v)?;
            s.op_reg[k] = r;
        }
        Ok(())
    }

    /// A register where an unpinned use finds `v` without a further move.
    fn in_place(&self, s: &Step, class: Class, v: u32) -> Option<u8> {
        let r = self.ctx.state.reg[v as usize];
        let taken = s.early.0[class as usize] | s.both.0[class as usize];
        let stays = r != NO_REG && !has(taken, r);
        s.holding(class, v, self.masks.alloc.0[class as usize]).or(stays.then_some(r))
    }

    /// Uses that can be read from a slot take what is there, else a free register, else the slot.
    pub fn any_uses(&mut self, s: &mut Step) -> Result<(), Error> {
        for k in 0..s.operands.len() {
            let op = s.operands[k];
            let v = self.code.pool[s.base + k];
            if op.role != Role::Use || op.constraint != Constraint::Any || s.op_reg[k] != NO_REG || v == NONE {
                continue;
            }
            let mut found = self.in_place(s, op.class, v).filter(|_| !self.chaos.unusual());
            if found.is_none() && (self.ctx.state.reg[v as usize] != NO_REG || self.remat(v)) {
                let c = op.class as usize;
                let taken = s.early.0[c] | s.both.0[c] | s.unpinned.0[c] | self.occupied(s, op.class);
                found = self.choose(op.class, self.masks.alloc.0[c] & !taken, !0, v);
            }
            if let Some(r) = found {
                s.set_early(r, v)?;
                s.op_reg[k] = r;
            } else {
                // The slot of a value that is otherwise repeated is written at its definition.
                let b = if self.remat(v) { self.ctx.facts.def_block[v as usize] } else { s.block };
                self.ctx.state.need_slot(self.code, &self.ctx.facts, v, b);
                s.op_reg[k] = SLOT;
            }
        }
        Ok(())
    }

    pub fn defs(&mut self, s: &mut Step) -> Result<(), Error> {
        let state = &self.ctx.state;
        // Values that were just reloaded and live on.
        let mut reloaded = RegSet::EMPTY;
        for r in s.early.iter() {
            let v = s.early_val[r.0 as usize] as usize;
            if state.reg[v] == NO_REG && state.next[v] != DEAD {
                reloaded.insert(r);
            }
        }
        for k in 0..s.operands.len() {
            let op = s.operands[k];
            let v = self.code.pool[s.base + k];
            if op.role != Role::Def || matches!(op.constraint, Constraint::Incoming(_)) || v == NONE {
                continue;
            }
            if s.op_reg[k] == NO_REG {
                s.op_reg[k] = self.def_register(s, k, v, reloaded.0[op.class as usize]).ok_or(s.error(TOO_FEW))?;
            }
            if s.op_reg[k] != SLOT {
                s.late.insert(PReg(s.op_reg[k]));
                self.remember(v, s.op_reg[k]);
            }
        }
        Ok(())
    }

    /// A register for def `k` of `v`, if possible none of those with values `reloaded` for the instruction that live on.
    fn def_register(&self, s: &Step, k: usize, v: u32, reloaded: u32) -> Option<u8> {
        let op = s.operands[k];
        if op.constraint == Constraint::Any && self.chaos.unusual() {
            return Some(SLOT);
        }
        let avail = self.avail(s, op.class, v);
        let free = avail & !self.occupied(s, op.class) & !reloaded;
        let row = &self.machine.rows[self.code.insts[s.inst as usize].row as usize];
        if let Some((d, u)) = row.copy
            && d as usize == k
        {
            let r = s.op_reg[u as usize];
            if r < SLOT && has(free, r) && !self.chaos.unusual() {
                return Some(r);
            }
        }
        if let Some(r) = self.choose(op.class, free, !0, v) {
            return Some(r);
        }
        if op.constraint == Constraint::Any {
            return Some(SLOT);
        }
        self.victim(s, op.class, avail & !reloaded).or_else(|| self.victim(s, op.class, avail))
    }
}
