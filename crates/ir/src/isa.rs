//! What the IR knows of a target: calling conventions, and the few facts a producer of IR needs. Needs `target-lexicon`.

use crate::ir::Endianness;
use crate::ir::types::{self, Type};
use std::fmt;
use std::str::FromStr;
use target_lexicon::{Aarch64Architecture, Architecture, CallingConvention, PointerWidth, Triple};

/// How a function is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CallConv {
    /// Whatever is fast here; not stable.
    Fast,
    /// One that can do tail calls; not stable.
    Tail,
    /// That of System V on most platforms.
    SystemV,
    /// That of Windows on x86-64, and on others where they differ from System V.
    WindowsFastcall,
    /// That of Apple on aarch64.
    AppleAarch64,
    /// For stack probe functions.
    Probestack,
    /// That of baseline WebAssembly code.
    Winch,
    /// All registers are preserved but those that return values.
    PreserveAll,
}

/// All conventions with their names in CLIF.
pub(crate) const CALL_CONVS: [(CallConv, &str); 8] = [
    (CallConv::Fast, "fast"),
    (CallConv::Tail, "tail"),
    (CallConv::SystemV, "system_v"),
    (CallConv::WindowsFastcall, "windows_fastcall"),
    (CallConv::AppleAarch64, "apple_aarch64"),
    (CallConv::Probestack, "probestack"),
    (CallConv::Winch, "winch"),
    (CallConv::PreserveAll, "preserve_all"),
];

impl CallConv {
    /// The convention of C on a platform.
    pub fn triple_default(triple: &Triple) -> CallConv {
        match triple.default_calling_convention() {
            Ok(CallingConvention::WindowsFastcall) => CallConv::WindowsFastcall,
            Ok(CallingConvention::AppleAarch64) => CallConv::AppleAarch64,
            _ => CallConv::SystemV,
        }
    }
    /// The convention of calls of library functions, by the settings and the target's own convention.
    pub fn for_libcall(flags: &impl ChoosesLibcalls, default_call_conv: CallConv) -> CallConv {
        flags.libcall_convention(default_call_conv)
    }
    /// Can functions of this convention be tail-called?
    pub fn supports_tail_calls(&self) -> bool {
        matches!(self, CallConv::Tail)
    }
    /// Can exceptions pass through calls of this convention?
    pub fn supports_exceptions(&self) -> bool {
        use CallConv::*;
        matches!(self, SystemV | Tail | AppleAarch64 | Winch | PreserveAll)
    }
    /// The types of the values that arrive with an exception, where `pointer_ty` is that of pointers. None arrive by
    /// `winch`.
    pub fn exception_payload_types(&self, pointer_ty: Type) -> &[Type] {
        match (self.supports_exceptions() && *self != CallConv::Winch, pointer_ty) {
            (true, types::I32) => &[types::I32, types::I32],
            (true, types::I64) => &[types::I64, types::I64],
            _ => &[],
        }
    }
}

impl fmt::Display for CallConv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CALL_CONVS[*self as usize].1)
    }
}

impl FromStr for CallConv {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        CALL_CONVS.iter().find(|e| e.1 == s).map(|e| e.0).ok_or(())
    }
}

/// Settings that say how library functions are called.
pub trait ChoosesLibcalls {
    /// Their convention, where `default` is the target's.
    fn libcall_convention(&self, default: CallConv) -> CallConv;
}

/// A target, or what is known of one.
pub trait KnowsPointers {
    /// The type of pointers.
    fn type_of_pointers(&self) -> Type;
}

impl KnowsPointers for TargetFacts {
    fn type_of_pointers(&self) -> Type {
        self.pointer_type()
    }
}

/// What a producer of IR needs to know of the target.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TargetFrontendConfig {
    /// The convention of C.
    pub default_call_conv: CallConv,
    /// How wide pointers are.
    pub pointer_width: PointerWidth,
    /// Binary logarithm of the alignment of pages.
    pub page_size_align_log2: u8,
}

impl TargetFrontendConfig {
    /// The type of pointers.
    pub fn pointer_type(self) -> Type {
        match self.pointer_width {
            PointerWidth::U16 => types::I16,
            PointerWidth::U32 => types::I32,
            PointerWidth::U64 => types::I64,
        }
    }
    /// Bits of a pointer.
    pub fn pointer_bits(self) -> u8 {
        self.pointer_width.bits()
    }
    /// Bytes of a pointer.
    pub fn pointer_bytes(self) -> u8 {
        self.pointer_width.bytes()
    }
}

/// What the IR's own passes and the interpreter need to know of the target.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TargetFacts {
    /// What producers of IR know as well.
    pub frontend: TargetFrontendConfig,
    /// The order of bytes in memory where an access does not say.
    pub endianness: Endianness,
    /// May code use the pinned register? A setting decides; nothing is known against it.
    pub pinned_register: bool,
    /// Do all functions keep frame pointers, which code may ask for? A setting decides; nothing is known against it.
    pub frame_pointers: bool,
}

impl TargetFacts {
    /// The facts of a platform; those of an unknown architecture are of a little-endian one with 64-bit pointers.
    pub fn of(triple: &Triple) -> TargetFacts {
        let big = triple.endianness() == Ok(target_lexicon::Endianness::Big);
        let large_pages = matches!(triple.architecture, Architecture::Aarch64(Aarch64Architecture::Aarch64));
        TargetFacts {
            frontend: TargetFrontendConfig {
                default_call_conv: CallConv::triple_default(triple),
                pointer_width: triple.pointer_width().unwrap_or(PointerWidth::U64),
                page_size_align_log2: if large_pages { 16 } else { 12 },
            },
            endianness: if big { Endianness::Big } else { Endianness::Little },
            pinned_register: true,
            frame_pointers: true,
        }
    }
    /// The type of pointers.
    pub fn pointer_type(&self) -> Type {
        self.frontend.pointer_type()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for (n, (conv, name)) in CALL_CONVS.into_iter().enumerate() {
            assert_eq!((conv as usize, name.parse(), conv.to_string().as_str()), (n, Ok(conv), name));
        }
    }

    #[test]
    fn platforms() {
        let facts = |s: &str| TargetFacts::of(&s.parse().unwrap());
        let win = facts("x86_64-pc-windows-msvc");
        assert_eq!((win.frontend.default_call_conv, win.pointer_type()), (CallConv::WindowsFastcall, types::I64));
        assert_eq!(facts("aarch64-apple-darwin").frontend.default_call_conv, CallConv::AppleAarch64);
        assert_eq!(facts("s390x-unknown-linux-gnu").endianness, Endianness::Big);
        assert_eq!(facts("i686-unknown-linux-gnu").frontend.pointer_bytes(), 4);
        for triple in ["i686-linux", "x86_64-linux", "msp430-none-elf", "pulley32", "unknown"] {
            let triple: Triple = triple.parse().unwrap();
            assert_eq!(Type::triple_pointer_type(&triple), TargetFacts::of(&triple).pointer_type(), "{triple}");
        }
    }
}
