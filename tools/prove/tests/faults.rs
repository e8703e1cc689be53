//! The prover itself is tested by faults: each is planted in a rule of the real set, or next to it, and must be refuted
//! with a counterexample, while the rule without the fault is proved.

use std::time::Duration;
use windlass_desc::bv::Bv;
use windlass_desc::cc::IntCC;
use windlass_desc::imm as constants;
use windlass_desc::machine::Above;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64, Type};
use windlass_desc::x64::flags::Cc;
use windlass_desc::x64::{Feature, imm};
use windlass_prove::solver::{Answer, Solver};
use windlass_prove::{Outcome, prove};
use windlass_rules::equation::{Equation, ImmArg};
use windlass_rules::fun;
use windlass_rules::pat::*;
use windlass_rules::prove::{self as state, Obligation};
use windlass_rules::smt::{Script, Smt};
use windlass_rules::term::*;
use windlass_rules::x64::{inst::*, rules};

/// Functions that no rule uses.
mod faulty {
    use windlass_desc::bv::Bv;

    pub fn sum_and_one<B: Bv>(a: &B, b: &B) -> B {
        a.add(b).add(&B::lit(64, 1))
    }
    pub fn never<B: Bv>(k: &B) -> B {
        k.eq(k).not()
    }
}

fn solver() -> Solver {
    Solver::find(Duration::from_secs(60)).unwrap_or_else(|e| panic!("{e}"))
}

fn outcomes(all: &[Obligation]) -> Vec<Outcome> {
    assert!(!all.is_empty(), "nothing to be proved");
    prove(&solver(), &all.iter().collect::<Vec<_>>(), 1, || ()).unwrap_or_else(|e| panic!("{e}"))
}

#[track_caller]
fn proved(all: &[Obligation]) {
    for (o, outcome) in all.iter().zip(outcomes(all)) {
        assert_eq!(outcome, Outcome::Proved, "{}:{} {} {}", o.at.file(), o.at.line(), o.what, o.case);
    }
}

/// At least one case is refuted, with values for the variables, and none stays open.
#[track_caller]
fn refuted(all: &[Obligation]) {
    let outcomes = outcomes(all);
    let counterexample = |o: &Outcome| matches!(o, Outcome::Refuted(model) if !model.is_empty());
    assert!(outcomes.iter().any(counterexample), "not refuted: {outcomes:?}");
    assert!(outcomes.iter().all(|o| matches!(o, Outcome::Refuted(_) | Outcome::Proved)), "{outcomes:?}");
}

/// The obligations of a rule written here, at a type.
fn at(ty: Type, r: Rule) -> Vec<Obligation> {
    state::rule(&rules(), &Rule { ty, ..r })
}

/// The last rule of an operation at a type in the real set, which is the most general one.
fn real(op: Opcode, ty: Type) -> Rule {
    rules().rules.into_iter().rfind(|r| r.lhs.op == op && r.ty == ty).expect("the operation has rules at the type")
}

/// The real rule is proved; as `fault` changes it, it is refuted.
#[track_caller]
fn plant(op: Opcode, ty: Type, fault: impl Fn(&mut MInst)) {
    let mut rule = real(op, ty);
    proved(&state::rule(&rules(), &rule));
    let Rhs::Inst(inst) = &mut rule.rhs else { panic!("the rule has an instruction") };
    fault(inst);
    refuted(&state::rule(&rules(), &rule));
}

#[test]
fn swapped_operands() {
    plant(Opcode::Select, I32, |cmov| cmov.args.swap(0, 1));
}

/// A copy of a narrow value, which another read of it may find, has its upper half cleared.
#[test]
fn two_reads_of_one_value() {
    let with = |x: Arg| {
        let s = Seq::default().set(T, neg(32, X));
        at(I64, bmask(X.at(I32)).to(s.set(U, sbb(64, x.clone(), x)).gives([U])))
    };
    proved(&with(T.into()));
    refuted(&with(wide(X).into()));
}

#[test]
fn wrong_mask_width() {
    let with = |mask: i64| ushr(X, Y.at(I8)).to(shr(8, X, and(32, wide(Y), mask)));
    proved(&at(I8, with(7)));
    refuted(&at(I8, with(15)));
}

