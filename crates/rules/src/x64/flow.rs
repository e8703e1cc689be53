//! Branches and traps on x86-64, and what is lowered by hand.

use super::inst::*;
use super::operands::INTS;
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::types::INVALID;

pub fn rules(r: &mut RuleSet) {
    r.custom = vec![
        (Opcode::Jump, "jump"),
        (Opcode::Return, "return_"),
        (Opcode::Call, "call"),
        (Opcode::CallIndirect, "call_indirect"),
        (Opcode::Nop, "nop"),
    ];
    r.supported.push((Opcode::Brif, INTS.into()));
    r.supported.push((Opcode::Trapz, INTS.into()));
    r.supported.push((Opcode::Trapnz, INTS.into()));
    r.supported.push((Opcode::Trap, vec![INVALID]));
    r.rule(INTS, |_| brif(C).to(branch(C)));
    r.rule(INTS, |_| trapz(C).to(trap_if(C.negate())));
    r.rule(INTS, |_| trapnz(C).to(trap_if(C)));
    r.rule(&[INVALID], |_| trap().to(ud2()));
}
