//! Parallel moves: turns "all these at once" into a sequence of edits. Needs distinct targets; leaves edits that touch
//! no register outside the targets except free and scratch ones, and no flags. A cycle goes through such a register, else
//! an exchange, else a temporary slot; a move from memory to memory through such a register, else through a parked one,
//! which comes back when it is wanted or all is done. Stores go first and loads last: between them the most registers
//! are free.
//!
//! Spill slots are named by vreg here (`Loc::spill(v)`) and get their offsets at the very end; numbers from
//! [`MoveEnv::temps`] on are temporary slots: one per class to break cycles, one per class to park a register in.

use crate::alloc::{Error, Masks, bit, bits, has};
use crate::chaos::Chaos;
use crate::code::*;

/// What a move reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    At(Loc),
    /// Repeat this instruction.
    Remat(u32),
}

/// One of the parallel moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub to: Loc,
    pub from: Source,
    pub class: Class,
    pub width: u8,
}

/// What holds for all of the parallel moves.
pub(crate) struct MoveEnv<'a> {
    pub machine: &'a Machine,
    pub masks: &'a Masks,
    /// Registers whose content must stay, besides the targets.
    pub keep: RegSet,
    /// Registers that are written elsewhere: a callee-saved one among them costs nothing more.
    pub written: RegSet,
    /// Width of a parked register.
    pub widest: [u8; CLASSES],
    /// Number of the first temporary slot.
    pub temps: u32,
    /// Slot of each vreg, where spill slots are among the targets.
    pub slots: Option<&'a [u32]>,
    pub chaos: Chaos<'a>,
}

impl MoveEnv<'_> {
    /// Dense number of a location that can be both read and written.
    fn key(&self, loc: Loc) -> Option<usize> {
        match loc.kind() {
            LocKind::Reg(r) => Some(r.0 as usize),
            LocKind::Spill(v) if v < self.temps => self.slots.map(|slots| PReg::COUNT + slots[v as usize] as usize),
            _ => None,
        }
    }
}

/// Sequentialises moves; keeps its memory.
#[derive(Default)]
pub(crate) struct Mover {
    pub moves: Vec<Move>,
    /// Per key: pending moves that read it.
    reads: Vec<u32>,
    /// Per key: the pending move that writes it.
    writer: Vec<u32>,
    /// Moves whose target nobody reads any more, by rank.
    ready: [Vec<u32>; RANKS],
    done: Vec<bool>,
    written: RegSet,
    /// Registers whose content is in the slot for that.
    parked: [Option<PReg>; CLASSES],
}

/// Moves of a lower rank go first.
const RANKS: usize = 3;

/// 0 for stores, 1 from memory to memory, 2 into registers.
fn rank(m: &Move) -> usize {
    match (m.to.as_reg(), m.from) {
        (Some(_), _) => 2,
        (None, Source::At(from)) if from.as_reg().is_some() => 0,
        (None, _) => 1,
    }
}

impl Mover {
    /// Makes room for `slots` spill slots.
    pub fn reserve(&mut self, slots: usize) {
        let n = PReg::COUNT + slots;
        if self.reads.len() < n {
            self.reads.resize(n, 0);
            self.writer.resize(n, NONE);
        }
    }

    /// Executes `moves` and empties it. A register that is to keep its value is in `keep`, not among the moves.
    pub fn run(&mut self, env: &MoveEnv, emit: &mut impl FnMut(Edit)) -> Result<(), Error> {
        if self.moves.is_empty() {
            return Ok(());
        }
        self.reserve(0);
        self.written = RegSet::EMPTY;
        self.moves.retain(|m| match m.from {
            Source::At(from) => from != m.to && (env.key(from).is_none() || env.key(from) != env.key(m.to)),
            Source::Remat(_) => true,
        });
        self.done.clear();
        self.done.resize(self.moves.len(), false);
        for (k, m) in self.moves.iter().enumerate() {
            if let Some(key) = env.key(m.to) {
                self.writer[key] = k as u32;
            }
            if let Some(key) = source_key(env, m) {
                self.reads[key] += 1;
            }
        }
        self.ready.iter_mut().for_each(Vec::clear);
        self.parked = [None; CLASSES];
        for (k, m) in self.moves.iter().enumerate().rev() {
            if env.key(m.to).is_none_or(|key| self.reads[key] == 0) {
                self.ready[rank(m)].push(k as u32);
            }
        }
        let result = self.sequence(env, emit);
        for m in self.moves.drain(..) {
            for key in [env.key(m.to), source_key(env, &m)].into_iter().flatten() {
                self.reads[key] = 0;
                self.writer[key] = NONE;
            }
        }
        result
    }

    fn sequence(&mut self, env: &MoveEnv, emit: &mut impl FnMut(Edit)) -> Result<(), Error> {
        let mut next = 0;
        loop {
            while let Some(k) = self.ready.iter_mut().find_map(Vec::pop) {
                self.emit_one(env, self.moves[k as usize], emit)?;
                self.finish(env, k);
            }
            while next < self.moves.len() && self.done[next] {
                next += 1;
            }
            if next == self.moves.len() {
                for r in self.parked.into_iter().flatten() {
                    self.bring_back(env, Loc::reg(r), emit);
                }
                return Ok(());
            }
            self.break_cycle(env, next as u32, emit)?;
        }
    }

