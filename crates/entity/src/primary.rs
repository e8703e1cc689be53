//! The map that owns what its entities denote and hands out their numbers. Needs nothing.

use crate::oom::{self, OutOfMemory};
use crate::{BoxedSlice, EntityRef, IntoIter, Iter, IterMut, Keys};
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Index, IndexMut, Range};
use core::slice::GetDisjointMutError;

/// A dense map that grows by [`push`](PrimaryMap::push), which gives the new element's key.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct PrimaryMap<K: EntityRef, V> {
    elems: Vec<V>,
    unused: PhantomData<K>,
}

impl<K: EntityRef, V> PrimaryMap<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        Self::from(Vec::new())
    }
    /// An empty map with room for `capacity` elements.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::from(Vec::with_capacity(capacity))
    }
    /// The same, or an error if there is not enough memory.
    pub fn try_with_capacity(capacity: usize) -> Result<Self, OutOfMemory> {
        let mut map = Self::new();
        map.try_reserve_exact(capacity)?;
        Ok(map)
    }
    /// Does `k` denote an element?
    #[inline]
    pub fn is_valid(&self, k: K) -> bool {
        k.index() < self.elems.len()
    }
    /// The element of `k`, if there is one.
    #[inline]
    pub fn get(&self, k: K) -> Option<&V> {
        self.elems.get(k.index())
    }
    /// The element of `k`, if there is one, to be changed.
    #[inline]
    pub fn get_mut(&mut self, k: K) -> Option<&mut V> {
        self.elems.get_mut(k.index())
    }
    /// A pointer to the element of `k`, if there is one.
    pub fn get_raw_mut(&mut self, k: K) -> Option<*mut V> {
        self.get_mut(k).map(std::ptr::from_mut)
    }
    /// The elements of consecutive keys, if there are all of them.
    pub fn get_range(&self, range: Range<K>) -> Option<&[V]> {
        self.elems.get(range.start.index()..range.end.index())
    }
    /// The elements of distinct keys, all to be changed.
    pub fn get_disjoint_mut<const N: usize>(&mut self, ks: [K; N]) -> Result<[&mut V; N], GetDisjointMutError> {
        self.elems.get_disjoint_mut(ks.map(K::index))
    }
    /// Is there no element?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.elems.is_empty()
    }
    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.elems.len()
    }
    /// All keys.
    pub fn keys(&self) -> Keys<K> {
        Keys::with_len(self.elems.len())
    }
    /// All elements.
    pub fn values(&self) -> core::slice::Iter<'_, V> {
        self.elems.iter()
    }
    /// All elements, to be changed.
    pub fn values_mut(&mut self) -> core::slice::IterMut<'_, V> {
        self.elems.iter_mut()
    }
    /// All elements as a slice.
    pub fn as_values_slice(&self) -> &[V] {
        &self.elems
    }
    /// Keys with their elements.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.elems.iter())
    }
    /// Keys with their elements, which may be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut::new(self.elems.iter_mut())
    }
    /// Removes all elements and keeps the memory.
    pub fn clear(&mut self) {
        self.elems.clear();
    }
    /// The key that the next element will have.
    #[inline]
    pub fn next_key(&self) -> K {
        K::new(self.elems.len())
    }
    /// Adds an element and gives its key.
    #[inline]
    pub fn push(&mut self, v: V) -> K {
        let k = self.next_key();
        self.elems.push(v);
        k
    }
    /// The last element and its key.
    pub fn last(&self) -> Option<(K, &V)> {
        let v = self.elems.last()?;
        Some((K::new(self.elems.len() - 1), v))
    }
    /// The last element, to be changed, and its key.
    pub fn last_mut(&mut self) -> Option<(K, &mut V)> {
        let k = self.elems.len().checked_sub(1)?;
        Some((K::new(k), &mut self.elems[k]))
    }
    /// Makes room for `additional` more elements.
    pub fn reserve(&mut self, additional: usize) {
        self.elems.reserve(additional);
    }
    /// Makes room for exactly `additional` more elements.
    pub fn reserve_exact(&mut self, additional: usize) {
        self.elems.reserve_exact(additional);
    }
    /// Makes room for `additional` more elements, or gives an error if there is not enough memory.
    pub fn try_reserve(&mut self, additional: usize) -> Result<(), OutOfMemory> {
        oom::reserve(&mut self.elems, additional)
    }
    /// Makes room for exactly `additional` more elements, or gives an error if there is not enough memory.
    pub fn try_reserve_exact(&mut self, additional: usize) -> Result<(), OutOfMemory> {
        oom::reserve_exact(&mut self.elems, additional)
    }
    /// Gives back unused memory.
    pub fn shrink_to_fit(&mut self) {
        self.elems.shrink_to_fit();
    }
    /// The map with a fixed number of elements.
    pub fn into_boxed_slice(self) -> BoxedSlice<K, V> {
        BoxedSlice::from(self.elems.into_boxed_slice())
    }
    /// The key whose element has key `b` under `f`, which must be sorted by it; else the key where it would stand.
    pub fn binary_search_values_by_key<'a, B: Ord, F: FnMut(&'a V) -> B>(&'a self, b: &B, f: F) -> Result<K, K> {
        self.elems.binary_search_by_key(b, f).map(K::new).map_err(K::new)
    }
}

