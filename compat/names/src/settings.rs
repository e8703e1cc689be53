//! Settings.

use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::settings::{
    self, Builder, Configurable, Flags, FlagsOrIsa, LibcallCallConv, OptLevel, ProbestackStrategy, RegallocAlgorithm,
    SetError, SetResult, Setting, SettingKind, StackSwitchModel, TlsModel, Value,
};

/// Making settings.
pub fn making() -> Flags {
    let mut builder: Builder = settings::builder();
    let set: SetResult<()> = builder.set("opt_level", "speed");
    match set {
        Ok(()) | Err(SetError::BadName(_) | SetError::BadType | SetError::BadValue(_)) => {}
    }
    builder.enable("is_pic").expect("it is a setting");
    let Setting { name: _, description: _, kind: _, values: _ } = builder.iter().next().expect("there are settings");
    Flags::new(builder)
}

/// Booleans.
pub fn booleans(flags: &Flags) {
    let _: [bool; 6] = [
        flags.enable_verifier(),
        flags.is_pic(),
        flags.use_colocated_libcalls(),
        flags.enable_nan_canonicalization(),
        flags.enable_pinned_reg(),
        flags.preserve_frame_pointers(),
    ];
    let _: [bool; 6] = [
        flags.unwind_info(),
        flags.machine_code_cfg_info(),
        flags.enable_probestack(),
        flags.enable_alias_analysis(),
        flags.enable_llvm_abi_extensions(),
        flags.enable_multi_ret_implicit_sret(),
    ];
    let _: [bool; 6] = [
        flags.enable_heap_access_spectre_mitigation(),
        flags.enable_table_access_spectre_mitigation(),
        flags.enable_incremental_compilation_cache_checks(),
        flags.enable_compact_unwind_abi(),
        flags.regalloc_checker(),
        flags.regalloc_verbose_logs(),
    ];
}

/// Choices and numbers.
pub fn choices(flags: &Flags) {
    let _: [OptLevel; 4] = [OptLevel::None, OptLevel::Speed, OptLevel::SpeedAndSize, flags.opt_level()];
    let _: [TlsModel; 5] = [TlsModel::None, TlsModel::ElfGd, TlsModel::Macho, TlsModel::Coff, flags.tls_model()];
    let _: [RegallocAlgorithm; 3] =
        [RegallocAlgorithm::Backtracking, RegallocAlgorithm::SinglePass, flags.regalloc_algorithm()];
    let _: [ProbestackStrategy; 3] =
        [ProbestackStrategy::Inline, ProbestackStrategy::Outline, flags.probestack_strategy()];
    let _: (LibcallCallConv, StackSwitchModel) = (flags.libcall_call_conv(), flags.stack_switch_model());
    let _: [u8; 3] =
        [flags.probestack_size_log2(), flags.log2_min_function_alignment(), flags.bb_padding_log2_minus_one()];
}

/// Settings as data.
pub fn data(flags: &Flags, isa: &dyn TargetIsa) {
    let value: Value = flags.iter().next().expect("there are settings");
    let _: (&'static str, SettingKind, String) = (value.name, value.kind(), value.value_string());
    let _: (Option<bool>, Option<u8>, Option<&'static str>) = (value.as_bool(), value.as_num(), value.as_enum());
    let _: [FlagsOrIsa<'_>; 2] = [flags.into(), isa.into()];
    let _: (String, &[u8]) = (flags.to_string(), flags.hash_key());
    let _: [SettingKind; 4] = [SettingKind::Bool, SettingKind::Enum, SettingKind::Num, SettingKind::Preset];
}
