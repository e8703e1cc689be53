//! Reserved ranges of addresses, and which of their pages are free.
//!
//! Does: reserves addresses that cannot be touched, makes page ranges of them writable, changes their protection, and
//! gives their memory back. Needs: a kernel with `mmap`. Leaves: no page that is writable and executable at once, whatever is
//! called in whatever order; nothing mapped after the region is dropped. All offsets and lengths are in bytes and whole
//! pages.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_void;
use std::ops::Range;
use std::ptr::{NonNull, null_mut};

use rustix::io::Errno;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// What may be done with a page. There is no value for writable and executable, by design.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Protection {
    Writable,
    Constant,
    Executable,
}

/// A range of addresses that stays reserved until the region is dropped.
pub(super) struct Region {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the region owns its mapping, and gives access to it only through its own borrows.
unsafe impl Send for Region {}
// SAFETY: as above; nothing is changed through a shared borrow but protections, by the kernel.
unsafe impl Sync for Region {}

impl Region {
    /// Reserves addresses; no memory is used until pages are taken.
    pub(super) fn reserve(bytes: usize) -> Result<Self, Errno> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: the kernel chooses the place of the new mapping, so no existing one changes.
        let base = unsafe { mmap_anonymous(null_mut(), bytes, ProtFlags::empty(), flags)? };
        let base = NonNull::new(base.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { base, bytes })
    }

    /// Gives a range's memory back to the system: it cannot be touched, and is zero when it is made writable again.
    pub(super) fn discard(&mut self, range: Range<usize>) -> Result<(), Errno> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        let start = self.address(range.start).as_ptr().cast::<c_void>();
        // SAFETY: replaces pages of this region's own mapping, to which no borrow is left: `slice` borrows all of it.
        unsafe { mmap_anonymous(start, range.len(), ProtFlags::empty(), flags)? };
        Ok(())
    }

    /// Changes what may be done with a range.
    pub(super) fn protect(&self, range: Range<usize>, protection: Protection) -> Result<(), Errno> {
        let flags = match protection {
            Protection::Writable => MprotectFlags::READ | MprotectFlags::WRITE,
            Protection::Constant => MprotectFlags::READ,
            Protection::Executable => MprotectFlags::READ | MprotectFlags::EXEC,
        };
        let start = self.address(range.start).as_ptr().cast::<c_void>();
        debug_assert!(range.end <= self.bytes);
        // SAFETY: the range is a part of this region's own mapping.
        unsafe { mprotect(start, range.len(), flags) }
    }

    /// The address of an offset, which may be the end.
    pub(super) fn address(&self, offset: usize) -> NonNull<u8> {
        assert!(offset <= self.bytes, "an offset of another region");
        // SAFETY: within the mapping, or at its end.
        unsafe { self.base.add(offset) }
    }

    /// The bytes of a range.
    ///
    /// # Safety
    /// The whole range must have been taken, and be writable.
    pub(super) unsafe fn slice(&mut self, range: Range<usize>) -> &mut [u8] {
        let start = self.address(range.start);
        assert!(range.end <= self.bytes, "a range of another region");
        // SAFETY: mapped and writable, as the caller promises; zero from the kernel, so initialised; borrowed from all
        // of the region, so not aliased.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), range.len()) }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the region owns exactly this mapping. An error would leave it mapped, which is harmless.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}

/// Free ranges of pages of any number of regions, never adjacent to one another. All operations take logarithmic time,
/// however many regions there are.
#[derive(Default)]
pub(super) struct FreePages {
    /// From region and start to length.
    by_start: BTreeMap<(usize, usize), usize>,
    /// The same ranges as (length, region, start).
    by_length: BTreeSet<(usize, usize, usize)>,
}

impl FreePages {
    /// Takes the start of the shortest range that is long enough, of several the first, with the number of its region.
    pub(super) fn take(&mut self, length: usize) -> Option<(usize, Range<usize>)> {
        let &(found, region, start) = self.by_length.range((length, 0, 0)..).next()?;
        self.remove(region, start, found);
        if found > length {
            self.insert(region, start + length, found - length);
        }
        Some((region, start..start + length))
    }

    /// Adds a range of the region of this number.
    pub(super) fn give_back(&mut self, region: usize, range: Range<usize>) {
        let (mut start, mut length) = (range.start, range.len());
        if let Some((&(_, before), &its_length)) = self.by_start.range((region, 0)..(region, start)).next_back()
            && before + its_length == start
        {
            self.remove(region, before, its_length);
            start = before;
            length += its_length;
        }
        if let Some(&after) = self.by_start.get(&(region, range.end)) {
            self.remove(region, range.end, after);
            length += after;
        }
        self.insert(region, start, length);
    }

    fn insert(&mut self, region: usize, start: usize, length: usize) {
        self.by_start.insert((region, start), length);
        self.by_length.insert((length, region, start));
    }

    fn remove(&mut self, region: usize, start: usize, length: usize) {
        self.by_start.remove(&(region, start));
        self.by_length.remove(&(length, region, start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ranges_are_joined_again() {
        let mut free = FreePages::default();
        free.give_back(0, 0..100);
        let [a, b, c] = [10, 20, 30].map(|length| free.take(length).unwrap().1);
        assert_eq!((a.clone(), b.clone(), c.clone()), (0..10, 10..30, 30..60));
        free.give_back(0, a);
        free.give_back(0, c);
        assert_eq!(free.take(10), Some((0, 0..10)), "the shortest that is long enough");
        free.give_back(0, 0..10);
        free.give_back(0, b);
        assert_eq!(free.by_start, BTreeMap::from([((0, 0), 100)]));
        assert_eq!(free.take(101), None);
        assert_eq!(free.take(100), Some((0, 0..100)));
        assert_eq!(free.take(1), None);
    }

    #[test]
    fn ranges_of_two_regions_are_not_joined() {
        let mut free = FreePages::default();
        free.give_back(1, 50..100);
        free.give_back(0, 0..50);
        assert_eq!(free.take(51), None);
        assert_eq!((free.take(50), free.take(50)), (Some((0, 0..50)), Some((1, 50..100))));
    }
}
