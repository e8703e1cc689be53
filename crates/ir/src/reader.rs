//! Reads CLIF text: functions, and test files made of them. Needs the data structures and the operation table; leaves
//! [`Function`]s that keep the text's numbers of entities, not yet verified.
//!
//! The reader takes any text. The first error ends it, with its place; it neither recurses over the text nor keeps tables
//! much longer than the text.

mod body;
mod error;
mod former;
mod function;
mod lexer;
mod literal;
mod number;
mod operands;
mod parser;
mod preamble;
mod signature;
mod sourcemap;

pub use crate::data_value::DataValue;
pub use crate::testfile::{
    Comment, Comparison, Details, Feature, Invocation, RunCommand, TestCommand, TestFile, TestOption,
    parse_run_command, parse_test,
};
pub use error::{Location, ParseError, ParseResult};
pub use sourcemap::SourceMap;

pub(crate) use lexer::Tok;
pub(crate) use literal::{scalar, vector};
pub(crate) use parser::Parser;
pub(crate) use signature::function_name;

use crate::ir::Function;
use crate::ir::entities::AnyEntity;
use crate::isa::CallConv;
use crate::testfile::Header;

/// How to read a test file.
#[derive(Clone, Debug)]
pub struct ParseOptions<'a> {
    /// Commands that replace those of the file.
    pub passes: Option<&'a [String]>,
    /// A target that replaces those of the file.
    pub target: Option<&'a str>,
    /// The calling convention of signatures that name none, unless the file is to be run: then it is the host's.
    pub default_calling_convention: CallConv,
    /// The default of the setting of that name, for those who make settings of the header.
    pub unwind_info: bool,
    /// The default of the setting of that name, for those who make settings of the header.
    pub machine_code_cfg_info: bool,
}

impl Default for ParseOptions<'_> {
    fn default() -> Self {
        ParseOptions {
            passes: None,
            target: None,
            default_calling_convention: CallConv::Fast,
            unwind_info: false,
            machine_code_cfg_info: true,
        }
    }
}

/// Reads a text that consists of functions.
pub fn parse_functions(text: &str) -> ParseResult<Vec<Function>> {
    let mut p = Parser::new(text, false);
    let options = ParseOptions::default();
    let cc = default_call_conv(&Header::parse(&mut p, &options)?, &options);
    let mut functions = Vec::new();
    while p.peek() != Tok::Eof {
        functions.push(function::function(&mut p, cc)?.0);
    }
    Ok(functions)
}

/// The convention of signatures that name none.
fn default_call_conv(header: &Header, options: &ParseOptions) -> CallConv {
    if header.commands.iter().any(|c| c.command == "run") {
        CallConv::triple_default(&target_lexicon::HOST)
    } else {
        options.default_calling_convention
    }
}

/// Reads a test file; see [`parse_test`].
pub(crate) fn test_file<'a>(text: &'a str, options: ParseOptions<'a>) -> ParseResult<TestFile<'a>> {
    let mut p = Parser::new(text, true);
    let header = Header::parse(&mut p, &options)?;
    let cc = default_call_conv(&header, &options);
    let comment = |text| Comment { entity: AnyEntity::Function, text };
    let preamble_comments = p.take_comments().into_iter().map(comment).collect();
    let mut functions = Vec::new();
    while p.peek() != Tok::Eof {
        functions.push(function::function(&mut p, cc)?);
    }
    let Header { commands, settings, targets, features } = header;
    Ok(TestFile { commands, settings, targets, features, preamble_comments, functions })
}
