//! Labels of values: what a debugger calls them, and from where on.

use super::{RelSourceLoc, Value};
use windlass_entity::entity_impl;

/// A label of values: a variable of the source, as the user numbers them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ValueLabel(u32);
entity_impl!(ValueLabel, "VL");

/// A label, and from where on a value has it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ValueLabelStart {
    /// From where on.
    pub from: RelSourceLoc,
    /// The label.
    pub label: ValueLabel,
}

/// The labels of a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ValueLabelAssignments {
    /// Its own.
    Starts(Vec<ValueLabelStart>),
    /// Those of another value.
    Alias {
        /// From where on.
        from: RelSourceLoc,
        /// The other value.
        value: Value,
    },
}
