//! Literals of a known type: integers, floats, vectors, and the bytes of constants. Needs the parser; run directives read
//! their values with it, too.

use super::error::ParseResult;
use super::lexer::Tok;
use super::number;
use super::parser::Parser;
use crate::ir::immediates::{Ieee16, Ieee32, Ieee64, Ieee128};
use std::str::FromStr;
use windlass_desc::types::{self, Type};

/// A float.
pub(crate) fn float<T: FromStr<Err = &'static str>>(p: &mut Parser) -> ParseResult<T> {
    let Tok::Float(text) = p.peek() else { return p.unexpected("a float") };
    match text.parse() {
        Ok(v) => {
            p.bump();
            Ok(v)
        }
        Err(why) => p.fail(format!("bad float: {why}")),
    }
}

/// The bits of a scalar of type `ty`.
pub(crate) fn scalar(p: &mut Parser, ty: Type) -> ParseResult<u128> {
    Ok(match ty {
        types::F16 => float::<Ieee16>(p)?.bits() as u128,
        types::F32 => float::<Ieee32>(p)?.bits() as u128,
        types::F64 => float::<Ieee64>(p)?.bits() as u128,
        types::F128 => float::<Ieee128>(p)?.bits(),
        _ if ty.is_int() => p.number("an integer", |s| number::int(s, ty.bits(), ty == types::I64))?,
        _ => return p.fail(format!("no literal has type {ty}")),
    })
}

/// The bytes of a constant without a type.
pub(crate) fn bytes(p: &mut Parser) -> ParseResult<Vec<u8>> {
    p.number("a hexadecimal constant", number::hex_bytes)
}

/// The bytes of a fixed vector of type `ty`, first lane first: in one hexadecimal number, or lane by lane.
pub(crate) fn vector(p: &mut Parser, ty: Type) -> ParseResult<Vec<u8>> {
    let size = ty.bytes() as usize;
    if matches!(p.peek(), Tok::Int(_)) {
        let loc = p.loc();
        let mut data = bytes(p)?;
        if data.len() > size {
            return Err(super::ParseError::new(loc, format!("the constant has more bytes than type {ty}")));
        }
        data.resize(size, 0);
        return Ok(data);
    }
    let lane = ty.lane_type();
    if lane.bits() > 64 {
        return p.fail(format!("lanes of type {lane} cannot be written one by one"));
    }
    let mut data = Vec::with_capacity(size);
    p.expect(b'[')?;
    for n in 0..ty.lane_count() {
        if p.peek() == Tok::Punct(b']') {
            return p.fail(format!("expected {} lanes, found {n}", ty.lane_count()));
        }
        data.extend_from_slice(&scalar(p, lane)?.to_le_bytes()[..lane.bytes() as usize]);
    }
    p.expect(b']')?;
    Ok(data)
}
