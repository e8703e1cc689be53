//! The simplification rules of the mid-end, which know no target: equations between expressions of IR operations, by kind
//! of operation. Rules of a root stand in order, the first match wins. Operands of operations that commute are exchanged
//! before, so that a constant is on the right; what has only constants for operands is computed before, by its meaning.
//!
//! A right side costs no more than its left side on any target, and no rule undoes another.

mod arith;
mod choice;
mod compare;
mod convert;
mod float;
mod logic;
mod shift;

use crate::equation::Equations;
use crate::fun;
use crate::pat::*;
use crate::term::{Cv, Im, OpPat, Pat, Val};
use windlass_desc::imm;
use windlass_desc::types::{I8, I16, I32, I64, I128, Type};

/// The types that `iconst` has.
const INTS: &[Type] = &[I8, I16, I32, I64];
/// All integers.
const ALL_INTS: &[Type] = &[I8, I16, I32, I64, I128];

/// A constant that the right side computes.
const S: Im = Im { name: "s", test: None };
/// Another one.
const U: Im = Im { name: "u", test: None };
/// The condition of the right side.
const DD: Cv = Cv("dd", None);
/// A third value.
const Z: Val = Val::new("z");

/// All simplification rules.
pub fn equations() -> Equations {
    let mut e = Equations::default();
    arith::rules(&mut e);
    logic::rules(&mut e);
    shift::rules(&mut e);
    convert::rules(&mut e);
    compare::rules(&mut e);
    choice::rules(&mut e);
    float::rules(&mut e);
    e
}

/// An operation with two operands.
type Binary = fn(Pat, Pat) -> OpPat;
/// An operation with one.
type Unary = fn(Pat) -> OpPat;

/// A constant 0 on the left. Of 128 bits there are constants in halves.
fn zero(t: Type) -> OpPat {
    let zero = |k: Im| iconst(k.when(fun!(imm::zero, k)));
    if t == I128 { iconcat(zero(K), zero(N)).at(I64) } else { zero(K).at(t) }
}

/// A constant of ones on the left.
fn ones(t: Type) -> OpPat {
    let ones = |k: Im| iconst(k.when(fun!(imm::ones, k)));
    if t == I128 { iconcat(ones(K), ones(N)).at(I64) } else { ones(K).at(t) }
}

/// A constant 1 on the left.
fn one(t: Type) -> OpPat {
    iconst(K.when(fun!(imm::one, k))).at(t)
}

/// The constant `S` on the right, which must be 0 or -1 where there are 128 bits.
fn constant(t: Type) -> OpPat {
    if t == I128 { iconcat(iconst(S), iconst(S)).at(I64) } else { iconst(S).at(t) }
}
