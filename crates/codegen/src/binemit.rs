//! Places and numbers in machine code, and how linkers fill in addresses. Needs nothing.

use std::fmt;

/// Where something is in a function's code, in bytes from its start.
pub type CodeOffset = u32;

/// What is added to a symbol's address.
pub type Addend = i64;

/// The size of a function's code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeInfo {
    /// All of it, in bytes.
    pub total_size: CodeOffset,
}

/// How the address of a symbol is put into code. S is the symbol's address, A the addend, P the place that is written,
/// GOT(S) the place of a table entry that holds S. Those of targets whose code is not made yet are there for users that
/// name them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reloc {
    /// Four bytes: S + A.
    Abs4,
    /// Eight bytes: S + A.
    Abs8,
    /// Four bytes: S + A - P.
    X86PCRel4,
    /// Four bytes of a call: S + A - P.
    X86CallPCRel4,
    /// Four bytes of a call: S + A - P, or the address of a stub that goes on to S in its place.
    X86CallPLTRel4,
    /// Four bytes: GOT(S) + A - P.
    X86GOTPCRel4,
    /// Four bytes: S + A, from the start of the section of S.
    X86SecRel,
    /// ELF x86-64: thread-local data by the general dynamic model.
    ElfX86_64TlsGd,
    /// Mach-O x86-64: the descriptor of a thread-local variable.
    MachOX86_64Tlv,
    /// Arm: a call.
    Arm32Call,
    /// aarch64: a call.
    Arm64Call,
    /// aarch64: the page of S + A, relative.
    Aarch64AdrPrelPgHi21,
    /// aarch64: the low 12 bits of S + A.
    Aarch64AddAbsLo12Nc,
    /// aarch64: the page of GOT(S), relative.
    Aarch64AdrGotPage21,
    /// aarch64: the low 12 bits of GOT(S), for a load of 8 bytes.
    Aarch64Ld64GotLo12Nc,
    /// aarch64 ELF: the page of a thread-local descriptor.
    Aarch64TlsDescAdrPage21,
    /// aarch64 ELF: a load of a thread-local descriptor.
    Aarch64TlsDescLd64Lo12,
    /// aarch64 ELF: the address of a thread-local descriptor.
    Aarch64TlsDescAddLo12,
    /// aarch64 ELF: the call of a thread-local descriptor.
    Aarch64TlsDescCall,
    /// aarch64 Mach-O: the page of a thread-local descriptor.
    MachOAarch64TlsAdrPage21,
    /// aarch64 Mach-O: the offset of a thread-local descriptor in its page.
    MachOAarch64TlsAdrPageOff12,
    /// s390x: four bytes, S + A - P in halfwords.
    S390xPCRel32Dbl,
    /// s390x: the same, or by a stub.
    S390xPLTRel32Dbl,
    /// s390x: thread-local data by the general dynamic model, eight bytes.
    S390xTlsGd64,
    /// s390x: the call that belongs to it.
    S390xTlsGdCall,
    /// riscv64: a call, perhaps by a stub.
    RiscvCallPlt,
    /// riscv64: the high 20 bits of GOT(S), relative.
    RiscvGotHi20,
    /// riscv64: the high 20 bits of S + A, relative.
    RiscvPCRelHi20,
    /// riscv64: the low 12 bits that belong to them.
    RiscvPCRelLo12I,
    /// riscv64: the high 20 bits of a thread-local table entry, relative.
    RiscvTlsGdHi20,
    /// Pulley: a relative address.
    PulleyPcRel,
    /// Pulley: a call of the host.
    PulleyCallIndirectHost,
}

impl fmt::Display for Reloc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
