//! Runs of functions. Needs the interpreter of `windlass-ir`, which knows of traps only their codes: a trap that a handler
//! of library calls raises is kept beside the run, for it ends the run in any case.

use crate::environment::{FuncIndex, FunctionStore};
use crate::step::{ControlFlow, CraneliftTrap};
use std::cell::Cell;
use std::rc::Rc;
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter as inner;
use windlass_ir::ir::{LibCall, TrapCode};

#[doc(inline)]
pub use windlass_ir::interpreter::{InterpreterError, LibCallValues};

/// What runs library functions.
pub type LibCallHandler = fn(LibCall, LibCallValues) -> Result<LibCallValues, CraneliftTrap>;

/// What runs begin with.
#[derive(Clone, Default, Debug)]
pub struct InterpreterState<'a> {
    /// The functions.
    pub functions: FunctionStore<'a>,
    /// What runs library functions, if not the interpreter does.
    handler: Option<LibCallHandler>,
}

impl<'a> InterpreterState<'a> {
    /// The same with these functions.
    #[must_use]
    pub fn with_function_store(self, functions: FunctionStore<'a>) -> Self {
        InterpreterState { functions, ..self }
    }

    /// The same with another implementation of library functions.
    #[must_use]
    pub fn with_libcall_handler(self, handler: LibCallHandler) -> Self {
        InterpreterState { handler: Some(handler), ..self }
    }
}

/// Runs functions, each call from outside on a fresh stack.
pub struct Interpreter<'a> {
    inner: inner::Interpreter<'a>,
    /// The trap that the handler raised last.
    raised: Rc<Cell<Option<CraneliftTrap>>>,
}

impl<'a> Interpreter<'a> {
    /// An interpreter of a state's functions, which must have been verified.
    pub fn new(state: InterpreterState<'a>) -> Self {
        let (mut inner, raised) = (inner::Interpreter::new(state.functions), Rc::new(Cell::new(None)));
        if let Some(handler) = state.handler {
            let raised = Rc::clone(&raised);
            inner = inner.with_libcall_handler(move |call, args| {
                Some(handler(call, args.iter().cloned().collect()).map_err(|trap| {
                    raised.set(Some(trap));
                    TrapCode::unwrap_user(1)
                }))
            });
        }
        Interpreter { inner, raised }
    }

    /// The same with a limit on the instructions that a call from outside may run.
    #[must_use]
    pub fn with_fuel(self, fuel: Option<u64>) -> Self {
        Interpreter { inner: self.inner.with_fuel(fuel), ..self }
    }

    /// Calls the function of this name, which is written as in text: `%f` or `u0:1`.
    pub fn call_by_name(&mut self, func_name: &str, arguments: &[DataValue]) -> Result<ControlFlow, InterpreterError> {
        let end = self.inner.call_by_name(func_name, arguments);
        self.end(end)
    }

    /// Calls the function with this number.
    pub fn call_by_index(
        &mut self,
        func_index: FuncIndex,
        arguments: &[DataValue],
    ) -> Result<ControlFlow, InterpreterError> {
        let end = self.inner.call_by_index(func_index, arguments);
        self.end(end)
    }

    /// Traps of the machine are errors of the interpreter within.
    fn end(&self, end: Result<inner::ControlFlow, InterpreterError>) -> Result<ControlFlow, InterpreterError> {
        Ok(match (end, self.raised.take()) {
            (Ok(inner::ControlFlow::Return(values)), _) => ControlFlow::Return(values.into()),
            (Ok(inner::ControlFlow::Trap(_)), Some(trap)) => ControlFlow::Trap(trap),
            (Ok(inner::ControlFlow::Trap(code)), None) => ControlFlow::Trap(CraneliftTrap::User(code)),
            (Err(InterpreterError::Debugtrap), _) => ControlFlow::Trap(CraneliftTrap::Debug),
            (Err(InterpreterError::BadSignature(_)), _) => ControlFlow::Trap(CraneliftTrap::BadSignature),
            (Err(error), _) => return Err(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_ir::ir::immediates::Ieee32;
    use windlass_ir::reader::parse_functions;

    const TEXT: &str = "
        function %double(i32) -> i32 {
        block0(v0: i32):
            trapz v0, user7
            v1 = iadd v0, v0
            return v1
        }
        function %ceiling(f32) -> f32 {
            sig0 = (f32) -> f32 fast
            fn0 = %CeilF32 sig0
        block0(v0: f32):
            v1 = call fn0(v0)
            return v1
        }";

    fn run(name: &str, arg: DataValue, handler: Option<LibCallHandler>) -> Result<ControlFlow, InterpreterError> {
        let functions = parse_functions(TEXT).unwrap();
        let mut store = FunctionStore::default();
        functions.iter().for_each(|f| store.add(f.name.to_string(), f));
        let mut state = InterpreterState::default().with_function_store(store);
        if let Some(handler) = handler {
            state = state.with_libcall_handler(handler);
        }
        Interpreter::new(state).with_fuel(Some(100)).call_by_name(name, &[arg])
    }

    #[test]
    fn runs_end_with_values_or_traps() {
        let four = ControlFlow::Return([DataValue::I32(4)].into_iter().collect());
        assert_eq!(run("%double", DataValue::I32(2), None), Ok(four));
        let trap = ControlFlow::Trap(CraneliftTrap::User(TrapCode::unwrap_user(7)));
        assert_eq!(run("%double", DataValue::I32(0), None), Ok(trap));
        assert!(matches!(run("%treble", DataValue::I32(0), None), Err(InterpreterError::UnknownFunctionName(_))));
    }

    #[test]
    fn handlers_run_library_functions() {
        let float = |x| DataValue::F32(Ieee32::with_float(x));
        let is = |x| ControlFlow::Return([float(x)].into_iter().collect());
        assert_eq!(run("%ceiling", float(1.5), None), Ok(is(2.0)));
        let same: LibCallHandler = |_, args| Ok(args);
        assert_eq!(run("%ceiling", float(1.5), Some(same)), Ok(is(1.5)));
        let trap: LibCallHandler = |_, _| Err(CraneliftTrap::HeapMisaligned);
        assert_eq!(run("%ceiling", float(1.5), Some(trap)), Ok(ControlFlow::Trap(CraneliftTrap::HeapMisaligned)));
    }
}
