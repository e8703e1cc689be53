//! What relocations mean, as rows: what is computed, how it lies in the code, and how far it reaches. Linkers in memory
//! and of text sections read these; files of objects have names of their own for them. S is the symbol's address, A the
//! addend, P the place that is written.

use crate::binemit::Reloc;
use crate::sink::put;
use windlass_ir::ir::Endianness;

/// What is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// S + A
    Absolute,
    /// S + A - P
    Relative,
    /// The distance from the page of P to that of S + A; pages are of 4 KiB.
    Page,
    /// S + A of which the field takes the offset in its page.
    PageOffset,
    /// The value of the relocation at S, which has the high part of the distance.
    LowOf,
    /// Known to linkers of object files only: thread-local data, offsets in sections.
    Object,
}

/// A run of bits that goes to an instruction word, which is in little-endian order.
#[derive(Debug)]
pub struct Piece {
    /// Added to the value before: what the bits below, read as a signed number, take away again.
    pub round: i64,
    /// Of the value.
    pub from: u8,
    /// How many.
    pub bits: u8,
    /// The word's offset from P.
    pub word: u8,
    /// Of the word.
    pub at: u8,
}

/// Where a value lies, and which values fit.
#[derive(Debug)]
pub struct Field {
    /// Bytes from P on.
    pub bytes: u8,
    /// The least and the greatest value.
    pub range: (i64, i64),
    /// The value is in units of so many bytes, as a power of two; only whole ones fit.
    pub scale: u8,
    /// The field's parts; none if it is all bytes, in the order of data.
    pub pieces: &'static [Piece],
}

const fn piece(from: u8, bits: u8, word: u8, at: u8) -> Piece {
    Piece { round: 0, from, bits, word, at }
}

const fn signed(bits: u8) -> (i64, i64) {
    (-1 << (bits - 1), (1 << (bits - 1)) - 1)
}

const ALL: (i64, i64) = (i64::MIN, i64::MAX);
const WORD: Field = Field { bytes: 4, range: (0, u32::MAX as i64), scale: 0, pieces: &[] };
const QUAD: Field = Field { bytes: 8, range: ALL, scale: 0, pieces: &[] };
const DISTANCE: Field = Field { bytes: 4, range: signed(32), scale: 0, pieces: &[] };
/// s390x: halfwords.
const HALFWORDS: Field = Field { bytes: 4, range: signed(33), scale: 1, pieces: &[] };
/// aarch64: `b` and `bl`.
const BRANCH26: Field = Field { bytes: 4, range: signed(28), scale: 2, pieces: &[piece(2, 26, 0, 0)] };
/// aarch64: `adrp`.
const ADRP: Field =
    Field { bytes: 4, range: signed(33), scale: 12, pieces: &[piece(12, 2, 0, 29), piece(14, 19, 0, 5)] };
/// aarch64: the immediate of `add`, and of a load of eight bytes.
const ADD12: Field = Field { bytes: 4, range: ALL, scale: 0, pieces: &[piece(0, 12, 0, 10)] };
const LOAD12: Field = Field { bytes: 4, range: ALL, scale: 3, pieces: &[piece(3, 9, 0, 10)] };
/// riscv64: what `auipc` and an instruction with a signed immediate of twelve bits reach together.
const PAIR_RANGE: (i64, i64) = (signed(32).0 - 0x800, signed(32).1 - 0x800);
const HIGH: Piece = Piece { round: 0x800, from: 12, bits: 20, word: 0, at: 12 };
const PAIR: Field = Field { bytes: 8, range: PAIR_RANGE, scale: 0, pieces: &[HIGH, piece(0, 12, 4, 20)] };
const HIGH20: Field = Field { bytes: 4, range: PAIR_RANGE, scale: 0, pieces: &[HIGH] };
const LOW12: Field = Field { bytes: 4, range: PAIR_RANGE, scale: 0, pieces: &[piece(0, 12, 0, 20)] };

impl Field {
    /// Writes a value to the start of `bytes`. None if it does not fit.
    #[must_use]
    pub fn put(&self, order: Endianness, value: i64, bytes: &mut [u8]) -> Option<()> {
        let fits = (self.range.0..=self.range.1).contains(&value) && value & ((1 << self.scale) - 1) == 0;
        let bytes = bytes.get_mut(..self.bytes.into()).filter(|_| fits)?;
        if self.pieces.is_empty() {
            put(order, (value >> self.scale) as u128, bytes);
        }
        for piece in self.pieces {
            let word = bytes[piece.word.into()..].first_chunk_mut::<4>()?;
            let ones = u32::MAX >> (32 - piece.bits);
            let part = (value.wrapping_add(piece.round) >> piece.from) as u32 & ones;
            *word = (u32::from_le_bytes(*word) & !(ones << piece.at) | part << piece.at).to_le_bytes();
        }
        Some(())
    }
}

