//! The condition flags as a value of five bits, and the conditions that read them (SDM volume 1, section 3.4.3 and
//! appendix B). Needs [`crate::bv`], [`crate::cc`].

use crate::bv::Bv;
use crate::cc::IntCC;
use crate::machine;

/// Width of a flags value. From bit 0: carry, parity, zero, sign, overflow.
pub const FLAGS_WIDTH: u32 = 5;

/// A condition, numbered as it is encoded. The last two take two instructions: after a comparison of floats they are
/// "ordered and equal" and "unordered or not equal".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs)] // the manual's names
pub enum Cc {
    O,
    No,
    B,
    Ae,
    E,
    Ne,
    Be,
    A,
    S,
    Ns,
    P,
    Np,
    L,
    Ge,
    Le,
    G,
    Oe,
    Une,
}

/// The conditions that are encoded, by number, with their mnemonics.
pub const CCS: [(Cc, &str); 16] = [
    (Cc::O, "o"),
    (Cc::No, "no"),
    (Cc::B, "b"),
    (Cc::Ae, "ae"),
    (Cc::E, "e"),
    (Cc::Ne, "ne"),
    (Cc::Be, "be"),
    (Cc::A, "a"),
    (Cc::S, "s"),
    (Cc::Ns, "ns"),
    (Cc::P, "p"),
    (Cc::Np, "np"),
    (Cc::L, "l"),
    (Cc::Ge, "ge"),
    (Cc::Le, "le"),
    (Cc::G, "g"),
];

/// The names of all conditions, by number.
pub const NAMES: [&str; 18] =
    ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g", "oe", "une"];

impl From<Cc> for machine::Cc {
    fn from(cc: Cc) -> machine::Cc {
        machine::Cc(cc as u8)
    }
}

impl Cc {
    /// The condition that `cmp a, b` followed by a test of it decides.
    pub const fn of(cc: IntCC) -> Cc {
        match cc {
            IntCC::Equal => Cc::E,
            IntCC::NotEqual => Cc::Ne,
            IntCC::SignedLessThan => Cc::L,
            IntCC::SignedGreaterThanOrEqual => Cc::Ge,
            IntCC::SignedGreaterThan => Cc::G,
            IntCC::SignedLessThanOrEqual => Cc::Le,
            IntCC::UnsignedLessThan => Cc::B,
            IntCC::UnsignedGreaterThanOrEqual => Cc::Ae,
            IntCC::UnsignedGreaterThan => Cc::A,
            IntCC::UnsignedLessThanOrEqual => Cc::Be,
        }
    }
    /// The condition with this number; numbers of no condition are taken modulo 16.
    pub const fn from_number(n: u8) -> Cc {
        match n {
            16 => Cc::Oe,
            17 => Cc::Une,
            _ => CCS[(n & 15) as usize].0,
        }
    }
    /// Is it one of those that take two instructions?
    pub const fn is_double(self) -> bool {
        self as u8 > 15
    }
    /// Its mnemonic.
    pub const fn name(self) -> &'static str {
        NAMES[self as usize]
    }
    /// The opposite condition.
    pub const fn complement(self) -> Cc {
        Cc::from_number(self as u8 ^ 1)
    }
    /// One bit: does it hold for these flags?
    pub fn holds<B: Bv>(self, flags: &B) -> B {
        let f = |i| flags.extract(i, 1);
        let (cf, pf, zf, sf, of) = (f(0), f(1), f(2), f(3), f(4));
        let yes = match (self as u8) & !1 {
            0 => of,
            2 => cf,
            4 => zf,
            6 => cf.or(&zf),
            8 => sf,
            10 => pf,
            12 => sf.xor(&of),
            14 => sf.xor(&of).or(&zf),
            _ => zf.and(&pf.not()),
        };
        if self as u8 & 1 == 0 { yes } else { yes.not() }
    }
}

/// Carry and overflow as given, the others from the result.
pub fn packed<B: Bv>(cf: &B, of: &B, r: &B) -> B {
    of.concat(&r.sign()).concat(&r.is_zero()).concat(&r.extract(0, 8).parity_even()).concat(cf)
}

/// Flags of a sum `r = a + b`.
pub fn of_add<B: Bv>(a: &B, b: &B, r: &B) -> B {
    packed(&r.ult(a), &a.xor(r).and(&b.xor(r)).sign(), r)
}

/// Flags of a difference `r = a - b`.
pub fn of_sub<B: Bv>(a: &B, b: &B, r: &B) -> B {
    packed(&a.ult(b), &a.xor(b).and(&a.xor(r)).sign(), r)
}

/// Flags of a bitwise result: no carry, no overflow.
pub fn of_logic<B: Bv>(r: &B) -> B {
    let zero = B::lit(1, 0);
    packed(&zero, &zero, r)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bv::Num;

    #[test]
    fn conditions_after_a_compare() {
        for a in 0..=255 {
            for b in [0, 1, 2, 0x7f, 0x80, 0x81, 0xff] {
                let (a, b) = (Num::lit(8, a), Num::lit(8, b));
                let flags = of_sub(&a, &b, &a.sub(&b));
                for &cc in IntCC::all() {
                    assert_eq!(Cc::of(cc).holds(&flags), cc.holds(&a, &b), "{cc} {a:?} {b:?}");
                    assert_eq!(Cc::of(cc).complement(), Cc::of(cc.complement()));
                }
            }
        }
    }
}
