//! Moves on edges: from the register file at a predecessor's end to the one at the block's start, and of arguments
//! into parameters. Needs all block states and slots; leaves edits keyed by place, and those of edge blocks. Edits go
//! before the predecessor's terminator if it is a plain jump, else to the block's start if it has one predecessor,
//! else to a block on the edge.

use crate::alloc::{Error, Masks};
use crate::chaos::Chaos;
use crate::code::*;
use crate::color::State;
use crate::entry::inherits;
use crate::liveness::Liveness;
use crate::next_use::NO_REG;
use crate::parmove::{Move, MoveEnv, Mover, Source};
use crate::scan::{Facts, REMAT, USED};
use crate::slots::Slots;

/// Order of edits at one place.
pub(crate) enum Phase {
    /// Moves of the block's incoming edge.
    Entry = 0,
    /// The store of a vreg defined here or live into the block.
    Store = 1,
    /// What the forward pass put here.
    Inst = 2,
    /// Moves of the block's outgoing edge.
    Exit = 3,
}

/// Sort key of an edit.
pub(crate) fn key(place: Place, phase: Phase) -> u64 {
    let at = match place {
        Place::Before(i) => 2 * i as u64,
        Place::After(i) => 2 * i as u64 + 1,
    };
    at << 2 | phase as u64
}

/// Edits outside the forward pass, by key, and scratch.
#[derive(Default)]
pub(crate) struct Edges {
    pub extra: Vec<(u64, Edit)>,
    pub blocks: Vec<(u32, (u32, u32))>,
    pub block_edits: Vec<Edit>,
    /// Edits of the forward pass while they are merged.
    pub inner: Vec<(Place, Edit)>,
    exit_reg: Vec<u8>,
    entry_reg: Vec<u8>,
    buffer: Vec<Edit>,
}

impl Edges {
    /// Finds the vregs that leave registers on an edge.
    pub fn evictions(&mut self, code: &Code, facts: &Facts, live: &Liveness, state: &mut State) {
        for list in [&mut self.exit_reg, &mut self.entry_reg] {
            list.clear();
            list.resize(code.vregs.len(), NO_REG);
        }
        for (p, block) in code.blocks.iter().enumerate() {
            let p = p as u32;
            let succs = &code.edges[block.succs.0 as usize..block.succs.1 as usize];
            if succs.iter().all(|edge| inherits(code, edge.to).is_some()) {
                continue;
            }
            set(&mut self.exit_reg, state.exit(p), true);
            for edge in succs.iter().filter(|edge| inherits(code, edge.to).is_none()) {
                set(&mut self.entry_reg, state.entry(edge.to), true);
                for entry in live.live_in(edge.to) {
                    let at = entry.v as usize;
                    let leaves = self.exit_reg[at] != NO_REG && self.entry_reg[at] == NO_REG;
                    if leaves && !facts.has(entry.v, REMAT) {
                        state.need_slot(code, facts, entry.v, p);
                    }
                }
                set(&mut self.entry_reg, state.entry(edge.to), false);
            }
            set(&mut self.exit_reg, state.exit(p), false);
        }
    }

    /// Emits the moves of all edges and writes the locations of parameters and arguments.
    #[allow(clippy::too_many_arguments)]
    pub fn resolve(
        &mut self,
        code: &mut Code,
        machine: &Machine,
        masks: &Masks,
        facts: &Facts,
        state: &State,
        slots: &Slots,
        mover: &mut Mover,
        chaos: Chaos,
    ) -> Result<(), Error> {
        self.extra.clear();
        self.blocks.clear();
        self.block_edits.clear();
        mover.reserve(slots.widths.len());
        for p in 0..code.blocks.len() as u32 {
            let (from, to) = code.blocks[p as usize].succs;
            let inherited = |e: u32| inherits(code, code.edges[e as usize].to).is_some();
            if (from..to).all(inherited) {
                continue;
            }
            set(&mut self.exit_reg, state.exit(p), true);
            for e in from..to {
                if inherits(code, code.edges[e as usize].to).is_some() {
                    continue;
                }
                let keep = self.moves(code, facts, state, slots, e, mover);
                let env = MoveEnv {
                    machine,
                    masks,
                    keep,
                    written: state.written,
                    widest: facts.widest,
                    temps: code.vregs.len() as u32,
                    slots: Some(&slots.index),
                    chaos,
                };
                self.buffer.clear();
                let buffer = &mut self.buffer;
                mover.run(&env, &mut |edit| buffer.push(edit))?;
                self.put(code, machine, e);
                self.write_args(code, facts, state, e);
            }
            set(&mut self.exit_reg, state.exit(p), false);
        }
        write_params(code, facts, state);
        Ok(())
    }

