//! Prints the matchers of x86-64 from its rules.

/// The text, or the build's end with what is wrong in the rules.
pub fn generate() -> String {
    let (set, rows) = (windlass_rules::x64::rules(), windlass_desc::x64::rows());
    windlass_rules::generate::generate(&set, &rows).unwrap_or_else(|e| panic!("{e}"))
}
