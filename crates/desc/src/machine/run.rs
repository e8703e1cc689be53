//! What a row means: its family's meaning between reading operands, memory and immediates and writing results. On
//! numbers this simulates the machine, on terms it is the machine side of a proof. Needs [`super::Machine`].

use super::*;
use crate::env::{Access, Choice, TrapCode};

/// What a family's meaning gives: results as wide as the operation, and flags if it writes them.
pub struct Meant<B> {
    /// One per def, or the value to be stored.
    pub results: Vec<B>,
    /// The new flags.
    pub flags: Option<B>,
}

/// A result; flags stay.
pub fn value<B>(r: B) -> Meant<B> {
    Meant { results: vec![r], flags: None }
}

/// Neither a result nor flags.
pub fn nothing<B>() -> Meant<B> {
    Meant { results: vec![], flags: None }
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
    /// One bit: whether its condition holds, where that is known without what the condition reads.
    pub holds: Option<B>,
    /// Its trap code.
    pub code: TrapCode,
    /// How it accesses memory.
    pub access: Access,
}

impl<B: Bv> Input<B> {
    /// One bit: does the row's condition hold on the flags? Without flags, which a well-formed rule never has, it does
    /// not.
    pub fn condition<M: Machine>(&self) -> B {
        let asked = || self.flags.as_ref().map(|f| M::holds(self.cc, std::slice::from_ref(f)));
        self.holds.clone().or_else(asked).unwrap_or(B::lit(1, 0))
    }
    /// One bit: does the row's condition hold on these registers?
    pub fn condition_on<M: Machine>(&self, registers: &[B]) -> B {
        self.holds.clone().unwrap_or_else(|| M::holds(self.cc, registers))
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
pub fn simulate<M: Machine, E: Env>(row: &Row, e: &mut E, input: &Input<E::B>) -> Output<E::B> {
    let mut args = vec![];
    let mut uses = input.uses.iter();
    for o in &row.operands {
        match (*o, row.mem, &input.addr) {
            // what a condition reads may be left out where it is known whether it holds
            (Operand::Use(w, _), ..) => match uses.next() {
                Some(r) => args.push(r.extract(0, w as u32)),
                None => args.push(E::B::lit(w as u32, 0)),
            },
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
    let meant = M::meaning(row.family, e, row.width as u32, input, &args);
    if matches!(row.mem, MemMode::Store | MemMode::Modify) {
        let addr = input.addr.as_ref().expect("an address per memory operand");
        let w = meant.results[0].w();
        let width = row.operands.iter().find_map(|o| if let Operand::Mem(w) = *o { Some(w.into()) } else { None });
        assert!(width == Some(w), "{}: stores {w} bits in an operand of {width:?}", row.name);
        e.store(addr, &meant.results[0], input.access);
        return Output { defs: vec![], flags: meant.flags };
    }
    let mut results = meant.results.iter();
    let mut defs = vec![];
    for (n, o) in row.operands.iter().enumerate() {
        if let Operand::Def(w, at) = *o {
            let result = results.next().expect("a result per def");
            let old = if let At::Tied(place) = at { row.use_at(place).and_then(|k| input.uses.get(k)) } else { None };
            let bits = M::BANKS[row.bank(n).0 as usize].bits;
            defs.push(write(e, result, (w as u32, bits), row.above, old));
        }
    }
    Output { defs, flags: meant.flags }
}

/// The whole register of `bits` after the low `w` of them are written.
fn write<E: Env>(e: &mut E, v: &E::B, (w, bits): (u32, u32), above: Above, old: Option<&E::B>) -> E::B {
    assert!(v.w() == w, "a result of {} bits for an operand of {w}", v.w());
    if w == bits {
        return v.clone();
    }
    match (above, old) {
        (Above::Zero, _) => v.zext(bits),
        (Above::Sign, _) => v.sext(bits),
        (Above::Kept, Some(old)) => old.extract(w, bits - w).concat(v),
        _ => e.choose(Choice::Any("upper bits"), bits - w).concat(v),
    }
}
