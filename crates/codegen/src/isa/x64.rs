//! x86-64 as a target: its settings together with the shared ones. Needs the tables of [`crate::settings`]; leaves what
//! lowering and emission ask about the target.

use super::unwind::{UnwindInfo, UnwindInfoKind, systemv::RegisterMappingError};
use super::{Builder, FunctionAlignment, IsaFlagsHashKey, OwnedTargetIsa, TargetIsa};
use crate::backend::Backend;
use crate::compile::Pipeline;
use crate::error::{CodegenError, CodegenResult};
use crate::linkage::Linkage;
use crate::machinst::{CompiledCode, CompiledCodeStencil};
use crate::options::Options;
use crate::reg::Reg;
use crate::settings::{self, Flags, Value, x64};
use crate::text_section::{TextSection, TextSectionBuilder};
use crate::x64::backend::BACKEND;
use crate::x64::emit::NOPS;
use crate::x64::unwind as x64_unwind;
use std::fmt;
use target_lexicon::{Environment, Triple};
use windlass_control::ControlPlane;
use windlass_desc::feature;
use windlass_desc::x64::{Feature, regs};
use windlass_ir::ir::Function;
use windlass_ir::ir::types::{self, Type};
use windlass_regalloc::Class;

/// x86-64 with certain settings.
pub struct X64Isa {
    triple: Triple,
    flags: Flags,
    isa_flags: x64::Flags,
    /// What the settings say, read once.
    options: Options,
}

impl X64Isa {
    /// The features of the CPU.
    pub fn x64_flags(&self) -> &x64::Flags {
        &self.isa_flags
    }
}

/// What makes x86-64 for a platform.
pub(super) fn builder(triple: Triple, isa_flags: settings::Builder) -> Builder {
    Builder::new(triple, isa_flags, finish)
}

fn finish(triple: Triple, flags: Flags, isa_flags: &settings::Builder) -> CodegenResult<OwnedTargetIsa> {
    if triple.environment == Environment::Gnux32 {
        return Err(CodegenError::unsupported("the x32 ABI"));
    }
    super::check_shared(&flags)?;
    let isa_flags = x64::Flags::new(isa_flags.clone());
    let on = |setting| isa_flags.iter().any(|value| value.name == setting && value.as_bool() == Some(true));
    let features = feature::set_of(Feature::ALL, |row| on(row.setting));
    let options = Options::new(&triple, &flags, features);
    Ok(X64Isa { triple, flags, isa_flags, options }.wrapped())
}

impl TargetIsa for X64Isa {
    fn name(&self) -> &'static str {
        "x64"
    }

    fn triple(&self) -> &Triple {
        &self.triple
    }

    fn flags(&self) -> &Flags {
        &self.flags
    }

    fn isa_flags(&self) -> Vec<Value> {
        self.isa_flags.iter().collect()
    }

    fn isa_flags_hash_key(&self) -> IsaFlagsHashKey<'_> {
        IsaFlagsHashKey(self.isa_flags.hash_key())
    }

    fn function_alignment(&self) -> FunctionAlignment {
        // Instructions are fetched in lines of 32 bytes or more.
        FunctionAlignment { minimum: 1, preferred: 32 }
    }

    fn dynamic_vector_bytes(&self, _dynamic_ty: Type) -> u32 {
        16
    }

    fn has_native_fma(&self) -> bool {
        // FMA3 has VEX encodings only.
        self.isa_flags.has_avx() && self.isa_flags.has_fma()
    }

    fn has_round(&self) -> bool {
        self.isa_flags.has_sse41()
    }

    fn has_blendv_lowering(&self, ty: Type) -> bool {
        // BLENDV exists for lanes of 8, 32 and 64 bits.
        self.isa_flags.has_sse41() && ty != types::I16X8
    }

    fn has_x86_pshufb_lowering(&self) -> bool {
        self.isa_flags.has_ssse3()
    }

    fn has_x86_pmulhrsw_lowering(&self) -> bool {
        self.isa_flags.has_ssse3()
    }

    fn has_x86_pmaddubsw_lowering(&self) -> bool {
        self.isa_flags.has_ssse3()
    }

    fn backend(&self) -> &'static dyn Backend {
        BACKEND
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn compile_function(
        &self,
        func: &Function,
        pipeline: &mut Pipeline,
        want_disasm: bool,
        ctrl_plane: &mut ControlPlane,
    ) -> CodegenResult<CompiledCodeStencil> {
        let origins = func.stencil.srclocs.values().any(|loc| !loc.is_default());
        let options = Options { listing: want_disasm, origins, points: !func.debug_tags.is_empty(), ..self.options };
        let options = Options { chaos: ctrl_plane.seed(), ..options };
        let mut code = pipeline.compile(func, BACKEND, &options)?;
        let minimum = 1 << self.flags.log2_min_function_alignment();
        code.alignment = code.alignment.max(minimum);
        let nops = NOPS.map(<[u8]>::to_vec);
        Ok(CompiledCodeStencil::new(code, func, want_disasm, nops.into()))
    }

    fn emit_unwind_info(&self, code: &CompiledCode, kind: UnwindInfoKind) -> CodegenResult<Option<UnwindInfo>> {
        x64_unwind::info(kind, &code.buffer.unwind_info, code.buffer.total_size())
    }

    fn create_systemv_cie(&self) -> Option<gimli::write::CommonInformationEntry> {
        Some(x64_unwind::cie())
    }

    fn map_regalloc_reg_to_dwarf(&self, reg: Reg) -> Result<u16, RegisterMappingError> {
        let reg = reg.to_real_reg().ok_or(RegisterMappingError::MissingBank)?;
        Ok(x64_unwind::register(reg.preg()).0)
    }

    fn pretty_print_reg(&self, reg: Reg, size: u8) -> String {
        match reg.to_real_reg().map(|reg| (reg.class(), reg.hw_enc())) {
            Some((Class::Int, n)) => regs::name(n, u16::from(size) * 8),
            Some((_, n)) => format!("xmm{n}"),
            None => format!("{reg:?}"),
        }
    }

    fn text_section_builder(&self, num_labeled_funcs: usize) -> Box<dyn TextSectionBuilder> {
        Box::new(TextSection::new(Linkage::of(self.triple.architecture), num_labeled_funcs))
    }
}

impl fmt::Display for X64Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::fmt_target(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{builder, read_target};

    #[test]
    fn features_are_those_of_the_settings() {
        let features = |line: &str| {
            let isa = read_target(line).unwrap().isa_builder().unwrap();
            isa.finish(Flags::new(builder())).unwrap().options().features
        };
        assert_eq!(features("x86_64"), 0);
        for row in Feature::ALL {
            assert_eq!(features(&format!("x86_64 {}", row.setting)), 1 << row.number, "{}", row.setting);
        }
    }
}
