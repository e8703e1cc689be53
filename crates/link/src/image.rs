//! Memory of another program: code and data get the addresses that they will have there, and their bytes are kept here.
//! Needs nothing of the system. Leaves segments, to be written to a file that a loader reads.

use std::ptr::without_provenance;

use target_lexicon::Architecture;
use windlass_codegen::linkage::Linkage;

use crate::memory::{Allocation, Kind, MemoryError};

/// How far apart the areas of two kinds of memory start. All areas are within reach of each other's near calls.
const AREA_BYTES: usize = 32 << 20;

/// Memory that is not this process's: an area for each kind, filled from its start. Nothing of it is freed alone.
#[derive(Debug)]
pub struct Image {
    machine: &'static Linkage,
    start: usize,
    /// The bytes of each kind's area, in the order of [`Kind::ALL`].
    areas: [Vec<u8>; Kind::ALL.len()],
    /// Kind, offset in its area, and size of each allocation.
    pieces: Vec<(Kind, usize, usize)>,
}

impl Image {
    /// An empty image for a machine, whose areas lie from an address on, a multiple of the page size.
    pub fn new(machine: Architecture, start: usize) -> Image {
        Image { machine: Linkage::of(machine), start, areas: Default::default(), pieces: vec![] }
    }

    /// What linkers have to know of the machine.
    pub(crate) fn machine(&self) -> &'static Linkage {
        self.machine
    }

    /// What is in it: the kind, the first address and the bytes of each area that has any.
    pub fn segments(&self) -> impl Iterator<Item = (Kind, usize, &[u8])> {
        let all = Kind::ALL.into_iter().zip(&self.areas).filter(|(_, bytes)| !bytes.is_empty());
        all.map(|(kind, bytes)| (kind, self.area(kind), &bytes[..]))
    }

    pub(crate) fn allocate(&mut self, kind: Kind, len: usize, align: usize) -> Result<Allocation, MemoryError> {
        if !align.is_power_of_two() || align > AREA_BYTES {
            return Err(MemoryError::Alignment(align));
        }
        let padding = if kind == Kind::Code { self.machine.padding } else { 0 };
        let area = &mut self.areas[kind as usize];
        let start = area.len().next_multiple_of(align);
        let end = start.checked_add(len).filter(|&end| end <= AREA_BYTES).ok_or(MemoryError::ArenaFull(len))?;
        area.resize(start, padding);
        area.resize(end, 0);
        self.pieces.push((kind, start, len));
        Ok(Allocation::provided(self.pieces.len() - 1, len))
    }

    pub(crate) fn bytes_mut(&mut self, allocation: &Allocation) -> Result<&mut [u8], MemoryError> {
        let (kind, start, len) = self.piece(allocation)?;
        Ok(&mut self.areas[kind as usize][start..start + len])
    }

    /// An address that this process must not use.
    pub(crate) fn address(&self, allocation: &Allocation) -> Result<*const u8, MemoryError> {
        let (kind, start, _) = self.piece(allocation)?;
        Ok(without_provenance(self.area(kind) + start))
    }

    fn piece(&self, allocation: &Allocation) -> Result<(Kind, usize, usize), MemoryError> {
        allocation.provided_index().and_then(|n| self.pieces.get(n).copied()).ok_or(MemoryError::Foreign)
    }

    fn area(&self, kind: Kind) -> usize {
        self.start + AREA_BYTES * kind as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_fills_its_area() {
        let mut image = Image::new(Architecture::X86_64, 0x1000);
        let code = image.allocate(Kind::Code, 3, 1).unwrap();
        let data = image.allocate(Kind::WritableData, 2, 8).unwrap();
        let more = image.allocate(Kind::Code, 1, 16).unwrap();
        for (n, piece) in [&code, &data, &more].into_iter().enumerate() {
            image.bytes_mut(piece).unwrap().fill(n as u8 + 1);
        }
        let addresses = [&code, &data, &more].map(|piece| image.address(piece).unwrap().addr());
        assert_eq!(addresses, [0x1000, 0x1000 + 2 * AREA_BYTES, 0x1010]);
        let mut bytes = vec![1; 3];
        bytes.resize(16, 0xcc);
        bytes.push(3);
        let segments: Vec<_> = image.segments().collect();
        assert_eq!(segments, [(Kind::Code, 0x1000, &bytes[..]), (Kind::WritableData, addresses[1], &[2, 2][..])]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut image = Image::new(Architecture::X86_64, 0);
        assert!(matches!(image.allocate(Kind::Code, 1, 3), Err(MemoryError::Alignment(3))));
        image.allocate(Kind::Code, 1, 1).unwrap();
        assert!(matches!(image.allocate(Kind::Code, AREA_BYTES, 1), Err(MemoryError::ArenaFull(_))));
        assert!(matches!(image.allocate(Kind::Code, usize::MAX, 1), Err(MemoryError::ArenaFull(_))));
        image.allocate(Kind::Code, AREA_BYTES - 1, 1).unwrap();
        assert!(matches!(image.bytes_mut(&Allocation::provided(9, 1)), Err(MemoryError::Foreign)));
    }
}
