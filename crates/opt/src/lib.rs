//! The mid-end: passes from IR to IR, in the order that [`PASSES`] fixes.
//!
//! Does: runs the passes of an optimisation level on a function. Needs: a verified function. Leaves: a function that
//! verifies and does the same, and of which all of [`LOWERING_NEEDS`] is true.
//!
//! Nothing here recurses over its input, and every pass is linear in it.

#![forbid(unsafe_code)]

mod branches;
mod dead;
mod incoming;
pub mod inline;
mod params;
mod passes;
mod simplify;
mod unreachable;

pub use passes::{Fact, LOWERING_NEEDS, Level, PASSES, Pass};

use windlass_ir::ir::Function;
use windlass_ir::verifier::VerifierErrors;

/// A pass that left a function that does not verify: a bug of the pass, unless the function did not verify before.
#[derive(Debug, thiserror::Error)]
#[error("the pass `{pass}` left a function that does not verify, please report it with the function:\n{errors}")]
pub struct Broken {
    /// The pass.
    pub pass: &'static str,
    /// What is wrong.
    pub errors: VerifierErrors,
}

/// Runs the passes that lowering needs and then these, in the table's order.
pub fn run_some(func: &mut Function, names: &[&str]) -> Result<(), Broken> {
    run_those(func, |pass| pass.from == Level::None || names.contains(&pass.name))
}

/// Runs the passes of a level, in order. In builds with debug assertions the function is verified after each.
pub fn run(func: &mut Function, level: Level) -> Result<(), Broken> {
    run_those(func, |pass| level >= pass.from)
}

fn run_those(func: &mut Function, wanted: impl Fn(&Pass) -> bool) -> Result<(), Broken> {
    for pass in PASSES.iter().filter(|pass| wanted(pass)) {
        (pass.run)(func);
        if cfg!(debug_assertions) {
            windlass_ir::verifier::verify_function(func, None).map_err(|errors| Broken { pass: pass.name, errors })?;
        }
    }
    Ok(())
}
