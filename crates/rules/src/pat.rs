//! Constructors of patterns, one per IR operation (printed from the table of operations), and the names that variables
//! have in rules.

use crate::term::*;
use windlass_desc::cc::FloatCC;
use windlass_desc::ops::Opcode;

include!(concat!(env!("OUT_DIR"), "/patterns.rs"));

/// A value.
pub const X: Val = Val::new("x");
/// A second value.
pub const Y: Val = Val::new("y");
/// An immediate.
pub const K: Im = Im { name: "k", test: None };
/// A second immediate.
pub const N: Im = Im { name: "n", test: None };
/// The offset of a memory operation, in the alternatives of addresses.
pub const OFF: Im = Im { name: "off", test: None };
/// A symbol or a stack slot.
pub const S: Im = Im { name: "s", test: None };
/// The condition of a comparison.
pub const CC: Cv = Cv("cc", None);
/// An address.
pub const A: Addr = Addr { name: "a", more: 0, swapped: false };
/// An operand of any kind.
pub const R: Rmi = Rmi { name: "r", of: "operand", read: Read::Exact };
/// A tested value.
pub const C: Cond = Cond { name: "c", negated: false };
/// A result of a step.
pub const T: Tmp = Tmp::new("t");
/// The result of another step.
pub const U: Tmp = Tmp::new("u");
