//! What a module's functions and data are called, who may see them, and by which numbers they are known.

use std::borrow::Cow;
use std::collections::HashMap;

use windlass_entity::{PrimaryMap, entity_impl};
use windlass_ir::ir::Signature;

use super::{FUNCTIONS, ModuleError, ModuleRelocTarget, ModuleResult};

/// A function of a module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncId(u32);
entity_impl!(FuncId, "funcid");

/// Data of a module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataId(u32);
entity_impl!(DataId, "dataid");

impl FuncId {
    /// The function that a relocation refers to.
    ///
    /// # Panics
    /// If it refers to something else: ask [`ModuleDeclarations::is_function`].
    pub fn from_name(name: &ModuleRelocTarget) -> FuncId {
        match name {
            ModuleRelocTarget::User { namespace: FUNCTIONS, index } => FuncId(*index),
            _ => panic!("{name} is not a function of a module"),
        }
    }
}

impl DataId {
    /// The data that a relocation refers to.
    ///
    /// # Panics
    /// If it refers to something else.
    pub fn from_name(name: &ModuleRelocTarget) -> DataId {
        match name {
            ModuleRelocTarget::User { namespace: super::DATA, index } => DataId(*index),
            _ => panic!("{name} is not data of a module"),
        }
    }
}

/// A function or data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FuncOrDataId {
    /// A function.
    Func(FuncId),
    /// Data.
    Data(DataId),
}

impl From<FuncOrDataId> for ModuleRelocTarget {
    fn from(id: FuncOrDataId) -> Self {
        match id {
            FuncOrDataId::Func(id) => id.into(),
            FuncOrDataId::Data(id) => id.into(),
        }
    }
}

/// Where something is defined, and who may see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Linkage {
    /// Defined elsewhere.
    Import,
    /// Defined here, seen by this module alone.
    Local,
    /// Defined here, seen by all that is linked into one file with this module.
    Hidden,
    /// Defined here, seen by all, and a definition elsewhere may go before it.
    Preemptible,
    /// Defined here, seen by all.
    Export,
}

impl Linkage {
    /// Of several declarations the strongest holds: the one that most can see.
    fn merge(self, other: Linkage) -> Linkage {
        self.max(other)
    }

    /// May it be defined here?
    pub fn is_definable(self) -> bool {
        self != Linkage::Import
    }

    /// Will the definition here be the one that is used?
    pub fn is_final(self) -> bool {
        matches!(self, Linkage::Local | Linkage::Hidden | Linkage::Export)
    }

    /// Must it be defined here?
    pub fn requires_definition(self) -> bool {
        self != Linkage::Import
    }
}

/// What is said of a function.
#[derive(Debug)]
pub struct FunctionDeclaration {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where it is defined and who may see it.
    pub linkage: Linkage,
    /// How it is called.
    pub signature: Signature,
}

impl FunctionDeclaration {
    /// Its name; of one without a name, one made of its number.
    pub fn linkage_name(&self, id: FuncId) -> Cow<'_, str> {
        self.name.as_deref().map_or_else(|| format!(".Lfn{:x}", id.as_u32()).into(), Cow::from)
    }
}

/// What is said of data.
#[derive(Debug)]
pub struct DataDeclaration {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where it is defined and who may see it.
    pub linkage: Linkage,
    /// May it be written?
    pub writable: bool,
    /// Has each thread its own?
    pub tls: bool,
}

impl DataDeclaration {
    /// Its name; of one without a name, one made of its number.
    pub fn linkage_name(&self, id: DataId) -> Cow<'_, str> {
        self.name.as_deref().map_or_else(|| format!(".Ldata{:x}", id.as_u32()).into(), Cow::from)
    }
}

/// All that is declared in a module.
#[derive(Debug, Default)]
pub struct ModuleDeclarations {
    names: HashMap<String, FuncOrDataId>,
    functions: PrimaryMap<FuncId, FunctionDeclaration>,
    data_objects: PrimaryMap<DataId, DataDeclaration>,
}

