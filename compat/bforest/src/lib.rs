//! Ordered sets and maps of small things. Many of them share one forest, which owns their memory, so that each is only a
//! number. Needs nothing.
//!
//! What a function needs of a forest or of an order of keys is handed in by the caller: all calls for one set or map must
//! be given the same. Looking up, inserting and removing takes time logarithmic in the size of that set or map.

#![forbid(unsafe_code)]

mod map;
mod set;
mod tree;

pub use map::{Map, MapCursor, MapCursorMut, MapForest, MapIntoIter, MapIter, MapRange};
pub use set::{Set, SetCursor, SetForest, SetIter};

use std::cmp::Ordering;

/// An order of keys.
pub trait Comparator<K: Copy> {
    /// How two keys stand.
    fn cmp(&self, a: K, b: K) -> Ordering;

    /// The place of a key in a sorted list, or where it would stand.
    fn search(&self, k: K, s: &[K]) -> Result<usize, usize> {
        s.binary_search_by(|x| self.cmp(*x, k))
    }
}

/// The natural order.
impl<K: Copy + Ord> Comparator<K> for () {
    fn cmp(&self, a: K, b: K) -> Ordering {
        a.cmp(&b)
    }
}
