//! Many small lists of entities in one pool.
//!
//! A list is four bytes: where in the pool it stands. A pool is one array of blocks of 2, 4, 8, ... entities, of which the
//! first holds the list's length; freed blocks of a size are chained through their first entity. Needs nothing.

use crate::EntityRef;
use crate::packed_option::ReservedValue;
use core::marker::PhantomData;
use core::ops::{Bound, RangeBounds};

/// A list of entities in a [`ListPool`], which each operation needs. A copy denotes the same list: use
/// [`deep_clone`](EntityList::deep_clone) for one that may be changed apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[repr(C)]
pub struct EntityList<T: EntityRef + ReservedValue> {
    /// Where the elements start, which is one past the length; 0 for an empty list.
    start: u32,
    unused: PhantomData<T>,
}

/// Where lists live.
#[derive(Clone, Debug, PartialEq, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ListPool<T: EntityRef + ReservedValue> {
    data: Vec<T>,
    /// One past the first freed block of each size class, 0 if there is none.
    free: Vec<u32>,
}

/// The size class whose blocks hold `len` elements and their number: blocks of class `c` have `2 << c` entities.
fn class_of(len: usize) -> usize {
    (len.max(1) + 1).next_power_of_two().ilog2() as usize - 1
}

impl<T: EntityRef + ReservedValue> ListPool<T> {
    /// An empty pool.
    pub fn new() -> Self {
        ListPool { data: Vec::new(), free: Vec::new() }
    }
    /// An empty pool with room for `len` entities.
    pub fn with_capacity(len: usize) -> Self {
        ListPool { data: Vec::with_capacity(len), free: Vec::new() }
    }
    /// How many entities there is room for.
    pub fn capacity(&self) -> usize {
        self.data.capacity()
    }
    /// How many entities the pool holds, with the lengths of lists and what is free.
    pub fn len(&self) -> usize {
        self.data.len()
    }
    /// Does the pool hold nothing?
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
    /// Forgets all lists, which must not be used any more, and keeps the memory.
    pub fn clear(&mut self) {
        self.data.clear();
        self.free.clear();
    }
    fn len_of(&self, list: &EntityList<T>) -> Option<usize> {
        if list.start == 0 { Some(0) } else { self.data.get(list.start as usize - 1).map(|n| n.index()) }
    }
    /// A block of a class; its contents are arbitrary.
    fn alloc(&mut self, class: usize) -> usize {
        match self.free.get(class) {
            // A chain that was read from outside may lead anywhere.
            Some(&head) if head != 0 && head as usize - 1 + (2 << class) <= self.data.len() => {
                let block = head as usize - 1;
                self.free[class] = self.data[block].index() as u32;
                block
            }
            _ => {
                let block = self.data.len();
                self.data.resize(block + (2 << class), T::reserved_value());
                block
            }
        }
    }
    fn release(&mut self, block: usize, class: usize) {
        if self.free.len() <= class {
            self.free.resize(class + 1, 0);
        }
        self.data[block] = T::new(self.free[class] as usize);
        self.free[class] = block as u32 + 1;
    }
    /// Moves `keep` elements from a block of one class to one of another, and gives the new block.
    fn realloc(&mut self, block: usize, from: usize, to: usize, keep: usize) -> usize {
        let new = self.alloc(to);
        self.data.copy_within(block + 1..block + 1 + keep, new + 1);
        self.release(block, from);
        new
    }
}

