//! Constants that stand behind a function's code, or in islands within it: each once, aligned to its size. Needs the
//! target's order of bytes; knows no instruction.

use crate::sink::put;
use rustc_hash::FxHashMap;
use windlass_ir::ir::Endianness;

/// Sizes of constants, in the order in which they are placed: so none but the first needs padding.
const SIZES: [u8; 3] = [16, 8, 4];

/// The constants of one function.
#[derive(Default)]
pub struct Pool {
    /// Bits and size in bytes.
    constants: Vec<(u128, u8)>,
    numbers: FxHashMap<(u128, u8), u32>,
}

impl Pool {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.constants.clear();
        self.numbers.clear();
    }
    /// How many constants there are.
    pub fn len(&self) -> usize {
        self.constants.len()
    }
    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.constants.is_empty()
    }
    /// At most so many bytes are placed, padding included.
    pub fn size(&self) -> u64 {
        16 * (self.constants.len() as u64 + 1)
    }
    /// The number of a constant of 4, 8 or 16 bytes.
    pub fn number(&mut self, bits: u128, size: u8) -> u32 {
        debug_assert!(SIZES.contains(&size));
        let constants = &mut self.constants;
        *self.numbers.entry((bits, size)).or_insert_with(|| {
            constants.push((bits, size));
            constants.len() as u32 - 1
        })
    }
    /// Bits and size of each constant, by number.
    pub fn constants(&self) -> &[(u128, u8)] {
        &self.constants
    }
    /// The bytes of a constant.
    pub fn size_of(&self, n: u32) -> u8 {
        self.constants[n as usize].1
    }
    /// The offset of each constant that `wants`, if they are placed at `end`; of the others 0.
    pub fn offsets(&self, mut end: usize, wants: impl Fn(u32) -> bool) -> Vec<usize> {
        let mut at = vec![0; self.constants.len()];
        self.each(wants, |n, size| {
            at[n as usize] = end.next_multiple_of(size);
            end = at[n as usize] + size;
        });
        at
    }
    /// Appends the constants that `wants` to the code; the offset of each.
    pub fn place(&self, order: Endianness, code: &mut Vec<u8>, wants: impl Fn(u32) -> bool) -> Vec<usize> {
        let mut at = vec![0; self.constants.len()];
        self.each(wants, |n, size| {
            code.resize(code.len().next_multiple_of(size), 0);
            at[n as usize] = code.len();
            self.write(n, order, code);
        });
        at
    }
    /// Appends one constant to the code.
    pub fn write(&self, n: u32, order: Endianness, code: &mut Vec<u8>) {
        let (bits, size) = self.constants[n as usize];
        let start = code.len();
        code.resize(start + size as usize, 0);
        put(order, bits, &mut code[start..]);
    }
    /// The constants in the order in which they are placed, with their sizes.
    fn each(&self, wants: impl Fn(u32) -> bool, mut f: impl FnMut(u32, usize)) {
        for size in SIZES {
            for (n, _) in self.constants.iter().enumerate().filter(|(n, c)| c.1 == size && wants(*n as u32)) {
                f(n as u32, size.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_shared_and_aligned() {
        let mut p = Pool::default();
        let (a, b, c) = (p.number(1, 4), p.number(1, 8), p.number(2, 16));
        assert_eq!((p.number(1, 4), p.number(1, 8)), (a, b));
        let mut code = vec![0x90; 5];
        let at = p.place(Endianness::Little, &mut code, |_| true);
        assert_eq!((at[c as usize], at[b as usize], at[a as usize], code.len()), (16, 32, 40, 44));
        assert_eq!((code[16], code[32], code[40]), (2, 1, 1));
        assert_eq!(p.offsets(5, |_| true), at);
    }

    #[test]
    fn constants_have_the_targets_order() {
        let mut p = Pool::default();
        let (_, b) = (p.number(0x0102, 16), p.number(0x0102_0304, 4));
        let mut code = vec![];
        assert_eq!(p.place(Endianness::Big, &mut code, |n| n == b), [0, 0]);
        assert_eq!(code, [1, 2, 3, 4]);
    }
}
