//! Unwind data in objects: `.eh_frame` of ELF and Mach-O, `.pdata` and `.xdata` of COFF. Needs the places of functions;
//! leaves sections with their relocations.

use gimli::write::{Address, EhFrame, EndianVec, FrameTable, Result as GimliResult, Writer};
use gimli::{DwEhPe, LittleEndian, constants};
use object::write::{Object, Relocation, RelocationFlags, Result, SectionId, StandardSection, SymbolId};
use object::{BinaryFormat, RelocationEncoding, RelocationKind, SectionKind};
use windlass_codegen::isa::TargetIsa;
use windlass_codegen::isa::unwind::UnwindInfo;

/// A function of the object.
pub(super) struct Function {
    pub(super) symbol: SymbolId,
    pub(super) section: SectionId,
    /// Where in the section it starts.
    pub(super) offset: u64,
    pub(super) len: u32,
    pub(super) info: UnwindInfo,
}

/// Unwind data of all functions.
#[derive(Default)]
pub(super) struct Tables {
    functions: Vec<Function>,
}

impl Tables {
    pub(super) fn add(&mut self, function: Function) {
        self.functions.push(function);
    }

    /// Makes sections of it.
    pub(super) fn add_to(&self, object: &mut Object<'static>, isa: &dyn TargetIsa) -> Result<()> {
        self.add_frames(object, isa)?;
        let is_windows = |function: &Function| matches!(function.info, UnwindInfo::WindowsX64(_));
        if self.functions.iter().any(is_windows) {
            let mut section = |name: &[u8]| object.add_section(vec![], name.to_vec(), SectionKind::ReadOnlyData);
            let (xdata, pdata) = (section(b".xdata"), section(b".pdata"));
            self.functions.iter().try_for_each(|function| add_codes(object, xdata, pdata, function))?;
        }
        Ok(())
    }

    /// Adds call frame information.
    fn add_frames(&self, object: &mut Object<'static>, isa: &dyn TargetIsa) -> Result<()> {
        let is_macho = object.format() == BinaryFormat::MachO;
        let Some(mut cie) = isa.create_systemv_cie() else { return Ok(()) };
        // addresses relative to where they stand, so that the section need not be changed when it is loaded
        cie.fde_address_encoding =
            if is_macho { constants::DW_EH_PE_pcrel } else { constants::DW_EH_PE_pcrel | constants::DW_EH_PE_sdata4 };
        let mut table = FrameTable::default();
        let cie = table.add_cie(cie);
        let mut any = false;
        for (n, function) in self.functions.iter().enumerate() {
            if let UnwindInfo::SystemV(info) = &function.info {
                table.add_fde(cie, info.to_fde(Address::Symbol { symbol: n, addend: 0 }));
                any = true;
            }
        }
        if !any {
            return Ok(());
        }
        let mut writer = EhFrame(Section { bytes: EndianVec::new(LittleEndian), fields: vec![] });
        table.write_eh_frame(&mut writer).expect("emission tells of frames in the order of the code");
        let Section { bytes, fields } = writer.0;
        let section = object.section_id(StandardSection::EhFrame);
        object.append_section_data(section, bytes.slice(), 8);
        for (offset, n) in fields {
            self.add_field(object, section, offset, &self.functions[n])?;
        }
        Ok(())
    }

    /// Adds the relocation of the address of a function.
    fn add_field(&self, object: &mut Object<'static>, section: SectionId, at: u64, function: &Function) -> Result<()> {
        if object.format() == BinaryFormat::MachO {
            // its linkers know such fields as differences of symbols: the function, and the start of this section
            let (kind, encoding) = (RelocationKind::Absolute, RelocationEncoding::Generic);
            let flags = RelocationFlags::Generic { kind, encoding, size: 64 };
            let start = object.section_symbol(section);
            let relocation = Relocation { offset: at, symbol: function.symbol, addend: -(at as i64), flags };
            return object.add_relocation_with_subtractor(section, relocation, Some(start));
        }
        let (kind, encoding) = (RelocationKind::Relative, RelocationEncoding::Generic);
        let flags = RelocationFlags::Generic { kind, encoding, size: 32 };
        // by the section, for a symbol that others may define could end up elsewhere
        let symbol = object.section_symbol(function.section);
        object.add_relocation(section, Relocation { offset: at, symbol, addend: function.offset as i64, flags })
    }
}

/// Adds unwind codes: in `.xdata` what the prologue does, in `.pdata` start and end of the function and where that is.
fn add_codes(object: &mut Object<'static>, xdata: SectionId, pdata: SectionId, function: &Function) -> Result<()> {
    let UnwindInfo::WindowsX64(info) = &function.info else { return Ok(()) };
    let mut codes = vec![0; info.emit_size()];
    info.emit(&mut codes);
    let codes_at = object.append_section_data(xdata, &codes, 4);
    let at = object.append_section_data(pdata, &[0; 12], 4);
    let xdata_symbol = object.section_symbol(xdata);
    let fields = [(function.symbol, 0), (function.symbol, i64::from(function.len)), (xdata_symbol, codes_at as i64)];
    for (n, (symbol, addend)) in fields.into_iter().enumerate() {
        let (kind, encoding) = (RelocationKind::ImageOffset, RelocationEncoding::Generic);
        let flags = RelocationFlags::Generic { kind, encoding, size: 32 };
        object.add_relocation(pdata, Relocation { offset: at + 4 * n as u64, symbol, addend, flags })?;
    }
    Ok(())
}

/// A section in the making, with the places where addresses of functions are to be.
struct Section {
    bytes: EndianVec<LittleEndian>,
    fields: Vec<(u64, usize)>,
}

impl Writer for Section {
    type Endian = LittleEndian;

    fn endian(&self) -> LittleEndian {
        LittleEndian
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn write(&mut self, bytes: &[u8]) -> GimliResult<()> {
        self.bytes.write(bytes)
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> GimliResult<()> {
        self.bytes.write_at(offset, bytes)
    }

    fn write_eh_pointer(&mut self, address: Address, eh_pe: DwEhPe, size: u8) -> GimliResult<()> {
        if let Address::Symbol { symbol, .. } = address {
            self.fields.push((self.len() as u64, symbol));
        }
        self.write_eh_pointer_data(0, eh_pe.format(), size)
    }
}
