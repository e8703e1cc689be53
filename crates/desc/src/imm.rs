//! Tests on constants and functions of them, as simplification rules use them: written once, run on numbers by the
//! compiler and on terms by the prover. All take and give 64 bits, tests one bit. A constant of a narrower type is
//! sign-extended; `w`, where it is taken, is the type's width. Of what is given the low bits count. Needs [`crate::bv`].

use crate::bv::Bv;
use crate::ops::int;

fn n<B: Bv>(v: i64) -> B {
    B::lit(64, v as u64 as u128)
}

/// `w` ones, for a width of 1 to 64.
fn mask<B: Bv>(w: &B) -> B {
    n::<B>(-1).lshr(&n::<B>(64).sub(w))
}

/// The number as an unsigned one of width `w`.
fn unsigned<B: Bv>(k: &B, w: &B) -> B {
    k.and(&mask(w))
}

/// Is it 0?
pub fn zero<B: Bv>(k: &B) -> B {
    k.is_zero()
}

/// Is it not 0?
pub fn not_zero<B: Bv>(k: &B) -> B {
    k.is_zero().not()
}

/// Is it 1?
pub fn one<B: Bv>(k: &B) -> B {
    k.eq(&n(1))
}

/// Are all bits ones?
pub fn ones<B: Bv>(k: &B) -> B {
    k.eq(&n(-1))
}

/// Is it the smallest signed number?
pub fn smallest<B: Bv>(k: &B, w: &B) -> B {
    unsigned(k, w).eq(&n::<B>(1).shl(&w.sub(&n(1))))
}

/// Is it the largest signed number?
pub fn largest<B: Bv>(k: &B, w: &B) -> B {
    unsigned(k, w).eq(&mask(&w.sub(&n(1))))
}

/// The sum.
pub fn sum<B: Bv>(a: &B, b: &B) -> B {
    a.add(b)
}

/// The difference.
pub fn difference<B: Bv>(a: &B, b: &B) -> B {
    a.sub(b)
}

/// The product.
pub fn product<B: Bv>(a: &B, b: &B) -> B {
    a.mul(b)
}

/// The negation.
pub fn negation<B: Bv>(k: &B) -> B {
    k.neg()
}

/// All bits inverted.
pub fn inverse<B: Bv>(k: &B) -> B {
    k.not()
}

/// Bitwise and.
pub fn both<B: Bv>(a: &B, b: &B) -> B {
    a.and(b)
}

/// Bitwise or.
pub fn either<B: Bv>(a: &B, b: &B) -> B {
    a.or(b)
}

/// Bitwise exclusive or.
pub fn differing<B: Bv>(a: &B, b: &B) -> B {
    a.xor(b)
}

/// Have they no ones in common?
pub fn disjoint<B: Bv>(a: &B, b: &B) -> B {
    a.and(b).is_zero()
}

/// Has each bit a one in either?
pub fn complete<B: Bv>(a: &B, b: &B) -> B {
    ones(&a.or(b))
}

/// Is it a power of two, unsigned?
pub fn power_of_two<B: Bv>(k: &B, w: &B) -> B {
    let k = unsigned(k, w);
    k.is_zero().not().and(&k.and(&k.sub(&n(1))).is_zero())
}

/// Is it a power of two, signed and more than 1?
pub fn signed_power_of_two<B: Bv>(k: &B, w: &B) -> B {
    power_of_two(k, w).and(&n::<B>(1).slt(k))
}

/// The logarithm of a power of two.
pub fn log2<B: Bv>(k: &B, w: &B) -> B {
    int::ctz(&unsigned(k, w))
}

/// The width less the logarithm of a power of two.
pub fn width_less_log2<B: Bv>(k: &B, w: &B) -> B {
    w.sub(&log2(k, w))
}

/// A shift amount modulo the width.
pub fn modulo<B: Bv>(k: &B, w: &B) -> B {
    k.and(&w.sub(&n(1)))
}

/// Is the shift amount 0 modulo the width?
pub fn no_shift<B: Bv>(k: &B, w: &B) -> B {
    modulo(k, w).is_zero()
}

/// Is the shift amount not below the width, or negative?
pub fn out_of_range<B: Bv>(k: &B, w: &B) -> B {
    modulo(k, w).eq(k).not()
}

/// Is the shift amount below the width, and not negative?
pub fn in_range<B: Bv>(k: &B, w: &B) -> B {
    k.ult(w)
}

/// Both shift amounts together.
pub fn both_shifts<B: Bv>(k: &B, o: &B, w: &B) -> B {
    modulo(k, w).add(&modulo(o, w))
}

/// Both amounts of rotates together, modulo the width.
pub fn both_rotates<B: Bv>(k: &B, o: &B, w: &B) -> B {
    modulo(&both_shifts(k, o, w), w)
}

/// Are both shift amounts together below the width?
pub fn shifts_within<B: Bv>(k: &B, o: &B, w: &B) -> B {
    both_shifts(k, o, w).ult(w)
}

/// Are both shift amounts together the width or more?
pub fn shifts_away<B: Bv>(k: &B, o: &B, w: &B) -> B {
    shifts_within(k, o, w).not()
}

/// Both shift amounts together, at most the width less 1.
pub fn both_shifts_signed<B: Bv>(k: &B, o: &B, w: &B) -> B {
    shifts_within(k, o, w).ite(&both_shifts(k, o, w), &w.sub(&n(1)))
}

/// Are both shift amounts together the width, as those of a rotate's halves?
pub fn shifts_around<B: Bv>(k: &B, o: &B, w: &B) -> B {
    both_shifts(k, o, w).eq(w)
}

/// Are the shift amounts the same?
pub fn same_shift<B: Bv>(k: &B, o: &B, w: &B) -> B {
    modulo(k, w).eq(&modulo(o, w))
}

/// Are the shift amounts the same, and do they leave `low` bits?
pub fn same_shift_leaving<B: Bv>(k: &B, o: &B, w: &B, low: &B) -> B {
    same_shift(k, o, w).and(&modulo(k, w).eq(&w.sub(low)))
}

/// The bits that a shift to the left leaves.
pub fn left_by_shift<B: Bv>(k: &B, w: &B) -> B {
    n::<B>(-1).shl(&modulo(k, w))
}

/// The bits that a shift to the right leaves.
pub fn right_by_shift<B: Bv>(k: &B, w: &B) -> B {
    mask(w).lshr(&modulo(k, w))
}

/// Does the mask leave a shift amount modulo the width as it is?
pub fn keeps_amount<B: Bv>(k: &B, w: &B) -> B {
    modulo(k, w).eq(&w.sub(&n(1)))
}

/// Are the low `low` bits all ones?
pub fn keeps_low<B: Bv>(k: &B, low: &B) -> B {
    unsigned(k, low).eq(&mask(low))
}

/// Is it a mask of the `low` low bits?
pub fn masks_low<B: Bv>(k: &B, w: &B, low: &B) -> B {
    unsigned(k, w).eq(&mask(low))
}

/// Is the unsigned number of width `w` one of `low` bits?
pub fn fits_unsigned<B: Bv>(k: &B, w: &B, low: &B) -> B {
    unsigned(k, w).eq(&unsigned(k, low))
}

/// Is the signed number one of `low` bits?
pub fn fits_signed<B: Bv>(k: &B, low: &B) -> B {
    let up = n::<B>(64).sub(low);
    k.shl(&up).ashr(&up).eq(k)
}

/// Is the unsigned number of width `w` larger than any of `low` bits?
pub fn exceeds_unsigned<B: Bv>(k: &B, w: &B, low: &B) -> B {
    fits_unsigned(k, w, low).not()
}
