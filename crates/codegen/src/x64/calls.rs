//! Calls, returns and the entry of functions on x86-64, and other control flow without rules. Results that no register
//! has are in a *return area*: the caller keeps it above the stack arguments and passes its address. Needs
//! [`crate::abi`], [`super::abi`] and [`crate::lower`].

use super::abi::{TAIL_CALLEE, clobbers, convention};
use super::emit::PROBESTACK;
use super::encode::{BASE, Base};
use super::rows::*;
use crate::abi::{Piece, Place, Places};
use crate::error::{CodegenError, CodegenResult};
use crate::lower::{Lower, Parts, has_effect};
use crate::vcode::{CallSite, Limit};
use windlass_desc::types::{I8, I16, I32, I64};
use windlass_ir::ir::instructions::InstructionData;
use windlass_ir::ir::{AbiParam, ArgumentExtension, ArgumentPurpose, Block, GlobalValueData, Inst, Signature, Value};
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
        for ((&v, p), pieces) in args.iter().zip(&sig.params).zip(&places.args) {
            for (reg, &piece) in self.regs(c, v, p).into_iter().zip(pieces) {
                self.pass(reg, piece);
            }
        }
    }

    /// Emits the extensions and copies.
    fn finish(self, c: &mut Lower<'_>) -> CodegenResult<()> {
        for (from, to, size) in self.copies {
            copy(c, from, to, size)?;
        }
        for (row, t, v) in self.extend {
            c.start(row);
            c.def_vreg(t);
            c.use_val(v);
            c.end();
        }
        Ok(())
    }
}

/// The longest structure that is copied to the stack, in bytes.
const MAX_COPY: u32 = 4096;

/// Copies `size` bytes at an address to the outgoing arguments.
fn copy(c: &mut Lower<'_>, from: VReg, to: u32, size: u32) -> CodegenResult<()> {
    if size > MAX_COPY {
        let what = format!("an argument of purpose sarg({size}): at most {MAX_COPY} bytes are copied");
        return Err(CodegenError::unsupported(what));
    }
    let mut at = 0;
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
    Ok(())
}

/// `return`
pub fn return_(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let (func, places) = (c.func, c.given.places);
    let mut out = Outgoing::default();
    let mut stores = vec![];
    for ((&v, p), pieces) in func.dfg.inst_args(i).iter().zip(&func.signature.returns).zip(&places.results) {
        for (reg, &piece) in out.regs(c, v, p).into_iter().zip(pieces) {
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
    out.finish(c)
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

/// What is called, and with what: the signature, the symbol or [`NONE`], the arguments, and the address if there is no symbol.
type Callee<'a> = (&'a Signature, u32, &'a [Value], Option<Value>);

/// The callee of a `call` or a `return_call`.
fn direct<'a>(c: &mut Lower<'a>, i: Inst) -> CodegenResult<Callee<'a>> {
    let func = c.func;
    let InstructionData::Call { func_ref, .. } = func.dfg.insts[i] else {
        return Err(CodegenError::internal("a call that is none"));
    };
    let callee = &func.dfg.ext_funcs[func_ref];
    if callee.patchable {
        return Err(CodegenError::unsupported("patchable calls"));
    }
    let symbol = c.placed_symbol_number(callee.name.clone(), callee.colocated);
    Ok((&func.dfg.signatures[callee.signature], symbol, func.dfg.inst_args(i), None))
}

/// The callee of a `call_indirect` or a `return_call_indirect`.
fn indirect<'a>(c: &Lower<'a>, i: Inst) -> CodegenResult<Callee<'a>> {
    let func = c.func;
    let InstructionData::CallIndirect { sig_ref, .. } = func.dfg.insts[i] else {
        return Err(CodegenError::internal("a call that is none"));
    };
    let (&callee, args) = func.dfg.inst_args(i).split_first().ok_or_else(|| CodegenError::internal("no callee"))?;
    Ok((&func.dfg.signatures[sig_ref], NONE, args, Some(callee)))
}

/// `call`
pub fn call(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let (sig, symbol, args, callee) = direct(c, i)?;
    emit_call(c, i, CALL, sig, symbol, args, callee)
}

/// `call_indirect`
pub fn call_indirect(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let (sig, symbol, args, callee) = indirect(c, i)?;
    emit_call(c, i, CALL_REG, sig, symbol, args, callee)
}

const POINTER: Piece = Piece { class: Class::Int, width: 8, at: Place::Stack(0) };

