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

    /// The bits of a float of this width: small numbers, integers around powers of two, infinities, NaNs, anything.
    pub fn float(&mut self, bits: u32) -> u64 {
        let x = match self.below(6) {
            0 => *self.pick(&[0.0, -0.0, 0.5, 1.0, -1.0, f64::INFINITY, -f64::INFINITY, f64::NAN, 1e-310, 1e38]),
            1 => self.integer(64) as f64,
            2 => self.integer(32) as f64 + 0.5,
            3 => self.integer(8) as f64 / 4.0,
            4 => (self.integer(64) as f64).next_up(),
            _ => return if bits == 64 { self.bits() } else { self.bits() as u32 as u64 },
        };
        if bits == 64 { x.to_bits() } else { (x as f32).to_bits() as u64 }
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
