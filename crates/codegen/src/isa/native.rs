//! The machine this program runs on, as a target. Needs the standard library's feature detection; leaves a builder
//! whose settings are what this CPU has.

use super::{Builder, LookupError};
use crate::settings::Configurable;
use target_lexicon::Triple;

/// A builder for this machine, with the CPU features found.
pub fn builder() -> Result<Builder, &'static str> {
    builder_with_options(true)
}

/// A builder for this machine; with the CPU features found if `infer_native_flags`, else with the least features of its
/// architecture.
pub fn builder_with_options(infer_native_flags: bool) -> Result<Builder, &'static str> {
    let mut builder = super::lookup(Triple::host()).map_err(|error| match error {
        LookupError::SupportDisabled => "this build makes no code for this machine",
        LookupError::Unsupported => "no code can be made for this machine",
    })?;
    if infer_native_flags {
        self::infer_native_flags(&mut builder)?;
    }
    Ok(builder)
}

/// Enables the settings of those features that this CPU has. On architectures without detection that is none.
pub fn infer_native_flags(isa_builder: &mut dyn Configurable) -> Result<(), &'static str> {
    for &(setting, detected) in FEATURES {
        if detected() {
            isa_builder.enable(setting).map_err(|_| "the settings are not those of this machine")?;
        }
    }
    Ok(())
}

/// A setting, and whether this CPU has the feature.
type Feature = (&'static str, fn() -> bool);

#[cfg(not(target_arch = "x86_64"))]
const FEATURES: &[Feature] = &[];

/// Pairs settings with the standard library's names of features.
#[cfg(target_arch = "x86_64")]
macro_rules! features {
    ($($setting:literal: $feature:tt,)*) => {
        &[$(($setting, || std::arch::is_x86_feature_detected!($feature))),*]
    };
}

#[cfg(target_arch = "x86_64")]
const FEATURES: &[Feature] = features! {
    "has_sse3": "sse3",
    "has_ssse3": "ssse3",
    "has_cmpxchg16b": "cmpxchg16b",
    "has_sse41": "sse4.1",
    "has_sse42": "sse4.2",
    "has_avx": "avx",
    "has_avx2": "avx2",
    "has_fma": "fma",
    "has_avx_vnni": "avxvnni",
    "has_avx512bitalg": "avx512bitalg",
    "has_avx512dq": "avx512dq",
    "has_avx512vl": "avx512vl",
    "has_avx512vbmi": "avx512vbmi",
    "has_avx512f": "avx512f",
    "has_avx512vnni": "avx512vnni",
    "has_popcnt": "popcnt",
    "has_bmi1": "bmi1",
    "has_bmi2": "bmi2",
    "has_lzcnt": "lzcnt",
};

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::settings::{Flags, builder as shared_builder, x64};

    #[test]
    fn each_setting_is_detected() {
        let detected: Vec<_> = FEATURES.iter().map(|f| f.0).collect();
        let known: Vec<_> = x64::TEMPLATE.settings.iter().map(|s| s.name).collect();
        assert_eq!(detected, known);
    }

    #[test]
    fn the_host_has_what_is_detected() {
        let isa = builder().unwrap().finish(Flags::new(shared_builder())).unwrap();
        assert_eq!(isa.triple(), &Triple::host());
        for (value, (name, detected)) in isa.isa_flags().iter().zip(FEATURES) {
            assert_eq!((value.name, value.as_bool()), (*name, Some(detected())));
        }
    }

    #[test]
    fn the_least_host_has_nothing() {
        let isa = builder_with_options(false).unwrap().finish(Flags::new(shared_builder())).unwrap();
        assert!(isa.isa_flags().iter().all(|v| v.as_bool() == Some(false)));
    }

    #[test]
    fn settings_of_something_else() {
        assert!(infer_native_flags(&mut shared_builder()).is_err());
    }
}
