//! Files without a header: reads, verifies, prints, reads again and compares; compiles each function at each level for
//! this machine. Needs nothing of the file but functions.

use crate::panics;
use crate::source::Source;
use crate::target;
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
/// How many different reasons are told.
const REASONS: usize = 12;

/// Runs the cases.
pub fn run(source: &Source, file: &TestFile<'_>, lost: &[Failure], on: &mut Listener<'_>) {
    case("read", on, |_| Verdict::of(lost.to_vec()));
    case("verify", on, |_| Verdict::of(super::directives::verified(source, file, None).1));
    case("print", on, |_| Verdict::of(printed(file)));
    for level in Level::ALL {
        case(&format!("compile {}", level.name()), on, |on| compiled(file, level, on));
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

fn compiled(file: &TestFile<'_>, level: Level, on: &mut Listener<'_>) -> Verdict {
    let build = match target::host() {
        Ok(build) => build.checked(),
        Err(target::Unfit::Bad(why) | target::Unfit::Elsewhere(why)) => return Verdict::Skipped(why),
    };
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
    let more = reasons.len().saturating_sub(REASONS);
    let mut text = format!("{done} of {total} functions compiled; the others:");
    for (why, (count, first)) in reasons.into_iter().take(REASONS) {
        text += &format!("\n{count} like {first}: {why}");
    }
    if more > 0 {
        text += &format!("\n… and {more} more reasons");
    }
    Verdict::Failed(vec![Failure::whole(text)])
}
