//! What linkers and loaders have to know of each machine, as rows: what fills gaps, jumps to far addresses, numbers of
//! formats. Needs nothing of code generation.

use crate::binemit::Reloc;
use crate::reloc::Meaning;
use target_lexicon::{Architecture, HOST};
use windlass_ir::ir::Endianness;

/// A jump to anywhere: code, followed by the eight bytes of the address. It changes registers that calls may change
/// between caller and callee only.
#[derive(Debug)]
pub struct Stub {
    /// A multiple of eight bytes.
    pub code: &'static [u8],
}

impl Stub {
    /// Bytes of a stub with its address.
    pub const fn size(&self) -> usize {
        self.code.len() + 8
    }
}

/// Whose address a field is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CellField {
    /// The cell's.
    Cell,
    /// The jump's own.
    Own,
}

/// A jump to the address that is in a cell.
#[derive(Debug)]
pub struct CellJump {
    /// The code.
    pub code: &'static [u8],
    /// Offset, relocation, addend of its fields.
    pub fields: &'static [(u32, Reloc, i64, CellField)],
}

/// A jump farther than calls go, which runs wherever it is loaded.
#[derive(Debug)]
pub struct Veneer {
    /// The code, a multiple of the instructions' size.
    pub code: &'static [u8],
    /// The offset of the four bytes that hold the distance from themselves to the target.
    pub distance: u8,
}

/// How an instruction that computes an address relative to itself becomes one of the same length that loads the address
/// from a table, for what is out of reach.
#[derive(Debug)]
pub struct AddressLoad {
    /// The relocation of such instructions.
    pub kind: Reloc,
    /// Its addend for the address of a symbol itself.
    pub addend: i64,
    /// Is the field at this offset of the code one of such an instruction?
    pub is: fn(&[u8], usize) -> bool,
    /// Makes it load.
    pub turn: fn(&mut [u8], usize),
}

/// What is to be known of a machine.
#[derive(Debug)]
pub struct Linkage {
    /// Which it is.
    pub is: fn(Architecture) -> bool,
    /// Order of bytes.
    pub order: Endianness,
    /// Fills gaps between functions: repeated, it is an instruction that traps.
    pub padding: u8,
    /// ELF's number of the machine, and flags of files.
    pub elf: (u16, u32),
    /// A far jump.
    pub stub: Option<Stub>,
    /// What calls of functions that can be replaced go through.
    pub cell_jump: Option<CellJump>,
    /// Where a call may not reach everything in a text section.
    pub veneer: Option<Veneer>,
    /// How computed addresses become loaded ones.
    pub address_load: Option<AddressLoad>,
}

/// `jmp [rip + 2]; int3; int3`
const X64_STUB: &[u8] = &[0xff, 0x25, 2, 0, 0, 0, 0xcc, 0xcc];
/// `auipc t3, 0; ld t3, 16(t3); jr t3; nop`
const RISCV64_STUB: &[u8] = &[0x17, 0x0e, 0, 0, 3, 0x3e, 0x0e, 1, 0x67, 0, 0x0e, 0, 0x13, 0, 0, 0];
/// `ldr x16, .+8; br x16`
const AARCH64_STUB: &[u8] = &[0x50, 0, 0, 0x58, 0, 2, 0x1f, 0xd6];
/// `lgrl %r1, .+8; br %r1`
const S390X_STUB: &[u8] = &[0xc4, 0x18, 0, 0, 0, 4, 0x07, 0xf1];

/// `jmp [rip + cell]`
const X64_CELL: CellJump =
    CellJump { code: &[0xff, 0x25, 0, 0, 0, 0], fields: &[(2, Reloc::X86PCRel4, -4, CellField::Cell)] };
/// `auipc t3, cell; ld t3, cell(t3); jr t3`
const RISCV64_CELL: CellJump = CellJump {
    code: &[0x17, 0x0e, 0, 0, 3, 0x3e, 0x0e, 0, 0x67, 0, 0x0e, 0],
    fields: &[(0, Reloc::RiscvPCRelHi20, 0, CellField::Cell), (4, Reloc::RiscvPCRelLo12I, 0, CellField::Own)],
};
/// `adrp x16, cell; add x16, x16, cell; ldr x16, [x16]; br x16`
const AARCH64_CELL: CellJump = CellJump {
    code: &[0x10, 0, 0, 0x90, 0x10, 2, 0, 0x91, 0x10, 2, 0x40, 0xf9, 0, 2, 0x1f, 0xd6],
    fields: &[
        (0, Reloc::Aarch64AdrPrelPgHi21, 0, CellField::Cell),
        (4, Reloc::Aarch64AddAbsLo12Nc, 0, CellField::Cell),
    ],
};
/// `larl %r1, cell; lg %r1, 0(%r1); br %r1`
const S390X_CELL: CellJump = CellJump {
    code: &[0xc0, 0x10, 0, 0, 0, 0, 0xe3, 0x10, 0x10, 0, 0, 4, 0x07, 0xf1],
    fields: &[(2, Reloc::S390xPCRel32Dbl, 2, CellField::Cell)],
};

