//! The checker: proves that an allocation preserves the meaning of the code it was made for. Needs the code before and
//! after, and the allocation; shares nothing with the allocator but the contract in `code.rs`.
//!
//! A forward data-flow analysis from the operands as they were: a state says which vregs each location holds and how
//! many bytes of them are valid; states meet by intersection. Every use must find its vreg in its location; defs,
//! clobbers and edits change the state. A parameter's vreg is a new name for whatever holds the argument. Scratch
//! registers are empty at the start of each sequence of edits, since the emitter may have used them.

mod values;

use crate::code::*;
use std::collections::{BTreeSet, HashMap};
use values::{Set, Values};

/// What is wrong with an allocation.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CheckError {
    /// Something other than the locations has changed.
    #[error("the allocator changed {0}")]
    Changed(&'static str),
    /// A use does not find its vreg in its location.
    #[error("instruction {inst}: operand {operand} expects v{vreg} in {loc:?}, which has {valid} bytes of it")]
    Use {
        /// The instruction.
        inst: u32,
        /// Index of the operand.
        operand: usize,
        /// The vreg expected.
        vreg: u32,
        /// Where.
        loc: Loc,
        /// Bytes of the vreg that are valid there.
        valid: u8,
    },
    /// An operand's location breaks its constraint.
    #[error("instruction {inst}: operand {operand} in {loc:?}: {why}")]
    Operand {
        /// The instruction.
        inst: u32,
        /// Index of the operand.
        operand: usize,
        /// Its location.
        loc: Loc,
        /// The constraint.
        why: &'static str,
    },
    /// An edit is impossible.
    #[error("{edit:?}: {why}")]
    Edit {
        /// The edit.
        edit: Edit,
        /// Why.
        why: &'static str,
    },
    /// The list of edits is malformed.
    #[error("edits: {0}")]
    Order(&'static str),
    /// A callee-saved register is written but not listed as saved.
    #[error("{0:?} is written but not saved")]
    Saved(PReg),
}

struct Checker<'a> {
    before: &'a Code,
    after: &'a Code,
    alloc: &'a Allocation,
    machine: &'a Machine,
    allocatable: RegSet,
    scratch: RegSet,
    edge_edits: HashMap<u32, &'a [Edit]>,
}

/// Checks that `after` and `alloc` are a right allocation of `before`.
pub fn check(before: &Code, after: &Code, alloc: &Allocation, machine: &Machine) -> Result<(), CheckError> {
    let set = |list: fn(&ClassSpec) -> &'static [PReg]| {
        machine.classes.iter().flat_map(list).fold(RegSet::EMPTY, |set, &r| set.with(r))
    };
    let (allocatable, scratch) = (set(|class| class.order), set(|class| class.scratch));
    let mut checker = Checker { before, after, alloc, machine, allocatable, scratch, edge_edits: HashMap::new() };
    checker.structure()?;
    checker.flow()
}

impl<'a> Checker<'a> {
    fn structure(&mut self) -> Result<(), CheckError> {
        let (before, after) = (self.before, self.after);
        let same = [
            (before.insts == after.insts, "instructions"),
            (before.blocks == after.blocks, "blocks"),
            (before.edges == after.edges && before.preds == after.preds, "edges"),
            (before.vregs == after.vregs, "vregs"),
            (before.lists == after.lists && before.list_operands == after.list_operands, "operand lists"),
            (before.pool.len() == after.pool.len(), "the length of the pool"),
        ];
        if let Some((_, what)) = same.iter().find(|(same, _)| !same) {
            return Err(CheckError::Changed(what));
        }
        if !self.alloc.edits.is_sorted_by_key(|&(place, _)| order(place)) {
            return Err(CheckError::Order("not sorted"));
        }
        let terminators: BTreeSet<u32> = before.blocks.iter().map(|b| b.insts.1 - 1).collect();
        for &(place, _) in &self.alloc.edits {
            match place {
                Place::After(i) if terminators.contains(&i) => return Err(CheckError::Order("after a terminator")),
                Place::Before(i) | Place::After(i) if i as usize >= before.insts.len() => {
                    return Err(CheckError::Order("out of range"));
                }
                _ => {}
            }
        }
        for &(edge, (from, to)) in &self.alloc.edge_blocks {
            let Some(edits) = self.alloc.edge_edits.get(from as usize..to as usize) else {
                return Err(CheckError::Order("an edge block's span is out of range"));
            };
            if edge as usize >= before.edges.len() || self.edge_edits.insert(edge, edits).is_some() {
                return Err(CheckError::Order("an edge block is doubled or has no edge"));
            }
        }
        Ok(())
    }

