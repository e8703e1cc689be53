//! Files that a loader reads: static programs in ELF, made of segments at addresses. Needs nothing but the numbers of the
//! machine; leaves the bytes of the file.

use super::machine::Machine;
use object::elf::{
    ELFCLASS64, ELFDATA2LSB, ELFDATA2MSB, ELFMAG, ET_EXEC, EV_CURRENT, FileHeader64, Ident, PF_R, PF_W, PF_X, PT_LOAD,
    ProgramHeader64,
};
use object::pod::bytes_of;
use object::{Endianness, U16, U32, U64};
use windlass_ir::ir::Endianness as Order;

/// Segments begin at pages of this size, in memory and in the file.
const PAGE: usize = 0x1000;
const HEADER_BYTES: usize = size_of::<FileHeader64<Endianness>>();
const SEGMENT_BYTES: usize = size_of::<ProgramHeader64<Endianness>>();

/// A part of a program's memory.
pub struct Segment<'a> {
    /// Where it begins: the start of a page.
    pub address: u64,
    /// Can it be executed, or else written?
    pub is_code: bool,
    /// What is in it.
    pub bytes: &'a [u8],
    /// How many zeros follow.
    pub zeros: usize,
}

/// A program that starts at an address.
pub fn program(machine: &Machine, entry: u64, segments: &[Segment<'_>]) -> Vec<u8> {
    let order = match machine.order {
        Order::Little => Endianness::Little,
        Order::Big => Endianness::Big,
    };
    let mut file = header(machine, order, entry, segments.len());
    let mut offset = file.len() + SEGMENT_BYTES * segments.len();
    for segment in segments {
        offset = offset.next_multiple_of(PAGE);
        let word = |n: u64| U64::new(order, n);
        file.extend(bytes_of(&ProgramHeader64 {
            p_type: U32::new(order, PT_LOAD),
            p_flags: U32::new(order, if segment.is_code { PF_R | PF_X } else { PF_R | PF_W }),
            p_offset: word(offset as u64),
            p_vaddr: word(segment.address),
            p_paddr: word(segment.address),
            p_filesz: word(segment.bytes.len() as u64),
            p_memsz: word((segment.bytes.len() + segment.zeros) as u64),
            p_align: word(PAGE as u64),
        }));
        offset += segment.bytes.len();
    }
    for segment in segments {
        file.resize(file.len().next_multiple_of(PAGE), 0);
        file.extend(segment.bytes);
    }
    file
}

fn header(machine: &Machine, order: Endianness, entry: u64, segments: usize) -> Vec<u8> {
    let half = |n: usize| U16::new(order, n as u16);
    let header = FileHeader64 {
        e_ident: Ident {
            magic: ELFMAG,
            class: ELFCLASS64,
            data: if order == Endianness::Big { ELFDATA2MSB } else { ELFDATA2LSB },
            version: EV_CURRENT,
            os_abi: 0,
            abi_version: 0,
            padding: [0; 7],
        },
        e_type: U16::new(order, ET_EXEC),
        e_machine: U16::new(order, machine.elf.0),
        e_version: U32::new(order, EV_CURRENT.into()),
        e_entry: U64::new(order, entry),
        e_phoff: U64::new(order, HEADER_BYTES as u64),
        e_shoff: U64::new(order, 0),
        e_flags: U32::new(order, machine.elf.1),
        e_ehsize: half(HEADER_BYTES),
        e_phentsize: half(SEGMENT_BYTES),
        e_phnum: half(segments),
        e_shentsize: half(0),
        e_shnum: half(0),
        e_shstrndx: half(0),
    };
    bytes_of(&header).to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::machine::MACHINES;
    use super::*;
    use object::{Object, ObjectSegment};

    #[test]
    fn what_was_put_in_is_found_again() {
        let segment = |address, is_code, bytes, zeros| Segment { address, is_code, bytes, zeros };
        let segments = [segment(0x10000, true, &[1, 2, 3][..], 0), segment(0x20000, false, &[4][..], 9)];
        for machine in &MACHINES {
            let bytes = program(machine, 0x10001, &segments);
            let file = object::File::parse(&*bytes).unwrap();
            assert_eq!(file.entry(), 0x10001);
            let found: Vec<_> = file.segments().map(|s| (s.address(), s.size(), s.data().unwrap())).collect();
            assert_eq!(found, [(0x10000, 3, &[1, 2, 3][..]), (0x20000, 10, &[4][..])]);
        }
    }
}
