//! Functions made of the fuzzer's bytes, run by the interpreter and as machine code at each level: results and traps must
//! be the same. The generator is that of the random tests; here its choices are the fuzzer's.
#![no_main]

#[path = "../../tools/windlass/tests/random/draw.rs"]
mod draw;
#[path = "../../tools/windlass/tests/random/generate.rs"]
#[allow(dead_code)] // the tests read more of what is made
mod generate;
#[path = "../../tools/windlass/tests/random/ops.rs"]
mod ops;
mod rng;
#[path = "../../tools/windlass/tests/random/shape.rs"]
mod shape;

use libfuzzer_sys::{Corpus, fuzz_target};
use rng::Rng;
use std::sync::LazyLock;
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter};
use windlass_ir::ir::Function;
use windlass_ir::reader::parse_functions;
use windlass_ir::verifier::verify_function;
use windlass_opt::Level;
use windlass_tool::native::{Engine, Native, Outcome};
use windlass_tool::target;

/// How many functions, and how many calls of each.
const FUNCTIONS: usize = 2;
const CALLS: usize = 3;
/// How many instructions a call may run.
const FUEL: u64 = 200_000;

static OPS: LazyLock<ops::Ops> = LazyLock::new(ops::Ops::of_rules);

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(build) = target::host() else { return Corpus::Reject };
    let mut rng = Rng::new(bytes);
    let mut made = vec![];
    for n in 0..FUNCTIONS {
        let function = generate::function(&mut rng, &OPS, &made, &format!("%f{n}"));
        made.push(function);
    }
    let text: String = made.iter().map(|m| m.text.as_str()).collect();
    let funcs = parse_functions(&text).expect("the generator's text can be read");
    funcs.iter().for_each(|f| verify_function(f, None).expect("the generator's functions verify"));
    let mut interpreter = Interpreter::new(FunctionStore::of(&funcs)).with_fuel(Some(FUEL));
    let mut calls: Vec<(&Function, Vec<DataValue>, Outcome)> = vec![];
    for func in funcs.iter().flat_map(|f| std::iter::repeat_n(f, CALLS)) {
        let args: Vec<DataValue> = func.signature.params.iter().map(|p| rng.argument(p.value_type)).collect();
        match interpreter.call_by_name(&func.name.to_string(), &args) {
            Ok(ControlFlow::Return(values)) => calls.push((func, args, Outcome::Returned(values))),
            Ok(ControlFlow::Trap(code)) => calls.push((func, args, Outcome::Trapped(code))),
            Err(_) => {}
        }
    }
    let all: Vec<&Function> = funcs.iter().collect();
    let pairs: Vec<(&Function, &[DataValue])> = calls.iter().map(|(f, args, _)| (*f, &args[..])).collect();
    for level in Level::ALL {
        let native = Native::compile(&Engine::Host, &build.clone().checked(), &all, level);
        let found = native.call_all(&pairs).expect("the system lets functions run");
        for ((func, args, expected), found) in calls.iter().zip(found) {
            assert!(
                found.same(expected),
                "{}({args:?}) at {}: the interpreter: {expected}, machine code: {found}\n{text}",
                func.name,
                level.name()
            );
        }
    }
    Corpus::Keep
});