    /// Move `k` has been executed: its source may become free to write.
    fn finish(&mut self, env: &MoveEnv, k: u32) {
        let m = self.moves[k as usize];
        self.done[k as usize] = true;
        if let Some(r) = m.to.as_reg() {
            self.written.insert(r);
        }
        if let Some(key) = source_key(env, &m) {
            self.release(key);
        }
    }

    /// One pending read less of `key`.
    fn release(&mut self, key: usize) {
        self.reads[key] -= 1;
        let writer = self.writer[key];
        if self.reads[key] == 0 && writer != NONE && !self.done[writer as usize] {
            self.ready[rank(&self.moves[writer as usize])].push(writer);
        }
    }

    /// All pending moves form cycles, `k` is in one: makes one of its targets free to write.
    fn break_cycle(&mut self, env: &MoveEnv, k: u32, emit: &mut impl FnMut(Edit)) -> Result<(), Error> {
        // The move to execute first, and the one that reads its target; a register target if there is one.
        let (mut first, mut reader) = (k, k);
        let mut at = k;
        loop {
            let m = self.moves[at as usize];
            let feeder = self.writer[source_key(env, &m).unwrap_or_default()];
            if at == k || self.moves[feeder as usize].to.as_reg().is_some() {
                (first, reader) = (feeder, at);
            }
            at = feeder;
            if at == k || self.moves[first as usize].to.as_reg().is_some() {
                break;
            }
        }
        let (d, s) = (self.moves[first as usize].to, self.moves[first as usize].from);
        let (class, width) = (self.moves[reader as usize].class, self.moves[reader as usize].width);
        let Some(key) = env.key(d) else { return Err(Error::NoRegister(class)) };
        self.bring_back(env, d, emit);
        if let Source::At(from) = s {
            self.bring_back(env, from, emit);
        }
        if let Some(t) = self.scratch(env, class).filter(|_| !env.chaos.unusual()) {
            emit(Edit::Move { from: d, to: Loc::reg(t), class, width });
            self.moves[reader as usize].from = Source::At(Loc::reg(t));
            self.reads[t.0 as usize] += 1;
        } else if let (Some(a), Source::At(from), true) = (d.as_reg(), s, env.machine.classes[class as usize].exchange)
            && let Some(b) = from.as_reg()
        {
            // `d` now has its value; what its reader wants is in the old source.
            emit(Edit::Exchange { a, b, class });
            self.moves[reader as usize].from = s;
            self.reads[key] = 0;
            self.done[first as usize] = true;
            self.written.insert(a);
            if self.moves[reader as usize].to == from {
                self.done[reader as usize] = true;
                self.written.insert(b);
                self.reads[b.0 as usize] = 0;
            }
            return Ok(());
        } else {
            let slot = Loc::spill(env.temps + class as u32);
            self.emit_one(env, Move { to: slot, from: Source::At(d), class, width }, emit)?;
            self.moves[reader as usize].from = Source::At(slot);
        }
        self.release(key);
        Ok(())
    }

    /// A register of the class whose content nobody wants now.
    fn scratch(&self, env: &MoveEnv, class: Class) -> Option<PReg> {
        let c = class as usize;
        let (alloc, scratch) = (env.masks.alloc.0[c], env.masks.scratch.0[c]);
        let among = (alloc | scratch) & !env.keep.0[c] & !self.written.0[c];
        let free = bits(class, among).filter(|&r| self.reads[r as usize] == 0).fold(0, |m, r| m | bit(r));
        if let Some(r) = env.chaos.register(class, free) {
            return Some(PReg(r));
        }
        let cheap = free & (!env.masks.callee.0[c] | env.written.0[c]);
        let spec = &env.machine.classes[c];
        let pick = |list: &[PReg], mask: u32| list.iter().copied().find(|r| has(mask, r.0));
        pick(spec.order, cheap).or_else(|| pick(spec.scratch, free)).or_else(|| pick(spec.order, free))
    }

    fn emit_one(&mut self, env: &MoveEnv, m: Move, emit: &mut impl FnMut(Edit)) -> Result<(), Error> {
        let Move { to, from, class, width } = m;
        self.bring_back(env, to, emit);
        if let Source::At(from) = from {
            self.bring_back(env, from, emit);
        }
        if let Some(r) = to.as_reg() {
            emit(load(from, r, class, width));
            return Ok(());
        }
        if let Source::At(loc) = from
            && loc.as_reg().is_some()
        {
            emit(Edit::Move { from: loc, to, class, width });
            return Ok(());
        }
        let Some(r) = self.scratch(env, class).or_else(|| self.park(env, class, emit)) else {
            return Err(Error::NoRegister(class));
        };
        emit(load(from, r, class, width));
        emit(Edit::Move { from: Loc::reg(r), to, class, width });
        Ok(())
    }