/// What a relocation means.
#[derive(Debug)]
pub struct Meaning {
    /// The relocation.
    pub reloc: Reloc,
    /// What is computed.
    pub value: Value,
    /// S stands for a table entry that holds S.
    pub in_table: bool,
    /// It is of a call, which may go through a stub, with the addend by which it goes to the symbol itself.
    pub call: Option<i64>,
    /// Where it lies.
    pub field: Field,
}

const fn row(reloc: Reloc, value: Value, field: Field) -> Meaning {
    Meaning { reloc, value, in_table: false, call: None, field }
}

const fn call(reloc: Reloc, addend: i64, field: Field) -> Meaning {
    Meaning { call: Some(addend), ..row(reloc, Value::Relative, field) }
}

const fn in_table(reloc: Reloc, value: Value, field: Field) -> Meaning {
    Meaning { in_table: true, ..row(reloc, value, field) }
}

/// In the order of [`Reloc`]. The distances of x86-64 and s390x count from the end or the start of an instruction in
/// which the field is somewhere else: that is in the addend.
static MEANINGS: [Meaning; 32] = [
    row(Reloc::Abs4, Value::Absolute, WORD),
    row(Reloc::Abs8, Value::Absolute, QUAD),
    row(Reloc::X86PCRel4, Value::Relative, DISTANCE),
    call(Reloc::X86CallPCRel4, -4, DISTANCE),
    call(Reloc::X86CallPLTRel4, -4, DISTANCE),
    in_table(Reloc::X86GOTPCRel4, Value::Relative, DISTANCE),
    row(Reloc::X86SecRel, Value::Object, WORD),
    row(Reloc::ElfX86_64TlsGd, Value::Object, DISTANCE),
    row(Reloc::MachOX86_64Tlv, Value::Object, DISTANCE),
    row(Reloc::Arm32Call, Value::Object, WORD),
    call(Reloc::Arm64Call, 0, BRANCH26),
    row(Reloc::Aarch64AdrPrelPgHi21, Value::Page, ADRP),
    row(Reloc::Aarch64AddAbsLo12Nc, Value::PageOffset, ADD12),
    in_table(Reloc::Aarch64AdrGotPage21, Value::Page, ADRP),
    in_table(Reloc::Aarch64Ld64GotLo12Nc, Value::PageOffset, LOAD12),
    row(Reloc::Aarch64TlsDescAdrPage21, Value::Object, ADRP),
    row(Reloc::Aarch64TlsDescLd64Lo12, Value::Object, LOAD12),
    row(Reloc::Aarch64TlsDescAddLo12, Value::Object, ADD12),
    row(Reloc::Aarch64TlsDescCall, Value::Object, WORD),
    row(Reloc::MachOAarch64TlsAdrPage21, Value::Object, ADRP),
    row(Reloc::MachOAarch64TlsAdrPageOff12, Value::Object, LOAD12),
    row(Reloc::S390xPCRel32Dbl, Value::Relative, HALFWORDS),
    call(Reloc::S390xPLTRel32Dbl, 2, HALFWORDS),
    row(Reloc::S390xTlsGd64, Value::Object, QUAD),
    row(Reloc::S390xTlsGdCall, Value::Object, WORD),
    call(Reloc::RiscvCallPlt, 0, PAIR),
    in_table(Reloc::RiscvGotHi20, Value::Relative, HIGH20),
    row(Reloc::RiscvPCRelHi20, Value::Relative, HIGH20),
    row(Reloc::RiscvPCRelLo12I, Value::LowOf, LOW12),
    row(Reloc::RiscvTlsGdHi20, Value::Object, HIGH20),
    row(Reloc::PulleyPcRel, Value::Object, DISTANCE),
    row(Reloc::PulleyCallIndirectHost, Value::Object, WORD),
];

/// What a relocation means.
pub fn meaning(reloc: Reloc) -> &'static Meaning {
    &MEANINGS[reloc as usize]
}

/// A distance of four bytes, for code that is no relocation's.
pub(crate) static FAR_DISTANCE: Meaning = row(Reloc::X86PCRel4, Value::Relative, DISTANCE);

