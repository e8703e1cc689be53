//! Survivors with the reason why each is none of the proofs' business.

use super::Mutant;

/// The end of the place, a part of what the change is, and the reason.
const EXPLAINED: &[(&str, &str, &str)] = &[];

/// Why a survivor survives, if the table says it.
pub fn reason(m: &Mutant) -> Option<&'static str> {
    let fits = |e: &&(&str, &str, &str)| m.place.contains(e.0) && m.what.contains(e.1);
    EXPLAINED.iter().find(fits).map(|e| e.2)
}
