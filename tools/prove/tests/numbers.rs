//! Meanings on terms are meanings on numbers: where the operands are given, Z3 finds no other results than those computed.
//! Operations that terms know nothing of (float arithmetic) are left out.

use std::time::Duration;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::env::{Access, Choice, Env, TrapCode};
use windlass_desc::ops::{AtomicRmwOp, Imms, Opcode, Operand, meaning};
use windlass_desc::types::{INVALID, Type};
use windlass_prove::solver::{Answer, Solver};
use windlass_rules::smt::{Script, Smt};

/// An environment in which everything left open is the same number, and which keeps what it is given.
struct Fixed<B>(Vec<B>);

/// The number for what is left open.
fn open<B: Bv>(w: u32) -> B {
    B::ones(w).udiv(&B::lit(w, 3))
}

impl<B: Bv> Env for Fixed<B> {
    type B = B;
    fn choose(&mut self, set: Choice, w: u32) -> B {
        match set {
            Choice::Any(_) => open(w),
            Choice::Nan(format) => format.nan(&open(w)),
        }
    }
    fn trap_if(&mut self, cond: &B, _: TrapCode) {
        self.0.push(cond.clone());
    }
    fn load(&mut self, addr: &B, w: u32, _: Access) -> B {
        self.0.push(addr.clone());
        open(w)
    }
    fn store(&mut self, addr: &B, value: &B, _: Access) {
        self.0.extend([addr.clone(), value.clone()]);
    }
    fn branch(&mut self, cond: &B) {
        self.0.push(cond.clone());
    }
}

/// Numbers that look random, many of them small or with few bits.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 ^ self.0 >> 33).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
    fn value(&mut self, w: u32) -> Num {
        let words = (0..w.div_ceil(64)).map(|_| self.word()).collect();
        let any = Num::from_words(w, words);
        let few = Num::lit(w, 1).shl(&Num::lit(w, self.word() as u128 % w as u128));
        match self.word() % 4 {
            0 => few,
            1 => few.neg(),
            2 => any.and(&few.sub(&Num::lit(w, 1))),
            _ => any,
        }
    }
}

/// Types of up to 512 bits.
fn types() -> impl Iterator<Item = Type> {
    let all = (0..512).map(Type::from_repr).filter(|t| !t.is_invalid() && !t.is_dynamic_vector());
    all.filter(|t| t.bits() <= 512)
}

/// One of the types that an operand may have, as large as the controlling type where that is possible.
fn operand_type(ctv: Type, operand: &Operand) -> Option<Type> {
    let fits = |t: &Type| operand.ty.admits(ctv, *t);
    types().filter(fits).find(|t| t.bits() == ctv.bits()).or_else(|| types().find(fits))
}

/// All that an operation gives, and all that it gives to its environment.
fn run<B: Bv>(op: Opcode, imms: &Imms<B>, args: &[B]) -> Vec<B> {
    let mut env = Fixed(vec![]);
    let results = meaning(op, &mut env, imms, args);
    env.0.extend(results);
    env.0
}

/// A script that has a model if terms and numbers differ. None if no operands are possible.
fn question(op: Opcode, ctv: Type, random: &mut Random) -> Option<Script> {
    let row = op.row();
    let operands: Vec<Type> = row.operands.iter().map(|o| operand_type(ctv, o)).collect::<Option<_>>()?;
    let result = match row.results.first() {
        Some(r) => r.ty.of(ctv)?,
        None => INVALID,
    };
    let arg = operands.first().copied().unwrap_or(INVALID);
    let pick = random.word() as usize;
    let big_endian = pick.is_multiple_of(3);
    let numbers: Vec<Num> = operands.iter().map(|t| random.value(t.bits())).collect();
    let symbols: Vec<Smt> = operands.iter().zip(["x", "y", "z"]).map(|(t, name)| Smt::sym(name, t.bits())).collect();
    let mut imms = Imms::<Num>::new(ctv, result, arg);
    (imms.cc, imms.fcc) = (IntCC::all()[pick % 10], FloatCC::all()[pick % 14]);
    imms.rmw = AtomicRmwOp::all()[pick % 11];
    imms.access.big_endian = big_endian;
    imms.imm = random.value(128);
    let symbolic = Imms::<Smt> {
        ty: imms.ty,
        result: imms.result,
        arg: imms.arg,
        imm: Smt::sym("imm", 128),
        cc: imms.cc,
        fcc: imms.fcc,
        rmw: imms.rmw,
        code: imms.code,
        access: imms.access,
    };
    let mut script = Script::default();
    let literal = |n: &Num| {
        let words: Vec<Smt> = n.words().iter().map(|word| Smt::lit(64, *word as u128)).collect();
        // the last word may have fewer bits than 64
        Smt::from_lanes(&words).extract(0, n.w())
    };
    for (symbol, number) in symbols.iter().zip(&numbers) {
        script.assert(&symbol.eq(&literal(number)));
    }
    script.assert(&symbolic.imm.eq(&literal(&imms.imm)));
    let (found, want) = (run(op, &symbolic, &symbols), run(op, &imms, &numbers));
    assert!(found.iter().map(Bv::w).eq(want.iter().map(Bv::w)), "{op}.{ctv}");
    let pairs = found.iter().zip(&want);
    script.assert(&pairs.fold(Smt::lit(1, 0), |differ, (t, n)| differ.or(&t.eq(&literal(n)).not())));
    Some(script)
}

#[test]
fn terms_and_numbers_agree() {
    let solver = Solver::find(Duration::from_secs(60)).unwrap_or_else(|e| panic!("{e}"));
    let mut session = solver.start().unwrap_or_else(|e| panic!("{e}"));
    let (mut random, mut asked) = (Random(1), 0);
    for &op in Opcode::all().iter().filter(|op| op.row().no_meaning.is_none()) {
        let ctvs: Vec<Type> = match op.row().ctv.set() {
            Some(set) => types().filter(|t| set.contains(*t)).collect(),
            None => vec![INVALID],
        };
        for ctv in ctvs {
            let Some(script) = question(op, ctv, &mut random) else { continue };
            if script.text().contains("declare-fun") {
                continue;
            }
            let answer = session.check(script.text(), &[]).unwrap_or_else(|e| panic!("{op}.{ctv}: {e}"));
            assert_eq!(answer, Answer::Unsat, "{op}.{ctv}: {}", script.text());
            asked += 1;
        }
    }
    assert!(asked > 1000, "only {asked} questions");
}
