//! What compiled code tells of its calls, used by the program that runs it: stack maps, by which a host finds values in
//! frames and changes them, and calls that are patched; and the stack that code has touched. Needs: x86-64 with Linux. Leaves: nothing.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::cell::RefCell;
use std::collections::HashMap;
use windlass_codegen::context::Context;
use windlass_codegen::machinst::{CompiledCode, MachDebugTagPos};
use windlass_ir::frontend::{FunctionBuilder, FunctionBuilderContext};
use windlass_ir::ir::types::{I32, I64};
use windlass_ir::ir::{
    AbiParam, DebugTag, ExternalName, Function, InstBuilder, Signature, UserExternalName, UserFuncName,
};
use windlass_ir::isa::CallConv;
use windlass_ir::reader::parse_functions;
use windlass_link::jit::{JITBuilder, JITModule};
use windlass_link::module::{Linkage, Module, default_libcall_names};

/// The functions of a text in a module, and what was compiled of each, by names without `%`.
struct Program {
    module: JITModule,
    compiled: HashMap<String, (*const u8, CompiledCode)>,
}

fn name(name: &dyn std::fmt::Display) -> String {
    name.to_string().trim_start_matches('%').to_owned()
}

fn program(funcs: Vec<Function>, flags: &[(&str, &str)], symbols: &[(&str, *const u8)]) -> Program {
    let mut builder = JITBuilder::with_flags(flags, default_libcall_names()).unwrap();
    builder.symbols(symbols.iter().copied());
    let mut module = JITModule::new(builder);
    let declare = |f: &Function, module: &mut JITModule| {
        module.declare_function(&name(&f.name), Linkage::Export, &f.signature).unwrap()
    };
    let ids: Vec<_> = funcs.iter().map(|f| declare(f, &mut module)).collect();
    let mut compiled = vec![];
    for (func, &id) in funcs.into_iter().zip(&ids) {
        let own = name(&func.name);
        let mut ctx = Context::for_function(func);
        for callee in ctx.func.dfg.ext_funcs.keys().collect::<Vec<_>>() {
            let data = ctx.func.dfg.ext_funcs[callee].clone();
            let signature = ctx.func.dfg.signatures[data.signature].clone();
            let id = module.declare_function(&name(&data.name.display(None)), Linkage::Import, &signature).unwrap();
            let user = ctx.func.declare_imported_user_function(UserExternalName::new(0, id.as_u32()));
            ctx.func.dfg.ext_funcs[callee].name = ExternalName::user(user);
        }
        module.define_function(id, &mut ctx).unwrap();
        compiled.push((own, id, ctx.take_compiled_code().unwrap()));
    }
    module.finalize_definitions().unwrap();
    let place = |(own, id, code)| (own, (module.get_finalized_function(id), code));
    let compiled = compiled.into_iter().map(place).collect();
    Program { module, compiled }
}

/// Where calls return to, and where values are there, from the stack pointer.
type Maps = HashMap<usize, Vec<(u32, u32)>>;

thread_local! {
    static MAPS: RefCell<Maps> = RefCell::default();
}

/// Called from the function whose frame pointer this is: adds 1000 to all that the map of its caller's call names, and
/// gives how many that were.
extern "C" fn collect(frame: *mut usize) -> i64 {
    // SAFETY: above a saved frame pointer stands the return address, and above that the caller's frame.
    let (returns_to, stack) = unsafe { (*frame.add(1), frame.add(2).cast::<u8>()) };
    MAPS.with_borrow(|maps| {
        let map = maps.get(&returns_to).map_or(&[][..], |map| map);
        for &(bytes, offset) in map {
            let at = stack.wrapping_add(offset as usize);
            match bytes {
                // SAFETY: the map says that there is such a value.
                4 => unsafe { *at.cast::<i32>() += 1000 },
                // SAFETY: as above.
                _ => unsafe { *at.cast::<i64>() += 1000 },
            }
        }
        map.len() as i64
    })
}

fn remember_maps(program: &Program) {
    MAPS.with_borrow_mut(|maps| {
        maps.clear();
        for (start, code) in program.compiled.values() {
            for (offset, _, map) in code.buffer.user_stack_maps() {
                let entries = map.entries().map(|(ty, at)| (ty.bytes(), at)).collect();
                maps.insert(*start as usize + *offset as usize, entries);
            }
        }
    });
}

