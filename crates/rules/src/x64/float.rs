//! Floats of 32 and 64 bits on x86-64: in vector registers, by SSE2, or by the three-operand forms of AVX where the CPU
//! has them.

use super::inst::*;
use super::operands::{INTS, Instruction, Pattern, alternative, op_width};
use crate::fun;
use crate::pat::*;
use crate::term::*;
use windlass_desc::cc::FloatCC;
use windlass_desc::fp::{FpFormat, too_small};
use windlass_desc::ops::{Effects, Opcode};
use windlass_desc::types::{F32, F64, I8, I16, I32, I64, INVALID, Type};
use windlass_desc::x64::Feature;
use windlass_desc::x64::flags::Cc;
use windlass_desc::x64::imm;

mod convert;

/// The float types with instructions of their own.
pub const FLOATS: &[Type] = &[F32, F64];

pub fn rules(r: &mut RuleSet) {
    constants(r);
    memory(r);
    arithmetic(r);
    rounding(r);
    signs(r);
    bitwise(r);
    extremes(r);
    comparisons(r);
    choices(r);
    casts(r);
    convert::rules(r);
}

fn width(t: Type) -> u16 {
    t.bits() as u16
}

/// The instructions of one of the two sets.
struct Set {
    avx: bool,
    add: Instruction,
    sub: Instruction,
    mul: Instruction,
    div: Instruction,
    min: Instruction,
    max: Instruction,
    and: Instruction,
    andn: Instruction,
    or: Instruction,
    xor: Instruction,
}

const AVX: Set = Set {
    avx: true,
    add: vaddf,
    sub: vsubf,
    mul: vmulf,
    div: vdivf,
    min: vminf,
    max: vmaxf,
    and: vandf,
    andn: vandnf,
    or: vorf,
    xor: vxorf,
};

const SSE: Set = Set {
    avx: false,
    add: addf,
    sub: subf,
    mul: mulf,
    div: divf,
    min: minf,
    max: maxf,
    and: andf,
    andn: andnf,
    or: orf,
    xor: xorf,
};

/// A rule for each set of instructions, the better first.
fn both(r: &mut RuleSet, make: impl Fn(&Set, Type) -> Rule) {
    for set in [AVX, SSE] {
        r.rule(FLOATS, |t| {
            let rule = make(&set, t);
            if set.avx { rule.needs(Feature::Avx) } else { rule }
        });
    }
}

fn constants(r: &mut RuleSet) {
    let zero = || K.when(fun!(imm::zero, k));
    r.supported.push((Opcode::F32const, vec![INVALID]));
    r.supported.push((Opcode::F64const, vec![INVALID]));
    r.rule(&[INVALID], |_| f32const(zero()).to(zerof()));
    r.rule(&[INVALID], |_| f32const(K).to(constf(32, K)));
    r.rule(&[INVALID], |_| f64const(zero()).to(zerof()));
    r.rule(&[INVALID], |_| f64const(K).to(constf(64, K)));
}

/// What is in a vector register in the end.
const FLOAT: Tmp = Tmp::new("float");

fn memory(r: &mut RuleSet) {
    r.supported.push((Opcode::Load, FLOATS.into()));
    r.supported.push((Opcode::Store, FLOATS.into()));
    r.rule(FLOATS, |t| load(A).to(movf_load(width(t), A)));
    r.rule(FLOATS, |t| store(X, A).to(movf_store(width(t), A, X)));
    r.rule(FLOATS, |t| {
        let s = Seq::default().set(T, mov_load(width(t), A)).set(U, swap_bytes(width(t), T));
        load(A.swapped()).to(s.set(FLOAT, to_vec(width(t), U)).gives([FLOAT]))
    });
    r.rule(FLOATS, |t| {
        let s = Seq::default().set(T, from_vec(width(t), X)).set(U, swap_bytes(width(t), T));
        store(X, A.swapped()).to(s.run(mov_store(width(t), A, U)))
    });
}

