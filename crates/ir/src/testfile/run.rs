//! Run directives: which function to call, with what, and what should come back. Needs the parser and the literals;
//! leaves a [`RunCommand`], which any engine can run.

use crate::data_value::{DataValue, DisplayDataValues, write_data_value_list};
use crate::ir::{AbiParam, Function, Signature, UserFuncName};
use crate::reader::{ParseResult, Parser, Tok, function_name, scalar, vector};
use std::fmt;
use std::io::Write;
use windlass_desc::types::Type;

/// A call with its arguments.
#[derive(Clone, PartialEq, Debug)]
pub struct Invocation {
    /// The function's name: `name` of `%name`, and names like `u1:0` as they are.
    pub func: String,
    /// Its arguments.
    pub args: Vec<DataValue>,
}

impl Invocation {
    /// A call of the function of this name.
    pub fn of(name: &UserFuncName, args: Vec<DataValue>) -> Invocation {
        let text = name.to_string();
        let func = text.strip_prefix('%').map(str::to_owned);
        Invocation { func: func.unwrap_or(text), args }
    }

    /// The function's name as the function has it: `%name`, `u1:0`.
    pub fn function(&self) -> String {
        // no name that can be written after `%` has a colon
        if self.func.contains(':') { self.func.clone() } else { format!("%{}", self.func) }
    }
}

/// How results relate to what is expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// All are equal, bit by bit.
    Equals,
    /// Not all are.
    NotEquals,
}

/// A run directive.
#[derive(Clone, PartialEq, Debug)]
pub enum RunCommand {
    /// Calls and prints what comes back.
    Print(Invocation),
    /// Calls and compares. That the results are not equal to an empty list says nothing of them: then the call must only
    /// return. `run: %f()` is such a directive, if the function has results.
    Run(Invocation, Comparison, Vec<DataValue>),
}

impl RunCommand {
    /// Runs the command on an engine that calls a function by name.
    pub fn run<F>(&self, call: F) -> Result<(), String>
    where
        F: FnOnce(&str, &[DataValue]) -> Result<Vec<DataValue>, String>,
    {
        match self {
            RunCommand::Print(invoke) => {
                let results = call(&invoke.func, &invoke.args)?;
                let line = format!("{invoke} -> {}\n", DisplayDataValues(&results));
                std::io::stdout().write_all(line.as_bytes()).map_err(|e| format!("the standard output: {e}"))
            }
            RunCommand::Run(invoke, comparison, expected) => {
                let actual = call(&invoke.func, &invoke.args)?;
                let equal = actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, b)| a.bitwise_eq(b));
                if equal == (*comparison == Comparison::Equals) {
                    return Ok(());
                }
                Err(format!("Failed test: {self}, actual: {}", DisplayDataValues(&actual)))
            }
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Comparison::Equals { "==" } else { "!=" })
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function())?;
        write_data_value_list(f, &self.args)?;
        f.write_str(")")
    }
}

impl fmt::Display for RunCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunCommand::Print(invoke) => write!(f, "print: {invoke}"),
            RunCommand::Run(invoke, Comparison::NotEquals, expected) if expected.is_empty() => {
                write!(f, "run: {invoke}")
            }
            RunCommand::Run(invoke, comparison, expected) => {
                write!(f, "run: {invoke} {comparison} {}", DisplayDataValues(expected))
            }
        }
    }
}

/// The directive in a comment that follows a function with the given signature, which types the values; none if the
/// comment is no directive.
pub fn parse_run_command(comment: &str, signature: &Signature) -> ParseResult<Option<RunCommand>> {
    parse_named(comment, signature, "default")
}

/// The directive in a comment that follows `func`, which is what a directive without a call calls; none if the comment is
/// no directive.
pub fn parse_run_command_of(comment: &str, func: &Function) -> ParseResult<Option<RunCommand>> {
    parse_named(comment, &func.signature, &Invocation::of(&func.name, vec![]).func)
}

