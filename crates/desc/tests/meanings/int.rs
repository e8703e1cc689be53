//! Integers of every width against Rust's arithmetic, as scalars and in vectors of several shapes.

use crate::world::*;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::cc::IntCC;
use windlass_desc::env::TrapCode;
use windlass_desc::types::*;

const ROUNDS: u32 = 300;

/// Checks an operation on lanes of type `lane` in all shapes that it has; `want` takes and gives numbers of the lane's width.
fn each_lane(name: &str, lane: Type, operands: usize, want: impl Fn(&[u128]) -> u128) {
    let (w, mut random) = (lane.bits(), Random(1));
    let set = windlass_desc::ops::Opcode::parse(name).unwrap().row().ctv.set().unwrap();
    for count in [1u32, 2, 4, 8, 16, 64] {
        let Some(ty) = lane.by(count).filter(|t| set.contains(*t)) else { continue };
        let op = Op::new(name, ty);
        for _ in 0..ROUNDS.div_ceil(count) {
            let args: Vec<Vec<u128>> = (0..operands).map(|_| (0..count).map(|_| random.bits(w)).collect()).collect();
            let nums: Vec<Num> = args.iter().map(|a| vector(w, a)).collect();
            let expected: Vec<u128> = (0..count as usize)
                .map(|k| want(&args.iter().map(|a| a[k]).collect::<Vec<_>>()) & (u128::MAX >> (128 - w)))
                .collect();
            assert_eq!(lanes(&op.run(&nums)[0], count), expected, "{name}.{ty} {args:x?}");
        }
    }
}

