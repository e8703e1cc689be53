//! Survivors with the reason why each is none of the proofs' business.

use super::Mutant;

/// The end of the place, a part of what the change is, and the reason.
const EXPLAINED: &[(&str, &str, &str)] = &[
    (
        "operand of f32const",
        "nonzero",
        "any float may stand in memory; that 0 does not is the shorter code, for which it is made in a register",
    ),
    (
        "operand of f64const",
        "nonzero",
        "any float may stand in memory; that 0 does not is the shorter code, for which it is made in a register",
    ),
    (
        "row ",
        "takes Signed(",
        "the column and the bytes come from one value in desc's encode.rs, and rules give no more than 32 bits",
    ),
    ("row ", "takes Unsigned(", "the column and the bytes come from one value in desc's encode.rs"),
];

/// Why a survivor survives, if the table says it.
pub fn reason(m: &Mutant) -> Option<&'static str> {
    let fits = |e: &&(&str, &str, &str)| m.place.contains(e.0) && m.what.contains(e.1);
    EXPLAINED.iter().find(fits).map(|e| e.2)
}