impl<T: EntityRef + ReservedValue> Default for ListPool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: EntityRef + ReservedValue> EntityList<T> {
    /// An empty list, in any pool.
    pub fn new() -> Self {
        EntityList { start: 0, unused: PhantomData }
    }
    /// A list of these elements.
    pub fn from_slice(slice: &[T], pool: &mut ListPool<T>) -> Self {
        let mut list = Self::new();
        list.resize(slice.len(), pool).copy_from_slice(slice);
        list
    }
    /// A list of these elements.
    #[allow(clippy::should_implement_trait, reason = "it needs the pool")]
    pub fn from_iter<I: IntoIterator<Item = T>>(elements: I, pool: &mut ListPool<T>) -> Self {
        let mut list = Self::new();
        list.extend(elements, pool);
        list
    }
    /// Is the list empty?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == 0
    }
    /// The number of elements.
    pub fn len(&self, pool: &ListPool<T>) -> usize {
        pool.len_of(self).unwrap_or(0)
    }
    /// Does the list stand in this pool?
    pub fn is_valid(&self, pool: &ListPool<T>) -> bool {
        pool.len_of(self).is_some_and(|n| self.start as usize + n <= pool.data.len())
    }
    /// The elements; none if the list does not stand in this pool.
    #[inline]
    pub fn as_slice<'a>(&self, pool: &'a ListPool<T>) -> &'a [T] {
        let start = self.start as usize;
        pool.data.get(start..start + self.len(pool)).unwrap_or(&[])
    }
    /// The elements, to be changed.
    pub fn as_mut_slice<'a>(&'a mut self, pool: &'a mut ListPool<T>) -> &'a mut [T] {
        let start = self.start as usize;
        let len = self.len(pool);
        pool.data.get_mut(start..start + len).unwrap_or(&mut [])
    }
    /// The element at `index`.
    pub fn get(&self, index: usize, pool: &ListPool<T>) -> Option<T> {
        self.as_slice(pool).get(index).copied()
    }
    /// The element at `index`, to be changed.
    pub fn get_mut<'a>(&'a mut self, index: usize, pool: &'a mut ListPool<T>) -> Option<&'a mut T> {
        self.as_mut_slice(pool).get_mut(index)
    }
    /// The first element.
    #[inline]
    pub fn first(&self, pool: &ListPool<T>) -> Option<T> {
        self.as_slice(pool).first().copied()
    }
    /// A new list of the same elements.
    pub fn deep_clone(&self, pool: &mut ListPool<T>) -> Self {
        let mut copy = Self::new();
        copy.copy_from(self, .., 0, pool);
        copy
    }
    /// The list, leaving an empty one.
    pub fn take(&mut self) -> Self {
        core::mem::take(self)
    }
    /// Makes the list empty and its memory free.
    pub fn clear(&mut self, pool: &mut ListPool<T>) {
        self.resize(0, pool);
    }
    /// Makes the list `len` long; new elements are arbitrary. Gives the elements.
    fn resize<'a>(&'a mut self, len: usize, pool: &'a mut ListPool<T>) -> &'a mut [T] {
        let old = self.len(pool);
        let block = match (old, len) {
            (0, 0) => return &mut [],
            (0, _) => pool.alloc(class_of(len)),
            (_, 0) => {
                pool.release(self.start as usize - 1, class_of(old));
                self.start = 0;
                return &mut [];
            }
            _ if class_of(old) == class_of(len) => self.start as usize - 1,
            _ => pool.realloc(self.start as usize - 1, class_of(old), class_of(len), old.min(len)),
        };
        pool.data[block] = T::new(len);
        self.start = block as u32 + 1;
        &mut pool.data[block + 1..block + 1 + len]
    }
    /// Adds an element and gives its position.
    pub fn push(&mut self, element: T, pool: &mut ListPool<T>) -> usize {
        let at = self.len(pool);
        self.resize(at + 1, pool)[at] = element;
        at
    }
    /// Adds elements.
    pub fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I, pool: &mut ListPool<T>) {
        for e in elements {
            self.push(e, pool);
        }
    }
    /// Inserts an element at a position up to the length.
    pub fn insert(&mut self, index: usize, element: T, pool: &mut ListPool<T>) {
        self.grow_at(index, 1, pool);
        self.as_mut_slice(pool)[index] = element;
    }
    /// Makes a hole of `count` arbitrary elements at `index`.
    pub fn grow_at(&mut self, index: usize, count: usize, pool: &mut ListPool<T>) {
        let old = self.len(pool);
        self.resize(old + count, pool).copy_within(index..old, index + count);
    }
    /// Removes the element at `index`; later ones move up.
    pub fn remove(&mut self, index: usize, pool: &mut ListPool<T>) {
        let slice = self.as_mut_slice(pool);
        let len = slice.len();
        slice.copy_within(index + 1..len, index);
        self.resize(len - 1, pool);
    }
    /// Removes the element at `index`; the last one takes its place.
    pub fn swap_remove(&mut self, index: usize, pool: &mut ListPool<T>) {
        let slice = self.as_mut_slice(pool);
        let len = slice.len();
        slice.swap(index, len - 1);
        self.resize(len - 1, pool);
    }
    /// Removes the elements from `len` on.
    pub fn truncate(&mut self, len: usize, pool: &mut ListPool<T>) {
        if len < self.len(pool) {
            self.resize(len, pool);
        }
    }
    /// Inserts a part of another list at `index`.
    pub fn copy_from(&mut self, other: &Self, part: impl RangeBounds<usize>, index: usize, pool: &mut ListPool<T>) {
        let from = match part.start_bound() {
            Bound::Included(&i) => i,
            Bound::Excluded(&i) => i + 1,
            Bound::Unbounded => 0,
        };
        let to = match part.end_bound() {
            Bound::Included(&i) => i + 1,
            Bound::Excluded(&i) => i,
            Bound::Unbounded => other.len(pool),
        };
        assert!(from <= to && to <= other.len(pool) && index <= self.len(pool) && (self.is_empty() || self != other));
        self.grow_at(index, to - from, pool);
        let source = other.start as usize;
        pool.data.copy_within(source + from..source + to, self.start as usize + index);
    }
}