    fn flow(&self) -> Result<(), CheckError> {
        let mut states: Vec<Option<Values>> = vec![None; self.before.blocks.len()];
        states[0] = Some(Values::new());
        let mut work = BTreeSet::from([0u32]);
        while let Some(b) = work.pop_first() {
            let Some(mut state) = states[b as usize].clone() else { continue };
            let block = &self.before.blocks[b as usize];
            for i in block.insts.0..block.insts.1 {
                self.scratch.iter().for_each(|r| state.kill(r));
                let names = if i == block.insts.0 { self.names(b) } else { Vec::new() };
                self.edits(&mut state, Place::Before(i), &names)?;
                self.inst(&mut state, i)?;
                self.edits(&mut state, Place::After(i), &[])?;
            }
            for e in block.succs.0..block.succs.1 {
                let mut state = state.clone();
                self.scratch.iter().for_each(|r| state.kill(r));
                for edit in self.edge_edits.get(&e).into_iter().flat_map(|edits| edits.iter()) {
                    self.edit(&mut state, edit, None, &[])?;
                }
                self.rename(&mut state, e);
                let to = self.before.edges[e as usize].to;
                let changed = match &mut states[to as usize] {
                    Some(known) => known.meet(&state),
                    empty => {
                        *empty = Some(state);
                        true
                    }
                };
                if changed {
                    work.insert(to);
                }
            }
        }
        Ok(())
    }

    fn rename(&self, state: &mut Values, e: u32) {
        let edge = &self.before.edges[e as usize];
        let params = self.before.blocks[edge.to as usize].params;
        let pair = |(param, arg): (u32, u32)| {
            let (param, arg) = (self.before.pool[param as usize], self.before.pool[arg as usize]);
            let width = |v: u32| self.before.vregs[v as usize].width;
            (param, width(param), arg, width(param).min(width(arg)))
        };
        let pairs: Vec<_> = (params.0..params.1).zip(edge.args.0..edge.args.1).map(pair).collect();
        state.rename(&pairs);
    }

    /// Argument and parameter pairs of a block with one incoming edge: there they are names for the same value, so
    /// that repeating the argument's definition at the block's start gives the parameter too.
    fn names(&self, b: u32) -> Vec<(u32, u32)> {
        let block = &self.before.blocks[b as usize];
        let (from, to) = block.preds;
        if to - from != 1 || b == 0 {
            return Vec::new();
        }
        let args = self.before.edges[self.before.preds[from as usize] as usize].args;
        let entry = |k: u32| self.before.pool[k as usize];
        (args.0..args.1).zip(block.params.0..block.params.1).map(|(arg, param)| (entry(arg), entry(param))).collect()
    }

    fn edits(&self, state: &mut Values, place: Place, names: &[(u32, u32)]) -> Result<(), CheckError> {
        let edits = &self.alloc.edits;
        let from = edits.partition_point(|&(at, _)| order(at) < order(place));
        for (_, edit) in edits[from..].iter().take_while(|&&(at, _)| at == place) {
            let next = match place {
                Place::Before(i) => Some(i),
                Place::After(_) => None,
            };
            self.edit(state, edit, next, names)?;
        }
        Ok(())
    }

