//! The nonterminals of x86-64: addresses, operands of any kind, conditions on flags, and the promises that results make.

use super::inst::*;
use crate::fun;
use crate::pat::*;
use crate::term::*;
use std::panic::Location;
use windlass_desc::cc::IntCC;
use windlass_desc::machine::{Above, Imm};
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64, I128, INVALID, Type};
use windlass_desc::x64::flags::Cc;
use windlass_desc::x64::imm;

/// The integer types with instructions of their own.
pub const INTS: &[Type] = &[I8, I16, I32, I64];
/// All integer types.
pub const ALL_INTS: &[Type] = &[I8, I16, I32, I64, I128];

/// Constructor of a pattern with two operands.
pub type Pattern = fn(Pat, Pat) -> OpPat;

/// Constructor of an instruction with two inputs.
pub type Instruction = fn(u16, Arg, Arg) -> MInst;

/// The width of arithmetic on a type: narrow values are computed in 32 bits, their upper bits being arbitrary anyway.
pub fn op_width(t: Type) -> u16 {
    t.bits().max(32) as u16
}

pub fn rules(r: &mut RuleSet) {
    addresses(r);
    operands(r);
    r.nonterminal("test", Gives::Test, tests());
    for op in [
        Opcode::Iadd,
        Opcode::Isub,
        Opcode::Ineg,
        Opcode::Imul,
        Opcode::Band,
        Opcode::Bor,
        Opcode::Bxor,
        Opcode::Bnot,
        Opcode::Ishl,
        Opcode::Ushr,
        Opcode::Sshr,
        Opcode::Load,
        Opcode::Uload8,
        Opcode::Sload8,
        Opcode::Uload16,
        Opcode::Sload16,
    ] {
        r.contracts.push((op, I32, Above::Zero));
    }
}

/// An alternative of addresses: what the base must be, and base, index, scale and displacement.
#[track_caller]
fn addr(pat: impl Into<Pat>, base: Base, index: Option<Val>, scale: ImmExpr, disp: ImmExpr) -> Alternative {
    let out = Out::Address(Place { base, index, scale, disp });
    Alternative { pat: pat.into(), ty: I64, out, guards: vec![], at: Location::caller() }
}

fn addresses(r: &mut RuleSet) {
    let y32 = Y.at(I32).zero_upper();
    let scale = || fun!(imm::scale, k);
    let scale_of = || apply(fun!(imm::scale_of, k), [K]);
    let shifted = || ishl(Y, iconst(K.when(scale())).at(I64));
    let shifted32 = || ishl(uextend(y32), iconst(K.when(scale())).at(I64));
    let factor = || iconst(N.when(scale())).at(I64);
    let shifted_by_n = || ishl(Y, factor());
    let shifted_by_n32 = || ishl(uextend(y32), factor());
    let by_n = || apply(fun!(imm::scale_of, k), [N]);
    let none = || ImmExpr::Const(0);
    let sum = || apply(fun!(imm::sum, a, b), [K, OFF]);
    let fits = || vec![Guard { test: fun!(imm::sum_fits, a, b), args: vec![K.name, OFF.name] }];
    let alternatives = vec![
        Alternative {
            guards: fits(),
            ..addr(iadd(iadd(X, shifted_by_n32()), iconst(K)), Base::Val(X), Some(y32), by_n(), sum())
        },
        Alternative {
            guards: fits(),
            ..addr(iadd(iadd(X, shifted_by_n()), iconst(K)), Base::Val(X), Some(Y), by_n(), sum())
        },
        Alternative {
            guards: fits(),
            ..addr(iadd(iadd(shifted_by_n32(), X), iconst(K)), Base::Val(X), Some(y32), by_n(), sum())
        },
        Alternative {
            guards: fits(),
            ..addr(iadd(iadd(shifted_by_n(), X), iconst(K)), Base::Val(X), Some(Y), by_n(), sum())
        },
        Alternative { guards: fits(), ..addr(iadd(iadd(X, Y), iconst(K)), Base::Val(X), Some(Y), none(), sum()) },
        Alternative { guards: fits(), ..addr(iadd(X, iconst(K)), Base::Val(X), None, none(), sum()) },
        Alternative { guards: fits(), ..addr(iadd(iconst(K), X), Base::Val(X), None, none(), sum()) },
        addr(iadd(X, shifted32()), Base::Val(X), Some(y32), scale_of(), OFF.into()),
        addr(iadd(shifted32(), X), Base::Val(X), Some(y32), scale_of(), OFF.into()),
        addr(iadd(X, shifted()), Base::Val(X), Some(Y), scale_of(), OFF.into()),
        addr(iadd(shifted(), X), Base::Val(X), Some(Y), scale_of(), OFF.into()),
        addr(iadd(X, Y), Base::Val(X), Some(Y), none(), OFF.into()),
        addr(stack_addr(S), Base::Slot(S), None, none(), OFF.into()),
        addr(X, Base::Val(X), None, none(), OFF.into()),
    ];
    r.nonterminal("address", Gives::Address, alternatives);
}

