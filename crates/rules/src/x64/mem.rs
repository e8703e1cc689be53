//! Loads, stores, arithmetic on memory, and addresses on x86-64. Big-endian accesses turn bytes around in a register.

use super::inst::*;
use super::operands::{INTS, Instruction, Pattern};
use crate::fun;
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64};
use windlass_desc::x64::imm;

pub fn rules(r: &mut RuleSet) {
    loads(r);
    big_loads(r);
    stores(r);
    big_stores(r);
    addresses(r);
}

fn loads(r: &mut RuleSet) {
    r.supported.push((Opcode::Load, INTS.into()));
    r.supported.push((Opcode::Uload8, vec![I16, I32, I64]));
    r.supported.push((Opcode::Sload8, vec![I16, I32, I64]));
    r.supported.push((Opcode::Uload16, vec![I32, I64]));
    r.supported.push((Opcode::Sload16, vec![I32, I64]));
    r.supported.push((Opcode::Uload32, vec![I64]));
    r.supported.push((Opcode::Sload32, vec![I64]));
    // a narrow value may have anything above it, but zero-extending loads are the ones without a false dependency
    r.rule(&[I8], |_| load(A).to(movzx8(32, A)));
    r.rule(&[I16], |_| load(A).to(movzx16(32, A)));
    r.rule(&[I32, I64], |t| load(A).to(mov_load(t.bits() as u16, A)));
    r.rule(&[I16, I32, I64], |_| uload8(A).to(movzx8(32, A)));
    r.rule(&[I32, I64], |_| uload16(A).to(movzx16(32, A)));
    r.rule(&[I64], |_| uload32(A).to(mov_load(32, A)));
    r.rule(&[I16, I32], |_| sload8(A).to(movsx8(32, A)));
    r.rule(&[I64], |_| sload8(A).to(movsx8(64, A)));
    r.rule(&[I32], |_| sload16(A).to(movsx16(32, A)));
    r.rule(&[I64], |_| sload16(A).to(movsx16(64, A)));
    r.rule(&[I64], |_| sload32(A).to(movsx32(64, A)));
}

fn big_loads(r: &mut RuleSet) {
    let a = A.swapped();
    r.rule(&[I8], |_| load(a).to(movzx8(32, A)));
    r.rule(&[I16, I32, I64], |_| uload8(a).to(movzx8(32, A)));
    r.rule(&[I16, I32], |_| sload8(a).to(movsx8(32, A)));
    r.rule(&[I64], |_| sload8(a).to(movsx8(64, A)));
    let turned16 = || Seq::default().set(T, movzx16(32, A)).set(U, rol(16, T, 8)).gives([U]);
    r.rule(&[I16], |_| load(a).to(turned16()));
    // the last two bytes of a register come first when it is turned around, and are shifted to where they belong
    let last = |w: u16, load, shift: Instruction| {
        let s = Seq::default().set(T, load).set(U, swap_bytes(w, T));
        s.set(LOADED, shift(w, U.into(), (w as i64 - 16).into())).gives([LOADED])
    };
    r.rule(&[I32, I64], |_| uload16(a).to(last(32, movzx16(32, A), shr)));
    r.rule(&[I32, I64], |t| sload16(a).to(last(t.bits() as u16, movsx16(t.bits() as u16, A), sar)));
    let turned = |w| Seq::default().set(T, mov_load(w, A)).set(U, swap_bytes(w, T));
    r.rule(&[I32, I64], |t| load(a).to(turned(t.bits() as u16).gives([U])));
    r.rule(&[I64], |_| uload32(a).to(turned(32).gives([U])));
    r.rule(&[I64], |_| sload32(a).to(turned(32).set(LOADED, movsx32(64, U)).gives([LOADED])));
}

/// What is loaded in the end.
const LOADED: Tmp = Tmp::new("loaded");

fn stores(r: &mut RuleSet) {
    r.supported.push((Opcode::Store, INTS.into()));
    r.supported.push((Opcode::Istore8, vec![I16, I32, I64]));
    r.supported.push((Opcode::Istore16, vec![I32, I64]));
    r.supported.push((Opcode::Istore32, vec![I64]));
    let modify: [(Pattern, Instruction); 5] = [(iadd, add), (isub, sub), (band, and), (bor, or), (bxor, xor)];
    for (pat, inst) in modify {
        // the load and the store are neighbours and go to one address
        r.rule(INTS, |t| {
            let k = K.when(fun!(imm::simm32, k));
            let value = pat(load(A).into(), iconst(k).into());
            store(value, A).to(inst(t.bits() as u16, A.into(), K.into()))
        });
        r.rule(INTS, |t| {
            let value = pat(load(A).into(), X.into());
            store(value, A).to(inst(t.bits() as u16, A.into(), X.into()))
        });
    }
    let commuting: [(Pattern, Instruction); 4] = [(iadd, add), (band, and), (bor, or), (bxor, xor)];
    for (pat, inst) in commuting {
        r.rule(INTS, |t| {
            let k = K.when(fun!(imm::simm32, k));
            let value = pat(iconst(k).into(), load(A).into());
            store(value, A).to(inst(t.bits() as u16, A.into(), K.into()))
        });
        r.rule(INTS, |t| {
            let value = pat(X.into(), load(A).into());
            store(value, A).to(inst(t.bits() as u16, A.into(), X.into()))
        });
    }
    let small = || K.when(fun!(imm::simm32, k));
    r.rule(INTS, |t| store(iconst(small()), A).to(mov_store(t.bits() as u16, A, K)));
    r.rule(INTS, |t| store(X, A).to(mov_store(t.bits() as u16, A, X)));
    r.rule(&[I16, I32, I64], |_| istore8(X, A).to(mov_store(8, A, low(X))));
    r.rule(&[I32, I64], |_| istore16(X, A).to(mov_store(16, A, low(X))));
    r.rule(&[I64], |_| istore32(X, A).to(mov_store(32, A, low(X))));
}

fn big_stores(r: &mut RuleSet) {
    let a = A.swapped();
    r.rule(&[I8], |_| store(X, a).to(mov_store(8, A, X)));
    r.rule(&[I16, I32, I64], |_| istore8(X, a).to(mov_store(8, A, low(X))));
    let turned = |w, x| Seq::default().set(T, swap_bytes(w, x)).run(mov_store(w, A, T));
    let turned16 = |x: Val| Seq::default().set(T, rol(16, x, 8)).run(mov_store(16, A, T));
    r.rule(&[I16], |_| store(X, a).to(turned16(X)));
    r.rule(&[I32, I64], |t| store(X, a).to(turned(t.bits() as u16, X)));
    r.rule(&[I32, I64], |_| istore16(X, a).to(turned16(low(X))));
    r.rule(&[I64], |_| istore32(X, a).to(turned(32, low(X))));
}

fn addresses(r: &mut RuleSet) {
    r.supported.push((Opcode::StackAddr, vec![I64]));
    r.fallback.push((Opcode::StackAddr, "flow::stack_addr"));
    r.supported.push((Opcode::FuncAddr, vec![I64]));
    r.rule(&[I64], |_| stack_addr(S).to(lea_slot(S)));
    r.rule(&[I64], |_| func_addr(S).to(sym_near(S)).near());
    r.rule(&[I64], |_| func_addr(S).to(sym_far(S)));
}
