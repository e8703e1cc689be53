//! Condition codes of comparisons: of integers with their meaning, of floats next door. Needs [`crate::bv`].

mod float;
pub use float::FloatCC;

use crate::bv::Bv;

/// An integer comparison.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum IntCC {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// Signed `<`
    SignedLessThan,
    /// Signed `>=`
    SignedGreaterThanOrEqual,
    /// Signed `>`
    SignedGreaterThan,
    /// Signed `<=`
    SignedLessThanOrEqual,
    /// Unsigned `<`
    UnsignedLessThan,
    /// Unsigned `>=`
    UnsignedGreaterThanOrEqual,
    /// Unsigned `>`
    UnsignedGreaterThan,
    /// Unsigned `<=`
    UnsignedLessThanOrEqual,
}

use IntCC::*;

/// All of them, with their names in CLIF, in the order of their numbers.
pub const INT_CCS: [(IntCC, &str); 10] = [
    (Equal, "eq"),
    (NotEqual, "ne"),
    (SignedLessThan, "slt"),
    (SignedGreaterThanOrEqual, "sge"),
    (SignedGreaterThan, "sgt"),
    (SignedLessThanOrEqual, "sle"),
    (UnsignedLessThan, "ult"),
    (UnsignedGreaterThanOrEqual, "uge"),
    (UnsignedGreaterThan, "ugt"),
    (UnsignedLessThanOrEqual, "ule"),
];

impl IntCC {
    /// One bit: does the comparison hold?
    pub fn holds<B: Bv>(self, a: &B, b: &B) -> B {
        match self {
            Equal => a.eq(b),
            NotEqual => a.eq(b).not(),
            SignedLessThan => a.slt(b),
            SignedGreaterThanOrEqual => a.slt(b).not(),
            SignedGreaterThan => b.slt(a),
            SignedLessThanOrEqual => b.slt(a).not(),
            UnsignedLessThan => a.ult(b),
            UnsignedGreaterThanOrEqual => a.ult(b).not(),
            UnsignedGreaterThan => b.ult(a),
            UnsignedLessThanOrEqual => b.ult(a).not(),
        }
    }
    /// All codes, in the order of their numbers.
    pub fn all() -> &'static [IntCC] {
        const ALL: [IntCC; 10] = {
            let mut a = [Equal; 10];
            let mut i = 0;
            while i < 10 {
                a[i] = INT_CCS[i].0;
                i += 1;
            }
            a
        };
        &ALL
    }
    /// The code that holds exactly where this one does not.
    pub fn complement(self) -> IntCC {
        match self {
            Equal => NotEqual,
            NotEqual => Equal,
            SignedLessThan => SignedGreaterThanOrEqual,
            SignedGreaterThanOrEqual => SignedLessThan,
            SignedGreaterThan => SignedLessThanOrEqual,
            SignedLessThanOrEqual => SignedGreaterThan,
            UnsignedLessThan => UnsignedGreaterThanOrEqual,
            UnsignedGreaterThanOrEqual => UnsignedLessThan,
            UnsignedGreaterThan => UnsignedLessThanOrEqual,
            UnsignedLessThanOrEqual => UnsignedGreaterThan,
        }
    }
    /// The code for exchanged operands.
    pub fn swap_args(self) -> IntCC {
        match self {
            Equal | NotEqual => self,
            SignedLessThan => SignedGreaterThan,
            SignedGreaterThanOrEqual => SignedLessThanOrEqual,
            SignedGreaterThan => SignedLessThan,
            SignedLessThanOrEqual => SignedGreaterThanOrEqual,
            UnsignedLessThan => UnsignedGreaterThan,
            UnsignedGreaterThanOrEqual => UnsignedLessThanOrEqual,
            UnsignedGreaterThan => UnsignedLessThan,
            UnsignedLessThanOrEqual => UnsignedGreaterThanOrEqual,
        }
    }
    /// The signed comparison's unsigned sibling; others as they are.
    pub fn unsigned(self) -> IntCC {
        match self {
            SignedLessThan => UnsignedLessThan,
            SignedGreaterThanOrEqual => UnsignedGreaterThanOrEqual,
            SignedGreaterThan => UnsignedGreaterThan,
            SignedLessThanOrEqual => UnsignedLessThanOrEqual,
            c => c,
        }
    }
    /// The strict comparison's code; equality's as it is.
    pub fn without_equal(self) -> IntCC {
        match self {
            SignedGreaterThanOrEqual => SignedGreaterThan,
            SignedLessThanOrEqual => SignedLessThan,
            UnsignedGreaterThanOrEqual => UnsignedGreaterThan,
            UnsignedLessThanOrEqual => UnsignedLessThan,
            c => c,
        }
    }
    /// The code's name in CLIF.
    pub fn to_static_str(self) -> &'static str {
        INT_CCS[self as usize].1
    }
}

impl std::fmt::Display for IntCC {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.to_static_str())
    }
}

impl std::str::FromStr for IntCC {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        INT_CCS.iter().find(|e| e.1 == s).map(|e| e.0).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bv::Num;

    #[test]
    fn complement_and_swap_mean_what_they_say() {
        for &cc in IntCC::all() {
            for (a, b) in [(0, 0), (0, 1), (1, 0), (0x80, 0x7f), (0x7f, 0x80), (0xff, 1)] {
                let (a, b) = (Num::lit(8, a), Num::lit(8, b));
                assert_ne!(cc.holds(&a, &b), cc.complement().holds(&a, &b));
                assert_eq!(cc.holds(&a, &b), cc.swap_args().holds(&b, &a));
            }
            assert_eq!(cc.to_string().parse(), Ok(cc));
        }
    }
}
