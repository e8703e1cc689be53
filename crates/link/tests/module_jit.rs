//! Modules in this process. Does: builds, calls, replaces and frees functions. Needs: x86-64 with Linux. Leaves: nothing.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(clippy::result_large_err, reason = "errors of signatures show the signatures")]

use windlass_codegen::context::Context;
use windlass_ir::frontend::{FunctionBuilder, FunctionBuilderContext};
use windlass_ir::ir::{AbiParam, InstBuilder, MemFlagsData, Signature, UserFuncName, types::I64};
use windlass_ir::isa::TargetFacts;
use windlass_link::jit::{JITBuilder, JITModule};
use windlass_link::module::{
    DataDescription, DataId, FuncId, Linkage, Module, ModuleError, ModuleReloc, ModuleRelocTarget,
    default_libcall_names,
};
use windlass_link::provider::{ArenaMemoryProvider, SystemMemoryProvider};

fn builder() -> JITBuilder {
    JITBuilder::new(default_libcall_names()).unwrap()
}

fn signature(module: &impl Module, params: usize) -> Signature {
    let mut sig = module.make_signature();
    sig.params.extend((0..params).map(|_| AbiParam::new(I64)));
    sig.returns.push(AbiParam::new(I64));
    sig
}

/// Defines a function of one argument: what `body` makes of it.
fn define(
    module: &mut JITModule,
    id: FuncId,
    body: impl FnOnce(&mut JITModule, &mut FunctionBuilder<'_>, windlass_ir::ir::Value) -> windlass_ir::ir::Value,
) -> Result<(), ModuleError> {
    let mut ctx = module.make_context();
    ctx.func.signature = signature(module, 1);
    ctx.func.name = UserFuncName::user(0, id.as_u32());
    build(&mut ctx, |b, arg| body(module, b, arg));
    module.define_function(id, &mut ctx)
}

fn build(
    ctx: &mut Context,
    body: impl FnOnce(&mut FunctionBuilder<'_>, windlass_ir::ir::Value) -> windlass_ir::ir::Value,
) {
    let mut memory = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut ctx.func, &mut memory);
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    b.seal_all_blocks();
    let arg = b.block_params(block)[0];
    let result = body(&mut b, arg);
    b.ins().return_(&[result]);
    b.finalize(TargetFacts::of(&target_lexicon::Triple::host()).frontend);
}

/// Calls a finalized function.
fn call(module: &JITModule, id: FuncId, arg: i64) -> i64 {
    let address = module.get_finalized_function(id);
    // SAFETY: all functions of these tests have this type.
    unsafe { std::mem::transmute::<*const u8, extern "C" fn(i64) -> i64>(address)(arg) }
}

fn declare(module: &mut JITModule, name: &str, linkage: Linkage) -> FuncId {
    let sig = signature(module, 1);
    module.declare_function(name, linkage, &sig).unwrap()
}

extern "C" fn triple(x: i64) -> i64 {
    3 * x
}

/// `f(x) = callee(x) + 1`
fn define_caller(module: &mut JITModule, f: FuncId, callee: FuncId) -> Result<(), ModuleError> {
    define(module, f, |module, b, arg| {
        let callee = module.declare_func_in_func(callee, b.func);
        let call = b.ins().call(callee, &[arg]);
        let result = b.inst_results(call)[0];
        b.ins().iadd_imm_s(result, 1)
    })
}

fn define_constant(module: &mut JITModule, f: FuncId, value: i64) {
    define(module, f, |_, b, _| b.ins().iconst(I64, value)).unwrap();
}

#[test]
fn symbols_are_found_by_table_by_callback_and_in_the_process() {
    let mut builder = builder();
    builder.symbol("table", triple as *const u8);
    builder.symbol_lookup_fn(Box::new(|name| (name == "callback").then_some(triple as *const u8)));
    let mut module = JITModule::new(builder);
    for (name, arg, expected) in [("table", 5, 16), ("callback", 6, 19), ("labs", -7, 8)] {
        let callee = declare(&mut module, name, Linkage::Import);
        let caller = declare(&mut module, &format!("of_{name}"), Linkage::Export);
        define_caller(&mut module, caller, callee).unwrap();
        module.finalize_definitions().unwrap();
        assert_eq!(call(&module, caller, arg), expected, "{name}");
        assert!(!module.get_address(&callee.into()).is_null());
    }
    // SAFETY: nothing of it is used any more.
    unsafe { module.free_memory() };
}

#[test]
fn functions_call_what_is_defined_later() {
    let mut module = JITModule::new(builder());
    let ids = ["a", "b", "c"].map(|name| declare(&mut module, name, Linkage::Local));
    define_caller(&mut module, ids[0], ids[1]).unwrap();
    define_caller(&mut module, ids[1], ids[2]).unwrap();
    let error = module.finalize_definitions().unwrap_err();
    assert_eq!(error.to_string(), "undefined symbol `c`");
    define_constant(&mut module, ids[2], 40);
    module.finalize_definitions().unwrap();
    assert_eq!(call(&module, ids[0], 0), 42);
    let again = define_caller(&mut module, ids[0], ids[1]).unwrap_err();
    assert!(matches!(again, ModuleError::DuplicateDefinition(name) if name == "a"));
}

#[test]
fn position_independent_code_finds_what_is_far() {
    let mut builder = JITBuilder::with_flags(&[("is_pic", "true")], default_libcall_names()).unwrap();
    builder.symbol("far", triple as *const u8);
    let mut module = JITModule::new(builder);
    let far = declare(&mut module, "far", Linkage::Import);
    let f = declare(&mut module, "f", Linkage::Export);
    define(&mut module, f, |module, b, arg| {
        let callee = module.declare_func_in_func(far, b.func);
        let sig = b.func.dfg.ext_funcs[callee].signature;
        let address = b.ins().func_addr(I64, callee);
        let indirect = b.ins().call_indirect(sig, address, &[arg]);
        let indirect = b.inst_results(indirect)[0];
        let direct = b.ins().call(callee, &[indirect]);
        b.inst_results(direct)[0]
    })
    .unwrap();
    module.finalize_definitions().unwrap();
    assert_eq!(call(&module, f, 5), 45);
}

/// `f(x) = *(data + offset) + x`
fn define_reader(module: &mut JITModule, f: FuncId, data: DataId, offset: i32) {
    define(module, f, |module, b, arg| {
        let value = module.declare_data_in_func(data, b.func);
        let address = b.ins().symbol_value(I64, value);
        let loaded = b.ins().load(I64, MemFlagsData::trusted(), address, offset);
        b.ins().iadd(loaded, arg)
    })
    .unwrap();
}

/// The opcode of the first instruction of a finalized function that names data relative to itself.
fn first_opcode(module: &JITModule, f: FuncId) -> Option<u8> {
    // SAFETY: functions of these tests are longer, or padding and other code follows them on their page.
    let bytes = unsafe { std::slice::from_raw_parts(module.get_finalized_function(f), 32) };
    bytes.windows(3).find(|w| matches!(w, [0x48 | 0x4c, 0x8d | 0x8b, m] if m & 0xc7 == 5)).map(|w| w[1])
}

#[test]
fn data_may_be_far_from_code() {
    const LARGE: usize = 3 << 29;
    let mut module = JITModule::new(builder());
    let mut zeros = DataDescription::new();
    zeros.define_zeroinit(LARGE);
    let before = resident();
    let large = [(); 3].map(|()| module.declare_anonymous_data(true, false).unwrap());
    let [small, text] = ["small", "text"].map(|name| module.declare_data(name, Linkage::Local, true, false).unwrap());
    // in one batch with the code that reads them, between two others
    let readers = large.map(|data| {
        let f = declare(&mut module, &format!("of_{data}"), Linkage::Export);
        define_reader(&mut module, f, data, LARGE as i32 - 8);
        module.define_data(data, &zeros).unwrap();
        f
    });
    let mut eight = DataDescription::new();
    eight.define(40u64.to_le_bytes().into());
    module.define_data(small, &eight).unwrap();
    let near = declare(&mut module, "of_small", Linkage::Export);
    define_reader(&mut module, near, small, 0);
    module.finalize_definitions().unwrap();
    assert_eq!(call(&module, near, 2), 42);
    assert_eq!(first_opcode(&module, near), Some(0x8d), "what is near needs no table");
    let mut far = 0;
    for (n, (data, f)) in large.into_iter().zip(readers).enumerate() {
        let (address, len) = module.get_finalized_data(data);
        assert_eq!(len, LARGE);
        // SAFETY: it is so large, aligned, and nobody else writes it.
        unsafe { address.add(LARGE - 8).cast_mut().cast::<u64>().write(n as u64 + 7) };
        assert_eq!(call(&module, f, 1), n as i64 + 8);
        far += usize::from(first_opcode(&module, f) == Some(0x8b));
    }
    assert!(far > 0, "4.5 GiB are not within reach");
    // in a later batch too, and with an address in data
    let later = declare(&mut module, "later", Linkage::Export);
    define_reader(&mut module, later, large[0], LARGE as i32 - 8);
    let mut pointer = DataDescription::new();
    pointer.define_zeroinit(16);
    let in_data = module.declare_data_in_data(large[2], &mut pointer);
    pointer.write_data_addr(8, in_data, 5);
    module.define_data(text, &pointer).unwrap();
    let of_text = declare(&mut module, "of_text", Linkage::Export);
    define_reader(&mut module, of_text, text, 8);
    module.finalize_definitions().unwrap();
    assert_eq!(call(&module, later, 0), 7);
    assert_eq!(call(&module, of_text, 0), module.get_finalized_data(large[2]).0.addr() as i64 + 5);
    assert!(resident() < before + (64 << 20), "zeros that nobody wrote take no memory");
    // SAFETY: nothing of it is used any more.
    unsafe { module.free_memory() };
}

#[test]
fn data_holds_addresses() {
    let mut module = JITModule::new(builder());
    let f = declare(&mut module, "f", Linkage::Local);
    define_constant(&mut module, f, 7);
    let text = module.declare_data("text", Linkage::Local, false, false).unwrap();
    let table = module.declare_anonymous_data(true, false).unwrap();
    let mut data = DataDescription::new();
    data.define(Box::from(*b"windlass"));
    module.define_data(text, &data).unwrap();
    data.clear();
    data.define_zeroinit(24);
    data.set_align(64);
    let in_data = (module.declare_func_in_data(f, &mut data), module.declare_data_in_data(text, &mut data));
    data.write_function_addr(0, in_data.0);
    data.write_data_addr(8, in_data.1, 4);
    module.define_data(table, &data).unwrap();
    module.finalize_definitions().unwrap();
    let (address, len) = module.get_finalized_data(table);
    assert_eq!((len, address.addr() % 64), (24, 0));
    // SAFETY: 24 bytes, aligned; nobody writes them.
    let words = unsafe { address.cast::<[usize; 3]>().read() };
    let expected = [module.get_finalized_function(f).addr(), module.get_finalized_data(text).0.addr() + 4, 0];
    assert_eq!(words, expected);
    let again = module.define_data(table, &data);
    assert!(matches!(again, Err(ModuleError::DuplicateDefinition(_))));
    assert!(module.declare_data("tls", Linkage::Local, true, true).is_err());
}

#[test]
fn bytes_are_functions() {
    let mut module = JITModule::new(builder());
    let f = declare(&mut module, "f", Linkage::Local);
    let g = declare(&mut module, "g", Linkage::Local);
    define_constant(&mut module, f, 9);
    // `jmp f`
    let reloc = ModuleReloc {
        offset: 1,
        kind: windlass_codegen::binemit::Reloc::X86CallPCRel4,
        name: ModuleRelocTarget::from(f),
        addend: -4,
    };
    module.define_function_bytes(g, 16, &[0xe9, 0, 0, 0, 0], &[reloc]).unwrap();
    module.finalize_definitions().unwrap();
    assert_eq!(call(&module, g, 0), 9);
}

#[test]
fn a_replaced_function_is_what_callers_get() {
    let mut builder = builder();
    builder.hotswap(true);
    let mut module = JITModule::new(builder);
    let f = declare(&mut module, "f", Linkage::Export);
    let g = declare(&mut module, "g", Linkage::Export);
    define_constant(&mut module, f, 1);
    define_caller(&mut module, g, f).unwrap();
    module.finalize_definitions().unwrap();
    let before = module.get_finalized_function(f);
    for value in 1..50 {
        assert_eq!((call(&module, f, 0), call(&module, g, 0)), (value, value + 1));
        module.prepare_for_function_redefinition(f).unwrap();
        define_constant(&mut module, f, value + 1);
        assert_eq!(call(&module, g, 0), value + 1, "the old code, until the new one is finalized");
        module.finalize_definitions().unwrap();
        // SAFETY: the old code returned.
        unsafe { module.free_replaced() }.unwrap();
    }
    assert_eq!(module.get_finalized_function(f), before, "its address stays");
    // SAFETY: nothing of it is used any more.
    unsafe { module.free_memory() };
}

#[test]
fn without_hotswap_nothing_is_replaced() {
    let mut module = JITModule::new(builder());
    let f = declare(&mut module, "f", Linkage::Export);
    define_constant(&mut module, f, 1);
    module.finalize_definitions().unwrap();
    assert!(module.prepare_for_function_redefinition(f).is_err());
    // SAFETY: nobody calls it.
    unsafe { module.free_function(f) }.unwrap();
    // SAFETY: it is free already, which is an error.
    assert!(unsafe { module.free_function(f) }.is_err());
    define_constant(&mut module, f, 2);
    module.finalize_definitions().unwrap();
    assert_eq!(call(&module, f, 0), 2);
}

#[test]
fn embedders_give_memory() {
    let providers: [Box<dyn windlass_link::provider::JITMemoryProvider + Send>; 2] =
        [Box::new(SystemMemoryProvider::new()), Box::new(ArenaMemoryProvider::new_with_size(1 << 16).unwrap())];
    for provider in providers {
        let mut builder = builder();
        builder.memory_provider(provider);
        let mut module = JITModule::new(builder);
        let f = declare(&mut module, "f", Linkage::Export);
        let g = declare(&mut module, "g", Linkage::Export);
        define_constant(&mut module, f, 1);
        module.finalize_definitions().unwrap();
        define_caller(&mut module, g, f).unwrap();
        module.finalize_definitions().unwrap();
        assert_eq!(call(&module, g, 0), 2);
        // SAFETY: nothing of it is used any more.
        unsafe { module.free_memory() };
    }
}

#[test]
fn an_arena_ends() {
    let mut builder = builder();
    builder.memory_provider(Box::new(ArenaMemoryProvider::new_with_size(1 << 13).unwrap()));
    let mut module = JITModule::new(builder);
    let data = module.declare_anonymous_data(true, false).unwrap();
    let mut large = DataDescription::new();
    large.define_zeroinit(1 << 20);
    module.define_data(data, &large).unwrap();
    let error = module.finalize_definitions().unwrap_err();
    assert!(matches!(&error, ModuleError::Allocation { .. }), "{error}");
}

#[test]
fn perf_finds_names() {
    let mut builder = builder();
    builder.perf_map(true);
    let mut module = JITModule::new(builder);
    let f = declare(&mut module, "a function of\nmine", Linkage::Export);
    define_constant(&mut module, f, 1);
    module.finalize_definitions().unwrap();
    let map = std::fs::read_to_string(format!("/tmp/perf-{}.map", std::process::id())).unwrap();
    let address = format!("{:x} ", module.get_finalized_function(f).addr());
    let line = map.lines().find(|line| line.starts_with(&address)).unwrap();
    let mut words = line.splitn(3, ' ');
    assert_eq!(
        (words.nth(1).map(|size| usize::from_str_radix(size, 16).is_ok()), words.next()),
        (Some(true), Some("a function of_mine"))
    );
}

#[test]
fn debuggers_are_told_and_forget() {
    let mut modules = vec![];
    for n in 0..3 {
        let mut builder = builder();
        builder.debugger(true);
        let mut module = JITModule::new(builder);
        let names = [format!("f{n}"), format!("a function\0of mine {n}"), String::new()];
        let functions = names.map(|name| declare(&mut module, &name, Linkage::Export));
        functions.iter().for_each(|f| define_constant(&mut module, *f, 1));
        module.finalize_definitions().unwrap();
        modules.push((module, functions));
    }
    // SAFETY: nothing of them runs.
    unsafe {
        for (n, (module, functions)) in modules.iter_mut().enumerate().skip(1).rev() {
            module.free_function(functions[n]).unwrap();
        }
        modules.swap_remove(0).0.free_memory();
        modules.into_iter().for_each(|(module, _)| module.free_memory());
    }
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Compiles, calls and frees, in whole modules and in one.
fn cycles(count: i64) {
    let isa = {
        let flags = windlass_codegen::settings::Flags::new(windlass_codegen::settings::builder());
        windlass_codegen::isa::native::builder().unwrap().finish(flags).unwrap()
    };
    let mut kept = JITModule::new(JITBuilder::with_isa(isa.clone(), default_libcall_names()));
    let g = declare(&mut kept, "g", Linkage::Export);
    let mut before = 0;
    for n in 0..count {
        if n == count / 5 {
            before = resident();
        }
        let mut module = JITModule::new(JITBuilder::with_isa(isa.clone(), default_libcall_names()));
        let f = declare(&mut module, "f", Linkage::Export);
        define_constant(&mut module, f, n);
        module.finalize_definitions().unwrap();
        assert_eq!(call(&module, f, 0), n);
        // SAFETY: nothing of it is used any more.
        unsafe { module.free_memory() };

        define_constant(&mut kept, g, n);
        kept.finalize_definitions().unwrap();
        assert_eq!(call(&kept, g, 0), n);
        // SAFETY: nobody calls it any more.
        unsafe { kept.free_function(g) }.unwrap();
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more after {count} cycles");
}

/// `WINDLASS_CYCLES=COUNT` makes it another number of cycles; a million take minutes.
#[test]
fn memory_stays_flat() {
    let asked = std::env::var("WINDLASS_CYCLES").ok();
    cycles(asked.map_or(2_000, |count| count.parse().expect("WINDLASS_CYCLES=COUNT")));
}
