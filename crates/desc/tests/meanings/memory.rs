//! Memory: addresses, orders of bytes and lanes, atomics, and bitcasts.

use crate::world::*;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::ops::AtomicRmwOp;
use windlass_desc::types::*;

const BYTES: [u8; 16] = [0x80, 0x81, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x8f];

fn load(name: &str, ty: Type, big_endian: bool) -> Num {
    let op = Op::new(name, ty).with(|i| {
        i.imm = Num::lit(64, -8i64 as u64 as u128);
        i.access.big_endian = big_endian;
        if i.result == INVALID {
            i.result = ty;
        }
    });
    let mut world = World::with(0x1000, &BYTES);
    let result = op.run_in(&mut world, &[Num::lit(64, 0x1008)])[0].clone();
    assert_eq!(world.events.len(), 1, "{name}");
    result
}

#[test]
fn loads_in_both_orders() {
    assert_eq!((load("load", I32, false).get(), load("load", I32, true).get()), (0x0302_8180, 0x8081_0203));
    assert_eq!(load("load", F64, true).get(), 0x8081_0203_0405_0607);
    // lane 0 comes first in either order
    assert_eq!(lanes(&load("load", I16X4, false), 4), [0x8180, 0x0302, 0x0504, 0x0706]);
    assert_eq!(lanes(&load("load", I16X4, true), 4), [0x8081, 0x0203, 0x0405, 0x0607]);
    assert_eq!((load("uload8", I32, false).get(), load("sload8", I32, true).get()), (0x80, 0xffff_ff80));
    assert_eq!((load("uload16", I64, true).get(), load("sload16", I32, false).get()), (0x8081, 0xffff_8180));
    assert_eq!(
        (load("uload32", I64, false).get(), load("sload32", I64, true).get()),
        (0x0302_8180, 0xffff_ffff_8081_0203)
    );
    assert_eq!(lanes(&load("uload8x8", I64, true), 8), [0x80, 0x81, 2, 3, 4, 5, 6, 7]);
    assert_eq!(lanes(&load("sload8x8", I64, false), 8), [0xff80, 0xff81, 2, 3, 4, 5, 6, 7]);
    assert_eq!(lanes(&load("sload16x4", I64, true), 4), [0xffff_8081, 0x0203, 0x0405, 0x0607]);
    assert_eq!(lanes(&load("uload16x4", I64, false), 4), [0x8180, 0x0302, 0x0504, 0x0706]);
    assert_eq!(lanes(&load("uload32x2", I64, false), 2), [0x0302_8180, 0x0706_0504]);
    assert_eq!(lanes(&load("sload32x2", I64, true), 2), [0xffff_ffff_8081_0203, 0x0405_0607]);
}

#[test]
fn what_is_stored_is_loaded() {
    let mut random = Random(8);
    for ty in [I8, I128, F16, F128, I8X16, I16X8, I32X4, I64X2, F64X8, I128.by(256).unwrap()] {
        for big_endian in [false, true] {
            let op = |name| Op::new(name, ty).with(|i| i.access.big_endian = big_endian);
            let (x, p, mut world) = (random.value(ty.bits()), Num::lit(32, 0xffff_fff0), World::default());
            op("store").run_in(&mut world, &[x.clone(), p.clone()]);
            assert_eq!(world.memory.len(), ty.bytes() as usize);
            assert_eq!(op("load").run_in(&mut world, &[p]), [x], "{ty}");
        }
    }
    for (name, ty, bytes) in [("istore8", I32, &[4][..]), ("istore16", I64, &[4, 3]), ("istore32", I64, &[4, 3, 2, 1])]
    {
        let mut world = World::default();
        Op::new(name, ty).run_in(&mut world, &[Num::lit(ty.bits(), 0x0102_0304), Num::lit(64, 0)]);
        assert_eq!(world.memory.into_values().collect::<Vec<u8>>(), bytes);
    }
}

#[test]
fn addresses_wrap_at_their_width() {
    let mut world = World::with(4, &[7]);
    let op = Op::new("load", I8).with(|i| i.imm = Num::lit(64, 8));
    assert_eq!(op.run_in(&mut world, &[Num::lit(32, 0xffff_fffc)]), [Num::lit(8, 7)]);
}

#[test]
fn atomics_load_and_store() {
    let (p, x, old) = (Num::lit(64, 0x10), Num::lit(16, 0x8003), 0x0105u128);
    let wants = [0x8108, 0x8102, 0x0001, 0xfffe, 0x8107, 0x8106, 0x8003, 0x0105, 0x8003, 0x8003, 0x0105];
    for (&rmw, want) in AtomicRmwOp::all().iter().zip(wants) {
        let mut world = World::with(0x10, &[0x05, 0x01]);
        let op = Op::new("atomic_rmw", I16).with(|i| i.rmw = rmw);
        assert_eq!(op.run_in(&mut world, &[p.clone(), x.clone()])[0].get(), old);
        assert_eq!(world.events, ["atomic load 16 at 0x10", "atomic store 16 at 0x10"]);
        assert_eq!(world.memory.into_values().collect::<Vec<u8>>(), (want as u16).to_le_bytes(), "{rmw}");
    }
    for (expected, want) in [(old, [0x03, 0x80]), (old + 1, [0x05, 0x01])] {
        let mut world = World::with(0x10, &[0x05, 0x01]);
        let args = [p.clone(), Num::lit(16, expected), x.clone()];
        assert_eq!(Op::new("atomic_cas", I16).run_in(&mut world, &args)[0].get(), old);
        assert_eq!(world.memory.into_values().collect::<Vec<u8>>(), want);
    }
    let mut world = World::default();
    Op::new("atomic_store", I128).run_in(&mut world, &[Num::lit(128, 1 << 100), p.clone()]);
    assert_eq!(Op::new("atomic_load", I128).run_in(&mut world, &[p])[0].get(), 1 << 100);
    assert_eq!(world.events, ["atomic store 128 at 0x10", "atomic load 128 at 0x10"]);
}

#[test]
fn a_bitcast_is_a_store_and_a_load() {
    let mut random = Random(9);
    for (from, to) in [(I32X4, I8X16), (I8X16, I64X2), (F64, I64), (I128, I16X8), (F32X4, I128), (I8X64, F64X8)] {
        for big_endian in [false, true] {
            let with = |name, ty| Op::new(name, ty).with(|i| i.access.big_endian = big_endian);
            let (x, p, mut world) = (random.value(from.bits()), Num::lit(64, 0), World::default());
            with("store", from).run_in(&mut world, &[x.clone(), p.clone()]);
            let want = with("load", to).run_in(&mut world, &[p]);
            assert_eq!(with("bitcast", to).of(from).run(&[x]), want, "{from} {to} {big_endian}");
        }
    }
}
