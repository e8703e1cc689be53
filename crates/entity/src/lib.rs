//! Typed indices and the maps over them.
//!
//! An *entity* is a 32-bit number with a type of its own ([`EntityRef`]); what it denotes lives in a [`PrimaryMap`], which
//! hands the numbers out, and further facts in [`SecondaryMap`]s. [`EntitySet`], [`SparseMap`] and [`EntityList`] are the
//! other containers of a compiler that works on dense arrays. Needs nothing; contains no unsafe code.
//!
//! ```
//! use windlass_entity::{EntityRef, PrimaryMap, SecondaryMap, entity_impl};
//!
//! #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
//! struct City(u32);
//! entity_impl!(City, "city");
//!
//! let mut names = PrimaryMap::new();
//! let a: City = names.push("Ulm");
//! let b = names.push("Bern");
//! let mut distance = SecondaryMap::new();
//! distance[b] = 7;
//! assert_eq!((names[a], distance[a], distance[b], b.to_string().as_str()), ("Ulm", 0, 7, "city1"));
//! ```

#![deny(unsafe_code)]

mod boxed_slice;
mod iter;
mod list;
mod oom;
pub mod packed_option;
mod primary;
mod secondary;
mod set;
mod sparse;

pub use boxed_slice::BoxedSlice;
pub use iter::{IntoIter, Iter, IterEntityRange, IterMut, Keys, iter_entity_range};
pub use list::{EntityList, ListPool};
pub use oom::OutOfMemory;
pub use primary::PrimaryMap;
pub use secondary::SecondaryMap;
pub use set::{EntitySet, SetIter};
pub use sparse::{SparseMap, SparseMapValue, SparseSet};

/// A typed index.
pub trait EntityRef: Copy + Eq {
    /// The entity with this number.
    fn new(index: usize) -> Self;
    /// The entity's number.
    fn index(self) -> usize;
}

/// Makes a tuple struct of one `u32` an entity: `entity_impl!(Name)`, or `entity_impl!(Name, "prefix")` for one that is
/// displayed as the prefix and its number. The number `u32::MAX` is reserved to mean "none".
#[macro_export]
macro_rules! entity_impl {
    ($entity:ident) => {
        impl $crate::EntityRef for $entity {
            #[inline]
            fn new(index: usize) -> Self {
                debug_assert!(index < u32::MAX as usize);
                $entity(index as u32)
            }
            #[inline]
            fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl $crate::packed_option::ReservedValue for $entity {
            #[inline]
            fn reserved_value() -> $entity {
                $entity(u32::MAX)
            }
            #[inline]
            fn is_reserved_value(&self) -> bool {
                self.0 == u32::MAX
            }
        }

        impl $entity {
            /// The entity with this number.
            #[allow(dead_code, reason = "not every entity is made from its number")]
            #[inline]
            pub fn from_u32(x: u32) -> Self {
                debug_assert!(x < u32::MAX);
                $entity(x)
            }
            /// The entity's number.
            #[allow(dead_code, reason = "not every entity is asked for its number")]
            #[inline]
            pub fn as_u32(self) -> u32 {
                self.0
            }
            /// The entity with these bits, which may be the reserved ones.
            #[allow(dead_code, reason = "not every entity is made from its bits")]
            #[inline]
            pub fn from_bits(x: u32) -> Self {
                $entity(x)
            }
            /// The entity's bits.
            #[allow(dead_code, reason = "not every entity is asked for its bits")]
            #[inline]
            pub fn as_bits(self) -> u32 {
                self.0
            }
        }
    };
    ($entity:ident, $prefix:expr) => {
        $crate::entity_impl!($entity);

        impl ::core::fmt::Display for $entity {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::write!(f, "{}{}", $prefix, self.0)
            }
        }

        impl ::core::fmt::Debug for $entity {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(self, f)
            }
        }
    };
}

/// An entity for the tests of all maps.
#[cfg(test)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct E(pub u32);
#[cfg(test)]
entity_impl!(E, "e");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed_option::ReservedValue;

    #[test]
    fn an_entity_is_its_number() {
        let e = E::new(7);
        assert_eq!((e.index(), e.as_u32(), e.as_bits(), E::from_u32(7), E::from_bits(7)), (7, 7, 7, e, e));
        assert_eq!((format!("{e}"), format!("{e:?}")), ("e7".into(), "e7".into()));
        assert!(E::reserved_value().is_reserved_value() && !e.is_reserved_value());
    }
}
