//! How stacks are walked. Emission tells what it does to the stack pointer and where it saves registers ([`UnwindInst`]);
//! from that come call frame information for System V and unwind codes for Windows. Needs the allocator's registers.

use target_lexicon::{OperatingSystem, Triple};
use windlass_regalloc::PReg;

pub mod systemv;
pub mod winarm64;
pub mod winx64;

/// The kinds of data from which stacks are walked.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnwindInfoKind {
    /// None.
    None,
    /// Call frame information, as in `.eh_frame`.
    SystemV,
    /// Tables of unwind codes, as in `.pdata` and `.xdata`.
    Windows,
}

impl UnwindInfoKind {
    /// The kind that a platform's debuggers and runtime libraries read.
    pub fn of(triple: &Triple) -> UnwindInfoKind {
        match triple.operating_system {
            OperatingSystem::Windows => UnwindInfoKind::Windows,
            _ => UnwindInfoKind::SystemV,
        }
    }
}

/// Data from which the stack below a function's frame is walked.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UnwindInfo {
    /// For tables of Windows on x86-64.
    WindowsX64(winx64::UnwindInfo),
    /// Call frame information.
    SystemV(CfaUnwindInfo),
    /// For tables of Windows on aarch64.
    WindowsArm64(winarm64::UnwindInfo),
}

/// Unwind data in terms of the canonical frame address.
pub type CfaUnwindInfo = systemv::UnwindInfo;

/// What an instruction of a prologue or epilogue does to the frame. On entry the stack pointer is at the return address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum UnwindInst {
    /// A register was pushed.
    PushReg {
        /// Which.
        reg: PReg,
    },
    /// The frame pointer is the stack pointer of this moment from now on.
    SetFramePointer,
    /// The stack pointer went down.
    StackAlloc {
        /// By how many bytes.
        size: u32,
    },
    /// A register was saved in the frame.
    SaveReg {
        /// Which.
        reg: PReg,
        /// Bytes above the stack pointer.
        offset: u32,
    },
    /// An epilogue begins.
    EpilogueBegin,
    /// The stack pointer went up.
    StackFree {
        /// By how many bytes.
        size: u32,
    },
    /// A register was popped.
    PopReg {
        /// Which.
        reg: PReg,
    },
    /// The epilogue has left the function; what follows has the frame of before it.
    EpilogueEnd,
}
