//! Where code bytes go: a growing buffer with one capacity check per instruction; and numbers as bytes in a target's
//! order. Knows no target.

use windlass_ir::ir::Endianness;

/// Stores the low bytes of a number in all of `to`, which is at most 16 bytes.
pub fn put(order: Endianness, number: u128, to: &mut [u8]) {
    let n = to.len();
    match order {
        Endianness::Little => to.copy_from_slice(&number.to_le_bytes()[..n]),
        Endianness::Big => to.copy_from_slice(&number.to_be_bytes()[16 - n..]),
    }
}

/// The longest instruction, and room for a writer to store past its end.
pub(crate) const ROOM: usize = 32;

/// Code bytes in the making.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    /// The code, then zeros: the part to be written next always exists.
    bytes: Vec<u8>,
    len: usize,
}

impl Sink {
    /// No bytes yet.
    pub fn new() -> Sink {
        Sink::default()
    }
    /// How many bytes there are: the offset of the next one.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
    /// Forgets the bytes and keeps the memory.
    pub fn clear(&mut self) {
        self.len = 0;
    }
    /// Appends bytes that are no instruction: padding, constants.
    pub fn extend(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if self.bytes.len() < end {
            self.grow(end);
        }
        self.bytes[self.len..end].copy_from_slice(bytes);
        self.len = end;
    }
    /// Where the next instruction goes. What is stored there counts once it is committed.
    #[inline(always)]
    pub(crate) fn room(&mut self) -> &mut [u8; ROOM] {
        if self.bytes.len() < self.len + ROOM {
            self.grow(self.len + ROOM);
        }
        self.bytes[self.len..].first_chunk_mut().expect("grown by now")
    }
    /// Keeps the first `n` bytes that were stored in the last room.
    #[inline(always)]
    pub(crate) fn commit(&mut self, n: usize) {
        self.len += n;
    }
    #[cold]
    fn grow(&mut self, needed: usize) {
        self.bytes.resize((2 * self.bytes.len()).max(needed).max(1024), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stored_in_either_order() {
        let mut bytes = [0; 4];
        put(Endianness::Little, 0x0102_0304_0506, &mut bytes);
        assert_eq!(bytes, [6, 5, 4, 3]);
        put(Endianness::Big, 0x0102_0304_0506, &mut bytes);
        assert_eq!(bytes, [3, 4, 5, 6]);
    }

    #[test]
    fn grows_and_extends() {
        let mut s = Sink::new();
        for i in 0..2000u32 {
            s.room()[..5].copy_from_slice(&[i as u8, 0, 0, 0, 0]);
            s.commit(5);
        }
        s.extend(&[1, 2, 3]);
        assert_eq!((s.len(), s.as_slice()[5 * 77], &s.as_slice()[10_000..]), (10_003, 77, &[1, 2, 3][..]));
    }
}
