//! Arithmetic on riscv64 beyond sums and products: high halves, overflow and carries, absolute values, division. Narrow
//! values are extended, and their results are exact in a register; wider ones are lists of registers with a carry.

use super::inst::*;
use super::operands::{INTS, NARROW, comparable, extended, op_width, sext, zext};
use crate::fun;
use crate::pat::*;
use crate::term::*;
use windlass_desc::env::TrapCode;
use windlass_desc::ops::Opcode;
use windlass_desc::riscv64::cond::Cc;
use windlass_desc::riscv64::imm;
use windlass_desc::types::{I8, I16, I32, I64, I128, Type};

const A_: Tmp = Tmp::new("a");
const B_: Tmp = Tmp::new("b");

pub fn rules(r: &mut RuleSet) {
    products(r);
    narrow_overflow(r);
    overflow(r, I64);
    overflow(r, I128);
    product_overflow(r);
    trapping_sums(r);
    r.supported.push((Opcode::Iabs, INTS.into()));
    r.rule(INTS, |t| {
        // where the sign is set, the complement plus 1
        let (s, x) = sext(Seq::default(), t, X, A_);
        let s = s.set(B_, sra(64, x.clone(), 63)).set(T, xor(x, B_));
        iabs(X).to(s.set(U, sub(64, T, B_)).gives([U]))
    });
    division(r);
}

type Binary = fn(Val, Val) -> OpPat;

fn products(r: &mut RuleSet) {
    for (op, pat, signed) in [(Opcode::Umulhi, umulhi as Binary, false), (Opcode::Smulhi, smulhi as Binary, true)] {
        r.supported.push((op, INTS.into()));
        r.rule(&[I64], |_| pat(X, Y).to(if signed { mulh(X, Y) } else { mulhu(X, Y) }));
        r.rule(NARROW, |t| {
            let (s, x) = extended(Seq::default(), t, X, A_, signed);
            let (s, y) = extended(s, t, Y, B_, signed);
            // in a width that holds twice the type's
            let w = if t == I32 { 64 } else { 32 };
            pat(X, Y).to(s.set(T, mul(w, x, y)).set(U, srl(64, T, t.bits() as i64)).gives([U]))
        });
    }
}

/// Sums and differences: the operation, without and with what is carried in, and whether it is signed and a difference.
type Sum = (Opcode, Binary, Opcode, fn(Val, Val, Val) -> OpPat, bool, bool);
const SUMS: [Sum; 4] = [
    (Opcode::UaddOverflow, uadd_overflow, Opcode::UaddOverflowCin, uadd_overflow_cin, false, false),
    (Opcode::SaddOverflow, sadd_overflow, Opcode::SaddOverflowCin, sadd_overflow_cin, true, false),
    (Opcode::UsubOverflow, usub_overflow, Opcode::UsubOverflowBin, usub_overflow_bin, false, true),
    (Opcode::SsubOverflow, ssub_overflow, Opcode::SsubOverflowBin, ssub_overflow_bin, true, true),
];

/// What is carried in, 0 or 1.
fn carried(s: Seq, z: Val) -> (Seq, Tmp) {
    let (s, z) = comparable(s, I8, z, Tmp::new("z"));
    (s.set(Tmp::new("carry"), snez(z)), Tmp::new("carry"))
}

/// Of `exact`, of 64 bits, what the type has room for, and whether that is another value. Copies of a result keep no more
/// than 32 bits of it.
fn cut(s: Seq, t: Type, exact: Tmp, signed: bool) -> Seq {
    let (cut, top, back) = (Tmp::new("cut"), Tmp::new("top"), Tmp::new("back"));
    let (s, result) = if t == I32 { (s.set(top, sext_w(exact)), top) } else { (s, exact) };
    let by = 64 - t.bits() as i64;
    let s = match (signed, t) {
        (false, _) => s.set(cut, srl(64, exact, t.bits() as i64)),
        (true, I32) => s.set(cut, xor(top, exact)),
        _ => s.set(top, sll(64, exact, by)).set(back, sra(64, top, by)).set(cut, xor(back, exact)),
    };
    s.set(U, snez(cut)).gives([result, U])
}

