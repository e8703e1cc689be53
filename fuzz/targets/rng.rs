//! Choices that the fuzzer's bytes make, under the names that the generator of functions knows. When the bytes
//! are used up all choices are 0, which the generator takes for the simplest.

/// A source of choices.
pub struct Rng {
    bytes: std::vec::IntoIter<u8>,
}

impl Rng {
    /// The choices that these bytes make.
    pub fn new(bytes: &[u8]) -> Rng {
        Rng { bytes: bytes.to_vec().into_iter() }
    }

    /// A number of this many bytes.
    fn take(&mut self, count: usize) -> u64 {
        (0..count).fold(0, |n, _| n << 8 | u64::from(self.bytes.next().unwrap_or(0)))
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.take(8)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        let wide = if n > 256 { 2 } else { 1 };
        self.take(wide) as usize % n.max(1)
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
