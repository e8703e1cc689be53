//! Linking compiled blobs into this process.
//!
//! Does: places a batch of blobs in memory, finds the addresses of the symbols they refer to, writes those in, and seals
//! the memory. Needs: blobs with their relocations, and symbols of the host by name or by a callback; of the compiler
//! only the names of relocations. Leaves: addresses that can be called or read; after an error, everything as it was
//! before the batch.
//!
//! Each blob has an allocation of its own, so that it can be freed alone. A batch has one more, for stubs: jumps to
//! symbols that turn out to be out of reach of a call, whose last eight bytes are also the entries of the table that
//! code in independent position finds addresses in. An address that code computes by `lea` and that turns out to be out
//! of reach is loaded from there too: `lea` becomes `mov`, which has the same length. All code of a batch and its stubs
//! lie together, whatever the size of the data between batches.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ptr::with_exposed_provenance;

use thiserror::Error;

use windlass_codegen::binemit::Reloc as RelocKind;

use crate::image::Image;
use crate::memory::{Allocation, Kind, MemoryError};
use crate::provider::{JITMemoryProvider, Memory};

/// What a relocation refers to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// A blob of the same batch, by its place in the batch.
    Blob(usize),
    /// An address of the process.
    Address(usize),
    /// A symbol: of this batch, of an earlier one, or of the host.
    Symbol(String),
}

/// A place in a blob that holds an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reloc {
    /// Where in the blob's bytes.
    pub offset: u32,
    /// What is written there.
    pub kind: RelocKind,
    /// Whose address.
    pub target: Target,
    /// What is added to it.
    pub addend: i64,
}

/// A compiled function, or data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blob {
    /// The symbol it defines, if any.
    pub name: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// Its bytes before relocation.
    pub bytes: Vec<u8>,
    /// How many bytes of zero follow them. They cost memory only when they are written.
    pub zeros: usize,
    /// Its alignment: a power of two, at most a page.
    pub align: usize,
    /// Its references.
    pub relocs: Vec<Reloc>,
}

impl Blob {
    /// Its size in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a size, not a collection")]
    pub fn len(&self) -> usize {
        self.bytes.len().saturating_add(self.zeros)
    }
}

/// Why a batch could not be linked.
#[derive(Debug, Error)]
pub enum LinkError {
    /// No blob, registered symbol or callback gives this symbol an address.
    #[error("undefined symbol `{0}`")]
    Undefined(String),
    /// Two blobs define this symbol.
    #[error("symbol `{0}` is defined twice")]
    Duplicate(String),
    /// The address does not fit where it is to be written.
    #[error("a reference to {target:?} at offset {offset} of {blob} is out of range")]
    OutOfRange {
        /// The blob that holds the reference.
        blob: String,
        /// The place in it.
        offset: u32,
        /// What is too far away.
        target: Target,
    },
    /// A relocation lies outside its blob, or refers to a blob that the batch does not have.
    #[error("a malformed relocation at offset {offset} of {blob}")]
    Malformed {
        /// The blob that holds it.
        blob: String,
        /// The place in it.
        offset: u32,
    },
    /// A relocation of a kind that only files of objects can have.
    #[error("relocation {kind} at offset {offset} of {blob} cannot be made in memory")]
    Kind {
        /// The blob that holds it.
        blob: String,
        /// The place in it.
        offset: u32,
        /// What is asked for.
        kind: RelocKind,
    },
    /// Memory could not be had.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// Bytes of one stub: `jmp [rip + 2]`, two bytes that trap, the address.
const STUB_BYTES: usize = 16;
const STUB_JUMP: [u8; STUB_ENTRY] = [0xff, 0x25, 2, 0, 0, 0, 0xcc, 0xcc];
/// Where its address is.
const STUB_ENTRY: usize = 8;

type Lookup = Box<dyn Fn(&str) -> Option<*const u8> + Send>;

/// A process's own linker: its memory, and the symbols known so far.
///
/// All addresses die with it. Using them needs `unsafe` code, which must see to it that none is used afterwards, nor
/// after its batch was given to [`Linker::unlink`].
#[derive(Default)]
pub struct Linker {
    memory: Memory,
    /// Addresses of blobs that have a name.
    defined: HashMap<String, usize>,
    host: HashMap<String, usize>,
    lookup: Option<Lookup>,
}

/// What a batch became: the address of each blob, and the memory that holds them.
#[derive(Debug)]
pub struct Linked {
    addresses: Vec<usize>,
    names: Vec<String>,
    /// One of each blob that is not freed.
    pieces: Vec<Option<Allocation>>,
    /// The one of the stubs, if there are any.
    stubs: Option<Allocation>,
}

impl Linked {
    /// Where the batch's blob of this place lies.
    pub fn address(&self, blob: usize) -> *const u8 {
        with_exposed_provenance(self.addresses[blob])
    }

