//! What comes of a case, and its form on the pipe between a worker and the tool: a line for each event, fields separated
//! by tabs. Needs nothing.

/// Something wrong in a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The function it is about, `-` if none.
    pub function: String,
    /// What is wrong.
    pub message: String,
}

impl Failure {
    /// Something wrong with a function.
    pub fn of(function: impl ToString, message: impl ToString) -> Failure {
        Failure { function: function.to_string(), message: message.to_string() }
    }

    /// Something wrong with the file as a whole.
    pub fn whole(message: impl ToString) -> Failure {
        Failure::of("-", message)
    }
}

/// What came of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// All is as expected.
    Passed,
    /// It was not tried, and why.
    Skipped(String),
    /// These things are not as expected.
    Failed(Vec<Failure>),
}

impl Verdict {
    /// Passed if nothing is wrong.
    pub fn of(failures: Vec<Failure>) -> Verdict {
        if failures.is_empty() { Verdict::Passed } else { Verdict::Failed(failures) }
    }
}

/// What a worker tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A case begins.
    Begin(String),
    /// It goes on, and has a right to more time.
    Alive,
    /// Something to know about it, whatever its verdict.
    Note(String),
    /// It ended.
    End(Verdict),
}

impl Event {
    /// The event as lines.
    pub fn encode(&self) -> String {
        match self {
            Event::Begin(case) => format!("begin\t{}\n", escape(case)),
            Event::Alive => "alive\n".to_owned(),
            Event::Note(text) => format!("note\t{}\n", escape(text)),
            Event::End(Verdict::Passed) => "passed\n".to_owned(),
            Event::End(Verdict::Skipped(why)) => format!("skipped\t{}\n", escape(why)),
            Event::End(Verdict::Failed(failures)) => {
                let line = |f: &Failure| format!("\t{}\t{}", escape(&f.function), escape(&f.message));
                format!("failed{}\n", failures.iter().map(line).collect::<String>())
            }
        }
    }

    /// The event of a line, if it is one.
    pub fn decode(line: &str) -> Option<Event> {
        let fields: Vec<String> = line.split('\t').map(unescape).collect();
        Some(match (fields[0].as_str(), &fields[1..]) {
            ("begin", [case]) => Event::Begin(case.clone()),
            ("alive", []) => Event::Alive,
            ("note", [text]) => Event::Note(text.clone()),
            ("passed", []) => Event::End(Verdict::Passed),
            ("skipped", [why]) => Event::End(Verdict::Skipped(why.clone())),
            ("failed", pairs) if pairs.len() % 2 == 0 => {
                Event::End(Verdict::Failed(pairs.chunks_exact(2).map(|p| Failure::of(&p[0], &p[1])).collect()))
            }
            _ => return None,
        })
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                other => out.extend(other),
            },
            (c, false) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_go_through_the_pipe() {
        for event in [
            Event::Begin("run x86_64".into()),
            Event::Alive,
            Event::Note("a\tb".into()),
            Event::End(Verdict::Passed),
            Event::End(Verdict::Skipped("back\\slash \\n".into())),
            Event::End(Verdict::of(vec![Failure::of("%f", "two\nlines"), Failure::whole("")])),
        ] {
            let line = event.encode();
            assert_eq!((line.matches('\n').count(), Event::decode(line.trim_end_matches('\n'))), (1, Some(event)));
        }
    }
}
