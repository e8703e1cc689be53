//! Runs of functions, and the state of one that is stepped through. Runs are those of `windlass-ir`, which knows of traps
//! only their codes: a trap that a handler of library calls raises is kept beside the run, for it ends the run in any case.

use crate::address::{Address, AddressFunctionEntry, AddressRegion, AddressSize};
use crate::environment::{FuncIndex, FunctionStore};
use crate::frame::Frame;
use crate::state::{InterpreterFunctionRef, MemoryError, State};
use crate::step::{ControlFlow, CraneliftTrap, StepError};
use crate::value::ValueError;
use smallvec::SmallVec;
use std::cell::Cell;
use std::rc::Rc;
use windlass_ir::data_value::DataValue;
use windlass_ir::entity::EntityRef;
use windlass_ir::interpreter::{self as inner, Memory, Place, STACK};
use windlass_ir::ir::types::Type;
use windlass_ir::ir::{
    ArgumentPurpose, Endianness, ExternalName, FuncRef, Function, GlobalValue, GlobalValueData, LibCall, MemFlagsData,
    StackSlot, TrapCode,
};

/// Arguments or results of a library function.
pub type LibCallValues = SmallVec<[DataValue; 1]>;

/// What runs library functions.
pub type LibCallHandler = fn(LibCall, LibCallValues) -> Result<LibCallValues, CraneliftTrap>;

/// The library functions that need nothing but arithmetic. Others trap.
fn arithmetic(call: LibCall, args: LibCallValues) -> Result<LibCallValues, CraneliftTrap> {
    match inner::default_libcalls(call, &args) {
        Some(result) => result.map_err(CraneliftTrap::User),
        None => Err(CraneliftTrap::UnreachableCodeReached),
    }
}

/// What a run begins with, and of one that is stepped through where it is.
#[derive(Clone, Debug)]
pub struct InterpreterState<'a> {
    /// The functions.
    pub functions: FunctionStore<'a>,
    /// What runs library functions.
    pub libcall_handler: LibCallHandler,
    /// The frames of the functions that run, the innermost last.
    pub frame_stack: Vec<Frame<'a>>,
    /// Where on the stack the innermost frame begins, in bytes.
    pub frame_offset: usize,
    /// The stack's bytes.
    pub stack: Vec<u8>,
    /// What is in the pinned register.
    pub pinned_reg: DataValue,
    /// The order of bytes in memory where flags do not say.
    pub native_endianness: Endianness,
    /// Where the frames are; none if there was no room.
    places: Vec<Option<Place>>,
}

impl Default for InterpreterState<'_> {
    fn default() -> Self {
        InterpreterState {
            functions: FunctionStore::default(),
            libcall_handler: arithmetic,
            frame_stack: Vec::new(),
            frame_offset: 0,
            stack: Vec::new(),
            pinned_reg: DataValue::I64(0),
            native_endianness: Endianness::Little,
            places: Vec::new(),
        }
    }
}

impl<'a> InterpreterState<'a> {
    /// The same with these functions.
    #[must_use]
    pub fn with_function_store(self, functions: FunctionStore<'a>) -> Self {
        InterpreterState { functions, ..self }
    }

    /// The same with another implementation of library functions.
    #[must_use]
    pub fn with_libcall_handler(self, libcall_handler: LibCallHandler) -> Self {
        InterpreterState { libcall_handler, ..self }
    }

    /// Where bytes on the stack are, if they all exist.
    fn place(&self, address: Address, size: usize) -> Option<std::ops::Range<usize>> {
        let start = usize::try_from(address.offset).ok().filter(|_| address.region == AddressRegion::Stack)?;
        let end = start.checked_add(size)?;
        (end <= self.stack.len()).then_some(start..end)
    }

    fn big_endian(&self, flags: MemFlagsData) -> bool {
        flags.explicit_endianness().unwrap_or(self.native_endianness) == Endianness::Big
    }

