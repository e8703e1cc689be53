//! The intermediate representation: functions and their parts, how to build them, and what can be learnt of them.
//!
//! [`ir`] has the data structures, [`cursor`] and [`frontend`] two ways to fill them, [`flowgraph`], [`dominator_tree`],
//! [`post_dominator_tree`], [`loop_analysis`] and [`traversals`] the analyses of control flow. Needs `windlass-entity` for
//! its arrays and `windlass-desc` for the table of operations; knows no target beyond [`isa`].
//! [`reader`] and [`write`](mod@write) are the text format, [`testfile`] what test files add to it; [`verifier`] checks the
//! rules of the language, [`interpreter`] runs functions on [`data_value`]s.

#![deny(unsafe_code)]

pub use windlass_entity as entity;
pub use windlass_entity::packed_option;

mod aliases;
pub mod cfg_printer;
pub mod cursor;
pub mod data_value;
pub mod dominator_tree;
mod dominators;
pub mod flowgraph;
pub mod frontend;
pub mod interpreter;
pub mod ir;
pub mod isa;
pub mod loop_analysis;
pub mod meaning;
pub mod near;
pub mod post_dominator_tree;
pub mod print_errors;
pub mod reader;
pub mod testfile;
pub mod traversals;
pub mod verifier;
pub mod write;
