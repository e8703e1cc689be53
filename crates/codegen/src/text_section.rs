//! Puts compiled functions one after the other into a text section, and resolves what they refer to in it. Needs their
//! bytes; leaves the section's.

use crate::binemit::{Addend, Reloc};
use windlass_control::ControlPlane;

/// What makes a text section of functions.
pub trait TextSectionBuilder {
    /// Appends a function, aligned to `align` bytes; gives its offset. One that is `labeled` gets the next number, from 0
    /// on, by which [`TextSectionBuilder::resolve_reloc`] knows it.
    fn append(&mut self, labeled: bool, func: &[u8], align: u32, ctrl_plane: &mut ControlPlane) -> u64;

    /// Resolves a relocation at `offset` that refers to the labeled function of number `target`, whether it was appended
    /// already or not. False if the caller has to.
    fn resolve_reloc(&mut self, offset: u64, reloc: Reloc, addend: Addend, target: usize) -> bool;

    /// Goes through veneers wherever there could be one, to test them. On x86-64 there are none.
    fn force_veneers(&mut self);

    /// Overwrites bytes that were appended.
    fn write(&mut self, offset: u64, data: &[u8]);

    /// The section. It is empty afterwards.
    ///
    /// # Panics
    /// If a relocation refers to a function that was never appended, or is out of reach.
    fn finish(&mut self, ctrl_plane: &mut ControlPlane) -> Vec<u8>;
}

/// A text section of x86-64, where all calls within 2 GiB reach.
#[derive(Default)]
pub struct X64TextSection {
    bytes: Vec<u8>,
    /// Where each labeled function starts.
    labels: Vec<u64>,
    /// How many of them there are to be.
    expected: usize,
    /// Offset of the field, addend, target.
    fields: Vec<(u64, Addend, usize)>,
}

impl X64TextSection {
    /// One for so many labeled functions.
    pub fn new(num_labeled_funcs: usize) -> X64TextSection {
        X64TextSection { expected: num_labeled_funcs, ..X64TextSection::default() }
    }
}

impl TextSectionBuilder for X64TextSection {
    fn append(&mut self, labeled: bool, func: &[u8], align: u32, _ctrl_plane: &mut ControlPlane) -> u64 {
        // between functions stands what traps
        self.bytes.resize(self.bytes.len().next_multiple_of(align.max(1) as usize), 0xcc);
        let offset = self.bytes.len() as u64;
        if labeled {
            self.labels.push(offset);
        }
        self.bytes.extend_from_slice(func);
        offset
    }

    fn resolve_reloc(&mut self, offset: u64, reloc: Reloc, addend: Addend, target: usize) -> bool {
        let relative = matches!(reloc, Reloc::X86CallPCRel4 | Reloc::X86CallPLTRel4 | Reloc::X86PCRel4);
        if relative && target < self.expected {
            self.fields.push((offset, addend, target));
            return true;
        }
        false
    }

    fn force_veneers(&mut self) {}

    fn write(&mut self, offset: u64, data: &[u8]) {
        self.bytes[offset as usize..][..data.len()].copy_from_slice(data);
    }

    fn finish(&mut self, _ctrl_plane: &mut ControlPlane) -> Vec<u8> {
        for (offset, addend, target) in std::mem::take(&mut self.fields) {
            let distance = (self.labels[target] as i64).wrapping_add(addend).wrapping_sub(offset as i64);
            let distance = i32::try_from(distance).expect("a text section of less than 2 GiB");
            self.write(offset, &distance.to_le_bytes());
        }
        self.labels.clear();
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_go_both_ways() {
        let (mut text, mut plane) = (X64TextSection::new(2), ControlPlane::default());
        let call = [0xe8, 0, 0, 0, 0, 0xc3];
        assert_eq!(text.append(true, &call, 16, &mut plane), 0);
        assert!(text.resolve_reloc(1, Reloc::X86CallPCRel4, -4, 1), "a call forwards");
        assert_eq!(text.append(true, &call, 16, &mut plane), 16);
        assert!(text.resolve_reloc(17, Reloc::X86CallPCRel4, -4, 0), "a call backwards");
        assert!(!text.resolve_reloc(17, Reloc::Abs8, 0, 0), "addresses are not known");
        assert!(!text.resolve_reloc(17, Reloc::X86CallPCRel4, -4, 2), "there are two");
        assert_eq!(text.append(false, &[0xc3], 1, &mut plane), 22);
        text.write(22, &[0x90]);
        let bytes = text.finish(&mut plane);
        let padding = [0xcc; 10];
        let second = [0xe8, 0xeb, 0xff, 0xff, 0xff, 0xc3, 0x90];
        assert_eq!(bytes, [&[0xe8, 11, 0, 0, 0, 0xc3][..], &padding, &second].concat());
    }
}
