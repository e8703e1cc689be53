//! The rules of the paper machine are proved as those of real ones are: byte order, condition codes tested by masks,
//! narrow writes that keep the rest of a register and a third bank are facts of a machine to the prover. Faults that only
//! such a machine can have are refuted.

use std::time::Duration;
use windlass_desc::types::{I16, I32, I64, I128, Type};
use windlass_paper::cond;
use windlass_paper::rules::{inst::*, rules};
use windlass_prove::solver::Solver;
use windlass_prove::{Outcome, prove};
use windlass_rules::pat::*;
use windlass_rules::prove::{Obligation, obligations, rule};
use windlass_rules::term::*;

fn outcomes(all: &[Obligation]) -> Vec<Outcome> {
    let solver = Solver::find(Duration::from_secs(60)).unwrap_or_else(|e| panic!("{e}"));
    prove(&solver, &all.iter().collect::<Vec<_>>(), 2, || ()).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn all_rules_are_right() {
    let all = obligations(&rules());
    assert!(all.len() > 400, "{} obligations", all.len());
    let mut wrong = vec![];
    for (o, outcome) in all.iter().zip(outcomes(&all)) {
        if outcome != Outcome::Proved {
            wrong.push(format!("{}:{} {}.{} {}: {outcome:?}", o.at.file(), o.at.line(), o.what, o.ty, o.case));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[track_caller]
fn refuted(ty: Type, r: Rule) {
    let outcomes = outcomes(&rule(&rules(), &Rule { ty, ..r }));
    assert!(outcomes.iter().any(|o| matches!(o, Outcome::Refuted(_))), "{outcomes:?}");
}

#[test]
fn byte_orders_are_told_apart() {
    refuted(I64, load(A.swapped()).to(ld(64, A)));
    refuted(I64, load(A).to(ldswap(64, A)));
    refuted(I32, store(X, A).to(stswap(32, A, X)));
    let (low, high) = (Tmp::new("low"), Tmp::new("high"));
    let near = A.plus(8);
    // the lower half does not come first
    refuted(I128, load(near).to(Seq::default().set(low, ld(64, A)).set(high, ld(64, near)).gives([low, high])));
}

#[test]
fn what_a_narrow_write_keeps_is_not_what_it_writes() {
    refuted(I64, uextend(X.at(I32)).to(add(32, wide(X), li(0))));
    refuted(I64, uload16(A.swapped()).to(ldswap(16, A)));
    refuted(I64, sextend(X.at(I16)).to(zext16(X)));
}

#[test]
fn masks_of_conditions_are_not_those_of_opposites() {
    refuted(I64, trapz(C).to(trap_if(C)));
    let (no, yes) = (Tmp::new("no"), Tmp::new("yes"));
    let chosen = |compare: MInst, cc: CcExpr| {
        let s = Seq::default().run(compare).set(no, li(0)).set(yes, li(1));
        s.set(T, sel(cc, no, yes)).gives([T])
    };
    // the condition does not say whether the comparison is signed
    refuted(I64, icmp(CC, X, Y).to(chosen(cmp(64, X, Y), of(CC))));
    refuted(I64, icmp(CC, X, Y).to(chosen(cmpl(64, X, Y), is(cond::ZERO))));
}
