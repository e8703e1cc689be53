//! The command-line tool of Windlass: `windlass --help`.

use anstream::eprintln;
use clap::Parser;
use std::process::ExitCode;
use windlass_tool::args::Args;
use windlass_tool::{commands, style};

fn main() -> ExitCode {
    match commands::run(&Args::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}error{:#}: {error}", style::BAD, style::BAD);
            ExitCode::FAILURE
        }
    }
}
