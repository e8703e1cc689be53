//! Maps: names for what trees do.

use crate::Comparator;
use crate::tree::{Forest, Link, NONE};
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};
use wasmtime_internal_core::error::OutOfMemory;

/// The memory of maps.
#[derive(Clone, Debug)]
pub struct MapForest<K: Copy, V: Copy> {
    tree: Forest<K, V>,
}

impl<K: Copy, V: Copy> MapForest<K, V> {
    /// Memory for no maps yet.
    #[expect(clippy::new_without_default, reason = "users know no default")]
    pub fn new() -> Self {
        MapForest { tree: Forest::new() }
    }

    /// Drops all maps, which must not be used any more.
    pub fn clear(&mut self) {
        self.tree.clear();
    }
}

/// A map.
#[derive(Clone, Debug)]
pub struct Map<K: Copy, V: Copy> {
    root: Link,
    of: PhantomData<(K, V)>,
}

impl<K: Copy, V: Copy> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Copy, V: Copy> Map<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        Map { root: NONE, of: PhantomData }
    }

    /// Is nothing in it?
    pub fn is_empty(&self) -> bool {
        self.root == NONE
    }

    /// What a key is mapped to.
    pub fn get<C: Comparator<K>>(&self, key: K, forest: &MapForest<K, V>, comp: &C) -> Option<V> {
        let (at, ..) = forest.tree.find(self.root, |k| comp.cmp(k, key));
        Some(forest.tree.value(at?))
    }

    /// The entry with the largest key up to `key`.
    pub fn get_or_less<C: Comparator<K>>(&self, key: K, forest: &MapForest<K, V>, comp: &C) -> Option<(K, V)> {
        let (at, before, _) = forest.tree.find(self.root, |k| comp.cmp(k, key));
        forest.tree.entry(at.unwrap_or(before))
    }

    /// Maps a key to a value. Gives what it was mapped to before.
    ///
    /// # Panics
    /// If there is no memory.
    pub fn insert<C: Comparator<K>>(&mut self, key: K, value: V, forest: &mut MapForest<K, V>, comp: &C) -> Option<V> {
        self.try_insert(key, value, forest, comp).expect("there is memory")
    }

    /// The same, with an error if there is no memory.
    pub fn try_insert<C: Comparator<K>>(
        &mut self,
        key: K,
        value: V,
        forest: &mut MapForest<K, V>,
        comp: &C,
    ) -> Result<Option<V>, OutOfMemory> {
        self.cursor_mut(forest, comp).try_insert(key, value)
    }

    /// Removes a key. Gives what it was mapped to.
    pub fn remove<C: Comparator<K>>(&mut self, key: K, forest: &mut MapForest<K, V>, comp: &C) -> Option<V> {
        let mut cursor = self.cursor_mut(forest, comp);
        cursor.goto(key)?;
        cursor.remove()
    }

    /// Removes all entries.
    pub fn clear(&mut self, forest: &mut MapForest<K, V>) {
        forest.tree.remove_all(&mut self.root);
    }

    /// Removes the entries for which `predicate` is false, in order.
    pub fn retain<F: FnMut(K, &mut V) -> bool>(&mut self, forest: &mut MapForest<K, V>, mut predicate: F) {
        let mut at = forest.tree.first(self.root);
        while at != NONE {
            let (key, next) = (forest.tree.key(at), forest.tree.next(at));
            if !predicate(key, forest.tree.value_mut(at)) {
                forest.tree.remove(&mut self.root, at);
            }
            at = next;
        }
    }

    /// A place in the map, at first behind the last entry.
    pub fn cursor<'a, C: Comparator<K>>(&'a self, forest: &'a MapForest<K, V>, comp: &'a C) -> MapCursor<'a, K, V, C> {
        MapCursor { root: self.root, at: NONE, forest, comp }
    }

    /// A place at which the map can be changed, at first behind the last entry.
    pub fn cursor_mut<'a, C: Comparator<K>>(
        &'a mut self,
        forest: &'a mut MapForest<K, V>,
        comp: &'a C,
    ) -> MapCursorMut<'a, K, V, C> {
        MapCursorMut { root: &mut self.root, at: NONE, forest, comp }
    }

    /// The entries in order.
    pub fn iter<'a>(&'a self, forest: &'a MapForest<K, V>) -> MapIter<'a, K, V> {
        MapIter { at: forest.tree.first(self.root), forest }
    }

    /// The entries in order, with the forest, which is dropped at the end.
    pub fn into_iter(self, forest: MapForest<K, V>) -> MapIntoIter<K, V> {
        MapIntoIter { at: forest.tree.first(self.root), forest }
    }

    /// The entries with keys in a range, in order.
    pub fn range<'a, R, C>(&'a self, range: R, forest: &'a MapForest<K, V>, comp: &'a C) -> MapRange<'a, K, V, C>
    where
        R: RangeBounds<K>,
        C: Comparator<K>,
    {
        let tree = &forest.tree;
        let find = |key: K| tree.find(self.root, |k| comp.cmp(k, key));
        let first = match range.start_bound() {
            Bound::Unbounded => tree.first(self.root),
            Bound::Included(&key) => find(key).0.unwrap_or(find(key).2),
            Bound::Excluded(&key) => find(key).2,
        };
        let last = match range.end_bound() {
            Bound::Unbounded => tree.last(self.root),
            Bound::Included(&key) => find(key).0.unwrap_or(find(key).1),
            Bound::Excluded(&key) => find(key).1,
        };
        let empty = first == NONE || last == NONE || comp.cmp(tree.key(first), tree.key(last)).is_gt();
        MapRange { rest: (!empty).then_some((first, last)), forest, order: PhantomData }
    }
}

