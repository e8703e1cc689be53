//! Signatures and names. Needs the parser.

use super::error::ParseResult;
use super::lexer::{Prefix, Tok};
use super::number;
use super::parser::Parser;
use crate::ir::{
    AbiParam, ArgumentExtension, ArgumentPurpose, ExternalName, Function, Signature, UserExternalName, UserFuncName,
};
use crate::isa::{CALL_CONVS, CallConv};
use crate::near::did_you_mean;

/// `function`'s own name.
pub(crate) fn function_name(p: &mut Parser) -> ParseResult<UserFuncName> {
    match p.peek() {
        Tok::Name(s) => {
            p.bump();
            Ok(UserFuncName::testcase(s))
        }
        Tok::Entity(Prefix::User, _) => {
            let UserExternalName { namespace, index } = user_name(p)?;
            Ok(UserFuncName::user(namespace, index))
        }
        _ => p.unexpected("a function name (`%name` or `uN:N`)"),
    }
}

fn user_name(p: &mut Parser) -> ParseResult<UserExternalName> {
    let namespace = p.entity(Prefix::User, "a namespace")?;
    p.expect(b':')?;
    let index = p.number("a decimal index", |s| s.parse().map_err(|_| "expected decimal digits"))?;
    Ok(UserExternalName::new(namespace, index))
}

/// The name of something outside of the function.
pub(super) fn external_name(p: &mut Parser, func: &mut Function) -> ParseResult<ExternalName> {
    match p.peek() {
        Tok::Name(s) => {
            p.bump();
            Ok(known_name(s))
        }
        Tok::Entity(Prefix::User, _) => {
            let name = user_name(p)?;
            Ok(ExternalName::user(func.declare_imported_user_function(name)))
        }
        Tok::Entity(Prefix::UserName, n) => {
            p.bump();
            Ok(ExternalName::user(crate::ir::UserExternalNameRef::from_u32(n)))
        }
        _ => p.unexpected("an external name (`%name`, `uN:N` or `userextnameN`)"),
    }
}

/// A name after `%` means a known symbol or a library function before it means a test's function.
fn known_name(s: &str) -> ExternalName {
    if let Ok(symbol) = s.parse() {
        ExternalName::KnownSymbol(symbol)
    } else if let Ok(call) = s.parse() {
        ExternalName::LibCall(call)
    } else {
        ExternalName::testcase(s)
    }
}

/// A signature; `default` is the calling convention where none is written.
pub(super) fn signature(p: &mut Parser, default: CallConv) -> ParseResult<Signature> {
    let mut sig = Signature::new(default);
    p.list(*b"()", false, |p| {
        sig.params.push(param(p)?);
        Ok(())
    })?;
    if p.peek() == Tok::Arrow {
        p.bump();
        sig.returns.push(param(p)?);
        while p.eat(b',') {
            sig.returns.push(param(p)?);
        }
    }
    if let Tok::Word(word) = p.peek() {
        let Ok(convention) = word.parse() else {
            let near = did_you_mean(word, CALL_CONVS.map(|(_, name)| name));
            return p.fail(format!("unknown calling convention: {word}{near}"));
        };
        p.bump();
        sig.call_conv = convention;
    }
    Ok(sig)
}

fn param(p: &mut Parser) -> ParseResult<AbiParam> {
    let mut param = AbiParam::new(p.type_name()?);
    loop {
        match p.peek() {
            Tok::Word("uext") => param.extension = ArgumentExtension::Uext,
            Tok::Word("sext") => param.extension = ArgumentExtension::Sext,
            Tok::Word("normal") => param.purpose = ArgumentPurpose::Normal,
            Tok::Word("sret") => param.purpose = ArgumentPurpose::StructReturn,
            Tok::Word("vmctx") => param.purpose = ArgumentPurpose::VMContext,
            Tok::Word("sarg") => {
                p.bump();
                p.expect(b'(')?;
                param.purpose =
                    ArgumentPurpose::StructArgument(p.number("a size", |s| number::unsigned(s, 32))? as u32);
                p.expect(b')')?;
                continue;
            }
            _ => return Ok(param),
        }
        p.bump();
    }
}
