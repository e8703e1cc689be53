//! Whoever reads the tool's output may stop early.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// More than a pipe holds.
const FUNCTIONS: usize = 10_000;

#[test]
fn a_reader_that_leaves_is_no_error() {
    let file = std::env::temp_dir().join(format!("windlass-pipe-{}.clif", std::process::id()));
    let text: String = (0..FUNCTIONS).map(|n| format!("function %f{n}() {{\nblock0:\n    return\n}}\n")).collect();
    std::fs::write(&file, text).unwrap();
    let mut tool = Command::new(env!("CARGO_BIN_EXE_windlass"));
    let tool = tool.args(["compile", "--emit", "asm"]).arg(&file).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tool.spawn().unwrap();
    let mut line = String::new();
    // The pipe is closed behind the first line.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    child.wait().unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(line.contains("intel_syntax"), "{line}");
    assert_eq!(errors, "");
}
