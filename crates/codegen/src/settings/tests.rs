//! Tests of the tables, and of what builders make of text. What is expected of the tables is written again here.

use super::*;
use target_lexicon::Triple;
use windlass_ir::isa::CallConv;

/// Each setting with its default; `=` is left out where that is `false`.
const SHARED: &str = "bb_padding_log2_minus_one=0 enable_alias_analysis=true enable_compact_unwind_abi \
    enable_heap_access_spectre_mitigation=true enable_incremental_compilation_cache_checks enable_llvm_abi_extensions \
    enable_multi_ret_implicit_sret enable_nan_canonicalization enable_pinned_reg enable_probestack \
    enable_table_access_spectre_mitigation=true enable_verifier=true is_pic libcall_call_conv=isa_default \
    log2_min_function_alignment=0 machine_code_cfg_info opt_level=none preserve_frame_pointers \
    probestack_size_log2=12 probestack_strategy=outline regalloc_algorithm=backtracking regalloc_checker \
    regalloc_verbose_logs stack_switch_model=none tls_model=none unwind_info=true use_colocated_libcalls";

const X86: &str = "has_avx has_avx2 has_avx512bitalg has_avx512dq has_avx512f has_avx512vbmi has_avx512vl \
    has_avx512vnni has_avx_vnni has_bmi1 has_bmi2 has_cmpxchg16b has_fma has_lzcnt has_popcnt has_sse3 has_sse41 \
    has_sse42 has_ssse3";

const ARM64: &str = "has_dotprod has_fp16 has_i8mm has_lse has_pauth sign_return_address sign_return_address_all \
    sign_return_address_with_bkey use_bti use_csdb";

const S390X: &str = "has_mie3 has_mie4 has_vxrs_ext2 has_vxrs_ext3";

const RISCV64: &str = "has_a=true has_d=true has_f=true has_m=true has_v has_zba has_zbb has_zbc has_zbkb has_zbs \
    has_zca has_zcb has_zcd has_zfa has_zfh has_zfhmin has_zicond has_zicsr=true has_zifencei=true has_zvbb has_zvfh \
    has_zvl1024b has_zvl128b has_zvl16384b has_zvl2048b has_zvl256b has_zvl32768b has_zvl32b has_zvl4096b \
    has_zvl512b has_zvl64b has_zvl65536b has_zvl8192b";

/// The features of x86-64, a letter for each.
const X86_LETTERS: [(char, &str); 19] = [
    ('3', "has_sse3"),
    ('s', "has_ssse3"),
    ('4', "has_sse41"),
    ('5', "has_sse42"),
    ('c', "has_cmpxchg16b"),
    ('p', "has_popcnt"),
    ('a', "has_avx"),
    ('A', "has_avx2"),
    ('f', "has_fma"),
    ('b', "has_bmi1"),
    ('B', "has_bmi2"),
    ('l', "has_lzcnt"),
    ('v', "has_avx_vnni"),
    ('F', "has_avx512f"),
    ('D', "has_avx512dq"),
    ('V', "has_avx512vl"),
    ('M', "has_avx512vbmi"),
    ('N', "has_avx512vnni"),
    ('T', "has_avx512bitalg"),
];

/// The letters of features, and the presets with exactly these.
const X86_PRESETS: &[(&str, &str)] = &[
    ("", "baseline x86-64 k8 opteron athlon64 athlon-fx"),
    ("3", "sse3"),
    ("3s", "ssse3"),
    ("3s4", "sse41"),
    ("3s45", "sse42"),
    ("3c", "nocona k8-sse3 opteron-sse3 athlon64-sse3"),
    ("3sc", "core2 atom bonnell"),
    ("3s4c", "penryn"),
    ("3s45cp", "x86-64-v2 silvermont slm goldmont goldmont-plus tremont nehalem corei7 westmere"),
    ("3s45cpa", "sandybridge corei7-avx ivybridge core-avx-i"),
    ("3s45cpaAfbBl", "x86-64-v3 haswell core-avx2 broadwell skylake znver1 znver2 znver3"),
    ("3s45cpaAfbBlv", "alderlake raptorlake meteorlake sierraforest grandridge"),
    ("3s45cpaAfbBlF", "knl knm"),
    ("3s45cpaAfbBlFDV", "x86-64-v4 skylake-avx512 skx"),
    ("3s45cpaAfbBlFDVN", "cascadelake cooperlake"),
    ("3s45cpaAfbBlFDVM", "cannonlake"),
    ("3s45cpaAfbBlFDVMNT", "icelake-client icelake icelake-server tigerlake znver4"),
    ("3s45cpaAfbBlFDVMNTv", "sapphirerapids graniterapids"),
    ("3cpl", "barcelona amdfam10"),
    ("3scpl", "btver1"),
    ("3s45cpabl", "btver2"),
    ("3s45cpal", "bdver1"),
    ("3s45cpablf", "bdver2 bdver3"),
    ("3s45cpablfAB", "bdver4"),
];

