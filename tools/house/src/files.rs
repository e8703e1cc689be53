//! What is asked of each source file: its length, that targets are named in their own rooms alone, and that no fact is
//! looked up by the text of a name.

use crate::Problem;
use regex::Regex;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

/// Lines of a file. Tables of rows may be longer.
const MOST_LINES: usize = 600;
/// Files that are tables.
const TABLES: &[&str] = &["crates/desc/src/ops/rows.rs", "crates/desc/src/x64/rows.rs"];

/// Where targets may be named: the start of a path, and why.
const ROOMS: &[(&str, &str)] = &[
    ("crates/codegen/build", "which tables are made: one entry for each target"),
    ("crates/codegen/src/lib.rs", "one module for each target"),
    ("crates/codegen/src/binemit.rs", "the interface's names of relocations"),
    ("crates/codegen/src/reloc.rs", "a row for each relocation"),
    ("crates/codegen/src/linkage.rs", "a row for each target"),
    ("crates/codegen/src/isa", "targets by name: the registry, and a file for each"),
    ("crates/codegen/src/settings", "settings of targets: a table for each"),
    ("crates/desc/src/lib.rs", "one module for each target"),
    ("crates/desc/src/ops/rows.rs", "operations that CLIF names after a target"),
    ("crates/desc/src/types/named.rs", "types whose names look like a target's"),
    ("crates/ir/src/ir/libcall.rs", "routines that CLIF names after a target"),
    ("crates/ir/src/isa.rs", "what the IR knows of platforms, and the names of conventions"),
    ("crates/ir/src/reader/former.rs", "operations of former versions"),
    ("crates/link/src/host.rs", "what is told of the host"),
    ("crates/link/src/jit/gdb.rs", "where the debugger's interface was tried"),
    ("crates/link/src/memory/cache.rs", "how caches are flushed: code for each target"),
    ("crates/link/src/object", "numbers of formats: rows for each target"),
    ("crates/rules/src/lib.rs", "one module for each target"),
    ("compat/", "the interface's names"),
    ("tools/house", "this table"),
    ("tools/hostile/src", "hostile texts"),
    ("tools/prove/src", "whose rules are proved"),
    ("tools/windlass/src/args.rs", "examples in the help"),
    ("tools/windlass/src/qemu", "emulators: a row for each target"),
    ("tools/windlass/src/sandbox.rs", "registers of the host in a signal handler"),
    ("tools/windlass/src/test/kinds/simulate.rs", "the machine whose rows the simulator runs, one for each target"),
    ("tools/windlass/src/target.rs", "names that misspelt targets may stand for"),
];

/// Rooms of one target, wherever they are.
static OWN_ROOM: LazyLock<Regex> = LazyLock::new(|| pattern(r"/(x64|riscv64|aarch64|s390x)(/|\.rs$|_)"));
static TARGET: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(^|[^a-z])(x64|x86_64|x86|riscv64|riscv|aarch64|arm64|s390x)"));
static BY_NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(row|\br|family|inst|info\(\))\.(name|mnemonic)(\(\))?(\s*[=!]=\s*"|\.(starts_with|ends_with|contains)\()|contains\(&&\*"#,
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|e| unreachable!("{text}: {e}"))
}

/// The problems of all source files that git knows, tests left out.
pub fn check(root: &Path) -> Result<Vec<Problem>, String> {
    let output = Command::new("git").current_dir(root).args(["ls-files", "*.rs"]).output();
    let output = output.map_err(|e| format!("cannot run git: {e}"))?;
    if !output.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut problems = vec![];
    for path in String::from_utf8_lossy(&output.stdout).lines() {
        // a file that was deleted is still known until that is committed
        let Ok(text) = std::fs::read_to_string(root.join(path)) else { continue };
        problems.extend(check_file(path, &text));
    }
    Ok(problems)
}

/// The problems of a source file at a path from the root.
pub fn check_file(path: &str, text: &str) -> Vec<Problem> {
    let mut problems = vec![];
    let lines = text.lines().count();
    if lines > MOST_LINES && !TABLES.contains(&path) {
        problems.push(Problem {
            at: path.into(),
            what: format!("{lines} lines, more than {MOST_LINES}"),
            mend: "one concept, one room: move a part that has a name of its own to a file of its own".into(),
        });
    }
    let shipped = ["crates/", "tools/", "compat/"].iter().any(|top| path.starts_with(top)) && !is_test(path);
    if !shipped {
        return problems;
    }
    let named = ROOMS.iter().any(|room| path.starts_with(room.0)) || OWN_ROOM.is_match(path);
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    for (n, line) in code.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        let at = || format!("{path}:{}", n + 1);
        if let (false, Some(target)) = (named, TARGET.captures(&line.to_lowercase())) {
            problems.push(Problem {
                at: at(),
                what: format!("a shared room names the target {}", &target[2]),
                mend: "let the target say it: a row, a column, or a fact in its description; a room that has rows of \
                       targets is listed with its reason in tools/house/src/files.rs"
                    .into(),
            });
        }
        if BY_NAME.is_match(line) {
            problems.push(Problem {
                at: at(),
                what: "a fact is looked up by the text of a name".into(),
                mend: "make it a column of the row".into(),
            });
        }
    }
    problems
}

/// Is the file a test, or a part of one?
fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}
