//! Who decides where a compiler may do as it likes. So far nobody does: every choice is the usual one, and the functions
//! that take a [`ControlPlane`] can be called as clients call them.

#![forbid(unsafe_code)]

/// Makes the choices. This one makes the usual ones.
#[derive(Clone, Default, Debug)]
pub struct ControlPlane {}

impl ControlPlane {
    /// A choice between two ways: the usual one, which is false.
    pub fn get_decision(&mut self) -> bool {
        false
    }

    /// A choice of a value: the usual one.
    pub fn get_arbitrary<T: Default>(&mut self) -> T {
        T::default()
    }

    /// Puts elements into an order that makes no difference: they stay as they are.
    pub fn shuffle<T>(&mut self, _slice: &mut [T]) {}

    /// The same elements in an order that makes no difference: that of the iterator.
    pub fn shuffled<T>(&mut self, iter: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        iter
    }

    /// Limits the number of unusual choices, of which there are none.
    pub fn set_fuel(&mut self, _fuel: u8) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_the_usual_ones() {
        let (mut plane, mut order) = (ControlPlane::default(), [3, 1, 2]);
        plane.set_fuel(1);
        plane.shuffle(&mut order);
        assert_eq!((plane.get_decision(), plane.get_arbitrary::<u8>(), order), (false, 0, [3, 1, 2]));
        assert!(plane.shuffled(order.into_iter()).eq([3, 1, 2]));
    }
}
