//! Loads, stores and addresses on riscv64. Bytes of big-endian accesses are turned around in a register.

use super::bits::turned;
use super::inst::*;
use super::operands::INTS;
use super::wide::{WHOLE, whole};
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64, Type};

pub fn rules(r: &mut RuleSet) {
    loads(r);
    stores(r);
    r.supported.push((Opcode::StackAddr, vec![I64]));
    r.fallback.push((Opcode::StackAddr, "flow::stack_addr"));
    r.supported.push((Opcode::FuncAddr, vec![I64]));
    r.rule(&[I64], |_| stack_addr(S).to(lea_slot(S)));
    r.rule(&[I64], |_| func_addr(S).to(sym_near(S)).near());
    r.rule(&[I64], |_| func_addr(S).to(sym_far(S)));
}

const LOADED: Tmp = Tmp::new("loaded");

/// The register with the bytes of a value of `bits` bits in the other order; bits above are arbitrary.
fn swapped(s: Seq, bits: u32, from: Reg, nth: u32) -> (Seq, Reg) {
    if bits == 8 { (s, from) } else { turned(s, bits, 3, from, nth) }
}

fn loads(r: &mut RuleSet) {
    type Load = (Opcode, fn(Addr) -> OpPat, fn(Addr) -> MInst, u32, bool, &'static [Type]);
    let ops: [Load; 10] = [
        (Opcode::Load, load, lbu, 8, false, &[I8]),
        (Opcode::Load, load, lhu, 16, false, &[I16]),
        (Opcode::Load, load, lw, 32, true, &[I32]),
        (Opcode::Load, load, ld, 64, true, &[I64]),
        (Opcode::Uload8, uload8, lbu, 8, false, &[I16, I32, I64]),
        (Opcode::Sload8, sload8, lb, 8, true, &[I16, I32, I64]),
        (Opcode::Uload16, uload16, lhu, 16, false, &[I32, I64]),
        (Opcode::Sload16, sload16, lh, 16, true, &[I32, I64]),
        (Opcode::Uload32, uload32, lwu, 32, false, &[I64]),
        (Opcode::Sload32, sload32, lw, 32, true, &[I64]),
    ];
    for (op, pat, inst, bits, signed, types) in ops {
        match r.supported.iter_mut().find(|s| s.0 == op) {
            Some(s) => s.1.extend(types),
            None => r.supported.push((op, types.into())),
        }
        r.rule(types, |_| pat(A).to(inst(A)));
        r.rule(types, |_| {
            let (s, at) = swapped(Seq::default().set(LOADED, inst(A)), bits, LOADED.into(), 0);
            // what stands above is arbitrary only where the type ends too
            let back = if signed { sra } else { srl };
            let by = 64 - bits as i64;
            let s = match bits {
                8 | 64 => s.gives([at]),
                32 if signed => s.set(U, sext_w(at)).gives([U]),
                _ => s.set(T, sll(64, at, by)).set(U, back(64, T, by)).gives([U]),
            };
            pat(A.swapped()).to(s)
        });
    }
    whole(r, Opcode::Load);
    let near = A.plus(8);
    let both = |s: Seq, first: MInst, second: MInst| s.set(Tmp::new("first"), first).set(Tmp::new("second"), second);
    for big in [false, true] {
        let finish = |s: Seq| {
            let [first, second] = ["first", "second"].map(Tmp::new);
            if !big {
                return s.gives([first, second]);
            }
            let (s, high) = swapped(s, 64, first.into(), 0);
            let (s, low) = swapped(s, 64, second.into(), 1);
            Seq { results: vec![low, high], ..s }
        };
        let order = |a: Addr| if big { a.swapped() } else { a };
        r.rule(WHOLE, |_| load(order(near)).to(finish(both(Seq::default(), ld(A), ld(near)))));
        r.rule(WHOLE, |_| {
            let s = Seq::default().set(T, lea(A));
            load(order(A)).to(finish(both(s, ld(Arg::At(T, 0)), ld(Arg::At(T, 8)))))
        });
    }
}

fn stores(r: &mut RuleSet) {
    type Store = (Opcode, fn(Val, Addr) -> OpPat, Option<u32>, &'static [Type]);
    let ops: [Store; 4] = [
        (Opcode::Store, store, None, INTS),
        (Opcode::Istore8, istore8, Some(8), &[I16, I32, I64]),
        (Opcode::Istore16, istore16, Some(16), &[I32, I64]),
        (Opcode::Istore32, istore32, Some(32), &[I64]),
    ];
    for (op, pat, bits, types) in ops {
        r.supported.push((op, types.into()));
        let stored = |t: Type| bits.unwrap_or(t.bits());
        r.rule(types, |t| pat(X, A).to(store_to(stored(t) as u16, A, low(X))));
        r.rule(types, |t| {
            let w = stored(t);
            let from = if w == 8 { low(X) } else { wide(X) };
            let (s, at) = swapped(Seq::default(), w, from.into(), 0);
            pat(X, A.swapped()).to(s.run(store_to(w as u16, A, at)))
        });
    }
    whole(r, Opcode::Store);
    let near = A.plus(8);
    for big in [false, true] {
        let halves = || {
            if !big {
                return (Seq::default(), lo(X).into(), hi(X).into());
            }
            let (s, first) = swapped(Seq::default(), 64, hi(X).into(), 0);
            let (s, second) = swapped(s, 64, lo(X).into(), 1);
            (s, first, second)
        };
        let order = |a: Addr| if big { a.swapped() } else { a };
        r.rule(WHOLE, |_| {
            let (s, first, second): (Seq, Reg, Reg) = halves();
            store(X, order(near)).to(s.run(store_to(64, A, first)).run(store_to(64, near, second)))
        });
        r.rule(WHOLE, |_| {
            let (s, first, second): (Seq, Reg, Reg) = halves();
            let s = s.set(T, lea(A)).run(store_to(64, Arg::At(T, 0), first));
            store(X, order(A)).to(s.run(store_to(64, Arg::At(T, 8), second)))
        });
    }
}
