//! Runs the test files of `tests/clif/optimize`: what the mid-end makes of a function at `speed` stands behind it.
//! `BLESS=1` rewrites it.

use std::path::{Path, PathBuf};
use windlass_ir::ir::Function;
use windlass_ir::reader::{ParseOptions, parse_test};
use windlass_ir::testfile::expect::{bless_lines, check_lines};
use windlass_ir::verifier::verify_function;
use windlass_opt::Level;

fn optimized(func: &Function) -> Result<String, String> {
    verify_function(func, None).map_err(|e| e.to_string())?;
    let mut func = func.clone();
    windlass_opt::run(&mut func, Level::Speed).map_err(|e| e.to_string())?;
    let text = func.display().to_string();
    Ok(text.lines().filter(|line| !line.contains(" -> v")).map(|line| format!("{line}\n")).collect())
}

fn run(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let file = parse_test(&text, ParseOptions::default()).map_err(|e| e.to_string())?;
    let mut outputs = vec![];
    for (func, details) in &file.functions {
        outputs.push((details, optimized(func).map_err(|e| format!("{}: {e}", func.name))?));
    }
    if std::env::var_os("BLESS").is_some_and(|v| v == "1") {
        let pairs: Vec<_> = outputs.iter().map(|(d, o)| (*d, o.as_str())).collect();
        return std::fs::write(path, bless_lines(&text, &pairs)).map_err(|e| e.to_string());
    }
    outputs.iter().try_for_each(|(details, output)| check_lines(details, output))
}

#[test]
fn functions_become_what_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif/optimize");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the folder is there").map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let failures: Vec<String> =
        files.iter().filter_map(|f| run(f).err().map(|e| format!("{}: {e}", f.display()))).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
