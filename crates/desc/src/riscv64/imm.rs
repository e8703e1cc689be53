//! Tests on immediates and functions of them that only riscv64's rules use. Needs [`crate::bv`].

use crate::bv::Bv;

pub use crate::machine::imm::*;

fn n<B: Bv>(v: i64) -> B {
    B::lit(64, v as u64 as u128)
}

/// Does it fit 12 bits, signed?
pub fn simm12<B: Bv>(k: &B) -> B {
    k.extract(0, 12).sext(64).eq(k)
}

/// Does its negation fit 12 bits, signed?
pub fn neg_simm12<B: Bv>(k: &B) -> B {
    simm12(&k.neg())
}

/// Is there a number after it, of any width, that fits 12 bits, signed?
pub fn next_simm12<B: Bv>(k: &B) -> B {
    simm12(&next(k)).and(&next(k).is_zero().not())
}

/// The number after it.
pub fn next<B: Bv>(k: &B) -> B {
    k.add(&n(1))
}

/// Does it fit 11 bits, unsigned?
pub fn uimm11<B: Bv>(k: &B) -> B {
    k.ult(&n(2048))
}

/// Does it fit 7 bits, unsigned?
pub fn uimm7<B: Bv>(k: &B) -> B {
    k.ult(&n(128))
}

/// Is it neither 0 nor -1?
pub fn divides<B: Bv>(k: &B) -> B {
    next(k).ult(&n(2)).not()
}

/// Does the sum of two displacements fit an instruction?
pub fn sum_fits12<B: Bv>(a: &B, b: &B) -> B {
    simm12(&a.add(b))
}

/// The amount of a shift of 8-bit values that stand in the highest bits.
pub fn top8<B: Bv>(k: &B) -> B {
    mod8(k).add(&n(56))
}

/// The amount of a shift of 16-bit values that stand in the highest bits.
pub fn top16<B: Bv>(k: &B) -> B {
    mod16(k).add(&n(48))
}

/// Of a rotation by so much, the shift the other way, of 8 bits.
pub fn rest8<B: Bv>(k: &B) -> B {
    mod8(&k.neg())
}

/// Of a rotation by so much, the shift the other way, of 16 bits.
pub fn rest16<B: Bv>(k: &B) -> B {
    mod16(&k.neg())
}

/// Of a rotation by so much, the shift the other way, of 32 bits.
pub fn rest32<B: Bv>(k: &B) -> B {
    mod32(&k.neg())
}

/// Of a rotation by so much, the shift the other way, of 64 bits.
pub fn rest64<B: Bv>(k: &B) -> B {
    mod64(&k.neg())
}

/// The low 8 bits.
pub fn low8<B: Bv>(k: &B) -> B {
    k.and(&n(0xff))
}

/// The low 16 bits.
pub fn low16<B: Bv>(k: &B) -> B {
    k.and(&n(0xffff))
}

/// Is it between 0 and 64 as a shift amount of 128-bit values?
pub fn near128<B: Bv>(k: &B) -> B {
    k.and(&n(127)).sub(&n(1)).ult(&n(63))
}

/// Is it above 64 as a shift amount of 128-bit values?
pub fn far128<B: Bv>(k: &B) -> B {
    k.and(&n(127)).sub(&n(65)).ult(&n(63))
}
