//! Calls, returns and the entry of functions on x86-64, and other control flow without rules. Results that no register
//! has are in a *return area*: the caller keeps it above the stack arguments and passes its address. Needs
//! [`crate::abi`], [`super::abi`] and [`crate::lower`].

use super::abi::{TAIL_CALLEE, clobbers, convention};
use super::emit::PROBESTACK;
use super::encode::{BASE, Base};
use super::frame::slack;
use super::rows::*;
use crate::abi::{Piece, Place, Places};
use crate::error::{CodegenError, CodegenResult};
use crate::lower::{Lower, Parts, has_effect};
use crate::vcode::{CallSite, Limit};
use windlass_desc::types::{I8, I16, I32, I64};
use windlass_ir::ir::instructions::InstructionData;
use windlass_ir::ir::{
    AbiParam, ArgumentExtension, ArgumentPurpose, Block, GlobalValueData, Inst, Signature, UserStackMapEntry, Value,
};
use windlass_ir::isa::CallConv;
use windlass_regalloc::{Class, Constraint, NONE, Operand, PReg, RegSet, Role, VReg};

/// The row that extends a narrow value as a parameter asks, if it asks.
fn extension(p: &AbiParam) -> Option<u16> {
    match (p.extension, p.value_type) {
        (ArgumentExtension::Uext, I8) => Some(MOVZX8_32_RR),
        (ArgumentExtension::Uext, I16) => Some(MOVZX16_32_RR),
        (ArgumentExtension::Uext, I32) => Some(MOV32_RR),
        (ArgumentExtension::Sext, I8) => Some(MOVSX8_64_RR),
        (ArgumentExtension::Sext, I16) => Some(MOVSX16_64_RR),
        (ArgumentExtension::Sext, I32) => Some(MOVSX32_64_RR),
        _ => None,
    }
}

fn operand(role: Role, p: Piece, constraint: Constraint) -> Operand {
    Operand { role, class: p.class, width: p.width, constraint }
}

/// Where memory of the convention is.
#[derive(Clone, Copy)]
enum Memory {
    /// So far from the incoming arguments.
    Incoming(u64),
    /// So far from the outgoing arguments.
    Outgoing(u64),
    /// So far from the address in a register.
    At(VReg, u64),
}

/// Loads a piece, or stores it.
fn access(c: &mut Lower<'_>, row: u16, reg: VReg, at: Memory) {
    let (kind, base, disp) = match at {
        Memory::Incoming(n) => (Base::Incoming, NONE, n),
        Memory::Outgoing(n) => (Base::Outgoing, NONE, n),
        Memory::At(r, n) => (Base::Regs, r.0, n),
    };
    c.start(row);
    let stores = SPECS[row as usize].rm == 0;
    let operands = if stores { [base, NONE, reg.0] } else { [reg.0, base, NONE] };
    operands.into_iter().for_each(|r| c.def_vreg(VReg(r)));
    let p = c.pending();
    p.flags |= (kind as u16) << BASE;
    p.payload |= disp;
    c.end();
}

/// The rows that load and store a piece.
fn memory_rows(p: Piece) -> CodegenResult<(u16, u16)> {
    match (p.class, p.width) {
        (Class::Int, 8) => Ok((MOV64_RM, MOV64_MR)),
        (Class::Vec, 4) => Ok((MOVF32_RM, MOVF32_MR)),
        (Class::Vec, 8) => Ok((MOVF64_RM, MOVF64_MR)),
        (class, width) => {
            let what = format!("results of class {class:?} and {width} bytes in memory");
            Err(CodegenError::unsupported(what))
        }
    }
}

/// Values on their way out: what the instruction takes, and what has to be emitted before it.
#[derive(Default)]
struct Outgoing {
    operands: Vec<(VReg, Operand)>,
    extend: Vec<(u16, VReg, Value)>,
    /// Integers of 128 bits whose address is passed: where it is wanted, their halves, and where the copy is among the
    /// outgoing arguments.
    references: Vec<(VReg, Parts, u64)>,
    /// Addresses, where the bytes there go among the outgoing arguments, and how many they are.
    copies: Vec<(VReg, u32, u32)>,
}

impl Outgoing {
    /// The registers of a value, extended as the parameter asks.
    fn regs(&mut self, c: &mut Lower<'_>, v: Value, p: &AbiParam) -> Parts {
        match extension(p) {
            Some(row) => {
                let t = c.temp();
                self.extend.push((row, t, v));
                smallvec::smallvec![t]
            }
            None => c.parts(v),
        }
    }

