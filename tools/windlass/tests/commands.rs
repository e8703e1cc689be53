//! The commands as users call them: what headers and options mean to each, and what is said when something is wrong. Needs
//! x86-64 Linux; each test has a folder of its own, which is removed at the end.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder for the files of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("windlass-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), content).unwrap();
    }

    /// The tool, started in the folder.
    fn tool(&self, args: &[&str]) -> Command {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_windlass"));
        tool.args(args).current_dir(&self.0).stdin(Stdio::null());
        tool
    }

    /// What the tool prints, its errors, and its exit status.
    fn run(&self, args: &[&str]) -> (String, String, i32) {
        told(self.tool(args).output().unwrap())
    }

    /// What the tool prints; it must succeed.
    fn good(&self, args: &[&str]) -> String {
        let (text, errors, status) = self.run(args);
        assert_eq!((errors.as_str(), status), ("", 0), "{args:?}: {text}");
        text
    }

    /// The errors of the tool, which must end with this status.
    fn bad(&self, args: &[&str], status: i32) -> String {
        let (text, errors, found) = self.run(args);
        assert_eq!(found, status, "{args:?}: {text}{errors}");
        errors
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn told(out: Output) -> (String, String, i32) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(out.stdout), text(out.stderr), out.status.code().unwrap_or(-1))
}

/// The sum of a NaN and 1 has the bits of that NaN, or those of the one that the setting asks for.
const NAN: &str = "
function %nan(i32) -> i32 {
block0(v0: i32):
    v1 = bitcast.f32 v0
    v2 = f32const 0x1.0
    v3 = fadd v1, v2
    v4 = bitcast.i32 v3
    return v4
}
; run: %nan(0xffc00007) == 0x7fc00000
";

#[test]
fn settings_of_a_file_hold_for_every_command() {
    let folder = Folder::new("settings");
    let canonical = format!("test run\nset enable_nan_canonicalization\ntarget x86_64\n{NAN}");
    folder.write("canonical.clif", &canonical);
    folder.write("usual.clif", NAN);
    let on = "--set=enable_nan_canonicalization";
    let off = "--set=enable_nan_canonicalization=false";
    for command in ["run", "interpret", "test"] {
        folder.good(&[command, "canonical.clif"]);
    }
    for args in [&["run", "canonical.clif", off][..], &["run", "usual.clif"], &["test", "canonical.clif", off]] {
        assert_eq!(folder.bad(args, 1), "", "{args:?}");
    }
    folder.good(&["run", "usual.clif", on]);
    // what makes one NaN of all looks whether there is one
    for command in ["compile", "explain"] {
        assert!(folder.good(&[command, "canonical.clif"]).contains("ucomiss"), "{command}");
        assert!(folder.good(&[command, "usual.clif", on]).contains("ucomiss"), "{command}");
        assert!(!folder.good(&[command, "canonical.clif", off]).contains("ucomiss"), "{command}");
        assert!(!folder.good(&[command, "usual.clif"]).contains("ucomiss"), "{command}");
    }
    let pinned = "function %f() {\nblock0:\n    v0 = get_pinned_reg.i64\n    return\n}\n";
    folder.write("pinned.clif", format!("set enable_pinned_reg=true\ntarget x86_64\n{pinned}"));
    for command in ["verify", "compile", "explain", "test", "interpret"] {
        let args = [command, "pinned.clif"];
        if command != "interpret" {
            folder.good(&args);
        }
        let (text, errors, status) = folder.run(&[&args[..], &["--set", "enable_pinned_reg=no"]].concat());
        assert!(status == 1 && format!("{text}{errors}").contains("pinned"), "{command}: {text}{errors}");
    }
}

#[test]
fn levels_are_settings() {
    let folder = Folder::new("levels");
    let sum =
        "function %f(i32) -> i32 {\nblock0(v0: i32):\n    v1 = iconst.i32 0\n    v2 = iadd v0, v1\n    return v2\n}\n";
    folder.write("fast.clif", format!("set opt_level=speed\n{sum}"));
    folder.write("plain.clif", sum);
    let sums = |args: &[&str]| folder.good(&[&["compile", "--emit", "clif"], args].concat()).contains("iadd");
    assert!(sums(&["plain.clif"]) && !sums(&["plain.clif", "-O", "speed"]));
    assert!(!sums(&["plain.clif", "--set", "opt_level=speed_and_size"]));
    assert!(!sums(&["fast.clif"]) && sums(&["fast.clif", "-O", "none"]));
    assert!(sums(&["fast.clif", "--set", "opt_level=speed", "-O", "none"]));
    let cases = |args: &[&str]| folder.good(&[&["test", "-v"], args].concat()).matches("compile").count();
    // each case is told, and what came of it
    assert_eq!((cases(&["plain.clif"]), cases(&["fast.clif"])), (9, 3));
}

