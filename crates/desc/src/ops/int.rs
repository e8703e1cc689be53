//! Meanings of operations on integers, mostly of one lane. Needs [`super::Imms`] and the vocabulary.

use super::{Imms, Results};
use crate::bv::Bv;
use crate::env::{Env, TrapCode};

/// The smallest signed number of `w` bits.
fn smallest<B: Bv>(w: u32) -> B {
    B::ones(w).shl(&B::lit(w, w as u128 - 1))
}

/// The largest signed number of `w` bits.
fn largest<B: Bv>(w: u32) -> B {
    smallest::<B>(w).not()
}

/// One bit as a truth value: a byte in scalars, every bit of a lane in vectors.
pub fn truth<B: Bv>(i: &Imms<B>, holds: &B) -> B {
    if i.ty.is_lane() { holds.zext(8) } else { holds.sext(i.ty.lane_bits()) }
}

pub fn icmp<B: Bv>(i: &Imms<B>, x: &B, y: &B) -> Results<B> {
    vec![x.zip_lanes(y, i.ty.lane_count(), |x, y| truth(i, &i.cc.holds(x, y)))]
}

/// A shift of each lane by one amount of any integer type: it is resized, then taken modulo the lane's width.
pub fn shift<B: Bv>(i: &Imms<B>, a: &[B], f: fn(&B, &B) -> B) -> Results<B> {
    let w = i.ty.lane_bits();
    let amount = a[1].resize(w).and(&B::lit(w, w as u128 - 1));
    vec![a[0].map_lanes(i.ty.lane_count(), |x| f(x, &amount))]
}

pub fn abs<B: Bv>(x: &B) -> B {
    x.magnitude()
}

/// The upper half of the product of two numbers extended to twice the width.
fn high_product<B: Bv>(x: &B, y: &B, extend: fn(&B, u32) -> B) -> B {
    let w = x.w();
    extend(x, 2 * w).mul(&extend(y, 2 * w)).extract(w, w)
}

pub fn umulhi<B: Bv>(x: &B, y: &B) -> B {
    high_product(x, y, B::zext)
}

pub fn smulhi<B: Bv>(x: &B, y: &B) -> B {
    high_product(x, y, B::sext)
}

pub fn smin<B: Bv>(x: &B, y: &B) -> B {
    x.slt(y).ite(x, y)
}

pub fn umin<B: Bv>(x: &B, y: &B) -> B {
    x.ult(y).ite(x, y)
}

pub fn smax<B: Bv>(x: &B, y: &B) -> B {
    x.slt(y).ite(y, x)
}

pub fn umax<B: Bv>(x: &B, y: &B) -> B {
    x.ult(y).ite(y, x)
}

pub fn avg_round<B: Bv>(x: &B, y: &B) -> B {
    let w = x.w() + 1;
    x.zext(w).add(&y.zext(w)).add(&B::lit(w, 1)).extract(1, w - 1)
}

/// Clamps a signed number to the signed numbers of `w` bits, fewer than it has.
pub fn clamp_signed<B: Bv>(x: &B, w: u32) -> B {
    let limit = x.sign().ite(&smallest(w), &largest(w));
    x.extract(0, w).sext(x.w()).eq(x).ite(&x.extract(0, w), &limit)
}

/// Clamps a signed number to the unsigned numbers of `w` bits, fewer than it has.
pub fn clamp_to_unsigned<B: Bv>(x: &B, w: u32) -> B {
    x.sign().ite(&B::lit(w, 0), &clamp_unsigned(x, w))
}

/// Clamps an unsigned number to those of `w` bits, fewer than it has.
pub fn clamp_unsigned<B: Bv>(x: &B, w: u32) -> B {
    x.extract(w, x.w() - w).is_zero().ite(&x.extract(0, w), &B::ones(w))
}

pub fn uadd_sat<B: Bv>(x: &B, y: &B) -> B {
    let w = x.w();
    clamp_unsigned(&x.zext(w + 1).add(&y.zext(w + 1)), w)
}

pub fn sadd_sat<B: Bv>(x: &B, y: &B) -> B {
    let w = x.w();
    clamp_signed(&x.sext(w + 1).add(&y.sext(w + 1)), w)
}

pub fn usub_sat<B: Bv>(x: &B, y: &B) -> B {
    let w = x.w();
    clamp_to_unsigned(&x.zext(w + 2).sub(&y.zext(w + 2)), w)
}

pub fn ssub_sat<B: Bv>(x: &B, y: &B) -> B {
    let w = x.w();
    clamp_signed(&x.sext(w + 1).sub(&y.sext(w + 1)), w)
}

/// The product of two fixed-point numbers, rounded, in twice the width.
fn fixed_point_product<B: Bv>(x: &B, y: &B) -> B {
    let (w, n) = (2 * x.w(), |v| B::lit(2 * x.w(), v));
    let half = n(1).shl(&n(x.w() as u128 - 2));
    x.sext(w).mul(&y.sext(w)).add(&half).ashr(&n(x.w() as u128 - 1))
}

pub fn sqmul_round_sat<B: Bv>(x: &B, y: &B) -> B {
    clamp_signed(&fixed_point_product(x, y), x.w())
}

pub fn pmulhrsw<B: Bv>(x: &B, y: &B) -> B {
    fixed_point_product(x, y).extract(0, x.w())
}

