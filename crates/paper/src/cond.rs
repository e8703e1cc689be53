//! The condition code, two bits, and conditions: masks of four bits, of which the highest asks for code 0.
//!
//! A comparison makes code 0 of equal operands, 1 where the first is less, 2 where it is greater, and 3 of floats that
//! are unordered. Whether it is a signed one the instruction says, not the condition. Logic makes 0 of zero, else 1. Sums
//! and differences of signed numbers make 0, 1 or 2 by their sign, 3 where they overflow; unsigned ones make 0 or 1, and
//! 2 or 3 where there is a carry, by whether they are zero.

use windlass_desc::bv::Bv;
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::machine::Cc;

/// Code 0.
pub const ZERO: Cc = Cc(0b1000);
/// Any other code.
pub const NONZERO: Cc = Cc(0b0111);
/// Code 2 or 3: a carry of unsigned arithmetic.
pub const CARRY: Cc = Cc(0b0011);

/// The names of conditions: the codes that they ask for.
pub const NAMES: [&str; 16] =
    ["never", "3", "2", "23", "1", "13", "12", "123", "0", "03", "02", "023", "01", "013", "012", "always"];

/// The condition that holds where `cc` does not.
pub fn negate(cc: Cc) -> Cc {
    Cc(cc.0 ^ 15)
}

/// The condition of a comparison of integers, signed or unsigned.
pub fn of(cc: IntCC) -> Cc {
    match cc {
        IntCC::Equal => ZERO,
        IntCC::NotEqual => NONZERO,
        IntCC::SignedLessThan | IntCC::UnsignedLessThan => Cc(0b0100),
        IntCC::SignedGreaterThanOrEqual | IntCC::UnsignedGreaterThanOrEqual => Cc(0b1011),
        IntCC::SignedGreaterThan | IntCC::UnsignedGreaterThan => Cc(0b0010),
        IntCC::SignedLessThanOrEqual | IntCC::UnsignedLessThanOrEqual => Cc(0b1101),
    }
}

/// The condition of a comparison of floats.
pub fn of_float(cc: FloatCC) -> Cc {
    use std::cmp::Ordering::*;
    let codes = [Some(Equal), Some(Less), Some(Greater), None];
    Cc(codes.into_iter().fold(0, |mask, relation| mask << 1 | cc.holds(relation) as u8))
}

/// One bit: does the condition hold for this code?
pub fn holds<B: Bv>(cc: Cc, code: &B) -> B {
    chosen(&B::lit(4, cc.0 as u128), code)
}

/// One bit: has the mask the bit of this code?
pub fn chosen<B: Bv>(mask: &B, code: &B) -> B {
    mask.lshr(&B::lit(4, 3).sub(&code.zext(4))).extract(0, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_desc::bv::Num;

    #[test]
    fn masks_ask_for_codes() {
        for cc in 0..16 {
            for code in 0..4 {
                let (cc, code) = (Cc(cc), Num::lit(2, code));
                assert_eq!(
                    holds(cc, &code).is_true(),
                    NAMES[cc.0 as usize].contains(&code.get().to_string()) || cc.0 == 15
                );
                assert_ne!(holds(cc, &code), holds(negate(cc), &code));
            }
        }
        for &cc in FloatCC::all() {
            assert_eq!(of_float(cc.complement()), negate(of_float(cc)));
        }
    }
}
