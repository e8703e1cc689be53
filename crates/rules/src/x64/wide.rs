//! Integers of 128 bits on x86-64, in two registers: arithmetic, logic, shifts, extensions, comparisons, selects, loads and
//! stores. Halves are names where they can be. Counting and reversing of bits are in `wide_bits.rs`.

use super::bits::carry_if_any;
use super::inst::*;
use super::operands::{ALL_INTS, INTS};
use crate::fun;
use crate::pat::*;
use crate::term::*;
use windlass_desc::cc::IntCC::{self, *};
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64, I128, Type};
use windlass_desc::x64::flags::Cc;
use windlass_desc::x64::imm;

/// Where rules of operations on whole values stand.
pub const WHOLE: &[Type] = &[I128];

const A_: Tmp = Tmp::new("a");
const B_: Tmp = Tmp::new("b");
const LOW: Tmp = Tmp::new("low");
const HIGH: Tmp = Tmp::new("high");

pub fn rules(r: &mut RuleSet) {
    sums(r);
    products(r);
    logic(r);
    overflow(r);
    shifts(r);
    extensions(r);
    halves(r);
    choices(r);
    memory(r);
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

fn sums(r: &mut RuleSet) {
    for op in [Opcode::Iadd, Opcode::Isub, Opcode::Ineg, Opcode::Iabs] {
        whole(r, op);
    }
    r.rule(WHOLE, |_| iadd(X, Y).to(each_half(add(64, lo(X), lo(Y)), adc(64, hi(X), hi(Y))).gives([LOW, HIGH])));
    r.rule(WHOLE, |_| isub(X, Y).to(each_half(sub(64, lo(X), lo(Y)), sbb(64, hi(X), hi(Y))).gives([LOW, HIGH])));
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, mov_u32(0)).set(LOW, neg(64, lo(X))).set(HIGH, sbb(64, T, hi(X)));
        ineg(X).to(s.gives([LOW, HIGH]))
    });
    // where the sign is set, the complement plus 1
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, sar(64, hi(X), 63));
        let s = s.set(A_, xor(64, lo(X), T)).set(B_, xor(64, hi(X), T));
        iabs(X).to(s.set(LOW, sub(64, A_, T)).set(HIGH, sbb(64, B_, T)).gives([LOW, HIGH]))
    });
}

fn products(r: &mut RuleSet) {
    whole(r, Opcode::Imul);
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(A_, mul(64, hi(X), lo(Y))).set(B_, mul(64, lo(X), hi(Y)));
        let s = s.set_both(LOW, T, mul_wide(64, lo(X), lo(Y))).set(U, add(64, T, A_));
        imul(X, Y).to(s.set(HIGH, add(64, U, B_)).gives([LOW, HIGH]))
    });
}

fn logic(r: &mut RuleSet) {
    for op in [Opcode::Band, Opcode::Bor, Opcode::Bxor, Opcode::Bnot, Opcode::Bitselect] {
        whole(r, op);
    }
    type Logic = (fn(Val, Val) -> OpPat, fn(u16, Val, Val) -> MInst);
    let ops: [Logic; 3] = [(band, and), (bor, or), (bxor, xor)];
    for (pat, inst) in ops {
        r.rule(WHOLE, |_| pat(X, Y).to(each_half(inst(64, lo(X), lo(Y)), inst(64, hi(X), hi(Y))).gives([LOW, HIGH])));
    }
    r.rule(WHOLE, |_| bnot(X).to(each_half(not(64, lo(X)), not(64, hi(X))).gives([LOW, HIGH])));
    let z = Val::new("z");
    r.rule(WHOLE, |_| {
        let mut s = Seq::default();
        for (n, half) in [lo as fn(Val) -> Val, hi].into_iter().enumerate() {
            let t = |name| Tmp(name, n as u32);
            s = s.set(t("yes"), and(64, half(X), half(Y))).set(t("not"), not(64, half(X)));
            s = s.set(t("no"), and(64, t("not"), half(z))).set(t("either"), or(64, t("yes"), t("no")));
        }
        bitselect(X, Y, z).to(s.gives([Tmp("either", 0), Tmp("either", 1)]))
    });
}

