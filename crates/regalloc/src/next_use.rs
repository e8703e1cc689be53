//! The backward sweep over all instructions. Needs liveness; leaves, for each operand, the position of the vreg's next
//! use after the instruction, and per vreg its wanted register, its web of block parameters, the end of its live
//! range, and whether it is live across a call; per block the pressure.

use crate::alloc::{Masks, mask};
use crate::code::*;
use crate::liveness::Liveness;
use crate::scan::{CROSSES, Facts};

/// Position of the next use of a vreg that has none.
pub(crate) const DEAD: u32 = u32::MAX;
/// No register.
pub(crate) const NO_REG: u8 = u8::MAX;

/// What the sweep finds.
#[derive(Default)]
pub(crate) struct NextUses {
    /// Per pool entry of an instruction operand: instruction of the next use, beyond the block's end if it is
    /// elsewhere, [`DEAD`] if there is none.
    pub next: Vec<u32>,
    /// Wanted register of a vreg.
    pub hint: Vec<u8>,
    /// The block parameter whose web of arguments a vreg belongs to.
    pub web: Vec<u32>,
    /// Last point of the live range: twice the instruction, plus one if live after it.
    pub range_end: Vec<u32>,
    /// Per block: most registers of each class wanted at one point.
    pub pressure: Vec<[u32; CLASSES]>,
    /// Per block: has a call.
    pub calls: Vec<bool>,
    cur: Vec<u32>,
    live: Vec<u32>,
    /// Calls seen below the last use.
    mark: Vec<u32>,
    seen: u32,
    now: [u32; CLASSES],
}

fn refill<T: Clone>(list: &mut Vec<T>, n: usize, value: T) {
    list.clear();
    list.resize(n, value);
}

impl NextUses {
    pub fn sweep(&mut self, code: &Code, machine: &Machine, masks: &Masks, facts: &mut Facts, live: &Liveness) {
        let n = code.vregs.len();
        refill(&mut self.next, code.pool.len(), DEAD);
        refill(&mut self.hint, n, NO_REG);
        refill(&mut self.web, n, NONE);
        refill(&mut self.range_end, n, 0);
        refill(&mut self.cur, n, DEAD);
        refill(&mut self.live, n, NONE);
        refill(&mut self.mark, n, 0);
        refill(&mut self.pressure, code.blocks.len(), [0; CLASSES]);
        refill(&mut self.calls, code.blocks.len(), false);
        for b in (0..code.blocks.len() as u32).rev() {
            self.block(code, machine, masks, facts, live, b);
        }
        for (v, &mem) in live.mem_only.iter().enumerate() {
            if mem {
                self.range_end[v] = u32::MAX;
            }
        }
    }

    fn block(&mut self, code: &Code, machine: &Machine, masks: &Masks, facts: &mut Facts, live: &Liveness, b: u32) {
        let block = &code.blocks[b as usize];
        self.seen = 0;
        self.now = [0; CLASSES];
        let end = block.insts.1;
        live.for_live_out(code, facts, b, |v, d| {
            let at = v as usize;
            self.range_end[at] = self.range_end[at].max(2 * end - 1);
            if self.live[at] == b {
                self.cur[at] = self.cur[at].min(end + d);
            } else {
                self.cur[at] = end + d;
                self.begin(code, v, b);
            }
        });
        for e in block.succs.0..block.succs.1 {
            let edge = &code.edges[e as usize];
            let params = code.blocks[edge.to as usize].params;
            for (param, arg) in (params.0..params.1).zip(edge.args.0..edge.args.1) {
                let (param, arg) = (code.pool[param as usize] as usize, code.pool[arg as usize] as usize);
                self.hint[arg] = self.hint[param];
                facts.flags[arg] |= facts.flags[param] & CROSSES;
                self.web[arg] = if self.web[param] != NONE { self.web[param] } else { param as u32 };
            }
        }
        self.pressure[b as usize] = self.now;
        for i in (block.insts.0..end).rev() {
            self.inst(code, machine, masks, facts, b, i);
        }
        for entry in live.live_in(b) {
            self.across(facts, entry.v);
        }
        for &param in &code.pool[block.params.0 as usize..block.params.1 as usize] {
            if self.live[param as usize] == b {
                self.across(facts, param);
            }
        }
        self.calls[b as usize] = self.seen > 0;
    }