fn groups() -> [(&'static Template, &'static str); 5] {
    [
        (&shared::TEMPLATE, SHARED),
        (&x64::TEMPLATE, X86),
        (&aarch64::TEMPLATE, ARM64),
        (&s390x::TEMPLATE, S390X),
        (&riscv64::TEMPLATE, RISCV64),
    ]
}

/// The names of the Boolean settings that are on, in alphabetic order.
fn switched_on(builder: &Builder) -> Vec<&'static str> {
    let mut names: Vec<_> = builder.values().filter(|v| v.as_bool() == Some(true)).map(|v| v.name).collect();
    names.sort_unstable();
    names
}

/// What a preset switches on that is off by default.
fn implied(template: &'static Template, preset: &str) -> Vec<&'static str> {
    let before = Builder::new(template);
    let mut after = before.clone();
    after.enable(preset).unwrap();
    let defaults = switched_on(&before);
    switched_on(&after).into_iter().filter(|name| !defaults.contains(name)).collect()
}

#[test]
fn names_and_defaults() {
    for (template, expected) in groups() {
        let mut found: Vec<_> = Builder::new(template)
            .values()
            .map(|v| match v.as_bool() {
                Some(false) => v.name.to_owned(),
                _ => format!("{}={}", v.name, v.value_string()),
            })
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected.split_whitespace().collect::<Vec<_>>(), "{}", template.name);
    }
}

#[test]
fn values_of_enums() {
    let enums: Vec<_> = builder().iter().filter_map(|s| s.values.map(|v| (s.name, v.join(" ")))).collect();
    let expected = [
        ("regalloc_algorithm", "backtracking single_pass"),
        ("opt_level", "none speed speed_and_size"),
        ("tls_model", "none elf_gd macho coff"),
        ("stack_switch_model", "none basic update_windows_tib"),
        ("libcall_call_conv", "isa_default fast system_v windows_fastcall apple_aarch64 probestack preserve_all"),
        ("probestack_strategy", "outline inline"),
    ];
    assert_eq!(enums, expected.map(|(name, values)| (name, values.to_owned())));
}

#[test]
fn tables_are_sound() {
    for (template, _) in groups() {
        let mut names: Vec<_> = Builder::new(template).iter().map(|s| s.name).collect();
        assert!(Builder::new(template).iter().all(|s| s.description.ends_with('.')));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a name twice in {}", template.name);
        for (n, preset) in template.presets.iter().enumerate() {
            for name in preset.implies {
                let setting = template.settings.iter().any(|s| s.name == *name && s.detail == Detail::Bool);
                let above = template.presets[..n].iter().any(|p| p.name == *name);
                assert!(setting || above, "{} implies {name}", preset.name);
            }
        }
    }
}

#[test]
fn presets_of_x86() {
    let mut known: Vec<_> = x64::TEMPLATE.presets.iter().map(|p| p.name).collect();
    known.sort_unstable();
    let mut expected: Vec<_> = X86_PRESETS.iter().flat_map(|p| p.1.split_whitespace()).collect();
    expected.sort_unstable();
    assert_eq!(known, expected);
    for (letters, presets) in X86_PRESETS {
        let mut features: Vec<_> = X86_LETTERS.iter().filter(|l| letters.contains(l.0)).map(|l| l.1).collect();
        assert_eq!(features.len(), letters.len());
        features.sort_unstable();
        for preset in presets.split_whitespace() {
            assert_eq!(implied(&x64::TEMPLATE, preset), features, "{preset}");
        }
    }
}

#[test]
fn presets_of_others() {
    assert!(shared::TEMPLATE.presets.is_empty() && aarch64::TEMPLATE.presets.is_empty());
    let z15 = ["has_mie3", "has_vxrs_ext2"];
    let z17 = ["has_mie3", "has_mie4", "has_vxrs_ext2", "has_vxrs_ext3"];
    for (names, features) in [("arch13 arch14 z15 z16", &z15[..]), ("arch15 z17", &z17[..])] {
        for name in names.split_whitespace() {
            assert_eq!(implied(&s390x::TEMPLATE, name), features, "{name}");
        }
    }
    assert_eq!(s390x::TEMPLATE.presets.len(), 6);
    assert_eq!(implied(&riscv64::TEMPLATE, "has_c"), ["has_zca", "has_zcd"]);
    for bits in 5..=16 {
        let mut features: Vec<_> = (5..=bits).map(|n| format!("has_zvl{}b", 1 << n)).collect();
        features.sort_unstable();
        assert_eq!(implied(&riscv64::TEMPLATE, &format!("zvl{}b", 1 << bits)), features);
    }
    assert_eq!(riscv64::TEMPLATE.presets.len(), 13);
}

