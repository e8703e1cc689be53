//! Register allocation and its checker. Knows neither the IR nor any target: it reads a [`Code`] in SSA form with the
//! constraints of its rows and writes a location into every operand, plus a list of inserted moves.

mod code;
pub use code::*;
