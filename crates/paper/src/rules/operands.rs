//! The nonterminals: addresses, operands of any kind, and conditions on the condition code.

use super::inst::*;
use crate::{cond, imm};
use std::panic::Location;
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::machine::Imm;
use windlass_desc::types::{F32, F64, I8, I16, I32, I64, I128, INVALID, Type};
use windlass_rules::fun;
use windlass_rules::pat::*;
use windlass_rules::term::*;

/// The integer types of one register.
pub const INTS: &[Type] = &[I8, I16, I32, I64];
/// All integer types.
pub const ALL_INTS: &[Type] = &[I8, I16, I32, I64, I128];
/// The float types.
pub const FLOATS: &[Type] = &[F32, F64];

/// The comparisons that a signed one decides.
pub const SIGNED: &[IntCC] = &[
    IntCC::Equal,
    IntCC::NotEqual,
    IntCC::SignedLessThan,
    IntCC::SignedGreaterThanOrEqual,
    IntCC::SignedGreaterThan,
    IntCC::SignedLessThanOrEqual,
];
/// The comparisons that an unsigned one decides.
pub const UNSIGNED: &[IntCC] = &[
    IntCC::UnsignedLessThan,
    IntCC::UnsignedGreaterThanOrEqual,
    IntCC::UnsignedGreaterThan,
    IntCC::UnsignedLessThanOrEqual,
];

/// The value of a narrow integer in a whole register.
pub fn extended(t: Type, x: Val, signed: bool) -> MInst {
    match (t, signed) {
        (I8, false) => zext8(x),
        (I8, true) => sext8(x),
        (I16, false) => zext16(x),
        (I16, true) => sext16(x),
        (I32, false) => zext32(x),
        (I32, true) => sext32(x),
        _ => mov(x),
    }
}

/// What compares `X` with `Y`, or with the operand `R` where the machine can.
pub fn comparison(t: Type, signed: bool) -> (Pat, Seq) {
    let w = t.bits() as u16;
    match (t, signed) {
        (I32 | I64, true) => (R.into(), cmp(w, X, R).into()),
        (I32 | I64, false) => (Y.into(), cmpl(w, X, Y).into()),
        _ => {
            let (a, b) = (Tmp::new("a"), Tmp::new("b"));
            let s = Seq::default().set(a, extended(t, X, signed)).set(b, extended(t, Y, signed));
            (Y.into(), s.run(if signed { cmp(64, a, b) } else { cmpl(64, a, b) }))
        }
    }
}

pub fn rules(r: &mut RuleSet) {
    addresses(r);
    let operand = |pat: Pat, out: Arg| Alternative {
        pat,
        ty: INVALID,
        out: Out::Operand(out),
        guards: vec![],
        at: Location::caller(),
    };
    let operands = vec![
        operand(iconst(K.when(fun!(imm::simm12, k))).into(), K.into()),
        operand(load(A).into(), A.into()),
        operand(X.into(), X.into()),
    ];
    r.nonterminal("operand", Gives::Operand(Imm::Signed(12)), operands);
    r.nonterminal("test", Gives::Test, tests());
}

fn addresses(r: &mut RuleSet) {
    #[track_caller]
    fn addr(pat: impl Into<Pat>, base: Base, index: Option<Val>, disp: ImmExpr) -> Alternative {
        let out = Out::Address(Place { base, index, scale: ImmExpr::Const(0), disp });
        Alternative { pat: pat.into(), ty: I64, out, guards: vec![], at: Location::caller() }
    }
    let fits = vec![Guard { test: fun!(imm::sum_fits, a, b), args: vec![K.name, OFF.name] }];
    let sum = apply(fun!(imm::sum, a, b), [K, OFF]);
    let alternatives = vec![
        Alternative { guards: fits, ..addr(iadd(X, iconst(K)), Base::Val(X), None, sum) },
        addr(iadd(X, Y), Base::Val(X), Some(Y), OFF.into()),
        addr(stack_addr(S), Base::Slot(S), None, OFF.into()),
        addr(X, Base::Val(X), None, OFF.into()),
    ];
    r.nonterminal("address", Gives::Address, alternatives);
}

/// An alternative of tests: the tested value's type and what it must be, the condition, and what makes the code.
#[track_caller]
fn alternative(ty: Type, pat: impl Into<Pat>, cc: CcExpr, producer: impl Into<Seq>) -> Alternative {
    let out = Out::Test(Test { cc, producer: producer.into(), on: vec![] });
    Alternative { pat: pat.into(), ty, out, guards: vec![], at: Location::caller() }
}

fn tests() -> Vec<Alternative> {
    let mut r = vec![];
    for &t in INTS {
        for (signed, ccs) in [(true, SIGNED), (false, UNSIGNED)] {
            let (y, producer) = comparison(t, signed);
            r.push(alternative(I8, icmp(CC.among(ccs), X, y).at(t), of(CC), producer));
        }
    }
    for &t in FLOATS {
        for &cc in FloatCC::all() {
            let compare = fcmp_(t.bits() as u16, X, Y);
            r.push(alternative(I8, fcmp(cc, X, Y).at(t), is(cond::of_float(cc)), compare));
        }
    }
    let nonzero = || is(cond::NONZERO);
    r.push(alternative(I8, X, nonzero(), Seq::default().set(T, and(wide(X), 255))));
    r.push(alternative(I16, X, nonzero(), Seq::default().set(T, zext16(X)).run(cmp(64, T, 0))));
    r.push(alternative(I32, X, nonzero(), cmp(32, X, 0)));
    r.push(alternative(I64, X, nonzero(), cmp(64, X, 0)));
    r.push(alternative(I128, X, nonzero(), Seq::default().set(T, or(lo(X), hi(X)))));
    r
}
