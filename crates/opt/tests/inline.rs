//! Functions of the test files with all that they call put into them: they verify, optimized or not, and the interpreter
//! finds that they do what they did. And what becomes of what a body refers to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter};
use windlass_ir::ir::{ArgumentPurpose, ExternalName, FuncRef, Function, Inst, Opcode, UserExternalName, Value};
use windlass_ir::reader::{ParseOptions, RunCommand, parse_functions, parse_test};
use windlass_ir::testfile::expect::{check_folder, without_aliases};
use windlass_ir::testfile::parse_run_command_of;
use windlass_ir::testfile::{TestFile, TestOption};
use windlass_ir::verifier::verify_function;
use windlass_opt::Level;
use windlass_opt::inline::{Inline, InlineCommand, Refused, run};

/// Inlines whatever it knows, so many times.
struct All<'a> {
    functions: HashMap<String, &'a Function>,
    visit: bool,
    left: u32,
}

impl<'a> All<'a> {
    fn of(functions: impl IntoIterator<Item = &'a Function>, visit: bool) -> All<'a> {
        All { functions: functions.into_iter().map(|f| (f.name.to_string(), f)).collect(), visit, left: 12 }
    }
}

impl Inline for All<'_> {
    fn inline(
        &mut self,
        caller: &Function,
        call: Inst,
        op: Opcode,
        callee: FuncRef,
        args: &[Value],
    ) -> InlineCommand<'_> {
        assert_eq!((caller.dfg.inst_args(call), caller.dfg.insts[call].opcode()), (args, op));
        let name = caller.dfg.ext_funcs[callee].name.display(Some(&caller.params)).to_string();
        match self.functions.get(&name) {
            Some(&callee) if self.left > 0 => {
                self.left -= 1;
                InlineCommand::Inline { callee: Cow::Borrowed(callee), visit_callee: self.visit }
            }
            _ => InlineCommand::KeepCall,
        }
    }
}

fn takes_copies(func: &Function) -> bool {
    func.signature.params.iter().any(|p| matches!(p.purpose, ArgumentPurpose::StructArgument(_)))
}

/// What frames are, and what stands in them, is what inlining changes.
fn speaks_of_frames(func: &Function) -> bool {
    let insts = || func.layout.blocks().flat_map(|b| func.layout.block_insts(b));
    insts().any(|i| matches!(func.dfg.insts[i].opcode(), Opcode::GetFramePointer | Opcode::GetReturnAddress))
}

fn outcome(functions: &[Function], name: &str, args: &[DataValue]) -> Option<ControlFlow> {
    let mut interpreter = Interpreter::new(FunctionStore::of(functions)).with_fuel(Some(5_000_000));
    interpreter.call_by_name(name, args).ok()
}

fn inlined(functions: &[Function], visit: bool, optimize: bool) -> (Vec<Function>, usize) {
    let mut count = 0;
    let inline = |func: &Function| {
        let mut new = func.clone();
        let known = functions.iter().filter(|f| !takes_copies(f));
        count += usize::from(run(&mut new, All::of(known, visit)).unwrap());
        verify_function(&new, None).unwrap_or_else(|e| panic!("{func} becomes {new}: {e}"));
        if optimize {
            windlass_opt::run(&mut new, Level::Speed).unwrap();
        }
        new
    };
    let new = functions.iter().map(inline).collect();
    (new, count)
}