fn arithmetic(r: &mut RuleSet) {
    type Op = (Opcode, Pattern, fn(&Set) -> Instruction);
    let ops: [Op; 4] = [
        (Opcode::Fadd, fadd, |s| s.add),
        (Opcode::Fsub, fsub, |s| s.sub),
        (Opcode::Fmul, fmul, |s| s.mul),
        (Opcode::Fdiv, fdiv, |s| s.div),
    ];
    for (op, pat, inst) in ops {
        r.supported.push((op, FLOATS.into()));
        if op.row().effects.has(Effects::COMMUTES) {
            both(r, |set, t| pat(load(A).into(), X.into()).to(inst(set)(width(t), X.into(), A.into())));
        }
        both(r, |set, t| pat(X.into(), R.into()).to(inst(set)(width(t), X.into(), R.into())));
    }
    r.supported.push((Opcode::Sqrt, FLOATS.into()));
    r.rule(FLOATS, |t| sqrt(X).to(vsqrtf(width(t), X)).needs(Feature::Avx));
    r.rule(FLOATS, |t| sqrt(R).to(sqrtf(width(t), R)));
}

/// Operations that are calls where the CPU lacks instructions.
fn rounding(r: &mut RuleSet) {
    // the directions of ROUNDSS, with the flag for inexact results left alone
    type Op = (Opcode, fn(Val) -> OpPat, i64);
    let ops: [Op; 4] = [
        (Opcode::Nearest, nearest, 8),
        (Opcode::Floor, floor, 9),
        (Opcode::Ceil, ceil, 10),
        (Opcode::Trunc, trunc, 11),
    ];
    for (op, pat, direction) in ops {
        r.supported.push((op, FLOATS.into()));
        r.fallback.push((op, "libcalls::libcall"));
        r.rule(FLOATS, |t| pat(X).to(vroundf(width(t), X, direction)).needs(Feature::Avx));
        r.rule(FLOATS, |t| pat(X).to(roundf(width(t), X, direction)).needs(Feature::Sse41));
    }
    r.supported.push((Opcode::Fma, FLOATS.into()));
    r.fallback.push((Opcode::Fma, "libcalls::libcall"));
    r.rule(FLOATS, |t| fma(X, Y, R).to(fmaf(width(t), X, Y, R)).needs(Feature::Fma));
}

/// The sign bit alone.
fn sign_bit(t: Type) -> MInst {
    constf(width(t), if t == F64 { i64::MIN } else { 1 << 31 })
}

/// All other bits.
fn magnitude_bits(t: Type) -> MInst {
    constf(width(t), if t == F64 { i64::MAX } else { (1 << 31) - 1 })
}

/// All bits.
fn all_bits(t: Type) -> MInst {
    constf(width(t), if t == F64 { -1 } else { (1 << 32) - 1 })
}

fn signs(r: &mut RuleSet) {
    for op in [Opcode::Fneg, Opcode::Fabs, Opcode::Fcopysign] {
        r.supported.push((op, FLOATS.into()));
    }
    both(r, |set, t| fneg(X).to((set.xor)(width(t), X.into(), sign_bit(t).into())));
    both(r, |set, t| fabs(X).to((set.and)(width(t), X.into(), magnitude_bits(t).into())));
    both(r, |set, t| {
        let (w, mask, n) = (width(t), Tmp::new("mask"), |name| Tmp::new(name));
        let s = Seq::default().set(mask, sign_bit(t)).set(n("sign"), (set.and)(w, Y.into(), mask.into()));
        let s = s.set(n("rest"), (set.andn)(w, mask.into(), X.into()));
        fcopysign(X, Y).to(s.set(T, (set.or)(w, n("rest").into(), n("sign").into())).gives([T]))
    });
}

/// Bitwise operations on the bits of a float. The CPU has no complement: all bits are exchanged for ones.
fn bitwise(r: &mut RuleSet) {
    for op in [Opcode::Band, Opcode::Bor, Opcode::Bxor, Opcode::Bnot] {
        r.supported.push((op, FLOATS.into()));
    }
    both(r, |set, t| band(X, bnot(Y)).to((set.andn)(width(t), Y.into(), X.into())));
    both(r, |set, t| band(bnot(X), Y).to((set.andn)(width(t), X.into(), Y.into())));
    both(r, |set, t| band(X, Y).to((set.and)(width(t), X.into(), Y.into())));
    both(r, |set, t| bor(X, Y).to((set.or)(width(t), X.into(), Y.into())));
    both(r, |set, t| bxor(X, Y).to((set.xor)(width(t), X.into(), Y.into())));
    both(r, |set, t| bnot(X).to((set.xor)(width(t), X.into(), all_bits(t).into())));
}