/// `%middle` is called with a map of two values; `%tail` gets stack arguments, which it removes, and has a map too.
const MAPPED: &str = "
function %middle(i64, i64, i64, i64, i64, i64, i64, i64) -> i64 system_v {
    fn0 = %collect(i64) -> i64 system_v
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64):
    v8 = get_frame_pointer.i64
    v9 = call fn0(v8)
    v10 = iadd v9, v7
    return v10
}

function %tail(i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail {
    fn0 = %collect(i64) -> i64 system_v
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64):
    v9 = get_frame_pointer.i64
    v10 = call fn0(v9)
    v11 = iadd v10, v8
    return v11
}

function %main(i64) -> i64 system_v {
    ss0 = explicit_slot 24, align = 8
    ss1 = explicit_slot 8, align = 16
    fn0 = colocated %middle(i64, i64, i64, i64, i64, i64, i64, i64) -> i64 system_v
    fn1 = colocated %tail(i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail
block0(v0: i64):
    v1 = stack_addr.i64 ss0
    v2 = stack_addr.i64 ss1
    v3 = iconst.i32 7
    store v0, v1
    store v0, v1+8
    store v0, v1+16
    store v3, v2+4
    v4 = call fn0(v0, v0, v0, v0, v0, v0, v0, v0), stack_map=[i64 @ ss0+16, i32 @ ss1+4]
    v5 = call fn0(v4, v4, v4, v4, v4, v4, v4, v4)
    v6 = call fn1(v5, v5, v5, v5, v5, v5, v5, v5, v5), stack_map=[i64 @ ss0+8]
    v7 = load.i64 v1
    v8 = load.i64 v1+8
    v9 = load.i64 v1+16
    v10 = load.i32 v2+4
    v11 = sextend.i64 v10
    v12 = imul v9, v11
    v13 = iadd v12, v8
    v14 = isub v13, v7
    v15 = iadd v14, v6
    return v15
}
";

#[test]
fn a_host_changes_what_stack_maps_name() {
    for level in ["none", "speed"] {
        let flags = [("preserve_frame_pointers", "true"), ("opt_level", level)];
        let program = program(parse_functions(MAPPED).unwrap(), &flags, &[("collect", collect as *const u8)]);
        remember_maps(&program);
        let (start, code) = &program.compiled["main"];
        let maps = code.buffer.user_stack_maps();
        assert_eq!(maps.len(), 2);
        let returns: Vec<u32> = code.buffer.call_sites().map(|site| site.ret_addr).collect();
        assert_eq!(returns.len(), 3);
        assert_eq!((maps[0].0, maps[1].0), (returns[0], returns[2]), "maps stand where their calls return to");
        let layout = code.buffer.frame_layout().unwrap();
        assert!(maps.iter().all(|map| map.1 == layout.frame_to_fp_offset));
        let slot = |n| &layout.stackslots[windlass_ir::ir::StackSlot::from_u32(n)];
        let entries: Vec<_> = maps[0].2.entries().collect();
        assert_eq!(entries, [(I64, slot(0).offset + 16), (I32, slot(1).offset + 4)]);
        // SAFETY: its type in the text.
        let main = unsafe { std::mem::transmute::<*const u8, extern "C" fn(i64) -> i64>(*start) };
        // two values of the first call, none of the second, one of the third; 5 is what they started with
        let counted = 5 + 2 + 1;
        assert_eq!(main(5), (5 + 1000) * (7 + 1000) + 1000 + counted);
        // SAFETY: nothing of it is used any more.
        unsafe { program.module.free_memory() };
    }
}

/// What the builder makes of values that are declared to need a place in the maps.
#[test]
fn declared_values_are_in_maps() {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params.push(AbiParam::new(I64));
    signature.returns.push(AbiParam::new(I64));
    let mut func = Function::with_name_signature(UserFuncName::testcase("main"), signature.clone());
    let mut memory = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut func, &mut memory);
    let sig = b.import_signature(signature);
    let name = ExternalName::testcase("middle");
    let data = windlass_ir::ir::ExtFuncData { name, signature: sig, colocated: true, patchable: false };
    let middle = b.import_function(data);
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    b.seal_all_blocks();
    let arg = b.block_params(block)[0];
    let double = b.ins().iadd(arg, arg);
    b.declare_value_needs_stack_map(double);
    let call = b.ins().call(middle, &[arg]);
    let count = b.inst_results(call)[0];
    let sum = b.ins().iadd(count, double);
    b.ins().return_(&[sum]);
    b.finalize(windlass_ir::isa::TargetFacts::of(&target_lexicon::Triple::host()).frontend);
    let mut funcs = parse_functions(
        "function %middle(i64) -> i64 system_v {\n fn0 = %collect(i64) -> i64 system_v\nblock0(v0: i64):\n \
         v1 = get_frame_pointer.i64\n v2 = call fn0(v1)\n return v2\n}",
    )
    .unwrap();
    funcs.push(func);
    let program = program(funcs, &[("preserve_frame_pointers", "true")], &[("collect", collect as *const u8)]);
    remember_maps(&program);
    // SAFETY: its type above.
    let main = unsafe { std::mem::transmute::<*const u8, extern "C" fn(i64) -> i64>(program.compiled["main"].0) };
    assert_eq!(main(21), 42 + 1000 + 1);
    // SAFETY: nothing of it is used any more.
    unsafe { program.module.free_memory() };
}

