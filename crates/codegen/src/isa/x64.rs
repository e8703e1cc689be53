//! x86-64 as a target: its settings together with the shared ones. Needs the tables of [`crate::settings`]; leaves what
//! lowering and emission ask about the target.

use super::{Builder, FunctionAlignment, IsaFlagsHashKey, OwnedTargetIsa, TargetIsa};
use crate::error::{CodegenError, CodegenResult};
use crate::settings::{self, Flags, Value, x64};
use std::fmt;
use target_lexicon::{Environment, Triple};
use windlass_desc::x64::Feature;
use windlass_ir::ir::types::{self, Type};

/// x86-64 with certain settings.
pub struct X64Isa {
    triple: Triple,
    flags: Flags,
    isa_flags: x64::Flags,
    features: u64,
}

impl X64Isa {
    /// The features of the CPU.
    pub fn x64_flags(&self) -> &x64::Flags {
        &self.isa_flags
    }

    /// The features that machine rows may need, a bit each by the number of [`Feature`].
    pub fn features(&self) -> u64 {
        self.features
    }
}

/// What makes x86-64 for a platform.
pub(super) fn builder(triple: Triple, isa_flags: settings::Builder) -> Builder {
    Builder::new(triple, isa_flags, finish)
}

fn finish(triple: Triple, flags: Flags, isa_flags: &settings::Builder) -> CodegenResult<OwnedTargetIsa> {
    if triple.environment == Environment::Gnux32 {
        return Err(CodegenError::unsupported("the x32 ABI"));
    }
    super::check_shared(&flags)?;
    let isa_flags = x64::Flags::new(isa_flags.clone());
    let features = features_of(&isa_flags);
    Ok(X64Isa { triple, flags, isa_flags, features }.wrapped())
}

/// The bits of the features whose settings are on.
fn features_of(isa_flags: &x64::Flags) -> u64 {
    let on = |setting| isa_flags.iter().any(|v| v.name == setting && v.as_bool() == Some(true));
    Feature::ALL.iter().filter(|(_, setting)| on(*setting)).fold(0, |bits, &(feature, _)| bits | 1 << feature as u32)
}

impl TargetIsa for X64Isa {
    fn name(&self) -> &'static str {
        "x64"
    }

    fn triple(&self) -> &Triple {
        &self.triple
    }

    fn flags(&self) -> &Flags {
        &self.flags
    }

    fn isa_flags(&self) -> Vec<Value> {
        self.isa_flags.iter().collect()
    }

    fn isa_flags_hash_key(&self) -> IsaFlagsHashKey<'_> {
        IsaFlagsHashKey(self.isa_flags.hash_key())
    }

    fn function_alignment(&self) -> FunctionAlignment {
        // Instructions are fetched in lines of 32 bytes or more.
        FunctionAlignment { minimum: 1, preferred: 32 }
    }

    fn dynamic_vector_bytes(&self, _dynamic_ty: Type) -> u32 {
        16
    }

    fn has_native_fma(&self) -> bool {
        // FMA3 has VEX encodings only.
        self.isa_flags.has_avx() && self.isa_flags.has_fma()
    }

    fn has_round(&self) -> bool {
        self.isa_flags.has_sse41()
    }

    fn has_blendv_lowering(&self, ty: Type) -> bool {
        // BLENDV exists for lanes of 8, 32 and 64 bits.
        self.isa_flags.has_sse41() && ty != types::I16X8
    }

    fn has_x86_pshufb_lowering(&self) -> bool {
        self.isa_flags.has_ssse3()
    }

    fn has_x86_pmulhrsw_lowering(&self) -> bool {
        self.isa_flags.has_ssse3()
    }

    fn has_x86_pmaddubsw_lowering(&self) -> bool {
        self.isa_flags.has_ssse3()
    }
}

impl fmt::Display for X64Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::fmt_target(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::read_target;

    #[test]
    fn features_are_those_of_the_settings() {
        let features = |line: &str| features_of(&x64::Flags::new(read_target(line).unwrap().flags));
        assert_eq!(features("x86_64"), 0);
        for &(feature, setting) in Feature::ALL {
            assert_eq!(features(&format!("x86_64 {setting}")), 1 << feature as u32, "{setting}");
        }
    }
}
