//! The backward sweep over all instructions. Needs liveness; leaves, for each operand, the position of the vreg's next
//! use after the instruction, and per vreg its wanted register, the vreg it coalesces with, the end of its live range,
//! and whether it is live across a call; per block the pressure.

use crate::alloc::Masks;
use crate::code::*;
use crate::liveness::Liveness;
use crate::plain::Rows;
use crate::scan::{CROSSES, Facts};

/// Position of the next use of a vreg that has none.
pub(crate) const DEAD: u32 = u32::MAX;
/// No register.
pub(crate) const NO_REG: u8 = u8::MAX;

/// A vreg as the sweep sees it at the current instruction.
#[derive(Clone, Copy)]
struct Track {
    /// Instruction of the next use.
    next: u32,
    /// The use after that one.
    after: u32,
    /// The block that it is live in.
    live: u32,
    /// Calls seen below the last use.
    mark: u32,
    /// Last point of the live range: twice the instruction, plus one if live after it.
    end: u32,
}

/// What the sweep finds.
#[derive(Default)]
pub(crate) struct NextUses {
    /// Per pool entry of an instruction operand: instruction of the next use, beyond the block's end if it is
    /// elsewhere, [`DEAD`] if there is none.
    pub next: Vec<u32>,
    /// Wanted register of a vreg.
    pub hint: Vec<u8>,
    /// The vreg that a vreg should share its register with: the parameter that it is an argument of, or the def that is
    /// tied to it or copied from it. Links form chains.
    pub coalesce_with: Vec<u32>,
    /// Per block: most registers of each class wanted at one point.
    pub pressure: Vec<[u32; CLASSES]>,
    /// Per block: registers that instructions overwrite or want for something else.
    pub lost: Vec<RegSet>,
    /// Per block: its first call, [`NONE`] without.
    pub first_call: Vec<u32>,
    /// Instructions with operands in fixed registers, and these registers; last first.
    pub fixed: Vec<(u32, RegSet)>,
    track: Vec<Track>,
    seen: u32,
    now: [u32; CLASSES],
    /// Highest pressure in the block so far.
    most: [u32; CLASSES],
}

fn refill<T: Clone>(list: &mut Vec<T>, n: usize, value: T) {
    list.clear();
    list.resize(n, value);
}

/// What the sweep needs to know.
#[derive(Clone, Copy)]
struct Env<'a> {
    code: &'a Code,
    machine: &'a Machine,
    masks: &'a Masks,
    rows: &'a Rows,
    live: &'a Liveness,
}

impl NextUses {
    pub fn sweep(
        &mut self,
        code: &Code,
        machine: &Machine,
        masks: &Masks,
        rows: &Rows,
        facts: &mut Facts,
        live: &Liveness,
    ) {
        let n = code.vregs.len();
        refill(&mut self.next, code.pool.len(), DEAD);
        refill(&mut self.hint, n, NO_REG);
        refill(&mut self.coalesce_with, n, NONE);
        refill(&mut self.track, n, Track { next: DEAD, after: DEAD, live: NONE, mark: 0, end: 0 });
        refill(&mut self.pressure, code.blocks.len(), [0; CLASSES]);
        refill(&mut self.lost, code.blocks.len(), RegSet::EMPTY);
        refill(&mut self.first_call, code.blocks.len(), NONE);
        self.fixed.clear();
        let env = Env { code, machine, masks, rows, live };
        for b in (0..code.blocks.len() as u32).rev() {
            self.block(env, facts, b);
        }
        for (track, &mem) in self.track.iter_mut().zip(&live.mem_only) {
            if mem {
                track.end = u32::MAX;
            }
        }
    }

    /// Last point of the live range of `v`.
    pub fn range_end(&self, v: u32) -> u32 {
        self.track[v as usize].end
    }

    fn block(&mut self, env: Env, facts: &mut Facts, b: u32) {
        let Env { code, live, .. } = env;
        let block = &code.blocks[b as usize];
        self.seen = 0;
        self.now = [0; CLASSES];
        let end = block.insts.1;
        live.for_live_out(code, facts, b, |v, d| {
            let track = &mut self.track[v as usize];
            track.end = track.end.max(2 * end - 1);
            if track.live == b {
                track.next = track.next.min(end + d);
            } else {
                *track = Track { next: end + d, after: DEAD, live: b, mark: 0, end: track.end };
                self.now[code.vregs[v as usize].class as usize] += 1;
            }
        });
        for e in block.succs.0..block.succs.1 {
            let edge = &code.edges[e as usize];
            let params = code.blocks[edge.to as usize].params;
            for (param, arg) in (params.0..params.1).zip(edge.args.0..edge.args.1) {
                let (param, arg) = (code.pool[param as usize] as usize, code.pool[arg as usize] as usize);
                if self.hint[param] != NO_REG {
                    self.hint[arg] = self.hint[param];
                }
                facts.flags[arg] |= facts.flags[param] & CROSSES;
                self.coalesce_with[arg] = param as u32;
            }
        }
        self.most = self.now;
        for i in (block.insts.0..end).rev() {
            let inst = &code.insts[i as usize];
            let operands = code.operands(env.machine.rows, inst);
            self.defs(code, facts, operands, inst.ops, b, i);
            if !env.rows.get(inst.row).plain {
                self.demand(env, inst, b, i);
            }
            self.uses(code, facts, operands, inst.ops, b, i);
            self.affinities(env, inst, operands);
        }
        self.pressure[b as usize] = self.most;
        if self.seen > 0 {
            self.live_into(env, facts, b);
        }
    }