    /// Going backward, `v` becomes live.
    fn begin(&mut self, code: &Code, v: u32, b: u32) {
        self.live[v as usize] = b;
        self.mark[v as usize] = self.seen;
        self.now[code.vregs[v as usize].class as usize] += 1;
    }

    fn across(&self, facts: &mut Facts, v: u32) {
        if self.seen > self.mark[v as usize] {
            facts.flags[v as usize] |= CROSSES;
        }
    }

    fn inst(&mut self, code: &Code, machine: &Machine, masks: &Masks, facts: &mut Facts, b: u32, i: u32) {
        let inst = &code.insts[i as usize];
        let operands = code.operands(machine.rows, inst);
        let base = inst.ops as usize;
        let entry = |k: usize| code.pool[base + k];
        for (k, op) in operands.iter().enumerate() {
            let v = entry(k);
            if op.role == Role::Use || v == NONE {
                continue;
            }
            let at = v as usize;
            self.range_end[at] = self.range_end[at].max(2 * i + 1);
            if self.live[at] == b {
                self.next[base + k] = self.cur[at];
                self.across(facts, v);
                self.live[at] = NONE;
                self.now[op.class as usize] -= 1;
            }
        }
        self.demand(code, masks, machine, inst, b);
        for (k, op) in operands.iter().enumerate() {
            let at = entry(k) as usize;
            if op.role == Role::Use && entry(k) != NONE && self.live[at] == b {
                self.next[base + k] = self.cur[at];
                self.across(facts, entry(k));
            }
        }
        for (k, op) in operands.iter().enumerate() {
            if op.role == Role::Use && entry(k) != NONE {
                self.operand_use(code, entry(k), op, b, i);
            }
        }
        self.wishes(code, machine, inst, operands);
        for class in 0..CLASSES {
            let most = &mut self.pressure[b as usize][class];
            *most = (*most).max(self.now[class]);
        }
    }

    fn operand_use(&mut self, code: &Code, v: u32, op: &Operand, b: u32, i: u32) {
        let at = v as usize;
        if self.live[at] != b {
            self.begin(code, v, b);
        }
        self.cur[at] = i;
        self.range_end[at] = self.range_end[at].max(2 * i);
        if let Constraint::Fixed(r) = op.constraint {
            self.hint[at] = r.0;
        }
    }

    /// Registers that an instruction takes besides the values live through it.
    fn demand(&mut self, code: &Code, masks: &Masks, machine: &Machine, inst: &Inst, b: u32) {
        let lost = mask(code.clobbers(machine.rows, inst));
        let mut taken = [0; CLASSES];
        for op in code.operands(machine.rows, inst) {
            taken[op.class as usize] += (op.role != Role::Use) as u32;
        }
        let saved = (masks.alloc[0] | masks.alloc[1]) & masks.callee;
        let call = (masks.alloc[0] | masks.alloc[1]) & !saved;
        if lost != 0 && (lost & call).count_ones() * 2 > call.count_ones() {
            self.seen += 1;
        }
        for (class, taken) in taken.into_iter().enumerate() {
            let most = &mut self.pressure[b as usize][class];
            *most = (*most).max(self.now[class] + taken.max((lost & masks.alloc[class]).count_ones()));
        }
    }

    /// Tied operands and copies want their def's register.
    fn wishes(&mut self, code: &Code, machine: &Machine, inst: &Inst, operands: &[Operand]) {
        let entry = |k: usize| code.pool[inst.ops as usize + k] as usize;
        let mut wish = |def: usize, used: usize| {
            if def < code.vregs.len() && used < code.vregs.len() && self.hint[def] != NO_REG {
                self.hint[used] = self.hint[def];
            }
            if def < code.vregs.len() && used < code.vregs.len() && self.web[used] == NONE {
                self.web[used] = self.web[def];
            }
        };
        for (k, op) in operands.iter().enumerate() {
            if let Constraint::Tied(u) = op.constraint
                && (u as usize) < operands.len()
            {
                wish(entry(k), entry(u as usize));
            }
        }
        if let Some((def, used)) = machine.rows[inst.row as usize].copy {
            wish(entry(def as usize), entry(used as usize));
        }
    }
}
