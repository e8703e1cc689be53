//! Emission of a whole function: block after block, instructions with the allocator's edits between them, branches to
//! what does not follow anyway, blocks on edges and trap sites at the end. Needs allocated code, the frame, the encoder;
//! leaves [`CompiledCode`].

use super::branch::{self, jcc_kind};
use super::encode::{CC, FrameOffsets, SCALE, encode};
use super::frame::Frame;
use super::lower::generated;
use super::rows::*;
use super::{asm, insts};
use crate::binemit::Reloc;
use crate::buffer::{Buffer, Label, Mark, Offsets};
use crate::compiled::*;
use crate::error::CodegenError;
use crate::isa::unwind::UnwindInst;
use crate::options::Options;
use crate::vcode::{NO_RULE, VCode};
use windlass_desc::env::TrapCode;
use windlass_desc::x64::flags::Cc;
use windlass_ir::ir::UserStackMap;
use windlass_regalloc::{Allocation, Class, Edit, Inst, Loc, LocKind, NONE, PReg, Place};

mod flags;
mod flow;
mod leave;
use flags::{FlagsAhead, FlagsBehind};

/// The condition of an instruction.
fn condition(inst: &Inst) -> Cc {
    Cc::from_number((inst.flags >> CC) as u8)
}

/// Something bound to a place: moved when the code is assembled.
enum Meta {
    Trap(TrapCode),
    /// Kind, symbol, addend, and how far before the mark the field starts.
    Reloc(Reloc, u32, i64, u32),
    /// Of a call of the IR, which site it is.
    Return(Option<u32>),
    /// Of an IR instruction that may have tags.
    Point(MachDebugTagPos, u32),
    Origin(Option<u32>),
    Unwind(UnwindInst),
    Line(String, String, Option<u32>),
}

/// `xor r, r`, a zero.
const CLEAR: Inst = Inst { row: XOR32_RR, flags: 0, ops: 0, payload: 0 };

/// Memory kept between functions.
#[derive(Default)]
pub struct Scratch {
    buffer: Buffer,
    meta: Vec<(Mark, Meta)>,
    /// Trap sites out of line, with the instruction each belongs to.
    deferred: Vec<(Label, TrapCode, u32)>,
    /// Tables to jump through: their edges, and whether the first one has an entry too.
    tables: Vec<(Label, u32, u32, bool)>,
    blocks: Vec<Label>,
    /// Per edge: its block, if it has one, as an index into the allocation's list.
    edge_block: Vec<u32>,
    edge_labels: Vec<Label>,
    /// Which of these stand already.
    edge_placed: Vec<bool>,
}

struct Emitter<'a> {
    machine: &'a VCode,
    alloc: &'a Allocation,
    frame: &'a Frame,
    offsets: FrameOffsets,
    s: &'a mut Scratch,
    options: &'a Options,
    /// The IR instruction that the code being emitted stands for.
    origin: Option<u32>,
    next_edit: usize,
    flags: FlagsAhead,
    /// What the flags tell of a register, if anything.
    behind: Option<FlagsBehind>,
}

/// Emits the function.
pub fn emit(
    machine: &VCode,
    alloc: &Allocation,
    frame: &Frame,
    s: &mut Scratch,
    options: &Options,
) -> Result<CompiledCode, CodegenError> {
    s.buffer.start(&branch::BRANCHES);
    s.meta.clear();
    s.deferred.clear();
    s.tables.clear();
    let mut e = Emitter {
        machine,
        alloc,
        frame,
        offsets: frame.offsets,
        s,
        options,
        origin: None,
        next_edit: 0,
        flags: FlagsAhead::default(),
        behind: None,
    };
    e.labels();
    e.prologue()?;
    for b in 0..machine.code.blocks.len() {
        e.block(b)?;
    }
    e.edge_blocks()?;
    e.trap_sites();
    e.tables();
    e.finish()
}

