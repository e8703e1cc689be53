//! Runs the test files of `tests/clif` that concern this crate: the text format, the verifier and the interpreter.
//! `BLESS=1` rewrites the expectations in the files.

use std::fs;
use std::path::{Path, PathBuf};
use target_lexicon::Triple;
use windlass_ir::cfg_printer::CFGPrinter;
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter};
use windlass_ir::ir::Function;
use windlass_ir::isa::TargetFacts;
use windlass_ir::reader::{ParseOptions, RunCommand, TestCommand, TestFile, TestOption, parse_test};
use windlass_ir::testfile::expect::{bless_lines, check_errors, check_lines};
use windlass_ir::testfile::filecheck::Checker;
use windlass_ir::testfile::parse_run_command_of;
use windlass_ir::verifier::{VerifierErrors, verify_function};

const FUEL: u64 = 1_000_000;

fn files(stage: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif").join(stage);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == extension));
    files.sort();
    assert!(!files.is_empty(), "no tests in {}", folder.display());
    files
}

fn bless() -> bool {
    std::env::var_os("BLESS").is_some_and(|v| v == "1")
}

/// Runs all files of a stage and reports all that fail.
fn run_stage(stage: &str) {
    let failures: Vec<String> = files(stage, "clif").iter().filter_map(|f| run_file(f).err()).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn run_file(path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let file = parse_test(&text, ParseOptions::default()).map_err(|e| format!("{}:{e}", path.display()))?;
    let mut blessed = None;
    for command in &file.commands {
        let result = match (command.command, precise(command)) {
            ("verifier", false) => verifier(&file),
            ("interpret", _) => interpret(&file),
            ("cat" | "print-cfg" | "verifier", true) => exact(&file, command, &text, &mut blessed),
            ("cat" | "print-cfg", false) => filecheck(&file, command),
            (other, _) => Err(format!("no test is called {other}")),
        };
        result.map_err(|e| format!("{}: {e}", path.display()))?;
    }
    match blessed {
        Some(new) if new != text => fs::write(path, new).map_err(|e| e.to_string()),
        _ => Ok(()),
    }
}

fn precise(command: &TestCommand) -> bool {
    command.options.contains(&TestOption::Flag("precise-output"))
}

/// What is wrong with a function for the last target of its file, if there is one.
fn errors(file: &TestFile, func: &Function) -> VerifierErrors {
    verify_function(func, facts(file).as_ref()).err().unwrap_or_default()
}

/// What is known of the last target, with the settings before it.
fn facts(file: &TestFile) -> Option<TargetFacts> {
    let line = file.targets.last()?;
    let on = |name: &str| {
        let options = file.settings.iter().take(line.settings).flat_map(|set| &set.options);
        options.fold(false, |on, option| match *option {
            TestOption::Flag(n) if n == name => true,
            TestOption::Value(n, value) if n == name => value == "true",
            _ => on,
        })
    };
    Some(TargetFacts {
        pinned_register: on("enable_pinned_reg"),
        frame_pointers: on("preserve_frame_pointers"),
        ..TargetFacts::of(&line.triple.parse::<Triple>().expect("a triple"))
    })
}

fn exact(file: &TestFile, command: &TestCommand, text: &str, blessed: &mut Option<String>) -> Result<(), String> {
    let outputs: Vec<String> = file.functions.iter().map(|(f, _)| output(file, command, f)).collect();
    if bless() {
        let pairs: Vec<_> = file.functions.iter().map(|f| &f.1).zip(outputs.iter().map(String::as_str)).collect();
        *blessed = Some(bless_lines(text, &pairs));
        return Ok(());
    }
    for ((func, details), output) in file.functions.iter().zip(&outputs) {
        check_lines(details, output).map_err(|e| format!("{}: {e}", func.name))?;
    }
    Ok(())
}

fn lines(errors: &VerifierErrors) -> String {
    if errors.is_empty() {
        return "ok\n".into();
    }
    errors.0.iter().map(|e| format!("{e}\n")).collect()
}

fn output(file: &TestFile, command: &TestCommand, func: &Function) -> String {
    match command.command {
        "cat" => func.to_string(),
        "print-cfg" => CFGPrinter::new(func).to_string(),
        _ => lines(&errors(file, func)),
    }
}

fn filecheck(file: &TestFile, command: &TestCommand) -> Result<(), String> {
    for (func, details) in &file.functions {
        let comments = file.preamble_comments.iter().chain(&details.comments).map(|c| c.text);
        let checker = Checker::parse(comments).map_err(|e| e.to_string())?;
        checker.check(&output(file, command, func)).map_err(|e| format!("{}: {e}", func.name))?;
    }
    Ok(())
}

fn verifier(file: &TestFile) -> Result<(), String> {
    let check =
        |(func, details)| check_errors(details, &errors(file, func)).map_err(|e| format!("{}:\n{e}", func.name));
    file.functions.iter().map(|(f, d)| (f, d)).try_for_each(check)
}

fn interpret(file: &TestFile) -> Result<(), String> {
    let store = FunctionStore::of(file.functions.iter().map(|f| &f.0));
    let mut ran = 0;
    for (func, details) in &file.functions {
        verify_function(func, None).map_err(|e| format!("{}:\n{e}", func.name))?;
        for comment in &details.comments {
            let command = parse_run_command_of(comment.text, func).map_err(|e| e.to_string())?;
            if let Some(command) = command {
                run(&store, &command)?;
                ran += 1;
            }
        }
    }
    if ran > 0 { Ok(()) } else { Err("nothing is run".into()) }
}

fn run(store: &FunctionStore, command: &RunCommand) -> Result<(), String> {
    let mut interpreter = Interpreter::new(store.clone()).with_fuel(Some(FUEL));
    let (RunCommand::Print(invocation) | RunCommand::Run(invocation, ..)) = command;
    command.run(|_, args| match interpreter.call_by_name(&invocation.function(), args) {
        Ok(ControlFlow::Return(values)) => Ok(values),
        Ok(ControlFlow::Trap(code)) => Err(format!("{command}: trap {code}")),
        Err(e) => Err(format!("{command}: {e}")),
    })
}

#[test]
fn reader() {
    run_stage("reader");
}

#[test]
fn verifier_rules() {
    run_stage("verifier");
}

#[test]
fn drawings() {
    run_stage("print-cfg");
}

#[test]
fn interpreter() {
    run_stage("interpret");
}

/// Texts that are wrong: parts of a file, each followed by a line `=> ` with the error it must give.
#[test]
fn reader_errors() {
    for path in files("reader", "txt") {
        let text = fs::read_to_string(&path).unwrap();
        let (mut part, mut out, mut wrong) = (String::new(), String::new(), String::new());
        for line in text.lines() {
            let Some(expected) = line.strip_prefix("=> ") else {
                part += &format!("{line}\n");
                continue;
            };
            let actual = match parse_test(&part, ParseOptions::default()) {
                Ok(_) => "ok".to_string(),
                Err(e) => e.to_string(),
            };
            if actual != expected {
                wrong += &format!("{part}expected: {expected}\nfound:    {actual}\n");
            }
            out += &format!("{part}=> {actual}\n");
            part.clear();
        }
        if bless() {
            fs::write(&path, out + &part).unwrap();
        } else {
            assert!(wrong.is_empty(), "{}\n{wrong}", path.display());
        }
    }
}
