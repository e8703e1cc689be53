//! The command line. Needs clap; the texts here are what `--help` shows.

use crate::{bugpoint, test};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Tests, runs, compiles and explains functions in CLIF, the text form of Windlass' intermediate representation
#[derive(Debug, Parser)]
#[command(name = "windlass", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  windlass test tests/clif                       run all tests of a folder
  windlass run add.clif --fn add 1 0xff          call a function with arguments
  windlass compile add.clif --emit asm           show machine code
  windlass explain add.clif --fn add             show which rule chose each machine instruction
  windlass compile add.clif --emit bytes -o add.bin
  windlass compile add.clif --emit obj -o add.o  make an object file, to be linked by gcc and others
  windlass run add.clif --set enable_nan_canonicalization --target 'x86_64 has_avx'
  windlass cat - < add.clif                      `-` is the standard input

The `set` and `target` lines of a file hold for every command. `--target` replaces its targets; `--set` and `-O` come \
after its settings. Of several targets tests take each, other commands the last that is possible here.
Exit status: 0 if all is well, 1 if something failed, 2 if the command line makes no sense.";

const TEST_EXAMPLES: &str = "\
A test file starts with lines like
  test interpret
  test run
  target x86_64
and says behind each function what calls of it give: `; run: %add(1, 2) == 3`, or only that they return: `; run: %add(1, 2)`. \
Each `test` line with each `target` line is a case. \
Kinds of tests: run, interpret, compile, verifier, cat, optimize, inline, domtree, print-cfg. \
`test run` runs machine code at each optimisation level, with the register allocation checked; \
a crash or an endless loop of a function is a failure of that function. \
Code for other targets runs under qemu-riscv64 and the like where they are installed, and is skipped where not.
A file without such lines is read, verified, printed, read again and compiled at each level.

Examples:
  windlass test tests/clif
  windlass test -v tests/clif/run/loops.clif     tell each case and why it was skipped
  windlass test - < add.clif                     test what comes on the standard input
  windlass test -O speed tests/clif              at this optimisation level only
  windlass test --target riscv64 tests/clif      for this target instead of what files say
  windlass test --bless-expect known.tsv corpus  write the list of what fails now
  windlass test --expect known.tsv corpus        fail only if something is not as listed";

const BUGPOINT_EXAMPLES: &str = "\
Without --check a file fails if the compiler crashes, reports an internal error or hangs, or if machine code does \
anything else than the interpreter when it is called as the run lines say. Calls are made up if there are none. \
What is left fails in the same way, and its run lines expect what the interpreter gives.

Examples:
  windlass bugpoint crash.clif -o small.clif
  windlass bugpoint --check '! windlass test {}' wrong.clif
  windlass bugpoint --check 'windlass compile {} | grep -q idiv' long.clif";

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run tests
    #[command(after_help = TEST_EXAMPLES)]
    Test(test::Args),
    /// Run functions as machine code on this computer, or for another target under qemu: the run lines of a file, or one
    /// function with arguments
    Run(Run),
    /// Run functions by the interpreter: the run lines of a file, or one function with arguments
    Interpret(Call),
    /// Read a file and print it in the usual form
    Cat(Input),
    /// Check that functions obey the rules of the language
    Verify(Verify),
    /// Draw control flow graphs, in the language of Graphviz's `dot`
    PrintCfg(Input),
    /// Compile functions to machine code
    Compile(Compile),
    /// Shrink a file that fails to a small one that still fails
    #[command(after_help = BUGPOINT_EXAMPLES)]
    Bugpoint(bugpoint::Args),
    /// Show machine code with the rule that chose each instruction and what it stands for
    Explain(Explain),
}

/// A file to read.
#[derive(Debug, clap::Args)]
pub struct Input {
    /// A file in CLIF; `-` is the standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What to verify.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The file.
    #[command(flatten)]
    pub input: Input,
    /// For what.
    #[command(flatten)]
    pub target: Target,
}

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// What.
    #[command(flatten)]
    pub call: Call,
    /// Run under qemu even what this computer could run
    #[arg(long)]
    pub qemu: bool,
}

/// What to call.
#[derive(Debug, clap::Args)]
pub struct Call {
    /// The file.
    #[command(flatten)]
    pub input: Input,
    /// Call this function with these arguments, written as in run lines, instead of what the run lines say
    #[arg(long = "fn", value_names = ["NAME", "ARGS"], num_args = 1.., allow_hyphen_values = true)]
    pub function: Option<Vec<String>>,
    /// For what.
    #[command(flatten)]
    pub target: Target,
}

/// For what to compile, beside what a file says.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Target {
    /// The target and its features, as in a test file: `x86_64 has_bmi2` [default: as the file says, or this computer]
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// A setting, as in a test file: `opt_level=speed`, or `is_pic` to switch it on; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// How much is done to make code fast: short for `--set opt_level=LEVEL` [default: as the file says; else none, and
    /// for tests each]
    #[arg(short = 'O', value_name = "LEVEL", value_enum)]
    pub level: Option<Level>,
}

/// What to compile.
#[derive(Debug, clap::Args)]
pub struct Compile {
    /// The file.
    #[command(flatten)]
    pub input: Input,
    /// For what.
    #[command(flatten)]
    pub target: Target,
    /// What to write
    #[arg(long, value_enum, default_value_t = Emit::Asm)]
    pub emit: Emit,
    /// Where to write it; an object needs one [default: the standard output, bytes in hexadecimal]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}

/// What to explain.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// The file.
    #[command(flatten)]
    pub input: Input,
    /// Only this function
    #[arg(long = "fn", value_name = "NAME")]
    pub function: Option<String>,
    /// For what.
    #[command(flatten)]
    pub target: Target,
}

/// What compiling writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Emit {
    /// Machine code as text
    Asm,
    /// Machine code, not linked
    Bytes,
    /// An object file; code in it is position-independent unless `--set is_pic=false`
    Obj,
    /// The functions as they are compiled, after the optimisation level's passes
    Clif,
    /// Machine code before its registers are allocated, as text
    Vcode,
}

/// Optimisation levels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Level {
    /// Only what compiling needs
    None,
    /// What makes code fast
    Speed,
    /// The same, and small where that costs no time
    SpeedAndSize,
}

impl From<Level> for windlass_opt::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::None => Self::None,
            Level::Speed => Self::Speed,
            Level::SpeedAndSize => Self::SpeedAndSize,
        }
    }
}
