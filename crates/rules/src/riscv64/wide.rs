//! Integers of 128 bits on riscv64, in two registers: arithmetic, logic, shifts, extensions, comparisons, selects. Halves
//! are names where they can be. Counting, reversing and memory stand with those of narrower types.

use super::arith::sum;
use super::compare::{ORDERS, alone, mask, not_of};
use super::inst::*;
use super::operands::{ALL_INTS, EQUALITIES, INTS, sext, test, zext};
use super::shift;
use crate::fun;
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::riscv64::cond::Cc;
use windlass_desc::riscv64::imm;
use windlass_desc::types::{I8, I16, I32, I64, I128, Type};

/// Where rules of operations on whole values stand.
pub const WHOLE: &[Type] = &[I128];

const A_: Tmp = Tmp::new("a");
const B_: Tmp = Tmp::new("b");
const LOW: Tmp = Tmp::new("low");
const HIGH: Tmp = Tmp::new("high");

pub fn rules(r: &mut RuleSet) {
    arithmetic(r);
    logic(r);
    names_by_shifts(r);
    constant_shifts(r);
    variable_shifts(r);
    rotations(r);
    extensions(r);
    halves(r);
    comparisons(r);
    choices(r);
}

/// Says that the operation is lowered at 128 bits too.
pub fn whole(r: &mut RuleSet, op: Opcode) {
    match r.supported.iter_mut().find(|s| s.0 == op) {
        Some(s) => s.1.push(I128),
        None => r.supported.push((op, WHOLE.into())),
    }
}

/// Two instructions, on the lower halves and on the upper ones.
fn each_half(first: MInst, second: MInst) -> Seq {
    Seq::default().set(LOW, first).set(HIGH, second)
}

fn arithmetic(r: &mut RuleSet) {
    for op in [Opcode::Iadd, Opcode::Isub, Opcode::Ineg, Opcode::Iabs, Opcode::Imul] {
        whole(r, op);
    }
    for (pat, difference) in [(iadd as fn(Val, Val) -> OpPat, false), (isub, true)] {
        r.rule(WHOLE, |_| {
            let (s, sums, _) = sum(Seq::default(), I128, None, difference, false);
            pat(X, Y).to(Seq { results: sums.into_iter().map(Reg::from).collect(), ..s })
        });
    }
    let negated = |s: Seq, low: Reg, high: Reg| {
        let s = s.set(LOW, neg(64, low)).set(T, snez(LOW)).set(U, neg(64, high));
        s.set(HIGH, sub(64, U, T)).gives([LOW, HIGH])
    };
    r.rule(WHOLE, |_| ineg(X).to(negated(Seq::default(), lo(X).into(), hi(X).into())));
    // where the sign is set, the complement plus 1
    r.rule(WHOLE, |_| {
        let (sign, borrow, above) = (Tmp::new("sign"), Tmp::new("borrow"), Tmp::new("above"));
        let s = Seq::default().set(sign, sra(64, hi(X), 63)).set(A_, xor(lo(X), sign)).set(B_, xor(hi(X), sign));
        let s = s.set(LOW, sub(64, A_, sign)).set(borrow, sltu(A_, sign)).set(above, sub(64, B_, sign));
        iabs(X).to(s.set(HIGH, sub(64, above, borrow)).gives([LOW, HIGH]))
    });
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(A_, mul(64, hi(X), lo(Y))).set(B_, mul(64, lo(X), hi(Y)));
        let s = s.set(LOW, mul(64, lo(X), lo(Y))).set(T, mulhu(lo(X), lo(Y))).set(U, add(64, T, A_));
        imul(X, Y).to(s.set(HIGH, add(64, U, B_)).gives([LOW, HIGH]))
    });
}

