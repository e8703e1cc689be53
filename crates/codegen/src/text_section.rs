//! Puts compiled functions one after the other into a text section, and resolves what they refer to in it. Needs their
//! bytes; leaves the section's.

use crate::binemit::{Addend, Reloc};
use crate::linkage::{Linkage, Veneer};
use crate::reloc::{FAR_DISTANCE, Meaning, meaning};
use std::collections::HashMap;
use windlass_control::ControlPlane;

/// What makes a text section of functions.
pub trait TextSectionBuilder {
    /// Appends a function, aligned to `align` bytes; gives its offset. One that is `labeled` gets the next number, from 0
    /// on, by which [`TextSectionBuilder::resolve_reloc`] knows it.
    fn append(&mut self, labeled: bool, func: &[u8], align: u32, ctrl_plane: &mut ControlPlane) -> u64;

    /// Resolves a relocation at `offset` that refers to the labeled function of number `target`, whether it was appended
    /// already or not. False if the caller has to.
    fn resolve_reloc(&mut self, offset: u64, reloc: Reloc, addend: Addend, target: usize) -> bool;

    /// Goes through veneers wherever there could be one, to test them. On most machines there are none.
    fn force_veneers(&mut self);

    /// Overwrites bytes that were appended.
    fn write(&mut self, offset: u64, data: &[u8]);

    /// The section. It is empty afterwards.
    ///
    /// # Panics
    /// If a relocation refers to a function that was never appended, or is out of reach.
    fn finish(&mut self, ctrl_plane: &mut ControlPlane) -> Vec<u8>;
}

/// A place that is to be filled in.
#[derive(Clone, Copy)]
struct Reference {
    offset: u64,
    kind: &'static Meaning,
    addend: Addend,
    target: usize,
}

/// A text section of any machine. Calls that may not reach their functions go through veneers, in islands between
/// functions.
pub struct TextSection {
    linkage: &'static Linkage,
    bytes: Vec<u8>,
    /// Where each labeled function starts.
    labels: Vec<u64>,
    /// How many of them there are to be.
    expected: usize,
    /// What is filled in at the end.
    references: Vec<Reference>,
    /// Calls that the next island serves if they do not reach.
    calls: Vec<Reference>,
    /// The last place that all of them reach.
    deadline: u64,
    /// All calls go through veneers.
    forced: bool,
}

impl TextSection {
    /// One for so many labeled functions.
    pub fn new(linkage: &'static Linkage, num_labeled_funcs: usize) -> TextSection {
        TextSection {
            linkage,
            bytes: vec![],
            labels: vec![],
            expected: num_labeled_funcs,
            references: vec![],
            calls: vec![],
            deadline: u64::MAX,
            forced: false,
        }
    }

    /// Writes a reference to a place, if it reaches.
    fn fill(&mut self, reference: &Reference, target: u64) -> Option<()> {
        let symbol = (target as i64).wrapping_add(reference.addend);
        let bytes = self.bytes.get_mut(reference.offset as usize..)?;
        self.linkage.apply(reference.kind, symbol, reference.offset as i64, bytes)
    }

    /// Serves the calls that wait: directly if that reaches, else by a veneer for each target.
    fn island(&mut self, veneer: &Veneer) {
        let mut veneers = HashMap::new();
        self.deadline = u64::MAX;
        self.bytes.resize(self.bytes.len().next_multiple_of(VENEER_ALIGN), self.linkage.padding);
        for call in std::mem::take(&mut self.calls) {
            let label = self.labels.get(call.target).copied().filter(|_| !self.forced);
            if label.is_some_and(|label| self.fill(&call, label).is_some()) {
                continue;
            }
            // Of another addend the call goes near the function's start, and so does a veneer of its own.
            let own = call.kind.call.unwrap_or(0);
            let place = *veneers.entry((call.target, call.addend)).or_insert_with(|| {
                let place = self.bytes.len() as u64;
                self.bytes.extend_from_slice(veneer.code);
                let (offset, addend) = (place + u64::from(veneer.distance), call.addend - own);
                self.references.push(Reference { offset, kind: &FAR_DISTANCE, addend, target: call.target });
                place
            });
            self.fill(&Reference { addend: own, ..call }, place).expect("an island in reach of what it serves");
        }
    }

    /// May a function of so many bytes not be appended before the calls that wait have an island? It may be all calls.
    fn needs_island(&self, len: usize, veneer: &Veneer) -> bool {
        let calls = self.calls.len() + len / CALL_SIZE + 1;
        let end = (self.bytes.len() + len) as u64 + (calls * (veneer.code.len() + VENEER_ALIGN)) as u64;
        !self.calls.is_empty() && end > self.deadline
    }
}

/// Veneers are of instructions of four bytes.
const VENEER_ALIGN: usize = 4;
/// No call of a machine that has veneers is shorter.
const CALL_SIZE: usize = 4;

impl TextSectionBuilder for TextSection {
    fn append(&mut self, labeled: bool, func: &[u8], align: u32, _ctrl_plane: &mut ControlPlane) -> u64 {
        let align = align.max(1) as usize;
        if let Some(veneer) = &self.linkage.veneer
            && self.needs_island(func.len() + align, veneer)
        {
            self.island(veneer);
        }
        // between functions stands what traps
        self.bytes.resize(self.bytes.len().next_multiple_of(align), self.linkage.padding);
        let offset = self.bytes.len() as u64;
        if labeled {
            self.labels.push(offset);
        }
        self.bytes.extend_from_slice(func);
        offset
    }

