//! What an instruction runs in: where values, memory and names come from. Needs the vocabulary of meanings. The machine is
//! one such world; whoever keeps the state of a run in other ways makes one of their own, and steps through it with
//! [`super::step`].

use super::InterpreterError;
use crate::ir::entities::{Block, DynamicStackSlot, FuncRef, GlobalValue, StackSlot, Value};
use crate::ir::{Function, InstructionData, Signature};
use smallvec::SmallVec;
use std::marker::PhantomData;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::{Access, Choice, Env, TrapCode};
use windlass_desc::ops::Opcode;
use windlass_desc::types::Type;

/// The values of a call: arguments or results, as bits.
pub type Bits = SmallVec<[u128; 4]>;

/// An entity that has an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // each is what its type says
pub enum Named {
    Function(FuncRef),
    Slot(StackSlot),
    DynamicSlot(DynamicStackSlot),
    Global(GlobalValue),
}

/// Why an access was not done.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// There is nothing at the address: the access's trap.
    Inaccessible,
    /// The run ends.
    Error(InterpreterError),
}

/// What an instruction runs in.
pub trait World<'a> {
    /// What can be called.
    type Callee;
    /// The function that runs.
    fn func(&self) -> &'a Function;
    /// The bits of a value of that function.
    fn get(&self, v: Value) -> u128;
    /// What a function reference means.
    fn callee(&self, func_ref: FuncRef) -> Result<Self::Callee, InterpreterError>;
    /// What is called at an address, if it has that signature.
    fn callee_at(&self, address: u64, sig: &Signature) -> Result<Self::Callee, InterpreterError>;
    /// The address that an entity has.
    fn address(&mut self, of: Named) -> Result<u64, InterpreterError>;
    /// What is in the register of the machine that an operation without operands reads; none if it reads none.
    fn register(&self, opcode: Opcode) -> Option<u128>;
    /// Sets the pinned register.
    fn set_pinned(&mut self, bits: u128);
    /// Reads a number of up to 16 bytes.
    fn load(&mut self, address: u64, size: u32, access: Access) -> Result<u128, Fault>;
    /// Writes a number of up to 16 bytes.
    fn store(&mut self, address: u64, size: u32, bits: u128, access: Access) -> Result<(), Fault>;
    /// Makes a choice that the definition leaves open.
    fn choose(&mut self, set: Choice, width: u32) -> Num;
    /// Is the most significant byte first where flags do not say?
    fn big_endian(&self) -> bool {
        false
    }
    /// Takes the results of the instruction, and goes on to the next.
    fn finish(&mut self, results: &[Num]);
}

/// An instruction's operands and types, which instructions without meaning do not need.
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    /// The value operands.
    pub args: &'a [Value],
    /// The controlling type.
    pub ctv: Type,
    /// The type of the first result, [`windlass_desc::types::INVALID`] if there is none.
    pub result: Type,
}

/// An instruction to run.
pub trait Instruction {
    /// The instruction itself.
    fn data(&self) -> &InstructionData;
    /// Its operands.
    fn operands(&self) -> Operands<'_>;
}

/// What follows an instruction.
#[derive(Clone, PartialEq, Debug)]
pub enum Step<C> {
    /// The next one.
    Next,
    /// A block, entered with values.
    Jump(Block, Bits),
    /// The caller.
    Return(Bits),
    /// A function that comes back here.
    Call(C, Bits),
    /// A function that returns to this one's caller.
    TailCall(C, Bits),
    /// The end of the run.
    Trap(TrapCode),
}

/// The environment of one instruction.
pub(super) struct Effects<'w, 'a, W> {
    world: &'w mut W,
    /// The first trap raised.
    pub(super) trap: Option<TrapCode>,
    /// Why the run cannot go on.
    pub(super) fault: Option<InterpreterError>,
    /// Whether a branch goes to its first target.
    pub(super) taken: Option<bool>,
    functions: PhantomData<&'a Function>,
}

impl<'w, 'a, W: World<'a>> Effects<'w, 'a, W> {
    pub(super) fn new(world: &'w mut W) -> Self {
        Effects { world, trap: None, fault: None, taken: None, functions: PhantomData }
    }

    /// After a trap nothing has consequences.
    fn stopped(&self) -> bool {
        self.trap.is_some() || self.fault.is_some()
    }

    fn failed(&mut self, fault: Fault, address: u64, size: u32, access: Access) {
        match (fault, access.trap) {
            (Fault::Error(error), _) => self.fault = Some(error),
            (Fault::Inaccessible, Some(code)) => self.trap = Some(code),
            (Fault::Inaccessible, None) => self.fault = Some(InterpreterError::BadAccess { address, size }),
        }
    }
}

/// The number with its bytes in the other order.
fn swap(v: u128, size: u32) -> u128 {
    v.swap_bytes() >> (128 - 8 * size)
}

impl<'a, W: World<'a>> Env for Effects<'_, 'a, W> {
    type B = Num;

    fn choose(&mut self, set: Choice, w: u32) -> Num {
        self.world.choose(set, w)
    }

    fn trap_if(&mut self, cond: &Num, code: TrapCode) {
        if cond.is_true() && !self.stopped() {
            self.trap = Some(code);
        }
    }

    fn load(&mut self, addr: &Num, w: u32, access: Access) -> Num {
        let (address, size) = (addr.get() as u64, w / 8);
        if self.stopped() {
            return Num::lit(w, 0);
        }
        match self.world.load(address, size, access) {
            Ok(v) => Num::lit(w, if access.big_endian { swap(v, size) } else { v }),
            Err(fault) => {
                self.failed(fault, address, size, access);
                Num::lit(w, 0)
            }
        }
    }

    fn store(&mut self, addr: &Num, value: &Num, access: Access) {
        let (address, size) = (addr.get() as u64, value.w() / 8);
        if self.stopped() {
            return;
        }
        let v = if access.big_endian { swap(value.get(), size) } else { value.get() };
        if let Err(fault) = self.world.store(address, size, v, access) {
            self.failed(fault, address, size, access);
        }
    }

    fn branch(&mut self, cond: &Num) {
        self.taken = Some(cond.is_true());
    }
}
