//! What emission knows of the flags: whether something reads them, which decides how a zero is made, and what they tell
//! of a register, so that it need not be tested again. Needs the rows.

use super::*;
use windlass_desc::x64::Told;
use windlass_regalloc::Role;

/// Whether something reads the flags as they are now.
#[derive(Default)]
pub(super) struct FlagsAhead {
    /// The instruction that comes next, and the end of its block.
    pub next: u32,
    end: u32,
    /// From the first of these to the second nothing touches flags; there, are they read?
    known: (u32, u32, bool),
}

impl FlagsAhead {
    /// In a block with this end, of which nothing is known.
    pub fn of(end: u32) -> FlagsAhead {
        FlagsAhead { next: 0, end, known: (1, 0, false) }
    }

    pub fn read(&mut self, insts: &[Inst]) -> bool {
        if self.next < self.known.0 || self.next > self.known.1 {
            let row = |i: u32| &ROWS[insts[i as usize].row as usize];
            let at = (self.next..self.end).find(|&i| row(i).reads_flags || row(i).writes_flags);
            self.known = (self.next, at.unwrap_or(self.end), at.is_some_and(|i| row(i).reads_flags));
        }
        self.known.2
    }
}

/// A register whose value the flags are of, as its row's column says, at a width in bits.
#[derive(Clone, Copy)]
pub(super) struct FlagsBehind {
    reg: u32,
    width: u8,
    told: Told,
}

impl Emitter<'_> {
    /// Is it a test of a register that all who read its flags can do without, since the flags are of that register already?
    pub(super) fn is_told(&self, i: u32, inst: &Inst, ops: &[u32]) -> bool {
        let (Some(behind), TEST8_RR | TEST16_RR | TEST32_RR | TEST64_RR) = (self.behind, inst.row) else {
            return false;
        };
        if ops[0] != behind.reg || ops[1] != behind.reg {
            return false;
        }
        match (behind.width, SPECS[inst.row as usize].width) {
            (of, width) if of == width && behind.told == Told::All => true,
            (of, width) if of == width => self.asks_only(i, &[Cc::E, Cc::Ne, Cc::S, Cc::Ns]),
            // the upper half is zero
            (32, 64) => self.asks_only(i, &[Cc::E, Cc::Ne]),
            _ => false,
        }
    }

    /// Are the flags of instruction `i` read for these conditions only? Sums with a carry have another.
    fn asks_only(&self, i: u32, conditions: &[Cc]) -> bool {
        for inst in &self.machine.code.insts[i as usize + 1..self.flags.end as usize] {
            let row = &ROWS[inst.row as usize];
            if row.reads_flags && !conditions.contains(&condition(inst)) {
                return false;
            }
            if row.writes_flags {
                break;
            }
        }
        true
    }

    /// An instruction comes next: what do flags tell after it?
    pub(super) fn after_inst(&mut self, inst: &Inst, ops: &[u32]) {
        let row = &ROWS[inst.row as usize];
        if row.writes_flags || row.listed {
            let (told, width) = (TOLD[inst.row as usize], SPECS[inst.row as usize].width);
            self.behind = (told != Told::Nothing).then(|| FlagsBehind { reg: ops[0], width, told });
        } else if let Some(behind) = self.behind
            && row.operands.iter().zip(ops).any(|(o, &r)| o.role != Role::Use && r == behind.reg)
        {
            self.behind = None;
        }
    }

    /// An edit comes next, which changes no flags.
    pub(super) fn after_edit(&mut self, edit: Edit) {
        let changed = |r: Loc| self.behind.is_some_and(|b| b.reg == r.0);
        if match edit {
            Edit::Move { to, .. } => changed(to),
            Edit::Exchange { a, b, .. } => changed(Loc::reg(a)) || changed(Loc::reg(b)),
            Edit::Remat { to, .. } => changed(Loc::reg(to)),
        } {
            self.behind = None;
        }
    }
}
