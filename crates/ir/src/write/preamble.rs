//! Prints a function's declarations. Needs the tables. Entities that stand for numbers left out are printed where their
//! number would otherwise be lost to others, as the reader makes them again.

use super::FuncWriter;
use crate::entity::packed_option::ReservedValue;
use crate::ir::Function;
use crate::ir::entities::AnyEntity;
use std::fmt::{self, Write};

pub(super) fn write<FW: FuncWriter + ?Sized>(
    writer: &mut FW,
    w: &mut dyn Write,
    func: &Function,
) -> Result<bool, fmt::Error> {
    let mut any = false;
    let mut put = |w: &mut dyn Write, entity: AnyEntity, value: &dyn fmt::Display| {
        any = true;
        writer.write_entity_definition(w, func, entity, value)
    };
    for (dt, data) in func.dfg.dynamic_types.iter().filter(|(_, d)| !d.dynamic_scale.is_reserved_value()) {
        put(w, dt.into(), &format_args!("{}*{}", data.base_vector_ty, data.dynamic_scale))?;
    }
    for (dss, data) in func.dynamic_stack_slots.iter().filter(|(_, d)| !d.dyn_ty.is_reserved_value()) {
        put(w, dss.into(), data)?;
    }
    for (ss, data) in func.sized_stack_slots.iter() {
        put(w, ss.into(), data)?;
    }
    for (region, data) in func.dfg.alias_regions.iter() {
        put(w, region.into(), &format_args!("{} \"{}\"", data.user_id, data.description))?;
    }
    for (gv, data) in func.global_values.iter() {
        put(w, gv.into(), &data.display(&func.dfg.mem_flags))?;
    }
    for (sig, data) in func.dfg.signatures.iter() {
        put(w, sig.into(), data)?;
    }
    for (f, data) in func.dfg.ext_funcs.iter().filter(|(_, d)| !d.signature.is_reserved_value()) {
        put(w, f.into(), &data.display(Some(&func.params)))?;
    }
    for (c, data) in func.dfg.constants.iter() {
        put(w, (*c).into(), data)?;
    }
    if let Some(limit) = func.stack_limit {
        put(w, AnyEntity::StackLimit, &limit)?;
    }
    Ok(any)
}
