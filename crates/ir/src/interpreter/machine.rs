//! The state of a run: frames, their values, and the stack; calls and returns. Needs the memory and the functions; single
//! instructions are run next door.

use super::address::{Callee, return_address};
use super::memory::{Memory, Place};
use super::policy::{Canonical, Policy};
use super::{FuncIndex, FunctionStore, InterpreterError, LibCallHandler, LibCallValues, default_libcalls};
use crate::aliases::Aliases;
use crate::data_value::DataValue;
use crate::ir::entities::{Block, Inst, Value};
use crate::ir::{BlockArg, BlockCall, Function, InstructionData, LibCall};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::TrapCode;

/// How many frames and values of frames there may be.
const FRAME_LIMIT: usize = 1 << 17;
const VALUE_LIMIT: usize = 1 << 24;

/// The values of a call: arguments or results, as bits.
pub(super) type Bits = SmallVec<[u128; 4]>;

/// How a run ended.
#[derive(Clone, PartialEq, Debug)]
pub enum ControlFlow {
    /// The function returned.
    Return(Vec<DataValue>),
    /// An instruction trapped.
    Trap(TrapCode),
}

/// Runs functions, each call from outside on a fresh stack.
pub struct Interpreter<'a> {
    functions: FunctionStore<'a>,
    libcalls: Box<LibCallHandler>,
    policy: Box<dyn Policy>,
    fuel: Option<u64>,
}

impl<'a> Interpreter<'a> {
    /// An interpreter of these functions, which must have been verified.
    pub fn new(functions: FunctionStore<'a>) -> Self {
        Interpreter { functions, libcalls: Box::new(default_libcalls), policy: Box::new(Canonical), fuel: None }
    }

    /// The same with another implementation of library functions.
    #[must_use]
    pub fn with_libcall_handler(
        self,
        libcalls: impl Fn(LibCall, &[DataValue]) -> Option<Result<LibCallValues, TrapCode>> + 'static,
    ) -> Self {
        Interpreter { libcalls: Box::new(libcalls), ..self }
    }

    /// The same with another policy for what definitions leave open.
    #[must_use]
    pub fn with_policy(self, policy: impl Policy + 'static) -> Self {
        Interpreter { policy: Box::new(policy), ..self }
    }

    /// The same with a limit on the instructions that a call from outside may run.
    #[must_use]
    pub fn with_fuel(self, fuel: Option<u64>) -> Self {
        Interpreter { fuel, ..self }
    }

    /// Calls the function of this name, which is written as in text: `%f` or `u0:1`.
    pub fn call_by_name(&mut self, name: &str, args: &[DataValue]) -> Result<ControlFlow, InterpreterError> {
        let unknown = || InterpreterError::UnknownFunctionName(name.to_string());
        self.call_by_index(self.functions.index_of(name).ok_or_else(unknown)?, args)
    }

    /// Calls the function with this number.
    pub fn call_by_index(&mut self, index: FuncIndex, args: &[DataValue]) -> Result<ControlFlow, InterpreterError> {
        let func = self.functions.get_by_index(index).ok_or(InterpreterError::UnknownFunctionIndex(index))?;
        let fits = |(v, p): (&DataValue, &crate::ir::AbiParam)| match p.value_type {
            ty if ty.is_vector() => v.is_vector() && v.ty().bits() == ty.bits(),
            ty => v.ty() == ty,
        };
        let params = &func.signature.params;
        if args.len() != params.len() || !args.iter().zip(params).all(fits) {
            return Err(InterpreterError::BadArguments(self.functions.name(index)));
        }
        let mut machine = Machine {
            functions: &self.functions,
            libcalls: &*self.libcalls,
            policy: &mut *self.policy,
            memory: Memory::default(),
            values: Vec::new(),
            pinned: 0,
            aliases: FxHashMap::default(),
            frames: Vec::new(),
        };
        let bits = match machine.run(index, args.iter().map(|a| a.to_bits()).collect(), self.fuel)? {
            Ok(bits) => bits,
            Err(code) => return Ok(ControlFlow::Trap(code)),
        };
        let value = |(v, p): (&u128, &crate::ir::AbiParam)| {
            DataValue::from_bits(*v, p.value_type).ok_or(InterpreterError::UnsupportedType(p.value_type))
        };
        bits.iter().zip(&func.signature.returns).map(value).collect::<Result<_, _>>().map(ControlFlow::Return)
    }
}

