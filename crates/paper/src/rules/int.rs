//! Integers of up to 64 bits, branches and traps. Sums of 32 bits are computed by instructions that leave the upper half of
//! the register alone, other narrow ones in 64 bits: what is above a value is of no consequence.

use super::inst::*;
use super::operands::{ALL_INTS, INTS, SIGNED, UNSIGNED, comparison, extended};
use crate::{cond, imm};
use windlass_desc::env::TrapCode;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64, I128, INVALID, Type};
use windlass_rules::fun;
use windlass_rules::pat::*;
use windlass_rules::term::*;

type Pattern = fn(Pat, Pat) -> OpPat;
type Instruction = fn(Arg, Arg) -> MInst;

pub fn rules(r: &mut RuleSet) {
    arithmetic(r);
    shifts(r);
    extensions(r);
    comparisons(r);
    division(r);
    flow(r);
}

fn arithmetic(r: &mut RuleSet) {
    r.supported.push((Opcode::Iconst, INTS.into()));
    r.rule(INTS, |_| iconst(K.when(fun!(imm::simm12, k))).to(li(K)));
    r.rule(INTS, |_| iconst(K).to(lit(K)));
    for op in [Opcode::Iadd, Opcode::Isub, Opcode::Ineg, Opcode::Imul, Opcode::Bnot] {
        r.supported.push((op, INTS.into()));
    }
    r.rule(&[I32], |_| iadd(X, Y).to(add(32, X, Y)));
    r.rule(&[I8, I16, I64], |_| iadd(X, R).to(add(64, wide(X), wide(R))));
    r.rule(&[I32], |_| isub(X, Y).to(sub(32, X, Y)));
    r.rule(&[I8, I16, I64], |_| isub(X, Y).to(sub(64, wide(X), wide(Y))));
    r.rule(INTS, |_| ineg(X).to(sub(64, li(0), wide(X))));
    r.rule(INTS, |_| bnot(X).to(xor(wide(X), li(-1))));
    let two: [(Opcode, Pattern, Instruction); 4] =
        [(Opcode::Imul, imul, mul), (Opcode::Band, band, and), (Opcode::Bor, bor, or), (Opcode::Bxor, bxor, xor)];
    for (op, pat, inst) in two {
        if op != Opcode::Imul {
            r.supported.push((op, INTS.into()));
        }
        r.rule(INTS, |_| pat(X.into(), Y.into()).to(inst(wide(X).into(), wide(Y).into())));
    }
    r.supported.push((Opcode::Umulhi, vec![I64]));
    r.rule(&[I64], |_| umulhi(X, Y).to(Seq::default().set_both(T, U, mulw(X, Y)).gives([U])));
}

fn shifts(r: &mut RuleSet) {
    type Shift = (Opcode, Pattern, fn(u16, Arg, Arg) -> MInst, Option<bool>);
    let shifts: [Shift; 3] = [
        (Opcode::Ishl, ishl, shl, None),
        (Opcode::Ushr, ushr, shr, Some(false)),
        (Opcode::Sshr, sshr, sar, Some(true)),
    ];
    for (op, pat, inst, signed) in shifts {
        r.supported.push((op, INTS.into()));
        for &from in ALL_INTS {
            let low_bits = match from {
                I128 => low(lo(Y)),
                I8 => Y,
                _ => low(Y),
            };
            let pat = || pat(X.into(), Y.at(from).into());
            r.rule(&[I64], |_| pat().to(inst(64, X.into(), low_bits.into())));
            // the machine takes the amount modulo 64
            r.rule(&[I8, I16, I32], |t| {
                let amount = and(if from == I128 { lo(Y) } else { wide(Y) }, t.bits() as i64 - 1);
                let (w, x) = match signed {
                    None => (64, Arg::from(wide(X))),
                    Some(_) if t == I32 => (32, X.into()),
                    Some(signed) => (64, extended(t, X, signed).into()),
                };
                pat().to(inst(w, x, amount.into()))
            });
        }
    }
}