impl Emitter<'_> {
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

    fn line(&mut self, text: impl FnOnce() -> String, source: &str, inst: Option<u32>) {
        if self.options.listing {
            let mark = self.s.buffer.mark();
            self.s.meta.push((mark, Meta::Line(text(), source.into(), inst)));
        }
    }

    /// What chose an instruction.
    fn source(&self, i: u32) -> &'static str {
        let rule = self.machine.rules.get(i as usize).copied().unwrap_or(NO_RULE);
        generated::RULES.get(rule as usize).copied().unwrap_or("calling convention")
    }

    fn trap_code(&self, i: u32) -> Result<TrapCode, CodegenError> {
        self.machine.trap(i).ok_or_else(|| CodegenError::internal("a trap without a code"))
    }

    fn trap_here(&mut self, code: TrapCode) {
        let mark = self.s.buffer.mark();
        self.s.meta.push((mark, Meta::Trap(code)));
    }

    /// An instruction that may have tags starts or ends here.
    fn point(&mut self, pos: MachDebugTagPos, i: Option<u32>) {
        if let (true, Some(inst)) = (self.options.points, i.and_then(|i| self.machine.origin(i))) {
            let mark = self.s.buffer.mark();
            self.s.meta.push((mark, Meta::Point(pos, inst)));
        }
    }

    /// What was called comes back here.
    fn returns_here(&mut self, site: Option<u32>) {
        let mark = self.s.buffer.mark();
        self.s.meta.push((mark, Meta::Return(site)));
    }

    /// How calls of a symbol are linked: a linker may go through a stub only if the code says so.
    fn call_reloc(&self, symbol: u32) -> Reloc {
        let stub = self.options.pic && !self.machine.near[symbol as usize];
        if stub { Reloc::X86CallPLTRel4 } else { Reloc::X86CallPCRel4 }
    }

    /// Emits a row that no instruction stands for.
    fn emit_row(&mut self, row: u16, flags: u16, payload: u64, ops: &[u32], source: &str) -> Result<(), CodegenError> {
        let inst = Inst { row, flags, ops: 0, payload };
        let offsets = self.offsets;
        self.line(|| asm::print(&inst, ops, &offsets), source, None);
        encode(&SPECS[row as usize], &inst, ops, &offsets, &mut self.s.buffer.sink)
            .map_err(|e| CodegenError::internal(&format!("{}: {e}", asm::name(row))))
    }

    /// From here on the code stands for an IR instruction.
    fn stands_for(&mut self, inst: Option<u32>) {
        if self.options.origins && self.origin != inst {
            self.origin = inst;
            let mark = self.s.buffer.mark();
            self.s.meta.push((mark, Meta::Origin(inst)));
        }
    }

    /// Something was done to the frame, by the instruction that ends here.
    fn unwind(&mut self, inst: UnwindInst) {
        let mark = self.s.buffer.mark();
        self.s.meta.push((mark, Meta::Unwind(inst)));
    }

    /// Adds to the stack pointer.
    fn shift(&mut self, by: i32, source: &str) {
        if by != 0 {
            self.line(|| format!("{} rsp, {}", if by < 0 { "sub" } else { "add" }, by.unsigned_abs()), source, None);
            insts::adjust_rsp(&mut self.s.buffer.sink, by);
        }
    }

    /// Makes the frame larger, or smaller.
    fn adjust(&mut self, by: i32, source: &str) {
        self.shift(by, source);
        if by != 0 {
            let size = by.unsigned_abs();
            self.unwind(if by < 0 { UnwindInst::StackAlloc { size } } else { UnwindInst::StackFree { size } });
        }
    }

    fn block(&mut self, b: usize) -> Result<(), CodegenError> {
        let label = self.s.blocks[b];
        self.s.buffer.bind(label);
        let start = self.s.buffer.mark();
        let (first, end) = self.machine.code.blocks[b].insts;
        self.flags = FlagsAhead::of(end);
        self.behind = None;
        for i in first..end {
            self.flags.next = i;
            self.edits(Place::Before(i))?;
            let inst = self.machine.code.insts[i as usize];
            self.flags.next = i + 1;
            self.stands_for(self.machine.origin(i));
            match FLOW[inst.row as usize] {
                windlass_desc::x64::Flow::Terminator => self.terminator(b, i, &inst, start)?,
                _ => self.inst(i, &inst)?,
            }
            self.edits(Place::After(i))?;
        }
        self.padding()
    }

    /// Makes distances between blocks larger, if asked to.
    fn padding(&mut self) -> Result<(), CodegenError> {
        let n = self.options.padding;
        if n > i32::MAX as u64 - self.s.buffer.sink.len() as u64 {
            return Err(CodegenError::CodeTooLarge);
        }
        insts::nop(&mut self.s.buffer.sink, n as usize);
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
        if self.options.listing {
            let text = self.edit_text(edit);
            self.line(|| text, "register allocation", None);
        }
        self.after_edit(edit);
        let sink = &mut self.s.buffer.sink;
        match edit {
            Edit::Exchange { a, b, class: Class::Int } => insts::xchg(sink, a.hw(), b.hw()),
            Edit::Exchange { .. } => return Err(CodegenError::internal("an exchange of vector registers")),
            Edit::Move { from, to, width, .. } => match (from.as_reg(), to.as_reg()) {
                (Some(from), Some(to)) if from == to => {}
                (Some(from), Some(to)) => insts::move_reg(sink, to, from, width),
                (None, Some(to)) => insts::load(sink, to, self.frame.offset(from), width),
                (Some(from), None) => insts::store(sink, self.frame.offset(to), from, width),
                (None, None) => return Err(CodegenError::internal("a move from memory to memory")),
            },
            Edit::Remat { inst, to } => {
                let (inst, to) = (self.machine.code.insts[inst as usize], Loc::reg(to).0);
                return match self.is_cleared(&inst) {
                    true => self.clear(to, None),
                    false => self.special_or_plain(&inst, &[to], None),
                };
            }
        }
        Ok(())
    }

    /// An edit in assembler syntax.
    fn edit_text(&mut self, edit: Edit) -> String {
        let loc = |l: Loc, width: u8| match l.as_reg() {
            Some(r) if r.class() == Class::Vec => windlass_desc::x64::regs::vector_name(r.hw()),
            Some(r) => windlass_desc::x64::regs::name(r.hw(), width as u16 * 8),
            None => format!("[rsp + {}]", self.frame.offset(l)),
        };
        match edit {
            Edit::Move { from, to, width, .. } => format!("mov {}, {}", loc(to, width), loc(from, width)),
            Edit::Exchange { a, b, .. } => format!("xchg {}, {}", loc(Loc::reg(a), 8), loc(Loc::reg(b), 8)),
            Edit::Remat { inst, to } if self.is_cleared(&self.machine.code.insts[inst as usize]) => {
                asm::print(&CLEAR, &[Loc::reg(to).0; 3], &self.offsets)
            }
            Edit::Remat { inst, to } => {
                asm::print(&self.machine.code.insts[inst as usize], &[Loc::reg(to).0], &self.offsets)
            }
        }
    }

    /// An instruction that goes on to the next.
    fn inst(&mut self, i: u32, inst: &Inst) -> Result<(), CodegenError> {
        let code = &self.machine.code;
        if inst.row == TRAP_IF {
            let label = self.s.buffer.label();
            self.list(i, inst, &[]);
            self.s.deferred.push((label, self.trap_code(i)?, i));
            let over = self.s.buffer.label();
            self.branch_if(condition(inst), label, over);
            self.s.buffer.bind(over);
            return Ok(());
        }
        let ops = &code.pool[inst.ops as usize..];
        if matches!(inst.row, MOV64_RR | MOVF128_RR) && ops[0] == ops[1] {
            return Ok(());
        }
        if self.is_cleared(inst) {
            return self.clear(ops[0], Some(i));
        }
        if self.is_told(i, inst, ops) {
            return Ok(());
        }
        self.after_inst(inst, ops);
        if let Some(code) = self.machine.trap(i) {
            self.trap_here(code);
        }
        self.special_or_plain(inst, ops, Some(i))
    }

    /// Makes a register zero by the instruction that changes flags.
    fn clear(&mut self, to: u32, i: Option<u32>) -> Result<(), CodegenError> {
        self.behind = None;
        self.special_or_plain(&CLEAR, &[to; 3], i)
    }

    /// Is it a zero that may change flags? Then it takes two bytes instead of five.
    fn is_cleared(&mut self, inst: &Inst) -> bool {
        inst.row == MOV32_RW && inst.payload as u32 == 0 && !self.flags.read(&self.machine.code.insts)
    }

    fn list(&mut self, i: u32, inst: &Inst, ops: &[u32]) {
        let offsets = self.offsets;
        let source = self.source(i);
        let origin = self.machine.origin(i);
        let symbols = &self.machine.symbols;
        let text = || match inst.row {
            CALL | TAIL_CALL => {
                let site = &self.machine.sites[(inst.payload >> 32) as usize];
                format!("{} {}", TEXT[inst.row as usize].mnemonic, symbols[site.symbol as usize].display(None))
            }
            TAIL_CALL_REG => format!("jmp {}", windlass_desc::x64::regs::name(ops[0] as u8, 64)),
            SYM_FAR if self.options.pic => {
                let symbol = symbols[inst.payload as u32 as usize].display(None);
                let r = windlass_desc::x64::regs::name(ops[0] as u8, 64);
                format!("mov {r}, qword ptr [rip + {symbol}@GOTPCREL]")
            }
            SYM_NEAR | SYM_FAR => {
                let symbol = symbols[inst.payload as u32 as usize].display(None);
                format!("{}, {symbol}", asm::print(inst, ops, &offsets))
            }
            CALL_REG => format!("call {}", windlass_desc::x64::regs::name(ops[0] as u8, 64)),
            _ => asm::print(inst, ops, &offsets),
        };
        if self.options.listing {
            let text = text();
            self.line(|| text, source, origin);
        }
    }

    fn special_or_plain(&mut self, inst: &Inst, ops: &[u32], i: Option<u32>) -> Result<(), CodegenError> {
        if let Some(i) = i
            && inst.row != ARGS
            && inst.row != NOP
        {
            self.list(i, inst, ops);
        }
        let (low, high) = (inst.payload as u32, (inst.payload >> 32) as u32);
        let sink = &mut self.s.buffer.sink;
        match inst.row {
            ARGS => {}
            NOP => self.point(MachDebugTagPos::Pre, i),
            CALL => {
                let site = self.machine.sites[high as usize];
                let field = insts::call32(sink, 0);
                self.reloc(field, self.call_reloc(site.symbol), site.symbol, -4);
                self.returns_here(Some(high));
                self.point(MachDebugTagPos::Post, i);
                self.shift(-(site.popped as i32), "calling convention");
            }
            CALL_REG => {
                let site = self.machine.sites[high as usize];
                let r = self.reg(ops[0])?;
                insts::call_reg(&mut self.s.buffer.sink, r);
                self.returns_here(Some(high));
                self.point(MachDebugTagPos::Post, i);
                self.shift(-(site.popped as i32), "calling convention");
            }
            SELECTF32_RR | SELECTF64_RR => self.select(inst, ops)?,
            SYM_NEAR => {
                let r = self.reg(ops[0])?;
                let field = insts::lea_rip(&mut self.s.buffer.sink, r, 0);
                self.reloc(field, Reloc::X86PCRel4, low, -4);
            }
            SYM_FAR if self.options.pic => {
                let r = self.reg(ops[0])?;
                let field = insts::load_rip(&mut self.s.buffer.sink, r, 0);
                self.reloc(field, Reloc::X86GOTPCRel4, low, -4);
            }
            SYM_FAR => {
                let r = self.reg(ops[0])?;
                let field = insts::movabs(&mut self.s.buffer.sink, r, 0);
                self.reloc(field, Reloc::Abs8, low, 0);
            }
            GET_REG => insts::move_reg(sink, PReg(ops[0] as u8), PReg::new(Class::Int, low as u8), 8),
            SET_REG => insts::move_reg(sink, PReg::new(Class::Int, low as u8), PReg(ops[0] as u8), 8),
            row => {
                let spec = &SPECS[row as usize];
                encode(spec, inst, ops, &self.offsets, sink)
                    .map_err(|e| CodegenError::internal(&format!("{}: {e}", asm::name(row))))?;
                if matches!(spec.shape, Shape::Pool | Shape::VexPool) {
                    self.constant(inst.payload, spec.width);
                }
            }
        }
        Ok(())
    }

    /// The instruction that ends here has a constant of so many bits.
    fn constant(&mut self, payload: u64, width: u8) {
        let bits = payload & u64::MAX >> (64 - width);
        self.s.buffer.constant_before(bits.into(), width / 8);
    }

    fn reg(&self, loc: u32) -> Result<u8, CodegenError> {
        match Loc(loc).kind() {
            LocKind::Reg(r) if r.class() == Class::Int => Ok(r.hw()),
            _ => Err(CodegenError::internal("an operand is not in a register")),
        }
    }

    fn vector(&self, loc: u32) -> Result<PReg, CodegenError> {
        match Loc(loc).kind() {
            LocKind::Reg(r) if r.class() == Class::Vec => Ok(r),
            _ => Err(CodegenError::internal("an operand is not in a vector register")),
        }
    }

    /// A copy that a branch goes around.
    fn select(&mut self, inst: &Inst, ops: &[u32]) -> Result<(), CodegenError> {
        let (to, from) = (self.vector(ops[0])?, self.vector(ops[2])?);
        let (copy, over) = (self.s.buffer.label(), self.s.buffer.label());
        self.branch_if(condition(inst).complement(), over, copy);
        self.s.buffer.bind(copy);
        insts::move_reg(&mut self.s.buffer.sink, to, from, 16);
        self.s.buffer.bind(over);
        Ok(())
    }

    fn reloc(&mut self, field: usize, kind: Reloc, symbol: u32, addend: i64) {
        let mark = self.s.buffer.mark();
        let back = (self.s.buffer.sink.len() - field) as u32;
        self.s.meta.push((mark, Meta::Reloc(kind, symbol, addend, back)));
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
        let frame_to_fp = (self.offsets.returns as u32).saturating_sub(8);
        let (frame_size, slots) = (self.frame.total(), self.offsets.slots as u32);
        let mut out = CompiledCode { alignment, frame_size, frame_to_fp, ..CompiledCode::default() };
        let offsets = self.s.buffer.finish(&mut out.code)?;
        if self.options.blocks {
            self.block_layout(&offsets, &mut out);
        }
        for (mark, meta) in self.s.meta.drain(..) {
            let offset = offsets.of(mark);
            match meta {
                Meta::Trap(code) => out.traps.push(MachTrap { offset, code }),
                Meta::Return(site) => {
                    out.returns.push(offset);
                    let site = site.map(|n| self.machine.sites[n as usize]);
                    if site.is_some_and(|s| s.patchable) {
                        out.patchable.push((offset, insts::CALL_SIZE as u32));
                    }
                    let map = site.and_then(|s| self.machine.stack_maps.get(s.stack_map as usize));
                    out.stack_maps.extend(map.map(|entries| (offset, UserStackMap::new(entries, |_| slots))));
                }
                Meta::Point(pos, inst) => out.points.push((offset, pos, inst)),
                Meta::Origin(inst) => out.origins.push((offset, inst)),
                Meta::Unwind(inst) => out.unwind.push((offset, inst)),
                Meta::Line(text, source, inst) => out.lines.push(Line { offset, text, source, inst }),
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

fn name(r: PReg) -> String {
    windlass_desc::x64::regs::name(r.hw(), 64)
}
