//! A hook for tests: where several choices are right (which free register, which value to evict, which slot), a source
//! of choices may take another one than the heuristics would. What comes out is checked and executed as ever, so that
//! code is tested which the heuristics seldom lead to. Needs the feature `chaos`; without it, and without a source, the
//! usual choices are made.

use crate::code::Class;
use std::marker::PhantomData;

/// Makes choices. The client gives one, for example over numbers from a fuzzer.
#[cfg(feature = "chaos")]
pub trait Choices {
    /// A number below `count`, which is not 0. The answer 0 stands for what is usually done.
    fn pick(&mut self, count: u32) -> u32;
}

/// The source of choices of one allocation, if there is one. Nothing is left of it without the feature.
#[derive(Clone, Copy, Default)]
pub(crate) struct Chaos<'a> {
    #[cfg(feature = "chaos")]
    source: Option<&'a dyn Fn(u32) -> u32>,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> Chaos<'a> {
    /// Choices that `source` makes as [`Choices::pick`] does.
    #[cfg(feature = "chaos")]
    pub fn from(source: &'a dyn Fn(u32) -> u32) -> Self {
        Chaos { source: Some(source), lifetime: PhantomData }
    }

    #[cfg(feature = "chaos")]
    fn pick(self, count: u32) -> u32 {
        self.source.map_or(0, |pick| pick(count) % count)
    }

    #[cfg(not(feature = "chaos"))]
    #[inline(always)]
    fn pick(self, _count: u32) -> u32 {
        0
    }

    /// May something else than the usual be done here?
    #[inline(always)]
    pub fn unusual(self) -> bool {
        self.pick(2) == 1
    }

    /// As `unusual`, but in one case of many: for what would otherwise be all that is ever done.
    #[inline(always)]
    pub fn rarely(self) -> bool {
        self.pick(12) == 1
    }

    /// A register out of `free` to be taken whatever the heuristics say.
    #[inline(always)]
    pub fn register(self, class: Class, free: u32) -> Option<u8> {
        let pick = self.pick(free.count_ones() + 1);
        (pick > 0).then(|| crate::alloc::bits(class, free).nth(pick as usize - 1))?
    }
}