/// A call that gives the results of `i`.
pub(super) fn emit_call(
    c: &mut Lower<'_>,
    i: Inst,
    row: u16,
    sig: &Signature,
    symbol: u32,
    args: &[Value],
    callee: Option<Value>,
) -> CodegenResult<()> {
    let func = c.func;
    if func.dfg.user_stack_map_entries(i).is_some_and(|entries| !entries.is_empty()) {
        return Err(CodegenError::unsupported("stack maps on calls: none are made yet"));
    }
    let conv = convention(sig.call_conv)?;
    let places = Places::new(sig, conv, c.given.options)?;
    let mut out = Outgoing::default();
    if let Some(v) = callee {
        let reg = c.val(v);
        out.operands.push((reg, operand(Role::Use, POINTER, Constraint::Reg)));
    }
    let area = places.area.map(|piece| (c.temp(), piece));
    if let Some((reg, piece)) = area {
        out.pass(reg, piece);
    }
    out.args(c, args, sig, &places);
    let mut lost = clobbers(conv);
    let mut loads = vec![];
    for (&v, pieces) in func.dfg.inst_results(i).iter().zip(&places.results) {
        for (reg, &piece) in c.parts_of(v)?.into_iter().zip(pieces) {
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
    // a pure operation may be a call too
    if has_effect(func, i) {
        c.has_effect_of(i);
    }
    let popped = if conv.callee_pops { places.stack as u32 } else { 0 };
    let site = c.vcode.sites.len() as u32;
    c.vcode.sites.push(CallSite { symbol, popped });
    c.listed(row, &out.operands, lost, site);
    if let Some((reg, _)) = area {
        access(c, LEA64_RM, reg, Memory::Outgoing(places.stack));
    }
    out.finish(c)?;
    c.vcode.calls = true;
    c.vcode.outgoing = c.vcode.outgoing.max(places.stack + places.area_size);
    Ok(())
}

/// `return_call`
pub fn return_call(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let (sig, symbol, args, callee) = direct(c, i)?;
    tail_call(c, i, TAIL_CALL, sig, symbol, args, callee)
}

/// `return_call_indirect`
pub fn return_call_indirect(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let (sig, symbol, args, callee) = indirect(c, i)?;
    tail_call(c, i, TAIL_CALL_REG, sig, symbol, args, callee)
}

/// A call whose callee returns to our caller. Stack arguments are collected where outgoing ones are, since what they are
/// made of may stand where they go.
fn tail_call(
    c: &mut Lower<'_>,
    i: Inst,
    row: u16,
    sig: &Signature,
    symbol: u32,
    args: &[Value],
    callee: Option<Value>,
) -> CodegenResult<()> {
    let conv = convention(sig.call_conv)?;
    if !conv.callee_pops || sig.call_conv != c.func.signature.call_conv {
        return Err(CodegenError::unsupported(format!("tail calls under convention {}", sig.call_conv)));
    }
    let places = Places::new(sig, conv, c.given.options)?;
    let mut out = Outgoing::default();
    if let Some(v) = callee {
        let reg = c.val(v);
        out.operands.push((reg, operand(Role::Use, POINTER, Constraint::Fixed(TAIL_CALLEE))));
    }
    if let Some(piece) = places.area {
        let reg = return_area(c);
        out.pass(reg, piece);
    }
    out.args(c, args, sig, &places);
    c.has_effect_of(i);
    let site = c.vcode.sites.len() as u32;
    c.vcode.sites.push(CallSite { symbol, popped: places.stack as u32 });
    c.listed(row, &out.operands, RegSet::EMPTY, site);
    out.finish(c)?;
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
    for (&v, pieces) in func.dfg.block_params(block).iter().zip(&places.args) {
        c.parts_of(v)?.into_iter().zip(pieces).for_each(|(reg, &piece)| arrive(reg, piece));
    }
    for (reg, at) in copied {
        access(c, LEA64_RM, reg, Memory::Incoming(at as u64));
    }
    c.listed(ARGS, &operands, RegSet::EMPTY, 0);
    if let Some(probe) = c.given.options.probe {
        // every register that a probe could use is preserved
        if func.signature.call_conv == CallConv::PreserveAll {
            return Err(CodegenError::unsupported("stack probes (enable_probestack) under convention preserve_all"));
        }
        if !probe.inline {
            c.symbol_number(PROBESTACK);
        }
    }
    stack_limit(c)
}
