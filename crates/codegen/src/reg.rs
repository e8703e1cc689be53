//! Registers of a target as users see them. Needs the allocator's.

use std::fmt;
use windlass_regalloc::{Class, PReg};

/// The kind of a register.
pub type RegClass = Class;

/// A register of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RealReg(PReg);

impl RealReg {
    /// Its kind.
    pub fn class(self) -> RegClass {
        self.0.class()
    }
    /// Its number in encodings.
    pub fn hw_enc(self) -> u8 {
        self.0.hw()
    }
    /// As the allocator knows it.
    pub const fn preg(self) -> PReg {
        self.0
    }
}

impl From<PReg> for RealReg {
    fn from(reg: PReg) -> RealReg {
        RealReg(reg)
    }
}

impl fmt::Debug for RealReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A register in finished code, where all are of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reg(RealReg);

impl Reg {
    /// A register of the machine.
    pub const fn from_real_reg(reg: PReg) -> Reg {
        Reg(RealReg(reg))
    }
    /// Its kind.
    pub fn class(self) -> RegClass {
        self.0.class()
    }
    /// Is it of the machine? All are.
    pub fn is_real(self) -> bool {
        true
    }
    /// The register of the machine.
    pub const fn to_real_reg(self) -> Option<RealReg> {
        Some(self.0)
    }
}

impl From<RealReg> for Reg {
    fn from(reg: RealReg) -> Reg {
        Reg(reg)
    }
}

impl From<PReg> for Reg {
    fn from(reg: PReg) -> Reg {
        Reg(reg.into())
    }
}

impl fmt::Debug for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
