//! Targets: a triple and the settings of its architecture make a builder, which with the shared settings makes a
//! [`TargetIsa`]. Needs [`crate::settings`], and [`windlass_ir::isa`] for what the IR knows of a target.
//!
//! ```
//! use windlass_codegen::{isa, settings::{self, Configurable, Flags}};
//!
//! let mut builder = isa::lookup_by_name("x86_64-unknown-linux-gnu").unwrap();
//! builder.enable("has_bmi2").unwrap();
//! let isa = builder.finish(Flags::new(settings::builder())).unwrap();
//! assert_eq!(isa.pointer_bytes(), 8);
//! ```

use crate::backend::Backend;
use crate::compile::Pipeline;
use crate::error::{CodegenError, CodegenResult};
use crate::machinst::{CompiledCode, CompiledCodeStencil};
use crate::options::Options;
use crate::reg::Reg;
use crate::settings::{self, Configurable, Flags, SetResult, Setting, Value};
use crate::text_section::TextSectionBuilder;
use std::fmt;
use std::sync::Arc;
use target_lexicon::{Architecture, PointerWidth, Triple};
use windlass_control::ControlPlane;
use windlass_ir::ir::types::Type;
use windlass_ir::ir::{ArgumentExtension, Endianness, Function};
pub use windlass_ir::isa::{CallConv, TargetFrontendConfig};
use windlass_ir::isa::{KnowsPointers, TargetFacts};

pub mod native;
#[cfg(backend = "riscv64")]
pub mod riscv64;
pub mod unwind;
#[cfg(backend = "x86")]
pub mod x64;

/// The architectures that code is made for, or will be.
pub const ALL_ARCHITECTURES: &[&str] = &["x86_64", "aarch64", "s390x", "riscv64"];

/// Why there is no builder for a triple.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LookupError {
    /// The architecture is one of [`ALL_ARCHITECTURES`], or Pulley, but this build makes no code for it.
    #[error("this build makes no code for this target")]
    SupportDisabled,
    /// No code is made for the target.
    #[error("no code can be made for this target")]
    Unsupported,
}

/// A builder for a platform, with the settings of its architecture at their defaults.
pub fn lookup(triple: Triple) -> Result<Builder, LookupError> {
    let template = settings::isa_template(triple.architecture).ok_or(LookupError::Unsupported)?;
    lookup_with(triple, settings::Builder::new(template))
}

/// The same, from a triple as text.
pub fn lookup_by_name(name: &str) -> Result<Builder, LookupError> {
    lookup(name.parse().map_err(|_| LookupError::Unsupported)?)
}

/// A builder for a platform, with settings of its architecture.
fn lookup_with(triple: Triple, isa_flags: settings::Builder) -> Result<Builder, LookupError> {
    match builder_of(triple.architecture) {
        Some(builder) => Ok(builder(triple, isa_flags)),
        None => Err(match triple.architecture {
            Architecture::X86_64 | Architecture::Aarch64(_) | Architecture::S390x | Architecture::Riscv64(_) => {
                LookupError::SupportDisabled
            }
            Architecture::Pulley32 | Architecture::Pulley32be | Architecture::Pulley64 | Architecture::Pulley64be => {
                LookupError::SupportDisabled
            }
            _ => LookupError::Unsupported,
        }),
    }
}

/// What makes builders for an architecture, if this build makes code for it: the features of the package decide.
fn builder_of(architecture: Architecture) -> Option<fn(Triple, settings::Builder) -> Builder> {
    match architecture {
        #[cfg(backend = "x86")]
        Architecture::X86_64 => Some(x64::builder),
        #[cfg(backend = "riscv64")]
        Architecture::Riscv64(_) => Some(riscv64::builder),
        _ => None,
    }
}

impl settings::Target {
    /// What makes a code generator for this target, if there is one.
    pub fn isa_builder(&self) -> Result<Builder, LookupError> {
        lookup_with(self.triple.clone(), self.flags.clone())
    }
}

/// What makes a target of the shared settings.
pub type Builder = IsaBuilder<CodegenResult<OwnedTargetIsa>>;

/// What makes a `T` of a platform, the settings of its architecture and the shared settings.
pub struct IsaBuilder<T> {
    triple: Triple,
    isa_flags: settings::Builder,
    constructor: fn(Triple, Flags, &settings::Builder) -> T,
}

impl<T> IsaBuilder<T> {
    /// One that ends with a call of `constructor`.
    pub fn new(
        triple: Triple,
        isa_flags: settings::Builder,
        constructor: fn(Triple, Flags, &settings::Builder) -> T,
    ) -> IsaBuilder<T> {
        IsaBuilder { triple, isa_flags, constructor }
    }