fn parse_named(comment: &str, signature: &Signature, name: &str) -> ParseResult<Option<RunCommand>> {
    let text = comment.trim_start_matches([' ', '\t', ';']);
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let run = &text[..end] == "run";
    if !run && &text[..end] != "print" {
        return Ok(None);
    }
    let mut p = Parser::new(text, false);
    p.bump();
    if !p.eat(b':') {
        return bare(&mut p, run, signature, name).map(Some);
    }
    let invoke = invocation(&mut p, signature)?;
    if !run {
        return Ok(Some(RunCommand::Print(invoke)));
    }
    let comparison = match p.peek() {
        Tok::Punct(b'!') => Comparison::NotEquals,
        Tok::Punct(b'=') => Comparison::Equals,
        Tok::Eof => return Ok(Some(returns(invoke, signature))),
        _ => return p.unexpected("`==` or `!=` after the call"),
    };
    p.bump();
    p.expect(b'=')?;
    let expected = results(&mut p, &signature.returns)?;
    if expected.is_empty() && comparison == Comparison::NotEquals {
        return p.fail("`!= []` never holds: leave it out, and the call must only return");
    }
    Ok(Some(RunCommand::Run(invoke, comparison, expected)))
}

/// A call without a comparison must only return.
fn returns(invoke: Invocation, signature: &Signature) -> RunCommand {
    let comparison = if signature.returns.is_empty() { Comparison::Equals } else { Comparison::NotEquals };
    RunCommand::Run(invoke, comparison, vec![])
}

/// Without an invocation the function must need no arguments and is expected to give something other than 0.
fn bare(p: &mut Parser, run: bool, signature: &Signature, name: &str) -> ParseResult<RunCommand> {
    let invoke = Invocation { func: name.to_owned(), args: Vec::new() };
    if !run {
        return Ok(RunCommand::Print(invoke));
    }
    match signature.returns.as_slice() {
        [r] if signature.params.is_empty() && r.value_type.is_int() => {
            let zero = DataValue::from_bits(0, r.value_type).into_iter().collect();
            Ok(RunCommand::Run(invoke, Comparison::NotEquals, zero))
        }
        _ => p.fail("`run` without a call is for functions without parameters that return one integer"),
    }
}

fn invocation(p: &mut Parser, signature: &Signature) -> ParseResult<Invocation> {
    let name = function_name(p)?;
    let mut args = Vec::new();
    let mut types = signature.params.iter();
    p.list(*b"()", false, |p| match types.next() {
        Some(param) => {
            args.push(value(p, param.value_type)?);
            Ok(())
        }
        None => p.fail("more arguments than the function has parameters"),
    })?;
    if args.len() < signature.params.len() {
        return p.fail(format!("expected {} arguments, found {}", signature.params.len(), args.len()));
    }
    Ok(Invocation::of(&name, args))
}

fn results(p: &mut Parser, returns: &[AbiParam]) -> ParseResult<Vec<DataValue>> {
    if let [one] = returns {
        return Ok(vec![value(p, one.value_type)?]);
    }
    let mut values = Vec::new();
    p.expect(b'[')?;
    for (i, r) in returns.iter().enumerate() {
        if i > 0 {
            p.expect(b',')?;
        }
        values.push(value(p, r.value_type)?);
    }
    p.expect(b']')?;
    Ok(values)
}