fn operands(r: &mut RuleSet) {
    #[track_caller]
    fn alternative(pat: impl Into<Pat>, out: impl Into<Arg>) -> Alternative {
        Alternative {
            pat: pat.into(),
            ty: INVALID,
            out: Out::Operand(out.into()),
            guards: vec![],
            at: Location::caller(),
        }
    }
    let float = || K.when(fun!(imm::nonzero, k));
    let alternatives = vec![
        alternative(iconst(K.when(fun!(imm::simm32, k))), K),
        alternative(f32const(float()), K),
        alternative(f64const(float()), K),
        alternative(load(A), A),
        alternative(X, X),
    ];
    r.nonterminal("operand", Gives::Operand(Imm::Signed(32)), alternatives);
}

const EQUAL: &[IntCC] = &[IntCC::Equal];
const DIFFERENT: &[IntCC] = &[IntCC::NotEqual];

/// An alternative of tests: the tested value's type and what it must be, the condition, and what makes the flags.
#[track_caller]
pub fn alternative(ty: Type, pat: impl Into<Pat>, cc: CcExpr, producer: impl Into<Seq>) -> Alternative {
    let out = Out::Test(Test { cc, producer: producer.into(), on: vec![] });
    Alternative { pat: pat.into(), ty, out, guards: vec![], at: Location::caller() }
}

/// A comparison as a tested value of a type: it gives a byte, which may be extended.
fn compared(tested: Type, pat: OpPat) -> Pat {
    if tested == I8 { pat.into() } else { uextend(pat).into() }
}

/// Single bits: those that a register numbers, and those that no immediate reaches.
fn bits(r: &mut Vec<Alternative>) {
    let mut bit = |t: Type, pat: &dyn Fn() -> OpPat, producer: MInst| {
        let zero = || iconst(N.when(fun!(imm::zero, k)));
        for &tested in INTS {
            for (ccs, cc) in [(EQUAL, Cc::Ae), (DIFFERENT, Cc::B)] {
                let compare = icmp(CC.among(ccs), pat(), zero()).at(t);
                r.push(alternative(tested, compared(tested, compare), is(cc), producer.clone()));
            }
        }
        r.push(alternative(t, pat(), is(Cc::B), producer));
    };
    for t in [I32, I64] {
        for &from in INTS {
            let amount = if from.bits() < t.bits() { wide(Y) } else { low(Y) };
            let shifted = || band(ushr(X, Y.at(from)), iconst(K.when(fun!(imm::one, k))));
            bit(t, &shifted, bt(t.bits() as u16, X, amount));
        }
    }
    let far = || band(X, iconst(K.when(fun!(imm::far_bit, k))));
    bit(I64, &far, bt(64, X, apply(fun!(imm::bit_number, k), [K])));
}

