//! Runs the test files of `tests/clif/compile`: the assembler listing of each function stands behind it. `BLESS=1`
//! rewrites the listings.

use std::path::Path;
use windlass_codegen::compile::Pipeline;
use windlass_codegen::isa::{OwnedTargetIsa, TargetIsa};
use windlass_codegen::options::Options;
use windlass_codegen::settings::{self, Flags, configure, read_target};
use windlass_ir::ir::Function;
use windlass_ir::testfile::TestFile;
use windlass_ir::testfile::expect::check_folder;
use windlass_ir::verifier::verify_function;

/// The file's first target.
fn target(file: &TestFile<'_>) -> Result<OwnedTargetIsa, String> {
    let line = file.targets.first().ok_or("no target")?;
    let words: String = line.options.iter().map(|o| format!(" {o}")).collect();
    let target = read_target(&format!("{}{words}", line.triple)).map_err(|e| e.to_string())?;
    let mut shared = settings::builder();
    for word in file.settings.iter().take(line.settings).flat_map(|set| &set.options) {
        configure(&word.to_string(), &mut shared).map_err(|e| e.to_string())?;
    }
    let isa = target.isa_builder().map_err(|e| e.to_string())?;
    isa.finish(Flags::new(shared)).map_err(|e| e.to_string())
}

fn listing(func: &Function, isa: &dyn TargetIsa) -> Result<String, String> {
    verify_function(func, None).map_err(|e| e.to_string())?;
    let options = Options { check: true, listing: true, ..*isa.options() };
    let compiled = Pipeline::new().compile(func, isa.backend(), &options).map_err(|e| e.to_string())?;
    Ok(compiled.lines.iter().map(|l| format!("{}\n", l.text)).collect())
}

#[test]
fn listings_are_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif/compile");
    check_folder(&folder, |file, func| listing(func, &*target(file)?)).unwrap_or_else(|e| panic!("\n{e}"));
}
