//! What a CPU may have beyond its architecture's baseline: one row per feature, which settings, the assembler of tests and
//! detection read. The rows of a target stand with the target.

/// A feature of a CPU.
#[derive(Clone, Copy, Debug)]
pub struct FeatureRow {
    /// Its number in the target's sets of features.
    pub number: u8,
    /// The setting that says the CPU has it.
    pub setting: &'static str,
    /// Its name for LLVM's assembler.
    pub llvm: &'static str,
    /// Does this CPU, under this operating system, have it? On another architecture the answer is no.
    pub detected: fn() -> bool,
}

/// The set of those features that are wanted.
pub fn set_of(rows: &[FeatureRow], wanted: impl Fn(&FeatureRow) -> bool) -> u64 {
    rows.iter().filter(|row| wanted(row)).fold(0, |set, row| set | 1 << row.number)
}
