//! Checks that a function obeys the rules of the language. Needs the data structures, the operation table, and for the
//! order of definitions and uses the dominator tree; leaves a list of all that is wrong.
//!
//! Whatever a reader or a builder leaves can be checked. References are looked at first, and what has a bad one is not
//! looked at any further, so that all later checks can follow them.

mod calls;
mod declarations;
mod flow;
mod references;
mod special;
mod types;

use crate::aliases::Aliases;
use crate::dominator_tree::DominatorTree;
use crate::flowgraph::ControlFlowGraph;
use crate::ir::Function;
use crate::ir::entities::{AnyEntity, Inst};
use crate::isa::TargetFacts;
use crate::write::short_text;
use std::fmt;

/// Something wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifierError {
    /// Where it is.
    pub location: AnyEntity,
    /// The text of what is there, if that helps.
    pub context: Option<String>,
    /// What it is.
    pub message: String,
}

impl fmt::Display for VerifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.context {
            Some(context) => write!(f, "{} ({context}): {}", self.location, self.message),
            None => write!(f, "{}: {}", self.location, self.message),
        }
    }
}

impl std::error::Error for VerifierError {}

impl<L: Into<AnyEntity>, C: Into<String>, M: Into<String>> From<(L, C, M)> for VerifierError {
    fn from((location, context, message): (L, C, M)) -> Self {
        VerifierError { location: location.into(), context: Some(context.into()), message: message.into() }
    }
}

impl<L: Into<AnyEntity>, M: Into<String>> From<(L, M)> for VerifierError {
    fn from((location, message): (L, M)) -> Self {
        VerifierError { location: location.into(), context: None, message: message.into() }
    }
}

/// What checking gives.
pub type VerifierResult<T> = Result<T, VerifierErrors>;
/// What a step of checking gives: the errors themselves are with those that were reported.
pub type VerifierStepResult = Result<(), ()>;

/// All that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VerifierErrors(pub Vec<VerifierError>);

impl VerifierErrors {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Is nothing wrong?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is something wrong?
    pub fn has_error(&self) -> bool {
        !self.is_empty()
    }

    /// Adds an error.
    pub fn report(&mut self, error: impl Into<VerifierError>) {
        self.0.push(error.into());
    }

    /// Adds an error after which nothing can be checked any more.
    #[allow(clippy::result_unit_err, reason = "the interface is given")]
    pub fn fatal(&mut self, error: impl Into<VerifierError>) -> VerifierStepResult {
        self.report(error);
        Err(())
    }

    /// Adds an error after which other things can be checked.
    #[allow(clippy::result_unit_err, reason = "the interface is given")]
    pub fn nonfatal(&mut self, error: impl Into<VerifierError>) -> VerifierStepResult {
        self.report(error);
        Ok(())
    }

    /// Is nothing wrong?
    #[allow(clippy::result_unit_err, reason = "the interface is given")]
    pub fn as_result(&self) -> VerifierStepResult {
        if self.is_empty() { Ok(()) } else { Err(()) }
    }
}

impl fmt::Display for VerifierErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|e| writeln!(f, "- {e}"))
    }
}

impl std::error::Error for VerifierErrors {}

impl From<Vec<VerifierError>> for VerifierErrors {
    fn from(errors: Vec<VerifierError>) -> Self {
        VerifierErrors(errors)
    }
}

impl From<VerifierErrors> for Vec<VerifierError> {
    fn from(errors: VerifierErrors) -> Self {
        errors.0
    }
}

impl From<VerifierErrors> for VerifierResult<()> {
    fn from(errors: VerifierErrors) -> Self {
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// A function being checked.
struct Verifier<'a> {
    func: &'a Function,
    /// What is known of the target; checks that depend on it are left out if nothing is.
    target: Option<&'a TargetFacts>,
    errors: &'a mut VerifierErrors,
    aliases: Aliases,
    /// Does the instruction being checked refer to something that is not there?
    dangling: bool,
}

impl<'a> Verifier<'a> {
    fn new(func: &'a Function, target: Option<&'a TargetFacts>, errors: &'a mut VerifierErrors) -> Self {
        Verifier { func, target, errors, aliases: Aliases::of(&func.dfg), dangling: false }
    }
}

/// Checks a function. Rules that depend on the target are checked if it is given.
pub fn verify_function(func: &Function, target: Option<&TargetFacts>) -> VerifierResult<()> {
    let mut errors = VerifierErrors::new();
    let mut verifier = Verifier::new(func, target, &mut errors);
    if verifier.without_order() {
        let cfg = ControlFlowGraph::with_function(func);
        verifier.order(&DominatorTree::with_function(func, &cfg));
    }
    errors.into()
}

/// Checks a function whose dominator tree is known, and adds what is wrong to `errors`.
pub fn verify_context(
    func: &Function,
    domtree: &DominatorTree,
    target: Option<&TargetFacts>,
    errors: &mut VerifierErrors,
) {
    let mut verifier = Verifier::new(func, target, errors);
    if verifier.without_order() {
        verifier.order(domtree);
    }
}

impl Verifier<'_> {
    /// Checks everything but the order of definitions and uses. Returns whether that can be checked as well.
    fn without_order(&mut self) -> bool {
        let declarations = self.declarations();
        self.entry_block();
        let mut sound = self.aliases();
        for block in self.func.layout.blocks() {
            self.terminators(block);
            for inst in self.func.layout.block_insts(block) {
                if !self.references(inst) {
                    sound = false;
                    continue;
                }
                self.types(inst);
                self.branch_args(inst);
                if declarations {
                    self.calls(inst);
                    self.special(inst);
                }
            }
        }
        sound
    }

    /// Reports something wrong with an entity.
    fn error(&mut self, location: impl Into<AnyEntity>, message: impl Into<String>) {
        self.errors.report((location, message));
    }

    /// Reports something wrong with an instruction, whose references are known to be right.
    fn inst_error(&mut self, inst: Inst, message: impl Into<String>) {
        let context = short_text(&self.func.dfg, inst);
        self.errors.report((inst, context, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_reported_and_end_steps() {
        let mut errors = VerifierErrors::new();
        assert_eq!(errors.as_result(), Ok(()));
        assert_eq!(errors.nonfatal((AnyEntity::Function, "odd")), Ok(()));
        assert_eq!(errors.fatal((AnyEntity::Function, "context", "bad")), Err(()));
        assert_eq!((errors.as_result(), errors.0.len()), (Err(()), 2));
    }
}
