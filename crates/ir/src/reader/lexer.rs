//! Splits CLIF into tokens, in one pass over the bytes. Needs the IR's types for type names; leaves tokens that borrow
//! from the text. Comments are no tokens: they are put aside for the parser, which knows what they belong to.

use super::error::Location;
use windlass_desc::types::{self, Type};

/// What an entity's name starts with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Prefix {
    Value,
    Block,
    StackSlot,
    DynamicStackSlot,
    DynamicType,
    GlobalValue,
    Constant,
    Func,
    Sig,
    User,
    UserName,
    Tag,
    Region,
    Ret,
    Exn,
}

impl Prefix {
    const NAMES: [(&'static str, Prefix); 15] = [
        ("v", Prefix::Value),
        ("block", Prefix::Block),
        ("ss", Prefix::StackSlot),
        ("dss", Prefix::DynamicStackSlot),
        ("dt", Prefix::DynamicType),
        ("gv", Prefix::GlobalValue),
        ("const", Prefix::Constant),
        ("fn", Prefix::Func),
        ("sig", Prefix::Sig),
        ("u", Prefix::User),
        ("userextname", Prefix::UserName),
        ("tag", Prefix::Tag),
        ("region", Prefix::Region),
        ("ret", Prefix::Ret),
        ("exn", Prefix::Exn),
    ];

    /// The prefix as it is written.
    pub(crate) fn name(self) -> &'static str {
        Prefix::NAMES[self as usize].0
    }

    fn parse(s: &str) -> Option<Prefix> {
        match s {
            "v" => Some(Prefix::Value),
            "block" => Some(Prefix::Block),
            _ => Prefix::NAMES.iter().find(|e| e.0 == s).map(|e| e.1),
        }
    }
}