    /// What is live into block `b` may be live across its calls.
    fn live_into(&mut self, env: Env, facts: &mut Facts, b: u32) {
        let params = env.code.blocks[b as usize].params;
        let params = env.code.pool[params.0 as usize..params.1 as usize].iter().copied();
        for v in env.live.live_in(b).iter().map(|entry| entry.v).chain(params) {
            let track = &self.track[v as usize];
            if track.live == b && self.seen > track.mark {
                facts.flags[v as usize] |= CROSSES;
            }
        }
    }

    fn defs(&mut self, code: &Code, facts: &mut Facts, operands: &[Operand], base: u32, b: u32, i: u32) {
        let span = base as usize..base as usize + operands.len();
        let mut taken = [0; CLASSES];
        let mut dead = false;
        for ((op, &v), next) in operands.iter().zip(&code.pool[span.clone()]).zip(&mut self.next[span]) {
            if op.role == Role::Use || v == NONE {
                continue;
            }
            taken[op.class as usize] += 1;
            let track = &mut self.track[v as usize];
            track.end = track.end.max(2 * i + 1);
            if track.live == b {
                *next = track.next;
                track.live = NONE;
                self.now[op.class as usize] -= 1;
                if self.seen > track.mark {
                    facts.flags[v as usize] |= CROSSES;
                }
            } else {
                dead = true;
            }
        }
        // Defs that are used later were counted there.
        if dead {
            for ((most, now), taken) in self.most.iter_mut().zip(self.now).zip(taken) {
                *most = (*most).max(now + taken);
            }
        }
    }

    fn uses(&mut self, code: &Code, facts: &mut Facts, operands: &[Operand], base: u32, b: u32, i: u32) {
        let span = base as usize..base as usize + operands.len();
        for ((op, &v), next) in operands.iter().zip(&code.pool[span.clone()]).zip(&mut self.next[span]) {
            if op.role != Role::Use || v == NONE {
                continue;
            }
            let track = &mut self.track[v as usize];
            if track.live != b {
                *track = Track { next: i, after: DEAD, live: b, mark: self.seen, end: track.end.max(2 * i) };
                let (now, most) = (&mut self.now[op.class as usize], &mut self.most[op.class as usize]);
                *now += 1;
                *most = (*most).max(*now);
            } else if track.next != i {
                track.after = track.next;
                track.next = i;
                *next = track.after;
                if self.seen > track.mark {
                    facts.flags[v as usize] |= CROSSES;
                }
            } else {
                // A repeated use: the same as the first.
                *next = track.after;
            }
            if let Constraint::Fixed(r) = op.constraint {
                self.hint[v as usize] = r.0;
            }
        }
    }

    /// Registers that an instruction takes besides the values live through it, and those it wants or overwrites.
    fn demand(&mut self, env: Env, inst: &Inst, b: u32, i: u32) {
        let Env { code, machine, masks, .. } = env;
        let lost = code.clobbers(machine.rows, inst).lost;
        let mut fixed = RegSet::EMPTY;
        for op in code.operands(machine.rows, inst) {
            if let Constraint::Fixed(r) = op.constraint {
                fixed.insert(r);
            }
        }
        if !fixed.is_empty() {
            self.fixed.push((i, fixed));
        }
        self.lost[b as usize] = self.lost[b as usize].union(lost).union(fixed);
        if lost.is_empty() {
            return;
        }
        if lost.intersection(masks.call).count() * 2 > masks.call.count() {
            self.seen += 1;
            self.first_call[b as usize] = i;
        }
        let lost = lost.intersection(masks.alloc);
        for class in 0..CLASSES {
            self.most[class] = self.most[class].max(self.now[class] + lost.0[class].count_ones());
        }
    }

    /// Tied operands and copies want their def's register.
    fn affinities(&mut self, env: Env, inst: &Inst, operands: &[Operand]) {
        let code = env.code;
        let count = operands.len();
        let mut join = |def: usize, used: usize| {
            let (def, used) =
                (code.pool[inst.ops as usize + def] as usize, code.pool[inst.ops as usize + used] as usize);
            if def < code.vregs.len() && used < code.vregs.len() {
                if self.hint[def] != NO_REG {
                    self.hint[used] = self.hint[def];
                }
                if self.coalesce_with[used] == NONE {
                    let next = self.coalesce_with[def];
                    self.coalesce_with[used] = if next != NONE { next } else { def as u32 };
                }
            }
        };
        let info = env.rows.get(inst.row);
        if info.plain {
            if let Some((def, used)) = info.tied() {
                join(def, used);
            }
        } else {
            for (k, op) in operands.iter().enumerate() {
                if let Constraint::Tied(u) = op.constraint
                    && (u as usize) < count
                {
                    join(k, u as usize);
                }
            }
        }
        if info.copies
            && let Some((def, used)) = env.machine.rows[inst.row as usize].copy
        {
            join(def as usize, used as usize);
        }
    }
}