impl ModuleDeclarations {
    /// What is declared by a name.
    pub fn get_name(&self, name: &str) -> Option<FuncOrDataId> {
        self.names.get(name).copied()
    }

    /// All functions.
    pub fn get_functions(&self) -> impl Iterator<Item = (FuncId, &FunctionDeclaration)> {
        self.functions.iter()
    }

    /// Does a relocation refer to a function of the module?
    pub fn is_function(name: &ModuleRelocTarget) -> bool {
        match name {
            ModuleRelocTarget::User { namespace, .. } => *namespace == FUNCTIONS,
            ModuleRelocTarget::FunctionOffset(..) => true,
            ModuleRelocTarget::LibCall(_) | ModuleRelocTarget::KnownSymbol(_) => false,
        }
    }

    /// A function's declaration.
    pub fn get_function_decl(&self, func_id: FuncId) -> &FunctionDeclaration {
        &self.functions[func_id]
    }

    /// All data.
    pub fn get_data_objects(&self) -> impl Iterator<Item = (DataId, &DataDeclaration)> {
        self.data_objects.iter()
    }

    /// The declaration of data.
    pub fn get_data_decl(&self, data_id: DataId) -> &DataDeclaration {
        &self.data_objects[data_id]
    }

    /// Declares a function; gives the linkage that holds now.
    pub fn declare_function(
        &mut self,
        name: &str,
        linkage: Linkage,
        signature: &Signature,
    ) -> ModuleResult<(FuncId, Linkage)> {
        match self.names.get(name) {
            Some(&FuncOrDataId::Func(id)) => {
                let decl = &mut self.functions[id];
                if decl.signature != *signature {
                    let (old, new) = (decl.signature.clone(), signature.clone());
                    return Err(ModuleError::IncompatibleSignature(name.to_owned(), old, new));
                }
                decl.linkage = decl.linkage.merge(linkage);
                Ok((id, decl.linkage))
            }
            Some(FuncOrDataId::Data(_)) => Err(ModuleError::IncompatibleDeclaration(name.to_owned())),
            None => {
                let (name, signature) = (name.to_owned(), signature.clone());
                let id = self.functions.push(FunctionDeclaration { name: Some(name.clone()), linkage, signature });
                self.names.insert(name, FuncOrDataId::Func(id));
                Ok((id, linkage))
            }
        }
    }

    /// Declares a function without a name.
    pub fn declare_anonymous_function(&mut self, signature: &Signature) -> ModuleResult<FuncId> {
        let signature = signature.clone();
        Ok(self.functions.push(FunctionDeclaration { name: None, linkage: Linkage::Local, signature }))
    }

    /// Declares data; gives the linkage that holds now.
    pub fn declare_data(
        &mut self,
        name: &str,
        linkage: Linkage,
        writable: bool,
        tls: bool,
    ) -> ModuleResult<(DataId, Linkage)> {
        match self.names.get(name) {
            Some(&FuncOrDataId::Data(id)) if self.data_objects[id].tls == tls => {
                let decl = &mut self.data_objects[id];
                decl.linkage = decl.linkage.merge(linkage);
                decl.writable |= writable;
                Ok((id, decl.linkage))
            }
            Some(_) => Err(ModuleError::IncompatibleDeclaration(name.to_owned())),
            None => {
                let name = name.to_owned();
                let id = self.data_objects.push(DataDeclaration { name: Some(name.clone()), linkage, writable, tls });
                self.names.insert(name, FuncOrDataId::Data(id));
                Ok((id, linkage))
            }
        }
    }

    /// Declares data without a name.
    pub fn declare_anonymous_data(&mut self, writable: bool, tls: bool) -> ModuleResult<DataId> {
        Ok(self.data_objects.push(DataDeclaration { name: None, linkage: Linkage::Local, writable, tls }))
    }

