//! Options that take no more room than what they hold, because one value is reserved to mean "none". Needs nothing.

use core::fmt;

/// A type with one value that is never used as such.
pub trait ReservedValue {
    /// That value.
    fn reserved_value() -> Self;
    /// Is it that value?
    fn is_reserved_value(&self) -> bool;
}

/// An `Option<T>` in the space of a `T`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[repr(transparent)]
pub struct PackedOption<T: ReservedValue>(T);

#[cfg(feature = "wasmtime-errors")]
impl<T: ReservedValue + wasmtime_internal_core::alloc::TryClone> wasmtime_internal_core::alloc::TryClone
    for PackedOption<T>
{
    fn try_clone(&self) -> Result<Self, crate::OutOfMemory> {
        Ok(PackedOption(self.0.try_clone()?))
    }
}

impl<T: ReservedValue> PackedOption<T> {
    /// Some `value`, or none if it is the reserved value.
    #[inline]
    pub const fn new(value: T) -> Self {
        PackedOption(value)
    }
    /// Is there nothing?
    #[inline]
    pub fn is_none(&self) -> bool {
        self.0.is_reserved_value()
    }
    /// Is there something?
    #[inline]
    pub fn is_some(&self) -> bool {
        !self.0.is_reserved_value()
    }
    /// The ordinary option.
    #[inline]
    pub fn expand(self) -> Option<T> {
        if self.is_none() { None } else { Some(self.0) }
    }
    /// Applies `f` to what is there.
    #[inline]
    pub fn map<U, F: FnOnce(T) -> U>(self, f: F) -> Option<U> {
        self.expand().map(f)
    }
    /// What is there; panics if nothing is.
    #[inline]
    #[track_caller]
    pub fn unwrap(self) -> T {
        self.expand().unwrap()
    }
    /// What is there; panics with `msg` if nothing is.
    #[inline]
    #[track_caller]
    pub fn expect(self, msg: &str) -> T {
        self.expand().expect(msg)
    }
    /// What is there, leaving nothing.
    #[inline]
    pub fn take(&mut self) -> Option<T> {
        core::mem::replace(self, None.into()).expand()
    }
}

impl<T: ReservedValue> Default for PackedOption<T> {
    #[inline]
    fn default() -> Self {
        PackedOption(T::reserved_value())
    }
}

impl<T: ReservedValue> From<T> for PackedOption<T> {
    #[inline]
    fn from(t: T) -> Self {
        debug_assert!(!t.is_reserved_value());
        PackedOption(t)
    }
}

impl<T: ReservedValue> From<Option<T>> for PackedOption<T> {
    #[inline]
    fn from(o: Option<T>) -> Self {
        o.map_or_else(Self::default, Self::from)
    }
}

impl<T: ReservedValue> From<PackedOption<T>> for Option<T> {
    #[inline]
    fn from(p: PackedOption<T>) -> Option<T> {
        p.expand()
    }
}

impl<T: ReservedValue + fmt::Debug> fmt::Debug for PackedOption<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() { f.write_str("None") } else { write!(f, "Some({:?})", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::E;

    #[test]
    fn none_is_the_reserved_value() {
        let mut p = PackedOption::from(E(3));
        assert_eq!((size_of_val(&p), p.expand(), p.map(|e| e.0), p.unwrap()), (4, Some(E(3)), Some(3), E(3)));
        assert_eq!((format!("{p:?}"), p.take(), p.is_none()), ("Some(e3)".into(), Some(E(3)), true));
        assert_eq!((p, format!("{p:?}")), (PackedOption::default(), "None".into()));
        assert_eq!(Option::from(PackedOption::<E>::from(None)), None::<E>);
    }
}
