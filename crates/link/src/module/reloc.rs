//! References of a module's code and data to each other.

use std::fmt;

use windlass_codegen::binemit::{Addend, CodeOffset, Reloc};
use windlass_codegen::machinst::{FinalizedMachReloc, FinalizedRelocTarget};
use windlass_ir::ir::{ExternalName, Function, KnownSymbol, LibCall, SourceLoc, TrapCode};

use super::{DATA, DataId, FUNCTIONS, FuncId, ModuleError, ModuleResult};

/// An instruction that may trap, with its place in the source.
#[derive(Clone, Debug)]
pub struct TrapSite {
    /// Where it starts.
    pub offset: CodeOffset,
    /// Its place.
    pub srcloc: SourceLoc,
    /// Why.
    pub code: TrapCode,
}

/// What a reference in a module refers to.
#[derive(Clone, Debug)]
pub enum ModuleRelocTarget {
    /// A function (name space 0) or data (name space 1) of the module.
    User {
        /// The name space.
        namespace: u32,
        /// The number.
        index: u32,
    },
    /// A routine that compiled code calls by itself.
    LibCall(LibCall),
    /// A symbol that linkers know.
    KnownSymbol(KnownSymbol),
    /// A place in a function.
    FunctionOffset(FuncId, CodeOffset),
}

impl ModuleRelocTarget {
    /// The function or data of these numbers.
    pub fn user(namespace: u32, index: u32) -> Self {
        Self::User { namespace, index }
    }
}

impl From<FuncId> for ModuleRelocTarget {
    fn from(id: FuncId) -> Self {
        Self::user(FUNCTIONS, id.as_u32())
    }
}

impl From<DataId> for ModuleRelocTarget {
    fn from(id: DataId) -> Self {
        Self::user(DATA, id.as_u32())
    }
}

impl fmt::Display for ModuleRelocTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { namespace, index } => write!(f, "u{namespace}:{index}"),
            Self::LibCall(call) => write!(f, "%{call}"),
            Self::KnownSymbol(symbol) => write!(f, "%{symbol}"),
            Self::FunctionOffset(func, offset) => write!(f, "{func}+{offset}"),
        }
    }
}

/// A field to be filled in with an address.
#[derive(Clone, Debug)]
pub struct ModuleReloc {
    /// Where it starts.
    pub offset: CodeOffset,
    /// How.
    pub kind: Reloc,
    /// Whose address.
    pub name: ModuleRelocTarget,
    /// What is added to it.
    pub addend: Addend,
}

impl ModuleReloc {
    /// From a reference in compiled code of a function.
    ///
    /// # Panics
    /// If the function refers to something by a name of tests, which no module knows.
    pub fn from_mach_reloc(mach_reloc: &FinalizedMachReloc, func: &Function, func_id: FuncId) -> Self {
        Self::of(mach_reloc, func, func_id).expect("functions of modules have numbers")
    }

    /// The same, or the name that no module knows.
    pub(crate) fn of(reloc: &FinalizedMachReloc, func: &Function, func_id: FuncId) -> ModuleResult<Self> {
        let name = match &reloc.target {
            FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
                let name = func.params.user_named_funcs().get(*name);
                let name = name.ok_or_else(|| ModuleError::Undeclared(reloc.target.display(None)))?;
                ModuleRelocTarget::user(name.namespace, name.index)
            }
            FinalizedRelocTarget::ExternalName(ExternalName::LibCall(call)) => ModuleRelocTarget::LibCall(*call),
            FinalizedRelocTarget::ExternalName(ExternalName::KnownSymbol(s)) => ModuleRelocTarget::KnownSymbol(*s),
            FinalizedRelocTarget::ExternalName(ExternalName::TestCase(name)) => {
                return Err(ModuleError::Undeclared(name.to_string()));
            }
            FinalizedRelocTarget::Func(offset) => ModuleRelocTarget::FunctionOffset(func_id, *offset),
        };
        Ok(ModuleReloc { offset: reloc.offset, kind: reloc.kind, name, addend: reloc.addend })
    }
}
