//! Choices that definitions leave open. Needs the vocabulary of meanings.

use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::Choice;

/// Makes the choices of a run.
pub trait Policy {
    /// A number of `width` bits out of `set`.
    fn choose(&mut self, set: Choice, width: u32) -> Num;
}

/// Chooses 0 wherever everything is allowed, and the positive NaN without payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Canonical;

impl Policy for Canonical {
    fn choose(&mut self, set: Choice, width: u32) -> Num {
        match set {
            Choice::Any(_) => Num::lit(width, 0),
            Choice::Nan(format) => Num::lit(width, format.quiet_nan()),
        }
    }
}
