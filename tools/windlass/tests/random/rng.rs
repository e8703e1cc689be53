//! Random numbers from a seed, the same on every machine. Needs nothing.

/// A generator of random numbers (xorshift64*).
pub struct Rng(u64);

impl Rng {
    /// One that gives the numbers of a seed.
    pub fn new(seed: u64) -> Rng {
        let mut rng = Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            rng.bits();
        }
        rng
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.bits() >> 32) as usize) % n.max(1)
    }

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True `percent` times in a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// An integer of any width, sign-extended: of 128 bits two halves, or an extended lower one.
    pub fn any_integer(&mut self, bits: u32) -> i128 {
        if bits <= 64 {
            return self.integer(bits).into();
        }
        let low = self.integer(64);
        if self.percent(30) { low.into() } else { (self.integer(64) as i128) << 64 | low as u64 as i128 }
    }

    /// An integer of at most 64 bits, sign-extended: often one at which something changes.
    pub fn integer(&mut self, bits: u32) -> i64 {
        let n: i64 = match self.below(8) {
            0 => 0,
            1 => 1,
            2 => -1,
            3 => 1 << (bits - 1),
            4 => i64::MAX >> (64 - bits),
            5 => self.below(256) as i64 - 128,
            6 => 1 << self.below(bits as usize),
            _ => self.bits() as i64 >> self.below(64),
        };
        n << (64 - bits) >> (64 - bits)
    }
}
