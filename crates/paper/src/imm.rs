//! What rules ask of constants, and functions of them. All take and give 64 bits, tests one bit.

use windlass_desc::bv::Bv;

/// Does it fit 12 bits, signed?
pub fn simm12<B: Bv>(k: &B) -> B {
    k.extract(0, 12).sext(64).eq(k)
}

/// The sum.
pub fn sum<B: Bv>(a: &B, b: &B) -> B {
    a.add(b)
}

/// Does the sum fit 32 bits, signed?
pub fn sum_fits<B: Bv>(a: &B, b: &B) -> B {
    let sum = a.add(b);
    sum.extract(0, 32).sext(64).eq(&sum)
}
