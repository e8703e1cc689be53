//! Checks that lowering kept the order of effects: in every block the machine instructions have the effects of the IR's,
//! each once and in order, and no load went past one. Needs the IR and a [`VCode`]; shares nothing with lowering but the
//! question what an effect is.

use crate::lower::has_effect;
use crate::order::BlockOrder;
use crate::vcode::VCode;
use windlass_ir::ir::{Function, Inst};

fn is_load(func: &Function, inst: Inst) -> bool {
    func.dfg.insts[inst].opcode().row().effects.has(windlass_desc::ops::Effects::LOAD)
}

/// The first difference, in words.
pub fn check(func: &Function, order: &BlockOrder, vcode: &VCode) -> Result<(), String> {
    let mut at = 0;
    for (n, &block) in order.blocks.iter().enumerate() {
        let (_, end) = vcode.code.blocks[n].insts;
        let first = at;
        while vcode.effects.get(at).is_some_and(|e| e.0 < end) {
            at += 1;
        }
        let mut machine = vcode.effects[first..at].iter().map(|e| Inst::from_u32(e.1)).peekable();
        let mut free: Vec<Inst> = vec![];
        for inst in func.layout.block_insts(block) {
            if !has_effect(func, inst) {
                // a load that cannot trap may be anywhere up to the next effect, or nowhere
                free.extend(is_load(func, inst).then_some(inst));
                continue;
            }
            if is_load(func, inst) {
                // this load may have gone to its user, past others that cannot trap
                let after = std::iter::successors(func.layout.next_inst(inst), |i| func.layout.next_inst(*i));
                free.extend(after.take_while(|i| !has_effect(func, *i)).filter(|i| is_load(func, *i)));
            }
            while machine.peek().is_some_and(|i| free.contains(i)) {
                machine.next();
            }
            if machine.next() != Some(inst) {
                return Err(format!("{inst} of {block} is not in its place among the effects of the machine code"));
            }
            free.clear();
        }
        if let Some(extra) = machine.find(|i| !free.contains(i)) {
            return Err(format!("the machine code of {block} has the effect of {extra} once too often"));
        }
    }
    Ok(())
}
