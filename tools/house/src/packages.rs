//! Who may know whom: the packages of this workspace by layers, and the libraries of others with what each is for.

use crate::Problem;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Each of our packages with those of ours that it may know, when it runs and when it is built. Tests may know more, but
/// nothing that stands above.
const LAYERS: &[(&str, &str, &str)] = &[
    ("windlass-entity", "", ""),
    ("windlass-control", "", ""),
    ("windlass-desc", "", ""),
    ("windlass-regalloc", "", ""),
    ("windlass-rules", "windlass-desc", "windlass-desc"),
    ("windlass-ir", "windlass-entity windlass-desc", "windlass-desc"),
    ("windlass-opt", "windlass-ir windlass-desc", "windlass-rules"),
    (
        "windlass-codegen",
        "windlass-control windlass-desc windlass-ir windlass-opt windlass-regalloc",
        "windlass-desc windlass-rules",
    ),
    ("windlass-link", "windlass-control windlass-entity windlass-ir windlass-opt windlass-codegen", ""),
    ("windlass-paper", "windlass-desc windlass-rules", ""),
    ("windlass-simulate", "windlass-codegen windlass-desc windlass-ir windlass-opt windlass-regalloc", ""),
    ("windlass-prove", "windlass-desc windlass-rules", ""),
    ("windlass-share", "", ""),
    ("windlass-house", "", ""),
];

/// Packages that may know all of ours: what users run, and the interface that they know.
const ABOVE: &[&str] = &["cranelift", "windlass-tool", "windlass-hostile", "windlass-names"];

/// The libraries of others, and what each does that we would write less well.
const LIBRARIES: &[(&str, &str)] = &[
    ("anstream", "colours of the command line"),
    ("anstyle", "colours of the command line"),
    ("anyhow", "errors that the reference interface gives so"),
    ("clap", "arguments"),
    ("gimli", "call frame information"),
    ("indicatif", "progress"),
    ("libc", "symbols and signals of the process"),
    ("log", "traces"),
    ("memmap2", "memory for code in tests"),
    ("object", "files of objects"),
    ("postcard", "the cache of compiled functions"),
    ("regex", "filecheck, and this package"),
    ("rustc-hash", "hashing"),
    ("rustc_apfloat", "float arithmetic of meanings"),
    ("rustix", "pages of memory"),
    ("serde", "containers and functions, where a feature asks for it"),
    ("serde_json", "tests of serde, and what cargo tells"),
    ("sha2", "the cache of compiled functions"),
    ("smallvec", "short lists"),
    ("strsim", "names that a misspelt one may stand for"),
    ("target-lexicon", "triples"),
    ("thiserror", "errors"),
    ("wasmtime-internal-core", "an error type that the interface names"),
];

/// What cargo tells of the workspace.
pub fn check(root: &Path) -> Result<Vec<Problem>, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["metadata", "--no-deps", "--format-version", "1", "--offline"]);
    let output = cargo.output().map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let all: Value = serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let packages = all["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let mut problems = vec![];
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let of = |d: &Value| {
            let text = |key: &str| d[key].as_str().unwrap_or_default().to_owned();
            (text("name"), text("kind"))
        };
        problems.extend(check_package(name, &dependencies.map(of).collect::<Vec<_>>()));
    }
    Ok(problems)
}

/// The problems of a package, from its dependencies and the kind of each: empty, `build` or `dev`.
pub fn check_package(name: &str, dependencies: &[(String, String)]) -> Vec<Problem> {
    dependencies.iter().filter_map(|(on, kind)| check_dependency(name, on, kind)).collect()
}

fn check_dependency(name: &str, on: &str, kind: &str) -> Option<Problem> {
    let problem = |what: String, mend: &str| Some(Problem { at: name.into(), what, mend: mend.into() });
    let is_ours = |p: &str| p.starts_with("windlass-") || p.starts_with("cranelift");
    if !is_ours(on) {
        let known = LIBRARIES.iter().any(|l| l.0 == on);
        let mend = "if it is alive and spares us code, add it with its purpose to tools/house/src/packages.rs and to \
                    ARCHITECTURE.md's list of libraries";
        return if known {
            None
        } else {
            problem(format!("depends on {on}, which nobody has given a reason for"), mend)
        };
    }
    if ABOVE.iter().any(|a| name.starts_with(a)) {
        return None;
    }
    let Some((_, runs, built)) = LAYERS.iter().find(|l| l.0 == name) else {
        return problem("stands in no layer".into(), "say in tools/house/src/packages.rs what it may know");
    };
    let list = if kind == "build" { built } else { runs };
    let allowed = list.split(' ').any(|p| p == on);
    // tests may use what makes the tables, but not what is made of them
    let in_tests = kind == "dev" && (on == "windlass-rules" || on.starts_with("windlass-paper"));
    if allowed || in_tests {
        return None;
    }
    let kind = if kind.is_empty() { "" } else { " when it is built or tested" };
    let mend = "move what is needed to a room below both, or pass it in as data or as a trait; the directions stand in \
                tools/house/src/packages.rs and ARCHITECTURE.md";
    problem(format!("may not know {on}{kind}"), mend)
}
