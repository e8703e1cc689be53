//! The forward pass that spills and colours: walks the blocks in order with the register file's content at hand. Needs
//! liveness and next uses; leaves locations in the operands, edits before and after instructions, the state at each
//! block's start and end, and where each vreg was first put out of registers. A vreg keeps its name wherever it goes
//! and is in at most one register between two instructions.

use crate::alloc::{Context, Error, Masks, has};
use crate::chaos::Chaos;
use crate::code::*;
use crate::constrain::Step;
use crate::next_use::{DEAD, NO_REG};
use crate::parmove::Source;
use crate::scan::{CROSSES, Facts, REMAT};

/// The register file between two instructions, and what the pass records on its way.
pub(crate) struct State {
    /// Vreg in each register, where `occupied` has its bit.
    pub occ: [u32; PReg::COUNT],
    pub occupied: RegSet,
    /// Register of each vreg.
    pub reg: Vec<u8>,
    /// Next use of each vreg that is in a register.
    pub next: Vec<u32>,
    /// Register last given to a vreg, or, before it has one, to a vreg that coalesces with it.
    pub last_reg: Vec<u8>,
    /// The incoming stack slot that a vreg lives in, as a [`Loc`]; [`NONE`] for others.
    pub home: Vec<u32>,
    /// The vreg is written to its slot where it is defined.
    pub in_slot: Vec<bool>,
    /// A block that dominates all places where the vreg leaves registers; [`NONE`] if it never does.
    pub evicted: Vec<u32>,
    entry: Vec<(u32, u32)>,
    exit: Vec<(u32, u32)>,
    snapshots: Vec<(u8, u32)>,
    /// Registers given to operands so far.
    pub written: RegSet,
    /// Instructions and their pool entries that name a slot by its vreg.
    pub slot_operands: Vec<(u32, u32)>,
    pub step: Step,
    /// The next instruction that has operands in fixed registers, [`NONE`] without, and these registers.
    pub next_fixed: (u32, RegSet),
    /// Scratch of the block entry: the reference predecessor's registers.
    pub pred_reg: Vec<u8>,
    pub pred_regs: RegSet,
    /// How many known predecessors have the vreg in a register.
    pub count: Vec<u32>,
    /// A register that some known predecessor has the vreg in.
    pub elsewhere: Vec<u8>,
    pub wanted: Vec<(u32, u32)>,
}

impl Default for State {
    fn default() -> Self {
        State {
            occ: [NONE; PReg::COUNT],
            occupied: RegSet::EMPTY,
            reg: Vec::new(),
            next: Vec::new(),
            last_reg: Vec::new(),
            home: Vec::new(),
            in_slot: Vec::new(),
            evicted: Vec::new(),
            entry: Vec::new(),
            exit: Vec::new(),
            snapshots: Vec::new(),
            written: RegSet::EMPTY,
            slot_operands: Vec::new(),
            step: Step::default(),
            next_fixed: (NONE, RegSet::EMPTY),
            pred_reg: Vec::new(),
            pred_regs: RegSet::EMPTY,
            count: Vec::new(),
            elsewhere: Vec::new(),
            wanted: Vec::new(),
        }
    }
}

impl State {
    pub fn reset(&mut self, code: &Code) {
        let n = code.vregs.len();
        self.occupied = RegSet::EMPTY;
        self.written = RegSet::EMPTY;
        for list in [&mut self.reg, &mut self.last_reg, &mut self.pred_reg, &mut self.elsewhere] {
            list.clear();
            list.resize(n, NO_REG);
        }
        for (list, value) in
            [(&mut self.next, DEAD), (&mut self.home, NONE), (&mut self.evicted, NONE), (&mut self.count, 0)]
        {
            list.clear();
            list.resize(n, value);
        }
        self.in_slot.clear();
        self.in_slot.resize(n, false);
        self.entry.clear();
        self.exit.clear();
        self.snapshots.clear();
        self.slot_operands.clear();
    }

    /// Registers at the start of block `b`, after moves on its incoming edges.
    pub fn entry(&self, b: u32) -> &[(u8, u32)] {
        let (from, to) = self.entry[b as usize];
        &self.snapshots[from as usize..to as usize]
    }

    /// Registers at the end of block `b`, before moves on its outgoing edges.
    pub fn exit(&self, b: u32) -> &[(u8, u32)] {
        let (from, to) = self.exit[b as usize];
        &self.snapshots[from as usize..to as usize]
    }