#[test]
fn presets_add_and_can_be_undone_in_part() {
    let mut builder = Builder::new(&x64::TEMPLATE);
    for word in ["has_lzcnt", "sse42", "has_sse41=false"] {
        configure(word, &mut builder).unwrap();
    }
    assert_eq!(switched_on(&builder), ["has_lzcnt", "has_sse3", "has_sse42", "has_ssse3"]);
}

#[test]
fn texts_of_values() {
    let mut b = builder();
    for (text, value) in [("true", true), ("on", true), ("yes", true), ("1", true)].into_iter().chain([
        ("false", false),
        ("off", false),
        ("no", false),
        ("0", false),
    ]) {
        b.set("is_pic", if value { "false" } else { "true" }).unwrap();
        b.set("is_pic", text).unwrap();
        assert_eq!(Flags::new(b.clone()).is_pic(), value, "{text}");
    }
    b.set("probestack_size_log2", "255").unwrap();
    b.set("probestack_strategy", "inline").unwrap();
    b.set("tls_model", "coff").unwrap();
    b.enable("enable_pinned_reg").unwrap();
    let flags = Flags::new(b);
    assert_eq!(flags.probestack_size_log2(), 255);
    assert_eq!(flags.probestack_strategy(), ProbestackStrategy::Inline);
    assert_eq!(flags.tls_model(), TlsModel::Coff);
    assert!(flags.enable_pinned_reg());
}

#[test]
fn errors() {
    let mut b = builder();
    let before = b.clone();
    let levels = "one of none, speed, speed_and_size";
    for (name, value, expected) in [
        ("is_pic", "maybe", "true or false"),
        ("is_pic", "TRUE", "true or false"),
        ("opt_level", "Speed", levels),
        ("opt_level", "", levels),
        ("probestack_size_log2", "256", "a number from 0 to 255"),
        ("probestack_size_log2", "-1", "a number from 0 to 255"),
        ("probestack_size_log2", "0x10", "a number from 0 to 255"),
    ] {
        assert_eq!(b.set(name, value), Err(SetError::BadValue(expected.to_owned())));
    }
    assert_eq!(b.set("pic", "1"), Err(SetError::BadName("pic".to_owned())));
    assert_eq!(b.enable("has_avx"), Err(SetError::BadName("has_avx".to_owned())));
    assert_eq!(b.enable("opt_level"), Err(SetError::BadType));
    assert_eq!(b.enable("probestack_size_log2"), Err(SetError::BadType));
    let mut x86 = Builder::new(&x64::TEMPLATE);
    assert_eq!(x86.set("sse42", "true"), Err(SetError::BadName("sse42".to_owned())));
    assert_eq!(b, before, "what fails changes nothing");
    assert_eq!(SetError::BadName("pic".to_owned()).to_string(), "there is no setting 'pic'");
}

#[test]
#[should_panic(expected = "another group")]
fn flags_of_another_group() {
    x64::Flags::new(builder());
}

#[test]
fn display_reads_back() {
    let mut b = builder();
    for word in ["opt_level=speed_and_size", "is_pic", "enable_verifier=off", "bb_padding_log2_minus_one=9"] {
        configure(word, &mut b).unwrap();
    }
    let flags = Flags::new(b.clone());
    let toml = flags.to_string();
    assert!(toml.starts_with("[shared]\nregalloc_algorithm = \"backtracking\"\nopt_level = \"speed_and_size\"\n"));
    assert!(toml.contains("\nbb_padding_log2_minus_one = 9\n") && toml.contains("\nenable_verifier = false\n"));
    let (mut from_toml, mut from_values) = (builder(), builder());
    for line in toml.lines().skip(1) {
        let (name, value) = line.split_once(" = ").unwrap();
        from_toml.set(name, value.trim_matches('"')).unwrap();
    }
    for value in flags.iter() {
        configure(&value.to_string(), &mut from_values).unwrap();
    }
    assert!(from_toml == b && from_values == b);
    assert!(Flags::new(from_toml).hash_key() == flags.hash_key());
    assert!(flags != Flags::new(builder()));
}

