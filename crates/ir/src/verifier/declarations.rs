//! What stands before the blocks: signatures, global values, alias regions, dynamic types. Needs the tables.

use super::Verifier;
use crate::entity::packed_option::ReservedValue;
use crate::entity::{EntityRef, EntitySet};
use crate::ir::entities::{AnyEntity, GlobalValue, SigRef};
use crate::ir::{ArgumentExtension, ArgumentPurpose, ExternalName, GlobalValueData, Signature, Type};
use crate::isa::CallConv;
use rustc_hash::FxHashSet;
use windlass_desc::types;

impl Verifier<'_> {
    /// Are references between declarations right? If not, instructions that lead there cannot be checked.
    pub(super) fn declarations(&mut self) -> bool {
        self.own_signature();
        self.signatures();
        self.regions();
        self.dynamic_types();
        let sound = self.global_references();
        if sound {
            self.globals();
        }
        sound
    }

    /// A signature is checked where a function has it, else where it is declared.
    fn signatures(&mut self) {
        let func = self.func;
        let mut seen: EntitySet<SigRef> = EntitySet::new();
        for (f, data) in func.dfg.ext_funcs.iter().filter(|(_, d)| !d.signature.is_reserved_value()) {
            match func.dfg.signatures.get(data.signature) {
                Some(sig) => {
                    seen.insert(data.signature);
                    self.signature(f, sig);
                }
                None => self.error(f, format!("invalid signature reference {}", data.signature)),
            }
            if let ExternalName::User(name) = data.name
                && !func.params.user_named_funcs().is_valid(name)
            {
                self.error(f, format!("undefined external name {name}"));
            }
        }
        for (sig, data) in func.dfg.signatures.iter().filter(|(sig, _)| !seen.contains(*sig)) {
            self.signature(sig, data);
        }
    }

    /// Extensions and purposes are checked of what is defined here; those of imports are for whoever calls them.
    fn own_signature(&mut self) {
        let (at, sig) = (AnyEntity::Function, &self.func.signature);
        for (n, p) in sig.params.iter().enumerate() {
            if p.extension != ArgumentExtension::None && !p.value_type.is_int() {
                let message = format!("Parameter at position {n} has invalid extension {:?}", p.extension);
                self.error(at, message);
            }
        }
        for (n, r) in sig.returns.iter().enumerate() {
            if r.extension != ArgumentExtension::None && !r.value_type.is_int() {
                let message = format!("Return value at position {n} has invalid extension {:?}", r.extension);
                self.error(at, message);
            }
            if let ArgumentPurpose::StructArgument(_) = r.purpose {
                self.error(at, format!("Return value at position {n} can't be an struct argument"));
            }
        }
        self.signature(at, sig);
    }

    fn signature(&mut self, at: impl Into<AnyEntity>, sig: &Signature) {
        if sig.call_conv == CallConv::PreserveAll && !sig.returns.is_empty() {
            self.error(at, "Signature with `preserve_all` ABI cannot have return values");
        }
    }

    fn regions(&mut self) {
        let mut seen = FxHashSet::default();
        for (region, data) in self.func.dfg.alias_regions.iter() {
            if !seen.insert(data.user_id) {
                self.error(region, format!("duplicate alias region user_id {}", data.user_id));
            }
        }
    }

    fn dynamic_types(&mut self) {
        let func = self.func;
        for (dss, data) in func.dynamic_stack_slots.iter().filter(|(_, d)| !d.dyn_ty.is_reserved_value()) {
            if !func.dfg.dynamic_types.is_valid(data.dyn_ty) {
                self.error(dss, format!("invalid dynamic type reference {}", data.dyn_ty));
            }
        }
        for (dt, data) in func.dfg.dynamic_types.iter().filter(|(_, d)| !d.dynamic_scale.is_reserved_value()) {
            if !func.global_values.is_valid(data.dynamic_scale) {
                self.error(dt, format!("invalid global value reference {}", data.dynamic_scale));
            }
        }
    }

    /// Do global values lead somewhere, and not back to themselves?
    fn global_references(&mut self) -> bool {
        let func = self.func;
        let before = self.errors.0.len();
        if let Some(limit) = func.stack_limit
            && !func.global_values.is_valid(limit)
        {
            self.error(AnyEntity::StackLimit, format!("invalid global value reference {limit}"));
        }
        for (gv, data) in func.global_values.iter() {
            if let Some(base) = base_of(data)
                && !func.global_values.is_valid(base)
            {
                self.error(gv, format!("invalid global value reference {base}"));
            }
            let GlobalValueData::Load { flags, .. } = data else { continue };
            if !func.dfg.mem_flags.is_valid(*flags) {
                self.error(gv, format!("invalid memory flags reference {flags}"));
            } else if let Some(region) = func.dfg.mem_flags[*flags].alias_region()
                && !func.dfg.alias_regions.is_valid(region)
            {
                self.error(gv, format!("undefined alias region {region}"));
            }
        }
        self.global_cycles();
        self.errors.0.len() == before
    }

    /// Reports each cycle once, at its first global value. Every value is visited a bounded number of times.
    fn global_cycles(&mut self) {
        let func = self.func;
        // Which walk, counted from 1, came by each global value.
        let mut walks: Vec<u32> = vec![0; func.global_values.len()];
        for (start, _) in func.global_values.iter() {
            let (walk, mut gv) = (start.as_u32() + 1, start);
            let closes = loop {
                match walks[gv.index()] {
                    0 => walks[gv.index()] = walk,
                    seen => break seen == walk,
                }
                match base_of(&func.global_values[gv]).filter(|base| func.global_values.is_valid(*base)) {
                    Some(base) => gv = base,
                    None => break false,
                }
            };
            if closes {
                self.global_cycle(gv);
            }
        }
    }

    fn global_cycle(&mut self, first: GlobalValue) {
        let next = |gv: &GlobalValue| base_of(&self.func.global_values[*gv]).filter(|base| *base != first);
        let cycle: Vec<String> = std::iter::successors(Some(first), next).map(|gv| gv.to_string()).collect();
        self.error(first, format!("global value cycle: [{}]", cycle.join(", ")));
    }

    /// Global values have the types that their users need.
    fn globals(&mut self) {
        let func = self.func;
        for (gv, data) in func.global_values.iter() {
            match *data {
                GlobalValueData::VMContext => {
                    if func.signature.special_param_index(ArgumentPurpose::VMContext).is_none() {
                        self.error(gv, format!("undeclared vmctx reference {gv}"));
                    }
                }
                GlobalValueData::IAddImm { base, global_type, .. } => {
                    if !global_type.is_int() {
                        self.error(gv, format!("iadd_imm global value with non-int type {global_type}"));
                    } else if let Some(ty) = self.global_type(base)
                        && ty != global_type
                    {
                        self.error(gv, format!("iadd_imm type {global_type} differs from operand type {ty}"));
                    }
                }
                GlobalValueData::Load { base, .. } => {
                    let pointer = self.target.map(|t| t.pointer_type());
                    if let (Some(pointer), Some(ty)) = (pointer, self.global_type(base))
                        && ty != pointer
                    {
                        self.error(gv, format!("base {base} has type {ty}, which is not the pointer type {pointer}"));
                    }
                }
                GlobalValueData::Symbol { .. } | GlobalValueData::DynScaleTargetConst { .. } => {}
            }
        }
    }

    /// The type of a global value, if it is known without a target or the target is.
    pub(super) fn global_type(&self, gv: GlobalValue) -> Option<Type> {
        match (&self.func.global_values[gv], self.target) {
            (data, Some(target)) => Some(data.global_type(target)),
            (GlobalValueData::IAddImm { global_type, .. } | GlobalValueData::Load { global_type, .. }, _) => {
                Some(*global_type)
            }
            (GlobalValueData::DynScaleTargetConst { .. }, _) => Some(types::I32),
            _ => None,
        }
    }
}

fn base_of(data: &GlobalValueData) -> Option<GlobalValue> {
    match data {
        GlobalValueData::Load { base, .. } | GlobalValueData::IAddImm { base, .. } => Some(*base),
        _ => None,
    }
}