    /// `next` is the instruction that follows, whose pinned uses may be outside the allocatable registers.
    fn edit(&self, state: &mut Values, edit: &Edit, next: Option<u32>, names: &[(u32, u32)]) -> Result<(), CheckError> {
        let fail = |why| Err(CheckError::Edit { edit: *edit, why });
        match *edit {
            Edit::Move { from, to, class, width } => {
                if from.as_reg().is_none() && to.as_reg().is_none() {
                    return fail("from memory to memory");
                }
                for loc in [from, to] {
                    if loc.as_reg().is_some_and(|r| r.class() != class) {
                        return fail("a register of another class");
                    }
                    if !self.in_frame(loc, width) {
                        return fail("outside the spill area, or not aligned");
                    }
                }
                if matches!(to.kind(), LocKind::Incoming(_)) || matches!(from.kind(), LocKind::Outgoing(_)) {
                    return fail("writes an incoming or reads an outgoing argument");
                }
                if to.as_reg().is_some_and(|r| !self.writable(next, r)) {
                    return fail("writes a reserved register");
                }
                if self.machine.classes[class as usize].widths & width == 0 || !width.is_power_of_two() {
                    return fail("the machine has no move of this width");
                }
                match state.read(from, width) {
                    Some(set) => state.write(to, width, set),
                    None => return fail("reads more than was stored"),
                }
            }
            Edit::Exchange { a, b, class } => {
                if !self.machine.classes[class as usize].exchange || a.class() != class || b.class() != class {
                    return fail("the machine cannot exchange these");
                }
                if !self.allocatable.contains(a) || !self.allocatable.contains(b) {
                    return fail("exchanges a reserved register");
                }
                let (x, y) = (state.read(Loc::reg(a), u8::MAX), state.read(Loc::reg(b), u8::MAX));
                state.write(Loc::reg(b), u8::MAX, x.unwrap_or_default());
                state.write(Loc::reg(a), u8::MAX, y.unwrap_or_default());
            }
            Edit::Remat { inst, to } => match self.repeated(inst) {
                Some((v, class)) if class == to.class() => {
                    if !self.writable(next, to) {
                        return fail("writes a reserved register");
                    }
                    let others = names.iter().filter(|&&(arg, _)| arg == v).map(|&(_, param)| param);
                    let width = |v: u32| self.before.vregs[v as usize].width;
                    let mut set: Set = others.chain([v]).map(|v| (v, width(v))).collect();
                    set.sort_unstable();
                    state.write(Loc::reg(to), u8::MAX, set);
                }
                _ => return fail("cannot be repeated"),
            },
        }
        let written = match *edit {
            Edit::Move { to, .. } => [to.as_reg(), None],
            Edit::Exchange { a, b, .. } => [Some(a), Some(b)],
            Edit::Remat { to, .. } => [Some(to), None],
        };
        written.into_iter().flatten().try_for_each(|r| self.saved(r))
    }

    /// The vreg that instruction `inst` defines, if it can be repeated where nothing but that register may change.
    fn repeated(&self, inst: u32) -> Option<(u32, Class)> {
        let inst = self.before.insts.get(inst as usize)?;
        let row = &self.machine.rows[inst.row as usize];
        let [def] = self.before.operands(self.machine.rows, inst) else { return None };
        let quiet = row.remat && !row.reads_flags && !row.writes_flags;
        let free = def.role == Role::Def && matches!(def.constraint, Constraint::Reg | Constraint::Any);
        let harmless = self.before.clobbers(self.machine.rows, inst).is_empty();
        (quiet && free && harmless).then(|| (self.before.pool[inst.ops as usize], def.class))
    }

    fn writable(&self, next: Option<u32>, r: PReg) -> bool {
        self.allocatable.contains(r) || self.scratch.contains(r) || self.pinned(next, r)
    }

    fn pinned(&self, next: Option<u32>, r: PReg) -> bool {
        let Some(i) = next else { return false };
        let operands = self.before.operands(self.machine.rows, &self.before.insts[i as usize]);
        operands.iter().any(|op| op.role == Role::Use && op.constraint == Constraint::Fixed(r))
    }

    fn saved(&self, r: PReg) -> Result<(), CheckError> {
        let usable = self.allocatable.contains(r) || self.scratch.contains(r);
        let must = self.machine.callee_saved.contains(r) && usable;
        if must && !self.alloc.saved.contains(r) { Err(CheckError::Saved(r)) } else { Ok(()) }
    }

    fn in_frame(&self, loc: Loc, width: u8) -> bool {
        let LocKind::Spill(offset) = loc.kind() else { return true };
        let width = width as u32;
        let aligned = width < 16 || offset.is_multiple_of(width) && self.alloc.spill_align.is_multiple_of(width);
        width > 0 && offset + width <= self.alloc.spill_size && aligned
    }