fn logic(r: &mut RuleSet) {
    for op in [Opcode::Band, Opcode::Bor, Opcode::Bxor, Opcode::Bnot, Opcode::Bitselect] {
        whole(r, op);
    }
    type Logic = (fn(Val, Val) -> OpPat, fn(Val, Val) -> MInst);
    let ops: [Logic; 3] = [(band, and), (bor, or), (bxor, xor)];
    for (pat, inst) in ops {
        r.rule(WHOLE, |_| pat(X, Y).to(each_half(inst(lo(X), lo(Y)), inst(hi(X), hi(Y))).gives([LOW, HIGH])));
    }
    r.rule(WHOLE, |_| bnot(X).to(each_half(not(lo(X)), not(hi(X))).gives([LOW, HIGH])));
    let z = Val::new("z");
    r.rule(WHOLE, |_| {
        let mut s = Seq::default();
        for (half, to) in [(lo as fn(Val) -> Val, LOW), (hi, HIGH)] {
            s = chosen(s, half(Y).into(), half(z).into(), half(X).into(), to);
        }
        bitselect(X, Y, z).to(s.gives([LOW, HIGH]))
    });
}

/// The bits of `yes` where `mask` has ones, else of `no`.
fn chosen(s: Seq, yes: Reg, no: Reg, mask: Reg, to: Tmp) -> Seq {
    let n = |k| Tmp(to.0, to.1 + k);
    s.set(n(1), xor(yes, no.clone())).set(n(2), and(n(1), mask)).set(to, xor(n(2), no))
}

/// Shifts by 0 and half the width: they move no bits, but name them anew.
fn names_by_shifts(r: &mut RuleSet) {
    for op in [Opcode::Ishl, Opcode::Ushr, Opcode::Sshr, Opcode::Rotl, Opcode::Rotr] {
        whole(r, op);
    }
    let all: [fn(Val, OpPat) -> OpPat; 5] = [ishl, ushr, sshr, rotl, rotr];
    for &from in INTS {
        for pat in all {
            let none = || iconst(K.when(fun!(imm::no_shift128, k))).at(from);
            r.rule(WHOLE, |_| pat(X, none()).to(Seq::default().gives([lo(X), hi(X)])));
        }
        let half = || iconst(K.when(fun!(imm::half128, k))).at(from);
        let zero = || Seq::default().set(T, li(0));
        r.rule(WHOLE, |_| ishl(X, half()).to(zero().gives([Reg::from(T), lo(X).into()])));
        r.rule(WHOLE, |_| ushr(X, half()).to(zero().gives([Reg::from(hi(X)), T.into()])));
        let sign = || Seq::default().set(T, sra(64, hi(X), 63));
        r.rule(WHOLE, |_| sshr(X, half()).to(sign().gives([Reg::from(hi(X)), T.into()])));
        r.rule(WHOLE, |_| rotl(X, half()).to(Seq::default().gives([hi(X), lo(X)])));
        r.rule(WHOLE, |_| rotr(X, half()).to(Seq::default().gives([hi(X), lo(X)])));
    }
}

/// The part of `a` shifted by the amount and the part of `b` that comes in: `there` is the direction, `back` the other.
type Shift = fn(u16, Reg, Arg) -> MInst;

/// Bits shifted into `to` from both sides, by a constant from 1 to 63.
fn funnel(s: Seq, a: Val, b: Val, there: Shift, back: Shift, to: Tmp) -> Seq {
    let n = |k| Tmp(to.0, to.1 + k);
    let (by, rest) = (apply(fun!(imm::mod64, k), [K]), apply(fun!(imm::rest64, k), [K]));
    s.set(n(1), there(64, a.into(), by.into())).set(n(2), back(64, b.into(), rest.into())).set(to, or(n(1), n(2)))
}

