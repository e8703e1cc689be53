//! Files without `test` lines: reads, verifies, prints, reads again and compares; compiles each function at each level, for
//! the target that the file names or for this machine. Needs nothing of the file but functions.

use crate::panics;
use crate::source::Source;
use crate::target::{self, Build, Unfit};
use crate::test::file::{Listener, case};
use crate::test::verdict::{Event, Failure, Verdict};
use std::collections::BTreeMap;
use windlass_ir::ir::Function;
use windlass_ir::reader::parse_functions;
use windlass_ir::testfile::TestFile;
use windlass_link::functions::Functions;
use windlass_opt::Level;

/// How many functions are compiled between signs of life.
const BATCH: usize = 16;

/// Runs the cases. Of what cannot be read nothing else is tried.
pub fn run(source: &Source, file: &TestFile<'_>, lost: &[Failure], on: &mut Listener<'_>) {
    case("read", on, |_| Verdict::of(lost.to_vec()));
    if file.functions.is_empty() {
        return;
    }
    case("verify", on, |_| match target::facts(file) {
        Ok(facts) => Verdict::of(super::directives::verified(source, file, facts.as_ref()).1),
        Err(why) => Verdict::Failed(vec![Failure::whole(why)]),
    });
    case("print", on, |_| Verdict::of(printed(file)));
    match target::of_file(file, &[]).map(Build::checked) {
        Ok(build) => build.levels().into_iter().for_each(|level| {
            case(&format!("compile {}", level.name()), on, |on| compiled(file, &build, level, on));
        }),
        Err(Unfit::Elsewhere(why)) => case("compile", on, |_| Verdict::Skipped(why)),
        Err(Unfit::Bad(why)) => case("compile", on, |_| Verdict::Failed(vec![Failure::whole(why)])),
    }
}

/// Printing and reading back must give the same text.
fn printed(file: &TestFile<'_>) -> Vec<Failure> {
    let check = |(func, _): &(Function, _)| {
        let text = func.display().to_string();
        let why = match parse_functions(&text) {
            Ok(again) if again.len() == 1 && again[0].display().to_string() == text => return None,
            Ok(again) => {
                let other = again.first().map(|f| f.display().to_string()).unwrap_or_default();
                let line = text.lines().zip(other.lines()).find(|(a, b)| a != b);
                let (a, b) = line.unwrap_or(("the end", "more"));
                format!("reads back as something else: expected `{}`, found `{}`", a.trim(), b.trim())
            }
            Err(e) => {
                let line = text.lines().nth(e.location.line_number.saturating_sub(1)).unwrap_or("");
                format!("its text does not read back: {e} in `{}`", line.trim())
            }
        };
        Some(Failure::of(&func.name, why))
    };
    file.functions.iter().filter_map(check).collect()
}

fn compiled(file: &TestFile<'_>, build: &Build, level: Level, on: &mut Listener<'_>) -> Verdict {
    let mut functions = Functions::new();
    let mut reasons: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let (mut done, mut bytes) = (0, 0);
    for (n, (func, _)) in file.functions.iter().enumerate() {
        if n % BATCH == 0 {
            on(Event::Alive);
        }
        let result = panics::caught(|| functions.compile(func, level, &build.options).map_err(|e| e.to_string()));
        match result.and_then(|r| r) {
            Ok(object) => {
                done += 1;
                bytes += object.code.code.len();
            }
            Err(why) => reasons.entry(why).or_insert_with(|| (0, func.name.to_string())).0 += 1,
        }
    }
    let total = file.functions.len();
    on(Event::Note(format!("{done} of {total} functions compiled, to {bytes} bytes")));
    if reasons.is_empty() {
        return Verdict::Passed;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    let mut text = format!("{done} of {total} functions compiled; the others:");
    for (why, (count, first)) in reasons {
        text += &format!("\n{count} like {first}: {why}");
    }
    Verdict::Failed(vec![Failure::whole(text)])
}
