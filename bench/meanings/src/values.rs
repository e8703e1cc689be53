//! Values as the reference reads and prints them, random ones, and the environment in which our meanings run.

use std::collections::BTreeMap;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::{Access, Choice, Env, TrapCode};
use windlass_desc::fp::FpFormat;
use windlass_desc::types::Type;

/// A value as text: integers in decimal, signed; vectors in hexadecimal.
pub fn text(x: &Num, ty: Type) -> String {
    if ty.is_vector() { format!("0x{:0w$x}", x.get(), w = ty.bytes() as usize * 2) } else { x.signed().to_string() }
}

/// The values in an answer, as bits.
pub fn parse(answer: &str, types: &[Type]) -> Option<Vec<Num>> {
    let list = answer.split("  ").next()?.trim().trim_start_matches('[').trim_end_matches(']');
    let values: Vec<&str> = list.split(',').map(str::trim).filter(|v| !v.is_empty()).collect();
    let one = |(v, ty): (&&str, &Type)| {
        let bits = match v.strip_prefix("0x") {
            Some(hex) => u128::from_str_radix(hex, 16).ok()?,
            None => v.parse::<i128>().ok()? as u128,
        };
        Some(Num::lit(ty.bits(), bits))
    };
    if values.len() != types.len() { None } else { values.iter().zip(types).map(one).collect() }
}

/// Random numbers.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let x = self.0 ^ self.0 >> 33;
        x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ x >> 29
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.word() % n as u64) as usize
    }
    /// A scalar of `w` bits: often an end of its range or a power of two; of floats often of moderate size.
    fn lane(&mut self, w: u32, is_float: bool) -> u128 {
        let any = (self.word() as u128 | (self.word() as u128) << 64) & (u128::MAX >> (128 - w));
        let small = self.word() as u128 % 5;
        if is_float && !self.word().is_multiple_of(4) {
            let format = FpFormat::of(w);
            let (fraction, sign) = (any & ((1 << format.fraction_bits()) - 1), any & 1 << (w - 1));
            let near = format.max_exponent() as u128 - 6 + self.word() as u128 % 24;
            return match self.word() % 8 {
                0 => sign,
                1 => sign | format.infinity(),
                2 => sign | format.infinity() | fraction,
                3 => sign | near.min(2 * format.max_exponent() as u128) << format.fraction_bits(),
                _ => sign | near.min(2 * format.max_exponent() as u128) << format.fraction_bits() | fraction,
            };
        }
        let v = match self.word() % 8 {
            0 => small,
            1 => small.wrapping_neg(),
            2 => (1u128 << (w - 1)).wrapping_add(small).wrapping_sub(2),
            3 => 1 << (any % w as u128),
            _ => any,
        };
        v & (u128::MAX >> (128 - w))
    }
    pub fn value(&mut self, ty: Type) -> Num {
        let lane = ty.lane_type();
        let lanes: Vec<Num> =
            (0..ty.lane_count()).map(|_| Num::lit(lane.bits(), self.lane(lane.bits(), lane.is_float()))).collect();
        Num::from_lanes(&lanes)
    }
}

/// Memory and the first trap.
#[derive(Default)]
pub struct World {
    memory: BTreeMap<u64, u8>,
    pub trap: Option<TrapCode>,
}

impl Env for World {
    type B = Num;
    fn choose(&mut self, set: Choice, w: u32) -> Num {
        match set {
            Choice::Any(_) => Num::lit(w, 0),
            Choice::Nan(format) => Num::lit(w, format.quiet_nan()),
        }
    }
    fn trap_if(&mut self, cond: &Num, code: TrapCode) {
        if cond.is_true() {
            self.trap.get_or_insert(code);
        }
    }
    fn load(&mut self, addr: &Num, w: u32, _: Access) -> Num {
        let byte = |i| Num::lit(8, self.memory.get(&(addr.get() as u64 + i)).copied().unwrap_or(0) as u128);
        Num::from_lanes(&(0..w as u64 / 8).map(byte).collect::<Vec<_>>())
    }
    fn store(&mut self, addr: &Num, value: &Num, _: Access) {
        for (i, byte) in (0..).zip(value.lanes(value.w() / 8)) {
            self.memory.insert(addr.get() as u64 + i, byte.get() as u8);
        }
    }
    fn branch(&mut self, _: &Num) {}
}
