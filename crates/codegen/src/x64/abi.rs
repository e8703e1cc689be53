//! Calling conventions of x86-64, and what they make of calls, returns and function entry. System V (AMD64 psABI 1.0,
//! section 3.2.3): integers in six registers, then on the stack in 8 bytes each; results in rax and rdx. `fast` is the
//! same. Needs [`crate::lower`].

use super::rows::*;
use crate::error::{CodegenError, CodegenResult};
use crate::lower::Lower;
use windlass_desc::types::{I8, I16, I32, I64, Type};
use windlass_desc::x64::regs::*;
use windlass_ir::ir::instructions::InstructionData;
use windlass_ir::ir::{AbiParam, ArgumentExtension, ArgumentPurpose, Block, Inst, Signature, Value};
use windlass_ir::isa::CallConv;
use windlass_regalloc::{Class, Constraint, Operand, PReg, RegSet, Role, VReg};

const fn r(n: u8) -> PReg {
    PReg::new(Class::Int, n)
}

const ARGS_IN: [PReg; 6] = [r(RDI), r(RSI), r(RDX), r(RCX), r(8), r(9)];
const RESULTS_IN: [PReg; 2] = [r(RAX), r(RDX)];

/// What a call destroys: all but rbx, rsp, rbp and r12 to r15.
const CALLER_SAVED: RegSet = RegSet([0x0fc7, 0xffff]);

/// What a callee must leave as it was, rsp apart.
pub const CALLEE_SAVED: RegSet = RegSet([0xf028, 0]);

/// Registers in the order they are given out: first those that need no saving.
pub static ORDER: [PReg; 15] =
    [r(RAX), r(RCX), r(RDX), r(RSI), r(RDI), r(8), r(9), r(10), r(11), r(RBX), r(12), r(13), r(14), r(15), r(RBP)];

/// The same without the frame pointer.
pub static ORDER_WITH_FRAME_POINTER: [PReg; 14] = {
    let mut a = [r(RAX); 14];
    let mut i = 0;
    while i < 14 {
        a[i] = ORDER[i];
        i += 1;
    }
    a
};

/// Where an argument or result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Reg(PReg),
    /// Byte offset from the first stack argument.
    Stack(u32),
}

/// Where a signature's arguments and results are.
struct Places {
    args: Vec<Place>,
    results: Vec<PReg>,
    stack: u64,
}

fn check(sig: &Signature) -> CodegenResult<()> {
    if !matches!(sig.call_conv, CallConv::SystemV | CallConv::Fast) {
        let what = format!("calling convention {}: only system_v and fast are lowered yet", sig.call_conv);
        return Err(CodegenError::unsupported(what));
    }
    for p in sig.params.iter().chain(&sig.returns) {
        if !p.value_type.is_int() || p.value_type.bits() > 64 {
            let what = format!("arguments or results of type {}: only i8 to i64 are lowered yet", p.value_type);
            return Err(CodegenError::unsupported(what));
        }
        if !matches!(p.purpose, ArgumentPurpose::Normal | ArgumentPurpose::VMContext) {
            return Err(CodegenError::unsupported(format!("arguments of purpose {}", p.purpose)));
        }
    }
    Ok(())
}

fn places(sig: &Signature) -> CodegenResult<Places> {
    check(sig)?;
    let mut stack = 0u64;
    let mut args = vec![];
    for n in 0..sig.params.len() {
        args.push(match ARGS_IN.get(n) {
            Some(&r) => Place::Reg(r),
            None => {
                stack += 8;
                Place::Stack((stack - 8) as u32)
            }
        });
    }
    if stack > 1 << 28 {
        return Err(CodegenError::FrameTooLarge(stack, 1 << 28));
    }
    let results = RESULTS_IN.get(..sig.returns.len());
    let too_many = || CodegenError::unsupported(format!("{} results: only 2 are lowered yet", sig.returns.len()));
    Ok(Places { args, results: results.ok_or_else(too_many)?.to_vec(), stack })
}

fn operand(role: Role, constraint: Constraint) -> Operand {
    Operand { role, class: Class::Int, width: 8, constraint }
}

/// The row that extends a narrow value as a parameter asks, if it asks.
fn extension(p: &AbiParam) -> Option<u16> {
    let ty: Type = p.value_type;
    match (p.extension, ty) {
        (ArgumentExtension::Uext, I8) => Some(MOVZX8_32_RR),
        (ArgumentExtension::Uext, I16) => Some(MOVZX16_32_RR),
        (ArgumentExtension::Uext, I32) => Some(MOV32_RR),
        (ArgumentExtension::Sext, I8) => Some(MOVSX8_64_RR),
        (ArgumentExtension::Sext, I16) => Some(MOVSX16_64_RR),
        (ArgumentExtension::Sext, I32) => Some(MOVSX32_64_RR),
        (_, I64) | (ArgumentExtension::None, _) => None,
        _ => None,
    }
}

