//! Tests on immediates and functions of them that only x86-64's rules use. Needs [`crate::bv`].

use crate::bv::Bv;
use crate::ops::int;

pub use crate::machine::imm::*;

fn n<B: Bv>(v: i64) -> B {
    B::lit(64, v as u64 as u128)
}

/// Is it a scale of an address, as a shift amount of 64-bit values: 0 to 3 modulo 64?
pub fn scale<B: Bv>(k: &B) -> B {
    k.and(&n(63)).ult(&n(4))
}

/// The scale of an address, from a shift amount of 64-bit values.
pub fn scale_of<B: Bv>(k: &B) -> B {
    k.and(&n(63))
}

/// Is it a factor of an index, as a shift amount of 32-bit values: 1 to 3 modulo 32?
pub fn factor32<B: Bv>(k: &B) -> B {
    mod32(k).sub(&n(1)).ult(&n(3))
}

/// Is it a factor of an index, as a shift amount of 64-bit values: 1 to 3 modulo 64?
pub fn factor64<B: Bv>(k: &B) -> B {
    mod64(k).sub(&n(1)).ult(&n(3))
}

/// Does it fit 32 bits, unsigned?
pub fn uimm32<B: Bv>(k: &B) -> B {
    k.extract(0, 32).zext(64).eq(k)
}

/// Is it a single bit, beyond what an immediate reaches?
pub fn far_bit<B: Bv>(k: &B) -> B {
    let single = k.and(&k.sub(&n(1))).is_zero();
    single.and(&simm32(k).not())
}

/// The number of the lowest bit that is set.
pub fn bit_number<B: Bv>(k: &B) -> B {
    int::ctz(k)
}

/// Is it 128, whose negation fits a byte where it does not?
pub fn is128<B: Bv>(k: &B) -> B {
    k.eq(&n(128))
}

/// Does it fit 7 bits, unsigned?
pub fn uimm7<B: Bv>(k: &B) -> B {
    k.ult(&n(128))
}

/// The negation fits 32 bits, signed.
pub fn neg_simm32<B: Bv>(k: &B) -> B {
    simm32(&k.neg())
}
