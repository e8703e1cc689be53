//! Functions as a whole: the heading, the order of the parts, and what is known while one is read. Needs the parser and
//! the files of the parts; leaves a function and what stands around it.

use super::error::{Location, ParseError, ParseResult};
use super::lexer::{Prefix, Tok};
use super::parser::Parser;
use super::signature;
use super::sourcemap::SourceMap;
use crate::ir::Function;
use crate::ir::entities::*;
use crate::isa::CallConv;
use crate::testfile::{Comment, Details};

/// Values have numbers below this; block arguments have a bit less than other entities.
const MAX_VALUE: u32 = 1 << 31;

/// A function being read.
pub(super) struct FunctionReader<'p, 'a> {
    pub(super) p: &'p mut Parser<'a>,
    pub(super) func: Function,
    pub(super) map: SourceMap,
    /// The convention of signatures that name none.
    pub(super) default_cc: CallConv,
    comments: Vec<Comment<'a>>,
    /// Values used before they are defined, in the order of the text, and where.
    forward: Vec<(Value, Location)>,
}

/// Reads a function and the comments up to the next one.
pub(super) fn function<'a>(p: &mut Parser<'a>, default_cc: CallConv) -> ParseResult<(Function, Details<'a>)> {
    let location = p.loc();
    if let Tok::Word(word @ ("test" | "set" | "target" | "feature")) = p.peek() {
        let order = "`test` lines come first, then `set` and `target`, then `feature` lines, then functions";
        return p.fail(format!("a `{word}` line at the wrong place: {order}"));
    }
    if !p.eat_word("function") {
        return p.unexpected("`function`");
    }
    let name = signature::function_name(p)?;
    let sig = signature::signature(p, default_cc)?;
    let mut r = FunctionReader {
        p,
        func: Function::with_name_signature(name, sig),
        map: SourceMap::new(),
        default_cc,
        comments: Vec::new(),
        forward: Vec::new(),
    };
    r.p.expect(b'{')?;
    r.claim(AnyEntity::Function);
    r.preamble()?;
    r.blocks()?;
    r.check_forward()?;
    r.p.expect(b'}')?;
    r.claim(AnyEntity::Function);
    Ok((r.func, Details { location, comments: r.comments, map: r.map }))
}

impl FunctionReader<'_, '_> {
    /// Gives the comments before the next token to an entity.
    pub(super) fn claim(&mut self, entity: impl Into<AnyEntity>) {
        if self.p.has_comments() {
            let entity = entity.into();
            let texts = self.p.take_comments();
            self.comments.extend(texts.into_iter().map(|text| Comment { entity, text }));
        }
    }

    /// Takes a value as an operand. It may be defined later.
    pub(super) fn value(&mut self) -> ParseResult<Value> {
        let loc = self.p.loc();
        let v = self.value_name()?;
        if !self.map.contains_value(v) {
            self.forward.push((v, loc));
        }
        Ok(v)
    }

    /// Takes a value's name.
    pub(super) fn value_name(&mut self) -> ParseResult<Value> {
        let loc = self.p.loc();
        let n = self.p.entity(Prefix::Value, "a value")?;
        if n >= MAX_VALUE - 1 {
            return Err(ParseError::new(loc, format!("value number too large: v{n}")));
        }
        Ok(Value::from_u32(n))
    }

    /// Notes that a value is defined at `loc`, so that it can be made next.
    pub(super) fn define_value(&mut self, v: Value, loc: Location) -> ParseResult<()> {
        let gap = (v.as_u32() as usize).saturating_sub(self.map.num_values());
        self.p.spend_gaps(gap, loc)?;
        self.map.def_value(v, loc)?;
        while self.func.dfg.num_values() <= v.as_u32() as usize {
            self.func.dfg.make_invalid_value_for_parser();
        }
        Ok(())
    }

    /// Are all values defined that are used?
    fn check_forward(&self) -> ParseResult<()> {
        match self.forward.iter().find(|(v, _)| !self.map.contains_value(*v)) {
            Some(&(v, loc)) => Err(ParseError::new(loc, format!("undefined operand value: {v}"))),
            None => Ok(()),
        }
    }

    /// Takes a reference to an entity of one kind, which must be declared.
    pub(super) fn declared<E: Copy + Into<AnyEntity>>(
        &mut self,
        prefix: Prefix,
        what: &str,
        make: fn(u32) -> E,
    ) -> ParseResult<E> {
        let loc = self.p.loc();
        let n = self.p.entity(prefix, &with_article(what))?;
        let e = make(n);
        if self.map.location(e.into()).is_none() {
            return Err(ParseError::new(loc, format!("undefined {what}: {}{n}", prefix.name())));
        }
        Ok(e)
    }

    pub(super) fn stack_slot(&mut self) -> ParseResult<StackSlot> {
        self.declared(Prefix::StackSlot, "stack slot", StackSlot::from_u32)
    }

    pub(super) fn sig_ref(&mut self) -> ParseResult<SigRef> {
        self.declared(Prefix::Sig, "signature", SigRef::from_u32)
    }

    pub(super) fn func_ref(&mut self) -> ParseResult<FuncRef> {
        self.declared(Prefix::Func, "function", FuncRef::from_u32)
    }

    pub(super) fn dynamic_type(&mut self) -> ParseResult<DynamicType> {
        self.declared(Prefix::DynamicType, "dynamic type", DynamicType::from_u32)
    }
}

fn with_article(what: &str) -> String {
    format!("a {what}")
}