/// A place in a map: an entry, or behind the last one.
#[derive(Clone, Copy, Debug)]
pub struct MapCursor<'a, K: Copy, V: Copy, C: Comparator<K>> {
    root: Link,
    at: Link,
    forest: &'a MapForest<K, V>,
    comp: &'a C,
}

impl<K: Copy, V: Copy, C: Comparator<K>> MapCursor<'_, K, V, C> {
    /// Is the map empty?
    pub fn is_empty(&self) -> bool {
        self.root == NONE
    }

    /// Goes to the next entry, or behind the last one.
    #[expect(clippy::should_implement_trait, reason = "users know it so")]
    pub fn next(&mut self) -> Option<(K, V)> {
        self.at = match self.at {
            NONE => NONE,
            at => self.forest.tree.next(at),
        };
        self.forest.tree.entry(self.at)
    }

    /// Goes to the entry before, if there is one.
    pub fn prev(&mut self) -> Option<(K, V)> {
        let before = before(&self.forest.tree, self.root, self.at)?;
        self.at = before;
        self.forest.tree.entry(before)
    }

    /// The key here.
    pub fn key(&self) -> Option<K> {
        Some(self.forest.tree.entry(self.at)?.0)
    }

    /// The value here.
    pub fn value(&self) -> Option<V> {
        Some(self.forest.tree.entry(self.at)?.1)
    }

    /// Goes to a key; to the first larger one if it is not there.
    pub fn goto(&mut self, key: K) -> Option<V> {
        let (at, _, after) = self.forest.tree.find(self.root, |k| self.comp.cmp(k, key));
        self.at = at.unwrap_or(after);
        Some(self.forest.tree.value(at?))
    }

    /// Goes to the first entry.
    pub fn goto_first(&mut self) -> Option<V> {
        self.at = self.forest.tree.first(self.root);
        self.value()
    }

    /// Goes behind the last entry.
    pub fn goto_end(&mut self) {
        self.at = NONE;
    }
}

/// The entry before a place, if there is one.
fn before<K: Copy, V: Copy>(tree: &Forest<K, V>, root: Link, at: Link) -> Option<Link> {
    let before = if at == NONE { tree.last(root) } else { tree.prev(at) };
    (before != NONE).then_some(before)
}

/// A place in a map that can be changed there: an entry, or behind the last one.
#[derive(Debug)]
pub struct MapCursorMut<'a, K: Copy, V: Copy, C: Comparator<K>> {
    root: &'a mut Link,
    at: Link,
    forest: &'a mut MapForest<K, V>,
    comp: &'a C,
}

