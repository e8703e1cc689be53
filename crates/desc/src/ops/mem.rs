//! Meanings of operations on memory, and of `bitcast`, which is a store and a load without memory. Needs
//! [`super::Imms`] and the vocabulary.
//!
//! Accesses of an environment are of whole numbers in some order of bytes. In memory lane 0 of a vector always comes
//! first, so that among the bytes of a big-endian number it is the highest part.

use super::{AtomicRmwOp, Imms, Results, int};
use crate::bv::Bv;
use crate::env::{Access, Env};
use crate::types::Type;

/// The address that a memory instruction accesses: base plus offset, modulo the address's width.
fn address<B: Bv>(base: &B, i: &Imms<B>) -> B {
    base.add(&i.imm.resize(base.w()))
}

/// A value as the number that is in memory, and back.
fn image<B: Bv>(x: &B, ty: Type, big_endian: bool) -> B {
    if !big_endian || ty.is_lane() {
        return x.clone();
    }
    let mut lanes = x.lanes(ty.lane_count());
    lanes.reverse();
    B::from_lanes(&lanes)
}

pub fn load<E: Env>(e: &mut E, i: &Imms<E::B>, base: &E::B) -> Results<E::B> {
    let v = e.load(&address(base, i), i.ty.bits(), i.access);
    vec![image(&v, i.ty, i.access.big_endian)]
}

/// Loads `w` bits and extends them to the result's width.
pub fn load_ext<E: Env>(e: &mut E, i: &Imms<E::B>, base: &E::B, w: u32, signed: bool) -> Results<E::B> {
    let v = e.load(&address(base, i), w, i.access);
    let to = i.result.bits();
    vec![if signed { v.sext(to) } else { v.zext(to) }]
}

/// Loads a vector of type `ty` and extends its lanes to twice their width.
pub fn load_lanes<E: Env>(e: &mut E, i: &Imms<E::B>, base: &E::B, ty: Type, signed: bool) -> Results<E::B> {
    let v = e.load(&address(base, i), ty.bits(), i.access);
    let extend = |x: &E::B| if signed { x.sext(2 * x.w()) } else { x.zext(2 * x.w()) };
    vec![image(&v, ty, i.access.big_endian).map_lanes(ty.lane_count(), extend)]
}

pub fn store<E: Env>(e: &mut E, i: &Imms<E::B>, x: &E::B, base: &E::B) -> Results<E::B> {
    e.store(&address(base, i), &image(x, i.ty, i.access.big_endian), i.access);
    vec![]
}

/// Stores the low `w` bits of a value.
pub fn store_low<E: Env>(e: &mut E, i: &Imms<E::B>, x: &E::B, base: &E::B, w: u32) -> Results<E::B> {
    e.store(&address(base, i), &x.extract(0, w), i.access);
    vec![]
}

fn atomic<B>(i: &Imms<B>) -> Access {
    Access { atomic: true, ..i.access }
}

pub fn atomic_load<E: Env>(e: &mut E, i: &Imms<E::B>, p: &E::B) -> Results<E::B> {
    vec![e.load(p, i.ty.bits(), atomic(i))]
}

pub fn atomic_store<E: Env>(e: &mut E, i: &Imms<E::B>, x: &E::B, p: &E::B) -> Results<E::B> {
    e.store(p, x, atomic(i));
    vec![]
}

pub fn atomic_rmw<E: Env>(e: &mut E, i: &Imms<E::B>, p: &E::B, x: &E::B) -> Results<E::B> {
    let old = e.load(p, i.ty.bits(), atomic(i));
    let new = match i.rmw {
        AtomicRmwOp::Add => old.add(x),
        AtomicRmwOp::Sub => old.sub(x),
        AtomicRmwOp::And => old.and(x),
        AtomicRmwOp::Nand => old.and(x).not(),
        AtomicRmwOp::Or => old.or(x),
        AtomicRmwOp::Xor => old.xor(x),
        AtomicRmwOp::Xchg => x.clone(),
        AtomicRmwOp::Umin => int::umin(&old, x),
        AtomicRmwOp::Umax => int::umax(&old, x),
        AtomicRmwOp::Smin => int::smin(&old, x),
        AtomicRmwOp::Smax => int::smax(&old, x),
    };
    e.store(p, &new, atomic(i));
    vec![old]
}

/// Memory is written in any case, with what was there if that is not what was expected: nobody can tell the difference.
pub fn atomic_cas<E: Env>(e: &mut E, i: &Imms<E::B>, p: &E::B, expected: &E::B, x: &E::B) -> Results<E::B> {
    let old = e.load(p, i.ty.bits(), atomic(i));
    e.store(p, &old.eq(expected).ite(x, &old), atomic(i));
    vec![old]
}

pub fn bitcast<B: Bv>(i: &Imms<B>, x: &B) -> Results<B> {
    let big_endian = i.access.big_endian;
    vec![image(&image(x, i.arg, big_endian), i.ty, big_endian)]
}
