//! Float arithmetic against Rust's, in every format and in vectors. Where the result is a NaN it must be the chosen one.

use crate::world::*;
use std::cmp::Ordering::*;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::cc::FloatCC;
use windlass_desc::fp::FpFormat;
use windlass_desc::types::*;

/// A float of `w` bits: any, of moderate size, small integers and special ones.
pub fn float(random: &mut Random, w: u32) -> u128 {
    let format = FpFormat::of(w);
    let sign = random.bits(1) << (w - 1);
    let fraction = random.bits(w) & ((1 << format.fraction_bits()) - 1);
    match random.word() % 8 {
        0 => sign,
        1 => sign | format.infinity(),
        2 => sign | fraction,
        3 => sign | format.infinity() | fraction,
        4..=6 => {
            sign | (format.max_exponent() as u128 - 6 + random.word() as u128 % 12) << format.fraction_bits() | fraction
        }
        _ => random.bits(w),
    }
}

fn is_nan(w: u32, x: u128) -> bool {
    x & !(1 << (w - 1)) > FpFormat::of(w).infinity()
}

/// Checks an operation on lanes of type `lane`, as scalar and vector; `want` gives bits, any NaN for a NaN.
fn each_lane(name: &str, lane: Type, operands: usize, want: impl Fn(&[u128]) -> u128) {
    let (w, mut random) = (lane.bits(), Random(10));
    for count in [1u32, 2, 4, 16] {
        let op = Op::new(name, lane.by(count).unwrap());
        for _ in 0..1000 / count {
            let args: Vec<Vec<u128>> =
                (0..operands).map(|_| (0..count).map(|_| float(&mut random, w)).collect()).collect();
            let nums: Vec<Num> = args.iter().map(|a| vector(w, a)).collect();
            for (k, found) in lanes(&op.run(&nums)[0], count).into_iter().enumerate() {
                let one: Vec<u128> = args.iter().map(|a| a[k]).collect();
                let want = want(&one);
                let want = if is_nan(w, want) { chosen_nan(w) } else { want };
                assert_eq!(found, want, "{name}.{lane} {one:x?}: {found:x}, not {want:x}");
            }
        }
    }
}

macro_rules! formats { ($($test:ident $f:ident $u:ident $ty:ident;)*) => { $(
    #[test]
    fn $test() {
        let f = |x: u128| $f::from_bits(x as $u);
        let bits = |x: $f| x.to_bits() as u128;
        let unary = |name, g: fn($f) -> $f| each_lane(name, $ty, 1, |a| bits(g(f(a[0]))));
        let binary = |name, g: fn($f, $f) -> $f| each_lane(name, $ty, 2, |a| bits(g(f(a[0]), f(a[1]))));
        unary("sqrt", $f::sqrt);
        unary("ceil", $f::ceil);
        unary("floor", $f::floor);
        unary("trunc", $f::trunc);
        unary("nearest", $f::round_ties_even);
        binary("fadd", |x, y| x + y);
        binary("fsub", |x, y| x - y);
        binary("fmul", |x, y| x * y);
        binary("fdiv", |x, y| x / y);
        each_lane("fma", $ty, 3, |a| bits(f(a[0]).mul_add(f(a[1]), f(a[2]))));
        // the languages' minima drop NaNs and mix up zeros
        let pick = |x: $f, y: $f, first: bool| if x.is_nan() || y.is_nan() { $f::NAN } else if first { x } else { y };
        each_lane("fmin", $ty, 2, |a| bits(pick(f(a[0]), f(a[1]), f(a[0]).total_cmp(&f(a[1])).is_lt())));
        each_lane("fmax", $ty, 2, |a| bits(pick(f(a[0]), f(a[1]), f(a[0]).total_cmp(&f(a[1])).is_gt())));
        let mut random = Random(11);
        for _ in 0..2000 {
            let (x, y) = (float(&mut random, $ty.bits()), float(&mut random, $ty.bits()));
            let (a, b) = (f(x), f(y));
            for &cc in FloatCC::all() {
                let want = match (cc.to_static_str(), a.partial_cmp(&b)) {
                    ("uno" | "ne" | "ueq" | "ult" | "ule" | "ugt" | "uge", None) => true,
                    (_, None) => false,
                    ("ord" | "eq" | "ueq" | "le" | "ge" | "ule" | "uge", Some(Equal)) => true,
                    ("ord" | "ne" | "one" | "lt" | "le" | "ult" | "ule", Some(Less)) => true,
                    ("ord" | "ne" | "one" | "gt" | "ge" | "ugt" | "uge", Some(Greater)) => true,
                    _ => false,
                };
                let fcmp = |ty| Op::new("fcmp", ty).with(|i| i.fcc = cc);
                let (x, y) = (Num::lit($ty.bits(), x), Num::lit($ty.bits(), y));
                assert_eq!(fcmp($ty).run(&[x.clone(), y.clone()])[0], Num::lit(8, want as u128), "{cc} {a} {b}");
                let both = |v: &Num| v.concat(v);
                let all = fcmp($ty.by(2).unwrap()).run(&[both(&x), both(&y)])[0].clone();
                assert_eq!(all, Num::lit(1, want as u128).sext(2 * $ty.bits()));
            }
        }
    }
)* } }

