//! `test compile`: every function must compile for each target. With `precise-output` the listing stands behind the
//! function, a line each instruction; else file check directives see it. With `expect-fail` no function may compile.

use super::cat::filecheck;
use super::directives;
use crate::panics;
use crate::source::Source;
use crate::target::{self, Unfit};
use crate::test::verdict::{Failure, Verdict};
use windlass_codegen::options::Options;
use windlass_ir::ir::Function;
use windlass_ir::testfile::expect::check_lines;
use windlass_ir::testfile::{Details, TargetLine, TestCommand, TestFile, TestOption};
use windlass_link::functions::Functions;

/// Runs the case of one `target` line.
pub fn run(source: &Source, file: &TestFile<'_>, command: &TestCommand<'_>, line: &TargetLine<'_>) -> Verdict {
    let build = match target::of_line(file, line) {
        Ok(build) => build,
        Err(Unfit::Elsewhere(why)) => return Verdict::Skipped(why),
        Err(Unfit::Bad(what)) => return Verdict::Failed(vec![Failure::whole(source.at(line.location, what))]),
    };
    let (sound, mut failures) = directives::verified(source, file, Some(&build.facts()));
    let options = Options { listing: true, ..build.options };
    let must_fail = command.options.contains(&TestOption::Flag("expect-fail"));
    let mut functions = Functions::for_target(build.isa.backend());
    let mut listing = |func: &Function| {
        let compile = || functions.compile(func, build.level(), &options);
        let object = panics::caught(compile)?.map_err(|e| e.to_string())?;
        Ok(object.code.lines.iter().map(|line| format!("{}\n", line.text)).collect::<String>())
    };
    let mut check = |func: &Function, details: &Details<'_>| match listing(func) {
        Ok(_) if must_fail => Err("it compiles, which it should not".to_owned()),
        Err(_) if must_fail => Ok(()),
        Ok(text) if super::is_precise(command) => check_lines(details, &text),
        Ok(text) => filecheck(file, details, &text),
        Err(error) => Err(error),
    };
    for ((func, details), _) in file.functions.iter().zip(&sound).filter(|(_, sound)| **sound) {
        failures.extend(check(func, details).err().map(|text| Failure::of(&func.name, text)));
    }
    Verdict::of(failures)
}
