//! Listings against llvm-mc: the text of every function of `tests/clif`, assembled, is the function's bytes. What is linked
//! is zero in both.

use std::path::{Path, PathBuf};
use std::process::Command;
use windlass_codegen::compile::Pipeline;
use windlass_codegen::compiled::CompiledCode;
use windlass_codegen::isa::{OwnedTargetIsa, TargetIsa};
use windlass_codegen::listing::assembly;
use windlass_codegen::options::Options;
use windlass_codegen::settings::{self, Flags, configure, read_target};
use windlass_ir::ir::Function;
use windlass_ir::reader::{ParseOptions, parse_test};
use windlass_ir::verifier::verify_function;
use windlass_opt::Level;

/// The files in a folder and all below.
fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files(&path, out),
            false if path.extension().is_some_and(|e| e == "clif") => out.push(path),
            false => {}
        }
    }
}

/// A function's machine code, or nothing if it is none that can be compiled.
fn compiled(func: &Function, level: Level, isa: &dyn TargetIsa) -> Option<CompiledCode> {
    verify_function(func, None).ok()?;
    let mut func = func.clone();
    windlass_opt::run(&mut func, level).ok()?;
    let options = Options { listing: true, ..*isa.options() };
    Pipeline::new().compile(&func, isa.backend(), &options).ok()
}

/// The bytes that llvm-mc makes of a text.
fn assembled(machine: &[&str], text: &str) -> Vec<u8> {
    let at = |end: &str| std::env::temp_dir().join(format!("windlass-assembled-{}.{end}", std::process::id()));
    let (source, object, bytes) = (at("s"), at("o"), at("bin"));
    std::fs::write(&source, text).expect("room for a file");
    let run = |command: &mut Command| {
        let output = command.output().expect("LLVM's tools: ./test-all.sh installs what the tests need");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {}", &errors[..errors.len().min(4000)]);
    };
    run(Command::new("llvm-mc").args(machine).arg("-filetype=obj").arg(&source).arg("-o").arg(&object));
    run(Command::new("llvm-objcopy").args(["-O", "binary", "--only-section=.text"]).arg(&object).arg(&bytes));
    let out = std::fs::read(&bytes).expect("llvm-objcopy wrote it");
    [source, object, bytes].iter().for_each(|f| std::fs::remove_file(f).expect("we wrote it"));
    out
}

/// Makes distances between labels zero, which some assemblers leave to linkers.
fn without_distances(code: &mut CompiledCode) {
    for line in code.lines.iter().filter(|line| line.text.starts_with(".long L")) {
        code.code[line.offset as usize..][..4].fill(0);
    }
}

/// Assembles all functions of the files in a folder at both levels and compares the bytes. Each is assembled at a place of
/// its own, so that one that is too long or short does not move others.
fn check_folder(machine: &[&str], targets: &[OwnedTargetIsa; 2], folder: &Path) {
    let mut paths = vec![];
    files(folder, &mut paths);
    paths.sort();
    let (mut text, mut made) = (targets[0].backend().syntax().to_string(), vec![]);
    let (mut end, mut without, mut bytes) = (0, 0, 0);
    for path in paths {
        let source = std::fs::read_to_string(&path).expect("a text");
        let Ok(file) = parse_test(&source, ParseOptions::default()) else { continue };
        for (func, _) in &file.functions {
            for (n, level) in [(0, Level::None), (0, Level::Speed), (1, Level::None), (1, Level::Speed)] {
                let Some(mut code) = compiled(func, level, &*targets[n]) else {
                    without += 1;
                    continue;
                };
                if targets[n].name() == "riscv64" {
                    without_distances(&mut code);
                }
                let unit = made.len();
                text +=
                    &format!(".org {end}\n{}", assembly(&format!("unit_{unit}"), unit, &code.lines, |_| String::new()));
                bytes += code.lines.iter().filter(|line| line.text.starts_with(".byte")).count();
                made.push((format!("{}: {} at {level:?}, target {n}", path.display(), func.name), end, code));
                end += (made[unit].2.code.len() + 64).next_multiple_of(16);
            }
        }
    }
    let theirs = assembled(machine, &text);
    let wrong = made.iter().filter(|(_, at, code)| theirs.get(*at..at + code.code.len()) != Some(&code.code));
    let wrong: Vec<_> = wrong.map(|(name, at, code)| format!("{name}\n{}", difference(&theirs[*at..], code))).collect();
    println!("assembled {} functions by llvm-mc, {bytes} lines of .byte; {without} did not compile", made.len());
    assert!(made.len() > 100 && bytes == 0);
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), made.len(), wrong[..wrong.len().min(20)].join("\n"));
}

/// Where a function's bytes begin to differ from LLVM's.
fn difference(theirs: &[u8], code: &CompiledCode) -> String {
    let ours = &code.code;
    let at = ours.iter().zip(theirs).position(|(a, b)| a != b).unwrap_or(theirs.len());
    let line = code.lines.iter().rev().find(|l| l.offset as usize <= at && !l.text.ends_with(':'));
    let from = line.map_or(0, |l| l.offset as usize);
    let some = |bytes: &[u8]| format!("{:02x?}", &bytes[from..bytes.len().min(from + 12)]);
    format!("  at {at:#x} {}: {} LLVM: {}", line.map_or("", |l| &l.text), some(ours), some(theirs))
}

/// The same of `tests/clif`, and of more functions for those who have them. `machine` are llvm-mc's options.
pub fn check(machine: &[&str], targets: &[OwnedTargetIsa; 2]) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif");
    check_folder(machine, targets, &tests);
    if let Some(folder) = std::env::var_os("WINDLASS_LISTED") {
        check_folder(machine, targets, Path::new(&folder));
    }
}

/// A target with these settings of its own and shared ones.
pub fn target(own: &str, settings: &[&str]) -> OwnedTargetIsa {
    let mut shared = settings::builder();
    settings.iter().for_each(|word| configure(word, &mut shared).unwrap());
    read_target(own).unwrap().isa_builder().unwrap().finish(Flags::new(shared)).unwrap()
}
