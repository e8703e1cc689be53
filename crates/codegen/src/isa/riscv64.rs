//! riscv64 as a target: its settings together with the shared ones. Needs the tables of [`crate::settings`]; leaves what
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
use crate::riscv64::backend::BACKEND;
use crate::riscv64::emit::NOPS;
use crate::riscv64::unwind as riscv_unwind;
use crate::settings::{self, Flags, Value, riscv64};
use crate::text_section::{TextSection, TextSectionBuilder};
use std::fmt;
use target_lexicon::Triple;
use windlass_control::ControlPlane;
use windlass_desc::riscv64::regs;
use windlass_ir::ir::types::Type;
use windlass_ir::ir::{ArgumentExtension, Function};
use windlass_regalloc::Class;

/// riscv64 with certain settings.
pub struct Riscv64Isa {
    triple: Triple,
    flags: Flags,
    isa_flags: riscv64::Flags,
    /// What the settings say, read once.
    options: Options,
}

impl Riscv64Isa {
    /// The features of the CPU.
    pub fn riscv64_flags(&self) -> &riscv64::Flags {
        &self.isa_flags
    }
}

/// What makes riscv64 for a platform.
pub(super) fn builder(triple: Triple, isa_flags: settings::Builder) -> Builder {
    Builder::new(triple, isa_flags, finish)
}

fn finish(triple: Triple, flags: Flags, isa_flags: &settings::Builder) -> CodegenResult<OwnedTargetIsa> {
    super::check_shared(&flags)?;
    let isa_flags = riscv64::Flags::new(isa_flags.clone());
    for (name, is_on) in [("has_m", isa_flags.has_m()), ("has_a", isa_flags.has_a())] {
        if !is_on {
            return Err(CodegenError::unsupported(format!("riscv64 without {name}")));
        }
    }
    let options = Options::new(&triple, &flags, 0);
    Ok(Riscv64Isa { triple, flags, isa_flags, options }.wrapped())
}

impl TargetIsa for Riscv64Isa {
    fn name(&self) -> &'static str {
        "riscv64"
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
        FunctionAlignment { minimum: 4, preferred: 4 }
    }

    fn dynamic_vector_bytes(&self, _dynamic_ty: Type) -> u32 {
        16
    }

    fn has_native_fma(&self) -> bool {
        true
    }

    fn has_round(&self) -> bool {
        self.isa_flags.has_zfa()
    }

    fn has_blendv_lowering(&self, _: Type) -> bool {
        false
    }

    fn default_argument_extension(&self) -> ArgumentExtension {
        ArgumentExtension::Sext
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
        _ctrl_plane: &mut ControlPlane,
    ) -> CodegenResult<CompiledCodeStencil> {
        let origins = func.stencil.srclocs.values().any(|loc| !loc.is_default());
        let options = Options { listing: want_disasm, origins, points: !func.debug_tags.is_empty(), ..self.options };
        let mut code = pipeline.compile(func, BACKEND, &options)?;
        let minimum = 1 << self.flags.log2_min_function_alignment();
        code.alignment = code.alignment.max(minimum);
        let nops = NOPS.map(<[u8]>::to_vec);
        Ok(CompiledCodeStencil::new(code, func, want_disasm, nops.into()))
    }

    fn emit_unwind_info(&self, code: &CompiledCode, kind: UnwindInfoKind) -> CodegenResult<Option<UnwindInfo>> {
        riscv_unwind::info(kind, &code.buffer.unwind_info, code.buffer.total_size())
    }

    fn create_systemv_cie(&self) -> Option<gimli::write::CommonInformationEntry> {
        Some(riscv_unwind::cie())
    }

    fn map_regalloc_reg_to_dwarf(&self, reg: Reg) -> Result<u16, RegisterMappingError> {
        let reg = reg.to_real_reg().ok_or(RegisterMappingError::MissingBank)?;
        Ok(riscv_unwind::register(reg.preg()).0)
    }

    fn pretty_print_reg(&self, reg: Reg, _size: u8) -> String {
        match reg.to_real_reg().map(|reg| (reg.class(), reg.hw_enc())) {
            Some((Class::Int, n)) => regs::name(n).to_owned(),
            Some((_, n)) => format!("f{n}"),
            None => format!("{reg:?}"),
        }
    }

    fn text_section_builder(&self, num_labeled_funcs: usize) -> Box<dyn TextSectionBuilder> {
        Box::new(TextSection::new(Linkage::of(self.triple.architecture), num_labeled_funcs))
    }
}

impl fmt::Display for Riscv64Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::fmt_target(self, f)
    }
}
