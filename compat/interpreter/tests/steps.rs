//! Functions are stepped through as users do, in the state that is here and in one of the user's own, and come to the same
//! end as whole runs.

use cranelift_interpreter::address::{Address, AddressSize};
use cranelift_interpreter::environment::FunctionStore;
use cranelift_interpreter::frame::Frame;
use cranelift_interpreter::instruction::DfgInstructionContext;
use cranelift_interpreter::interpreter::{Interpreter, InterpreterState, LibCallHandler, LibCallValues};
use cranelift_interpreter::state::{InterpreterFunctionRef, MemoryError, State};
use cranelift_interpreter::step::{ControlFlow, CraneliftTrap, StepError, step};
use std::collections::HashMap;
use std::path::Path;
use windlass_ir::data_value::DataValue;
use windlass_ir::ir::{
    ExternalName, FuncRef, Function, GlobalValue, Inst, MemFlagsData, Opcode, StackSlot, TrapCode, types,
};
use windlass_ir::reader::{ParseOptions, RunCommand, parse_functions, parse_run_command, parse_test};

/// How many steps a run may take.
const STEPS: usize = 200_000;

/// Where runs are cut: a state cannot tell the machine's registers, and no run is longer than [`STEPS`].
const CUT: [Opcode; 4] = [Opcode::GetStackPointer, Opcode::GetFramePointer, Opcode::GetReturnAddress, Opcode::Nop];

/// Where a function that runs is.
fn first(func: &Function) -> Option<Inst> {
    func.layout.first_inst(func.layout.entry_block()?)
}

fn enter<'a>(state: &mut dyn State<'a>, func: &'a Function, args: LibCallValues) {
    state.push_frame(func);
    let params = func.dfg.block_params(func.layout.entry_block().unwrap());
    state.current_frame_mut().set_all(params, args.into_vec());
}

/// Steps from a function's start to its end.
fn run<'a>(
    state: &mut dyn State<'a>,
    func: &'a Function,
    args: &[DataValue],
) -> Result<ControlFlow<'a>, (Opcode, StepError)> {
    enter(state, func, args.into());
    let mut places: Vec<Inst> = vec![first(func).unwrap()];
    for _ in 0..STEPS {
        let (func, inst) = (state.get_current_function(), *places.last().unwrap());
        let opcode = func.dfg.insts[inst].opcode();
        let flow = step(state, DfgInstructionContext::new(inst, &func.dfg)).map_err(|e| (opcode, e))?;
        let results = match flow {
            ControlFlow::Assign(values) => values,
            ControlFlow::Continue => LibCallValues::new(),
            ControlFlow::ContinueAt(block, args) => {
                state.current_frame_mut().set_all(func.dfg.block_params(block), args.into_vec());
                *places.last_mut().unwrap() = func.layout.first_inst(block).unwrap();
                continue;
            }
            ControlFlow::Call(callee, args) => {
                places.push(first(callee).unwrap());
                enter(state, callee, args);
                continue;
            }
            ControlFlow::ReturnCall(callee, args) => {
                state.pop_frame();
                *places.last_mut().unwrap() = first(callee).unwrap();
                enter(state, callee, args);
                continue;
            }
            ControlFlow::Return(values) => {
                state.pop_frame();
                places.pop();
                match places.last() {
                    None => return Ok(ControlFlow::Return(values)),
                    Some(_) => values,
                }
            }
            ControlFlow::Trap(trap) => return Ok(ControlFlow::Trap(trap)),
        };
        // The results are those of the instruction, or of the call that came back.
        let (func, inst) = (state.get_current_function(), *places.last().unwrap());
        state.current_frame_mut().set_all(func.dfg.inst_results(inst), results.into_vec());
        *places.last_mut().unwrap() = func.layout.next_inst(inst).unwrap();
    }
    Err((Opcode::Nop, StepError::Failed(windlass_ir::interpreter::InterpreterError::FuelExhausted)))
}

fn state_of(functions: &[Function]) -> InterpreterState<'_> {
    InterpreterState::default().with_function_store(FunctionStore::of(functions))
}

fn int(n: i64) -> DataValue {
    DataValue::I64(n)
}