    /// One that makes a target like this one, with other shared settings.
    ///
    /// # Panics
    /// If the target is not one of this crate's.
    pub fn from_target_isa(isa: &dyn TargetIsa) -> Builder {
        let mut builder = lookup(isa.triple().clone()).expect("there is a builder for each target");
        for value in isa.isa_flags() {
            builder.set(value.name, &value.value_string()).expect("a target's settings are its builder's");
        }
        builder
    }

    /// The platform.
    pub fn triple(&self) -> &Triple {
        &self.triple
    }

    /// The settings and presets of the architecture.
    pub fn iter(&self) -> impl Iterator<Item = Setting> + use<T> {
        self.isa_flags.iter()
    }

    /// The target.
    pub fn finish(&self, shared_flags: Flags) -> T {
        (self.constructor)(self.triple.clone(), shared_flags, &self.isa_flags)
    }
}

impl<T> Clone for IsaBuilder<T> {
    fn clone(&self) -> IsaBuilder<T> {
        IsaBuilder { triple: self.triple.clone(), isa_flags: self.isa_flags.clone(), constructor: self.constructor }
    }
}

impl<T> Configurable for IsaBuilder<T> {
    fn set(&mut self, name: &str, value: &str) -> SetResult<()> {
        self.isa_flags.set(name, value)
    }

    fn enable(&mut self, name: &str) -> SetResult<()> {
        self.isa_flags.enable(name)
    }
}

/// The alignment of functions, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FunctionAlignment {
    /// What they need.
    pub minimum: u32,
    /// What makes them fast.
    pub preferred: u32,
}

/// The values of a target's own settings, to be hashed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IsaFlagsHashKey<'a>(&'a [u8]);

/// A target that many may use.
pub type OwnedTargetIsa = Arc<dyn TargetIsa>;

/// A target: a platform with all settings. Its text is a `target` line that sets the same.
pub trait TargetIsa: fmt::Display + Send + Sync {
    /// The short name of the architecture.
    fn name(&self) -> &'static str;

    /// The platform.
    fn triple(&self) -> &Triple;

    /// The shared settings.
    fn flags(&self) -> &Flags;

    /// The settings of the architecture.
    fn isa_flags(&self) -> Vec<Value>;

    /// The same, to be hashed.
    fn isa_flags_hash_key(&self) -> IsaFlagsHashKey<'_>;

    /// How functions are aligned.
    fn function_alignment(&self) -> FunctionAlignment;

    /// The size of a vector of a dynamic type.
    fn dynamic_vector_bytes(&self, dynamic_ty: Type) -> u32;

    /// Is `fma` one instruction?
    fn has_native_fma(&self) -> bool;

    /// Are `ceil`, `floor`, `trunc` and `nearest` instructions?
    fn has_round(&self) -> bool;

    /// Can `blendv` of this type be used?
    fn has_blendv_lowering(&self, ty: Type) -> bool;

    /// Can `x86_pshufb` be used?
    fn has_x86_pshufb_lowering(&self) -> bool {
        false
    }

    /// Can `x86_pmulhrsw` be used?
    fn has_x86_pmulhrsw_lowering(&self) -> bool {
        false
    }

    /// Can `x86_pmaddubsw` be used?
    fn has_x86_pmaddubsw_lowering(&self) -> bool {
        false
    }

    /// Are indirect branches limited to marked targets?
    fn is_branch_protection_enabled(&self) -> bool {
        false
    }

    /// Binary logarithm of the alignment that memory with its own protection has.
    fn page_size_align_log2(&self) -> u8 {
        TargetFacts::of(self.triple()).frontend.page_size_align_log2
    }

    /// How the C convention extends arguments narrower than a register.
    fn default_argument_extension(&self) -> ArgumentExtension {
        ArgumentExtension::Uext
    }

    /// What the pipeline needs of the target.
    fn backend(&self) -> &'static dyn Backend;

    /// What the settings ask of the pipeline.
    fn options(&self) -> &Options;

    /// Compiles a function that verifies and that the mid-end has left as lowering needs it, perhaps with a text of the
    /// code. `pipeline` is memory to be used again.
    fn compile_function(
        &self,
        func: &Function,
        pipeline: &mut Pipeline,
        want_disasm: bool,
        ctrl_plane: &mut ControlPlane,
    ) -> CodegenResult<CompiledCodeStencil>;

    /// The unwind data of compiled code.
    fn emit_unwind_info(
        &self,
        code: &CompiledCode,
        kind: unwind::UnwindInfoKind,
    ) -> CodegenResult<Option<unwind::UnwindInfo>>;

    /// What frame description entries of this target have in common.
    fn create_systemv_cie(&self) -> Option<gimli::write::CommonInformationEntry> {
        None
    }