    fn pass(&mut self, reg: VReg, p: Piece) {
        let constraint = match p.at {
            Place::Reg(r) => Constraint::Fixed(r),
            Place::Stack(n) => Constraint::Outgoing(n),
            Place::Copy { at, size } => return self.copies.push((reg, at, size)),
        };
        self.operands.push((reg, operand(Role::Use, p, constraint)));
    }

    fn args(&mut self, c: &mut Lower<'_>, args: &[Value], sig: &Signature, places: &Places) {
        let mut copy = places.stack + places.area_size;
        for ((&v, p), pieces) in args.iter().zip(&sig.params).zip(&places.args) {
            let mut regs = self.regs(c, v, p);
            if regs.len() > pieces.len() {
                let halves = std::mem::replace(&mut regs, smallvec::smallvec![c.temp()]);
                self.references.push((regs[0], halves, copy));
                copy += 16;
            }
            for (reg, &piece) in regs.into_iter().zip(pieces) {
                self.pass(reg, piece);
            }
        }
    }

    /// Emits the extensions and copies.
    fn finish(self, c: &mut Lower<'_>) {
        for (address, halves, at) in self.references {
            access(c, LEA64_RM, address, Memory::Outgoing(at));
            store_halves(c, &halves, at);
        }
        for (from, to, size) in self.copies {
            copy(c, from, to, size);
        }
        for (row, t, v) in self.extend {
            c.start(row);
            c.def_vreg(t);
            c.use_val(v);
            c.end();
        }
    }
}

/// Stores an integer of 128 bits among the outgoing arguments.
fn store_halves(c: &mut Lower<'_>, halves: &[VReg], to: u64) {
    for (&half, at) in halves.iter().zip([to, to + 8]) {
        access(c, MOV64_MR, half, Memory::Outgoing(at));
    }
}

/// Loads an integer of 128 bits from there.
fn load_halves(c: &mut Lower<'_>, halves: &[VReg], from: u64) {
    for (&half, at) in halves.iter().zip([from, from + 8]) {
        access(c, MOV64_RM, half, Memory::Outgoing(at));
    }
}

/// Structures of more bytes than these are copied by an instruction that loops.
const UNROLLED_COPY: u32 = 256;

/// Copies `size` bytes at an address to the outgoing arguments.
fn copy(c: &mut Lower<'_>, from: VReg, to: u32, size: u32) {
    let mut at = if size > UNROLLED_COPY { size & !7 } else { 0 };
    if at > 0 {
        copy_words(c, from, to, at / 8);
    }
    for (width, load, store) in
        [(8, MOV64_RM, MOV64_MR), (4, MOV32_RM, MOV32_MR), (2, MOVZX16_32_RM, MOV16_MR), (1, MOVZX8_32_RM, MOV8_MR)]
    {
        while size - at >= width {
            let t = c.temp();
            access(c, store, t, Memory::Outgoing((to + at) as u64));
            access(c, load, t, Memory::At(from, at as u64));
            at += width;
        }
    }
}

/// Copies `count` words of 64 bits at an address to the outgoing arguments.
fn copy_words(c: &mut Lower<'_>, from: VReg, to: u32, count: u32) {
    let (start, n) = (c.temp(), c.temp());
    let after = [c.temp(), c.temp(), c.temp()];
    c.start(COPY_WORDS64);
    after.into_iter().chain([start, from, n]).for_each(|r| c.def_vreg(r));
    c.end();
    c.start(MOV32_RW);
    c.def_vreg(n);
    c.pending().payload = count as u64;
    c.end();
    access(c, LEA64_RM, start, Memory::Outgoing(to as u64));
}

/// `return`
pub fn return_(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let (func, places) = (c.func, c.given.places);
    let mut out = Outgoing::default();
    let (mut stores, mut whole) = (vec![], None);
    for ((&v, p), pieces) in func.dfg.inst_args(i).iter().zip(&func.signature.returns).zip(&places.results) {
        let mut regs = out.regs(c, v, p);
        if regs.len() > pieces.len() {
            let halves = std::mem::replace(&mut regs, smallvec::smallvec![c.wide_temp()]);
            whole = Some((regs[0], halves));
        }
        for (reg, &piece) in regs.into_iter().zip(pieces) {
            match piece.at {
                Place::Reg(_) => out.pass(reg, piece),
                Place::Stack(n) => stores.push((memory_rows(piece)?.1, reg, n)),
                Place::Copy { .. } => return Err(CodegenError::internal("a result is copied")),
            }
        }
    }
    if let Some((v, at)) = struct_return(c)? {
        let reg = c.val(v);
        out.operands.push((reg, operand(Role::Use, POINTER, Constraint::Fixed(at))));
    }
    c.has_effect_of(i);
    c.listed(LEAVE, &out.operands, RegSet::EMPTY, 0);
    for (row, reg, n) in stores {
        let area = return_area(c);
        access(c, row, reg, Memory::At(area, n as u64));
    }
    if let Some((reg, halves)) = whole {
        access(c, MOVF128_RM, reg, Memory::Outgoing(0));
        store_halves(c, &halves, 0);
        c.vcode.outgoing = c.vcode.outgoing.max(16);
    }
    out.finish(c);
    Ok(())
}

