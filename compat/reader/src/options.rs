//! Settings as text, one word each: `name=value` sets, `name` enables.

use crate::{Location, ParseError};
use anyhow::Context;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable, Flags, FlagsOrIsa, SetError};
use windlass_codegen::settings::{configure, read_target};

/// Why a word is no setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParseOptionError {
    /// Something else.
    Generic(ParseError),
    /// There is no setting of this name, or it cannot be enabled.
    UnknownFlag {
        /// Where.
        loc: Location,
        /// The name.
        name: String,
    },
    /// The setting does not have this value.
    UnknownValue {
        /// Where.
        loc: Location,
        /// The setting.
        name: String,
        /// The value.
        value: String,
    },
}

impl From<ParseOptionError> for ParseError {
    fn from(error: ParseOptionError) -> ParseError {
        let (location, message) = match error {
            ParseOptionError::Generic(error) => return error,
            ParseOptionError::UnknownFlag { loc, name } => (loc, format!("unknown setting '{name}'")),
            ParseOptionError::UnknownValue { loc, name, value } => {
                (loc, format!("the setting '{name}' cannot be '{value}'"))
            }
        };
        ParseError { location, message, is_warning: false }
    }
}

/// Does what a word says.
pub fn parse_option(option: &str, config: &mut dyn Configurable, loc: Location) -> Result<(), ParseOptionError> {
    configure(option, config).map_err(|error| {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match error {
            SetError::BadValue(_) => ParseOptionError::UnknownValue { loc, name: name.into(), value: value.into() },
            _ => ParseOptionError::UnknownFlag { loc, name: name.into() },
        }
    })
}

/// Does what words say, up to the first that says nothing.
pub fn parse_options<'a, I: Iterator<Item = &'a str>>(
    mut iter: I,
    config: &mut dyn Configurable,
    loc: Location,
) -> Result<(), ParseOptionError> {
    iter.try_for_each(|option| parse_option(option, config, loc))
}

/// Settings, or a target with its settings.
pub enum OwnedFlagsOrIsa {
    /// Settings.
    Flags(Flags),
    /// A target.
    Isa(OwnedTargetIsa),
}

impl OwnedFlagsOrIsa {
    /// The same, borrowed.
    pub fn as_fisa(&self) -> FlagsOrIsa<'_> {
        match self {
            OwnedFlagsOrIsa::Flags(flags) => flags.into(),
            OwnedFlagsOrIsa::Isa(isa) => (&**isa as &dyn TargetIsa).into(),
        }
    }
}

/// The target that words of settings and the text of a `target` line name; the settings alone if that text is empty.
pub fn parse_sets_and_triple(flag_set: &[String], flag_triple: &str) -> anyhow::Result<OwnedFlagsOrIsa> {
    let mut flags = settings::builder();
    for word in flag_set {
        configure(word, &mut flags).with_context(|| format!("'{word}'"))?;
    }
    let flags = Flags::new(flags);
    if flag_triple.trim().is_empty() {
        return Ok(OwnedFlagsOrIsa::Flags(flags));
    }
    let target = read_target(flag_triple)?;
    let builder = target.isa_builder().with_context(|| flag_triple.to_owned())?;
    Ok(OwnedFlagsOrIsa::Isa(builder.finish(flags)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_settings() {
        let (mut flags, loc) = (settings::builder(), Location { line_number: 3, ..Location::default() });
        parse_options(["opt_level=speed", "is_pic"].into_iter(), &mut flags, loc).unwrap();
        let errors = ["opt_level=most", "no_such", "opt_level"].map(|w| parse_option(w, &mut flags, loc).unwrap_err());
        assert!(matches!(&errors[0], ParseOptionError::UnknownValue { value, .. } if value == "most"));
        assert!(matches!(&errors[1], ParseOptionError::UnknownFlag { name, .. } if name == "no_such"));
        let error = ParseError::from(errors[1].clone());
        assert_eq!((error.location, error.is_warning), (loc, false));
        assert!(Flags::new(flags).is_pic());
    }

    #[test]
    fn targets_have_the_settings() {
        let set = ["opt_level=speed".to_owned()];
        let target = parse_sets_and_triple(&set, "x86_64 has_avx").unwrap();
        let isa = target.as_fisa().isa.unwrap();
        assert_eq!((isa.name(), target.as_fisa().flags.opt_level()), ("x64", settings::OptLevel::Speed));
        assert!(parse_sets_and_triple(&set, " ").unwrap().as_fisa().isa.is_none());
        assert!(parse_sets_and_triple(&set, "x86_64 has_wings").is_err());
        assert!(parse_sets_and_triple(&["fast".to_owned()], "").is_err());
    }
}
