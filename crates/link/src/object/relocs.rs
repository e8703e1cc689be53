//! Relocations of compiled code in terms of the formats of objects, as rows.

use object::write::RelocationFlags;
use object::{BinaryFormat, RelocationEncoding as E, RelocationKind as K, elf, macho};
use windlass_codegen::binemit::Reloc;

/// How a relocation is said in each format; `None` where it cannot be.
struct Row {
    reloc: Reloc,
    elf: Option<RelocationFlags>,
    coff: Option<RelocationFlags>,
    macho: Option<RelocationFlags>,
}

/// What the library has a name for in each format.
const fn named(kind: K, encoding: E, size: u8) -> Option<RelocationFlags> {
    Some(RelocationFlags::Generic { kind, encoding, size })
}

const fn everywhere(reloc: Reloc, flags: Option<RelocationFlags>) -> Row {
    Row { reloc, elf: flags, coff: flags, macho: flags }
}

const fn of_elf(reloc: Reloc, r_type: u32) -> Row {
    Row { reloc, elf: Some(RelocationFlags::Elf { r_type }), coff: None, macho: None }
}

/// A field of Mach-O of four bytes.
const fn of_macho(r_type: u8, r_pcrel: bool) -> Option<RelocationFlags> {
    Some(RelocationFlags::MachO { r_type, r_pcrel, r_length: 2 })
}

const ROWS: [Row; 30] = [
    everywhere(Reloc::Abs8, named(K::Absolute, E::Generic, 64)),
    Row { macho: None, ..everywhere(Reloc::Abs4, named(K::Absolute, E::Generic, 32)) },
    everywhere(Reloc::X86PCRel4, named(K::Relative, E::Generic, 32)),
    everywhere(Reloc::X86CallPCRel4, named(K::Relative, E::X86Branch, 32)),
    Row {
        // linkers of COFF make stubs on their own
        coff: named(K::Relative, E::X86Branch, 32),
        ..everywhere(Reloc::X86CallPLTRel4, named(K::PltRelative, E::X86Branch, 32))
    },
    Row {
        reloc: Reloc::X86GOTPCRel4,
        elf: named(K::GotRelative, E::Generic, 32),
        coff: None,
        // the only instruction that this is made for is a load
        macho: named(K::GotRelative, E::X86RipRelativeMovq, 32),
    },
    Row { reloc: Reloc::X86SecRel, elf: None, coff: named(K::SectionOffset, E::Generic, 32), macho: None },
    of_elf(Reloc::ElfX86_64TlsGd, elf::R_X86_64_TLSGD),
    Row { reloc: Reloc::MachOX86_64Tlv, elf: None, coff: None, macho: of_macho(macho::X86_64_RELOC_TLV, true) },
    of_elf(Reloc::Arm32Call, elf::R_ARM_CALL),
    Row { macho: of_macho(macho::ARM64_RELOC_BRANCH26, true), ..of_elf(Reloc::Arm64Call, elf::R_AARCH64_CALL26) },
    Row {
        macho: of_macho(macho::ARM64_RELOC_PAGE21, true),
        ..of_elf(Reloc::Aarch64AdrPrelPgHi21, elf::R_AARCH64_ADR_PREL_PG_HI21)
    },
    Row {
        macho: of_macho(macho::ARM64_RELOC_PAGEOFF12, false),
        ..of_elf(Reloc::Aarch64AddAbsLo12Nc, elf::R_AARCH64_ADD_ABS_LO12_NC)
    },
    Row {
        macho: of_macho(macho::ARM64_RELOC_GOT_LOAD_PAGE21, true),
        ..of_elf(Reloc::Aarch64AdrGotPage21, elf::R_AARCH64_ADR_GOT_PAGE)
    },
    Row {
        macho: of_macho(macho::ARM64_RELOC_GOT_LOAD_PAGEOFF12, false),
        ..of_elf(Reloc::Aarch64Ld64GotLo12Nc, elf::R_AARCH64_LD64_GOT_LO12_NC)
    },
    of_elf(Reloc::Aarch64TlsDescAdrPage21, elf::R_AARCH64_TLSDESC_ADR_PAGE21),
    of_elf(Reloc::Aarch64TlsDescLd64Lo12, elf::R_AARCH64_TLSDESC_LD64_LO12),
    of_elf(Reloc::Aarch64TlsDescAddLo12, elf::R_AARCH64_TLSDESC_ADD_LO12),
    of_elf(Reloc::Aarch64TlsDescCall, elf::R_AARCH64_TLSDESC_CALL),
    Row {
        reloc: Reloc::MachOAarch64TlsAdrPage21,
        elf: None,
        coff: None,
        macho: of_macho(macho::ARM64_RELOC_TLVP_LOAD_PAGE21, true),
    },
    Row {
        reloc: Reloc::MachOAarch64TlsAdrPageOff12,
        elf: None,
        coff: None,
        macho: of_macho(macho::ARM64_RELOC_TLVP_LOAD_PAGEOFF12, false),
    },
    of_elf(Reloc::S390xPCRel32Dbl, elf::R_390_PC32DBL),
    of_elf(Reloc::S390xPLTRel32Dbl, elf::R_390_PLT32DBL),
    of_elf(Reloc::S390xTlsGd64, elf::R_390_TLS_GD64),
    of_elf(Reloc::S390xTlsGdCall, elf::R_390_TLS_GDCALL),
    of_elf(Reloc::RiscvCallPlt, elf::R_RISCV_CALL_PLT),
    of_elf(Reloc::RiscvGotHi20, elf::R_RISCV_GOT_HI20),
    of_elf(Reloc::RiscvPCRelHi20, elf::R_RISCV_PCREL_HI20),
    of_elf(Reloc::RiscvPCRelLo12I, elf::R_RISCV_PCREL_LO12_I),
    of_elf(Reloc::RiscvTlsGdHi20, elf::R_RISCV_TLS_GD_HI20),
];

/// How a relocation is said in a format; `None` if it cannot be.
pub(super) fn flags(reloc: Reloc, format: BinaryFormat) -> Option<RelocationFlags> {
    let row = ROWS.iter().find(|row| row.reloc == reloc)?;
    match format {
        BinaryFormat::Elf => row.elf,
        BinaryFormat::Coff => row.coff,
        BinaryFormat::MachO => row.macho,
        _ => None,
    }
}
