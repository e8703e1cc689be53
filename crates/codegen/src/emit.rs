//! Emission of a whole function: block after block, instructions with the allocator's edits between them, branches to
//! what does not follow anyway, blocks on edges and trap sites at the end. Needs allocated code, the frame, and a
//! [`Target`], which says what each row becomes; leaves [`CompiledCode`].
//!
//! Every machine instruction is a row. It is listed and encoded by `Emitter::row` and its like, so that the listing
//! cannot say anything else than the bytes. Only branches to labels are not, since their size is chosen at the end.

use crate::backend::{self, Allocated};
use crate::binemit::Reloc;
use crate::buffer::{Branch, Buffer, Label, Mark, Offsets};
use crate::compiled::*;
use crate::error::CodegenError;
use crate::frame::{Frame, Needs};
use crate::isa::unwind::UnwindInst;
use crate::listing::{By, Listing, symbol};
use crate::options::Options;
use crate::vcode::{NO_RULE, VCode};
use std::marker::PhantomData;
use windlass_desc::env::TrapCode;
use windlass_desc::machine::Emission;
use windlass_ir::ir::UserStackMap;
use windlass_regalloc::{Allocation, Edit, Inst, Loc, NONE, PReg, Place};

mod flow;
mod leave;
mod target;
pub use target::{Emitted, EncodeError, Field, FlagUse, Target};

/// Something bound to a place: moved when the code is assembled.
enum Meta {
    Trap(TrapCode),
    /// Kind, symbol, addend, and how far before the mark the field starts.
    Reloc(Reloc, u32, i64, u32),
    /// Kind, how far before the mark the field starts, and how far before it what the symbol stands for.
    Low(Reloc, u32, u32),
    /// Of a call of the IR, which site it is.
    Return(Option<u32>),
    /// Of an IR instruction that may have tags.
    Point(MachDebugTagPos, u32),
    Origin(Option<u32>),
    Unwind(UnwindInst),
}

/// Memory kept between functions.
#[derive(Default)]
struct Scratch {
    buffer: Buffer,
    meta: Vec<(Mark, Meta)>,
    listing: Listing,
    /// Trap sites out of line, with the instruction each belongs to, if it is not the prologue.
    deferred: Vec<(Label, TrapCode, Option<u32>)>,
    /// Tables to jump through: their edges, and whether the first one has an entry too.
    tables: Vec<(Label, u32, u32, bool)>,
    blocks: Vec<Label>,
    /// Per edge: its block, if it has one, as an index into the allocation's list.
    edge_block: Vec<u32>,
    edge_labels: Vec<Label>,
    /// Which of these stand already.
    edge_placed: Vec<bool>,
    /// What is asked of the flags before each instruction of the current block, and at its end.
    asked: Vec<u32>,
}

impl Scratch {
    fn clear(&mut self) {
        self.meta.clear();
        self.listing.clear();
        self.deferred.clear();
        self.tables.clear();
    }
}

/// Emits one function.
pub struct Emitter<'a, T: Target> {
    /// The function.
    pub machine: &'a VCode,
    /// Its frame.
    pub frame: &'a Frame,
    /// What is asked for.
    pub options: &'a Options,
    alloc: &'a Allocation,
    s: &'a mut Scratch,
    /// What the code being emitted comes from, for the listing.
    by: By,
    /// The IR instruction that it stands for.
    origin: Option<u32>,
    next_edit: usize,
    next_trap: usize,
    /// Which conditions of the flags as they are now are asked for later.
    asked: u32,
    /// What the target knows of registers and flags at this point.
    known: T::Known,
}

/// Emits functions for a target, with memory kept between them.
pub struct FunctionEmitter<T> {
    memory: Scratch,
    target: PhantomData<fn() -> T>,
}

impl<T> Default for FunctionEmitter<T> {
    fn default() -> FunctionEmitter<T> {
        FunctionEmitter { memory: Scratch::default(), target: PhantomData }
    }
}

impl<T: Target> backend::Emitter for FunctionEmitter<T> {
    fn emit(&mut self, function: &Allocated<'_>) -> Result<CompiledCode, CodegenError> {
        let frame = Frame::new(&T::FRAME, &Needs::of(function), function.alloc)?;
        let code = emit::<T>(function, &frame, &mut self.memory)?;
        let place = |at: &u64| frame.offsets.slots as u32 + *at as u32;
        Ok(CompiledCode { slots: function.slots.at.iter().map(place).collect(), ..code })
    }
}

