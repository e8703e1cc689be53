//! Compiled functions as users see them: code, and what belongs to places in it. A [`Stencil`] holds for every function of
//! the same body; with a function's parameters it becomes [`Final`], whose source locations are absolute. Needs what
//! emission left.

use crate::binemit::{CodeInfo, CodeOffset};
use crate::compiled;
pub use crate::compiled::{FinalizedMachReloc, FinalizedRelocTarget, MachDebugTagPos, MachRelocBase, MachTrap};
use crate::isa::unwind::UnwindInst;
use crate::reg::Reg;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::fmt::{Debug, Write};
use windlass_ir::entity::{EntityRef, SecondaryMap};
use windlass_ir::ir::function::FunctionParameters;
use windlass_ir::ir::{
    DebugTag, ExceptionTag, Function, Inst, RelSourceLoc, SourceLoc, StackSlot, StackSlotKey, UserStackMap, ValueLabel,
};

/// How far compilation has come.
pub trait CompilePhase {
    /// A range of code with its source location.
    type MachSrcLocType: Clone + PartialEq + Debug;
    /// A source location.
    type SourceLocType: Clone + PartialEq + Debug;
}

/// Source locations are relative to those of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stencil;

/// Source locations are absolute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Final;

impl CompilePhase for Stencil {
    type MachSrcLocType = MachSrcLoc<Stencil>;
    type SourceLocType = RelSourceLoc;
}

impl CompilePhase for Final {
    type MachSrcLocType = MachSrcLoc<Final>;
    type SourceLocType = SourceLoc;
}

/// A range of code that comes from one place of the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(bound(
        serialize = "T::SourceLocType: serde::Serialize",
        deserialize = "T::SourceLocType: serde::Deserialize<'de>"
    ))
)]
pub struct MachSrcLoc<T: CompilePhase> {
    /// Where it starts.
    pub start: CodeOffset,
    /// Where it ends: the offset of the first byte after it.
    pub end: CodeOffset,
    /// The place.
    pub loc: T::SourceLocType,
}

/// A call.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MachCallSite {
    /// Where it returns to.
    pub ret_addr: CodeOffset,
    /// From the stack pointer at the call to the frame pointer, in bytes, if handlers need it.
    pub frame_offset: Option<u32>,
}

/// A call that may be overwritten with an instruction of the same length that does nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MachPatchableCallSite {
    /// Where it returns to: its end.
    pub ret_addr: CodeOffset,
    /// Its length in bytes.
    pub len: u32,
}

/// Where the context of a dynamic exception tag is at a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ExceptionContextLoc {
    /// In memory, so many bytes above the stack pointer.
    SPOffset(u32),
    /// In a general register, by its number in encodings.
    GPR(u8),
}

/// A handler of exceptions of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FinalizedMachExceptionHandler {
    /// Of exceptions with this tag; where it is.
    Tag(ExceptionTag, CodeOffset),
    /// Of all exceptions; where it is.
    Default(CodeOffset),
    /// The context by which the tags that follow are looked up.
    Context(ExceptionContextLoc),
}

/// A call with its handlers, in the order in which they are tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FinalizedMachCallSite<'a> {
    /// Where it returns to.
    pub ret_addr: CodeOffset,
    /// From the stack pointer at the call to the frame pointer, in bytes, if handlers need it.
    pub frame_offset: Option<u32>,
    /// The handlers.
    pub exception_handlers: &'a [FinalizedMachExceptionHandler],
}

/// What a user wanted to find again at a place.
#[derive(Clone, PartialEq, Debug)]
pub struct MachBufferDebugTagList<'a> {
    /// The place.
    pub offset: CodeOffset,
    /// On which side of it.
    pub pos: MachDebugTagPos,
    /// The tags.
    pub tags: &'a [DebugTag],
}

/// Where the stack slots of a frame are.
#[derive(Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MachBufferFrameLayout {
    /// From the lowest byte of the frame to the frame pointer, or to where it would be.
    pub frame_to_fp_offset: u32,
    /// Each explicit slot.
    pub stackslots: SecondaryMap<StackSlot, MachBufferStackSlot>,
}

/// Where a stack slot is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MachBufferStackSlot {
    /// Bytes above the lowest byte of the frame.
    pub offset: u32,
    /// What the user knows it by.
    pub key: Option<StackSlotKey>,
}

/// Where a labelled value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LabelValueLoc {
    /// In a register.
    Reg(Reg),
    /// In memory, so many bytes from the canonical frame address.
    CFAOffset(i64),
}

/// A range of code in which a labelled value is in one place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ValueLocRange {
    /// The place.
    pub loc: LabelValueLoc,
    /// Where the range starts.
    pub start: u32,
    /// Where it ends: the offset of the first byte after it.
    pub end: u32,
}

/// Where labelled values are.
pub type ValueLabelsRanges = FxHashMap<ValueLabel, Vec<ValueLocRange>>;

