//! Matches a text against directives. Needs patterns; leaves success or the first directive that fails.

use super::pattern::{Pattern, VarValue, compiled};
use super::{Directive, FilecheckError, Kind};
use std::collections::HashMap;
use std::ops::Range;

/// How much text all directives together may look through: this many times the text, and this many bytes. More than that
/// has no honest test, and without a limit the time would grow with the product of text and directives.
const TIMES: usize = 64;
const BYTES: usize = 1 << 26;

struct Run<'a> {
    text: &'a str,
    /// Each variable's value and the end of the match that defined it.
    vars: HashMap<String, (VarValue, usize)>,
    /// The end of the last ordered match.
    ordered: usize,
    /// The end of the furthest match.
    furthest: usize,
    /// What must not match before the next ordered match: where to start looking, for what regular expression, and the
    /// directive.
    nots: Vec<(usize, String, &'a str)>,
    /// How many more bytes may be looked through.
    left: usize,
}

pub(super) fn run(directives: &[Directive], text: &str) -> Result<(), FilecheckError> {
    let left = text.len().saturating_mul(TIMES).saturating_add(BYTES);
    let mut run = Run { text, vars: HashMap::new(), ordered: 0, furthest: 0, nots: Vec::new(), left };
    for d in directives {
        match d {
            Directive::Regex(v, rx) => {
                run.vars.insert(v.clone(), (VarValue::Regex(rx.clone()), 0));
            }
            Directive::Match(kind, pattern, written) => run
                .directive(*kind, pattern, written)
                .map_err(|message| FilecheckError { directive: written.clone(), message })?,
        }
    }
    run.check_nots(text.len())
        .map_err(|(directive, message)| FilecheckError { directive: directive.to_string(), message })
}

impl<'a> Run<'a> {
    fn directive(&mut self, kind: Kind, pattern: &Pattern, written: &'a str) -> Result<(), String> {
        if let Some(v) = pattern.used_where_defined() {
            return Err(format!("the variable ${v} is used where it is defined"));
        }
        let rx = pattern.regex(|v| self.vars.get(v).map(|e| e.0.clone()))?;
        let defined = pattern.uses().filter_map(|v| self.vars.get(v)).map(|e| e.1).max().unwrap_or(0);
        let range = match kind {
            Kind::Not => {
                self.nots.push((self.ordered.max(defined), rx, written));
                return Ok(());
            }
            Kind::Check => self.furthest..self.text.len(),
            Kind::Unordered => self.ordered.max(defined)..self.text.len(),
            Kind::SameLine => self.furthest..self.line_end(self.furthest),
            Kind::NextLine => self.next_line(),
        };
        // What was matched before is no context: `^` and word boundaries match where the search starts.
        let haystack = &self.text[range.clone()];
        let m = compiled(&rx)?.captures(haystack);
        self.spend(m.as_ref().and_then(|m| m.get(0)).map_or(haystack.len(), |m| m.end()))?;
        let m = m.ok_or_else(|| format!("nothing matches in:\n{}", indented(haystack)))?;
        let whole = m.get(0).map_or(0..0, |g| range.start + g.start()..range.start + g.end());
        for v in pattern.definitions() {
            let text = m.name(&format!("var_{v}")).map_or("", |g| g.as_str());
            self.vars.insert(v.to_string(), (VarValue::Text(text.to_string()), whole.end));
        }
        self.furthest = self.furthest.max(whole.end);
        if kind != Kind::Unordered {
            self.check_nots(whole.start).map_err(|(d, message)| format!("{message}\n  in `{d}`, before"))?;
            self.ordered = whole.end;
        }
        Ok(())
    }

    /// Checks what must not match before `end`, and forgets it.
    fn check_nots(&mut self, end: usize) -> Result<(), (&'a str, String)> {
        for (start, rx, written) in std::mem::take(&mut self.nots) {
            let fail = |message| (written, message);
            let rx = compiled(&rx).map_err(fail)?;
            self.spend(end.saturating_sub(start)).map_err(fail)?;
            let found = self.text.get(start..end).and_then(|text| rx.find(text));
            if let Some(m) = found {
                return Err((written, format!("found `{}`, which must not be there", m.as_str())));
            }
        }
        Ok(())
    }

    /// Takes note that so many bytes were looked through.
    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(bytes).ok_or("the directives look through the text too often")?;
        Ok(())
    }

    fn line_end(&self, from: usize) -> usize {
        self.text[from..].find('\n').map_or(self.text.len(), |n| from + n)
    }

    /// The line after the present one; behind the last there is an empty one.
    fn next_line(&self) -> Range<usize> {
        let start = self.text.len().min(self.line_end(self.furthest) + 1);
        start..self.line_end(start)
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|l| format!("    {l}\n")).collect()
}
