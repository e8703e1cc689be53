//! The whole pipeline on one screen: IR in, machine code out. Needs the stages, and of a target its [`Backend`];
//! [`Pipeline`] keeps all their memory between functions.

use crate::abi::{Convention, Places};
use crate::backend::{Allocated, Backend, Emitter};
use crate::choices::{Choices, Stage};
use crate::compiled::CompiledCode;
use crate::effects;
use crate::error::{CodegenError, CodegenResult};
use crate::lower;
use crate::options::Options;
use crate::order::BlockOrder;
use crate::slots::Slots;
use crate::timing::{self, Pass};
use crate::vcode::VCode;
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::Function;
use windlass_ir::loop_analysis::LoopAnalysis;
use windlass_regalloc as regalloc;

/// Memory kept between functions.
#[derive(Default)]
pub struct Pipeline {
    cfg: ControlFlowGraph,
    domtree: DominatorTree,
    loops: LoopAnalysis,
    lower: lower::Scratch,
    vcode: VCode,
    regalloc: regalloc::Context,
    allocation: regalloc::Allocation,
    /// What emits, and for which target.
    emitter: Option<(&'static str, Box<dyn Emitter>)>,
}

impl Pipeline {
    /// Nothing compiled yet.
    pub fn new() -> Pipeline {
        Pipeline::default()
    }

    /// Compiles a verified function whose aliases are resolved and whose blocks are all reachable.
    pub fn compile(
        &mut self,
        func: &Function,
        backend: &dyn Backend,
        options: &Options,
    ) -> CodegenResult<CompiledCode> {
        let _all = timing::compile();
        // blocks far from each other have long branches
        let far = u64::from(Choices::of(options, Stage::Emit).pick(3)) * 96;
        let options = &Options { padding: options.padding.max(far), ..*options };
        let frame = self.registers(func, backend, options)?;
        let function = frame.allocated(&self.vcode, &self.allocation, options);
        let emitter = match &mut self.emitter {
            Some((target, emitter)) if *target == backend.name() => emitter,
            other => &mut other.insert((backend.name(), backend.emitter())).1,
        };
        timed(Pass::vcode_emit, || emitter.emit(&function))
    }

    /// What `look` sees of a function whose registers are allocated and that is not emitted yet.
    pub fn allocated<T>(
        &mut self,
        func: &Function,
        backend: &dyn Backend,
        options: &Options,
        look: impl FnOnce(&Allocated<'_>) -> T,
    ) -> CodegenResult<T> {
        let frame = self.registers(func, backend, options)?;
        Ok(look(&frame.allocated(&self.vcode, &self.allocation, options)))
    }

    /// Lowers a function and allocates its registers.
    fn registers(&mut self, func: &Function, backend: &dyn Backend, options: &Options) -> CodegenResult<Frame> {
        let frame = Frame::of(func, backend, options)?;
        self.lower(func, backend, frame.given(options))?;
        self.allocate(backend.machine(frame.conv, options), options)?;
        Ok(frame)
    }

    /// The machine code of a function before its registers are allocated, and what it is allocated for.
    pub fn vcode(
        &mut self,
        func: &Function,
        backend: &dyn Backend,
        options: &Options,
    ) -> CodegenResult<(&VCode, regalloc::Machine)> {
        let frame = Frame::of(func, backend, options)?;
        self.lower(func, backend, frame.given(options))?;
        Ok((&self.vcode, backend.machine(frame.conv, options)))
    }

    fn lower(&mut self, func: &Function, backend: &dyn Backend, given: lower::Given<'_>) -> CodegenResult<()> {
        timed(Pass::flowgraph, || self.cfg.compute(func));
        timed(Pass::domtree, || self.domtree.compute(func, &self.cfg));
        timed(Pass::loop_analysis, || self.loops.compute(func, &self.cfg, &self.domtree));
        let choices = Choices::of(given.options, Stage::Order);
        let order = BlockOrder::new(func, &self.cfg, &self.domtree, &self.loops, &choices);
        if order.blocks.is_empty() {
            return Err(CodegenError::unsupported("a function without blocks: give it one that returns or traps"));
        }
        let check = given.options.check;
        timed(Pass::vcode_lower, || backend.lower(func, &order, given, &mut self.lower, &mut self.vcode))?;
        if check {
            effects::check(func, &order, &self.vcode).map_err(|e| CodegenError::internal(&e))?;
        }
        Ok(())
    }

    fn allocate(&mut self, machine: regalloc::Machine, options: &Options) -> CodegenResult<()> {
        let before = options.check.then(|| self.vcode.code.clone());
        timed(Pass::regalloc, || {
            #[cfg(feature = "chaos")]
            if options.chaos != 0 {
                let mut choices = Choices::of(options, Stage::Allocate);
                let (code, memory, out) = (&mut self.vcode.code, &mut self.regalloc, &mut self.allocation);
                return regalloc::allocate_with(code, &machine, memory, out, &mut choices);
            }
            regalloc::allocate(&mut self.vcode.code, &machine, &mut self.regalloc, &mut self.allocation)
        })?;
        if let Some(before) = before {
            let _check = timing::regalloc_checker();
            regalloc::check::check(&before, &self.vcode.code, &self.allocation, &machine)
                .map_err(|e| CodegenError::internal(&format!("register allocation is wrong: {e}")))?;
        }
        Ok(())
    }
}

/// What is known of a function's frame before it is lowered.
struct Frame {
    slots: Slots,
    conv: &'static Convention,
    places: Places,
}

impl Frame {
    fn of(func: &Function, backend: &dyn Backend, options: &Options) -> CodegenResult<Frame> {
        let slots = Slots::of(func)?;
        let conv = backend.convention(func.signature.call_conv)?;
        let places = Places::new(&func.signature, conv, options)?;
        Ok(Frame { slots, conv, places })
    }

    fn allocated<'a>(
        &'a self,
        vcode: &'a VCode,
        alloc: &'a regalloc::Allocation,
        options: &'a Options,
    ) -> Allocated<'a> {
        Allocated { vcode, alloc, conv: self.conv, places: &self.places, slots: &self.slots, options }
    }

    fn given<'a>(&'a self, options: &'a Options) -> lower::Given<'a> {
        lower::Given { options, slots: &self.slots.at, places: &self.places }
    }
}

/// Runs a stage under its name.
fn timed<T>(pass: Pass, stage: impl FnOnce() -> T) -> T {
    let _stage = timing::start_pass(pass);
    stage()
}