    /// Are all blobs freed?
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(Option::is_none)
    }
}

impl Linker {
    /// A linker that knows no symbols.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with memory that another gives. It stays as it is until this linker is dropped.
    pub fn with_provider(provider: Box<dyn JITMemoryProvider + Send>) -> Self {
        Self { memory: Memory::Provided(provider.into()), ..Self::default() }
    }

    /// A linker for another program. The addresses that it gives are those of that program.
    pub fn for_image(image: Image) -> Self {
        Self { memory: Memory::Image(image), ..Self::default() }
    }

    /// The other program's memory, if this linker is for one.
    pub fn image(&self) -> Option<&Image> {
        if let Memory::Image(image) = &self.memory { Some(image) } else { None }
    }

    /// Frees all memory. For memory that another gives that is the only way; its own memory a linker frees when it is
    /// dropped, too.
    ///
    /// # Safety
    /// No address that this linker gave may be used any more.
    pub unsafe fn free_all(self) {
        // SAFETY: promised by the caller.
        unsafe { self.memory.free_all() }
    }

    /// Registers a symbol of the host. Blobs' own symbols go before it.
    pub fn define_host(&mut self, name: impl Into<String>, address: *const u8) {
        self.host.insert(name.into(), address.expose_provenance());
    }

    /// Sets the callback that is asked for symbols that are not known otherwise.
    pub fn set_lookup(&mut self, lookup: impl Fn(&str) -> Option<*const u8> + Send + 'static) {
        self.lookup = Some(Box::new(lookup));
    }

    /// The address of a symbol that a linked blob defines.
    pub fn address(&self, name: &str) -> Option<*const u8> {
        self.defined.get(name).map(|&address| with_exposed_provenance(address))
    }

    /// Has this symbol an address?
    pub fn knows(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Places and links a batch of blobs, and makes its code executable.
    pub fn link(&mut self, blobs: &[Blob]) -> Result<Linked, LinkError> {
        let batch = Batch::new(self, blobs)?;
        let mut made = Linked { addresses: vec![], names: vec![], pieces: vec![], stubs: None };
        match batch.place(&mut self.memory, &mut made).and_then(|()| Ok(self.memory.seal()?)) {
            Ok(()) => {
                made.names = blobs.iter().filter_map(|blob| blob.name.clone()).collect();
                for (blob, &address) in blobs.iter().zip(&made.addresses) {
                    self.defined.extend(blob.name.clone().map(|name| (name, address)));
                }
                Ok(made)
            }
            Err(error) => {
                // The first error is the one to tell; a second one only leaves memory unused.
                let pieces = made.pieces.into_iter().chain([made.stubs]).flatten();
                pieces.for_each(|piece| drop(self.memory.free(piece)));
                Err(error)
            }
        }
    }

    /// Forgets a batch's symbols and frees its memory. None of its code may be running or be called any more, be it
    /// by blobs that were linked to it.
    pub fn unlink(&mut self, linked: Linked) -> Result<(), LinkError> {
        for piece in linked.pieces.iter().chain([&linked.stubs]).flatten() {
            // A batch of another linker must not take this one's names along.
            self.memory.address(piece)?;
        }
        for name in &linked.names {
            self.defined.remove(name);
        }
        for piece in linked.pieces.into_iter().chain([linked.stubs]).flatten() {
            self.memory.free(piece)?;
        }
        Ok(())
    }

    /// Frees a blob of a batch, under the same conditions; with the last one, the batch's stubs too. Its name stays
    /// known. A blob that is freed already stays so.
    pub fn free_blob(&mut self, linked: &mut Linked, blob: usize) -> Result<(), LinkError> {
        if let Some(piece) = linked.pieces[blob].take() {
            self.memory.free(piece)?;
        }
        if linked.is_empty()
            && let Some(stubs) = linked.stubs.take()
        {
            self.memory.free(stubs)?;
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<usize> {
        let known = self.defined.get(name).or_else(|| self.host.get(name)).copied();
        known.or_else(|| Some(self.lookup.as_ref()?(name)?.expose_provenance()))
    }
}

/// Where something lies: an address of the process, or a blob of the batch.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Outside(usize),
    Inside(usize),
}

/// A batch whose symbols are all known.
struct Batch<'a> {
    blobs: &'a [Blob],
    /// What each symbol that the batch refers to stands for.
    symbols: HashMap<&'a str, Place>,
}

impl<'a> Batch<'a> {
    fn new(linker: &Linker, blobs: &'a [Blob]) -> Result<Self, LinkError> {
        let mut symbols = HashMap::new();
        for (index, blob) in blobs.iter().enumerate() {
            let Some(name) = blob.name.as_deref() else { continue };
            if linker.defined.contains_key(name) || symbols.insert(name, Place::Inside(index)).is_some() {
                return Err(LinkError::Duplicate(name.to_owned()));
            }
        }
        for blob in blobs {
            for reloc in &blob.relocs {
                let size = size(reloc.kind).ok_or_else(|| LinkError::Kind {
                    blob: label(blob),
                    offset: reloc.offset,
                    kind: reloc.kind,
                })?;
                if (reloc.offset as usize).saturating_add(size) > blob.len() {
                    return Err(malformed(blob, reloc));
                }
                match &reloc.target {
                    Target::Blob(index) if *index < blobs.len() => {}
                    Target::Blob(_) => return Err(malformed(blob, reloc)),
                    Target::Address(_) => {}
                    Target::Symbol(name) => {
                        if let Entry::Vacant(entry) = symbols.entry(name) {
                            let found = linker.find(name).ok_or_else(|| LinkError::Undefined(name.clone()))?;
                            entry.insert(Place::Outside(found));
                        }
                    }
                }
            }
        }
        Ok(Self { blobs, symbols })
    }

