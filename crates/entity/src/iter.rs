//! Iterators over maps and ranges of entities: slices with their keys. Needs nothing.

use crate::EntityRef;
use core::iter::{Enumerate, FusedIterator};
use core::marker::PhantomData;
use core::ops::Range;

/// Keys in order.
#[derive(Clone, Debug)]
pub struct Keys<K: EntityRef> {
    range: Range<usize>,
    unused: PhantomData<K>,
}

impl<K: EntityRef> Keys<K> {
    /// The first `len` keys.
    #[inline]
    pub fn with_len(len: usize) -> Self {
        Keys { range: 0..len, unused: PhantomData }
    }
}

impl<K: EntityRef> Iterator for Keys<K> {
    type Item = K;
    #[inline]
    fn next(&mut self) -> Option<K> {
        self.range.next().map(K::new)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl<K: EntityRef> DoubleEndedIterator for Keys<K> {
    #[inline]
    fn next_back(&mut self) -> Option<K> {
        self.range.next_back().map(K::new)
    }
}

impl<K: EntityRef> ExactSizeIterator for Keys<K> {}
impl<K: EntityRef> FusedIterator for Keys<K> {}

/// Entities from one to before another.
#[derive(Clone, Debug)]
pub struct IterEntityRange<E>(Range<usize>, PhantomData<E>);

/// The entities of `range` in order.
pub fn iter_entity_range<E: EntityRef>(range: Range<E>) -> IterEntityRange<E> {
    IterEntityRange(range.start.index()..range.end.index(), PhantomData)
}

impl<E: EntityRef> Iterator for IterEntityRange<E> {
    type Item = E;
    fn next(&mut self) -> Option<E> {
        self.0.next().map(E::new)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<E: EntityRef> DoubleEndedIterator for IterEntityRange<E> {
    fn next_back(&mut self) -> Option<E> {
        self.0.next_back().map(E::new)
    }
}

impl<E: EntityRef> ExactSizeIterator for IterEntityRange<E> {}
impl<E: EntityRef> FusedIterator for IterEntityRange<E> {}

/// One iterator type over pairs of key and element, wrapping one over elements.
macro_rules! pairs {
    ($(#[$doc:meta])* $name:ident <$($lt:lifetime)?> $inner:ty, $item:ty) => {
        $(#[$doc])*
        pub struct $name<$($lt,)? K: EntityRef, V> {
            inner: Enumerate<$inner>,
            unused: PhantomData<K>,
        }

        impl<$($lt,)? K: EntityRef, V> $name<$($lt,)? K, V> {
            /// Pairs of these elements with the first keys.
            #[inline]
            pub fn new(elements: $inner) -> Self {
                $name { inner: elements.enumerate(), unused: PhantomData }
            }
        }

        impl<$($lt,)? K: EntityRef, V> Iterator for $name<$($lt,)? K, V> {
            type Item = (K, $item);
            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                self.inner.next().map(|(i, v)| (K::new(i), v))
            }
            fn size_hint(&self) -> (usize, Option<usize>) {
                self.inner.size_hint()
            }
        }

        impl<$($lt,)? K: EntityRef, V> DoubleEndedIterator for $name<$($lt,)? K, V> {
            #[inline]
            fn next_back(&mut self) -> Option<Self::Item> {
                self.inner.next_back().map(|(i, v)| (K::new(i), v))
            }
        }

        impl<$($lt,)? K: EntityRef, V> ExactSizeIterator for $name<$($lt,)? K, V> {}
        impl<$($lt,)? K: EntityRef, V> FusedIterator for $name<$($lt,)? K, V> {}
    };
}

pairs! {
    /// Keys with their elements.
    Iter<'a> core::slice::Iter<'a, V>, &'a V
}
pairs! {
    /// Keys with their elements, which may be changed.
    IterMut<'a> core::slice::IterMut<'a, V>, &'a mut V
}
pairs! {
    /// Keys with their elements, owned.
    IntoIter<> std::vec::IntoIter<V>, V
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::E;

    #[test]
    fn both_ends_and_lengths() {
        assert_eq!(Keys::<E>::with_len(3).rev().map(|e| e.0).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(iter_entity_range(E(2)..E(5)).len(), 3);
        let v = [10, 20, 30];
        let mut it = Iter::<E, _>::new(v.iter());
        assert_eq!((it.len(), it.next_back(), it.next()), (3, Some((E(2), &30)), Some((E(0), &10))));
    }
}
