//! Run lines and what came of them.
//!
//! Does: finds the run directives among a function's comments, compares results with expectations by their bits, prints
//! one line for each and counts them. Needs: a parsed function. Leaves: text, and a `Tally`.

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::Function;
use cranelift_reader::{Comparison, Details, Invocation, RunCommand, parse_run_command};

/// What one invocation did.
pub enum Outcome {
    /// It returned these values.
    Returned(Vec<DataValue>),
    /// It trapped, for this reason.
    Trapped(String),
    /// It could not be asked, or gave no answer.
    Failed(String),
}

/// How many run lines ended in which way.
#[derive(Default)]
pub struct Tally {
    equal: usize,
    different: usize,
    trapped: usize,
    failed: usize,
}

impl Tally {
    /// Calls `invoke` for each run directive of a function, in order, and prints what came of it.
    pub fn run_lines_of(
        &mut self,
        function: &Function,
        details: &Details<'_>,
        mut invoke: impl FnMut(&Invocation) -> Outcome,
    ) {
        for comment in &details.comments {
            match parse_run_command(comment.text, &function.signature) {
                Ok(None) => {}
                Ok(Some(RunCommand::Print(invocation))) => self.tell(&invocation, invoke(&invocation), None),
                Ok(Some(RunCommand::Run(invocation, comparison, values))) => {
                    self.tell(&invocation, invoke(&invocation), Some((comparison, values)));
                }
                Err(error) => {
                    self.failed += 1;
                    println!("{}: unreadable `{}`: {}", function.name, comment.text, error.message);
                }
            }
        }
    }

    fn tell(&mut self, invocation: &Invocation, outcome: Outcome, expectation: Option<(Comparison, Vec<DataValue>)>) {
        let (counter, line) = match outcome {
            Outcome::Trapped(reason) => (&mut self.trapped, format!("trap {reason}")),
            Outcome::Failed(reason) => (&mut self.failed, format!("error: {reason}")),
            Outcome::Returned(results) => match expectation {
                None => (&mut self.equal, show(&results)),
                Some((comparison, expected)) if holds(&comparison, &results, &expected) => {
                    (&mut self.equal, format!("{}  ok", show(&results)))
                }
                Some((comparison, expected)) => {
                    let line = format!("{}  DIFFERS: expected {comparison} {}", show(&results), show(&expected));
                    (&mut self.different, line)
                }
            },
        };
        *counter += 1;
        println!("{invocation} => {line}");
    }

    /// Prints the counts; true if every run line was as expected.
    pub fn finish(self) -> bool {
        let Self { equal, different, trapped, failed } = self;
        println!("{equal} as expected, {different} different, {trapped} trapped, {failed} failed");
        different + trapped + failed == 0
    }
}

fn holds(comparison: &Comparison, results: &[DataValue], expected: &[DataValue]) -> bool {
    let equal = results.len() == expected.len() && results.iter().zip(expected).all(|(a, b)| a.bitwise_eq(b));
    equal == matches!(comparison, Comparison::Equals)
}

/// A single value as itself, none or several in brackets: the notation of run lines.
fn show(values: &[DataValue]) -> String {
    match values {
        [value] => value.to_string(),
        _ => format!("[{}]", values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}
