//! The whole pipeline on one screen: IR in, machine code out. Needs every other room of this crate; [`Pipeline`] keeps
//! all their memory between functions.

use crate::abi::{Convention, Places};
use crate::compiled::CompiledCode;
use crate::effects;
use crate::error::{CodegenError, CodegenResult};
use crate::isa::TargetIsa;
use crate::lower;
use crate::order::BlockOrder;
use crate::settings::{Flags, ProbestackStrategy};
use crate::timing::{self, Pass};
use crate::vcode::VCode;
use crate::x64::{abi, emit, frame, lower::X64Target, rows};
use target_lexicon::BinaryFormat;
use windlass_desc::x64::Feature;
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::Function;
use windlass_ir::isa::CallConv;
use windlass_ir::loop_analysis::LoopAnalysis;
use windlass_regalloc as regalloc;

/// What the compiler is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// CPU features, a bit each by the number of `windlass_desc::x64::Feature`.
    pub features: u64,
    /// Keep rbp as the frame pointer.
    pub frame_pointer: bool,
    /// Results beyond the registers are returned in memory in every convention.
    pub implicit_sret: bool,
    /// Integers of 128 bits go in registers where C passes them otherwise (`enable_llvm_abi_extensions`).
    pub llvm_abi: bool,
    /// Leave r15 to `get_pinned_reg` and `set_pinned_reg`.
    pub pinned: bool,
    /// Clamp the indices of jump tables without a branch.
    pub table_guard: bool,
    /// How routines are called that code calls by itself.
    pub libcalls: Libcalls,
    /// Touch the pages of large frames.
    pub probe: Option<Probe>,
    /// Bytes that do nothing behind each block, for tests of branches that reach far.
    pub padding: u64,
    /// Alignment of functions, as a power of two.
    pub align_log2: u8,
    /// Check the order of effects after lowering, and the register allocation.
    pub check: bool,
    /// Leave a listing.
    pub listing: bool,
    /// Leave which code stands for which IR instruction.
    pub origins: bool,
    /// Leave where the calls and sequence points of the IR are.
    pub points: bool,
    /// Leave where blocks start and between which control goes.
    pub blocks: bool,
    /// Make code that runs wherever it is loaded: what is not linked with it is found by tables of addresses.
    pub pic: bool,
    /// All NaNs that arithmetic makes have the same bits.
    pub canonical_nans: bool,
}

impl Options {
    /// What a target asks for.
    pub fn of(isa: &dyn TargetIsa) -> Options {
        let on: Vec<&str> = isa.isa_flags().iter().filter(|v| v.as_bool() == Some(true)).map(|v| v.name).collect();
        let has = |f: &&(Feature, &str)| on.contains(&f.1);
        Options {
            features: Feature::ALL.iter().filter(has).fold(0, |bits, f| bits | 1 << f.0 as u32),
            frame_pointer: isa.flags().preserve_frame_pointers(),
            implicit_sret: isa.flags().enable_multi_ret_implicit_sret(),
            llvm_abi: isa.flags().enable_llvm_abi_extensions(),
            pinned: isa.flags().enable_pinned_reg(),
            table_guard: isa.flags().enable_table_access_spectre_mitigation(),
            libcalls: Libcalls::of(isa),
            probe: Probe::of(isa.flags()),
            padding: 1u64 << isa.flags().bb_padding_log2_minus_one() >> 1,
            align_log2: isa.flags().log2_min_function_alignment(),
            check: isa.flags().regalloc_checker(),
            listing: false,
            origins: false,
            points: false,
            blocks: isa.flags().machine_code_cfg_info(),
            // COFF has no tables of addresses; its linkers make stubs for calls on their own
            pic: isa.flags().is_pic() && isa.triple().binary_format != BinaryFormat::Coff,
            canonical_nans: isa.flags().enable_nan_canonicalization(),
        }
    }
}

/// How routines are called that code calls by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Libcalls {
    /// Their convention.
    pub conv: CallConv,
    /// They are linked together with the code.
    pub near: bool,
}

impl Default for Libcalls {
    fn default() -> Libcalls {
        Libcalls { conv: CallConv::SystemV, near: false }
    }
}

impl Libcalls {
    fn of(isa: &dyn TargetIsa) -> Libcalls {
        let conv = CallConv::for_libcall(isa.flags(), isa.default_call_conv());
        Libcalls { conv, near: isa.flags().use_colocated_libcalls() }
    }
}

/// How the pages of a frame are touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probe {
    /// By the function's own code, not by a routine.
    pub inline: bool,
    /// Bytes of a page, as a power of two.
    pub size_log2: u8,
}

