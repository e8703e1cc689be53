//! Modules as object files: ELF, COFF and Mach-O.
//!
//! Does: compiles functions into sections, with data, symbols, relocations and unwind data, as linkers read them. Needs:
//! the `object` crate, which knows the formats. Leaves: an [`ObjectProduct`], from which come the bytes of a file.
//!
//! Relocations are added at the end, when all symbols are defined.

mod relocs;
mod unwind;

pub use object;

use anyhow::anyhow;
use object::write::{Object, RelocationFlags, SectionId, StandardSection, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, FileFlags, SectionFlags, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
    elf, macho,
};
use std::collections::HashMap;
use windlass_codegen::binemit::Reloc;
use windlass_codegen::context::Context;
use windlass_codegen::isa::unwind::UnwindInfo;
use windlass_codegen::isa::{OwnedTargetIsa, TargetIsa};
use windlass_codegen::linkage::Linkage as Machine;
use windlass_codegen::reloc::{Value, meaning};
use windlass_control::ControlPlane;
use windlass_entity::SecondaryMap;
use windlass_ir::ir::{Endianness as ByteOrder, KnownSymbol, LibCall, Signature};

use crate::module::{
    DataDescription, DataId, FuncId, Init, LibCallNames, Linkage, Module, ModuleDeclarations, ModuleError, ModuleReloc,
    ModuleRelocTarget, ModuleResult,
};

/// Machines as the library knows them, by ELF's number.
const ARCHITECTURES: [(u16, Architecture); 4] = [
    (elf::EM_X86_64, Architecture::X86_64),
    (elf::EM_RISCV, Architecture::Riscv64),
    (elf::EM_AARCH64, Architecture::Aarch64),
    (elf::EM_S390, Architecture::S390x),
];

/// The machine of a target, if objects can be made for it.
fn architecture(isa: &dyn TargetIsa) -> Option<Architecture> {
    let number = Machine::of(isa.triple().architecture).elf.0;
    ARCHITECTURES.iter().find(|row| row.0 == number).map(|row| row.1)
}

/// What an object is to be like.
pub struct ObjectBuilder {
    isa: OwnedTargetIsa,
    format: BinaryFormat,
    name: Vec<u8>,
    libcall_names: LibCallNames,
    per_function_section: bool,
    per_data_object_section: bool,
    unwind_info: bool,
}

impl ObjectBuilder {
    /// One for a target, whose platform tells the format. `name` is that of the source; `libcall_names` names the
    /// routines that code calls by itself.
    pub fn new<V: Into<Vec<u8>>>(isa: OwnedTargetIsa, name: V, libcall_names: LibCallNames) -> ModuleResult<Self> {
        let format = match isa.triple().binary_format {
            target_lexicon::BinaryFormat::Elf => BinaryFormat::Elf,
            target_lexicon::BinaryFormat::Coff => BinaryFormat::Coff,
            target_lexicon::BinaryFormat::Macho => BinaryFormat::MachO,
            other => {
                let what = format!("objects of format {other}: those of ELF, COFF and Mach-O can be made");
                return Err(ModuleError::Backend(anyhow!(what)));
            }
        };
        if architecture(&*isa).is_none() {
            return Err(ModuleError::Backend(anyhow!("objects for {}", isa.triple().architecture)));
        }
        let (name, unwind_info) = (name.into(), isa.flags().unwind_info());
        check_name("source", &String::from_utf8_lossy(&name))?;
        let (per_function_section, per_data_object_section) = (false, false);
        Ok(Self { isa, format, name, libcall_names, per_function_section, per_data_object_section, unwind_info })
    }

    /// Shall each function have a section of its own, so that linkers can leave it out?
    pub fn per_function_section(&mut self, per_function_section: bool) -> &mut Self {
        self.per_function_section = per_function_section;
        self
    }

    /// Shall all data have a section of its own?
    pub fn per_data_object_section(&mut self, per_data_object_section: bool) -> &mut Self {
        self.per_data_object_section = per_data_object_section;
        self
    }

    /// Shall there be unwind data? If nothing is said, the setting `unwind_info` decides.
    pub fn unwind_info(&mut self, unwind_info: bool) -> &mut Self {
        self.unwind_info = unwind_info;
        self
    }
}