    fn symbol(&self, size: AddressSize, name: &ExternalName) -> Result<Address, MemoryError> {
        let (entry, number) = match name {
            ExternalName::LibCall(l) => (AddressFunctionEntry::LibCall, *l as u64),
            name => {
                let params = self.frame_stack.last().map(|f| &f.function().params);
                let name = name.display(params).to_string();
                let index = self.functions.index_of(&name);
                // What is not there has no address: that of the function after the last leads nowhere either.
                let number = index.map_or(u64::MAX, |i| i.index() as u64);
                (AddressFunctionEntry::UserFunction, number)
            }
        };
        Address::from_parts(size, AddressRegion::Function, entry as u64, number)
    }

    /// The address of a global value that is based on no other.
    fn root(&self, data: &GlobalValueData) -> Result<u64, MemoryError> {
        let invalid = || MemoryError::InvalidAddress(DataValue::I64(0));
        match data {
            GlobalValueData::VMContext => {
                let vmctx = self.get_current_function().special_param(ArgumentPurpose::VMContext);
                let value = vmctx.and_then(|v| self.current_frame().try_get(v));
                Ok(value.ok_or_else(invalid)?.to_bits() as u64)
            }
            GlobalValueData::Symbol { name, offset, .. } => {
                let address = DataValue::try_from(self.symbol(AddressSize::_64, name)?)?;
                Ok((address.to_bits() as u64).wrapping_add_signed(offset.bits()))
            }
            _ => Ok(1),
        }
    }
}

/// Does an access that says so keep to its alignment?
fn misaligned(address: Address, size: usize, flags: MemFlagsData) -> bool {
    flags.aligned() && size > 0 && !(STACK + address.offset).is_multiple_of(size as u64)
}