fn constant_shifts(r: &mut RuleSet) {
    let by = || apply(fun!(imm::mod64, k), [K]);
    let both = [LOW, HIGH];
    for &from in INTS {
        let near = || iconst(K.when(fun!(imm::near128, k))).at(from);
        let start = Seq::default;
        r.rule(WHOLE, |_| {
            ishl(X, near()).to(funnel(start(), hi(X), lo(X), sll, srl, HIGH).set(LOW, sll(64, lo(X), by())).gives(both))
        });
        let right: [(fn(Val, OpPat) -> OpPat, Shift); 2] = [(ushr, srl), (sshr, sra)];
        for (pat, inst) in right {
            r.rule(WHOLE, |_| {
                let s = funnel(start(), lo(X), hi(X), srl, sll, LOW);
                pat(X, near()).to(s.set(HIGH, inst(64, hi(X).into(), by().into())).gives(both))
            });
        }
        let far = || iconst(K.when(fun!(imm::far128, k))).at(from);
        r.rule(WHOLE, |_| ishl(X, far()).to(each_half(li(0), sll(64, lo(X), by())).gives(both)));
        r.rule(WHOLE, |_| ushr(X, far()).to(each_half(srl(64, hi(X), by()), li(0)).gives(both)));
        r.rule(WHOLE, |_| sshr(X, far()).to(each_half(sra(64, hi(X), by()), sra(64, hi(X), 63)).gives(both)));
        let turns: [(fn(Val, OpPat) -> OpPat, Shift, Shift); 2] = [(rotl, sll, srl), (rotr, srl, sll)];
        for (pat, there, back) in turns {
            let turn = |a: Val, b: Val| {
                let s = funnel(start(), a, b, there, back, LOW);
                funnel(s, b, a, there, back, HIGH).gives(both)
            };
            r.rule(WHOLE, |_| pat(X, near()).to(turn(lo(X), hi(X))));
            r.rule(WHOLE, |_| pat(X, far()).to(turn(hi(X), lo(X))));
        }
    }
}

const OTHER: Tmp = Tmp::new("other");
const FAR: Tmp = Tmp::new("far");

/// The amount of a shift the other way by 63 less the amount, and whether the amount is half the width or more.
fn amounts(from: Type) -> Seq {
    Seq::default().set(OTHER, not(shift::whole(from))).set(FAR, and(shift::whole(from), 64))
}

/// `a` shifted by a variable amount modulo 64, with what comes in from `b` after it was shifted by 1.
fn funnel_by(s: Seq, from: Type, a: Reg, b: Reg, there: Shift, back: Shift, to: Tmp) -> Seq {
    let n = |k| Tmp(to.0, to.1 + k);
    let s = s.set(n(1), there(64, a, shift::low_bits(from).into())).set(n(2), back(64, b, 1.into()));
    s.set(n(3), back(64, n(2).into(), OTHER.into())).set(to, or(n(1), n(3)))
}

fn variable_shifts(r: &mut RuleSet) {
    let (near, moved, fill) = (Tmp::new("near"), Tmp::new("moved"), Tmp::new("fill"));
    let pick = |no: Reg, yes: Reg| select_on(Cc::Ne, [FAR.into()], no, yes);
    for &from in ALL_INTS {
        let (y, by) = (Y.at(from), || Arg::from(shift::low_bits(from)));
        r.rule(WHOLE, |_| {
            let s = funnel_by(amounts(from), from, hi(X).into(), lo(X).into(), sll, srl, near);
            let s = s.set(moved, sll(64, lo(X), by())).set(fill, li(0));
            let s = s.set(HIGH, pick(near.into(), moved.into())).set(LOW, pick(moved.into(), fill.into()));
            ishl(X, y).to(s.gives([LOW, HIGH]))
        });
        let right: [(fn(Val, Val) -> OpPat, Shift, MInst); 2] = [(ushr, srl, li(0)), (sshr, sra, sra(64, hi(X), 63))];
        for (pat, inst, filling) in right {
            r.rule(WHOLE, |_| {
                let s = funnel_by(amounts(from), from, lo(X).into(), hi(X).into(), srl, sll, near);
                let s = s.set(moved, inst(64, hi(X).into(), by())).set(fill, filling.clone());
                let s = s.set(LOW, pick(near.into(), moved.into())).set(HIGH, pick(moved.into(), fill.into()));
                pat(X, y).to(s.gives([LOW, HIGH]))
            });
        }
    }
}

