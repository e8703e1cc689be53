//! Checks a text against directives that stand in comments: `check`, `sameln`, `nextln`, `unordered`, `not`, `regex`.
//! Needs the `regex` crate. [`Checker::parse`] makes a checker of comments, [`Checker::check`] matches a text.

mod pattern;
mod run;

use pattern::Pattern;
use std::fmt;

/// What a directive asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Anywhere after what matched so far.
    Check,
    /// In the rest of the line of what matched last.
    SameLine,
    /// In the line after it.
    NextLine,
    /// Anywhere after the last ordered match.
    Unordered,
    /// Nowhere between two ordered matches.
    Not,
}

impl Kind {
    const NAMES: [(&'static str, Kind); 5] = [
        ("check", Kind::Check),
        ("sameln", Kind::SameLine),
        ("nextln", Kind::NextLine),
        ("unordered", Kind::Unordered),
        ("not", Kind::Not),
    ];
}

/// One directive.
#[derive(Debug)]
enum Directive {
    /// Something to match, and the directive as it was written.
    Match(Kind, Pattern, String),
    /// A named regular expression.
    Regex(String, String),
}

/// Why directives cannot be used, or why a text does not match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilecheckError {
    /// The directive.
    pub directive: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for FilecheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  in `{}`", self.message, self.directive)
    }
}

impl std::error::Error for FilecheckError {}

/// A list of directives.
#[derive(Debug, Default)]
pub struct Checker {
    directives: Vec<Directive>,
}

impl Checker {
    /// The directives in these comments, in order. Comments without one are skipped.
    pub fn parse<'a>(comments: impl IntoIterator<Item = &'a str>) -> Result<Checker, FilecheckError> {
        let mut directives = Vec::new();
        for comment in comments {
            if let Some((name, rest)) = find_directive(comment) {
                let error = |message| FilecheckError { directive: comment.trim().to_string(), message };
                directives.push(parse_directive(name, rest, comment).map_err(error)?);
            }
        }
        Ok(Checker { directives })
    }

    /// Are there no directives? Then every text matches.
    pub fn is_empty(&self) -> bool {
        self.directives.is_empty()
    }

    /// Does `text` do what the directives say?
    pub fn check(&self, text: &str) -> Result<(), FilecheckError> {
        run::run(&self.directives, text)
    }
}

fn parse_directive(name: &str, rest: &str, comment: &str) -> Result<Directive, String> {
    if name == "regex" {
        let (var, rx) = rest.split_once('=').ok_or("expected NAME=REGEX")?;
        if !pattern::is_variable(var) {
            return Err(format!("invalid variable name `{var}`"));
        }
        regex::Regex::new(rx).map_err(|e| e.to_string())?;
        return Ok(Directive::Regex(var.to_string(), rx.to_string()));
    }
    let kind = Kind::NAMES.iter().find(|e| e.0 == name).map(|e| e.1).ok_or("unknown directive")?;
    let pattern = Pattern::parse(rest)?;
    if kind == Kind::Not && pattern.definitions().next().is_some() {
        return Err("a pattern that must not match cannot define variables".into());
    }
    Ok(Directive::Match(kind, pattern, comment.trim().to_string()))
}

/// The first directive in a comment: its name and its trimmed pattern. White space must follow the colon.
fn find_directive(comment: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = comment[from..].find(':') {
        let colon = from + at;
        let head = &comment[..colon];
        let start = head.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |i| i + char_len(head, i));
        let (name, rest) = (&head[start..], &comment[colon + 1..]);
        let known = name == "regex" || Kind::NAMES.iter().any(|e| e.0 == name);
        if known && rest.starts_with(char::is_whitespace) {
            return Some((name, rest.trim()));
        }
        from = colon + 1;
    }
    None
}

fn char_len(s: &str, at: usize) -> usize {
    s[at..].chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(directives: &[&str], text: &str) -> Result<(), String> {
        let checker = Checker::parse(directives.iter().copied()).map_err(|e| e.to_string())?;
        checker.check(text).map_err(|e| e.to_string())
    }

    fn good(directives: &[&str], text: &str) {
        assert_eq!(run(directives, text), Ok(()), "{directives:?}");
    }

    fn bad(directives: &[&str], text: &str) {
        assert!(run(directives, text).is_err(), "{directives:?} matches");
    }

    const TEXT: &str = "one two\nthree four\nfive\n";

    #[test]
    fn where_directives_look() {
        good(&["; check: two", "; nextln: four", "; nextln: five"], TEXT);
        good(&["; sameln: one", "; sameln: two"], TEXT);
        bad(&["; sameln: three"], TEXT);
        good(&["; nextln: three"], TEXT);
        bad(&["; nextln: one"], TEXT);
        bad(&["; check: four", "; check: three"], TEXT);
        good(&["; unordered: five", "; unordered: one", "; check: $()"], TEXT);
        bad(&["; check: three", "; unordered: one"], TEXT);
        bad(&["; nextln: three", "; nextln: five", "; nextln: $()x"], TEXT);
        good(&["; nextln: ", "; nextln: five"], TEXT);
        good(&["; nextln: $(x=a*)", "; nextln: $(y=a*)"], "one line");
        bad(&["; nextln: a"], "a");
        good(&["; nextln:", "; no directive", "; xcheck: y"], TEXT);
    }

    #[test]
    fn what_must_not_match() {
        good(&["; check: one", "; not: five", "; check: four"], TEXT);
        bad(&["; check: one", "; not: three", "; check: four"], TEXT);
        bad(&["; check: one", "; not: five"], TEXT);
        bad(&["; not: one", "; check: four"], TEXT);
        bad(&["; not: $(x=one)"], TEXT);
    }

    #[test]
    fn words_have_boundaries() {
        bad(&["; check: hree"], TEXT);
        good(&["; check: $()hree"], TEXT);
        bad(&["; check: thre"], TEXT);
        good(&["; check: thre$()"], TEXT);
        good(&["; check: _b", "; check: c_"], "a_b c_d");
        good(&["; check: a$()", "; check: b$()", "; check: $(=^c)"], "abc");
        bad(&["; check: é"], "aé");
        good(&["; check: a$$b (x)"], "a$b (x)");
    }

    #[test]
    fn variables() {
        let text = "v1 = a\nv2 = b v1\n";
        good(&["; check: $(x=v\\d+) = a", "; nextln: $(y=v[0-9]) = b $x"], text);
        bad(&["; check: $(x=v\\d+) = a", "; nextln: $x = b"], text);
        good(&["; regex: V=v\\d+", "; check: $V = a", "; check: $(z=$V) = b", "; not: $z"], text);
        good(&["; regex: V=v\\d+", "; check: b $V"], text);
        bad(&["; check: $nothing"], text);
        bad(&["; check: $(x=a) $x"], text);
        good(&["; check: $(=v.) = b $(x=v1)"], text);
        bad(&["; check: $(x=("], text);
    }
}
