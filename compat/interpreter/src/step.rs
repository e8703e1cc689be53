//! Single instructions, run by the interpreter of `windlass-ir` in the world that a [`State`] is.

mod world;

use crate::instruction::InstructionContext;
use crate::interpreter::LibCallValues;
use crate::state::{InterpreterFunctionRef, MemoryError, State};
use crate::value::ValueError;
use smallvec::SmallVec;
use std::fmt;
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter as inner;
use windlass_ir::ir::types::Type;
use windlass_ir::ir::{AbiParam, Block, FuncRef, Function, InstructionData, Signature, TrapCode, Value};
use world::{StateWorld, This};

/// The lanes of a vector.
pub type SimdVec<DataValue> = SmallVec<[DataValue; 4]>;

/// What an instruction does.
#[derive(Clone, PartialEq, Debug)]
pub enum ControlFlow<'a> {
    /// Its results are these, and the next instruction follows.
    Assign(LibCallValues),
    /// It has no results, and the next instruction follows.
    Continue,
    /// A block follows, with these arguments.
    ContinueAt(Block, LibCallValues),
    /// It calls a function, which comes back here.
    Call(&'a Function, LibCallValues),
    /// It calls a function, which returns to this one's caller.
    ReturnCall(&'a Function, LibCallValues),
    /// The function returns.
    Return(LibCallValues),
    /// It traps.
    Trap(CraneliftTrap),
}

/// Why a run trapped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CraneliftTrap {
    /// For the reason that the instruction names.
    User(TrapCode),
    /// A debugger was called.
    Debug,
    /// What cannot be reached was reached.
    UnreachableCodeReached,
    /// An access was not aligned.
    HeapMisaligned,
    /// A call had another signature than the function.
    BadSignature,
}

impl fmt::Display for CraneliftTrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CraneliftTrap::User(code) => write!(f, "trap: {code}"),
            CraneliftTrap::Debug => f.write_str("trap: debugger"),
            CraneliftTrap::UnreachableCodeReached => f.write_str("trap: unreachable code"),
            CraneliftTrap::HeapMisaligned => f.write_str("trap: misaligned access"),
            CraneliftTrap::BadSignature => f.write_str("trap: bad signature"),
        }
    }
}

