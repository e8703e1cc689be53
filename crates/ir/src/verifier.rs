//! Checks that a function obeys the rules of the language. Needs the data structures, the operation table, and for the
//! order of definitions and uses the dominator tree; leaves a list of what is wrong.
//!
//! Whatever a reader or a builder leaves can be checked. What is wrong with one thing alone is noted, and checking goes on;
//! what casts doubt on all that follows (a bad reference, a use before the definition, a block without an end) ends it, as
//! tests of errors expect, unless all errors are asked for.

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

/// Where checking ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// At the first error that casts doubt on what follows.
    FirstDoubt,
    /// At the end of the function.
    All,
}

/// A function being checked. Checks that cast doubt on all that follows return `Err`.
struct Verifier<'a> {
    func: &'a Function,
    extent: Extent,
    /// What is known of the target; checks that depend on it are left out if nothing is.
    target: Option<&'a TargetFacts>,
    errors: &'a mut VerifierErrors,
    aliases: Aliases,
}

impl<'a> Verifier<'a> {
    fn new(
        func: &'a Function,
        extent: Extent,
        target: Option<&'a TargetFacts>,
        errors: &'a mut VerifierErrors,
    ) -> Self {
        Verifier { func, extent, target, errors, aliases: Aliases::of(&func.dfg) }
    }
}

/// Checks a function. Rules that depend on the target are checked if it is given.
pub fn verify_function(func: &Function, target: Option<&TargetFacts>) -> VerifierResult<()> {
    verify(func, Extent::FirstDoubt, target)
}

/// Like [`verify_function`], whose errors come first, but goes on to the end of the function. Later errors may come from
/// earlier ones; the order of definitions and uses is checked only if all references lead somewhere.
pub fn verify_all(func: &Function, target: Option<&TargetFacts>) -> VerifierResult<()> {
    verify(func, Extent::All, target)
}

fn verify(func: &Function, extent: Extent, target: Option<&TargetFacts>) -> VerifierResult<()> {
    let mut errors = VerifierErrors::new();
    // What ended the checks is among the errors.
    let _ = Verifier::new(func, extent, target, &mut errors).function(None);
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
    let _ = Verifier::new(func, Extent::FirstDoubt, target, errors).function(Some(domtree));
}

impl Verifier<'_> {
    /// Checks everything, with a dominator tree if there is one.
    fn function(&mut self, domtree: Option<&DominatorTree>) -> VerifierStepResult {
        let func = self.func;
        self.stage(Self::declarations)?;
        self.stage(Self::signatures)?;
        self.stage(Self::entry_block)?;
        let mut broken = self.broken().into_iter().peekable();
        let computed;
        // The graph follows references, so there is none if one is broken.
        let domtree = match (broken.peek(), domtree) {
            (Some(_), _) => None,
            (None, Some(tree)) => Some(tree),
            (None, None) => {
                computed = DominatorTree::with_function(func, &ControlFlowGraph::with_function(func));
                Some(&computed)
            }
        };
        for block in func.layout.blocks() {
            let step = self.not_empty(block);
            self.unless_all(step)?;
            let order = domtree.filter(|tree| tree.is_reachable(block));
            for inst in func.layout.block_insts(block) {
                let step = self.terminator(block, inst);
                self.unless_all(step)?;
                let step = match broken.next_if(|(at, _)| *at == inst) {
                    Some((_, error)) => self.errors.fatal(error),
                    None => self.instruction(inst, order),
                };
                self.unless_all(step)?;
            }
        }
        Ok(())
    }

    /// What a step gives, if it may end the checks.
    fn unless_all(&self, step: VerifierStepResult) -> VerifierStepResult {
        if self.extent == Extent::All { Ok(()) } else { step }
    }

    /// Runs some checks; errors among them are the last, unless all are asked for.
    fn stage(&mut self, checks: fn(&mut Self) -> VerifierStepResult) -> VerifierStepResult {
        let before = self.errors.0.len();
        let step = checks(self).and(if self.errors.0.len() == before { Ok(()) } else { Err(()) });
        self.unless_all(step)
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
    use crate::isa::TargetFacts;
    use crate::reader::parse_functions;

    /// What is wrong with a function in doubt, and in all.
    fn both(text: &str) -> [Vec<String>; 2] {
        let func = parse_functions(text).unwrap().remove(0);
        let target = TargetFacts::of(&"x86_64".parse().unwrap());
        [verify_function, verify_all].map(|verify| {
            let errors = verify(&func, Some(&target)).unwrap_err();
            errors.0.iter().map(|e| format!("{}: {}", e.location, e.message)).collect()
        })
    }

    #[test]
    fn all_errors_are_those_of_a_test_and_later_ones() {
        let [first, all] = both(
            "function %f(i32) -> i8 preserve_all {
                gv0 = load.i64 notrap aligned gv1
                gv1 = load.i64 notrap aligned gv0
                gv2 = iadd_imm.i32 gv0, 1
                sig0 = (i32) -> i8 preserve_all
            block0(v0: i64):
                v1 = iadd v0, v0
                jump block0
            block1 cold:
                v2 = load.i32 v6
                v6 = iconst.i8 3
                trap user1
                nop
            block2:
                v4 = insertlane.i64x2 v5, v1, 9
                v5 = splat.i64x2 v1
                nop
            }",
        );
        assert_eq!(first, ["gv0: global value cycle: [gv0, gv1]"]);
        assert_eq!(
            all,
            [
                "gv0: global value cycle: [gv0, gv1]",
                "gv2: iadd_imm type i32 differs from operand type i64",
                "function: Signature with `preserve_all` ABI cannot have return values",
                "sig0: Signature with `preserve_all` ABI cannot have return values",
                "block0: entry block parameter 0 expected to have type i32, got i64",
                "inst1: invalid reference to entry block block0",
                "inst2: arg 0 (v6) with type i8 failed to satisfy type set scalar of i32, i64",
                "inst2: invalid pointer width (got 8, expected 64) encountered v6",
                "inst4: a terminator instruction was encountered before the end of block1",
                "block1: block does not end in a terminator instruction",
                "inst6: The lane 9 does not index into the type i64x2",
                "block2: block does not end in a terminator instruction",
            ]
        );
    }

    #[test]
    fn order_is_among_all_errors_of_a_function_whose_references_lead_somewhere() {
        let [first, all] = both(
            "function %f() {
            block0:
                v1 = iadd.i8 v2, v2
                v2 = iadd.i8 v3, v3
                v3 = iconst.i8 3
                v4 = bitcast.i16 v3
                return
            }",
        );
        assert_eq!(first, ["inst0: uses value v2 from non-dominating inst1"]);
        assert_eq!(
            all,
            [
                "inst0: uses value v2 from non-dominating inst1",
                "inst1: uses value v3 from non-dominating inst2",
                "inst3: The bitcast argument v3 has a type of 8 bits, which doesn't match an expected type of 16 bits",
            ]
        );
    }

    #[test]
    fn errors_are_reported_and_end_steps() {
        let mut errors = VerifierErrors::new();
        assert_eq!(errors.as_result(), Ok(()));
        assert_eq!(errors.nonfatal((AnyEntity::Function, "odd")), Ok(()));
        assert_eq!(errors.fatal((AnyEntity::Function, "context", "bad")), Err(()));
        assert_eq!((errors.as_result(), errors.0.len()), (Err(()), 2));
    }
}