fn rotations(r: &mut RuleSet) {
    let turns: [(fn(Val, Val) -> OpPat, Shift, Shift); 2] = [(rotl, sll, srl), (rotr, srl, sll)];
    for &from in ALL_INTS {
        for (pat, there, back) in turns {
            r.rule(WHOLE, |_| {
                // far away the halves change places first
                let swap = |no: Val, yes: Val| select_on(Cc::Ne, [FAR.into()], no, yes);
                let s = amounts(from).set(A_, swap(lo(X), hi(X))).set(B_, swap(hi(X), lo(X)));
                let s = funnel_by(s, from, A_.into(), B_.into(), there, back, LOW);
                let s = funnel_by(s, from, B_.into(), A_.into(), there, back, HIGH);
                pat(X, Y.at(from)).to(s.gives([LOW, HIGH]))
            });
        }
    }
}

fn extensions(r: &mut RuleSet) {
    whole(r, Opcode::Uextend);
    whole(r, Opcode::Sextend);
    let zero = || Seq::default().set(HIGH, li(0));
    r.rule(WHOLE, |_| uextend(X.at(I64)).to(zero().gives([Reg::from(X), HIGH.into()])));
    let signs = |x: Val| Seq::default().set(HIGH, sra(64, wide(x), 63)).gives([Reg::from(x), HIGH.into()]);
    let small = X.at(I32).sign_upper();
    r.rule(WHOLE, |_| sextend(X.at(I64)).to(signs(X)));
    r.rule(WHOLE, |_| sextend(small).to(signs(small)));
    for t in [I8, I16, I32] {
        let x = X.at(t);
        let (s, low) = zext(zero(), t, x, LOW);
        r.rule(WHOLE, |_| uextend(x).to(s.clone().gives([low.clone(), HIGH.into()])));
        let (s, low) = sext(Seq::default(), t, x, LOW);
        let s = s.set(HIGH, sra(64, low.clone(), 63));
        r.rule(WHOLE, |_| sextend(x).to(s.clone().gives([low.clone(), HIGH.into()])));
    }
    let reduce = r.supported.iter_mut().find(|s| s.0 == Opcode::Ireduce).expect("narrower rules stand before");
    reduce.1.push(I64);
    r.rule(INTS, |_| ireduce(X.at(I128)).to(lo(X)));
}

fn halves(r: &mut RuleSet) {
    r.supported.push((Opcode::Iconcat, INTS.into()));
    r.supported.push((Opcode::Isplit, vec![I16, I32, I64, I128]));
    r.rule(&[I64], |_| iconcat(X, Y).to(Seq::default().gives([X, Y])));
    r.rule(&[I8, I16, I32], |t| {
        let (s, low) = zext(Seq::default(), t, X, LOW);
        let s = s.set(HIGH, sll(64, wide(Y), t.bits() as i64)).set(T, or(low, HIGH));
        iconcat(X, Y).to(s.gives([T]))
    });
    whole(r, Opcode::Bitcast);
    r.rule(WHOLE, |_| bitcast(X.at(I128)).to(Seq::default().gives([lo(X), hi(X)])));
    r.rule(WHOLE, |_| isplit(X).to(Seq::default().gives([lo(X), hi(X)])));
    r.rule(&[I16, I32, I64], |t| {
        let upper = srl(64, wide(X), t.bits() as i64 / 2);
        isplit(X).to(Seq::default().set(T, upper).gives([Reg::from(X), T.into()]))
    });
}

/// `T` is not zero where two values differ.
fn differ() -> Seq {
    Seq::default().set(A_, xor(lo(X), lo(Y))).set(B_, xor(hi(X), hi(Y))).set(T, or(A_, B_))
}

/// `T` is 1 where the first is below the second, else 0.
fn below(a: Val, b: Val, signed: bool) -> Seq {
    let (above, lower, same) = (Tmp::new("above"), Tmp::new("lower"), Tmp::new("same"));
    let s = Seq::default().set(above, if signed { slt(hi(a), hi(b)) } else { sltu(hi(a), hi(b)) });
    let s = s.set(A_, xor(hi(a), hi(b))).set(same, seqz(A_)).set(lower, sltu(lo(a), lo(b)));
    s.set(B_, and(same, lower)).set(T, or(above, B_))
}

