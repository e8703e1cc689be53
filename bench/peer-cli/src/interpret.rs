//! The interpreter's answers.
//!
//! Does: runs each run line in the reference interpreter on fresh state. Needs: a parsed file. Leaves: one line per run
//! line; a panic of the interpreter is reported as an error of that line alone.

use anyhow::Result;
use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::LibCall;
use cranelift_interpreter::environment::FunctionStore;
use cranelift_interpreter::interpreter::{Interpreter, InterpreterState, LibCallValues};
use cranelift_interpreter::step::{ControlFlow, CraneliftTrap};
use cranelift_reader::{Invocation, TestFile};

use crate::guarded;
use crate::input::Source;
use crate::verdict::{Outcome, Tally};

/// Runs all run lines of a file, each with `fuel` instructions to spend.
pub fn run_lines(source: &Source, fuel: u64) -> Result<bool> {
    let file = source.parse()?;
    let mut tally = Tally::default();
    for (function, details) in &file.functions {
        tally.run_lines_of(function, details, |invocation| {
            guarded(|| Ok(call(&file, invocation, fuel))).unwrap_or_else(|error| Outcome::Failed(error.to_string()))
        });
    }
    Ok(tally.finish())
}

fn call(file: &TestFile<'_>, invocation: &Invocation, fuel: u64) -> Outcome {
    let mut functions = FunctionStore::default();
    for (function, _) in &file.functions {
        functions.add(function.name.to_string(), function);
    }
    let state = InterpreterState::default().with_function_store(functions).with_libcall_handler(libcall);
    let name = format!("%{}", invocation.func);
    match Interpreter::new(state).with_fuel(Some(fuel)).call_by_name(&name, &invocation.args) {
        Ok(ControlFlow::Return(values)) => Outcome::Returned(values.to_vec()),
        Ok(ControlFlow::Trap(CraneliftTrap::User(code))) => Outcome::Trapped(code.to_string()),
        Ok(ControlFlow::Trap(trap)) => Outcome::Trapped(trap.to_string()),
        Ok(_) => Outcome::Failed("the interpreter stopped in the middle".to_owned()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn libcall(call: LibCall, args: LibCallValues) -> Result<LibCallValues, CraneliftTrap> {
    use DataValue::{F32, F64};
    let result = match (call, args.as_slice()) {
        (LibCall::CeilF32, [F32(x)]) => F32(x.as_f32().ceil().into()),
        (LibCall::CeilF64, [F64(x)]) => F64(x.as_f64().ceil().into()),
        (LibCall::FloorF32, [F32(x)]) => F32(x.as_f32().floor().into()),
        (LibCall::FloorF64, [F64(x)]) => F64(x.as_f64().floor().into()),
        (LibCall::TruncF32, [F32(x)]) => F32(x.as_f32().trunc().into()),
        (LibCall::TruncF64, [F64(x)]) => F64(x.as_f64().trunc().into()),
        _ => return Err(CraneliftTrap::BadSignature),
    };
    Ok([result].into_iter().collect())
}
