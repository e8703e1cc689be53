//! Sets: maps to nothing.

use crate::Comparator;
use crate::map::{Map, MapCursorMut, MapForest, MapIter};
use wasmtime_internal_core::error::OutOfMemory;

/// The memory of sets.
#[derive(Clone, Debug)]
pub struct SetForest<K: Copy> {
    maps: MapForest<K, ()>,
}

impl<K: Copy> SetForest<K> {
    /// Memory for no sets yet.
    #[expect(clippy::new_without_default, reason = "users know no default")]
    pub fn new() -> Self {
        SetForest { maps: MapForest::new() }
    }

    /// Drops all sets, which must not be used any more.
    pub fn clear(&mut self) {
        self.maps.clear();
    }
}

/// A set.
#[derive(Clone, Debug)]
pub struct Set<K: Copy> {
    map: Map<K, ()>,
}

impl<K: Copy> Default for Set<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Copy> Set<K> {
    /// An empty set.
    pub fn new() -> Self {
        Set { map: Map::new() }
    }

    /// Is nothing in it?
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Is a key in it?
    pub fn contains<C: Comparator<K>>(&self, key: K, forest: &SetForest<K>, comp: &C) -> bool {
        self.map.get(key, &forest.maps, comp).is_some()
    }

    /// Adds a key. Returns whether it was not there.
    ///
    /// # Panics
    /// If there is no memory.
    pub fn insert<C: Comparator<K>>(&mut self, key: K, forest: &mut SetForest<K>, comp: &C) -> bool {
        self.map.insert(key, (), &mut forest.maps, comp).is_none()
    }

    /// The same, with an error if there is no memory.
    pub fn try_insert<C: Comparator<K>>(
        &mut self,
        key: K,
        forest: &mut SetForest<K>,
        comp: &C,
    ) -> Result<bool, OutOfMemory> {
        self.map.try_insert(key, (), &mut forest.maps, comp).map(|old| old.is_none())
    }

    /// Removes a key. Returns whether it was there.
    pub fn remove<C: Comparator<K>>(&mut self, key: K, forest: &mut SetForest<K>, comp: &C) -> bool {
        self.map.remove(key, &mut forest.maps, comp).is_some()
    }

    /// Removes all keys.
    pub fn clear(&mut self, forest: &mut SetForest<K>) {
        self.map.clear(&mut forest.maps);
    }

    /// Removes the keys for which `predicate` is false, in order.
    pub fn retain<F: FnMut(K) -> bool>(&mut self, forest: &mut SetForest<K>, mut predicate: F) {
        self.map.retain(&mut forest.maps, |k, ()| predicate(k));
    }

    /// A place at which the set can be changed, at first behind the last key.
    pub fn cursor<'a, C: Comparator<K>>(
        &'a mut self,
        forest: &'a mut SetForest<K>,
        comp: &'a C,
    ) -> SetCursor<'a, K, C> {
        SetCursor { cursor: self.map.cursor_mut(&mut forest.maps, comp) }
    }

    /// The keys in order.
    pub fn iter<'a>(&'a self, forest: &'a SetForest<K>) -> SetIter<'a, K> {
        SetIter { iter: self.map.iter(&forest.maps) }
    }
}

/// A place in a set: a key, or behind the last one.
#[derive(Debug)]
pub struct SetCursor<'a, K: Copy, C: Comparator<K>> {
    cursor: MapCursorMut<'a, K, (), C>,
}

impl<K: Copy, C: Comparator<K>> SetCursor<'_, K, C> {
    /// Is the set empty?
    pub fn is_empty(&self) -> bool {
        self.cursor.is_empty()
    }

    /// Goes to the next key, or behind the last one.
    #[expect(clippy::should_implement_trait, reason = "users know it so")]
    pub fn next(&mut self) -> Option<K> {
        Some(self.cursor.next()?.0)
    }

    /// Goes to the key before, if there is one.
    pub fn prev(&mut self) -> Option<K> {
        Some(self.cursor.prev()?.0)
    }

    /// The key here.
    pub fn elem(&self) -> Option<K> {
        self.cursor.key()
    }

    /// Goes to a key; to the first larger one if it is not there. Returns whether it is.
    pub fn goto(&mut self, elem: K) -> bool {
        self.cursor.goto(elem).is_some()
    }

    /// Goes to the first key.
    pub fn goto_first(&mut self) -> Option<K> {
        self.cursor.goto_first()?;
        self.elem()
    }

    /// Adds a key and goes there. Returns whether it was not there.
    ///
    /// # Panics
    /// If there is no memory.
    pub fn insert(&mut self, elem: K) -> bool {
        self.cursor.insert(elem, ()).is_none()
    }

    /// The same, with an error if there is no memory.
    pub fn try_insert(&mut self, elem: K) -> Result<bool, OutOfMemory> {
        self.cursor.try_insert(elem, ()).map(|old| old.is_none())
    }

    /// Removes the key here and goes to the next one. Gives the key that was here.
    pub fn remove(&mut self) -> Option<K> {
        let elem = self.elem()?;
        self.cursor.remove();
        Some(elem)
    }
}

/// See [`Set::iter`].
#[derive(Debug)]
pub struct SetIter<'a, K: Copy> {
    iter: MapIter<'a, K, ()>,
}

impl<K: Copy> Iterator for SetIter<'_, K> {
    type Item = K;

    fn next(&mut self) -> Option<K> {
        Some(self.iter.next()?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_each_key_once_and_in_order() {
        let (mut forest, mut set) = (SetForest::new(), Set::new());
        let new: Vec<bool> = [5, 3, 9, 3].into_iter().map(|k| set.insert(k, &mut forest, &())).collect();
        assert_eq!(new, [true, true, true, false]);
        assert!(set.iter(&forest).eq([3, 5, 9]) && set.contains(9, &forest, &()));
        assert!(set.remove(5, &mut forest, &()) && !set.remove(5, &mut forest, &()));
        let mut c = set.cursor(&mut forest, &());
        assert_eq!((c.goto(4), c.elem(), c.insert(4), c.next()), (false, Some(9), true, Some(9)));
        assert_eq!((c.remove(), c.elem(), c.prev(), c.goto_first()), (Some(9), None, Some(4), Some(3)));
        set.retain(&mut forest, |k| k > 3);
        assert!(set.iter(&forest).eq([4]));
        set.clear(&mut forest);
        assert!(set.is_empty());
    }
}
