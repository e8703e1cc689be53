//! Objects read back. Does: makes objects of the three formats and reads their sections, symbols and relocations. Needs:
//! the `object` crate. Leaves: nothing.
#![allow(clippy::result_large_err, reason = "errors of signatures show the signatures")]

use object::read::{File, Object, ObjectSection, ObjectSymbol, RelocationTarget};
use object::{RelocationFlags, SymbolScope, elf, macho, pe};
use windlass_codegen::isa;
use windlass_codegen::settings::{self, Configurable, Flags};
use windlass_ir::frontend::{FunctionBuilder, FunctionBuilderContext};
use windlass_ir::ir::{AbiParam, InstBuilder, Signature, types::I64};
use windlass_ir::isa::CallConv;
use windlass_link::module::{DataDescription, FuncId, Linkage, Module, ModuleError, default_libcall_names};
use windlass_link::object::{ObjectBuilder, ObjectModule};

fn builder(triple: &str, pic: bool) -> ObjectBuilder {
    let mut flags = settings::builder();
    flags.set("is_pic", if pic { "true" } else { "false" }).unwrap();
    let isa = isa::lookup_by_name(triple).unwrap().finish(Flags::new(flags)).unwrap();
    ObjectBuilder::new(isa, "test", default_libcall_names()).unwrap()
}

fn signature(module: &ObjectModule) -> Signature {
    let mut sig = module.make_signature();
    sig.call_conv = CallConv::SystemV;
    sig.params.push(AbiParam::new(I64));
    sig.returns.push(AbiParam::new(I64));
    sig
}

/// `f(x) = callee(x) + (address of callee)`
fn define_caller(module: &mut ObjectModule, f: FuncId, callee: FuncId) -> Result<(), ModuleError> {
    let mut ctx = module.make_context();
    ctx.func.signature = signature(module);
    let mut memory = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut ctx.func, &mut memory);
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    b.seal_all_blocks();
    let arg = b.block_params(block)[0];
    let callee = module.declare_func_in_func(callee, b.func);
    let call = b.ins().call(callee, &[arg]);
    let result = b.inst_results(call)[0];
    let address = b.ins().func_addr(I64, callee);
    let sum = b.ins().iadd(result, address);
    b.ins().return_(&[sum]);
    b.finalize(module.target_config());
    module.define_function(f, &mut ctx)
}

/// An object with an exported function that uses an imported one, a hidden one that uses the first, and data.
fn object(mut builder: ObjectBuilder, change: impl FnOnce(&mut ObjectBuilder)) -> Vec<u8> {
    change(&mut builder);
    let mut module = ObjectModule::new(builder);
    let sig = signature(&module);
    let outside = module.declare_function("outside", Linkage::Import, &sig).unwrap();
    let f = module.declare_function("f", Linkage::Export, &sig).unwrap();
    let g = module.declare_function("g", Linkage::Hidden, &sig).unwrap();
    let weak = module.declare_function("weak", Linkage::Preemptible, &sig).unwrap();
    let own = module.declare_anonymous_function(&sig).unwrap();
    define_caller(&mut module, f, outside).unwrap();
    define_caller(&mut module, g, f).unwrap();
    define_caller(&mut module, weak, own).unwrap();
    define_caller(&mut module, own, g).unwrap();
    assert!(matches!(define_caller(&mut module, f, g), Err(ModuleError::DuplicateDefinition(_))));
    assert!(matches!(define_caller(&mut module, outside, g), Err(ModuleError::InvalidImportDefinition(_))));

    let mut data = DataDescription::new();
    let table = module.declare_data("table", Linkage::Export, false, false).unwrap();
    data.define(vec![7; 24].into());
    let (func, value) = (module.declare_func_in_data(g, &mut data), module.declare_data_in_data(table, &mut data));
    data.write_function_addr(8, func);
    data.write_data_addr(16, value, 4);
    module.define_data(table, &data).unwrap();
    data.clear();
    data.define_zeroinit(100);
    data.set_align(32);
    let zeros = module.declare_data("zeros", Linkage::Local, true, false).unwrap();
    module.define_data(zeros, &data).unwrap();
    data.clear();
    data.define(b"kept".to_vec().into());
    data.set_used(true);
    let kept = module.declare_data("kept", Linkage::Local, false, false).unwrap();
    module.define_data(kept, &data).unwrap();

    let product = module.finish();
    assert_eq!(product.functions[f], Some((product.function_symbol(f), true)));
    assert_eq!(product.functions[outside].map(|s| s.1), Some(false));
    assert_eq!(product.data_objects[table], Some((product.data_symbol(table), true)));
    product.emit().unwrap()
}

