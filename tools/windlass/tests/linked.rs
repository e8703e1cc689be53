//! Compiled functions among those of other compilers: in a program of C, in the way of an exception of C++, under a
//! debugger. Does: makes objects, links them with gcc and g++, and runs what comes out. Needs: gcc, g++, gdb, x86-64 Linux.
//! Leaves: nothing.
#![cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::process::Command;
use windlass_codegen::context::Context;
use windlass_ir::ir::{ExternalName, UserExternalName};
use windlass_ir::reader::parse_functions;
use windlass_link::jit::{JITBuilder, JITModule};
use windlass_link::module::{Linkage, Module, default_libcall_names};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("windlass-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a program that must succeed; what it prints.
fn run(program: impl AsRef<Path>, args: &[&str]) -> String {
    let program = program.as_ref();
    let out = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(out.status.success(), "{} {args:?}: {}{}", program.display(), text(&out.stdout), text(&out.stderr));
    text(&out.stdout)
}

/// Makes an object of CLIF.
fn compile(clif: &Path, object: &Path, args: &[&str]) {
    let fixed = ["compile", clif.to_str().unwrap(), "--emit", "obj", "-o", object.to_str().unwrap()];
    run(env!("CARGO_BIN_EXE_windlass"), &[&fixed, args].concat());
}

/// `add3` calls what is outside, `twice` takes its address, and there are values to be kept over calls, one in a stack
/// slot that is aligned more than the stack pointer.
const CLIF: &str = "
function %add3(i64, i64, i64) -> i64 system_v {
    ss0 = explicit_slot 40, align = 64
    fn0 = %callback(i64) -> i64 system_v
    fn1 = colocated %twice(i64) -> i64 system_v
block0(v0: i64, v1: i64, v2: i64):
    v7 = stack_addr.i64 ss0
    store v2, v7+32
    v3 = call fn0(v0)
    v4 = call fn1(v1)
    v5 = iadd v3, v4
    v8 = load.i64 v7+32
    v6 = iadd v5, v8
    return v6
}

function %twice(i64) -> i64 system_v {
    fn0 = %callback(i64) -> i64 system_v
    sig7 = (i64) -> i64 system_v
block0(v0: i64):
    v1 = func_addr.i64 fn0
    v2 = call_indirect sig7, v1(v0)
    v3 = iadd v2, v0
    return v3
}
";

const C: &str = "
#include <stdio.h>
long add3(long, long, long);
long callback(long x) { return x + 1; }
int main(void) { printf(\"%ld\\n\", add3(10, 20, 30)); return 0; }
";

#[test]
fn a_program_of_c_calls_compiled_functions() {
    let folder = Folder::new("c");
    let (clif, c, object, program) =
        (folder.file("f.clif", CLIF), folder.file("m.c", C), folder.0.join("f.o"), folder.0.join("m"));
    let (c, program) = (c.to_str().unwrap(), program.to_str().unwrap());
    for (settings, link) in [
        (&[][..], &["-pie", "-Werror"][..]),
        (&["-O", "speed"], &["-pie"]),
        (&["--set", "is_pic=false"], &["-no-pie"]),
        (&["--set", "preserve_frame_pointers=true"], &["-static-pie"]),
    ] {
        compile(&clif, &object, settings);
        run("gcc", &[&[c, object.to_str().unwrap(), "-o", program, "-Wl,--fatal-warnings"], link].concat());
        assert_eq!(run(program, &[]), "82\n", "{settings:?} {link:?}");
    }
}

/// What the CPU of the target lacks, routines called by name, and a frame of many pages.
const ROUTINES: &str = "
function %rounds(f64, f32, i64) -> f64 system_v {
    ss0 = explicit_slot 40000, align = 8
    fn0 = %Memset(i64, i32, i64) -> i64 system_v
    fn1 = %Memcpy(i64, i64, i64) -> i64 system_v
block0(v0: f64, v1: f32, v2: i64):
    v3 = ceil v0
    v4 = floor v1
    v5 = fpromote.f64 v4
    v6 = fma v3, v0, v5
    v7 = stack_addr.i64 ss0
    v8 = iconst.i32 64
    v9 = iconst.i64 40000
    v10 = call fn0(v7, v8, v9)
    v11 = iconst.i64 8
    v12 = call fn1(v2, v7, v11)
    v13 = load.f64 v2
    v14 = fadd v6, v13
    return v14
}
";

const ROUTINES_C: &str = "
#include <stdio.h>
long probes;
__asm__(\".text\\n.globl __cranelift_probestack\\n__cranelift_probestack: lock incq probes(%rip)\\n ret\");
double rounds(double, float, double *);
int main(void) { double x = 0; printf(\"%g\", rounds(1.5, 2.75f, &x)); printf(\" %g %ld\\n\", x, probes); return 0; }
";

#[test]
fn objects_name_routines_as_c_does() {
    let folder = Folder::new("routines");
    let (clif, c) = (folder.file("f.clif", ROUTINES), folder.file("m.c", ROUTINES_C));
    let (object, program) = (folder.0.join("f.o"), folder.0.join("m"));
    for (settings, link) in [("is_pic=true", "-pie"), ("is_pic=false", "-no-pie")] {
        let probes = ["--set", "enable_probestack=true", "--target", "x86_64-unknown-linux-gnu"];
        compile(&clif, &object, &[&["--set", settings], &probes[..]].concat());
        let paths = [&c, &object, &program].map(|p| p.to_str().unwrap());
        run("gcc", &[paths[0], paths[1], "-o", paths[2], link, "-lm"]);
        // 2 * 1.5 + 2, and 32.501960784313724, whose bytes are all 64
        assert_eq!(run(&program, &[]), "37.502 32.502 1\n", "{settings}");
    }
}

/// Integers of 128 bits under Windows' convention, from C to compiled code and from there to C.
const WINDOWS: &str = "
function %mixed(i64, i128, i128, i8, i128) -> i128 windows_fastcall {
    fn0 = %back(i128, i64, i64, i64, i128) -> i128 windows_fastcall
block0(v0: i64, v1: i128, v2: i128, v3: i8, v4: i128):
    v5 = call fn0(v1, v0, v0, v0, v4)
    v6 = isub v5, v2
    v7 = sextend.i128 v3
    v8 = iadd v6, v7
    return v8
}
";

const WINDOWS_C: &str = "
#include <stdio.h>
typedef __int128 wide;
__attribute__((ms_abi)) wide mixed(long long, wide, wide, signed char, wide);
__attribute__((ms_abi)) wide back(wide a, long long b, long long c, long long d, wide e) {
    return a * 3 + b + c * 10 + d * 100 - e;
}
int main(void) {
    wide big = ((wide)0x1234567890abcdef << 64) | 0xfedcba0987654321;
    wide want = big * 3 + 111 * 7 - (big >> 3) - ~big - 5;
    wide got = mixed(7, big, ~big, -5, big >> 3);
    printf(\"%d\\n\", got == want);
    return 0;
}
";

#[test]
fn c_for_windows_passes_wide_integers() {
    let folder = Folder::new("windows");
    let (clif, c) = (folder.file("f.clif", WINDOWS), folder.file("m.c", WINDOWS_C));
    let (object, program) = (folder.0.join("f.o"), folder.0.join("m"));
    for level in ["none", "speed"] {
        compile(&clif, &object, &["-O", level]);
        let paths = [&c, &object, &program].map(|p| p.to_str().unwrap());
        run("gcc", &["-O2", paths[0], paths[1], "-o", paths[2]]);
        assert_eq!(run(&program, &[]), "1\n", "{level}");
    }
}

/// Throws out of a callback, through compiled functions with saved registers, and looks whether they came back.
const THROWS: &str = "
struct Count { long &n; ~Count() { n++; } };
extern \"C\" long callback(long x) { if (x > 2) throw x; return x; }
extern \"C\" __attribute__((noinline)) long guarded(long (*f)(long, long, long), long x) {
    long left = 0, a = x * 3, b = x * 5, c = x * 7;
    asm volatile(\"\" : \"+r\"(a), \"+r\"(b), \"+r\"(c));
    try { Count count{left}; return f(1, x, 3); }
    catch (long thrown) { return left * 1000000 + thrown * 1000 + a + b + c; }
}
";

const MAIN_THROWS: &str = "
#include <cstdio>
extern \"C\" long add3(long, long, long);
int main() { printf(\"%ld %ld\\n\", guarded(add3, 2), guarded(add3, 9)); }
";

/// 1 + (2 + 2) + 3; thrown is 9, caught after one destructor, 9 * (3 + 5 + 7) being kept.
const THROWS_GIVE: (i64, i64) = (8, 1_009_135);

/// The sum of what stands 8 bytes behind a variable of C and 16 bytes behind another, and the address of `main`.
const DATA: &str = "
function %sum(i64) -> i64 system_v {
    gv0 = symbol %far+8
    gv1 = symbol colocated %near+16
    gv2 = symbol %main
block0(v0: i64):
    v1 = symbol_value.i64 gv0
    v2 = symbol_value.i64 gv1
    v3 = symbol_value.i64 gv2
    v4 = load.i64 v1
    v5 = load.i64 v2
    v6 = iadd v4, v5
    v7 = isub v3, v0
    v8 = iadd v6, v7
    return v8
}
";

const DATA_C: &str = "
#include <stdio.h>
long far[3] = {1, 20, 3}, near[3] = {4, 5, 600};
long sum(int (*)(void));
int main(void) { printf(\"%ld\\n\", sum(main)); return 0; }
";

#[test]
fn compiled_functions_use_variables_of_c() {
    let folder = Folder::new("data");
    let (clif, c) = (folder.file("f.clif", DATA), folder.file("m.c", DATA_C));
    let (object, program) = (folder.0.join("f.o"), folder.0.join("m"));
    for (settings, link) in [("is_pic=true", "-pie"), ("is_pic=false", "-no-pie")] {
        compile(&clif, &object, &["--set", settings]);
        let paths = [&c, &object, &program].map(|p| p.to_str().unwrap());
        run("gcc", &[paths[0], paths[1], "-o", paths[2], link]);
        assert_eq!(run(&program, &[]), "620\n", "{settings}");
    }
}

#[test]
fn an_exception_passes_through_an_object() {
    let folder = Folder::new("throw");
    let (clif, object) = (folder.file("f.clif", CLIF), folder.0.join("f.o"));
    let source = folder.file("m.cpp", &format!("{THROWS}{MAIN_THROWS}"));
    let program = folder.0.join("m");
    for settings in [&[][..], &["--set", "preserve_frame_pointers=true"]] {
        compile(&clif, &object, settings);
        let paths = [&source, &object, &program].map(|p| p.to_str().unwrap());
        run("g++", &["-O2", paths[0], paths[1], "-o", paths[2]]);
        assert_eq!(run(&program, &[]), format!("{} {}\n", THROWS_GIVE.0, THROWS_GIVE.1), "{settings:?}");
    }
}

/// The functions of a text in a module, under their names without `%`.
fn jit(clif: &str, mut builder: JITBuilder, symbols: &[(&str, *const u8)]) -> JITModule {
    builder.symbols(symbols.iter().copied());
    let mut module = JITModule::new(builder);
    let funcs = parse_functions(clif).unwrap();
    let name = |name: &dyn std::fmt::Display| name.to_string().trim_start_matches('%').to_owned();
    for func in &funcs {
        module.declare_function(&name(&func.name), Linkage::Export, &func.signature).unwrap();
    }
    for func in funcs {
        let own = name(&func.name);
        let mut ctx = Context::for_function(func);
        for callee in ctx.func.dfg.ext_funcs.keys().collect::<Vec<_>>() {
            let data = ctx.func.dfg.ext_funcs[callee].clone();
            let signature = ctx.func.dfg.signatures[data.signature].clone();
            let text = name(&data.name.display(None));
            let id = module.declare_function(&text, Linkage::Import, &signature).unwrap();
            let user = ctx.func.declare_imported_user_function(UserExternalName::new(0, id.as_u32()));
            ctx.func.dfg.ext_funcs[callee].name = ExternalName::user(user);
        }
        let Some(windlass_link::module::FuncOrDataId::Func(id)) = module.get_name(&own) else { panic!("{own}") };
        module.define_function(id, &mut ctx).unwrap();
    }
    module.finalize_definitions().unwrap();
    module
}

#[test]
fn an_exception_passes_through_the_jit() {
    let folder = Folder::new("jit");
    let (source, library) = (folder.file("m.cpp", THROWS), folder.0.join("m.so"));
    run("g++", &["-O2", "-shared", "-fPIC", source.to_str().unwrap(), "-o", library.to_str().unwrap()]);
    let path = CString::new(library.to_str().unwrap()).unwrap();
    // SAFETY: the library was just made, and does nothing when it is loaded.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
    assert!(!library.is_null());
    // SAFETY: the library stays loaded.
    let symbol = |name: &std::ffi::CStr| unsafe { libc::dlsym(library, name.as_ptr()) }.cast_const().cast::<u8>();
    let (callback, guarded) = (symbol(c"callback"), symbol(c"guarded"));
    for frame_pointers in ["false", "true"] {
        let flags = [("preserve_frame_pointers", frame_pointers)];
        let builder = JITBuilder::with_flags(&flags, default_libcall_names()).unwrap();
        let module = jit(CLIF, builder, &[("callback", callback)]);
        let Some(windlass_link::module::FuncOrDataId::Func(id)) = module.get_name("add3") else { panic!("add3") };
        let add3 = module.get_finalized_function(id);
        // SAFETY: its type in the C++ text.
        let guarded = unsafe { std::mem::transmute::<*const u8, extern "C" fn(*const u8, i64) -> i64>(guarded) };
        for _ in 0..3 {
            assert_eq!((guarded(add3, 2), guarded(add3, 9)), THROWS_GIVE);
        }
        // SAFETY: nothing of it is used any more.
        unsafe { module.free_memory() };
    }
}

#[test]
fn a_debugger_walks_the_stack() {
    let folder = Folder::new("gdb");
    let (clif, c, object) = (folder.file("f.clif", CLIF), folder.file("m.c", C), folder.0.join("f.o"));
    let program = folder.0.join("m");
    compile(&clif, &object, &[]);
    let paths = [&c, &object, &program].map(|p| p.to_str().unwrap());
    run("gcc", &["-g", paths[0], paths[1], "-o", paths[2]]);
    let commands = ["-ex", "break callback", "-ex", "run", "-ex", "bt", "-ex", "continue", "-ex", "bt"];
    let text = run("gdb", &[&["-nx", "-batch"], &commands[..], &[paths[2]]].concat());
    let frames: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    let functions = ["callback", "add3", "main", "callback", "twice", "add3", "main"];
    assert_eq!(frames.len(), functions.len(), "{text}");
    for (frame, function) in frames.iter().zip(functions) {
        assert!(frame.contains(&format!("{function} (")), "{frame} is not of {function}: {text}");
    }
}

/// What compiled functions call below; debuggers stop in it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn windlass_stops_here(x: i64) -> i64 {
    std::hint::black_box(x) + 1
}

/// The caller of compiled functions, whose frame is its own however tests are built.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn windlass_calls(add3: extern "C" fn(i64, i64, i64) -> i64) -> i64 {
    std::hint::black_box(add3(10, 20, 30)) + 1
}

/// What the debugger runs below; it holds without one, too.
#[test]
fn jitted() {
    let mut builder = JITBuilder::new(default_libcall_names()).unwrap();
    builder.debugger(true);
    let mut module = jit(CLIF, builder, &[("callback", windlass_stops_here as *const u8)]);
    let Some(windlass_link::module::FuncOrDataId::Func(id)) = module.get_name("add3") else { panic!("add3") };
    let add3 = module.get_finalized_function(id);
    // SAFETY: its type in the text above.
    let add3 = unsafe { std::mem::transmute::<*const u8, extern "C" fn(i64, i64, i64) -> i64>(add3) };
    assert_eq!(windlass_calls(add3), 83);
    let Some(windlass_link::module::FuncOrDataId::Func(id)) = module.get_name("twice") else { panic!("twice") };
    // SAFETY: nothing runs any more.
    unsafe { module.free_function(id).unwrap() };
    windlass_stops_here(1);
    // SAFETY: the same.
    unsafe { module.free_memory() };
    windlass_stops_here(2);
}

#[test]
fn a_debugger_walks_through_the_jit() {
    let own = std::env::current_exe().unwrap();
    let next = ["-ex", "continue", "-ex", "bt 3"];
    let places = ["-ex", "frame 1", "-ex", "set $twice = $pc", "-ex", "frame 2", "-ex", "set $add3 = $pc"];
    let names = ["-ex", "info symbol $add3", "-ex", "info symbol $twice"];
    let start = ["-nx", "-batch", "-ex", "break windlass_stops_here", "-ex", "run", "-ex", "bt 3"];
    let program = ["--args", own.to_str().unwrap(), "--exact", "jitted", "--test-threads=1"];
    let text = run("gdb", &[&start[..], &next, &places, &names, &next, &names, &next, &names, &program].concat());
    let frames: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    for (at, function) in [(1, "add3"), (2, "windlass_calls"), (4, "twice"), (5, "add3")] {
        assert!(frames[at].contains(function), "{} is not of {function}: {text}", frames[at]);
    }
    // both functions while they run, one after the other was freed, then none
    let names: Vec<&str> = text.lines().filter(|l| l.contains(" in section ") || l.starts_with("No symbol")).collect();
    for (name, start) in names.iter().zip(["add3 + ", "twice + ", "add3 + ", "No symbol", "No symbol", "No symbol"]) {
        assert!(name.starts_with(start), "{names:?}: {text}");
    }
    assert_eq!(names.len(), 6, "{text}");
}

#[test]
fn other_outputs_of_compiling() {
    let folder = Folder::new("emit");
    let clif = folder.file("f.clif", CLIF);
    let emit = |what| run(env!("CARGO_BIN_EXE_windlass"), &["compile", clif.to_str().unwrap(), "--emit", what]);
    assert!(emit("vcode").contains("= add64_rr "), "{}", emit("vcode"));
    assert!(emit("asm").contains("call \"twice\""), "{}", emit("asm"));
    assert_eq!(parse_functions(&emit("clif")).unwrap().len(), 2);
    let refused = |args: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_windlass")).args(args).output().unwrap();
        assert!(!out.status.success());
        String::from_utf8(out.stderr).unwrap()
    };
    let path = clif.to_str().unwrap();
    let other = refused(&["compile", path, "--target", "aarch64", "--emit", "obj", "-o", "/dev/null"]);
    assert!(other.contains("no code is made for aarch64"), "{other}");
    let nowhere = refused(&["compile", path, "--emit", "obj"]);
    assert!(nowhere.contains("-o OUT"), "{nowhere}");
}