/// Values on their way into a call or return: registers to pass, and extensions still to be emitted.
#[derive(Default)]
struct Outgoing {
    operands: Vec<(VReg, Operand)>,
    extend: Vec<(u16, VReg, Value)>,
}

impl Outgoing {
    fn pass(&mut self, c: &mut Lower<'_>, v: Value, p: &AbiParam, constraint: Constraint) {
        let reg = match extension(p) {
            Some(row) => {
                let t = c.temp();
                self.extend.push((row, t, v));
                t
            }
            None => c.val(v),
        };
        self.operands.push((reg, operand(Role::Use, constraint)));
    }

    /// Emits the extensions: after the call in backward order, so before it in the code.
    fn finish(self, c: &mut Lower<'_>) {
        for (row, t, v) in self.extend {
            c.start(row);
            c.def_vreg(t);
            c.use_val(v);
            c.end();
        }
    }
}

/// `jump`
pub fn jump(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    c.has_effect_of(i);
    c.start(JUMP);
    c.end();
    Ok(())
}

/// `nop`
pub fn nop(_: &mut Lower<'_>, _: Inst) -> CodegenResult<()> {
    Ok(())
}

/// `return`
pub fn return_(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let func = c.func;
    let places = places(&func.signature)?;
    let mut out = Outgoing::default();
    for ((&v, p), &reg) in func.dfg.inst_args(i).iter().zip(&func.signature.returns).zip(&places.results) {
        out.pass(c, v, p, Constraint::Fixed(reg));
    }
    c.has_effect_of(i);
    c.listed(LEAVE, &out.operands, RegSet::EMPTY, 0);
    out.finish(c);
    Ok(())
}

/// `call`
pub fn call(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let func = c.func;
    let InstructionData::Call { func_ref, .. } = func.dfg.insts[i] else {
        return Err(CodegenError::internal("a call that is none"));
    };
    let callee = &func.dfg.ext_funcs[func_ref];
    if callee.patchable {
        return Err(CodegenError::unsupported("patchable calls"));
    }
    let symbol = c.placed_symbol_number(callee.name.clone(), callee.colocated);
    emit_call(c, i, CALL, &func.dfg.signatures[callee.signature], symbol, func.dfg.inst_args(i), None)
}

/// `call_indirect`
pub fn call_indirect(c: &mut Lower<'_>, i: Inst) -> CodegenResult<()> {
    let func = c.func;
    let InstructionData::CallIndirect { sig_ref, .. } = func.dfg.insts[i] else {
        return Err(CodegenError::internal("a call that is none"));
    };
    let (&callee, args) = func.dfg.inst_args(i).split_first().ok_or_else(|| CodegenError::internal("no callee"))?;
    emit_call(c, i, CALL_REG, &func.dfg.signatures[sig_ref], 0, args, Some(callee))
}

fn emit_call(
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
    let places = places(sig)?;
    let mut out = Outgoing::default();
    if let Some(v) = callee {
        let reg = c.val(v);
        out.operands.push((reg, operand(Role::Use, Constraint::Reg)));
    }
    for ((&v, p), place) in args.iter().zip(&sig.params).zip(&places.args) {
        let constraint = match *place {
            Place::Reg(r) => Constraint::Fixed(r),
            Place::Stack(n) => Constraint::Outgoing(n),
        };
        out.pass(c, v, p, constraint);
    }
    let mut clobbers = CALLER_SAVED;
    for (&v, &reg) in func.dfg.inst_results(i).iter().zip(&places.results) {
        let d = c.vreg_of(v)?;
        out.operands.push((d, operand(Role::Def, Constraint::Fixed(reg))));
        clobbers = clobbers.without(reg);
    }
    c.has_effect_of(i);
    c.listed(row, &out.operands, clobbers, symbol);
    out.finish(c);
    c.vcode.calls = true;
    c.vcode.outgoing = c.vcode.outgoing.max(places.stack);
    Ok(())
}

/// The function's arguments arrive in the entry block's parameters.
pub fn entry(c: &mut Lower<'_>, block: Block) -> CodegenResult<()> {
    let func = c.func;
    let places = places(&func.signature)?;
    let mut operands = vec![];
    for (&v, place) in func.dfg.block_params(block).iter().zip(&places.args) {
        let constraint = match *place {
            Place::Reg(r) => Constraint::Fixed(r),
            Place::Stack(n) => Constraint::Incoming(n),
        };
        let d = c.vreg_of(v)?;
        operands.push((d, operand(Role::Def, constraint)));
    }
    c.listed(ARGS, &operands, RegSet::EMPTY, 0);
    Ok(())
}
