//! The environment that tests run in, and how they run operations: by name, at a type, on numbers.

use std::collections::BTreeMap;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::{Access, Choice, Env, TrapCode};
use windlass_desc::ops::{Imms, Opcode, meaning};
use windlass_desc::types::{INVALID, Type};

/// What a NaN that may be chosen is here: negative, with a payload.
pub fn chosen_nan(w: u32) -> u128 {
    windlass_desc::fp::FpFormat::of(w).nan(&Num::lit(w, 1 << (w - 1) | 5)).get()
}

/// Memory of bytes, the first trap, a line for each access, and how many NaNs were chosen.
#[derive(Default)]
pub struct World {
    pub memory: BTreeMap<u64, u8>,
    pub trap: Option<TrapCode>,
    pub events: Vec<String>,
    pub nans: usize,
}

impl World {
    /// Memory that starts with these bytes.
    pub fn with(start: u64, bytes: &[u8]) -> World {
        World { memory: (start..).zip(bytes.iter().copied()).collect(), ..World::default() }
    }
    fn note(&mut self, what: &str, addr: &Num, w: u32, access: Access) {
        let atomic = if access.atomic { "atomic " } else { "" };
        self.events.push(format!("{atomic}{what} {w} at {:#x}", addr.get()));
    }
}

/// The place of byte `i` of `n`, the least significant first.
fn place(addr: &Num, i: u32, n: u32, access: Access) -> u64 {
    (addr.get() as u64).wrapping_add(if access.big_endian { n - 1 - i } else { i } as u64)
}

impl Env for World {
    type B = Num;
    fn choose(&mut self, set: Choice, w: u32) -> Num {
        match set {
            Choice::Any(_) => Num::lit(w, 0),
            Choice::Nan(_) => {
                self.nans += 1;
                Num::lit(w, chosen_nan(w))
            }
        }
    }
    fn trap_if(&mut self, cond: &Num, code: TrapCode) {
        if cond.is_true() {
            self.trap.get_or_insert(code);
        }
    }
    fn load(&mut self, addr: &Num, w: u32, access: Access) -> Num {
        self.note("load", addr, w, access);
        let n = w / 8;
        let byte = |i| Num::lit(8, self.memory.get(&place(addr, i, n, access)).copied().unwrap_or(0) as u128);
        Num::from_lanes(&(0..n).map(byte).collect::<Vec<_>>())
    }
    fn store(&mut self, addr: &Num, value: &Num, access: Access) {
        self.note("store", addr, value.w(), access);
        let n = value.w() / 8;
        for i in 0..n {
            self.memory.insert(place(addr, i, n, access), value.lane(n, i).get() as u8);
        }
    }
    fn branch(&mut self, cond: &Num) {
        self.events.push(format!("branch {}", cond.get()));
    }
    fn fence(&mut self) {
        self.events.push("fence".into());
    }
}

/// An operation with what it has besides operands.
pub struct Op {
    pub op: Opcode,
    pub imms: Imms<Num>,
}

impl Op {
    /// The operation of this name at the controlling type `ty`.
    pub fn new(name: &str, ty: Type) -> Op {
        let op = Opcode::parse(name).unwrap_or_else(|| panic!("there is no {name}"));
        assert!(op.row().ctv.set().is_none_or(|s| s.contains(ty)), "{name} does not exist at {ty}");
        let first = |all: &[windlass_desc::ops::Operand]| all.first().and_then(|o| o.ty.of(ty)).unwrap_or(INVALID);
        Op { op, imms: Imms::new(ty, first(op.row().results), first(op.row().operands)) }
    }
    /// The same with an operand of a type that the controlling type does not determine.
    pub fn of(mut self, arg: Type) -> Op {
        self.imms.arg = arg;
        self
    }
    /// The same with a change to what it has.
    pub fn with(mut self, change: impl FnOnce(&mut Imms<Num>)) -> Op {
        change(&mut self.imms);
        self
    }
    /// Runs it in a world.
    pub fn run_in(&self, world: &mut World, args: &[Num]) -> Vec<Num> {
        meaning(self.op, world, &self.imms, args)
    }
    /// Runs it where it does not trap.
    pub fn run(&self, args: &[Num]) -> Vec<Num> {
        let mut world = World::default();
        let results = self.run_in(&mut world, args);
        assert_eq!(world.trap, None, "{} {args:?}", self.op);
        results
    }
    /// The code with which it traps.
    pub fn trap(&self, args: &[Num]) -> Option<TrapCode> {
        let mut world = World::default();
        self.run_in(&mut world, args);
        world.trap
    }
}

/// A vector with these lanes.
pub fn vector(lane: u32, values: &[u128]) -> Num {
    Num::from_lanes(&values.iter().map(|v| Num::lit(lane, *v)).collect::<Vec<_>>())
}

/// The lanes of a vector.
pub fn lanes(x: &Num, n: u32) -> Vec<u128> {
    x.lanes(n).iter().map(Num::get).collect()
}

/// Numbers that look random, some of them close to the ends of their range.
pub struct Random(pub u64);

impl Random {
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let x = self.0 ^ self.0 >> 33;
        x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ x >> 29
    }
    /// A number of `w` bits, up to 128.
    pub fn bits(&mut self, w: u32) -> u128 {
        let any = self.word() as u128 | (self.word() as u128) << 64;
        let small = self.word() as u128 % 5;
        let v = match self.word() % 8 {
            0 => small,
            1 => small.wrapping_neg(),
            2 => (1u128 << (w - 1)).wrapping_add(small).wrapping_sub(2),
            3 => 1u128 << (any % w as u128),
            _ => any,
        };
        v & (u128::MAX >> (128 - w))
    }
    /// A value of any width.
    pub fn value(&mut self, w: u32) -> Num {
        if w <= 128 {
            return Num::lit(w, self.bits(w));
        }
        Num::from_lanes(&(0..w / 64).map(|_| Num::lit(64, self.bits(64))).collect::<Vec<_>>())
    }
}
