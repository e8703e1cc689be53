//! Numbers as bit vectors. Up to 128 bits they are one machine number, which is what scalars and most vectors are;
//! wider ones are lists of words. Needs the words' arithmetic next door.

use super::{Bv, wide};
use crate::fp::{self, FpFormat, FpOp};
use std::cmp::Ordering;

/// A number of any width.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Num(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// Of up to 128 bits, zero-extended.
    Narrow { w: u32, v: u128 },
    /// Of more, as words of 64 bits, the lowest first, with zeros above the width.
    Wide { w: u32, words: Box<[u64]> },
}
use Repr::*;

impl Num {
    /// The number, zero-extended; of a wide one the low 128 bits.
    pub fn get(&self) -> u128 {
        match &self.0 {
            Narrow { v, .. } => *v,
            Wide { words, .. } => words[0] as u128 | (words[1] as u128) << 64,
        }
    }
    /// The number, sign-extended; of a wide one the low 128 bits.
    pub fn signed(&self) -> i128 {
        match self.0 {
            Narrow { w, v } => (v << (128 - w)) as i128 >> (128 - w),
            Wide { .. } => self.get() as i128,
        }
    }
    /// A one-bit number as a truth value.
    pub fn is_true(&self) -> bool {
        self.get() != 0
    }
    /// The number's words of 64 bits, the lowest first.
    pub fn words(&self) -> Vec<u64> {
        match &self.0 {
            Narrow { w, v } => [*v as u64, (*v >> 64) as u64][..w.div_ceil(64) as usize].into(),
            Wide { words, .. } => words.to_vec(),
        }
    }
    /// The number of `w` bits with these words, the lowest first; what is missing is 0.
    pub fn from_words(w: u32, mut words: Vec<u64>) -> Num {
        words.resize(w.div_ceil(64).max(2) as usize, 0);
        if w <= 128 {
            return Num::lit(w, words[0] as u128 | (words[1] as u128) << 64);
        }
        if !w.is_multiple_of(64) {
            words[w as usize / 64] &= (1 << (w % 64)) - 1;
        }
        Num(Wide { w, words: words.into() })
    }
    fn bit(b: bool) -> Num {
        Num(Narrow { w: 1, v: b as u128 })
    }
    /// Both numbers if they are narrow.
    fn narrow(&self, o: &Num) -> Option<(u32, u128, u128)> {
        debug_assert_eq!(self.w(), o.w());
        match (&self.0, &o.0) {
            (Narrow { w, v: a }, Narrow { v: b, .. }) => Some((*w, *a, *b)),
            _ => None,
        }
    }
    fn binary(&self, o: &Num, narrow: fn(u128, u128) -> u128, wide: fn(&[u64], &[u64]) -> Vec<u64>) -> Num {
        match self.narrow(o) {
            Some((w, a, b)) => Num::lit(w, narrow(a, b)),
            None => Num::from_words(self.w(), wide(&self.words(), &o.words())),
        }
    }
    /// The shift amount, if it is below the width.
    fn amount(&self, o: &Num) -> Option<u32> {
        let fits = match &o.0 {
            Narrow { .. } => true,
            Wide { words, .. } => words[1..].iter().all(|x| *x == 0),
        };
        (fits && o.get() < self.w() as u128).then(|| o.get() as u32)
    }
    fn order(&self, o: &Num) -> Ordering {
        match self.narrow(o) {
            Some((_, a, b)) => a.cmp(&b),
            None => self.words().iter().rev().cmp(o.words().iter().rev()),
        }
    }
}

impl std::fmt::Debug for Num {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("0x")?;
        let words = self.words();
        for (i, word) in words.iter().rev().enumerate() {
            let first = if self.w().is_multiple_of(64) { 64 } else { self.w() % 64 };
            let digits = if i == 0 { first.div_ceil(4) } else { 16 };
            write!(f, "{word:0w$x}", w = digits as usize)?;
        }
        write!(f, ":{}", self.w())
    }
}