fn narrow_overflow(r: &mut RuleSet) {
    let z = Val::new("z");
    for (op, pat, with, pat_with, signed, difference) in SUMS {
        r.supported.push((op, INTS.into()));
        r.supported.push((with, INTS.into()));
        let inst = if difference { sub } else { add };
        let operands = |t| {
            let (s, x) = extended(Seq::default(), t, X, A_, signed);
            let (s, y) = extended(s, t, Y, B_, signed);
            (s, x, y)
        };
        r.rule(NARROW, |t| {
            let (s, x, y) = operands(t);
            pat(X, Y).to(cut(s.set(T, inst(64, x, Arg::from(y))), t, T, signed))
        });
        r.rule(NARROW, |t| {
            let (s, x, y) = operands(t);
            let (s, carry) = carried(s, z);
            let s = s
                .set(Tmp::new("both"), inst(64, x, Arg::from(y)))
                .set(T, inst(64, Tmp::new("both").into(), carry.into()));
            pat_with(X, Y, z).to(cut(s, t, T, signed))
        });
    }
}

/// The registers of a value that fills them, lower ones first.
fn registers_of(t: Type, x: Val) -> Vec<Val> {
    if t == I128 { vec![lo(x), hi(x)] } else { vec![x] }
}

/// Sums or differences of `x` and `y` register by register: the results, and what is carried out of the last if that is
/// `asked` for.
pub fn sum(mut s: Seq, t: Type, mut carry: Option<Tmp>, difference: bool, asked: bool) -> (Seq, Vec<Tmp>, Option<Tmp>) {
    let pairs: Vec<(Val, Val)> = registers_of(t, X).into_iter().zip(registers_of(t, Y)).collect();
    let mut sums = vec![];
    for (k, &(x, y)) in pairs.iter().enumerate() {
        let n = |name| Tmp(name, k as u32);
        let carries = asked || k + 1 < pairs.len();
        let (both, whole) = (n("both"), n("sum"));
        s = s.set(both, if difference { sub(64, x, y) } else { add(64, x, y) });
        if carries {
            s = s.set(n("out"), if difference { sltu(x, y) } else { sltu(both, x) });
        }
        let result = match carry {
            None => both,
            Some(c) => {
                s = s.set(whole, if difference { sub(64, both, c) } else { add(64, both, c) });
                whole
            }
        };
        let out = match carry.filter(|_| carries) {
            None => n("out"),
            Some(c) => {
                s = s.set(n("again"), if difference { sltu(both, c) } else { sltu(whole, c) });
                s = s.set(n("any"), or(n("out"), n("again")));
                n("any")
            }
        };
        carry = carries.then_some(out);
        sums.push(result);
    }
    (s, sums, carry)
}

/// Whether a signed sum or difference overflows, from the registers that hold the signs.
fn sign_lost(s: Seq, t: Type, sum: Tmp, difference: bool) -> (Seq, Tmp) {
    let last = |x: Val| if t == I128 { hi(x) } else { x };
    let (of_x, of_y, both, lost) = (Tmp::new("of_x"), Tmp::new("of_y"), Tmp::new("lost"), Tmp::new("overflow"));
    // a sum differs from both, a difference from the first, which differs from the second
    let s = s.set(of_x, xor(last(X), sum));
    let s = if difference { s.set(of_y, xor(last(X), last(Y))) } else { s.set(of_y, xor(last(Y), sum)) };
    (s.set(both, and(of_x, of_y)).set(lost, srl(64, both, 63)), lost)
}

fn overflow(r: &mut RuleSet, t: Type) {
    let z = Val::new("z");
    for (op, pat, with, pat_with, signed, difference) in SUMS {
        if t == I128 {
            super::wide::whole(r, op);
            super::wide::whole(r, with);
        }
        let all = |s, carry| {
            let (s, sums, out) = sum(s, t, carry, difference, !signed);
            let (s, out) = match (out, sums.last()) {
                (Some(out), _) => (s, out),
                (None, Some(&last)) => sign_lost(s, t, last, difference),
                (None, None) => unreachable!("a value has registers"),
            };
            let results = sums.into_iter().chain([out]).map(Reg::from).collect();
            Seq { results, ..s }
        };
        r.rule(&[t], |_| pat(X, Y).to(all(Seq::default(), None)));
        r.rule(&[t], |_| {
            let (s, carry) = carried(Seq::default(), z);
            pat_with(X, Y, z).to(all(s, Some(carry)))
        });
    }
}

fn product_overflow(r: &mut RuleSet) {
    let ops: [(Opcode, Binary, bool); 2] =
        [(Opcode::UmulOverflow, umul_overflow, false), (Opcode::SmulOverflow, smul_overflow, true)];
    for (op, pat, signed) in ops {
        r.supported.push((op, INTS.into()));
        r.rule(NARROW, |t| {
            let (s, x) = extended(Seq::default(), t, X, A_, signed);
            let (s, y) = extended(s, t, Y, B_, signed);
            pat(X, Y).to(cut(s.set(T, mul(64, x, y)), t, T, signed))
        });
    }
    let (high, differs) = (Tmp::new("high"), Tmp::new("differs"));
    r.rule(&[I64], |_| {
        let s = Seq::default().set(T, mul(64, X, Y)).set(high, mulhu(X, Y)).set(U, snez(high));
        umul_overflow(X, Y).to(s.gives([T, U]))
    });
    r.rule(&[I64], |_| {
        let s = Seq::default().set(T, mul(64, X, Y)).set(high, mulh(X, Y)).set(A_, sra(64, T, 63));
        smul_overflow(X, Y).to(s.set(differs, xor(high, A_)).set(U, snez(differs)).gives([T, U]))
    });
}