/// The parameter with the address of the structure that the function returns, and the register that it comes back in.
fn struct_return(c: &Lower<'_>) -> CodegenResult<Option<(Value, PReg)>> {
    let func = c.func;
    let Some(n) = func.signature.special_param_index(ArgumentPurpose::StructReturn) else { return Ok(None) };
    let entry = func.layout.entry_block().ok_or_else(|| CodegenError::internal("no entry"))?;
    let regs = convention(func.signature.call_conv)?.results[Class::Int as usize];
    Ok(func.dfg.block_params(entry).get(n).copied().zip(regs.first().copied()))
}

/// The address of the function's own return area.
fn return_area(c: &mut Lower<'_>) -> VReg {
    match c.return_area {
        Some(r) => r,
        None => {
            let r = c.temp();
            c.return_area = Some(r);
            r
        }
    }
}

/// What is called, and with what.
pub(super) struct Callee<'a> {
    /// Its signature.
    pub sig: &'a Signature,
    /// Its symbol, or [`NONE`].
    pub symbol: u32,
    /// The arguments.
    pub args: &'a [Value],
    /// The address, if there is no symbol.
    pub address: Option<Value>,
    /// The call may be overwritten later.
    pub patchable: bool,
}

/// The callee of a `call` or a `return_call`.
fn direct<'a>(c: &mut Lower<'a>, i: Inst) -> CodegenResult<Callee<'a>> {
    let func = c.func;
    let InstructionData::Call { func_ref, .. } = func.dfg.insts[i] else {
        return Err(CodegenError::internal("a call that is none"));
    };
    let callee = &func.dfg.ext_funcs[func_ref];
    let symbol = c.placed_symbol_number(callee.name.clone(), callee.colocated);
    let (sig, patchable) = (&func.dfg.signatures[callee.signature], callee.patchable);
    Ok(Callee { sig, symbol, args: func.dfg.inst_args(i), address: None, patchable })
}

/// The callee of a `call_indirect` or a `return_call_indirect`.
fn indirect<'a>(c: &Lower<'a>, i: Inst) -> CodegenResult<Callee<'a>> {
    let func = c.func;
    let InstructionData::CallIndirect { sig_ref, .. } = func.dfg.insts[i] else {
        return Err(CodegenError::internal("a call that is none"));
    };
    let (&callee, args) = func.dfg.inst_args(i).split_first().ok_or_else(|| CodegenError::internal("no callee"))?;
    let sig = &func.dfg.signatures[sig_ref];
    Ok(Callee { sig, symbol: NONE, args, address: Some(callee), patchable: false })
}

/// `call`
pub fn call(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let callee = direct(c, i)?;
    emit_call(c, i, CALL, &callee)
}

/// `call_indirect`
pub fn call_indirect(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let callee = indirect(c, i)?;
    emit_call(c, i, CALL_REG, &callee)
}

const POINTER: Piece = Piece { class: Class::Int, width: 8, at: Place::Stack(0) };

