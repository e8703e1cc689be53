//! The rules of riscv64. Rules of a root operation stand together, in order: the first match wins. `inst.rs` has the
//! constructors of right sides, `operands.rs` the nonterminals and extensions, the other files the rules by kind of
//! operation.

mod arith;
mod bits;
mod compare;
mod flow;
pub mod inst;
mod int;
mod mem;
mod operands;
mod shift;
mod wide;

use crate::machine::Machine;
use crate::term::RuleSet;
use windlass_desc::riscv64::Riscv64;

/// The machine.
pub fn machine() -> Machine {
    Machine::of::<Riscv64>()
}

/// All rules, with what is promised of results and what is lowered by hand.
pub fn rules() -> RuleSet {
    let mut r = RuleSet::new(machine());
    operands::rules(&mut r);
    int::rules(&mut r);
    compare::rules(&mut r);
    shift::rules(&mut r);
    arith::rules(&mut r);
    bits::rules(&mut r);
    mem::rules(&mut r);
    flow::rules(&mut r);
    wide::rules(&mut r);
    r
}