impl<'a> State<'a> for InterpreterState<'a> {
    fn get_function(&self, func_ref: FuncRef) -> Option<&'a Function> {
        self.functions.get_from_func_ref(func_ref, self.get_current_function())
    }

    /// # Panics
    /// If no function runs.
    fn get_current_function(&self) -> &'a Function {
        self.current_frame().function()
    }

    fn get_libcall_handler(&self) -> LibCallHandler {
        self.libcall_handler
    }

    fn push_frame(&mut self, function: &'a Function) {
        let mut memory = Memory { bytes: std::mem::take(&mut self.stack) };
        let fp = self.places.last().and_then(|p| p.as_ref()).map_or(0, |p| p.fp);
        let place = memory.push(function, [fp, 0]);
        self.stack = memory.bytes;
        self.frame_offset = place.as_ref().map_or(self.stack.len(), |p| (p.sp - STACK) as usize);
        self.places.push(place);
        self.frame_stack.push(Frame::new(function));
    }

    fn pop_frame(&mut self) {
        self.frame_stack.pop();
        if let Some(Some(place)) = self.places.pop() {
            self.stack.truncate((place.sp - STACK) as usize);
        }
        self.frame_offset = self.places.last().and_then(|p| p.as_ref()).map_or(0, |p| (p.sp - STACK) as usize);
    }

    /// # Panics
    /// If no function runs.
    fn current_frame_mut(&mut self) -> &mut Frame<'a> {
        self.frame_stack.last_mut().expect("a function runs")
    }

    /// # Panics
    /// If no function runs.
    fn current_frame(&self) -> &Frame<'a> {
        self.frame_stack.last().expect("a function runs")
    }

    fn stack_address(&self, size: AddressSize, slot: StackSlot, offset: u64) -> Result<Address, MemoryError> {
        let (entry, frame) = (slot.index(), self.places.last().and_then(|p| p.as_ref()));
        let start = frame.and_then(|f| f.slots.get(entry));
        let max = frame.map_or(0, |f| f.slots.len().saturating_sub(1)) as u64;
        let start = start.ok_or(MemoryError::InvalidEntry { entry: entry as u64, max })? - STACK;
        let bytes = self.get_current_function().sized_stack_slots.get(slot).map_or(0, |s| u64::from(s.size));
        if offset > bytes {
            return Err(MemoryError::InvalidOffset { offset, max: bytes });
        }
        Address::from_parts(size, AddressRegion::Stack, 0, start + offset)
    }

    fn checked_load(&self, addr: Address, ty: Type, mem_flags: MemFlagsData) -> Result<DataValue, MemoryError> {
        let load_size = ty.bytes() as usize;
        if misaligned(addr, load_size, mem_flags) {
            return Err(MemoryError::MisalignedLoad { addr, load_size });
        }
        // A value is in 16 bytes at most; there are no other types of memory here.
        let place = self.place(addr, load_size).filter(|_| DataValue::from_bits(0, ty).is_some());
        let bytes = &self.stack[place.ok_or(MemoryError::OutOfBoundsLoad { addr, load_size, mem_flags })?];
        Ok(match self.big_endian(mem_flags) {
            true => DataValue::read_from_slice_be(bytes, ty),
            false => DataValue::read_from_slice_le(bytes, ty),
        })
    }

    fn checked_store(&mut self, addr: Address, v: DataValue, mem_flags: MemFlagsData) -> Result<(), MemoryError> {
        let store_size = v.ty().bytes() as usize;
        if misaligned(addr, store_size, mem_flags) {
            return Err(MemoryError::MisalignedStore { addr, store_size });
        }
        let place = self.place(addr, store_size);
        let place = place.ok_or(MemoryError::OutOfBoundsStore { addr, store_size, mem_flags })?;
        match self.big_endian(mem_flags) {
            true => v.write_to_slice_be(&mut self.stack[place]),
            false => v.write_to_slice_le(&mut self.stack[place]),
        }
        Ok(())
    }

    fn function_address(&self, size: AddressSize, name: &ExternalName) -> Result<Address, MemoryError> {
        self.symbol(size, name)
    }

    fn get_function_from_address(&self, address: Address) -> Option<InterpreterFunctionRef<'a>> {
        if address.region != AddressRegion::Function {
            return None;
        }
        let number = usize::try_from(address.offset).ok()?;
        match AddressFunctionEntry::from(address.entry) {
            AddressFunctionEntry::UserFunction => {
                Some(self.functions.get_by_index(FuncIndex::from_u32(number.try_into().ok()?))?.into())
            }
            AddressFunctionEntry::LibCall => {
                LibCall::all_libcalls().iter().find(|l| **l as usize == number).map(|l| (*l).into())
            }
        }
    }

    fn resolve_global_value(&self, gv: GlobalValue) -> Result<DataValue, MemoryError> {
        let failed: Cell<Option<MemoryError>> = Cell::new(None);
        let note = |error: MemoryError| {
            let text = error.to_string();
            failed.set(Some(error));
            inner::InterpreterError::UnknownSymbol(text)
        };
        let load = |address: u64, ty: Type| {
            let value = Address::try_from(address).and_then(|a| self.checked_load(a, ty, MemFlagsData::trusted()));
            Ok(value.map_err(note)?.to_bits() as u64)
        };
        let address =
            inner::global_address(self.get_current_function(), gv, |data| self.root(data).map_err(note), load);
        let too_deep = || MemoryError::InvalidAddress(DataValue::I64(0));
        address.map(|a| DataValue::I64(a as i64)).map_err(|_| failed.take().unwrap_or_else(too_deep))
    }

    fn get_pinned_reg(&self) -> DataValue {
        self.pinned_reg.clone()
    }

    fn set_pinned_reg(&mut self, v: DataValue) {
        self.pinned_reg = v;
    }
}

