//! The cases of one file, one after the other. Needs the kinds of tests; tells what happens as events.

use super::pieces;
use super::verdict::{Event, Failure, Verdict};
use super::{Engine, kinds};
use crate::panics;
use crate::source::Source;
use crate::target::Given;
use std::collections::HashMap;
use std::path::Path;
use windlass_ir::testfile::{TestCommand, TestFile};

/// Who is told.
pub type Listener<'a> = dyn FnMut(Event) + 'a;

/// Runs all cases of a file. Functions that cannot be read are failures of each.
pub fn run(path: &Path, given: &Given, engine: Engine, on: &mut Listener<'_>) {
    let unread = |error: &dyn std::fmt::Display, on: &mut Listener<'_>| {
        on(Event::Begin("read".to_owned()));
        on(Event::End(Verdict::Failed(vec![Failure::whole(error)])));
    };
    let source = match Source::open(path, given) {
        Ok(source) => source,
        Err(error) => return unread(&error, on),
    };
    let (source, lost) = match panics::caught(|| source.try_parse().is_ok()) {
        Ok(true) => (source, vec![]),
        Ok(false) => pieces::readable(&source),
        Err(panic) => return unread(&panic, on),
    };
    let file = match source.parse() {
        Ok(file) => file,
        Err(error) => return unread(&error, on),
    };
    match engine {
        Engine::Simulator => simulated(&source, &file, on),
        Engine::All if file.commands.is_empty() => kinds::plain::run(&source, &file, &lost, on),
        Engine::All => commands(&source, &file, &lost, on),
    }
}

/// Runs one case: names it, catches panics, tells the verdict.
pub fn case(name: &str, on: &mut Listener<'_>, run: impl FnOnce(&mut Listener<'_>) -> Verdict) {
    on(Event::Begin(name.to_owned()));
    let verdict = panics::caught(|| run(on)).unwrap_or_else(|panic| Verdict::Failed(vec![Failure::whole(panic)]));
    on(Event::End(verdict));
}

/// The cases of kind `run`, by the simulator.
fn simulated(source: &Source, file: &TestFile<'_>, on: &mut Listener<'_>) {
    if file.commands.iter().any(|command| command.command == "run") {
        for line in &file.targets {
            let words: String = line.options.iter().map(|o| format!(" {o}")).collect();
            let name = format!("simulate {}{words}", line.triple);
            case(&name, on, |on| kinds::simulate::run(source, file, line, on));
        }
    }
}

fn commands(source: &Source, file: &TestFile<'_>, lost: &[Failure], on: &mut Listener<'_>) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    // the same target may stand in a file several times, under other settings
    let mut unique = |name: String| {
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { name } else { format!("{name} #{count}") }
    };
    let with_lost = |verdict: Verdict| match verdict {
        Verdict::Passed => Verdict::of(lost.to_vec()),
        Verdict::Failed(own) => Verdict::Failed([lost, &own[..]].concat()),
        Verdict::Skipped(_) if !lost.is_empty() => Verdict::of(lost.to_vec()),
        skipped => skipped,
    };
    type Once = fn(&Source, &TestFile<'_>, &TestCommand<'_>) -> Verdict;
    for (n, command) in file.commands.iter().enumerate() {
        let mut once = |run: Once, on: &mut Listener<'_>| {
            let name = unique(command.to_string());
            case(&name, on, |_| with_lost(run(source, file, command)));
        };
        match command.command {
            "run" | "compile" if file.targets.is_empty() => {
                let why = "expected a `target` line in the header, found none";
                case(command.command, on, |_| Verdict::Failed(vec![Failure::whole(why)]));
            }
            "run" | "compile" => {
                for line in &file.targets {
                    let words: String = line.options.iter().map(|o| format!(" {o}")).collect();
                    let name = unique(format!("{} {}{words}", command.command, line.triple));
                    case(&name, on, |on| {
                        with_lost(match command.command {
                            "run" => kinds::run::run(source, file, line, on),
                            _ => kinds::compile::run(source, file, command, line),
                        })
                    });
                }
            }
            "interpret" => once(kinds::interpret::run, on),
            "verifier" => once(kinds::verifier::run, on),
            "cat" => once(kinds::cat::run, on),
            "optimize" => once(kinds::optimize::run, on),
            "inline" => once(kinds::inline::run, on),
            "domtree" => once(kinds::domtree::run, on),
            "print-cfg" => once(kinds::print_cfg::run, on),
            missing if kinds::MISSING.contains(&missing) => case(&unique(command.to_string()), on, |_| {
                with_lost(Verdict::Skipped(format!("tests of kind `{missing}` are not run yet")))
            }),
            other => case(&unique(command.to_string()), on, |_| {
                let what = kinds::unknown(other);
                Verdict::Failed(vec![Failure::whole(source.at(source.test_line(n), what))])
            }),
        }
    }
}