fn overflow(r: &mut RuleSet) {
    type Sum = (Opcode, fn(Val, Val) -> OpPat, fn(u16, Val, Val) -> MInst, fn(u16, Val, Val) -> MInst, Cc);
    let sums: [Sum; 4] = [
        (Opcode::UaddOverflow, uadd_overflow, add, adc, Cc::B),
        (Opcode::SaddOverflow, sadd_overflow, add, adc, Cc::O),
        (Opcode::UsubOverflow, usub_overflow, sub, sbb, Cc::B),
        (Opcode::SsubOverflow, ssub_overflow, sub, sbb, Cc::O),
    ];
    for (op, pat, low, high, cc) in sums {
        whole(r, op);
        r.rule(WHOLE, |_| {
            let s = each_half(low(64, lo(X), lo(Y)), high(64, hi(X), hi(Y)));
            pat(X, Y).to(s.set(U, set(is(cc))).gives([LOW, HIGH, U]))
        });
    }
    let z = Val::new("z");
    type Carried = (Opcode, fn(Val, Val, Val) -> OpPat, fn(u16, Val, Val) -> MInst, Cc);
    let sums: [Carried; 4] = [
        (Opcode::UaddOverflowCin, uadd_overflow_cin, adc, Cc::B),
        (Opcode::SaddOverflowCin, sadd_overflow_cin, adc, Cc::O),
        (Opcode::UsubOverflowBin, usub_overflow_bin, sbb, Cc::B),
        (Opcode::SsubOverflowBin, ssub_overflow_bin, sbb, Cc::O),
    ];
    for (op, pat, inst, cc) in sums {
        whole(r, op);
        r.rule(WHOLE, |_| {
            // negating it carries if it is not 0
            let s = Seq::default().set(Tmp::new("carry"), neg(8, z));
            let s = s.set(LOW, inst(64, lo(X), lo(Y))).set(HIGH, inst(64, hi(X), hi(Y)));
            pat(X, Y, z).to(s.set(U, set(is(cc))).gives([LOW, HIGH, U]))
        });
    }
}

/// The low byte of a shift amount.
fn amount(t: Type) -> Val {
    if t == I128 {
        low(lo(Y))
    } else if t == I8 {
        Y
    } else {
        low(Y)
    }
}

fn shifts(r: &mut RuleSet) {
    for op in [Opcode::Ishl, Opcode::Ushr, Opcode::Sshr, Opcode::Rotl, Opcode::Rotr] {
        whole(r, op);
    }
    INTS.iter().for_each(|&from| shifts_of_names(r, from));
    INTS.iter().for_each(|&from| fixed_shifts(r, from));
    // the amount modulo 64 first; bit 6 of it then says whether the halves move on
    for &from in ALL_INTS {
        let n = || amount(from);
        let y = Y.at(from);
        let (zero, moved) = (Tmp::new("zero"), Tmp::new("moved"));
        let far = move |s: Seq| s.run(test(8, n(), 64));
        let zeros = || Seq::default().set(zero, mov_u32(0));
        r.rule(WHOLE, |_| {
            let s = far(zeros().set(T, shld(64, hi(X), lo(X), n())).set(moved, shl(64, lo(X), n())));
            let s = s.set(HIGH, cmov(64, is(Cc::Ne), T, moved)).set(LOW, cmov(64, is(Cc::Ne), moved, zero));
            ishl(X, y).to(s.gives([LOW, HIGH]))
        });
        r.rule(WHOLE, |_| {
            let s = far(zeros().set(T, shrd(64, lo(X), hi(X), n())).set(moved, shr(64, hi(X), n())));
            let s = s.set(LOW, cmov(64, is(Cc::Ne), T, moved)).set(HIGH, cmov(64, is(Cc::Ne), moved, zero));
            ushr(X, y).to(s.gives([LOW, HIGH]))
        });
        r.rule(WHOLE, |_| {
            let signs = Seq::default().set(zero, sar(64, hi(X), 63));
            let s = far(signs.set(T, shrd(64, lo(X), hi(X), n())).set(moved, sar(64, hi(X), n())));
            let s = s.set(LOW, cmov(64, is(Cc::Ne), T, moved)).set(HIGH, cmov(64, is(Cc::Ne), moved, zero));
            sshr(X, y).to(s.gives([LOW, HIGH]))
        });
        type Rotate = (fn(Val, Val) -> OpPat, fn(u16, Tmp, Tmp, Val) -> MInst);
        let rotates: [Rotate; 2] = [(rotl, shld), (rotr, shrd)];
        for (pat, inst) in rotates {
            r.rule(WHOLE, |_| {
                let s = far(Seq::default());
                let s = s.set(A_, cmov(64, is(Cc::Ne), lo(X), hi(X))).set(B_, cmov(64, is(Cc::Ne), hi(X), lo(X)));
                let s = s.set(LOW, inst(64, A_, B_, n())).set(HIGH, inst(64, B_, A_, n()));
                pat(X, y).to(s.gives([LOW, HIGH]))
            });
        }
    }
}