fn emit<T: Target>(function: &Allocated<'_>, frame: &Frame, s: &mut Scratch) -> Result<CompiledCode, CodegenError> {
    s.clear();
    s.buffer.start(T::BRANCHES);
    let mut e = Emitter::<T> {
        machine: function.vcode,
        frame,
        options: function.options,
        alloc: function.alloc,
        s,
        by: By::default(),
        origin: None,
        next_edit: 0,
        next_trap: 0,
        asked: 0,
        known: T::Known::default(),
    };
    e.labels();
    e.prologue()?;
    for b in 0..function.vcode.code.blocks.len() {
        e.block(b)?;
    }
    e.edge_blocks()?;
    e.trap_sites()?;
    e.tables();
    e.finish()
}

impl<T: Target> Emitter<'_, T> {
    fn labels(&mut self) {
        let code = &self.machine.code;
        let s = &mut *self.s;
        s.blocks.clear();
        s.blocks.extend(code.blocks.iter().map(|_| s.buffer.label()));
        s.edge_block.clear();
        s.edge_block.resize(code.edges.len(), NONE);
        for (n, (edge, _)) in self.alloc.edge_blocks.iter().enumerate() {
            s.edge_block[*edge as usize] = n as u32;
        }
        s.edge_placed.clear();
        s.edge_placed.resize(self.alloc.edge_blocks.len(), false);
        s.edge_labels.clear();
        s.edge_labels.extend(self.alloc.edge_blocks.iter().map(|_| s.buffer.label()));
    }

    /// What is emitted from here on comes from this.
    fn made_by(&mut self, source: &'static str) {
        self.by = By { source, inst: None };
    }

    /// What is emitted from here on comes from an instruction.
    fn made_by_inst(&mut self, i: u32) {
        if self.options.listing {
            let rule = self.machine.rules.get(i as usize).copied().unwrap_or(NO_RULE);
            let source = T::rule(rule).unwrap_or("calling convention");
            self.by = By { source, inst: self.machine.origin(i) };
        }
    }

    fn note(&mut self, meta: Meta) {
        let mark = self.s.buffer.mark();
        self.s.meta.push((mark, meta));
    }

    /// How instruction `i` traps, if it may. Instructions are asked about in order.
    fn trap(&mut self, i: u32) -> Option<TrapCode> {
        let traps = &self.machine.traps;
        while traps.get(self.next_trap).is_some_and(|t| t.0 < i) {
            self.next_trap += 1;
        }
        traps.get(self.next_trap).filter(|t| t.0 == i).map(|t| t.1)
    }

    fn trap_code(&mut self, i: u32) -> Result<TrapCode, CodegenError> {
        self.trap(i).ok_or_else(|| CodegenError::internal("a trap without a code"))
    }

    /// An instruction that may have tags starts or ends here.
    fn point(&mut self, pos: MachDebugTagPos, i: u32) {
        if let (true, Some(inst)) = (self.options.points, self.machine.origin(i)) {
            self.note(Meta::Point(pos, inst));
        }
    }

    /// From here on the code stands for an IR instruction.
    fn stands_for(&mut self, inst: Option<u32>) {
        if self.options.origins && self.origin != inst {
            self.origin = inst;
            self.note(Meta::Origin(inst));
        }
    }

    /// Of an instruction that becomes several since `start`, the one that may trap comes next.
    #[allow(dead_code, reason = "not every machine that is switched on needs it")]
    pub(crate) fn traps_next(&mut self, start: Mark) {
        let here = self.s.buffer.mark();
        if let Some((mark, Meta::Trap(_))) = self.s.meta.last_mut()
            && *mark == start
        {
            *mark = here;
        }
    }

    /// This place.
    #[allow(dead_code, reason = "not every machine that is switched on needs it")]
    pub(crate) fn mark(&self) -> Mark {
        self.s.buffer.mark()
    }

    /// Something was done to the frame, by the instruction that ends here.
    pub(crate) fn unwind(&mut self, inst: UnwindInst) {
        self.note(Meta::Unwind(inst));
    }

    /// The code that is called by the last instruction comes back here.
    pub(crate) fn returns_here(&mut self, site: Option<u32>) {
        self.note(Meta::Return(site));
    }

    /// A new label.
    pub(crate) fn label(&mut self) -> Label {
        self.s.buffer.label()
    }

    /// Puts a label here.
    pub(crate) fn bind(&mut self, label: Label) {
        self.s.buffer.bind(label);
        if self.options.listing {
            self.s.listing.bind(self.s.buffer.mark(), label);
        }
    }

    /// A branch to a label, with its text up to the label.
    #[inline]
    pub(crate) fn branch_to(&mut self, branch: Branch, to: Label, text: &dyn Fn() -> String) {
        if self.options.listing {
            self.s.listing.add(self.s.buffer.mark(), text(), Some(to), "", self.by);
        }
        self.s.buffer.branch(branch, to);
    }

    /// Emits a row with these operands.
    #[inline]
    pub(crate) fn row(&mut self, row: u16, flags: u16, payload: u64, ops: &[u32]) -> Result<(), CodegenError> {
        self.plain(&Inst { row, flags, ops: 0, payload }, ops)
    }

    /// Emits a row whose registers are these, followed by nothing.
    pub(crate) fn regs(&mut self, row: u16, payload: u64, regs: &[PReg]) -> Result<(), CodegenError> {
        let mut ops = [NONE; 4];
        ops.iter_mut().zip(regs).for_each(|(op, r)| *op = Loc::reg(*r).0);
        self.row(row, 0, payload, &ops)
    }

    /// Emits an instruction that is one of the machine's and refers to nothing.
    #[inline]
    pub(crate) fn plain(&mut self, inst: &Inst, ops: &[u32]) -> Result<(), CodegenError> {
        if self.options.listing {
            let text = T::print(inst, ops, &self.frame.offsets, None);
            self.s.listing.add(self.s.buffer.mark(), text, None, "", self.by);
        }
        self.encode(inst, ops)
    }

    #[inline]
    fn encode(&mut self, inst: &Inst, ops: &[u32]) -> Result<(), CodegenError> {
        T::encode(inst, ops, &self.frame.offsets, &mut self.s.buffer.sink)
            .map_err(|e| CodegenError::internal(&format!("{}: {e}", T::name(inst.row))))
    }

    /// Emits an instruction whose last field refers to a symbol plus an offset, or to the constant in its payload.
    pub(crate) fn linked(&mut self, inst: &Inst, ops: &[u32], to: u32, offset: i64) -> Result<(), CodegenError> {
        let Some(field) = T::field(self, inst, to) else { return self.plain(inst, ops) };
        if self.options.listing {
            let name = match field {
                Field::Constant { bits, size } => format!("Lc{}", self.s.buffer.pool.number(bits, size)),
                Field::Symbol { .. } | Field::Pair { .. } => symbol(&self.machine.symbols[to as usize], offset),
            };
            let text = T::print(inst, ops, &self.frame.offsets, Some(&name));
            self.s.listing.add(self.s.buffer.mark(), text, None, "", self.by);
        }
        // the payload says what is referred to; the field stays zero until it is filled in
        self.encode(&Inst { payload: 0, ..*inst }, ops)?;
        match field {
            Field::Constant { bits, size } => self.s.buffer.constant_before(bits, size),
            Field::Symbol { kind, addend, size } => self.note(Meta::Reloc(kind, to, addend + offset, size)),
            Field::Pair { high, low } => {
                self.note(Meta::Reloc(high, to, offset, 8));
                self.note(Meta::Low(low, 4, 8));
            }
        }
        Ok(())
    }

    /// Emits an instruction that ends with the distance of a label in four bytes.
    pub(crate) fn near(&mut self, row: u16, ops: &[u32], to: Label) -> Result<(), CodegenError> {
        let inst = Inst { row, flags: 0, ops: 0, payload: 0 };
        if self.options.listing {
            let text = T::print(&inst, ops, &self.frame.offsets, Some("\0"));
            let (before, after) = text.split_once('\0').unwrap_or((&text, ""));
            self.s.listing.add(self.s.buffer.mark(), before.into(), Some(to), after, self.by);
        }
        self.encode(&inst, ops)?;
        let after = self.s.buffer.label();
        self.s.buffer.bind(after);
        self.s.buffer.distance(self.s.buffer.sink.len() - 4, after, to);
        Ok(())
    }

    fn block(&mut self, b: usize) -> Result<(), CodegenError> {
        self.bind(self.s.blocks[b]);
        let start = self.s.buffer.mark();
        let (first, end) = self.machine.code.blocks[b].insts;
        self.look_ahead(first, end);
        self.known = T::Known::default();
        for i in first..end {
            self.asked = self.s.asked[(i - first) as usize];
            self.edits(Place::Before(i))?;
            self.asked = self.s.asked[(i - first) as usize + 1];
            self.stands_for(self.machine.origin(i));
            self.made_by_inst(i);
            self.inst(b, i, start)?;
            self.edits(Place::After(i))?;
        }
        self.padding()
    }

    /// What is asked of the flags at each point of a block. Edits are between two points and ask nothing.
    fn look_ahead(&mut self, first: u32, end: u32) {
        let insts = &self.machine.code.insts[first as usize..end as usize];
        let asked = &mut self.s.asked;
        asked.clear();
        asked.resize(insts.len() + 1, 0);
        let mut now = 0;
        for (inst, at) in insts.iter().zip(asked.iter_mut()).rev() {
            let flags = T::FLAG_USE[inst.row as usize];
            if flags.writes {
                now = 0;
            }
            if flags.reads {
                now |= T::condition(inst);
            }
            *at = now;
        }
    }

    /// Makes distances between blocks larger, if asked to.
    fn padding(&mut self) -> Result<(), CodegenError> {
        let n = self.options.padding;
        if n > i32::MAX as u64 - self.s.buffer.sink.len() as u64 {
            return Err(CodegenError::CodeTooLarge);
        }
        let count = n as usize / T::NOP.len();
        if count > 0 {
            if self.options.listing {
                let nop = T::NOP.iter().fold(String::new(), |text, b| format!("{b:02x}{text}"));
                let text = format!(".fill {count}, {}, 0x{nop}", T::NOP.len());
                self.made_by("padding");
                self.s.listing.add(self.s.buffer.mark(), text, None, "", self.by);
            }
            self.s.buffer.sink.extend(&T::NOP.repeat(count));
        }
        Ok(())
    }

    fn edits(&mut self, place: Place) -> Result<(), CodegenError> {
        while let Some(&(at, edit)) = self.alloc.edits.get(self.next_edit) {
            if at != place {
                break;
            }
            self.next_edit += 1;
            self.edit(edit)?;
        }
        Ok(())
    }

    fn edit(&mut self, edit: Edit) -> Result<(), CodegenError> {
        self.made_by("register allocation");
        match edit {
            Edit::Exchange { a, b, .. } => {
                T::overwritten(&mut self.known, Loc::reg(a));
                T::overwritten(&mut self.known, Loc::reg(b));
                T::exchange(self, a, b)
            }
            Edit::Move { from, to, width, .. } => {
                T::overwritten(&mut self.known, to);
                match (from.as_reg(), to.as_reg()) {
                    (Some(from), Some(to)) if from == to => Ok(()),
                    (Some(from), Some(to)) => T::copy(self, to, from, width),
                    (None, Some(to)) => T::load(self, to, T::FRAME.stack_pointer, self.frame.offset(from), width),
                    (Some(from), None) => T::store(self, from, self.frame.offset(to), width),
                    (None, None) => Err(CodegenError::internal("a move from memory to memory")),
                }
            }
            Edit::Remat { inst, to } => {
                T::overwritten(&mut self.known, Loc::reg(to));
                let inst = self.machine.code.insts[inst as usize];
                self.one(&inst, &[Loc::reg(to).0])
            }
        }
    }

    /// An instruction of block `b`, whose code starts at `start`.
    fn inst(&mut self, b: usize, i: u32, start: Mark) -> Result<(), CodegenError> {
        let machine = self.machine;
        let inst = &machine.code.insts[i as usize];
        let ops = &machine.code.pool[inst.ops as usize..];
        let emission = T::EMISSION[inst.row as usize];
        match emission {
            Emission::Copy
                if T::ROWS[inst.row as usize].copy.is_some_and(|(d, u)| ops[d as usize] == ops[u as usize]) =>
            {
                return Ok(());
            }
            Emission::Test if T::is_told(&self.known, inst, ops, self.asked) => return Ok(()),
            Emission::Args => return Ok(()),
            Emission::Point => {
                self.point(MachDebugTagPos::Pre, i);
                return Ok(());
            }
            Emission::TrapIf => return self.trap_if(i, inst, ops),
            Emission::Trap => {
                let code = self.trap_code(i)?;
                self.note(Meta::Trap(code));
                return self.plain(inst, ops);
            }
            Emission::Return => return self.epilogue(),
            Emission::TailCall => return self.tail_call(i, inst, ops),
            Emission::Branch => return self.branch(b, i, inst, ops),
            Emission::Jump => return self.jump(b, start),
            Emission::Table => return self.jump_through_table(b, ops),
            Emission::Plain
            | Emission::Copy
            | Emission::Constant
            | Emission::Test
            | Emission::Linked
            | Emission::Call
            | Emission::Expand => {}
        }
        T::after(&mut self.known, inst, ops);
        if let Some(code) = self.trap(i) {
            self.note(Meta::Trap(code));
        }
        match emission {
            Emission::Call => self.call(i, inst, ops),
            _ => self.one(inst, ops),
        }
    }

    /// An instruction that goes on to the next, wherever it stands.
    fn one(&mut self, inst: &Inst, ops: &[u32]) -> Result<(), CodegenError> {
        match T::EMISSION[inst.row as usize] {
            Emission::Constant if self.asked == 0 => match T::zero(inst) {
                Some(zero) => {
                    self.known = T::Known::default();
                    self.plain(&zero, &[ops[0]; 3])
                }
                None => self.plain(inst, ops),
            },
            Emission::Linked => self.linked(inst, ops, inst.payload as u32, 0),
            Emission::Expand => T::expand(self, inst, ops),
            _ => self.plain(inst, ops),
        }
    }

    fn call(&mut self, i: u32, inst: &Inst, ops: &[u32]) -> Result<(), CodegenError> {
        let n = (inst.payload >> 32) as u32;
        let site = self.machine.sites[n as usize];
        self.linked(inst, ops, site.symbol, 0)?;
        self.returns_here(Some(n));
        self.point(MachDebugTagPos::Post, i);
        T::shift(self, -(site.popped as i32))
    }

    /// Where blocks start, those on edges too, and between which of them control goes.
    fn block_layout(&self, offsets: &Offsets, out: &mut CompiledCode) {
        let start = |label: Label| offsets.of(self.s.buffer.place(label));
        out.block_starts = self.s.blocks.iter().chain(&self.s.edge_labels).map(|&label| start(label)).collect();
        out.block_starts.sort_unstable();
        for (b, block) in self.machine.code.blocks.iter().enumerate() {
            for edge in block.succs.0..block.succs.1 {
                let (from, to) = (self.s.blocks[b], self.edge_label(edge));
                out.block_edges.push((start(from), start(to)));
                let target = self.s.blocks[self.machine.code.edges[edge as usize].to as usize];
                if to != target {
                    out.block_edges.push((start(to), start(target)));
                }
            }
        }
    }

    fn finish(self) -> Result<CompiledCode, CodegenError> {
        let alignment = 16.max(1 << self.options.align_log2.min(31));
        // the frame pointer is saved just below the return address
        let frame_to_fp = (self.frame.offsets.returns as u32).saturating_sub(8);
        let (frame_size, slots) = (self.frame.total(), self.frame.offsets.slots as u32);
        let mut out = CompiledCode { alignment, frame_size, frame_to_fp, ..CompiledCode::default() };
        let offsets = self.s.buffer.finish(&mut out.code)?;
        if self.options.blocks {
            self.block_layout(&offsets, &mut out);
        }
        if self.options.listing {
            let buffer = &self.s.buffer;
            let places = buffer.pool.offsets(offsets.of(buffer.mark()) as usize, |_| true);
            let constants = buffer.pool.constants().iter().zip(&places);
            out.lines = self.s.listing.finish(&offsets, &buffer.ends(), constants);
        }
        for (mark, meta) in self.s.meta.drain(..) {
            let offset = offsets.of(mark);
            match meta {
                Meta::Trap(code) => out.traps.push(MachTrap { offset, code }),
                Meta::Return(site) => {
                    out.returns.push(offset);
                    let site = site.map(|n| self.machine.sites[n as usize]);
                    if site.is_some_and(|s| s.patchable) {
                        out.patchable.push((offset, T::CALL_SIZE));
                    }
                    let map = site.and_then(|s| self.machine.stack_maps.get(s.stack_map as usize));
                    out.stack_maps.extend(map.map(|entries| (offset, UserStackMap::new(entries, |_| slots))));
                }
                Meta::Point(pos, inst) => out.points.push((offset, pos, inst)),
                Meta::Origin(inst) => out.origins.push((offset, inst)),
                Meta::Unwind(inst) => out.unwind.push((offset, inst)),
                Meta::Low(kind, back, high) => {
                    let target = FinalizedRelocTarget::Func(offset - high);
                    out.relocs.push(MachRelocBase { offset: offset - back, kind, addend: 0, target });
                }
                Meta::Reloc(kind, symbol, addend, back) => {
                    let name = self.machine.symbols[symbol as usize].clone();
                    let target = FinalizedRelocTarget::ExternalName(name);
                    out.relocs.push(MachRelocBase { offset: offset - back, kind, addend, target });
                }
            }
        }
        Ok(out)
    }
}
