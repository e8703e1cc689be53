//! Linking compiled blobs into this process.
//!
//! Does: places a batch of blobs in memory, finds the addresses of the symbols they refer to, writes those in, and seals
//! the memory. Needs: blobs with their relocations, and symbols of the host by name or by a callback; nothing of the
//! compiler. Leaves: addresses that can be called or read; after an error, everything as it was before the batch.
//!
//! The code of a batch lies in one piece, its constants in another, its variables in a third. Behind the code is room
//! for stubs, for calls of symbols outside the batch that turn out to be out of reach.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ptr::with_exposed_provenance;

use thiserror::Error;

use crate::memory::{Allocation, CodeMemory, Kind, MemoryError};

/// What a relocation writes, and where its reach ends. S is the symbol's address, A the addend, P the address of the
/// bytes that are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelocKind {
    /// Eight bytes: S + A.
    Abs8,
    /// Four bytes: S + A - P.
    X86PcRel4,
    /// Four bytes of a call or jump: S + A - P, or, out of reach, with the address of a stub in place of S.
    X86CallPcRel4,
}

impl RelocKind {
    /// How many bytes it writes.
    pub fn size(self) -> usize {
        match self {
            Self::Abs8 => 8,
            Self::X86PcRel4 | Self::X86CallPcRel4 => 4,
        }
    }
}

/// What a relocation refers to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// A blob of the same batch, by its place in the batch.
    Blob(usize),
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
    /// Its alignment: a power of two, at most a page.
    pub align: usize,
    /// Its references.
    pub relocs: Vec<Reloc>,
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
    /// Memory could not be had.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// Bytes of one stub: `jmp [rip + 0]`, the address, and what keeps the next one aligned.
const STUB_BYTES: usize = 16;
const STUB_JUMP: [u8; 6] = [0xff, 0x25, 0, 0, 0, 0];

type Lookup = Box<dyn Fn(&str) -> Option<*const u8> + Send>;

/// A process's own linker: its memory, and the symbols known so far.
///
/// All addresses die with it. Using them needs `unsafe` code, which must see to it that none is used afterwards, nor
/// after its batch was given to [`Linker::unlink`].
#[derive(Default)]
pub struct Linker {
    memory: CodeMemory,
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
    pieces: Vec<Allocation>,
}

impl Linked {
    /// Where the batch's blob of this place lies.
    pub fn address(&self, blob: usize) -> *const u8 {
        with_exposed_provenance(self.addresses[blob])
    }
}

impl Linker {
    /// A linker that knows no symbols.
    pub fn new() -> Self {
        Self::default()
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
        let mut pieces = Vec::new();
        let linked = batch.place(&mut self.memory, &mut pieces).and_then(|addresses| {
            self.memory.seal()?;
            Ok(addresses)
        });
        match linked {
            Ok(addresses) => {
                let names: Vec<_> = blobs.iter().filter_map(|blob| blob.name.clone()).collect();
                for (blob, &address) in blobs.iter().zip(&addresses) {
                    self.defined.extend(blob.name.clone().map(|name| (name, address)));
                }
                Ok(Linked { addresses, names, pieces })
            }
            Err(error) => {
                // The first error is the one to tell; a second one only leaves memory unused.
                pieces.into_iter().for_each(|piece| drop(self.memory.free(piece)));
                Err(error)
            }
        }
    }