#[test]
fn the_last_possible_target_is_taken() {
    let folder = Folder::new("targets");
    let count =
        "function %f(i64) -> i64 {\nblock0(v0: i64):\n    v1 = popcnt v0\n    return v1\n}\n; run: %f(7) == 3\n";
    folder.write("two.clif", format!("test run\ntarget x86_64 has_popcnt\ntarget x86_64\ntarget aarch64\n{count}"));
    folder.write("foreign.clif", format!("target aarch64\n{count}"));
    let has = |args: &[&str]| folder.good(&[&["compile"], args].concat()).contains("popcnt");
    assert!(!has(&["two.clif"]) && has(&["two.clif", "--target", "x86_64 has_popcnt"]));
    assert!(has(&["foreign.clif", "--target", "x86_64 has_popcnt"]));
    folder.good(&["run", "two.clif"]);
    folder.good(&["run", "foreign.clif", "--target=x86_64"]);
    assert!(folder.bad(&["compile", "foreign.clif"], 1).contains("foreign.clif: no code is made for aarch64 yet"));
    assert!(folder.bad(&["run", "foreign.clif"], 1).contains("foreign.clif: code for aarch64 cannot run here"));
    folder.good(&["interpret", "foreign.clif"]);
    // settings come before each target
    let frames = "function %f() -> i64 {\nblock0:\n    v0 = get_frame_pointer.i64\n    return v0\n}\n";
    folder.write("frames.clif", format!("test compile\ntarget x86_64\nset opt_level=speed\ntarget x86_64\n{frames}"));
    assert_eq!(folder.bad(&["test", "frames.clif"], 1), "");
    folder.good(&["test", "frames.clif", "--set", "preserve_frame_pointers"]);
}

#[test]
fn unknown_settings_name_those_that_are_near() {
    let folder = Folder::new("unknown");
    folder.write("f.clif", NAN);
    for (args, want) in [
        (["--set", "pic"], "--set pic: there is no setting 'pic'; did you mean `is_pic`?"),
        (["--set", "opt_levle=speed"], "there is no setting 'opt_levle'; did you mean `opt_level`?"),
        (["--set", "has_avx"], "it is one of a target: `target x86_64 has_avx`"),
        (["--set", "opt_level=fast"], "must be one of none, speed, speed_and_size"),
        (["--target", "x86-64"], "'x86-64' is no target; did you mean `x86_64`?"),
        (["--target", "x86_64 hax_avx"], "did you mean `has_avx` or `has_avx2`?"),
        (["--target", "x86_64 is_pic"], "it holds for all targets: `set is_pic`"),
    ] {
        for command in ["run", "interpret", "verify", "compile", "explain", "test", "bugpoint"] {
            let errors = folder.bad(&[command, "f.clif", args[0], args[1]], 2);
            assert!(errors.contains(want), "{command}: {errors}");
        }
    }
    folder.write("bad.clif", format!("set opt_levle=speed\n{NAN}"));
    folder.write("target.clif", format!("target x86_64 has_popcn\n{NAN}"));
    for command in ["run", "interpret", "verify", "compile", "explain", "cat", "print-cfg"] {
        let errors = folder.bad(&[command, "bad.clif"], 1);
        assert!(errors.contains("bad.clif:1:1: set opt_levle=speed: ") && errors.contains("`opt_level`"), "{errors}");
        let errors = folder.bad(&[command, "target.clif"], 1);
        assert!(errors.contains("target.clif:1:1: ") && errors.contains("`has_popcnt`"), "{errors}");
    }
}