impl Probe {
    fn of(flags: &Flags) -> Option<Probe> {
        let inline = flags.probestack_strategy() == ProbestackStrategy::Inline;
        flags.enable_probestack().then_some(Probe { inline, size_log2: flags.probestack_size_log2() })
    }
}

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
    emit: emit::Scratch,
}

impl Pipeline {
    /// Nothing compiled yet.
    pub fn new() -> Pipeline {
        Pipeline::default()
    }

    /// Compiles a verified function whose aliases are resolved and whose blocks are all reachable.
    pub fn compile(&mut self, func: &Function, options: &Options) -> CodegenResult<CompiledCode> {
        let _all = timing::compile();
        let slots = Slots::of(func)?;
        let conv = abi::convention(func.signature.call_conv)?;
        let places = Places::new(&func.signature, conv, options)?;
        self.lower(func, lower::Given { options, slots: &slots.at, places: &places })?;
        self.allocate(options, conv)?;
        let needs = frame::Needs {
            slots: slots.size,
            slots_align: slots.align,
            outgoing: self.vcode.outgoing,
            calls: self.vcode.calls,
            frame_pointer: options.frame_pointer,
            probed: options.probe.map(|probe| 1 << probe.size_log2.min(31)),
            callee_saved: conv.callee_saved,
            incoming: places.stack,
            pops: if conv.callee_pops { places.stack.max(self.vcode.tail_args) } else { 0 },
        };
        let frame = frame::Frame::new(&needs, &self.allocation)?;
        let (vcode, alloc, memory) = (&self.vcode, &self.allocation, &mut self.emit);
        let code = timed(Pass::vcode_emit, || emit::emit(vcode, alloc, &frame, memory, options))?;
        let place = |at: &u64| frame.offsets.slots as u32 + *at as u32;
        Ok(CompiledCode { slots: slots.at.iter().map(place).collect(), ..code })
    }

    /// The machine code of a function before its registers are allocated, and what it is allocated for.
    pub fn vcode(&mut self, func: &Function, options: &Options) -> CodegenResult<(&VCode, regalloc::Machine)> {
        let slots = Slots::of(func)?;
        let conv = abi::convention(func.signature.call_conv)?;
        let places = Places::new(&func.signature, conv, options)?;
        self.lower(func, lower::Given { options, slots: &slots.at, places: &places })?;
        Ok((&self.vcode, machine(options, conv)))
    }

    fn lower(&mut self, func: &Function, given: lower::Given<'_>) -> CodegenResult<()> {
        timed(Pass::flowgraph, || self.cfg.compute(func));
        timed(Pass::domtree, || self.domtree.compute(func, &self.cfg));
        timed(Pass::loop_analysis, || self.loops.compute(func, &self.cfg, &self.domtree));
        let order = BlockOrder::new(func, &self.cfg, &self.domtree, &self.loops);
        if order.blocks.is_empty() {
            return Err(CodegenError::unsupported("a function without blocks: give it one that returns or traps"));
        }
        let check = given.options.check;
        timed(Pass::vcode_lower, || lower::lower(func, &order, &X64Target, given, &mut self.lower, &mut self.vcode))?;
        if check {
            effects::check(func, &order, &self.vcode).map_err(|e| CodegenError::internal(&e))?;
        }
        Ok(())
    }

    fn allocate(&mut self, options: &Options, conv: &Convention) -> CodegenResult<()> {
        let machine = machine(options, conv);
        let before = options.check.then(|| self.vcode.code.clone());
        timed(Pass::regalloc, || {
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

/// The registers that a function of this convention may use.
fn machine(options: &Options, conv: &Convention) -> regalloc::Machine {
    regalloc::Machine {
        rows: &rows::ROWS,
        order: [abi::order(conv, options.frame_pointer, options.pinned), &abi::VECTOR_ORDER],
        callee_saved: conv.callee_saved,
        exchange: [true, false],
    }
}

/// Runs a stage under its name.
fn timed<T>(pass: Pass, stage: impl FnOnce() -> T) -> T {
    let _stage = timing::start_pass(pass);
    stage()
}

/// Explicit stack slots, laid out one after the other.
struct Slots {
    at: Vec<u64>,
    size: u64,
    align: u64,
}

impl Slots {
    fn of(func: &Function) -> CodegenResult<Slots> {
        let mut s = Slots { at: vec![], size: 0, align: 8 };
        for slot in func.sized_stack_slots.values() {
            let align = 1u64 << slot.align_shift.min(63);
            let near = align.min(frame::STACK_ALIGN);
            s.align = s.align.max(near);
            s.size = s.size.next_multiple_of(near.max(8));
            s.at.push(s.size);
            s.size += frame::slack(align) + slot.size as u64;
            if s.size > frame::MAX_FRAME {
                return Err(CodegenError::FrameTooLarge(s.size, frame::MAX_FRAME));
            }
        }
        Ok(s)
    }
}
