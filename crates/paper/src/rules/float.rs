//! Floats of 32 and 64 bits. Comparisons give a mask, which chooses among floats.

use super::inst::*;
use super::operands::{FLOATS, INTS};
use crate::cond;
use windlass_desc::cc::FloatCC;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{F32, F64, I32, I64, INVALID, Type};
use windlass_rules::pat::*;
use windlass_rules::term::*;

fn width(t: Type) -> u16 {
    t.bits() as u16
}

/// The target has the operation at floats too.
fn of(r: &mut RuleSet, op: Opcode) {
    match r.supported.iter_mut().find(|s| s.0 == op) {
        Some((_, types)) => types.extend(FLOATS),
        None => r.supported.push((op, FLOATS.into())),
    }
}

pub fn rules(r: &mut RuleSet) {
    r.supported.push((Opcode::F32const, vec![INVALID]));
    r.supported.push((Opcode::F64const, vec![INVALID]));
    r.rule(&[INVALID], |_| f32const(K).to(flit(32, K)));
    r.rule(&[INVALID], |_| f64const(K).to(flit(64, K)));
    memory(r);
    type Two = (Opcode, fn(Val, Val) -> OpPat, fn(u16, Val, Val) -> MInst);
    let two: [Two; 4] = [
        (Opcode::Fadd, |x, y| fadd(x, y), |w, x, y| fadd_(w, x, y)),
        (Opcode::Fsub, |x, y| fsub(x, y), |w, x, y| fsub_(w, x, y)),
        (Opcode::Fmul, |x, y| fmul(x, y), |w, x, y| fmul_(w, x, y)),
        (Opcode::Fdiv, |x, y| fdiv(x, y), |w, x, y| fdiv_(w, x, y)),
    ];
    for (op, pat, inst) in two {
        of(r, op);
        r.rule(FLOATS, |t| pat(X, Y).to(inst(width(t), X, Y)));
    }
    of(r, Opcode::Fneg);
    of(r, Opcode::Fabs);
    r.rule(FLOATS, |t| fneg(X).to(fneg_(width(t), X)));
    r.rule(FLOATS, |t| fabs(X).to(fabs_(width(t), X)));
    of(r, Opcode::Fcmp);
    for &cc in FloatCC::all() {
        r.rule(FLOATS, |t| fcmp(cc, X, Y).to(pget(pcmp(width(t), cond::of_float(cc), X, Y))));
    }
    of(r, Opcode::Select);
    r.rule(FLOATS, |t| select(C, X, Y).to(fsel(width(t), Y, X, pcc(C))));
    casts(r);
}

fn memory(r: &mut RuleSet) {
    of(r, Opcode::Load);
    of(r, Opcode::Store);
    r.rule(FLOATS, |t| load(A).to(fld(width(t), A)));
    r.rule(FLOATS, |t| store(X, A).to(fst(width(t), A, X)));
    r.rule(FLOATS, |t| {
        let s = Seq::default().set(T, ldswap(width(t), A)).set(U, tof(width(t), T));
        load(A.swapped()).to(s.gives([U]))
    });
    r.rule(FLOATS, |t| store(X, A.swapped()).to(Seq::default().set(T, fromf(width(t), X)).run(stswap(width(t), A, T))));
}

fn casts(r: &mut RuleSet) {
    let all = [INTS, FLOATS].concat();
    r.supported.push((Opcode::Bitcast, all.clone()));
    r.rule(&all, |t| bitcast(X.at(t)).to(X));
    r.rule(&[I32], |_| bitcast(X.at(F32)).to(fromf(32, X)));
    r.rule(&[I64], |_| bitcast(X.at(F64)).to(fromf(64, X)));
    r.rule(&[F32], |_| bitcast(X.at(I32)).to(tof(32, X)));
    r.rule(&[F64], |_| bitcast(X.at(I64)).to(tof(64, X)));
}
