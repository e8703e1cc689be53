//! Shifts and rotations on riscv64, up to 64 bits. The CPU takes amounts modulo 32 or 64.

use super::inst::*;
use super::operands::{ALL_INTS, INTS, op_width, sext, zext};
use crate::fun;
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::riscv64::imm;
use windlass_desc::types::{I8, I16, I32, I64, I128, Type};

const SMALL: &[Type] = &[I8, I16];
const LARGE: &[Type] = &[I32, I64];

pub fn rules(r: &mut RuleSet) {
    for op in [Opcode::Ishl, Opcode::Ushr, Opcode::Sshr, Opcode::Rotl, Opcode::Rotr] {
        r.supported.push((op, INTS.into()));
    }
    constant(r);
    variable(r);
    rotations(r);
}

/// A constant amount of a shift of this type.
fn amount(t: Type) -> ImmExpr {
    match t {
        I8 => apply(fun!(imm::mod8, k), [K]),
        I16 => apply(fun!(imm::mod16, k), [K]),
        I32 => apply(fun!(imm::mod32, k), [K]),
        _ => apply(fun!(imm::mod64, k), [K]),
    }
}

fn constant(r: &mut RuleSet) {
    for &from in INTS {
        let by = || iconst(K).at(from);
        r.rule(INTS, |t| ishl(X, by()).to(sll(op_width(t), wide(X), amount(t))));
        r.rule(LARGE, |t| ushr(X, by()).to(srl(op_width(t), X, amount(t))));
        r.rule(LARGE, |t| sshr(X, by()).to(sra(op_width(t), X, amount(t))));
        let on = |t: Type| if t == I8 { apply(fun!(imm::top8, k), [K]) } else { apply(fun!(imm::top16, k), [K]) };
        let top = |t: Type| sll(64, wide(X), 64 - t.bits() as i64);
        r.rule(SMALL, |t| ushr(X, by()).to(srl(64, top(t), on(t))));
        r.rule(SMALL, |t| sshr(X, by()).to(sra(64, top(t), on(t))));
    }
}

/// The low 8 bits of an amount of this type.
pub fn low_bits(from: Type) -> Val {
    match from {
        I8 => Y.at(I8),
        I128 => low(lo(Y.at(I128))),
        _ => low(Y.at(from)),
    }
}

/// The register of an amount of this type.
pub fn whole(from: Type) -> Val {
    if from == I128 { lo(Y.at(I128)) } else { wide(Y.at(from)) }
}

fn variable(r: &mut RuleSet) {
    type Shift = fn(u16, Val, Val) -> MInst;
    let large: [(fn(Val, Val) -> OpPat, Shift); 3] = [(ishl, sll), (ushr, srl), (sshr, sra)];
    for &from in ALL_INTS {
        let y = Y.at(from);
        for (pat, inst) in large {
            r.rule(LARGE, |t| pat(X, y).to(inst(op_width(t), X, low_bits(from))));
        }
        let by = |s: Seq, t: Type| s.set(U, and(whole(from), t.bits() as i64 - 1));
        let result = Tmp::new("shifted");
        r.rule(SMALL, |t| ishl(X, y).to(by(Seq::default(), t).set(result, sll(64, wide(X), U)).gives([result])));
        r.rule(SMALL, |t| {
            let (s, x) = zext(by(Seq::default(), t), t, X, T);
            ushr(X, y).to(s.set(result, srl(64, x, U)).gives([result]))
        });
        r.rule(SMALL, |t| {
            let (s, x) = sext(by(Seq::default(), t), t, X, T);
            sshr(X, y).to(s.set(result, sra(64, x, U)).gives([result]))
        });
    }
}

/// The amount of the shift the other way, which a constant rotation has too.
fn rest(t: Type) -> ImmExpr {
    match t {
        I8 => apply(fun!(imm::rest8, k), [K]),
        I16 => apply(fun!(imm::rest16, k), [K]),
        I32 => apply(fun!(imm::rest32, k), [K]),
        _ => apply(fun!(imm::rest64, k), [K]),
    }
}

fn rotations(r: &mut RuleSet) {
    type Shift = fn(u16, Reg, Arg) -> MInst;
    let ops: [(fn(Val, Pat) -> OpPat, Shift, Shift); 2] = [(rotl, sll, srl), (rotr, srl, sll)];
    let (ahead, back, result) = (Tmp::new("ahead"), Tmp::new("back"), Tmp::new("turned"));
    for (pat, there, other) in ops {
        let turned = |s: Seq, t: Type, x: Reg, by: Arg, rest: Arg| {
            let s = s.set(ahead, there(op_width(t), x.clone(), by)).set(back, other(op_width(t), x, rest));
            s.set(result, or(ahead, back)).gives([result])
        };
        let source = |s: Seq, t: Type| if t == I32 { (s, X.into()) } else { zext(s, t, X, T) };
        for &from in INTS {
            r.rule(INTS, |t| {
                let (s, x) = source(Seq::default(), t);
                pat(X, iconst(K).at(from).into()).to(turned(s, t, x, amount(t).into(), rest(t).into()))
            });
        }
        for &from in ALL_INTS {
            let y = Y.at(from);
            let n = Tmp::new("other");
            r.rule(LARGE, |t| {
                let s = Seq::default().set(n, neg(64, whole(from)));
                pat(X, y.into()).to(turned(s, t, X.into(), low_bits(from).into(), n.into()))
            });
            r.rule(SMALL, |t| {
                let (s, x) = source(Seq::default(), t);
                let (by, negated, mask) = (Tmp::new("by"), Tmp::new("negated"), t.bits() as i64 - 1);
                let s = s.set(by, and(whole(from), mask)).set(negated, neg(64, by)).set(n, and(negated, mask));
                pat(X, y.into()).to(turned(s, t, x, by.into(), n.into()))
            });
        }
    }
}