/// Shifts by 0 and half the width: they move no bits, but name them anew.
fn shifts_of_names(r: &mut RuleSet, from: Type) {
    type Shift = fn(Val, OpPat) -> OpPat;
    let all: [Shift; 5] = [ishl, ushr, sshr, rotl, rotr];
    for pat in all {
        r.rule(WHOLE, |_| {
            let none = iconst(K.when(fun!(imm::no_shift128, k))).at(from);
            pat(X, none).to(Seq::default().gives([lo(X), hi(X)]))
        });
    }
    let half = || iconst(K.when(fun!(imm::half128, k))).at(from);
    let zero = || Seq::default().set(T, mov_u32(0));
    r.rule(WHOLE, |_| ishl(X, half()).to(zero().gives([Reg::from(T), lo(X).into()])));
    r.rule(WHOLE, |_| ushr(X, half()).to(zero().gives([Reg::from(hi(X)), T.into()])));
    let sign = || Seq::default().set(T, sar(64, hi(X), 63));
    r.rule(WHOLE, |_| sshr(X, half()).to(sign().gives([Reg::from(hi(X)), T.into()])));
    r.rule(WHOLE, |_| rotl(X, half()).to(Seq::default().gives([hi(X), lo(X)])));
    r.rule(WHOLE, |_| rotr(X, half()).to(Seq::default().gives([hi(X), lo(X)])));
}

/// Shifts by other constants.
fn fixed_shifts(r: &mut RuleSet, from: Type) {
    let by = || apply(fun!(imm::mod64, k), [K]);
    let near = || iconst(K.when(fun!(imm::below64, k))).at(from);
    r.rule(WHOLE, |_| {
        ishl(X, near()).to(each_half(shl(64, lo(X), by()), shld(64, hi(X), lo(X), by())).gives([LOW, HIGH]))
    });
    r.rule(WHOLE, |_| {
        ushr(X, near()).to(each_half(shrd(64, lo(X), hi(X), by()), shr(64, hi(X), by())).gives([LOW, HIGH]))
    });
    r.rule(WHOLE, |_| {
        sshr(X, near()).to(each_half(shrd(64, lo(X), hi(X), by()), sar(64, hi(X), by())).gives([LOW, HIGH]))
    });
    let turn = |inst: fn(u16, Val, Val, ImmExpr) -> MInst, a: Val, b: Val| {
        each_half(inst(64, a, b, by()), inst(64, b, a, by())).gives([LOW, HIGH])
    };
    r.rule(WHOLE, |_| rotl(X, near()).to(turn(shld, lo(X), hi(X))));
    r.rule(WHOLE, |_| rotr(X, near()).to(turn(shrd, lo(X), hi(X))));

    let far = || iconst(K.when(fun!(imm::from64, k))).at(from);
    r.rule(WHOLE, |_| ishl(X, far()).to(each_half(mov_u32(0), shl(64, lo(X), by())).gives([LOW, HIGH])));
    r.rule(WHOLE, |_| ushr(X, far()).to(each_half(shr(64, hi(X), by()), mov_u32(0)).gives([LOW, HIGH])));
    r.rule(WHOLE, |_| sshr(X, far()).to(each_half(sar(64, hi(X), by()), sar(64, hi(X), 63)).gives([LOW, HIGH])));
    r.rule(WHOLE, |_| rotl(X, far()).to(turn(shld, hi(X), lo(X))));
    r.rule(WHOLE, |_| rotr(X, far()).to(turn(shrd, hi(X), lo(X))));
}

