//! Operands and results have the types that the operation's row allows. Needs the rows; those of calls come from
//! signatures and are checked with them.

use super::Verifier;
use crate::ir::entities::{Inst, Value};
use windlass_desc::ops::{Format, Ty};
use windlass_desc::types::{self, Type, TypeSet};

/// The set in words.
fn describe(set: TypeSet) -> String {
    let scalars = types::INTS.into_iter().chain(types::FLOATS).filter(|t| set.lanes >> t.repr() & 1 != 0);
    let names: Vec<String> = scalars.map(|t| t.to_string()).collect();
    let mut kinds = Vec::new();
    if set.counts & 1 != 0 {
        kinds.push("scalar");
    }
    if set.counts & !1 != 0 {
        kinds.push("fixed vector");
    }
    if set.dynamic != 0 {
        kinds.push("dynamic vector");
    }
    format!("{} of {}", kinds.join(" or "), names.join(", "))
}

/// What is wrong with operand `n`, `v`, of type `found`.
fn wrong_operand(n: usize, v: Value, found: Type, expected: Ty, ctv: Type) -> String {
    let set = match expected {
        Ty::In(set) => describe(set),
        Ty::Narrower => format!("of what is narrower than {ctv}"),
        Ty::Wider => format!("of what is wider than {ctv}"),
        _ => return format!("arg {n} ({v}) has type {found}, expected {}", only(expected, ctv)),
    };
    format!("arg {n} ({v}) with type {found} failed to satisfy type set {set}")
}

/// The one type that the controlling type leaves, in words.
fn only(ty: Ty, ctv: Type) -> String {
    ty.of(ctv).map_or("nothing".into(), |t| t.to_string())
}

impl Verifier<'_> {
    pub(super) fn types(&mut self, inst: Inst) {
        let dfg = &self.func.dfg;
        let row = dfg.insts[inst].opcode().row();
        let ctv = dfg.ctrl_typevar(inst);
        if let Some(set) = row.ctv.set().filter(|set| !set.contains(ctv)) {
            let message = format!("has an invalid controlling type {ctv} (allowed set is {})", describe(set));
            self.inst_error(inst, message);
        }
        for (n, (v, operand)) in dfg.inst_fixed_args(inst).iter().zip(row.operands).enumerate() {
            let ty = dfg.value_type(*v);
            if !operand.ty.admits(ctv, ty) {
                self.inst_error(inst, wrong_operand(n, *v, ty, operand.ty, ctv));
            }
        }
        if matches!(row.format, Format::Call | Format::CallIndirect) {
            return;
        }
        let results = dfg.inst_results(inst);
        if results.len() != row.results.len() {
            let message = format!("has {} results, expected {}", results.len(), row.results.len());
            return self.inst_error(inst, message);
        }
        for (n, (v, result)) in results.iter().zip(row.results).enumerate() {
            let ty = dfg.value_type(*v);
            if !result.ty.admits(ctv, ty) {
                let expected = only(result.ty, ctv);
                self.inst_error(inst, format!("expected result {n} ({v}) to have type {expected}, found {ty}"));
            }
        }
    }
}
