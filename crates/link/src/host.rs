//! The routines that compiled code calls by itself, as this process has them. Needs nothing but the standard library;
//! leaves a symbol for each and, where there is a routine, its address. Those of x86-64 alone are in `x64.rs`.

#[cfg(target_arch = "x86_64")]
mod x64;

use std::ffi::c_void;
use windlass_ir::ir::LibCall;

/// The symbol of a routine, as the C library names it; of what that lacks, the symbol that users of the reference
/// interface define.
pub(crate) fn symbol(call: LibCall) -> &'static str {
    match call {
        LibCall::Probestack => "__cranelift_probestack",
        LibCall::CeilF32 => "ceilf",
        LibCall::CeilF64 => "ceil",
        LibCall::FloorF32 => "floorf",
        LibCall::FloorF64 => "floor",
        LibCall::TruncF32 => "truncf",
        LibCall::TruncF64 => "trunc",
        LibCall::NearestF32 => "nearbyintf",
        LibCall::NearestF64 => "nearbyint",
        LibCall::FmaF32 => "fmaf",
        LibCall::FmaF64 => "fma",
        LibCall::Memcpy => "memcpy",
        LibCall::Memset => "memset",
        LibCall::Memmove => "memmove",
        LibCall::Memcmp => "memcmp",
        LibCall::ElfTlsGetAddr => "__tls_get_addr",
        LibCall::ElfTlsGetOffset => "__tls_get_offset",
        LibCall::X86Pshufb => "__cranelift_x86_pshufb",
    }
}

/// Declares functions of C that do what methods of floats do.
macro_rules! rounding { ($($name:ident $ty:ident $method:ident;)*) => { $(
    extern "C" fn $name(x: $ty) -> $ty {
        x.$method()
    }
)* } }

rounding! {
    ceilf f32 ceil;
    ceil f64 ceil;
    floorf f32 floor;
    floor f64 floor;
    truncf f32 trunc;
    trunc f64 trunc;
    nearbyintf f32 round_ties_even;
    nearbyint f64 round_ties_even;
}

extern "C" fn fmaf(x: f32, y: f32, z: f32) -> f32 {
    x.mul_add(y, z)
}

extern "C" fn fma(x: f64, y: f64, z: f64) -> f64 {
    x.mul_add(y, z)
}

// SAFETY: the C library's, with the signatures of its standard (C17, section 7.24). They are never called from here: only
// their addresses are taken.
unsafe extern "C" {
    fn memcpy(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void;
    fn memmove(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void;
    fn memset(to: *mut c_void, byte: i32, len: usize) -> *mut c_void;
    fn memcmp(a: *const c_void, b: *const c_void, len: usize) -> i32;
}

/// The address of a routine, if this process has it.
pub(crate) fn address(call: LibCall) -> Option<*const u8> {
    let function = match call {
        LibCall::CeilF32 => ceilf as *const (),
        LibCall::CeilF64 => ceil as *const (),
        LibCall::FloorF32 => floorf as *const (),
        LibCall::FloorF64 => floor as *const (),
        LibCall::TruncF32 => truncf as *const (),
        LibCall::TruncF64 => trunc as *const (),
        LibCall::NearestF32 => nearbyintf as *const (),
        LibCall::NearestF64 => nearbyint as *const (),
        LibCall::FmaF32 => fmaf as *const (),
        LibCall::FmaF64 => fma as *const (),
        LibCall::Memcpy => memcpy as *const (),
        LibCall::Memmove => memmove as *const (),
        LibCall::Memset => memset as *const (),
        LibCall::Memcmp => memcmp as *const (),
        #[cfg(target_arch = "x86_64")]
        LibCall::Probestack => x64::probestack as *const (),
        #[cfg(target_arch = "x86_64")]
        LibCall::X86Pshufb => x64::pshufb as *const (),
        _ => return None,
    };
    Some(function.cast())
}
