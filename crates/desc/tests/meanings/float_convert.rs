//! Conversions between floats, and of floats from and to integers, against Rust's.

use crate::float::{convert, float};
use crate::world::*;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::TrapCode;
use windlass_desc::types::*;

#[test]
fn floats_to_wider_and_narrower_ones() {
    let mut random = Random(20);
    for _ in 0..5000 {
        let (a, b) = (float(&mut random, 32), float(&mut random, 64));
        let (x, y) = (f32::from_bits(a as u32), f64::from_bits(b as u64));
        let want = if x.is_nan() { chosen_nan(64) } else { (x as f64).to_bits() as u128 };
        assert_eq!(convert(F32, F64, a), want, "{x}");
        let want = if y.is_nan() { chosen_nan(32) } else { (y as f32).to_bits() as u128 };
        assert_eq!(convert(F64, F32, b), want, "{y}");
        if !x.is_nan() {
            assert_eq!(convert(F128, F32, convert(F32, F128, a)), a);
        }
    }
    for x in (0..=0x7c00).chain(0x8000..=0xfc00) {
        assert_eq!(convert(F32, F16, convert(F16, F32, x)), x);
    }
    let [one, tiny] = [1.0f64, 1e-300].map(|x| x.to_bits() as u128);
    let low = Op::new("fvdemote", INVALID).run(&[vector(64, &[one, tiny])])[0].clone();
    assert_eq!(lanes(&low, 4), [1f32.to_bits() as u128, 0, 0, 0]);
    let wide = Op::new("fvpromote_low", INVALID).run(&[vector(32, &[0x3f80_0000, 0x7fc0_0001, 1, 1])])[0].clone();
    assert_eq!(lanes(&wide, 2), [one, chosen_nan(64)]);
}

/// To all integers from a format of the language.
macro_rules! to_int { ($x:expr, $f:ident, $from:ident, $($ty:ident $u:ident $s:ident)*) => {{
    let x: $f = $x;
    let num = Num::lit($from.bits(), x.to_bits() as u128);
    $(
        let run = |name| Op::new(name, $ty).of($from).run(std::slice::from_ref(&num))[0].get();
        assert_eq!(run("fcvt_to_uint_sat"), x as $u as u128, "{x}");
        assert_eq!(run("fcvt_to_sint_sat"), x as $s as $u as u128, "{x}");
        // an integer that fits is not changed by being clamped: the ends are clamped ones only if they are not exact
        let whole = x.trunc();
        let fits_u = whole == (x as $u) as $f && (whole < $u::MAX as $f || (x as $u) != $u::MAX || $u::BITS < $f::MANTISSA_DIGITS);
        let fits_s = whole == (x as $s) as $f && (whole < $s::MAX as $f || (x as $s) != $s::MAX || $u::BITS <= $f::MANTISSA_DIGITS);
        for (name, fits, value) in
            [("fcvt_to_uint", fits_u, x as $u as u128), ("fcvt_to_sint", fits_s, x as $s as $u as u128)]
        {
            let op = Op::new(name, $ty).of($from);
            let trap = op.trap(std::slice::from_ref(&num));
            let want = match fits {
                _ if x.is_nan() => Some(TrapCode::BAD_CONVERSION_TO_INTEGER),
                false => Some(TrapCode::INTEGER_OVERFLOW),
                true => None,
            };
            assert_eq!(trap, want, "{name}.{} {x}", $ty);
            assert!(!fits || run(name) == value, "{name}.{} {x}", $ty);
        }
        let indefinite = if fits_s { x as $s as $u } else { $s::MIN as $u };
        assert_eq!(run("x86_cvtt2dq"), indefinite as u128, "{x}");
    )*
}} }

