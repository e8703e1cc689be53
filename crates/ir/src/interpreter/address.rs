//! What addresses mean in a run: the stack, functions, and library functions each have a range below 4 GiB, so that
//! addresses of 32 bits work as well. Needs nothing.

use super::FuncIndex;
use crate::ir::LibCall;
use windlass_entity::EntityRef;

/// Where the stack starts.
pub(super) const STACK: u64 = 0x1000_0000;
/// The address of the first function.
const FUNCTIONS: u64 = 0x4000_0000;
/// The address of the first library function.
const LIBCALLS: u64 = 0x7000_0000;
/// How far functions are apart.
const STEP: u64 = 16;

/// Something that can be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Callee {
    Function(FuncIndex),
    LibCall(LibCall),
}

impl Callee {
    /// Its address.
    pub(super) fn address(self) -> u64 {
        match self {
            Callee::Function(f) => FUNCTIONS + f.index() as u64 * STEP,
            Callee::LibCall(l) => LIBCALLS + l as u64 * STEP,
        }
    }

    /// What is at an address, if there can be something.
    pub(super) fn at(address: u64) -> Option<Callee> {
        let index = |base| ((address - base) / STEP) as usize;
        if !address.is_multiple_of(STEP) || address > u32::MAX as u64 {
            return None;
        }
        if address >= LIBCALLS {
            return LibCall::all_libcalls()
                .iter()
                .find(|l| **l as usize == index(LIBCALLS))
                .map(|l| Callee::LibCall(*l));
        }
        (address >= FUNCTIONS).then(|| Callee::Function(FuncIndex::new(index(FUNCTIONS))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_back() {
        for c in
            [Callee::Function(FuncIndex::new(0)), Callee::Function(FuncIndex::new(7)), Callee::LibCall(LibCall::Memcmp)]
        {
            assert_eq!(Callee::at(c.address()), Some(c));
        }
        for none in [0, STACK, FUNCTIONS + 1, LIBCALLS + 100 * STEP, u64::MAX] {
            assert_eq!(Callee::at(none), None);
        }
    }
}
