//! Meanings of operations on floats, and of conversions from and to them. Needs [`crate::fp`], [`super::Imms`] and the
//! vocabulary.

use super::{Imms, Results, int};
use crate::bv::Bv;
use crate::cc::FloatCC;
use crate::env::{Choice, Env, TrapCode};
use crate::fp::{self, FpFormat, FpOp};
use crate::types::{F32X4, F64X2};

/// A result that may be a NaN: if so, it is one of those allowed.
fn any_nan<E: Env>(e: &mut E, x: &E::B) -> E::B {
    let format = FpFormat::of(x.w());
    let nan = e.choose(Choice::Nan(format), format.bits());
    fp::is_nan(x).ite(&nan, x)
}

/// One operation on each lane of all operands.
pub fn arithmetic<E: Env>(e: &mut E, i: &Imms<E::B>, op: FpOp, a: &[E::B]) -> Results<E::B> {
    let n = i.ty.lane_count();
    let lane = |k| {
        let args: Vec<E::B> = a.iter().map(|x| x.lane(n, k)).collect();
        let result = E::B::fp(op, FpFormat::of(args[0].w()), &args.iter().collect::<Vec<_>>());
        any_nan(e, &result)
    };
    vec![E::B::from_lanes(&(0..n).map(lane).collect::<Vec<_>>())]
}

/// The first of two lanes if `first` says so, else the second; a NaN if either is one.
pub fn extremum<E: Env>(e: &mut E, i: &Imms<E::B>, a: &[E::B], first: fn(&E::B, &E::B) -> E::B) -> Results<E::B> {
    let lane = |x: &E::B, y: &E::B| {
        let nan = e.choose(Choice::Nan(FpFormat::of(x.w())), x.w());
        fp::is_nan(x).or(&fp::is_nan(y)).ite(&nan, &first(x, y).ite(x, y))
    };
    vec![a[0].zip_lanes(&a[1], i.ty.lane_count(), lane)]
}

pub fn fcmp<B: Bv>(i: &Imms<B>, x: &B, y: &B) -> Results<B> {
    vec![x.zip_lanes(y, i.ty.lane_count(), |x, y| int::truth(i, &holds(i.fcc, x, y)))]
}

/// One bit: does the comparison hold?
fn holds<B: Bv>(cc: FloatCC, x: &B, y: &B) -> B {
    let r = fp::relation(x, y);
    let greater = r.equal.or(&r.less).or(&r.unordered).not();
    let relations = cc.relations();
    let member = |n: u8, bit: &B| if relations >> n & 1 != 0 { bit.clone() } else { B::lit(1, 0) };
    member(0, &r.equal).or(&member(1, &r.less)).or(&member(2, &greater)).or(&member(3, &r.unordered))
}

pub fn fneg<B: Bv>(x: &B) -> B {
    x.xor(&B::lit(1, 1).concat(&B::lit(x.w() - 1, 0)))
}

pub fn fabs<B: Bv>(x: &B) -> B {
    fp::copy_sign(x, &B::lit(x.w(), 0))
}

/// Each lane of the operand converted to the result's lanes. Types allow different numbers of lanes: surplus ones are
/// ignored, and missing ones give 0.
fn convert<B: Bv>(i: &Imms<B>, x: &B, mut f: impl FnMut(&B) -> B) -> Results<B> {
    let (from, to) = (i.arg.lane_count(), i.ty.lane_count());
    let lane = |k| if k < from { f(&x.lane(from, k)) } else { B::lit(i.ty.lane_bits(), 0) };
    vec![B::from_lanes(&(0..to).map(lane).collect::<Vec<_>>())]
}

/// One lane to another format.
fn to_float<E: Env>(e: &mut E, x: &E::B, to: FpFormat) -> E::B {
    let result = E::B::fp(FpOp::To(to), FpFormat::of(x.w()), &[x]);
    any_nan(e, &result)
}

pub fn fcvt_to_float<E: Env>(e: &mut E, i: &Imms<E::B>, x: &E::B) -> Results<E::B> {
    vec![to_float(e, x, FpFormat::of(i.ty.bits()))]
}

pub fn fvdemote<E: Env>(e: &mut E, x: &E::B) -> Results<E::B> {
    let low = x.map_lanes(F64X2.lane_count(), |x| to_float(e, x, FpFormat::Single));
    vec![low.zext(F32X4.bits())]
}

pub fn fvpromote_low<E: Env>(e: &mut E, x: &E::B) -> Results<E::B> {
    let low = x.extract(0, F32X4.bits() / 2);
    vec![low.map_lanes(F64X2.lane_count(), |x| to_float(e, x, FpFormat::Double))]
}

pub fn fcvt_to_int<E: Env>(e: &mut E, i: &Imms<E::B>, x: &E::B, signed: bool) -> Results<E::B> {
    let w = i.ty.bits();
    e.trap_if(&fp::is_nan(x), TrapCode::BAD_CONVERSION_TO_INTEGER);
    e.trap_if(&fp::out_of_range(x, signed, w), TrapCode::INTEGER_OVERFLOW);
    vec![fp::to_int(x, signed, w)]
}

pub fn fcvt_to_int_sat<B: Bv>(i: &Imms<B>, x: &B, signed: bool) -> Results<B> {
    convert(i, x, |x| fp::to_int(x, signed, i.ty.lane_bits()))
}

pub fn cvtt2dq<B: Bv>(i: &Imms<B>, x: &B) -> Results<B> {
    let w = i.ty.lane_bits();
    let smallest = B::ones(1).concat(&B::lit(w - 1, 0));
    convert(i, x, |x| fp::out_of_range(x, true, w).ite(&smallest, &fp::to_int(x, true, w)))
}

pub fn fcvt_from_int<B: Bv>(i: &Imms<B>, x: &B, signed: bool) -> Results<B> {
    let format = FpFormat::of(i.ty.lane_bits());
    convert(i, x, |x| fp::from_int(x, signed, format))
}
