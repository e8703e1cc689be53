//! Choosing registers for the operands that are not pinned: tied pairs, early defs and temporaries, uses, defs, in this
//! order (see `constrain.rs`). Needs the pinned ones in the [`Step`]; completes it. What stood in a chosen register and
//! lives on is dealt with afterwards.

use crate::alloc::{Error, bits};
use crate::code::*;
use crate::color::Pass;
use crate::constrain::Step;
use crate::next_use::{DEAD, NO_REG};

/// In `Step::op_reg`: the operand is in the vreg's slot.
pub(crate) const SLOT: u8 = NO_REG - 1;

const TOO_FEW: &str = "more registers are needed than there are";

impl Pass<'_> {
    /// A register out of `avail` that the instruction takes before it reads its uses.
    fn pick_early(&self, s: &Step, class: Class, avail: u64, better: u64, v: u32) -> Option<u8> {
        let free = avail & !(self.ctx.state.occupied & !s.dying) & !s.homes;
        self.choose(class, free, better, v).or_else(|| self.victim(s, avail))
    }

    /// The register out of `avail` whose value is best put elsewhere; not that of a use, if possible.
    fn victim(&self, s: &Step, avail: u64) -> Option<u8> {
        let state = &self.ctx.state;
        bits(avail).max_by_key(|&r| {
            let score = match state.occupied >> r & 1 {
                0 => 0,
                _ => state.score(&self.ctx.facts, state.occ[r as usize], s.inst),
            };
            (s.homes >> r & 1 == 0, score, r)
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
            if s.late >> r & 1 != 0 {
                return Err(s.error("two defs are wanted in one register"));
            }
            s.set_early(r, self.code.pool[s.base + u])?;
            s.late |= 1 << r;
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
        if self.code.pool[y] != NONE && self.code.pool[x] != self.code.pool[y] && next[x] != DEAD && next[y] == DEAD {
            self.code.pool.swap(x, y);
            next.swap(x, y);
        }
    }

    fn tied_register(&self, s: &Step, d: usize, u: usize) -> Option<u8> {
        let v = self.code.pool[s.base + u];
        let class = s.operands[u].class;
        let alloc = self.masks.alloc[class as usize];
        let avail = alloc & !(s.early | s.both | s.late | s.lost);
        let r = self.ctx.state.reg[v as usize];
        if self.ctx.state.next[v as usize] == DEAD && r != NO_REG && avail >> r & 1 != 0 {
            return Some(r);
        }
        let def = self.code.pool[s.base + d];
        self.pick_early(s, class, avail, !0, def).or_else(|| s.holding(v, alloc & !(s.both | s.late | s.lost)))
    }

    pub fn early_defs(&mut self, s: &mut Step) -> Result<(), Error> {
        for k in 0..s.operands.len() {
            let op = s.operands[k];
            let v = self.code.pool[s.base + k];
            if !matches!(op.role, Role::EarlyDef | Role::Temp) || s.op_reg[k] != NO_REG || v == NONE {
                continue;
            }
            let avail = self.masks.alloc[op.class as usize] & !(s.early | s.both | s.late | s.lost);
            let r = self.pick_early(s, op.class, avail, !0, v).ok_or(s.error(TOO_FEW))?;
            s.both |= 1 << r;
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
                    let avail = self.masks.alloc[op.class as usize] & !(s.early | s.both);
                    let lives = self.ctx.state.next[v as usize] != DEAD;
                    let better = if lives { !(s.late | s.lost) } else { !0 };
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
        let stays = r != NO_REG && (s.early | s.both) >> r & 1 == 0;
        s.holding(v, self.masks.alloc[class as usize]).or(stays.then_some(r))
    }

    /// Uses that can be read from a slot take what is there, else a free register, else the slot.
    pub fn any_uses(&mut self, s: &mut Step) -> Result<(), Error> {
        for k in 0..s.operands.len() {
            let op = s.operands[k];
            let v = self.code.pool[s.base + k];
            if op.role != Role::Use || op.constraint != Constraint::Any || s.op_reg[k] != NO_REG || v == NONE {
                continue;
            }
            let mut found = self.in_place(s, op.class, v);
            if found.is_none() && (self.ctx.state.reg[v as usize] != NO_REG || self.remat(v)) {
                let taken = s.early | s.both | s.homes | (self.ctx.state.occupied & !s.dying);
                found = self.choose(op.class, self.masks.alloc[op.class as usize] & !taken, !0, v);
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
        let unsettled = |&r: &u8| {
            let v = s.early_val[r as usize] as usize;
            state.reg[v] == NO_REG && state.next[v] != DEAD
        };
        let reloaded = bits(s.early).filter(unsettled).fold(0, |m, r| m | 1u64 << r);
        for k in 0..s.operands.len() {
            let op = s.operands[k];
            let v = self.code.pool[s.base + k];
            if op.role != Role::Def || matches!(op.constraint, Constraint::Incoming(_)) || v == NONE {
                continue;
            }
            if s.op_reg[k] == NO_REG {
                s.op_reg[k] = self.def_register(s, k, v, reloaded).ok_or(s.error(TOO_FEW))?;
            }
            if s.op_reg[k] != SLOT {
                s.late |= 1 << s.op_reg[k];
                self.remember(v, s.op_reg[k]);
            }
        }
        Ok(())
    }

    fn def_register(&self, s: &Step, k: usize, v: u32, reloaded: u64) -> Option<u8> {
        let op = s.operands[k];
        let avail = self.masks.alloc[op.class as usize] & !(s.late | s.both | s.lost);
        let free = avail & !(self.ctx.state.occupied & !s.dying) & !reloaded;
        let row = &self.machine.rows[self.code.insts[s.inst as usize].row as usize];
        if let Some((d, u)) = row.copy
            && d as usize == k
        {
            let r = s.op_reg[u as usize];
            if r < 64 && free >> r & 1 != 0 {
                return Some(r);
            }
        }
        if let Some(r) = self.choose(op.class, free, !0, v) {
            return Some(r);
        }
        if op.constraint == Constraint::Any {
            return Some(SLOT);
        }
        self.victim(s, avail & !reloaded).or_else(|| self.victim(s, avail))
    }
}