    /// Checks that a function may be defined, `defined` telling whether it is already.
    pub(crate) fn check_function(&self, id: FuncId, defined: bool) -> ModuleResult<()> {
        let decl = self.functions.get(id).ok_or_else(|| ModuleError::Undeclared(id.to_string()))?;
        check(decl.linkage, defined, || decl.linkage_name(id).into_owned())
    }

    /// Checks that data may be defined.
    pub(crate) fn check_data(&self, id: DataId, defined: bool) -> ModuleResult<()> {
        let decl = self.data_objects.get(id).ok_or_else(|| ModuleError::Undeclared(id.to_string()))?;
        check(decl.linkage, defined, || decl.linkage_name(id).into_owned())
    }
}

fn check(linkage: Linkage, defined: bool, name: impl FnOnce() -> String) -> ModuleResult<()> {
    match (linkage.is_definable(), defined) {
        (false, _) => Err(ModuleError::InvalidImportDefinition(name())),
        (_, true) => Err(ModuleError::DuplicateDefinition(name())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_ir::ir::{AbiParam, types};
    use windlass_ir::isa::CallConv;

    #[test]
    fn declarations_of_one_name_are_one() {
        let mut all = ModuleDeclarations::default();
        let sig = Signature::new(CallConv::SystemV);
        let (f, linkage) = all.declare_function("f", Linkage::Import, &sig).unwrap();
        assert_eq!(linkage, Linkage::Import);
        assert_eq!(all.declare_function("f", Linkage::Export, &sig).unwrap(), (f, Linkage::Export));
        assert_eq!(all.declare_function("f", Linkage::Local, &sig).unwrap(), (f, Linkage::Export));
        let (d, _) = all.declare_data("d", Linkage::Local, false, false).unwrap();
        assert_eq!(all.declare_data("d", Linkage::Hidden, true, false).unwrap(), (d, Linkage::Hidden));
        assert!(all.get_data_decl(d).writable);
        assert_eq!(all.get_name("d"), Some(FuncOrDataId::Data(d)));
    }

    #[test]
    fn conflicts_are_errors() {
        let mut all = ModuleDeclarations::default();
        let mut sig = Signature::new(CallConv::SystemV);
        let (f, _) = all.declare_function("f", Linkage::Import, &sig).unwrap();
        let (d, _) = all.declare_data("d", Linkage::Local, false, false).unwrap();
        sig.params.push(AbiParam::new(types::I8));
        let other = all.declare_function("f", Linkage::Import, &sig);
        assert!(matches!(other, Err(ModuleError::IncompatibleSignature(name, ..)) if name == "f"));
        let wrong = |r: Result<_, ModuleError>| matches!(r, Err(ModuleError::IncompatibleDeclaration(_)));
        assert!(wrong(all.declare_function("d", Linkage::Local, &sig).map(|_| ())));
        assert!(wrong(all.declare_data("f", Linkage::Local, true, false).map(|_| ())));
        assert!(wrong(all.declare_data("d", Linkage::Local, false, true).map(|_| ())));
        assert!(matches!(all.check_function(f, false), Err(ModuleError::InvalidImportDefinition(_))));
        assert!(matches!(all.check_data(d, true), Err(ModuleError::DuplicateDefinition(_))));
        assert!(matches!(all.check_data(DataId(7), false), Err(ModuleError::Undeclared(_))));
    }

    #[test]
    fn what_has_no_name_gets_one() {
        let mut all = ModuleDeclarations::default();
        let f = all.declare_anonymous_function(&Signature::new(CallConv::SystemV)).unwrap();
        let d = all.declare_anonymous_data(true, false).unwrap();
        assert_eq!(all.get_function_decl(f).linkage_name(f), ".Lfn0");
        assert_eq!(all.get_data_decl(d).linkage_name(d), ".Ldata0");
        assert!(all.get_function_decl(f).linkage.is_final());
    }
}
