//! Constants, sums, products, logic, extensions and selects on riscv64, up to 64 bits.

use super::inst::*;
use super::operands::{INTS, op_width};
use crate::fun;
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::riscv64::imm;
use windlass_desc::types::{I8, I16, I32, I64, Type};

pub fn rules(r: &mut RuleSet) {
    for op in [Opcode::Iconst, Opcode::Iadd, Opcode::Isub, Opcode::Ineg, Opcode::Imul] {
        r.supported.push((op, INTS.into()));
    }
    for op in [Opcode::Band, Opcode::Bor, Opcode::Bxor, Opcode::Bnot, Opcode::Bitselect] {
        r.supported.push((op, INTS.into()));
    }
    r.rule(INTS, |_| iconst(K).to(li(K)));
    arithmetic(r);
    logic(r);
    extensions(r);
    selects(r);
}

fn arithmetic(r: &mut RuleSet) {
    let small = || iconst(K.when(fun!(imm::simm12, k)));
    r.rule(INTS, |t| iadd(small(), X).to(add(op_width(t), wide(X), K)));
    r.rule(INTS, |t| iadd(X, R).to(add(op_width(t), wide(X), wide(R))));
    let negated = || iconst(K.when(fun!(imm::neg_simm12, k)));
    r.rule(INTS, |t| isub(X, negated()).to(add(op_width(t), wide(X), apply(fun!(imm::neg, k), [K]))));
    r.rule(INTS, |t| isub(X, Y).to(sub(op_width(t), wide(X), wide(Y))));
    r.rule(INTS, |t| ineg(X).to(neg(op_width(t), wide(X))));
    r.rule(INTS, |t| imul(X, Y).to(mul(op_width(t), wide(X), wide(Y))));
}

fn logic(r: &mut RuleSet) {
    type Logic = (fn(Pat, Pat) -> OpPat, fn(Val, Arg) -> MInst);
    let ops: [Logic; 3] = [(band, and), (bor, or), (bxor, xor)];
    for (pat, inst) in ops {
        let small = || iconst(K.when(fun!(imm::simm12, k)));
        r.rule(INTS, |_| pat(small().into(), X.into()).to(inst(wide(X), K.into())));
        r.rule(INTS, |_| pat(X.into(), R.into()).to(inst(wide(X), wide(R).into())));
    }
    r.rule(INTS, |_| bnot(X).to(not(wide(X))));
    let z = Val::new("z");
    r.rule(INTS, |_| bitselect(X, Y, z).to(xor(and(xor(wide(Y), wide(z)), wide(X)), wide(z))));
}

fn extensions(r: &mut RuleSet) {
    r.supported.push((Opcode::Uextend, vec![I16, I32, I64]));
    r.supported.push((Opcode::Sextend, vec![I16, I32, I64]));
    r.supported.push((Opcode::Ireduce, vec![I8, I16, I32]));
    let wider = |of: Type| INTS.iter().copied().filter(move |t| t.bits() > of.bits()).collect::<Vec<_>>();
    r.rule(&[I64], |_| sextend(X.at(I32).sign_upper()).to(X));
    let loads: [(Type, fn(Addr) -> MInst, fn(Addr) -> MInst); 3] = [(I8, lbu, lb), (I16, lhu, lh), (I32, lwu, lw)];
    for (of, unsigned, signed) in loads {
        r.rule(&wider(of), |_| uextend(load(A).at(of)).to(unsigned(A)));
        r.rule(&wider(of), |_| sextend(load(A).at(of)).to(signed(A)));
    }
    for (of, ..) in loads {
        let by = 64 - of.bits() as i64;
        super::compare::extended(r, &wider(of), of);
        let zeros = if of == I8 { and(wide(X), 255) } else { srl(64, sll(64, wide(X), by), by) };
        r.rule(&wider(of), |_| uextend(X.at(of)).to(zeros.clone()));
        let signs = if of == I32 { sext_w(X) } else { sra(64, sll(64, wide(X), by), by) };
        r.rule(&wider(of), |_| sextend(X.at(of)).to(signs.clone()));
    }
    r.supported.push((Opcode::Bitcast, INTS.into()));
    r.rule(INTS, |t| bitcast(X.at(t)).to(X));
    r.rule(&[I8], |_| ireduce(X.at(I16)).to(X));
    r.rule(&[I8, I16], |_| ireduce(X.at(I32)).to(X));
    r.rule(&[I8, I16, I32], |_| ireduce(X.at(I64)).to(X));
}

fn selects(r: &mut RuleSet) {
    r.supported.push((Opcode::Select, INTS.into()));
    r.rule(INTS, |_| select(C, X, Y).to(select_by(C, wide(Y), wide(X))));
}