/// The CPU gives the second operand where the two are zeros or one is a NaN. So both orders are asked: the results
/// differ in the sign of zeros at most, unless there is a NaN, which a mask of ones makes of anything.
fn extremes(r: &mut RuleSet) {
    type Op = (Opcode, fn(Val, Val) -> OpPat, fn(&Set) -> (Instruction, Instruction));
    let ops: [Op; 2] = [(Opcode::Fmin, fmin, |s| (s.min, s.or)), (Opcode::Fmax, fmax, |s| (s.max, s.and))];
    for (op, pat, insts) in ops {
        r.supported.push((op, FLOATS.into()));
        both(r, |set, t| {
            let ((extreme, join), w, n) = (insts(set), width(t), |name| Tmp::new(name));
            let s = Seq::default().set(n("one"), extreme(w, X.into(), Y.into()));
            let s = s.set(n("other"), extreme(w, Y.into(), X.into())).set(n("nan"), unordf(w, X, Y));
            let s = s.set(T, join(w, n("one").into(), n("other").into()));
            pat(X, Y).to(s.set(U, (set.or)(w, T.into(), n("nan").into())).gives([U]))
        });
    }
}

/// The conditions that one condition on the flags decides, of the operands as they stand.
const DIRECT: [(FloatCC, Cc); 8] = [
    (FloatCC::GreaterThan, Cc::A),
    (FloatCC::GreaterThanOrEqual, Cc::Ae),
    (FloatCC::UnorderedOrLessThan, Cc::B),
    (FloatCC::UnorderedOrLessThanOrEqual, Cc::Be),
    (FloatCC::Ordered, Cc::Np),
    (FloatCC::Unordered, Cc::P),
    (FloatCC::OrderedNotEqual, Cc::Ne),
    (FloatCC::UnorderedOrEqual, Cc::E),
];

/// The same of exchanged operands.
const SWAPPED: [(FloatCC, Cc); 4] = [
    (FloatCC::LessThan, Cc::A),
    (FloatCC::LessThanOrEqual, Cc::Ae),
    (FloatCC::UnorderedOrGreaterThan, Cc::B),
    (FloatCC::UnorderedOrGreaterThanOrEqual, Cc::Be),
];

fn comparisons(r: &mut RuleSet) {
    r.supported.push((Opcode::Fcmp, FLOATS.into()));
    for (cc, flag) in DIRECT {
        r.rule(FLOATS, |t| fcmp(cc, X, R).to(set(flags(is(flag), cmpf(width(t), X, R)))));
    }
    for (cc, flag) in SWAPPED {
        r.rule(FLOATS, |t| fcmp(cc, R, X).to(set(flags(is(flag), cmpf(width(t), X, R)))));
    }
    let (one, other) = (Tmp::new("one"), Tmp::new("other"));
    r.rule(FLOATS, |t| {
        let s = Seq::default().run(cmpf(width(t), X, R)).set(one, set(is(Cc::E))).set(other, set(is(Cc::Np)));
        fcmp(FloatCC::Equal, X, R).to(s.set(T, and(8, one, other)).gives([T]))
    });
    r.rule(FLOATS, |t| {
        let s = Seq::default().run(cmpf(width(t), X, R)).set(one, set(is(Cc::Ne))).set(other, set(is(Cc::P)));
        fcmp(FloatCC::NotEqual, X, R).to(s.set(T, or(8, one, other)).gives([T]))
    });
}

