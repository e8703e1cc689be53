//! Relocations of compiled code in terms of the formats of objects.

use object::write::RelocationFlags;
use object::{BinaryFormat, RelocationEncoding, RelocationKind};
use windlass_codegen::binemit::Reloc;

/// How a relocation is said in a format; `None` if it cannot be.
pub(super) fn flags(reloc: Reloc, format: BinaryFormat) -> Option<RelocationFlags> {
    use RelocationEncoding as E;
    use RelocationKind as K;
    let (kind, encoding, size) = match (reloc, format) {
        (Reloc::Abs8, _) => (K::Absolute, E::Generic, 64),
        (Reloc::Abs4, BinaryFormat::Elf | BinaryFormat::Coff) => (K::Absolute, E::Generic, 32),
        (Reloc::X86PCRel4, _) => (K::Relative, E::Generic, 32),
        (Reloc::X86CallPCRel4, _) => (K::Relative, E::X86Branch, 32),
        // linkers of COFF make stubs on their own
        (Reloc::X86CallPLTRel4, BinaryFormat::Coff) => (K::Relative, E::X86Branch, 32),
        (Reloc::X86CallPLTRel4, _) => (K::PltRelative, E::X86Branch, 32),
        (Reloc::X86GOTPCRel4, BinaryFormat::Elf) => (K::GotRelative, E::Generic, 32),
        // the only instruction that this is made for is a load
        (Reloc::X86GOTPCRel4, BinaryFormat::MachO) => (K::GotRelative, E::X86RipRelativeMovq, 32),
        (Reloc::X86SecRel, BinaryFormat::Coff) => (K::SectionOffset, E::Generic, 32),
        _ => return None,
    };
    Some(RelocationFlags::Generic { kind, encoding, size })
}