/// A value of a type that values can have.
fn value(p: &mut Parser, ty: Type) -> ParseResult<DataValue> {
    let bits = if ty.is_vector() && ty.bits() <= 128 {
        let mut bytes = vector(p, ty)?;
        bytes.resize(16, 0);
        bytes.iter().rev().fold(0, |v: u128, b| v << 8 | *b as u128)
    } else {
        scalar(p, ty)?
    };
    match DataValue::from_bits(bits, ty) {
        Some(v) => Ok(v),
        None => p.fail(format!("values of type {ty} cannot be written")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::CallConv;
    use windlass_desc::types::*;

    fn parse(text: &str, params: &[Type], returns: &[Type]) -> String {
        let mut sig = Signature::new(CallConv::Fast);
        sig.params = params.iter().map(|t| AbiParam::new(*t)).collect();
        sig.returns = returns.iter().map(|t| AbiParam::new(*t)).collect();
        match parse_run_command(text, &sig) {
            Ok(Some(c)) => c.to_string(),
            Ok(None) => "none".into(),
            Err(e) => e.message,
        }
    }

    #[test]
    fn values_by_signature() {
        let i8x4 = I8.by(4).unwrap();
        assert_eq!(parse("; run: %f(255, -1) == 0x10", &[I8, I16], &[I32]), "run: %f(-1, -1) == 16");
        assert_eq!(
            parse(";; run: %f() != [0x1.8, -0.0] ; more", &[], &[F32, F64]),
            "run: %f() != [0x1.800000p0, -0.0]"
        );
        assert_eq!(parse("; run: %f([1 2 3 -1]) == 0x0102", &[i8x4], &[i8x4]), "run: %f(0xff030201) == 0x00000102");
        assert_eq!(parse("; run: %f(1) == []", &[I128], &[]), "run: %f(1) == []");
        assert_eq!(parse("; run", &[], &[I8]), "run: %default() != 0");
        assert_eq!(parse("; run: %f(1)", &[I8], &[I8]), "run: %f(1)");
        assert_eq!(parse("; run: %f(1) ; as it is", &[I8], &[I8, F32]), "run: %f(1)");
        assert_eq!(parse("; run: %f(1)", &[I8], &[]), "run: %f(1) == []");
        assert_eq!(parse("; run: u1:0(1) != 2", &[I8], &[I8]), "run: u1:0(1) != 2");
        assert_eq!(parse("; print: %f(1)", &[I8], &[]), "print: %f(1)");
        assert_eq!(parse("; running is no directive", &[], &[]), "none");
    }

    #[test]
    fn what_is_wrong() {
        assert_eq!(parse("; run: %f(1) == 1", &[], &[I8]), "more arguments than the function has parameters");
        assert_eq!(parse("; run: %f(256) == 1", &[I8], &[I8]), "bad integer: integer out of range");
        assert_eq!(parse("; run: %f() == [1]", &[], &[I8, I8]), "expected `,`, found `]`");
        assert_eq!(parse("; run: %f() = 1", &[], &[I8]), "expected `=`, found `1`");
        assert_eq!(parse("; run: %f() 1", &[], &[I8]), "expected `==` or `!=` after the call, found `1`");
        assert_eq!(parse("; run: f()", &[], &[I8]), "expected a function name (`%name` or `uN:N`), found `f`");
        let never = "`!= []` never holds: leave it out, and the call must only return";
        assert_eq!(parse("; run: %f() != []", &[], &[]), never);
        assert_eq!(parse("; run: %f(0x1) == 1", &[F32], &[I8]), "expected a float, found `0x1`");
    }

    #[test]
    fn a_directive_without_a_call_calls_its_function() {
        let mut func = Function::with_name_signature(UserFuncName::user(1, 7), Signature::new(CallConv::Fast));
        func.signature.returns = vec![AbiParam::new(I8)];
        let text = |func: &Function| parse_run_command_of("; run", func).map(|c| c.map(|c| c.to_string()));
        assert_eq!(text(&func), Ok(Some("run: u1:7() != 0".into())));
        func.name = UserFuncName::testcase("f");
        assert_eq!(text(&func), Ok(Some("run: %f() != 0".into())));
    }

    #[test]
    fn bits_decide() {
        let nan = RunCommand::Run(
            Invocation { func: "f".into(), args: vec![] },
            Comparison::Equals,
            vec![DataValue::from_bits(0x7fc0_0000, F32).unwrap()],
        );
        assert!(nan.run(|_, _| Ok(vec![DataValue::from_bits(0x7fc0_0000, F32).unwrap()])).is_ok());
        assert!(nan.run(|_, _| Ok(vec![DataValue::from_bits(0xffc0_0000, F32).unwrap()])).is_err());
        assert!(nan.run(|_, _| Err("trap".into())).is_err());
        let returns = |returns: &[AbiParam], results: Result<Vec<DataValue>, String>| {
            let signature = Signature { returns: returns.to_vec(), ..Signature::new(CallConv::Fast) };
            let command = parse_run_command("; run: %f()", &signature).unwrap().unwrap();
            command.run(|_, _| results.clone())
        };
        assert!(returns(&[], Ok(vec![])).is_ok() && returns(&[], Err("trap".into())).is_err());
        let zero = || vec![DataValue::from_bits(0, I8).unwrap()];
        assert!(returns(&[AbiParam::new(I8)], Ok(zero())).is_ok());
        assert!(returns(&[AbiParam::new(I8)], Err("trap".into())).is_err());
    }
}
