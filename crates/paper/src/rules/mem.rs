//! Loads, stores and addresses. The machine is big-endian; little-endian accesses turn bytes around on the way.

use super::inst::*;
use super::operands::INTS;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64};
use windlass_rules::pat::*;
use windlass_rules::term::*;

pub fn rules(r: &mut RuleSet) {
    loads(r);
    stores(r);
    for (op, types) in [(Opcode::StackAddr, vec![I64]), (Opcode::FuncAddr, vec![I64])] {
        r.supported.push((op, types));
    }
    r.rule(&[I64], |_| stack_addr(S).to(lea_slot(S)));
    r.rule(&[I64], |_| func_addr(S).to(symn(S)).near());
    r.rule(&[I64], |_| func_addr(S).to(symf(S)));
}

fn loads(r: &mut RuleSet) {
    let other = A.swapped();
    r.supported.push((Opcode::Load, INTS.into()));
    r.rule(&[I8], |_| load(A).to(ldz8(A)));
    r.rule(&[I16], |_| load(A).to(ldz16(A)));
    r.rule(&[I32, I64], |t| load(A).to(ld(t.bits() as u16, A)));
    r.rule(&[I8], |_| load(other).to(ldz8(A)));
    // less than a register is written
    r.rule(&[I16, I32, I64], |t| load(other).to(ldswap(t.bits() as u16, A)));
    type Extending = (Opcode, fn(Addr) -> OpPat, u16, fn(Addr) -> MInst, fn(Tmp) -> MInst);
    let extending: [Extending; 6] = [
        (Opcode::Uload8, uload8, 8, |a| ldz8(a), |t| zext8(t)),
        (Opcode::Sload8, sload8, 8, |a| lds8(a), |t| sext8(t)),
        (Opcode::Uload16, uload16, 16, |a| ldz16(a), |t| zext16(t)),
        (Opcode::Sload16, sload16, 16, |a| lds16(a), |t| sext16(t)),
        (Opcode::Uload32, uload32, 32, |a| ldz32(a), |t| zext32(t)),
        (Opcode::Sload32, sload32, 32, |a| lds32(a), |t| sext32(t)),
    ];
    for (op, pat, w, inst, extend) in extending {
        let types: Vec<_> = INTS.iter().copied().filter(|t| t.bits() > w as u32).collect();
        r.supported.push((op, types.clone()));
        r.rule(&types, |_| pat(A).to(inst(A)));
        r.rule(&types, |_| match w {
            8 => pat(other).to(inst(A)),
            _ => pat(other).to(Seq::default().set(T, ldswap(w, A)).set(U, extend(T)).gives([U])),
        });
    }
}

fn stores(r: &mut RuleSet) {
    let other = A.swapped();
    r.supported.push((Opcode::Store, INTS.into()));
    r.rule(INTS, |t| store(X, A).to(st(t.bits() as u16, A, X)));
    r.rule(&[I8], |_| store(X, other).to(st(8, A, X)));
    r.rule(&[I16, I32, I64], |t| store(X, other).to(stswap(t.bits() as u16, A, X)));
    type Narrow = (Opcode, fn(Val, Addr) -> OpPat, u16);
    let narrow: [Narrow; 3] = [
        (Opcode::Istore8, |x, a| istore8(x, a), 8),
        (Opcode::Istore16, |x, a| istore16(x, a), 16),
        (Opcode::Istore32, |x, a| istore32(x, a), 32),
    ];
    for (op, pat, w) in narrow {
        let types: Vec<_> = INTS.iter().copied().filter(|t| t.bits() > w as u32).collect();
        r.supported.push((op, types.clone()));
        r.rule(&types, |_| pat(X, A).to(st(w, A, low(X))));
        r.rule(&types, |_| pat(X, other).to(if w == 8 { st(8, A, low(X)) } else { stswap(w, A, low(X)) }));
    }
}
