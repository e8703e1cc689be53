//! The command-line tool of Windlass: `windlass --help`.

use anstream::eprintln;
use clap::Parser;
use std::process::ExitCode;
use windlass_tool::args::{Args, Command};
use windlass_tool::{commands, style};

fn main() -> ExitCode {
    // Who reads what we print may leave early, as `head` does; that ends us in silence.
    // SAFETY: nothing else runs yet, and the default action needs nothing of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let command = Args::parse().command;
    match commands::run(&command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}error{:#}: {error}", style::BAD, style::BAD);
            // tests that cannot be run at all are misuse, as clap's own errors are
            if matches!(command, Command::Test(_)) { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
