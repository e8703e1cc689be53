//! What run directives of a file ask for, and what came of them: shared by the engines. Needs the reader.

use crate::native::Outcome;
use crate::source::Source;
use crate::test::verdict::Failure;
use windlass_ir::isa::TargetFacts;
use windlass_ir::reader::{Comparison, Invocation, RunCommand};
use windlass_ir::testfile::{TestFile, parse_run_command_of};
use windlass_ir::verifier::verify_function;

/// The directives of a file, each with the number of the function it belongs to; and what is wrong with the others.
pub fn all(file: &TestFile<'_>) -> (Vec<(usize, RunCommand)>, Vec<Failure>) {
    let (mut commands, mut failures) = (vec![], vec![]);
    for (n, (func, details)) in file.functions.iter().enumerate() {
        for comment in &details.comments {
            match parse_run_command_of(comment.text, func) {
                Ok(Some(command)) => commands.push((n, command)),
                Ok(None) => {}
                Err(e) => failures.push(Failure::of(&func.name, format!("`{}`: {}", comment.text, e.message))),
            }
        }
    }
    (commands, failures)
}

/// The call that a directive asks for.
pub fn invocation(command: &RunCommand) -> &Invocation {
    match command {
        RunCommand::Print(invocation) | RunCommand::Run(invocation, ..) => invocation,
    }
}

/// What is wrong with an outcome; `None` if it is what the directive expects.
pub fn complaint(command: &RunCommand, outcome: &Outcome) -> Option<String> {
    let Outcome::Returned(results) = outcome else { return Some(format!("`{command}`: {outcome}")) };
    let RunCommand::Run(_, comparison, expected) = command else { return None };
    let equal = results.len() == expected.len() && results.iter().zip(expected).all(|(a, b)| a.bitwise_eq(b));
    (equal != (*comparison == Comparison::Equals)).then(|| format!("`{command}`: {outcome}"))
}

/// Verifies all functions. Which are sound, and what is wrong with the others.
pub fn verified(source: &Source, file: &TestFile<'_>, target: Option<&TargetFacts>) -> (Vec<bool>, Vec<Failure>) {
    let mut failures = vec![];
    let mut check = |(func, details): &(windlass_ir::ir::Function, windlass_ir::testfile::Details<'_>)| {
        let result = verify_function(func, target);
        let sound = result.is_ok();
        if let Err(errors) = result {
            let text = source.verifier_errors(func, &details.map, details.location, &errors);
            failures.push(Failure::of(&func.name, format!("does not verify:\n{text}")));
        }
        sound
    };
    let sound = file.functions.iter().map(&mut check).collect();
    (sound, failures)
}
