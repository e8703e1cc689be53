//! Settings of targets from text, for all architectures whose settings are known, whether or not code can be made for
//! them. Needs `target-lexicon` for triples; leaves what a reader of test files needs of a `target` line.

use super::detail::Template;
use super::{Builder, Configurable, SetError, SetResult, aarch64, riscv64, s390x, x64};
use target_lexicon::{Aarch64Architecture, Architecture, Riscv64Architecture, Triple};
use windlass_ir::isa::TargetFacts;

/// The interpreted bytecode of WebAssembly engines has no settings of its own.
static PULLEY: Template = Template { name: "pulley", settings: &[], presets: &[] };

/// The settings of an architecture, if they are known.
pub fn isa_template(architecture: Architecture) -> Option<&'static Template> {
    match architecture {
        Architecture::X86_64 => Some(&x64::TEMPLATE),
        Architecture::Aarch64(Aarch64Architecture::Aarch64) => Some(&aarch64::TEMPLATE),
        Architecture::S390x => Some(&s390x::TEMPLATE),
        Architecture::Riscv64(Riscv64Architecture::Riscv64 | Riscv64Architecture::Riscv64gc) => {
            Some(&riscv64::TEMPLATE)
        }
        Architecture::Pulley32 | Architecture::Pulley32be | Architecture::Pulley64 | Architecture::Pulley64be => {
            Some(&PULLEY)
        }
        _ => None,
    }
}

/// Does what one word of a `set` or `target` line says: `name=value` sets, `name` enables.
pub fn configure(word: &str, settings: &mut dyn Configurable) -> SetResult<()> {
    match word.split_once('=') {
        Some((name, value)) => settings.set(name, value),
        None => settings.enable(word),
    }
}

/// A platform with the settings of its architecture.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    /// The platform.
    pub triple: Triple,
    /// The settings of its architecture.
    pub flags: Builder,
}

impl Target {
    /// Pointer width, endianness, calling convention.
    pub fn facts(&self) -> TargetFacts {
        TargetFacts::of(&self.triple)
    }
}

/// Why a `target` line is not understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TargetError {
    /// It is empty.
    #[error("a target is missing")]
    Missing,
    /// It does not start with a triple.
    #[error("'{0}' is no target")]
    BadTriple(String),
    /// The settings of this architecture are not known.
    #[error("nothing is known of the target '{0}'")]
    Unknown(String),
    /// One word is no setting of the architecture.
    #[error("'{word}': {error}")]
    BadFlag {
        /// The word.
        word: String,
        /// What is wrong with it.
        error: SetError,
    },
}

/// Reads what follows the word `target` in a test file: `x86_64 sse42 has_avx`. Settings may follow in any order, and
/// of two that contradict each other the later one holds.
pub fn read_target(line: &str) -> Result<Target, TargetError> {
    let mut words = line.split_whitespace();
    let name = words.next().ok_or(TargetError::Missing)?;
    let triple: Triple = name.parse().map_err(|_| TargetError::BadTriple(name.to_owned()))?;
    let template = isa_template(triple.architecture).ok_or_else(|| TargetError::Unknown(name.to_owned()))?;
    let mut flags = Builder::new(template);
    for word in words {
        configure(word, &mut flags).map_err(|error| TargetError::BadFlag { word: word.to_owned(), error })?;
    }
    Ok(Target { triple, flags })
}
