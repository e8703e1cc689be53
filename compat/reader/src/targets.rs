//! The targets that a test file's header names. Needs the header as text; leaves targets with all their settings.

use crate::options::parse_option;
use crate::{Location, ParseError, ParseResult};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Builder, Configurable, Flags};
use windlass_codegen::isa::LookupError;
use windlass_codegen::settings::read_target;
use windlass_ir::testfile::{TargetLine, TestFile};

/// What a test file is for.
pub enum IsaSpec {
    /// No target in particular, with these settings.
    None(Flags),
    /// These targets, without those that this build makes no code for.
    Some(Vec<OwnedTargetIsa>),
}

impl IsaSpec {
    /// The target, if there is exactly one.
    pub fn unique_isa(&self) -> Option<&dyn TargetIsa> {
        match self {
            IsaSpec::Some(isas) if isas.len() == 1 => Some(&*isas[0]),
            _ => None,
        }
    }

    /// What a file is for, by its header. `flags` are the settings before its first line.
    pub(crate) fn of(file: &TestFile<'_>, mut flags: Builder) -> ParseResult<IsaSpec> {
        let (mut isas, mut lines) = (Vec::new(), file.settings.iter());
        let mut set = |flags: &mut Builder, count: usize| -> ParseResult<()> {
            for line in lines.by_ref().take(count) {
                for option in &line.options {
                    parse_option(&option.to_string(), flags, line.location)?;
                }
            }
            Ok(())
        };
        let mut done = 0;
        for target in &file.targets {
            set(&mut flags, target.settings - done)?;
            done = target.settings;
            isas.extend(isa(target, Flags::new(flags.clone()))?);
        }
        set(&mut flags, usize::MAX)?;
        Ok(if file.targets.is_empty() { IsaSpec::None(Flags::new(flags)) } else { IsaSpec::Some(isas) })
    }
}

/// The shared settings before the header's first line.
pub(crate) fn defaults(unwind_info: bool, machine_code_cfg_info: bool) -> Builder {
    let mut flags = settings::builder();
    for (name, value) in [("unwind_info", unwind_info), ("machine_code_cfg_info", machine_code_cfg_info)] {
        flags.set(name, &value.to_string()).expect("these settings are booleans");
    }
    flags
}

/// The target of a line; none if this build makes no code for it.
fn isa(line: &TargetLine<'_>, flags: Flags) -> ParseResult<Option<OwnedTargetIsa>> {
    let options: String = line.options.iter().map(|option| format!(" {option}")).collect();
    let target = read_target(&format!("{}{options}", line.triple)).map_err(|e| error(line.location, &e))?;
    match target.isa_builder() {
        Ok(builder) => builder.finish(flags).map(Some).map_err(|e| error(line.location, &e)),
        Err(LookupError::SupportDisabled) => Ok(None),
        Err(e) => Err(error(line.location, &e)),
    }
}

fn error(location: Location, error: &dyn std::error::Error) -> ParseError {
    ParseError { location, message: error.to_string(), is_warning: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ParseOptions, parse_test};
    use cranelift_codegen::settings::OptLevel;

    fn spec(header: &str) -> ParseResult<IsaSpec> {
        let options = ParseOptions { unwind_info: true, ..ParseOptions::default() };
        let text = format!("{header}\nfunction %f() {{\nblock0:\n    return\n}}\n");
        parse_test(&text, options).map(|file| file.isa_spec)
    }

    #[test]
    fn a_file_without_targets_has_settings() {
        let IsaSpec::None(flags) = spec("test cat\nset opt_level=speed").unwrap() else { panic!("there is a target") };
        assert_eq!((flags.opt_level(), flags.unwind_info()), (OptLevel::Speed, true));
    }

    #[test]
    fn settings_hold_for_the_targets_after_them() {
        let header = "test cat\ntarget x86_64\nset opt_level=speed unwind_info=false\ntarget x86_64 has_avx";
        let IsaSpec::Some(isas) = spec(header).unwrap() else { panic!("there is no target") };
        let levels: Vec<_> = isas.iter().map(|isa| (isa.flags().opt_level(), isa.flags().unwind_info())).collect();
        assert_eq!(levels, [(OptLevel::None, true), (OptLevel::Speed, false)]);
        let avx = isas[1].isa_flags().into_iter().find(|v| v.name == "has_avx").unwrap();
        assert_eq!(avx.as_bool(), Some(true));
    }

    #[test]
    fn one_target_is_unique() {
        assert_eq!(spec("test cat\ntarget x86_64").unwrap().unique_isa().unwrap().name(), "x64");
        assert!(spec("test cat\ntarget x86_64\ntarget x86_64").unwrap().unique_isa().is_none());
        assert!(spec("test cat").unwrap().unique_isa().is_none());
    }

    #[test]
    fn errors_say_where() {
        let error = |header| spec(header).err().expect("the header is wrong");
        assert_eq!(error("test cat\nset opt_level=most").location.line_number, 2);
        assert_eq!(error("test cat\ntarget x86_64 has_wings").location.line_number, 2);
    }
}
