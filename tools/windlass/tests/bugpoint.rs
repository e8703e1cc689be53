//! `windlass bugpoint` on planted faults: a compiler that panics, aborts or hangs on some operation, and one that makes
//! wrong code of it. Needs x86-64. What is left must still fail, and be as small as the fault.
#![cfg(target_arch = "x86_64")]

use std::process::Command;
use std::time::Duration;
use windlass_ir::ir::{Function, Inst, InstructionData, Opcode};
use windlass_tool::bugpoint::case::Case;
use windlass_tool::bugpoint::probe::{self, Native, Symptom};
use windlass_tool::bugpoint::shrink::Shrink;

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A file with much that has nothing to do with the faults.
const FILE: &str = "\
test run
set preserve_frame_pointers=true
target x86_64 has_bmi1 has_lzcnt

function %other(i32) -> i32 system_v {
block0(v0: i32):
    v1 = iadd v0, v0
    return v1
}
; run: %other(3) == 6

function %loop(i64, i64, i32) -> i64, i64 system_v {
    ss4 = explicit_slot 32
    fn7 = %other(i32) -> i32 system_v
    fn8 = %other(i32) -> i32 system_v

block3(v0: i64, v1: i64, v40: i32):
@0a v50 -> v1
    v2 = iconst.i64 10
    v3 = stack_addr.i64 ss4
    store v1, v3+8
    jump block9(v2, v0)

block9(v4: i64, v5: i64):
<1>@0b v41 = call fn7(v40)
    v6 = imul v5, v50
    v42 = uextend.i64 v41
    v7 = bxor v6, v42
    v8 = load.i64 v3+8
    v9 = isub v7, v8
    v43 = iconst.i64 -1
    v10 = iadd v4, v43
    brif v4, block9(v10, v9), block12(v9, v7)

block12(v11: i64, v12: i64):
    v13 = icmp ult v11, v12
    v14 = ireduce.i32 v11
    brif v14, block13, block14

block13:
    v15 = popcnt v12
    return v15, v11

block14:
    v16 = select v13, v11, v12
    return v16, v12
}
; run: %loop(1, 2, 3) == [0, 0]
; run: %loop(5, 77, 4) == [0, 0]
";

fn find(func: &Function, opcode: Opcode) -> Vec<Inst> {
    let all = func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
    all.filter(|inst| func.dfg.insts[*inst].opcode() == opcode).collect()
}

/// Shrinks the file under a fault. Returns how it failed at first and what is left, which fails in the same way.
fn shrunk(plant: fn(&mut Function), timeout: Duration) -> (Symptom, String) {
    let how = Native { plant: Some(plant) };
    let case = Case::of_text(FILE).expect("the file can be read");
    assert!(case.sound, "the file verifies");
    let first = probe::native(&case.text(), how, timeout).unwrap().expect("the fault shows");
    let mut shrink = Shrink::new(case, |text: &str| {
        let found = probe::native(text, how, timeout)?;
        Ok(found.is_some_and(|found| found.kind == first.kind))
    });
    shrink.run(&mut |_| Ok(())).unwrap();
    let text = shrink.text().to_owned();
    let last = probe::native(&text, how, timeout).unwrap().expect("the fault still shows");
    assert_eq!(last.kind, first.kind, "{text}");
    (first, text)
}

#[test]
fn panics() {
    let plant = |func: &mut Function| assert!(find(func, Opcode::Imul).is_empty(), "no products here");
    // a panic of the planted fault is one of the child, not of a compilation
    let (symptom, text) = shrunk(plant, TIMEOUT);
    assert!(symptom.kind.starts_with("the compiler panicked at "), "{symptom:?}");
    assert!(text.contains("imul") && text.lines().count() <= 7, "{text}");
}

#[test]
fn deaths() {
    let plant = |func: &mut Function| {
        if !find(func, Opcode::Popcnt).is_empty() && !find(func, Opcode::Select).is_empty() {
            std::process::abort();
        }
    };
    let (symptom, text) = shrunk(plant, TIMEOUT);
    assert_eq!(symptom.kind, "the compiler dies of signal 6");
    assert!(text.contains("popcnt") && text.contains("select"), "{text}");
    assert!(text.lines().count() <= 16, "{text}");
}

#[test]
fn wrong_results() {
    let plant = |func: &mut Function| {
        for inst in find(func, Opcode::Bxor) {
            let InstructionData::Binary { args, .. } = func.dfg.insts[inst] else { continue };
            func.dfg.insts[inst] = InstructionData::Binary { opcode: Opcode::Bor, args };
        }
    };
    let (symptom, text) = shrunk(plant, TIMEOUT);
    assert_eq!(symptom.kind, "wrong result");
    assert!(text.contains("bxor") && text.contains("; run: %loop("), "{text}");
    assert!(text.lines().count() <= 11, "{text}");
    assert!(Case::of_text(&text).is_some_and(|case| case.verifies() && case.calls.len() == 1), "{text}");
}

#[test]
fn hangs() {
    let plant = |func: &mut Function| while !find(func, Opcode::Isub).is_empty() {};
    let (symptom, text) = shrunk(plant, Duration::from_millis(300));
    assert_eq!(symptom.kind, "the compiler hangs");
    assert!(text.contains("isub") && text.lines().count() <= 7, "{text}");
}

#[test]
fn tables() {
    let file = FILE.replace("brif v14, block13, block14", "br_table v14, block14, [block13, block14, block13]");
    let case = Case::of_text(&file).expect("the file can be read");
    let mut shrink = Shrink::new(case, |text: &str| Ok(text.contains("br_table")));
    shrink.run(&mut |_| Ok(())).unwrap();
    let text = shrink.text();
    assert!(text.contains(", []") && text.lines().count() <= 8, "{text}");
}

#[test]
fn what_does_not_fail_is_no_symptom() {
    assert_eq!(probe::native(FILE, Native::default(), TIMEOUT).unwrap(), None);
}

#[test]
fn a_command_says_what_fails() {
    let path = std::env::temp_dir().join(format!("bugpoint-test-{}.clif", std::process::id()));
    std::fs::write(&path, FILE).unwrap();
    let run = |check: &str| {
        let tool = env!("CARGO_BIN_EXE_windlass");
        let check = check.replace("windlass", tool);
        let out = Command::new(tool).arg("bugpoint").arg(&path).args(["--check", &check]).output().unwrap();
        (out.status.success(), String::from_utf8(out.stdout).unwrap())
    };
    let (good, text) = run("windlass verify {} && windlass cat {} | grep -q brif");
    assert!(good && text.contains("brif") && text.lines().count() <= 9, "{text}");
    assert!(!run("false").0);
    std::fs::remove_file(&path).unwrap();
}
