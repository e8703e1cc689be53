//! What this machine has.
//!
//! Does: gives the machine's own target, tells which feature of a target it lacks, and gives compiled code the library
//! functions that it may call. Needs: nothing. Leaves: nothing.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m128i as Vector;
#[cfg(target_arch = "x86_64")]
use std::mem::transmute;

use anyhow::{Result, anyhow};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::Flags;
use cranelift_jit::JITBuilder;

/// This machine with all its features and these settings.
pub fn native(flags: Flags) -> Result<OwnedTargetIsa> {
    Ok(cranelift_native::builder().map_err(|error| anyhow!(error))?.finish(flags)?)
}

/// A feature that the target asks for and this machine does not have.
pub fn missing_feature(isa: &dyn TargetIsa) -> Result<Option<&'static str>> {
    let has = native(isa.flags().clone())?.isa_flags();
    let missing = isa.isa_flags().into_iter().find(|wanted| {
        let here = has.iter().find(|flag| flag.name == wanted.name);
        wanted.as_bool() == Some(true) && here.and_then(|flag| flag.as_bool()) != Some(true)
    });
    Ok(missing.map(|flag| flag.name))
}

/// Registers the library functions under the names that compiled code uses.
pub fn register_library(builder: &mut JITBuilder) {
    extern "C" fn ceilf(x: f32) -> f32 {
        x.ceil()
    }
    extern "C" fn ceil(x: f64) -> f64 {
        x.ceil()
    }
    extern "C" fn floorf(x: f32) -> f32 {
        x.floor()
    }
    extern "C" fn floor(x: f64) -> f64 {
        x.floor()
    }
    extern "C" fn truncf(x: f32) -> f32 {
        x.trunc()
    }
    extern "C" fn trunc(x: f64) -> f64 {
        x.trunc()
    }
    extern "C" fn nearbyintf(x: f32) -> f32 {
        x.round_ties_even()
    }
    extern "C" fn nearbyint(x: f64) -> f64 {
        x.round_ties_even()
    }
    extern "C" fn fmaf(x: f32, y: f32, z: f32) -> f32 {
        x.mul_add(y, z)
    }
    extern "C" fn fma(x: f64, y: f64, z: f64) -> f64 {
        x.mul_add(y, z)
    }
    builder.symbols([
        ("ceilf", ceilf as *const u8),
        ("ceil", ceil as *const u8),
        ("floorf", floorf as *const u8),
        ("floor", floor as *const u8),
        ("truncf", truncf as *const u8),
        ("trunc", trunc as *const u8),
        ("nearbyintf", nearbyintf as *const u8),
        ("nearbyint", nearbyint as *const u8),
        ("fmaf", fmaf as *const u8),
        ("fma", fma as *const u8),
    ]);
    #[cfg(target_arch = "x86_64")]
    builder.symbol("__cranelift_x86_pshufb", pshufb as *const u8);
}

/// `pshufb` for machines without it: a byte of the mask picks a byte, or zero if its top bit is set.
#[cfg(target_arch = "x86_64")]
#[expect(improper_ctypes_definitions, reason = "compiled code passes both in vector registers, as C does")]
extern "C" fn pshufb(bytes: Vector, mask: Vector) -> Vector {
    // SAFETY: both types are 16 bytes, of which all values are valid.
    let [bytes, mask] = [bytes, mask].map(|vector| unsafe { transmute::<Vector, [u8; 16]>(vector) });
    let shuffled = mask.map(|pick| if pick & 0x80 == 0 { bytes[usize::from(pick & 15)] } else { 0 });
    // SAFETY: as above.
    unsafe { transmute::<[u8; 16], Vector>(shuffled) }
}