/// A call that gives the results of `i`.
pub(super) fn emit_call(c: &mut Lower<'_>, i: Inst, row: u16, callee: &Callee<'_>) -> CodegenResult<()> {
    let (func, sig) = (c.func, callee.sig);
    let conv = convention(sig.call_conv)?;
    let places = Places::new(sig, conv, c.given.options)?;
    let popped = if conv.callee_pops { places.stack as u32 } else { 0 };
    if callee.patchable {
        check_patchable(c, callee, popped)?;
    }
    let mut out = Outgoing::default();
    if let Some(v) = callee.address {
        let reg = c.val(v);
        out.operands.push((reg, operand(Role::Use, POINTER, Constraint::Reg)));
    }
    let area = places.area.map(|piece| (c.temp(), piece));
    if let Some((reg, piece)) = area {
        out.pass(reg, piece);
    }
    out.args(c, callee.args, sig, &places);
    let mut lost = clobbers(conv);
    let (mut loads, mut whole) = (vec![], None);
    for (&v, pieces) in func.dfg.inst_results(i).iter().zip(&places.results) {
        let mut regs = c.parts_of(v)?;
        if regs.len() > pieces.len() {
            let halves = std::mem::replace(&mut regs, smallvec::smallvec![c.wide_temp()]);
            whole = Some((regs[0], halves));
        }
        for (reg, &piece) in regs.into_iter().zip(pieces) {
            match piece.at {
                Place::Reg(r) => {
                    out.operands.push((reg, operand(Role::Def, piece, Constraint::Fixed(r))));
                    lost = lost.without(r);
                }
                Place::Stack(n) => loads.push((memory_rows(piece)?.0, reg, places.stack + n as u64)),
                Place::Copy { .. } => return Err(CodegenError::internal("a result is copied")),
            }
        }
    }
    for (row, reg, n) in loads {
        access(c, row, reg, Memory::Outgoing(n));
    }
    let whole_result = whole.is_some();
    if let Some((reg, halves)) = whole {
        load_halves(c, &halves, 0);
        access(c, MOVF128_MR, reg, Memory::Outgoing(0));
    }
    // a pure operation may be a call too
    if has_effect(func, i) {
        c.has_effect_of(i);
    }
    let site = c.vcode.sites.len() as u32;
    let stack_map = stack_map(c, i)?;
    c.vcode.sites.push(CallSite { symbol: callee.symbol, popped, patchable: callee.patchable, stack_map });
    c.listed(row, &out.operands, lost, site);
    if let Some((reg, _)) = area {
        access(c, LEA64_RM, reg, Memory::Outgoing(places.stack));
    }
    out.finish(c);
    c.vcode.calls = true;
    // a result in a vector register goes through memory where arguments were
    let outgoing = (places.stack + places.area_size + places.copies).max(if whole_result { 16 } else { 0 });
    c.vcode.outgoing = c.vcode.outgoing.max(outgoing);
    Ok(())
}

/// What is overwritten must leave nothing behind that the code after it counts on.
fn check_patchable(c: &Lower<'_>, callee: &Callee<'_>, popped: u32) -> CodegenResult<()> {
    let why = match callee {
        Callee { sig, .. } if !sig.returns.is_empty() => "with results",
        Callee { symbol, .. } if !c.vcode.near[*symbol as usize] => "of functions that are not colocated",
        _ if popped > 0 => "whose callee removes stack arguments",
        _ => return Ok(()),
    };
    Err(CodegenError::unsupported(format!("patchable calls {why}")))
}

/// The number of a call's stack map, or [`NONE`].
fn stack_map(c: &mut Lower<'_>, i: Inst) -> CodegenResult<u32> {
    let Some(entries) = c.func.dfg.user_stack_map_entries(i).filter(|entries| !entries.is_empty()) else {
        return Ok(NONE);
    };
    let mut placed = Vec::with_capacity(entries.len());
    for entry in entries {
        let aligned = c.func.sized_stack_slots.get(entry.slot).map_or(0, |slot| slot.align_shift);
        if slack(1 << aligned.min(63)) > 0 {
            return Err(CodegenError::unsupported("stack maps of stack slots aligned above 16"));
        }
        let slot = c.given.slots.get(entry.slot.as_u32() as usize);
        let at = slot.and_then(|at| u32::try_from(at + entry.offset as u64).ok());
        let offset = at.ok_or_else(|| CodegenError::internal("a stack map names what is in no stack slot"))?;
        placed.push(UserStackMapEntry { offset, ..entry.clone() });
    }
    c.vcode.stack_maps.push(placed);
    Ok(c.vcode.stack_maps.len() as u32 - 1)
}

/// `return_call`
pub fn return_call(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let callee = direct(c, i)?;
    tail_call(c, i, TAIL_CALL, &callee)
}

/// `return_call_indirect`
pub fn return_call_indirect(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let callee = indirect(c, i)?;
    tail_call(c, i, TAIL_CALL_REG, &callee)
}

