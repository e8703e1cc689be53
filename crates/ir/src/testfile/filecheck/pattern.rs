//! Patterns of filecheck directives: plain text with regular expressions and variables between. Needs nothing; leaves
//! parts, which [`Pattern::regex`] puts together to one regular expression once the variables are known.

use std::collections::HashSet;

/// How long a pattern may be when its variables are put in.
const LONGEST: usize = 1 << 20;

/// A piece of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Text as it stands. The flags say whether a word boundary is wanted before and after it.
    Text(String, bool, bool),
    /// `$(=RX)`
    Regex(String),
    /// `$V`
    Use(String),
    /// `$(V=RX)`
    Define(String, String),
    /// `$(V=$W)`
    DefineAs(String, String),
}

/// A pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
}

/// What a variable stands for.
#[derive(Clone, Debug)]
pub(super) enum VarValue {
    /// A text that matched.
    Text(String),
    /// A regular expression, matched anew at each use.
    Regex(String),
}

/// Is it a variable's name?
pub(super) fn is_variable(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(is_word)
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

impl Pattern {
    /// Reads a pattern, already trimmed.
    pub(super) fn parse(s: &str) -> Result<Pattern, String> {
        let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), s);
        let mut glued_start = false; // `$()` at the start
        while let Some(at) = rest.find('$') {
            text.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                text.push('$');
                rest = after;
                continue;
            }
            let (part, after) = parse_dollar(rest)?;
            rest = after;
            glued_start |= part.is_none() && text.is_empty() && parts.is_empty();
            // Text ends here, so that `$()` at the very end leaves no text that wants a boundary.
            flush(&mut text, &mut parts);
            parts.extend(part);
            if rest.is_empty() {
                return Ok(Pattern::new(parts, !glued_start, false));
            }
        }
        text.push_str(rest);
        let ends_in_text = !text.is_empty();
        flush(&mut text, &mut parts);
        Ok(Pattern::new(parts, !glued_start, ends_in_text))
    }

    /// Puts word boundaries at the ends that want them.
    fn new(mut parts: Vec<Part>, start: bool, end: bool) -> Pattern {
        if let Some(Part::Text(s, before, _)) = parts.first_mut() {
            *before = start && s.starts_with(char::is_alphanumeric);
        }
        if let Some(Part::Text(s, _, after)) = parts.last_mut() {
            *after = end && s.ends_with(char::is_alphanumeric);
        }
        Pattern { parts }
    }

    /// The variables the pattern defines.
    pub(super) fn definitions(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|p| match p {
            Part::Define(v, _) | Part::DefineAs(v, _) => Some(v.as_str()),
            _ => None,
        })
    }

    /// The variables the pattern uses.
    pub(super) fn uses(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|p| match p {
            Part::Use(v) | Part::DefineAs(_, v) => Some(v.as_str()),
            _ => None,
        })
    }

    /// A variable that the pattern both uses and defines.
    pub(super) fn used_where_defined(&self) -> Option<&str> {
        let defined: HashSet<&str> = self.definitions().collect();
        self.uses().find(|v| defined.contains(v))
    }

    /// The pattern as one regular expression, with a named group for each definition.
    pub(super) fn regex(&self, lookup: impl Fn(&str) -> Option<VarValue>) -> Result<String, String> {
        let value = |v: &str| {
            let value = lookup(v).ok_or_else(|| format!("the variable ${v} has no value"))?;
            Ok::<_, String>(match value {
                VarValue::Text(s) => regex::escape(&s),
                VarValue::Regex(rx) => format!("(?:{rx})"),
            })
        };
        let mut rx = String::new();
        for part in &self.parts {
            match part {
                Part::Text(s, before, after) => {
                    rx.push_str(if *before { r"\b" } else { "" });
                    rx.push_str(&regex::escape(s));
                    rx.push_str(if *after { r"\b" } else { "" });
                }
                Part::Regex(r) => rx.push_str(&format!("(?:{r})")),
                Part::Use(v) => rx.push_str(&value(v)?),
                Part::Define(v, r) => rx.push_str(&format!("(?P<var_{v}>{r})")),
                Part::DefineAs(v, w) => rx.push_str(&format!("(?P<var_{v}>{})", value(w)?)),
            }
            if rx.len() > LONGEST {
                return Err(format!("the pattern with its variables is longer than {LONGEST} bytes"));
            }
        }
        Ok(rx)
    }
}

/// The regular expression of a pattern, ready to match.
pub(super) fn compiled(rx: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(rx).multi_line(true).build().map_err(|e| e.to_string())
}

fn flush(text: &mut String, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text), false, false));
    }
}

/// What follows a `$`: a part (none for `$()`) and the rest.
fn parse_dollar(s: &str) -> Result<(Option<Part>, &str), String> {
    let Some(inner) = s.strip_prefix('(') else {
        let len = s.bytes().take_while(|c| is_word(*c)).count();
        return match len {
            0 => Err("expected a variable after `$`".into()),
            _ => Ok((Some(Part::Use(s[..len].into())), &s[len..])),
        };
    };
    let end = closing(inner).ok_or("no `)` to close `$(`")?;
    let (inner, rest) = (&inner[..end], &inner[end + 1..]);
    let part = match inner.split_once('=') {
        None if inner.is_empty() => return Ok((None, rest)),
        None if is_variable(inner) => Part::Use(inner.into()),
        Some(("", rx)) => Part::Regex(rx.into()),
        Some((v, rx)) if is_variable(v) => match rx.strip_prefix('$').filter(|w| is_variable(w)) {
            Some(w) => Part::DefineAs(v.into(), w.into()),
            None => Part::Define(v.into(), rx.into()),
        },
        _ => return Err(format!("invalid variable in `$({inner})`")),
    };
    if let Part::Regex(rx) | Part::Define(_, rx) = &part {
        regex::Regex::new(rx).map_err(|e| e.to_string())?;
    }
    Ok((Some(part), rest))
}

/// Where the parenthesis closes that is open at the start, skipping pairs, escapes and character classes.
fn closing(s: &str) -> Option<usize> {
    let (mut depth, mut class, mut escaped) = (0, false, false);
    for (i, c) in s.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class && depth == 0 => return Some(i),
            ')' if !class => depth -= 1,
            _ => {}
        }
    }
    None
}
