//! `test verifier`: a function with `error:` comments must not verify, and must have just those errors: at the same
//! entity, with that text in the message. Any other function must verify.

use crate::source::Source;
use crate::test::verdict::{Failure, Verdict};
use windlass_ir::ir::Function;
use windlass_ir::testfile::{Details, TestFile};
use windlass_ir::verifier::{VerifierErrors, verify_function};

/// Runs the case.
pub fn run(source: &Source, file: &TestFile<'_>) -> Verdict {
    Verdict::of(file.functions.iter().filter_map(|(func, details)| check(source, func, details)).collect())
}

fn check(source: &Source, func: &Function, details: &Details<'_>) -> Option<Failure> {
    let expected: Vec<_> = details.comments.iter().filter_map(|c| Some((c.entity, c.directive("error:")?))).collect();
    let mut left = verify_function(func, None).err().unwrap_or_default();
    let mut missing = vec![];
    for (entity, text) in expected {
        match left.0.iter().position(|e| e.location == entity && e.message.contains(text)) {
            Some(n) => _ = left.0.remove(n),
            None => missing.push(format!("expected an error of {entity} with `{text}`")),
        }
    }
    if !left.is_empty() {
        let errors = VerifierErrors(left.0);
        let text = source.verifier_errors(func, &details.map, details.location, &errors);
        missing.push(format!("found errors that were not expected:\n{text}"));
    }
    (!missing.is_empty()).then(|| Failure::of(&func.name, missing.join("\n")))
}