#[test]
fn floats_to_integers() {
    let mut random = Random(21);
    for _ in 0..3000 {
        let x = f64::from_bits(float(&mut random, 64) as u64);
        // numbers of the size of integers as well
        let x = if random.word().is_multiple_of(2) {
            x
        } else {
            random.bits(128) as i128 as f64 / (1u64 << (random.word() % 60)) as f64
        };
        to_int!(x, f64, F64, I8 u8 i8 I16 u16 i16 I32 u32 i32 I64 u64 i64 I128 u128 i128);
        to_int!(x as f32, f32, F32, I8 u8 i8 I16 u16 i16 I32 u32 i32 I64 u64 i64 I128 u128 i128);
    }
    for x in
        [-1.0, -0.99, -0.0, 255.0, 255.99, 256.0, -128.0, -128.99, -129.0, 127.99, 128.0, 2f64.powi(63), -2f64.powi(63)]
    {
        to_int!(x, f64, F64, I8 u8 i8 I16 u16 i16 I32 u32 i32 I64 u64 i64 I128 u128 i128);
    }
}

#[test]
fn ends_of_formats_that_hold_few_integers() {
    // the largest f16 is below 2^16, so only infinities are too large for 32 bits
    let run = |name, ty, x| Op::new(name, ty).of(F16).trap(&[Num::lit(16, x)]);
    let (largest, infinity) = (0x7bff, 0x7c00);
    assert_eq!((run("fcvt_to_uint", I16, largest), run("fcvt_to_sint", I32, largest)), (None, None));
    assert_eq!(run("fcvt_to_sint", I32, largest | 0x8000), None);
    for x in [infinity, infinity | 0x8000] {
        assert_eq!(run("fcvt_to_sint", I128, x), Some(TrapCode::INTEGER_OVERFLOW));
        assert_eq!(run("fcvt_to_uint", I16, x), Some(TrapCode::INTEGER_OVERFLOW));
    }
    assert_eq!(run("fcvt_to_sint", I16, largest), Some(TrapCode::INTEGER_OVERFLOW));
}

#[test]
fn integers_to_floats() {
    let mut random = Random(22);
    for _ in 0..2000 {
        let x = random.bits(128);
        let run = |name, ty: Type, from: Type| Op::new(name, ty).of(from).run(&[Num::lit(from.bits(), x)])[0].get();
        assert_eq!(run("fcvt_from_uint", F32, I64), (x as u64 as f32).to_bits() as u128);
        assert_eq!(run("fcvt_from_sint", F32, I64), (x as i64 as f32).to_bits() as u128);
        assert_eq!(run("fcvt_from_uint", F64, I128), (x as f64).to_bits() as u128);
        assert_eq!(run("fcvt_from_sint", F64, I128), (x as i128 as f64).to_bits() as u128);
        assert_eq!(run("fcvt_from_sint", F64, I8), (x as i8 as f64).to_bits() as u128);
        let back =
            Op::new("fcvt_to_sint", I64).of(F128).run(&[Num::lit(128, run("fcvt_from_sint", F128, I64))])[0].get();
        assert_eq!(back, x as u64 as u128);
    }
    assert_eq!(Op::new("fcvt_from_uint", F16).of(I32).run(&[Num::lit(32, 1 << 20)])[0].get(), 0x7c00);
}

#[test]
fn lanes_without_a_partner() {
    // the types allow it: surplus lanes are ignored, missing ones give 0
    let ints = Op::new("fcvt_from_sint", F32X4).of(I64X2).run(&[vector(64, &[1, 2])])[0].clone();
    assert_eq!(lanes(&ints, 4), [0x3f80_0000, 0x4000_0000, 0, 0]);
    let floats = Op::new("fcvt_to_sint_sat", I32).of(F32X2).run(&[vector(32, &[0x3f80_0000, 0x4000_0000])])[0].clone();
    assert_eq!(floats.get(), 1);
    let x = vector(32, &[0x4f00_0000, 0xd380_0000, 0x7fc0_0000, 0x4040_0000]);
    let cut = Op::new("x86_cvtt2dq", I32X4).of(F32X4).run(&[x])[0].clone();
    assert_eq!(lanes(&cut, 4), [0x8000_0000, 0x8000_0000, 0x8000_0000, 3]);
}
