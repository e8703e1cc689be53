//! How memory is accessed: flags, kept once per function and named by two bytes in each instruction; and alias regions.

use super::{AliasRegion, TrapCode};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Index;
use windlass_entity::packed_option::{PackedOption, ReservedValue};
use windlass_entity::{EntityRef, PrimaryMap};

/// The order of bytes in memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Endianness {
    /// Least significant first.
    Little,
    /// Most significant first.
    Big,
}

const ALIGNED: u8 = 1;
const READONLY: u8 = 2;
const CAN_MOVE: u8 = 4;
const LITTLE: u8 = 8;
const BIG: u8 = 16;

/// Declares a set of flags with its accessors; both kinds below have the same.
macro_rules! flags {
    ($name:ident) => {
        impl $name {
            const fn has(self, bit: u8) -> bool {
                self.bits & bit != 0
            }
            const fn with(mut self, bit: u8) -> Self {
                self.bits |= bit;
                self
            }
            /// Flags of an access that does not trap and is aligned.
            pub const fn trusted() -> Self {
                Self::new().with_notrap().with_aligned()
            }
            /// Does it never trap?
            pub const fn notrap(self) -> bool {
                self.trap.is_none()
            }
            /// The same flags, never trapping.
            #[must_use]
            pub const fn with_notrap(self) -> Self {
                self.with_trap_code(None)
            }
            /// The trap that an inaccessible address raises; none if it never traps.
            pub const fn trap_code(self) -> Option<TrapCode> {
                self.trap
            }
            /// The same flags with another trap, or never trapping.
            #[must_use]
            pub const fn with_trap_code(mut self, code: Option<TrapCode>) -> Self {
                self.trap = code;
                self
            }
            /// Is the address a multiple of the access's size?
            pub const fn aligned(self) -> bool {
                self.has(ALIGNED)
            }
            /// The same flags, aligned.
            #[must_use]
            pub const fn with_aligned(self) -> Self {
                self.with(ALIGNED)
            }
            /// Does the memory never change while the function runs?
            pub const fn readonly(self) -> bool {
                self.has(READONLY)
            }
            /// The same flags, read-only.
            #[must_use]
            pub const fn with_readonly(self) -> Self {
                self.with(READONLY)
            }
            /// May the access move to where control does not come?
            pub const fn can_move(self) -> bool {
                self.has(CAN_MOVE)
            }
            /// The same flags, movable.
            #[must_use]
            pub const fn with_can_move(self) -> Self {
                self.with(CAN_MOVE)
            }
            /// The order of bytes, if the flags say it.
            pub const fn explicit_endianness(self) -> Option<Endianness> {
                if self.has(LITTLE) {
                    Some(Endianness::Little)
                } else if self.has(BIG) {
                    Some(Endianness::Big)
                } else {
                    None
                }
            }
            /// The order of bytes on a target with that native order.
            pub const fn endianness(self, native: Endianness) -> Endianness {
                match self.explicit_endianness() {
                    Some(e) => e,
                    None => native,
                }
            }
            /// The same flags with this order of bytes.
            #[must_use]
            pub const fn with_endianness(mut self, endianness: Endianness) -> Self {
                self.bits = self.bits & !(LITTLE | BIG)
                    | match endianness {
                        Endianness::Little => LITTLE,
                        Endianness::Big => BIG,
                    };
                self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            /// Each flag with a space before it; the most usual trap is not mentioned.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.trap {
                    None => f.write_str(" notrap")?,
                    Some(TrapCode::HEAP_OUT_OF_BOUNDS) => {}
                    Some(code) => write!(f, " {code}")?,
                }
                let names = [
                    (ALIGNED, " aligned"),
                    (READONLY, " readonly"),
                    (CAN_MOVE, " can_move"),
                    (BIG, " big"),
                    (LITTLE, " little"),
                ];
                names.into_iter().filter(|(bit, _)| self.has(*bit)).try_for_each(|(_, name)| f.write_str(name))?;
                self.fmt_region(f)
            }
        }
    };
}

/// How memory is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MemFlagsData {
    bits: u8,
    trap: Option<TrapCode>,
    region: PackedOption<AliasRegion>,
}
flags!(MemFlagsData);

