//! Expectations that stand in comments: exact output after a function, and errors beside what causes them. Needs the
//! comments of a function; leaves the first disagreement, or the file with its expectations rewritten.

use super::{Comment, Details, TestFile};
use crate::ir::Function;
use crate::ir::entities::AnyEntity;
use crate::reader::{ParseOptions, parse_test};
use crate::verifier::{VerifierError, VerifierErrors};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::path::Path;

/// Is the comment a remark to people, which no expectation consists of?
fn is_remark(text: &str) -> bool {
    text.starts_with(";;")
}

/// A comment's text as a line of output.
fn as_line(text: &str) -> &str {
    let text = text.strip_prefix(';').unwrap_or(text);
    text.strip_prefix(' ').unwrap_or(text)
}

/// The lines of output that a function's comments expect: all that are no remarks, wherever they stand.
pub fn expected_lines<'a>(details: &Details<'a>) -> Vec<&'a str> {
    details.comments.iter().map(|c| c.text).filter(|t| !is_remark(t)).map(as_line).collect()
}

/// Is `actual` exactly what the function's comments expect?
pub fn check_lines(details: &Details, actual: &str) -> Result<(), String> {
    let (expected, actual): (Vec<&str>, Vec<&str>) = (expected_lines(details), actual.lines().collect());
    if expected == actual {
        return Ok(());
    }
    let same = expected.iter().zip(&actual).take_while(|(e, a)| e == a).count();
    let line = |lines: &[&str]| lines.get(same).map_or("nothing more".to_string(), |l| format!("`{l}`"));
    Err(format!("line {}: expected {}, found {}", same + 1, line(&expected), line(&actual)))
}

/// The text of a function without the names that are left over from passes: they tell nothing of the result.
pub fn without_aliases(text: &str) -> String {
    text.lines().filter(|line| !line.contains(" -> v")).map(|line| format!("{line}\n")).collect()
}

/// Holds what `output` gives for each function of each file of a folder against the comments behind it. With `BLESS=1`
/// in the environment the comments are rewritten.
///
/// # Errors
/// All disagreements, a line each; or that there is no file.
pub fn check_folder(
    folder: &Path,
    output: impl Fn(&TestFile<'_>, &Function) -> Result<String, String>,
) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    files.sort();
    if files.is_empty() {
        return Err(format!("{}: there is no file", folder.display()));
    }
    let failures = files.iter().filter_map(|f| check_file(f, &output).err().map(|e| format!("{}: {e}", f.display())));
    let failures: Vec<String> = failures.collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

fn check_file(path: &Path, output: impl Fn(&TestFile<'_>, &Function) -> Result<String, String>) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let file = parse_test(&text, ParseOptions::default()).map_err(|e| e.to_string())?;
    let mut outputs = vec![];
    for (func, details) in &file.functions {
        outputs.push((details, output(&file, func).map_err(|e| format!("{}: {e}", func.name))?));
    }
    if std::env::var_os("BLESS").is_some_and(|v| v == "1") {
        let pairs: Vec<_> = outputs.iter().map(|(d, o)| (*d, o.as_str())).collect();
        return std::fs::write(path, bless_lines(&text, &pairs)).map_err(|e| e.to_string());
    }
    outputs.iter().try_for_each(|(details, output)| check_lines(details, output))
}

/// The file with the comments after each function replaced by its output. Functions start at the beginning of a line,
/// and end with a line that starts with `}`.
pub fn bless_lines(text: &str, outputs: &[(&Details, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').enumerate().peekable();
    for (details, output) in outputs {
        let mut inside = false;
        for (n, line) in lines.by_ref() {
            out.push_str(line);
            inside |= n + 1 >= details.location.line_number;
            if inside && line.starts_with('}') {
                break;
            }
        }
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out.push('\n');
        for line in output.lines() {
            let _ = if line.is_empty() { writeln!(out, ";") } else { writeln!(out, "; {line}") };
        }
        let old = |l: &str| l.trim().is_empty() || l.starts_with(';') && !is_remark(l);
        while lines.next_if(|(_, l)| old(l)).is_some() {}
        if lines.peek().is_some() {
            out.push('\n');
        }
    }
    lines.for_each(|(_, line)| out.push_str(line));
    out
}

/// How often a message may be looked through for an expected text. More than that has no honest test, and without a limit
/// the time would grow with the product of errors and comments at one entity.
const MOST_LOOKS: usize = 1 << 20;

/// Do the errors agree one to one with the function's `error:` comments? An error agrees with a comment at the same
/// entity whose text its message contains.
pub fn check_errors(details: &Details, errors: &VerifierErrors) -> Result<(), String> {
    let mut left: BTreeMap<usize, &VerifierError> = errors.0.iter().enumerate().collect();
    let mut at: FxHashMap<AnyEntity, VecDeque<usize>> = FxHashMap::default();
    errors.0.iter().enumerate().for_each(|(n, e)| at.entry(e.location).or_default().push_back(n));
    let (mut report, mut looks) = (String::new(), 0);
    for comment in &details.comments {
        let Some(expected) = comment.directive("error:") else { continue };
        let here = at.entry(comment.entity).or_default();
        let found = here.iter().position(|n| errors.0[*n].message.contains(expected));
        looks += found.unwrap_or(here.len());
        if looks > MOST_LOOKS {
            return Err("there are too many errors and `error:` comments at one place to compare".into());
        }
        match found {
            Some(n) => _ = here.remove(n).and_then(|n| left.remove(&n)),
            None => {
                let Comment { entity, .. } = comment;
                let _ = writeln!(report, "missing error at {entity}: {expected}");
            }
        }
    }
    for e in left.into_values() {
        let _ = writeln!(report, "unexpected error: {e}");
    }
    if report.is_empty() { Ok(()) } else { Err(report) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::{ParseOptions, parse_test};

    const FILE: &str = "test cat\nfunction %a() {\n}\n; old\n\n;; remark\nfunction %b() {\n}";

    #[test]
    fn blessing_is_stable() {
        let file = parse_test(FILE, ParseOptions::default()).unwrap();
        let outputs: Vec<_> = file.functions.iter().map(|f| (&f.1, "x\n\ny")).collect();
        let new = bless_lines(FILE, &outputs);
        let expected = "test cat\nfunction %a() {\n}\n\n; x\n;\n; y\n\n;; remark\nfunction %b() {\n}\n\n; x\n;\n; y\n";
        assert_eq!(new, expected);
        let file = parse_test(&new, ParseOptions::default()).unwrap();
        let outputs: Vec<_> = file.functions.iter().map(|f| (&f.1, "x\n\ny")).collect();
        assert_eq!(bless_lines(&new, &outputs), new);
        assert!(file.functions.iter().all(|f| check_lines(&f.1, "x\n\ny").is_ok()));
        let wrong = check_lines(&file.functions[0].1, "x\n\nz").unwrap_err();
        assert_eq!(wrong, "line 3: expected `y`, found `z`");
    }
}
