//! The command-line tool of Windlass: `windlass --help`.

use clap::Parser;
use std::process::ExitCode;
use windlass_tool::args::Args;
use windlass_tool::source::{Error, Result};
use windlass_tool::{commands, output, style};

fn main() -> ExitCode {
    // Who reads what we print may leave early, as `head` does; that ends us in silence.
    // SAFETY: nothing else runs yet, and the default action needs nothing of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let done = match Args::try_parse() {
        Ok(args) => commands::run(&args.command).map(|good| if good { 0 } else { 1 }),
        Err(told) => tell(&told),
    };
    done.map_or_else(fail, ExitCode::from)
}

/// Prints help, or what is wrong with the command line. Returns the exit status.
fn tell(told: &clap::Error) -> Result<u8> {
    told.print().map_err(|e| output::unwritten(&e))?;
    Ok(u8::try_from(told.exit_code()).unwrap_or(1))
}

fn fail(error: Error) -> ExitCode {
    output::remark(format_args!("{}error{:#}: {error}", style::BAD, style::BAD));
    // as clap's own errors
    ExitCode::from(if error.is_misuse() { 2 } else { 1 })
}
