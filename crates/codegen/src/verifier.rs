//! Checks functions, with the settings or the target they are for. Needs the verifier of `windlass-ir`, which knows of a
//! target only its [`TargetFacts`].

use crate::isa::FlagsOrIsa;
use crate::settings::Flags;
use target_lexicon::Triple;
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::Function;
use windlass_ir::isa::TargetFacts;
use windlass_ir::verifier;

#[doc(inline)]
pub use windlass_ir::verifier::{VerifierError, VerifierErrors, VerifierResult, VerifierStepResult};

/// What the verifier needs to know of a platform under these settings.
pub fn target_facts(triple: &Triple, flags: &Flags) -> TargetFacts {
    TargetFacts {
        pinned_register: flags.enable_pinned_reg(),
        frame_pointers: flags.preserve_frame_pointers(),
        ..TargetFacts::of(triple)
    }
}

fn facts(fisa: FlagsOrIsa<'_>) -> Option<TargetFacts> {
    fisa.isa.map(|isa| target_facts(isa.triple(), isa.flags()))
}

/// Checks a function.
pub fn verify_function<'a, FOI: Into<FlagsOrIsa<'a>>>(func: &Function, fisa: FOI) -> VerifierResult<()> {
    verifier::verify_function(func, facts(fisa.into()).as_ref())
}

/// Checks a function to its end: see [`verifier::verify_all`].
pub fn verify_all<'a, FOI: Into<FlagsOrIsa<'a>>>(func: &Function, fisa: FOI) -> VerifierResult<()> {
    verifier::verify_all(func, facts(fisa.into()).as_ref())
}

/// Checks a function whose graph and dominators are known, and adds what is wrong to `errors`. An error says that there was
/// something to add.
#[allow(clippy::result_unit_err, reason = "the interface is given")]
pub fn verify_context<'a, FOI: Into<FlagsOrIsa<'a>>>(
    func: &Function,
    _cfg: &ControlFlowGraph,
    domtree: &DominatorTree,
    fisa: FOI,
    errors: &mut VerifierErrors,
) -> VerifierStepResult {
    let before = errors.0.len();
    verifier::verify_context(func, domtree, facts(fisa.into()).as_ref(), errors);
    if errors.0.len() == before { Ok(()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa;
    use crate::settings;
    use windlass_ir::cursor::{Cursor, FuncCursor};
    use windlass_ir::ir::{AbiParam, InstBuilder, MemFlagsData, types::I32};

    #[test]
    fn pointers_have_the_width_of_the_target() {
        let mut func = Function::new();
        let block = func.dfg.make_block();
        func.layout.append_block(block);
        let address = func.dfg.append_block_param(block, I32);
        func.signature.params.push(AbiParam::new(I32));
        let mut pos = FuncCursor::new(&mut func).at_bottom(block);
        pos.ins().load(I32, MemFlagsData::new(), address, 0);
        pos.ins().return_(&[]);

        let flags = Flags::new(settings::builder());
        assert_eq!(verify_function(&func, &flags), Ok(()));
        let isa = isa::lookup_by_name("x86_64").unwrap().finish(flags).unwrap();
        assert_eq!(verify_function(&func, &*isa).unwrap_err().0.len(), 1, "32 bits are no address");
        assert_eq!(verify_all(&func, &*isa), verify_function(&func, &*isa));

        let cfg = ControlFlowGraph::with_function(&func);
        let domtree = DominatorTree::with_function(&func, &cfg);
        let mut errors = VerifierErrors::new();
        assert_eq!(verify_context(&func, &cfg, &domtree, &*isa, &mut errors), Err(()));
        assert_eq!((errors.0.len(), errors.as_result()), (1, Err(())));
        assert_eq!(verify_context(&func, &cfg, &domtree, isa.flags(), &mut errors), Ok(()), "nothing was added");
    }
}