#[test]
fn steps_end_as_runs_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif/run");
    let (mut ran, mut refused) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = parse_test(&text, ParseOptions::default()).unwrap();
        let functions: Vec<Function> = file.functions.iter().map(|(f, _)| f.clone()).collect();
        for (func, details) in &file.functions {
            for comment in &details.comments {
                let (called, args) = match parse_run_command(comment.text, &func.signature) {
                    Ok(Some(RunCommand::Run(call, ..) | RunCommand::Print(call))) => (call.func, call.args),
                    _ => continue,
                };
                // a directive without a call is of its own function
                let named = |f: &&Function| f.name.to_string().trim_start_matches('%') == called;
                let func = functions.iter().find(named).unwrap_or(func);
                let name = func.name.to_string();
                match run(&mut state_of(&functions), func, &args) {
                    Err((opcode, _)) if CUT.contains(&opcode) => refused += 1,
                    end => {
                        ran += 1;
                        let end = end.map_err(|e| e.1.to_string());
                        let whole = Interpreter::new(state_of(&functions)).call_by_name(&name, &args);
                        let same = format!("{end:?}") == format!("{:?}", whole.as_ref().map_err(|e| e.to_string()));
                        assert!(same, "{}: {name}: {end:?}, not {whole:?}", path.display());
                    }
                }
            }
        }
    }
    assert!(ran > 500 && refused < ran / 20, "{ran} ran, {refused} did not");
}

/// A state whose memory is a table of bytes that are there whatever the address, and which counts accesses.
struct Sparse<'a> {
    frames: Vec<Frame<'a>>,
    bytes: HashMap<u64, u8>,
    stores: usize,
}

impl<'a> State<'a> for Sparse<'a> {
    fn get_function(&self, _: FuncRef) -> Option<&'a Function> {
        None
    }
    fn get_current_function(&self) -> &'a Function {
        self.current_frame().function()
    }
    fn get_libcall_handler(&self) -> LibCallHandler {
        |_, _| Err(CraneliftTrap::UnreachableCodeReached)
    }
    fn push_frame(&mut self, function: &'a Function) {
        self.frames.push(Frame::new(function));
    }
    fn pop_frame(&mut self) {
        self.frames.pop();
    }
    fn current_frame_mut(&mut self) -> &mut Frame<'a> {
        self.frames.last_mut().unwrap()
    }
    fn current_frame(&self) -> &Frame<'a> {
        self.frames.last().unwrap()
    }
    fn stack_address(&self, size: AddressSize, slot: StackSlot, offset: u64) -> Result<Address, MemoryError> {
        Address::try_from(0x2000_0000 + 0x100 * u64::from(slot.as_u32()) + offset).map(|a| Address { size, ..a })
    }
    fn checked_load(&self, a: Address, ty: types::Type, _: MemFlagsData) -> Result<DataValue, MemoryError> {
        let byte = |n| self.bytes.get(&(a.offset + u64::from(n))).copied().unwrap_or(0xee);
        let bytes: Vec<u8> = (0..ty.bytes()).map(byte).collect();
        Ok(DataValue::read_from_slice_le(&bytes, ty))
    }
    fn checked_store(&mut self, a: Address, v: DataValue, _: MemFlagsData) -> Result<(), MemoryError> {
        self.stores += 1;
        let mut bytes = vec![0; v.ty().bytes() as usize];
        v.write_to_slice_le(&mut bytes);
        self.bytes.extend(bytes.iter().enumerate().map(|(n, b)| (a.offset + n as u64, *b)));
        Ok(())
    }
    fn function_address(&self, _: AddressSize, _: &ExternalName) -> Result<Address, MemoryError> {
        Err(MemoryError::InvalidAddress(int(0)))
    }
    fn get_function_from_address(&self, _: Address) -> Option<InterpreterFunctionRef<'a>> {
        None
    }
    fn resolve_global_value(&self, gv: GlobalValue) -> Result<DataValue, MemoryError> {
        Ok(int(i64::from(gv.as_u32()) + 1000))
    }
    fn get_pinned_reg(&self) -> DataValue {
        int(77)
    }
    fn set_pinned_reg(&mut self, _: DataValue) {}
}