/// One token.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Tok<'a> {
    /// The end of the text.
    Eof,
    /// A character that is a token of its own.
    Punct(u8),
    /// `->`
    Arrow,
    /// A word that is neither entity nor type.
    Word(&'a str),
    /// An entity with its number.
    Entity(Prefix, u32),
    /// A type.
    Type(Type),
    /// What follows `%`.
    Name(&'a str),
    /// What stands between quotes.
    Str(&'a str),
    /// The hexadecimal digits after `@`.
    SrcLoc(&'a str),
    /// A number without a point, with its sign.
    Int(&'a str),
    /// A number with a point, infinity, or NaN, with its sign.
    Float(&'a str),
    /// A character that starts no token.
    Bad(char),
    /// A string without an end.
    OpenString,
}

impl Tok<'_> {
    /// The token in words, for error messages.
    pub(crate) fn describe(&self) -> String {
        match *self {
            Tok::Eof => "the end of the text".into(),
            Tok::Punct(c) => format!("`{}`", c as char),
            Tok::Arrow => "`->`".into(),
            Tok::Word(s) | Tok::Int(s) | Tok::Float(s) => format!("`{s}`"),
            Tok::Entity(p, n) => format!("`{}{n}`", p.name()),
            Tok::Type(t) => format!("type `{t}`"),
            Tok::Name(s) => format!("`%{s}`"),
            Tok::Str(_) => "a string".into(),
            Tok::SrcLoc(s) => format!("`@{s}`"),
            Tok::Bad('\u{feff}') => "a byte order mark: save the text without it".into(),
            Tok::Bad(c) => format!("invalid character {c:?}"),
            Tok::OpenString => "a string without an end".into(),
        }
    }
}

/// A token and where it starts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) tok: Tok<'a>,
    pub(crate) loc: Location,
}

/// The state of splitting.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    line: usize,
    line_start: usize,
    /// The comments met since they were last taken; none if nobody wants them.
    pub(crate) comments: Option<Vec<&'a str>>,
}

/// Can the byte go on a word?
const fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, keep_comments: bool) -> Self {
        Lexer { text, pos: 0, line: 1, line_start: 0, comments: keep_comments.then(Vec::new) }
    }

    /// The length of the text in bytes.
    pub(crate) fn text_len(&self) -> usize {
        self.text.len()
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// Moves on while `keep` holds and returns what was passed, from `start` on.
    fn take(&mut self, start: usize, keep: impl Fn(u8) -> bool) -> &'a str {
        let bytes = self.text.as_bytes();
        while self.pos < bytes.len() && keep(bytes[self.pos]) {
            self.pos += 1;
        }
        &self.text[start..self.pos]
    }

    fn skip_blanks_and_comments(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(&c) = bytes.get(self.pos) {
            match c {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.pos + 1;
                }
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c => {}
                b';' => {
                    let comment = self.rest_of_line();
                    if let Some(all) = &mut self.comments {
                        all.push(comment);
                    }
                    continue;
                }
                _ => return,
            }
            self.pos += 1;
        }
    }

    /// What is left of the present line, taken as it is.
    pub(crate) fn rest_of_line(&mut self) -> &'a str {
        let start = self.pos;
        self.take(start, |c| c != b'\n')
    }

    /// Where the next byte is.
    fn location(&self) -> Location {
        Location { line_number: self.line, column: self.pos - self.line_start + 1 }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Token<'a> {
        self.skip_blanks_and_comments();
        let loc = self.location();
        Token { tok: self.scan(), loc }
    }

    fn scan(&mut self) -> Tok<'a> {
        let start = self.pos;
        let Some(&c) = self.text.as_bytes().get(start) else { return Tok::Eof };
        match c {
            b'a'..=b'z' | b'A'..=b'Z' => self.word(start),
            b'0'..=b'9' => self.number(start),
            b'-' if self.byte(start + 1) == b'>' => {
                self.pos += 2;
                Tok::Arrow
            }
            b'-' | b'+' if self.sign_starts_number(start + 1) => self.number(start),
            b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'<' | b'>' | b',' | b'.' | b':' | b'=' | b'!' | b'*' | b'-'
            | b'+' => self.punct(c),
            b'%' => {
                self.pos += 1;
                Tok::Name(self.take(start + 1, is_word))
            }
            b'@' => {
                self.pos += 1;
                match self.take(start + 1, |c| c.is_ascii_hexdigit()) {
                    "" => Tok::Punct(b'@'),
                    hex => Tok::SrcLoc(hex),
                }
            }
            b'"' => self.string(),
            _ => {
                let bad = self.text[start..].chars().next().unwrap_or('\0');
                self.pos += bad.len_utf8();
                Tok::Bad(bad)
            }
        }
    }

    fn punct(&mut self, c: u8) -> Tok<'a> {
        self.pos += 1;
        Tok::Punct(c)
    }

    fn string(&mut self) -> Tok<'a> {
        let start = self.pos + 1;
        let Some(len) = self.text[start..].find('"') else {
            self.pos = self.text.len();
            return Tok::OpenString;
        };
        let s = &self.text[start..start + len];
        self.pos = start + len + 1;
        self.line += s.bytes().filter(|&c| c == b'\n').count();
        if let Some(last) = s.rfind('\n') {
            self.line_start = start + last + 1;
        }
        Tok::Str(s)
    }

    /// Does what follows a sign make it the start of a number?
    fn sign_starts_number(&self, at: usize) -> bool {
        let rest = &self.text.as_bytes()[at..];
        matches!(rest.first(), Some(b'0'..=b'9' | b'.' | b'-' | b'+'))
            || rest.starts_with(b"NaN")
            || rest.starts_with(b"Inf")
            || rest.starts_with(b"sNaN")
    }

    /// A number goes on over everything that looks like a part of one; whether it makes sense is seen later.
    fn number(&mut self, start: usize) -> Tok<'a> {
        if matches!(self.byte(self.pos), b'-' | b'+') {
            self.pos += 1;
        }
        let digits = self.pos;
        let part = |c: u8| is_word(c) || c == b'-' || c == b'.';
        let mut s = self.take(start, part);
        let body = &s[digits - start..];
        let special = body.starts_with("NaN") || body.starts_with("sNaN") || body.starts_with("Inf");
        if (body == "NaN" || body == "sNaN") && self.byte(self.pos) == b':' && self.byte(self.pos + 1) == b'0' {
            self.pos += 1;
            s = self.take(start, part);
        }
        if special || s.contains('.') { Tok::Float(s) } else { Tok::Int(s) }
    }

    fn word(&mut self, start: usize) -> Tok<'a> {
        let s = &self.text[start..];
        if s.starts_with("NaN") || s.starts_with("Inf") {
            return self.number(start);
        }
        classify(self.take(start, is_word))
    }
}