impl<K: Copy, V: Copy, C: Comparator<K>> MapCursorMut<'_, K, V, C> {
    /// The same place to look only.
    fn look<T>(&mut self, f: impl FnOnce(&mut MapCursor<'_, K, V, C>) -> T) -> T {
        let mut cursor = MapCursor { root: *self.root, at: self.at, forest: self.forest, comp: self.comp };
        let result = f(&mut cursor);
        self.at = cursor.at;
        result
    }

    /// Is the map empty?
    pub fn is_empty(&self) -> bool {
        *self.root == NONE
    }

    /// Goes to the next entry, or behind the last one.
    #[expect(clippy::should_implement_trait, reason = "users know it so")]
    pub fn next(&mut self) -> Option<(K, V)> {
        self.look(|cursor| cursor.next())
    }

    /// Goes to the entry before, if there is one.
    pub fn prev(&mut self) -> Option<(K, V)> {
        self.look(|cursor| cursor.prev())
    }

    /// The key here.
    pub fn key(&self) -> Option<K> {
        Some(self.forest.tree.entry(self.at)?.0)
    }

    /// The value here.
    pub fn value(&self) -> Option<V> {
        Some(self.forest.tree.entry(self.at)?.1)
    }

    /// The value here, to be changed.
    pub fn value_mut(&mut self) -> Option<&mut V> {
        (self.at != NONE).then(|| self.forest.tree.value_mut(self.at))
    }

    /// Goes to a key; to the first larger one if it is not there.
    pub fn goto(&mut self, key: K) -> Option<V> {
        self.look(|cursor| cursor.goto(key))
    }

    /// Goes to the first entry.
    pub fn goto_first(&mut self) -> Option<V> {
        self.look(|cursor| cursor.goto_first())
    }

    /// Maps a key to a value and goes there. Gives what it was mapped to before.
    ///
    /// # Panics
    /// If there is no memory.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.try_insert(key, value).expect("there is memory")
    }

    /// The same, with an error if there is no memory.
    pub fn try_insert(&mut self, key: K, value: V) -> Result<Option<V>, OutOfMemory> {
        let (at, before, after) = self.forest.tree.find(*self.root, |k| self.comp.cmp(k, key));
        if let Some(at) = at {
            self.at = at;
            return Ok(Some(std::mem::replace(self.forest.tree.value_mut(at), value)));
        }
        self.at = self.forest.tree.insert(self.root, key, value, (before, after))?;
        Ok(None)
    }

    /// Removes the entry here and goes to the next one. Gives the value that was here.
    pub fn remove(&mut self) -> Option<V> {
        let (at, (_, value)) = (self.at, self.forest.tree.entry(self.at)?);
        self.at = self.forest.tree.next(at);
        self.forest.tree.remove(self.root, at);
        Some(value)
    }
}

/// See [`Map::iter`].
#[derive(Debug)]
pub struct MapIter<'a, K: Copy, V: Copy> {
    at: Link,
    forest: &'a MapForest<K, V>,
}

impl<K: Copy, V: Copy> Iterator for MapIter<'_, K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        let entry = self.forest.tree.entry(self.at)?;
        self.at = self.forest.tree.next(self.at);
        Some(entry)
    }
}

/// See [`Map::into_iter`].
#[derive(Debug)]
pub struct MapIntoIter<K: Copy, V: Copy> {
    at: Link,
    forest: MapForest<K, V>,
}

impl<K: Copy, V: Copy> Iterator for MapIntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        let entry = self.forest.tree.entry(self.at)?;
        self.at = self.forest.tree.next(self.at);
        Some(entry)
    }
}

/// See [`Map::range`].
#[derive(Debug)]
pub struct MapRange<'a, K: Copy, V: Copy, C: Comparator<K>> {
    /// The first and the last entry that are left.
    rest: Option<(Link, Link)>,
    forest: &'a MapForest<K, V>,
    order: PhantomData<&'a C>,
}

impl<K: Copy, V: Copy, C: Comparator<K>> Iterator for MapRange<'_, K, V, C> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        let (first, last) = self.rest?;
        self.rest = (first != last).then(|| (self.forest.tree.next(first), last));
        self.forest.tree.entry(first)
    }
}

