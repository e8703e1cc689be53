//! Choices that the fuzzer's bytes make, under the names that the generator of functions knows. When the bytes are used
//! up all choices are 0, which the generator takes for the simplest.

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

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True `percent` times in a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// An integer of this many bits, sign-extended.
    pub fn integer(&mut self, bits: u32) -> i64 {
        let n: i64 = match self.below(4) {
            0 => self.below(256) as i64 - 128,
            1 => 1 << self.below(bits as usize),
            2 => i64::MAX >> (64 - bits) >> self.below(2),
            _ => self.bits() as i64,
        };
        n << (64 - bits) >> (64 - bits)
    }
}
