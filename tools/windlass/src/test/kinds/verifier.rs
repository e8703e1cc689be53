//! `test verifier`: a function with `error:` comments must not verify, and must have just those errors: at the same
//! entity, with that text in the message. Any other function must verify. With `precise-output` the errors stand behind
//! the function, a line each. What depends on a target is checked for the last `target` line, if there is one.

use crate::source::Source;
use crate::target::{self, Unfit};
use crate::test::verdict::{Failure, Verdict};
use windlass_ir::ir::Function;
use windlass_ir::testfile::expect::{check_errors, check_lines};
use windlass_ir::testfile::{Details, TestCommand, TestFile};
use windlass_ir::verifier::verify_function;

/// Runs the case.
pub fn run(_: &Source, file: &TestFile<'_>, command: &TestCommand<'_>) -> Verdict {
    let facts = match target::facts(file) {
        Ok(facts) => facts,
        Err(Unfit::Bad(why) | Unfit::Elsewhere(why)) => return Verdict::Failed(vec![Failure::whole(why)]),
    };
    let precise = super::is_precise(command);
    let check = |(func, details): &(Function, Details<'_>)| {
        let errors = verify_function(func, facts.as_ref()).err().unwrap_or_default();
        let lines = |errors: &[_]| match errors {
            [] => "ok\n".to_owned(),
            errors => errors.iter().map(|e: &windlass_ir::verifier::VerifierError| format!("{e}\n")).collect(),
        };
        let result = if precise { check_lines(details, &lines(&errors.0)) } else { check_errors(details, &errors) };
        result.err().map(|text| Failure::of(&func.name, text))
    };
    Verdict::of(file.functions.iter().filter_map(check).collect())
}
