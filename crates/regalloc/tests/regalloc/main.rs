//! Tests of the allocator and its checker over an invented machine: one test per kind of constraint, random programs
//! that are checked and executed, corrupted allocations that the checker must refuse, and large functions.

#[cfg(feature = "chaos")]
mod chaos;
mod classes;
mod constraints;
mod execute;
mod faults;
mod func;
mod generate;
mod listing;
mod pairs;
mod random;
mod rows;
mod scale;
mod structured;