#[test]
fn values_know_their_kind() {
    let of = |name| Flags::new(builder()).iter().find(|v| v.name == name).unwrap();
    let (level, size, pic) = (of("opt_level"), of("probestack_size_log2"), of("unwind_info"));
    assert_eq!((level.kind(), size.kind(), pic.kind()), (SettingKind::Enum, SettingKind::Num, SettingKind::Bool));
    assert_eq!((level.as_enum(), level.as_num(), level.as_bool()), (Some("none"), None, None));
    assert_eq!((size.as_enum(), size.as_num(), size.as_bool()), (None, Some(12), None));
    assert_eq!((pic.as_enum(), pic.as_num(), pic.as_bool()), (None, None, Some(true)));
    assert_eq!(
        [level, size, pic].map(|v| v.to_string()),
        ["opt_level=none", "probestack_size_log2=12", "unwind_info=1"]
    );
    let presets = Builder::new(&x64::TEMPLATE).iter().filter(|s| s.kind == SettingKind::Preset).count();
    assert_eq!(presets, x64::TEMPLATE.presets.len());
}

#[test]
fn enums_read_back() {
    fn check<T: Copy + PartialEq + fmt::Debug + fmt::Display + std::str::FromStr<Err = ()>>(all: &[T], setting: &str) {
        let names = builder().iter().find(|s| s.name == setting).unwrap().values.unwrap();
        assert_eq!(all.iter().map(T::to_string).collect::<Vec<_>>(), names);
        assert!(all.iter().all(|v| v.to_string().parse() == Ok(*v)));
        assert_eq!("?".parse::<T>(), Err(()));
    }
    check(OptLevel::all(), "opt_level");
    check(TlsModel::all(), "tls_model");
    check(LibcallCallConv::all(), "libcall_call_conv");
    check(ProbestackStrategy::all(), "probestack_strategy");
    check(StackSwitchModel::all(), "stack_switch_model");
    check(RegallocAlgorithm::all(), "regalloc_algorithm");
}

#[test]
fn conventions_of_libcalls() {
    for conv in LibcallCallConv::all() {
        let expected = conv.to_string().parse().unwrap_or(CallConv::Tail);
        assert_eq!(conv.call_conv(CallConv::Tail), expected);
        let mut flags = builder();
        flags.set("libcall_call_conv", &conv.to_string()).unwrap();
        assert_eq!(CallConv::for_libcall(&Flags::new(flags), CallConv::Tail), expected);
    }
}

#[test]
fn target_lines() {
    for (line, bits, big) in [
        ("x86_64", 64, false),
        ("x86_64 sse42 has_avx has_avx2", 64, false),
        ("aarch64 has_pauth sign_return_address", 64, false),
        ("s390x has_mie3", 64, true),
        ("riscv64 has_v has_c has_zcb", 64, false),
        ("riscv64gc", 64, false),
        ("pulley32", 32, false),
        ("pulley32be", 32, true),
        ("pulley64", 64, false),
        ("pulley64be", 64, true),
    ] {
        let facts = read_target(line).unwrap().facts();
        let is_big = facts.endianness == windlass_ir::ir::Endianness::Big;
        assert_eq!((facts.frontend.pointer_bits(), is_big), (bits, big), "{line}");
    }
    let target = read_target("  riscv64   has_c has_m=false ").unwrap();
    assert_eq!(target.triple, "riscv64".parse::<Triple>().unwrap());
    let on = switched_on(&target.flags);
    assert!(on.contains(&"has_zca") && !on.contains(&"has_m"));
}

#[test]
fn bad_target_lines() {
    let bad = |line| read_target(line).unwrap_err().to_string();
    assert_eq!(bad(" "), "a target is missing");
    assert_eq!(bad("nonsense"), "'nonsense' is no target");
    assert_eq!(bad("i686 has_sse3"), "nothing is known of the target 'i686'");
    assert_eq!(bad("aarch64_be"), "nothing is known of the target 'aarch64_be'");
    assert_eq!(bad("aarch64 sse42"), "'sse42': there is no setting 'sse42'");
    assert_eq!(bad("x86_64 has_avx=maybe"), "'has_avx=maybe': the value of the setting must be true or false");
    assert_eq!(bad("pulley64 has_v"), "'has_v': there is no setting 'has_v'");
}

#[test]
fn features_of_rows_are_settings() {
    for feature in windlass_desc::x64::Feature::ALL {
        assert!(x64::TEMPLATE.index_of(feature.setting).is_some(), "{}", feature.setting);
    }
}
