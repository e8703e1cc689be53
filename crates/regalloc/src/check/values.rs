//! The checker's abstract state: which vregs each location holds, and how many bytes of them are valid. Needs nothing
//! but the contract.

use crate::code::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Vregs with their valid widths, sorted.
pub(super) type Set = Vec<(u32, u8)>;

/// A piece of memory that was stored to at once.
#[derive(Clone, PartialEq, Eq)]
struct Cell {
    width: u8,
    set: Set,
}

/// Contents of all locations at one point.
#[derive(Clone)]
pub(super) struct Values {
    regs: Vec<Set>,
    /// Spill slots, incoming and outgoing arguments, by offset.
    memory: [BTreeMap<u32, Cell>; 3],
    /// Where a vreg may be; locations that no longer hold it can be among them.
    homes: HashMap<u32, BTreeSet<Loc>>,
}

/// Which memory a location is in, and where; `None` for registers.
fn area(loc: Loc) -> Option<(usize, u32)> {
    match loc.kind() {
        LocKind::Reg(_) => None,
        LocKind::Spill(n) => Some((0, n)),
        LocKind::Incoming(n) => Some((1, n)),
        LocKind::Outgoing(n) => Some((2, n)),
    }
}

fn intersect(into: &mut Set, other: &Set) -> bool {
    let old = into.clone();
    into.retain_mut(|(v, width)| match other.binary_search_by_key(v, |&(v, _)| v) {
        Ok(at) => {
            *width = (*width).min(other[at].1);
            true
        }
        Err(_) => false,
    });
    *into != old
}

impl Values {
    pub fn new() -> Self {
        Values { regs: vec![Set::new(); PReg::COUNT], memory: Default::default(), homes: HashMap::new() }
    }

    fn set(&self, loc: Loc) -> Option<&Set> {
        match (loc.as_reg(), area(loc)) {
            (Some(r), _) => Some(&self.regs[r.0 as usize % PReg::COUNT]),
            (None, Some((space, offset))) => self.memory[space].get(&offset).map(|cell| &cell.set),
            _ => None,
        }
    }

    fn set_mut(&mut self, loc: Loc) -> Option<&mut Set> {
        match (loc.as_reg(), area(loc)) {
            (Some(r), _) => Some(&mut self.regs[r.0 as usize % PReg::COUNT]),
            (None, Some((space, offset))) => self.memory[space].get_mut(&offset).map(|cell| &mut cell.set),
            _ => None,
        }
    }

    /// How many bytes of `v` are valid in `loc`.
    pub fn valid(&self, loc: Loc, v: u32) -> u8 {
        let find = |set: &Set| set.binary_search_by_key(&v, |&(v, _)| v).ok().map(|at| set[at].1);
        self.set(loc).and_then(find).unwrap_or(0)
    }

    /// What a read of `width` bytes at `loc` gives; `None` if fewer were stored there.
    pub fn read(&self, loc: Loc, width: u8) -> Option<Set> {
        if let Some((space, offset)) = area(loc)
            && self.memory[space].get(&offset).is_some_and(|cell| cell.width < width)
        {
            return None;
        }
        let set = self.set(loc).cloned().unwrap_or_default();
        Some(set.into_iter().map(|(v, valid)| (v, valid.min(width))).collect())
    }

    /// Overwrites `width` bytes at `loc`.
    pub fn write(&mut self, loc: Loc, width: u8, set: Set) {
        for &(v, _) in &set {
            self.homes.entry(v).or_default().insert(loc);
        }
        if let Some(r) = loc.as_reg() {
            self.regs[r.0 as usize % PReg::COUNT] = set;
        } else if let Some((space, offset)) = area(loc) {
            let memory = &mut self.memory[space];
            let end = offset + width as u32;
            let overlaps = |(&at, cell): (&u32, &Cell)| (at + cell.width as u32 > offset).then_some(at);
            let gone: Vec<u32> = memory.range(offset.saturating_sub(256)..end).filter_map(overlaps).collect();
            for at in gone {
                memory.remove(&at);
            }
            memory.insert(offset, Cell { width, set });
        }
    }

    /// The register's content is lost.
    pub fn kill(&mut self, r: PReg) {
        self.regs[r.0 as usize % PReg::COUNT].clear();
    }

    /// Only the low `kept` bytes of the register survive.
    pub fn narrow(&mut self, r: PReg, kept: u8) {
        let set = &mut self.regs[r.0 as usize % PReg::COUNT];
        set.iter_mut().for_each(|(_, valid)| *valid = (*valid).min(kept));
        set.retain(|&(_, valid)| valid > 0);
    }

    /// The callee owns outgoing arguments.
    pub fn kill_outgoing(&mut self) {
        self.memory[2].clear();
    }

    /// `v` gets a new definition: copies of an earlier one are worthless.
    pub fn forget(&mut self, v: u32) {
        for loc in self.homes.remove(&v).unwrap_or_default() {
            if let Some(set) = self.set_mut(loc) {
                set.retain(|&(w, _)| w != v);
            }
        }
    }

    /// Names parameters after their arguments: pairs of (parameter, its width, argument, bytes passed).
    pub fn rename(&mut self, pairs: &[(u32, u8, u32, u8)]) {
        let mut added = Vec::new();
        for &(param, width, arg, passed) in pairs {
            for &loc in self.homes.get(&arg).into_iter().flatten() {
                let valid = self.valid(loc, arg);
                added.push((loc, param, if valid >= passed { width } else { valid }));
            }
        }
        for &(param, ..) in pairs {
            self.forget(param);
        }
        for (loc, param, valid) in added {
            if valid == 0 {
                continue;
            }
            if let Some(set) = self.set_mut(loc) {
                let at = set.partition_point(|&(v, _)| v < param);
                set.insert(at, (param, valid));
                self.homes.entry(param).or_default().insert(loc);
            }
        }
    }

    /// Keeps what `other` holds too; true if that changed anything.
    pub fn meet(&mut self, other: &Values) -> bool {
        let mut changed = false;
        for (mine, theirs) in self.regs.iter_mut().zip(&other.regs) {
            changed |= intersect(mine, theirs);
        }
        for (mine, theirs) in self.memory.iter_mut().zip(&other.memory) {
            let before = mine.len();
            mine.retain(|at, _| theirs.contains_key(at));
            changed |= mine.len() != before;
            for (at, cell) in mine {
                let other = &theirs[at];
                changed |= other.width < cell.width;
                cell.width = cell.width.min(other.width);
                changed |= intersect(&mut cell.set, &other.set);
            }
        }
        changed
    }
}
