//! Debug tags: what a user wants to find again beside the code of an instruction.

use super::{Inst, StackSlot};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// A tag.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DebugTag {
    /// A number of the user's.
    User(u32),
    /// A stack slot, which will be told as a place in the frame.
    StackSlot(StackSlot),
}

impl fmt::Display for DebugTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DebugTag::User(n) => n.fmt(f),
            DebugTag::StackSlot(slot) => slot.fmt(f),
        }
    }
}

/// The tags of instructions. Equal lists of neighbours are stored once.
#[derive(Clone, PartialEq, Hash, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DebugTags {
    tags: Vec<DebugTag>,
    insts: BTreeMap<Inst, Range<u32>>,
}

impl DebugTags {
    /// Forgets all tags.
    pub fn clear(&mut self) {
        self.tags.clear();
        self.insts.clear();
    }
    /// Are there no tags?
    pub fn is_empty(&self) -> bool {
        self.insts.is_empty()
    }
    /// Has this instruction tags?
    pub fn has(&self, inst: Inst) -> bool {
        self.insts.contains_key(&inst)
    }
    /// The tags of an instruction.
    pub fn get(&self, inst: Inst) -> &[DebugTag] {
        self.insts.get(&inst).map_or(&[], |r| self.tags.get(r.start as usize..r.end as usize).unwrap_or(&[]))
    }
    /// Gives an instruction these tags instead of those it has.
    pub fn set(&mut self, inst: Inst, tags: impl IntoIterator<Item = DebugTag>) {
        let start = self.tags.len();
        self.tags.extend(tags);
        let len = self.tags.len() - start;
        let (before, new) = self.tags.split_at(start);
        if len == 0 {
            self.insts.remove(&inst);
        } else if before.ends_with(new) {
            self.tags.truncate(start);
            self.insts.insert(inst, (start - len) as u32..start as u32);
        } else {
            self.insts.insert(inst, start as u32..(start + len) as u32);
        }
    }
    /// Gives an instruction the tags of another.
    pub fn clone_tags(&mut self, from: Inst, to: Inst) {
        match self.insts.get(&from).cloned() {
            Some(range) => self.insts.insert(to, range),
            None => self.insts.remove(&to),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_share() {
        let mut tags = DebugTags::default();
        let (a, b) = (Inst::from_u32(1), Inst::from_u32(2));
        let list = [DebugTag::User(3), DebugTag::StackSlot(StackSlot::from_u32(0))];
        tags.set(a, list.clone());
        tags.set(b, list.clone());
        assert_eq!(
            (tags.get(a), tags.get(b), tags.tags.len(), tags.has(Inst::from_u32(0))),
            (&list[..], &list[..], 2, false)
        );
        tags.set(a, []);
        tags.clone_tags(a, b);
        assert!(tags.is_empty() && tags.get(b).is_empty());
    }
}