formats! {
    singles f32 u32 F32;
    doubles f64 u64 F64;
}

/// One lane to another format.
pub fn convert(from: Type, to: Type, x: u128) -> u128 {
    let name = if to.bits() > from.bits() { "fpromote" } else { "fdemote" };
    Op::new(name, to).of(from).run(&[Num::lit(from.bits(), x)])[0].get()
}

#[test]
fn halves_are_rounded_doubles() {
    // f64 has more than twice the precision, so that rounding its results again is right
    let f = |x: u128| f64::from_bits(convert(F16, F64, x) as u64);
    let back = |x: f64| convert(F64, F16, x.to_bits() as u128);
    each_lane("sqrt", F16, 1, |a| back(f(a[0]).sqrt()));
    each_lane("ceil", F16, 1, |a| back(f(a[0]).ceil()));
    each_lane("floor", F16, 1, |a| back(f(a[0]).floor()));
    each_lane("nearest", F16, 1, |a| back(f(a[0]).round_ties_even()));
    each_lane("fadd", F16, 2, |a| back(f(a[0]) + f(a[1])));
    each_lane("fsub", F16, 2, |a| back(f(a[0]) - f(a[1])));
    each_lane("fmul", F16, 2, |a| back(f(a[0]) * f(a[1])));
    each_lane("fdiv", F16, 2, |a| back(f(a[0]) / f(a[1])));
}

#[test]
fn quads_round_to_doubles() {
    // f128 has more than twice the precision of f64, so that its results, rounded again, are those of f64
    let mut random = Random(12);
    for _ in 0..3000 {
        let (a, b) = (float(&mut random, 64), float(&mut random, 64));
        let (x, y) = (f64::from_bits(a as u64), f64::from_bits(b as u64));
        let quad = |v| Num::lit(128, convert(F64, F128, v));
        for (name, want) in [("fadd", x + y), ("fsub", x - y), ("fmul", x * y), ("fdiv", x / y), ("sqrt", x.sqrt())] {
            if want.is_nan() || want.is_subnormal() || want == 0.0 {
                continue;
            }
            let args = [quad(a), quad(b)];
            let args = if name == "sqrt" { &args[..1] } else { &args };
            let found = Op::new(name, F128).run(args)[0].get();
            assert_eq!(convert(F128, F64, found), want.to_bits() as u128, "{name} {x} {y}");
        }
        let fma = Op::new("fma", F128).run(&[quad(a), quad(b), quad(0)])[0].clone();
        assert!(
            is_nan(128, fma.get()) || fma.get() << 1 == Op::new("fmul", F128).run(&[quad(a), quad(b)])[0].get() << 1
        );
    }
}

#[test]
fn signs_are_bits() {
    let mut random = Random(13);
    for ty in [F16, F32, F64, F128] {
        let sign = 1 << (ty.bits() - 1);
        for _ in 0..200 {
            let [x, y] = [0; 2].map(|_| float(&mut random, ty.bits()));
            let run = |name, args: &[u128]| {
                Op::new(name, ty).run(&args.iter().map(|a| Num::lit(ty.bits(), *a)).collect::<Vec<_>>())[0].get()
            };
            assert_eq!((run("fneg", &[x]), run("fabs", &[x])), (x ^ sign, x & !sign));
            assert_eq!(run("fcopysign", &[x, y]), x & !sign | y & sign);
        }
    }
    assert_eq!(
        lanes(&Op::new("fneg", F16X4).run(&[vector(16, &[0, 0x8000, 0x7c01, 1])])[0], 4),
        [0x8000, 0, 0xfc01, 0x8001]
    );
}

#[test]
fn constants_are_their_bits() {
    for (name, w) in [("f16const", 16), ("f32const", 32), ("f64const", 64), ("f128const", 128)] {
        let signalling = FpFormat::of(w).infinity() | 1;
        let op = Op::new(name, INVALID).with(|i| i.imm = Num::lit(w.max(64), signalling));
        assert_eq!(op.run(&[]), [Num::lit(w, signalling)]);
    }
}