thread_local! {
    static CALLED: RefCell<Vec<i64>> = RefCell::default();
}

extern "C" fn called(x: i64) {
    CALLED.with_borrow_mut(|all| all.push(x));
}

const PATCHABLE: &str = "
function %hook(i64) preserve_all {
    fn0 = %called(i64) system_v
block0(v0: i64):
    call fn0(v0)
    return
}

function %main(i64, i64) -> i64 system_v {
    fn0 = colocated patchable %hook(i64) preserve_all
    fn1 = colocated %hook(i64) preserve_all
block0(v0: i64, v1: i64):
    call fn0(v0)
    call fn1(v1)
    call fn0(v1)
    v2 = iadd v0, v1
    return v2
}
";

/// Writes where code is.
fn overwrite(at: *const u8, bytes: &[u8]) {
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    let start = at as usize & !(page - 1);
    let len = at as usize + bytes.len() - start;
    // SAFETY: the pages are those of code that does not run now.
    unsafe {
        let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        assert_eq!(libc::mprotect(start as *mut _, len, all), 0);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), at.cast_mut(), bytes.len());
        assert_eq!(libc::mprotect(start as *mut _, len, libc::PROT_READ | libc::PROT_EXEC), 0);
    }
}

#[test]
fn calls_are_patched_away_and_back() {
    let program = program(parse_functions(PATCHABLE).unwrap(), &[], &[("called", called as *const u8)]);
    let (start, code) = &program.compiled["main"];
    // SAFETY: its type in the text.
    let main = unsafe { std::mem::transmute::<*const u8, extern "C" fn(i64, i64) -> i64>(*start) };
    let calls = || {
        assert_eq!(main(3, 4), 7);
        CALLED.take()
    };
    assert_eq!(calls(), [3, 4, 4]);
    let sites: Vec<_> = code.buffer.patchable_call_sites().copied().collect();
    let returns: Vec<u32> = code.buffer.call_sites().map(|site| site.ret_addr).collect();
    assert_eq!(sites.iter().map(|site| site.ret_addr).collect::<Vec<_>>(), [returns[0], returns[2]]);
    let nops = &code.buffer.nop_units;
    assert!(nops.windows(2).all(|pair| pair[0].len() < pair[1].len()) && nops[0].len() == 1);
    for (site, left) in sites.iter().zip([vec![4, 4], vec![3, 4]]) {
        let at = start.wrapping_add((site.ret_addr - site.len) as usize);
        // SAFETY: it is in the function.
        let before = unsafe { std::slice::from_raw_parts(at, site.len as usize) }.to_vec();
        let nop = nops.iter().find(|nop| nop.len() == site.len as usize).expect("one as long as a call");
        overwrite(at, nop);
        assert_eq!(calls(), left);
        overwrite(at, &before);
        assert_eq!(calls(), [3, 4, 4]);
    }
    // SAFETY: nothing of it is used any more.
    unsafe { program.module.free_memory() };
}

/// How many of the pages from `low` on are in memory, and how many there are.
fn touched(low: usize, bytes: usize) -> (usize, usize) {
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    let start = low.next_multiple_of(page);
    let pages = (low + bytes - start) / page;
    let mut there = vec![0u8; pages];
    // SAFETY: there is a byte for each page, and the pages are of this thread's stack.
    let error = unsafe { libc::mincore(start as *mut _, pages * page, there.as_mut_ptr()) };
    assert_eq!(error, 0);
    (there.iter().filter(|&&t| t & 1 != 0).count(), pages)
}

thread_local! {
    static TOUCHED: RefCell<(usize, usize)> = RefCell::default();
}

