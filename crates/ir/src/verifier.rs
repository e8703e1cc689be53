//! Checks that a function obeys the rules of the language. Needs the data structures, the operation table, and for the
//! order of definitions and uses the dominator tree; leaves a list of what is wrong.
//!
//! Whatever a reader or a builder leaves can be checked. What is wrong with one thing alone is noted, and checking goes on;
//! what casts doubt on all that follows (a bad reference, a use before the definition, a block without an end) ends it, as
//! tests of errors expect.

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

/// A function being checked. Checks that end all checking return `Err`.
struct Verifier<'a> {
    func: &'a Function,
    /// What is known of the target; checks that depend on it are left out if nothing is.
    target: Option<&'a TargetFacts>,
    errors: &'a mut VerifierErrors,
    aliases: Aliases,
}

impl<'a> Verifier<'a> {
    fn new(func: &'a Function, target: Option<&'a TargetFacts>, errors: &'a mut VerifierErrors) -> Self {
        Verifier { func, target, errors, aliases: Aliases::of(&func.dfg) }
    }
}

/// Checks a function. Rules that depend on the target are checked if it is given.
pub fn verify_function(func: &Function, target: Option<&TargetFacts>) -> VerifierResult<()> {
    let mut errors = VerifierErrors::new();
    // What ended the checks is among the errors.
    let _ = Verifier::new(func, target, &mut errors).function(None);
    errors.into()
}

/// Checks a function whose dominator tree is known, and adds what is wrong to `errors`.
pub fn verify_context(
    func: &Function,
    domtree: &DominatorTree,
    target: Option<&TargetFacts>,
    errors: &mut VerifierErrors,
) {
    // What ended the checks is among the errors.
    let _ = Verifier::new(func, target, errors).function(Some(domtree));
}

impl Verifier<'_> {
    /// Checks everything, with a dominator tree if there is one.
    fn function(&mut self, domtree: Option<&DominatorTree>) -> VerifierStepResult {
        let func = self.func;
        self.stage(Self::declarations)?;
        self.stage(Self::signatures)?;
        self.stage(Self::entry_block)?;
        let broken = self.first_broken();
        let computed;
        // The graph follows references, so there is none if one is broken.
        let domtree = match (&broken, domtree) {
            (Some(_), _) => None,
            (None, Some(tree)) => Some(tree),
            (None, None) => {
                computed = DominatorTree::with_function(func, &ControlFlowGraph::with_function(func));
                Some(&computed)
            }
        };
        for block in func.layout.blocks() {
            self.not_empty(block)?;
            let order = domtree.filter(|tree| tree.is_reachable(block));
            for inst in func.layout.block_insts(block) {
                self.terminator(block, inst)?;
                if let Some((_, error)) = broken.as_ref().filter(|(at, _)| *at == inst) {
                    return self.errors.fatal(error.clone());
                }
                self.instruction(inst, order)?;
            }
        }
        Ok(())
    }

    /// Runs some checks; errors among them are the last.
    fn stage(&mut self, checks: fn(&mut Self) -> VerifierStepResult) -> VerifierStepResult {
        let before = self.errors.0.len();
        checks(self)?;
        if self.errors.0.len() == before { Ok(()) } else { Err(()) }
    }

    /// Checks an instruction, whose references are known to be right.
    fn instruction(&mut self, inst: Inst, order: Option<&DominatorTree>) -> VerifierStepResult {
        if let Some(domtree) = order {
            self.order(domtree, inst)?;
        }
        self.types(inst);
        self.branch_args(inst);
        self.calls(inst);
        self.memory(inst)?;
        self.immediates(inst)?;
        self.machine_registers(inst)?;
        self.debug_tags(inst)
    }

    /// Reports something wrong with an entity.
    fn error(&mut self, location: impl Into<AnyEntity>, message: impl Into<String>) {
        self.errors.report((location, message));
    }

    /// Reports something wrong with an entity, after which nothing is checked.
    fn fatal(&mut self, location: impl Into<AnyEntity>, message: impl Into<String>) -> VerifierStepResult {
        self.errors.fatal((location, message))
    }

    /// Reports something wrong with an instruction, whose references are known to be right.
    fn inst_error(&mut self, inst: Inst, message: impl Into<String>) {
        let context = short_text(&self.func.dfg, inst);
        self.errors.report((inst, context, message));
    }

    /// The same, after which nothing is checked.
    fn inst_fatal(&mut self, inst: Inst, message: impl Into<String>) -> VerifierStepResult {
        self.inst_error(inst, message);
        Err(())
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