impl Bv for Num {
    fn lit(w: u32, v: u128) -> Num {
        assert!(w > 0, "a number without bits");
        match w {
            ..=128 => Num(Narrow { w, v: v & (u128::MAX >> (128 - w)) }),
            _ => Num::from_words(w, vec![v as u64, (v >> 64) as u64]),
        }
    }
    fn w(&self) -> u32 {
        match self.0 {
            Narrow { w, .. } | Wide { w, .. } => w,
        }
    }
    fn add(&self, o: &Num) -> Num {
        self.binary(o, u128::wrapping_add, wide::add)
    }
    fn sub(&self, o: &Num) -> Num {
        self.binary(o, u128::wrapping_sub, wide::sub)
    }
    fn mul(&self, o: &Num) -> Num {
        self.binary(o, u128::wrapping_mul, wide::mul)
    }
    fn udiv(&self, o: &Num) -> Num {
        self.binary(o, |a, b| a.checked_div(b).unwrap_or(u128::MAX), |a, b| wide::divide(a, b).0)
    }
    fn urem(&self, o: &Num) -> Num {
        self.binary(o, |a, b| a.checked_rem(b).unwrap_or(a), |a, b| wide::divide(a, b).1)
    }
    fn and(&self, o: &Num) -> Num {
        self.binary(o, |a, b| a & b, |a, b| a.iter().zip(b).map(|(a, b)| a & b).collect())
    }
    fn or(&self, o: &Num) -> Num {
        self.binary(o, |a, b| a | b, |a, b| a.iter().zip(b).map(|(a, b)| a | b).collect())
    }
    fn xor(&self, o: &Num) -> Num {
        self.binary(o, |a, b| a ^ b, |a, b| a.iter().zip(b).map(|(a, b)| a ^ b).collect())
    }
    fn shl(&self, o: &Num) -> Num {
        match (self.amount(o), &self.0) {
            (None, _) => Num::lit(self.w(), 0),
            (Some(n), Narrow { w, v }) => Num::lit(*w, v << n),
            (Some(n), Wide { w, words }) => Num::from_words(*w, wide::shl(words, n)),
        }
    }
    fn lshr(&self, o: &Num) -> Num {
        match self.amount(o) {
            None => Num::lit(self.w(), 0),
            Some(n) => self.extract(n, self.w() - n).zext(self.w()),
        }
    }
    fn ashr(&self, o: &Num) -> Num {
        let n = self.amount(o).unwrap_or(self.w() - 1);
        self.extract(n, self.w() - n).sext(self.w())
    }
    fn fp(op: FpOp, format: FpFormat, args: &[&Num]) -> Num {
        fp::exact(op, format, args)
    }
    fn eq(&self, o: &Num) -> Num {
        Num::bit(self.order(o).is_eq())
    }
    fn ult(&self, o: &Num) -> Num {
        Num::bit(self.order(o).is_lt())
    }
    fn slt(&self, o: &Num) -> Num {
        match self.sign().get().cmp(&o.sign().get()) {
            Ordering::Equal => self.ult(o),
            order => Num::bit(order.is_gt()),
        }
    }
    fn ite(&self, a: &Num, b: &Num) -> Num {
        debug_assert!(self.w() == 1 && a.w() == b.w());
        if self.is_true() { a.clone() } else { b.clone() }
    }
    fn zext(&self, w: u32) -> Num {
        debug_assert!(w >= self.w());
        match &self.0 {
            Narrow { v, .. } => Num::lit(w, *v),
            Wide { words, .. } => Num::from_words(w, words.to_vec()),
        }
    }
    fn sext(&self, w: u32) -> Num {
        debug_assert!(w >= self.w());
        match &self.0 {
            Narrow { .. } if w <= 128 => Num::lit(w, self.signed() as u128),
            _ if !self.sign().is_true() => self.zext(w),
            _ => Num::from_words(w, wide::ones_from(self.words(), self.w(), w)),
        }
    }
    fn extract(&self, lo: u32, w: u32) -> Num {
        debug_assert!(lo + w <= self.w());
        match &self.0 {
            Narrow { v, .. } => Num::lit(w, v >> lo),
            Wide { words, .. } => {
                let end = (lo + w).div_ceil(64) as usize;
                Num::from_words(w, wide::shr(&words[lo as usize / 64..end], lo % 64))
            }
        }
    }
    fn concat(&self, low: &Num) -> Num {
        let w = self.w() + low.w();
        match (&self.0, &low.0) {
            (Narrow { v: a, .. }, Narrow { w: n, v: b }) if w <= 128 => Num::lit(w, a << n | b),
            _ => {
                let high = wide::shl(&self.zext(w).words(), low.w());
                Num::from_words(w, high).or(&low.zext(w))
            }
        }
    }
}