/// Why a run ended without results and without a trap.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum InterpreterError {
    /// An instruction could not be run.
    #[error(transparent)]
    StepError(#[from] StepError),
    /// A block ends without a terminator.
    #[error("a block ends without a terminator")]
    Unreachable,
    /// There is no function with this number.
    #[error("unknown function: {0}")]
    UnknownFunctionIndex(FuncIndex),
    /// There is no function with this name.
    #[error("unknown function: {0}")]
    UnknownFunctionName(String),
    /// An operation on values failed.
    #[error(transparent)]
    ValueError(#[from] ValueError),
    /// The run took more steps than it may.
    #[error("the run took more steps than it may")]
    FuelExhausted,
}

impl From<inner::InterpreterError> for InterpreterError {
    fn from(error: inner::InterpreterError) -> Self {
        match error {
            inner::InterpreterError::Unterminated => InterpreterError::Unreachable,
            inner::InterpreterError::UnknownFunctionIndex(index) => InterpreterError::UnknownFunctionIndex(index),
            inner::InterpreterError::UnknownFunctionName(name) => InterpreterError::UnknownFunctionName(name),
            inner::InterpreterError::FuelExhausted => InterpreterError::FuelExhausted,
            error => InterpreterError::StepError(StepError::Failed(error)),
        }
    }
}

/// May a run take another step?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FuelResult {
    /// It may not.
    Stop,
    /// It may.
    Continue,
}

/// Runs functions, each call from outside on a fresh stack.
pub struct Interpreter<'a> {
    inner: inner::Interpreter<'a>,
    /// The trap that the handler raised last.
    raised: Rc<Cell<Option<CraneliftTrap>>>,
}

impl<'a> Interpreter<'a> {
    /// An interpreter of a state's functions, which must have been verified, with the state's handler of library calls,
    /// pinned register and order of bytes. Frames that run already are not gone on with.
    pub fn new(state: InterpreterState<'a>) -> Self {
        let (raised, handler) = (Rc::new(Cell::new(None)), state.libcall_handler);
        let kept = Rc::clone(&raised);
        let inner = inner::Interpreter::new(state.functions)
            .with_pinned_register(state.pinned_reg.to_bits())
            .with_big_endian(state.native_endianness == Endianness::Big)
            .with_libcall_handler(move |call, args| {
                Some(handler(call, args.iter().cloned().collect()).map_err(|trap| {
                    kept.set(Some(trap));
                    TrapCode::unwrap_user(1)
                }))
            });
        Interpreter { inner, raised }
    }

    /// The same with a limit on the instructions that a call from outside may run.
    #[must_use]
    pub fn with_fuel(self, fuel: Option<u64>) -> Self {
        Interpreter { inner: self.inner.with_fuel(fuel), ..self }
    }

    /// Calls the function of this name, which is written as in text: `%f` or `u0:1`.
    pub fn call_by_name(
        &mut self,
        func_name: &str,
        arguments: &[DataValue],
    ) -> Result<ControlFlow<'a>, InterpreterError> {
        let end = self.inner.call_by_name(func_name, arguments);
        self.end(end)
    }

    /// Calls the function with this number.
    pub fn call_by_index(
        &mut self,
        func_index: FuncIndex,
        arguments: &[DataValue],
    ) -> Result<ControlFlow<'a>, InterpreterError> {
        let end = self.inner.call_by_index(func_index, arguments);
        self.end(end)
    }

    /// Traps of the machine are errors of the interpreter within.
    fn end(
        &self,
        end: Result<inner::ControlFlow, inner::InterpreterError>,
    ) -> Result<ControlFlow<'a>, InterpreterError> {
        Ok(match (end, self.raised.take()) {
            (Ok(inner::ControlFlow::Return(values)), _) => ControlFlow::Return(values.into()),
            (Ok(inner::ControlFlow::Trap(_)), Some(trap)) => ControlFlow::Trap(trap),
            (Ok(inner::ControlFlow::Trap(code)), None) => ControlFlow::Trap(CraneliftTrap::User(code)),
            (Err(inner::InterpreterError::Debugtrap), _) => ControlFlow::Trap(CraneliftTrap::Debug),
            (Err(inner::InterpreterError::BadSignature(_)), _) => ControlFlow::Trap(CraneliftTrap::BadSignature),
            (Err(error), _) => return Err(error.into()),
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

    fn run(
        name: &str,
        arg: DataValue,
        handler: Option<LibCallHandler>,
    ) -> Result<ControlFlow<'static>, InterpreterError> {
        let functions = Vec::leak(parse_functions(TEXT).unwrap());
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