/// Why an instruction could not be run.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum StepError {
    /// A value is not known in the current frame.
    #[error("{0} is not known")]
    UnknownValue(Value),
    /// The state does not know what an import means.
    #[error("{0} means no function")]
    UnknownFunction(FuncRef),
    /// An operation on values failed.
    #[error(transparent)]
    ValueError(#[from] ValueError),
    /// Memory cannot be accessed so, and the instruction says that this is no trap.
    #[error(transparent)]
    MemoryError(#[from] MemoryError),
    /// It cannot be run at all.
    #[error(transparent)]
    Failed(#[from] inner::InterpreterError),
}

/// Values of these types with these bits.
fn typed(bits: &[u128], types: impl IntoIterator<Item = Type>) -> Result<LibCallValues, StepError> {
    let value = |(bits, ty): (&u128, Type)| {
        DataValue::from_bits(*bits, ty).ok_or(inner::InterpreterError::UnsupportedType(ty).into())
    };
    bits.iter().zip(types).map(value).collect()
}

fn types(of: &[AbiParam]) -> impl Iterator<Item = Type> {
    of.iter().map(|p| p.value_type)
}

/// Runs one instruction of the state's current function, which must have been verified. The state's memory and pinned
/// register change; where the run goes on, and with which values, is for the caller to do.
pub fn step<'a, I>(state: &mut dyn State<'a>, inst_context: I) -> Result<ControlFlow<'a>, StepError>
where
    I: InstructionContext,
{
    let func = state.get_current_function();
    let inst = This::new(&inst_context);
    let mut world = StateWorld::new(state, &inst);
    let next = inner::step(&mut world, &inst);
    let (results, error) = world.done();
    match (next, error) {
        (_, Some(StepError::MemoryError(MemoryError::MisalignedLoad { .. } | MemoryError::MisalignedStore { .. }))) => {
            Ok(ControlFlow::Trap(CraneliftTrap::HeapMisaligned))
        }
        (Err(_), Some(error)) | (Ok(_), Some(error @ StepError::UnknownValue(_))) => Err(error),
        (Err(inner::InterpreterError::Debugtrap), None) => Ok(ControlFlow::Trap(CraneliftTrap::Debug)),
        (Err(inner::InterpreterError::BadSignature(_)), None) => Ok(ControlFlow::Trap(CraneliftTrap::BadSignature)),
        (Err(error), None) => Err(error.into()),
        (Ok(inner::Step::Next), _) if results.is_empty() => Ok(ControlFlow::Continue),
        (Ok(inner::Step::Next), _) => Ok(ControlFlow::Assign(typed(&results, inst.result_types())?)),
        (Ok(next), _) => follow(state, func, &inst, next),
    }
}

/// What a step does that leaves the instruction.
fn follow<'a>(
    state: &mut dyn State<'a>,
    func: &'a Function,
    inst: &This<'_>,
    next: inner::Step<InterpreterFunctionRef<'a>>,
) -> Result<ControlFlow<'a>, StepError> {
    use InterpreterFunctionRef::{Function as Func, LibCall};
    let passed = |args: &[u128]| typed(args, signature(func, &inst.data).iter().flat_map(|s| types(&s.params)));
    Ok(match next {
        inner::Step::Next => ControlFlow::Continue,
        inner::Step::Jump(block, args) => {
            ControlFlow::ContinueAt(block, typed(&args, func.dfg.block_param_types(block))?)
        }
        inner::Step::Return(values) => ControlFlow::Return(typed(&values, types(&func.signature.returns))?),
        inner::Step::Trap(code) => ControlFlow::Trap(CraneliftTrap::User(code)),
        inner::Step::Call(Func(callee), args) => {
            ControlFlow::Call(callee, typed(&args, types(&callee.signature.params))?)
        }
        inner::Step::TailCall(Func(callee), args) => {
            ControlFlow::ReturnCall(callee, typed(&args, types(&callee.signature.params))?)
        }
        inner::Step::TailCall(LibCall(call), args) => {
            state.get_libcall_handler()(call, passed(&args)?).map_or_else(ControlFlow::Trap, ControlFlow::Return)
        }
        inner::Step::Call(LibCall(call), args) => match state.get_libcall_handler()(call, passed(&args)?) {
            Err(trap) => ControlFlow::Trap(trap),
            Ok(results) => returned(state, func, inst, results)?,
        },
    })
}

/// What follows a library function's return.
fn returned<'a>(
    state: &mut dyn State<'a>,
    func: &'a Function,
    inst: &This<'_>,
    results: LibCallValues,
) -> Result<ControlFlow<'a>, StepError> {
    let Some(table) = inst.data.exception_table() else {
        return Ok(if results.is_empty() { ControlFlow::Continue } else { ControlFlow::Assign(results) });
    };
    let bits: inner::Bits = results.iter().map(|v| v.to_bits()).collect();
    let normal = func.dfg.exception_tables[table].normal_return();
    let world = StateWorld::new(state, inst);
    let next = inner::edge(&world, normal, &bits, &[]);
    match (next, world.done().1) {
        (_, Some(error)) => Err(error),
        (next, None) => follow(state, func, inst, next),
    }
}

/// The signature with which an instruction calls.
fn signature<'a>(func: &'a Function, data: &InstructionData) -> Option<&'a Signature> {
    let dfg = &func.dfg;
    let sig = match data {
        InstructionData::Call { func_ref, .. } => dfg.ext_funcs.get(*func_ref)?.signature,
        InstructionData::CallIndirect { sig_ref, .. } => *sig_ref,
        _ => dfg.exception_tables.get(data.exception_table()?)?.signature(),
    };
    dfg.signatures.get(sig)
}
