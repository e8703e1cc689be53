//! One instruction of the forward pass: chooses a register for each operand, moves live-through values out of the way.
//! Needs the register file before the instruction; leaves the one after it, the operands' locations in the pool and
//! the moves before (seldom after) the instruction.
//!
//! An operand is pinned to one register or takes any of its class, so no matching is needed: registers wanted both
//! while uses are read and while defs are written go first, then uses, then defs. That order fails only if the
//! instruction cannot be satisfied at all, because live-through values can always go to memory.

use crate::alloc::{Error, bits};
use crate::code::*;
use crate::color::Pass;
use crate::next_use::{DEAD, NO_REG};
use crate::parmove::{Move, MoveEnv, Source};
use crate::place::SLOT;
use crate::scan::REMAT;

/// How much farther the next use of a value must be to be put out of its register for a displaced one.
const STAY: u64 = 8;

/// What is decided about the current instruction. Masks are over registers.
#[derive(Default)]
pub(crate) struct Step {
    pub inst: u32,
    pub block: u32,
    pub base: usize,
    pub operands: Vec<Operand>,
    /// Register of each operand, [`NO_REG`] if undecided, [`SLOT`] if it stays in memory.
    pub op_reg: Vec<u8>,
    /// Registers that hold `early_val` when the instruction reads its uses.
    pub early: RegSet,
    pub early_val: Vec<u32>,
    /// Early defs and temporaries.
    pub both: RegSet,
    /// Defs.
    pub late: RegSet,
    pub clobbers: Clobbers,
    /// Registers of vregs that end here.
    pub dying: RegSet,
    /// Registers of vregs that have unpinned uses here.
    pub unpinned: RegSet,
    /// Tied pairs: def, use.
    pub tied: Vec<(u8, u8)>,
    displaced: Vec<(u32, u32, u8)>,
}

impl Step {
    fn begin(&mut self, code: &Code, rows: &[RowSpec], b: u32, i: u32) {
        let inst = &code.insts[i as usize];
        self.inst = i;
        self.block = b;
        self.base = inst.ops as usize;
        self.operands.clear();
        self.operands.extend_from_slice(code.operands(rows, inst));
        self.op_reg.clear();
        self.op_reg.resize(self.operands.len(), NO_REG);
        self.early_val.resize(PReg::COUNT, NONE);
        for set in [&mut self.early, &mut self.both, &mut self.late, &mut self.dying, &mut self.unpinned] {
            *set = RegSet::EMPTY;
        }
        self.clobbers = code.clobbers(rows, inst);
        self.tied.clear();
        self.displaced.clear();
    }

    pub fn error(&self, why: &'static str) -> Error {
        Error::Constraint { inst: self.inst, why }
    }

    /// The instruction reads `v` in register `r`.
    pub fn set_early(&mut self, r: u8, v: u32) -> Result<(), Error> {
        if self.early.contains(PReg(r)) && self.early_val[r as usize] != v {
            return Err(self.error("two values are wanted in one register"));
        }
        self.early.insert(PReg(r));
        self.early_val[r as usize] = v;
        Ok(())
    }

    /// A register of the class, out of `among`, that holds `v` for the instruction.
    pub fn holding(&self, class: Class, v: u32, among: u32) -> Option<u8> {
        bits(class, self.early.0[class as usize] & among).find(|&r| self.early_val[r as usize] == v)
    }
}

