//! Memory for code that is made while the program runs.
//!
//! Does: hands out memory for code and data, which is written while it is open and runs or is read once it is sealed.
//! Needs: of the compiler only what fills gaps between functions. Leaves: no page that is writable and executable at once, at any time.
//!
//! Pages come from few large reserved regions, so that most code is within reach of a near call. In each of them every
//! kind has an area of its own: pages with the same protection are neighbours, and the kernel keeps one mapping for all
//! of them however often memory is sealed. They are grouped in chunks, each of one kind. Allocations fill an open chunk one after another; `seal` closes all open chunks for good,
//! and gives their unused pages back, so that what is allocated later always lies on other pages. A chunk's pages are
//! given back when its last allocation is freed.

mod cache;
mod region;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use region::{FreePages, Protection, Region};
use rustix::io::Errno;
use thiserror::Error;
use windlass_codegen::linkage::Linkage;

pub use cache::flush;

/// Addresses that each kind has of a region; within the region every near call reaches.
const AREA_BYTES: usize = 32 << 20;
/// The least size of a new chunk. What is left of it is given back when it is sealed.
const CHUNK_BYTES: usize = 64 << 10;
/// The owner of allocations that are of no [`CodeMemory`].
const PROVIDED: u64 = u64::MAX;

/// Why memory could not be had, or changed.
#[derive(Debug, Error)]
pub enum MemoryError {
    /// The alignment is not a power of two, or more than a page.
    #[error("an alignment of {0} bytes cannot be had")]
    Alignment(usize),
    /// The size cannot be rounded up to pages.
    #[error("{0} bytes are more than the address space")]
    Size(usize),
    /// The allocation was made by another memory.
    #[error("the allocation belongs to another memory")]
    Foreign,
    /// The allocation has been sealed, so that it cannot be written any more.
    #[error("the allocation is sealed")]
    Sealed,
    /// New code could not be made visible to instruction fetch.
    #[error("this processor needs an instruction cache flush, which failed or is not supported")]
    CacheFlush,
    /// An embedder's provider of memory refused.
    #[error("the provider of memory refused: {0}")]
    Provider(std::io::Error),
    /// The reserved addresses are used up.
    #[error("the arena has no room for {0} more bytes: reserve more")]
    ArenaFull(usize),
    /// The system refused.
    #[error("the system refused to {action}: {reason}")]
    System {
        /// What it was asked to do.
        action: &'static str,
        /// Its reason.
        reason: Errno,
    },
}

/// What a piece of memory is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Machine code: executable once sealed.
    Code,
    /// Constants: read-only once sealed.
    ReadOnlyData,
    /// Variables: always writable.
    WritableData,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Code, Self::ReadOnlyData, Self::WritableData];

    fn when_sealed(self) -> Protection {
        match self {
            Self::Code => Protection::Executable,
            Self::ReadOnlyData => Protection::Constant,
            Self::WritableData => Protection::Writable,
        }
    }

    /// Fills what is not used.
    pub(crate) fn padding(self) -> u8 {
        if self == Self::Code { Linkage::host().padding } else { 0 }
    }
}

/// A piece of memory. It lives until it is given to [`CodeMemory::free`], or its memory is dropped.
#[derive(PartialEq, Eq, Debug)]
pub struct Allocation {
    owner: u64,
    chunk: usize,
    /// Within the chunk.
    offset: usize,
    len: usize,
}

impl Allocation {
    /// What a provider gave as its `n`-th piece.
    pub(crate) fn provided(n: usize, len: usize) -> Self {
        Self { owner: PROVIDED, chunk: n, offset: 0, len }
    }

    /// Which piece of a provider's it is, if it is one.
    pub(crate) fn provided_index(&self) -> Option<usize> {
        (self.owner == PROVIDED).then_some(self.chunk)
    }

    /// Its size in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a size, not a collection")]
    pub fn len(&self) -> usize {
        self.len
    }
}