fn comparisons(r: &mut RuleSet) {
    whole(r, Opcode::Icmp);
    for (n, inst) in [seqz as fn(Tmp) -> MInst, snez].into_iter().enumerate() {
        r.rule(WHOLE, |_| icmp(CC.among(&EQUALITIES[n..n + 1]), X, Y).to(differ().set(U, inst(T)).gives([U])));
    }
    for (signed, [less, greater, not_less, not_greater]) in ORDERS {
        r.rule(WHOLE, |_| icmp(alone(less), X, Y).to(below(X, Y, signed).gives([T])));
        r.rule(WHOLE, |_| icmp(alone(greater), X, Y).to(below(Y, X, signed).gives([T])));
        r.rule(WHOLE, |_| icmp(alone(not_less), X, Y).to(not_of(below(X, Y, signed), T)));
        r.rule(WHOLE, |_| icmp(alone(not_greater), X, Y).to(not_of(below(Y, X, signed), T)));
    }
}

/// The alternatives of tests that compare values of 128 bits; `compared` makes a comparison the tested value of a type.
pub fn tests(r: &mut Vec<Alternative>, compared: fn(Type, OpPat) -> Pat) {
    for &tested in ALL_INTS {
        let mut add = |cv: Cv, cc: CcExpr, s: Seq| {
            r.push(test(tested, compared(tested, icmp(cv, X, Y).at(I128)), cc, s, [T.into()]));
        };
        add(CC.among(EQUALITIES), CcExpr::Of(CC), differ());
        let is = |cc: Cc| CcExpr::Is(cc.into());
        for (signed, [less, greater, not_less, not_greater]) in ORDERS {
            add(alone(less), is(Cc::Ne), below(X, Y, signed));
            add(alone(greater), is(Cc::Ne), below(Y, X, signed));
            add(alone(not_less), is(Cc::Eq), below(X, Y, signed));
            add(alone(not_greater), is(Cc::Eq), below(Y, X, signed));
        }
    }
}

fn choices(r: &mut RuleSet) {
    for op in [Opcode::Select, Opcode::SelectSpectreGuard, Opcode::Bmask] {
        whole(r, op);
    }
    r.rule(WHOLE, |_| {
        let half = |half: fn(Val) -> Val| select_by(Flags::Before(CcExpr::Tested(C)), half(Y), half(X));
        select(C, X, Y).to(Seq::default().test(C).set(LOW, half(lo)).set(HIGH, half(hi)).gives([LOW, HIGH]))
    });
    let c = Val::new("c");
    for &of in ALL_INTS {
        r.rule(WHOLE, |_| {
            let s = chosen(mask(Seq::default(), of, c), lo(X).into(), lo(Y).into(), T.into(), LOW);
            let s = chosen(s, hi(X).into(), hi(Y).into(), T.into(), HIGH);
            select_spectre_guard(c.at(of), X, Y).to(s.gives([LOW, HIGH]))
        });
        r.rule(WHOLE, |_| bmask(X.at(of)).to(mask(Seq::default(), of, X).set(U, mv(T)).gives([T, U])));
    }
    type Extreme = (Opcode, fn(Val, Val) -> OpPat, bool, bool);
    let extremes: [Extreme; 4] = [
        (Opcode::Smin, smin, true, false),
        (Opcode::Smax, smax, true, true),
        (Opcode::Umin, umin, false, false),
        (Opcode::Umax, umax, false, true),
    ];
    for (op, pat, signed, largest) in extremes {
        whole(r, op);
        r.rule(WHOLE, |_| {
            let pick = |half: fn(Val) -> Val| {
                let (no, yes) = if largest { (half(X), half(Y)) } else { (half(Y), half(X)) };
                select_on(Cc::Ne, [T.into()], no, yes)
            };
            pat(X, Y).to(below(X, Y, signed).set(LOW, pick(lo)).set(HIGH, pick(hi)).gives([LOW, HIGH]))
        });
    }
}