#[test]
fn a_full_device_is_an_error() {
    let folder = Folder::new("full");
    folder.write("f.clif", format!("set enable_nan_canonicalization\ntarget x86_64\n{NAN}"));
    folder.write("bad.clif", "function %f() {\nblock0:\n}\n");
    let commands: &[&[&str]] = &[
        &["run", "f.clif"],
        &["interpret", "f.clif"],
        &["cat", "f.clif"],
        &["verify", "bad.clif"],
        &["print-cfg", "f.clif"],
        &["compile", "f.clif"],
        &["compile", "f.clif", "--emit", "clif"],
        &["compile", "f.clif", "--emit", "bytes"],
        &["explain", "f.clif"],
        &["test", "f.clif"],
        &["test", "-v", "f.clif"],
        &["bugpoint", "f.clif", "--check", "true"],
        &["--help"],
        &["compile", "--help"],
        &["--version"],
    ];
    for args in commands {
        let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
        let (_, errors, status) = told(folder.tool(args).stdout(full()).output().unwrap());
        assert_eq!(status, 1, "{args:?}: {errors}");
        assert!(errors.contains("the standard output cannot be written: "), "{args:?}: {errors}");
        // where errors cannot be told either, the status is left
        let (_, _, status) = told(folder.tool(args).stdout(full()).stderr(full()).output().unwrap());
        assert_eq!(status, 1, "{args:?}");
    }
    let errors = folder.bad(&["compile", "f.clif", "-o", "/dev/full"], 1);
    assert!(errors.contains("/dev/full: cannot be written: "), "{errors}");
    let errors = folder.bad(&["test", "f.clif", "--bless-expect", "/dev/full"], 1);
    assert!(errors.contains("/dev/full: cannot be written: "), "{errors}");
}

