//! Compiling with a cache: what is found again, what is not, and what damage does.
#![cfg(feature = "incremental-cache")]

use std::borrow::Cow;
use std::collections::HashMap;
use windlass_codegen::context::Context;
use windlass_codegen::incremental_cache::{
    CacheKvStore, RecompileError, compute_cache_key, serialize_compiled, try_finish_recompile,
};
use windlass_codegen::isa::OwnedTargetIsa;
use windlass_codegen::machinst::CompiledCode;
use windlass_codegen::settings::{Configurable, Flags, builder, read_target};
use windlass_control::ControlPlane;
use windlass_ir::ir::{Function, UserExternalName, UserFuncName};
use windlass_ir::reader::parse_functions;

#[derive(Default)]
struct Store {
    kept: HashMap<Vec<u8>, Vec<u8>>,
    inserted: usize,
}

impl CacheKvStore for Store {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.kept.get(key).map(|bytes| Cow::Borrowed(&bytes[..]))
    }
    fn insert(&mut self, key: &[u8], val: Vec<u8>) {
        self.inserted += 1;
        self.kept.insert(key.to_vec(), val);
    }
}

fn isa(settings: &[(&str, &str)]) -> OwnedTargetIsa {
    let mut flags = builder();
    settings.iter().for_each(|(name, value)| flags.set(name, value).unwrap());
    read_target("x86_64").unwrap().isa_builder().unwrap().finish(Flags::new(flags)).unwrap()
}

/// Relocations, traps, source locations, tags, a stack map, constants, saved registers and a patchable call.
const TEXT: &str = "
function u0:1(i64, f64) -> i64, f64 system_v {
    ss0 = explicit_slot 16, key = 5
    fn0 = u0:2(i64) -> i64 system_v
    fn1 = colocated patchable u0:3(i64) system_v
    fn2 = %Memset(i64, i32, i64) -> i64 system_v
block0(v0: i64, v1: f64):
    v2 = stack_addr.i64 ss0
    @0010 store v0, v2
    @0011 v3 = call fn0(v0), stack_map=[i64 @ ss0+0]
<1, ss0> @0012 call fn1(v3)
    v4 = f64const 0x1.8p3
    v5 = fmul v1, v4
    brif v3, block1, block2
block1:
    @0020 v6 = udiv v3, v0
    return v6, v5
block2:
    trap user3
}
";

fn function() -> Function {
    parse_functions(TEXT).unwrap().remove(0)
}

fn compile(func: Function, isa: &OwnedTargetIsa, store: &mut Store) -> (CompiledCode, bool) {
    let mut ctx = Context::for_function(func);
    let (code, found) = ctx.compile_with_cache(&**isa, store, &mut ControlPlane::default()).unwrap();
    (code.clone(), found)
}

#[test]
fn equal_functions_are_found() {
    for settings in [&[][..], &[("enable_incremental_compilation_cache_checks", "true"), ("opt_level", "speed")]] {
        let (isa, mut store) = (isa(settings), Store::default());
        let (first, found) = compile(function(), &isa, &mut store);
        assert!(!found && store.inserted == 1);
        assert!(!first.buffer.relocs().is_empty() && !first.buffer.traps().is_empty());
        assert!(first.buffer.user_stack_maps().len() == 1 && first.buffer.debug_tags().count() == 1);
        let (again, found) = compile(function(), &isa, &mut store);
        assert!(found && again == first && store.inserted == 1);
        // names are no part of the code
        let mut other = function();
        other.name = UserFuncName::user(7, 8);
        let callee = other.params.user_named_funcs().keys().next().unwrap();
        other.params.reset_user_func_name(callee, UserExternalName::new(9, 9));
        let (renamed, found) = compile(other, &isa, &mut store);
        assert!(found && renamed.buffer.data() == first.buffer.data());
    }
}

#[test]
fn other_functions_and_settings_are_not() {
    let key = |func: &Function, settings: &[(&str, &str)]| compute_cache_key(&*isa(settings), func);
    let func = function();
    assert!(key(&func, &[]) == key(&function(), &[]));
    for setting in ["opt_level=speed", "preserve_frame_pointers=true", "enable_pinned_reg=true"] {
        assert!(key(&func, &[]) != key(&func, &[setting.split_once('=').unwrap()]), "{setting}");
    }
    for (old, new) in [("0x1.8p3", "0x1.cp3"), ("udiv", "urem"), ("user3", "user4"), ("@0020", "@0021")] {
        let changed = parse_functions(&TEXT.replace(old, new)).unwrap().remove(0);
        assert!(key(&func, &[]) != key(&changed, &[]), "{old}");
    }
    let names: Vec<String> = [&func, &function()].map(|f| key(f, &[]).to_string()).into();
    assert!(names[0].len() == 64 && names[0] == names[1]);
}

#[test]
fn a_text_is_compiled() {
    let (isa, mut store) = (isa(&[]), Store::default());
    let mut ctx = Context::for_function(function());
    ctx.set_disasm(true);
    for _ in 0..2 {
        let (code, found) = ctx.compile_with_cache(&*isa, &mut store, &mut ControlPlane::default()).unwrap();
        assert!(!found && code.vcode.is_some());
    }
    assert_eq!(store.inserted, 0);
}

#[test]
fn damage_is_an_error_or_other_code() {
    let mut ctx = Context::for_function(function());
    let stencil = ctx.compile_stencil(&*isa(&[]), &mut ControlPlane::default()).unwrap();
    let (stencil, bytes) = serialize_compiled(stencil);
    let (func, bytes) = (function(), bytes.unwrap());
    assert_eq!(try_finish_recompile(&func, &bytes).unwrap(), stencil.apply_params(&func.params));
    for len in 0..bytes.len() {
        assert!(try_finish_recompile(&func, &bytes[..len]).is_err());
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let _ = try_finish_recompile(&func, &damaged);
        }
    }
    let mut other = bytes.clone();
    other[1] ^= 1;
    assert!(matches!(try_finish_recompile(&func, &other), Err(RecompileError::VersionMismatch)));
    // a function that has fewer names than the code refers to
    let few = parse_functions("function %f() {\nblock0:\n return\n}").unwrap().remove(0);
    assert!(matches!(try_finish_recompile(&few, &bytes), Err(RecompileError::Deserialize(_))));
}

#[test]
fn what_cannot_be_read_is_compiled_again() {
    let (isa, mut store) = (isa(&[]), Store::default());
    let (first, _) = compile(function(), &isa, &mut store);
    store.kept.values_mut().for_each(|bytes| bytes.truncate(9));
    let (again, found) = compile(function(), &isa, &mut store);
    assert!(!found && again == first && store.inserted == 2);
}