/// The types whose smallest number is a long constant, with the test for it. It alone less 1 overflows.
pub const SMALLEST: [(Type, Fun); 2] = [(I32, fun!(imm::smallest32, k)), (I64, fun!(imm::smallest64, k))];
/// Whether a value is the smallest number.
pub const IS_SMALLEST: [(&[IntCC], Cc); 2] = [(EQUAL, Cc::O), (DIFFERENT, Cc::No)];

fn smallest(r: &mut Vec<Alternative>) {
    for (t, test) in SMALLEST {
        let (w, number) = (t.bits() as u16, || iconst(K.when(test)));
        for &tested in INTS {
            for (ccs, cc) in IS_SMALLEST {
                let of_memory = icmp(CC.among(ccs), load(A), number()).at(t);
                r.push(alternative(tested, compared(tested, of_memory), is(cc), cmp(w, A, 1)));
                let of_register = icmp(CC.among(ccs), X, number()).at(t);
                r.push(alternative(tested, compared(tested, of_register), is(cc), cmp(w, X, 1)));
            }
        }
    }
}

/// Comparisons with 0 that are the sign, which more instructions leave in the flags than a whole comparison.
pub const SIGNS: [(&[IntCC], Cc); 2] =
    [(&[IntCC::SignedLessThan], Cc::S), (&[IntCC::SignedGreaterThanOrEqual], Cc::Ns)];

fn tests() -> Vec<Alternative> {
    let mut r = vec![];
    let zero = || N.when(fun!(imm::zero, k));
    let small = || K.when(fun!(imm::simm32, k));
    super::float::conditions(&mut r);
    bits(&mut r);
    smallest(&mut r);
    let low_mask = || iconst(K.when(fun!(imm::uimm7, k)));
    for &t in INTS {
        let w = t.bits() as u16;
        // t is the type of what is compared
        for &tested in INTS {
            let mut add = |pat: OpPat, cc, producer: MInst| {
                r.push(alternative(tested, compared(tested, pat.at(t)), cc, producer))
            };
            add(icmp(CC, band(load(A), iconst(small())), iconst(zero())), of(CC), test(w, A, K));
            if t != I8 {
                add(icmp(CC, band(X, low_mask()), iconst(zero())), of(CC), test(8, low(X), K));
            }
            add(icmp(CC, band(X, R), iconst(zero())), of(CC), test(w, X, R));
            add(icmp(CC, load(A), iconst(small())), of(CC), cmp(w, A, K));
            for (cc, sign) in SIGNS {
                add(icmp(CC.among(cc), X, iconst(zero())), is(sign), test(w, X, X));
            }
            add(icmp(CC, X, iconst(zero())), of(CC), test(w, X, X));
            add(icmp(CC, iconst(small()), X), CcExpr::Swapped(CC), cmp(w, X, K));
            add(icmp(CC, load(A), X), of(CC), cmp(w, A, X));
            add(icmp(CC, X, R), of(CC), cmp(w, X, R));
        }
        r.push(alternative(t, band(load(A), iconst(small())), is(Cc::Ne), test(w, A, K)));
        if t != I8 {
            r.push(alternative(t, band(X, low_mask()), is(Cc::Ne), test(8, low(X), K)));
        }
        r.push(alternative(t, band(X, R), is(Cc::Ne), test(w, X, R)));
    }
    for &tested in INTS.iter().chain(&[I128]) {
        r.extend(super::wide::COMPARES.map(|(ccs, make)| {
            let (cc, flags) = make(CC.among(ccs));
            alternative(tested, compared(tested, icmp(CC.among(ccs), X, Y).at(I128)), cc, flags)
        }));
    }
    for &t in INTS {
        r.push(alternative(t, X, is(Cc::Ne), test(t.bits() as u16, X, X)));
    }
    r.push(alternative(I128, X, is(Cc::Ne), Seq::default().set(T, or(64, lo(X), hi(X)))));
    r
}
