//! Whose memory a linker uses: its own ([`CodeMemory`]), what an embedder's [`JITMemoryProvider`] gives, or that of another
//! program ([`Image`]). Needs [`crate::memory`]; leaves one interface to all.

use std::ptr::with_exposed_provenance_mut;
use std::slice;

use crate::image::Image;
use crate::memory::{Allocation, CodeMemory, Kind, MemoryError};
use crate::module::{ModuleError, ModuleResult};

/// What memory is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JITMemoryKind {
    /// Machine code.
    Executable,
    /// Variables.
    Writable,
    /// Constants.
    ReadOnly,
}

/// How indirect branches are limited to marked targets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BranchProtection {
    /// They are not.
    None,
    /// By landing pads of aarch64.
    BTI,
}

/// Gives memory for code and data.
pub trait JITMemoryProvider {
    /// Gives `size` bytes, aligned to `align`, a power of two. They are writable until they are finalized, and stay
    /// where they are until [`JITMemoryProvider::free_memory`].
    fn allocate(&mut self, size: usize, align: u64, kind: JITMemoryKind) -> std::io::Result<*mut u8>;

    /// Frees all memory.
    ///
    /// # Safety
    /// None of it may be used any more.
    unsafe fn free_memory(&mut self);

    /// Makes all code given so far executable, and all constants read-only.
    fn finalize(&mut self, branch_protection: BranchProtection) -> ModuleResult<()>;
}

impl From<Kind> for JITMemoryKind {
    fn from(kind: Kind) -> JITMemoryKind {
        match kind {
            Kind::Code => JITMemoryKind::Executable,
            Kind::ReadOnlyData => JITMemoryKind::ReadOnly,
            Kind::WritableData => JITMemoryKind::Writable,
        }
    }
}

impl From<JITMemoryKind> for Kind {
    fn from(kind: JITMemoryKind) -> Kind {
        match kind {
            JITMemoryKind::Executable => Kind::Code,
            JITMemoryKind::ReadOnly => Kind::ReadOnlyData,
            JITMemoryKind::Writable => Kind::WritableData,
        }
    }
}

/// Gives memory of the system, as much as there is.
#[derive(Default)]
pub struct SystemMemoryProvider {
    memory: CodeMemory,
}

impl SystemMemoryProvider {
    /// Has given nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Gives memory out of one range of addresses, so that all of it is within reach of all of it.
pub struct ArenaMemoryProvider {
    memory: CodeMemory,
}

impl ArenaMemoryProvider {
    /// Reserves `reserve_size` bytes of addresses, rounded up to pages.
    pub fn new_with_size(reserve_size: usize) -> Result<Self, MemoryError> {
        Ok(Self { memory: CodeMemory::with_size(reserve_size)? })
    }
}

/// The two providers differ in where their memory is from.
macro_rules! provides { ($($provider:ty)*) => { $(
    impl JITMemoryProvider for $provider {
        fn allocate(&mut self, size: usize, align: u64, kind: JITMemoryKind) -> std::io::Result<*mut u8> {
            let align = usize::try_from(align).map_err(std::io::Error::other)?;
            let allocation = self.memory.allocate(kind.into(), size, align).map_err(std::io::Error::other)?;
            let address = self.memory.address(&allocation).map_err(std::io::Error::other)?;
            Ok(address.cast_mut())
        }

        // SAFETY: nothing here relies on what the caller promises, that nobody uses the memory any more.
        unsafe fn free_memory(&mut self) {
            self.memory = CodeMemory::new();
        }

        fn finalize(&mut self, branch_protection: BranchProtection) -> ModuleResult<()> {
            if branch_protection != BranchProtection::None {
                let what = "branch protection: no target marks where indirect branches may go";
                return Err(ModuleError::Backend(anyhow::anyhow!(what)));
            }
            self.memory.seal().map_err(|error| ModuleError::Backend(error.into()))
        }
    }
)* } }

provides! { SystemMemoryProvider ArenaMemoryProvider }

/// The memory of a linker.
pub(crate) enum Memory {
    /// Its own. Freed when it is dropped.
    Own(Box<CodeMemory>),
    /// Another's. Freed when that is asked for.
    Provided(Provided),
    /// Another program's.
    Image(Image),
}

/// Memory that a provider gave.
pub(crate) struct Provided {
    provider: Box<dyn JITMemoryProvider + Send>,
    /// The address of each allocation.
    addresses: Vec<usize>,
}

impl From<Box<dyn JITMemoryProvider + Send>> for Provided {
    fn from(provider: Box<dyn JITMemoryProvider + Send>) -> Provided {
        Provided { provider, addresses: vec![] }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory::Own(Box::default())
    }
}

impl Memory {
    /// See [`CodeMemory::allocate`].
    pub(crate) fn allocate(&mut self, kind: Kind, len: usize, align: usize) -> Result<Allocation, MemoryError> {
        match self {
            Memory::Own(memory) => memory.allocate(kind, len, align),
            Memory::Provided(given) => {
                if !align.is_power_of_two() {
                    return Err(MemoryError::Alignment(align));
                }
                let address = given.provider.allocate(len, align as u64, kind.into());
                given.addresses.push(address.map_err(MemoryError::Provider)?.expose_provenance());
                Ok(Allocation::provided(given.addresses.len() - 1, len))
            }
            Memory::Image(image) => image.allocate(kind, len, align),
        }
    }