#[test]
fn widened_load() {
    plant(Opcode::Uload8, I32, |load| *load = mov_load(32, A));
}

#[test]
fn dropped_extension() {
    plant(Opcode::Uextend, I64, |mov| mov.width = 64);
    proved(&at(I64, uextend(X.at(I32).zero_upper()).to(X)));
    refuted(&at(I64, uextend(X.at(I32)).to(X)));
}

#[test]
fn off_by_one_immediate() {
    let set = rules();
    let n = set.nonterminals.iter().find(|n| n.gives == Gives::Address).expect("addresses");
    let mut alternative = n.alternatives[0].clone();
    proved(&state::alternative(&set, n, &alternative));
    let Out::Address(place) = &mut alternative.out else { panic!("an address") };
    place.disp = apply(fun!(faulty::sum_and_one, a, b), [K, OFF]);
    refuted(&state::alternative(&set, n, &alternative));
}

#[test]
fn wrong_condition() {
    let set = rules();
    let n = set.nonterminals.iter().find(|n| n.gives == Gives::Test).expect("tests");
    let swapped = |a: &&Alternative| matches!(&a.out, Out::Test(Test { cc: CcExpr::Swapped(_), .. }));
    let mut alternative = n.alternatives.iter().find(swapped).expect("a comparison with a constant in front").clone();
    proved(&state::alternative(&set, n, &alternative));
    for wrong in [CcExpr::Of(CC), is(Cc::E)] {
        let Out::Test(test) = &mut alternative.out else { panic!("a test") };
        test.cc = wrong;
        refuted(&state::alternative(&set, n, &alternative));
    }
}

#[test]
fn wrong_trap() {
    plant(Opcode::Trapz, I32, |trap| *trap = trap_if(C));
    refuted(&at(I64, uadd_overflow_trap(X, Y).to(add(64, X, Y))));
}

#[test]
fn reordered_effect() {
    const B: Addr = Addr { name: "b", ..A };
    let both =
        |first: Addr, second: Addr| iadd(load(A), load(B)).to(add(32, mov_load(32, first), mov_load(32, second)));
    proved(&at(I32, both(A, B)));
    refuted(&at(I32, both(B, A)));
}

#[test]
fn wrong_predicate() {
    let with = |test: Fun| iconst(K.when(test)).to(mov_s32(K));
    proved(&at(I64, with(fun!(imm::simm32, k))));
    refuted(&at(I64, with(fun!(imm::uimm32, k))));
}

#[test]
fn wrong_contract() {
    let set = rules();
    proved(&state::contract(&set, (Opcode::Iadd, I32, Above::Zero)));
    refuted(&state::contract(&set, (Opcode::Sextend, I64, Above::Zero)));
    refuted(&state::contract(&set, (Opcode::Ishl, I16, Above::Zero)));
    // what a call gives is not made by a rule
    let by_hand = outcomes(&state::contract(&set, (Opcode::Call, I32, Above::Zero)));
    assert!(matches!(&by_hand[..], [Outcome::IllFormed(why)] if why.contains("no rule")), "{by_hand:?}");
}

#[test]
fn a_lost_operand_in_memory_is_a_lost_load() {
    // as a register or a constant the operand may be dropped, as a load it may not
    let o = at(I32, band(R, iconst(K.when(fun!(imm::zero, k)))).to(mov_u32(0)));
    let refuted = |o: &Outcome| matches!(o, Outcome::Refuted(_));
    assert_eq!(outcomes(&o).iter().filter(|o| refuted(o)).count(), 1);
}

#[test]
fn a_rule_that_never_matches_proves_nothing() {
    let o = at(I32, iconst(K.when(fun!(faulty::never, k))).to(mov_u32(K)));
    assert_eq!(outcomes(&o), [Outcome::Vacuous]);
}

