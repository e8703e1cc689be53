//! Compiling as users know it: a [`Context`] holds a function, what is found out about it, and its code. Needs the
//! pipeline, the mid-end and the verifier; keeps all memory between functions.

use crate::compile::Pipeline;
use crate::error::{CodegenError, CodegenResult, CompileError};
use crate::isa::unwind::UnwindInfo;
use crate::isa::{FlagsOrIsa, TargetIsa};
use crate::machinst::{CompiledCode, CompiledCodeStencil};
use crate::verifier::verify_function;
use windlass_control::ControlPlane;
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::Function;
use windlass_ir::loop_analysis::LoopAnalysis;
use windlass_ir::verifier::VerifierResult;
use windlass_opt::inline;

/// A function on its way to machine code. `func` may be changed at will between calls.
#[derive(Default)]
pub struct Context {
    /// The function. Compiling may change it.
    pub func: Function,
    /// Its control-flow graph, once computed.
    pub cfg: ControlFlowGraph,
    /// Its dominators, once computed.
    pub domtree: DominatorTree,
    /// Its loops, once computed.
    pub loop_analysis: LoopAnalysis,
    compiled_code: Option<CompiledCode>,
    /// Shall compiled code have a text?
    pub want_disasm: bool,
    pipeline: Pipeline,
}

impl Context {
    /// An empty function.
    pub fn new() -> Context {
        Context::default()
    }

    /// This function.
    pub fn for_function(func: Function) -> Context {
        Context { func, ..Context::default() }
    }

    /// Back to an empty function; keeps the memory.
    pub fn clear(&mut self) {
        self.func.clear();
        self.cfg.clear();
        self.domtree.clear();
        self.loop_analysis.clear();
        self.compiled_code = None;
        self.want_disasm = false;
    }

    /// Says whether compiled code shall have a text.
    pub fn set_disasm(&mut self, val: bool) {
        self.want_disasm = val;
    }

