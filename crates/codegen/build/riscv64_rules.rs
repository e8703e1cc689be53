//! Prints the matchers of riscv64 from its rules.

/// The text, or the build's end with what is wrong in the rules.
pub fn generate() -> String {
    windlass_rules::generate::generate(&windlass_rules::riscv64::rules()).unwrap_or_else(|e| panic!("{e}"))
}