#[test]
fn functions_do_what_they_did() {
    let (mut changed, mut compared) = (0, 0);
    for folder in ["run", "interpret"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif").join(folder);
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let text = std::fs::read_to_string(&path).unwrap();
            let file = parse_test(&text, ParseOptions::default()).unwrap();
            let functions: Vec<Function> = file.functions.iter().map(|(func, _)| func.clone()).collect();
            let sound = |f: &Function| verify_function(f, None).is_ok() && !speaks_of_frames(f);
            if !functions.iter().all(sound) {
                continue;
            }
            let variants = [(false, false), (true, false), (true, true)].map(|(v, o)| inlined(&functions, v, o));
            if variants.iter().all(|v| v.1 == 0) {
                continue;
            }
            changed += variants[0].1;
            for (func, details) in &file.functions {
                let commands = details.comments.iter().map(|c| parse_run_command_of(c.text, func));
                for command in commands.filter_map(|c| c.ok().flatten()) {
                    let (RunCommand::Print(call) | RunCommand::Run(call, ..)) = command;
                    let name = call.function();
                    let Some(want) = outcome(&functions, &name, &call.args) else { continue };
                    for (functions, _) in &variants {
                        let got = outcome(functions, &name, &call.args);
                        let same = got.as_ref().is_some_and(|got| format!("{got:?}") == format!("{want:?}"));
                        assert!(same, "{}: {name}: {want:?} became {got:?}", path.display());
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(changed > 30 && compared > 200, "{changed} functions changed, {compared} results compared");
}

/// What `test inline` prints of a function: see the tool's page of that kind. `BLESS=1` rewrites the files.
#[test]
fn functions_become_what_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif/inline");
    let output = |file: &TestFile<'_>, func: &Function| {
        let earlier = file.functions.iter().map(|(f, _)| f).take_while(|f| f.name != func.name);
        let mut new = func.clone();
        if !run(&mut new, All::of(earlier, false)).map_err(|e| e.to_string())? {
            return Ok(format!("(no functions inlined into {})", func.name));
        }
        if file.commands.iter().any(|c| c.options.contains(&TestOption::Flag("optimize"))) {
            windlass_opt::run(&mut new, Level::Speed).map_err(|e| e.to_string())?;
        }
        verify_function(&new, None).map_err(|e| e.to_string())?;
        Ok(without_aliases(&new.display().to_string()))
    };
    check_folder(&folder, output).unwrap_or_else(|e| panic!("\n{e}"));
}

/// The second of these functions with the first in it.
fn of_two(text: &str) -> Result<Function, Refused> {
    let funcs = parse_functions(text).unwrap();
    let mut new = funcs[1].clone();
    let changed = run(&mut new, All::of(&funcs[..1], false))?;
    assert!(changed);
    verify_function(&new, None).unwrap_or_else(|e| panic!("{new}: {e}"));
    Ok(new)
}

#[test]
fn what_a_body_refers_to_comes_along() {
    let new = of_two(
        "function %g(i64) -> i64 tail {
            ss3 = explicit_slot 24, align = 8, key = 9
            region0 = 5 \"heap\"
            gv1 = symbol colocated %data+8
            sig2 = (i64) -> i64 tail
            fn0 = %h(i64) -> i64 tail
            const0 = 0x0102030405060708090a0b0c0d0e0f10
        block0(v0: i64):
            v1 = stack_addr.i64 ss3
            store notrap aligned region0 v0, v1
            v2 = symbol_value.i64 gv1
            br_table v9, block1(v2), [block1(v1), block2]
        block1(v3: i64):
            v4 = load.i64 big region0 v3+8
            v5 = call fn0(v4), stack_map=[i64 @ ss3+8]
            return v5
        block2 cold:
            v6 = vconst.i8x16 const0
            v7 = shuffle v6, v6, 0x000102030405060708090a0b0c0d0e0f
            v8 = extractlane v7, 3
            v10 = uextend.i64 v8
            return_call_indirect sig2, v2(v10)
        }
        function %f(i64) -> i64 tail {
            ss0 = explicit_slot 8
            region0 = 4 \"stack\"
            region1 = 5 \"heap\"
            fn0 = %g(i64) -> i64 tail
        block0(v0: i64):
            v1 = call fn0(v0), stack_map=[i64 @ ss0+0]
            v2 = iadd v1, v0
            return v2
        }"
        .replace("br_table v9", "v9 = ireduce.i32 v0\n br_table v9")
        .as_str(),
    )
    .unwrap();
    let text = new.to_string();
    for part in [
        "explicit_slot 24, align = 8, key = 9",
        "symbol colocated %data+8",
        "notrap aligned region1",
        "load.i64 big region1",
        "stack_map=[i64 @ ss0+0, i64 @ ss1+8]",
        "cold:",
        "call_indirect.i64 sig",
        "const0 = 0x0102030405060708090a0b0c0d0e0f10",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("return_call") && !text.contains("call fn0("), "{text}");
}

#[test]
fn names_of_users_are_entered_in_the_callers_table() {
    let mut funcs = parse_functions(
        "function %g() -> i64 system_v {\n fn0 = u3:4() -> i64 system_v\nblock0:\n v0 = call fn0()\n return v0\n}
         function %f() -> i64 system_v {\n fn0 = u1:1() -> i64 system_v\n fn1 = %g() -> i64 system_v\nblock0:\n \
         v0 = call fn0()\n v1 = call fn1()\n v2 = iadd v0, v1\n return v2\n}",
    )
    .unwrap();
    let mut caller = funcs.pop().unwrap();
    assert!(run(&mut caller, All::of(&funcs, false)).unwrap());
    verify_function(&caller, None).unwrap();
    let names: Vec<_> = caller.params.user_named_funcs().values().cloned().collect();
    assert_eq!(names, [UserExternalName::new(1, 1), UserExternalName::new(3, 4)]);
    let called = caller.dfg.ext_funcs.values().filter(|f| matches!(f.name, ExternalName::User(_)));
    assert_eq!(called.count(), 2);
}

#[test]
fn handlers_are_those_of_the_call_too() {
    let text = "function %g(i64) -> i64 tail {
            fn0 = %h(i64) -> i64 tail
            fn1 = %c(i64) -> i64 fast
            sig9 = (i64) -> i64 tail
        block0(v0: i64):
            v1 = call fn0(v0)
            v2 = call fn1(v1)
            try_call fn0(v2), sig9, block1(ret0), [ tag7: block2(exn0) ]
        block1(v3: i64):
            return_call fn0(v3)
        block2(v4: i64):
            return v4
        }
        function %f(i64) -> i64 tail {
            sig0 = (i64) -> i64 tail
            fn0 = %g sig0
        block0(v0: i64):
            try_call fn0(v0), sig0, block1(ret0, v0), [ tag3: block2(exn0), default: block3 ]
        block1(v1: i64, v2: i64):
            v3 = iadd v1, v2
            return v3
        block2(v4: i64):
            return v4
        block3:
            return v0
        }";
    let new = of_two(text).unwrap().to_string();
    assert_eq!(new.matches("tag3: block2(exn0), default: block3").count(), 3, "{new}");
    assert!(new.contains("[ tag7: ") && new.contains("exn0), tag3:"), "{new}");
    assert!(!new.contains("return_call") && new.matches(" = call fn").count() == 1, "{new}");
    assert_eq!(new.matches("block1(ret0, v0)").count(), 1, "{new}");
    // in a context of the callee's the caller's tags would mean something else
    let within = text.replace("[ tag7: block2(exn0) ]", "[ context v0, tag7: block2(exn0) ]");
    assert_eq!(of_two(&within), Err(Refused::Context));
}