/// Code with what belongs to places in it.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(bound(
        serialize = "T::MachSrcLocType: serde::Serialize",
        deserialize = "T::MachSrcLocType: serde::Deserialize<'de>"
    ))
)]
pub struct MachBufferFinalized<T: CompilePhase> {
    data: Vec<u8>,
    relocs: Vec<FinalizedMachReloc>,
    traps: Vec<MachTrap>,
    call_sites: Vec<MachCallSite>,
    patchable_call_sites: Vec<MachPatchableCallSite>,
    frame_layout: Option<MachBufferFrameLayout>,
    debug_tags: Vec<(CodeOffset, MachDebugTagPos, Vec<DebugTag>)>,
    srclocs: Vec<T::MachSrcLocType>,
    user_stack_maps: SmallVec<[(CodeOffset, u32, UserStackMap); 8]>,
    /// What is done to the frame, each with the offset where it has been done.
    pub unwind_info: SmallVec<[(CodeOffset, UnwindInst); 8]>,
    /// The alignment that the code wants, in bytes.
    pub alignment: u32,
    /// Instructions that do nothing, each longer than the one before: what patched calls may be overwritten with.
    pub nop_units: Vec<Vec<u8>>,
}

impl<T: CompilePhase> MachBufferFinalized<T> {
    /// The code.
    pub fn data(&self) -> &[u8] {
        &self.data
    }
    /// The code, to be changed.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }
    /// The size of the code in bytes.
    pub fn total_size(&self) -> CodeOffset {
        self.data.len() as CodeOffset
    }
    /// The code in hexadecimal, two digits a byte.
    pub fn stringify_code_bytes(&self) -> String {
        let mut text = String::with_capacity(2 * self.data.len());
        for byte in &self.data {
            // a string takes all that is written to it
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
    /// The fields to be filled in.
    pub fn relocs(&self) -> &[FinalizedMachReloc] {
        &self.relocs
    }
    /// The instructions that may trap, by offset.
    pub fn traps(&self) -> &[MachTrap] {
        &self.traps
    }
    /// The calls that return, by offset.
    pub fn call_sites(&self) -> impl Iterator<Item = FinalizedMachCallSite<'_>> + '_ {
        self.call_sites.iter().map(|call| FinalizedMachCallSite {
            ret_addr: call.ret_addr,
            frame_offset: call.frame_offset,
            exception_handlers: &[],
        })
    }
    /// The calls that may be overwritten, by offset.
    pub fn patchable_call_sites(&self) -> impl Iterator<Item = &MachPatchableCallSite> + '_ {
        self.patchable_call_sites.iter()
    }
    /// Where the stack slots are.
    pub fn frame_layout(&self) -> Option<&MachBufferFrameLayout> {
        self.frame_layout.as_ref()
    }
    /// The tags of calls, where these return to, and of sequence points, by offset.
    pub fn debug_tags(&self) -> impl Iterator<Item = MachBufferDebugTagList<'_>> {
        self.debug_tags.iter().map(|(offset, pos, tags)| MachBufferDebugTagList { offset: *offset, pos: *pos, tags })
    }
    /// Where the code comes from: ranges by offset, without those of no known place.
    pub fn get_srclocs_sorted(&self) -> &[T::MachSrcLocType] {
        &self.srclocs
    }
    /// Which values are on the stack at a call: the offset where it returns to, how far the frame pointer is above the
    /// stack pointer there, and how far above it the values are.
    pub fn user_stack_maps(&self) -> &[(CodeOffset, u32, UserStackMap)] {
        &self.user_stack_maps
    }
    /// The same, taken away.
    pub fn take_user_stack_maps(&mut self) -> SmallVec<[(CodeOffset, u32, UserStackMap); 8]> {
        std::mem::take(&mut self.user_stack_maps)
    }
}

impl MachBufferFinalized<Stencil> {
    /// With source locations relative to `base` made absolute.
    pub fn apply_base_srcloc(self, base: SourceLoc) -> MachBufferFinalized<Final> {
        let absolute = |s: MachSrcLoc<Stencil>| MachSrcLoc { start: s.start, end: s.end, loc: s.loc.expand(base) };
        MachBufferFinalized {
            srclocs: self.srclocs.into_iter().map(absolute).collect(),
            data: self.data,
            relocs: self.relocs,
            traps: self.traps,
            call_sites: self.call_sites,
            patchable_call_sites: self.patchable_call_sites,
            frame_layout: self.frame_layout,
            debug_tags: self.debug_tags,
            user_stack_maps: self.user_stack_maps,
            unwind_info: self.unwind_info,
            alignment: self.alignment,
            nop_units: self.nop_units,
        }
    }
}

/// A compiled function.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(bound(
        serialize = "T::MachSrcLocType: serde::Serialize",
        deserialize = "T::MachSrcLocType: serde::Deserialize<'de>"
    ))
)]
pub struct CompiledCodeBase<T: CompilePhase> {
    /// The code with what belongs to it.
    pub buffer: MachBufferFinalized<T>,
    /// Bytes of stack below the return address.
    pub frame_size: u32,
    /// The code as text, if that was asked for.
    pub vcode: Option<String>,
    /// Where labelled values are.
    pub value_labels_ranges: ValueLabelsRanges,
    /// Where blocks start, if the settings ask for it.
    pub bb_starts: Vec<CodeOffset>,
    /// Between which starts of blocks control goes, if the settings ask for it.
    pub bb_edges: Vec<(CodeOffset, CodeOffset)>,
}