impl Meaning {
    /// Is it a distance that no other relocation has a part of?
    pub(crate) fn is_whole_distance(&self) -> bool {
        self.value == Value::Relative && !self.in_table && self.reloc != Reloc::RiscvPCRelHi20
    }
    /// The value for a symbol, whose address comes with the addend, at a place. Not for [`Value::LowOf`], which needs
    /// another relocation, and [`Value::Object`].
    pub fn value(&self, symbol: i64, place: i64) -> Option<i64> {
        let page = |address: i64| address & !0xfff;
        match self.value {
            Value::Absolute | Value::PageOffset => Some(symbol),
            Value::Relative => Some(symbol.wrapping_sub(place)),
            Value::Page => Some(page(symbol).wrapping_sub(page(place))),
            Value::LowOf | Value::Object => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_relocations() {
        for (n, row) in MEANINGS.iter().enumerate() {
            assert_eq!(row.reloc as usize, n, "{}", row.reloc);
        }
    }

    /// The instruction words after a value was put into them, if it fits.
    fn words(reloc: Reloc, words: &[u32], value: i64) -> Option<Vec<u32>> {
        let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        meaning(reloc).field.put(Endianness::Little, value, &mut bytes)?;
        Some(bytes.chunks(4).map(|w| u32::from_le_bytes(w.try_into().unwrap())).collect())
    }

    #[test]
    fn fields_of_riscv64() {
        let pair = |value| words(Reloc::RiscvCallPlt, &[0x0000_0097, 0x0000_80e7], value);
        assert_eq!(pair(0x1234_5678), Some(vec![0x1234_5097, 0x6780_80e7]));
        // the low part is a signed number
        assert_eq!(pair(0x1234_5fff), Some(vec![0x1234_6097, 0xfff0_80e7]));
        assert_eq!(pair(-1), Some(vec![0x0000_0097, 0xfff0_80e7]));
        assert_eq!(pair(0x7fff_f7ff), Some(vec![0x7fff_f097, 0x7ff0_80e7]));
        assert_eq!(pair(0x7fff_f800), None);
        assert_eq!(pair(-0x8000_0800), Some(vec![0x8000_0097, 0x8000_80e7]));
        assert_eq!(pair(-0x8000_0801), None);
        assert_eq!(words(Reloc::RiscvPCRelHi20, &[0x0000_0517], 0x1fff), Some(vec![0x0000_2517]));
        assert_eq!(words(Reloc::RiscvPCRelLo12I, &[0x0005_0513], 0x1fff), Some(vec![0xfff5_0513]));
    }

    #[test]
    fn fields_of_aarch64() {
        let bl = |value| words(Reloc::Arm64Call, &[0x9400_0000], value);
        assert_eq!(bl(-4), Some(vec![0x97ff_ffff]));
        assert_eq!((bl(0x7ff_fffc), bl(0x800_0000)), (Some(vec![0x95ff_ffff]), None));
        assert_eq!((bl(-0x800_0000), bl(-0x800_0004), bl(2)), (Some(vec![0x9600_0000]), None, None));
        assert_eq!(words(Reloc::Aarch64AdrPrelPgHi21, &[0x9000_0000], 0x5000), Some(vec![0xb000_0020]));
        assert_eq!(words(Reloc::Aarch64AddAbsLo12Nc, &[0x9100_0000], 0x1abc), Some(vec![0x912a_f000]));
        assert_eq!(words(Reloc::Aarch64Ld64GotLo12Nc, &[0xf940_0000], 0x1ab8), Some(vec![0xf945_5c00]));
        assert_eq!(words(Reloc::Aarch64Ld64GotLo12Nc, &[0xf940_0000], 0x1abc), None);
    }

    #[test]
    fn fields_of_data_have_the_order_of_the_target() {
        let field = |order, value| {
            let mut bytes = [0; 4];
            meaning(Reloc::S390xPLTRel32Dbl).field.put(order, value, &mut bytes).map(|()| bytes)
        };
        assert_eq!(field(Endianness::Big, -2), Some([0xff; 4]));
        assert_eq!(field(Endianness::Big, 0x1_fffe), Some([0, 0, 0xff, 0xff]));
        assert_eq!(field(Endianness::Big, 0xffff_fffe), Some([0x7f, 0xff, 0xff, 0xff]));
        assert_eq!((field(Endianness::Big, 3), field(Endianness::Big, 0x1_0000_0000)), (None, None));
        let mut short = [0; 3];
        assert_eq!(meaning(Reloc::Abs4).field.put(Endianness::Big, 1, &mut short), None);
    }

    #[test]
    fn pages_are_counted_from_pages() {
        let page = |symbol, place| meaning(Reloc::Aarch64AdrPrelPgHi21).value(symbol, place);
        assert_eq!((page(0x5fff, 0x2ffc), page(0x2000, 0x2ffc)), (Some(0x3000), Some(0)));
    }
}
