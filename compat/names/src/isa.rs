//! Targets.

use cranelift_codegen::CodegenResult;
use cranelift_codegen::ir::{ArgumentExtension, Endianness, Type, types};
use cranelift_codegen::isa::unwind::UnwindInfoKind;
use cranelift_codegen::isa::{
    ALL_ARCHITECTURES, Builder, CallConv, FunctionAlignment, IsaBuilder, IsaFlagsHashKey, LookupError, OwnedTargetIsa,
    TargetFrontendConfig, TargetIsa, lookup, lookup_by_name,
};
use cranelift_codegen::settings::{Configurable, Flags, Setting, Value};
use target_lexicon::{PointerWidth, Triple};

/// Finding targets.
pub fn finding(triple: Triple, flags: Flags) -> CodegenResult<OwnedTargetIsa> {
    let found: Result<Builder, LookupError> = lookup(triple);
    let mut builder: IsaBuilder<CodegenResult<OwnedTargetIsa>> = found.expect("the target is there");
    let _: Result<Builder, LookupError> = lookup_by_name(ALL_ARCHITECTURES[0]);
    builder.enable("has_avx").expect("it is a setting");
    builder.set("has_bmi1", "true").expect("it is a setting");
    let _: (&Triple, Option<Setting>) = (builder.triple(), builder.iter().next());
    match lookup_by_name("none") {
        Err(LookupError::SupportDisabled | LookupError::Unsupported) | Ok(_) => {}
    }
    builder.finish(flags)
}

/// The host as a target.
pub fn host() -> Result<Builder, &'static str> {
    let mut builder: Builder = cranelift_native::builder_with_options(false)?;
    cranelift_native::infer_native_flags(&mut builder)?;
    cranelift_native::builder()
}

/// What a target knows.
pub fn knowledge(isa: &dyn TargetIsa) {
    let _: (&'static str, &Triple, &Flags) = (isa.name(), isa.triple(), isa.flags());
    let _: (Vec<Value>, IsaFlagsHashKey<'_>) = (isa.isa_flags(), isa.isa_flags_hash_key());
    let FunctionAlignment { minimum: _, preferred: _ } = isa.function_alignment();
    let _: [bool; 4] =
        [isa.has_native_fma(), isa.has_round(), isa.has_blendv_lowering(types::I8X16), isa.has_x86_pshufb_lowering()];
    let _: [bool; 3] =
        [isa.has_x86_pmulhrsw_lowering(), isa.has_x86_pmaddubsw_lowering(), isa.is_branch_protection_enabled()];
    let _: (u8, u32, ArgumentExtension) =
        (isa.page_size_align_log2(), isa.dynamic_vector_bytes(types::I8X16), isa.default_argument_extension());
    let _: (CallConv, Endianness, Type) = (isa.default_call_conv(), isa.endianness(), isa.pointer_type());
    let _: (PointerWidth, u8, u8) = (isa.pointer_width(), isa.pointer_bits(), isa.pointer_bytes());
    let _: (TargetFrontendConfig, UnwindInfoKind) = (isa.frontend_config(), isa.unwind_info_kind());
    let _: String = format!("{isa}");
}

/// Conventions.
pub fn conventions(triple: &Triple, config: TargetFrontendConfig, flags: &Flags) {
    let _: CallConv = CallConv::for_libcall(flags, config.default_call_conv);
    use CallConv::*;
    let _: [CallConv; 6] = [Fast, Tail, SystemV, WindowsFastcall, AppleAarch64, Probestack];
    let _: (CallConv, CallConv) = (CallConv::triple_default(triple), config.default_call_conv);
    let _: [bool; 2] = [Tail.supports_tail_calls(), Tail.supports_exceptions()];
    let _: (Type, u8, u8) = (config.pointer_type(), config.pointer_bits(), config.pointer_bytes());
    let _: (PointerWidth, u8) = (config.pointer_width, config.page_size_align_log2);
}