    /// The DWARF number of a register.
    fn map_regalloc_reg_to_dwarf(&self, _reg: Reg) -> Result<u16, unwind::systemv::RegisterMappingError> {
        Err(unwind::systemv::RegisterMappingError::UnsupportedArchitecture)
    }

    /// The name of a register of `size` bytes.
    fn pretty_print_reg(&self, reg: Reg, size: u8) -> String;

    /// What puts functions into a text section, so many of them labeled.
    fn text_section_builder(&self, num_labeled_funcs: usize) -> Box<dyn TextSectionBuilder>;

    /// This target, shared.
    fn wrapped(self) -> OwnedTargetIsa
    where
        Self: Sized + 'static,
    {
        Arc::new(self)
    }
}

impl<'a> dyn TargetIsa + 'a {
    /// The convention of C on the platform.
    pub fn default_call_conv(&self) -> CallConv {
        CallConv::triple_default(self.triple())
    }

    /// The order of bytes in memory.
    pub fn endianness(&self) -> Endianness {
        TargetFacts::of(self.triple()).endianness
    }

    /// The type of pointers.
    pub fn pointer_type(&self) -> Type {
        self.frontend_config().pointer_type()
    }

    /// The width of pointers.
    pub fn pointer_width(&self) -> PointerWidth {
        self.frontend_config().pointer_width
    }

    /// Bits of a pointer.
    pub fn pointer_bits(&self) -> u8 {
        self.frontend_config().pointer_bits()
    }

    /// Bytes of a pointer.
    pub fn pointer_bytes(&self) -> u8 {
        self.frontend_config().pointer_bytes()
    }

    /// What a producer of IR needs to know.
    pub fn frontend_config(&self) -> TargetFrontendConfig {
        TargetFacts::of(self.triple()).frontend
    }

    /// The kind of unwind data that the platform reads.
    pub fn unwind_info_kind(&self) -> unwind::UnwindInfoKind {
        unwind::UnwindInfoKind::of(self.triple())
    }
}

/// Shared settings, and the target if there is one: what functions take that can do without a target.
#[derive(Clone, Copy)]
pub struct FlagsOrIsa<'a> {
    /// The shared settings.
    pub flags: &'a Flags,
    /// The target.
    pub isa: Option<&'a dyn TargetIsa>,
}

impl<'a> From<&'a Flags> for FlagsOrIsa<'a> {
    fn from(flags: &'a Flags) -> FlagsOrIsa<'a> {
        FlagsOrIsa { flags, isa: None }
    }
}

impl<'a> From<&'a dyn TargetIsa> for FlagsOrIsa<'a> {
    fn from(isa: &'a dyn TargetIsa) -> FlagsOrIsa<'a> {
        FlagsOrIsa { flags: isa.flags(), isa: Some(isa) }
    }
}

impl KnowsPointers for dyn TargetIsa + '_ {
    fn type_of_pointers(&self) -> Type {
        self.pointer_type()
    }
}

impl fmt::Debug for dyn TargetIsa + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl CompiledCode {
    /// The unwind data of the code, of the kind that the platform reads.
    pub fn create_unwind_info(&self, isa: &dyn TargetIsa) -> CodegenResult<Option<unwind::UnwindInfo>> {
        self.create_unwind_info_of_kind(isa, isa.unwind_info_kind())
    }
    /// The unwind data of the code, of a kind.
    pub fn create_unwind_info_of_kind(
        &self,
        isa: &dyn TargetIsa,
        unwind_info_kind: unwind::UnwindInfoKind,
    ) -> CodegenResult<Option<unwind::UnwindInfo>> {
        isa.emit_unwind_info(self, unwind_info_kind)
    }
}

/// A target as a `target` line: the triple, and what differs from the defaults.
fn fmt_target(isa: &dyn TargetIsa, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}", isa.triple())?;
    let defaults = settings::isa_template(isa.triple().architecture).map(settings::Builder::new);
    for (value, default) in isa.isa_flags().iter().zip(defaults.iter().flat_map(|d| d.values())) {
        match value.as_bool() {
            _ if *value == default => {}
            Some(true) => write!(f, " {}", value.name)?,
            _ => write!(f, " {}={}", value.name, value.value_string())?,
        }
    }
    Ok(())
}

/// Refuses shared settings that no target can honour: sizes given by a binary logarithm are 32-bit numbers.
fn check_shared(flags: &Flags) -> CodegenResult<()> {
    let sizes = [
        ("probestack_size_log2", flags.probestack_size_log2(), 31),
        ("log2_min_function_alignment", flags.log2_min_function_alignment(), 31),
        ("bb_padding_log2_minus_one", flags.bb_padding_log2_minus_one(), 32),
    ];
    match sizes.into_iter().find(|(_, value, most)| value > most) {
        Some((name, value, most)) => Err(CodegenError::unsupported(format!("{name}={value}, more than {most}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
