//! Routines that generated code calls by itself where a target lacks an instruction.

use super::types::{self, Type};
use super::{AbiParam, ExternalName, FuncRef, Function, Signature};
use crate::isa::CallConv;
use std::fmt;
use std::str::FromStr;

/// Declares the routines.
macro_rules! libcalls { ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
    /// A routine that generated code calls by itself.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
    pub enum LibCall { $($(#[$doc])* $name),* }

    impl LibCall {
        /// All routines.
        pub fn all_libcalls() -> &'static [LibCall] {
            &[$(LibCall::$name),*]
        }
    }

    impl FromStr for LibCall {
        type Err = ();
        fn from_str(s: &str) -> Result<Self, ()> {
            match s {
                $(stringify!($name) => Ok(LibCall::$name),)*
                _ => Err(()),
            }
        }
    }
} }

libcalls! {
    /// Touches the stack of a large frame.
    Probestack,
    /// `ceilf`
    CeilF32,
    /// `ceil`
    CeilF64,
    /// `floorf`
    FloorF32,
    /// `floor`
    FloorF64,
    /// `truncf`
    TruncF32,
    /// `trunc`
    TruncF64,
    /// `nearbyintf`
    NearestF32,
    /// `nearbyint`
    NearestF64,
    /// `fmaf`
    FmaF32,
    /// `fma`
    FmaF64,
    /// `memcpy`
    Memcpy,
    /// `memset`
    Memset,
    /// `memmove`
    Memmove,
    /// `memcmp`
    Memcmp,
    /// `__tls_get_addr`
    ElfTlsGetAddr,
    /// `__tls_get_offset`
    ElfTlsGetOffset,
    /// The x86 instruction `pshufb`, where there is none.
    X86Pshufb,
}

impl LibCall {
    /// Its signature under a convention, where pointers have type `pointer`.
    pub fn signature(&self, call_conv: CallConv, pointer: Type) -> Signature {
        use LibCall::*;
        use types::{F32, F64, I8X16, I32};
        let (params, returns): (&[Type], &[Type]) = match self {
            Probestack => (&[], &[]),
            CeilF32 | FloorF32 | TruncF32 | NearestF32 => (&[F32], &[F32]),
            CeilF64 | FloorF64 | TruncF64 | NearestF64 => (&[F64], &[F64]),
            FmaF32 => (&[F32, F32, F32], &[F32]),
            FmaF64 => (&[F64, F64, F64], &[F64]),
            Memcpy | Memmove => (&[pointer, pointer, pointer], &[pointer]),
            Memset => (&[pointer, I32, pointer], &[pointer]),
            Memcmp => (&[pointer, pointer, pointer], &[I32]),
            ElfTlsGetAddr | ElfTlsGetOffset => (&[pointer], &[pointer]),
            X86Pshufb => (&[I8X16, I8X16], &[I8X16]),
        };
        let abi = |types: &[Type]| types.iter().map(|t| AbiParam::new(*t)).collect();
        Signature { params: abi(params), returns: abi(returns), call_conv }
    }
}

impl fmt::Display for LibCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The function's import of the stack probe, if it has one.
pub fn get_probestack_funcref(func: &mut Function) -> Option<FuncRef> {
    let probe = ExternalName::LibCall(LibCall::Probestack);
    func.dfg.ext_funcs.iter().find(|(_, data)| data.name == probe).map(|(f, _)| f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::ExtFuncData;

    #[test]
    fn the_stack_probe_is_found() {
        let mut func = Function::new();
        let signature = func.import_signature(LibCall::Probestack.signature(CallConv::Probestack, types::I64));
        assert_eq!(get_probestack_funcref(&mut func), None);
        let name = ExternalName::LibCall(LibCall::Probestack);
        let probe = func.import_function(ExtFuncData { name, signature, colocated: false, patchable: false });
        assert_eq!(get_probestack_funcref(&mut func), Some(probe));
    }

    #[test]
    fn names_read_back() {
        for l in LibCall::all_libcalls() {
            assert_eq!(l.to_string().parse(), Ok(*l));
        }
        assert_eq!(
            LibCall::Memset.signature(CallConv::SystemV, types::I64).to_string(),
            "(i64, i32, i64) -> i64 system_v"
        );
    }
}
