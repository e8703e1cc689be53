//! The nonterminals of riscv64 (addresses, operands of any kind, tests), the promises that results make, and how a narrow
//! value fills a register.

use super::inst::*;
use crate::fun;
use crate::pat::*;
use crate::term::*;
use std::panic::Location;
use windlass_desc::cc::IntCC;
use windlass_desc::machine::{Above, Imm};
use windlass_desc::ops::Opcode;
use windlass_desc::riscv64::cond::Cc;
use windlass_desc::riscv64::imm;
use windlass_desc::types::{I8, I16, I32, I64, I128, INVALID, Type};

/// The integer types of one register.
pub const INTS: &[Type] = &[I8, I16, I32, I64];
/// All integer types.
pub const ALL_INTS: &[Type] = &[I8, I16, I32, I64, I128];
/// The types of one register that do not fill it.
pub const NARROW: &[Type] = &[I8, I16, I32];

/// The width of arithmetic on a type: that of 32 bits leaves the sign above, any other leaves anything.
pub fn op_width(t: Type) -> u16 {
    if t == I32 { 32 } else { 64 }
}

pub fn rules(r: &mut RuleSet) {
    addresses(r);
    let operand = |pat: Pat, out: Arg| Alternative { out: Out::Operand(out), ..alternative(INVALID, pat) };
    let small = iconst(K.when(fun!(imm::simm12, k)));
    r.nonterminal(
        "operand",
        Gives::Operand(Imm::Signed(12)),
        vec![operand(small.into(), K.into()), operand(X.into(), X.into())],
    );
    r.nonterminal("test", Gives::Test, tests());
    for op in [
        Opcode::Iconst,
        Opcode::Iadd,
        Opcode::Isub,
        Opcode::Ineg,
        Opcode::Imul,
        Opcode::Ishl,
        Opcode::Ushr,
        Opcode::Sshr,
        Opcode::Rotl,
        Opcode::Rotr,
        Opcode::Sextend,
        Opcode::Load,
        Opcode::Uload8,
        Opcode::Sload8,
        Opcode::Uload16,
        Opcode::Sload16,
    ] {
        r.contracts.push((op, I32, Above::Sign));
    }
}

/// An alternative without what it gives.
#[track_caller]
fn alternative(ty: Type, pat: impl Into<Pat>) -> Alternative {
    Alternative { pat: pat.into(), ty, out: Out::Operand(X.into()), guards: vec![], at: Location::caller() }
}

fn addresses(r: &mut RuleSet) {
    let at = |pat: Pat, base, disp| {
        let out = Out::Address(Place { base, index: None, scale: ImmExpr::Const(0), disp });
        Alternative { out, ..alternative(I64, pat) }
    };
    // a sum of a large constant is better computed once
    let near = |pat: OpPat| Alternative {
        guards: vec![Guard { test: fun!(imm::sum_fits12, a, b), args: vec![K.name, OFF.name] }],
        ..at(pat.into(), Base::Val(X), apply(fun!(imm::sum, a, b), [K, OFF]))
    };
    let alternatives = vec![
        near(iadd(X, iconst(K))),
        near(iadd(iconst(K), X)),
        at(stack_addr(S).into(), Base::Slot(S), OFF.into()),
        at(X.into(), Base::Val(X), OFF.into()),
    ];
    r.nonterminal("address", Gives::Address, alternatives);
}

/// The register that a step on the way to `to` leaves.
fn before(to: Tmp) -> Tmp {
    Tmp(to.0, to.1 + 100)
}

/// A value shifted to the highest bits of a register, and back by this.
fn through_top(s: Seq, t: Type, x: Val, to: Tmp, back: fn(u16, Tmp, i64) -> MInst) -> (Seq, Reg) {
    let by = 64 - t.bits() as i64;
    (s.set(before(to), sll(64, wide(x), by)).set(to, back(64, before(to), by)), to.into())
}

/// After these steps, the register that holds a value extended by zeros.
pub fn zext(s: Seq, t: Type, x: Val, to: Tmp) -> (Seq, Reg) {
    match t {
        I8 => (s.set(to, and(wide(x), 255)), to.into()),
        I64 => (s, x.into()),
        _ => through_top(s, t, x, to, srl),
    }
}

/// After these steps, the register that holds a value extended by its sign.
pub fn sext(s: Seq, t: Type, x: Val, to: Tmp) -> (Seq, Reg) {
    match t {
        _ if x.promised.is_some() => (s, wide(x).into()),
        I32 => (s.set(to, sext_w(x)), to.into()),
        I64 => (s, x.into()),
        _ => through_top(s, t, x, to, sra),
    }
}

