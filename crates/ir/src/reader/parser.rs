//! The parser's hands: one token of lookahead, what to expect, and how to complain. Needs the lexer; the grammar stands in
//! the other files of this folder.

use super::error::{Location, ParseError, ParseResult};
use super::lexer::{Lexer, Prefix, Tok, Token};
use super::number;
use windlass_desc::types::Type;

/// What numbers may be left out in addition to one for each byte of the text: entities are kept in dense tables, and a
/// short text must not make them large.
const GAPS: usize = 1 << 20;

/// A text being read.
pub(crate) struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The next token.
    next: Token<'a>,
    /// How many more numbers of entities may be left out.
    gaps: usize,
}

impl<'a> Parser<'a> {
    /// Starts reading. Comments are kept only on demand.
    pub(crate) fn new(text: &'a str, keep_comments: bool) -> Self {
        let mut lexer = Lexer::new(text, keep_comments);
        let next = lexer.next();
        Parser { gaps: GAPS + lexer.text_len(), lexer, next }
    }

    /// The next token, which stays.
    pub(crate) fn peek(&self) -> Tok<'a> {
        self.next.tok
    }

    /// Where the next token is.
    pub(crate) fn loc(&self) -> Location {
        self.next.loc
    }

    /// Takes the next token.
    pub(crate) fn bump(&mut self) -> Tok<'a> {
        let tok = self.next.tok;
        self.next = self.lexer.next();
        tok
    }

    /// Takes the next token and the rest of its line, as it stands.
    pub(crate) fn bump_line(&mut self) -> &'a str {
        let rest = self.lexer.rest_of_line();
        self.next = self.lexer.next();
        rest
    }

    /// The comments before the next token that nobody took yet.
    pub(crate) fn take_comments(&mut self) -> Vec<&'a str> {
        self.lexer.comments.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Are there comments to take?
    pub(crate) fn has_comments(&self) -> bool {
        self.lexer.comments.as_ref().is_some_and(|c| !c.is_empty())
    }

    /// Fails at the next token.
    pub(crate) fn fail<T>(&self, message: impl Into<String>) -> ParseResult<T> {
        Err(ParseError::new(self.next.loc, message))
    }

    /// Fails because something else was expected.
    pub(crate) fn unexpected<T>(&self, expected: &str) -> ParseResult<T> {
        self.fail(format!("expected {expected}, found {}", self.next.tok.describe()))
    }

    /// Takes a punctuation mark, if it comes next.
    pub(crate) fn eat(&mut self, c: u8) -> bool {
        let found = self.peek() == Tok::Punct(c);
        if found {
            self.bump();
        }
        found
    }

    /// Takes a word, if it comes next.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek() == Tok::Word(word);
        if found {
            self.bump();
        }
        found
    }

    /// Takes a punctuation mark.
    pub(crate) fn expect(&mut self, c: u8) -> ParseResult<()> {
        if self.eat(c) { Ok(()) } else { self.unexpected(&format!("`{}`", c as char)) }
    }

    /// Takes an entity's number.
    pub(crate) fn entity(&mut self, prefix: Prefix, what: &str) -> ParseResult<u32> {
        match self.peek() {
            Tok::Entity(p, n) if p == prefix => {
                self.bump();
                Ok(n)
            }
            _ => self.unexpected(&format!("{what} (`{}N`)", prefix.name())),
        }
    }

    /// Takes a word.
    pub(crate) fn word(&mut self, what: &str) -> ParseResult<&'a str> {
        match self.peek() {
            Tok::Word(w) => {
                self.bump();
                Ok(w)
            }
            _ => self.unexpected(what),
        }
    }

    /// Takes a type.
    pub(crate) fn type_name(&mut self) -> ParseResult<Type> {
        match self.peek() {
            Tok::Type(t) => {
                self.bump();
                Ok(t)
            }
            _ => self.unexpected("a type"),
        }
    }

    /// Takes an integer token and makes sense of it.
    pub(crate) fn number<T>(
        &mut self,
        what: &str,
        read: impl FnOnce(&str) -> Result<T, number::NumberError>,
    ) -> ParseResult<T> {
        let Tok::Int(text) = self.peek() else { return self.unexpected(what) };
        match read(text) {
            Ok(n) => {
                self.bump();
                Ok(n)
            }
            Err(why) => self.fail(format!("bad {}: {why}", what.trim_start_matches("an ").trim_start_matches("a "))),
        }
    }

    /// Takes an unsigned number of 32 bits.
    pub(crate) fn u32(&mut self, what: &str) -> ParseResult<u32> {
        self.number(what, |s| number::unsigned(s, 32)).map(|n| n as u32)
    }

    /// Takes an unsigned number of 8 bits.
    pub(crate) fn u8(&mut self, what: &str) -> ParseResult<u8> {
        self.number(what, |s| number::unsigned(s, 8)).map(|n| n as u8)
    }

    /// Takes an integer of 64 bits, in either reading.
    pub(crate) fn imm64(&mut self) -> ParseResult<i64> {
        self.number("an integer", |s| number::int(s, 64, true)).map(|n| n as i64)
    }

    /// Takes an offset, if one comes next.
    pub(crate) fn offset(&mut self) -> ParseResult<i32> {
        if matches!(self.peek(), Tok::Int(_)) { self.number("an offset", number::offset) } else { Ok(0) }
    }

    /// Takes a list of things in the given brackets with commas between. A comma may also end it, where `trailing` says so.
    pub(crate) fn list(
        &mut self,
        brackets: [u8; 2],
        trailing: bool,
        mut item: impl FnMut(&mut Self) -> ParseResult<()>,
    ) -> ParseResult<()> {
        self.expect(brackets[0])?;
        if self.eat(brackets[1]) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.eat(brackets[1]) {
                return Ok(());
            }
            if !self.eat(b',') {
                return self.unexpected(&format!("`,` or `{}`", brackets[1] as char));
            }
            if trailing && self.eat(brackets[1]) {
                return Ok(());
            }
        }
    }

    /// Accounts for `n` numbers that are left out before the entity at `loc`.
    pub(crate) fn spend_gaps(&mut self, n: usize, loc: Location) -> ParseResult<()> {
        match self.gaps.checked_sub(n) {
            Some(left) => {
                self.gaps = left;
                Ok(())
            }
            None => Err(ParseError::new(loc, "too many numbers are left out before this one")),
        }
    }
}