struct Chunk {
    region: usize,
    /// Its pages, as bytes of the region.
    range: Range<usize>,
    kind: Kind,
    sealed: bool,
    /// Bytes handed out so far, from the start on.
    used: usize,
    /// Allocations not yet freed.
    live: usize,
}

/// Memory for code and its data. Dropping it unmaps all of it, so it must outlive every use of the addresses it gave.
pub struct CodeMemory {
    id: u64,
    page: usize,
    regions: Vec<Region>,
    /// The free pages of each kind; in an arena, where the kinds share all there is, the first is for all.
    free: [FreePages; Kind::ALL.len()],
    chunks: Vec<Option<Chunk>>,
    /// Numbers of `chunks` that are vacant.
    vacant: Vec<usize>,
    /// Chunks that are not sealed.
    open: Vec<usize>,
    /// The open chunk of each kind that new allocations go to.
    current: [Option<usize>; Kind::ALL.len()],
    /// No more addresses are reserved than there are.
    is_arena: bool,
}

impl Default for CodeMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl CodeMemory {
    /// Makes an empty memory. Addresses are reserved when they are first needed.
    pub fn new() -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            page: rustix::param::page_size(),
            regions: Vec::new(),
            free: Default::default(),
            chunks: Vec::new(),
            vacant: Vec::new(),
            open: Vec::new(),
            current: [None; Kind::ALL.len()],
            is_arena: false,
        }
    }

    /// Makes a memory that has so many addresses, rounded up to pages, and no more.
    pub fn with_size(size: usize) -> Result<Self, MemoryError> {
        let mut memory = Self { is_arena: true, ..Self::new() };
        let bytes = size.max(1).checked_next_multiple_of(memory.page).filter(|&bytes| bytes <= isize::MAX as usize);
        let bytes = bytes.ok_or(MemoryError::Size(size))?;
        memory.regions.push(Region::reserve(bytes).map_err(refused("reserve addresses"))?);
        memory.free[0].give_back(0, 0..bytes);
        Ok(memory)
    }

    /// Allocates writable, zeroed memory; `align` is a power of two of at most a page.
    pub fn allocate(&mut self, kind: Kind, len: usize, align: usize) -> Result<Allocation, MemoryError> {
        if !align.is_power_of_two() || align > self.page {
            return Err(MemoryError::Alignment(align));
        }
        // An allocation without bytes still has an address of its own.
        let bytes = len.max(1);
        let number = match self.current[kind as usize] {
            Some(number) if self.chunk(number).has_room(bytes, align) => number,
            _ => self.open_chunk(kind, bytes)?,
        };
        let chunk = self.chunks[number].as_mut().expect("an open chunk");
        let offset = chunk.used.next_multiple_of(align);
        let gap = chunk.range.start + chunk.used..chunk.range.start + offset;
        chunk.used = offset + bytes;
        chunk.live += 1;
        let region = chunk.region;
        // SAFETY: the chunk is open, and so its pages are taken and writable.
        unsafe { self.regions[region].slice(gap) }.fill(kind.padding());
        Ok(Allocation { owner: self.id, chunk: number, offset, len })
    }

    /// Makes sure that the next allocations of a kind, of so many bytes altogether with their alignment, are near each
    /// other: in one chunk.
    pub(crate) fn keep_together(&mut self, kind: Kind, bytes: usize) -> Result<(), MemoryError> {
        match self.current[kind as usize] {
            Some(number) if self.chunk(number).has_room(bytes, 1) => Ok(()),
            _ => self.open_chunk(kind, bytes).map(|_| ()),
        }
    }

    /// The bytes of an allocation that can still be written. Code that is running must not use them meanwhile.
    pub fn bytes_mut(&mut self, allocation: &Allocation) -> Result<&mut [u8], MemoryError> {
        let chunk = self.owned(allocation)?;
        if chunk.sealed && chunk.kind != Kind::WritableData {
            return Err(MemoryError::Sealed);
        }
        let start = chunk.range.start + allocation.offset;
        let region = chunk.region;
        // SAFETY: pages of an open chunk, and those of writable data, are taken and writable.
        Ok(unsafe { self.regions[region].slice(start..start + allocation.len) })
    }

    /// Where an allocation lies. Using the address needs `unsafe` code, which must keep to what the kind permits, and
    /// use it only before the allocation is freed and this memory dropped.
    pub fn address(&self, allocation: &Allocation) -> Result<*const u8, MemoryError> {
        let chunk = self.owned(allocation)?;
        let address = self.regions[chunk.region].address(chunk.range.start + allocation.offset);
        Ok(address.as_ptr())
    }

    /// Makes all code allocated so far executable and its constants read-only, for good. After an error some of them
    /// may still be open; sealing again goes on with those.
    pub fn seal(&mut self) -> Result<(), MemoryError> {
        self.current = [None; Kind::ALL.len()];
        while let Some(&number) = self.open.last() {
            self.seal_chunk(number)?;
            self.open.pop();
        }
        Ok(())
    }

    /// Frees an allocation. Its address must not be used any more, nor its code be running. After an error some of its
    /// pages stay unused until this memory is dropped.
    pub fn free(&mut self, allocation: Allocation) -> Result<(), MemoryError> {
        self.owned(&allocation)?;
        let number = allocation.chunk;
        let chunk = self.chunks[number].as_mut().expect("checked to be there");
        chunk.live -= 1;
        if chunk.live > 0 {
            return Ok(());
        }
        if !chunk.sealed && self.current[chunk.kind as usize] == Some(number) {
            // Allocations go on here, from the start, with zeros.
            let used = chunk.range.start..chunk.range.start + std::mem::take(&mut chunk.used);
            let region = chunk.region;
            // SAFETY: the chunk is open, and so its pages are taken and writable.
            unsafe { self.regions[region].slice(used) }.fill(0);
            return Ok(());
        }
        if !chunk.sealed {
            self.open.retain(|&open| open != number);
        }
        self.vacant.push(number);
        match self.chunks[number].take() {
            Some(chunk) => self.give_back(chunk.kind, chunk.region, chunk.range),
            None => Ok(()),
        }
    }

    /// The chunk of an allocation of this memory. Allocations cannot be copied, so it has not been freed.
    fn owned(&self, allocation: &Allocation) -> Result<&Chunk, MemoryError> {
        if allocation.owner != self.id {
            return Err(MemoryError::Foreign);
        }
        Ok(self.chunk(allocation.chunk))
    }

    fn chunk(&self, number: usize) -> &Chunk {
        self.chunks[number].as_ref().expect("a chunk with allocations, or an open one")
    }

    fn give_back(&mut self, kind: Kind, region: usize, range: Range<usize>) -> Result<(), MemoryError> {
        self.regions[region].discard(range.clone()).map_err(refused("take pages back"))?;
        self.free_pages(kind).give_back(region, range);
        Ok(())
    }

    fn free_pages(&mut self, kind: Kind) -> &mut FreePages {
        &mut self.free[if self.is_arena { 0 } else { kind as usize }]
    }

    /// Opens a chunk of a kind with room for an allocation at its start, and makes it the current one.
    fn open_chunk(&mut self, kind: Kind, bytes: usize) -> Result<usize, MemoryError> {
        let size = bytes.max(CHUNK_BYTES).checked_next_multiple_of(self.page);
        let size = size.filter(|&size| size <= isize::MAX as usize).ok_or(MemoryError::Size(bytes))?;
        let least = bytes.checked_next_multiple_of(self.page).unwrap_or(size);
        let (region, range) = match self.take_pages(kind, size) {
            // what is left of an arena may still do
            Err(MemoryError::ArenaFull(_)) if least < size => self.take_pages(kind, least)?,
            taken => taken?,
        };
        let chunk = Chunk { region, range, kind, sealed: false, used: 0, live: 0 };
        let number = self.vacant.pop().unwrap_or_else(|| {
            self.chunks.push(None);
            self.chunks.len() - 1
        });
        self.chunks[number] = Some(chunk);
        self.open.push(number);
        // A current chunk that stays behind without allocations could never be freed.
        if let Some(old) = self.current[kind as usize].replace(number)
            && self.chunk(old).live == 0
            && let Some(old_chunk) = self.chunks[old].take()
        {
            self.open.retain(|&open| open != old);
            self.vacant.push(old);
            self.give_back(kind, old_chunk.region, old_chunk.range)?;
        }
        Ok(number)
    }

    /// Takes free pages of a kind, or those of a new region, and makes them writable.
    fn take_pages(&mut self, kind: Kind, size: usize) -> Result<(usize, Range<usize>), MemoryError> {
        let (region, range) = match self.free_pages(kind).take(size) {
            Some(taken) => taken,
            None if self.is_arena => return Err(MemoryError::ArenaFull(size)),
            None => {
                self.reserve_region(kind, size)?;
                self.free_pages(kind).take(size).ok_or(MemoryError::Size(size))?
            }
        };
        match self.regions[region].protect(range.clone(), Protection::Writable) {
            Ok(()) => Ok((region, range)),
            Err(error) => {
                self.free_pages(kind).give_back(region, range);
                Err(refused("make pages writable")(error))
            }
        }
    }

    /// Reserves a region with an area for each kind, or one for a chunk that is larger than an area.
    fn reserve_region(&mut self, kind: Kind, size: usize) -> Result<(), MemoryError> {
        let number = self.regions.len();
        let bytes = if size > AREA_BYTES { size } else { AREA_BYTES * Kind::ALL.len() };
        self.regions.push(Region::reserve(bytes).map_err(refused("reserve addresses"))?);
        if size > AREA_BYTES {
            self.free_pages(kind).give_back(number, 0..size);
        } else {
            for (n, kind) in Kind::ALL.into_iter().enumerate() {
                self.free_pages(kind).give_back(number, n * AREA_BYTES..(n + 1) * AREA_BYTES);
            }
        }
        Ok(())
    }

    fn seal_chunk(&mut self, number: usize) -> Result<(), MemoryError> {
        let page = self.page;
        let chunk = self.chunks[number].as_mut().expect("an open chunk");
        let region = chunk.region;
        let used = chunk.range.start..chunk.range.start + chunk.used;
        let end = chunk.range.start + chunk.used.next_multiple_of(page);
        let rest = end..std::mem::replace(&mut chunk.range.end, end);
        let (range, kind) = (chunk.range.clone(), chunk.kind);
        if !rest.is_empty() {
            self.give_back(kind, region, rest)?;
        }
        if range.is_empty() {
            self.chunks[number] = None;
            self.vacant.push(number);
            return Ok(());
        }
        // SAFETY: the chunk is open, and so its pages are taken and writable.
        unsafe { self.regions[region].slice(used.end..range.end) }.fill(kind.padding());
        if kind == Kind::Code {
            flush(self.regions[region].address(range.start).as_ptr(), range.len())?;
        }
        self.regions[region].protect(range, kind.when_sealed()).map_err(refused("protect pages"))?;
        self.chunks[number].as_mut().expect("an open chunk").sealed = true;
        Ok(())
    }
}

impl Chunk {
    fn has_room(&self, bytes: usize, align: usize) -> bool {
        let left = self.range.len().checked_sub(self.used.next_multiple_of(align));
        left.is_some_and(|left| left >= bytes)
    }
}

fn refused(action: &'static str) -> impl FnOnce(Errno) -> MemoryError {
    move |reason| MemoryError::System { action, reason }
}
