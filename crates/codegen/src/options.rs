//! What the compiler is asked for, as every stage reads it: the settings, read once, without their names. Needs the shared
//! settings; knows no target, whose CPU features are numbered bits.

use crate::settings::{Flags, ProbestackStrategy};
use target_lexicon::{BinaryFormat, Triple};
use windlass_ir::isa::CallConv;

/// What the compiler is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// The CPU's features, a bit each, as the target numbers them.
    pub features: u64,
    /// Keep a frame pointer.
    pub frame_pointer: bool,
    /// Results beyond the registers are returned in memory in every convention.
    pub implicit_sret: bool,
    /// Integers of 128 bits go in registers where C passes them otherwise (`enable_llvm_abi_extensions`).
    pub llvm_abi: bool,
    /// Leave the pinned register to `get_pinned_reg` and `set_pinned_reg`.
    pub pinned: bool,
    /// Clamp the indices of jump tables without a branch.
    pub table_guard: bool,
    /// How routines are called that code calls by itself.
    pub libcalls: Libcalls,
    /// Touch the pages of large frames.
    pub probe: Option<Probe>,
    /// Bytes that do nothing behind each block, for tests of branches that reach far.
    pub padding: u64,
    /// Alignment of functions, as a power of two.
    pub align_log2: u8,
    /// Check the order of effects after lowering, and the register allocation.
    pub check: bool,
    /// Leave a listing.
    pub listing: bool,
    /// Leave which code stands for which IR instruction.
    pub origins: bool,
    /// Leave where the calls and sequence points of the IR are.
    pub points: bool,
    /// Leave where blocks start and between which control goes.
    pub blocks: bool,
    /// Make code that runs wherever it is loaded: what is not linked with it is found by tables of addresses.
    pub pic: bool,
    /// All NaNs that arithmetic makes have the same bits.
    pub canonical_nans: bool,
    /// Where choices start that make no difference, under the feature `chaos`; 0 for the usual ones.
    pub chaos: u64,
}

impl Options {
    /// What the shared settings ask for on a platform, with these features of the CPU.
    pub fn new(triple: &Triple, flags: &Flags, features: u64) -> Options {
        Options {
            features,
            frame_pointer: flags.preserve_frame_pointers(),
            implicit_sret: flags.enable_multi_ret_implicit_sret(),
            llvm_abi: flags.enable_llvm_abi_extensions(),
            pinned: flags.enable_pinned_reg(),
            table_guard: flags.enable_table_access_spectre_mitigation(),
            libcalls: Libcalls::new(triple, flags),
            probe: Probe::new(flags),
            padding: 1u64 << flags.bb_padding_log2_minus_one() >> 1,
            align_log2: flags.log2_min_function_alignment(),
            check: flags.regalloc_checker(),
            listing: false,
            origins: false,
            points: false,
            blocks: flags.machine_code_cfg_info(),
            // COFF has no tables of addresses; its linkers make stubs for calls on their own
            pic: flags.is_pic() && triple.binary_format != BinaryFormat::Coff,
            canonical_nans: flags.enable_nan_canonicalization(),
            chaos: 0,
        }
    }
}

/// How routines are called that code calls by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Libcalls {
    /// Their convention.
    pub conv: CallConv,
    /// They are linked together with the code.
    pub near: bool,
}

impl Default for Libcalls {
    fn default() -> Libcalls {
        Libcalls { conv: CallConv::SystemV, near: false }
    }
}

impl Libcalls {
    fn new(triple: &Triple, flags: &Flags) -> Libcalls {
        let conv = CallConv::for_libcall(flags, CallConv::triple_default(triple));
        Libcalls { conv, near: flags.use_colocated_libcalls() }
    }
}

/// How the pages of a frame are touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probe {
    /// By the function's own code, not by a routine.
    pub inline: bool,
    /// Bytes of a page, as a power of two.
    pub size_log2: u8,
}

impl Probe {
    fn new(flags: &Flags) -> Option<Probe> {
        let inline = flags.probestack_strategy() == ProbestackStrategy::Inline;
        flags.enable_probestack().then_some(Probe { inline, size_log2: flags.probestack_size_log2() })
    }
}
