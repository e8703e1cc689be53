//! Feeds the reader damaged texts: nothing may panic, and what is read must print, verify and read back the same.
//! `WINDLASS_CORPUS` names a folder of CLIF files to use as well; without it only the test files of the repository are.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use windlass_ir::reader::{ParseOptions, parse_functions, parse_run_command, parse_test};
use windlass_ir::testfile::filecheck::Checker;
use windlass_ir::verifier::{verify_all, verify_function};

/// How many damaged texts are tried.
const ROUNDS: u64 = 6_000;
/// Larger texts are damaged in a part of this size.
const PART: usize = 4_000;

/// A small generator of pseudo-random numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Words that are likely to be near something interesting.
const WORDS: &[&str] = &[
    "v0",
    "v1",
    "v7",
    "v2147483646",
    "block0",
    "block1",
    "block99999",
    "ss0",
    "ss1",
    "sig0",
    "fn0",
    "gv0",
    "gv1",
    "region0",
    "const0",
    "dt0",
    "dss0",
    "tag0",
    "ret0",
    "exn1",
    "u0:1",
    "userextname0",
    "->",
    "=",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    ",",
    ":",
    ".i8",
    ".i32",
    ".i64",
    ".i8x16",
    ".f32",
    ".dt0",
    "i128",
    "i32x4",
    "f64",
    "cold",
    "notrap",
    "big",
    "little",
    "readonly",
    "+8",
    "-8",
    "+0x7fff_ffff",
    "0",
    "1",
    "-1",
    "255",
    "0xffff_ffff_ffff_ffff",
    "18446744073709551615",
    "0x0.8p-3",
    "NaN",
    "+sNaN:0x1",
    "Inf",
    "return",
    "jump",
    "brif",
    "iadd",
    "iconst",
    "load",
    "store",
    "call",
    "call_indirect",
    "stack_addr",
    "func_addr",
    "trap",
    "trapz",
    "select",
    "icmp",
    "eq",
    "user1",
    "heap_oob",
    "stack_map",
    "@ff",
    "<1>",
    "function",
    "%f",
    "tail",
    "preserve_all",
    "vmctx",
    "uext",
    "explicit_slot",
    "symbol",
    "vmctx",
    "stack_limit",
    "colocated",
    ";",
    "\"",
    "\n",
    "é",
];

fn damage(text: &str, r: &mut Random) -> String {
    let mut s = text.to_string();
    for _ in 0..1 + r.below(4) {
        let at = floor(&s, r.below(s.len() + 1));
        let end = floor(&s, (at + 1 + r.below(12)).min(s.len()));
        match r.below(7) {
            0 => s.truncate(at),
            1 => s.replace_range(at..end, ""),
            2 => s.insert_str(at, r.pick::<&str>(WORDS)),
            3 => s.replace_range(at..end, r.pick::<&str>(WORDS)),
            4 => swap_words(&mut s, r),
            5 => {
                let piece = s[at..end].to_string();
                let to = floor(&s, r.below(s.len() + 1));
                s.insert_str(to, &piece);
            }
            _ => swap_lines(&mut s, r),
        }
    }
    s
}

/// The nearest boundary of a character at or before `at`.
fn floor(s: &str, at: usize) -> usize {
    (0..=at).rev().find(|i| s.is_char_boundary(*i)).unwrap_or(0)
}

/// Puts one word in the place of another.
fn swap_words(s: &mut String, r: &mut Random) {
    let words: Vec<&str> = s.split_whitespace().collect();
    if words.len() < 2 {
        return;
    }
    let (from, to) = (words[r.below(words.len())].to_string(), words[r.below(words.len())].to_string());
    let found: Vec<usize> = s.match_indices(&from).map(|m| m.0).collect();
    let at = *r.pick(&found);
    s.replace_range(at..at + from.len(), &to);
}

/// Moves a line elsewhere.
fn swap_lines(s: &mut String, r: &mut Random) {
    let mut lines: Vec<&str> = s.lines().collect();
    if !lines.is_empty() {
        let line = lines.remove(r.below(lines.len()));
        lines.insert(r.below(lines.len() + 1), line);
        *s = lines.join("\n");
    }
}