/// Checks what Rust has for two integer types of one width.
macro_rules! widths { ($($test:ident $u:ident $s:ident $ty:ident;)*) => { $(
    mod $test {
        use super::*;
        type U = $u;
        type S = $s;

        fn num(v: u128) -> Num {
            Num::lit(U::BITS, v)
        }

        #[test]
        fn lanes_one_by_one() {
            let unary = |name, f: fn(U) -> U| each_lane(name, $ty, 1, |a| f(a[0] as U) as u128);
            let binary = |name, f: fn(U, U) -> U| each_lane(name, $ty, 2, |a| f(a[0] as U, a[1] as U) as u128);
            let signed = |name, f: fn(S, S) -> S| each_lane(name, $ty, 2, |a| f(a[0] as S, a[1] as S) as U as u128);
            unary("ineg", U::wrapping_neg);
            unary("iabs", |x| (x as S).unsigned_abs());
            unary("bnot", |x| !x);
            unary("popcnt", |x| x.count_ones() as U);
            binary("iadd", U::wrapping_add);
            binary("isub", U::wrapping_sub);
            binary("imul", U::wrapping_mul);
            binary("band", |x, y| x & y);
            binary("bor", |x, y| x | y);
            binary("bxor", |x, y| x ^ y);
            binary("umin", U::min);
            binary("umax", U::max);
            signed("smin", S::min);
            signed("smax", S::max);
            binary("umulhi", |x, y| x.widening_product(y));
            signed("smulhi", |x, y| x.widening_product(y));
            binary("uadd_sat", U::saturating_add);
            binary("usub_sat", U::saturating_sub);
            signed("sadd_sat", S::saturating_add);
            signed("ssub_sat", S::saturating_sub);
            // half of the sum, without the sum
            binary("avg_round", |x, y| (x | y) - ((x ^ y) >> 1));
            each_lane("bitselect", $ty, 3, |a| a[0] & a[1] | !a[0] & a[2]);
            each_lane("blendv", $ty, 3, |a| if (a[0] as S) < 0 { a[1] } else { a[2] });
        }

        #[test]
        fn bits_and_bytes() {
            let scalar = |name, f: fn(U) -> U| {
                let mut random = Random(2);
                for _ in 0..ROUNDS {
                    let x = random.bits(U::BITS);
                    assert_eq!(Op::new(name, $ty).run(&[Num::lit(U::BITS, x)])[0].get(), f(x as U) as u128, "{name} {x:x}");
                }
            };
            scalar("bitrev", U::reverse_bits);
            scalar("clz", |x| x.leading_zeros() as U);
            scalar("ctz", |x| x.trailing_zeros() as U);
            scalar("cls", |x| if (x as S) < 0 { x.leading_ones() as U - 1 } else { x.leading_zeros() as U - 1 });
            if U::BITS > 8 {
                scalar("bswap", U::swap_bytes);
            }
        }

        #[test]
        fn overflows() {
            two_results($ty, "uadd_overflow", |x, y| { let (r, o) = (x as U).overflowing_add(y as U); (r as u128, o) });
            two_results($ty, "usub_overflow", |x, y| { let (r, o) = (x as U).overflowing_sub(y as U); (r as u128, o) });
            two_results($ty, "sadd_overflow", |x, y| { let (r, o) = (x as S).overflowing_add(y as S); (r as U as u128, o) });
            two_results($ty, "ssub_overflow", |x, y| { let (r, o) = (x as S).overflowing_sub(y as S); (r as U as u128, o) });
            if U::BITS < 128 {
                two_results($ty, "umul_overflow", |x, y| { let (r, o) = (x as U).overflowing_mul(y as U); (r as u128, o) });
                two_results($ty, "smul_overflow", |x, y| { let (r, o) = (x as S).overflowing_mul(y as S); (r as U as u128, o) });
            }
        }

        #[test]
        fn carries() {
            let mut random = Random(3);
            for _ in 0..ROUNDS {
                let (x, y) = (random.bits(U::BITS), random.bits(U::BITS));
                let run = |name, c: u128| {
                    let r = Op::new(name, $ty).run(&[num(x), num(y), Num::lit(8, c)]);
                    (r[0].get() as U, r[1].get())
                };
                // a carry is any number but 0
                for c in [0, 1, 2, 0x80] {
                    let (one, carry) = ((c != 0) as U, c != 0);
                    let (a, o) = (x as U).overflowing_add(y as U);
                    assert_eq!(run("uadd_overflow_cin", c), (a.wrapping_add(one), (o | a.overflowing_add(one).1) as u128));
                    let (a, o) = (x as U).overflowing_sub(y as U);
                    assert_eq!(run("usub_overflow_bin", c), (a.wrapping_sub(one), (o | a.overflowing_sub(one).1) as u128));
                    let (a, o) = (x as S).overflowing_add(y as S);
                    let (b, p) = a.overflowing_add(carry as S);
                    assert_eq!(run("sadd_overflow_cin", c), (b as U, (o ^ p) as u128), "{x:x} {y:x} {c}");
                    let (a, o) = (x as S).overflowing_sub(y as S);
                    let (b, p) = a.overflowing_sub(carry as S);
                    assert_eq!(run("ssub_overflow_bin", c), (b as U, (o ^ p) as u128), "{x:x} {y:x} {c}");
                }
            }
        }

        #[test]
        fn shifts_and_quotients() {
            let mut random = Random(3);
            for _ in 0..ROUNDS {
                let (x, y, n) = (random.bits(U::BITS), random.bits(U::BITS), random.bits(16));
                let amount = (n % U::BITS as u128) as u32;
                let shift = |name| Op::new(name, $ty).run(&[num(x), Num::lit(16, n)])[0].get() as U;
                let v = x as U;
                assert_eq!((shift("ishl"), shift("ushr")), (v << amount, v >> amount));
                assert_eq!((shift("rotl"), shift("rotr")), (v.rotate_left(amount), v.rotate_right(amount)));
                assert_eq!(shift("sshr"), (v as S >> amount) as U);
                division(
                    $ty,
                    [x, y],
                    ((x as U).checked_div(y as U).map(|v| v as u128), (x as U).checked_rem(y as U).map(|v| v as u128)),
                    ((x as S).checked_div(y as S).map(|v| v as U as u128), (x as S).wrapping_rem_or_none(y as S).map(|v| v as U as u128)),
                );
            }
        }

        #[test]
        fn comparisons() {
            let mut random = Random(3);
            for _ in 0..ROUNDS {
                let (x, y) = (random.bits(U::BITS), random.bits(U::BITS));
                for &cc in IntCC::all() {
                    let holds = match cc {
                        IntCC::Equal => x == y,
                        IntCC::NotEqual => x != y,
                        IntCC::SignedLessThan => (x as S) < y as S,
                        IntCC::SignedGreaterThanOrEqual => x as S >= y as S,
                        IntCC::SignedGreaterThan => x as S > y as S,
                        IntCC::SignedLessThanOrEqual => x as S <= y as S,
                        IntCC::UnsignedLessThan => x < y,
                        IntCC::UnsignedGreaterThanOrEqual => x >= y,
                        IntCC::UnsignedGreaterThan => x > y,
                        IntCC::UnsignedLessThanOrEqual => x <= y,
                    };
                    let icmp = |ty| Op::new("icmp", ty).with(|i| i.cc = cc);
                    assert_eq!(icmp($ty).run(&[num(x), num(y)])[0], Num::lit(8, holds as u128), "{cc} {x:x} {y:x}");
                    let pair = |a, b| vector(U::BITS, &[a, b]);
                    let ones = |b: bool| if b { U::MAX as u128 } else { 0 };
                    let found = lanes(&icmp($ty.by(2).unwrap()).run(&[pair(x, x), pair(y, x)])[0], 2);
                    let reflexive = matches!(cc.to_static_str(), "eq" | "sge" | "sle" | "uge" | "ule");
                    assert_eq!(found, [ones(holds), ones(reflexive)]);
                }
            }
        }
    }
)* } }