    fn target(&self, reloc: &'a Reloc) -> Place {
        match &reloc.target {
            Target::Blob(index) => Place::Inside(*index),
            Target::Address(address) => Place::Outside(*address),
            Target::Symbol(name) => self.symbols[name.as_str()],
        }
    }

    /// Gives the blobs memory and writes them. What it allocates is left in `made`, also after an error.
    fn place(&self, memory: &mut Memory, made: &mut Linked) -> Result<(), LinkError> {
        memory.keep_together(Kind::Code, self.code_bytes())?;
        made.addresses.resize(self.blobs.len(), 0);
        made.pieces.resize_with(self.blobs.len(), || None);
        // code first: nothing comes between it and its stubs then
        let is_code = |&n: &usize| self.blobs[n].kind == Kind::Code;
        let (code, data): (Vec<usize>, Vec<usize>) = (0..self.blobs.len()).partition(is_code);
        for &n in &code {
            self.allocate(n, memory, made)?;
        }
        let mut stubs = Stubs::default();
        let room = self.possible_stubs() * STUB_BYTES;
        if room > 0 {
            let piece = memory.allocate(Kind::Code, room, STUB_BYTES)?;
            stubs.first = memory.address(&piece)?.expose_provenance();
            memory.bytes_mut(&piece)?.fill(Kind::Code.padding());
            made.stubs = Some(piece);
        }
        for &n in &data {
            self.allocate(n, memory, made)?;
        }
        for (index, blob) in self.blobs.iter().enumerate() {
            let Some(piece) = &made.pieces[index] else { continue };
            let gives_zeros = memory.gives_zeros();
            let bytes = memory.bytes_mut(piece)?;
            bytes[..blob.bytes.len()].copy_from_slice(&blob.bytes);
            if !gives_zeros {
                bytes[blob.bytes.len()..].fill(0);
            }
            for reloc in &blob.relocs {
                let field = made.addresses[index] + reloc.offset as usize;
                self.apply(reloc, field, &made.addresses, bytes, &mut stubs)
                    .ok_or_else(|| out_of_range(blob, reloc))?;
            }
        }
        if let Some(piece) = &made.stubs {
            stubs.write(memory.bytes_mut(piece)?);
        }
        Ok(())
    }

    /// Allocates memory for a blob.
    fn allocate(&self, n: usize, memory: &mut Memory, made: &mut Linked) -> Result<(), LinkError> {
        let blob = &self.blobs[n];
        // A blob without bytes still has an address of its own.
        let piece = memory.allocate(blob.kind, blob.len().max(1), blob.align)?;
        made.addresses[n] = memory.address(&piece)?.expose_provenance();
        made.pieces[n] = Some(piece);
        Ok(())
    }

    /// Bytes of all code and stubs, alignment included.
    fn code_bytes(&self) -> usize {
        let code = self.blobs.iter().filter(|blob| blob.kind == Kind::Code);
        let bytes = code.fold(0usize, |sum, blob| sum.saturating_add(blob.len().max(1)).saturating_add(blob.align));
        bytes.saturating_add((self.possible_stubs() + 1) * STUB_BYTES)
    }

    /// Every address that code calls or computes may need a stub or the entry of one, which is known only once all has a
    /// place, but for calls within the batch, whose code lies together; every entry of a table is needed.
    fn possible_stubs(&self) -> usize {
        let mut targets = HashSet::new();
        for blob in self.blobs {
            for reloc in &blob.relocs {
                let target = self.target(reloc);
                let near = matches!(target, Place::Inside(n) if self.blobs[n].kind == Kind::Code);
                match reloc.kind {
                    RelocKind::X86GOTPCRel4 => _ = targets.insert((target, 0)),
                    RelocKind::X86CallPCRel4 | RelocKind::X86CallPLTRel4 if !near => _ = targets.insert((target, 0)),
                    RelocKind::X86PCRel4 if !near && is_lea(&blob.bytes, reloc.offset) => {
                        targets.insert((target, reloc.addend.wrapping_add(4)));
                    }
                    _ => {}
                }
            }
        }
        targets.len()
    }

