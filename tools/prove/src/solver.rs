//! Z3 as a child process that is fed scripts, each in a scope of its own. Needs the program `z3`.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// What goes wrong with the solver itself.
#[derive(thiserror::Error, Debug)]
pub enum Error {
    /// It is nowhere.
    #[error(
        "no Z3: it is neither named by WINDLASS_Z3 nor in PATH nor in target/venv; run ./test-all.sh, which installs it"
    )]
    Missing,
    /// It does not start.
    #[error("{0} does not start: {1}")]
    Start(PathBuf, std::io::Error),
    /// Talking to it failed.
    #[error("talking to Z3: {0}")]
    Pipe(#[from] std::io::Error),
    /// It ended unasked.
    #[error("Z3 ended before it answered")]
    Died,
    /// It says something is wrong with a script.
    #[error("Z3 refuses a script: {0}")]
    Refused(String),
}

/// Where the solver is, and how long it may think about one question.
#[derive(Clone, Debug)]
pub struct Solver {
    program: PathBuf,
    timeout: Duration,
}

/// The solver's answer to one question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// There is a model; these are the terms' values in it.
    Sat(Vec<String>),
    /// There is none.
    Unsat,
    /// It gave up.
    Unknown(String),
}

/// A running solver.
pub struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    timeout: Duration,
}

impl Solver {
    /// Finds the solver: named by `WINDLASS_Z3`, in `PATH`, or in the virtual environment that `test-all.sh` makes in the
    /// target directory, which is above the running program.
    pub fn find(timeout: Duration) -> Result<Solver, Error> {
        let named = std::env::var_os("WINDLASS_Z3").map(PathBuf::from);
        let in_path = || std::env::split_paths(&std::env::var_os("PATH")?).map(|d| d.join("z3")).find(|p| p.is_file());
        let above = || {
            let exe = std::env::current_exe().ok()?;
            exe.ancestors().map(|d| d.join("venv/bin/z3")).find(|p| p.is_file())
        };
        let program = named.or_else(in_path).or_else(above).ok_or(Error::Missing)?;
        Ok(Solver { program, timeout })
    }
    /// Starts it.
    pub fn start(&self) -> Result<Session, Error> {
        let mut command = Command::new(&self.program);
        command.args(["-in", "-smt2"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|e| Error::Start(self.program.clone(), e))?;
        let input = child.stdin.take().ok_or(Error::Died)?;
        let output = BufReader::new(child.stdout.take().ok_or(Error::Died)?);
        Ok(Session { child, input, output, timeout: self.timeout })
    }
}

impl Session {
    /// Are the assertions of `script` possible together? If so, with which values of `terms`?
    pub fn check(&mut self, script: &str, terms: &[&str]) -> Result<Answer, Error> {
        // between a push and a pop Z3 has other, weaker tactics
        let timeout = self.timeout.as_millis();
        write!(self.input, "(reset)\n(set-option :timeout {timeout})\n{script}(check-sat)\n")?;
        match self.answer()?.as_str() {
            "unsat" => Ok(Answer::Unsat),
            "sat" => Ok(Answer::Sat(terms.iter().map(|t| self.value(t)).collect::<Result<_, _>>()?)),
            "unknown" => {
                writeln!(self.input, "(get-info :reason-unknown)")?;
                Ok(Answer::Unknown(self.answer()?))
            }
            other => Err(Error::Refused(other.to_string())),
        }
    }
    /// The value of a term in the model just found.
    fn value(&mut self, term: &str) -> Result<String, Error> {
        writeln!(self.input, "(get-value ({term}))")?;
        // ((term value)), in one line as long as the term is short
        let line = self.answer()?;
        let value = line.trim_end_matches(')').rsplit(' ').next().unwrap_or_default();
        Ok(readable(value))
    }
    /// Sends what was written, and reads a line.
    fn answer(&mut self) -> Result<String, Error> {
        self.input.flush()?;
        let mut line = String::new();
        match self.output.read_line(&mut line)? {
            0 => Err(Error::Died),
            _ => Ok(line.trim_end().to_string()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // an idle solver waits for input for ever
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number as people write it: `0x2a` for `#x0000002a`.
fn readable(value: &str) -> String {
    let (digits, radix) = match (value.strip_prefix("#x"), value.strip_prefix("#b")) {
        (Some(d), _) => (d, 16),
        (_, Some(d)) => (d, 2),
        _ => return value.to_string(),
    };
    u128::from_str_radix(digits, radix).map_or(value.to_string(), |n| format!("{n:#x}"))
}
