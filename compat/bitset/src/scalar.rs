//! Sets in one integer: number `i` is bit `i`.

use std::fmt;
use std::ops::{Add, BitAnd, BitOr, Not, Shl, Shr, Sub};

/// An integer whose bits are a set.
pub trait ScalarBitSetStorage:
    Default
    + From<u8>
    + Shl<u8, Output = Self>
    + Shr<u8, Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + Not<Output = Self>
    + Sub<Output = Self>
    + Add<Output = Self>
    + PartialEq
    + Copy
{
    /// The number of bits.
    const BITS: u8;
    /// How many bits are set.
    fn count_ones(self) -> u8;
    /// How many bits above the highest one that is set are not.
    fn leading_zeros(self) -> u8;
    /// How many bits below the lowest one that is set are not.
    fn trailing_zeros(self) -> u8;
}

macro_rules! storage { ($($int:ident)*) => { $(
    impl ScalarBitSetStorage for $int {
        const BITS: u8 = $int::BITS as u8;
        fn count_ones(self) -> u8 {
            $int::count_ones(self) as u8
        }
        fn leading_zeros(self) -> u8 {
            $int::leading_zeros(self) as u8
        }
        fn trailing_zeros(self) -> u8 {
            $int::trailing_zeros(self) as u8
        }
    }
)* } }
storage! { u8 u16 u32 u64 u128 usize }

/// A set of numbers below the number of bits of `T`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct ScalarBitSet<T>(pub T);

impl<T: ScalarBitSetStorage> Default for ScalarBitSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ScalarBitSetStorage> From<T> for ScalarBitSet<T> {
    fn from(bits: T) -> Self {
        ScalarBitSet(bits)
    }
}

impl<T: ScalarBitSetStorage> ScalarBitSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        ScalarBitSet(T::from(0))
    }

    /// The numbers from `lo` up to and without `hi`.
    ///
    /// # Panics
    /// If `lo` is larger than `hi`, or that larger than the capacity.
    pub fn from_range(lo: u8, hi: u8) -> Self {
        assert!(lo <= hi && hi <= T::BITS, "{lo}..{hi} is no range of a set of {} numbers", T::BITS);
        let below = |n: u8| if n == T::BITS { !T::from(0) } else { (T::from(1) << n) - T::from(1) };
        ScalarBitSet(below(hi) & !below(lo))
    }

    /// How many numbers there can be.
    pub fn capacity() -> u8 {
        T::BITS
    }

    /// How many numbers there are.
    pub fn len(&self) -> u8 {
        self.0.count_ones()
    }

    /// Is nothing in it?
    pub fn is_empty(&self) -> bool {
        self.0 == T::from(0)
    }

    fn bit(i: u8) -> T {
        assert!(i < T::BITS, "{i} is too large for a set of {} numbers", T::BITS);
        T::from(1) << i
    }

    /// Is a number in it?
    ///
    /// # Panics
    /// If it is not below the capacity; so do [`ScalarBitSet::insert`] and [`ScalarBitSet::remove`].
    pub fn contains(&self, i: u8) -> bool {
        self.0 & Self::bit(i) != T::from(0)
    }

    /// Adds a number. Returns whether it was not there.
    pub fn insert(&mut self, i: u8) -> bool {
        let new = !self.contains(i);
        self.0 = self.0 | Self::bit(i);
        new
    }

    /// Removes a number. Returns whether it was there.
    pub fn remove(&mut self, i: u8) -> bool {
        let there = self.contains(i);
        self.0 = self.0 & !Self::bit(i);
        there
    }

    /// Removes all numbers.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// The smallest number.
    pub fn min(&self) -> Option<u8> {
        (!self.is_empty()).then(|| self.0.trailing_zeros())
    }

    /// The largest number.
    pub fn max(&self) -> Option<u8> {
        (!self.is_empty()).then(|| T::BITS - 1 - self.0.leading_zeros())
    }

    /// Removes the smallest number.
    pub fn pop_min(&mut self) -> Option<u8> {
        let min = self.min()?;
        self.remove(min);
        Some(min)
    }

    /// Removes the largest number.
    pub fn pop_max(&mut self) -> Option<u8> {
        let max = self.max()?;
        self.remove(max);
        Some(max)
    }

    /// The numbers, smallest first.
    pub fn iter(self) -> Iter<T> {
        Iter { rest: self }
    }
}

impl<T: ScalarBitSetStorage> fmt::Debug for ScalarBitSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<T: ScalarBitSetStorage> IntoIterator for ScalarBitSet<T> {
    type Item = u8;
    type IntoIter = Iter<T>;

    fn into_iter(self) -> Iter<T> {
        self.iter()
    }
}

impl<T: ScalarBitSetStorage> IntoIterator for &ScalarBitSet<T> {
    type Item = u8;
    type IntoIter = Iter<T>;

    fn into_iter(self) -> Iter<T> {
        self.iter()
    }
}

/// See [`ScalarBitSet::iter`].
#[derive(Clone, Debug)]
pub struct Iter<T: ScalarBitSetStorage> {
    rest: ScalarBitSet<T>,
}

impl<T: ScalarBitSetStorage> Iterator for Iter<T> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.rest.pop_min()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.rest.len().into();
        (len, Some(len))
    }
}

impl<T: ScalarBitSetStorage> DoubleEndedIterator for Iter<T> {
    fn next_back(&mut self) -> Option<u8> {
        self.rest.pop_max()
    }
}

impl<T: ScalarBitSetStorage> ExactSizeIterator for Iter<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole<T: ScalarBitSetStorage>() {
        let bits = T::BITS;
        let mut all = ScalarBitSet::<T>::from_range(0, bits);
        assert_eq!((all.len(), all.min(), all.max()), (bits, Some(0), Some(bits - 1)));
        assert!(all.iter().eq(0..bits) && all.into_iter().rev().eq((0..bits).rev()));
        assert!(all.remove(bits - 1) && !all.remove(bits - 1) && all.insert(bits - 1) && !all.insert(bits - 1));
        assert_eq!((all.pop_min(), all.pop_max(), all.iter().len()), (Some(0), Some(bits - 1), usize::from(bits) - 2));
        assert!(!all.contains(0) && all.contains(1));
        all.clear();
        assert!(all.is_empty() && all.pop_max().is_none() && all == ScalarBitSet::from_range(bits, bits));
    }

    #[test]
    fn all_integers_serve() {
        whole::<u8>();
        whole::<u16>();
        whole::<u32>();
        whole::<u64>();
        whole::<u128>();
        whole::<usize>();
        assert_eq!(format!("{:?}", ScalarBitSet::from(0b1010u8)), "{1, 3}");
    }

    #[test]
    #[should_panic(expected = "8 is too large for a set of 8 numbers")]
    fn numbers_have_a_bound() {
        ScalarBitSet::<u8>::new().contains(8);
    }
}
