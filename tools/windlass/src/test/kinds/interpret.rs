//! `test interpret`: runs the directives of a file by the interpreter, each on fresh memory. A directive calls the
//! function it names.

use super::directives;
use crate::native::Outcome;
use crate::source::Source;
use crate::test::verdict::{Failure, Verdict};
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter};
use windlass_ir::testfile::{TestCommand, TestFile};

/// How many instructions a directive may take.
pub const FUEL: u64 = 50_000_000;

/// Runs the case.
pub fn run(source: &Source, file: &TestFile<'_>, _: &TestCommand<'_>) -> Verdict {
    let (sound, mut failures) = directives::verified(source, file, None);
    let (commands, unreadable) = directives::all(file);
    failures.extend(unreadable);
    let usable = file.functions.iter().zip(&sound).filter(|(_, sound)| **sound).map(|((func, _), _)| func);
    let mut interpreter = Interpreter::new(FunctionStore::of(usable)).with_fuel(Some(FUEL));
    for (n, command) in commands.iter().filter(|(n, _)| sound[*n]) {
        let invocation = directives::invocation(command);
        let outcome = match interpreter.call_by_name(&invocation.function(), &invocation.args) {
            Ok(ControlFlow::Return(values)) => Outcome::Returned(values),
            Ok(ControlFlow::Trap(code)) => Outcome::Trapped(code),
            Err(error) => Outcome::Broken(error.to_string()),
        };
        let complaint = directives::complaint(command, &outcome);
        failures.extend(complaint.map(|text| Failure::of(&file.functions[*n].0.name, text)));
    }
    Verdict::of(failures)
}
