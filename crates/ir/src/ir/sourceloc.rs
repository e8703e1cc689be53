//! Source locations: numbers that mean something to the user. Instructions store them relative to the function's first.

use std::fmt;

/// A place in the source, as the user numbers them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SourceLoc(u32);

impl SourceLoc {
    /// The location with these bits; `u32::MAX` is no location.
    pub fn new(bits: u32) -> Self {
        SourceLoc(bits)
    }
    /// Its bits.
    pub fn bits(self) -> u32 {
        self.0
    }
    /// Is it no location?
    pub fn is_default(self) -> bool {
        self == Self::default()
    }
}

impl Default for SourceLoc {
    fn default() -> Self {
        SourceLoc(u32::MAX)
    }
}

impl fmt::Display for SourceLoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_default() { f.write_str("@-") } else { write!(f, "@{:04x}", self.0) }
    }
}

/// A source location as its distance from the function's base.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RelSourceLoc(u32);

impl RelSourceLoc {
    /// The location with these bits; `u32::MAX` is no location.
    pub fn new(bits: u32) -> Self {
        RelSourceLoc(bits)
    }
    /// How far `offset` is from `base`.
    pub fn from_base_offset(base: SourceLoc, offset: SourceLoc) -> Self {
        if base.is_default() || offset.is_default() {
            Self::default()
        } else {
            RelSourceLoc(offset.0.wrapping_sub(base.0))
        }
    }
    /// The location that is so far from `base`.
    pub fn expand(&self, base: SourceLoc) -> SourceLoc {
        if self.is_default() || base.is_default() {
            SourceLoc::default()
        } else {
            SourceLoc(self.0.wrapping_add(base.0))
        }
    }
    /// Is it no location?
    pub fn is_default(self) -> bool {
        self == Self::default()
    }
}

impl Default for RelSourceLoc {
    fn default() -> Self {
        RelSourceLoc(u32::MAX)
    }
}

impl fmt::Display for RelSourceLoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_default() { f.write_str("@-") } else { write!(f, "@+{:04x}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_locations_expand() {
        let (base, loc) = (SourceLoc::new(0x100), SourceLoc::new(0x80));
        let rel = RelSourceLoc::from_base_offset(base, loc);
        assert_eq!((rel.expand(base), rel.expand(SourceLoc::default()).is_default()), (loc, true));
        assert_eq!((base.to_string(), SourceLoc::default().to_string()), ("@0100".into(), "@-".into()));
    }
}
