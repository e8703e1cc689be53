//! Unwind codes of Windows on aarch64 (".xdata records" in Microsoft's documentation of ARM64 exception handling). There
//! is no code for aarch64 yet, so there are no values of this type: it is there for users who match on what there can be.

use std::convert::Infallible;

/// Unwind data of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnwindInfo {
    none: Infallible,
}

impl UnwindInfo {
    /// How many words of four bytes the codes take.
    pub fn code_words(&self) -> u8 {
        match self.none {}
    }

    /// Writes the codes.
    pub fn emit(&self, _buf: &mut [u8]) {
        match self.none {}
    }
}