pub fn div<E: Env>(e: &mut E, x: &E::B, y: &E::B, signed: bool) -> Results<E::B> {
    if signed {
        let too_large = x.eq(&smallest(x.w())).and(&y.eq(&E::B::ones(y.w())));
        e.trap_if(&too_large, TrapCode::INTEGER_OVERFLOW);
    }
    e.trap_if(&y.is_zero(), TrapCode::INTEGER_DIVISION_BY_ZERO);
    vec![if signed { x.sdiv(y) } else { x.udiv(y) }]
}

pub fn rem<E: Env>(e: &mut E, x: &E::B, y: &E::B, signed: bool) -> Results<E::B> {
    e.trap_if(&y.is_zero(), TrapCode::INTEGER_DIVISION_BY_ZERO);
    if !signed {
        return vec![x.urem(y)];
    }
    // the remainder by -1 is 0, as that by 1, whether the quotient would fit or not
    let by = y.eq(&E::B::ones(y.w())).ite(&E::B::lit(y.w(), 1), y);
    vec![x.srem(&by)]
}

/// The result computed exactly in a larger width, cut down, and whether that changed it.
fn overflow<B: Bv>(exact: &B, w: u32, signed: bool) -> Results<B> {
    let low = exact.extract(0, w);
    let back = if signed { low.sext(exact.w()) } else { low.zext(exact.w()) };
    vec![low, back.eq(exact).not().zext(8)]
}

/// Extends to a width in which sums and differences of three are exact.
fn extended<B: Bv>(x: &B, signed: bool) -> B {
    let w = x.w() + 2;
    if signed { x.sext(w) } else { x.zext(w) }
}

fn carry<B: Bv>(c: Option<&B>, w: u32) -> B {
    c.map_or(B::lit(w, 0), |c| c.is_zero().not().zext(w))
}

pub fn add_overflow<B: Bv>(x: &B, y: &B, c: Option<&B>, signed: bool) -> Results<B> {
    let exact = extended(x, signed).add(&extended(y, signed)).add(&carry(c, x.w() + 2));
    overflow(&exact, x.w(), signed)
}

pub fn sub_overflow<B: Bv>(x: &B, y: &B, c: Option<&B>, signed: bool) -> Results<B> {
    let exact = extended(x, signed).sub(&extended(y, signed)).sub(&carry(c, x.w() + 2));
    overflow(&exact, x.w(), signed)
}

pub fn mul_overflow<B: Bv>(x: &B, y: &B, signed: bool) -> Results<B> {
    let w = x.w();
    let exact = if signed { x.sext(2 * w).mul(&y.sext(2 * w)) } else { x.zext(2 * w).mul(&y.zext(2 * w)) };
    overflow(&exact, w, signed)
}

pub fn bitrev<B: Bv>(x: &B) -> B {
    let bits: Vec<B> = (0..x.w()).rev().map(|i| x.extract(i, 1)).collect();
    B::from_lanes(&bits)
}

pub fn bswap<B: Bv>(x: &B) -> B {
    let mut bytes = x.lanes(x.w() / 8);
    bytes.reverse();
    B::from_lanes(&bytes)
}

/// The count that goes with the first of these bits that is 1, else `none`.
fn first_one<B: Bv>(bits: impl DoubleEndedIterator<Item = (u32, B)>, w: u32, none: u32) -> B {
    bits.rev().fold(B::lit(w, none as u128), |rest, (n, bit)| bit.ite(&B::lit(w, n as u128), &rest))
}

pub fn clz<B: Bv>(x: &B) -> B {
    let w = x.w();
    first_one((0..w).map(|n| (n, x.extract(w - 1 - n, 1))), w, w)
}

pub fn ctz<B: Bv>(x: &B) -> B {
    let w = x.w();
    first_one((0..w).map(|n| (n, x.extract(n, 1))), w, w)
}

pub fn cls<B: Bv>(x: &B) -> B {
    let w = x.w();
    let differs = x.xor(&x.sign().sext(w));
    first_one((0..w - 1).map(|n| (n, differs.extract(w - 2 - n, 1))), w, w - 1)
}

/// The product, wrapping. Of 128 bits by halves: the shape in which machines multiply them, so that proofs find it again.
pub fn mul<B: Bv>(x: &B, y: &B) -> B {
    if x.w() != 128 {
        return x.mul(y);
    }
    let halves = |v: &B| (v.extract(0, 64), v.extract(64, 64));
    let ((a, b), (c, d)) = (halves(x), halves(y));
    let low = a.zext(128).mul(&c.zext(128));
    low.extract(64, 64).add(&b.mul(&c)).add(&a.mul(&d)).concat(&low.extract(0, 64))
}

pub fn popcnt<B: Bv>(x: &B) -> B {
    let w = x.w();
    if w == 128 {
        return popcnt(&x.extract(0, 64)).add(&popcnt(&x.extract(64, 64))).zext(128);
    }
    // fields of 1, 2, 4, ... bits are added to their neighbours: the shape in which machines without the instruction
    // count, so that proofs find it again
    (0..w.ilog2()).fold(x.clone(), |n, k| {
        let every_other = B::lit(w, (u128::MAX >> (128 - w)) / ((1 << (1 << k)) + 1));
        n.and(&every_other).add(&n.lshr(&B::lit(w, 1 << k)).and(&every_other))
    })
}