/// An object in the making.
pub struct ObjectModule {
    isa: OwnedTargetIsa,
    object: Object<'static>,
    declarations: ModuleDeclarations,
    libcall_names: LibCallNames,
    per_function_section: bool,
    per_data_object_section: bool,
    unwind: Option<unwind::Tables>,
    /// Symbols, and whether they are defined.
    functions: SecondaryMap<FuncId, Option<(SymbolId, bool)>>,
    data_objects: SecondaryMap<DataId, Option<(SymbolId, bool)>>,
    /// Symbols of routines and of what linkers know, by name.
    others: HashMap<Vec<u8>, SymbolId>,
    custom_sections: HashMap<String, SectionId>,
    /// What is to be filled in.
    fields: Vec<Field>,
}

/// A place of a section that is to be filled in with an address.
struct Field {
    section: SectionId,
    offset: u64,
    name: ModuleRelocTarget,
    addend: i64,
    flags: RelocationFlags,
    /// It is the low part of a distance: what it refers to is the relocation of the high part, by a label of its own.
    is_low: bool,
}

impl ObjectModule {
    /// An object as the builder says.
    pub fn new(builder: ObjectBuilder) -> Self {
        let (machine, order) = (Machine::of(builder.isa.triple().architecture), builder.isa.endianness());
        let order = if order == ByteOrder::Big { Endianness::Big } else { Endianness::Little };
        let architecture = architecture(&*builder.isa).unwrap_or(Architecture::Unknown);
        let mut object = Object::new(builder.format, architecture, order);
        if builder.format == BinaryFormat::Elf && machine.elf.1 != 0 {
            object.flags = FileFlags::Elf { os_abi: elf::ELFOSABI_NONE, abi_version: 0, e_flags: machine.elf.1 };
        }
        if builder.format == BinaryFormat::MachO {
            object.set_subsections_via_symbols();
        }
        if builder.format == BinaryFormat::Elf {
            // without this section linkers take the stack to be executable
            object.add_section(vec![], b".note.GNU-stack".to_vec(), SectionKind::Other);
        }
        object.add_file_symbol(builder.name);
        ObjectModule {
            unwind: builder.unwind_info.then(unwind::Tables::default),
            isa: builder.isa,
            object,
            declarations: ModuleDeclarations::default(),
            libcall_names: builder.libcall_names,
            per_function_section: builder.per_function_section,
            per_data_object_section: builder.per_data_object_section,
            functions: SecondaryMap::new(),
            data_objects: SecondaryMap::new(),
            others: HashMap::new(),
            custom_sections: HashMap::new(),
            fields: vec![],
        }
    }

    /// The object as it is now. What is declared and not defined here is to be defined elsewhere.
    pub fn finish(mut self) -> ObjectProduct {
        let error = self.add_relocs().and_then(|()| self.add_unwind_data()).err();
        ObjectProduct { object: self.object, functions: self.functions, data_objects: self.data_objects, error }
    }

    fn add_relocs(&mut self) -> object::write::Result<()> {
        for Field { section, offset, name, addend, flags, is_low } in std::mem::take(&mut self.fields) {
            let (mut symbol, more) = self.target(&name);
            let mut addend = addend.wrapping_add(more);
            if is_low {
                symbol = self.label(symbol, addend);
                addend = 0;
            }
            self.object.add_relocation(section, object::write::Relocation { offset, symbol, addend, flags })?;
        }
        Ok(())
    }

    /// A label so many bytes after a symbol.
    fn label(&mut self, symbol: SymbolId, offset: i64) -> SymbolId {
        let Symbol { section, value, .. } = *self.object.symbol(symbol);
        let label = self::symbol(b".Lhigh".to_vec(), SymbolKind::Label, Linkage::Local);
        let value = value.wrapping_add_signed(offset);
        self.object.add_symbol(Symbol { section, value, ..label })
    }

    fn add_unwind_data(&mut self) -> object::write::Result<()> {
        match self.unwind.take() {
            Some(tables) => tables.add_to(&mut self.object, &*self.isa),
            None => Ok(()),
        }
    }

    /// The symbol of what a reference is to, and the offset in it.
    fn target(&mut self, name: &ModuleRelocTarget) -> (SymbolId, i64) {
        match name {
            ModuleRelocTarget::User { .. } if ModuleDeclarations::is_function(name) => {
                (self.function_symbol(FuncId::from_name(name)), 0)
            }
            ModuleRelocTarget::User { .. } => (self.data_symbol(DataId::from_name(name)), 0),
            ModuleRelocTarget::FunctionOffset(func, offset) => (self.function_symbol(*func), (*offset).into()),
            ModuleRelocTarget::LibCall(call) => (self.libcall_symbol(*call), 0),
            ModuleRelocTarget::KnownSymbol(KnownSymbol::ElfGlobalOffsetTable) => {
                (self.other_symbol(b"_GLOBAL_OFFSET_TABLE_".to_vec(), SymbolKind::Data), 0)
            }
            ModuleRelocTarget::KnownSymbol(KnownSymbol::CoffTlsIndex) => {
                (self.other_symbol(b"_tls_index".to_vec(), SymbolKind::Tls), 0)
            }
        }
    }

