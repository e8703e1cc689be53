//! Dense sets of entities: a bit each. Needs nothing.

use crate::oom::{self, OutOfMemory};
use crate::{EntityRef, Keys};
use core::fmt;
use core::marker::PhantomData;

const BITS: usize = 64;

/// A set of entities as an array of bits.
#[derive(Clone)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EntitySet<K: EntityRef> {
    words: Vec<u64>,
    /// One more than the largest number ever inserted since the last clear.
    bound: usize,
    #[cfg_attr(feature = "enable-serde", serde(skip))]
    unused: PhantomData<K>,
}

impl<K: EntityRef> EntitySet<K> {
    /// The empty set.
    pub fn new() -> Self {
        EntitySet { words: Vec::new(), bound: 0, unused: PhantomData }
    }
    /// The empty set with room for the first `capacity` entities.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut set = Self::new();
        set.ensure_capacity(capacity);
        set
    }
    /// Makes room for the first `capacity` entities.
    pub fn ensure_capacity(&mut self, capacity: usize) {
        let words = capacity.div_ceil(BITS);
        if words > self.words.len() {
            self.words.resize(words, 0);
        }
    }
    /// The empty set with room for the first `capacity` entities, or an error if there is not enough memory.
    pub fn try_with_capacity(capacity: usize) -> Result<Self, OutOfMemory> {
        let mut set = Self::new();
        set.try_ensure_capacity(capacity)?;
        Ok(set)
    }
    /// Makes room for the first `capacity` entities, or gives an error if there is not enough memory.
    pub fn try_ensure_capacity(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        oom::reserve_for(&mut self.words, capacity.div_ceil(BITS))?;
        self.ensure_capacity(capacity);
        Ok(())
    }
    /// Is `k` in the set?
    #[inline]
    pub fn contains(&self, k: K) -> bool {
        let i = k.index();
        self.words.get(i / BITS).is_some_and(|w| w >> (i % BITS) & 1 != 0)
    }
    /// Is the set empty?
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }
    /// Adds `k`; true if it was not in the set.
    #[inline]
    pub fn insert(&mut self, k: K) -> bool {
        let i = k.index();
        self.ensure_capacity(i + 1);
        self.bound = self.bound.max(i + 1);
        let word = &mut self.words[i / BITS];
        let before = *word;
        *word |= 1 << (i % BITS);
        before != *word
    }
    /// Removes `k`; true if it was in the set.
    pub fn remove(&mut self, k: K) -> bool {
        let was = self.contains(k);
        if was {
            self.words[k.index() / BITS] &= !(1 << (k.index() % BITS));
        }
        was
    }
    /// Removes the largest member and gives it.
    pub fn pop(&mut self) -> Option<K> {
        let w = self.words.iter().rposition(|w| *w != 0)?;
        let k = K::new(w * BITS + self.words[w].ilog2() as usize);
        self.remove(k);
        Some(k)
    }
    /// Removes all members and keeps the memory.
    pub fn clear(&mut self) {
        self.words.fill(0);
        self.bound = 0;
    }
    /// All keys up to the largest inserted, members or not.
    pub fn keys(&self) -> Keys<K> {
        Keys::with_len(self.bound)
    }
    /// The members in order.
    pub fn iter(&self) -> SetIter<'_, K> {
        SetIter { words: self.words.iter(), word: 0, base: 0, next_base: 0, unused: PhantomData }
    }
}

impl<K: EntityRef> Default for EntitySet<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: EntityRef> PartialEq for EntitySet<K> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: EntityRef> Eq for EntitySet<K> {}

impl<K: EntityRef> Extend<K> for EntitySet<K> {
    fn extend<T: IntoIterator<Item = K>>(&mut self, iter: T) {
        for k in iter {
            self.insert(k);
        }
    }
}

impl<K: EntityRef + fmt::Debug> fmt::Debug for EntitySet<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The members of an [`EntitySet`] in order.
pub struct SetIter<'a, K> {
    words: core::slice::Iter<'a, u64>,
    word: u64,
    base: usize,
    next_base: usize,
    unused: PhantomData<K>,
}

impl<K: EntityRef> Iterator for SetIter<'_, K> {
    type Item = K;
    fn next(&mut self) -> Option<K> {
        while self.word == 0 {
            self.word = *self.words.next()?;
            self.base = self.next_base;
            self.next_base += BITS;
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(K::new(self.base + bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::E;

    #[test]
    fn memory_may_be_short() {
        assert!(EntitySet::<E>::try_with_capacity(70).is_ok_and(|s| s.is_empty()));
        assert!(EntitySet::<E>::try_with_capacity(usize::MAX).is_err());
    }

    #[test]
    fn members() {
        let mut s = EntitySet::new();
        assert!(s.is_empty() && s.insert(E(70)) && s.insert(E(3)) && !s.insert(E(3)));
        s.extend([E(63), E(64)]);
        assert_eq!(s.iter().map(|e| e.0).collect::<Vec<_>>(), [3, 63, 64, 70]);
        assert_eq!((s.keys().len(), s.contains(E(4)), s.contains(E(9999))), (71, false, false));
        assert_eq!(
            (s.remove(E(64)), s.remove(E(64)), s.pop(), s.pop(), s.pop(), s.pop()),
            (true, false, Some(E(70)), Some(E(63)), Some(E(3)), None)
        );
        let mut t = EntitySet::with_capacity(500);
        assert_eq!(s, t);
        t.insert(E(1));
        t.clear();
        assert!(t.is_empty());
    }
}
