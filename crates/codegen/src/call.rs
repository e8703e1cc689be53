//! Calls, returns and the entry of functions. Results that no register has are in a *return area*: the caller keeps it
//! above the stack arguments and passes its address. Needs [`crate::abi`], [`crate::access`] and [`crate::lower`].

mod limit;
mod outgoing;

use crate::abi::{Piece, Place, Places};
use crate::access::{self, Memory};
use crate::error::{CodegenError, CodegenResult};
use crate::lower::{Lower, Parts, has_effect};
use crate::slots::{align_of, slack};
use crate::vcode::CallSite;
use outgoing::{Outgoing, operand};
use smallvec::smallvec;
use windlass_ir::ir::instructions::InstructionData;
use windlass_ir::ir::{ArgumentPurpose, Block, ExternalName, Inst, LibCall, Signature, UserStackMapEntry, Value};
use windlass_regalloc::{Class, Constraint, NONE, PReg, RegSet, Role, VReg};

/// `return`
pub fn return_(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let (func, places) = (c.func, c.given.places);
    let mut out = Outgoing::default();
    let (mut stores, mut whole) = (vec![], None);
    for ((&v, p), pieces) in func.dfg.inst_args(i).iter().zip(&func.signature.returns).zip(&places.results) {
        let mut regs = out.regs(c, v, p);
        if regs.len() > pieces.len() {
            let halves = std::mem::replace(&mut regs, smallvec![c.wide_temp()]);
            whole = Some((regs[0], halves));
        }
        for (reg, &piece) in regs.into_iter().zip(pieces) {
            match piece.at {
                Place::Reg(_) => out.pass(reg, piece),
                Place::Stack(n) => stores.push((piece, reg, n)),
                Place::Copy { .. } => return Err(CodegenError::internal("a result is copied")),
            }
        }
    }
    if let Some((v, at)) = struct_return(c)? {
        let reg = c.val(v);
        out.operands.push((reg, operand(Role::Use, POINTER, Constraint::Fixed(at))));
    }
    c.has_effect_of(i);
    c.listed(c.roles.flow.ret, &out.operands, RegSet::EMPTY, 0);
    for (piece, reg, n) in stores {
        let area = return_area(c);
        access::store(c, (piece.class, piece.width), reg, Memory::At(area, n as u64))?;
    }
    if let Some((reg, halves)) = whole {
        access::load(c, WHOLE, reg, Memory::Outgoing(0))?;
        access::store_halves(c, &halves, Memory::Outgoing)?;
        c.vcode.outgoing = c.vcode.outgoing.max(16);
    }
    out.finish(c)
}

/// The parameter with the address of the structure that the function returns, and the register that it comes back in, if
/// it does.
fn struct_return(c: &Lower<'_>) -> CodegenResult<Option<(Value, PReg)>> {
    let func = c.func;
    let Some(n) = func.signature.special_param_index(ArgumentPurpose::StructReturn) else { return Ok(None) };
    let entry = func.layout.entry_block().ok_or_else(|| CodegenError::internal("no entry"))?;
    let conv = (c.roles.convention)(func.signature.call_conv)?;
    if conv.struct_return.is_some() {
        return Ok(None);
    }
    let regs = conv.results[Class::Int as usize];
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
pub struct Callee<'a> {
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
    emit_call(c, i, c.roles.flow.call, &callee)
}

/// `call_indirect`
pub fn call_indirect(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let callee = indirect(c, i)?;
    emit_call(c, i, c.roles.flow.call_reg, &callee)
}

const POINTER: Piece = Piece { class: Class::Int, width: 8, at: Place::Stack(0) };

/// An integer of 128 bits in one vector register.
const WHOLE: (Class, u8) = (Class::Vec, 16);

