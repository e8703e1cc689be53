//! Runs the test files of `tests/clif/compile`: the assembler listing of each function stands behind it. `BLESS=1`
//! rewrites the listings.

use std::path::{Path, PathBuf};
use windlass_codegen::compile::{Options, Pipeline};
use windlass_ir::ir::Function;
use windlass_ir::reader::{ParseOptions, parse_test};
use windlass_ir::testfile::expect::{bless_lines, check_lines};
use windlass_ir::verifier::verify_function;

fn listing(func: &Function) -> Result<String, String> {
    verify_function(func, None).map_err(|e| e.to_string())?;
    let options = Options { check: true, listing: true, ..Options::default() };
    let compiled = Pipeline::new().compile(func, &options).map_err(|e| e.to_string())?;
    Ok(compiled.lines.iter().map(|l| format!("{}\n", l.text)).collect())
}

fn run(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let file = parse_test(&text, ParseOptions::default()).map_err(|e| e.to_string())?;
    let mut outputs = vec![];
    for (func, details) in &file.functions {
        outputs.push((details, listing(func).map_err(|e| format!("{}: {e}", func.name))?));
    }
    if std::env::var_os("BLESS").is_some_and(|v| v == "1") {
        let pairs: Vec<_> = outputs.iter().map(|(d, o)| (*d, o.as_str())).collect();
        return std::fs::write(path, bless_lines(&text, &pairs)).map_err(|e| e.to_string());
    }
    outputs.iter().try_for_each(|(details, output)| check_lines(details, output))
}

#[test]
fn listings_are_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif/compile");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the folder is there").map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let failures: Vec<String> =
        files.iter().filter_map(|f| run(f).err().map(|e| format!("{}: {e}", f.display()))).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
