//! A map with a fixed number of elements. Needs nothing.

use crate::{EntityRef, Iter, IterMut, Keys};
use core::marker::PhantomData;
use core::ops::{Index, IndexMut};

/// What a [`PrimaryMap`](crate::PrimaryMap) becomes when it is complete.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct BoxedSlice<K: EntityRef, V> {
    elems: Box<[V]>,
    unused: PhantomData<K>,
}

impl<K: EntityRef, V> From<Box<[V]>> for BoxedSlice<K, V> {
    fn from(elems: Box<[V]>) -> Self {
        BoxedSlice { elems, unused: PhantomData }
    }
}

impl<K: EntityRef, V> BoxedSlice<K, V> {
    /// The map of elements that are somewhere on the heap.
    ///
    /// # Safety
    /// The pointer comes from [`Box::into_raw`], and nobody else uses it.
    #[allow(unsafe_code, reason = "the interface is given")]
    pub unsafe fn from_raw(raw: *mut [V]) -> Self {
        // SAFETY: as the caller promises.
        unsafe { Box::from_raw(raw) }.into()
    }
    /// Does `k` denote an element?
    pub fn is_valid(&self, k: K) -> bool {
        k.index() < self.elems.len()
    }
    /// The element of `k`, if there is one.
    pub fn get(&self, k: K) -> Option<&V> {
        self.elems.get(k.index())
    }
    /// The element of `k`, if there is one, to be changed.
    pub fn get_mut(&mut self, k: K) -> Option<&mut V> {
        self.elems.get_mut(k.index())
    }
    /// Is there no element?
    pub fn is_empty(&self) -> bool {
        self.elems.is_empty()
    }
    /// The number of elements.
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
    /// Keys with their elements.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.elems.iter())
    }
    /// Keys with their elements, which may be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut::new(self.elems.iter_mut())
    }
    /// The last element.
    pub fn last(&self) -> Option<&V> {
        self.elems.last()
    }
}

impl<K: EntityRef, V> Index<K> for BoxedSlice<K, V> {
    type Output = V;
    fn index(&self, k: K) -> &V {
        &self.elems[k.index()]
    }
}

impl<K: EntityRef, V> IndexMut<K> for BoxedSlice<K, V> {
    fn index_mut(&mut self, k: K) -> &mut V {
        &mut self.elems[k.index()]
    }
}

impl<'a, K: EntityRef, V> IntoIterator for &'a BoxedSlice<K, V> {
    type Item = (K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<'a, K: EntityRef, V> IntoIterator for &'a mut BoxedSlice<K, V> {
    type Item = (K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;
    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::E;

    #[test]
    #[allow(unsafe_code, reason = "what is tested is")]
    fn takes_what_is_on_the_heap() {
        let raw = Box::into_raw(vec![String::from("a"), String::from("b")].into_boxed_slice());
        // SAFETY: the pointer is a box's, and used once.
        let b: BoxedSlice<E, String> = unsafe { BoxedSlice::from_raw(raw) };
        assert_eq!((b.len(), b[E(1)].as_str()), (2, "b"));
    }

    #[test]
    fn keeps_its_elements() {
        let mut b: BoxedSlice<E, _> = BoxedSlice::from(vec![1, 2].into_boxed_slice());
        b[E(1)] += 5;
        assert_eq!((b.get(E(1)), b.get(E(2)), b.last(), b.keys().len()), (Some(&7), None, Some(&7), 2));
    }
}
