//! Integer arithmetic, logic, shifts, extensions, comparisons and selects on x86-64, up to 64 bits.

use super::inst::*;
use super::operands::{ALL_INTS, INTS, IS_SMALLEST, Instruction, Pattern, SIGNS, SMALLEST, op_width};
use crate::fun;
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64, I128, Type};
use windlass_desc::x64::Feature;
use windlass_desc::x64::flags::Cc;
use windlass_desc::x64::imm;

const NARROW: &[Type] = &[I8, I16];
const WIDE: &[Type] = &[I32, I64];

pub fn rules(r: &mut RuleSet) {
    constants(r);
    arithmetic(r);
    logic(r);
    shifts(r);
    extensions(r);
    comparisons(r);
}

/// An operation whose operands can be exchanged, one of any kind: a constant before a load, on whichever side it is.
fn commuting(r: &mut RuleSet, pat: Pattern, inst: Instruction) {
    let small = || iconst(K.when(fun!(imm::simm32, k)));
    r.rule(INTS, |t| pat(X.into(), small().into()).to(inst(op_width(t), wide(X).into(), K.into())));
    r.rule(INTS, |t| pat(small().into(), X.into()).to(inst(op_width(t), wide(X).into(), K.into())));
    r.rule(WIDE, |t| pat(load(A).into(), X.into()).to(inst(op_width(t), X.into(), A.into())));
    r.rule(INTS, |t| pat(X.into(), R.into()).to(inst(op_width(t), wide(X).into(), wide(R).into())));
}

fn constants(r: &mut RuleSet) {
    r.supported.push((Opcode::Iconst, INTS.into()));
    r.rule(&[I8, I16, I32], |_| iconst(K).to(mov_u32(K)));
    r.rule(&[I64], |_| iconst(K.when(fun!(imm::uimm32, k))).to(mov_u32(K)));
    r.rule(&[I64], |_| iconst(K.when(fun!(imm::simm32, k))).to(mov_s32(K)));
    r.rule(&[I64], |_| iconst(K).to(mov_64(K)));
}

fn arithmetic(r: &mut RuleSet) {
    for op in [Opcode::Iadd, Opcode::Isub, Opcode::Ineg, Opcode::Imul] {
        r.supported.push((op, INTS.into()));
    }
    sums(r);
    commuting(r, iadd, add);
    r.supported.push((Opcode::UaddOverflowTrap, WIDE.into()));
    r.rule(WIDE, |t| {
        let sum = Seq::default().set(T, add(op_width(t), X, R)).run(trap_if(is(Cc::B)));
        uadd_overflow_trap(X, R).to(sum.gives([T]))
    });
    r.rule(&[I16, I32, I64], |t| isub(X, iconst(K.when(fun!(imm::is128, k)))).to(add(op_width(t), wide(X), -128)));
    r.rule(INTS, |t| isub(X, R).to(sub(op_width(t), wide(X), wide(R))));
    r.rule(INTS, |t| ineg(X).to(neg(op_width(t), wide(X))));
    r.rule(&[I16, I32, I64], |t| imul(load(A), iconst(K.when(fun!(imm::simm32, k)))).to(mul(t.bits() as u16, A, K)));
    commuting(r, imul, mul);
}

/// Sums that an address mode computes: of three parts, of an index, and where both parts are wanted later.
fn sums(r: &mut RuleSet) {
    let small = || iconst(K.when(fun!(imm::simm32, k)));
    let none = || ImmExpr::Const(0);
    let lea = |t, x: Val, y: Option<(Val, ImmExpr)>, k: ImmExpr| {
        lea_sum(op_width(t), wide(x), y.map(|y| (wide(y.0), y.1)), k)
    };
    r.rule(&[I16, I32, I64], |t| iadd(X, iconst(K.when(fun!(imm::is128, k)))).to(sub(op_width(t), wide(X), -128)));
    r.rule(INTS, |t| iadd(iadd(X, Y), small()).to(lea(t, X, Some((Y, none())), K.into())));
    r.rule(INTS, |t| iadd(X.lives_on(), small()).to(lea(t, X, None, K.into())));
    r.rule(INTS, |t| iadd(small(), X.lives_on()).to(lea(t, X, None, K.into())));
    r.rule(INTS, |t| {
        isub(X.lives_on(), iconst(K.when(fun!(imm::neg_simm32, k)))).to(lea(t, X, None, apply(fun!(imm::neg, k), [K])))
    });
    for (of, factor, amount) in
        [(I32, fun!(imm::factor32, k), fun!(imm::mod32, k)), (I64, fun!(imm::factor64, k), fun!(imm::mod64, k))]
    {
        for &from in INTS {
            let shifted = || ishl(Y, iconst(K.when(factor)).at(from));
            let index = || Some((Y, apply(amount, [K])));
            r.rule(&[of], |t| iadd(X, shifted()).to(lea(t, X, index(), none())));
            r.rule(&[of], |t| iadd(shifted(), X).to(lea(t, X, index(), none())));
        }
    }
    r.rule(INTS, |t| iadd(X.lives_on(), Y.lives_on()).to(lea(t, X, Some((Y, none())), none())));
}

