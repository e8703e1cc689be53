//! `test run`: compiles all functions of a file together at each optimisation level, and calls them as the directives
//! say. A directive calls the function it belongs to, whatever name it gives. Needs a target that this machine is, or that
//! can be emulated here.

use super::directives;
use crate::native::{Engine, Native};
use crate::source::Source;
use crate::target::{self, Build, Unfit};
use crate::test::file::Listener;
use crate::test::verdict::{Event, Failure, Verdict};
use windlass_ir::data_value::DataValue;
use windlass_ir::ir::Function;
use windlass_ir::reader::RunCommand;
use windlass_ir::testfile::{TargetLine, TestFile};
use windlass_opt::Level;

/// Runs the case of one `target` line.
pub fn run(source: &Source, file: &TestFile<'_>, line: &TargetLine<'_>, on: &mut Listener<'_>) -> Verdict {
    match target::runnable_line(file, line, source.given.emulate) {
        Ok((build, engine)) => run_build(source, file, &build, &engine, on),
        Err(Unfit::Elsewhere(why)) => Verdict::Skipped(why),
        Err(Unfit::Bad(what)) => Verdict::Failed(vec![Failure::whole(source.at(line.location, what))]),
    }
}

fn run_build(source: &Source, file: &TestFile<'_>, build: &Build, engine: &Engine, on: &mut Listener<'_>) -> Verdict {
    let (sound, mut failures) = directives::verified(source, file, Some(&build.facts()));
    let (commands, unreadable) = directives::all(file);
    failures.extend(unreadable);
    let funcs: Vec<&Function> = file.functions.iter().map(|(f, _)| f).collect();
    let levels = build.levels();
    let mut found: Vec<(Failure, Vec<Level>)> = vec![];
    for &level in &levels {
        on(Event::Alive);
        for failure in at_level(&funcs, &sound, &commands, level, (build, engine)) {
            match found.iter_mut().find(|(f, _)| *f == failure) {
                Some((_, at)) => at.push(level),
                None => found.push((failure, vec![level])),
            }
        }
    }
    for (mut failure, at) in found {
        if at.len() < levels.len() {
            let names: Vec<_> = at.iter().map(|level| level.name()).collect();
            failure.message = format!("at {}: {}", names.join(", "), failure.message);
        }
        failures.push(failure);
    }
    Verdict::of(failures)
}

fn at_level(
    funcs: &[&Function],
    sound: &[bool],
    commands: &[(usize, RunCommand)],
    level: Level,
    (build, engine): (&Build, &Engine),
) -> Vec<Failure> {
    let usable: Vec<&Function> = funcs.iter().zip(sound).filter(|(_, sound)| **sound).map(|(f, _)| *f).collect();
    let native = Native::compile(engine, build, &usable, level);
    let mut failures: Vec<Failure> =
        usable.iter().filter_map(|f| Some(Failure::of(&f.name, native.failure(f)?))).collect();
    let possible = |n: usize| sound[n] && native.failure(funcs[n]).is_none();
    let tried: Vec<&(usize, RunCommand)> = commands.iter().filter(|(n, _)| possible(*n)).collect();
    let calls: Vec<(&Function, &[DataValue])> =
        tried.iter().map(|(n, command)| (funcs[*n], &directives::invocation(command).args[..])).collect();
    match native.call_all(&calls) {
        Ok(outcomes) => {
            for ((n, command), outcome) in tried.iter().map(|t| (t.0, &t.1)).zip(outcomes) {
                let complaint = directives::complaint(command, &outcome);
                failures.extend(complaint.map(|text| Failure::of(&funcs[n].name, text)));
            }
        }
        Err(error) => failures.push(Failure::whole(format!("the system did not let functions run: {error}"))),
    }
    failures
}