/// Everything that can be done with a text. Returns whether it could be read.
fn exercise(text: &str) -> bool {
    let Ok(file) = parse_test(text, ParseOptions::default()) else { return false };
    for (func, details) in &file.functions {
        let [first, all] = [verify_function, verify_all].map(|verify| verify(func, None).err().unwrap_or_default().0);
        assert!(all.starts_with(&first), "{first:?} does not begin {all:?}");
        let valid = first.is_empty();
        assert_eq!(valid, all.is_empty());
        let printed = func.to_string();
        match parse_functions(&printed) {
            Ok(again) => assert_eq!(again[0].to_string(), printed, "a function prints differently when read back"),
            Err(e) if valid => panic!("a printed function cannot be read: {e}\n{printed}"),
            // A wrong type is printed as it is, even where no such type can be read.
            Err(_) => {}
        }
        for comment in &details.comments {
            let _ = parse_run_command(comment.text, &func.signature);
        }
        if let Ok(checker) = Checker::parse(details.comments.iter().map(|c| c.text)) {
            let _ = checker.check(&printed);
        }
    }
    true
}

fn clif_files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut todo) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|e| e == "clif" || e == "txt") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn corpus() -> Vec<PathBuf> {
    std::env::var_os("WINDLASS_CORPUS").map_or(Vec::new(), |folder| clif_files(Path::new(&folder)))
}

#[test]
fn damaged_texts() {
    let mut files = clif_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif"));
    files.extend(corpus());
    let texts: Vec<String> = files.iter().map(|f| fs::read_to_string(f).unwrap()).collect();
    let (mut r, mut read) = (Random(0x9e37_79b9_7f4a_7c15), 0);
    for round in 0..ROUNDS {
        let text = r.pick(&texts);
        let start = if text.len() > PART { r.below(text.len() - PART) } else { 0 };
        // A part starts with a function, so that some of it can be read.
        let start = text[floor(text, start)..].find("\nfunction").map_or(0, |n| floor(text, start) + n);
        let part = &text[start..floor(text, (start + PART).min(text.len()))];
        let damaged = damage(part, &mut r);
        match catch_unwind(|| exercise(&damaged)) {
            Ok(ok) => read += ok as u64,
            Err(_) => panic!("round {round} fails with this text:\n{damaged}"),
        }
    }
    // Damage that nothing survives would test little.
    assert!(read > ROUNDS / 50, "only {read} of {ROUNDS} texts could be read");
}

#[test]
fn huge_numbers_cost_little() {
    for text in [
        "function %f() { ss4294967294 = explicit_slot 4294967295, align = 2147483648 }",
        "function %f() { gv4294967294 = vmctx }",
        "function %f() { sig4294967294 = () }",
        "function %f() { fn4294967294 = %g() }",
        "function %f() { const4294967294 = 0x00 }",
        "function %f() { dt4294967294 = i8x16*gv0 }",
        "function %f() { dss4294967294 = explicit_dynamic_slot dt4294967294 }",
        "function %f() {\nblock0(v2147483646: i8): return }",
        "function %f() {\nblock99999: jump block99998(ret1073741823, exn1073741823) }",
        "function %f() {\nblock0: v0 = iconst.i8 0 v2147483645 -> v0 }",
    ] {
        exercise(text);
    }
}

#[test]
fn depth_and_length() {
    let deep = format!("function %f() {{ {} }}", "[".repeat(100_000));
    assert!(!exercise(&deep));
    let mut aliases = String::from("function %f(i8) -> i8 {\nblock0(v0: i8):\n");
    let mut globals = String::from("function %g(i64 vmctx) {\ngv0 = vmctx\n");
    let n = 20_000;
    for i in 1..n {
        aliases += &format!("v{i} -> v{}\n", i - 1);
        globals += &format!("gv{i} = iadd_imm.i64 gv{}, 1\n", i - 1);
    }
    aliases += &format!("return v{}\n}}\n", n - 1);
    globals += "}\n";
    assert!(exercise(&aliases) && exercise(&globals));
    // Each of many uses is at the end of a long chain.
    let uses = "v0 = iadd v1, v1\n";
    let chain = aliases.split("return").next().unwrap();
    let last = n - 1;
    let uses: String =
        (n..2 * n).map(|i| uses.replace("v0", &format!("v{i}")).replace("v1", &format!("v{last}"))).collect();
    assert!(exercise(&format!("{chain}{uses}return v0\n}}\n")));
    // Each of many edges has an error, in an instruction whose text is long.
    let edges = format!("jump block1({})\n", vec!["v0"; n].join(", "));
    let brifs = "brif v0, block1, block1(v0)\n".repeat(200);
    assert!(exercise(&format!("function %f(i8) {{\nblock0(v0: i8):\n{brifs}{edges}block1: return }}")));
}

#[test]
fn corpus_reads_and_reads_back() {
    for path in corpus() {
        let text = fs::read_to_string(&path).unwrap();
        match catch_unwind(|| exercise(&text)) {
            Ok(true) => {}
            Ok(false) => eprintln!("{} cannot be read", path.display()),
            Err(_) => panic!("{} fails", path.display()),
        }
    }
}
