//! Choices that must make no difference to what a function does: the order of blocks, which of several rules that match,
//! registers and spill slots, what stands above narrow values, how far branches go. Without the feature `chaos`, or
//! without a seed, the usual ones are made, and nothing is left of this room in the compiler.

use crate::options::Options;
use std::cell::Cell;

/// The choices of one stage.
#[derive(Default)]
pub struct Choices {
    /// The state of a generator of random numbers; 0 for the usual choices.
    state: Cell<u64>,
}

/// What makes choices; each has random numbers of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// The order of blocks.
    Order = 1,
    /// Rules, and what stands above narrow values.
    Lower = 2,
    /// Registers and slots.
    Allocate = 3,
    /// Distances of branches.
    Emit = 4,
}

impl Choices {
    /// Those that the options ask for.
    pub fn of(options: &Options, stage: Stage) -> Choices {
        let seed = if cfg!(feature = "chaos") { options.chaos } else { 0 };
        let state = if seed == 0 { 0 } else { seed.wrapping_mul(stage as u64 * 2 + 1) | 1 };
        Choices { state: Cell::new(state) }
    }

    /// A number below `count`, which is not 0; the usual choice is 0.
    #[inline(always)]
    pub fn pick(&self, count: u32) -> u32 {
        if !cfg!(feature = "chaos") || self.state.get() == 0 {
            return 0;
        }
        // xorshift64*
        let mut x = self.state.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.state.set(x);
        ((x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % u64::from(count)) as u32
    }

    /// Something else than the usual, in one case of `count`?
    #[inline(always)]
    pub fn unusual(&self, count: u32) -> bool {
        self.pick(count) == 1
    }
}

#[cfg(feature = "chaos")]
impl windlass_regalloc::Choices for Choices {
    fn pick(&mut self, count: u32) -> u32 {
        Choices::pick(self, count)
    }
}
