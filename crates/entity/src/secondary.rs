//! The map from entities that another map owns to further facts, with a default for those not mentioned. Needs nothing.

use crate::oom::{self, OutOfMemory};
use crate::{EntityRef, Iter, IterMut, Keys};
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::ops::{Index, IndexMut};

/// A dense map in which every key has an element: the default one until another is written.
#[derive(Clone)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SecondaryMap<K: EntityRef, V: Clone> {
    elems: Vec<V>,
    default: V,
    #[cfg_attr(feature = "enable-serde", serde(skip))]
    unused: PhantomData<K>,
}

impl<K: EntityRef, V: Clone> SecondaryMap<K, V> {
    /// A map in which every element is `V::default()`.
    pub fn new() -> Self
    where
        V: Default,
    {
        Self::with_default(V::default())
    }
    /// Such a map with room for `capacity` elements.
    pub fn with_capacity(capacity: usize) -> Self
    where
        V: Default,
    {
        SecondaryMap { elems: Vec::with_capacity(capacity), default: V::default(), unused: PhantomData }
    }
    /// The same, or an error if there is not enough memory.
    pub fn try_with_capacity(capacity: usize) -> Result<Self, OutOfMemory>
    where
        V: Default,
    {
        let mut map = Self::new();
        oom::reserve_exact(&mut map.elems, capacity)?;
        Ok(map)
    }
    /// A map in which every element is `default`.
    pub fn with_default(default: V) -> Self {
        SecondaryMap { elems: Vec::new(), default, unused: PhantomData }
    }
    /// The element that keys have to begin with.
    pub fn default_value(&self) -> &V {
        &self.default
    }
    /// The number of elements there is room for.
    pub fn capacity(&self) -> usize {
        self.elems.capacity()
    }
    /// The element of `k`, if `k` lies below the largest key written.
    #[inline]
    pub fn get(&self, k: K) -> Option<&V> {
        self.elems.get(k.index())
    }
    /// The element of `k`, to be changed, if `k` lies below the largest key written.
    #[inline]
    pub fn get_mut(&mut self, k: K) -> Option<&mut V> {
        self.elems.get_mut(k.index())
    }
    /// Is no element written?
    pub fn is_empty(&self) -> bool {
        self.elems.is_empty()
    }
    /// Makes every element the default, and keeps the memory.
    pub fn clear(&mut self) {
        self.elems.clear();
    }
    /// The keys up to the largest written.
    pub fn keys(&self) -> Keys<K> {
        Keys::with_len(self.elems.len())
    }
    /// The elements up to the largest key written.
    pub fn values(&self) -> core::slice::Iter<'_, V> {
        self.elems.iter()
    }
    /// The elements up to the largest key written, to be changed.
    pub fn values_mut(&mut self) -> core::slice::IterMut<'_, V> {
        self.elems.iter_mut()
    }
    /// The elements up to the largest key written, as a slice.
    pub fn as_values_slice(&self) -> &[V] {
        &self.elems
    }
    /// Keys with their elements, up to the largest key written.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.elems.iter())
    }
    /// Keys with their elements, which may be changed, up to the largest key written.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut::new(self.elems.iter_mut())
    }
    /// Makes `n` elements exist, so that access to them need not grow the map.
    pub fn resize(&mut self, n: usize) {
        self.elems.resize(n, self.default.clone());
    }
    /// Writes an element and gives the one before it, if `k` lay below the largest key written.
    pub fn insert(&mut self, k: K, v: V) -> Option<V> {
        let before = self.get(k).cloned();
        self[k] = v;
        before
    }
    /// The same as [`resize`](SecondaryMap::resize), or an error if there is not enough memory.
    pub fn try_resize(&mut self, n: usize) -> Result<(), OutOfMemory> {
        oom::reserve_for(&mut self.elems, n)?;
        self.resize(n);
        Ok(())
    }
    /// The same as [`insert`](SecondaryMap::insert), or an error if there is not enough memory.
    pub fn try_insert(&mut self, k: K, v: V) -> Result<Option<V>, OutOfMemory> {
        oom::reserve_for(&mut self.elems, k.index() + 1)?;
        Ok(self.insert(k, v))
    }
    /// Makes the element of `k` the default and gives the one before it, if `k` lay below the largest key written.
    pub fn remove(&mut self, k: K) -> Option<V> {
        let default = self.default.clone();
        Some(core::mem::replace(self.elems.get_mut(k.index())?, default))
    }
    /// The elements without trailing defaults: equal maps may have written different keys.
    fn significant(&self) -> &[V]
    where
        V: PartialEq,
    {
        let n = self.elems.iter().rposition(|v| *v != self.default).map_or(0, |i| i + 1);
        &self.elems[..n]
    }
    #[cold]
    fn grow(&mut self, index: usize) -> &mut V {
        self.elems.resize(index + 1, self.default.clone());
        &mut self.elems[index]
    }
}