/// A function that runs.
pub(super) struct Frame<'a> {
    pub(super) func: &'a Function,
    index: FuncIndex,
    pub(super) place: Place,
    /// The address to return to, 0 in the outermost frame.
    pub(super) return_address: u64,
    /// The instruction to run next, or the call that runs.
    pub(super) inst: Option<Inst>,
    aliases: Rc<Aliases>,
    /// Where its values start.
    values: usize,
    /// Where its memory starts.
    memory: usize,
}

impl Frame<'_> {
    /// The address to which the call returns that runs.
    pub(super) fn resumes_at(&self) -> u64 {
        self.inst.map_or(0, |call| return_address(self.index, call))
    }
}

/// What follows an instruction.
pub(super) enum Step {
    /// The next one.
    Next,
    /// A block, entered with values.
    Jump(Block, Bits),
    /// The caller.
    Return(Bits),
    /// A function that comes back here.
    Call(Callee, Bits),
    /// A function that returns to this one's caller.
    TailCall(Callee, Bits),
    /// The end of the run.
    Trap(TrapCode),
}

/// A run.
pub(super) struct Machine<'m, 'a> {
    pub(super) functions: &'m FunctionStore<'a>,
    libcalls: &'m LibCallHandler,
    pub(super) policy: &'m mut dyn Policy,
    pub(super) memory: Memory,
    values: Vec<u128>,
    /// The pinned register.
    pub(super) pinned: u128,
    /// The aliases of functions that have run.
    aliases: FxHashMap<FuncIndex, Rc<Aliases>>,
    pub(super) frames: Vec<Frame<'a>>,
}

