//! Where code bytes go: a growing buffer with one capacity check per instruction, whose bytes can be patched.
//! Needs nothing; knows no target.

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
    /// Overwrites the four bytes at `offset`; false if they do not exist.
    #[must_use]
    pub fn patch32(&mut self, offset: usize, value: u32) -> bool {
        let field = self.bytes[..self.len].get_mut(offset..).and_then(|b| b.first_chunk_mut::<4>());
        field.map(|f| *f = value.to_le_bytes()).is_some()
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
    fn grows_extends_and_patches() {
        let mut s = Sink::new();
        for i in 0..2000u32 {
            s.room()[..5].copy_from_slice(&[i as u8, 0, 0, 0, 0]);
            s.commit(5);
        }
        s.extend(&[1, 2, 3]);
        assert_eq!((s.len(), s.as_slice()[5 * 77], &s.as_slice()[10_000..]), (10_003, 77, &[1, 2, 3][..]));
        assert!(s.patch32(9_999, 0x01020304) && !s.patch32(10_000, 0));
        assert_eq!(s.as_slice()[9_999..], [4, 3, 2, 1]);
    }
}