impl MemFlagsData {
    /// No promises: traps with [`TrapCode::HEAP_OUT_OF_BOUNDS`], in the target's order of bytes, in no region.
    pub const fn new() -> Self {
        let region = PackedOption::new(AliasRegion::RESERVED);
        MemFlagsData { bits: 0, trap: Some(TrapCode::HEAP_OUT_OF_BOUNDS), region }
    }
    /// The region that holds the memory, if one is known.
    pub fn alias_region(self) -> Option<AliasRegion> {
        self.region.expand()
    }
    /// Says in which region the memory is.
    pub fn set_alias_region(&mut self, region: Option<AliasRegion>) {
        self.region = region.into();
    }
    /// The same flags with another region.
    #[must_use]
    pub fn with_alias_region(mut self, region: Option<AliasRegion>) -> Self {
        self.set_alias_region(region);
        self
    }
    /// Makes it never trap.
    pub fn set_notrap(&mut self) {
        *self = self.with_notrap();
    }
    /// Makes it aligned.
    pub fn set_aligned(&mut self) {
        *self = self.with_aligned();
    }
    /// Makes it read-only.
    pub fn set_readonly(&mut self) {
        *self = self.with_readonly();
    }
    /// Makes it movable.
    pub const fn set_can_move(&mut self) {
        *self = self.with_can_move();
    }
    /// Sets the order of bytes.
    pub fn set_endianness(&mut self, endianness: Endianness) {
        *self = self.with_endianness(endianness);
    }
    /// Sets the flag or trap code with this name in CLIF. False if there is none; an error if it contradicts another.
    pub fn set_by_name(&mut self, name: &str) -> Result<bool, &'static str> {
        *self = match name {
            "notrap" => self.with_notrap(),
            "aligned" => self.with_aligned(),
            "readonly" => self.with_readonly(),
            "can_move" => self.with_can_move(),
            "big" if self.has(LITTLE) => return Err("cannot be both big and little endian"),
            "little" if self.has(BIG) => return Err("cannot be both big and little endian"),
            "big" => self.with_endianness(Endianness::Big),
            "little" => self.with_endianness(Endianness::Little),
            _ => match name.parse() {
                Ok(code) => self.with_trap_code(Some(code)),
                Err(()) => return Ok(false),
            },
        };
        Ok(true)
    }
    fn fmt_region(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.alias_region().map_or(Ok(()), |r| write!(f, " {r}"))
    }
}

/// How a machine instruction accesses memory: the same flags without the region, which has no meaning outside the IR.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MachMemFlags {
    bits: u8,
    trap: Option<TrapCode>,
}
flags!(MachMemFlags);

impl MachMemFlags {
    /// No promises, as [`MemFlagsData::new`].
    pub const fn new() -> Self {
        MachMemFlags { bits: 0, trap: Some(TrapCode::HEAP_OUT_OF_BOUNDS) }
    }
    fn fmt_region(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl From<MemFlagsData> for MachMemFlags {
    fn from(f: MemFlagsData) -> Self {
        MachMemFlags { bits: f.bits, trap: f.trap }
    }
}

impl From<MachMemFlags> for MemFlagsData {
    fn from(f: MachMemFlags) -> Self {
        MemFlagsData { bits: f.bits, trap: f.trap, ..MemFlagsData::new() }
    }
}

/// The flags of an instruction: an index into the function's [`MemFlagsSet`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MemFlags(u16);

impl MemFlags {
    /// The flags with number `n`, if such a number is possible.
    pub fn with_number(n: u32) -> Option<Self> {
        (n < u16::MAX.into()).then_some(MemFlags(n as u16))
    }
    /// The flags with number `n`, which must be possible.
    pub fn from_u32(n: u32) -> Self {
        Self::with_number(n).expect("flags have numbers of 16 bits")
    }
    /// The flags' number.
    pub fn as_u32(self) -> u32 {
        self.0.into()
    }
    /// The flags with these bits, which may be the reserved ones.
    pub fn from_bits(bits: u32) -> Self {
        MemFlags(bits as u16)
    }
    /// The flags' bits.
    pub fn as_bits(self) -> u32 {
        self.0.into()
    }
}

impl EntityRef for MemFlags {
    fn new(index: usize) -> Self {
        debug_assert!(index < u16::MAX.into());
        MemFlags(index as u16)
    }
    fn index(self) -> usize {
        self.0.into()
    }
}

impl ReservedValue for MemFlags {
    fn reserved_value() -> Self {
        MemFlags(u16::MAX)
    }
    fn is_reserved_value(&self) -> bool {
        self.0 == u16::MAX
    }
}

impl fmt::Display for MemFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memflags{}", self.0)
    }
}

