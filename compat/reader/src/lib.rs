//! The reader of `windlass-ir` under the name that users know. Adds the settings and targets that a test file's header
//! names, as targets ready to be used ([`isa_spec`](TestFile::isa_spec)), for the reader itself knows only their text.

#![forbid(unsafe_code)]

mod options;
mod targets;

use cranelift_codegen::ir::Function;

pub use options::{OwnedFlagsOrIsa, ParseOptionError, parse_option, parse_options, parse_sets_and_triple};
pub use targets::IsaSpec;
#[doc(inline)]
pub use windlass_ir::reader::{
    Comment, Comparison, DataValue, Details, Feature, Invocation, Location, ParseError, ParseOptions, ParseResult,
    RunCommand, SourceMap, TestCommand, TestOption, parse_functions, parse_run_command,
};

/// A test file.
pub struct TestFile<'a> {
    /// The `test` lines.
    pub commands: Vec<TestCommand<'a>>,
    /// The targets of the file, or the settings if it names none.
    pub isa_spec: IsaSpec,
    /// The `feature` lines.
    pub features: Vec<Feature<'a>>,
    /// The comments before the first function, which hold for every function.
    pub preamble_comments: Vec<Comment<'a>>,
    /// The functions, with what stands around them.
    pub functions: Vec<(Function, Details<'a>)>,
}

/// Reads a test file.
pub fn parse_test<'a>(text: &'a str, options: ParseOptions<'a>) -> ParseResult<TestFile<'a>> {
    let (unwind_info, machine_code_cfg_info) = (options.unwind_info, options.machine_code_cfg_info);
    let file = windlass_ir::reader::parse_test(text, options)?;
    let defaults = targets::defaults(unwind_info, machine_code_cfg_info);
    let isa_spec = IsaSpec::of(&file, defaults)?;
    Ok(TestFile {
        commands: file.commands,
        isa_spec,
        features: file.features,
        preamble_comments: file.preamble_comments,
        functions: file.functions,
    })
}
