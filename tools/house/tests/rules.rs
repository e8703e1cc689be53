//! The checkout obeys the rules of the house, and each rule is broken by what it forbids.

use std::path::Path;
use windlass_house::{Problem, check, check_file, check_package};

#[test]
fn the_checkout_obeys() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let problems = check(&root).unwrap_or_else(|e| panic!("{e}"));
    let text: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert!(text.is_empty(), "{} rules are broken:\n{}", text.len(), text.join("\n"));
}

fn one(problems: &[Problem]) -> String {
    let [problem] = problems else { panic!("one problem, not {problems:?}") };
    problem.to_string()
}

fn depends(name: &str, on: &str, kind: &str) -> Vec<Problem> {
    check_package(name, &[(on.to_owned(), kind.to_owned())])
}

#[test]
fn dependencies_go_one_way() {
    assert!(one(&depends("windlass-regalloc", "windlass-ir", "")).contains("may not know windlass-ir"));
    assert!(one(&depends("windlass-codegen", "windlass-rules", "")).contains("may not know windlass-rules"));
    assert_eq!(depends("windlass-codegen", "windlass-rules", "build"), []);
    assert!(one(&depends("windlass-ir", "windlass-codegen", "dev")).contains("built or tested"));
    assert!(one(&depends("windlass-ir", "left-pad", "")).contains("nobody has given a reason"));
    assert!(one(&depends("windlass-new", "windlass-ir", "")).contains("in no layer"));
}

#[test]
fn targets_are_named_in_their_rooms() {
    let text = "//! About x86-64.\nfn f() { x64::rows() }\n";
    let problem = one(&check_file("crates/codegen/src/emit.rs", text));
    assert!(problem.starts_with("crates/codegen/src/emit.rs:2: a shared room names the target x64"), "{problem}");
    for room in ["crates/codegen/src/x64/emit.rs", "crates/codegen/src/linkage.rs", "crates/codegen/tests/golden.rs"] {
        assert_eq!(check_file(room, text), [], "{room}");
    }
    assert_eq!(check_file("crates/codegen/src/emit.rs", "#[cfg(test)]\nmod tests { use crate::x64; }"), []);
}

#[test]
fn facts_are_columns() {
    let text = "fn f(row: &Row) -> bool { row.name == \"mov64_rr\" }\n";
    assert!(one(&check_file("crates/rules/src/prove.rs", text)).contains("make it a column"));
}

#[test]
fn files_are_short() {
    let long = "\n".repeat(601);
    assert!(one(&check_file("crates/ir/src/write.rs", &long)).contains("601 lines"));
    assert!(one(&check_file("crates/ir/tests/write.rs", &long)).contains("601 lines"));
    assert_eq!(check_file("crates/desc/src/ops/rows.rs", &long), []);
}