/// Relocations of a section: offset, kind, symbol or section, addend.
fn relocs(file: &File<'_>, section: &str, kind: impl Fn(RelocationFlags) -> u32) -> Vec<(u32, String, i64)> {
    let section = file.section_by_name(section).unwrap();
    let name = |target| match target {
        RelocationTarget::Symbol(n) => {
            let symbol = file.symbol_by_index(n).unwrap();
            let of_section = || file.section_by_index(symbol.section_index().unwrap()).unwrap().name().unwrap();
            let name = symbol.name().unwrap();
            if name.is_empty() { of_section() } else { name }.to_owned()
        }
        RelocationTarget::Section(n) => file.section_by_index(n).unwrap().name().unwrap().to_owned(),
        _ => String::new(),
    };
    section.relocations().map(|(_, r)| (kind(r.flags()), name(r.target()), r.addend())).collect()
}

fn elf_kind(flags: RelocationFlags) -> u32 {
    let RelocationFlags::Elf { r_type } = flags else { panic!("of ELF") };
    r_type
}

fn has(all: &[(u32, String, i64)], kind: u32, name: &str, addend: i64) -> bool {
    all.contains(&(kind, name.to_owned(), addend))
}

#[test]
fn elf_position_independent() {
    let bytes = object(builder("x86_64-unknown-linux-gnu", true), |_| {});
    let file = File::parse(&*bytes).unwrap();
    let text = relocs(&file, ".text", elf_kind);
    assert!(has(&text, elf::R_X86_64_PLT32, "outside", -4), "{text:?}");
    assert!(has(&text, elf::R_X86_64_GOTPCREL, "outside", -4), "{text:?}");
    assert!(has(&text, elf::R_X86_64_PC32, "g", -4), "what is defined here is near: {text:?}");
    let data = relocs(&file, ".data.rel.ro", elf_kind);
    assert!(has(&data, elf::R_X86_64_64, "g", 0) && has(&data, elf::R_X86_64_64, "table", 4), "{data:?}");
    let frames = relocs(&file, ".eh_frame", elf_kind);
    assert_eq!(frames.len(), 4);
    assert!(frames.iter().all(|r| (r.0, r.1.as_str()) == (elf::R_X86_64_PC32, ".text")), "{frames:?}");
    let symbol = |name: &str| file.symbols().find(|s| s.name() == Ok(name)).unwrap();
    assert_eq!(symbol("f").scope(), SymbolScope::Dynamic);
    assert_eq!(symbol("g").scope(), SymbolScope::Linkage);
    assert_eq!(symbol("zeros").scope(), SymbolScope::Compilation);
    assert_eq!((symbol("zeros").size(), symbol("zeros").address() % 32), (100, 0));
    assert!(symbol("weak").is_weak() && symbol("outside").is_undefined());
    assert_eq!(file.section_by_name(".bss").unwrap().align(), 32);
    assert_eq!(file.section_by_name(".note.GNU-stack").unwrap().size(), 0);
    let kept = file.section_by_name(".rodata.kept").unwrap();
    let object::SectionFlags::Elf { sh_flags } = kept.flags() else { panic!("of ELF") };
    assert_ne!(sh_flags & u64::from(elf::SHF_GNU_RETAIN), 0);
}

#[test]
fn elf_at_a_fixed_place() {
    let bytes = object(builder("x86_64-unknown-linux-gnu", false), |b| {
        b.unwind_info(false).per_function_section(true).per_data_object_section(true);
    });
    let file = File::parse(&*bytes).unwrap();
    let f = relocs(&file, ".text.f", elf_kind);
    assert!(has(&f, elf::R_X86_64_PLT32, "outside", -4) && has(&f, elf::R_X86_64_64, "outside", 0), "{f:?}");
    assert!(file.section_by_name(".eh_frame").is_none());
    for section in [".text.g", ".text.weak", ".data.rel.ro.table", ".bss.zeros"] {
        assert!(file.section_by_name(section).is_some(), "{section}");
    }
}

