//! Modules in this process: functions and data that can be called and read as soon as they are finalized.
//!
//! Does: compiles, links and frees functions and data; finds symbols of the host by table, by callback and among those
//! of the process; tells the system's unwinder, debuggers and `perf` of functions. Needs: a target that this machine runs. Leaves:
//! addresses, which are good until the module's memory is freed. A module that is dropped leaves its memory as it is,
//! for addresses in it may still be in use: [`JITModule::free_memory`] frees it.

mod builder;
mod frames;
mod gdb;
mod perf;

pub use builder::JITBuilder;

use std::mem::ManuallyDrop;
use std::ptr::with_exposed_provenance;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::anyhow;
use windlass_codegen::binemit::Reloc as RelocKind;
use windlass_codegen::context::Context;
use windlass_codegen::isa::unwind::UnwindInfo;
use windlass_codegen::isa::{OwnedTargetIsa, TargetIsa};
use windlass_codegen::linkage::{CellField, Linkage as Machine};
use windlass_control::ControlPlane;
use windlass_entity::SecondaryMap;
use windlass_ir::ir::Signature;

use crate::host;
use crate::linker::{Blob, LinkError, Linked, Linker, Reloc, Target};
use crate::memory::Kind;
use crate::module::{
    DataDescription, DataId, FuncId, FuncOrDataId, Init, Linkage, Module, ModuleDeclarations, ModuleError, ModuleReloc,
    ModuleRelocTarget, ModuleResult,
};
use builder::Symbols;
use frames::Frame;

/// Functions and data in this process.
pub struct JITModule {
    isa: OwnedTargetIsa,
    symbols: Symbols,
    hotswap: bool,
    perf: Option<perf::Map>,
    debugger: bool,
    declarations: ModuleDeclarations,
    functions: SecondaryMap<FuncId, State>,
    data: SecondaryMap<DataId, State>,
    /// What is defined and not finalized.
    pending: Vec<Pending>,
    /// Code that was replaced and not freed.
    replaced: Vec<Placed>,
    /// What is dropped only when that is asked for.
    kept: ManuallyDrop<Kept>,
}

/// What addresses depend on.
#[derive(Default)]
struct Kept {
    linker: Linker,
    batches: Slab<Linked>,
    /// What others know.
    told: Slab<Told>,
}

/// What others know of a function, until this is dropped.
struct Told {
    /// Debuggers first: they read what the unwinder does.
    _debugger: Option<gdb::Function>,
    _unwinder: Option<Frame>,
}

/// Things by numbers, which are used again when they are vacant.
struct Slab<T> {
    places: Vec<Option<T>>,
    vacant: Vec<usize>,
}

/// How far a function or data has come.
#[derive(Clone, Default)]
struct State {
    /// Its place among what is pending.
    pending: Option<usize>,
    placed: Option<Placed>,
    /// The jump and the cell with its target, if it can be replaced: they outlive its code.
    entry: Option<Entry>,
}

/// Something in memory.
#[derive(Clone)]
struct Placed {
    address: usize,
    len: usize,
    batch: usize,
    blob: usize,
    told: Option<usize>,
}

/// What callers of a function that can be replaced know.
#[derive(Clone, Copy)]
struct Entry {
    jump: usize,
    cell: usize,
}

/// Something that waits to be linked.
struct Pending {
    id: FuncOrDataId,
    kind: Kind,
    bytes: Vec<u8>,
    /// Bytes of zero after them.
    zeros: usize,
    align: usize,
    relocs: Vec<ModuleReloc>,
    unwind: Option<UnwindInfo>,
}

impl JITModule {
    /// A module as the builder says.
    pub fn new(builder: JITBuilder) -> Self {
        let linker = builder.provider.map_or_else(Linker::new, Linker::with_provider);
        JITModule {
            isa: builder.isa,
            symbols: builder.symbols,
            hotswap: builder.hotswap,
            perf: builder.perf_map.then(perf::Map::default),
            debugger: builder.debugger,
            declarations: ModuleDeclarations::default(),
            functions: SecondaryMap::new(),
            data: SecondaryMap::new(),
            pending: vec![],
            replaced: vec![],
            kept: ManuallyDrop::new(Kept { linker, ..Kept::default() }),
        }
    }