#[test]
fn states_may_be_the_users_own() {
    let text = "function %sum(i64) -> i64, i32, i64, i64 {
            ss0 = explicit_slot 16
            gv0 = vmctx
            gv1 = symbol %x
        block0(v0: i64):
            v1 = stack_addr.i64 ss0+4
            store v0, v1
            v2 = load.i32 big v1+2
            v3 = symbol_value.i64 gv1
            v4 = get_pinned_reg.i64
            v5 = iconst.i64 0x1000_4000
            v6 = load.i64 v5
            jump block1(v0, v5)
        block1(v7: i64, v8: i64):
            v9 = iconst.i64 -1
            v10 = iadd v7, v9
            store v10, v8
            brif v10, block1(v10, v8), block2
        block2:
            v11 = load.i64 v8
            v12 = iadd v11, v4
            return v6, v2, v3, v12
        }";
    let functions = parse_functions(text).unwrap();
    let mut state = Sparse { frames: vec![], bytes: HashMap::new(), stores: 0 };
    let end = run(&mut state, &functions[0], &[int(5)]).unwrap();
    let results = [int(0xeeee_eeee_eeee_eeee_u64 as i64), DataValue::I32(0), int(1001), int(77)];
    assert_eq!((end, state.stores), (ControlFlow::Return(results.into_iter().collect()), 6));
}

fn one(text: &str) -> Result<ControlFlow<'static>, StepError> {
    let functions = Box::leak(Box::new(parse_functions(text).unwrap()));
    run(&mut state_of(functions), &functions[0], &[]).map_err(|e| e.1)
}

#[test]
fn steps_fail_and_trap() {
    let body = |text: &str| one(&format!("function %f() {{ ss0 = explicit_slot 8\nblock0: {text}\n return }}"));
    let user = |code| Ok(ControlFlow::Trap(CraneliftTrap::User(code)));
    assert_eq!(body("v0 = iconst.i32 0 trapz v0, user9"), user(TrapCode::unwrap_user(9)));
    assert_eq!(body("debugtrap"), Ok(ControlFlow::Trap(CraneliftTrap::Debug)));
    assert_eq!(body("v0 = stack_addr.i64 ss0 v1 = load.i64 v0+4096"), user(TrapCode::HEAP_OUT_OF_BOUNDS));
    let misaligned = body("v0 = stack_addr.i64 ss0 v1 = load.i32 aligned v0+1");
    assert_eq!(misaligned, Ok(ControlFlow::Trap(CraneliftTrap::HeapMisaligned)));
    let outside = body("v0 = stack_addr.i64 ss0 store notrap v0, v0+4096");
    assert!(matches!(outside, Err(StepError::MemoryError(MemoryError::OutOfBoundsStore { store_size: 8, .. }))));
    let nowhere = one("function %f() { fn0 = %nowhere()\nblock0: call fn0() return }");
    assert_eq!(nowhere, Err(StepError::UnknownFunction(FuncRef::from_u32(0))));
    let text = "function %f() { sig0 = (i8)\n fn0 = %f()\nblock0: v0 = func_addr.i64 fn0 v1 = iconst.i8 0
        call_indirect sig0, v0(v1) return }";
    assert_eq!(one(text), Ok(ControlFlow::Trap(CraneliftTrap::BadSignature)));
}

#[test]
fn values_must_be_known() {
    let functions = parse_functions("function %f(i64) {\nblock0(v0: i64): v1 = iadd v0, v0 return }").unwrap();
    let (func, mut state) = (&functions[0], state_of(&functions));
    state.push_frame(func);
    let context = DfgInstructionContext::new(first(func).unwrap(), &func.dfg);
    let v0 = func.dfg.block_params(func.layout.entry_block().unwrap())[0];
    assert_eq!(step(&mut state, context), Err(StepError::UnknownValue(v0)));
    assert_eq!(state.current_frame_mut().set(v0, int(21)), None);
    assert_eq!(step(&mut state, context), Ok(ControlFlow::Assign([int(42)].into_iter().collect())));
    assert_eq!(state.current_frame_mut().set(v0, int(2)), Some(int(21)));
    assert_eq!(state.current_frame().get_all(&[v0, v0]), [int(2), int(2)]);
    state.pop_frame();
    assert!(state.stack.is_empty() && state.frame_stack.is_empty());
}