    /// Forgets a batch's symbols and frees its memory. None of its code may be running or be called any more, be it
    /// by blobs that were linked to it.
    pub fn unlink(&mut self, linked: Linked) -> Result<(), LinkError> {
        for piece in &linked.pieces {
            // A batch of another linker must not take this one's names along.
            self.memory.address(piece)?;
        }
        for name in &linked.names {
            self.defined.remove(name);
        }
        for piece in linked.pieces {
            self.memory.free(piece)?;
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<usize> {
        let known = self.defined.get(name).or_else(|| self.host.get(name)).copied();
        known.or_else(|| Some(self.lookup.as_ref()?(name)?.expose_provenance()))
    }
}

/// Where something lies: an address of the process, or a blob of the batch.
#[derive(Clone, Copy)]
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

/// The bytes of one kind in a batch.
struct Piece {
    kind: Kind,
    bytes: usize,
    align: usize,
    address: usize,
    /// Which of the batch's allocations it is.
    allocation: usize,
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
                if (reloc.offset as usize).saturating_add(reloc.kind.size()) > blob.bytes.len() {
                    return Err(malformed(blob, reloc));
                }
                match &reloc.target {
                    Target::Blob(index) if *index < blobs.len() => {}
                    Target::Blob(_) => return Err(malformed(blob, reloc)),
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
            Target::Symbol(name) => self.symbols[name.as_str()],
        }
    }

    /// Lays the blobs out, writes them, and gives their addresses. What it allocates is left in `pieces`, also after an
    /// error.
    fn place(&self, memory: &mut CodeMemory, pieces: &mut Vec<Allocation>) -> Result<Vec<usize>, LinkError> {
        let mut layout = Kind::ALL.map(|kind| Piece { kind, bytes: 0, align: 1, address: 0, allocation: 0 });
        let mut offsets = Vec::with_capacity(self.blobs.len());
        for blob in self.blobs {
            // A blob without bytes still has an address of its own.
            offsets.push(layout[blob.kind as usize].add(blob.bytes.len().max(1), blob.align)?);
        }
        let stubs_at = self.add_room_for_stubs(&mut layout[Kind::Code as usize])?;
        for piece in layout.iter_mut().filter(|piece| piece.bytes > 0) {
            let allocation = memory.allocate(piece.kind, piece.bytes, piece.align)?;
            memory.bytes_mut(&allocation)?.fill(piece.kind.padding());
            piece.address = memory.address(&allocation)?.expose_provenance();
            piece.allocation = pieces.len();
            pieces.push(allocation);
        }
        let start = |blob: &Blob| layout[blob.kind as usize].address;
        let addresses: Vec<_> = self.blobs.iter().zip(&offsets).map(|(blob, offset)| start(blob) + offset).collect();
        let code = &layout[Kind::Code as usize];
        let mut stubs = Stubs { first: code.address + stubs_at, made: HashMap::new() };
        for (index, blob) in self.blobs.iter().enumerate() {
            let bytes = memory.bytes_mut(&pieces[layout[blob.kind as usize].allocation])?;
            let bytes = &mut bytes[offsets[index]..][..blob.bytes.len()];
            bytes.copy_from_slice(&blob.bytes);
            for reloc in &blob.relocs {
                let field = addresses[index] + reloc.offset as usize;
                self.apply(reloc, field, &addresses, &mut bytes[reloc.offset as usize..], &mut stubs)
                    .ok_or_else(|| out_of_range(blob, reloc))?;
            }
        }
        if code.bytes > 0 {
            stubs.write(&mut memory.bytes_mut(&pieces[code.allocation])?[stubs_at..]);
        }
        Ok(addresses)
    }

    /// Every called address outside the batch may need a stub; which ones do is known only once the code has a place.
    fn add_room_for_stubs(&self, code: &mut Piece) -> Result<usize, LinkError> {
        let relocs = self.blobs.iter().flat_map(|blob| &blob.relocs);
        let calls = relocs.filter(|reloc| reloc.kind == RelocKind::X86CallPcRel4);
        let mut called: Vec<_> = calls
            .filter_map(|reloc| match self.target(reloc) {
                Place::Outside(address) => Some(address),
                Place::Inside(_) => None,
            })
            .collect();
        called.sort_unstable();
        called.dedup();
        code.add(called.len() * STUB_BYTES, STUB_BYTES)
    }

    /// Writes one relocation to the start of `bytes`, whose address is `field`; `None` if it is out of range.
    fn apply(
        &self,
        reloc: &'a Reloc,
        field: usize,
        addresses: &[usize],
        bytes: &mut [u8],
        stubs: &mut Stubs,
    ) -> Option<()> {
        let (symbol, inside) = match self.target(reloc) {
            Place::Outside(address) => (address, false),
            Place::Inside(blob) => (addresses[blob], true),
        };
        let absolute = |symbol: usize| (symbol as i64).wrapping_add(reloc.addend);
        let relative = |symbol: usize| i32::try_from(absolute(symbol).wrapping_sub(field as i64)).ok();
        let distance = match reloc.kind {
            RelocKind::Abs8 => {
                bytes[..8].copy_from_slice(&absolute(symbol).to_ne_bytes());
                return Some(());
            }
            RelocKind::X86PcRel4 => relative(symbol)?,
            RelocKind::X86CallPcRel4 => match relative(symbol) {
                Some(distance) => distance,
                // With another addend the call goes to a place near the symbol, which no stub stands for; and only
                // symbols outside the batch have room for one.
                None if inside || reloc.addend != -4 => return None,
                None => relative(stubs.of(symbol))?,
            },
        };
        bytes[..4].copy_from_slice(&distance.to_le_bytes());
        Some(())
    }
}

impl Piece {
    /// Adds aligned bytes at its end, and tells where.
    fn add(&mut self, len: usize, align: usize) -> Result<usize, LinkError> {
        if !align.is_power_of_two() {
            return Err(MemoryError::Alignment(align).into());
        }
        let end =
            self.bytes.checked_next_multiple_of(align).and_then(|offset| Some((offset, offset.checked_add(len)?)));
        let (offset, end) = end.ok_or(MemoryError::Size(len))?;
        self.bytes = end;
        self.align = self.align.max(align);
        Ok(offset)
    }
}

/// The stubs of a batch.
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
            let bytes = &mut room[STUB_BYTES * number..];
            bytes[..6].copy_from_slice(&STUB_JUMP);
            bytes[6..14].copy_from_slice(&(*target as u64).to_le_bytes());
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
