//! LLVM's assembler and disassembler, which judge bytes and text. Needs llvm-mc.

use std::io::Write;
use std::process::{Command, Stdio};

/// What llvm-mc, run with `args`, makes of `input`.
pub fn llvm_mc(args: &[&str], input: String) -> String {
    let mut command = Command::new("llvm-mc");
    command.args(args);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.unwrap_or_else(|e| {
        panic!("cannot run llvm-mc ({e}): it checks our encodings; ./test-all.sh installs what the tests need")
    });
    let mut stdin = child.stdin.take().expect("piped");
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("llvm-mc ends");
    feeder.join().expect("no panic").expect("llvm-mc reads its input");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "llvm-mc: {}", &errors[..errors.len().min(2000)]);
    String::from_utf8(output.stdout).expect("text")
}

/// The instructions in a disassembly, white space normalised, directives and comments dropped.
fn instructions(text: &str) -> Vec<String> {
    let code = text.lines().map(|l| l.split('#').next().unwrap_or("").trim());
    code.filter(|l| !l.is_empty() && !l.starts_with('.'))
        .map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Requires that LLVM reads each byte string as one instruction with the text that stands beside it. Brackets make
/// each line a unit of its own, so that a wrong length cannot be made good by the next line. `args` say which machine it is.
pub fn check(args: &[&str], list: &[(Vec<u8>, String)]) {
    let mut input = String::new();
    for (bytes, _) in list {
        let bytes: Vec<_> = bytes.iter().map(|b| format!("{b:#04x}")).collect();
        input.push_str(&format!("[{}]\n", bytes.join(",")));
    }
    let theirs = instructions(&llvm_mc(&[args, &["--disassemble"]].concat(), input));
    let pairs = list.iter().zip(&theirs).filter(|((_, ours), theirs)| ours != *theirs);
    let wrong: Vec<_> = pairs.map(|((b, ours), theirs)| format!("{b:02x?}: {ours}; LLVM says {theirs}")).collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert_eq!(list.len(), theirs.len(), "one line per instruction");
}
