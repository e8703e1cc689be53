//! Tells the system's unwinder of functions, so that exceptions and backtraces pass through them. Needs libgcc's
//! interface (`__register_frame`), which programs of Rust on Linux have. Each function is registered alone: the unwinder
//! takes for granted that what is registered at once is not mixed with other code.

use gimli::RunTimeEndian;
use gimli::write::{Address, EhFrame, EndianVec, FrameTable};
use windlass_codegen::isa::TargetIsa;
use windlass_codegen::isa::unwind::UnwindInfo;

/// A function that the unwinder knows, until this is dropped.
pub(super) struct Frame {
    /// An `.eh_frame` section of one function. The unwinder reads it whenever it likes.
    section: Box<[u8]>,
}

impl Frame {
    /// Registers a function at an address; `None` if the target or the system has no way to.
    pub(super) fn register(isa: &dyn TargetIsa, info: UnwindInfo, address: usize) -> Option<Frame> {
        let UnwindInfo::SystemV(info) = info else { return None };
        let mut table = FrameTable::default();
        let cie = table.add_cie(isa.create_systemv_cie()?);
        table.add_fde(cie, info.to_fde(Address::Constant(address as u64)));
        let mut section = EhFrame(EndianVec::new(RunTimeEndian::default()));
        table.write_eh_frame(&mut section).ok()?;
        let mut section = section.0.into_vec();
        // a length of zero ends the section
        section.extend([0; 4]);
        let frame = Frame { section: section.into() };
        system::register(&frame.section).then_some(frame)
    }

    /// The section, which stays where it is.
    pub(super) fn section(&self) -> &[u8] {
        &self.section
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        system::deregister(&self.section);
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod system {
    // SAFETY: libgcc's, with the signatures of its `unwind-dw2-fde.h`.
    unsafe extern "C" {
        fn __register_frame(section: *const u8);
        fn __deregister_frame(section: *const u8);
    }

    pub(super) fn register(section: &[u8]) -> bool {
        // SAFETY: the section is well formed and ends with a length of zero; it lives until it is taken back.
        unsafe { __register_frame(section.as_ptr()) };
        true
    }

    pub(super) fn deregister(section: &[u8]) {
        // SAFETY: it was registered, once, and is taken back once.
        unsafe { __deregister_frame(section.as_ptr()) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod system {
    pub(super) fn register(_section: &[u8]) -> bool {
        false
    }

    pub(super) fn deregister(_section: &[u8]) {}
}
