//! `test optimize`: runs the mid-end on each function, at the level of the last `opt_level` setting or else at `speed`,
//! verifies and prints it, and holds the text against the file check directives in its comments, or with
//! `precise-output` against the text behind it.

use super::cat::filecheck;
use super::is_precise;
use crate::panics;
use crate::source::Source;
use crate::test::verdict::{Failure, Verdict};
use windlass_ir::ir::Function;
use windlass_ir::testfile::expect::{check_lines, without_aliases};
use windlass_ir::testfile::{Details, TestCommand, TestFile};
use windlass_ir::verifier::verify_function;
use windlass_opt::Level;

/// Runs the case.
pub fn run(_: &Source, file: &TestFile<'_>, command: &TestCommand<'_>) -> Verdict {
    let level = level(file);
    let check = |(func, details): &(Function, Details<'_>)| {
        let result = match optimized(func, level) {
            Ok(text) if is_precise(command) => check_lines(details, &text),
            Ok(text) => filecheck(file, details, &text),
            Err(why) => Err(why),
        };
        result.err().map(|text| Failure::of(&func.name, text))
    };
    Verdict::of(file.functions.iter().filter_map(check).collect())
}

/// The level that a file's settings ask for.
pub fn level(file: &TestFile<'_>) -> Level {
    let words = file.settings.iter().flat_map(|set| &set.options).map(|o| o.to_string());
    let asked = words.filter_map(|word| Level::from_name(word.strip_prefix("opt_level=")?)).next_back();
    asked.unwrap_or(Level::Speed)
}

/// The function's text after the mid-end.
pub fn optimized(func: &Function, level: Level) -> Result<String, String> {
    verify_function(func, None).map_err(|errors| format!("does not verify: {errors}"))?;
    let mut func = func.clone();
    panics::caught(|| windlass_opt::run(&mut func, level))?.map_err(|broken| broken.to_string())?;
    verify_function(&func, None).map_err(|errors| format!("does not verify when optimized: {errors}"))?;
    Ok(without_aliases(&func.display().to_string()))
}
