//! Checks that lowering kept the order of effects: in every block the machine instructions have the effects of the IR's,
//! each once and in order, and no load went past one. Needs the IR and a [`VCode`]; shares nothing with lowering but the
//! question what an effect is.

use crate::lower::has_effect;
use crate::order::BlockOrder;
use crate::vcode::VCode;
use windlass_desc::ops::Effects;
use windlass_ir::entity::EntityRef;
use windlass_ir::ir::{Function, Inst};

fn is_load(func: &Function, inst: Inst) -> bool {
    func.dfg.insts[inst].opcode().row().effects.has(Effects::LOAD)
}

/// May an instruction become several that have its effect, one after the other? What traps and does nothing else, and
/// accesses of more than 64 bits.
fn may_repeat(func: &Function, inst: Inst) -> bool {
    let effects = func.dfg.insts[inst].opcode().row().effects;
    let access = effects.has(Effects::LOAD.or(Effects::STORE)) && !effects.has(Effects::CALL.or(Effects::OTHER));
    if access && func.dfg.ctrl_typevar(inst).bits() > 64 {
        return true;
    }
    effects.has(Effects::TRAP) && !effects.has(Effects::LOAD.or(Effects::STORE).or(Effects::CALL).or(Effects::OTHER))
}

/// A load that cannot trap and is not accounted for, or no such load.
const NO_GAP: u32 = u32::MAX;

/// The first difference, in words.
pub fn check(func: &Function, order: &BlockOrder, vcode: &VCode) -> Result<(), String> {
    // effects in order, and for each load that cannot trap how many of its block's stand before it
    let mut gaps = vec![NO_GAP; func.dfg.num_insts()];
    let mut at = 0;
    for (n, &block) in order.blocks.iter().enumerate() {
        let mut effects: Vec<Inst> = vec![];
        for inst in func.layout.block_insts(block) {
            if has_effect(func, inst) {
                effects.push(inst);
            } else if is_load(func, inst) {
                gaps[inst.index()] = effects.len() as u32;
            }
        }
        let (_, end) = vcode.code.blocks[n].insts;
        let first = at;
        while vcode.effects.get(at).is_some_and(|e| e.0 < end) {
            at += 1;
        }
        let (mut seen, mut last) = (0, None);
        for inst in vcode.effects[first..at].iter().map(|e| Inst::from_u32(e.1)) {
            let gap = std::mem::replace(&mut gaps[inst.index()], NO_GAP) as usize;
            // a load that may trap can have gone to its user, past loads that cannot
            let late = gap == seen + 1 && effects.get(seen).is_some_and(|&e| is_load(func, e));
            if effects.get(seen) == Some(&inst) {
                seen += 1;
            } else if !(gap == seen || late || last == Some(inst) && may_repeat(func, inst)) {
                return Err(format!("{inst} of {block} is not in its place among the effects of the machine code"));
            }
            last = Some(inst);
        }
        if let Some(lost) = effects.get(seen) {
            return Err(format!("the machine code of {block} lacks the effect of {lost}"));
        }
    }
    Ok(())
}