impl Pass<'_> {
    pub fn step(&mut self, s: &mut Step, b: u32, i: u32) -> Result<(), Error> {
        s.begin(self.code, self.machine.rows, b, i);
        self.pinned(s)?;
        self.tied(s)?;
        self.early_defs(s)?;
        self.uses(s)?;
        self.any_uses(s)?;
        self.defs(s)?;
        self.queue_copies(s);
        self.settle(s);
        self.copy(s)?;
        self.write_operands(s);
        self.after(s);
        Ok(())
    }

    /// Pins fixed operands, lists tied ones, takes note of what dies.
    fn pinned(&mut self, s: &mut Step) -> Result<(), Error> {
        for k in 0..s.operands.len() {
            let op = s.operands[k];
            let v = self.code.pool[s.base + k];
            if v == NONE {
                continue;
            }
            if self.code.vregs[v as usize].class != op.class {
                return Err(s.error("an operand's class is not its vreg's"));
            }
            if let Constraint::Fixed(r) = op.constraint {
                if r.class() != op.class {
                    return Err(s.error("a fixed register is of another class"));
                }
                s.op_reg[k] = r.0;
            }
            if op.role == Role::Use {
                self.note_use(s, k, v, op.constraint)?;
            } else {
                note_def(s, k, op)?;
            }
        }
        if !s.early.union(s.late).intersection(s.both).is_empty() {
            return Err(s.error("an early def or temporary is fixed to the register of another operand"));
        }
        Ok(())
    }

    fn note_use(&mut self, s: &mut Step, k: usize, v: u32, constraint: Constraint) -> Result<(), Error> {
        let state = &mut self.ctx.state;
        let next = self.ctx.uses.next[s.base + k];
        state.next[v as usize] = next;
        let r = state.reg[v as usize];
        let in_register = r != NO_REG;
        if next == DEAD && in_register {
            s.dying.insert(PReg(r));
        }
        match constraint {
            Constraint::Fixed(r) => s.set_early(r.0, v)?,
            Constraint::Reg | Constraint::Any if in_register => s.unpinned.insert(PReg(r)),
            Constraint::Reg | Constraint::Any => {}
            Constraint::Outgoing(_) => {}
            Constraint::Tied(_) | Constraint::Incoming(_) => return Err(s.error("a use is tied or incoming")),
        }
        Ok(())
    }

    /// Moves that bring uses where the instruction reads them, and stores of outgoing arguments.
    fn queue_copies(&mut self, s: &Step) {
        let state = &self.ctx.state;
        let mut add = |to: Loc, v: u32| {
            let info = self.code.vregs[v as usize];
            let from = state.source(&self.ctx.facts, v);
            self.ctx.mover.moves.push(Move { to, from, class: info.class, width: info.width });
        };
        for (k, op) in s.operands.iter().enumerate() {
            let v = self.code.pool[s.base + k];
            if let (Constraint::Outgoing(offset), Role::Use) = (op.constraint, op.role)
                && v != NONE
            {
                add(Loc::outgoing(offset), v);
            }
        }
        for r in s.early.iter() {
            let v = s.early_val[r.0 as usize];
            if state.reg[v as usize] != r.0 {
                add(Loc::reg(r), v);
            }
        }
    }

    /// Registers of `class` that keep no value of `width` bytes across the instruction.
    fn unavailable(&self, s: &Step, class: Class, width: u8) -> u32 {
        let c = class as usize;
        s.both.0[c] | s.late.0[c] | s.clobbers.of(class, width) | !self.masks.alloc.0[c]
    }

    /// Registers whose value has to leave them for the instruction.
    fn blocked(&self, s: &Step) -> RegSet {
        let state = &self.ctx.state;
        let replaced = |r: &PReg| state.occ[r.0 as usize] != s.early_val[r.0 as usize];
        let mut blocked = state.occupied.minus(self.masks.alloc);
        blocked = blocked.union(state.occupied.intersection(s.both.union(s.late).union(s.clobbers.lost)));
        for r in s.early.intersection(state.occupied).iter().filter(replaced) {
            blocked.insert(r);
        }
        for r in s.clobbers.narrowed.intersection(state.occupied).iter() {
            let info = self.code.vregs[state.occ[r.0 as usize] as usize];
            if info.width > s.clobbers.kept[info.class as usize] {
                blocked.insert(r);
            }
        }
        for class in Class::ALL.into_iter().filter(|_| self.chaos.rarely()) {
            let others = state.occupied.0[class as usize] & !s.early.0[class as usize];
            self.chaos.register(class, others).into_iter().for_each(|r| blocked.insert(PReg(r)));
        }
        blocked
    }

    /// Frees what dies and finds a place for live-through values whose register is taken: another register, that of a
    /// value with a farther use, or memory.
    fn settle(&mut self, s: &mut Step) {
        for (k, op) in s.operands.iter().enumerate() {
            let v = self.code.pool[s.base + k];
            if op.role == Role::Use && v != NONE && self.ctx.state.next[v as usize] == DEAD {
                self.ctx.state.free(v);
            }
        }
        let blocked = self.blocked(s);
        let state = &mut self.ctx.state;
        for r in blocked.iter() {
            let w = state.occ[r.0 as usize];
            s.displaced.push((state.next[w as usize], w, r.0));
        }
        for &(_, w, _) in &s.displaced {
            state.free(w);
        }
        s.displaced.sort_unstable();
        let mut claimed = s.early;
        for at in 0..s.displaced.len() {
            let (_, w, old) = s.displaced[at];
            let info = self.code.vregs[w as usize];
            let unavailable = self.unavailable(s, info.class, info.width);
            if let Some(r) = s.holding(info.class, w, !unavailable) {
                self.ctx.state.put(w, r);
                continue;
            }
            let Some(r) = self.elsewhere(s, w, !unavailable & !claimed.0[info.class as usize]) else {
                self.ctx.state.evict(self.code, &self.ctx.facts, w, s.block);
                continue;
            };
            claimed.insert(PReg(r));
            self.ctx.state.put(w, r);
            let (to, from) = (Loc::reg(PReg(r)), Source::At(Loc::reg(PReg(old))));
            self.ctx.mover.moves.push(Move { to, from, class: info.class, width: info.width });
        }
    }

    /// A register out of `among` for the displaced `w`, evicting a value that is better out of registers.
    fn elsewhere(&mut self, s: &Step, w: u32, among: u32) -> Option<u8> {
        if self.chaos.rarely() {
            return None;
        }
        let class = self.code.vregs[w as usize].class;
        let free = among & !self.ctx.state.occupied.0[class as usize];
        if let Some(r) = self.choose(class, free, !0, w) {
            return Some(r);
        }
        let state = &self.ctx.state;
        let score = |v: u32| state.score(&self.ctx.facts, v, s.inst);
        let worst = bits(class, among).max_by_key(|&r| score(state.occ[r as usize]))?;
        let x = state.occ[worst as usize];
        // A value that stays where it is costs no move, here and where paths join.
        if score(x) <= STAY * score(w) && !self.chaos.unusual() {
            return None;
        }
        self.ctx.state.evict(self.code, &self.ctx.facts, x, s.block);
        Some(worst)
    }

    /// Emits the parallel copy and takes over reloaded values that live on.
    fn copy(&mut self, s: &Step) -> Result<(), Error> {
        let state = &mut self.ctx.state;
        let env = MoveEnv {
            machine: self.machine,
            masks: &self.masks,
            keep: state.occupied.union(s.early),
            written: state.written,
            widest: self.ctx.facts.widest,
            temps: self.code.vregs.len() as u32,
            slots: None,
            chaos: self.chaos,
        };
        let edits = &mut *self.edits;
        self.ctx.mover.run(&env, &mut |edit| edits.push((Place::Before(s.inst), edit)))?;
        let overwritten = s.both.union(s.late).union(s.clobbers.lost);
        state.written = state.written.union(s.early).union(overwritten);
        // What the function's callers count on may be more than a callee of it preserves.
        for r in s.clobbers.narrowed.iter() {
            if s.clobbers.kept[r.class() as usize] < self.masks.kept[r.class() as usize] {
                state.written.insert(r);
            }
        }
        for r in s.early.intersection(self.masks.alloc).minus(overwritten).iter() {
            let v = s.early_val[r.0 as usize];
            let info = self.code.vregs[v as usize];
            let survives = info.width <= s.clobbers.kept[info.class as usize] || !s.clobbers.narrowed.contains(r);
            let state = &mut self.ctx.state;
            if survives && state.next[v as usize] != DEAD && state.reg[v as usize] == NO_REG {
                state.put(v, r.0);
            }
        }
        Ok(())
    }

    fn write_operands(&mut self, s: &Step) {
        for (k, op) in s.operands.iter().enumerate() {
            let at = s.base + k;
            let v = self.code.pool[at];
            if v == NONE {
                continue;
            }
            let state = &mut self.ctx.state;
            let loc = match (op.constraint, s.op_reg[k]) {
                (Constraint::Outgoing(offset), _) => Loc::outgoing(offset),
                (Constraint::Incoming(offset), _) => {
                    state.home[v as usize] = Loc::incoming(offset).0;
                    Loc::incoming(offset)
                }
                (_, SLOT) => {
                    state.slot_operands.push((s.inst, at as u32));
                    state.slot(v)
                }
                (_, r) => Loc::reg(PReg(r)),
            };
            if op.role == Role::Def || op.role == Role::EarlyDef {
                state.next[v as usize] = self.ctx.uses.next[at];
                if let (Some(r), true) = (loc.as_reg(), self.ctx.uses.next[at] != DEAD) {
                    state.put(v, r.0);
                } else if s.op_reg[k] == SLOT {
                    state.in_slot[v as usize] = true;
                }
            }
            self.code.pool[at] = loc.0;
        }
    }

    /// Moves results out of registers that cannot keep values.
    fn after(&mut self, s: &Step) {
        for r in self.ctx.state.occupied.minus(self.masks.alloc).iter() {
            let v = self.ctx.state.occ[r.0 as usize];
            let info = self.code.vregs[v as usize];
            let c = info.class as usize;
            let free = self.masks.alloc.0[c] & !self.ctx.state.occupied.0[c];
            let Some(t) = self.choose(info.class, free, !0, v) else {
                self.ctx.state.evict(self.code, &self.ctx.facts, v, s.block);
                continue;
            };
            self.ctx.state.free(v);
            self.ctx.state.put(v, t);
            let (from, to) = (Loc::reg(r), Loc::reg(PReg(t)));
            let edit = Edit::Move { from, to, class: info.class, width: info.width };
            self.edits.push((Place::After(s.inst), edit));
        }
    }

    /// Can `v` be repeated instead of reloaded?
    pub fn remat(&self, v: u32) -> bool {
        self.ctx.facts.has(v, REMAT)
    }
}

fn note_def(s: &mut Step, k: usize, op: Operand) -> Result<(), Error> {
    let early = op.role != Role::Def;
    match op.constraint {
        Constraint::Fixed(r) => {
            let taken = if early { &mut s.both } else { &mut s.late };
            if taken.contains(r) {
                return Err(s.error("two defs are fixed to one register"));
            }
            taken.insert(r);
        }
        Constraint::Tied(used) if !early => s.tied.push((k as u8, used)),
        Constraint::Incoming(_) if !early => {}
        Constraint::Reg | Constraint::Any => {}
        _ => return Err(s.error("a def has a constraint of uses")),
    }
    Ok(())
}
