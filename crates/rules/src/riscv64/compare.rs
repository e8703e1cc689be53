//! Comparisons, minima and maxima, and selects without a branch on riscv64, up to 64 bits.

use super::inst::*;
use super::operands::*;
use crate::fun;
use crate::pat::*;
use crate::term::*;
use windlass_desc::cc::IntCC::{self, *};
use windlass_desc::ops::Opcode;
use windlass_desc::riscv64::cond::Cc;
use windlass_desc::riscv64::imm;
use windlass_desc::types::{I8, I128, Type};

pub fn rules(r: &mut RuleSet) {
    r.supported.push((Opcode::Icmp, INTS.into()));
    for &t in INTS {
        for (pat, seq) in all(t) {
            r.rule(&[t], |_| pat.clone().to(seq.clone()));
        }
    }
    extremes(r);
    guards(r);
}

/// Comparisons of a type whose result is extended, at these types.
pub fn extended(r: &mut RuleSet, to: &[Type], from: Type) {
    for &t in INTS.iter().filter(|_| from == I8) {
        for (pat, seq) in all(t) {
            r.rule(to, |_| uextend(pat.clone().at(t)).to(seq.clone()));
        }
    }
}

/// What is left to be done after a register tells whether the opposite holds.
pub fn not_of(s: Seq, opposite: Tmp) -> Seq {
    s.set(U, xor(opposite, 1)).gives([U])
}

/// An order: the conditions that are it, it of exchanged operands, and their opposites.
pub type Order = (bool, [IntCC; 4]);
/// The orders of signed and of unsigned numbers.
pub const ORDERS: [Order; 2] = [
    (true, [SignedLessThan, SignedGreaterThan, SignedGreaterThanOrEqual, SignedLessThanOrEqual]),
    (false, [UnsignedLessThan, UnsignedGreaterThan, UnsignedGreaterThanOrEqual, UnsignedLessThanOrEqual]),
];

/// A condition alone.
pub fn alone(cc: IntCC) -> Cv {
    let at = IntCC::all().iter().position(|&c| c == cc).unwrap_or(0);
    CC.among(&IntCC::all()[at..at + 1])
}

/// All comparisons of a type, with what tells whether they hold: 1 or 0 in a whole register.
fn all(t: Type) -> Vec<(OpPat, Seq)> {
    let mut out = vec![];
    let zero = || iconst(K.when(fun!(imm::zero, k)));
    let start = Seq::default;
    let with_zero: [(IntCC, fn(Reg) -> MInst); 4] =
        [(Equal, seqz), (NotEqual, snez), (SignedGreaterThan, sgtz), (SignedLessThan, |x| srl(64, x, 63))];
    for (cc, inst) in with_zero {
        let (s, x) = comparable(start(), t, X, T);
        out.push((icmp(alone(cc), X, zero()), s.set(U, inst(x)).gives([U])));
    }
    for (cc, inst) in &with_zero[..2] {
        let (s, x) = difference(start(), t, X, R, T);
        out.push((icmp(alone(*cc), X, R), s.set(U, inst(x)).gives([U])));
    }
    for (signed, [below, above, not_below, not_above]) in ORDERS {
        let less = |s: Seq, a: Reg, b: Arg| s.set(Tmp::new("less"), if signed { slt(a, b) } else { sltu(a, b) });
        let yes = |s: Seq| s.gives([Tmp::new("less")]);
        let no = |s: Seq| not_of(s, Tmp::new("less"));
        let of_constant = |k: ImmExpr| {
            let (s, x) = sext(start(), t, X, T);
            less(s, x, k.into())
        };
        let small = || iconst(K.when(fun!(imm::simm12, k)));
        out.push((icmp(alone(below), X, small()), yes(of_constant(K.into()))));
        out.push((icmp(alone(not_below), X, small()), no(of_constant(K.into()))));
        let next = || iconst(K.when(fun!(imm::next_simm12, k)));
        let after = || apply(fun!(imm::next, k), [K]);
        out.push((icmp(alone(not_above), X, next()), yes(of_constant(after()))));
        out.push((icmp(alone(above), X, next()), no(of_constant(after()))));
        for (x, y) in pairs(t) {
            let (s, a) = comparable(start(), t, x, Tmp::new("a"));
            let (s, b) = comparable(s, t, y, Tmp::new("b"));
            let (right, exchanged) = (less(s.clone(), a.clone(), b.clone().into()), less(s, b, a.into()));
            out.push((icmp(alone(below), x, y), yes(right.clone())));
            out.push((icmp(alone(not_below), x, y), no(right)));
            out.push((icmp(alone(above), x, y), yes(exchanged.clone())));
            out.push((icmp(alone(not_above), x, y), no(exchanged)));
        }
    }
    out
}

fn extremes(r: &mut RuleSet) {
    type Extreme = (Opcode, fn(Val, Val) -> OpPat, Cc);
    let ops: [Extreme; 4] = [
        (Opcode::Smin, smin, Cc::Lt),
        (Opcode::Smax, smax, Cc::Gt),
        (Opcode::Umin, umin, Cc::Ltu),
        (Opcode::Umax, umax, Cc::Gtu),
    ];
    for (op, pat, cc) in ops {
        r.supported.push((op, INTS.into()));
        for &t in INTS {
            for (x, y) in pairs(t) {
                let (s, a) = comparable(Seq::default(), t, x, Tmp::new("a"));
                let (s, b) = comparable(s, t, y, Tmp::new("b"));
                let chosen = s.set(T, select_on(cc, [a, b], wide(y), wide(x))).gives([T]);
                r.rule(&[t], |_| pat(x, y).to(chosen.clone()));
            }
        }
    }
}

/// After these steps, `T` is all ones where a value is not 0, else 0. No branch is taken for it.
pub fn mask(s: Seq, t: Type, x: Val) -> Seq {
    let (s, x) = match t {
        I128 => (s.set(Tmp::new("any"), or(lo(x), hi(x))), Tmp::new("any").into()),
        _ => comparable(s, t, x, Tmp::new("any")),
    };
    s.set(Tmp::new("is"), snez(x)).set(T, neg(64, Tmp::new("is")))
}

/// What is chosen here must not be known to a CPU that guesses.
fn guards(r: &mut RuleSet) {
    r.supported.push((Opcode::SelectSpectreGuard, INTS.into()));
    let c = Val::new("c");
    for &of in ALL_INTS {
        r.rule(INTS, |_| {
            let s = mask(Seq::default(), of, c).set(U, xor(wide(X), wide(Y)));
            let s = s.set(Tmp::new("taken"), and(U, T)).set(Tmp::new("chosen"), xor(Tmp::new("taken"), wide(Y)));
            select_spectre_guard(c.at(of), X, Y).to(s.gives([Tmp::new("chosen")]))
        });
    }
    r.supported.push((Opcode::Bmask, INTS.into()));
    for &of in ALL_INTS {
        r.rule(INTS, |_| bmask(X.at(of)).to(mask(Seq::default(), of, X).gives([T])));
    }
}