/// A call that gives the results of `i`.
pub fn emit_call(c: &mut Lower<'_>, i: Inst, row: u16, callee: &Callee<'_>) -> CodegenResult<()> {
    let (func, sig) = (c.func, callee.sig);
    let conv = (c.roles.convention)(sig.call_conv)?;
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
    let mut lost = conv.clobbers;
    let (mut loads, mut whole) = (vec![], None);
    for (&v, pieces) in func.dfg.inst_results(i).iter().zip(&places.results) {
        let regs = c.parts_of(v)?;
        let mut regs = c.as_in_memory(regs);
        if regs.len() > pieces.len() {
            let halves = std::mem::replace(&mut regs, smallvec![c.wide_temp()]);
            whole = Some((regs[0], halves));
        }
        for (reg, &piece) in regs.into_iter().zip(pieces) {
            match piece.at {
                Place::Reg(r) => {
                    out.operands.push((reg, operand(Role::Def, piece, Constraint::Fixed(r))));
                    lost = lost.without(r);
                }
                Place::Stack(n) => loads.push((piece, reg, places.stack + n as u64)),
                Place::Copy { .. } => return Err(CodegenError::internal("a result is copied")),
            }
        }
    }
    for (piece, reg, n) in loads {
        access::load(c, (piece.class, piece.width), reg, Memory::Outgoing(n))?;
    }
    let whole_result = whole.is_some();
    if let Some((reg, halves)) = whole {
        access::load_halves(c, &halves, Memory::Outgoing)?;
        access::store(c, WHOLE, reg, Memory::Outgoing(0))?;
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
        access::address(c, reg, Memory::Outgoing(places.stack));
    }
    out.finish(c)?;
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
        if c.func.sized_stack_slots.get(entry.slot).is_some_and(|slot| slack(align_of(slot)) > 0) {
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
    tail_call(c, i, c.roles.flow.tail_call, &callee)
}

/// `return_call_indirect`
pub fn return_call_indirect(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let callee = indirect(c, i)?;
    tail_call(c, i, c.roles.flow.tail_call_reg, &callee)
}

/// A call whose callee returns to our caller. Stack arguments are collected where outgoing ones are, since what they are
/// made of may stand where they go.
fn tail_call(c: &mut Lower<'_>, i: Inst, row: u16, callee: &Callee<'_>) -> CodegenResult<()> {
    let sig = callee.sig;
    if callee.patchable {
        return Err(CodegenError::unsupported("patchable calls in the function's place (return_call)"));
    }
    let conv = (c.roles.convention)(sig.call_conv)?;
    if !conv.callee_pops || sig.call_conv != c.func.signature.call_conv {
        return Err(CodegenError::unsupported(format!("tail calls under convention {}", sig.call_conv)));
    }
    let places = Places::new(sig, conv, c.given.options)?;
    let mut out = Outgoing::default();
    if let Some(v) = callee.address {
        let reg = c.val(v);
        out.operands.push((reg, operand(Role::Use, POINTER, Constraint::Fixed(c.roles.flow.tail_callee))));
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
    out.finish(c)?;
    c.vcode.outgoing = c.vcode.outgoing.max(places.stack);
    c.vcode.tail_args = c.vcode.tail_args.max(places.stack);
    Ok(())
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
    let mut references: Vec<(VReg, Parts)> = vec![];
    for (&v, pieces) in func.dfg.block_params(block).iter().zip(&places.args) {
        let regs = c.parts_of(v)?;
        let mut regs = c.as_in_memory(regs);
        if regs.len() > pieces.len() {
            let halves = std::mem::replace(&mut regs, smallvec![c.temp()]);
            references.push((regs[0], halves));
        }
        regs.into_iter().zip(pieces).for_each(|(reg, &piece)| arrive(reg, piece));
    }
    for (address, halves) in references {
        access::load_halves(c, &halves, |n| Memory::At(address, n))?;
    }
    for (reg, at) in copied {
        access::address(c, reg, Memory::Incoming(at as u64));
    }
    c.listed(c.roles.flow.args, &operands, RegSet::EMPTY, 0);
    if c.given.options.probe.is_some_and(|probe| !probe.inline) {
        c.placed_symbol_number(ExternalName::LibCall(LibCall::Probestack), c.given.options.libcalls.near);
    }
    limit::stack_limit(c)
}