    /// Writes one relocation to a blob's `bytes`; the address of its field is `field`. `None` if it is out of range.
    fn apply(
        &self,
        reloc: &'a Reloc,
        field: usize,
        addresses: &[usize],
        bytes: &mut [u8],
        stubs: &mut Stubs,
    ) -> Option<()> {
        let (symbol, near) = match self.target(reloc) {
            Place::Outside(address) => (address, false),
            Place::Inside(n) => (addresses[n], self.blobs[n].kind == Kind::Code),
        };
        let at = reloc.offset as usize;
        let absolute = |symbol: usize| (symbol as i64).wrapping_add(reloc.addend);
        let relative = |symbol: usize| i32::try_from(absolute(symbol).wrapping_sub(field as i64)).ok();
        let value = match reloc.kind {
            RelocKind::Abs8 => {
                bytes[at..at + 8].copy_from_slice(&absolute(symbol).to_le_bytes());
                return Some(());
            }
            RelocKind::Abs4 => u32::try_from(absolute(symbol)).ok()? as i32,
            RelocKind::X86GOTPCRel4 => relative(stubs.of(symbol) + STUB_ENTRY)?,
            RelocKind::X86CallPCRel4 | RelocKind::X86CallPLTRel4 => match relative(symbol) {
                Some(distance) => distance,
                // With another addend the call goes to a place near the symbol, which no stub stands for; and code of
                // the batch has no room for one.
                None if near || reloc.addend != -4 => return None,
                None => relative(stubs.of(symbol))?,
            },
            RelocKind::X86PCRel4 => match relative(symbol) {
                Some(distance) => distance,
                None if near || !is_lea(bytes, reloc.offset) => return None,
                None => {
                    bytes[at - 2] = MOV;
                    let entry = stubs.of(absolute(symbol).wrapping_add(4) as usize) + STUB_ENTRY;
                    i32::try_from((entry as i64 - 4).wrapping_sub(field as i64)).ok()?
                }
            },
            _ => relative(symbol)?,
        };
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        Some(())
    }
}

/// The opcodes of `lea r64, m` and `mov r64, m`.
const LEA: u8 = 0x8d;
const MOV: u8 = 0x8b;

/// Is a field of four bytes the distance of `lea r64, [rip + distance]`? So says what stands before it: REX.W, the
/// opcode, and a ModRM byte that asks for an address relative to the instruction pointer.
fn is_lea(bytes: &[u8], field: u32) -> bool {
    let before = (field as usize).checked_sub(3).and_then(|start| bytes.get(start..field as usize));
    matches!(before, Some(&[rex, LEA, modrm]) if rex & 0xfb == 0x48 && modrm & 0xc7 == 5)
}

/// How many bytes a relocation writes, if it can be made in memory.
fn size(kind: RelocKind) -> Option<usize> {
    match kind {
        RelocKind::Abs8 => Some(8),
        RelocKind::Abs4
        | RelocKind::X86PCRel4
        | RelocKind::X86CallPCRel4
        | RelocKind::X86CallPLTRel4
        | RelocKind::X86GOTPCRel4 => Some(4),
        _ => None,
    }
}

/// The stubs of a batch.
#[derive(Default)]
struct Stubs {
    /// The address of the first one.
    first: usize,
    /// From target to the stub's number.
    made: HashMap<usize, usize>,
}

impl Stubs {
    /// The address of the stub that goes on to a target.
    fn of(&mut self, target: usize) -> usize {
        let next = self.made.len();
        self.first + STUB_BYTES * *self.made.entry(target).or_insert(next)
    }

    /// Writes them to the room that was left for them.
    fn write(&self, room: &mut [u8]) {
        for (target, number) in &self.made {
            let bytes = &mut room[STUB_BYTES * number..][..STUB_BYTES];
            bytes[..STUB_ENTRY].copy_from_slice(&STUB_JUMP);
            bytes[STUB_ENTRY..].copy_from_slice(&(*target as u64).to_le_bytes());
        }
    }
}

fn out_of_range(blob: &Blob, reloc: &Reloc) -> LinkError {
    LinkError::OutOfRange { blob: label(blob), offset: reloc.offset, target: reloc.target.clone() }
}

fn malformed(blob: &Blob, reloc: &Reloc) -> LinkError {
    LinkError::Malformed { blob: label(blob), offset: reloc.offset }
}

fn label(blob: &Blob) -> String {
    blob.name.as_ref().map_or_else(|| "a blob without name".to_owned(), |name| format!("`{name}`"))
}
