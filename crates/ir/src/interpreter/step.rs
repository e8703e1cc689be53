//! One instruction: control by its format, everything else by its meaning. Needs a world to run it in.

use super::InterpreterError;
use super::world::{Bits, Effects, Instruction, Named, Operands, Step, World};
use crate::ir::entities::{SigRef, Value};
use crate::ir::{BlockArg, BlockCall, InstructionData};
use crate::meaning;
use smallvec::SmallVec;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::ops::{self, Effects as Kind, Imms, Opcode};

/// How many bits values may have.
const MAX_BITS: u32 = 128;

/// Runs an instruction, which must be one of the world's function or made for it, and verified.
pub fn step<'a, W: World<'a>>(world: &mut W, inst: &impl Instruction) -> Result<Step<W::Callee>, InterpreterError> {
    let func = world.func();
    let pool = &func.dfg.value_lists;
    match inst.data() {
        InstructionData::Jump { destination, .. } => Ok(edge(world, destination, &[], &[])),
        InstructionData::Brif { blocks, .. } => brif(world, inst, blocks),
        InstructionData::BranchTable { arg, table, .. } => {
            let table = &func.dfg.jump_tables[*table];
            let index = usize::try_from(world.get(*arg)).ok();
            let default = table.default_block();
            Ok(edge(world, index.and_then(|i| table.as_slice().get(i)).unwrap_or(&default), &[], &[]))
        }
        InstructionData::MultiAry { args, .. } => Ok(Step::Return(gather(world, args.as_slice(pool)))),
        InstructionData::Call { func_ref, args, opcode } | InstructionData::TryCall { func_ref, args, opcode, .. } => {
            Ok(call(world, *opcode, world.callee(*func_ref)?, args.as_slice(pool)))
        }
        InstructionData::CallIndirect { sig_ref, args, opcode } => {
            call_indirect(world, *opcode, *sig_ref, args.as_slice(pool))
        }
        InstructionData::TryCallIndirect { args, exception, opcode } => {
            let sig = func.dfg.exception_tables[*exception].signature();
            call_indirect(world, *opcode, sig, args.as_slice(pool))
        }
        InstructionData::NullAry { opcode: Opcode::Debugtrap } => Err(InterpreterError::Debugtrap),
        InstructionData::NullAry { opcode } if let Some(bits) = world.register(*opcode) => {
            world.finish(&[Num::lit(128, bits).resize(inst.operands().result.bits())]);
            Ok(Step::Next)
        }
        InstructionData::Unary { opcode: Opcode::SetPinnedReg, arg } => {
            let bits = world.get(*arg);
            world.set_pinned(bits);
            world.finish(&[]);
            Ok(Step::Next)
        }
        _ => compute(world, inst),
    }
}

fn gather<'a>(world: &impl World<'a>, values: &[Value]) -> Bits {
    values.iter().map(|v| world.get(*v)).collect()
}

/// The step along an edge. `returned` is what the call gave that ends the block, `thrown` what it threw.
pub fn edge<'a, W: World<'a>>(world: &W, call: &BlockCall, returned: &[u128], thrown: &[u128]) -> Step<W::Callee> {
    let pool = &world.func().dfg.value_lists;
    let nth = |values: &[u128], n: u32| values.get(n as usize).copied().unwrap_or(0);
    let arg = |a| match a {
        BlockArg::Value(v) => world.get(v),
        BlockArg::TryCallRet(n) => nth(returned, n),
        BlockArg::TryCallExn(n) => nth(thrown, n),
    };
    Step::Jump(call.block(pool), call.args(pool).map(arg).collect())
}

fn brif<'a, W: World<'a>>(
    world: &mut W,
    inst: &impl Instruction,
    blocks: &[BlockCall; 2],
) -> Result<Step<W::Callee>, InterpreterError> {
    let (operands, data) = (inst.operands(), inst.data());
    let args = numbers(world, operands.args);
    let imms = imms(world, data, &operands)?;
    let mut env = Effects::new(world);
    ops::meaning(data.opcode(), &mut env, &imms, &args);
    let taken = env.taken == Some(true);
    Ok(edge(world, &blocks[if taken { 0 } else { 1 }], &[], &[]))
}

