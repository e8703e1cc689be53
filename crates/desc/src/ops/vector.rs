//! Meanings of operations that move lanes or combine several of them. Needs [`super::Imms`] and the vocabulary.

use super::{Imms, Results, int};
use crate::bv::Bv;

/// Bytes of the 128-bit vectors that some operations are for.
const BYTES: u32 = 16;

pub fn blendv<B: Bv>(i: &Imms<B>, a: &[B]) -> Results<B> {
    let n = i.ty.lane_count();
    let mask = a[0].map_lanes(n, |c| c.sign().sext(c.w()));
    vec![mask.and(&a[1]).or(&mask.not().and(&a[2]))]
}

pub fn splat<B: Bv>(i: &Imms<B>, x: &B) -> Results<B> {
    vec![B::from_lanes(&vec![x.clone(); i.ty.lane_count() as usize])]
}

/// One bit: is the immediate `n`?
fn at<B: Bv>(i: &Imms<B>, n: u32) -> B {
    i.imm.eq(&B::lit(i.imm.w(), n as u128))
}

pub fn insertlane<B: Bv>(i: &Imms<B>, x: &B, y: &B) -> Results<B> {
    let lanes = x.lanes(i.ty.lane_count());
    let lanes: Vec<B> = (0..).zip(&lanes).map(|(n, lane)| at(i, n).ite(y, lane)).collect();
    vec![B::from_lanes(&lanes)]
}

pub fn extractlane<B: Bv>(i: &Imms<B>, x: &B) -> Results<B> {
    let lanes = x.lanes(i.ty.lane_count());
    let pick = |rest: B, (n, lane): (u32, &B)| at(i, n).ite(lane, &rest);
    vec![(1..).zip(&lanes[1..]).fold(lanes[0].clone(), pick)]
}

/// The element at an index, 0 if there is none.
fn pick<B: Bv>(from: &[B], index: &B) -> B {
    let zero = B::lit(from[0].w(), 0);
    (0..).zip(from).fold(zero, |rest, (n, x)| index.eq(&B::lit(index.w(), n)).ite(x, &rest))
}

pub fn swizzle<B: Bv>(x: &B, y: &B) -> Results<B> {
    let from = x.lanes(BYTES);
    vec![y.map_lanes(BYTES, |index| pick(&from, index))]
}

pub fn pshufb<B: Bv>(x: &B, y: &B) -> Results<B> {
    let from = x.lanes(BYTES);
    let byte = |index: &B| index.sign().ite(&B::lit(8, 0), &pick(&from, &index.extract(0, 4)));
    vec![y.map_lanes(BYTES, byte)]
}

/// The mask is the immediate, of 128 bits.
pub fn shuffle<B: Bv>(i: &Imms<B>, a: &B, b: &B) -> Results<B> {
    let from = b.concat(a).lanes(2 * BYTES);
    vec![i.imm.resize(8 * BYTES).map_lanes(BYTES, |index| pick(&from, index))]
}

pub fn vall_true<B: Bv>(i: &Imms<B>, a: &B) -> Results<B> {
    let lanes = a.lanes(i.ty.lane_count());
    let all = lanes.iter().fold(B::lit(1, 1), |all, lane| all.and(&lane.is_zero().not()));
    vec![all.zext(8)]
}

pub fn vhigh_bits<B: Bv>(i: &Imms<B>, a: &B) -> Results<B> {
    vec![a.map_lanes(i.arg.lane_count(), B::sign).resize(i.ty.bits())]
}

pub fn pmaddubsw<B: Bv>(x: &B, y: &B) -> Results<B> {
    let product = |n| x.lane(BYTES, n).sext(18).mul(&y.lane(BYTES, n).zext(18));
    let sum = |n| int::clamp_signed(&product(2 * n).add(&product(2 * n + 1)), 16);
    vec![B::from_lanes(&(0..BYTES / 2).map(sum).collect::<Vec<_>>())]
}

pub fn iadd_pairwise<B: Bv>(i: &Imms<B>, x: &B, y: &B) -> Results<B> {
    let lanes = y.concat(x).lanes(2 * i.ty.lane_count());
    let sums: Vec<B> = lanes.chunks(2).map(|pair| pair[0].add(&pair[1])).collect();
    vec![B::from_lanes(&sums)]
}

/// Narrows the lanes of both operands.
pub fn narrow<B: Bv>(i: &Imms<B>, a: &[B], clamp: fn(&B, u32) -> B) -> Results<B> {
    let lane = i.ty.lane_bits();
    vec![a[1].concat(&a[0]).map_lanes(2 * i.ty.lane_count(), |x| clamp(x, lane / 2))]
}

/// Widens half of the lanes.
pub fn widen<B: Bv>(i: &Imms<B>, x: &B, high: bool, extend: fn(&B, u32) -> B) -> Results<B> {
    let half = x.lane(2, high as u32);
    vec![half.map_lanes(i.ty.lane_count() / 2, |x| extend(x, 2 * x.w()))]
}
