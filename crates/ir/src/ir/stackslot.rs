//! Stack slots: memory of a function's frame.

use super::{DynamicStackSlot, DynamicType, StackSlot};
use std::fmt;
use std::str::FromStr;
use windlass_entity::PrimaryMap;

/// Bytes of stack.
pub type StackSize = u32;
/// All slots of fixed size of a function.
pub type StackSlots = PrimaryMap<StackSlot, StackSlotData>;
/// All slots of dynamic vectors of a function.
pub type DynamicStackSlots = PrimaryMap<DynamicStackSlot, DynamicStackSlotData>;

/// What a slot is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StackSlotKind {
    /// Memory that the program asks for.
    ExplicitSlot,
    /// The same, for a dynamic vector.
    ExplicitDynamicSlot,
}

impl fmt::Display for StackSlotKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StackSlotKind::ExplicitSlot => "explicit_slot",
            StackSlotKind::ExplicitDynamicSlot => "explicit_dynamic_slot",
        })
    }
}

impl FromStr for StackSlotKind {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        match s {
            "explicit_slot" => Ok(StackSlotKind::ExplicitSlot),
            "explicit_dynamic_slot" => Ok(StackSlotKind::ExplicitDynamicSlot),
            _ => Err(()),
        }
    }
}

/// The user's number for a slot, found again in the description of the frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StackSlotKey(u64);

impl StackSlotKey {
    /// The key with these bits.
    pub fn new(value: u64) -> StackSlotKey {
        StackSlotKey(value)
    }
    /// Its bits.
    pub fn bits(&self) -> u64 {
        self.0
    }
}

/// A slot of fixed size.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StackSlotData {
    /// What it is for.
    pub kind: StackSlotKind,
    /// Its bytes.
    pub size: StackSize,
    /// Binary logarithm of its alignment.
    pub align_shift: u8,
    /// The user's number for it.
    pub key: Option<StackSlotKey>,
}

impl StackSlotData {
    /// A slot of `size` bytes, aligned to `1 << align_shift`.
    pub fn new(kind: StackSlotKind, size: StackSize, align_shift: u8) -> Self {
        StackSlotData { kind, size, align_shift, key: None }
    }
    /// The same with the user's number.
    pub fn new_with_key(kind: StackSlotKind, size: StackSize, align_shift: u8, key: StackSlotKey) -> Self {
        StackSlotData { key: Some(key), ..Self::new(kind, size, align_shift) }
    }
}

impl fmt::Display for StackSlotData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.size)?;
        if self.align_shift != 0 {
            write!(f, ", align = {}", 1u128.checked_shl(self.align_shift.into()).unwrap_or(0))?;
        }
        self.key.map_or(Ok(()), |key| write!(f, ", key = {}", key.bits()))
    }
}

/// A slot that holds a dynamic vector.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DynamicStackSlotData {
    /// What it is for.
    pub kind: StackSlotKind,
    /// The type of the vector.
    pub dyn_ty: DynamicType,
}

impl DynamicStackSlotData {
    /// A slot for a vector of this type.
    pub fn new(kind: StackSlotKind, dyn_ty: DynamicType) -> Self {
        DynamicStackSlotData { kind, dyn_ty }
    }
    /// Its alignment, where `max_align` is the largest that makes sense.
    pub fn alignment(&self, max_align: StackSize) -> StackSize {
        max_align
    }
}

impl fmt::Display for DynamicStackSlotData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.dyn_ty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_as_in_text() {
        let kind: StackSlotKind = "explicit_slot".parse().unwrap();
        assert_eq!(StackSlotData::new(kind, 8, 0).to_string(), "explicit_slot 8");
        let keyed = StackSlotData::new_with_key(kind, 16, 3, StackSlotKey::new(7));
        assert_eq!(keyed.to_string(), "explicit_slot 16, align = 8, key = 7");
        let dynamic = DynamicStackSlotData::new(StackSlotKind::ExplicitDynamicSlot, DynamicType::from_u32(2));
        assert_eq!(dynamic.to_string(), "explicit_dynamic_slot dt2");
    }
}
