//! Constants of more than 64 bits: bytes in memory order of a little-endian machine, pooled so that equal ones are one.

use super::Constant;
use super::immediates::{Ieee128, IntoBytes, V128Imm};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use windlass_entity::EntityRef;

/// The bytes of a constant, least significant first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ConstantData(SmallVec<[u8; 16]>);

impl ConstantData {
    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Are there no bytes?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
    /// The bytes.
    pub fn into_vec(self) -> Vec<u8> {
        self.0.into_vec()
    }
    /// The bytes.
    pub fn iter(&self) -> std::slice::Iter<'_, u8> {
        self.0.iter()
    }
    /// The constant with more bytes at the most significant end.
    #[must_use]
    pub fn append(mut self, bytes: impl IntoBytes) -> Self {
        self.0.extend(bytes.into_bytes());
        self
    }
    /// The constant with zeros at the most significant end, at least `len` bytes in all.
    #[must_use]
    pub fn expand_to(mut self, len: usize) -> Self {
        self.0.resize(len.max(self.0.len()), 0);
        self
    }
}

impl From<Vec<u8>> for ConstantData {
    fn from(bytes: Vec<u8>) -> Self {
        ConstantData(bytes.into())
    }
}

impl From<&[u8]> for ConstantData {
    fn from(bytes: &[u8]) -> Self {
        ConstantData(bytes.into())
    }
}

impl From<V128Imm> for ConstantData {
    fn from(x: V128Imm) -> Self {
        ConstantData(x.as_slice().into())
    }
}

impl From<Ieee128> for ConstantData {
    fn from(x: Ieee128) -> Self {
        ConstantData(x.into_bytes().into())
    }
}

impl FromIterator<u8> for ConstantData {
    fn from_iter<T: IntoIterator<Item = u8>>(bytes: T) -> Self {
        ConstantData(bytes.into_iter().collect())
    }
}

impl fmt::Display for ConstantData {
    /// Hexadecimal, most significant byte first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().rev().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl FromStr for ConstantData {
    type Err = &'static str;
    /// Reads up to 16 bytes, `_` anywhere between digits.
    fn from_str(s: &str) -> Result<Self, &'static str> {
        let digits = s.strip_prefix("0x").ok_or("a constant is hexadecimal")?;
        let digit = |c: u8| char::from(c).to_digit(16).ok_or("invalid digit in a constant");
        let digits: Vec<u32> = digits.bytes().filter(|c| *c != b'_').map(digit).collect::<Result<_, _>>()?;
        if !digits.len().is_multiple_of(2) || digits.is_empty() {
            return Err("a constant has whole bytes");
        }
        if digits.len() > 32 {
            return Err("a constant has at most 16 bytes");
        }
        Ok(digits.rchunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
    }
}

/// The constants of a function. Equal data is stored once, unless numbers are given out by hand.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "BTreeMap<Constant, ConstantData>", into = "BTreeMap<Constant, ConstantData>")
)]
pub struct ConstantPool {
    constants: BTreeMap<Constant, ConstantData>,
    numbers: FxHashMap<ConstantData, Constant>,
}

impl ConstantPool {
    /// No constants.
    pub fn new() -> Self {
        Self::default()
    }
    /// Forgets all constants.
    pub fn clear(&mut self) {
        self.constants.clear();
        self.numbers.clear();
    }
    /// Is there a constant with this number?
    pub fn is_valid(&self, constant: Constant) -> bool {
        self.constants.contains_key(&constant)
    }
    /// The number of this constant: an old one if it is known, else the number of constants or else the next free one.
    pub fn insert(&mut self, data: ConstantData) -> Constant {
        if let Some(&known) = self.numbers.get(&data) {
            return known;
        }
        let mut new = Constant::new(self.constants.len());
        if let (true, Some(last)) = (self.is_valid(new), self.constants.keys().next_back()) {
            new = Constant::new(last.index() + 1);
        }
        self.set(new, data);
        new
    }
    /// The constant with this number; panics if there is none.
    pub fn get(&self, constant: Constant) -> &ConstantData {
        &self.constants[&constant]
    }
    /// Gives a number to a constant.
    pub fn set(&mut self, constant: Constant, data: ConstantData) {
        if let Some(old) = self.constants.insert(constant, data.clone())
            && self.numbers.get(&old) == Some(&constant)
        {
            self.numbers.remove(&old);
        }
        self.numbers.entry(data).or_insert(constant);
    }
    /// All constants by number.
    pub fn iter(&self) -> impl Iterator<Item = (&Constant, &ConstantData)> {
        self.constants.iter()
    }
    /// All constants by number, to be changed. Equal ones are not merged afterwards.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut ConstantData> {
        self.numbers.clear();
        self.constants.values_mut()
    }
    /// The number of constants.
    pub fn len(&self) -> usize {
        self.constants.len()
    }
    /// Are there no constants?
    pub fn is_empty(&self) -> bool {
        self.constants.is_empty()
    }
    /// The bytes of all constants.
    pub fn byte_size(&self) -> usize {
        self.constants.values().map(ConstantData::len).sum()
    }
}

impl From<BTreeMap<Constant, ConstantData>> for ConstantPool {
    fn from(constants: BTreeMap<Constant, ConstantData>) -> Self {
        let mut pool = ConstantPool::new();
        constants.into_iter().for_each(|(constant, data)| pool.set(constant, data));
        pool
    }
}

impl From<ConstantPool> for BTreeMap<Constant, ConstantData> {
    fn from(pool: ConstantPool) -> Self {
        pool.constants
    }
}

impl PartialEq for ConstantPool {
    fn eq(&self, other: &Self) -> bool {
        self.constants == other.constants
    }
}

impl Hash for ConstantPool {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.constants.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(s: &str) -> ConstantData {
        s.parse().unwrap()
    }

    #[test]
    fn text() {
        assert_eq!((data("0x01_02").as_slice(), data("0x0102").to_string().as_str()), (&[2, 1][..], "0x0102"));
        for bad in ["01", "0x", "0x1", "0xg0", "0x0102030405060708090a0b0c0d0e0f1011"] {
            assert!(bad.parse::<ConstantData>().is_err(), "{bad}");
        }
        assert_eq!(data("0x01").append(2u8).expand_to(4).as_slice(), [1, 2, 0, 0]);
        assert_eq!(Ieee128::try_from(&ConstantData::from(Ieee128::NAN)).unwrap(), Ieee128::NAN);
    }

    #[test]
    fn equal_constants_are_one_and_numbers_are_free() {
        let mut pool = ConstantPool::new();
        let a = pool.insert(data("0x01"));
        assert_eq!((pool.insert(data("0x01")), pool.len(), pool.byte_size()), (a, 1, 1));
        pool.set(Constant::from_u32(2), data("0x02"));
        assert_eq!(pool.insert(data("0x03")).as_u32(), 3, "the number of constants, 2, is taken");
        pool.set(a, data("0x04"));
        assert_eq!((pool.insert(data("0x04")), pool.get(a)), (a, &data("0x04")));
        assert_ne!(pool.insert(data("0x01")), a);
    }
}
