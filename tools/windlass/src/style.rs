//! Colours of the output. What prints with them leaves them out where there is no terminal.

use anstyle::{AnsiColor, Style};

/// Something is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Something is not.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Names of functions and files.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// Side notes.
pub const DIM: Style = AnsiColor::BrightBlack.on_default();