    fn libcall_symbol(&mut self, call: LibCall) -> SymbolId {
        let name = (self.libcall_names)(call).into_bytes();
        self.other_symbol(name, SymbolKind::Text)
    }

    fn other_symbol(&mut self, name: Vec<u8>, kind: SymbolKind) -> SymbolId {
        let object = &mut self.object;
        let add =
            |name: &Vec<u8>| object.symbol_id(name).unwrap_or_else(|| object.add_symbol(undefined(name.clone(), kind)));
        *self.others.entry(name).or_insert_with_key(add)
    }

    fn function_symbol(&mut self, id: FuncId) -> SymbolId {
        let decl = self.declarations.get_function_decl(id);
        let name = || decl.linkage_name(id).into_owned().into_bytes();
        let add = || (self.object.add_symbol(symbol(name(), SymbolKind::Text, decl.linkage)), false);
        self.functions[id].get_or_insert_with(add).0
    }

    fn data_symbol(&mut self, id: DataId) -> SymbolId {
        let decl = self.declarations.get_data_decl(id);
        let name = || decl.linkage_name(id).into_owned().into_bytes();
        let kind = if decl.tls { SymbolKind::Tls } else { SymbolKind::Data };
        let add = || (self.object.add_symbol(symbol(name(), kind, decl.linkage)), false);
        self.data_objects[id].get_or_insert_with(add).0
    }

    fn check_function(&self, id: FuncId) -> ModuleResult<()> {
        self.declarations.check_function(id, self.functions[id].is_some_and(|f| f.1))
    }

    /// Adds the code of a function, whose definition was checked.
    fn add_function(
        &mut self,
        id: FuncId,
        align: u64,
        bytes: &[u8],
        relocs: Vec<ModuleReloc>,
        unwind: Option<UnwindInfo>,
    ) -> ModuleResult<()> {
        let flags = self.flags_of(&relocs)?;
        let symbol = self.function_symbol(id);
        let section = if self.per_function_section {
            let name = self.object.symbol(symbol).name.clone();
            self.object.add_subsection(StandardSection::Text, &name)
        } else {
            self.object.section_id(StandardSection::Text)
        };
        let offset = self.object.add_symbol_data(symbol, section, bytes, align.max(1));
        self.functions[id] = Some((symbol, true));
        self.add_fields(section, offset, relocs, flags);
        if let (Some(tables), Some(info)) = (&mut self.unwind, unwind) {
            tables.add(unwind::Function { symbol, section, offset, len: bytes.len() as u32, info });
        }
        Ok(())
    }

    /// How relocations are said in the format.
    fn flags_of(&self, relocs: &[ModuleReloc]) -> ModuleResult<Vec<RelocationFlags>> {
        let format = self.object.format();
        let flags = |reloc: &ModuleReloc| {
            let error = || ModuleError::Backend(anyhow!("relocation {} in an object of {format:?}", reloc.kind));
            relocs::flags(reloc.kind, format).ok_or_else(error)
        };
        relocs.iter().map(flags).collect()
    }

    /// Adds the relocations of what starts at an offset of a section.
    fn add_fields(&mut self, section: SectionId, start: u64, relocs: Vec<ModuleReloc>, flags: Vec<RelocationFlags>) {
        self.fields.extend(relocs.into_iter().zip(flags).map(|(reloc, flags)| {
            let offset = start + u64::from(reloc.offset);
            let is_low = meaning(reloc.kind).value == Value::LowOf;
            Field { section, offset, name: reloc.name, addend: reloc.addend, flags, is_low }
        }));
    }

