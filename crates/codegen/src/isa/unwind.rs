//! How stacks are walked on a platform. Needs `target-lexicon`; leaves the kind of data that has to be made.

use target_lexicon::{OperatingSystem, Triple};

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