fn extensions(r: &mut RuleSet) {
    r.supported.push((Opcode::Uextend, vec![I16, I32, I64]));
    r.supported.push((Opcode::Sextend, vec![I16, I32, I64]));
    r.supported.push((Opcode::Ireduce, INTS.into()));
    for (n, &from) in INTS.iter().enumerate() {
        r.rule(&INTS[n + 1..], |_| uextend(X.at(from)).to(extended(from, X, false)));
        r.rule(&INTS[n + 1..], |_| sextend(X.at(from)).to(extended(from, X, true)));
        r.rule(&INTS[..n], |_| ireduce(X.at(from)).to(X));
    }
    r.rule(INTS, |_| ireduce(X.at(I128)).to(Seq::default().gives([lo(X)])));
}

fn comparisons(r: &mut RuleSet) {
    r.supported.push((Opcode::Icmp, INTS.into()));
    for (signed, ccs) in [(true, SIGNED), (false, UNSIGNED)] {
        r.rule(INTS, |t| {
            let (y, mut s) = comparison(t, signed);
            let (no, yes) = (Tmp::new("no"), Tmp::new("yes"));
            s = s.set(no, li(0)).set(yes, li(1)).set(T, sel(of(CC), no, yes));
            icmp(CC.among(ccs), X, y).to(s.gives([T]))
        });
    }
    type Choice = fn(Pat, Val, Val) -> OpPat;
    let choices: [(Opcode, Choice); 2] = [
        (Opcode::Select, |c, x, y| select(c, x, y)),
        (Opcode::SelectSpectreGuard, |c, x, y| select_spectre_guard(c, x, y)),
    ];
    for (op, pat) in choices {
        r.supported.push((op, INTS.into()));
        r.rule(INTS, |_| pat(C.into(), X, Y).to(sel(C, wide(Y), wide(X))));
    }
}

fn division(r: &mut RuleSet) {
    r.supported.push((Opcode::Udiv, INTS.into()));
    r.supported.push((Opcode::Urem, INTS.into()));
    r.supported.push((Opcode::Sdiv, vec![I32, I64]));
    r.supported.push((Opcode::Srem, vec![I32, I64]));
    let name = Tmp::new;
    let (a, b, q, m) = (name("a"), name("b"), name("q"), name("m"));
    let by_zero = || trap_if(is(cond::ZERO)).traps(TrapCode::INTEGER_DIVISION_BY_ZERO);
    let unsigned = |t| {
        let s = Seq::default().set(a, extended(t, X, false)).set(b, extended(t, Y, false)).run(cmp(64, b, 0));
        s.run(by_zero()).set(name("high"), li(0)).set_both(q, m, divu(a, name("high"), b))
    };
    r.rule(INTS, |t| udiv(X, Y).to(unsigned(t).gives([q])));
    r.rule(INTS, |t| urem(X, Y).to(unsigned(t).gives([m])));
    let signed = |s: Seq, t: Type| {
        let w = t.bits() as u16;
        s.run(cmp(w, Y, 0)).run(by_zero()).set_both(q, m, divs(w, X, Y))
    };
    // overflow: the dividend is the smallest number and the divisor -1, so both of these are 0
    r.rule(&[I32, I64], |t| {
        let s = Seq::default().set(a, extended(t, X, true)).set(b, extended(t, Y, true));
        let s = s.set(name("smallest"), lit(-1i64 << (t.bits() - 1))).set(name("ones"), li(-1));
        let s = s.set(name("x"), xor(a, name("smallest"))).set(name("y"), xor(b, name("ones")));
        let s = s.set(name("any"), or(name("x"), name("y")));
        let s = s.run(trap_if(is(cond::ZERO)).traps(TrapCode::INTEGER_OVERFLOW));
        sdiv(X, Y).to(signed(s, t).gives([q]))
    });
    r.rule(&[I32, I64], |t| srem(X, Y).to(signed(Seq::default(), t).gives([m])));
}

fn flow(r: &mut RuleSet) {
    for op in [Opcode::Brif, Opcode::Trapz, Opcode::Trapnz] {
        r.supported.push((op, ALL_INTS.into()));
    }
    r.supported.push((Opcode::Trap, vec![INVALID]));
    r.rule(ALL_INTS, |_| brif(C).to(branch(C)));
    r.rule(ALL_INTS, |_| trapz(C).to(trap_if(C.negate())));
    r.rule(ALL_INTS, |_| trapnz(C).to(trap_if(C)));
    r.rule(&[INVALID], |_| trap().to(trap_()));
}
