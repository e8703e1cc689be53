//! Linking compiled blobs into this process.
//!
//! Does: places a batch of blobs in memory, finds the addresses of the symbols they refer to, writes those in, and seals
//! the memory. Needs: blobs with their relocations, and symbols of the host by name or by a callback; of the compiler
//! only facts of relocations and machines. Leaves: addresses that can be called or read; after an error, everything as it was
//! before the batch.
//!
//! Each blob has an allocation of its own, so that it can be freed alone. A batch has one more, for stubs: jumps to
//! symbols that turn out to be out of reach of a call, whose last eight bytes are also the entries of the table that
//! code in independent position finds addresses in. An address that code computes and that turns out to be out of reach
//! is loaded from there too, where the machine has an instruction of the same length for that. All code of a batch and its
//! stubs lie together, whatever the size of the data between batches. What relocations mean and how stubs look are rows of
//! the compiler.

mod stubs;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ptr::with_exposed_provenance;

use thiserror::Error;

use windlass_codegen::binemit::Reloc as RelocKind;
use windlass_codegen::linkage::{AddressLoad, Linkage, Stub};
use windlass_codegen::reloc::{Meaning, Value, meaning};

use crate::image::Image;
use crate::memory::{Allocation, Kind, MemoryError};
use crate::provider::{JITMemoryProvider, Memory};
use stubs::Stubs;

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

/// Alignment of stubs, which are instructions and an address of eight bytes.
const STUB_ALIGN: usize = 16;

type Lookup = Box<dyn Fn(&str) -> Option<*const u8> + Send>;

