//! What run directives of a file ask for, and what came of them: shared by the engines. Needs the reader.

use crate::native::Outcome;
use crate::source::Source;
use crate::test::verdict::Failure;
use windlass_ir::isa::TargetFacts;
use windlass_ir::reader::{Comparison, Invocation, RunCommand, parse_run_command};
use windlass_ir::testfile::TestFile;
use windlass_ir::verifier::verify_function;

/// How many failures of one function are told in full.
const TOLD: usize = 3;

/// The directives of a file, each with the number of the function it belongs to; and what is wrong with the others.
pub fn all(file: &TestFile<'_>) -> (Vec<(usize, RunCommand)>, Vec<Failure>) {
    let (mut commands, mut failures) = (vec![], vec![]);
    for (n, (func, details)) in file.functions.iter().enumerate() {
        for comment in &details.comments {
            match parse_run_command(comment.text, &func.signature) {
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

/// Leaves out failures beyond the first few of each function, and says how many there are.
pub fn shorten(failures: Vec<Failure>) -> Vec<Failure> {
    let mut out: Vec<(Failure, usize)> = vec![];
    for failure in failures {
        let told = out.iter().filter(|(f, _)| f.function == failure.function).count();
        match out.iter_mut().rev().find(|(f, _)| f.function == failure.function) {
            Some((_, more)) if told >= TOLD => *more += 1,
            _ => out.push((failure, 0)),
        }
    }
    let text = |(failure, more): (Failure, usize)| match more {
        0 => failure,
        more => Failure { message: format!("{}\n… and {more} more", failure.message), ..failure },
    };
    out.into_iter().map(text).collect()
}
