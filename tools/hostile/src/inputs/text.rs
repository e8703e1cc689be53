//! Texts that are large in one respect: for the reader, the printer, the verifier, and the readers of comments.

use super::{Row, join, lines};
use crate::stages::Input;

macro_rules! rows {
    ($($name:literal: $make:expr),* $(,)?) => {
        &[$(Row { name: $name, make: |n| Input::Text(($make as fn(usize) -> String)(n)), compile: true }),*]
    };
}

pub(super) const ROWS: &[Row] = rows! {
    "comments": |n| lines(n, |i| format!("; {i}")) + EMPTY,
    "comments in a function": |n| format!("function %f() {{\nblock0:\n{}    return\n}}\n", lines(n, |i| format!(";; {i}"))),
    "long comment": |n| format!("; {}\n{EMPTY}", "word ".repeat(4 * n)),
    "spaces": |n| format!("{}{EMPTY}", " \n".repeat(4 * n)),
    "long name": |n| format!("function %{}() {{\nblock0:\n    return\n}}\n", "name".repeat(n)),
    "long opcode": |n| format!("function %f() {{\nblock0:\n    {}\n}}\n", "iadd".repeat(n)),
    "long number": |n| format!("function %f() {{\nblock0:\n    v0 = iconst.i64 {}\n    return\n}}\n", "1".repeat(n)),
    "long hexadecimal number": |n| format!("function %f() {{\nblock0:\n    v0 = iconst.i64 0x{}1\n    return\n}}\n", "0_".repeat(n)),
    "long float": |n| format!("function %f() {{\nblock0:\n    v0 = f64const 0x1.{}p1\n    return\n}}\n", "0".repeat(n)),
    "long exponent": |n| format!("function %f() {{\nblock0:\n    v0 = f64const 0x1.0p{}\n    return\n}}\n", "9".repeat(n)),
    "long source location": |n| format!("function %f() {{\nblock0:\n@{}    return\n}}\n", "0".repeat(n)),
    "long constant": |n| format!("function %f() {{\n    const0 = 0x{}\nblock0:\n    return\n}}\n", "12".repeat(n)),
    "long vector": |n| format!("function %f() {{\n    const0 = i8x16 [{}]\nblock0:\n    return\n}}\n", "1 ".repeat(n)),
    "long string": |n| format!("function %f() {{\n    region0 = 1 \"{}\"\nblock0:\n    return\n}}\n", "text\n".repeat(n)),
    "open string": |n| format!("function %f() {{\n    region0 = 1 \"{}", "text\n".repeat(n)),
    "nested parentheses": |n| format!("function %f() {{\nblock0:\n    return {}{}\n}}\n", "(".repeat(n), ")".repeat(n)),
    "nested brackets": |n| format!("function %f() {{\nblock0:\n    br_table v0, block0, {}\n}}\n", "[".repeat(n)),
    "nested braces": |n| format!("function %f() {}", "{".repeat(n)),
    "nested calls": |n| format!("function %f() {{\nblock0:\n    jump {}\n}}\n", "block0(".repeat(n)),
    "invalid characters": |n| format!("function %f() {{\n{}\n}}\n", "é".repeat(n)),
    "many functions": |n| lines(n, |i| format!("function %f{i}(i64) -> i64 system_v {{\nblock0(v0: i64):\n    v1 = iadd v0, v0\n    return v1\n}}")),
    "functions without blocks": |n| lines(n, |i| format!("function u0:{i}() {{}}")),
    "declared signatures": |n| declared(n, |i| format!("sig{i} = (i32, i64 uext) -> i8 tail")),
    "declared functions": |n| declared(n, |i| format!("fn{i} = colocated %g{i}(i32) -> i8")),
    "functions by number": |n| declared(n, |i| format!("fn{i} = u{i}:{i} (i32)")),
    "declared globals": |n| declared(n, |i| format!("gv{i} = symbol colocated %g{i}+8")),
    "chain of globals": |n| declared(n, |i| match i {
        0 => "gv0 = vmctx".to_string(),
        i => format!("gv{i} = iadd_imm.i64 gv{}, 1", i - 1),
    }).replacen("()", "(i64 vmctx)", 1),
    "globals that go round": |n| declared(n, |i| format!("gv{i} = iadd_imm.i64 gv{}, 1", (i + 1) % n)),
    "stack slots": |n| declared(n, |i| format!("ss{i} = explicit_slot 8, align = 8")),
    "huge stack slots": |n| declared(n, |i| format!("ss{i} = explicit_slot 4294967295")),
    "constants": |n| declared(n, |i| format!("const{i} = 0x{i:032x}")),
    "alias regions": |n| declared(n, |i| format!("region{i} = {i} \"r\"")),
    "dynamic types": |n| declared(n + 1, |i| match i {
        0 => "gv0 = dyn_scale_target_const.i32x4".to_string(),
        i => format!("dt{} = i32x4*gv0\ndss{} = explicit_dynamic_slot dt{}", i - 1, i - 1, i - 1),
    }),
    "parameters of a signature": |n| format!("function %f({}) system_v {{\nblock0({}):\n    return\n}}\n",
        join(n, ", ", |_| "i64".into()), join(n, ", ", |i| format!("v{i}: i64"))),
    "results of a signature": |n| format!("function %f() -> {} system_v {{\nblock0:\n    v0 = iconst.i64 1\n    return {}\n}}\n",
        join(n, ", ", |_| "i64".into()), join(n, ", ", |_| "v0".into())),
    "extensions of a parameter": |n| format!("function %f(i64{}) {{\nblock0(v0: i64):\n    return\n}}\n", " uext sext".repeat(n)),
    "memory flags": |n| format!("function %f(i64) {{\nblock0(v0: i64):\n    v1 = load.i64{} v0\n    return\n}}\n", " notrap aligned".repeat(n)),
    "sets of memory flags": |n| format!("function %f(i64) {{\n{}block0(v0: i64):\n{}    return\n}}\n",
        lines(n, |i| format!("    region{i} = {i} \"\"")), lines(n, |i| format!("    store.i64 region{i} v0, v0"))),
    "chain of aliases": |n| format!("function %f(i64) -> i64 {{\nblock0(v0: i64):\n{}    return v{n}\n}}\n",
        lines(n, |i| format!("    v{} -> v{i}", i + 1))),
    "uses of a chain of aliases": |n| format!("function %f(i64) -> i64 {{\nblock0(v0: i64):\n{}{}    return v{}\n}}\n",
        lines(n / 2, |i| format!("    v{} -> v{i}", i + 1)),
        lines(n / 2, |i| format!("    v{} = iadd v{}, v{}", i + 1 + n / 2, n / 2, n / 2)), n / 2),
    "aliases of one value": |n| format!("function %f(i64) -> i64 {{\nblock0(v0: i64):\n{}    return v{n}\n}}\n",
        lines(n, |i| format!("    v{} -> v0", i + 1))),
    "source locations": |n| instructions(n, |i| format!("@{i:x} v{} = iadd v{i}, v{i}", i + 1)),
    "debug tags": |n| format!("function %f() {{\n    fn0 = %g()\nblock0:\n<{}> call fn0()\n    return\n}}\n", join(n, ", ", |i| i.to_string())),
    "stack map": |n| format!("function %f() {{\n    ss0 = explicit_slot 8\n    fn0 = %g()\nblock0:\n    call fn0(), stack_map=[{}]\n    return\n}}\n",
        join(n, ", ", |_| "i64 @ ss0+0".into())),
    "stack maps": |n| format!("function %f() {{\n    ss0 = explicit_slot 8\n    fn0 = %g()\nblock0:\n{}    return\n}}\n",
        lines(n, |_| "    call fn0(), stack_map=[i64 @ ss0+0]".into())),
    "results that are not there": |n| format!("function %f() {{\nblock0:\n    {} = iconst.i8 1\n}}\n", join(n, ", ", |i| format!("v{i}"))),
    "values that are not there": |n| format!("function %f() {{\nblock0:\n    return {}\n}}\n", join(n, ", ", |i| format!("v{i}"))),
    "values in reverse": |n| format!("function %f() {{\nblock0:\n    jump block2\nblock1:\n{}    return\nblock2:\n{}    jump block1\n}}\n",
        lines(n, |i| format!("    v{} = iadd.i64 v{i}, v{i}", n + i)), lines(n, |i| format!("    v{} = iconst.i64 {i}", n - 1 - i))),
    "errors in one list": |n| format!("function %f(i8) {{\n    fn0 = %g({})\nblock0(v0: i8):\n    call fn0({})\n    return\n}}\n",
        join(n, ", ", |_| "i64".into()), join(n, ", ", |_| "v0".into())),
    "errors of types": |n| format!("function %f(i8, i64) {{\nblock0(v0: i8, v1: i64):\n{}    return\n}}\n",
        lines(n, |i| format!("    v{} = iadd.i8 v0, v1", i + 2))),
    "errors of order": |n| format!("function %f() {{\nblock0:\n{}    v{n} = iconst.i64 1\n    return\n}}\n",
        lines(n, |i| format!("    v{i} = iadd.i64 v{n}, v{n}"))),
    "edges to nowhere": |n| format!("function %f(i32) {{\nblock0(v0: i32):\n    br_table v0, block1, [{}]\n}}\n", join(n, ", ", |i| format!("block{}", i % 90_000 + 1))),
    "run lines": |n| format!("test interpret\n{ADD}{}", lines(n, |i| format!("; run: %add({i}, 1) == {}", i + 1))),
    "values in a run line": |n| format!("test interpret\nfunction %f({}) -> i64 {{\nblock0({}):\n    return v0\n}}\n; run: %f({}) == 1\n",
        join(n, ", ", |_| "i64".into()), join(n, ", ", |i| format!("v{i}: i64")), join(n, ", ", |_| "1".into())),
    "run line that goes on": |n| format!("test interpret\n{ADD}; run: %add({}\n", "[1 ".repeat(n)),
    "error comments": |n| format!("test verifier\nfunction %f(i8) {{\nblock0(v0: i8):\n{}    return\n}}\n",
        lines(n, |i| format!("    v{} = iadd.i16 v0, v0 ; error: type", i + 1))),
    "lines of a header": |n| lines(n, |i| format!("test t{i} a=b c")) + EMPTY,
    "settings": |n| lines(n, |_| "set opt_level=speed enable_verifier=true".into()) + "target x86_64 has_avx\n" + EMPTY,
    "targets": |n| lines(n, |_| "target x86_64 has_avx has_bmi1".into()) + EMPTY,
    "features": |n| lines(n, |i| format!("feature \"f{i}\"")) + EMPTY,
    "directives that match": |n| checked(n, "check", |i| format!("v{} = iadd v{i}, v{i}", i + 1)),
    "directives for next lines": |n| checked(n, "nextln", |_| "$(=.*)".into()),
    "directives in any order": |n| checked(n, "unordered", |i| format!("v{i} = iadd")),
    "directives that must not match": |n| checked(n, "not", |i| format!("nothing{i}")),
    "directives with variables": |n| checked(n, "check", |i| format!("$(x{i}=v\\d+) = iadd")),
    "directives that define": |n| checked(n, "regex", |i| format!("X{i}=v\\d+")),
    "long directive": |n| format!("test cat\n{ADD}; check: {}\n", "$x$(y=.)".repeat(n)),
    "long regular expression": |n| format!("test cat\n{ADD}; check: $(x={}{})\n", "(a|".repeat(n), ")".repeat(n)),
    "regular expression that repeats": |n| format!("test cat\n{ADD}{}", lines(n / DIRECTIVES, |_| "; check: $(x=\\pL{900}{900})".into())),
};