    fn resolve_reloc(&mut self, offset: u64, reloc: Reloc, addend: Addend, target: usize) -> bool {
        let kind = meaning(reloc);
        if !kind.is_whole_distance() || target >= self.expected {
            return false;
        }
        let reference = Reference { offset, kind, addend, target };
        if kind.call.is_some() && self.linkage.veneer.is_some() {
            self.calls.push(reference);
            self.deadline = self.deadline.min(offset.saturating_add_signed(kind.field.range.1));
        } else {
            self.references.push(reference);
        }
        true
    }

    fn force_veneers(&mut self) {
        self.forced = true;
    }

    fn write(&mut self, offset: u64, data: &[u8]) {
        self.bytes[offset as usize..][..data.len()].copy_from_slice(data);
    }

    fn finish(&mut self, _ctrl_plane: &mut ControlPlane) -> Vec<u8> {
        if let Some(veneer) = &self.linkage.veneer
            && !self.calls.is_empty()
        {
            self.island(veneer);
        }
        for reference in std::mem::take(&mut self.references) {
            let label = self.labels[reference.target];
            self.fill(&reference, label).expect("a text section in which all references reach");
        }
        self.labels.clear();
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use target_lexicon::{Aarch64Architecture, Architecture, Riscv64Architecture};

    #[test]
    fn calls_go_both_ways() {
        let (mut text, mut plane) = (TextSection::new(Linkage::of(Architecture::X86_64), 2), ControlPlane::default());
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

    #[test]
    fn calls_of_riscv64_are_pairs() {
        let riscv64 = Linkage::of(Architecture::Riscv64(Riscv64Architecture::Riscv64gc));
        let (mut text, mut plane) = (TextSection::new(riscv64, 2), ControlPlane::default());
        let call = [0x97, 0, 0, 0, 0xe7, 0x80, 0, 0];
        text.append(true, &call, 4, &mut plane);
        assert!(text.resolve_reloc(0, Reloc::RiscvCallPlt, 0, 1));
        assert!(!text.resolve_reloc(0, Reloc::RiscvPCRelHi20, 0, 1), "the caller has the other part");
        text.append(false, &vec![0; 0x1ff8], 4, &mut plane);
        assert_eq!(text.append(true, &call, 4, &mut plane), 0x2000);
        assert!(text.resolve_reloc(0x2000, Reloc::RiscvCallPlt, 0, 0));
        let bytes = text.finish(&mut plane);
        assert_eq!(bytes[..8], [0x97, 0x20, 0, 0, 0xe7, 0x80, 0, 0]);
        assert_eq!(bytes[0x2000..], [0x97, 0xe0, 0xff, 0xff, 0xe7, 0x80, 0, 0]);
    }

    /// Where a `bl` of aarch64 goes in the end, and whether it goes there directly.
    fn called(bytes: &[u8], at: usize) -> (usize, bool) {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(word(at) >> 26, 0x25, "a bl");
        let target = at.wrapping_add_signed((word(at) << 6) as i32 as isize >> 4);
        if word(target) != 0x9800_0090 {
            return (target, true);
        }
        let (field, order) = (target + 16, word(target + 16) as i32);
        (field.wrapping_add_signed(order as isize), false)
    }

    #[test]
    fn far_calls_of_aarch64_go_through_veneers() {
        let aarch64 = Linkage::of(Architecture::Aarch64(Aarch64Architecture::Aarch64));
        // a call that just reaches forwards or backwards, and those that just do not
        let reach = 128 << 20;
        for between in [0, (reach >> 1), reach - 8, reach - 4, reach, reach + 4, reach * 2] {
            let (mut text, mut plane) = (TextSection::new(aarch64, 2), ControlPlane::default());
            let bl = [0, 0, 0, 0x94];
            let mut calls = vec![];
            for function in 0..2 {
                let at = text.append(true, &bl, 4, &mut plane);
                calls.push(at);
                assert!(text.resolve_reloc(at, Reloc::Arm64Call, 0, 1 - function));
                if function == 0 {
                    // functions of a mebibyte, and one of what is left
                    let mut left = between;
                    while left > 0 {
                        let len = left.min(1 << 20);
                        text.append(false, &vec![0; len], 4, &mut plane);
                        left -= len;
                    }
                }
            }
            let bytes = text.finish(&mut plane);
            assert_eq!(called(&bytes, calls[0] as usize).0, calls[1] as usize, "{between}");
            assert_eq!(called(&bytes, calls[1] as usize), (0, calls[1] as usize <= reach), "{between}");
        }
    }

    #[test]
    fn veneers_can_be_forced() {
        let aarch64 = Linkage::of(Architecture::Aarch64(Aarch64Architecture::Aarch64));
        let (mut text, mut plane) = (TextSection::new(aarch64, 1), ControlPlane::default());
        text.force_veneers();
        text.append(true, &[0, 0, 0, 0x94], 4, &mut plane);
        assert!(text.resolve_reloc(0, Reloc::Arm64Call, 0, 0));
        let bytes = text.finish(&mut plane);
        assert_eq!((called(&bytes, 0), bytes.len()), ((0, false), 24));
    }
}
