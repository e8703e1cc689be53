//! Generates tables from descriptions: one line per file in OUT_DIR, one generator file each in `build/`.

#[path = "build/x64_rows.rs"]
mod x64_rows;
#[path = "build/x64_rules.rs"]
mod x64_rules;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let write = |name: &str, text: String| {
        std::fs::write(std::path::Path::new(&out).join(name), text).expect("OUT_DIR is writable");
    };
    write("x64_rows.rs", x64_rows::generate());
    write("x64_rules.rs", x64_rules::generate());
}
