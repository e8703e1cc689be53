//! Float condition codes. Their meaning on bits is that of `fcmp`. Needs nothing.

use std::fmt;
use std::str::FromStr;

/// Declares the float comparisons: each is a set of the four ways in which two floats can relate.
macro_rules! float_ccs { ($($(#[$doc:meta])* $name:ident $text:literal $set:literal;)*) => {
    /// A float comparison. Two floats are equal, or one is less, or the other is, or they are unordered (one is a NaN).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
    #[repr(u8)]
    pub enum FloatCC { $($(#[$doc])* $name),* }

    /// All of them, in the order of their numbers, with their names in CLIF and the relations for which they hold.
    const FLOAT_CCS: [(FloatCC, &str, u8); 14] = [$((FloatCC::$name, $text, $set)),*];

    impl FloatCC {
        /// All codes, in the order of their numbers.
        pub fn all() -> &'static [FloatCC] {
            &[$(FloatCC::$name),*]
        }
    }
} }

// bits of a set: 8 unordered, 4 greater, 2 less, 1 equal
float_ccs! {
    /// Equal, less or greater.
    Ordered "ord" 0b0111;
    /// Unordered.
    Unordered "uno" 0b1000;
    /// Equal.
    Equal "eq" 0b0001;
    /// Unordered, less or greater: C's `!=`.
    NotEqual "ne" 0b1110;
    /// Less or greater.
    OrderedNotEqual "one" 0b0110;
    /// Unordered or equal.
    UnorderedOrEqual "ueq" 0b1001;
    /// Less.
    LessThan "lt" 0b0010;
    /// Less or equal.
    LessThanOrEqual "le" 0b0011;
    /// Greater.
    GreaterThan "gt" 0b0100;
    /// Greater or equal.
    GreaterThanOrEqual "ge" 0b0101;
    /// Unordered or less.
    UnorderedOrLessThan "ult" 0b1010;
    /// Unordered, less or equal.
    UnorderedOrLessThanOrEqual "ule" 0b1011;
    /// Unordered or greater.
    UnorderedOrGreaterThan "ugt" 0b1100;
    /// Unordered, greater or equal.
    UnorderedOrGreaterThanOrEqual "uge" 0b1101;
}

impl FloatCC {
    /// The relations for which it holds, a bit each: equal, less, greater, unordered.
    pub(crate) fn relations(self) -> u8 {
        FLOAT_CCS[self as usize].2
    }
    /// The code for a set of relations. The table has all sets but none and all of them.
    fn of_relations(set: u8) -> FloatCC {
        FLOAT_CCS.iter().find(|e| e.2 == set).expect("every set that a code's complement or exchange has").0
    }
    /// Does it hold of two floats that relate so? None: unordered.
    pub fn holds(self, relation: Option<std::cmp::Ordering>) -> bool {
        use std::cmp::Ordering::*;
        let bit = match relation {
            Some(Equal) => 1,
            Some(Less) => 2,
            Some(Greater) => 4,
            None => 8,
        };
        self.relations() & bit != 0
    }
    /// The code that holds exactly where this one does not.
    pub fn complement(self) -> FloatCC {
        Self::of_relations(!self.relations() & 0b1111)
    }
    /// The code for exchanged operands.
    pub fn swap_args(self) -> FloatCC {
        let set = self.relations();
        Self::of_relations(set & 0b1001 | (set & 2) << 1 | (set & 4) >> 1)
    }
    /// The code's name in CLIF.
    pub fn to_static_str(self) -> &'static str {
        FLOAT_CCS[self as usize].1
    }
}

impl fmt::Display for FloatCC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_static_str())
    }
}

impl FromStr for FloatCC {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        FLOAT_CCS.iter().find(|e| e.1 == s).map(|e| e.0).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complement_and_swap_mean_what_they_say() {
        for &cc in FloatCC::all() {
            for (a, b) in [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (f64::NAN, 0.0), (0.0, -0.0)] {
                let (ab, ba) = (a.partial_cmp(&b), b.partial_cmp(&a));
                assert_ne!(cc.holds(ab), cc.complement().holds(ab));
                assert_eq!(cc.holds(ab), cc.swap_args().holds(ba));
            }
            assert_eq!(cc.to_string().parse(), Ok(cc));
        }
        assert!(FloatCC::LessThan.holds(0.0.partial_cmp(&1.0)) && !FloatCC::Equal.holds(f64::NAN.partial_cmp(&1.0)));
    }
}
