//! Code of ours under qemu's emulation of user programs. Does: makes calls that end in every way. Needs: qemu-x86_64 and
//! qemu-riscv64 (Debian: qemu-user). Leaves: nothing.
#![cfg(target_os = "linux")]

use std::process::Command;
use windlass_ir::data_value::DataValue;
use windlass_ir::ir::{Function, TrapCode};
use windlass_ir::reader::parse_functions;
use windlass_opt::Level;
use windlass_tool::native::{Engine, Native, Outcome};
use windlass_tool::qemu::Emulator;
use windlass_tool::target::{self, Build};

fn emulator(target: &str, enabled: &[&'static str]) -> Emulator {
    Emulator::find(&target.parse().unwrap(), enabled).unwrap_or_else(|why| panic!("{why}"))
}

/// Functions that end in every way.
const TEXT: &str = "
function %add(i64, i64) -> i64 system_v {
block0(v0: i64, v1: i64):
    v2 = iadd v0, v1
    return v2
}
function %div(i32, i32) -> i32 tail {
block0(v0: i32, v1: i32):
    v2 = sdiv v0, v1
    return v2
}
function %trap(i8) system_v {
block0(v0: i8):
    trapnz v0, user7
    return
}
function %load(i64) -> i32 system_v {
block0(v0: i64):
    v1 = load.i32 v0
    return v1
}
function %wild(i64) -> i32 system_v {
block0(v0: i64):
    v1 = load.i32 notrap v0
    return v1
}
function %deep(i64) -> i64 system_v {
    fn0 = colocated %deep(i64) -> i64 system_v
    ss0 = explicit_slot 1000
block0(v0: i64):
    v51 = iconst.i64 1
    v1 = iadd v0, v51
    v2 = call fn0(v1)
    v3 = iadd v2, v0
    return v3
}
function %many(i8, i64, f64, i128, i16, i32, i32, i8) -> f64, i128, f64 system_v {
block0(v0: i8, v1: i64, v2: f64, v3: i128, v4: i16, v5: i32, v6: i32, v7: i8):
    v8 = sextend.i64 v7
    v9 = bitcast.f64 v8
    return v2, v3, v9
}
function %rounds(f64, f32) -> f64, f32 system_v {
block0(v0: f64, v1: f32):
    v2 = nearest v0
    v3 = floor v1
    return v2, v3
}
function %fused(f64, f64) -> f64 system_v {
block0(v0: f64, v1: f64):
    v2 = fma v0, v0, v1
    return v2
}
function %copies(i64, i64, i64) -> i64 system_v {
    ss0 = explicit_slot 16
    ss1 = explicit_slot 16
    fn0 = %Memcpy(i64, i64, i64) -> i64 system_v
    fn1 = %Memset(i64, i32, i64) -> i64 system_v
    fn2 = %Memmove(i64, i64, i64) -> i64 system_v
    fn3 = %Memcmp(i64, i64, i64) -> i32 system_v
block0(v0: i64, v1: i64, v2: i64):
    v3 = stack_addr.i64 ss0
    store v0, v3
    store v1, v3+8
    v4 = stack_addr.i64 ss1
    v5 = iconst.i32 0x33
    v6 = iconst.i64 16
    v7 = call fn1(v4, v5, v6)
    v8 = call fn0(v4, v3, v2)
    v52 = iconst.i64 1
    v9 = iadd v4, v52
    v10 = iconst.i64 7
    v11 = call fn2(v9, v4, v10)
    v12 = call fn2(v4, v9, v10)
    v13 = call fn3(v3, v4, v6)
    v14 = sextend.i64 v13
    v15 = load.i64 v4
    v16 = iadd v14, v15
    return v16
}
";

fn outcomes(engine: &Engine, build: &Build, calls: &[(&str, Vec<DataValue>)]) -> Vec<Outcome> {
    let funcs = parse_functions(TEXT).unwrap();
    let all: Vec<&Function> = funcs.iter().collect();
    let native = Native::compile(engine, build, &all, Level::Speed);
    let find = |name: &str| *all.iter().find(|f| f.name.to_string() == name).unwrap();
    let calls: Vec<_> = calls.iter().map(|(name, args)| (find(name), &args[..])).collect();
    calls.iter().for_each(|(func, _)| assert_eq!(native.failure(func), None));
    native.call_all(&calls).unwrap()
}

/// Calls with what is to come of them, but for those that do what no function may.
fn calls() -> Vec<(&'static str, Vec<DataValue>)> {
    let ints = |list: &[i64]| list.iter().map(|&n| DataValue::I64(n)).collect::<Vec<_>>();
    let float = |x: f64| DataValue::F64(x.into());
    let pair = |a, b| vec![DataValue::I32(a), DataValue::I32(b)];
    vec![
        ("%add", ints(&[1, -3])),
        ("%div", pair(7, 0)),
        ("%div", pair(i32::MIN, -1)),
        ("%div", pair(-7, 2)),
        ("%trap", vec![DataValue::I8(1)]),
        ("%trap", vec![DataValue::I8(0)]),
        ("%load", ints(&[64])),
        ("%deep", ints(&[0])),
        (
            "%many",
            vec![
                DataValue::I8(-1),
                DataValue::I64(i64::MIN),
                float(-0.5),
                DataValue::I128(i128::MAX - 77),
                DataValue::I16(0x1234),
                DataValue::I32(5),
                DataValue::I32(6),
                DataValue::I8(-7),
            ],
        ),
        ("%rounds", vec![float(2.5), DataValue::F32((-0.25f32).into())]),
        ("%fused", vec![float(0.1), float(-0.01)]),
        ("%copies", ints(&[0x0807_0605_0403_0201, 5, 5])),
        ("%copies", ints(&[0x0807_0605_0403_0201, 0x3333_3333_3333_3333, 16])),
        ("%add", ints(&[i64::MAX, 1])),
    ]
}

#[test]
fn calls_end_as_they_do_on_the_host() {
    let engine = Engine::Qemu(emulator("x86_64", &[]));
    let build = target::of_text("x86_64", []).unwrap().checked();
    let found = outcomes(&engine, &build, &calls());
    let trapped = |code| Outcome::Trapped(code);
    assert_eq!(found[0], Outcome::Returned(vec![DataValue::I64(-2)]));
    assert_eq!(found[1], trapped(TrapCode::INTEGER_DIVISION_BY_ZERO));
    assert_eq!(found[2], trapped(TrapCode::INTEGER_OVERFLOW));
    assert_eq!(found[4], trapped(TrapCode::unwrap_user(7)));
    assert_eq!(found[6], trapped(TrapCode::HEAP_OUT_OF_BOUNDS));
    assert_eq!(found[7], trapped(TrapCode::STACK_OVERFLOW));
    if cfg!(target_arch = "x86_64") {
        let native = outcomes(&Engine::Host, &build, &calls());
        for ((call, found), native) in calls().iter().zip(&found).zip(&native) {
            assert!(found.same(native), "{call:?}: {found}, natively {native}");
        }
    }
}

#[test]
fn what_no_function_may_do_is_told() {
    let engine = Engine::Qemu(emulator("x86_64", &[]));
    let one = |n| vec![DataValue::I64(n)];
    let calls = [("%wild", one(64)), ("%add", [one(1), one(2)].concat())];
    let found = outcomes(&engine, &target::of_text("x86_64", []).unwrap(), &calls);
    let text: Vec<String> = found.iter().map(Outcome::to_string).collect();
    assert!(text[0].starts_with("SIGSEGV in an access of 0x40 at %wild+0x"), "{}", text[0]);
    assert_eq!(text[1], "returned 3");
}

#[test]
fn what_cannot_be_emulated_says_why() {
    let why = |target: &str, enabled: &[&'static str]| Emulator::find(&target.parse().unwrap(), enabled).err();
    assert_eq!(why("sparc64", &[]).unwrap(), "no emulator of sparc64 is known");
    assert_eq!(why("x86_64", &["has_avx512f"]).unwrap(), "qemu-x86_64 cannot be asked for has_avx512f");
    assert_eq!(why("riscv64gc", &["has_m", "has_zba"]), None);
}

/// What the tool prints, and whether all was well, with programs from these folders.
fn windlass(args: &[&str], path: Option<&str>) -> (String, bool) {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_windlass"));
    tool.args(args).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clif/run"));
    if let Some(path) = path {
        tool.env("PATH", path);
    }
    let out = tool.output().unwrap();
    (String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned(), out.status.success())
}

#[test]
fn commands_use_the_emulator_or_say_why_not() {
    let (text, good) = windlass(&["test", "-v", "--qemu", "loops.clif"], None);
    assert!(good && text.contains("ok loops.clif: run x86_64\n"), "{text}");
    let (text, good) = windlass(&["test", "-v", "--qemu", "loops.clif"], Some("/nowhere"));
    let why = "skip loops.clif: run x86_64: code for x86_64 cannot run here: qemu-x86_64 is not installed";
    assert!(good && text.contains(why), "{text}");
    let (text, good) = windlass(&["run", "--qemu", "loops.clif"], None);
    assert!(good && text.contains("returned "), "{text}");
    let (text, good) = windlass(&["run", "--target", "riscv64", "loops.clif"], Some("/nowhere"));
    assert!(!good && text.contains("code for riscv64 cannot run here: qemu-riscv64 is not installed"), "{text}");
}