    /// Records the register file; the span goes to `entry` or `exit`.
    pub fn snapshot(&mut self, at_entry: bool) {
        let from = self.snapshots.len() as u32;
        self.snapshots.extend(self.occupied.iter().map(|r| (r.0, self.occ[r.0 as usize])));
        let span = (from, self.snapshots.len() as u32);
        if at_entry { self.entry.push(span) } else { self.exit.push(span) }
    }

    /// Counts the vregs at the end of block `b` and notes their registers, or clears both.
    pub fn count_exit(&mut self, b: u32, up: bool) {
        let (from, to) = self.exit[b as usize];
        for &(r, v) in &self.snapshots[from as usize..to as usize] {
            self.elsewhere[v as usize] = if up { r } else { NO_REG };
            let count = &mut self.count[v as usize];
            *count = if up { *count + 1 } else { 0 };
        }
    }

    /// Sets `pred_reg` from the end of block `b`, or clears it.
    pub fn set_pred(&mut self, b: u32, on: bool) {
        let (from, to) = self.exit[b as usize];
        self.pred_regs = RegSet::EMPTY;
        for &(r, v) in &self.snapshots[from as usize..to as usize] {
            self.pred_reg[v as usize] = if on { r } else { NO_REG };
            if on {
                self.pred_regs.insert(PReg(r));
            }
        }
    }

    pub fn put(&mut self, v: u32, r: u8) {
        self.occ[r as usize] = v;
        self.occupied.insert(PReg(r));
        self.reg[v as usize] = r;
    }

    /// `v` leaves its register.
    pub fn free(&mut self, v: u32) {
        let r = self.reg[v as usize];
        if r != NO_REG {
            self.occupied.remove(PReg(r));
            self.reg[v as usize] = NO_REG;
        }
    }

    /// The slot of `v`.
    pub fn slot(&self, v: u32) -> Loc {
        let home = self.home[v as usize];
        if home != NONE { Loc(home) } else { Loc::spill(v) }
    }

    /// Where to take `v` from.
    pub fn source(&self, facts: &Facts, v: u32) -> Source {
        let r = self.reg[v as usize];
        if r != NO_REG {
            Source::At(Loc::reg(PReg(r)))
        } else if facts.has(v, REMAT) {
            Source::Remat(facts.def_inst[v as usize])
        } else {
            Source::At(self.slot(v))
        }
    }

    /// `v` must be in its slot from block `b` on, if it is live there.
    pub fn need_slot(&mut self, code: &Code, facts: &Facts, v: u32, b: u32) {
        let at = v as usize;
        if self.home[at] != NONE || self.in_slot[at] {
            return;
        }
        let known = self.evicted[at];
        self.evicted[at] =
            if known == NONE { b } else { common_dominator(code, known, b).unwrap_or(facts.def_block[at]) };
    }

    /// `v` leaves registers in block `b` while it is live.
    pub fn evict(&mut self, code: &Code, facts: &Facts, v: u32, b: u32) {
        self.free(v);
        if !facts.has(v, REMAT) {
            self.need_slot(code, facts, v, b);
        }
    }

    /// Is the slot of `v` sure to hold it at the end of block `b`? Its store dominates the places where it is evicted.
    pub fn is_stored(&self, code: &Code, v: u32, b: u32) -> bool {
        let evicted = self.evicted[v as usize];
        self.in_slot[v as usize] || evicted != NONE && common_dominator(code, evicted, b) == Some(evicted)
    }

    /// Is `v` written to memory in any case?
    pub fn stored(&self, v: u32) -> bool {
        let at = v as usize;
        self.evicted[at] != NONE || self.in_slot[at] || self.home[at] != NONE
    }

    /// How little it costs to put `v` out of registers at instruction `i`.
    pub fn score(&self, facts: &Facts, v: u32, i: u32) -> u64 {
        let at = v as usize;
        let dist = self.next[at].saturating_sub(i) as u64 + 1;
        dist << if facts.has(v, REMAT) { 2 } else { self.stored(v) as u32 }
    }
}

/// The block nearest to both that dominates both; gives up after many steps.
fn common_dominator(code: &Code, mut a: u32, mut b: u32) -> Option<u32> {
    for _ in 0..64 {
        if a == b {
            return Some(a);
        }
        let idom = |b: u32| code.blocks[b as usize].idom;
        if a > b { a = idom(a) } else { b = idom(b) }
    }
    None
}

/// How many links of a chain of coalescing vregs are followed.
const CHAIN: usize = 8;

/// The forward pass over one function.
pub(crate) struct Pass<'a> {
    pub code: &'a mut Code,
    pub machine: &'a Machine,
    pub masks: Masks,
    pub ctx: &'a mut Context,
    pub edits: &'a mut Vec<(Place, Edit)>,
    /// The block at hand.
    pub block: u32,
    pub chaos: Chaos<'a>,
}