    /// The section for data.
    fn data_section(&mut self, id: DataId, data: &DataDescription, symbol: SymbolId) -> ModuleResult<SectionId> {
        let decl = self.declarations.get_data_decl(id);
        let has_relocs = !data.function_relocs.is_empty() || !data.data_relocs.is_empty();
        let is_zero = matches!(data.init, Init::Zeros { .. }) && !has_relocs;
        let standard = match (decl.tls, decl.writable) {
            (true, _) if is_zero && self.object.format() != BinaryFormat::Coff => StandardSection::UninitializedTls,
            (true, _) => StandardSection::Tls,
            (_, true) if is_zero => StandardSection::UninitializedData,
            (_, true) => StandardSection::Data,
            _ if has_relocs => StandardSection::ReadOnlyDataWithRel,
            _ => StandardSection::ReadOnlyData,
        };
        if let Some(name) = &data.custom_section {
            if decl.tls {
                return Err(ModuleError::Backend(anyhow!("thread-local data in section `{name}`")));
            }
            let kind = if decl.writable { SectionKind::Data } else { standard.kind() };
            return self.custom_section(name, kind);
        }
        let retained = data.used && self.object.format() == BinaryFormat::Elf;
        if !self.per_data_object_section && !retained {
            return Ok(self.object.section_id(standard));
        }
        let name = self.object.symbol(symbol).name.clone();
        Ok(self.object.add_subsection(standard, &name))
    }

    /// A section that the user named; of Mach-O `segment,section`.
    fn custom_section(&mut self, name: &str, kind: SectionKind) -> ModuleResult<SectionId> {
        if let Some(&section) = self.custom_sections.get(name) {
            return Ok(section);
        }
        check_name("section", name)?;
        let (segment, section) = match (self.object.format(), name.split_once(',')) {
            (BinaryFormat::MachO, Some(parts)) if parts.0.len() <= 16 && parts.1.len() <= 16 => parts,
            (BinaryFormat::MachO, _) => {
                let what = "of Mach-O is `segment,section`, of at most 16 bytes each";
                return Err(ModuleError::Backend(anyhow!("section `{name}`: a section {what}")));
            }
            _ => ("", name),
        };
        let id = self.object.add_section(segment.as_bytes().to_vec(), section.as_bytes().to_vec(), kind);
        self.custom_sections.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Keeps linkers from leaving data out that nothing refers to.
    fn retain(&mut self, symbol: SymbolId, section: SectionId) {
        match self.object.format() {
            BinaryFormat::Elf => {
                if let SectionFlags::Elf { sh_flags } = self.object.section_flags_mut(section) {
                    *sh_flags |= u64::from(elf::SHF_GNU_RETAIN);
                }
            }
            BinaryFormat::MachO => {
                if let SymbolFlags::MachO { n_desc } = self.object.symbol_flags_mut(symbol) {
                    *n_desc |= macho::N_NO_DEAD_STRIP;
                }
            }
            // COFF has no such mark: linkers are told by their command line
            _ => {}
        }
    }
}

/// In tables of objects a name ends with a zero byte.
fn check_name(what: &str, name: &str) -> ModuleResult<()> {
    match name.contains('\0') {
        true => Err(ModuleError::Backend(anyhow!("{what} {name:?}: a name in an object holds no zero byte"))),
        false => Ok(()),
    }
}

/// A symbol that is not defined here.
fn undefined(name: Vec<u8>, kind: SymbolKind) -> Symbol {
    symbol(name, kind, Linkage::Import)
}

fn symbol(name: Vec<u8>, kind: SymbolKind, linkage: Linkage) -> Symbol {
    let (scope, weak) = scope(linkage);
    let section = SymbolSection::Undefined;
    Symbol { name, value: 0, size: 0, kind, scope, weak, section, flags: SymbolFlags::None }
}

/// Who may see a symbol, and whether a definition elsewhere may go before it.
fn scope(linkage: Linkage) -> (SymbolScope, bool) {
    match linkage {
        Linkage::Import => (SymbolScope::Unknown, false),
        Linkage::Local => (SymbolScope::Compilation, false),
        Linkage::Hidden => (SymbolScope::Linkage, false),
        Linkage::Export => (SymbolScope::Dynamic, false),
        Linkage::Preemptible => (SymbolScope::Dynamic, true),
    }
}

impl Module for ObjectModule {
    fn isa(&self) -> &dyn TargetIsa {
        &*self.isa
    }

    fn declarations(&self) -> &ModuleDeclarations {
        &self.declarations
    }

    fn declare_function(&mut self, name: &str, linkage: Linkage, signature: &Signature) -> ModuleResult<FuncId> {
        check_name("symbol", name)?;
        let (id, linkage) = self.declarations.declare_function(name, linkage, signature)?;
        let symbol = self.function_symbol(id);
        let symbol = self.object.symbol_mut(symbol);
        (symbol.scope, symbol.weak) = scope(linkage);
        Ok(id)
    }

