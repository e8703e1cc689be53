//! The fast path through the forward pass for most instructions: all uses are in registers already, any register does,
//! and there is room for the defs. Needs what `constrain.rs` needs and does the same; where an instruction is not that
//! simple it says so and leaves everything as it was. [`Rows`] knows which rows are candidates.

use crate::alloc::{bit, has};
use crate::code::*;
use crate::color::Pass;
use crate::next_use::{DEAD, NO_REG};

/// Most operands of a plain row.
const OPERANDS: usize = 8;
/// No operand.
const ABSENT: u8 = u8::MAX;

/// What is known of a row beforehand.
#[derive(Clone, Copy)]
pub(crate) struct RowInfo {
    /// Only uses and defs of any register, the defs all of one class and at most one of them tied, nothing clobbered.
    pub plain: bool,
    /// It copies a register.
    pub copies: bool,
    /// How many defs there are, and their class.
    defs: u8,
    class: Class,
    /// The tied def and its use.
    tied: (u8, u8),
}

impl RowInfo {
    /// The tied def and its use, of a plain row.
    pub fn tied(&self) -> Option<(usize, usize)> {
        (self.tied.0 != ABSENT).then_some((self.tied.0 as usize, self.tied.1 as usize))
    }
}

/// [`RowInfo`]s of the machine last seen.
#[derive(Default)]
pub(crate) struct Rows {
    known: Option<&'static [RowSpec]>,
    info: Vec<RowInfo>,
}

impl Rows {
    /// Makes them those of `rows`.
    pub fn update(&mut self, rows: &'static [RowSpec]) {
        if !self.known.is_some_and(|known| std::ptr::eq(known, rows)) {
            self.info.clear();
            self.info.extend(rows.iter().map(info));
            self.known = Some(rows);
        }
    }

    /// What is known of row `row`.
    pub fn get(&self, row: u16) -> &RowInfo {
        &self.info[row as usize]
    }
}

fn info(row: &RowSpec) -> RowInfo {
    let mut info =
        RowInfo { plain: false, copies: row.copy.is_some(), defs: 0, class: Class::Int, tied: (ABSENT, ABSENT) };
    if row.listed || row.operands.len() > OPERANDS || row.clobbers != RegSet::EMPTY {
        return info;
    }
    for (k, op) in row.operands.iter().enumerate() {
        if op.role == Role::Def {
            if info.defs > 0 && info.class != op.class {
                return info;
            }
            info.defs += 1;
            info.class = op.class;
        }
        match (op.role, op.constraint) {
            (Role::Use | Role::Def, Constraint::Reg) => {}
            (Role::Def, Constraint::Tied(u)) if info.tied.0 == ABSENT => {
                let used = row.operands.get(u as usize);
                let fits = |used: &Operand| {
                    used.role == Role::Use && used.constraint == Constraint::Reg && used.class == op.class
                };
                if !used.is_some_and(fits) {
                    return info;
                }
                info.tied = (k as u8, u);
            }
            _ => return info,
        }
    }
    info.plain = true;
    info
}