impl Pass<'_> {
    pub fn run(&mut self) -> Result<(), Error> {
        for v in 0..self.code.vregs.len() as u32 {
            if self.ctx.live.mem_only[v as usize] && !self.ctx.facts.has(v, REMAT) {
                self.ctx.state.evicted[v as usize] = self.ctx.facts.def_block[v as usize];
            }
        }
        let mut step = std::mem::take(&mut self.ctx.state.step);
        for b in 0..self.code.blocks.len() as u32 {
            let (from, to) = self.code.blocks[b as usize].insts;
            self.block = b;
            self.look_ahead(from);
            self.enter(b);
            for i in from..to {
                if i > self.ctx.state.next_fixed.0 {
                    self.look_ahead(i);
                }
                if !self.plain(i) {
                    self.step(&mut step, b, i)?;
                }
            }
            self.ctx.state.snapshot(false);
        }
        self.ctx.state.step = step;
        Ok(())
    }

    /// Finds the first instruction from `i` on that has operands in fixed registers.
    fn look_ahead(&mut self, i: u32) {
        let fixed = &mut self.ctx.uses.fixed;
        while fixed.last().is_some_and(|&(at, _)| at < i) {
            fixed.pop();
        }
        self.ctx.state.next_fixed = fixed.last().copied().unwrap_or((NONE, RegSet::EMPTY));
    }

    /// Registers that `v` of class `class` should rather not be in: those that it does not survive a call in, if it is
    /// live across one and there are others.
    pub fn avoid(&self, class: Class, v: u32) -> u32 {
        let c = class as usize;
        let survives = self.ctx.facts.has(v, CROSSES) && self.code.vregs[v as usize].width <= self.masks.kept[c];
        if survives { !self.masks.callee.0[c] } else { 0 }
    }

    /// The first register of the class's order that is in `word`.
    pub fn first(&self, class: Class, word: u32) -> Option<u8> {
        self.machine.classes[class as usize].order.iter().map(|r| r.0).find(|&r| has(word, r))
    }

    /// A register out of `free` for `v`: one that outlives calls if it must, else a `better` one, and of these one that
    /// it prefers. All sets are words of class `class`.
    pub fn choose(&self, class: Class, free: u32, better: u32, v: u32) -> Option<u8> {
        if let Some(r) = self.chaos.register(class, free) {
            return Some(r);
        }
        if free == 0 {
            return None;
        }
        let better = if free & better != 0 { free & better } else { free };
        let best = better & !self.avoid(class, v);
        let good = if best != 0 { best } else { better };
        self.preferred(good, v).or_else(|| self.undisturbed(class, good))
    }

    /// The register out of `good` that `v` had, or is wanted in, or that a vreg has which it coalesces with. If each
    /// path takes `v` back to where it was, joins need no moves; only an instruction that wants it at once comes first.
    fn preferred(&self, good: u32, v: u32) -> Option<u8> {
        let state = &self.ctx.state;
        let is_good = |&r: &u8| r != NO_REG && has(good, r);
        let own = Some(state.last_reg[v as usize]).filter(|_| state.next[v as usize] != state.next_fixed.0);
        let wanted = [own, Some(self.ctx.uses.hint[v as usize])].into_iter().flatten().find(is_good);
        let next = |&v: &u32| Some(self.ctx.uses.coalesce_with[v as usize]).filter(|&w| w != NONE);
        let chain = || std::iter::successors(Some(v), next).take(CHAIN);
        wanted.or_else(|| chain().map(|w| state.last_reg[w as usize]).find(is_good))
    }

    /// A register out of `good` that the next instruction with fixed operands does not want, unless that costs a
    /// callee-saved register.
    fn undisturbed(&self, class: Class, good: u32) -> Option<u8> {
        let c = class as usize;
        let state = &self.ctx.state;
        let undisturbed = good & !state.next_fixed.1.0[c] & (!self.masks.callee.0[c] | state.written.0[c]);
        self.first(class, undisturbed).or_else(|| self.first(class, good))
    }

    /// Remembers `r` for `v`, and for the vreg that it coalesces with unless that has a register already.
    pub fn remember(&mut self, v: u32, r: u8) {
        self.ctx.state.last_reg[v as usize] = r;
        let next = self.ctx.uses.coalesce_with[v as usize];
        if next != NONE && self.ctx.state.last_reg[next as usize] == NO_REG {
            self.ctx.state.last_reg[next as usize] = r;
        }
    }
}