/// A call whose callee returns to our caller. Stack arguments are collected where outgoing ones are, since what they are
/// made of may stand where they go.
fn tail_call(c: &mut Lower<'_>, i: Inst, row: u16, callee: &Callee<'_>) -> CodegenResult<()> {
    let sig = callee.sig;
    if callee.patchable {
        return Err(CodegenError::unsupported("patchable calls in the function's place (return_call)"));
    }
    let conv = convention(sig.call_conv)?;
    if !conv.callee_pops || sig.call_conv != c.func.signature.call_conv {
        return Err(CodegenError::unsupported(format!("tail calls under convention {}", sig.call_conv)));
    }
    let places = Places::new(sig, conv, c.given.options)?;
    let mut out = Outgoing::default();
    if let Some(v) = callee.address {
        let reg = c.val(v);
        out.operands.push((reg, operand(Role::Use, POINTER, Constraint::Fixed(TAIL_CALLEE))));
    }
    if let Some(piece) = places.area {
        let reg = return_area(c);
        out.pass(reg, piece);
    }
    out.args(c, callee.args, sig, &places);
    c.has_effect_of(i);
    let site = c.vcode.sites.len() as u32;
    let (symbol, popped) = (callee.symbol, places.stack as u32);
    c.vcode.sites.push(CallSite { symbol, popped, patchable: false, stack_map: NONE });
    c.listed(row, &out.operands, RegSet::EMPTY, site);
    out.finish(c);
    c.vcode.outgoing = c.vcode.outgoing.max(places.stack);
    c.vcode.tail_args = c.vcode.tail_args.max(places.stack);
    Ok(())
}

/// Steps that compute the stack limit from the global value that says it.
fn stack_limit(c: &mut Lower<'_>) -> CodegenResult<()> {
    let func = c.func;
    let Some(mut at) = func.stack_limit else { return Ok(()) };
    if func.signature.call_conv == CallConv::PreserveAll {
        return Err(CodegenError::unsupported("a stack limit under convention preserve_all"));
    }
    let refused = |what: &str| Err(CodegenError::unsupported(format!("a stack limit that is {what}")));
    let mut steps = vec![];
    // each value stands on another; a circle is longer than there are values
    for _ in 0..=func.global_values.len() {
        match &func.global_values[at] {
            GlobalValueData::VMContext => {
                let n = func.signature.params.iter().position(|p| p.purpose == ArgumentPurpose::VMContext);
                match n.map(|n| c.given.places.args[n][0].at) {
                    Some(Place::Reg(r)) => steps.push(Limit::Register(r)),
                    Some(Place::Stack(n)) => steps.push(Limit::Argument(n)),
                    Some(Place::Copy { .. }) => return refused("a copy"),
                    None => return refused("vmctx, in a function without such a parameter"),
                }
                steps.reverse();
                c.vcode.limit = steps;
                return Ok(());
            }
            GlobalValueData::Symbol { name, offset, tls: false, .. } if !c.given.options.pic => {
                steps.push(Limit::Symbol(c.symbol_number(name.clone()), offset.bits()));
                steps.reverse();
                c.vcode.limit = steps;
                return Ok(());
            }
            &GlobalValueData::Load { base, offset, global_type: I64, .. } => {
                steps.push(Limit::Load(offset.into()));
                at = base;
            }
            &GlobalValueData::IAddImm { base, offset, global_type: I64 } => {
                let Ok(offset) = i32::try_from(offset.bits()) else { return refused("far from another value") };
                steps.push(Limit::Add(offset));
                at = base;
            }
            _ => return refused("no address made of vmctx, loads and constants"),
        }
    }
    refused("made of itself")
}

/// The function's arguments arrive in the entry block's parameters.
pub fn entry(c: &mut Lower<'_>, block: Block) -> CodegenResult<()> {
    let (func, places) = (c.func, c.given.places);
    let (mut operands, mut copied) = (vec![], vec![]);
    let mut arrive = |reg: VReg, piece: Piece| {
        let constraint = match piece.at {
            Place::Reg(r) => Constraint::Fixed(r),
            Place::Stack(n) => Constraint::Incoming(n),
            Place::Copy { at, .. } => return copied.push((reg, at)),
        };
        operands.push((reg, operand(Role::Def, piece, constraint)));
    };
    if let Some((reg, piece)) = c.return_area.zip(places.area) {
        arrive(reg, piece);
    }
    let mut references = vec![];
    for (&v, pieces) in func.dfg.block_params(block).iter().zip(&places.args) {
        let mut regs = c.parts_of(v)?;
        if regs.len() > pieces.len() {
            let halves = std::mem::replace(&mut regs, smallvec::smallvec![c.temp()]);
            references.push((regs[0], halves));
        }
        regs.into_iter().zip(pieces).for_each(|(reg, &piece)| arrive(reg, piece));
    }
    for (address, halves) in references {
        for (half, at) in halves.into_iter().zip([0, 8]) {
            access(c, MOV64_RM, half, Memory::At(address, at));
        }
    }
    for (reg, at) in copied {
        access(c, LEA64_RM, reg, Memory::Incoming(at as u64));
    }
    c.listed(ARGS, &operands, RegSet::EMPTY, 0);
    if c.given.options.probe.is_some_and(|probe| !probe.inline) {
        c.placed_symbol_number(PROBESTACK, c.given.options.libcalls.near);
    }
    stack_limit(c)
}