#[test]
fn coff() {
    let bytes = object(builder("x86_64-pc-windows-msvc", true), |_| {});
    let file = File::parse(&*bytes).unwrap();
    let kind = |flags| {
        let RelocationFlags::Coff { typ } = flags else { panic!("of COFF") };
        typ.into()
    };
    let text = relocs(&file, ".text", kind);
    assert!(text.iter().any(|r| r.0 == u32::from(pe::IMAGE_REL_AMD64_REL32) && r.1 == "outside"), "{text:?}");
    assert!(text.iter().any(|r| r.0 == u32::from(pe::IMAGE_REL_AMD64_ADDR64) && r.1 == "outside"), "{text:?}");
    let pdata = relocs(&file, ".pdata", kind);
    assert_eq!(pdata.len(), 12, "three of each function");
    assert!(pdata.iter().all(|r| r.0 == u32::from(pe::IMAGE_REL_AMD64_ADDR32NB)));
    let pdata = file.section_by_name(".pdata").unwrap();
    // in place stand what is added to the relocations: 0, the size of the function, the place of its codes
    let words: Vec<u32> = pdata.data().unwrap().chunks(4).map(|w| u32::from_le_bytes(w.try_into().unwrap())).collect();
    assert!(words.chunks(3).all(|entry| entry[0] == 0 && entry[1] > 0 && entry[2] % 4 == 0), "{words:?}");
    let xdata = file.section_by_name(".xdata").unwrap();
    assert_eq!(xdata.data().unwrap()[0], 1, "the version of the format");
    let outside = file.symbols().find(|s| s.name() == Ok("outside")).unwrap();
    assert!(outside.is_undefined());
    assert!(matches!(file, File::Coff(_)));
}

#[test]
fn macho() {
    let bytes = object(builder("x86_64-apple-darwin", true), |_| {});
    let file = File::parse(&*bytes).unwrap();
    let kind = |flags| {
        let RelocationFlags::MachO { r_type, .. } = flags else { panic!("of Mach-O") };
        r_type.into()
    };
    let text = relocs(&file, "__text", kind);
    for wanted in [macho::X86_64_RELOC_BRANCH, macho::X86_64_RELOC_GOT_LOAD] {
        assert!(text.iter().any(|r| r.0 == u32::from(wanted) && r.1 == "_outside"), "{text:?}");
    }
    let frames = file.section_by_name("__eh_frame").unwrap();
    assert_eq!(frames.relocations().count(), 4);
    assert!(frames.relocations().all(|(_, r)| r.subtractor().is_some()), "differences of two symbols");
    assert!(file.symbols().any(|s| s.name() == Ok("_f") && s.is_global()));
}

#[test]
fn data_in_sections_of_the_users() {
    let mut module = ObjectModule::new(builder("x86_64-unknown-linux-gnu", true));
    let mut data = DataDescription::new();
    data.define(b"here".to_vec().into());
    data.set_custom_section("my_section");
    for name in ["a", "b"] {
        let id = module.declare_data(name, Linkage::Export, true, false).unwrap();
        module.define_data(id, &data).unwrap();
    }
    let tls = module.declare_data("tls", Linkage::Export, true, true).unwrap();
    data.clear();
    assert!(module.define_data(tls, &data).is_err(), "nothing says what it is");
    data.define_zeroinit(8);
    module.define_data(tls, &data).unwrap();
    let bytes = module.finish().emit().unwrap();
    let file = File::parse(&*bytes).unwrap();
    assert_eq!(file.sections().filter(|s| s.name() == Ok("my_section")).count(), 1);
    assert_eq!(file.section_by_name(".tbss").unwrap().size(), 8);

    let mut module = ObjectModule::new(builder("x86_64-apple-darwin", true));
    let id = module.declare_data("a", Linkage::Export, true, false).unwrap();
    data.set_custom_section("no segment");
    let error = module.define_data(id, &data).unwrap_err();
    assert!(error.to_string().contains("segment,section"), "{error}");
}

#[test]
fn other_targets_are_refused() {
    let isa = |triple: &str| isa::lookup_by_name(triple).unwrap().finish(Flags::new(settings::builder())).unwrap();
    let error = ObjectBuilder::new(isa("x86_64-unknown-none-wasm"), "test", default_libcall_names()).err();
    assert!(error.is_some_and(|e| e.to_string().contains("ELF, COFF and Mach-O")));
}

#[test]
fn names_that_no_object_can_hold_are_refused() {
    let mut module = ObjectModule::new(builder("x86_64-unknown-linux-gnu", false));
    let sig = signature(&module);
    let data = module.declare_data("data", Linkage::Local, false, false).unwrap();
    let mut sectioned = DataDescription::new();
    sectioned.define_zeroinit(8);
    sectioned.set_custom_section(".a\0b");
    let isa = isa::lookup_by_name("x86_64").unwrap().finish(Flags::new(settings::builder())).unwrap();
    let errors = [
        module.declare_function("a\0b", Linkage::Local, &sig).map(drop),
        module.declare_data("a\0b", Linkage::Export, false, false).map(drop),
        module.define_data(data, &sectioned),
        ObjectBuilder::new(isa, "a\0b", default_libcall_names()).map(drop),
    ];
    for error in errors {
        assert!(error.unwrap_err().to_string().contains("zero byte"));
    }
    module.finish().emit().unwrap();
}
