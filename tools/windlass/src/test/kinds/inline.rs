//! `test inline`: puts into each function the bodies of the functions that it calls and that stand before it in the file,
//! as they are there; with `optimize` the mid-end runs afterwards. Holds the text against the file check directives in the
//! function's comments, or with `precise-output` against the text behind it.

use super::cat::filecheck;
use super::{is_precise, optimize};
use crate::panics;
use crate::source::Source;
use crate::test::verdict::{Failure, Verdict};
use std::borrow::Cow;
use std::collections::HashMap;
use windlass_ir::ir::{FuncRef, Function, Inst, Opcode, Value};
use windlass_ir::testfile::expect::{check_lines, without_aliases};
use windlass_ir::testfile::{TestCommand, TestFile, TestOption};
use windlass_ir::verifier::verify_function;
use windlass_opt::inline::{self, Inline, InlineCommand};

/// The functions before the one at hand, by name.
#[derive(Default)]
struct Earlier<'a>(HashMap<String, &'a Function>);

impl Inline for Earlier<'_> {
    fn inline(&mut self, caller: &Function, _: Inst, _: Opcode, callee: FuncRef, _: &[Value]) -> InlineCommand<'_> {
        let name = caller.dfg.ext_funcs[callee].name.display(Some(&caller.params)).to_string();
        match self.0.get(&name) {
            Some(&callee) => InlineCommand::Inline { callee: Cow::Borrowed(callee), visit_callee: false },
            None => InlineCommand::KeepCall,
        }
    }
}

/// Runs the case.
pub fn run(_: &Source, file: &TestFile<'_>, command: &TestCommand<'_>) -> Verdict {
    let level = command.options.contains(&TestOption::Flag("optimize")).then(|| optimize::level(file));
    let mut earlier = Earlier::default();
    let mut failures = vec![];
    for (func, details) in &file.functions {
        let text = inlined(func, &mut earlier).and_then(|new| match (new, level) {
            (None, _) => Ok(format!("(no functions inlined into {})", func.name)),
            (Some(new), Some(level)) => optimize::optimized(&new, level),
            (Some(new), None) => Ok(without_aliases(&new.display().to_string())),
        });
        let result = match text {
            Ok(text) if is_precise(command) => check_lines(details, &text),
            Ok(text) => filecheck(file, details, &text),
            Err(why) => Err(why),
        };
        failures.extend(result.err().map(|text| Failure::of(&func.name, text)));
        earlier.0.insert(func.name.to_string(), func);
    }
    Verdict::of(failures)
}

/// The function with others in it, if there are any.
fn inlined(func: &Function, earlier: &mut Earlier<'_>) -> Result<Option<Function>, String> {
    verify_function(func, None).map_err(|errors| format!("does not verify: {errors}"))?;
    let mut new = func.clone();
    let changed = panics::caught(|| inline::run(&mut new, earlier))?.map_err(|refused| refused.to_string())?;
    verify_function(&new, None).map_err(|errors| format!("does not verify when inlined: {errors}"))?;
    Ok(changed.then_some(new))
}