impl Pass<'_> {
    /// Does instruction `i`, unless it is not simple.
    pub fn plain(&mut self, i: u32) -> bool {
        let inst = &self.code.insts[i as usize];
        let info = *self.ctx.rows.get(inst.row);
        if !info.plain || self.chaos.rarely() {
            return false;
        }
        let row = &self.machine.rows[inst.row as usize];
        let base = inst.ops as usize;
        let class = info.class;
        let Some((regs, dying)) = self.in_registers(row, base, class) else { return false };
        let before = self.ctx.state.occupied.0[class as usize];
        let alloc = self.masks.alloc.0[class as usize];
        let room = alloc & !(before & !dying);
        // A count of one is a test against 0.
        let fits = match info.defs {
            0 => true,
            1 => room != 0,
            n => n as u32 <= room.count_ones(),
        };
        if !fits {
            return false;
        }
        let mut tied = NO_REG;
        if info.tied.0 != ABSENT {
            match self.plain_tied(row, base, i, info.tied, &regs) {
                Some(r) => tied = r,
                None => return false,
            }
        }
        self.plain_uses(row, base, &regs, if tied == NO_REG { ABSENT } else { info.tied.1 }, tied);
        let mut late = 0;
        if tied != NO_REG {
            late |= bit(tied);
            self.plain_def(base + info.tied.0 as usize, tied);
        }
        for (k, op) in row.operands.iter().enumerate() {
            let v = self.code.pool[base + k];
            if op.role != Role::Def || k == info.tied.0 as usize || v == NONE {
                continue;
            }
            let free = alloc & !self.ctx.state.occupied.0[class as usize] & !late;
            let copied = row.copy.filter(|&(d, _)| d as usize == k).map_or(NO_REG, |(_, u)| regs[u as usize]);
            let r = if copied != NO_REG && has(free, copied) && !self.chaos.unusual() {
                copied
            } else if let Some(r) = self.make_way(i, base + k, before | late) {
                r
            } else {
                self.choose(class, free, !0, v).expect("the room was counted")
            };
            late |= bit(r);
            self.plain_def(base + k, r);
        }
        true
    }

    /// The registers of all uses, if all are in registers, and those of the class that become free here.
    fn in_registers(&self, row: &RowSpec, base: usize, class: Class) -> Option<([u8; OPERANDS], u32)> {
        let mut regs = [NO_REG; OPERANDS];
        let mut dying = 0;
        let entries = &self.code.pool[base..base + row.operands.len()];
        let next = &self.ctx.uses.next[base..base + row.operands.len()];
        for (((op, &v), &next), reg) in row.operands.iter().zip(entries).zip(next).zip(&mut regs) {
            if v == NONE {
                continue;
            }
            if self.code.vregs[v as usize].class != op.class {
                return None;
            }
            if op.role == Role::Use {
                let r = self.ctx.state.reg[v as usize];
                if r == NO_REG {
                    return None;
                }
                *reg = r;
                dying |= ((next == DEAD && op.class == class) as u32) << (r & 31);
            }
        }
        Some((regs, dying))
    }

    /// The register of the tied pair: that of the use if it ends here, else a free one that it is copied to.
    fn plain_tied(
        &mut self,
        row: &RowSpec,
        base: usize,
        i: u32,
        (d, u): (u8, u8),
        regs: &[u8; OPERANDS],
    ) -> Option<u8> {
        let (def, used) = (self.code.pool[base + d as usize], self.code.pool[base + u as usize]);
        if def == NONE || used == NONE {
            return None;
        }
        if self.ctx.uses.next[base + u as usize] == DEAD {
            return Some(regs[u as usize]);
        }
        // The general way knows how to commute.
        let other = row.commutes.filter(|&(a, _)| a == u).map(|(_, b)| base + b as usize);
        if other.is_some_and(|other| self.ctx.uses.next[other] == DEAD) {
            return None;
        }
        let info = self.code.vregs[used as usize];
        let c = info.class as usize;
        let free = self.masks.alloc.0[c] & !self.ctx.state.occupied.0[c];
        let r = self.choose(info.class, free, !0, def)?;
        let (from, to) = (Loc::reg(PReg(regs[u as usize])), Loc::reg(PReg(r)));
        self.edits.push((Place::Before(i), Edit::Move { from, to, class: info.class, width: info.width }));
        Some(r)
    }

    /// Writes the registers of the uses, that of use `tied` being `tied_reg`, and frees those that end here.
    fn plain_uses(&mut self, row: &RowSpec, base: usize, regs: &[u8; OPERANDS], tied: u8, tied_reg: u8) {
        let state = &mut self.ctx.state;
        let span = base..base + row.operands.len();
        let entries = self.code.pool[span.clone()].iter_mut();
        for ((k, entry), &next) in entries.enumerate().zip(&self.ctx.uses.next[span]) {
            let r = regs[k];
            if r == NO_REG {
                continue;
            }
            let v = *entry;
            state.next[v as usize] = next;
            if next == DEAD {
                state.free(v);
            }
            *entry = Loc::reg(PReg(if k == tied as usize { tied_reg } else { r })).0;
        }
    }

    /// The register that the def at pool entry `at` is wanted in by the next instruction with fixed operands, if what
    /// is there lives on after that instruction: it must leave the register in any case, so it does so now, for another
    /// register or for the slot that it has. Registers in `taken`, of the class, are not free before the instruction.
    fn make_way(&mut self, i: u32, at: usize, taken: u32) -> Option<u8> {
        let v = self.code.pool[at];
        let hint = self.ctx.uses.hint[v as usize];
        let state = &self.ctx.state;
        let (soon, fixed) = state.next_fixed;
        if hint == NO_REG || self.ctx.uses.next[at] != soon {
            return None;
        }
        if !fixed.contains(PReg(hint)) || !state.occupied.contains(PReg(hint)) {
            return None;
        }
        let w = state.occ[hint as usize];
        let info = self.code.vregs[w as usize];
        let (class, alloc) = (info.class, self.masks.alloc.0[info.class as usize]);
        if state.next[w as usize] <= soon || !has(alloc, hint) {
            return None;
        }
        let free = alloc & !taken & !state.occupied.0[class as usize] & !self.avoid(class, w);
        let Some(t) = self.choose(class, free, !0, w) else {
            if !state.stored(w) {
                return None;
            }
            self.ctx.state.evict(self.code, &self.ctx.facts, w, self.block);
            return Some(hint);
        };
        self.ctx.state.free(w);
        self.ctx.state.put(w, t);
        self.ctx.state.written.insert(PReg(t));
        let (from, to) = (Loc::reg(PReg(hint)), Loc::reg(PReg(t)));
        self.edits.push((Place::Before(i), Edit::Move { from, to, class: info.class, width: info.width }));
        Some(hint)
    }

    /// The def at pool entry `at` gets register `r`.
    fn plain_def(&mut self, at: usize, r: u8) {
        let v = self.code.pool[at];
        self.remember(v, r);
        let next = self.ctx.uses.next[at];
        let state = &mut self.ctx.state;
        state.written.insert(PReg(r));
        state.next[v as usize] = next;
        if next != DEAD {
            state.put(v, r);
        }
        self.code.pool[at] = Loc::reg(PReg(r)).0;
    }
}