/// Tells entities and types from other words.
fn classify(s: &str) -> Tok<'_> {
    let name = s.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &s[name.len()..];
    let canonical = !digits.is_empty() && (digits.len() == 1 || !digits.starts_with('0'));
    if !canonical {
        return Tok::Word(s);
    }
    if let Some(prefix) = Prefix::parse(name) {
        // The largest number of 32 bits means "no entity"; a namespace is none anyway.
        return match digits.parse::<u32>() {
            Ok(n) if n != u32::MAX || prefix == Prefix::User => Tok::Entity(prefix, n),
            _ => Tok::Word(s),
        };
    }
    parse_type(s).map_or(Tok::Word(s), Tok::Type)
}

/// The type with this name.
pub(crate) fn parse_type(s: &str) -> Option<Type> {
    if !s.starts_with(['i', 'f']) {
        return None;
    }
    let (lane, count) = s.split_once('x').unwrap_or((s, "1"));
    let lane = types::INTS.into_iter().chain(types::FLOATS).find(|t| is_named(*t, lane))?;
    let canonical = count.bytes().all(|c| c.is_ascii_digit()) && !count.starts_with('0');
    lane.by(count.parse().ok().filter(|_| canonical)?)
}

fn is_named(t: Type, name: &str) -> bool {
    let kind = if t.is_int() { "i" } else { "f" };
    name.strip_prefix(kind).is_some_and(|bits| !bits.starts_with(['0', '+']) && bits.parse() == Ok(t.bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lex(text: &str) -> Vec<Tok<'_>> {
        let mut l = Lexer::new(text, false);
        std::iter::from_fn(|| Some(l.next().tok).filter(|t| *t != Tok::Eof)).collect()
    }

    #[test]
    fn neighbours_need_no_space() {
        use Tok::*;
        assert_eq!(lex("v0+8"), [Entity(Prefix::Value, 0), Int("+8")]);
        assert_eq!(lex("v0 + 8"), [Entity(Prefix::Value, 0), Punct(b'+'), Int("8")]);
        assert_eq!(lex("gv2-72"), [Entity(Prefix::GlobalValue, 2), Int("-72")]);
        assert_eq!(lex("v1->v0"), [Entity(Prefix::Value, 1), Arrow, Entity(Prefix::Value, 0)]);
        assert_eq!(lex("ss0+0]"), [Entity(Prefix::StackSlot, 0), Int("+0"), Punct(b']')]);
        let i32x4 = types::I32.by(4).unwrap();
        assert_eq!(lex("i32x4*gv5"), [Type(i32x4), Punct(b'*'), Entity(Prefix::GlobalValue, 5)]);
        assert_eq!(lex("1-2 0x1p3 -0x0.8p-3"), [Int("1-2"), Int("0x1p3"), Float("-0x0.8p-3")]);
    }

    #[test]
    fn words_and_numbers() {
        use Tok::*;
        for plain in ["v00", "f32x3", "i32x04", "i032", "v4294967295", "vv1", "i8x512", "cold", "sNaN"] {
            assert_eq!(lex(plain), [Word(plain)]);
        }
        assert_eq!(lex("i8x1"), [Type(types::I8)]);
        assert_eq!(
            lex("NaN +NaN:0x1 -sNaN:0x2 Inf"),
            [Float("NaN"), Float("+NaN:0x1"), Float("-sNaN:0x2"), Float("Inf")]
        );
        assert_eq!(
            lex("%a_1 % @1f @ss0"),
            [Name("a_1"), Name(""), SrcLoc("1f"), Punct(b'@'), Entity(Prefix::StackSlot, 0)]
        );
        assert_eq!(lex("_x"), [Bad('_'), Word("x")]);
        assert_eq!(lex("\"a\nb\" é \"z"), [Str("a\nb"), Bad('é'), OpenString]);
    }

    #[test]
    fn comments_are_put_aside_and_lines_counted() {
        let mut l = Lexer::new("a ; one\n;; two\n  b", true);
        assert_eq!(l.next().loc, Location { line_number: 1, column: 1 });
        assert_eq!(l.next().loc, Location { line_number: 3, column: 3 });
        assert_eq!(l.comments, Some(vec!["; one", ";; two"]));
    }
}