    fn inst(&self, state: &mut Values, i: u32) -> Result<(), CheckError> {
        let inst = &self.before.insts[i as usize];
        let row = &self.machine.rows[inst.row as usize];
        let operands = self.before.operands(self.machine.rows, inst);
        let span = inst.ops as usize..inst.ops as usize + operands.len();
        let mut vregs = self.before.pool[span.clone()].to_vec();
        let locs = &self.after.pool[span];
        if let Err(error) = self.uses(state, i, operands, &vregs, locs) {
            let Some((a, b)) = row.commutes else { return Err(error) };
            vregs.swap(a as usize, b as usize);
            if operands[a as usize] != operands[b as usize] || self.uses(state, i, operands, &vregs, locs).is_err() {
                return Err(error);
            }
        }
        let clobbers = self.before.clobbers(self.machine.rows, inst);
        for (k, op) in operands.iter().enumerate().filter(|&(k, _)| vregs[k] != NONE) {
            let loc = Loc(locs[k]);
            let fail = |why| Err(CheckError::Operand { inst: i, operand: k, loc, why });
            let width = op.width.max(self.before.vregs[vregs[k] as usize].width);
            let clobbered = clobbers.of(op.class, width);
            if let Err(why) = self.constraint(op, loc, operands, locs, RegSet::of(op.class, clobbered)) {
                return fail(why);
            }
            if let Some(why) = conflict(k, operands, &vregs, locs) {
                return fail(why);
            }
        }
        for r in clobbers.lost.iter() {
            state.kill(r);
            self.saved(r)?;
        }
        for r in clobbers.narrowed.iter() {
            let kept = clobbers.kept[r.class() as usize];
            state.narrow(r, kept);
            if kept < self.machine.classes[r.class() as usize].kept {
                self.saved(r)?;
            }
        }
        if row.listed {
            state.kill_outgoing();
        }
        for (k, op) in operands.iter().enumerate().filter(|&(k, op)| op.role != Role::Use && vregs[k] != NONE) {
            let (loc, v) = (Loc(locs[k]), vregs[k]);
            state.forget(v);
            let width = self.before.vregs[v as usize].width;
            let set: Set = if op.role == Role::Temp { Set::new() } else { vec![(v, width)] };
            state.write(loc, width, set);
            loc.as_reg().map_or(Ok(()), |r| self.saved(r))?;
        }
        Ok(())
    }

    fn uses(
        &self,
        state: &Values,
        i: u32,
        operands: &[Operand],
        vregs: &[u32],
        locs: &[u32],
    ) -> Result<(), CheckError> {
        for (k, op) in operands.iter().enumerate() {
            if vregs[k] == NONE {
                if locs[k] != NONE {
                    return Err(CheckError::Changed("an absent operand"));
                }
            } else if op.role == Role::Use {
                let (vreg, loc) = (vregs[k], Loc(locs[k]));
                let valid = state.valid(loc, vreg);
                if valid < op.width.min(self.before.vregs[vreg as usize].width) || valid == 0 {
                    return Err(CheckError::Use { inst: i, operand: k, vreg, loc, valid });
                }
            }
        }
        Ok(())
    }

    fn constraint(
        &self,
        op: &Operand,
        loc: Loc,
        operands: &[Operand],
        locs: &[u32],
        clobbers: RegSet,
    ) -> Result<(), &'static str> {
        let reg = loc.as_reg();
        if reg.is_some_and(|r| r.class() != op.class) {
            return Err("a register of another class");
        }
        let allocatable = reg.is_some_and(|r| self.allocatable.contains(r));
        let survives = op.role == Role::Use || reg.is_none_or(|r| !clobbers.contains(r));
        if reg.is_none() && !self.in_frame(loc, op.width) {
            return Err("outside the spill area, or not aligned");
        }
        let memory = matches!(loc.kind(), LocKind::Spill(_)) || op.role == Role::Use && reg.is_none();
        let right = match op.constraint {
            Constraint::Reg => allocatable && survives,
            Constraint::Any => (allocatable && survives) || memory && !matches!(loc.kind(), LocKind::Outgoing(_)),
            Constraint::Fixed(r) => reg == Some(r),
            Constraint::Incoming(offset) => loc == Loc::incoming(offset),
            Constraint::Outgoing(offset) => loc == Loc::outgoing(offset),
            Constraint::Tied(u) => {
                let pinned = matches!(operands[u as usize].constraint, Constraint::Fixed(_));
                loc.0 == locs[u as usize] && reg.is_some() && (pinned || allocatable && survives)
            }
        };
        if right { Ok(()) } else { Err("not what the constraint asks for") }
    }
}

/// Does operand `k` share its location with one that it must not share it with?
fn conflict(k: usize, operands: &[Operand], vregs: &[u32], locs: &[u32]) -> Option<&'static str> {
    let role = operands[k].role;
    if role == Role::Use || matches!(operands[k].constraint, Constraint::Incoming(_)) {
        return None;
    }
    let early = role != Role::Def;
    for (j, other) in operands.iter().enumerate() {
        if j == k || vregs[j] == NONE || locs[j] != locs[k] {
            continue;
        }
        if other.role != Role::Use {
            return Some("two defs in one place");
        }
        if early {
            return Some("written while a use in the same place is still to be read");
        }
    }
    None
}

fn order(place: Place) -> (u32, bool) {
    match place {
        Place::Before(i) => (i, false),
        Place::After(i) => (i, true),
    }
}
