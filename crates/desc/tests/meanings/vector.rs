//! Operations that move or combine lanes: cases computed by hand, and random ones against loops.

use crate::world::*;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::types::*;

fn binary(name: &str, ty: Type, x: &[u128], y: &[u128], result: u32) -> Vec<u128> {
    let w = ty.bits() / x.len() as u32;
    lanes(&Op::new(name, if Op::exists(name, ty) { ty } else { INVALID }).run(&[vector(w, x), vector(w, y)])[0], result)
}

impl Op {
    /// Has the operation this controlling type?
    fn exists(name: &str, ty: Type) -> bool {
        windlass_desc::ops::Opcode::parse(name).unwrap().row().ctv.set().is_some_and(|s| s.contains(ty))
    }
}

const TABLE: [u128; 16] = [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115];
const PICKS: [u128; 16] = [0, 15, 16, 17, 127, 0x80, 0xff, 0x8f, 3, 3, 3, 3, 3, 3, 3, 31];

#[test]
fn bytes_are_picked() {
    let swizzled = binary("swizzle", I8X16, &TABLE, &PICKS, 16);
    assert_eq!(swizzled, [100, 115, 0, 0, 0, 0, 0, 0, 103, 103, 103, 103, 103, 103, 103, 0]);
    let shuffled = binary("x86_pshufb", I8X16, &TABLE, &PICKS, 16);
    assert_eq!(shuffled, [100, 115, 100, 101, 115, 0, 0, 0, 103, 103, 103, 103, 103, 103, 103, 115]);
    let mask = vector(8, &[31, 0, 16, 15, 1, 1, 1, 1, 2, 2, 2, 2, 17, 17, 17, 17]);
    let second: Vec<u128> = TABLE.iter().map(|x| x + 100).collect();
    let shuffle = Op::new("shuffle", INVALID).with(|i| i.imm = mask);
    let found = lanes(&shuffle.run(&[vector(8, &TABLE), vector(8, &second)])[0], 16);
    assert_eq!(found, [215, 100, 200, 115, 101, 101, 101, 101, 102, 102, 102, 102, 201, 201, 201, 201]);
}

#[test]
fn lanes_are_put_and_taken() {
    let x = vector(32, &[1, 2, 3, 4]);
    let at = |name, n| Op::new(name, I32X4).with(|i| i.imm = Num::lit(64, n));
    for n in 0..4 {
        assert_eq!(at("extractlane", n).run(std::slice::from_ref(&x)), [Num::lit(32, n + 1)]);
    }
    assert_eq!(lanes(&at("insertlane", 2).run(&[x.clone(), Num::lit(32, 9)])[0], 4), [1, 2, 9, 4]);
    assert_eq!(lanes(&Op::new("splat", I16X8).run(&[Num::lit(16, 0xabcd)])[0], 8), [0xabcd; 8]);
    assert_eq!(lanes(&Op::new("splat", F128.by(256).unwrap()).run(&[Num::lit(128, 7)])[0], 256), [7; 256]);
    assert_eq!(lanes(&Op::new("scalar_to_vector", I32X4).run(&[Num::lit(32, 7)])[0], 4), [7, 0, 0, 0]);
    let constant = Num::lit(256, 5 << 64 | 6);
    assert_eq!(Op::new("vconst", I64X4).with(|i| i.imm = Num::lit(128, 5 << 64 | 6)).run(&[]), [constant]);
}

#[test]
fn lanes_are_tested() {
    let (some, all, none) = (vector(16, &[0, 1, 0, 0x8000]), vector(16, &[1, 2, 3, 4]), vector(16, &[0; 4]));
    let test = |name, x: &Num| Op::new(name, I16X4).run(std::slice::from_ref(x))[0].clone();
    let bit = |b| Num::lit(8, b);
    assert_eq!([&some, &all, &none].map(|x| test("vany_true", x)), [bit(1), bit(1), bit(0)]);
    assert_eq!([&some, &all, &none].map(|x| test("vall_true", x)), [bit(0), bit(1), bit(0)]);
    // -0 is a lane that is not 0
    assert_eq!(Op::new("vany_true", F32X2).run(&[vector(32, &[0, 0x8000_0000])]), [bit(1)]);
    let high = |ty: Type, of: Type, x: &Num| Op::new("vhigh_bits", ty).of(of).run(std::slice::from_ref(x))[0].clone();
    assert_eq!(high(I8, I16X4, &some), bit(0b1000));
    assert_eq!(high(I64, I16X4, &some), Num::lit(64, 0b1000));
    let bytes = vector(8, &[0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0x80]);
    assert_eq!((high(I8, I8X16, &bytes), high(I32, I8X16, &bytes)), (bit(1), Num::lit(32, 0x8301)));
}