#[test]
fn tests_come_from_the_standard_input_too() {
    let folder = Folder::new("stdin");
    for (text, want, status) in [
        (format!("test interpret\n{NAN}"), "1 passed, 0 failed, 0 skipped\n", 0),
        ("function".to_owned(), "0 passed, 1 failed, 0 skipped\n", 1),
    ] {
        let mut child = folder.tool(&["test", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let (out, _, found) = told(child.wait_with_output().unwrap());
        assert_eq!(
            (out.lines().last().map(|line| format!("{line}\n")), found),
            (Some(want.to_owned()), status),
            "{out}"
        );
    }
}

#[test]
fn what_cannot_be_read_fails() {
    let folder = Folder::new("unreadable");
    folder.write("good.clif", format!("test interpret\n{NAN}"));
    // nothing of it is left to pass
    folder.write("function.clif", "function %f() {\nblock0:\n    frob\n}\n");
    folder.write("far.clif", "test compile\ntarget aarch64\nfunction %f() {\nblock0:\n    frob\n}\n");
    folder.write("binary.clif", [0xff, 0x80]);
    std::fs::create_dir(folder.0.join("folder")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.0.join("folder/lost.clif")).unwrap();
    let (text, _, status) = folder.run(&["test", ".", "missing.clif"]);
    assert!(text.ends_with("1 passed, 5 failed, 0 skipped\n") && status == 1, "{text}");
    for name in ["function", "far", "binary", "lost", "missing"] {
        assert!(text.contains(&format!("{name}.clif: ")), "{name}: {text}");
    }
}

#[test]
fn all_failures_are_told_on_demand() {
    let folder = Folder::new("verbose");
    let runs: String = (0..40).map(|n| format!("; run: %f({n}) == 99\n")).collect();
    let text = format!("function %f(i32) -> i32 {{\nblock0(v0: i32):\n    return v0\n}}\n{runs}");
    folder.write("f.clif", format!("test interpret\ntest run\ntarget x86_64\n{text}"));
    let failures = |args: &[&str]| folder.run(&[&["test"], args, &["f.clif"]].concat()).0.matches("returned").count();
    assert_eq!(failures(&["-v"]), 80);
    assert!(failures(&[]) < 20);
}

#[test]
fn directives_name_functions() {
    let folder = Folder::new("directives");
    let text = "function u1:0(i32) -> i32 {\nblock0(v0: i32):\n    return v0\n}\n; run: u1:0(1) == 1\n; run: u1:0(2)\n\n\
                function %f() -> i8 {\nblock0:\n    v0 = iconst.i8 3\n    return v0\n}\n; run\n\n\
                function %g(i8) {\nblock0(v0: i8):\n    trapz v0, user1\n    return\n}\n; run: %g(1)\n";
    folder.write("f.clif", text);
    for command in ["run", "interpret"] {
        let want = "u1:0(1) returned 1\nu1:0(2) returned 2\n%f() returned 3\n%g(1) returned []\n";
        assert_eq!(folder.good(&[command, "f.clif"]), want, "{command}");
        assert_eq!(folder.good(&[command, "f.clif", "--fn", "u1:0", "5"]), "u1:0(5) returned 5\n");
        assert_eq!(folder.good(&[command, "f.clif", "--fn", "f"]), "%f() returned 3\n");
        folder.write("trap.clif", text.replace("%g(1)", "%g(0)"));
        let (out, _, status) = folder.run(&[command, "trap.clif"]);
        assert!(status == 1 && out.ends_with("%g(0) trapped: user1\n  expected it to return\n"), "{command}: {out}");
    }
    let kept = folder.good(&["bugpoint", "f.clif", "--check", "grep -q 'run: u1:0(1) == 1' {}"]);
    assert!(kept.contains("run: u1:0(1) == 1"), "{kept}");
}

#[test]
fn messages_say_what_stands_where() {
    let folder = Folder::new("messages");
    let f = "function %f() {\nblock0:\n    return\n}\n";
    let mut files: Vec<(&str, Vec<u8>, &str)> = vec![
        ("mark.clif", format!("\u{feff}{f}").into(), ":1:1: expected `function`, found a byte order mark"),
        ("late.clif", format!("set is_pic\ntest run\n{f}").into(), ":2:1: a `test` line at the wrong place: "),
    ];
    let mut latin = format!("{f}; caf").into_bytes();
    latin.push(0xe9);
    files.push(("latin.clif", latin, ":5:6: expected text in UTF-8, found the byte 0xe9"));
    let wide = f.encode_utf16().flat_map(u16::to_le_bytes);
    files.push((
        "wide.clif",
        [0xff, 0xfe].into_iter().chain(wide).collect(),
        ":1:1: expected text in UTF-8, found UTF-16",
    ));
    for (name, content, want) in files {
        folder.write(name, content);
        for command in ["verify", "cat", "run", "compile"] {
            assert!(folder.bad(&[command, name], 1).contains(&format!("{name}{want}")), "{command} {name}");
        }
        assert!(folder.run(&["test", name]).0.contains(&format!("{name}{want}")), "{name}");
    }
    folder.write("kind.clif", format!("test cat\n; no\n  test interpet\n{f}"));
    let (text, _, status) = folder.run(&["test", "kind.clif"]);
    let want = "kind.clif:3:3: expected a kind of test, one of run, ";
    assert!(text.contains(want) && text.contains("found `interpet`; did you mean `interpret`?"), "{text}");
    assert_eq!(status, 1);
}

#[test]
fn every_kind_of_test_is_one() {
    let folder = Folder::new("kinds");
    let help = folder.good(&["test", "--help"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains(&format!("Kinds of tests: {}.", windlass_tool::test::kinds::KNOWN.join(", "))), "{help}");
    for kind in windlass_tool::test::kinds::KNOWN {
        folder.write("f.clif", format!("test {kind}\ntarget x86_64\n\nfunction %f() {{\nblock0:\n    return\n}}\n"));
        let text = folder.run(&["test", "f.clif"]).0;
        assert!(text.ends_with("1 passed, 0 failed, 0 skipped\n"), "{kind}: {text}");
    }
}

#[test]
fn what_is_not_supported_is_told_in_full() {
    let folder = Folder::new("unsupported");
    folder.write(
        "wide.clif",
        "function %f(i128) -> f64 {\nblock0(v0: i128):\n    v1 = fcvt_from_sint.f64 v0\n    return v1\n}\n",
    );
    let errors = folder.bad(&["compile", "wide.clif"], 1);
    assert!(errors.contains("unsupported: fcvt_from_sint.f64 of i128 on x86_64"), "{errors}");
    folder.write(
        "division.clif",
        "function %f(i128) -> i128 {\nblock0(v0: i128):\n    v1 = udiv v0, v0\n    return v1\n}\n",
    );
    let errors = folder.bad(&["compile", "division.clif"], 1);
    assert!(errors.contains("unsupported: udiv.i128 on x86_64"), "{errors}");
    let slots: String = (0..4).map(|n| format!("    ss{n} = explicit_slot 0x6000_0000\n")).collect();
    folder.write("frame.clif", format!("function %f() {{\n{slots}block0:\n    return\n}}\n"));
    let errors = folder.bad(&["compile", "frame.clif"], 1);
    assert!(errors.contains("the function needs 6442450944 bytes of stack"), "{errors}");
}
