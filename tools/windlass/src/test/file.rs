//! The cases of one file, one after the other. Needs the kinds of tests; tells what happens as events.

use super::kinds;
use super::verdict::{Event, Failure, Verdict};
use crate::panics;
use crate::source::Source;
use std::collections::HashMap;
use std::path::Path;
use windlass_ir::testfile::TestFile;

/// Who is told.
pub type Listener<'a> = dyn FnMut(Event) + 'a;

/// Runs all cases of a file.
pub fn run(path: &Path, on: &mut Listener<'_>) {
    let read = Source::open(path);
    let parsed = match &read {
        Ok(source) => panics::caught(|| source.parse()).unwrap_or_else(|panic| Err(panic.into())),
        Err(error) => Err(error.to_string().into()),
    };
    match (&read, parsed) {
        (Ok(source), Ok(file)) if file.commands.is_empty() => kinds::plain::run(source, &file, on),
        (Ok(source), Ok(file)) => commands(source, &file, on),
        (_, Err(error)) => {
            on(Event::Begin("read".to_owned()));
            on(Event::End(Verdict::Failed(vec![Failure::whole(error)])));
        }
        (Err(_), Ok(_)) => {}
    }
}

/// Runs one case: names it, catches panics, tells the verdict.
pub fn case(name: &str, on: &mut Listener<'_>, run: impl FnOnce(&mut Listener<'_>) -> Verdict) {
    on(Event::Begin(name.to_owned()));
    let verdict = panics::caught(|| run(on)).unwrap_or_else(|panic| Verdict::Failed(vec![Failure::whole(panic)]));
    on(Event::End(verdict));
}

fn commands(source: &Source, file: &TestFile<'_>, on: &mut Listener<'_>) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    // the same target may stand in a file several times, under other settings
    let mut unique = |name: String| {
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { name } else { format!("{name} #{count}") }
    };
    for command in &file.commands {
        let once = |run: fn(&Source, &TestFile<'_>) -> Verdict| run;
        match command.command {
            "run" if file.targets.is_empty() => {
                let why = "expected a `target` line in the header, found none";
                case("run", on, |_| Verdict::Failed(vec![Failure::whole(why)]));
            }
            "run" => {
                for line in &file.targets {
                    let words: String = line.options.iter().map(|o| format!(" {o}")).collect();
                    let name = unique(format!("run {}{words}", line.triple));
                    case(&name, on, |on| kinds::run::run(source, file, line, on));
                }
            }
            "interpret" => case("interpret", on, |_| once(kinds::interpret::run)(source, file)),
            "verifier" => case("verifier", on, |_| once(kinds::verifier::run)(source, file)),
            "cat" => case("cat", on, |_| once(kinds::cat::run)(source, file)),
            "domtree" => case("domtree", on, |_| once(kinds::domtree::run)(source, file)),
            other => case(&unique(command.to_string()), on, |_| {
                Verdict::Skipped(format!("tests of kind `{other}` are not known yet"))
            }),
        }
    }
}