/// `ldrsw x16, .+16; adr x17, .+12; add x16, x16, x17; br x16`, the distance
const AARCH64_VENEER: Veneer = Veneer {
    code: &[0x90, 0, 0, 0x98, 0x71, 0, 0, 0x10, 0x10, 2, 0x11, 0x8b, 0, 2, 0x1f, 0xd6, 0, 0, 0, 0],
    distance: 16,
};

const X86_64: Linkage = Linkage {
    is: |arch| arch == Architecture::X86_64,
    order: Endianness::Little,
    padding: 0xcc,
    elf: (62, 0),
    stub: Some(Stub { code: X64_STUB }),
    cell_jump: Some(X64_CELL),
    veneer: None,
    address_load: Some(AddressLoad {
        kind: Reloc::X86PCRel4,
        addend: -4,
        is: is_lea,
        turn: |code, field| code[field - 2] = MOV,
    }),
};

/// The opcodes of `lea r64, m` and `mov r64, m`.
const LEA: u8 = 0x8d;
const MOV: u8 = 0x8b;

/// Is a field of four bytes the distance of `lea r64, [rip + distance]`? So says what stands before it: REX.W, the
/// opcode, and a ModRM byte that asks for an address relative to the instruction pointer.
fn is_lea(bytes: &[u8], field: usize) -> bool {
    let before = field.checked_sub(3).and_then(|start| bytes.get(start..field));
    matches!(before, Some(&[rex, LEA, modrm]) if rex & 0xfb == 0x48 && modrm & 0xc7 == 5)
}

/// A machine that nothing is known of: code and data lie in it alone.
const UNKNOWN: Linkage = Linkage {
    is: |_| true,
    order: Endianness::Little,
    padding: 0,
    elf: (0, 0),
    stub: None,
    cell_jump: None,
    veneer: None,
    address_load: None,
};

/// The machines. On all but x86-64 a zero is no instruction.
static LINKAGES: [Linkage; 5] = [
    X86_64,
    Linkage {
        is: |arch| matches!(arch, Architecture::Riscv64(_)),
        // floats are passed in registers of 64 bits; instructions are not compressed
        elf: (243, 4),
        stub: Some(Stub { code: RISCV64_STUB }),
        cell_jump: Some(RISCV64_CELL),
        ..UNKNOWN
    },
    Linkage {
        is: |arch| matches!(arch, Architecture::Aarch64(_)),
        elf: (183, 0),
        stub: Some(Stub { code: AARCH64_STUB }),
        cell_jump: Some(AARCH64_CELL),
        veneer: Some(AARCH64_VENEER),
        ..UNKNOWN
    },
    Linkage {
        is: |arch| arch == Architecture::S390x,
        order: Endianness::Big,
        elf: (22, 0),
        stub: Some(Stub { code: S390X_STUB }),
        cell_jump: Some(S390X_CELL),
        ..UNKNOWN
    },
    UNKNOWN,
];

impl Linkage {
    /// What is known of a machine.
    pub fn of(arch: Architecture) -> &'static Linkage {
        LINKAGES.iter().find(|row| (row.is)(arch)).unwrap_or(&LINKAGES[LINKAGES.len() - 1])
    }
    /// What is known of the machine that this runs on.
    pub fn host() -> &'static Linkage {
        Linkage::of(HOST.architecture)
    }
    /// Writes the value of a relocation for a symbol, whose address comes with the addend, to the start of `bytes`, whose
    /// address is `place`. None if it does not fit.
    #[must_use]
    pub fn apply(&self, kind: &Meaning, symbol: i64, place: i64, bytes: &mut [u8]) -> Option<()> {
        kind.field.put(self.order, kind.value(symbol, place)?, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_found() {
        let elf = |name: &str| Linkage::of(name.parse::<target_lexicon::Triple>().unwrap().architecture).elf.0;
        assert_eq!(["x86_64", "riscv64gc", "aarch64", "s390x", "sparc64"].map(elf), [62, 243, 183, 22, 0]);
        assert_eq!(Linkage::of(Architecture::S390x).order, Endianness::Big);
    }

    #[test]
    fn stubs_keep_their_address_aligned() {
        for stub in LINKAGES.iter().filter_map(|row| row.stub.as_ref()) {
            assert!(stub.code.len().is_multiple_of(8));
        }
    }
}