    fn declare_anonymous_function(&mut self, signature: &Signature) -> ModuleResult<FuncId> {
        let id = self.declarations.declare_anonymous_function(signature)?;
        self.function_symbol(id);
        Ok(id)
    }

    fn declare_data(&mut self, name: &str, linkage: Linkage, writable: bool, tls: bool) -> ModuleResult<DataId> {
        check_name("symbol", name)?;
        let (id, linkage) = self.declarations.declare_data(name, linkage, writable, tls)?;
        let symbol = self.data_symbol(id);
        let symbol = self.object.symbol_mut(symbol);
        (symbol.scope, symbol.weak) = scope(linkage);
        Ok(id)
    }

    fn declare_anonymous_data(&mut self, writable: bool, tls: bool) -> ModuleResult<DataId> {
        let id = self.declarations.declare_anonymous_data(writable, tls)?;
        self.data_symbol(id);
        Ok(id)
    }

    fn define_function_with_control_plane(
        &mut self,
        func: FuncId,
        ctx: &mut Context,
        ctrl_plane: &mut ControlPlane,
    ) -> ModuleResult<()> {
        self.check_function(func)?;
        ctx.compile(&*self.isa, ctrl_plane)?;
        let unwind = if self.unwind.is_some() { ctx.create_unwind_info(&*self.isa)? } else { None };
        let Some(code) = ctx.compiled_code() else { return Ok(()) };
        let relocs = code.buffer.relocs().iter().map(|reloc| ModuleReloc::of(reloc, &ctx.func, func));
        let relocs = relocs.collect::<ModuleResult<_>>()?;
        self.add_function(func, code.buffer.alignment.into(), code.code_buffer(), relocs, unwind)
    }

    fn define_function_bytes(
        &mut self,
        func_id: FuncId,
        alignment: u64,
        bytes: &[u8],
        relocs: &[ModuleReloc],
    ) -> ModuleResult<()> {
        self.check_function(func_id)?;
        self.add_function(func_id, alignment, bytes, relocs.to_vec(), None)
    }

    fn define_data(&mut self, data_id: DataId, data: &DataDescription) -> ModuleResult<()> {
        self.declarations.check_data(data_id, self.data_objects[data_id].is_some_and(|d| d.1))?;
        if data.init == Init::Uninitialized {
            let name = self.declarations.get_data_decl(data_id).linkage_name(data_id);
            return Err(ModuleError::Backend(anyhow!("nothing says what data `{name}` is at first")));
        }
        let relocs: Vec<_> = data.all_relocs(Reloc::Abs8).collect();
        let flags = self.flags_of(&relocs)?;
        let symbol = self.data_symbol(data_id);
        let section = self.data_section(data_id, data, symbol)?;
        let align = data.align.unwrap_or(self.isa.pointer_bytes().into());
        let offset = match &data.init {
            Init::Bytes { contents } => self.object.add_symbol_data(symbol, section, contents, align),
            Init::Zeros { .. } | Init::Uninitialized => {
                let size = data.init.size();
                if self.object.section(section).is_bss() {
                    self.object.add_symbol_bss(symbol, section, size as u64, align)
                } else {
                    self.object.add_symbol_data(symbol, section, &vec![0; size], align)
                }
            }
        };
        self.data_objects[data_id] = Some((symbol, true));
        self.add_fields(section, offset, relocs, flags);
        if data.used {
            self.retain(symbol, section);
        }
        Ok(())
    }
}

/// A finished object, to which more can be added.
pub struct ObjectProduct {
    /// The object.
    pub object: Object<'static>,
    /// The symbol of each function, and whether it is defined here.
    pub functions: SecondaryMap<FuncId, Option<(SymbolId, bool)>>,
    /// The symbol of all data, and whether it is defined here.
    pub data_objects: SecondaryMap<DataId, Option<(SymbolId, bool)>>,
    error: Option<object::write::Error>,
}

impl ObjectProduct {
    /// The symbol of a function.
    ///
    /// # Panics
    /// If it is not declared.
    pub fn function_symbol(&self, id: FuncId) -> SymbolId {
        self.functions[id].expect("a declared function").0
    }

    /// The symbol of data.
    ///
    /// # Panics
    /// If it is not declared.
    pub fn data_symbol(&self, id: DataId) -> SymbolId {
        self.data_objects[id].expect("declared data").0
    }

    /// The bytes of the file.
    pub fn emit(self) -> Result<Vec<u8>, object::write::Error> {
        match self.error {
            Some(error) => Err(error),
            None => self.object.write(),
        }
    }
}
