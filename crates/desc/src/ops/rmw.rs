//! What an atomic read-modify-write does. Needs nothing.

use std::fmt;
use std::str::FromStr;

/// Declares the operations.
macro_rules! rmw_ops { ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
    /// What an atomic read-modify-write does to memory.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
    #[repr(u8)]
    pub enum AtomicRmwOp { $($(#[$doc])* $name),* }

    impl AtomicRmwOp {
        /// All operations.
        pub fn all() -> &'static [AtomicRmwOp] {
            &[$(AtomicRmwOp::$name),*]
        }
    }

    impl fmt::Display for AtomicRmwOp {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self { $(AtomicRmwOp::$name => $text),* })
        }
    }

    impl FromStr for AtomicRmwOp {
        type Err = ();
        fn from_str(s: &str) -> Result<Self, ()> {
            match s { $($text => Ok(AtomicRmwOp::$name),)* _ => Err(()) }
        }
    }
} }

rmw_ops! {
    /// Adds.
    Add "add";
    /// Subtracts.
    Sub "sub";
    /// Bitwise and.
    And "and";
    /// Bitwise and, complemented.
    Nand "nand";
    /// Bitwise or.
    Or "or";
    /// Bitwise exclusive or.
    Xor "xor";
    /// Writes the operand.
    Xchg "xchg";
    /// The smaller, unsigned.
    Umin "umin";
    /// The larger, unsigned.
    Umax "umax";
    /// The smaller, signed.
    Smin "smin";
    /// The larger, signed.
    Smax "smax";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        assert!(AtomicRmwOp::all().iter().all(|op| op.to_string().parse() == Ok(*op)));
    }
}
