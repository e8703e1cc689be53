//! What addresses mean in a run: the stack, functions, and library functions each have a range below 4 GiB, so that
//! addresses of 32 bits work as well. Places in code have addresses above. Needs nothing.

use super::FuncIndex;
use crate::ir::LibCall;
use crate::ir::entities::Inst;
use windlass_entity::EntityRef;

/// Where the stack starts.
pub const STACK: u64 = 0x1000_0000;
/// The address of the first function.
pub const FUNCTIONS: u64 = 0x4000_0000;
/// The address of the first library function.
pub const LIBCALLS: u64 = 0x7000_0000;
/// The address of what throws.
const THROW: u64 = 0x7800_0000;
/// Where code starts.
const CODE: u64 = 1 << 63;
/// How far functions are apart.
pub const FUNCTION_STEP: u64 = 16;

/// The host function that throws, by its name in text: see [`Callee::Throw`].
pub(super) const THROW_NAME: &str = "%__cranelift_throw";

/// The address to which a call in a function returns. Nothing can be loaded there, nor called.
pub(super) fn return_address(func: FuncIndex, call: Inst) -> u64 {
    CODE | (func.index() as u64) << 32 | u64::from(call.as_u32())
}

/// Something that can be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Callee {
    Function(FuncIndex),
    LibCall(LibCall),
    /// Takes the frame pointers of the outermost and the innermost frame to search, the address in the innermost one, a
    /// tag and two payloads, and resumes the first handler that it finds.
    Throw,
}

impl Callee {
    /// Its address.
    pub(super) fn address(self) -> u64 {
        match self {
            Callee::Function(f) => FUNCTIONS + f.index() as u64 * FUNCTION_STEP,
            Callee::LibCall(l) => LIBCALLS + l as u64 * FUNCTION_STEP,
            Callee::Throw => THROW,
        }
    }

    /// What is at an address, if there can be something.
    pub(super) fn at(address: u64) -> Option<Callee> {
        let index = |base| ((address - base) / FUNCTION_STEP) as usize;
        if !address.is_multiple_of(FUNCTION_STEP) || address > u32::MAX as u64 {
            return None;
        }
        if address == THROW {
            return Some(Callee::Throw);
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
        let functions = [0, 7].map(|n| Callee::Function(FuncIndex::new(n)));
        for c in functions.into_iter().chain([Callee::LibCall(LibCall::Memcmp), Callee::Throw]) {
            assert_eq!(Callee::at(c.address()), Some(c));
        }
        let code = return_address(FuncIndex::new(1), Inst::new(16));
        for none in [0, STACK, FUNCTIONS + 1, LIBCALLS + 100 * FUNCTION_STEP, code, u64::MAX] {
            assert_eq!(Callee::at(none), None);
        }
    }
}
