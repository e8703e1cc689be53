//! Tests of looking targets up, and of what they say of themselves.

use super::unwind::UnwindInfoKind;
use super::*;
use crate::settings::read_target;
use windlass_ir::ir::types;

/// The target of a `target` line, with the default shared settings.
fn isa(line: &str) -> OwnedTargetIsa {
    read_target(line).unwrap().isa_builder().unwrap().finish(Flags::new(settings::builder())).unwrap()
}

#[test]
fn what_is_supported() {
    use LookupError::{SupportDisabled, Unsupported};
    let found = |name| lookup_by_name(name).map(|b| b.triple().to_string());
    assert_eq!(found("x86_64"), Ok("x86_64-unknown-unknown-elf".to_owned()));
    assert_eq!(found("x86_64-pc-windows-msvc"), Ok("x86_64-pc-windows-msvc".to_owned()));
    for name in ["aarch64", "s390x", "pulley64", "pulley32be"] {
        assert_eq!(found(name), Err(SupportDisabled), "{name}");
    }
    for name in ["riscv64", "riscv64gc-unknown-linux-gnu"] {
        assert_eq!(found(name).err(), (!cfg!(backend = "riscv64")).then_some(SupportDisabled), "{name}");
    }
    for name in ["i686", "aarch64_be", "riscv32", "wasm32", "nonsense", ""] {
        assert_eq!(found(name), Err(Unsupported), "{name}");
    }
    for name in ALL_ARCHITECTURES {
        assert_ne!(found(name), Err(Unsupported), "{name}");
    }
}

#[test]
fn facts_of_platforms() {
    for (triple, conv, unwind) in [
        ("x86_64-unknown-linux-gnu", CallConv::SystemV, UnwindInfoKind::SystemV),
        ("x86_64-apple-darwin", CallConv::SystemV, UnwindInfoKind::SystemV),
        ("x86_64-pc-windows-msvc", CallConv::WindowsFastcall, UnwindInfoKind::Windows),
    ] {
        let isa = isa(triple);
        assert_eq!((isa.name(), isa.triple().to_string().as_str()), ("x64", triple));
        assert_eq!((isa.default_call_conv(), isa.unwind_info_kind()), (conv, unwind));
        assert_eq!((isa.pointer_type(), isa.pointer_width()), (types::I64, PointerWidth::U64));
        assert_eq!((isa.pointer_bits(), isa.pointer_bytes(), isa.page_size_align_log2()), (64, 8, 12));
        assert_eq!(isa.endianness(), Endianness::Little);
        assert_eq!(isa.frontend_config().default_call_conv, conv);
        assert_eq!(isa.default_argument_extension(), ArgumentExtension::Uext);
        assert_eq!(isa.function_alignment(), FunctionAlignment { minimum: 1, preferred: 32 });
        assert!(!isa.is_branch_protection_enabled());
    }
}

#[test]
fn features() {
    // FMA, rounding, BLENDV of words and of others, and the instructions of SSSE3.
    let has = |line| {
        let isa = isa(line);
        let ssse3 = isa.has_x86_pshufb_lowering();
        assert_eq!((isa.has_x86_pmulhrsw_lowering(), isa.has_x86_pmaddubsw_lowering()), (ssse3, ssse3));
        assert_eq!(isa.dynamic_vector_bytes(types::I32X4), 16);
        let blend = [types::I16X8, types::I8X16].map(|ty| isa.has_blendv_lowering(ty));
        [isa.has_native_fma(), isa.has_round(), blend[0], blend[1], ssse3]
    };
    assert_eq!(has("x86_64"), [false; 5]);
    assert_eq!(has("x86_64 ssse3"), [false, false, false, false, true]);
    assert_eq!(has("x86_64 sse41"), [false, true, false, true, true]);
    assert_eq!(has("x86_64 has_fma"), [false; 5]);
    assert_eq!(has("x86_64 skylake"), [true, true, false, true, true]);
}

#[test]
fn text_reads_back() {
    for line in ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu has_sse3 has_ssse3 has_bmi1"] {
        assert_eq!(isa(line).to_string(), line);
    }
    let skylake = isa("x86_64-apple-darwin skylake");
    assert_eq!(isa(&skylake.to_string()).isa_flags(), skylake.isa_flags());
    assert_eq!(format!("{skylake:?}"), skylake.to_string());
}

#[test]
fn a_builder_from_a_target() {
    let first = isa("x86_64-unknown-linux-gnu haswell");
    let mut shared = settings::builder();
    shared.set("opt_level", "speed").unwrap();
    let second = Builder::from_target_isa(&*first).finish(Flags::new(shared)).unwrap();
    assert_eq!(second.triple(), first.triple());
    assert!(second.isa_flags_hash_key() == first.isa_flags_hash_key());
    assert!(second.flags() != first.flags());
    assert!(isa("x86_64-unknown-linux-gnu").isa_flags_hash_key() != first.isa_flags_hash_key());
}

#[test]
fn builders_are_configurable() {
    let mut builder = lookup_by_name("x86_64").unwrap();
    builder.set("has_avx", "yes").unwrap();
    builder.enable("sse42").unwrap();
    assert_eq!(builder.enable("has_zba"), Err(settings::SetError::BadName("has_zba".to_owned())));
    assert!(builder.iter().any(|s| s.name == "znver4"));
    let isa = builder.clone().finish(Flags::new(settings::builder())).unwrap();
    assert_eq!(isa.to_string(), "x86_64-unknown-unknown-elf has_sse3 has_ssse3 has_sse41 has_sse42 has_avx");
}

#[test]
fn what_cannot_be_honoured() {
    let error = |triple: &str, name, value| {
        let mut shared = settings::builder();
        shared.set(name, value).unwrap();
        lookup_by_name(triple).unwrap().finish(Flags::new(shared)).err().map(|e| e.to_string())
    };
    assert_eq!(error("x86_64", "probestack_size_log2", "31"), None);
    assert_eq!(error("x86_64", "bb_padding_log2_minus_one", "32"), None);
    let too_large = "unsupported: log2_min_function_alignment=32, more than 31";
    assert_eq!(error("x86_64", "log2_min_function_alignment", "32").as_deref(), Some(too_large));
    assert!(error("x86_64", "probestack_size_log2", "255").is_some());
    assert!(error("x86_64", "bb_padding_log2_minus_one", "33").is_some());
    let x32 = error("x86_64-unknown-linux-gnux32", "is_pic", "true");
    assert_eq!(x32.as_deref(), Some("unsupported: the x32 ABI"));
}

#[test]
fn flags_or_isa() {
    let isa = isa("x86_64 has_avx");
    assert!(FlagsOrIsa::from(&*isa).isa.is_some_and(|i| i.name() == "x64"));
    assert!(FlagsOrIsa::from(isa.flags()).isa.is_none());
}

#[test]
fn a_constructor_of_another_type() {
    fn names(triple: Triple, _: Flags, _: &settings::Builder) -> String {
        triple.to_string()
    }
    let flags = read_target("x86_64 sse3").unwrap().flags;
    let builder = IsaBuilder::new("x86_64-apple-darwin".parse().unwrap(), flags, names);
    assert_eq!(builder.finish(Flags::new(settings::builder())), "x86_64-apple-darwin");
}