impl fmt::Debug for MemFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A function has too many different flags: more regions are in use than 16 bits can tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many different memory flags in one function")]
pub struct MemFlagsSetOverflow;

/// The different flags that a function's instructions have.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "PrimaryMap<MemFlags, MemFlagsData>", into = "PrimaryMap<MemFlags, MemFlagsData>")
)]
pub struct MemFlagsSet {
    flags: PrimaryMap<MemFlags, MemFlagsData>,
    index: FxHashMap<MemFlagsData, MemFlags>,
}

/// How many flags without a region there can be: three promises, three byte orders, 256 ways to trap.
const WITHOUT_REGION: usize = 8 * 3 * 256;

impl MemFlagsSet {
    /// No flags.
    pub fn new() -> Self {
        Self::default()
    }
    /// Forgets all flags and keeps the memory.
    pub fn clear(&mut self) {
        self.flags.clear();
        self.index.clear();
    }
    /// Are these flags of this function?
    pub fn is_valid(&self, flags: MemFlags) -> bool {
        self.flags.is_valid(flags)
    }
    /// The number of these flags, if an instruction had them before.
    pub fn get(&self, data: MemFlagsData) -> Option<MemFlags> {
        self.index.get(&data).copied()
    }
    /// The number of these flags. Flags without a region always have one: room is kept for all of them.
    pub fn insert(&mut self, data: MemFlagsData) -> Result<MemFlags, MemFlagsSetOverflow> {
        if let Some(known) = self.get(data) {
            return Ok(known);
        }
        if data.region.is_some() && self.flags.len() >= usize::from(u16::MAX) - WITHOUT_REGION {
            return Err(MemFlagsSetOverflow);
        }
        let new = self.flags.push(data);
        self.index.insert(data, new);
        Ok(new)
    }
    /// The number of these flags; or, if there are too many, of these flags without their region, which promise less.
    pub fn insert_unchecked(&mut self, data: MemFlagsData) -> MemFlags {
        self.insert(data)
            .or_else(|MemFlagsSetOverflow| self.insert(data.with_alias_region(None)))
            .expect("there is room for all flags without a region")
    }
}

impl Index<MemFlags> for MemFlagsSet {
    type Output = MemFlagsData;
    fn index(&self, flags: MemFlags) -> &MemFlagsData {
        &self.flags[flags]
    }
}

impl TryFrom<PrimaryMap<MemFlags, MemFlagsData>> for MemFlagsSet {
    type Error = MemFlagsSetOverflow;

    fn try_from(flags: PrimaryMap<MemFlags, MemFlagsData>) -> Result<Self, MemFlagsSetOverflow> {
        if flags.len() > usize::from(u16::MAX) {
            return Err(MemFlagsSetOverflow);
        }
        let mut index = FxHashMap::default();
        flags.iter().for_each(|(number, data)| {
            index.entry(*data).or_insert(number);
        });
        Ok(MemFlagsSet { flags, index })
    }
}

impl From<MemFlagsSet> for PrimaryMap<MemFlags, MemFlagsData> {
    fn from(set: MemFlagsSet) -> Self {
        set.flags
    }
}

impl PartialEq for MemFlagsSet {
    fn eq(&self, other: &Self) -> bool {
        self.flags == other.flags
    }
}

impl Eq for MemFlagsSet {}

impl Hash for MemFlagsSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.flags.hash(state);
    }
}

/// What is known of a region of memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AliasRegionData {
    /// The user's number for it.
    pub user_id: u32,
    /// What it is, for people.
    pub description: Cow<'static, str>,
}

