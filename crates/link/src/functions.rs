//! From functions of IR to addresses that can be called.
//!
//! Does: optimises and compiles functions, and links them by their names. Needs: verified functions. Leaves: addresses
//! by name, and for an address in the code the function it belongs to and the trap it stands for.
//!
//! Functions refer to each other by name, in any order within a batch; routines that compiled code calls by itself are
//! those of this process, or what a program that is none of ours brings along.

use std::collections::BTreeMap;

use thiserror::Error;
use windlass_codegen::backend::Backend;
use windlass_codegen::compile::Pipeline;
use windlass_codegen::compiled::{CompiledCode, FinalizedMachReloc, FinalizedRelocTarget, MachTrap};
use windlass_codegen::error::CodegenError;
use windlass_codegen::isa;
use windlass_codegen::options::Options;
use windlass_ir::ir::{ExternalName, Function, LibCall, TrapCode};
use windlass_opt::Level;

use crate::host;
use crate::image::Image;
use crate::linker::{Blob, LinkError, Linker, Reloc, Target};
use crate::memory::Kind;

/// Why a function was not compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// A pass did harm.
    #[error(transparent)]
    Optimise(#[from] windlass_opt::Broken),
    /// There is no code for it.
    #[error(transparent)]
    Codegen(#[from] CodegenError),
}

/// Why functions were not put in place.
#[derive(Debug, Error)]
pub enum DefineError {
    /// One of them was not compiled.
    #[error("{function}: {error}")]
    Compile {
        /// Its name.
        function: String,
        /// Why.
        error: CompileError,
    },
    /// They were not linked.
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// A function that is compiled and not linked yet.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its name, as in text: `%f` or `u0:1`.
    pub name: String,
    /// Its code.
    pub code: CompiledCode,
    /// The symbol of each relocation.
    symbols: Vec<String>,
}

impl Object {
    /// Code that refers to nothing.
    pub fn new(name: impl Into<String>, code: CompiledCode) -> Object {
        Object { name: name.into(), code, symbols: vec![] }
    }

    /// The symbols it refers to, some perhaps several times.
    pub fn references(&self) -> &[String] {
        &self.symbols
    }

    fn blob(&self) -> Blob {
        let reloc = |(reloc, symbol): (&FinalizedMachReloc, &String)| Reloc {
            offset: reloc.offset,
            kind: reloc.kind,
            target: Target::Symbol(symbol.clone()),
            addend: reloc.addend + within(&reloc.target),
        };
        Blob {
            name: Some(self.name.clone()),
            kind: Kind::Code,
            bytes: self.code.code.clone(),
            zeros: 0,
            align: self.code.alignment.max(1) as usize,
            relocs: self.code.relocs.iter().zip(&self.symbols).map(reloc).collect(),
        }
    }
}

/// What lies at an address of the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place<'a> {
    /// The function.
    pub function: &'a str,
    /// The offset in its code.
    pub offset: u32,
    /// The trap that the instruction starting here stands for.
    pub trap: Option<TrapCode>,
}

/// A linked function.
struct Linked {
    name: String,
    len: usize,
    traps: Vec<MachTrap>,
}

/// Compiled functions in this process.
///
/// Addresses die with it; calling them needs `unsafe` code, which must see to that.
#[derive(Default)]
pub struct Functions {
    linker: Linker,
    /// What code is made for; nothing if this build makes none for this machine.
    backend: Option<&'static dyn Backend>,
    pipeline: Pipeline,
    /// What lies where, by the first address.
    linked: BTreeMap<usize, Linked>,
}

impl Functions {
    /// No functions yet, of this machine; routines of the host that compiled code may need are known.
    pub fn new() -> Self {
        let mut functions = Self { backend: isa::native::backend().ok(), ..Self::default() };
        for &call in LibCall::all_libcalls() {
            if let Some(address) = host::address(call) {
                functions.linker.define_host(host::symbol(call), address);
            }
        }
        functions
    }

