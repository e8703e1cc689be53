//! The stack limit: the global value that says it, as steps for the prologue, which computes it before there is a frame.

use crate::abi::Place;
use crate::error::{CodegenError, CodegenResult};
use crate::lower::Lower;
use crate::vcode::Limit;
use windlass_desc::types::I64;
use windlass_ir::ir::{ArgumentPurpose, GlobalValueData};
use windlass_ir::isa::CallConv;

/// Steps that compute the stack limit from the global value that says it.
pub(super) fn stack_limit(c: &mut Lower<'_>) -> CodegenResult<()> {
    let func = c.func;
    let Some(mut at) = func.stack_limit else { return Ok(()) };
    if func.signature.call_conv == CallConv::PreserveAll {
        return Err(CodegenError::unsupported("a stack limit under convention preserve_all"));
    }
    let refused = |what: &str| Err(CodegenError::unsupported(format!("a stack limit that is {what}")));
    let mut steps = vec![];
    // each value stands on another; a circle is longer than there are values
    for _ in 0..=func.global_values.len() {
        match &func.global_values[at] {
            GlobalValueData::VMContext => {
                let n = func.signature.params.iter().position(|p| p.purpose == ArgumentPurpose::VMContext);
                match n.map(|n| c.given.places.args[n][0].at) {
                    Some(Place::Reg(r)) => steps.push(Limit::Register(r)),
                    Some(Place::Stack(n)) => steps.push(Limit::Argument(n)),
                    Some(Place::Copy { .. }) => return refused("a copy"),
                    None => return refused("vmctx, in a function without such a parameter"),
                }
                steps.reverse();
                c.vcode.limit = steps;
                return Ok(());
            }
            GlobalValueData::Symbol { name, offset, tls: false, .. } if !c.given.options.pic => {
                steps.push(Limit::Symbol(c.symbol_number(name.clone()), offset.bits()));
                steps.reverse();
                c.vcode.limit = steps;
                return Ok(());
            }
            &GlobalValueData::Load { base, offset, global_type: I64, .. } => {
                steps.push(Limit::Load(offset.into()));
                at = base;
            }
            &GlobalValueData::IAddImm { base, offset, global_type: I64 } => {
                let Ok(offset) = i32::try_from(offset.bits()) else { return refused("far from another value") };
                steps.push(Limit::Add(offset));
                at = base;
            }
            _ => return refused("no address made of vmctx, loads and constants"),
        }
    }
    refused("made of itself")
}