#[test]
fn ill_formed_rules_are_told() {
    let told = |r: Rule| match &outcomes(&at(I32, r))[..] {
        [Outcome::IllFormed(why), ..] => why.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(ineg(X).to(neg(32, Y))), "`y` is not bound on the left");
    assert!(told(ishl(X, Y.at(I32)).to(shlx(32, X, Y))).contains("needs has_bmi2"));
    assert!(told(iadd(iconst(K), iconst(K)).to(mov_u32(K))).starts_with("`k` stands twice"));
    assert!(told(iadd(X, Y).to(ud2())).contains("gives no result"));
    assert!(told(brif(C).to(set(C))).contains("does not have"));
    assert!(told(iadd(X, Y).to(mov_store(8, A, K))).contains("not bound"));
    assert!(told(brif(C).to(branch(flags(is(Cc::E), mov(32, X))))).contains("not bound"));
}

/// The obligations of a simplification written here, at a type.
fn equal(ty: Type, e: Equation) -> Vec<Obligation> {
    state::equation(&Equation { ty, ..e })
}

#[test]
fn a_false_constant_of_a_simplification() {
    let k = |f: Fun| isub(X, iconst(K)).is(iadd(X, iconst(S))).with(S, f, [K.into()]);
    proved(&equal(I32, k(fun!(constants::negation, k))));
    refuted(&equal(I32, k(fun!(constants::inverse, k))));
}

#[test]
fn a_simplification_that_loses_a_trap_or_a_condition() {
    // 0 divided by what may be 0 is not 0
    let zero = || iconst(K.when(fun!(imm::zero, k)));
    refuted(&equal(I32, udiv(zero(), X).is(iconst(N)).number(N, 0)));
    let by_one = udiv(X, iconst(K.when(fun!(constants::one, k))));
    proved(&equal(I32, by_one.is(X)));
    // signed order is not that of unsigned numbers, unless both were extended
    let narrow = || icmp(CC, uextend(X.at(I8)), uextend(Y.at(I8))).is(icmp(CC, X, Y).at(I8));
    proved(&equal(I32, narrow().only(CC, [IntCC::Equal, IntCC::UnsignedLessThan])));
    refuted(&equal(I32, narrow().only(CC, [IntCC::Equal, IntCC::SignedLessThan])));
}

#[test]
fn a_split_that_leaves_values_out() {
    let powers = |of: &[i64]| {
        let e = imul(X, iconst(K)).is(ishl(X, iconst(S).at(I8)));
        let w = || ImmArg::Is(8);
        e.when(fun!(constants::power_of_two, k, w), [K.into(), w()])
            .with(S, fun!(constants::log2, k, w), [K.into(), w()])
            .split(K, of.iter().copied())
    };
    proved(&equal(I8, powers(&[1, 2, 4, 8, 16, 32, 64, -128])));
    refuted(&equal(I8, powers(&[1, 2, 4, 8, 16, 32, 64])));
}

#[test]
fn choices_of_the_left_side_are_existential() {
    // any `x` is some choice, but not every one is a choice with a clear sign
    let (x, c) = (Smt::sym("x", 8), Smt::sym("c", 8));
    let ask = |same: Smt| {
        let mut script = Script::default();
        script.assert_forall(std::slice::from_ref(&c), &same.not());
        let mut session = solver().start().unwrap_or_else(|e| panic!("{e}"));
        session.check(script.text(), &[]).unwrap_or_else(|e| panic!("{e}"))
    };
    assert_eq!(ask(c.eq(&x)), Answer::Unsat);
    assert_eq!(ask(c.and(&Smt::lit(8, 0x7f)).eq(&x)), Answer::Sat(vec![]));
}

#[test]
fn narrow_arithmetic_may_leave_anything_above() {
    proved(&at(I8, iadd(X, R).to(add(32, wide(X), wide(R)))));
    proved(&at(I16, isub(X, R).to(sub(16, X, R))));
    refuted(&at(I32, isub(X, R).to(sub(16, low(X), low(R)))));
}

#[test]
fn flags_lost_inside_of_a_step() {
    let sum = |between: Option<MInst>| {
        let s = Seq::default().set(T, add(64, X, Y));
        let s = between.into_iter().fold(s, |s, i| s.set(U, i));
        uadd_overflow_trap(X, Y).to(s.run(trap_if(is(Cc::B))).gives([T])).needs(Feature::Bmi2)
    };
    proved(&at(I64, sum(None)));
    proved(&at(I64, sum(Some(shlx(64, X, Y)))));
    refuted(&at(I64, sum(Some(shlx(64, X, and(64, Y, 63))))));
}