    /// None yet, for a target that need not be this machine. What is to be called must be of this machine.
    pub fn for_target(backend: &'static dyn Backend) -> Self {
        Self { backend: Some(backend), ..Self::new() }
    }

    /// None yet, for a target, in the memory of another program; nothing but them is known there.
    pub fn for_image(backend: &'static dyn Backend, image: Image) -> Self {
        Self { linker: Linker::for_image(image), backend: Some(backend), ..Self::default() }
    }

    /// The other program's memory, if they are for one.
    pub fn image(&self) -> Option<&Image> {
        self.linker.image()
    }

    /// Makes a function of the host known under a name that functions refer to it by, such as `%f`.
    pub fn define_host(&mut self, name: &str, address: *const u8) {
        self.linker.define_host(name, address);
    }

    /// Compiles a verified function at an optimisation level.
    pub fn compile(&mut self, func: &Function, level: Level, options: &Options) -> Result<Object, CompileError> {
        let mut func = func.clone();
        windlass_opt::run(&mut func, level)?;
        let here = || CodegenError::Unsupported("this build makes no code for this machine".to_owned());
        let code = self.pipeline.compile(&func, self.backend.ok_or_else(here)?, options)?;
        let symbols = code.relocs.iter().map(|reloc| symbol(&reloc.target, &func)).collect();
        Ok(Object { name: func.name.to_string(), code, symbols })
    }

    /// Links compiled functions with each other and with earlier ones.
    pub fn link(&mut self, objects: &[Object]) -> Result<(), LinkError> {
        let blobs: Vec<_> = objects.iter().map(Object::blob).collect();
        let linked = self.linker.link(&blobs)?;
        for (index, object) in objects.iter().enumerate() {
            let CompiledCode { code, traps, .. } = &object.code;
            let entry = Linked { name: object.name.clone(), len: code.len(), traps: traps.clone() };
            self.linked.insert(linked.address(index).addr(), entry);
        }
        Ok(())
    }

    /// Compiles and links functions, all or none.
    pub fn define<'a>(
        &mut self,
        funcs: impl IntoIterator<Item = &'a Function>,
        level: Level,
        options: &Options,
    ) -> Result<(), DefineError> {
        let compile = |func: &Function| {
            let error = |error| DefineError::Compile { function: func.name.to_string(), error };
            self.compile(func, level, options).map_err(error)
        };
        let objects = funcs.into_iter().map(compile).collect::<Result<Vec<_>, _>>()?;
        Ok(self.link(&objects)?)
    }

    /// The address of a linked function.
    pub fn address(&self, name: &str) -> Option<*const u8> {
        self.linker.address(name)
    }

    /// Is this a symbol of the process that functions can refer to?
    pub fn is_known(&self, symbol: &str) -> bool {
        self.linker.knows(symbol)
    }

    /// What lies at an address.
    pub fn at(&self, address: usize) -> Option<Place<'_>> {
        let (start, linked) = self.linked.range(..=address).next_back()?;
        let offset = address - start;
        if offset >= linked.len {
            return None;
        }
        let trap = linked.traps.iter().find(|trap| trap.offset as usize == offset).map(|trap| trap.code);
        Some(Place { function: &linked.name, offset: offset as u32, trap })
    }
}

/// How far into the function that it belongs to a relocation refers.
fn within(target: &FinalizedRelocTarget) -> i64 {
    if let FinalizedRelocTarget::Func(offset) = target { (*offset).into() } else { 0 }
}

/// The symbol that a relocation in a function refers to.
fn symbol(target: &FinalizedRelocTarget, func: &Function) -> String {
    match target {
        FinalizedRelocTarget::ExternalName(ExternalName::LibCall(call)) => host::symbol(*call).to_owned(),
        FinalizedRelocTarget::ExternalName(name) => name.display(Some(&func.params)).to_string(),
        FinalizedRelocTarget::Func(_) => func.name.to_string(),
    }
}
