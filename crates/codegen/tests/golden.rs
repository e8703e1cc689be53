//! Runs the test files of `tests/clif/compile`: the assembler listing of each function stands behind it. `BLESS=1`
//! rewrites the listings.

use std::path::{Path, PathBuf};
use windlass_codegen::compile::{Options, Pipeline};
use windlass_codegen::settings::{self, Flags, configure, read_target};
use windlass_ir::ir::Function;
use windlass_ir::reader::{ParseOptions, parse_test};
use windlass_ir::testfile::TestFile;
use windlass_ir::testfile::expect::{bless_lines, check_lines};
use windlass_ir::verifier::verify_function;

/// What the file's first target asks for.
fn options(file: &TestFile<'_>) -> Result<Options, String> {
    let line = file.targets.first().ok_or("no target")?;
    let words: String = line.options.iter().map(|o| format!(" {o}")).collect();
    let target = read_target(&format!("{}{words}", line.triple)).map_err(|e| e.to_string())?;
    let mut shared = settings::builder();
    for word in file.settings.iter().take(line.settings).flat_map(|set| &set.options) {
        configure(&word.to_string(), &mut shared).map_err(|e| e.to_string())?;
    }
    let isa = target.isa_builder().map_err(|e| e.to_string())?;
    let isa = isa.finish(Flags::new(shared)).map_err(|e| e.to_string())?;
    Ok(Options { check: true, listing: true, ..Options::of(&*isa) })
}

fn listing(func: &Function, options: &Options) -> Result<String, String> {
    verify_function(func, None).map_err(|e| e.to_string())?;
    let compiled = Pipeline::new().compile(func, options).map_err(|e| e.to_string())?;
    Ok(compiled.lines.iter().map(|l| format!("{}\n", l.text)).collect())
}

fn run(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let file = parse_test(&text, ParseOptions::default()).map_err(|e| e.to_string())?;
    let options = options(&file)?;
    let mut outputs = vec![];
    for (func, details) in &file.functions {
        outputs.push((details, listing(func, &options).map_err(|e| format!("{}: {e}", func.name))?));
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