fn numbers<'a>(world: &impl World<'a>, values: &[Value]) -> SmallVec<[Num; 3]> {
    let dfg = &world.func().dfg;
    values.iter().map(|v| Num::lit(dfg.value_type(*v).bits(), world.get(*v))).collect()
}

/// Runs the meaning of an instruction without control flow.
fn compute<'a, W: World<'a>>(world: &mut W, inst: &impl Instruction) -> Result<Step<W::Callee>, InterpreterError> {
    let (operands, data) = (inst.operands(), inst.data());
    let row = data.opcode().row();
    if let Some(reason) = row.no_meaning {
        return Err(InterpreterError::Unsupported { opcode: row.name, reason });
    }
    let dfg = &world.func().dfg;
    let mut types = operands.args.iter().map(|v| dfg.value_type(*v)).chain([operands.ctv, operands.result]);
    if let Some(ty) = types.find(|t| t.bits() > MAX_BITS) {
        return Err(InterpreterError::UnsupportedType(ty));
    }
    let args = numbers(world, operands.args);
    let imms = imms(world, data, &operands)?;
    let mut env = Effects::new(world);
    let results = ops::meaning(data.opcode(), &mut env, &imms, &args);
    match (env.fault, env.trap) {
        (Some(fault), _) => Err(fault),
        (None, Some(code)) => Ok(Step::Trap(code)),
        (None, None) => {
            world.finish(&results);
            Ok(Step::Next)
        }
    }
}

/// What an instruction has besides its values, with the addresses of what it names.
fn imms<'a>(
    world: &mut impl World<'a>,
    data: &InstructionData,
    operands: &Operands<'_>,
) -> Result<Imms<Num>, InterpreterError> {
    let dfg = &world.func().dfg;
    let arg = operands.args.first().map_or(windlass_desc::types::INVALID, |v| dfg.value_type(*v));
    let mut imms = meaning::imms_of(dfg, data, [operands.ctv, operands.result, arg]);
    if let Some(flags) = data.memflags()
        && dfg.mem_flags[flags].explicit_endianness().is_none()
    {
        imms.access.big_endian = world.big_endian();
    }
    let (named, offset) = match data {
        InstructionData::FuncAddr { func_ref, .. } => (Named::Function(*func_ref), 0),
        InstructionData::StackAddr { stack_slot, offset, .. } => (Named::Slot(*stack_slot), i64::from(*offset)),
        InstructionData::DynamicStackAddr { dynamic_stack_slot, .. } => (Named::DynamicSlot(*dynamic_stack_slot), 0),
        InstructionData::UnaryGlobalValue { global_value, .. } => (Named::Global(*global_value), 0),
        _ => return Ok(imms),
    };
    imms.imm = Num::lit(64, world.address(named)?.wrapping_add_signed(offset).into());
    Ok(imms)
}

fn call<'a, W: World<'a>>(world: &W, opcode: Opcode, callee: W::Callee, args: &[Value]) -> Step<W::Callee> {
    let args = gather(world, args);
    let tail = opcode.row().effects.has(Kind::RETURN);
    if tail { Step::TailCall(callee, args) } else { Step::Call(callee, args) }
}

fn call_indirect<'a, W: World<'a>>(
    world: &W,
    opcode: Opcode,
    sig: SigRef,
    args: &[Value],
) -> Result<Step<W::Callee>, InterpreterError> {
    let (callee, args) = args.split_first().ok_or(InterpreterError::BadCallee(0))?;
    let callee = world.callee_at(world.get(*callee) as u64, &world.func().dfg.signatures[sig])?;
    Ok(call(world, opcode, callee, args))
}