    /// The register that is parked; parks one if there is none, if possible one that no move is about.
    fn park(&mut self, env: &MoveEnv, class: Class, emit: &mut impl FnMut(Edit)) -> Option<PReg> {
        if let Some(r) = self.parked[class as usize] {
            return Some(r);
        }
        let order = env.machine.classes[class as usize].order;
        let idle = |r: &PReg| env.keep.contains(*r) && self.reads[r.0 as usize] == 0;
        let r = order.iter().copied().find(idle).or(order.first().copied())?;
        let width = env.widest[class as usize];
        emit(Edit::Move { from: Loc::reg(r), to: parking(env, class), class, width });
        self.parked[class as usize] = Some(r);
        Some(r)
    }

    /// If `loc` is a parked register, it gets its content back.
    fn bring_back(&mut self, env: &MoveEnv, loc: Loc, emit: &mut impl FnMut(Edit)) {
        let Some(r) = loc.as_reg() else { return };
        let class = r.class();
        if self.parked[class as usize] == Some(r) {
            self.parked[class as usize] = None;
            let width = env.widest[class as usize];
            emit(Edit::Move { from: parking(env, class), to: loc, class, width });
        }
    }
}

/// The slot for a parked register.
fn parking(env: &MoveEnv, class: Class) -> Loc {
    Loc::spill(env.temps + CLASSES as u32 + class as u32)
}

fn source_key(env: &MoveEnv, m: &Move) -> Option<usize> {
    match m.from {
        Source::At(loc) => env.key(loc),
        Source::Remat(_) => None,
    }
}

fn load(from: Source, to: PReg, class: Class, width: u8) -> Edit {
    match from {
        Source::At(from) => Edit::Move { from, to: Loc::reg(to), class, width },
        Source::Remat(inst) => Edit::Remat { inst, to },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    const SLOTS: u32 = 5;

    fn loc(n: u32, regs: u32) -> Loc {
        if n < regs { Loc::reg(PReg(n as u8)) } else { Loc::spill(n - regs) }
    }

    /// All kinds of moves among few registers and slots: targets get their values, other registers keep theirs.
    #[test]
    fn random_moves() {
        let order: &[PReg] = const { &[PReg(0), PReg(1), PReg(2)] };
        let index: Vec<u32> = (0..SLOTS).collect();
        let mut mover = Mover::default();
        mover.reserve(SLOTS as usize);
        let mut seed = 1u64;
        let mut below = |n: u32| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as u32 % n
        };
        for round in 0..20_000u32 {
            let regs = 1 + round % 3;
            let scratch: &[PReg] = if round % 5 == 0 { const { &[PReg(31)] } } else { &[] };
            let order = &order[..regs as usize];
            let class = ClassSpec { order, scratch, exchange: round % 2 == 0, widths: 8, kept: 8 };
            let classes = [class, ClassSpec::NONE, ClassSpec::NONE, ClassSpec::NONE];
            let machine = Machine { rows: &[], classes, callee_saved: RegSet::EMPTY };
            let masks = Masks::of(&machine).expect("it makes sense");
            let mut wanted: HashMap<Loc, u64> = (0..regs).map(|r| (loc(r, regs), r as u64)).collect();
            let all = regs + SLOTS;
            for n in (0..all).filter(|_| below(3) > 0).collect::<Vec<_>>() {
                let (from, value) = match below(6) {
                    0 => (Source::Remat(n), 100 + n as u64),
                    // A rotation, often.
                    1..4 => (Source::At(loc((n + 1) % all, regs)), (n as u64 + 1) % all as u64),
                    _ => {
                        let from = below(all);
                        (Source::At(loc(from, regs)), from as u64)
                    }
                };
                if from == Source::At(loc(n, regs)) {
                    continue;
                }
                wanted.insert(loc(n, regs), value);
                mover.moves.push(Move { to: loc(n, regs), from, class: Class::Int, width: 8 });
            }
            let targets = mover.moves.iter().filter_map(|m| m.to.as_reg()).fold(RegSet::EMPTY, RegSet::with);
            let env = MoveEnv {
                machine: &machine,
                masks: &masks,
                keep: masks.alloc.minus(targets),
                written: RegSet::EMPTY,
                widest: [8; CLASSES],
                temps: SLOTS,
                slots: Some(&index),
                chaos: Chaos::default(),
            };
            let mut now: HashMap<Loc, u64> = (0..all).map(|n| (loc(n, regs), n as u64)).collect();
            let mut emit = |edit: Edit| match edit {
                Edit::Move { from, to, .. } => {
                    assert!(from.as_reg().is_some() || to.as_reg().is_some());
                    let value = now[&from];
                    now.insert(to, value);
                }
                Edit::Exchange { a, b, .. } => {
                    let (x, y) = (now[&Loc::reg(a)], now[&Loc::reg(b)]);
                    now.insert(Loc::reg(a), y);
                    now.insert(Loc::reg(b), x);
                }
                Edit::Remat { inst, to } => drop(now.insert(Loc::reg(to), 100 + inst as u64)),
            };
            assert_eq!(mover.run(&env, &mut emit), Ok(()));
            for (at, value) in wanted {
                assert_eq!(now[&at], value, "round {round}: {at:?}");
            }
        }
    }
}