fn logic(r: &mut RuleSet) {
    for op in [Opcode::Band, Opcode::Bor, Opcode::Bxor, Opcode::Bnot] {
        r.supported.push((op, INTS.into()));
    }
    masks(r);
    commuting(r, band, and);
    commuting(r, bor, or);
    commuting(r, bxor, xor);
    r.rule(INTS, |t| bnot(X).to(not(op_width(t), wide(X))));
}

/// Masks of the low bits are extensions; constants that clear the upper half take 32 bits.
fn masks(r: &mut RuleSet) {
    let of = |test| iconst(K.when(test));
    let mut rule = |types: &[Type], test, inst: fn(Val) -> MInst| {
        r.rule(types, |_| band(X, of(test)).to(inst(low(X))));
        r.rule(types, |_| band(of(test), X).to(inst(low(X))));
    };
    rule(&[I16, I32, I64], fun!(imm::ones8, k), |x| movzx8(32, x));
    rule(WIDE, fun!(imm::ones16, k), |x| movzx16(32, x));
    rule(&[I64], fun!(imm::ones32, k), |x| mov(32, x));
    rule(&[I64], fun!(imm::uimm32, k), |x| and(32, x, K));
}

/// The low bits of a shift amount of this type.
fn low_bits(from: Type) -> Val {
    low(if from == I128 { lo(Y) } else { Y })
}

fn shifts(r: &mut RuleSet) {
    for op in [Opcode::Ishl, Opcode::Ushr, Opcode::Sshr, Opcode::Rotl, Opcode::Rotr] {
        r.supported.push((op, INTS.into()));
    }
    let fixed = |t: Type, k: Im| match t {
        I8 => apply(fun!(imm::mod8, k), [k]),
        I16 => apply(fun!(imm::mod16, k), [k]),
        I32 => apply(fun!(imm::mod32, k), [k]),
        _ => apply(fun!(imm::mod64, k), [k]),
    };
    let ops: [(Pattern, Instruction, Option<Instruction>); 5] = [
        (ishl, shl, Some(shlx)),
        (ushr, shr, Some(shrx)),
        (sshr, sar, Some(sarx)),
        (rotl, rol, None),
        (rotr, ror, None),
    ];
    for (pat, inst, flagless) in ops {
        for &from in INTS {
            r.rule(INTS, |t| {
                pat(X.into(), iconst(K).at(from).into()).to(inst(t.bits() as u16, X.into(), fixed(t, K).into()))
            });
        }
        if let Some(flagless) = flagless {
            for &from in ALL_INTS {
                r.rule(WIDE, |t| {
                    let amount = if from.bits() < t.bits() { wide(Y) } else { low_bits(from) };
                    pat(X.into(), Y.at(from).into())
                        .to(flagless(t.bits() as u16, X.into(), amount.into()))
                        .needs(Feature::Bmi2)
                });
            }
        }
        for &from in ALL_INTS {
            // the CPU takes the amount modulo 32 or 64; narrow values need it modulo their own width
            r.rule(NARROW, |t| {
                let amount = and(32, if from.bits() > 32 { low_bits(from) } else { wide(Y) }, t.bits() as i64 - 1);
                pat(X.into(), Y.at(from).into()).to(inst(t.bits() as u16, X.into(), amount.into()))
            });
            r.rule(WIDE, |t| {
                pat(X.into(), Y.at(from).into()).to(inst(t.bits() as u16, X.into(), low_bits(from).into()))
            });
        }
    }
}

