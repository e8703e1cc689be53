//! What a row means: its family's meaning between reading operands, memory and immediates and writing results. On
//! numbers this simulates the machine, on terms it is the machine side of a proof. Needs [`super::rows`].

use super::flags::Cc;
use super::rows::meaning;
use super::*;
use crate::bv::Bv;
use crate::env::{Access, Env, TrapCode};

/// What a family's meaning gives: results as wide as the operation, and flags if it writes them.
pub struct Meant<B> {
    /// One per def, or the value to be stored.
    pub results: Vec<B>,
    /// The new flags.
    pub flags: Option<B>,
}

/// What a row reads.
#[derive(Clone, Debug)]
pub struct Input<B> {
    /// The registers of its uses in order, whole.
    pub uses: Vec<B>,
    /// The address of its memory operand, 64 bits.
    pub addr: Option<B>,
    /// Its immediate, sign-extended to 64 bits; of a symbol row the symbol's address.
    pub imm: B,
    /// The flags before it.
    pub flags: Option<B>,
    /// Its condition.
    pub cc: Cc,
    /// Its trap code.
    pub code: TrapCode,
    /// How it accesses memory.
    pub access: Access,
}

impl<B: Bv> Input<B> {
    /// The carry flag, one bit.
    pub(super) fn carry(&self) -> B {
        self.flags.as_ref().map_or(B::lit(1, 0), |f| f.extract(0, 1))
    }
    /// One bit: does the row's condition hold? Without flags, which a well-formed rule never has, it does not.
    pub(super) fn condition(&self) -> B {
        self.flags.as_ref().map_or(B::lit(1, 0), |f| self.cc.holds(f))
    }
}

/// What a row writes.
#[derive(Clone, Debug)]
pub struct Output<B> {
    /// The registers of its defs in order, whole.
    pub defs: Vec<B>,
    /// The flags, if it writes them.
    pub flags: Option<B>,
}

/// Runs `row` on `input` in `e`.
pub fn simulate<E: Env>(row: &Row, e: &mut E, input: &Input<E::B>) -> Output<E::B> {
    let mut args = vec![];
    let mut uses = input.uses.iter();
    for o in &row.operands {
        match (*o, row.mem, &input.addr) {
            (Operand::Use(w, _), ..) => args.push(uses.next().expect("a register per use").extract(0, w as u32)),
            (Operand::Mem(w), MemMode::Load | MemMode::Modify, Some(addr)) => {
                args.push(e.load(addr, w as u32, input.access))
            }
            (Operand::Mem(_), MemMode::Address, Some(addr)) => args.push(addr.clone()),
            _ => {}
        }
    }
    if row.imm.is_input() {
        args.push(input.imm.extract(0, row.width as u32));
    }
    let meant = meaning(row.family, e, row.width as u32, input, &args);
    if matches!(row.mem, MemMode::Store | MemMode::Modify) {
        let addr = input.addr.as_ref().expect("an address per memory operand");
        e.store(addr, &meant.results[0], input.access);
        return Output { defs: vec![], flags: meant.flags };
    }
    let mut results = meant.results.iter();
    let mut defs = vec![];
    for (n, o) in row.operands.iter().enumerate() {
        if let Operand::Def(w, at) = *o {
            let result = results.next().expect("a result per def");
            let old = if let At::Tied(_) = at { input.uses.first() } else { None };
            defs.push(match row.bank(n) {
                Bank::General => write(e, result, w as u32, old),
                Bank::Vector => write_vector(e, result, w as u32),
            });
        }
    }
    Output { defs, flags: meant.flags }
}

/// The whole vector register after its low `w` bits are written. What is above depends on the instruction; nobody may
/// rely on it.
fn write_vector<E: Env>(e: &mut E, v: &E::B, w: u32) -> E::B {
    match Bank::Vector.bits() - w {
        0 => v.clone(),
        above => e.choose(crate::env::Choice::Any("upper bits"), above).concat(v),
    }
}

/// The whole general register after `w` bits of it are written: the rest becomes 0 after 32 bits, and stays (as it was in `old`,
/// else unknown) after 8 or 16.
fn write<E: Env>(e: &mut E, v: &E::B, w: u32, old: Option<&E::B>) -> E::B {
    match (w, old) {
        (64, _) => v.clone(),
        (32, _) => v.zext(64),
        (_, Some(old)) => old.extract(w, 64 - w).concat(v),
        (_, None) => e.choose(crate::env::Choice::Any("upper bits"), 64 - w).concat(v),
    }
}