/// The regions of memory that a function tells apart.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "PrimaryMap<AliasRegion, AliasRegionData>", into = "PrimaryMap<AliasRegion, AliasRegionData>")
)]
pub struct AliasRegionSet {
    regions: PrimaryMap<AliasRegion, AliasRegionData>,
    by_user_id: FxHashMap<u32, AliasRegion>,
}

impl AliasRegionSet {
    /// No regions.
    pub fn new() -> Self {
        Self::default()
    }
    /// Forgets all regions and keeps the memory.
    pub fn clear(&mut self) {
        self.regions.clear();
        self.by_user_id.clear();
    }
    /// The number of regions.
    pub fn len(&self) -> usize {
        self.regions.len()
    }
    /// Are there no regions?
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }
    /// Is this a region of this function?
    pub fn is_valid(&self, region: AliasRegion) -> bool {
        self.regions.is_valid(region)
    }
    /// Is there a region with this number of the user's?
    pub fn contains(&self, user_id: u32) -> bool {
        self.by_user_id.contains_key(&user_id)
    }
    /// The region with this number of the user's.
    pub fn get(&self, user_id: u32) -> Option<AliasRegion> {
        self.by_user_id.get(&user_id).copied()
    }
    /// The region with this data's number; a new one if there is none yet.
    pub fn insert(&mut self, data: AliasRegionData) -> AliasRegion {
        match self.get(data.user_id) {
            Some(known) => known,
            None => self.push(data),
        }
    }
    /// A new region, whether there is one with this number or not.
    pub fn push(&mut self, data: AliasRegionData) -> AliasRegion {
        let user_id = data.user_id;
        let region = self.regions.push(data);
        self.by_user_id.entry(user_id).or_insert(region);
        region
    }
    /// All regions.
    pub fn iter(&self) -> impl Iterator<Item = (AliasRegion, &AliasRegionData)> {
        self.regions.iter()
    }
}

impl Index<AliasRegion> for AliasRegionSet {
    type Output = AliasRegionData;
    fn index(&self, region: AliasRegion) -> &AliasRegionData {
        &self.regions[region]
    }
}

impl From<PrimaryMap<AliasRegion, AliasRegionData>> for AliasRegionSet {
    fn from(regions: PrimaryMap<AliasRegion, AliasRegionData>) -> Self {
        let mut set = AliasRegionSet::new();
        regions.into_iter().for_each(|(_, data)| {
            set.push(data);
        });
        set
    }
}

impl From<AliasRegionSet> for PrimaryMap<AliasRegion, AliasRegionData> {
    fn from(set: AliasRegionSet) -> Self {
        set.regions
    }
}

impl PartialEq for AliasRegionSet {
    fn eq(&self, other: &Self) -> bool {
        self.regions == other.regions
    }
}

impl Hash for AliasRegionSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.regions.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let mut f = MemFlagsData::new();
        for name in ["user7", "aligned", "readonly", "can_move", "little"] {
            assert_eq!(f.set_by_name(name), Ok(true));
        }
        assert_eq!((f.set_by_name("big").is_err(), f.set_by_name("what")), (true, Ok(false)));
        assert_eq!(f.to_string(), " user7 aligned readonly can_move little");
        assert_eq!(MemFlagsData::trusted().to_string(), " notrap aligned");
        assert_eq!(MemFlagsData::new().with_alias_region(Some(AliasRegion::from_u32(2))).to_string(), " region2");
        assert_eq!(MemFlagsData::from(MachMemFlags::from(f)), f);
        assert_eq!(f.endianness(Endianness::Big), Endianness::Little);
    }

    #[test]
    fn a_full_set_weakens_flags_instead_of_failing() {
        let mut set = MemFlagsSet::new();
        let flags = |n| MemFlagsData::trusted().with_alias_region(Some(AliasRegion::from_u32(n)));
        let first = set.insert(flags(0)).unwrap();
        assert_eq!((set.insert(flags(0)), set.get(flags(1))), (Ok(first), None));
        let full = (1..).find(|n| set.insert(flags(*n)).is_err()).unwrap();
        let weak = set.insert_unchecked(flags(full));
        assert_eq!((set[weak], set[first].alias_region().unwrap().as_u32()), (MemFlagsData::trusted(), 0));
    }
}