impl<T: EntityRef + ReservedValue> Default for EntityList<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::E;

    fn es(n: core::ops::Range<u32>) -> Vec<E> {
        n.map(E).collect()
    }

    #[test]
    fn classes_hold_what_they_should() {
        for (len, class) in [(1, 0), (2, 1), (3, 1), (4, 2), (7, 2), (8, 3)] {
            assert_eq!(class_of(len), class, "{len}");
        }
    }

    #[test]
    fn behaves_like_a_vector() {
        let mut pool = ListPool::new();
        let (mut list, mut vec) = (EntityList::new(), Vec::new());
        let mut other = EntityList::from_slice(&es(100..103), &mut pool);
        let mut seed = 1u32;
        for n in 0..4000 {
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            let at = (seed >> 8) as usize % (vec.len() + 1);
            match seed >> 28 {
                0..8 => {
                    list.insert(at, E(n), &mut pool);
                    vec.insert(at, E(n));
                }
                8..13 if at < vec.len() => {
                    list.remove(at, &mut pool);
                    vec.remove(at);
                }
                13 if at < vec.len() => {
                    list.swap_remove(at, &mut pool);
                    vec.swap_remove(at);
                }
                14 => {
                    list.extend(es(n..n + 3), &mut pool);
                    vec.extend(es(n..n + 3));
                }
                15 => {
                    list.truncate(at, &mut pool);
                    vec.truncate(at);
                }
                _ => {}
            }
            other.push(E(n), &mut pool);
            other.remove(3, &mut pool);
            assert_eq!(list.as_slice(&pool), vec);
            assert_eq!(other.as_slice(&pool), es(100..103));
        }
        assert!(pool.data.len() < 40 * vec.len().max(64), "freed blocks are used again");
    }

    #[test]
    fn copies_are_apart() {
        let mut pool = ListPool::new();
        let a = EntityList::from_slice(&es(0..5), &mut pool);
        let mut b = a.deep_clone(&mut pool);
        b.copy_from(&a, 1..3, 5, &mut pool);
        *b.get_mut(0, &mut pool).unwrap() = E(9);
        assert_eq!((a.first(&pool), b.get(6, &pool), b.get(7, &pool), b.len(&pool)), (Some(E(0)), Some(E(2)), None, 7));
        let c = b.take();
        assert_eq!((b.is_empty(), c.len(&pool), c.is_valid(&pool)), (true, 7, true));
        pool.clear();
        assert_eq!((c.is_valid(&pool), c.as_slice(&pool)), (false, &[][..]), "stale lists do no harm");
    }
}
