//! The settings that every target has. Needs the macros of [`super::detail`]; leaves [`Flags`] and the types of its
//! values.

use super::detail::{setting_enum, settings_group};
use windlass_ir::isa::{CallConv, ChoosesLibcalls};
use windlass_opt::Level;

setting_enum! {
    /// How registers are allocated.
    RegallocAlgorithm {
        /// Slower to compile, better code: ranges are split and moved out again where that pays.
        Backtracking = "backtracking",
        /// Fast to compile: each instruction once, no second thoughts.
        SinglePass = "single_pass",
    }
}

setting_enum! {
    /// What the optimiser works for.
    OptLevel {
        /// Compile as fast as possible.
        None = "none",
        /// Fast code.
        Speed = "speed",
        /// Fast code; where that costs nothing, small code too.
        SpeedAndSize = "speed_and_size",
    }
}

impl From<OptLevel> for Level {
    fn from(level: OptLevel) -> Level {
        match level {
            OptLevel::None => Level::None,
            OptLevel::Speed => Level::Speed,
            OptLevel::SpeedAndSize => Level::SpeedAndSize,
        }
    }
}

setting_enum! {
    /// How thread-local variables are reached.
    TlsModel {
        /// They are not.
        None = "none",
        /// ELF, the general dynamic model.
        ElfGd = "elf_gd",
        /// Mach-O.
        Macho = "macho",
        /// COFF.
        Coff = "coff",
    }
}

setting_enum! {
    /// What `stack_switch` does.
    StackSwitchModel {
        /// Nothing: the instruction is an error.
        None = "none",
        /// Exchanges stack pointer, frame pointer and program counter.
        Basic = "basic",
        /// The same, and keeps the limits of the stack in Windows' thread information block right.
        UpdateWindowsTib = "update_windows_tib",
    }
}

setting_enum! {
    /// The convention of calls to library functions that the code generator itself inserts.
    LibcallCallConv {
        /// The target's default.
        IsaDefault = "isa_default",
        /// [`CallConv::Fast`].
        Fast = "fast",
        /// [`CallConv::SystemV`].
        SystemV = "system_v",
        /// [`CallConv::WindowsFastcall`].
        WindowsFastcall = "windows_fastcall",
        /// [`CallConv::AppleAarch64`].
        AppleAarch64 = "apple_aarch64",
        /// [`CallConv::Probestack`].
        Probestack = "probestack",
        /// [`CallConv::PreserveAll`].
        PreserveAll = "preserve_all",
    }
}

impl LibcallCallConv {
    /// The convention meant, where `default` is the target's.
    pub fn call_conv(self, default: CallConv) -> CallConv {
        match self {
            LibcallCallConv::IsaDefault => default,
            LibcallCallConv::Fast => CallConv::Fast,
            LibcallCallConv::SystemV => CallConv::SystemV,
            LibcallCallConv::WindowsFastcall => CallConv::WindowsFastcall,
            LibcallCallConv::AppleAarch64 => CallConv::AppleAarch64,
            LibcallCallConv::Probestack => CallConv::Probestack,
            LibcallCallConv::PreserveAll => CallConv::PreserveAll,
        }
    }
}

setting_enum! {
    /// How the pages of a large frame are touched.
    ProbestackStrategy {
        /// By a call of a library function.
        Outline = "outline",
        /// By code in the prologue.
        Inline = "inline",
    }
}

settings_group! {
    /// The settings of all targets.
    "shared"
    settings {
        regalloc_algorithm: RegallocAlgorithm = RegallocAlgorithm::Backtracking, "How registers are allocated.";
        opt_level: OptLevel = OptLevel::None, "What the optimiser works for.";
        tls_model: TlsModel = TlsModel::None, "How thread-local variables are reached.";
        stack_switch_model: StackSwitchModel = StackSwitchModel::None, "What `stack_switch` does.";
        libcall_call_conv: LibcallCallConv = LibcallCallConv::IsaDefault,
            "The convention of calls to library functions that no IR asked for.";
        probestack_size_log2: u8 = 12, "Binary logarithm of the size of the guard area: larger frames are probed.";
        probestack_strategy: ProbestackStrategy = ProbestackStrategy::Outline,
            "How the pages of a large frame are touched.";
        bb_padding_log2_minus_one: u8 = 0,
            "For tests of long branches: n > 0 puts 2^(n-1) bytes of padding after each block.";
        log2_min_function_alignment: u8 = 0,
            "Binary logarithm of the least alignment of functions; a target may ask for more.";
        regalloc_checker: bool = false, "Prove each allocation of registers right after it is made.";
        regalloc_verbose_logs: bool = false, "Let the register allocator log what it does.";
        enable_alias_analysis: bool = true, "When optimising, remove loads and stores that others make superfluous.";
        enable_verifier: bool = true, "Check the IR's validity before it is used.";
        is_pic: bool = false, "Make code that may be loaded at any address.";
        use_colocated_libcalls: bool = false, "Library functions are near enough for a direct call.";
        enable_nan_canonicalization: bool = false, "Give every NaN that arithmetic makes the same bits.";
        enable_pinned_reg: bool = false, "Keep one register for `get_pinned_reg` and `set_pinned_reg` alone.";
        enable_llvm_abi_extensions: bool = false,
            "Pass and return what the platform's ABI does not define as LLVM does: 128-bit integers, for example.";
        enable_multi_ret_implicit_sret: bool = false,
            "Return what does not fit into registers through memory whose address is a hidden argument.";
        unwind_info: bool = true, "Make the data that debuggers, profilers and exceptions need to walk the stack.";
        preserve_frame_pointers: bool = false, "Set up a frame pointer in every function, leaf functions too.";
        machine_code_cfg_info: bool = false, "Report the blocks of the machine code and the edges between them.";
        enable_probestack: bool = false, "Touch the pages of large frames in order, to hit any guard page.";
        enable_heap_access_spectre_mitigation: bool = true,
            "Bounds-checked heap accesses stay in bounds under misspeculation too.";
        enable_table_access_spectre_mitigation: bool = true,
            "Bounds-checked table accesses and jump tables stay in bounds under misspeculation too.";
        enable_incremental_compilation_cache_checks: bool = false,
            "Compile what the incremental cache already has again, and compare.";
        enable_compact_unwind_abi: bool = false,
            "Lay out frames so that Apple's compact unwind format can describe them.";
    }
    presets {}
}

impl ChoosesLibcalls for Flags {
    fn libcall_convention(&self, default: CallConv) -> CallConv {
        self.libcall_call_conv().call_conv(default)
    }
}
