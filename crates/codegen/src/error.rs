//! What can go wrong in compiling a function. Every error says what to do about it.

use std::fmt;
use thiserror::Error;
use windlass_ir::ir::Function;
use windlass_ir::verifier::VerifierErrors;

/// Why a function was not compiled.
#[derive(Debug, Error)]
pub enum CodegenError {
    /// The function breaks rules of the language.
    #[error("verifier errors:\n{0}")]
    Verifier(#[from] VerifierErrors),
    /// An operation, type or convention that the target does not have yet.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The frame is larger than the target can address.
    #[error("the function needs {0} bytes of stack, more than the {1} that fit: use fewer or smaller stack slots")]
    FrameTooLarge(u64, u64),
    /// The code is larger than branches reach.
    #[error("the function's code is larger than 2 GiB: split it")]
    CodeTooLarge,
    /// The register allocator found constraints that nothing satisfies.
    #[error("register allocation: {0}")]
    Regalloc(#[from] windlass_regalloc::Error),
    /// A register that unwind data cannot name.
    #[error(transparent)]
    RegisterMappingError(#[from] RegisterMappingError),
    /// A broken promise between two of our stages.
    #[error("internal error, please report it with the function: {0}")]
    Internal(String),
}

impl CodegenError {
    pub(crate) fn internal(what: &str) -> CodegenError {
        CodegenError::Internal(what.into())
    }
    pub(crate) fn unsupported(what: impl Into<String>) -> CodegenError {
        CodegenError::Unsupported(what.into())
    }
}

/// Why a register has no DWARF number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum RegisterMappingError {
    /// The target has no numbers for its registers.
    #[error("this architecture has no DWARF numbers of registers")]
    UnsupportedArchitecture,
    /// It has none for this bank.
    #[error("registers of bank {0} have no DWARF numbers")]
    UnsupportedRegisterBank(&'static str),
    /// The register belongs to no bank.
    #[error("the register belongs to no bank")]
    MissingBank,
}

/// A result of compiling.
pub type CodegenResult<T> = Result<T, CodegenError>;

/// Why a function was not compiled, with the function.
pub struct CompileError<'a> {
    /// Why.
    pub inner: CodegenError,
    /// The function as it was when the error was found.
    pub func: &'a Function,
}

impl fmt::Debug for CompileError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl From<CompileError<'_>> for CodegenError {
    fn from(error: CompileError<'_>) -> CodegenError {
        error.inner
    }
}

/// A result of compiling, with the function if it failed.
pub type CompileResult<'a, T> = Result<T, CompileError<'a>>;