/// A process's own linker: its memory, and the symbols known so far.
///
/// All addresses die with it. Using them needs `unsafe` code, which must see to it that none is used afterwards, nor
/// after its batch was given to [`Linker::unlink`].
pub struct Linker {
    /// The machine that the code is for: this one.
    machine: &'static Linkage,
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

impl Default for Linker {
    fn default() -> Self {
        Self {
            machine: Linkage::host(),
            memory: Memory::default(),
            defined: HashMap::new(),
            host: HashMap::new(),
            lookup: None,
        }
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
        Self { machine: image.machine(), memory: Memory::Image(image), ..Self::default() }
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
    machine: &'static Linkage,
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
                let kind = meaning(reloc.kind);
                if kind.value == Value::Object {
                    return Err(LinkError::Kind { blob: label(blob), offset: reloc.offset, kind: reloc.kind });
                }
                if (reloc.offset as usize).saturating_add(kind.field.bytes.into()) > blob.len() {
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
        Ok(Self { machine: linker.machine, blobs, symbols })
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
        let stub = self.machine.stub.as_ref();
        let mut stubs = Stubs { stub, first: 0, made: HashMap::new() };
        let room = self.possible_stubs() * stub.map_or(0, Stub::size);
        if room > 0 {
            let piece = memory.allocate(Kind::Code, room, STUB_ALIGN)?;
            stubs.first = memory.address(&piece)?.expose_provenance();
            memory.bytes_mut(&piece)?.fill(self.machine.padding);
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
            let placed = Placed { blob: index, addresses: &made.addresses, highs: highs(blob) };
            for reloc in &blob.relocs {
                self.apply(reloc, &placed, bytes, &mut stubs).ok_or_else(|| out_of_range(blob, reloc))?;
            }
        }
        if let Some(piece) = &made.stubs {
            stubs.write(self.machine, memory.bytes_mut(piece)?);
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
        bytes.saturating_add(self.possible_stubs() * self.machine.stub.as_ref().map_or(0, Stub::size) + STUB_ALIGN)
    }

    /// Every address that code calls or computes may need a stub or the entry of one, which is known only once all has a
    /// place, but for calls within the batch, whose code lies together; every entry of a table is needed.
    fn possible_stubs(&self) -> usize {
        let mut targets = HashSet::new();
        for blob in self.blobs {
            for reloc in &blob.relocs {
                let (kind, target) = (meaning(reloc.kind), self.target(reloc));
                let far = !self.is_code(target);
                if kind.in_table || kind.call.is_some() && far {
                    targets.insert((target, 0));
                } else if let Some(load) = self.loadable(reloc, &blob.bytes).filter(|_| far) {
                    targets.insert((target, reloc.addend.wrapping_sub(load.addend)));
                }
            }
        }
        targets.len()
    }

    /// Is it code of the batch, all of which lies together?
    fn is_code(&self, target: Place) -> bool {
        matches!(target, Place::Inside(n) if self.blobs[n].kind == Kind::Code)
    }

    /// How an address that an instruction computes is loaded instead, if the machine can do that here.
    fn loadable(&self, reloc: &Reloc, bytes: &[u8]) -> Option<&'static AddressLoad> {
        let load = self.machine.address_load.as_ref();
        load.filter(|load| load.kind == reloc.kind && (load.is)(bytes, reloc.offset as usize))
    }

    /// Writes one relocation to a blob's `bytes`; `None` if it is out of range.
    fn apply(&self, reloc: &'a Reloc, placed: &Placed<'a>, bytes: &mut [u8], stubs: &mut Stubs) -> Option<()> {
        let (kind, at) = (meaning(reloc.kind), reloc.offset as usize);
        let symbol = self.symbol(reloc, placed);
        let put = |value, bytes: &mut [u8]| kind.field.put(self.machine.order, value, &mut bytes[at..]);
        if kind.value == Value::LowOf {
            let place = symbol.wrapping_add_signed(reloc.addend as isize);
            let offset = place.checked_sub(placed.addresses[placed.blob])?;
            let high = placed.highs.get(&u32::try_from(offset).ok()?)?;
            let value = self.value(meaning(high.kind), high, self.symbol(high, placed), placed, stubs)?;
            return put(value, bytes);
        }
        let value = self.value(kind, reloc, symbol, placed, stubs)?;
        if put(value, bytes).is_some() {
            return Some(());
        }
        // code of the batch has no room for stubs
        if self.is_code(self.target(reloc)) {
            return None;
        }
        if let Some(load) = self.loadable(reloc, bytes) {
            (load.turn)(bytes, at);
            let address = symbol.wrapping_add_signed(reloc.addend.wrapping_sub(load.addend) as isize);
            let place = (placed.addresses[placed.blob] + at) as i64;
            return put(kind.value((stubs.entry(address)? as i64).wrapping_add(load.addend), place)?, bytes);
        }
        // with another addend the call goes to a place near the symbol, which no stub stands for
        if kind.call != Some(reloc.addend) {
            return None;
        }
        let stub = stubs.of(symbol)?;
        put(self.value(kind, reloc, stub, placed, stubs)?, bytes)
    }

    fn symbol(&self, reloc: &'a Reloc, placed: &Placed<'_>) -> usize {
        match self.target(reloc) {
            Place::Outside(address) => address,
            Place::Inside(blob) => placed.addresses[blob],
        }
    }

    /// The value of a relocation for a symbol.
    fn value(
        &self,
        kind: &Meaning,
        reloc: &Reloc,
        symbol: usize,
        placed: &Placed<'_>,
        stubs: &mut Stubs,
    ) -> Option<i64> {
        let symbol = if kind.in_table { stubs.entry(symbol)? } else { symbol };
        let place = placed.addresses[placed.blob] + reloc.offset as usize;
        kind.value((symbol as i64).wrapping_add(reloc.addend), place as i64)
    }
}

/// A blob that is being written.
struct Placed<'a> {
    blob: usize,
    addresses: &'a [usize],
    /// By offset, its relocations that others have the low part of.
    highs: HashMap<u32, &'a Reloc>,
}

/// The relocations of a blob that others may refer to, if there are such.
fn highs(blob: &Blob) -> HashMap<u32, &Reloc> {
    if !blob.relocs.iter().any(|reloc| meaning(reloc.kind).value == Value::LowOf) {
        return HashMap::new();
    }
    let highs = blob.relocs.iter().filter(|reloc| meaning(reloc.kind).value == Value::Relative);
    highs.map(|reloc| (reloc.offset, reloc)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use target_lexicon::{Aarch64Architecture, Architecture, Riscv64Architecture};

    fn linked(machine: Architecture, relocs: &[(u32, RelocKind, Target, i64)], code: &[u32]) -> (usize, Vec<u32>) {
        let mut linker = Linker { machine: Linkage::of(machine), ..Linker::default() };
        let bytes: Vec<u8> = code.iter().flat_map(|w| w.to_le_bytes()).collect();
        let reloc = |(offset, kind, target, addend): &_| Reloc {
            offset: *offset,
            kind: *kind,
            target: Clone::clone(target),
            addend: *addend,
        };
        let relocs = relocs.iter().map(reloc).collect();
        let blob = Blob { name: None, kind: Kind::ReadOnlyData, bytes, zeros: 0, align: 16, relocs };
        let linked = linker.link(&[blob]).unwrap();
        let address = linked.address(0);
        // SAFETY: so many bytes were linked, and the linker lives.
        let words = unsafe { std::slice::from_raw_parts(address.cast::<u32>(), code.len()) }.to_vec();
        (address.addr(), words)
    }

    /// What `auipc` and the immediate of an instruction of format I add up to.
    fn pair(high: u32, low: u32) -> isize {
        (high & 0xffff_f000) as i32 as isize + (low as i32 >> 20) as isize
    }

    #[test]
    fn pairs_of_riscv64_are_two_relocations() {
        let riscv64 = Architecture::Riscv64(Riscv64Architecture::Riscv64gc);
        let relocs = [
            (4, RelocKind::RiscvPCRelLo12I, Target::Blob(0), 0),
            (0, RelocKind::RiscvPCRelHi20, Target::Blob(0), 0x12fff),
            (8, RelocKind::RiscvCallPlt, Target::Blob(0), 0),
            (20, RelocKind::RiscvPCRelLo12I, Target::Blob(0), 16),
            (16, RelocKind::RiscvGotHi20, Target::Address(77), 0),
            (24, RelocKind::RiscvCallPlt, Target::Address(1 << 60), 0),
        ];
        let code = [0x517, 0x0005_0513, 0x97, 0x0000_80e7, 0x517, 0x0005_3503, 0x97, 0x0000_80e7];
        let (address, words) = linked(riscv64, &relocs, &code);
        assert_eq!(pair(words[0], words[1]), 0x12fff);
        assert_eq!(pair(words[2], words[3]), -8);
        let (entry, stub) = (16 + pair(words[4], words[5]), 24 + pair(words[6], words[7]));
        let stubs = (address.wrapping_add_signed(entry), address.wrapping_add_signed(stub));
        assert_eq!((stubs.0 % 8, stubs.1 % 8), (0, 0));
        // one is 24 bytes, its entry at 16
        assert!(stubs.0.abs_diff(stubs.1 + 16) == 24, "{stubs:x?}");
    }

    #[test]
    fn pages_of_aarch64() {
        let aarch64 = Architecture::Aarch64(Aarch64Architecture::Aarch64);
        let relocs = [
            (0, RelocKind::Aarch64AdrPrelPgHi21, Target::Blob(0), 0x5123),
            (4, RelocKind::Aarch64AddAbsLo12Nc, Target::Blob(0), 0x5123),
            (8, RelocKind::Arm64Call, Target::Blob(0), 0),
        ];
        let (address, words) = linked(aarch64, &relocs, &[0x9000_0010, 0x9100_0210, 0x9400_0000]);
        let pages = (words[0] >> 29 & 3 | words[0] >> 3 & 0x1f_fffc) as usize;
        let sum = (address & !0xfff) + (pages << 12) + (words[1] >> 10 & 0xfff) as usize;
        assert_eq!((sum, words[2]), (address + 0x5123, 0x97ff_fffe));
    }
}
