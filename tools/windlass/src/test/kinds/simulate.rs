//! `test run` by the simulator: compiles all functions of a file together at each optimisation level up to register
//! allocation, and runs the directives by the meanings of the machine's instructions, with several seeds for what the
//! machine leaves open. What comes out must be what a directive says, and what the interpreter gives.

use super::{directives, interpret::FUEL};
use crate::native::Outcome;
use crate::panics;
use crate::source::Source;
use crate::target::{self, Build, Unfit};
use crate::test::file::Listener;
use crate::test::verdict::{Event, Failure, Verdict};
use std::collections::BTreeMap;
use windlass_desc::machine::Machine;
use windlass_desc::x64::X64;
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter};
use windlass_ir::ir::Function;
use windlass_ir::reader::RunCommand;
use windlass_ir::testfile::{TargetLine, TestFile};
use windlass_opt::Level;
use windlass_simulate::{Error, Program};

/// What is left open is drawn from each of these.
const SEEDS: [u64; 3] = [1, 2, 3];

/// Runs the case of one `target` line.
pub fn run(source: &Source, file: &TestFile<'_>, line: &TargetLine<'_>, on: &mut Listener<'_>) -> Verdict {
    let build = match target::of_line(file, line) {
        Ok(build) => build,
        Err(Unfit::Elsewhere(why)) => return Verdict::Skipped(why),
        Err(Unfit::Bad(what)) => return Verdict::Failed(vec![Failure::whole(source.at(line.location, what))]),
    };
    match build.isa.backend().name() {
        "x86_64" => Case::new(source, file, &build).run::<X64>(on),
        other => Verdict::Skipped(format!("code of {other} is not simulated")),
    }
}

/// A file with a target.
struct Case<'a> {
    build: &'a Build,
    /// The functions that verify.
    funcs: Vec<&'a Function>,
    commands: Vec<(&'a Function, RunCommand)>,
    /// What the interpreter gives for each, unless that is not what the directive says: it passes structures by address.
    expected: Vec<Option<Outcome>>,
    failures: Vec<Failure>,
    /// What could not be simulated, and how often.
    skipped: BTreeMap<String, usize>,
    /// How many calls were.
    done: usize,
}

impl<'a> Case<'a> {
    fn new(source: &Source, file: &'a TestFile<'_>, build: &'a Build) -> Case<'a> {
        let (sound, mut failures) = directives::verified(source, file, Some(&build.facts()));
        let (commands, unreadable) = directives::all(file);
        failures.extend(unreadable);
        let of = |n: usize| &file.functions[n].0;
        let funcs: Vec<&Function> = (0..sound.len()).filter(|&n| sound[n]).map(of).collect();
        let commands: Vec<_> = commands.into_iter().filter(|(n, _)| sound[*n]).map(|(n, c)| (of(n), c)).collect();
        let mut interpreter = Interpreter::new(FunctionStore::of(funcs.iter().copied())).with_fuel(Some(FUEL));
        let outcome = |(func, command): &(&Function, RunCommand)| {
            let args = &directives::invocation(command).args;
            let outcome = match interpreter.call_by_name(&func.name.to_string(), args) {
                Ok(ControlFlow::Return(values)) => Outcome::Returned(values),
                Ok(ControlFlow::Trap(code)) => Outcome::Trapped(code),
                Err(error) => Outcome::Broken(error.to_string()),
            };
            directives::complaint(command, &outcome).is_none().then_some(outcome)
        };
        let expected = commands.iter().map(outcome).collect();
        Case { build, funcs, commands, expected, failures, skipped: BTreeMap::new(), done: 0 }
    }

    fn run<M: Machine>(mut self, on: &mut Listener<'_>) -> Verdict {
        for level in self.build.levels() {
            on(Event::Alive);
            self.at_level::<M>(level);
        }
        let reasons = self.skipped.iter().map(|(why, count)| format!("{why} ({count} times)"));
        let reasons = reasons.collect::<Vec<_>>().join("; ");
        match (self.failures.is_empty(), self.done) {
            (false, _) => Verdict::Failed(self.failures),
            (true, 0) if !reasons.is_empty() => Verdict::Skipped(reasons),
            (true, _) => {
                if !reasons.is_empty() {
                    on(Event::Note(format!("not simulated: {reasons}")));
                }
                Verdict::Passed
            }
        }
    }

    fn at_level<M: Machine>(&mut self, level: Level) {
        let mut program = match Program::<M>::new(self.build.isa.backend(), self.build.options) {
            Ok(program) => program,
            Err(error) => return self.failures.push(Failure::whole(error)),
        };
        for func in &self.funcs {
            let added = panics::caught(|| program.add(func, level)).and_then(|added| added);
            if let Err(why) = added {
                self.failures.push(Failure::of(&func.name, format!("at {}: {why}", level.name())));
            }
        }
        for (n, (func, command)) in self.commands.iter().enumerate() {
            let args = &directives::invocation(command).args;
            for seed in SEEDS {
                let outcome = match program.call(&func.name.to_string(), args, seed) {
                    Ok(windlass_simulate::Outcome::Returned(values)) => Outcome::Returned(values),
                    Ok(windlass_simulate::Outcome::Trapped(code)) => Outcome::Trapped(code),
                    Err(Error::Wrong(why)) => Outcome::Broken(why),
                    Err(Error::Unsupported(why)) => {
                        *self.skipped.entry(why).or_default() += 1;
                        break;
                    }
                };
                self.done += 1;
                let complaint = directives::complaint(command, &outcome);
                let other = self.expected[n].as_ref().filter(|expected| !expected.same(&outcome));
                let other = other.map(|expected| format!("`{command}`: {outcome}, by the interpreter: {expected}"));
                if let Some(text) = complaint.or(other) {
                    self.failures.push(Failure::of(&func.name, format!("at {}, seed {seed}: {text}", level.name())));
                    break;
                }
            }
        }
    }
}
