//! The conditions of branches, asked of two registers. Instructions have six; the other four are the same of exchanged
//! operands, as in the assembler. Needs [`crate::bv`], [`crate::cc`].

use crate::bv::Bv;
use crate::cc::IntCC;
use crate::machine;

/// A condition. Its number is the field `funct3` of the branch, with bit 3 set where the operands are exchanged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs)] // the assembler's names
pub enum Cc {
    Eq = 0,
    Ne = 1,
    Lt = 4,
    Ge = 5,
    Ltu = 6,
    Geu = 7,
    Gt = 12,
    Le = 13,
    Gtu = 14,
    Leu = 15,
}

/// The names of conditions, by number; those of numbers that are none are empty.
pub const NAMES: [&str; 16] = ["eq", "ne", "", "", "lt", "ge", "ltu", "geu", "", "", "", "", "gt", "le", "gtu", "leu"];

/// The bit of a condition's number that says that the operands are exchanged.
pub const SWAPPED: u8 = 8;

impl From<Cc> for machine::Cc {
    fn from(cc: Cc) -> machine::Cc {
        machine::Cc(cc as u8)
    }
}

impl Cc {
    /// The condition of a comparison of integers.
    pub const fn of(cc: IntCC) -> Cc {
        match cc {
            IntCC::Equal => Cc::Eq,
            IntCC::NotEqual => Cc::Ne,
            IntCC::SignedLessThan => Cc::Lt,
            IntCC::SignedGreaterThanOrEqual => Cc::Ge,
            IntCC::SignedGreaterThan => Cc::Gt,
            IntCC::SignedLessThanOrEqual => Cc::Le,
            IntCC::UnsignedLessThan => Cc::Ltu,
            IntCC::UnsignedGreaterThanOrEqual => Cc::Geu,
            IntCC::UnsignedGreaterThan => Cc::Gtu,
            IntCC::UnsignedLessThanOrEqual => Cc::Leu,
        }
    }
    /// The condition with this number; the numbers of none are taken for the equality or difference.
    pub const fn from_number(n: u8) -> Cc {
        match n & 15 {
            4 => Cc::Lt,
            5 => Cc::Ge,
            6 => Cc::Ltu,
            7 => Cc::Geu,
            12 => Cc::Gt,
            13 => Cc::Le,
            14 => Cc::Gtu,
            15 => Cc::Leu,
            n if n & 1 == 0 => Cc::Eq,
            _ => Cc::Ne,
        }
    }
    /// The opposite condition.
    pub const fn complement(self) -> Cc {
        Cc::from_number(self as u8 ^ 1)
    }
    /// One bit: does it hold for these registers?
    pub fn holds<B: Bv>(self, a: &B, b: &B) -> B {
        let (a, b) = if self as u8 & SWAPPED == 0 { (a, b) } else { (b, a) };
        let yes = match self as u8 & 6 {
            4 => a.slt(b),
            6 => a.ult(b),
            _ => a.eq(b),
        };
        if self as u8 & 1 == 0 { yes } else { yes.not() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bv::Num;

    #[test]
    fn conditions_are_those_of_comparisons() {
        for a in 0..=255 {
            for b in [0, 1, 2, 0x7f, 0x80, 0x81, 0xff] {
                let (a, b) = (Num::lit(8, a), Num::lit(8, b));
                for &cc in IntCC::all() {
                    assert_eq!(Cc::of(cc).holds(&a, &b), cc.holds(&a, &b), "{cc} {a:?} {b:?}");
                    assert_eq!(Cc::of(cc).complement(), Cc::of(cc.complement()));
                    assert_eq!(Cc::from_number(Cc::of(cc) as u8), Cc::of(cc));
                }
            }
        }
    }
}
