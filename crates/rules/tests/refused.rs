//! What the generator refuses: each kind of fault is planted in the real rules, and must be told with its place.

use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64};
use windlass_desc::x64::{Family, imm};
use windlass_rules::fun;
use windlass_rules::generate::generate;
use windlass_rules::pat::*;
use windlass_rules::term::*;
use windlass_rules::x64::rules;

/// A two-input instruction, written as a target's constructors would.
fn add(width: u16, args: Vec<Arg>) -> MInst {
    MInst { family: Family::Add.into(), width, form: None, args, flags: None, code: None }
}

/// The rules with one more, in front of all others so that nothing hides it.
fn with(ty: windlass_desc::types::Type, rule: Rule) -> RuleSet {
    let mut set = rules();
    set.rules.insert(0, Rule { ty, ..rule });
    set
}

fn refusal(set: &RuleSet) -> String {
    generate(set).expect_err("the planted fault is refused")
}

#[test]
fn the_real_rules_are_accepted() {
    let text = generate(&rules()).unwrap_or_else(|e| panic!("{e}"));
    assert!(text.contains("rules/x64/int.rs:"), "each arm cites its rule");
}

#[test]
fn an_operand_wider_than_its_value() {
    let e = refusal(&with(I16, iadd(X, Y).to(add(32, vec![X.into(), wide(Y).into()]))));
    assert!(e.contains("x has 16 bits, the operand 32") && e.contains("refused.rs"), "{e}");
}

#[test]
fn a_result_narrower_than_its_type() {
    let e = refusal(&with(I64, iadd(X, Y).to(add(16, vec![low(X).into(), low(Y).into()]))));
    assert!(e.contains("writes 16 bits of a result of 64"), "{e}");
}

#[test]
fn an_unbound_variable() {
    let z = Val::new("z");
    let e = refusal(&with(I32, iadd(X, Y).to(add(32, vec![X.into(), z.into()]))));
    assert!(e.contains("z is not bound on the left side"), "{e}");
}

#[test]
fn a_variable_of_two_kinds() {
    let e = refusal(&with(I32, iadd(X, iconst(Im { name: "x", test: None })).to(add(32, vec![X.into(), X.into()]))));
    assert!(e.contains("x stands for"), "{e}");
}

#[test]
fn a_rule_after_a_more_general_one() {
    let mut set = rules();
    set.rule(&[I32], |_| iadd(X, iconst(K.when(fun!(imm::simm32, k)))).to(add(32, vec![X.into(), K.into()])));
    let e = refusal(&set);
    assert!(e.contains("can never fire (at i32): rules/x64/int.rs:"), "{e}");
}

#[test]
fn a_name_for_a_value_after_other_rules() {
    let mut set = rules();
    set.rule(&[I64], |_| uextend(Val::new("x").at(I32).zero_upper()).to(X));
    let first = set.rules.iter().position(|r| r.lhs.op == Opcode::Uextend && r.ty == I64).expect("it is there");
    set.rules.remove(first);
    let e = refusal(&set);
    assert!(e.contains("must stand before"), "{e}");
}

#[test]
fn a_missing_case() {
    let mut set = rules();
    set.rules.retain(|r| !(r.lhs.op == Opcode::Bxor && r.ty == I8));
    assert!(refusal(&set).contains("bxor.i8: no rule matches it unconditionally"));

    let mut set = rules();
    set.rules.retain(|r| !matches!(&r.lhs.args[..], [_, Pat::Val(y)] if r.lhs.op == Opcode::Ishl && r.ty == I64 && y.ty == Some(I16)));
    assert!(refusal(&set).contains("ishl.i64: no rule matches it unconditionally where operand 1 is i16"));
}

#[test]
fn an_operation_that_nobody_speaks_of() {
    let mut set = rules();
    set.supported.retain(|s| s.0 != Opcode::UaddOverflowTrap);
    assert!(refusal(&set).contains("uadd_overflow_trap: neither lowered nor declared unsupported"));
}

#[test]
fn an_instruction_that_does_not_exist() {
    let e = refusal(&with(I64, iadd(X, Y).to(add(24, vec![X.into(), Y.into()]))));
    assert!(e.contains("there is no add at 24 bits"), "{e}");
}

#[test]
fn flags_that_something_inside_of_a_step_overwrites() {
    use windlass_desc::x64::flags::Cc;
    let trap = MInst { family: Family::TrapIf.into(), flags: Some(CcExpr::Is(Cc::B.into()).into()), ..add(64, vec![]) };
    let inner = add(64, vec![X.into(), add(64, vec![X.into(), Y.into()]).into()]);
    let steps = Seq::default().set(T, add(64, vec![X.into(), Y.into()])).set(U, inner).run(trap);
    let e = refusal(&with(I64, iadd(X, Y).to(steps.gives([T]))));
    assert!(e.contains("what a step takes must be steps of their own"), "{e}");
}
