//! Constants that stand behind a function's code: each once, aligned to its size. Code finds them relative to the
//! instruction pointer. Knows no instruction.

use rustc_hash::FxHashMap;

/// The constants of one function.
#[derive(Default)]
pub struct Pool {
    /// Bits and size in bytes, a power of two of at most 16.
    constants: Vec<(u128, u8)>,
    numbers: FxHashMap<(u128, u8), u32>,
}

impl Pool {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.constants.clear();
        self.numbers.clear();
    }
    /// The number of a constant of `size` bytes.
    pub fn number(&mut self, bits: u128, size: u8) -> u32 {
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
    /// Appends the constants to the code, the largest first; the offset of each.
    pub fn place(&self, code: &mut Vec<u8>) -> Vec<usize> {
        let mut at = vec![0; self.constants.len()];
        for wanted in [16u8, 8, 4] {
            for (n, (bits, _)) in self.constants.iter().enumerate().filter(|(_, c)| c.1 == wanted) {
                code.resize(code.len().next_multiple_of(wanted as usize), 0);
                at[n] = code.len();
                code.extend_from_slice(&bits.to_le_bytes()[..wanted as usize]);
            }
        }
        at
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
        let at = p.place(&mut code);
        assert_eq!((at[c as usize], at[b as usize], at[a as usize], code.len()), (16, 32, 40, 44));
        assert_eq!((code[16], code[32], code[40]), (2, 1, 1));
    }
}