/// Extended by zeros or by the sign.
pub fn extended(s: Seq, t: Type, x: Val, to: Tmp, signed: bool) -> (Seq, Reg) {
    if signed { sext(s, t, x, to) } else { zext(s, t, x, to) }
}

/// After these steps, a register that is to others made so as the value is to theirs, signed and unsigned: that of the
/// smallest types holds the value in its highest bits.
pub fn comparable(s: Seq, t: Type, x: Val, to: Tmp) -> (Seq, Reg) {
    match t {
        I8 | I16 => (s.set(to, sll(64, wide(x), 64 - t.bits() as i64)), to.into()),
        _ => sext(s, t, x, to),
    }
}

/// After these steps, a register that is zero where two values are equal.
pub fn difference(s: Seq, t: Type, x: Val, y: Rmi, to: Tmp) -> (Seq, Reg) {
    match t {
        I8 | I16 => {
            let s = s.set(before(to), xor(wide(x), wide(y)));
            (s.set(to, sll(64, before(to), 64 - t.bits() as i64)), to.into())
        }
        I32 => (s.set(before(to), xor(wide(x), wide(y))).set(to, sext_w(before(to))), to.into()),
        _ => (s.set(to, xor(x, y)), to.into()),
    }
}

/// Two values of a type, in all the ways in which what stands above them may be known.
pub fn pairs(t: Type) -> Vec<(Val, Val)> {
    match t {
        I32 => vec![(X.sign_upper(), Y.sign_upper()), (X.sign_upper(), Y), (X, Y.sign_upper()), (X, Y)],
        _ => vec![(X, Y)],
    }
}

/// Equality and its opposite.
pub const EQUALITIES: &[IntCC] = &[IntCC::Equal, IntCC::NotEqual];

/// A comparison as a tested value of a type: it gives a byte, which may be extended.
fn compared(tested: Type, pat: OpPat) -> Pat {
    if tested == I8 { pat.into() } else { uextend(pat).into() }
}

/// An alternative of tests: what makes the registers that the condition is asked of.
#[track_caller]
pub fn test<const N: usize>(ty: Type, pat: impl Into<Pat>, cc: CcExpr, producer: Seq, on: [Reg; N]) -> Alternative {
    Alternative { out: Out::Test(Test { cc, producer, on: on.into() }), ..alternative(ty, pat) }
}

fn tests() -> Vec<Alternative> {
    let mut r = vec![];
    let zero = || iconst(N.when(fun!(imm::zero, k)));
    let (ne, start) = (CcExpr::Is(Cc::Ne.into()), Seq::default);
    // low bits that leave nothing above them
    let mask = || iconst(K.when(fun!(imm::uimm7, k)));
    let masked = || start().set(T, and(wide(X), K));
    for &t in INTS {
        // t is the type of what is compared
        for &tested in INTS {
            let mut add = |pat: OpPat, cc: CcExpr, (s, on): (Seq, Reg)| {
                r.push(test(tested, compared(tested, pat.at(t)), cc, s, [on]));
            };
            add(icmp(CC, band(X, mask()), zero()), CcExpr::Of(CC), (masked(), T.into()));
            if t == I32 {
                add(icmp(CC, X.sign_upper(), zero()), CcExpr::Of(CC), (start(), wide(X).into()));
            }
            add(icmp(CC, X, zero()), CcExpr::Of(CC), comparable(start(), t, X, T));
            if t == I8 || t == I16 {
                add(icmp(CC.among(EQUALITIES), X, R), CcExpr::Of(CC), difference(start(), t, X, R, T));
            }
            for (x, y) in pairs(t) {
                let (s, a) = comparable(start(), t, x, T);
                let (s, b) = comparable(s, t, y, U);
                r.push(test(tested, compared(tested, icmp(CC, x, y).at(t)), CcExpr::Of(CC), s, [a, b]));
            }
        }
        r.push(test(t, band(X, mask()), ne, masked(), [T.into()]));
        if t == I32 {
            r.push(test(t, X.sign_upper(), ne, start(), [wide(X).into()]));
        }
    }
    super::wide::tests(&mut r, compared);
    for &t in INTS {
        let (s, on) = comparable(start(), t, X, T);
        r.push(test(t, X, ne, s, [on]));
    }
    r.push(test(I128, X, ne, start().set(T, or(lo(X), hi(X))), [T.into()]));
    r
}
