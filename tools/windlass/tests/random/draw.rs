//! What random functions and their arguments are made of: numbers at which something changes. Needs a generator.

use crate::rng::Rng;
use windlass_ir::data_value::DataValue;
use windlass_ir::ir::types::Type;

impl Rng {
    /// An argument: an integer, or a float of 32 or 64 bits.
    pub fn argument(&mut self, ty: Type) -> DataValue {
        match ty.is_float() {
            true => DataValue::from_bits(self.float(ty.bits()).into(), ty).expect("a float"),
            false => DataValue::from_integer(self.any_integer(ty.bits()), ty).expect("an integer"),
        }
    }

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True `percent` times in a hundred, and not for a choice of 0.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
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