widths! {
    bits8 u8 i8 I8;
    bits16 u16 i16 I16;
    bits32 u32 i32 I32;
    bits64 u64 i64 I64;
    bits128 u128 i128 I128;
}

/// What Rust lacks.
trait More: Sized {
    /// The upper half of a product.
    fn widening_product(self, o: Self) -> Self;
    /// The remainder, 0 where the quotient does not fit.
    fn wrapping_rem_or_none(self, _: Self) -> Option<Self> {
        None
    }
}

macro_rules! more { ($($u:ident $s:ident;)*) => { $(
    impl More for $u {
        fn widening_product(self, o: $u) -> $u {
            let half = $u::BITS / 2;
            let mask = $u::MAX >> half;
            let (a, b, c, d) = (self >> half, self & mask, o >> half, o & mask);
            let middle = a * d + (b * d >> half);
            let (low, high) = ((middle & mask) + b * c, middle >> half);
            a * c + high + (low >> half)
        }
    }
    impl More for $s {
        // the product of the bits as unsigned numbers counts each sign as 2^w times the other factor
        fn widening_product(self, o: $s) -> $s {
            let high = (self as $u).widening_product(o as $u) as $s;
            let correction = |sign: $s, other: $s| if sign < 0 { other } else { 0 };
            high.wrapping_sub(correction(self, o)).wrapping_sub(correction(o, self))
        }
        fn wrapping_rem_or_none(self, o: $s) -> Option<$s> {
            (o != 0).then(|| self.wrapping_rem(o))
        }
    }
)* } }
more! { u8 i8; u16 i16; u32 i32; u64 i64; u128 i128; }

fn two_results(ty: Type, name: &str, want: impl Fn(u128, u128) -> (u128, bool)) {
    let mut random = Random(4);
    for _ in 0..ROUNDS {
        let (x, y) = (random.bits(ty.bits()), random.bits(ty.bits()));
        let found = Op::new(name, ty).run(&[Num::lit(ty.bits(), x), Num::lit(ty.bits(), y)]);
        let (value, flag) = want(x, y);
        assert_eq!(found, [Num::lit(ty.bits(), value), Num::lit(8, flag as u128)], "{name}.{ty} {x:x} {y:x}");
    }
}

/// Quotients and remainders, each none where it traps.
fn division(ty: Type, args: [u128; 2], unsigned: (Option<u128>, Option<u128>), signed: (Option<u128>, Option<u128>)) {
    let args = args.map(|v| Num::lit(ty.bits(), v));
    let trap = if args[1].get() == 0 { TrapCode::INTEGER_DIVISION_BY_ZERO } else { TrapCode::INTEGER_OVERFLOW };
    for (name, want) in [("udiv", unsigned.0), ("urem", unsigned.1), ("sdiv", signed.0), ("srem", signed.1)] {
        let op = Op::new(name, ty);
        match want {
            Some(v) => assert_eq!(op.run(&args)[0].get(), v, "{name}.{ty} {args:?}"),
            None => assert_eq!(op.trap(&args), Some(trap), "{name}.{ty} {args:?}"),
        }
    }
}

