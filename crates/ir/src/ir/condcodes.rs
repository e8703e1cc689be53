//! Condition codes of integer and float comparisons, which come with the operations, and what they have in common.

pub use windlass_desc::cc::{FloatCC, IntCC};

/// What condition codes have in common.
pub trait CondCode: Copy {
    /// The code that holds exactly where this one does not.
    #[must_use]
    fn complement(self) -> Self;
    /// The code for exchanged operands.
    #[must_use]
    fn swap_args(self) -> Self;
}

impl CondCode for IntCC {
    fn complement(self) -> Self {
        IntCC::complement(self)
    }
    fn swap_args(self) -> Self {
        IntCC::swap_args(self)
    }
}

impl CondCode for FloatCC {
    fn complement(self) -> Self {
        FloatCC::complement(self)
    }
    fn swap_args(self) -> Self {
        FloatCC::swap_args(self)
    }
}
