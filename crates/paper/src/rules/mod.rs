//! The rules of the paper machine. Rules of a root operation stand together, in order: the first match wins. `inst.rs`
//! has the constructors of right sides, `operands.rs` the nonterminals, the other files the rules by kind of operation.

mod float;
pub mod inst;
mod int;
mod mem;
mod operands;
mod wide;

use super::Paper;
use windlass_desc::ops::Opcode;
use windlass_rules::machine::Machine;
use windlass_rules::term::RuleSet;

/// The machine.
pub fn machine() -> Machine {
    Machine::of::<Paper>()
}

/// All rules, and what is lowered by hand. Everything else is declined: the machine is for what is common to machines,
/// not for all operations.
pub fn rules() -> RuleSet {
    let mut r = RuleSet::new(machine());
    operands::rules(&mut r);
    int::rules(&mut r);
    mem::rules(&mut r);
    float::rules(&mut r);
    wide::rules(&mut r);
    r.custom = vec![
        (Opcode::Jump, "flow::jump"),
        (Opcode::Return, "calls::return_"),
        (Opcode::Call, "calls::call"),
        (Opcode::CallIndirect, "calls::call_indirect"),
        (Opcode::BrTable, "flow::br_table"),
        (Opcode::Nop, "flow::nop"),
        (Opcode::SymbolValue, "flow::symbol_value"),
        (Opcode::SequencePoint, "flow::sequence_point"),
        (Opcode::GetStackPointer, "flow::get_stack_pointer"),
        (Opcode::GetPinnedReg, "flow::get_pinned_reg"),
        (Opcode::SetPinnedReg, "flow::set_pinned_reg"),
    ];
    let known = |op: Opcode| r.supported.iter().any(|s| s.0 == op) || r.custom.iter().any(|c| c.0 == op);
    let others = Opcode::ALL.iter().filter(|&&op| !known(op));
    r.declined = others.map(|&op| (op, "the paper machine has few operations")).collect();
    r
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_well_formed() {
        let text = windlass_rules::generate::generate(&rules()).unwrap_or_else(|e| panic!("{e}"));
        assert!(text.contains("rules/int.rs:"), "each arm cites its rule");
    }

    #[test]
    fn everything_can_be_stated() {
        for o in windlass_rules::prove::obligations(&rules()) {
            assert!(o.query.is_ok(), "{}: {} at {}: {:?}", o.at, o.what, o.ty, o.query);
        }
    }
}
