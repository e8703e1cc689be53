//! The state of a run as steps see it. [`crate::interpreter::InterpreterState`] is one; users may have their own.

use crate::address::{Address, AddressSize};
use crate::frame::Frame;
use crate::interpreter::{LibCallHandler, LibCallValues};
use windlass_ir::data_value::DataValue;
use windlass_ir::ir::types::{I64, Type};
use windlass_ir::ir::{
    ExternalName, FuncRef, Function, GlobalValue, LibCall, MemFlagsData, Signature, StackSlot, Value,
};
use windlass_ir::isa::CallConv;

/// The state of a run.
pub trait State<'a> {
    /// The function that an import means.
    fn get_function(&self, func_ref: FuncRef) -> Option<&'a Function>;
    /// The function that runs.
    fn get_current_function(&self) -> &'a Function;
    /// What runs library functions.
    fn get_libcall_handler(&self) -> LibCallHandler;
    /// Starts a function, whose frame becomes the current one.
    fn push_frame(&mut self, function: &'a Function);
    /// Drops the current frame.
    fn pop_frame(&mut self);
    /// The current frame, to change its values.
    fn current_frame_mut(&mut self) -> &mut Frame<'a>;
    /// The current frame.
    fn current_frame(&self) -> &Frame<'a>;
    /// Values of the current frame, all of which must be known.
    fn collect_values(&self, names: &[Value]) -> LibCallValues {
        names.iter().map(|v| self.current_frame().get(*v).clone()).collect()
    }
    /// Where something in a slot of the current frame is, `offset` bytes from its start.
    fn stack_address(&self, size: AddressSize, slot: StackSlot, offset: u64) -> Result<Address, MemoryError>;
    /// Reads a value of a type.
    fn checked_load(&self, address: Address, ty: Type, mem_flags: MemFlagsData) -> Result<DataValue, MemoryError>;
    /// Writes a value.
    fn checked_store(&mut self, address: Address, v: DataValue, mem_flags: MemFlagsData) -> Result<(), MemoryError>;
    /// The address of a function.
    fn function_address(&self, size: AddressSize, name: &ExternalName) -> Result<Address, MemoryError>;
    /// The function at an address.
    fn get_function_from_address(&self, address: Address) -> Option<InterpreterFunctionRef<'a>>;
    /// What a global value is.
    fn resolve_global_value(&self, gv: GlobalValue) -> Result<DataValue, MemoryError>;
    /// What is in the pinned register.
    fn get_pinned_reg(&self) -> DataValue;
    /// Sets the pinned register.
    fn set_pinned_reg(&mut self, v: DataValue);
}

/// Something that can be called.
#[derive(Clone, Copy, Debug)]
pub enum InterpreterFunctionRef<'a> {
    /// A function of the run.
    Function(&'a Function),
    /// A library function.
    LibCall(LibCall),
}

impl<'a> InterpreterFunctionRef<'a> {
    /// Its signature; that of a library function on a 64-bit machine.
    pub fn signature(&self) -> Signature {
        match self {
            InterpreterFunctionRef::Function(f) => f.signature.clone(),
            InterpreterFunctionRef::LibCall(l) => l.signature(CallConv::SystemV, I64),
        }
    }
}

impl<'a> From<&'a Function> for InterpreterFunctionRef<'a> {
    fn from(f: &'a Function) -> Self {
        InterpreterFunctionRef::Function(f)
    }
}

impl From<LibCall> for InterpreterFunctionRef<'_> {
    fn from(l: LibCall) -> Self {
        InterpreterFunctionRef::LibCall(l)
    }
}

/// Why memory cannot be accessed so. Sizes and offsets are in bytes.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum MemoryError {
    #[error("{0} is no address")]
    InvalidAddress(DataValue),
    #[error("a value of type {0} is no address")]
    InvalidAddressType(Type),
    #[error("offset {offset} is above {max}")]
    InvalidOffset { offset: u64, max: u64 },
    #[error("entry {entry} is above {max}")]
    InvalidEntry { entry: u64, max: u64 },
    #[error("load of {load_size} bytes at {addr:?} ({mem_flags}), outside of memory")]
    OutOfBoundsLoad { addr: Address, load_size: usize, mem_flags: MemFlagsData },
    #[error("store of {store_size} bytes at {addr:?} ({mem_flags}), outside of memory")]
    OutOfBoundsStore { addr: Address, store_size: usize, mem_flags: MemFlagsData },
    #[error("load of {load_size} bytes at {addr:?}, which is not aligned")]
    MisalignedLoad { addr: Address, load_size: usize },
    #[error("store of {store_size} bytes at {addr:?}, which is not aligned")]
    MisalignedStore { addr: Address, store_size: usize },
}
