//! Sets of any numbers, in as many integers as the largest one needs.

use crate::scalar::{self, ScalarBitSet, ScalarBitSetStorage};
use std::fmt;
use wasmtime_internal_core::error::OutOfMemory;

/// A set of numbers.
#[derive(Clone)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct CompoundBitSet<T = usize> {
    parts: Vec<ScalarBitSet<T>>,
}

impl<T> Default for CompoundBitSet<T> {
    fn default() -> Self {
        CompoundBitSet { parts: Vec::new() }
    }
}

impl CompoundBitSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: ScalarBitSetStorage> CompoundBitSet<T> {
    /// An empty set with room for the numbers below `capacity`.
    ///
    /// # Panics
    /// If there is no memory.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::try_with_capacity(capacity).expect("there is memory")
    }

    /// The same, with an error if there is no memory.
    pub fn try_with_capacity(capacity: usize) -> Result<Self, OutOfMemory> {
        let mut set = Self::default();
        set.try_ensure_capacity(capacity)?;
        Ok(set)
    }

    /// All numbers below are there or can be added without more memory.
    pub fn capacity(&self) -> usize {
        self.parts.len() * usize::from(T::BITS)
    }

    /// Makes room for the numbers below `n`.
    ///
    /// # Panics
    /// If there is no memory.
    pub fn ensure_capacity(&mut self, n: usize) {
        self.try_ensure_capacity(n).expect("there is memory");
    }

    /// The same, with an error if there is no memory.
    pub fn try_ensure_capacity(&mut self, n: usize) -> Result<(), OutOfMemory> {
        let parts = n.div_ceil(T::BITS.into());
        if parts > self.parts.len() {
            let bytes = parts.saturating_mul(size_of::<T>());
            self.parts.try_reserve(parts - self.parts.len()).map_err(|_| OutOfMemory::new(bytes))?;
            self.parts.resize(parts, ScalarBitSet::new());
        }
        Ok(())
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| usize::from(part.len())).sum()
    }

    /// Is nothing in it?
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(ScalarBitSet::is_empty)
    }

    /// The part that a number is in, and which of it.
    fn place(i: usize) -> (usize, u8) {
        let bits = usize::from(T::BITS);
        (i / bits, (i % bits) as u8)
    }

    /// The number at a place.
    fn number(part: usize, bit: u8) -> usize {
        part * usize::from(T::BITS) + usize::from(bit)
    }

    /// Is a number in it?
    pub fn contains(&self, i: usize) -> bool {
        let (part, bit) = Self::place(i);
        self.parts.get(part).is_some_and(|part| part.contains(bit))
    }

    /// Adds a number. Returns whether it was not there.
    ///
    /// # Panics
    /// If there is no memory.
    pub fn insert(&mut self, i: usize) -> bool {
        let (part, bit) = Self::place(i);
        if part >= self.parts.len() {
            // Twice the room at least, so that adding one after the other takes linear time.
            self.ensure_capacity(i.saturating_add(1).max(2 * self.capacity()));
        }
        self.parts[part].insert(bit)
    }

    /// Removes a number. Returns whether it was there.
    pub fn remove(&mut self, i: usize) -> bool {
        let (part, bit) = Self::place(i);
        self.parts.get_mut(part).is_some_and(|part| part.remove(bit))
    }

    /// The largest number.
    pub fn max(&self) -> Option<usize> {
        let part = self.parts.iter().rposition(|part| !part.is_empty())?;
        Some(Self::number(part, self.parts[part].max()?))
    }

    /// Removes the largest number.
    pub fn pop(&mut self) -> Option<usize> {
        let max = self.max()?;
        self.remove(max);
        Some(max)
    }

    /// Removes all numbers and keeps the memory.
    pub fn clear(&mut self) {
        self.parts.iter_mut().for_each(ScalarBitSet::clear);
    }

    /// The numbers, smallest first.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { parts: &self.parts, next: 0, rest: None }
    }

    /// The integers that the set is made of, that of the smallest numbers first.
    pub fn iter_scalars(&self) -> impl Iterator<Item = ScalarBitSet<T>> + '_ {
        let used = self.parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
        self.parts[..used].iter().copied()
    }
}

/// Sets are equal that have the same numbers.
impl<T: ScalarBitSetStorage> PartialEq for CompoundBitSet<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter_scalars().eq(other.iter_scalars())
    }
}

impl<T: ScalarBitSetStorage> Eq for CompoundBitSet<T> {}

impl<T: ScalarBitSetStorage> fmt::Debug for CompoundBitSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<'a, T: ScalarBitSetStorage> IntoIterator for &'a CompoundBitSet<T> {
    type Item = usize;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// See [`CompoundBitSet::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a, T: ScalarBitSetStorage> {
    parts: &'a [ScalarBitSet<T>],
    /// The part after the present one.
    next: usize,
    /// What is left of the present one.
    rest: Option<scalar::Iter<T>>,
}

impl<T: ScalarBitSetStorage> Iterator for Iter<'_, T> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            if let Some(bit) = self.rest.as_mut().and_then(Iterator::next) {
                return Some(CompoundBitSet::<T>::number(self.next - 1, bit));
            }
            self.rest = Some(self.parts.get(self.next)?.iter());
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn as_the_standard_librarys() {
        let (mut set, mut model) = (CompoundBitSet::<u8>::with_capacity(3), BTreeSet::new());
        assert_eq!(set.capacity(), 8);
        for i in (0..3000usize).map(|n| n * 7919 % 1009) {
            match i % 3 {
                0 => assert_eq!(set.remove(i / 2), model.remove(&(i / 2))),
                1 => assert_eq!(set.contains(i), model.contains(&i)),
                _ => assert_eq!(set.insert(i), model.insert(i)),
            }
        }
        assert!(set.iter().eq(model.iter().copied()) && set.len() == model.len());
        assert_eq!((set.max(), set.pop(), set.contains(1 << 40)), (model.last().copied(), model.pop_last(), false));
        assert!((&set).into_iter().eq(model));
        set.clear();
        assert!(set.is_empty() && set == CompoundBitSet::default());
    }

    #[test]
    fn sets_do_not_depend_on_their_room() {
        let (mut a, mut b) = (CompoundBitSet::new(), CompoundBitSet::with_capacity(1000));
        assert!(a.insert(3) && b.insert(3) && b.insert(900) && b.remove(900) && !b.remove(70));
        assert_eq!((a.clone(), a.iter_scalars().count()), (b, 1));
        assert_eq!(format!("{a:?}"), "{3}");
        assert!(CompoundBitSet::<u8>::try_with_capacity(usize::MAX).is_err());
    }

    #[cfg(feature = "enable-serde")]
    #[test]
    fn sets_are_written_and_read() {
        let mut set = CompoundBitSet::<u8>::default();
        assert!(set.insert(1) && set.insert(9));
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!((text.as_str(), serde_json::from_str(&text).unwrap()), ("[2,2]", set));
    }
}