/// A function for texts whose size is elsewhere.
const EMPTY: &str = "function %f() {\nblock0:\n    return\n}\n";
/// One that computes.
const ADD: &str =
    "function %add(i64, i64) -> i64 {\nblock0(v0: i64, v1: i64):\n    v2 = iadd v0, v1\n    return v2\n}\n";

fn declared(n: usize, item: impl Fn(usize) -> String) -> String {
    format!("function %f() {{\n{}block0:\n    return\n}}\n", lines(n, |i| format!("    {}", item(i))))
}

/// Instructions in one block, the first of which has `v0` to use.
fn instructions(n: usize, item: impl Fn(usize) -> String) -> String {
    format!("function %f(i64) {{\nblock0(v0: i64):\n{}    return\n}}\n", lines(n, |i| format!("    {}", item(i))))
}

/// A regular expression takes as long as this many instructions.
const DIRECTIVES: usize = 16;

/// A function of `n` instructions, and directives.
fn checked(n: usize, kind: &str, pattern: impl Fn(usize) -> String) -> String {
    let func = instructions(n, |i| format!("v{} = iadd v{i}, v{i}", i + 1));
    format!("test cat\n{func}{}", lines(n / DIRECTIVES, |i| format!("; {kind}: {}", pattern(i))))
}