fn trapping_sums(r: &mut RuleSet) {
    r.supported.push((Opcode::UaddOverflowTrap, vec![I32, I64]));
    r.rule(&[I64], |_| {
        let s = Seq::default().set(T, add(64, X, R)).run(trap_on(Cc::Ltu, [T.into(), X.into()]));
        uadd_overflow_trap(X, R).to(s.gives([T]))
    });
    r.rule(&[I32], |t| {
        let (s, x) = zext(Seq::default(), t, X, A_);
        let (s, y) = zext(s, t, Y, B_);
        let s = s.set(T, add(64, x, y)).set(U, srl(64, T, 32)).run(trap_on(Cc::Ne, [U.into()]));
        uadd_overflow_trap(X, Y).to(s.set(Tmp::new("sum"), sext_w(T)).gives([Tmp::new("sum")]))
    });
}

/// The width of a division: bytes and their doubles are divided in 32 bits.
fn divided(t: Type) -> u16 {
    op_width(t).min(if t == I64 { 64 } else { 32 })
}

fn division(r: &mut RuleSet) {
    type Division = (Opcode, fn(Pat, Pat) -> OpPat, fn(u16, Reg, Reg) -> MInst, bool);
    let ops: [Division; 4] = [
        (Opcode::Udiv, udiv, divu, false),
        (Opcode::Urem, urem, remu, false),
        (Opcode::Sdiv, sdiv, div, true),
        (Opcode::Srem, srem, rem, true),
    ];
    for (op, pat, inst, signed) in ops {
        r.supported.push((op, INTS.into()));
        // 32 bits are taken as they are, but tested whole
        let operand = |s: Seq, t: Type, x: Val, to: Tmp| match t {
            I32 => (s, x.into()),
            _ => extended(s, t, x, to, signed),
        };
        r.rule(INTS, |t| {
            let constant = K.when(if signed { fun!(imm::divides, k) } else { fun!(imm::nonzero, k) });
            let (s, x) = operand(Seq::default(), t, X, A_);
            let divisor = if signed { K.into() } else { unsigned(t) };
            pat(X.into(), iconst(constant).into())
                .to(s.set(B_, li(divisor)).set(T, inst(divided(t), x, B_.into())).gives([T]))
        });
        r.rule(INTS, |t| {
            let (s, tested) = sext_or_zext(Seq::default(), t, Y, B_, signed);
            let (s, x) = if op == Opcode::Sdiv { sext(s, t, X, A_) } else { operand(s, t, X, A_) };
            let s = if op == Opcode::Sdiv { too_large(s, t, x.clone(), tested.clone()) } else { s };
            let s = s.run(trap_on(Cc::Eq, [tested.clone()]).traps(TrapCode::INTEGER_DIVISION_BY_ZERO));
            pat(X.into(), Y.into()).to(s.set(T, inst(divided(t), x, tested)).gives([T]))
        });
    }
}

/// The divisor in a whole register, whose extension is of no consequence at 32 bits.
fn sext_or_zext(s: Seq, t: Type, x: Val, to: Tmp, signed: bool) -> (Seq, Reg) {
    extended(s, t, x, to, signed || t == I32)
}

/// A constant as an unsigned number of the type.
fn unsigned(t: Type) -> ImmExpr {
    match t {
        I8 => apply(fun!(imm::low8, k), [K]),
        I16 => apply(fun!(imm::low16, k), [K]),
        _ => K.into(),
    }
}

/// Traps where the smallest number, extended, is divided by -1.
fn too_large(s: Seq, t: Type, x: Reg, by: Reg) -> Seq {
    let (smallest, differs, other, none) =
        (Tmp::new("smallest"), Tmp::new("differs"), Tmp::new("other"), Tmp::new("none"));
    let s = match t {
        I8 => s.set(differs, add(64, x, 128)),
        _ => s.set(smallest, li(i64::MIN >> (64 - t.bits()))).set(differs, xor(x, smallest)),
    };
    let s = s.set(other, not(by)).set(none, or(differs, other));
    s.run(trap_on(Cc::Eq, [none.into()]).traps(TrapCode::INTEGER_OVERFLOW))
}