impl<K: Copy, V: Copy, C: Comparator<K>> DoubleEndedIterator for MapRange<'_, K, V, C> {
    fn next_back(&mut self) -> Option<(K, V)> {
        let (first, last) = self.rest?;
        self.rest = (first != last).then(|| (first, self.forest.tree.prev(last)));
        self.forest.tree.entry(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A sequence of numbers that looks random.
    fn numbers(count: usize) -> impl Iterator<Item = u32> {
        let next = |x: &u64| Some(x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
        std::iter::successors(Some(7), next).map(|x| (x >> 33) as u32).take(count)
    }

    #[test]
    fn as_the_standard_librarys() {
        let (mut forest, mut other) = (MapForest::new(), Map::new());
        let (mut map, mut model) = (Map::new(), BTreeMap::new());
        for (n, x) in numbers(20_000).enumerate() {
            let (key, value) = (x % 500, n as u32);
            other.insert(n as u32, 0u32, &mut forest, &());
            match x >> 16 & 3 {
                0 => assert_eq!(map.remove(key, &mut forest, &()), model.remove(&key)),
                1 => assert_eq!(map.get(key, &forest, &()), model.get(&key).copied()),
                2 => {
                    let less = model.range(..=key).next_back().map(|(k, v)| (*k, *v));
                    assert_eq!(map.get_or_less(key, &forest, &()), less);
                }
                _ => assert_eq!(map.insert(key, value, &mut forest, &()), model.insert(key, value)),
            }
        }
        assert!(map.iter(&forest).eq(model.iter().map(|(k, v)| (*k, *v))));
        for bounds in [0..500, 100..400, 123..124, 7..7] {
            let range = map.range(bounds.clone(), &forest, &());
            assert!(range.eq(model.range(bounds.clone()).map(|(k, v)| (*k, *v))));
            let back = map.range(bounds.clone(), &forest, &()).rev();
            assert!(back.eq(model.range(bounds).rev().map(|(k, v)| (*k, *v))));
        }
        map.retain(&mut forest, |k, v| {
            *v = 1;
            k % 3 == 0
        });
        model.retain(|k, _| k % 3 == 0);
        assert!(map.iter(&forest).eq(model.keys().map(|k| (*k, 1))));
        map.clear(&mut forest);
        assert!(map.is_empty() && other.iter(&forest).count() == 20_000);
        assert_eq!(other.into_iter(forest).last(), Some((19_999, 0)));
    }

    #[test]
    fn cursors_walk_and_change() {
        let (mut forest, mut map) = (MapForest::new(), Map::new());
        for key in [30, 10, 20] {
            map.insert(key, key + 1, &mut forest, &());
        }
        let mut c = map.cursor(&forest, &());
        assert_eq!((c.key(), c.next(), c.prev(), c.prev()), (None, None, Some((30, 31)), Some((20, 21))));
        assert_eq!((c.goto(15), c.key(), c.goto(10), c.prev(), c.value()), (None, Some(20), Some(11), None, Some(11)));
        c.goto_end();
        assert!(c.value().is_none() && !c.is_empty());
        let mut c = map.cursor_mut(&mut forest, &());
        assert_eq!((c.goto_first(), c.remove(), c.key()), (Some(11), Some(11), Some(20)));
        assert_eq!((c.insert(25, 1), c.insert(25, 2), c.next()), (None, Some(1), Some((30, 31))));
        *c.value_mut().unwrap() = 5;
        assert_eq!((c.remove(), c.remove(), c.prev()), (Some(5), None, Some((25, 2))));
    }

    /// Ordered insertions, the worst for a plain tree, take no longer per entry than others.
    #[test]
    fn sorted_insertions_do_not_degenerate() {
        struct Counting(std::cell::Cell<u64>);
        impl Comparator<u32> for Counting {
            fn cmp(&self, a: u32, b: u32) -> std::cmp::Ordering {
                self.0.set(self.0.get() + 1);
                a.cmp(&b)
            }
        }
        let (mut forest, mut map, order) = (MapForest::new(), Map::new(), Counting(Default::default()));
        for key in 0..1 << 15 {
            map.insert(key, (), &mut forest, &order);
        }
        assert!(order.0.get() < (4 * 15) << 15, "{} comparisons", order.0.get());
    }
}