fn extensions(r: &mut RuleSet) {
    whole(r, Opcode::Uextend);
    whole(r, Opcode::Sextend);
    let zero = || Seq::default().set(HIGH, mov_u32(0));
    r.rule(WHOLE, |_| uextend(X.at(I64)).to(zero().gives([Reg::from(X), HIGH.into()])));
    let small = X.at(I32).zero_upper();
    r.rule(WHOLE, |_| uextend(small).to(zero().gives([Reg::from(small), HIGH.into()])));
    let signs = |from: Val| Seq::default().set(HIGH, sar(64, from, 63));
    r.rule(WHOLE, |_| sextend(X.at(I64)).to(signs(X).gives([Reg::from(X), HIGH.into()])));
    for (t, unsigned, signed) in
        [(I8, movzx8(32, X), movsx8(64, X)), (I16, movzx16(32, X), movsx16(64, X)), (I32, mov(32, X), movsx32(64, X))]
    {
        r.rule(WHOLE, |_| uextend(X.at(t)).to(zero().set(LOW, unsigned.clone()).gives([LOW, HIGH])));
        r.rule(WHOLE, |_| {
            let s = Seq::default().set(LOW, signed.clone()).set(HIGH, sar(64, LOW, 63));
            sextend(X.at(t)).to(s.gives([LOW, HIGH]))
        });
    }
    whole_reduced(r);
}

/// Of a reduction the lower half is left, or a part of it.
fn whole_reduced(r: &mut RuleSet) {
    let reduce = r.supported.iter_mut().find(|s| s.0 == Opcode::Ireduce).expect("narrower rules stand before");
    reduce.1.push(I64);
    r.rule(INTS, |_| ireduce(X.at(I128)).to(lo(X)));
}

fn halves(r: &mut RuleSet) {
    r.supported.push((Opcode::Iconcat, INTS.into()));
    r.supported.push((Opcode::Isplit, vec![I16, I32, I64, I128]));
    r.rule(&[I64], |_| iconcat(X, Y).to(Seq::default().gives([X, Y])));
    r.rule(&[I8, I16, I32], |t| {
        let low = match t {
            I8 => movzx8(32, X),
            I16 => movzx16(32, X),
            _ => mov(32, X),
        };
        let w = if t == I32 { 64 } else { 32 };
        let s = Seq::default().set(LOW, low).set(U, mov(w, wide(Y))).set(HIGH, shl(w, U, t.bits() as i64));
        iconcat(X, Y).to(s.set(T, or(w, LOW, HIGH)).gives([T]))
    });
    r.supported.push((Opcode::Bitcast, WHOLE.into()));
    r.rule(WHOLE, |_| bitcast(X.at(I128)).to(Seq::default().gives([lo(X), hi(X)])));
    r.rule(WHOLE, |_| isplit(X).to(Seq::default().gives([lo(X), hi(X)])));
    r.rule(&[I16, I32, I64], |t| {
        let upper = shr(t.bits() as u16, X, t.bits() as i64 / 2);
        isplit(X).to(Seq::default().set(T, upper).gives([Reg::from(X), T.into()]))
    });
}

