//! Functions as text, and running them.

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{FuncRef, Function, Inst, LibCall, Signature, TrapCode, Value};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{Configurable, FlagsOrIsa};
use cranelift_codegen::write::{FuncWriter, PlainWriter, decorate_function, write_function};
use cranelift_interpreter::environment::{FuncIndex, FunctionStore};
use cranelift_interpreter::frame::Frame;
use cranelift_interpreter::instruction::{DfgInstructionContext, InstructionContext};
use cranelift_interpreter::interpreter::{
    Interpreter, InterpreterError, InterpreterState, LibCallHandler, LibCallValues,
};
use cranelift_interpreter::state::State;
use cranelift_interpreter::step::{ControlFlow, CraneliftTrap, StepError, step};
use cranelift_interpreter::value::{DataValueExt, ValueConversionKind, ValueError};
use cranelift_reader::{
    Comparison, Feature, Invocation, IsaSpec, Location, OwnedFlagsOrIsa, ParseError, ParseOptionError, ParseOptions,
    ParseResult, RunCommand, TestCommand, TestFile, TestOption, parse_functions, parse_option, parse_options,
    parse_run_command, parse_sets_and_triple, parse_test,
};
use std::fmt;

/// Reading functions and test files.
pub fn reading<'a>(text: &'a str, passes: &'a [String]) -> ParseResult<()> {
    let functions: Vec<Function> = parse_functions(text)?;
    let options = ParseOptions {
        target: None,
        passes: Some(passes),
        default_calling_convention: CallConv::Fast,
        unwind_info: false,
        ..ParseOptions::default()
    };
    let file: TestFile<'a> = parse_test(text, options)?;
    let command: &TestCommand<'_> = &file.commands[0];
    let _: (&str, Option<&TestOption<'_>>) = (command.command, command.options.first());
    match &file.isa_spec {
        IsaSpec::None(flags) => assert!(!flags.is_pic()),
        IsaSpec::Some(isas) => isas.iter().for_each(|isa: &OwnedTargetIsa| assert_eq!(isa.name(), "x64")),
    }
    let _: Option<&dyn TargetIsa> = file.isa_spec.unique_isa();
    for (func, details) in &file.functions {
        for comment in file.preamble_comments.iter().chain(&details.comments) {
            let _: (&str, Option<RunCommand>) = (comment.text, parse_run_command(comment.text, &func.signature)?);
        }
        let _: usize = details.location.line_number;
    }
    assert!(!file.features.contains(&Feature::With("multi-memory")) || functions.is_empty());
    Ok(())
}

/// Settings in text.
pub fn options(words: &[&str], config: &mut dyn Configurable) -> Result<(), ParseError> {
    let loc = Location::default();
    match parse_option(words[0], config, loc) {
        Ok(()) | Err(ParseOptionError::UnknownFlag { .. } | ParseOptionError::UnknownValue { .. }) => {}
        Err(ParseOptionError::Generic(error)) => return Err(error),
    }
    parse_options(words.iter().copied(), config, loc)?;
    let target: OwnedFlagsOrIsa = parse_sets_and_triple(&[], "x86_64").expect("it is a target");
    let _: FlagsOrIsa<'_> = target.as_fisa();
    Ok(())
}

/// Commands that run functions.
pub fn commands(command: RunCommand, sig: &Signature) -> Result<(), String> {
    match &command {
        RunCommand::Print(Invocation { func: _, args: _ }) => {}
        RunCommand::Run(invocation, Comparison::Equals | Comparison::NotEquals, expected) => {
            assert!(invocation.args.len() + expected.len() <= sig.params.len() + sig.returns.len());
        }
    }
    command.run(|_: &str, args: &[DataValue]| Ok(args.to_vec()))
}

/// Writing functions.
pub fn writing(func: &Function, text: &mut String) -> fmt::Result {
    write_function(text, func)?;
    let mut writer = PlainWriter;
    let writer: &mut dyn FuncWriter = &mut writer;
    writer.write_preamble(text, func)?;
    decorate_function(&mut PlainWriter, text, func)
}

/// Functions to run.
pub fn store<'a>(func: &'a Function, store: &mut FunctionStore<'a>, callee: FuncRef) {
    store.add("%f".into(), func);
    let index: Option<FuncIndex> = store.index_of("%f");
    let _: [Option<&Function>; 2] = [index.and_then(|i| store.get_by_index(i)), store.get_by_name("%f")];
    let _: Option<&Function> = store.get_from_func_ref(callee, func);
    let _: FunctionStore<'_> = func.into();
}

/// Running functions.
pub fn running(store: FunctionStore<'_>, index: FuncIndex, args: &[DataValue]) -> Result<(), InterpreterError> {
    let handler: LibCallHandler = |_: LibCall, args: LibCallValues| Ok(args);
    let state: InterpreterState<'_> =
        InterpreterState::default().with_function_store(store).with_libcall_handler(handler);
    let mut interpreter: Interpreter<'_> = Interpreter::new(state).with_fuel(Some(1 << 20));
    for end in [interpreter.call_by_index(index, args), interpreter.call_by_name("%f", args)] {
        match end {
            Ok(ControlFlow::Return(values)) => assert_eq!(values.as_slice(), args),
            Ok(ControlFlow::Trap(CraneliftTrap::User(code))) => assert_eq!(code, TrapCode::STACK_OVERFLOW),
            Err(InterpreterError::FuelExhausted | InterpreterError::UnknownFunctionName(_)) | Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One instruction.
pub fn stepping<'a>(state: &mut InterpreterState<'a>, func: &'a Function, inst: Inst) -> Result<(), StepError> {
    state.push_frame(func);
    let context = DfgInstructionContext::new(inst, &func.dfg);
    let (names, next): (Vec<Value>, _) = (context.args().to_vec(), step(state, context)?);
    let frame: &mut Frame<'a> = state.current_frame_mut();
    match next {
        ControlFlow::Assign(values) => frame.set_all(&names, values.to_vec()),
        ControlFlow::Continue | ControlFlow::ContinueAt(..) | ControlFlow::Return(_) => state.pop_frame(),
        ControlFlow::Call(callee, _) | ControlFlow::ReturnCall(callee, _) => state.push_frame(callee),
        ControlFlow::Trap(trap) => assert_ne!(trap, CraneliftTrap::Debug),
    }
    Ok(())
}

/// Computing with values.
pub fn computing(x: DataValue, y: DataValue) -> Result<bool, ValueError> {
    x.add(y)?.convert(ValueConversionKind::SignExtend(I64))?.is_zero()
}
