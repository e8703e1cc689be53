//! What stands before the blocks: signatures, global values, alias regions, dynamic types. Needs the tables.

use super::{Verifier, VerifierStepResult};
use crate::entity::packed_option::ReservedValue;
use crate::entity::{EntityRef, EntitySet};
use crate::ir::entities::{AnyEntity, GlobalValue, SigRef};
use crate::ir::{ArgumentExtension, ArgumentPurpose, ExternalName, GlobalValueData, MemFlags, Signature, Type};
use crate::isa::CallConv;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

impl Verifier<'_> {
    /// Everything but signatures. After this, references between declarations can be followed.
    pub(super) fn declarations(&mut self) -> VerifierStepResult {
        let step = self.globals();
        self.unless_all(step)?;
        self.regions();
        self.dynamic_types();
        if let Some(limit) = self.func.stack_limit
            && !self.func.global_values.is_valid(limit)
        {
            self.error(AnyEntity::StackLimit, format!("invalid global value reference {limit}"));
        }
        self.aliases();
        Ok(())
    }

    /// A signature is checked where a function has it, else where it is declared.
    pub(super) fn signatures(&mut self) -> VerifierStepResult {
        let func = self.func;
        let step = self.own_signature();
        self.unless_all(step)?;
        let mut seen: EntitySet<SigRef> = EntitySet::new();
        for (f, data) in func.dfg.ext_funcs.iter().filter(|(_, d)| !d.signature.is_reserved_value()) {
            let step = match func.dfg.signatures.get(data.signature) {
                Some(sig) => {
                    seen.insert(data.signature);
                    self.signature(f, sig)
                }
                None => self.fatal(f, format!("invalid signature reference {}", data.signature)),
            };
            self.unless_all(step)?;
            if let ExternalName::User(name) = data.name
                && !func.params.user_named_funcs().is_valid(name)
            {
                self.error(f, format!("undefined external name {name}"));
            }
        }
        for (sig, data) in func.dfg.signatures.iter().filter(|(sig, _)| !seen.contains(*sig)) {
            let step = self.signature(sig, data);
            self.unless_all(step)?;
        }
        Ok(())
    }

    /// Extensions and purposes are checked of what is defined here; those of imports are for whoever calls them.
    fn own_signature(&mut self) -> VerifierStepResult {
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
        self.signature(at, sig)
    }

    fn signature(&mut self, at: impl Into<AnyEntity>, sig: &Signature) -> VerifierStepResult {
        if sig.call_conv == CallConv::PreserveAll && !sig.returns.is_empty() {
            return self.fatal(at, "Signature with `preserve_all` ABI cannot have return values");
        }
        Ok(())
    }

    fn regions(&mut self) {
        let mut seen = FxHashMap::default();
        for (region, data) in self.func.dfg.alias_regions.iter() {
            let first = *seen.entry(data.user_id).or_insert(region);
            if first != region {
                let message = format!("duplicate alias region user_id {}: {first} and {region}", data.user_id);
                self.error(region, message);
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

    /// Global values lead somewhere, not back to themselves, and have the types that their users need. Each is passed a
    /// bounded number of times: a walk ends where an earlier one was.
    fn globals(&mut self) -> VerifierStepResult {
        let func = self.func;
        // Which walk, counted from 1, came by each global value.
        let mut walks: Vec<u32> = vec![0; func.global_values.len()];
        for (gv, data) in func.global_values.iter() {
            let step = self.global_path(gv, &mut walks);
            self.unless_all(step)?;
            match *data {
                GlobalValueData::VMContext => {
                    if func.signature.special_param_index(ArgumentPurpose::VMContext).is_none() {
                        self.error(gv, format!("undeclared vmctx reference {gv}"));
                    }
                }
                GlobalValueData::IAddImm { base, global_type, .. } => {
                    if !global_type.is_int() {
                        self.error(gv, format!("iadd_imm global value with non-int type {global_type}"));
                    } else if let Some(ty) = self.global_type(base).filter(|ty| *ty != global_type) {
                        self.error(gv, format!("iadd_imm type {global_type} differs from operand type {ty}"));
                    }
                }
                GlobalValueData::Load { base, flags, .. } => {
                    let pointer = self.target.map(|t| t.pointer_type());
                    if let (Some(pointer), Some(ty)) = (pointer, self.global_type(base))
                        && ty != pointer
                    {
                        self.error(gv, format!("base {base} has type {ty}, which is not the pointer type {pointer}"));
                    }
                    self.global_flags(gv, flags);
                }
                GlobalValueData::Symbol { .. } | GlobalValueData::DynScaleTargetConst { .. } => {}
            }
        }
        Ok(())
    }

    fn global_flags(&mut self, gv: GlobalValue, flags: MemFlags) {
        let dfg = &self.func.dfg;
        if !dfg.mem_flags.is_valid(flags) {
            self.error(gv, format!("invalid memory flags reference {flags}"));
        } else if let Some(region) = dfg.mem_flags[flags].alias_region()
            && !dfg.alias_regions.is_valid(region)
        {
            self.error(gv, format!("undefined alias region {region}"));
        }
    }

    /// Follows what a global value is based on.
    fn global_path(&mut self, start: GlobalValue, walks: &mut [u32]) -> VerifierStepResult {
        let (globals, mark) = (&self.func.global_values, start.as_u32() + 1);
        let (mut path, mut gv) = (SmallVec::<[GlobalValue; 4]>::new(), start);
        while walks[gv.index()] == 0 {
            walks[gv.index()] = mark;
            path.push(gv);
            match base_of(&globals[gv]) {
                Some(base) if !globals.is_valid(base) => {
                    return self.fatal(gv, format!("invalid global value reference {base}"));
                }
                Some(base) => gv = base,
                None => return Ok(()),
            }
        }
        if walks[gv.index()] < mark {
            return Ok(());
        }
        let names: Vec<String> = path.iter().map(|gv| gv.to_string()).collect();
        self.fatal(start, format!("global value cycle: [{}]", names.join(", ")))
    }

    /// The type of a global value that is there, which depends on the target.
    pub(super) fn global_type(&self, gv: GlobalValue) -> Option<Type> {
        Some(self.func.global_values.get(gv)?.global_type(self.target?))
    }
}

fn base_of(data: &GlobalValueData) -> Option<GlobalValue> {
    match data {
        GlobalValueData::Load { base, .. } | GlobalValueData::IAddImm { base, .. } => Some(*base),
        _ => None,
    }
}
