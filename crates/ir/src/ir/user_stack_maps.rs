//! User stack maps: which stack slots hold values that a collector must know of while a call runs.

use super::StackSlot;
use super::types::Type;
use smallvec::SmallVec;

/// The entries of most calls.
pub(crate) type UserStackMapEntryVec = SmallVec<[UserStackMapEntry; 4]>;

/// One live value at a call.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserStackMapEntry {
    /// Its type.
    pub ty: Type,
    /// The slot that holds it.
    pub slot: StackSlot,
    /// Where in the slot.
    pub offset: u32,
}

/// All live values at a call, in a frame that is laid out.
#[derive(Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserStackMap {
    entries: SmallVec<[(Type, u32); 4]>,
}

impl UserStackMap {
    /// The map of entries in a frame in which `slot_offset` says how far above the stack pointer each slot is.
    pub fn new(entries: &[UserStackMapEntry], slot_offset: impl Fn(StackSlot) -> u32) -> Self {
        let entries = entries.iter().map(|e| (e.ty, slot_offset(e.slot).saturating_add(e.offset))).collect();
        UserStackMap { entries }
    }
    /// Types of live values, and how far above the stack pointer they are.
    pub fn entries(&self) -> impl Iterator<Item = (Type, u32)> + '_ {
        self.entries.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::types::I64;

    #[test]
    fn offsets_add_up() {
        let entry = UserStackMapEntry { ty: I64, slot: StackSlot::from_u32(2), offset: 8 };
        let map = UserStackMap::new(&[entry], |slot| slot.as_u32() * 100);
        assert_eq!(map.entries().collect::<Vec<_>>(), [(I64, 208)]);
    }
}
