//! What each command but `test` does. Needs the library's parts; writes to the standard output.

mod call;
mod code;
mod object;
mod text;

use crate::args::Command;
use crate::source::Result;
use crate::{bugpoint, test};

/// Does what the command line says. Returns whether all is well.
pub fn run(command: &Command) -> Result<bool> {
    match command {
        Command::Test(args) => test::run(args),
        Command::Run(call) => call::native(call),
        Command::Interpret(call) => call::interpreted(call),
        Command::Cat(input) => text::cat(input),
        Command::Verify(input) => text::verify(input),
        Command::PrintCfg(input) => text::print_cfg(input),
        Command::Compile(args) => code::compile(args),
        Command::Bugpoint(args) => bugpoint::run(args),
        Command::Explain(args) => code::explain(args),
    }
}
