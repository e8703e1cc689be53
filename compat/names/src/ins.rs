//! The methods that build instructions, on the builder that clients call them on.

pub mod float;
pub mod flow;
pub mod int;
pub mod mem;
pub mod vector;

use cranelift_frontend::FunctionBuilder;

/// What the functions of this module are given.
pub type B<'a, 'b> = &'a mut FunctionBuilder<'b>;