fn extensions(r: &mut RuleSet) {
    for op in [Opcode::Uextend, Opcode::Sextend] {
        r.supported.push((op, vec![I16, I32, I64]));
    }
    r.supported.push((Opcode::Ireduce, vec![I8, I16, I32]));
    r.rule(&[I64], |_| uextend(X.at(I32).zero_upper()).to(X));
    r.rule(&[I16, I32, I64], |_| uextend(load(A).at(I8)).to(movzx8(32, A)));
    r.rule(&[I32, I64], |_| uextend(load(A).at(I16)).to(movzx16(32, A)));
    r.rule(&[I16, I32], |_| sextend(load(A).at(I8)).to(movsx8(32, A)));
    r.rule(&[I64], |_| sextend(load(A).at(I8)).to(movsx8(64, A)));
    r.rule(&[I32], |_| sextend(load(A).at(I16)).to(movsx16(32, A)));
    r.rule(&[I64], |_| sextend(load(A).at(I16)).to(movsx16(64, A)));
    r.rule(&[I64], |_| sextend(load(A).at(I32)).to(movsx32(64, A)));
    let (negative, _) = SIGNS[0];
    for of in [I32, I64] {
        let compare = || icmp(CC.among(negative), X, iconst(K.when(fun!(imm::zero, k)))).at(of);
        r.rule(&[I16, I32, I64], |_| uextend(compare()).to(shr(of.bits() as u16, X, of.bits() as i64 - 1)));
    }
    r.rule(&[I16, I32, I64], |_| uextend(X.at(I8)).to(movzx8(32, X)));
    r.rule(&[I32, I64], |_| uextend(X.at(I16)).to(movzx16(32, X)));
    r.rule(&[I64], |_| uextend(X.at(I32)).to(mov(32, X)));
    r.rule(&[I16, I32], |_| sextend(X.at(I8)).to(movsx8(32, X)));
    r.rule(&[I64], |_| sextend(X.at(I8)).to(movsx8(64, X)));
    r.rule(&[I32], |_| sextend(X.at(I16)).to(movsx16(32, X)));
    r.rule(&[I64], |_| sextend(X.at(I16)).to(movsx16(64, X)));
    r.rule(&[I64], |_| sextend(X.at(I32)).to(movsx32(64, X)));
    r.rule(&[I8], |_| ireduce(X.at(I16)).to(X));
    r.rule(&[I8, I16], |_| ireduce(X.at(I32)).to(X));
    r.rule(&[I8, I16, I32], |_| ireduce(X.at(I64)).to(X));
}

fn comparisons(r: &mut RuleSet) {
    r.supported.push((Opcode::Icmp, INTS.into()));
    let zero = || K.when(fun!(imm::zero, k));
    let [(negative, _), (positive, sign)] = SIGNS;
    r.rule(INTS, |t| icmp(CC.among(negative), X, iconst(zero())).to(shr(t.bits() as u16, X, t.bits() as i64 - 1)));
    r.rule(INTS, |t| icmp(CC.among(positive), X, iconst(zero())).to(set(flags(is(sign), test(t.bits() as u16, X, X)))));
    for (of, test) in SMALLEST {
        for (ccs, cc) in IS_SMALLEST {
            let number = || iconst(K.when(test));
            r.rule(&[of], |t| icmp(CC.among(ccs), X, number()).to(set(flags(is(cc), cmp(t.bits() as u16, X, 1)))));
        }
    }
    r.rule(INTS, |t| icmp(CC, X, iconst(zero())).to(set(flags(of(CC), test(t.bits() as u16, X, X)))));
    r.rule(INTS, |t| icmp(CC, X, R).to(set(flags(of(CC), cmp(t.bits() as u16, X, R)))));
    type Choice = fn(Pat, Val, Val) -> OpPat;
    let choices: [(Opcode, Choice); 2] = [
        (Opcode::Select, |c, x, y| select(c, x, y)),
        (Opcode::SelectSpectreGuard, |c, x, y| select_spectre_guard(c, x, y)),
    ];
    for (op, pat) in choices {
        r.supported.push((op, INTS.into()));
        super::float::choices_by_equality(r, pat);
        if op == Opcode::Select {
            choices_of_constants(r);
        }
        r.rule(INTS, |t| pat(C.into(), X, Y).to(cmov(op_width(t), C, wide(Y), wide(X))));
    }
}

/// Choices of constants that the condition itself makes: 1 or 0, -1 or 0, and neighbours.
fn choices_of_constants(r: &mut RuleSet) {
    let zero = || K.when(fun!(imm::zero, k));
    let whole = |t: Type, c: Cond| if t == I8 { set(c) } else { movzx8(32, set(c)) };
    for holds in [true, false] {
        let choice = |yes: Im, no: Im| {
            let [x, y] = if holds { [yes, no] } else { [no, yes] };
            select(C, iconst(x), iconst(y))
        };
        let c = if holds { C } else { C.negate() };
        r.rule(INTS, |t| choice(N.when(fun!(imm::one, k)), zero()).to(whole(t, c)));
        r.rule(INTS, |t| choice(N.when(fun!(imm::ones, k)), zero()).to(neg(t.bits() as u16, whole(t, c))));
        r.rule(INTS, |t| {
            let next = choice(N, K.when(fun!(imm::simm32, k))).to(add(t.bits() as u16, whole(t, c), K));
            next.when(fun!(imm::follows, a, b), [N, K])
        });
    }
}