#[test]
fn shift_amounts_have_a_type_of_their_own() {
    // the amount is resized first, then masked by the lane's width
    let run = |name, ty, x, n| Op::new(name, ty).run(&[x, n])[0].clone();
    assert_eq!(run("ishl", I16, Num::lit(16, 514), Num::lit(8, 0xff)).get(), 0);
    assert_eq!(run("ishl", I8, Num::lit(8, 1), Num::lit(64, 0x1_0000_0003)).get(), 8);
    assert_eq!(run("sshr", I8, Num::lit(8, 0x80), Num::lit(8, 15)).get(), 0xff);
    assert_eq!(lanes(&run("ishl", I8X4, vector(8, &[1, 2, 3, 0xff]), Num::lit(128, 9)), 4), [2, 4, 6, 0xfe]);
    assert_eq!(lanes(&run("rotr", I16X2, vector(16, &[1, 2]), Num::lit(8, 17)), 2), [0x8000, 1]);
}

#[test]
fn extensions_and_halves() {
    let run = |name, ty, x| Op::new(name, ty).run(&[x]);
    assert_eq!(run("uextend", I32, Num::lit(8, 0x80))[0], Num::lit(32, 0x80));
    assert_eq!(run("sextend", I128, Num::lit(8, 0x80))[0], Num::lit(128, (-128i128) as u128));
    assert_eq!(run("ireduce", I8, Num::lit(64, 0x1234))[0], Num::lit(8, 0x34));
    assert_eq!(run("isplit", I16, Num::lit(16, 0x1234)), [Num::lit(8, 0x34), Num::lit(8, 0x12)]);
    assert_eq!(Op::new("iconcat", I64).run(&[Num::lit(64, 1), Num::lit(64, 2)])[0], Num::lit(128, 2 << 64 | 1));
    assert_eq!(Op::new("bmask", I64).of(I8).run(&[Num::lit(8, 2)])[0], Num::lit(64, u64::MAX as u128));
    assert_eq!(Op::new("bmask", I8).of(I64).run(&[Num::lit(64, 0)])[0], Num::lit(8, 0));
}

#[test]
fn choices_traps_and_branches() {
    let (yes, no) = (Num::lit(32, 0x100), Num::lit(32, 0));
    let (x, y) = (vector(64, &[1, 2, 3, 4]), vector(64, &[5, 6, 7, 8]));
    for name in ["select", "select_spectre_guard"] {
        let choose = |c: &Num| Op::new(name, I64X4).run(&[c.clone(), x.clone(), y.clone()])[0].clone();
        assert_eq!((choose(&yes), choose(&no)), (x.clone(), y.clone()));
    }
    let code = TrapCode::unwrap_user(7);
    let trap = |name, c: &Num| Op::new(name, I32).with(|i| i.code = code).trap(std::slice::from_ref(c));
    assert_eq!((trap("trapz", &yes), trap("trapz", &no)), (None, Some(code)));
    assert_eq!((trap("trapnz", &yes), trap("trapnz", &no)), (Some(code), None));
    assert_eq!(Op::new("trap", INVALID).with(|i| i.code = code).trap(&[]), Some(code));
    let sum = |x| Op::new("uadd_overflow_trap", I32).with(|i| i.code = code).trap(&[Num::lit(32, x), Num::lit(32, 1)]);
    assert_eq!((sum(0xffff_fffe), sum(0xffff_ffff)), (None, Some(code)));
    let mut world = World::default();
    Op::new("brif", I32).run_in(&mut world, &[yes]);
    Op::new("brif", I32).run_in(&mut world, &[no]);
    Op::new("fence", INVALID).run_in(&mut world, &[]);
    assert_eq!(world.events, ["branch 1", "branch 0", "fence"]);
}