/// A compiled function without its parameters.
pub type CompiledCodeStencil = CompiledCodeBase<Stencil>;

/// A compiled function.
pub type CompiledCode = CompiledCodeBase<Final>;

impl<T: CompilePhase> CompiledCodeBase<T> {
    /// The size of the code.
    pub fn code_info(&self) -> CodeInfo {
        CodeInfo { total_size: self.buffer.total_size() }
    }
    /// The code.
    pub fn code_buffer(&self) -> &[u8] {
        self.buffer.data()
    }
    /// Where blocks start, and between which of them control goes.
    pub fn get_code_bb_layout(&self) -> (Vec<usize>, Vec<(usize, usize)>) {
        let edges = self.bb_edges.iter().map(|&(from, to)| (from as usize, to as usize));
        (self.bb_starts.iter().map(|&start| start as usize).collect(), edges.collect())
    }
}

impl CompiledCodeStencil {
    /// From what emission left of a function.
    pub(crate) fn new(
        code: compiled::CompiledCode,
        func: &Function,
        want_text: bool,
        nop_units: Vec<Vec<u8>>,
    ) -> CompiledCodeStencil {
        let srclocs = source_locations(&code, func);
        let frame_layout = Some(frame_layout(&code, func));
        let patchable = |&(ret_addr, len): &(CodeOffset, u32)| MachPatchableCallSite { ret_addr, len };
        let mut text = want_text.then(String::new);
        for line in &code.lines {
            // a string takes all that is written to it
            let _ = text.as_mut().map(|text| writeln!(text, "{:6x}: {}", line.offset, line.text));
        }
        CompiledCodeBase {
            buffer: MachBufferFinalized {
                call_sites: code.returns.iter().map(|&at| MachCallSite { ret_addr: at, frame_offset: None }).collect(),
                patchable_call_sites: code.patchable.iter().map(patchable).collect(),
                frame_layout,
                debug_tags: debug_tags(&code, func),
                data: code.code,
                relocs: code.relocs,
                traps: code.traps,
                srclocs,
                user_stack_maps: code.stack_maps.into_iter().map(|(at, map)| (at, code.frame_to_fp, map)).collect(),
                unwind_info: code.unwind.into(),
                alignment: code.alignment,
                nop_units,
            },
            frame_size: code.frame_size,
            vcode: text,
            value_labels_ranges: ValueLabelsRanges::default(),
            bb_starts: code.block_starts,
            bb_edges: code.block_edges,
        }
    }

    /// The same code for a function with these parameters.
    pub fn apply_params(self, params: &FunctionParameters) -> CompiledCode {
        CompiledCodeBase {
            buffer: self.buffer.apply_base_srcloc(params.base_srcloc()),
            frame_size: self.frame_size,
            vcode: self.vcode,
            value_labels_ranges: self.value_labels_ranges,
            bb_starts: self.bb_starts,
            bb_edges: self.bb_edges,
        }
    }
}

/// The tags of those points of the code whose instructions have some.
fn debug_tags(code: &compiled::CompiledCode, func: &Function) -> Vec<(CodeOffset, MachDebugTagPos, Vec<DebugTag>)> {
    let tags = |inst: u32| func.debug_tags.get(Inst::from_u32(inst)).to_vec();
    let all = code.points.iter().map(|&(offset, pos, inst)| (offset, pos, tags(inst)));
    all.filter(|(.., tags)| !tags.is_empty()).collect()
}

/// Where the function's stack slots are.
fn frame_layout(code: &compiled::CompiledCode, func: &Function) -> MachBufferFrameLayout {
    let mut stackslots = SecondaryMap::new();
    for ((slot, data), &offset) in func.sized_stack_slots.iter().zip(&code.slots) {
        stackslots[slot] = MachBufferStackSlot { offset, key: data.key };
    }
    MachBufferFrameLayout { frame_to_fp_offset: code.frame_to_fp, stackslots }
}

/// The ranges of code whose instructions have a source location.
fn source_locations(code: &compiled::CompiledCode, func: &Function) -> Vec<MachSrcLoc<Stencil>> {
    let mut ranges: Vec<MachSrcLoc<Stencil>> = vec![];
    for (n, &(start, inst)) in code.origins.iter().enumerate() {
        let end = code.origins.get(n + 1).map_or(code.code.len() as u32, |next| next.0);
        let loc = inst.map(|inst| func.stencil.srclocs[Inst::new(inst as usize)]).unwrap_or_default();
        if start == end || loc.is_default() {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if last.end == start && last.loc == loc => last.end = end,
            _ => ranges.push(MachSrcLoc { start, end, loc }),
        }
    }
    ranges
}
