//! Runs functions by the meanings of their operations, on numbers. Needs verified functions; leaves results or the trap
//! that ended the run. Calls have frames of their own here, so that no program can exhaust the host's stack.
//!
//! Memory is that of a 64-bit little-endian machine and consists of the frames on the stack: their slots, and above them the
//! caller's frame pointer and the address to return to. An access outside of it raises the access's trap; one that promises
//! not to trap ends the run with an error.
//!
//! The host function `__cranelift_throw` throws (`interpreter/throw.rs`).

mod address;
mod global;
mod machine;
mod memory;
mod policy;
mod step;
mod store;
mod throw;
mod world;

pub use address::{FUNCTION_STEP, FUNCTIONS, LIBCALLS, STACK};
pub use global::global_address;
pub use machine::{ControlFlow, Interpreter};
pub use memory::{Memory, Place};
pub use policy::{Canonical, Policy};
pub use step::{edge, step};
pub use store::{FuncIndex, FunctionStore};
pub use world::{Bits, Fault, Instruction, Named, Operands, Step, World};

use crate::data_value::DataValue;
use crate::ir::LibCall;
use crate::ir::immediates::{Ieee32, Ieee64};
use smallvec::SmallVec;
use windlass_desc::env::TrapCode;
use windlass_desc::types::Type;

/// Arguments or results of a library function.
pub type LibCallValues = SmallVec<[DataValue; 1]>;
/// What runs library functions; none if it does not know the function or the arguments are not its.
pub type LibCallHandler = dyn Fn(LibCall, &[DataValue]) -> Option<Result<LibCallValues, TrapCode>>;

/// Why a run ended without results and without a trap.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum InterpreterError {
    /// There is no function with this name.
    #[error("unknown function: {0}")]
    UnknownFunctionName(String),
    /// There is no function with this number.
    #[error("unknown function: {0}")]
    UnknownFunctionIndex(FuncIndex),
    /// The arguments are not what the function takes.
    #[error("{0} was called with arguments that it does not take")]
    BadArguments(String),
    /// An indirect call's signature is not that of the function it reaches.
    #[error("{0} was called with a signature that it does not have")]
    BadSignature(String),
    /// An indirect call goes to what is no function.
    #[error("call of {0:#x}, which is no function's address")]
    BadCallee(u64),
    /// An operation cannot be interpreted.
    #[error("{opcode} cannot be interpreted: {reason}")]
    Unsupported {
        /// The operation's name.
        opcode: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// Values of this type cannot be interpreted.
    #[error("values of type {0} cannot be interpreted")]
    UnsupportedType(Type),
    /// A library function has no implementation here.
    #[error("library function {0} cannot be interpreted")]
    UnsupportedLibCall(LibCall),
    /// A symbol is no function of this run.
    #[error("symbol {0} is not known")]
    UnknownSymbol(String),
    /// An access that promised not to trap went outside of memory.
    #[error("access of {size} bytes at {address:#x}, outside of memory, does not trap by its flags")]
    BadAccess {
        /// Where.
        address: u64,
        /// How much.
        size: u32,
    },
    /// A debugger was called, and there is none.
    #[error("a debugger was called")]
    Debugtrap,
    /// What was thrown is caught nowhere.
    #[error("nothing catches what was thrown with tag {0}")]
    Uncaught(u32),
    /// An exception was thrown with arguments that are no frames of the run.
    #[error("frame pointer {0:#x}, to throw from, is that of no frame")]
    BadFrame(u64),
    /// A block has no terminator.
    #[error("a block ends without a terminator")]
    Unterminated,
    /// The run took more steps than it may.
    #[error("the run took more steps than it may")]
    FuelExhausted,
}

/// The library functions that need nothing but arithmetic.
pub fn default_libcalls(call: LibCall, args: &[DataValue]) -> Option<Result<LibCallValues, TrapCode>> {
    let f32 = |f: fn(f32) -> f32| match args {
        [DataValue::F32(x)] => Some(DataValue::F32(Ieee32::with_float(f(x.as_f32())))),
        _ => None,
    };
    let f64 = |f: fn(f64) -> f64| match args {
        [DataValue::F64(x)] => Some(DataValue::F64(Ieee64::with_float(f(x.as_f64())))),
        _ => None,
    };
    let result = match call {
        LibCall::CeilF32 => f32(f32::ceil),
        LibCall::CeilF64 => f64(f64::ceil),
        LibCall::FloorF32 => f32(f32::floor),
        LibCall::FloorF64 => f64(f64::floor),
        LibCall::TruncF32 => f32(f32::trunc),
        LibCall::TruncF64 => f64(f64::trunc),
        LibCall::NearestF32 => f32(f32::round_ties_even),
        LibCall::NearestF64 => f64(f64::round_ties_even),
        LibCall::FmaF32 => match args {
            [DataValue::F32(x), DataValue::F32(y), DataValue::F32(z)] => {
                Some(DataValue::F32(Ieee32::with_float(x.as_f32().mul_add(y.as_f32(), z.as_f32()))))
            }
            _ => None,
        },
        LibCall::FmaF64 => match args {
            [DataValue::F64(x), DataValue::F64(y), DataValue::F64(z)] => {
                Some(DataValue::F64(Ieee64::with_float(x.as_f64().mul_add(y.as_f64(), z.as_f64()))))
            }
            _ => None,
        },
        _ => None,
    }?;
    Some(Ok(SmallVec::from_elem(result, 1)))
}
