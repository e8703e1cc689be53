//! Prints the matchers of the simplifier from its rules.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let set = windlass_rules::simplify::equations();
    let text = windlass_rules::generate::equation::generate(&set).unwrap_or_else(|e| panic!("{e}"));
    std::fs::write(std::path::Path::new(&out).join("simplify.rs"), text).expect("OUT_DIR is writable");
}