extern "C" fn look(slot: usize) {
    TOUCHED.set(touched(slot, 1 << 20));
}

const LARGE: &str = "
function %main() system_v {
    ss0 = explicit_slot 1048576
    fn0 = %look(i64) system_v
block0:
    v0 = stack_addr.i64 ss0
    call fn0(v0)
    return
}
";

/// Compiles `%main` and calls it on a stack of its own; what `%look` sees.
fn look_with(flags: &[(&str, &str)]) -> (usize, usize) {
    let program = program(parse_functions(LARGE).unwrap(), flags, &[("look", look as *const u8)]);
    // SAFETY: its type in the text.
    let main = unsafe { std::mem::transmute::<*const u8, extern "C" fn()>(program.compiled["main"].0) };
    let run = move || {
        main();
        TOUCHED.take()
    };
    let seen = std::thread::Builder::new().stack_size(4 << 20).spawn(run).unwrap().join().unwrap();
    // SAFETY: nothing of it is used any more.
    unsafe { program.module.free_memory() };
    seen
}

#[test]
fn probes_touch_each_page() {
    let (without, pages) = look_with(&[]);
    assert!(without < pages / 2 && pages >= 255, "{without} of {pages} are touched by themselves");
    for strategy in ["inline", "outline"] {
        let flags = [("enable_probestack", "true"), ("probestack_strategy", strategy)];
        assert_eq!(look_with(&flags), (pages, pages), "{strategy}");
    }
}

static PROBED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// A host's own routine: counts, and leaves all registers as they were.
///
/// # Safety
/// Any caller will do: only the counter and the flags change.
// SAFETY: the body returns by itself and needs no frame.
#[unsafe(naked)]
unsafe extern "C" fn own_probe() {
    // SAFETY: the counter lives as long as the program, and is changed by one atomic instruction.
    std::arch::naked_asm!("lock inc qword ptr [rip + {count}]", "ret", count = sym PROBED)
}

#[test]
fn a_host_may_have_its_own_probe() {
    let symbols = [("look", look as *const u8), ("__cranelift_probestack", own_probe as *const u8)];
    let flags = [("enable_probestack", "true")];
    let program = program(parse_functions(LARGE).unwrap(), &flags, &symbols);
    // SAFETY: its type in the text.
    let main = unsafe { std::mem::transmute::<*const u8, extern "C" fn()>(program.compiled["main"].0) };
    std::thread::Builder::new().stack_size(4 << 20).spawn(move || main()).unwrap().join().unwrap();
    assert_eq!(PROBED.load(std::sync::atomic::Ordering::SeqCst), 1);
    // SAFETY: nothing of it is used any more.
    unsafe { program.module.free_memory() };
}

#[test]
fn tags_stand_beside_code() {
    let text = "
        function %main(i64) -> i64 system_v {
            ss0 = explicit_slot 16
            fn0 = colocated %other(i64) -> i64 system_v
        block0(v0: i64):
            <7, ss0> sequence_point
            v1 = call fn0(v0)
            <1, ss0, 3> v2 = call fn0(v1)
            brif v2, block1, block2
        block1:
            <9> sequence_point
            <10> sequence_point
            return v2
        block2:
            return v1
        }
        function %other(i64) -> i64 system_v {
        block0(v0: i64):
            return v0
        }";
    let program = program(parse_functions(text).unwrap(), &[], &[]);
    let code = &program.compiled["main"].1;
    let returns: Vec<u32> = code.buffer.call_sites().map(|site| site.ret_addr).collect();
    let (slot, user) = (DebugTag::StackSlot(windlass_ir::ir::StackSlot::from_u32(0)), DebugTag::User);
    let lists: Vec<_> = code.buffer.debug_tags().collect();
    let tags: Vec<&[DebugTag]> = lists.iter().map(|list| list.tags).collect();
    assert_eq!(tags, [&[user(7), slot.clone()][..], &[user(1), slot, user(3)], &[user(9)], &[user(10)]]);
    assert_eq!((lists[1].pos, lists[1].offset), (MachDebugTagPos::Post, returns[1]));
    assert!(lists[0].pos == MachDebugTagPos::Pre && lists[0].offset < returns[0]);
    assert!(lists[2].pos == MachDebugTagPos::Pre && lists[2].offset >= returns[1]);
    assert_eq!(lists[2].offset, lists[3].offset);
    assert!(program.compiled["other"].1.buffer.debug_tags().next().is_none());
    // SAFETY: nothing of it is used any more.
    unsafe { program.module.free_memory() };
}
