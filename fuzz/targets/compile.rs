//! Any text: what verifies is compiled at each level, with every stage checked. Errors are fine, but not internal ones.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use windlass_codegen::error::CodegenError;
use windlass_ir::reader::parse_functions;
use windlass_ir::verifier::verify_function;
use windlass_link::functions::{CompileError, Functions};
use windlass_opt::Level;
use windlass_tool::target;

fuzz_target!(|text: &str| -> Corpus {
    let Ok(funcs) = parse_functions(text) else { return Corpus::Reject };
    let Ok(build) = target::host() else { return Corpus::Reject };
    let mut functions = Functions::new();
    for func in funcs.iter().filter(|func| verify_function(func, None).is_ok()) {
        for level in Level::ALL {
            match functions.compile(func, level, &build.clone().checked().options) {
                Err(CompileError::Optimise(error)) => panic!("{error}\n{func}"),
                Err(CompileError::Codegen(error @ CodegenError::Internal(_))) => panic!("{error}\n{func}"),
                _ => {}
            }
        }
    }
    Corpus::Keep
});
