//! Tells debuggers of functions: for each an ELF image in memory with its name, place and call frame information, in a
//! list of the process ("JIT Compilation Interface" of gdb's manual; lldb reads it too). Needs Linux on a machine whose assembler
//! knows `ret`; elsewhere nobody is told.

use object::Endianness;
use object::elf;
use object::write::StringId;
use object::write::elf::{FileHeader, SectionHeader, Sym, Writer};
use std::ptr::NonNull;
use windlass_codegen::linkage::Linkage;
use windlass_ir::ir::Endianness as ByteOrder;

/// A function that debuggers know, until this is dropped.
pub(super) struct Function {
    entry: NonNull<Entry>,
    /// What the entry points to.
    _image: Box<[u8]>,
}

// SAFETY: an entry is read and changed only under the lock of the list.
unsafe impl Send for Function {}
// SAFETY: the same.
unsafe impl Sync for Function {}

/// An element of the list, as debuggers read it.
#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    image: *const u8,
    size: u64,
}

/// An entry was added.
const REGISTER: u32 = 1;
/// An entry was removed.
const UNREGISTER: u32 = 2;

impl Function {
    /// Makes a function known: its name, its address, its size, and its `.eh_frame` section if it has one.
    pub(super) fn register(name: &str, address: usize, len: usize, frame: Option<&[u8]>) -> Option<Function> {
        // names in images end with a zero
        let image = image(&name.replace('\0', "_"), address, len, frame)?.into_boxed_slice();
        let (next, previous) = (std::ptr::null_mut(), std::ptr::null_mut());
        let entry = Entry { next, previous, image: image.as_ptr(), size: image.len() as u64 };
        let function = Function { entry: NonNull::from(Box::leak(Box::new(entry))), _image: image };
        system::tell(REGISTER, function.entry).then_some(function)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        system::tell(UNREGISTER, self.entry);
        // SAFETY: it was leaked when it was made, and is in no list any more.
        drop(unsafe { Box::from_raw(self.entry.as_ptr()) });
    }
}

/// An ELF image of a function that lies elsewhere: section `.text` is where the function is and has no bytes here.
fn image(name: &str, address: usize, len: usize, frame: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut bytes = vec![];
    let machine = Linkage::host();
    let order = if machine.order == ByteOrder::Big { Endianness::Big } else { Endianness::Little };
    let mut elf = Writer::new(order, true, &mut bytes);
    elf.reserve_file_header();
    elf.reserve_null_section_index();
    let (text_name, text) = (elf.add_section_name(b".text"), elf.reserve_section_index());
    let frame = frame.map(|frame| {
        let name = elf.add_section_name(b".eh_frame");
        elf.reserve_section_index();
        (name, frame, elf.reserve(frame.len(), 8))
    });
    elf.reserve_symtab_section_index();
    elf.reserve_strtab_section_index();
    elf.reserve_shstrtab_section_index();
    let symbol = elf.add_string(name.as_bytes());
    elf.reserve_null_symbol_index();
    elf.reserve_symbol_index(Some(text));
    elf.reserve_symtab();
    elf.reserve_strtab();
    elf.reserve_shstrtab();
    elf.reserve_section_headers();
    elf.write_file_header(&FileHeader {
        os_abi: elf::ELFOSABI_NONE,
        abi_version: 0,
        e_type: elf::ET_EXEC,
        e_machine: machine.elf.0,
        e_entry: 0,
        e_flags: machine.elf.1,
    })
    .ok()?;
    if let Some((_, frame, _)) = frame {
        elf.write_align(8);
        elf.write(frame);
    }
    elf.write_null_symbol();
    elf.write_symbol(&Sym {
        name: Some(symbol),
        section: Some(text),
        st_info: elf::STB_GLOBAL << 4 | elf::STT_FUNC,
        st_other: elf::STV_DEFAULT,
        st_shndx: 0,
        st_value: address as u64,
        st_size: len as u64,
    });
    elf.write_strtab();
    elf.write_shstrtab();
    elf.write_null_section_header();
    elf.write_section_header(&section(text_name, elf::SHT_NOBITS, elf::SHF_EXECINSTR, address, 0, len));
    if let Some((name, frame, offset)) = frame {
        elf.write_section_header(&section(name, elf::SHT_PROGBITS, 0, frame.as_ptr().addr(), offset, frame.len()));
    }
    elf.write_symtab_section_header(1);
    elf.write_strtab_section_header();
    elf.write_shstrtab_section_header();
    Some(bytes)
}

