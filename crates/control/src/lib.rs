//! Who decides where a compiler may do as it likes. Without the feature `chaos` nobody does: every choice is the usual
//! one, and the functions that take a [`ControlPlane`] can be called as clients call them. With it, a plane made from a
//! seed makes other choices, so that tests reach code which the usual choices seldom lead to.

#![forbid(unsafe_code)]

/// Makes the choices: the usual ones, unless it was made from a seed.
#[derive(Clone, Default, Debug)]
pub struct ControlPlane {
    /// The state of a generator of random numbers; 0 for the usual choices.
    #[cfg(feature = "chaos")]
    state: u64,
    /// How many unusual choices are still allowed, if there is a limit.
    #[cfg(feature = "chaos")]
    fuel: Option<u8>,
}

impl ControlPlane {
    /// Makes other choices than the usual ones; each seed makes others, and the same each time.
    #[cfg(feature = "chaos")]
    pub fn from_seed(seed: u64) -> ControlPlane {
        ControlPlane { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, fuel: None }
    }

    /// A number that other sources of choices start from; 0 where the usual choices are made.
    pub fn seed(&mut self) -> u64 {
        self.next()
    }

    /// xorshift64*: the next random number; 0 where the usual choices are made.
    #[cfg(feature = "chaos")]
    fn next(&mut self) -> u64 {
        if self.state == 0 || self.fuel == Some(0) {
            return 0;
        }
        self.fuel = self.fuel.map(|fuel| fuel - 1);
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    #[cfg(not(feature = "chaos"))]
    fn next(&mut self) -> u64 {
        0
    }

    /// A choice between two ways; the usual one is false.
    pub fn get_decision(&mut self) -> bool {
        self.next() >> 63 == 1
    }

    /// A choice of a value: the usual one. (What values a type has besides, nothing says.)
    pub fn get_arbitrary<T: Default>(&mut self) -> T {
        T::default()
    }

    /// Puts elements into an order that makes no difference.
    pub fn shuffle<T>(&mut self, slice: &mut [T]) {
        for n in (1..slice.len()).rev() {
            let random = self.next();
            // the usual choice leaves an element where it is
            slice.swap(n, if random == 0 { n } else { (random >> 32) as usize % (n + 1) });
        }
    }

    /// The same elements in an order that makes no difference.
    pub fn shuffled<T>(&mut self, iter: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let mut all: Vec<T> = iter.collect();
        self.shuffle(&mut all);
        all.into_iter()
    }

    /// Limits the number of unusual choices; 0 is no limit.
    pub fn set_fuel(&mut self, fuel: u8) {
        #[cfg(feature = "chaos")]
        {
            self.fuel = (fuel > 0).then_some(fuel);
        }
        let _ = fuel;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_the_usual_ones() {
        let (mut plane, mut order) = (ControlPlane::default(), [3, 1, 2]);
        plane.set_fuel(1);
        plane.shuffle(&mut order);
        assert_eq!((plane.get_decision(), plane.get_arbitrary::<u8>(), plane.seed(), order), (false, 0, 0, [3, 1, 2]));
        assert!(plane.shuffled(order.into_iter()).eq([3, 1, 2]));
    }

    #[test]
    #[cfg(feature = "chaos")]
    fn seeds_make_other_choices_until_the_fuel_is_spent() {
        let run = |seed, fuel| {
            let (mut plane, mut order) = (ControlPlane::from_seed(seed), [0, 1, 2, 3, 4, 5, 6, 7]);
            plane.set_fuel(fuel);
            plane.shuffle(&mut order);
            (order, (0..32).filter(|_| plane.get_decision()).count())
        };
        let (order, yes) = run(7, 0);
        assert_eq!((order, yes), run(7, 0).clone());
        assert_ne!(order, run(8, 0).0);
        assert_ne!(order, [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!((8..24).contains(&yes));
        assert_eq!(run(7, 7).1, 0, "seven choices are the shuffle's");
    }
}