/// A kind of comparison: its conditions, and how their flags are made and asked.
pub type Compare = (&'static [IntCC], fn(Cv) -> (CcExpr, Seq));

/// Borrowing through both halves leaves the flags of the whole difference but for the zero flag.
fn difference(a: Val, b: Val) -> Seq {
    Seq::default().run(cmp(64, lo(a), lo(b))).set(T, sbb(64, hi(a), hi(b)))
}

/// The comparisons of `x` and `y`.
pub const COMPARES: [Compare; 3] = [
    (&[Equal, NotEqual], |cc| {
        let s = Seq::default().set(A_, xor(64, lo(X), lo(Y))).set(B_, xor(64, hi(X), hi(Y)));
        (of(cc), s.set(T, or(64, A_, B_)))
    }),
    (&[SignedLessThan, SignedGreaterThanOrEqual, UnsignedLessThan, UnsignedGreaterThanOrEqual], |cc| {
        (of(cc), difference(X, Y))
    }),
    (&[SignedGreaterThan, SignedLessThanOrEqual, UnsignedGreaterThan, UnsignedLessThanOrEqual], |cc| {
        (CcExpr::Swapped(cc), difference(Y, X))
    }),
];

fn choices(r: &mut RuleSet) {
    for op in [Opcode::Icmp, Opcode::Select, Opcode::SelectSpectreGuard, Opcode::Bmask] {
        whole(r, op);
    }
    for (ccs, make) in COMPARES {
        let cv = CC.among(ccs);
        r.rule(WHOLE, |_| {
            let (cc, flags) = make(cv);
            icmp(cv, X, Y).to(flags.set(U, set(cc)).gives([U]))
        });
    }
    type Select = fn(Cond, Val, Val) -> OpPat;
    let selects: [Select; 2] = [select, select_spectre_guard];
    for pat in selects {
        r.rule(WHOLE, |_| {
            let chosen = |half: fn(Val) -> Val| cmov(64, CcExpr::Tested(C), half(Y), half(X));
            let s = Seq::default().test(C).set(LOW, chosen(lo)).set(HIGH, chosen(hi));
            pat(C, X, Y).to(s.gives([LOW, HIGH]))
        });
    }
    type Extreme = (Opcode, fn(Val, Val) -> OpPat, Cc);
    let extremes: [Extreme; 4] = [
        (Opcode::Smin, smin, Cc::L),
        (Opcode::Smax, smax, Cc::Ge),
        (Opcode::Umin, umin, Cc::B),
        (Opcode::Umax, umax, Cc::Ae),
    ];
    for (op, pat, cc) in extremes {
        whole(r, op);
        r.rule(WHOLE, |_| {
            let s = difference(X, Y).set(LOW, cmov(64, is(cc), lo(Y), lo(X))).set(HIGH, cmov(64, is(cc), hi(Y), hi(X)));
            pat(X, Y).to(s.gives([LOW, HIGH]))
        });
    }
    masks(r);
}

fn masks(r: &mut RuleSet) {
    for &from in ALL_INTS {
        let x = X.at(from);
        let mask = || carry_if_any(from).set(LOW, sbb(64, T, T));
        r.rule(WHOLE, |_| bmask(x).to(mask().set(HIGH, mov(64, LOW)).gives([LOW, HIGH])));
        if from == I128 {
            r.rule(INTS, |_| bmask(x).to(mask().gives([LOW])));
        }
    }
}

fn memory(r: &mut RuleSet) {
    whole(r, Opcode::Load);
    whole(r, Opcode::Store);
    let near = A.plus(8);
    r.rule(WHOLE, |_| load(near).to(each_half(mov_load(64, A), mov_load(64, near)).gives([LOW, HIGH])));
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, lea(A));
        load(A).to(s.set(LOW, mov_load(64, Arg::At(T, 0))).set(HIGH, mov_load(64, Arg::At(T, 8))).gives([LOW, HIGH]))
    });
    r.rule(WHOLE, |_| {
        let s = Seq::default().run(mov_store(64, A, lo(X))).run(mov_store(64, near, hi(X)));
        store(X, near).to(s)
    });
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, lea(A)).run(mov_store(64, Arg::At(T, 0), lo(X)));
        store(X, A).to(s.run(mov_store(64, Arg::At(T, 8), hi(X))))
    });
    big_memory(r);
}

/// The upper half comes first, and the bytes of each half are turned around.
fn big_memory(r: &mut RuleSet) {
    let near = A.plus(8);
    let turned = |s: Seq, first: MInst, second: MInst| {
        let s = s.set(A_, first).set(HIGH, swap_bytes(64, A_));
        s.set(B_, second).set(LOW, swap_bytes(64, B_)).gives([LOW, HIGH])
    };
    let halves = || Seq::default().set(HIGH, swap_bytes(64, hi(X))).set(LOW, swap_bytes(64, lo(X)));
    r.rule(WHOLE, |_| load(near.swapped()).to(turned(Seq::default(), mov_load(64, A), mov_load(64, near))));
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, lea(A));
        load(A.swapped()).to(turned(s, mov_load(64, Arg::At(T, 0)), mov_load(64, Arg::At(T, 8))))
    });
    r.rule(WHOLE, |_| store(X, near.swapped()).to(halves().run(mov_store(64, A, HIGH)).run(mov_store(64, near, LOW))));
    r.rule(WHOLE, |_| {
        let s = halves().set(T, lea(A)).run(mov_store(64, Arg::At(T, 0), HIGH));
        store(X, A.swapped()).to(s.run(mov_store(64, Arg::At(T, 8), LOW)))
    });
}