#[test]
fn products_of_fixed_point_numbers() {
    let x = [0x8000, 1, 0x4000, 0x7fff, 0x8000, 3, 0xfffd, 0xffff];
    let y = [0x8000, 0x4000, 1, 0x7fff, 0x7fff, 0x4000, 0x4000, 0x4000];
    // half of 1 and of 3 are rounded up, as are half of -1 and of -3
    let mut want = [0x7fff, 1, 1, 0x7ffe, 0x8001, 2, 0xffff, 0];
    assert_eq!(binary("sqmul_round_sat", I16X8, &x, &y, 8), want);
    want[0] = 0x8000;
    assert_eq!(binary("x86_pmulhrsw", I16X8, &x, &y, 8), want);
    let lowest = [1 << 31; 4];
    assert_eq!(binary("sqmul_round_sat", I32X4, &lowest, &lowest, 4), [0x7fff_ffff; 4]);
    let mut random = Random(5);
    for _ in 0..500 {
        let (x, y) = (random.bits(32), random.bits(32));
        let rounded = ((x as i32 as i64 * y as i32 as i64 + (1 << 30)) >> 31).min(i32::MAX as i64) as i32;
        assert_eq!(binary("sqmul_round_sat", I32X4, &[x; 4], &[y; 4], 4), [rounded as u32 as u128; 4], "{x:x} {y:x}");
    }
}

#[test]
fn neighbours_are_added() {
    let (x, y) = ([1, 2, 3, 4, 5, 6, 7, 0xffff], [10, 20, 30, 40, 50, 60, 70, 80]);
    assert_eq!(binary("iadd_pairwise", I16X8, &x, &y, 8), [3, 7, 11, 6, 30, 70, 110, 150]);
    let mut random = Random(6);
    for _ in 0..500 {
        let (x, y): (Vec<u128>, Vec<u128>) = (0..16).map(|_| (random.bits(8), random.bits(8))).unzip();
        // which of the two is signed was found out by running the reference on a CPU
        let product = |k: usize| x[k] as i8 as i32 * y[k] as i32;
        let sum = |k: usize| (product(2 * k) + product(2 * k + 1)).clamp(-0x8000, 0x7fff) as u16 as u128;
        let found = lanes(&Op::new("x86_pmaddubsw", INVALID).run(&[vector(8, &x), vector(8, &y)])[0], 8);
        assert_eq!(found, (0..8).map(sum).collect::<Vec<_>>(), "{x:?} {y:?}");
    }
}

#[test]
fn lanes_are_narrowed_and_widened() {
    let mut random = Random(7);
    for _ in 0..500 {
        let (x, y): (Vec<u128>, Vec<u128>) = (0..8).map(|_| (random.bits(16), random.bits(16))).unzip();
        let both = || x.iter().chain(&y);
        let want = |f: fn(u16) -> u8| both().map(|v| f(*v as u16) as u128).collect::<Vec<_>>();
        assert_eq!(binary("snarrow", I16X8, &x, &y, 16), want(|v| (v as i16).clamp(-128, 127) as u8));
        assert_eq!(binary("unarrow", I16X8, &x, &y, 16), want(|v| (v as i16).clamp(0, 255) as u8));
        assert_eq!(binary("uunarrow", I16X8, &x, &y, 16), want(|v| v.min(255) as u8));
        let widen = |name| lanes(&Op::new(name, I16X8).run(&[vector(16, &x)])[0], 4);
        let (low, high) = x.split_at(4);
        let signed = |half: &[u128]| half.iter().map(|v| *v as i16 as u32 as u128).collect::<Vec<_>>();
        assert_eq!((widen("uwiden_low"), widen("uwiden_high")), (low.to_vec(), high.to_vec()));
        assert_eq!((widen("swiden_low"), widen("swiden_high")), (signed(low), signed(high)));
    }
    let pair = binary("snarrow", I64X2, &[1 << 40, 5], &[(-1i64 << 40) as u64 as u128, (-5i64) as u64 as u128], 4);
    assert_eq!(pair, [0x7fff_ffff, 5, 0x8000_0000, 0xffff_fffb]);
}
