//! A [`State`] as the interpreter's world, for one instruction. The state's errors are kept beside, since the interpreter's
//! own know nothing of them.

use super::StepError;
use crate::address::{Address, AddressSize};
use crate::instruction::InstructionContext;
use crate::state::{InterpreterFunctionRef, MemoryError, State};
use std::cell::Cell;
use windlass_desc::bv::Num;
use windlass_desc::env::{Access, Choice};
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter::{Bits, Canonical, Fault, Instruction, InterpreterError, Named, Operands, Policy, World};
use windlass_ir::ir::types::{I8, I16, I32, I64, I128, INVALID, Type};
use windlass_ir::ir::{
    Endianness, ExternalName, FuncRef, Function, InstructionData, MemFlagsData, Opcode, Signature, Value,
};

/// An instruction and its types.
pub(super) struct This<'i> {
    pub(super) data: InstructionData,
    args: &'i [Value],
    ctv: Type,
}

impl<'i> This<'i> {
    pub(super) fn new(context: &'i impl InstructionContext) -> Self {
        let ctv = context.controlling_type().unwrap_or(INVALID);
        This { data: context.data(), args: context.args(), ctv }
    }

    /// The types of its results, but those of calls.
    pub(super) fn result_types(&self) -> impl Iterator<Item = Type> + '_ {
        self.data.opcode().row().results.iter().map(|r| r.ty.of(self.ctv).unwrap_or(INVALID))
    }
}

impl Instruction for This<'_> {
    fn data(&self) -> &InstructionData {
        &self.data
    }

    fn operands(&self) -> Operands<'_> {
        Operands { args: self.args, ctv: self.ctv, result: self.result_types().next().unwrap_or(INVALID) }
    }
}

/// A state in which an instruction runs.
pub(super) struct StateWorld<'s, 'a> {
    state: &'s mut dyn State<'a>,
    func: &'a Function,
    /// The instruction's memory flags, little-endian: order is the interpreter's matter.
    flags: MemFlagsData,
    /// The controlling type.
    ctv: Type,
    results: Bits,
    /// The state's first error, or that it does not know a value.
    error: Cell<Option<StepError>>,
}

impl<'s, 'a> StateWorld<'s, 'a> {
    pub(super) fn new(state: &'s mut dyn State<'a>, inst: &This<'_>) -> Self {
        let func = state.get_current_function();
        let flags = inst.data.memflags().map_or(MemFlagsData::new(), |f| func.dfg.mem_flags[f]);
        let flags = flags.with_endianness(Endianness::Little);
        StateWorld { state, func, flags, ctv: inst.ctv, results: Bits::new(), error: Cell::new(None) }
    }

    /// The instruction's results, and what went wrong.
    pub(super) fn done(self) -> (Bits, Option<StepError>) {
        (self.results, self.error.into_inner())
    }

    fn note(&self, error: impl Into<StepError>) {
        let first = self.error.take().unwrap_or(error.into());
        self.error.set(Some(first));
    }

    /// What a state gives, as the interpreter takes it.
    fn memory<T>(&self, result: Result<T, MemoryError>) -> Result<T, InterpreterError> {
        result.map_err(|e| {
            let text = e.to_string();
            self.note(e);
            InterpreterError::UnknownSymbol(text)
        })
    }

    /// The width of addresses that the instruction makes.
    fn size(&self) -> AddressSize {
        AddressSize::try_from(self.ctv).unwrap_or(AddressSize::_64)
    }

    /// The type of an access of so many bytes: the instruction's, or an integer.
    fn accessed(&self, size: u32) -> Type {
        match size {
            _ if self.ctv.bytes() == size && !self.ctv.is_dynamic_vector() => self.ctv,
            1 => I8,
            2 => I16,
            4 => I32,
            8 => I64,
            _ => I128,
        }
    }

    fn number(&self, address: Result<Address, MemoryError>) -> Result<u64, InterpreterError> {
        Ok(self.memory(address.and_then(DataValue::try_from))?.to_bits() as u64)
    }
}

impl<'a> World<'a> for StateWorld<'_, 'a> {
    type Callee = InterpreterFunctionRef<'a>;

    fn func(&self) -> &'a Function {
        self.func
    }

    fn get(&self, v: Value) -> u128 {
        let value = self.state.current_frame().try_get(v);
        value.map_or_else(
            || {
                self.error.set(Some(StepError::UnknownValue(v)));
                0
            },
            DataValue::to_bits,
        )
    }

    fn callee(&self, func_ref: FuncRef) -> Result<Self::Callee, InterpreterError> {
        if let Some(f) = self.state.get_function(func_ref) {
            return Ok(f.into());
        }
        match &self.func.dfg.ext_funcs[func_ref].name {
            ExternalName::LibCall(l) => Ok((*l).into()),
            name => {
                self.note(StepError::UnknownFunction(func_ref));
                Err(InterpreterError::UnknownSymbol(name.display(Some(&self.func.params)).to_string()))
            }
        }
    }

    fn callee_at(&self, address: u64, sig: &Signature) -> Result<Self::Callee, InterpreterError> {
        let place = self.memory(Address::try_from(address))?;
        let callee = self.state.get_function_from_address(place).ok_or(InterpreterError::BadCallee(address))?;
        match callee {
            InterpreterFunctionRef::Function(f) if f.signature != *sig => {
                Err(InterpreterError::BadSignature(f.name.to_string()))
            }
            _ => Ok(callee),
        }
    }

    fn address(&mut self, of: Named) -> Result<u64, InterpreterError> {
        match of {
            Named::Function(f) => {
                let name = &self.func.dfg.ext_funcs[f].name;
                self.number(self.state.function_address(self.size(), name))
            }
            Named::Slot(slot) => self.number(self.state.stack_address(self.size(), slot, 0)),
            Named::DynamicSlot(_) => Err(InterpreterError::Unsupported {
                opcode: Opcode::DynamicStackAddr.row().name,
                reason: "a state has no dynamic stack slots",
            }),
            Named::Global(gv) => Ok(self.memory(self.state.resolve_global_value(gv))?.to_bits() as u64),
        }
    }

    fn register(&self, opcode: Opcode) -> Option<u128> {
        (opcode == Opcode::GetPinnedReg).then(|| self.state.get_pinned_reg().to_bits())
    }

    fn set_pinned(&mut self, bits: u128) {
        if let Some(value) = DataValue::from_bits(bits, self.ctv) {
            self.state.set_pinned_reg(value);
        }
    }

    fn load(&mut self, address: u64, size: u32, _: Access) -> Result<u128, Fault> {
        let ty = self.accessed(size);
        let load = |address| self.state.checked_load(address, ty, self.flags);
        match Address::try_from(address).and_then(load) {
            Ok(value) => Ok(value.to_bits()),
            Err(error) => {
                self.note(error);
                Err(Fault::Inaccessible)
            }
        }
    }

    fn store(&mut self, address: u64, size: u32, bits: u128, _: Access) -> Result<(), Fault> {
        let ty = self.accessed(size);
        let value = DataValue::from_bits(bits, ty).ok_or(Fault::Error(InterpreterError::UnsupportedType(ty)))?;
        let done = match Address::try_from(address) {
            Ok(address) => self.state.checked_store(address, value, self.flags),
            Err(error) => Err(error),
        };
        done.map_err(|error| {
            self.note(error);
            Fault::Inaccessible
        })
    }

    fn choose(&mut self, set: Choice, width: u32) -> Num {
        Canonical.choose(set, width)
    }

    fn finish(&mut self, results: &[Num]) {
        self.results = results.iter().map(Num::get).collect();
    }
}