impl<K: EntityRef, V: Clone + Default> Default for SecondaryMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: EntityRef, V: Clone> Index<K> for SecondaryMap<K, V> {
    type Output = V;
    #[inline]
    fn index(&self, k: K) -> &V {
        self.elems.get(k.index()).unwrap_or(&self.default)
    }
}

impl<K: EntityRef, V: Clone> IndexMut<K> for SecondaryMap<K, V> {
    #[inline]
    fn index_mut(&mut self, k: K) -> &mut V {
        let i = k.index();
        if i >= self.elems.len() { self.grow(i) } else { &mut self.elems[i] }
    }
}

impl<K: EntityRef, V: Clone + PartialEq> PartialEq for SecondaryMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.default == other.default && self.significant() == other.significant()
    }
}

impl<K: EntityRef, V: Clone + Eq> Eq for SecondaryMap<K, V> {}

impl<K: EntityRef, V: Clone + PartialEq + Hash> Hash for SecondaryMap<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.default.hash(state);
        self.significant().hash(state);
    }
}

impl<K: EntityRef, V: Clone + Default> From<Vec<V>> for SecondaryMap<K, V> {
    fn from(elems: Vec<V>) -> Self {
        SecondaryMap { elems, default: V::default(), unused: PhantomData }
    }
}

impl<K: EntityRef, V: Clone + Default> FromIterator<(K, V)> for SecondaryMap<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(iter: T) -> Self {
        let mut map = Self::new();
        for (k, v) in iter {
            map[k] = v;
        }
        map
    }
}

impl<K: EntityRef + fmt::Debug, V: fmt::Debug + Clone> fmt::Debug for SecondaryMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::E;

    #[test]
    fn memory_may_be_short() {
        let mut m: SecondaryMap<E, u64> = SecondaryMap::try_with_capacity(3).unwrap();
        assert_eq!((m.try_insert(E(1), 5).unwrap(), m.try_insert(E(1), 6).unwrap()), (None, Some(5)));
        assert!(m.try_resize(usize::MAX).is_err() && SecondaryMap::<E, u64>::try_with_capacity(usize::MAX).is_err());
        m.try_resize(4).unwrap();
        assert_eq!(m.values().as_slice(), [0, 6, 0, 0]);
    }

    #[test]
    fn every_key_has_an_element() {
        let mut m: SecondaryMap<E, u8> = SecondaryMap::with_default(9);
        assert_eq!((m[E(1000)], m.is_empty(), m.get(E(0))), (9, true, None));
        m[E(2)] = 1;
        assert_eq!((m[E(1)], m[E(2)], m.keys().len()), (9, 1, 3));
        assert_eq!(
            (m.insert(E(2), 4), m.insert(E(5), 4), m.remove(E(5)), m.remove(E(6))),
            (Some(1), None, Some(4), None)
        );
        let n = SecondaryMap::<E, u8>::from_iter([(E(0), 9), (E(2), 4)]);
        assert_ne!(m, n, "defaults differ");
        let mut k = SecondaryMap::with_default(9);
        k[E(2)] = 4;
        assert_eq!(m, k, "trailing defaults do not count");
        m.clear();
        assert_eq!(m[E(2)], 9);
    }
}