    /// Compiles the function and appends its code to `mem`. See [`Context::compile`].
    pub fn compile_and_emit(
        &mut self,
        isa: &dyn TargetIsa,
        mem: &mut Vec<u8>,
        ctrl_plane: &mut ControlPlane,
    ) -> Result<&CompiledCode, CompileError<'_>> {
        let code = self.compile(isa, ctrl_plane)?;
        mem.extend_from_slice(code.code_buffer());
        Ok(code)
    }

    /// Compiles the function for a target.
    ///
    /// # Errors
    /// If the settings ask for verification and it does not verify, or if the target has no code for it.
    pub fn compile(
        &mut self,
        isa: &dyn TargetIsa,
        ctrl_plane: &mut ControlPlane,
    ) -> Result<&CompiledCode, CompileError<'_>> {
        match self.compile_stencil(isa, ctrl_plane) {
            Ok(stencil) => Ok(self.compiled_code.insert(stencil.apply_params(&self.func.params))),
            Err(inner) => Err(CompileError { inner, func: &self.func }),
        }
    }

    /// Makes this the function's code.
    #[cfg(feature = "incremental-cache")]
    pub(crate) fn keep_code(&mut self, code: CompiledCode) -> &CompiledCode {
        self.compiled_code.insert(code)
    }

    /// Compiles the function to code in which source locations are relative.
    pub fn compile_stencil(
        &mut self,
        isa: &dyn TargetIsa,
        ctrl_plane: &mut ControlPlane,
    ) -> CodegenResult<CompiledCodeStencil> {
        self.compiled_code = None;
        self.verify_if(isa)?;
        self.optimize(isa, ctrl_plane)?;
        isa.compile_function(&self.func, &mut self.pipeline, self.want_disasm, ctrl_plane)
    }

    /// Runs the mid-end at the level that the settings say: at least what lowering needs.
    pub fn optimize(&mut self, isa: &dyn TargetIsa, _ctrl_plane: &mut ControlPlane) -> CodegenResult<()> {
        windlass_opt::run(&mut self.func, isa.flags().opt_level().into())
            .map_err(|broken| CodegenError::internal(&broken.to_string()))
    }

    /// Puts the bodies of called functions in the place of calls, as `inliner` decides. Was there anything to inline?
    /// The function and all that the inliner gives must verify; what does not may lead to a panic.
    ///
    /// # Errors
    /// If a function that the inliner gives cannot take the place of its call: see [`inline::Refused`].
    pub fn inline(&mut self, inliner: impl inline::Inline) -> CodegenResult<bool> {
        inline::run(&mut self.func, inliner).map_err(|refused| CodegenError::unsupported(refused.to_string()))
    }

    /// Removes what is never reached.
    pub fn eliminate_unreachable_code<'a, FOI: Into<FlagsOrIsa<'a>>>(&mut self, fisa: FOI) -> CodegenResult<()> {
        self.passes(fisa, &[])
    }

    /// Removes parameters of blocks that are always the same value.
    pub fn remove_constant_phis<'a, FOI: Into<FlagsOrIsa<'a>>>(&mut self, fisa: FOI) -> CodegenResult<()> {
        self.passes(fisa, &["trivial-params"])
    }

    /// Simplifies, and computes what is equal once.
    pub fn egraph_pass<'a, FOI>(&mut self, fisa: FOI, _ctrl_plane: &mut ControlPlane) -> CodegenResult<()>
    where
        FOI: Into<FlagsOrIsa<'a>>,
    {
        self.passes(fisa, &["simplify", "dead-code"])
    }

    /// Runs passes of the mid-end by name, and verifies if the settings ask for it.
    fn passes<'a, FOI: Into<FlagsOrIsa<'a>>>(&mut self, fisa: FOI, names: &[&str]) -> CodegenResult<()> {
        windlass_opt::run_some(&mut self.func, names).map_err(|broken| CodegenError::internal(&broken.to_string()))?;
        self.verify_if(fisa)
    }

    /// The code, once compiled.
    pub fn compiled_code(&self) -> Option<&CompiledCode> {
        self.compiled_code.as_ref()
    }

    /// The code, taken away.
    pub fn take_compiled_code(&mut self) -> Option<CompiledCode> {
        self.compiled_code.take()
    }

    #[allow(clippy::type_complexity, reason = "the interface is given")]
    /// Where the blocks of the code start and between which of them control goes, once compiled under the setting
    /// `machine_code_cfg_info`.
    pub fn get_code_bb_layout(&self) -> Option<(Vec<usize>, Vec<(usize, usize)>)> {
        self.compiled_code().map(CompiledCode::get_code_bb_layout)
    }

    /// The unwind data of the code, once compiled, of the kind that the platform reads.
    pub fn create_unwind_info(&self, isa: &dyn TargetIsa) -> CodegenResult<Option<UnwindInfo>> {
        match self.compiled_code() {
            Some(code) => code.create_unwind_info(isa),
            None => Ok(None),
        }
    }

    /// Does the function obey the rules of the language?
    pub fn verify<'a, FOI: Into<FlagsOrIsa<'a>>>(&self, fisa: FOI) -> VerifierResult<()> {
        verify_function(&self.func, fisa)
    }

    /// The same, if the settings ask for it.
    pub fn verify_if<'a, FOI: Into<FlagsOrIsa<'a>>>(&self, fisa: FOI) -> CodegenResult<()> {
        let fisa = fisa.into();
        if fisa.flags.enable_verifier() {
            self.verify(fisa)?;
        }
        Ok(())
    }

    /// Computes the control-flow graph.
    pub fn compute_cfg(&mut self) {
        self.cfg.compute(&self.func);
    }

    /// Computes dominators from the graph.
    pub fn compute_domtree(&mut self) {
        self.domtree.compute(&self.func, &self.cfg);
    }

    /// Computes loops from the graph and dominators.
    pub fn compute_loop_analysis(&mut self) {
        self.loop_analysis.compute(&self.func, &self.cfg, &self.domtree);
    }

    /// Computes the graph and dominators.
    pub fn flowgraph(&mut self) {
        self.compute_cfg();
        self.compute_domtree();
    }
}
