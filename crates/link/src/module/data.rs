//! Descriptions of data: its first contents, and the addresses in it.

use windlass_codegen::binemit::{Addend, CodeOffset, Reloc};
use windlass_entity::PrimaryMap;
use windlass_ir::ir::{FuncRef, GlobalValue};

use super::{ModuleReloc, ModuleRelocTarget};

/// What data is at first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Init {
    /// Not said yet.
    Uninitialized,
    /// Zeros.
    Zeros {
        /// How many bytes.
        size: usize,
    },
    /// These bytes.
    Bytes {
        /// They.
        contents: Box<[u8]>,
    },
}

impl Init {
    /// The size in bytes; 0 if nothing was said.
    pub fn size(&self) -> usize {
        match self {
            Init::Uninitialized => 0,
            Init::Zeros { size } => *size,
            Init::Bytes { contents } => contents.len(),
        }
    }
}

/// A description of data.
#[derive(Clone, Debug)]
pub struct DataDescription {
    /// What it is at first.
    pub init: Init,
    /// The functions whose addresses are in it.
    pub function_decls: PrimaryMap<FuncRef, ModuleRelocTarget>,
    /// The data whose addresses are in it.
    pub data_decls: PrimaryMap<GlobalValue, ModuleRelocTarget>,
    /// Where addresses of functions are.
    pub function_relocs: Vec<(CodeOffset, FuncRef)>,
    /// Where addresses of data are, and what is added to them.
    pub data_relocs: Vec<(CodeOffset, GlobalValue, Addend)>,
    /// The section of an object that it goes to.
    pub custom_section: Option<String>,
    /// Its alignment in bytes, a power of two; that of pointers if it is not given.
    pub align: Option<u64>,
    /// Is it to be kept even if nothing refers to it?
    pub used: bool,
}

impl Default for DataDescription {
    fn default() -> Self {
        Self::new()
    }
}

impl DataDescription {
    /// Nothing said yet.
    pub fn new() -> Self {
        DataDescription {
            init: Init::Uninitialized,
            function_decls: PrimaryMap::new(),
            data_decls: PrimaryMap::new(),
            function_relocs: vec![],
            data_relocs: vec![],
            custom_section: None,
            align: None,
            used: false,
        }
    }

    /// Forgets all that was said.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// It is so many zeros at first.
    pub fn define_zeroinit(&mut self, size: usize) {
        self.init = Init::Zeros { size };
    }

    /// It is these bytes at first.
    pub fn define(&mut self, contents: Box<[u8]>) {
        self.init = Init::Bytes { contents };
    }

    /// The section of an object that it goes to; of Mach-O `segment,section`.
    pub fn set_custom_section(&mut self, section: &str) {
        self.custom_section = Some(section.to_owned());
    }

    /// Its alignment in bytes.
    ///
    /// # Panics
    /// If that is not a power of two.
    pub fn set_align(&mut self, align: u64) {
        assert!(align.is_power_of_two(), "an alignment is a power of two, not {align}");
        self.align = Some(align);
    }

    /// Is it to be kept even if nothing refers to it?
    pub fn set_used(&mut self, used: bool) {
        self.used = used;
    }

    /// Names a function whose address is to be in it. See [`super::Module::declare_func_in_data`].
    pub fn import_function(&mut self, name: ModuleRelocTarget) -> FuncRef {
        self.function_decls.push(name)
    }

    /// Names data whose address is to be in it. See [`super::Module::declare_data_in_data`].
    pub fn import_global_value(&mut self, name: ModuleRelocTarget) -> GlobalValue {
        self.data_decls.push(name)
    }

    /// The address of a function is at `offset`.
    pub fn write_function_addr(&mut self, offset: CodeOffset, func: FuncRef) {
        self.function_relocs.push((offset, func));
    }

    /// The address of data plus `addend` is at `offset`.
    pub fn write_data_addr(&mut self, offset: CodeOffset, data: GlobalValue, addend: Addend) {
        self.data_relocs.push((offset, data, addend));
    }

    /// All addresses in it, as relocations of the kind that writes pointers.
    pub fn all_relocs<'a>(&'a self, pointer_reloc: Reloc) -> impl Iterator<Item = ModuleReloc> + 'a {
        let reloc = move |offset, name: &ModuleRelocTarget, addend| ModuleReloc {
            kind: pointer_reloc,
            offset,
            name: name.clone(),
            addend,
        };
        let functions = self.function_relocs.iter().map(move |&(at, func)| reloc(at, &self.function_decls[func], 0));
        let data = self.data_relocs.iter().map(move |&(at, data, add)| reloc(at, &self.data_decls[data], add));
        functions.chain(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_relocations() {
        let mut data = DataDescription::new();
        assert_eq!(data.init.size(), 0);
        data.define_zeroinit(16);
        let f = data.import_function(ModuleRelocTarget::user(0, 3));
        let d = data.import_global_value(ModuleRelocTarget::user(1, 4));
        data.write_function_addr(8, f);
        data.write_data_addr(0, d, -2);
        let relocs: Vec<_> = data.all_relocs(Reloc::Abs8).map(|r| (r.offset, r.name.to_string(), r.addend)).collect();
        assert_eq!(relocs, [(8, "u0:3".to_owned(), 0), (0, "u1:4".to_owned(), -2)]);
        data.clear();
        assert_eq!((data.init, data.function_relocs.len()), (Init::Uninitialized, 0));
    }
}
