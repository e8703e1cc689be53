//! Errors as text for people to read, with the function they are about.

use crate::error::CodegenError;
use windlass_ir::ir::Function;

#[doc(inline)]
pub use windlass_ir::print_errors::pretty_verifier_error;

/// An error as text; those of the verifier stand in the function's text, beside what they are about.
pub fn pretty_error(func: &Function, err: CodegenError) -> String {
    match err {
        CodegenError::Verifier(errors) => pretty_verifier_error(func, None, errors),
        err => err.to_string(),
    }
}