    /// Links all that was defined since the last time, and makes it ready to be called and read. After an error nothing
    /// has changed.
    ///
    /// # Errors
    /// If something refers to what is neither defined nor found, or if memory cannot be had.
    pub fn finalize_definitions(&mut self) -> ModuleResult<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let (blobs, entries) = self.blobs()?;
        let linked = self.kept.linker.link(&blobs).map_err(from_link)?;
        let addresses: Vec<usize> = (0..blobs.len()).map(|blob| linked.address(blob).addr()).collect();
        let batch = self.kept.batches.insert(linked);
        let mut named = vec![];
        for (blob, pending) in std::mem::take(&mut self.pending).into_iter().enumerate() {
            let address = addresses[blob];
            let len = pending.bytes.len() + pending.zeros;
            let told = self.tell(pending.id, pending.unwind, address, len).map(|told| self.kept.told.insert(told));
            let placed = Placed { address, len, batch, blob, told };
            if let FuncOrDataId::Func(id) = pending.id {
                named.push((placed.address, placed.len, id));
            }
            let state = self.state_mut(pending.id);
            state.pending = None;
            state.placed = Some(placed);
            if let Some(jump) = entries[blob] {
                state.entry = Some(Entry { jump: addresses[jump], cell: addresses[jump + 1] });
            } else if let Some(entry) = state.entry {
                // SAFETY: the cell is eight aligned bytes of writable data, which lives as long as the module.
                let cell = unsafe { AtomicUsize::from_ptr(std::ptr::with_exposed_provenance_mut(entry.cell)) };
                cell.store(address, Ordering::Release);
            }
        }
        if let Some(perf) = &mut self.perf {
            let name = |id: FuncId| self.declarations.get_function_decl(id).linkage_name(id);
            perf.add(named.iter().map(|&(address, len, id)| (address, len, name(id))))
                .map_err(|err| ModuleError::Backend(anyhow!("the perf map: {err}")))?;
        }
        Ok(())
    }

    /// Tells the system's unwinder, and debuggers if that is asked for, of a function.
    fn tell(&self, id: FuncOrDataId, unwind: Option<UnwindInfo>, address: usize, len: usize) -> Option<Told> {
        let FuncOrDataId::Func(id) = id else { return None };
        let frame = unwind.and_then(|info| Frame::register(&*self.isa, info, address));
        let name = || self.declarations.get_function_decl(id).linkage_name(id);
        let section = frame.as_ref().map(Frame::section);
        let debugger = self.debugger.then(|| gdb::Function::register(&name(), address, len, section)).flatten();
        (frame.is_some() || debugger.is_some()).then_some(Told { _debugger: debugger, _unwinder: frame })
    }

    /// What is pending as blobs, then, of functions that can be replaced and that have none, a jump and its cell each.
    /// With it the place of each blob's jump.
    fn blobs(&self) -> ModuleResult<(Vec<Blob>, Vec<Option<usize>>)> {
        let mut entries = vec![None; self.pending.len()];
        let mut next = self.pending.len();
        for (blob, pending) in self.pending.iter().enumerate() {
            if self.hotswap && matches!(pending.id, FuncOrDataId::Func(_)) && self.state(pending.id).entry.is_none() {
                entries[blob] = Some(next);
                next += 2;
            }
        }
        let mut blobs = Vec::with_capacity(next);
        for pending in &self.pending {
            let relocs = pending.relocs.iter().map(|reloc| self.reloc(reloc, &entries));
            blobs.push(Blob {
                name: None,
                kind: pending.kind,
                bytes: pending.bytes.clone(),
                zeros: pending.zeros,
                align: pending.align,
                relocs: relocs.collect::<ModuleResult<_>>()?,
            });
        }
        for (blob, jump) in entries.iter().enumerate() {
            let Some(jump) = *jump else { continue };
            let field = |offset, kind, to, addend| Reloc { offset, kind, target: Target::Blob(to), addend };
            let error = || ModuleError::Backend(anyhow!("functions that can be replaced on this machine"));
            let code = Machine::host().cell_jump.as_ref().ok_or_else(error)?;
            let to = |of| if of == CellField::Cell { jump + 1 } else { jump };
            let relocs = code.fields.iter().map(|&(offset, kind, addend, of)| field(offset, kind, to(of), addend));
            let (bytes, relocs) = (code.code.to_vec(), relocs.collect());
            blobs.push(Blob { name: None, kind: Kind::Code, bytes, zeros: 0, align: 16, relocs });
            let relocs = vec![field(0, RelocKind::Abs8, blob, 0)];
            blobs.push(Blob { name: None, kind: Kind::WritableData, bytes: vec![], zeros: 8, align: 8, relocs });
        }
        Ok((blobs, entries))
    }

    fn reloc(&self, reloc: &ModuleReloc, entries: &[Option<usize>]) -> ModuleResult<Reloc> {
        let mut addend = reloc.addend;
        let (id, callable) = match reloc.name {
            ModuleRelocTarget::FunctionOffset(id, offset) => {
                addend = addend.wrapping_add(offset.into());
                (FuncOrDataId::Func(id), false)
            }
            ref name => match id_of(name) {
                Some(id) => (id, true),
                None => {
                    let address = self.address_of(&reloc.name)?;
                    let target = Target::Address(address);
                    return Ok(Reloc { offset: reloc.offset, kind: reloc.kind, target, addend });
                }
            },
        };
        let state = self.state(id);
        let target = match (state.entry, state.pending) {
            (Some(entry), _) if callable => Target::Address(entry.jump),
            (_, Some(blob)) => Target::Blob(entries[blob].filter(|_| callable).unwrap_or(blob)),
            _ => Target::Address(self.address_of(&reloc.name)?),
        };
        Ok(Reloc { offset: reloc.offset, kind: reloc.kind, target, addend })
    }

    /// The address of what is finalized, or found outside.
    fn address_of(&self, name: &ModuleRelocTarget) -> ModuleResult<usize> {
        let undefined = |name: &str| ModuleError::Backend(LinkError::Undefined(name.to_owned()).into());
        if let ModuleRelocTarget::LibCall(call) = *name {
            let symbol = self.symbols.libcall_name(call);
            let known = self.symbols.find(&symbol).or_else(|| Some(host::address(call)?.expose_provenance()));
            return known.ok_or_else(|| undefined(&symbol));
        }
        if let ModuleRelocTarget::FunctionOffset(id, offset) = *name {
            return Ok(self.address_of(&id.into())?.wrapping_add(offset as usize));
        }
        let Some(id) = id_of(name) else { return Err(undefined(&name.to_string())) };
        let state = self.state(id);
        if let Some(entry) = state.entry {
            return Ok(entry.jump);
        }
        if let Some(placed) = &state.placed {
            return Ok(placed.address);
        }
        let (symbol, linkage) = match id {
            FuncOrDataId::Func(id) => {
                let decl = self.declarations.get_function_decl(id);
                (decl.linkage_name(id), decl.linkage)
            }
            FuncOrDataId::Data(id) => {
                let decl = self.declarations.get_data_decl(id);
                (decl.linkage_name(id), decl.linkage)
            }
        };
        let outside = matches!(linkage, Linkage::Import | Linkage::Preemptible);
        let found = if outside { self.symbols.find(&symbol) } else { None };
        found.ok_or_else(|| undefined(&symbol))
    }

    /// The address of a function, of data, or of a symbol of the host.
    ///
    /// # Panics
    /// If there is none: what is defined here must be finalized.
    pub fn get_address(&self, name: &ModuleRelocTarget) -> *const u8 {
        with_exposed_provenance(self.address_of(name).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The address of a finalized function. Calling it needs `unsafe` code, which must see to the signature, and to that
    /// the memory is not freed meanwhile.
    ///
    /// # Panics
    /// If it is not finalized.
    pub fn get_finalized_function(&self, func_id: FuncId) -> *const u8 {
        let state = &self.functions[func_id];
        let placed = state.placed.as_ref().unwrap_or_else(|| panic!("{func_id} is not finalized"));
        with_exposed_provenance(state.entry.map_or(placed.address, |entry| entry.jump))
    }

    /// The address of finalized data, and its size in bytes.
    ///
    /// # Panics
    /// If it is not finalized.
    pub fn get_finalized_data(&self, data_id: DataId) -> (*const u8, usize) {
        let placed = self.data[data_id].placed.as_ref().unwrap_or_else(|| panic!("{data_id} is not finalized"));
        (with_exposed_provenance(placed.address), placed.len)
    }

    /// Frees all memory of the module, and takes back what the system's unwinder knows.
    ///
    /// # Safety
    /// No address in it may be used any more; none of its code may be running.
    pub unsafe fn free_memory(self) {
        let Kept { linker, mut told, .. } = ManuallyDrop::into_inner(self.kept);
        // unwinders look where they looked last
        while told.places.pop().is_some() {}
        // SAFETY: promised by the caller.
        unsafe { linker.free_all() }
    }

    /// Frees the code of a function, which can then be defined anew.
    ///
    /// # Safety
    /// It must not be running, nor be called any more before it is defined and finalized again; without
    /// [`JITBuilder::hotswap`] what was linked to it must never call it again.
    pub unsafe fn free_function(&mut self, func_id: FuncId) -> ModuleResult<()> {
        let state = &mut self.functions[func_id];
        match state.placed.take() {
            Some(placed) => self.kept.free(placed),
            None => Err(ModuleError::Undeclared(format!("{func_id} is not finalized"))),
        }
    }

    /// Makes a finalized function ready to be defined anew. Until that is finalized callers get the old code, and then
    /// the new. The old code stays until [`JITModule::free_replaced`].
    ///
    /// # Errors
    /// If the module was built without [`JITBuilder::hotswap`], or the function is not finalized.
    pub fn prepare_for_function_redefinition(&mut self, func_id: FuncId) -> ModuleResult<()> {
        if !self.hotswap {
            return Err(ModuleError::Backend(anyhow!("functions can be replaced if JITBuilder::hotswap was called")));
        }
        let placed = self.functions[func_id].placed.take();
        self.replaced.push(placed.ok_or_else(|| ModuleError::Undeclared(format!("{func_id} is not finalized")))?);
        Ok(())
    }

    /// Frees the code that was replaced.
    ///
    /// # Safety
    /// None of it may be running any more, and what replaces it must be finalized.
    pub unsafe fn free_replaced(&mut self) -> ModuleResult<()> {
        std::mem::take(&mut self.replaced).into_iter().try_for_each(|placed| self.kept.free(placed))
    }

    fn state(&self, id: FuncOrDataId) -> &State {
        match id {
            FuncOrDataId::Func(id) => &self.functions[id],
            FuncOrDataId::Data(id) => &self.data[id],
        }
    }

    fn state_mut(&mut self, id: FuncOrDataId) -> &mut State {
        match id {
            FuncOrDataId::Func(id) => &mut self.functions[id],
            FuncOrDataId::Data(id) => &mut self.data[id],
        }
    }

    fn define(&mut self, pending: Pending) {
        let place = self.pending.len();
        self.state_mut(pending.id).pending = Some(place);
        self.pending.push(pending);
    }

    fn check_function(&self, id: FuncId) -> ModuleResult<()> {
        let state = &self.functions[id];
        self.declarations.check_function(id, state.pending.is_some() || state.placed.is_some())
    }
}

impl Kept {
    fn free(&mut self, placed: Placed) -> ModuleResult<()> {
        if let Some(told) = placed.told {
            self.told.remove(told);
        }
        let Some(linked) = &mut self.batches.places[placed.batch] else { return Ok(()) };
        self.linker.free_blob(linked, placed.blob).map_err(from_link)?;
        if linked.is_empty() {
            self.batches.remove(placed.batch);
        }
        Ok(())
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab { places: vec![], vacant: vec![] }
    }
}

impl<T> Slab<T> {
    fn insert(&mut self, one: T) -> usize {
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(one);
        place
    }

    fn remove(&mut self, place: usize) {
        self.places[place] = None;
        self.vacant.push(place);
    }
}

/// The function or data of the module that a reference is to.
fn id_of(name: &ModuleRelocTarget) -> Option<FuncOrDataId> {
    match name {
        ModuleRelocTarget::User { namespace: 0, .. } => Some(FuncOrDataId::Func(FuncId::from_name(name))),
        ModuleRelocTarget::User { namespace: 1, .. } => Some(FuncOrDataId::Data(DataId::from_name(name))),
        _ => None,
    }
}

fn from_link(error: LinkError) -> ModuleError {
    match error {
        LinkError::Memory(error) => ModuleError::Allocation { err: std::io::Error::other(error) },
        error => ModuleError::backend(error),
    }
}

impl Module for JITModule {
    fn isa(&self) -> &dyn TargetIsa {
        &*self.isa
    }

    fn declarations(&self) -> &ModuleDeclarations {
        &self.declarations
    }

    fn declare_function(&mut self, name: &str, linkage: Linkage, signature: &Signature) -> ModuleResult<FuncId> {
        Ok(self.declarations.declare_function(name, linkage, signature)?.0)
    }

    fn declare_anonymous_function(&mut self, signature: &Signature) -> ModuleResult<FuncId> {
        self.declarations.declare_anonymous_function(signature)
    }

    fn declare_data(&mut self, name: &str, linkage: Linkage, writable: bool, tls: bool) -> ModuleResult<DataId> {
        if tls {
            return Err(ModuleError::Backend(anyhow!("thread-local data `{name}`: a JIT module has none")));
        }
        Ok(self.declarations.declare_data(name, linkage, writable, tls)?.0)
    }

    fn declare_anonymous_data(&mut self, writable: bool, tls: bool) -> ModuleResult<DataId> {
        if tls {
            return Err(ModuleError::Backend(anyhow!("thread-local data: a JIT module has none")));
        }
        self.declarations.declare_anonymous_data(writable, tls)
    }

    fn define_function_with_control_plane(
        &mut self,
        func: FuncId,
        ctx: &mut Context,
        ctrl_plane: &mut ControlPlane,
    ) -> ModuleResult<()> {
        self.check_function(func)?;
        ctx.compile(&*self.isa, ctrl_plane)?;
        let unwind = if self.isa.flags().unwind_info() { ctx.create_unwind_info(&*self.isa)? } else { None };
        let Some(code) = ctx.compiled_code() else { return Ok(()) };
        let relocs = code.buffer.relocs().iter().map(|reloc| ModuleReloc::of(reloc, &ctx.func, func));
        self.define(Pending {
            id: FuncOrDataId::Func(func),
            kind: Kind::Code,
            align: code.buffer.alignment.max(1) as usize,
            relocs: relocs.collect::<ModuleResult<_>>()?,
            bytes: code.code_buffer().to_vec(),
            zeros: 0,
            unwind,
        });
        Ok(())
    }

    fn define_function_bytes(
        &mut self,
        func_id: FuncId,
        alignment: u64,
        bytes: &[u8],
        relocs: &[ModuleReloc],
    ) -> ModuleResult<()> {
        self.check_function(func_id)?;
        let id = FuncOrDataId::Func(func_id);
        let (kind, align) = (Kind::Code, alignment.max(1) as usize);
        self.define(Pending {
            id,
            kind,
            bytes: bytes.to_vec(),
            zeros: 0,
            align,
            relocs: relocs.to_vec(),
            unwind: None,
        });
        Ok(())
    }

    fn define_data(&mut self, data_id: DataId, data: &DataDescription) -> ModuleResult<()> {
        let state = &self.data[data_id];
        self.declarations.check_data(data_id, state.pending.is_some() || state.placed.is_some())?;
        let decl = self.declarations.get_data_decl(data_id);
        let (bytes, zeros) = match &data.init {
            Init::Uninitialized => {
                let name = decl.linkage_name(data_id);
                return Err(ModuleError::Backend(anyhow!("nothing says what data `{name}` is at first")));
            }
            Init::Zeros { size } => (vec![], *size),
            Init::Bytes { contents } => (contents.to_vec(), 0),
        };
        let pointer = match self.isa.pointer_bytes() {
            4 => RelocKind::Abs4,
            _ => RelocKind::Abs8,
        };
        self.define(Pending {
            id: FuncOrDataId::Data(data_id),
            kind: if decl.writable { Kind::WritableData } else { Kind::ReadOnlyData },
            align: data.align.unwrap_or(self.isa.pointer_bytes().into()) as usize,
            relocs: data.all_relocs(pointer).collect(),
            bytes,
            zeros,
            unwind: None,
        });
        Ok(())
    }
}