/// Comparisons of floats as tests.
pub fn conditions(r: &mut Vec<Alternative>) {
    #[track_caller]
    fn test(pat: OpPat, cc: Cc, producer: MInst) -> Alternative {
        alternative(I8, pat, is(cc), producer)
    }
    for &t in FLOATS {
        let compare = || cmpf(width(t), X, R);
        r.extend(DIRECT.map(|(cc, flag)| test(fcmp(cc, X, R).at(t), flag, compare())));
        r.extend(SWAPPED.map(|(cc, flag)| test(fcmp(cc, R, X).at(t), flag, compare())));
        r.push(test(fcmp(FloatCC::Equal, X, R).at(t), Cc::Oe, compare()));
        r.push(test(fcmp(FloatCC::NotEqual, X, R).at(t), Cc::Une, compare()));
    }
}

/// What equality decides takes two conditions.
const EQUALITIES: [(FloatCC, bool); 2] = [(FloatCC::Equal, true), (FloatCC::NotEqual, false)];

/// Choices among integers by whether floats are equal.
pub fn choices_by_equality(r: &mut RuleSet, pat: fn(Pat, Val, Val) -> OpPat) {
    let (a, b) = (Val::new("a"), Val::new("b"));
    for &of in FLOATS {
        for (cc, equal) in EQUALITIES {
            r.rule(INTS, |t| {
                let (w, [yes, no]) = (op_width(t), if equal { [X, Y] } else { [Y, X] });
                let s = Seq::default().run(cmpf(width(of), a, b)).set(T, cmov(w, is(Cc::Ne), wide(yes), wide(no)));
                pat(fcmp(cc, a, b).at(of).into(), X, Y).to(s.set(U, cmov(w, is(Cc::P), T, wide(no))).gives([U]))
            });
        }
    }
}

fn choices(r: &mut RuleSet) {
    for op in [Opcode::Select, Opcode::SelectSpectreGuard, Opcode::Bitselect] {
        r.supported.push((op, FLOATS.into()));
    }
    r.rule(FLOATS, |t| select(C, X, Y).to(selectf(width(t), C, Y, X)));
    guards(r);
    let z = Val::new("z");
    both(r, |set, t| {
        let w = width(t);
        let yes = (set.and)(w, X.into(), Y.into());
        bitselect(X, Y, z).to((set.or)(w, yes.into(), (set.andn)(w, X.into(), z.into()).into()))
    });
}

/// Choices that no speculation gets around: there is no conditional move of floats, so they go through general registers.
fn guards(r: &mut RuleSet) {
    let (a, b) = (Val::new("a"), Val::new("b"));
    let (x, y) = (Tmp::new("x_bits"), Tmp::new("y_bits"));
    for &of in FLOATS {
        for (cc, equal) in EQUALITIES {
            r.rule(FLOATS, |t| {
                let (w, [yes, no]) = (width(t), if equal { [x, y] } else { [y, x] });
                let s = Seq::default().set(x, from_vec(w, X)).set(y, from_vec(w, Y)).run(cmpf(width(of), a, b));
                let s = s.set(T, cmov(w, is(Cc::Ne), yes, no)).set(U, cmov(w, is(Cc::P), T, no));
                let pat = select_spectre_guard(fcmp(cc, a, b).at(of), X, Y);
                pat.to(s.set(Tmp::new("chosen"), to_vec(w, U)).gives([Tmp::new("chosen")]))
            });
        }
    }
    r.rule(FLOATS, |t| {
        let w = width(t);
        select_spectre_guard(C, X, Y).to(to_vec(w, cmov(w, C, from_vec(w, Y), from_vec(w, X))))
    });
}

fn casts(r: &mut RuleSet) {
    let all = [INTS, FLOATS].concat();
    r.supported.push((Opcode::Bitcast, all.clone()));
    r.rule(&all, |t| bitcast(X.at(t)).to(X));
    r.rule(&[I32], |_| bitcast(X.at(F32)).to(from_vec(32, X)));
    r.rule(&[I64], |_| bitcast(X.at(F64)).to(from_vec(64, X)));
    r.rule(&[F32], |_| bitcast(X.at(I32)).to(to_vec(32, X)));
    r.rule(&[F64], |_| bitcast(X.at(I64)).to(to_vec(64, X)));
}