#[test]
fn what_does_not_fit_is_refused() {
    let call = "function %f(i64) -> i64 system_v {\n fn0 = %g(i64) -> i64 system_v\nblock0(v0: i64):\n \
                v1 = call fn0(v0)\n return v1\n}";
    let with = |callee: &str| of_two(&format!("{callee}\n{call}"));
    assert_eq!(with("function %g(i32) -> i64 system_v {\nblock0(v0: i32):\n trap user1\n}"), Err(Refused::Signature));
    assert_eq!(with("function %g(i64) system_v {\nblock0(v0: i64):\n return\n}"), Err(Refused::Signature));
    assert_eq!(with("function %g(i64) -> i64 system_v {\n}"), Err(Refused::NoBody));
    let copied = with("function %g(i64 sarg(8)) -> i64 system_v {\nblock0(v0: i64):\n return v0\n}");
    assert_eq!(copied, Err(Refused::Copies));
}

/// A block of many calls is taken apart once, not once for each.
#[test]
fn many_calls_in_one_block() {
    let n = 1 << 15;
    let callee = "function %g(i64) -> i64 system_v {\nblock0(v0: i64):\n v1 = iadd v0, v0\n return v1\n}\n";
    let mut text =
        format!("{callee}function %f(i64) -> i64 system_v {{\n fn0 = %g(i64) -> i64 system_v\nblock0(v0: i64):\n");
    for i in 1..=n {
        text += &format!(" v{i} = call fn0(v{})\n", i - 1);
    }
    text += &format!(" return v{n}\n}}\n");
    let funcs = parse_functions(&text).unwrap();
    let mut new = funcs[1].clone();
    let all = All { left: u32::MAX, ..All::of(&funcs[..1], false) };
    assert!(run(&mut new, all).unwrap());
    assert_eq!(new.layout.blocks().count(), 2 * n + 1);
    verify_function(&new, None).unwrap();
}
