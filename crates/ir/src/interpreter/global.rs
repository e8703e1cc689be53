//! The address that a global value is. Needs the declarations.

use super::InterpreterError;
use crate::ir::entities::GlobalValue;
use crate::ir::{Function, GlobalValueData};
use windlass_desc::types::Type;

/// How many global values one may be based on.
const GLOBAL_DEPTH: usize = 1000;

/// The address that `gv` is: `root` says that of what is based on nothing, and `load` reads memory.
pub fn global_address(
    func: &Function,
    gv: GlobalValue,
    root: impl FnOnce(&GlobalValueData) -> Result<u64, InterpreterError>,
    mut load: impl FnMut(u64, Type) -> Result<u64, InterpreterError>,
) -> Result<u64, InterpreterError> {
    // What is still to do with the base's address, innermost last.
    let (mut todo, mut gv) = (Vec::new(), gv);
    let mut value = loop {
        if todo.len() > GLOBAL_DEPTH {
            return Err(InterpreterError::UnknownSymbol(gv.to_string()));
        }
        match &func.global_values[gv] {
            data @ (GlobalValueData::Load { base, .. } | GlobalValueData::IAddImm { base, .. }) => {
                todo.push(data);
                gv = *base;
            }
            data => break root(data)?,
        }
    };
    while let Some(data) = todo.pop() {
        value = match data {
            GlobalValueData::Load { offset, global_type, .. } => {
                load(value.wrapping_add_signed(i64::from(*offset)), *global_type)?
            }
            GlobalValueData::IAddImm { offset, .. } => value.wrapping_add_signed(offset.bits()),
            _ => value,
        };
    }
    Ok(value)
}
