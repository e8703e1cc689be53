//! Integers of 128 bits: two registers. In memory the upper half comes first.

use super::inst::*;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I64, I128, Type};
use windlass_rules::pat::*;
use windlass_rules::term::*;

const WHOLE: &[Type] = &[I128];
const LOW: Tmp = Tmp::new("low");
const HIGH: Tmp = Tmp::new("high");

pub fn rules(r: &mut RuleSet) {
    r.supported.push((Opcode::Iconcat, vec![I64]));
    r.supported.push((Opcode::Isplit, WHOLE.into()));
    r.rule(&[I64], |_| iconcat(X, Y).to(Seq::default().gives([X, Y])));
    r.rule(WHOLE, |_| isplit(X).to(Seq::default().gives([lo(X), hi(X)])));
    let mut carried = |op, pat: fn(Val, Val) -> OpPat, low: fn(Val, Val) -> MInst, high: fn(Val, Val) -> MInst| {
        of(r, op);
        r.rule(WHOLE, |_| {
            let s = Seq::default().set(LOW, low(lo(X), lo(Y))).set(HIGH, high(hi(X), hi(Y)));
            pat(X, Y).to(s.gives([LOW, HIGH]))
        });
    };
    carried(Opcode::Iadd, iadd, addl, addc);
    carried(Opcode::Isub, isub, subl, subb);
    carried(Opcode::Band, band, and, and);
    carried(Opcode::Bor, bor, or, or);
    carried(Opcode::Bxor, bxor, xor, xor);
    memory(r);
}

/// The target has the operation at this type too.
fn of(r: &mut RuleSet, op: Opcode) {
    match r.supported.iter_mut().find(|s| s.0 == op) {
        Some((_, types)) => types.push(I128),
        None => r.supported.push((op, WHOLE.into())),
    }
}

fn memory(r: &mut RuleSet) {
    of(r, Opcode::Load);
    of(r, Opcode::Store);
    let near = A.plus(8);
    r.rule(WHOLE, |_| load(near).to(Seq::default().set(HIGH, ld(64, A)).set(LOW, ld(64, near)).gives([LOW, HIGH])));
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, lea(A)).set(HIGH, ld(64, Arg::At(T, 0)));
        load(A).to(s.set(LOW, ld(64, Arg::At(T, 8))).gives([LOW, HIGH]))
    });
    r.rule(WHOLE, |_| store(X, near).to(Seq::default().run(st(64, A, hi(X))).run(st(64, near, lo(X)))));
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, lea(A)).run(st(64, Arg::At(T, 0), hi(X)));
        store(X, A).to(s.run(st(64, Arg::At(T, 8), lo(X))))
    });
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, lea(A)).set(LOW, ldswap(64, Arg::At(T, 0)));
        load(A.swapped()).to(s.set(HIGH, ldswap(64, Arg::At(T, 8))).gives([LOW, HIGH]))
    });
    r.rule(WHOLE, |_| {
        let s = Seq::default().set(T, lea(A)).run(stswap(64, Arg::At(T, 0), lo(X)));
        store(X, A.swapped()).to(s.run(stswap(64, Arg::At(T, 8), hi(X))))
    });
}
