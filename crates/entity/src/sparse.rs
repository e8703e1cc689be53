//! Maps and sets that iterate over few members of many possible ones, and clear in constant time.
//!
//! The members stand densely in one array, and another tells for each key where: Briggs and Torczon, "An efficient
//! representation for sparse sets", 1993. Needs nothing.

use crate::{EntityRef, SecondaryMap};
use core::fmt;

/// A value that knows its key.
pub trait SparseMapValue<K> {
    /// The key.
    fn key(&self) -> K;
}

impl<T: EntityRef> SparseMapValue<T> for T {
    fn key(&self) -> T {
        *self
    }
}

/// A map whose values know their keys.
pub struct SparseMap<K: EntityRef, V: SparseMapValue<K>> {
    /// Where in `dense` a key's value is, if that value has the key; entries of absent keys are arbitrary.
    sparse: SecondaryMap<K, u32>,
    dense: Vec<V>,
}

/// A set as a map from members to themselves.
pub type SparseSet<T> = SparseMap<T, T>;

impl<K: EntityRef, V: SparseMapValue<K>> SparseMap<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        SparseMap { sparse: SecondaryMap::new(), dense: Vec::new() }
    }
    /// The number of values.
    pub fn len(&self) -> usize {
        self.dense.len()
    }
    /// Is there no value?
    pub fn is_empty(&self) -> bool {
        self.dense.is_empty()
    }
    /// Removes all values, in constant time if they need no drop.
    pub fn clear(&mut self) {
        self.dense.clear();
    }
    fn position(&self, k: K) -> Option<usize> {
        let i = *self.sparse.get(k)? as usize;
        (self.dense.get(i)?.key() == k).then_some(i)
    }
    /// The value of `k`.
    pub fn get(&self, k: K) -> Option<&V> {
        self.position(k).map(|i| &self.dense[i])
    }
    /// The value of `k`, to be changed; its key must stay.
    pub fn get_mut(&mut self, k: K) -> Option<&mut V> {
        self.position(k).map(|i| &mut self.dense[i])
    }
    /// Is there a value of `k`?
    pub fn contains_key(&self, k: K) -> bool {
        self.position(k).is_some()
    }
    /// Adds a value and gives the one with the same key before.
    pub fn insert(&mut self, v: V) -> Option<V> {
        let k = v.key();
        if let Some(old) = self.get_mut(k) {
            return Some(core::mem::replace(old, v));
        }
        self.sparse[k] = self.dense.len() as u32;
        self.dense.push(v);
        None
    }
    /// Removes the value of `k` and gives it; the last value takes its place.
    pub fn remove(&mut self, k: K) -> Option<V> {
        let i = self.position(k)?;
        let v = self.dense.swap_remove(i);
        if let Some(moved) = self.dense.get(i) {
            self.sparse[moved.key()] = i as u32;
        }
        Some(v)
    }
    /// Removes the last value and gives it.
    pub fn pop(&mut self) -> Option<V> {
        self.dense.pop()
    }
    /// The values, in the order of insertion as long as nothing is removed.
    pub fn values(&self) -> core::slice::Iter<'_, V> {
        self.dense.iter()
    }
    /// The values as a slice.
    pub fn as_slice(&self) -> &[V] {
        &self.dense
    }
}

impl<K: EntityRef, V: SparseMapValue<K>> Default for SparseMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, K: EntityRef, V: SparseMapValue<K>> IntoIterator for &'a SparseMap<K, V> {
    type Item = &'a V;
    type IntoIter = core::slice::Iter<'a, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.values()
    }
}

impl<K: EntityRef + fmt::Debug, V: SparseMapValue<K> + fmt::Debug> fmt::Debug for SparseMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values().map(|v| (v.key(), v))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::E;

    #[test]
    fn stale_positions_do_not_count() {
        let mut s: SparseSet<E> = SparseSet::new();
        assert_eq!((s.insert(E(5)), s.insert(E(9)), s.insert(E(5)), s.len()), (None, None, Some(E(5)), 2));
        s.clear();
        assert!(!s.contains_key(E(5)) && s.is_empty());
        s.insert(E(9));
        s.insert(E(1));
        assert_eq!(
            (s.contains_key(E(5)), s.remove(E(9)), s.get(E(1)).copied(), s.pop(), s.pop()),
            (false, Some(E(9)), Some(E(1)), Some(E(1)), None)
        );
    }
}
