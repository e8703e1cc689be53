//! Runs machine code after register allocation by the meanings of its rows, on numbers: the same meanings that the rules
//! are proved with. So code of any machine can be tested on any computer, before there is an encoder for it.
//!
//! Whatever the machine leaves open is drawn at random from a seed: upper bits that nobody promised, registers that a call
//! destroys, fresh stack memory, and whether a copy keeps more than it must. Code that relies on them gives other results
//! than the interpreter.
//!
//! `program.rs` compiles functions and keeps what is run, `state.rs` has registers and memory, `run.rs` runs instructions,
//! `call.rs` what happens between functions. What cannot be run is [`Error::Unsupported`], with the reason.

mod call;
mod program;
mod run;
mod state;

pub use program::Program;

use windlass_desc::env::TrapCode;
use windlass_ir::data_value::DataValue;

/// How a run ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// It returned these.
    Returned(Vec<DataValue>),
    /// It trapped.
    Trapped(TrapCode),
}

/// Why a run has no outcome.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The simulator lacks something.
    #[error("cannot be simulated: {0}")]
    Unsupported(String),
    /// The code does what no correct code does.
    #[error("{0}")]
    Wrong(String),
}

/// The result of what may have none.
pub type Result<T> = std::result::Result<T, Error>;

fn unsupported<T>(why: impl Into<String>) -> Result<T> {
    Err(Error::Unsupported(why.into()))
}

fn wrong<T>(why: impl Into<String>) -> Result<T> {
    Err(Error::Wrong(why.into()))
}
