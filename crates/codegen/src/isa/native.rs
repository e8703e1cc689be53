//! The machine this program runs on, as a target. Needs the rows of CPU features, which say how each is detected;
//! leaves a builder whose settings are what this CPU has.

use super::{Builder, LookupError};
use crate::backend::Backend;
use crate::settings::{self, Configurable, Flags};
use target_lexicon::Triple;
use windlass_desc::feature::FeatureRow;

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

/// What the pipeline needs of this machine.
pub fn backend() -> Result<&'static dyn Backend, &'static str> {
    let isa = builder_with_options(false)?.finish(Flags::new(settings::builder()));
    Ok(isa.map_err(|_| "no code is made for this machine under the settings' defaults")?.backend())
}

/// Enables the settings of those features that this CPU has. On architectures without detection that is none.
pub fn infer_native_flags(isa_builder: &mut dyn Configurable) -> Result<(), &'static str> {
    for feature in FEATURES {
        if (feature.detected)() {
            isa_builder.enable(feature.setting).map_err(|_| "the settings are not those of this machine")?;
        }
    }
    Ok(())
}

/// What CPUs of this architecture may have.
#[cfg(target_arch = "x86_64")]
const FEATURES: &[FeatureRow] = windlass_desc::x64::Feature::ALL;
#[cfg(not(target_arch = "x86_64"))]
const FEATURES: &[FeatureRow] = &[];

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::settings::{builder as shared_builder, x64};

    #[test]
    fn each_setting_is_detected() {
        for setting in x64::TEMPLATE.settings {
            assert!(FEATURES.iter().any(|feature| feature.setting == setting.name), "{}", setting.name);
        }
    }

    #[test]
    fn the_host_has_what_is_detected() {
        let isa = builder().unwrap().finish(Flags::new(shared_builder())).unwrap();
        assert_eq!(isa.triple(), &Triple::host());
        for value in isa.isa_flags() {
            let feature = FEATURES.iter().find(|feature| feature.setting == value.name).unwrap();
            assert_eq!(value.as_bool(), Some((feature.detected)()), "{}", value.name);
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
