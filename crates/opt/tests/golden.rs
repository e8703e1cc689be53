//! Runs the test files of `tests/clif/optimize`: what the mid-end makes of a function at `speed` stands behind it.
//! `BLESS=1` rewrites it.

use std::path::Path;
use windlass_ir::ir::Function;
use windlass_ir::testfile::expect::{check_folder, without_aliases};
use windlass_ir::verifier::verify_function;
use windlass_opt::Level;

fn optimized(func: &Function) -> Result<String, String> {
    verify_function(func, None).map_err(|e| e.to_string())?;
    let mut func = func.clone();
    windlass_opt::run(&mut func, Level::Speed).map_err(|e| e.to_string())?;
    Ok(without_aliases(&func.display().to_string()))
}

#[test]
fn functions_become_what_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif/optimize");
    check_folder(&folder, |_, func| optimized(func)).unwrap_or_else(|e| panic!("\n{e}"));
}