/// The header of a section that is in memory at an address.
fn section(name: StringId, sh_type: u32, flags: u32, address: usize, offset: usize, size: usize) -> SectionHeader {
    SectionHeader {
        name: Some(name),
        sh_type,
        sh_flags: u64::from(elf::SHF_ALLOC | flags),
        sh_addr: address as u64,
        sh_offset: offset as u64,
        sh_size: size as u64,
        sh_link: 0,
        sh_info: 0,
        sh_addralign: 1,
        sh_entsize: 0,
    }
}

#[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"), target_os = "linux"))]
mod system {
    use super::{Entry, REGISTER};
    use std::ptr::{NonNull, null_mut};
    use std::sync::{Mutex, PoisonError};

    /// The list, as debuggers read it.
    #[repr(C)]
    struct Descriptor {
        version: u32,
        /// What was done last, ...
        action: u32,
        /// ... and with what.
        relevant: *mut Entry,
        first: *mut Entry,
    }

    /// Guards the list.
    static LIST: Mutex<()> = Mutex::new(());

    // Weak, for others in the process may speak to debuggers too, and there must be one list.
    std::arch::global_asm!(
        ".pushsection .text.__jit_debug_register_code, \"ax\", @progbits",
        ".weak __jit_debug_register_code",
        ".type __jit_debug_register_code, @function",
        "__jit_debug_register_code: ret",
        ".size __jit_debug_register_code, . - __jit_debug_register_code",
        ".popsection",
        ".pushsection .data.__jit_debug_descriptor, \"aw\", @progbits",
        ".weak __jit_debug_descriptor",
        ".type __jit_debug_descriptor, @object",
        ".p2align 3",
        "__jit_debug_descriptor: .long 1, 0",
        ".quad 0, 0",
        ".size __jit_debug_descriptor, . - __jit_debug_descriptor",
        ".popsection",
    );

    // SAFETY: defined above, or by others with the same meaning.
    unsafe extern "C" {
        static mut __jit_debug_descriptor: Descriptor;
        fn __jit_debug_register_code();
    }

    /// Adds an entry to the list or takes it out, and stops where debuggers wait.
    pub(super) fn tell(action: u32, entry: NonNull<Entry>) -> bool {
        let _guard = LIST.lock().unwrap_or_else(PoisonError::into_inner);
        let list = &raw mut __jit_debug_descriptor;
        let entry = entry.as_ptr();
        // SAFETY: the lock is held; entries in the list live until they are taken out.
        unsafe {
            if action == REGISTER {
                ((*entry).next, (*entry).previous) = ((*list).first, null_mut());
                if !(*list).first.is_null() {
                    (*(*list).first).previous = entry;
                }
                (*list).first = entry;
            } else {
                let (next, previous) = ((*entry).next, (*entry).previous);
                match previous.is_null() {
                    true => (*list).first = next,
                    false => (*previous).next = next,
                }
                if !next.is_null() {
                    (*next).previous = previous;
                }
            }
            ((*list).action, (*list).relevant) = (action, entry);
            __jit_debug_register_code();
            ((*list).action, (*list).relevant) = (0, null_mut());
        }
        true
    }
}

#[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"), target_os = "linux")))]
mod system {
    use super::{Entry, NonNull};

    pub(super) fn tell(_action: u32, _entry: NonNull<Entry>) -> bool {
        false
    }
}