impl<'a> Machine<'_, 'a> {
    fn run(
        &mut self,
        index: FuncIndex,
        args: Bits,
        fuel: Option<u64>,
    ) -> Result<Result<Bits, TrapCode>, InterpreterError> {
        let mut fuel = fuel.unwrap_or(u64::MAX);
        let mut step = self.enter(index, args)?;
        loop {
            step = match step {
                Step::Next => {
                    fuel = fuel.checked_sub(1).ok_or(InterpreterError::FuelExhausted)?;
                    self.step()?
                }
                Step::Jump(block, args) => {
                    self.jump(block, &args);
                    Step::Next
                }
                Step::Trap(code) => return Ok(Err(code)),
                Step::Call(Callee::Function(index), args) => self.enter(index, args)?,
                Step::Call(Callee::LibCall(l), args) => match self.libcall(l, &args)? {
                    Ok(results) => self.resume(results),
                    Err(code) => Step::Trap(code),
                },
                Step::Call(Callee::Throw, args) | Step::TailCall(Callee::Throw, args) => self.throw(&args)?,
                Step::TailCall(Callee::Function(index), args) => {
                    self.leave();
                    self.enter(index, args)?
                }
                Step::TailCall(Callee::LibCall(l), args) => match self.libcall(l, &args)? {
                    Ok(results) => Step::Return(results),
                    Err(code) => Step::Trap(code),
                },
                Step::Return(results) => {
                    self.leave();
                    if self.frames.is_empty() {
                        return Ok(Ok(results));
                    }
                    self.resume(results)
                }
            };
        }
    }

    pub(super) fn frame(&self) -> &Frame<'a> {
        &self.frames[self.frames.len() - 1]
    }

    /// The bits of a value of the topmost frame.
    pub(super) fn get(&self, v: Value) -> u128 {
        let frame = self.frame();
        self.values[frame.values + frame.aliases.resolve(v).as_u32() as usize]
    }

    /// A value of the topmost frame with its width.
    pub(super) fn num(&self, v: Value) -> Num {
        Num::lit(self.frame().func.dfg.value_type(v).bits(), self.get(v))
    }

    pub(super) fn set(&mut self, v: Value, bits: u128) {
        let base = self.frame().values;
        self.values[base + v.as_u32() as usize] = bits;
    }

    /// Starts a function.
    fn enter(&mut self, index: FuncIndex, args: Bits) -> Result<Step, InterpreterError> {
        let func = self.functions.get_by_index(index).ok_or(InterpreterError::UnknownFunctionIndex(index))?;
        let Some(entry) = func.layout.entry_block() else {
            return Err(InterpreterError::UnknownFunctionName(self.functions.name(index)));
        };
        let (values, memory) = (self.values.len(), self.memory.top());
        let room = self.frames.len() < FRAME_LIMIT && values + func.dfg.num_values() <= VALUE_LIMIT;
        let (fp, return_address) = self.frames.last().map_or((0, 0), |f| (f.place.fp, f.resumes_at()));
        let place = if room { self.memory.push(func, [fp, return_address]) } else { None };
        let Some(place) = place else { return Ok(Step::Trap(TrapCode::STACK_OVERFLOW)) };
        self.values.resize(values + func.dfg.num_values(), 0);
        let aliases = self.aliases.entry(index).or_insert_with(|| Rc::new(Aliases::of(&func.dfg))).clone();
        self.frames.push(Frame { func, index, place, return_address, inst: None, aliases, values, memory });
        Ok(Step::Jump(entry, args))
    }

    /// Drops the topmost frame.
    pub(super) fn leave(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.values.truncate(frame.values);
            self.memory.pop(frame.memory);
        }
    }

    fn jump(&mut self, block: Block, args: &[u128]) {
        let func = self.frame().func;
        for (param, bits) in func.dfg.block_params(block).iter().zip(args) {
            self.set(*param, *bits);
        }
        let top = self.frames.len() - 1;
        self.frames[top].inst = func.layout.first_inst(block);
    }

    /// Runs a library function, whose arguments are typed by the signature of the call, which is the present instruction.
    fn libcall(&self, call: LibCall, args: &[u128]) -> Result<Result<Bits, TrapCode>, InterpreterError> {
        let unsupported = InterpreterError::UnsupportedLibCall(call);
        let dfg = &self.frame().func.dfg;
        let Some(sig) = self.frame().inst.and_then(|i| dfg.call_signature(i)) else { return Err(unsupported) };
        let typed = args.iter().zip(&dfg.signatures[sig].params).map(|(v, p)| DataValue::from_bits(*v, p.value_type));
        let Some(args) = typed.collect::<Option<Vec<_>>>() else { return Err(unsupported) };
        match (self.libcalls)(call, &args) {
            Some(Ok(results)) => Ok(Ok(results.iter().map(|v| v.to_bits()).collect())),
            Some(Err(code)) => Ok(Err(code)),
            None => Err(unsupported),
        }
    }

    /// Goes on after the call that is the topmost frame's present instruction.
    fn resume(&mut self, results: Bits) -> Step {
        let func = self.frame().func;
        let Some(inst) = self.frame().inst else { return Step::Next };
        if let Some(table) = func.dfg.insts[inst].exception_table() {
            let normal = func.dfg.exception_tables[table].normal_return();
            return self.edge(normal, &results, &[]);
        }
        for (v, bits) in func.dfg.inst_results(inst).iter().zip(results) {
            self.set(*v, bits);
        }
        self.advance();
        Step::Next
    }

    /// Goes on to the next instruction.
    pub(super) fn advance(&mut self) {
        let top = self.frames.len() - 1;
        let frame = &mut self.frames[top];
        frame.inst = frame.inst.and_then(|i| frame.func.layout.next_inst(i));
    }

    /// The step along an edge. `returned` is what the call gave that ends the block, `thrown` what it threw.
    pub(super) fn edge(&self, call: &BlockCall, returned: &[u128], thrown: &[u128]) -> Step {
        let pool = &self.frame().func.dfg.value_lists;
        let nth = |values: &[u128], n: u32| values.get(n as usize).copied().unwrap_or(0);
        let arg = |a| match a {
            BlockArg::Value(v) => self.get(v),
            BlockArg::TryCallRet(n) => nth(returned, n),
            BlockArg::TryCallExn(n) => nth(thrown, n),
        };
        Step::Jump(call.block(pool), call.args(pool).map(arg).collect())
    }

    /// The data of the instruction to run.
    pub(super) fn data(&self, inst: Inst) -> &'a InstructionData {
        &self.frame().func.dfg.insts[inst]
    }
}
