//! The state of a run: frames, their values, and the stack; calls and returns. Needs the memory and the functions; single
//! instructions are run next door.

use super::address::{Callee, THROW_NAME, return_address};
use super::memory::{Memory, Place};
use super::policy::{Canonical, Policy};
use super::step::{self, edge};
use super::world::{Bits, Fault, Instruction, Named, Operands, Step, World};
use super::{
    FuncIndex, FunctionStore, InterpreterError, LibCallHandler, LibCallValues, default_libcalls, global_address,
};
use crate::aliases::Aliases;
use crate::data_value::DataValue;
use crate::ir::entities::{Block, FuncRef, Inst, Value};
use crate::ir::{ArgumentPurpose, ExternalName, Function, GlobalValueData, InstructionData, LibCall, Signature};
use rustc_hash::FxHashMap;
use std::rc::Rc;
use windlass_desc::bv::Num;
use windlass_desc::env::{Access, Choice, TrapCode};
use windlass_desc::ops::Opcode;
use windlass_desc::types::{INVALID, Type};

/// How many frames and values of frames there may be.
const FRAME_LIMIT: usize = 1 << 17;
const VALUE_LIMIT: usize = 1 << 24;

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
    pinned: u128,
    big_endian: bool,
}

impl<'a> Interpreter<'a> {
    /// An interpreter of these functions, which must have been verified.
    pub fn new(functions: FunctionStore<'a>) -> Self {
        let (libcalls, policy) = (Box::new(default_libcalls), Box::new(Canonical));
        Interpreter { functions, libcalls, policy, fuel: None, pinned: 0, big_endian: false }
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

    /// The same with this in the pinned register when a call from outside starts.
    #[must_use]
    pub fn with_pinned_register(self, pinned: u128) -> Self {
        Interpreter { pinned, ..self }
    }

    /// The same on a machine that stores the most significant byte first, or last.
    #[must_use]
    pub fn with_big_endian(self, big_endian: bool) -> Self {
        Interpreter { big_endian, ..self }
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
            pinned: self.pinned,
            big_endian: self.big_endian,
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

/// What follows an instruction of a machine.
pub(super) type Next = Step<Callee>;

/// A run.
pub(super) struct Machine<'m, 'a> {
    functions: &'m FunctionStore<'a>,
    libcalls: &'m LibCallHandler,
    policy: &'m mut dyn Policy,
    memory: Memory,
    values: Vec<u128>,
    /// The pinned register.
    pinned: u128,
    /// Is the most significant byte first where flags do not say?
    big_endian: bool,
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
        let mut next = self.enter(index, args)?;
        loop {
            next = match next {
                Step::Next => {
                    fuel = fuel.checked_sub(1).ok_or(InterpreterError::FuelExhausted)?;
                    let frame = self.frame();
                    let inst = frame.inst.ok_or(InterpreterError::Unterminated)?;
                    let here = Here { func: frame.func, inst };
                    step::step(self, &here)?
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

    fn set(&mut self, v: Value, bits: u128) {
        let base = self.frame().values;
        self.values[base + v.as_u32() as usize] = bits;
    }

    /// Starts a function.
    fn enter(&mut self, index: FuncIndex, args: Bits) -> Result<Next, InterpreterError> {
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
    fn resume(&mut self, results: Bits) -> Next {
        let func = self.frame().func;
        let Some(inst) = self.frame().inst else { return Step::Next };
        if let Some(table) = func.dfg.insts[inst].exception_table() {
            let normal = func.dfg.exception_tables[table].normal_return();
            return edge(self, normal, &results, &[]);
        }
        for (v, bits) in func.dfg.inst_results(inst).iter().zip(results) {
            self.set(*v, bits);
        }
        self.advance();
        Step::Next
    }

    /// Goes on to the next instruction.
    fn advance(&mut self) {
        let top = self.frames.len() - 1;
        let frame = &mut self.frames[top];
        frame.inst = frame.inst.and_then(|i| frame.func.layout.next_inst(i));
    }

    fn symbol(&self, func: &Function, name: &ExternalName) -> Result<Callee, InterpreterError> {
        if let ExternalName::LibCall(l) = name {
            return Ok(Callee::LibCall(*l));
        }
        let name = name.display(Some(&func.params)).to_string();
        match self.functions.index_of(&name) {
            Some(index) => Ok(Callee::Function(index)),
            None if name == THROW_NAME => Ok(Callee::Throw),
            None => Err(InterpreterError::UnknownSymbol(name)),
        }
    }

    /// The address of a global value that is based on no other.
    fn root(&self, data: &GlobalValueData) -> Result<u64, InterpreterError> {
        let func = self.frame().func;
        match data {
            GlobalValueData::VMContext => match func.special_param(ArgumentPurpose::VMContext) {
                Some(v) => Ok(self.get(v) as u64),
                None => Err(InterpreterError::UnknownSymbol("vmctx".to_string())),
            },
            GlobalValueData::Symbol { name, offset, .. } => {
                Ok(self.symbol(func, name)?.address().wrapping_add_signed(offset.bits()))
            }
            _ => Ok(1),
        }
    }
}

/// The present instruction of a machine.
struct Here<'a> {
    func: &'a Function,
    inst: Inst,
}

impl Instruction for Here<'_> {
    fn data(&self) -> &InstructionData {
        &self.func.dfg.insts[self.inst]
    }

    fn operands(&self) -> Operands<'_> {
        let dfg = &self.func.dfg;
        let result = dfg.inst_results(self.inst).first().map_or(INVALID, |v| dfg.value_type(*v));
        Operands { args: dfg.inst_args(self.inst), ctv: dfg.ctrl_typevar(self.inst), result }
    }
}

impl<'a> World<'a> for Machine<'_, 'a> {
    type Callee = Callee;

    fn func(&self) -> &'a Function {
        self.frame().func
    }

    fn get(&self, v: Value) -> u128 {
        let frame = self.frame();
        self.values[frame.values + frame.aliases.resolve(v).as_u32() as usize]
    }

    fn callee(&self, func_ref: FuncRef) -> Result<Callee, InterpreterError> {
        let func = self.frame().func;
        self.symbol(func, &func.dfg.ext_funcs[func_ref].name)
    }

    fn callee_at(&self, address: u64, sig: &Signature) -> Result<Callee, InterpreterError> {
        let callee = Callee::at(address).ok_or(InterpreterError::BadCallee(address))?;
        if let Callee::Function(index) = callee {
            let func = self.functions.get_by_index(index).ok_or(InterpreterError::BadCallee(address))?;
            if func.signature != *sig {
                return Err(InterpreterError::BadSignature(self.functions.name(index)));
            }
        }
        Ok(callee)
    }

    fn address(&mut self, of: Named) -> Result<u64, InterpreterError> {
        let frame = self.frame();
        let func = frame.func;
        Ok(match of {
            Named::Function(func_ref) => self.callee(func_ref)?.address(),
            Named::Slot(slot) => frame.place.slots[slot.as_u32() as usize],
            Named::DynamicSlot(slot) => frame.place.slots[func.sized_stack_slots.len() + slot.as_u32() as usize],
            Named::Global(gv) => {
                let load = |address, ty: Type| {
                    let size = ty.bytes();
                    let v = self.memory.read(address, size);
                    Ok(v.ok_or(InterpreterError::BadAccess { address, size })? as u64)
                };
                global_address(func, gv, |data| self.root(data), load)?
            }
        })
    }

    fn register(&self, opcode: Opcode) -> Option<u128> {
        let frame = self.frame();
        match opcode {
            Opcode::GetPinnedReg => Some(self.pinned),
            Opcode::GetStackPointer => Some(frame.place.sp.into()),
            Opcode::GetFramePointer => Some(frame.place.fp.into()),
            Opcode::GetReturnAddress => Some(frame.return_address.into()),
            _ => None,
        }
    }

    fn set_pinned(&mut self, bits: u128) {
        self.pinned = bits;
    }

    fn load(&mut self, address: u64, size: u32, _: Access) -> Result<u128, Fault> {
        self.memory.read(address, size).ok_or(Fault::Inaccessible)
    }

    fn store(&mut self, address: u64, size: u32, bits: u128, _: Access) -> Result<(), Fault> {
        self.memory.write(address, size, bits).ok_or(Fault::Inaccessible)
    }

    fn choose(&mut self, set: Choice, width: u32) -> Num {
        self.policy.choose(set, width)
    }

    fn big_endian(&self) -> bool {
        self.big_endian
    }

    fn finish(&mut self, results: &[Num]) {
        let top = self.frames.len() - 1;
        let frame = &mut self.frames[top];
        let Some(inst) = frame.inst else { return };
        for (v, num) in frame.func.dfg.inst_results(inst).iter().zip(results) {
            self.values[frame.values + v.as_u32() as usize] = num.get();
        }
        frame.inst = frame.func.layout.next_inst(inst);
    }
}
