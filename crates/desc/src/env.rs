//! What a meaning can do besides computing: memory, traps, branches, and choices that a definition leaves open.
//!
//! A meaning runs in an [`Env`]. A concrete one performs the effects (the interpreter, a machine simulator); a symbolic
//! one records them in order, which is the *outcome* that refinement compares. Needs [`crate::bv`] and the
//! formats of floats.

use crate::bv::Bv;
use crate::fp::FpFormat;
use std::num::NonZeroU8;

/// Why an instruction traps: 1 to 250 are the user's, the rest are reserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrapCode(NonZeroU8);

/// The reserved codes with their names in CLIF.
pub const TRAP_CODES: [(TrapCode, &str); 5] = [
    (TrapCode::STACK_OVERFLOW, "stk_ovf"),
    (TrapCode::INTEGER_OVERFLOW, "int_ovf"),
    (TrapCode::HEAP_OUT_OF_BOUNDS, "heap_oob"),
    (TrapCode::INTEGER_DIVISION_BY_ZERO, "int_divz"),
    (TrapCode::BAD_CONVERSION_TO_INTEGER, "bad_toint"),
];

impl TrapCode {
    const fn reserved(n: u8) -> TrapCode {
        match NonZeroU8::new(u8::MAX - n) {
            Some(n) => TrapCode(n),
            None => unreachable!(),
        }
    }
    /// The stack overflowed.
    pub const STACK_OVERFLOW: TrapCode = Self::reserved(0);
    /// Integer overflow.
    pub const INTEGER_OVERFLOW: TrapCode = Self::reserved(1);
    /// A heap access was out of bounds.
    pub const HEAP_OUT_OF_BOUNDS: TrapCode = Self::reserved(2);
    /// Integer division by zero.
    pub const INTEGER_DIVISION_BY_ZERO: TrapCode = Self::reserved(3);
    /// A float had no integer value.
    pub const BAD_CONVERSION_TO_INTEGER: TrapCode = Self::reserved(4);

    /// The user's code `n`, if it is between 1 and 250.
    pub const fn user(n: u8) -> Option<TrapCode> {
        match NonZeroU8::new(n) {
            Some(c) if n <= 250 => Some(TrapCode(c)),
            _ => None,
        }
    }
    /// The user's code `n`, which must be between 1 and 250.
    pub const fn unwrap_user(n: u8) -> TrapCode {
        match Self::user(n) {
            Some(c) => c,
            None => panic!("a user trap code is between 1 and 250"),
        }
    }
    /// The reserved codes.
    pub const fn non_user_traps() -> &'static [TrapCode] {
        &[
            TrapCode::STACK_OVERFLOW,
            TrapCode::INTEGER_OVERFLOW,
            TrapCode::HEAP_OUT_OF_BOUNDS,
            TrapCode::INTEGER_DIVISION_BY_ZERO,
            TrapCode::BAD_CONVERSION_TO_INTEGER,
        ]
    }
    /// The code as a number.
    pub const fn as_raw(self) -> NonZeroU8 {
        self.0
    }
    /// The code of a number.
    pub const fn from_raw(n: NonZeroU8) -> TrapCode {
        TrapCode(n)
    }
}

impl std::fmt::Display for TrapCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match TRAP_CODES.iter().find(|e| e.0 == *self) {
            Some(e) => f.write_str(e.1),
            None => write!(f, "user{}", self.0),
        }
    }
}

impl std::str::FromStr for TrapCode {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        if let Some(e) = TRAP_CODES.iter().find(|e| e.1 == s) {
            return Ok(e.0);
        }
        let n = s.strip_prefix("user").filter(|n| n.bytes().all(|c| c.is_ascii_digit())).ok_or(())?;
        TrapCode::user(n.parse().map_err(|_| ())?).ok_or(())
    }
}

/// How memory is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Access {
    /// The trap an inaccessible address raises; none if it is known to be accessible.
    pub trap: Option<TrapCode>,
    /// Most significant byte first.
    pub big_endian: bool,
    /// At once, and in one order with all other atomic accesses of all threads (sequentially consistent). Between a
    /// load and a store of one instruction no other thread accesses what they access.
    pub atomic: bool,
}

impl Access {
    /// Accessible, little-endian, not atomic.
    pub const PLAIN: Access = Access { trap: None, big_endian: false, atomic: false };
}

/// A set of values that a definition leaves free.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Choice {
    /// Any bits. Named after what is undefined: flags, or the upper part of a register.
    Any(&'static str),
    /// Any quiet NaN of a format: sign and payload are free ([`FpFormat::nan`]). Which one a concrete run takes is a
    /// matter of its policy: the canonical one, that of a CPU, a random one.
    Nan(FpFormat),
}

/// Where a meaning runs.
pub trait Env {
    /// The values computed with.
    type B: Bv;
    /// A value of `w` bits out of `set`.
    fn choose(&mut self, set: Choice, w: u32) -> Self::B;
    /// Traps with `code` where `cond` (one bit) is 1. A concrete run goes on computing with whatever values; effects
    /// after a trap have no consequence.
    fn trap_if(&mut self, cond: &Self::B, code: TrapCode);
    /// Reads `w` bits of memory.
    fn load(&mut self, addr: &Self::B, w: u32, access: Access) -> Self::B;
    /// Writes memory.
    fn store(&mut self, addr: &Self::B, value: &Self::B, access: Access);
    /// Orders all accesses before it before those after it. A run of one thread need not know.
    fn fence(&mut self) {}
    /// Leaves the block: to the first target where `cond` (one bit) is 1, else to the second.
    fn branch(&mut self, cond: &Self::B);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_names_read_back() {
        for c in TRAP_CODES.map(|e| e.0).into_iter().chain([TrapCode::unwrap_user(1), TrapCode::unwrap_user(250)]) {
            assert_eq!(c.to_string().parse(), Ok(c));
        }
        assert_eq!("user01".parse(), Ok(TrapCode::unwrap_user(1)));
        for bad in ["user0", "user251", "user", "user+1", "int"] {
            assert!(bad.parse::<TrapCode>().is_err(), "{bad}");
        }
    }
}
