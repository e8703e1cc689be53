//! How runs end.

use smallvec::SmallVec;
use std::fmt;
use windlass_ir::data_value::DataValue;
use windlass_ir::ir::TrapCode;

/// How a run ended. The other things that instructions do are not seen from outside.
#[non_exhaustive]
#[derive(Clone, PartialEq, Debug)]
pub enum ControlFlow {
    /// The function returned.
    Return(SmallVec<[DataValue; 1]>),
    /// An instruction trapped.
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
