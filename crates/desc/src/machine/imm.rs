//! Tests on immediates and functions of them that rules of any machine use: written once, run on numbers by the compiler
//! and on terms by the prover. All take and give 64 bits; tests give one bit. What one machine alone asks stands in its
//! own `imm.rs`. Needs [`crate::bv`].

use crate::bv::Bv;

fn n<B: Bv>(v: i64) -> B {
    B::lit(64, v as u64 as u128)
}

/// Does it fit 32 bits, signed?
pub fn simm32<B: Bv>(k: &B) -> B {
    k.extract(0, 32).sext(64).eq(k)
}

/// Is it 0?
pub fn zero<B: Bv>(k: &B) -> B {
    k.is_zero()
}

/// Is it not 0?
pub fn nonzero<B: Bv>(k: &B) -> B {
    k.is_zero().not()
}

/// Is it 1?
pub fn one<B: Bv>(k: &B) -> B {
    k.eq(&n(1))
}

/// Is it all ones?
pub fn ones<B: Bv>(k: &B) -> B {
    k.eq(&n(-1))
}

/// Is it the number after the other?
pub fn follows<B: Bv>(a: &B, b: &B) -> B {
    a.eq(&b.add(&n(1)))
}

/// Is it the smallest number of 32 bits?
pub fn smallest32<B: Bv>(k: &B) -> B {
    k.eq(&n(i32::MIN.into()))
}

/// Is it the smallest number of 64 bits?
pub fn smallest64<B: Bv>(k: &B) -> B {
    k.eq(&n(i64::MIN))
}

/// Is it all ones in the low 8 bits, and zeros above?
pub fn ones8<B: Bv>(k: &B) -> B {
    k.eq(&n(0xff))
}

/// Is it all ones in the low 16 bits, and zeros above?
pub fn ones16<B: Bv>(k: &B) -> B {
    k.eq(&n(0xffff))
}

/// Is it all ones in the low 32 bits, and zeros above?
pub fn ones32<B: Bv>(k: &B) -> B {
    k.eq(&n(0xffff_ffff))
}

/// The negation.
pub fn neg<B: Bv>(k: &B) -> B {
    k.neg()
}

/// Does the sum of two displacements fit?
pub fn sum_fits<B: Bv>(a: &B, b: &B) -> B {
    simm32(&a.add(b))
}

/// The sum of two displacements.
pub fn sum<B: Bv>(a: &B, b: &B) -> B {
    a.add(b)
}

/// A shift amount of 8-bit values.
pub fn mod8<B: Bv>(k: &B) -> B {
    k.and(&n(7))
}

/// A shift amount of 16-bit values.
pub fn mod16<B: Bv>(k: &B) -> B {
    k.and(&n(15))
}

/// A shift amount of 32-bit values.
pub fn mod32<B: Bv>(k: &B) -> B {
    k.and(&n(31))
}

/// Is it 0 as a shift amount of 128-bit values?
pub fn no_shift128<B: Bv>(k: &B) -> B {
    k.and(&n(127)).is_zero()
}

/// Is it 64 as a shift amount of 128-bit values?
pub fn half128<B: Bv>(k: &B) -> B {
    k.and(&n(127)).eq(&n(64))
}

/// Is it below 64 as a shift amount of 128-bit values?
pub fn below64<B: Bv>(k: &B) -> B {
    k.and(&n(64)).is_zero()
}

/// Is it 64 or more as a shift amount of 128-bit values?
pub fn from64<B: Bv>(k: &B) -> B {
    below64(k).not()
}

/// A shift amount of 64-bit values.
pub fn mod64<B: Bv>(k: &B) -> B {
    k.and(&n(63))
}