    /// Is what is allocated zero at first? Providers do not promise it.
    pub(crate) fn gives_zeros(&self) -> bool {
        !matches!(self, Memory::Provided(_))
    }

    /// See [`CodeMemory::keep_together`]. Where providers put things is theirs to say.
    pub(crate) fn keep_together(&mut self, kind: Kind, bytes: usize) -> Result<(), MemoryError> {
        match self {
            Memory::Own(memory) => memory.keep_together(kind, bytes),
            Memory::Provided(_) | Memory::Image(_) => Ok(()),
        }
    }

    /// See [`CodeMemory::bytes_mut`]. What a provider gave may be written until it is sealed.
    pub(crate) fn bytes_mut(&mut self, allocation: &Allocation) -> Result<&mut [u8], MemoryError> {
        match self {
            Memory::Own(memory) => memory.bytes_mut(allocation),
            Memory::Provided(given) => {
                let start = with_exposed_provenance_mut(given.address(allocation)?);
                // SAFETY: the provider promises so many bytes, writable until it finalizes them; a linker writes none
                // afterwards.
                Ok(unsafe { slice::from_raw_parts_mut(start, allocation.len()) })
            }
            Memory::Image(image) => image.bytes_mut(allocation),
        }
    }

    /// See [`CodeMemory::address`].
    pub(crate) fn address(&self, allocation: &Allocation) -> Result<*const u8, MemoryError> {
        match self {
            Memory::Own(memory) => memory.address(allocation),
            Memory::Provided(given) => Ok(with_exposed_provenance_mut::<u8>(given.address(allocation)?).cast_const()),
            Memory::Image(image) => image.address(allocation),
        }
    }

    /// See [`CodeMemory::seal`].
    pub(crate) fn seal(&mut self) -> Result<(), MemoryError> {
        match self {
            Memory::Own(memory) => memory.seal(),
            Memory::Provided(given) => given
                .provider
                .finalize(BranchProtection::None)
                .map_err(|e| MemoryError::Provider(std::io::Error::other(e))),
            Memory::Image(_) => Ok(()),
        }
    }

    /// See [`CodeMemory::free`]. What a provider gave it gets back with everything else only; in an image all stays.
    pub(crate) fn free(&mut self, allocation: Allocation) -> Result<(), MemoryError> {
        match self {
            Memory::Own(memory) => memory.free(allocation),
            Memory::Provided(given) => given.address(&allocation).map(|_| ()),
            Memory::Image(image) => image.address(&allocation).map(|_| ()),
        }
    }

    /// Frees everything.
    ///
    /// # Safety
    /// None of it may be used any more.
    pub(crate) unsafe fn free_all(self) {
        if let Memory::Provided(mut given) = self {
            // SAFETY: promised by the caller.
            unsafe { given.provider.free_memory() }
        }
    }
}

impl Provided {
    fn address(&self, allocation: &Allocation) -> Result<usize, MemoryError> {
        allocation.provided_index().and_then(|n| self.addresses.get(n).copied()).ok_or(MemoryError::Foreign)
    }
}