impl<K: EntityRef, V> Default for PrimaryMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: EntityRef, V> Index<K> for PrimaryMap<K, V> {
    type Output = V;
    #[inline]
    #[track_caller]
    fn index(&self, k: K) -> &V {
        &self.elems[k.index()]
    }
}

impl<K: EntityRef, V> IndexMut<K> for PrimaryMap<K, V> {
    #[inline]
    #[track_caller]
    fn index_mut(&mut self, k: K) -> &mut V {
        &mut self.elems[k.index()]
    }
}

impl<K: EntityRef, V> From<Vec<V>> for PrimaryMap<K, V> {
    fn from(elems: Vec<V>) -> Self {
        PrimaryMap { elems, unused: PhantomData }
    }
}

impl<K: EntityRef, V> From<PrimaryMap<K, V>> for Vec<V> {
    fn from(map: PrimaryMap<K, V>) -> Vec<V> {
        map.elems
    }
}

impl<K: EntityRef, V> FromIterator<V> for PrimaryMap<K, V> {
    fn from_iter<T: IntoIterator<Item = V>>(iter: T) -> Self {
        Self::from(Vec::from_iter(iter))
    }
}

impl<K: EntityRef, V> Extend<V> for PrimaryMap<K, V> {
    fn extend<T: IntoIterator<Item = V>>(&mut self, iter: T) {
        self.elems.extend(iter);
    }
}

impl<K: EntityRef, V> IntoIterator for PrimaryMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;
    fn into_iter(self) -> IntoIter<K, V> {
        IntoIter::new(self.elems.into_iter())
    }
}

impl<'a, K: EntityRef, V> IntoIterator for &'a PrimaryMap<K, V> {
    type Item = (K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<'a, K: EntityRef, V> IntoIterator for &'a mut PrimaryMap<K, V> {
    type Item = (K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;
    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}

impl<K: EntityRef + fmt::Debug, V: fmt::Debug> fmt::Debug for PrimaryMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::E;

    #[test]
    fn memory_may_be_short() {
        let mut m: PrimaryMap<E, u64> = PrimaryMap::try_with_capacity(3).unwrap();
        assert!(m.try_reserve(3).is_ok() && m.try_reserve(usize::MAX).is_err());
        assert!(m.try_reserve_exact(9).is_ok() && PrimaryMap::<E, u64>::try_with_capacity(usize::MAX).is_err());
    }

    #[test]
    fn keys_are_handed_out_in_order() {
        let mut m: PrimaryMap<E, i32> = PrimaryMap::new();
        assert_eq!((m.next_key(), m.push(5), m.push(6), m.len()), (E(0), E(0), E(1), 2));
        assert_eq!((m.get(E(1)), m.get(E(2)), m.is_valid(E(2)), m.last()), (Some(&6), None, false, Some((E(1), &6))));
        m[E(0)] = 4;
        m.extend([7]);
        assert_eq!(m.iter().map(|(k, v)| (k.0, *v)).collect::<Vec<_>>(), [(0, 4), (1, 6), (2, 7)]);
        assert_eq!((m.get_range(E(1)..E(3)), m.get_range(E(1)..E(4))), (Some(&[6, 7][..]), None));
        assert_eq!(m.get_disjoint_mut([E(0), E(2)]).unwrap(), [&mut 4, &mut 7]);
        assert_eq!(
            (m.binary_search_values_by_key(&6, |v| *v), format!("{m:?}").as_str()),
            (Ok(E(1)), "{e0: 4, e1: 6, e2: 7}")
        );
        let b = m.clone().into_boxed_slice();
        assert_eq!((b.len(), b[E(2)], Vec::from(m)), (3, 7, vec![4, 6, 7]));
    }
}
