//! Decides which machines this build makes code for, and generates their tables from descriptions: one line per file in
//! OUT_DIR, one generator file each in `build/`.
//!
//! The sources ask for a machine by `cfg(backend = "…")`, with the name of its feature, and for none by `cfg(no_backend)`.

#[path = "build/riscv64_rows.rs"]
mod riscv64_rows;
#[path = "build/riscv64_rules.rs"]
mod riscv64_rules;
#[path = "build/rows.rs"]
mod rows;
#[path = "build/x64_rows.rs"]
mod x64_rows;
#[path = "build/x64_rules.rs"]
mod x64_rules;

/// A machine: the feature that asks for it, its architecture as cargo calls it, and the files generated for it.
struct Machine {
    feature: &'static str,
    architecture: &'static str,
    files: &'static [File],
}

/// A generated file: its name, and what makes its text.
type File = (&'static str, fn() -> String);

const MACHINES: &[Machine] = &[
    Machine {
        feature: "x86",
        architecture: "x86_64",
        files: &[("x64_rows.rs", x64_rows::generate), ("x64_rules.rs", x64_rules::generate)],
    },
    Machine {
        feature: "riscv64",
        architecture: "riscv64",
        files: &[("riscv64_rows.rs", riscv64_rows::generate), ("riscv64_rules.rs", riscv64_rules::generate)],
    },
];

/// Is a feature of this package on?
fn has(feature: &str) -> bool {
    std::env::var_os(format!("CARGO_FEATURE_{}", feature.to_uppercase().replace('-', "_"))).is_some()
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let host = std::env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets it");
    let features: Vec<_> = MACHINES.iter().map(|m| format!("{:?}", m.feature)).collect();
    println!("cargo::rustc-check-cfg=cfg(backend, values({}))", features.join(", "));
    println!("cargo::rustc-check-cfg=cfg(no_backend)");
    let wanted = |m: &&Machine| has(m.feature) || has("host-arch") && m.architecture == host;
    if MACHINES.iter().filter(wanted).count() == 0 {
        println!("cargo::rustc-cfg=no_backend");
    }
    for machine in MACHINES.iter().filter(wanted) {
        println!("cargo::rustc-cfg=backend=\"{}\"", machine.feature);
        for (name, generate) in machine.files {
            std::fs::write(std::path::Path::new(&out).join(name), generate()).expect("OUT_DIR is writable");
        }
    }
}