    /// Queues the moves of edge `e`; returns the registers whose content stays.
    fn moves(&self, code: &Code, facts: &Facts, state: &State, slots: &Slots, e: u32, mover: &mut Mover) -> RegSet {
        let edge = &code.edges[e as usize];
        let params = code.blocks[edge.to as usize].params;
        let entry = |k: u32| code.pool[k as usize];
        let arg_of = |param: u32| entry(edge.args.0 + facts.def_op[param as usize] - params.0);
        let make = |to: Loc, v: u32, from: u32| {
            let (target, source) = (code.vregs[v as usize], code.vregs[from as usize]);
            let width = target.width.min(source.width);
            Move { to, from: self.source(facts, state, from), class: target.class, width }
        };
        let mut keep = RegSet::EMPTY;
        for &(r, v) in state.entry(edge.to) {
            let is_param = facts.def_block[v as usize] == edge.to && facts.def_inst[v as usize] == NONE;
            let from = if is_param { arg_of(v) } else { v };
            if self.exit_reg[from as usize] == r {
                keep.insert(PReg(r));
            } else {
                mover.moves.push(make(Loc::reg(PReg(r)), v, from));
            }
        }
        for param in (params.0..params.1).map(entry).filter(|&param| state.in_slot[param as usize]) {
            let arg = arg_of(param);
            let same = slots.index[param as usize] == slots.index[arg as usize];
            if !same || !state.is_stored(code, arg, edge.from) {
                mover.moves.push(make(Loc::spill(param), param, arg));
            }
        }
        keep
    }

    /// Where the predecessor at hand has `v` at its end.
    fn source(&self, facts: &Facts, state: &State, v: u32) -> Source {
        let r = self.exit_reg[v as usize];
        if r != NO_REG {
            Source::At(Loc::reg(PReg(r)))
        } else if facts.has(v, REMAT) {
            Source::Remat(facts.def_inst[v as usize])
        } else {
            Source::At(state.slot(v))
        }
    }

    /// Puts the buffered edits of edge `e` where they belong.
    fn put(&mut self, code: &Code, machine: &Machine, e: u32) {
        if self.buffer.is_empty() {
            return;
        }
        let edge = &code.edges[e as usize];
        let (from, to) = (&code.blocks[edge.from as usize], &code.blocks[edge.to as usize]);
        let last = from.insts.1 - 1;
        let terminator = &code.insts[last as usize];
        let plain =
            code.operands(machine.rows, terminator).is_empty() && code.clobbers(machine.rows, terminator).is_empty();
        let at = if plain && from.succs.1 - from.succs.0 == 1 {
            key(Place::Before(last), Phase::Exit)
        } else if to.preds.1 - to.preds.0 == 1 && edge.to != 0 {
            key(Place::Before(to.insts.0), Phase::Entry)
        } else {
            let start = self.block_edits.len() as u32;
            self.block_edits.append(&mut self.buffer);
            self.blocks.push((e, (start, self.block_edits.len() as u32)));
            return;
        };
        self.extra.extend(self.buffer.drain(..).map(|edit| (at, edit)));
    }

    fn write_args(&self, code: &mut Code, facts: &Facts, state: &State, e: u32) {
        let edge = code.edges[e as usize];
        let params = code.blocks[edge.to as usize].params;
        for (param, arg) in (params.0..params.1).zip(edge.args.0..edge.args.1) {
            let used = facts.has(code.pool[param as usize], USED);
            code.pool[arg as usize] = match self.source(facts, state, code.pool[arg as usize]) {
                Source::At(loc) if used => loc.0,
                _ => NONE,
            };
        }
    }
}

fn set(regs: &mut [u8], list: &[(u8, u32)], on: bool) {
    for &(r, v) in list {
        regs[v as usize] = if on { r } else { NO_REG };
    }
}

fn write_params(code: &mut Code, facts: &Facts, state: &State) {
    for b in 0..code.blocks.len() {
        let params = code.blocks[b].params;
        for k in params.0..params.1 {
            let v = code.pool[k as usize];
            let found = state.entry(b as u32).iter().find(|&&(_, w)| w == v);
            code.pool[k as usize] = match found {
                _ if !facts.has(v, USED) => NONE,
                Some(&(r, _)) => Loc::reg(PReg(r)).0,
                None => state.slot(v).0,
            };
        }
    }
}
