//! What instructions are made of: how each kind of field is mapped, copied and compared. Needs the field types.

use super::{BlockCall, ValueList, ValueListPool};
use crate::ir::condcodes::{FloatCC, IntCC};
use crate::ir::immediates::{Ieee16, Ieee32, Ieee64, Imm64, Offset32, Uimm8};
use crate::ir::{
    AtomicRmwOp, Block, Constant, DynamicStackSlot, ExceptionTable, FuncRef, GlobalValue, Immediate, JumpTable,
    MemFlags, SigRef, StackSlot, TrapCode, Value,
};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

/// A field of an instruction.
pub(super) trait Part: Copy {
    /// The field with what it refers to mapped.
    fn mapped<M: InstructionMapper>(self, mapper: &mut M) -> Self;
    /// The field with its own lists.
    fn copied(self, pool: &mut ValueListPool) -> Self;
    /// Is it the same as another, lists by their elements?
    fn same(&self, other: &Self, pool: &ValueListPool) -> bool;
    /// Hashes it, lists by their elements.
    fn feed<H: Hasher>(&self, state: &mut H, pool: &ValueListPool);
}

/// Implements [`Part`] for fields that are equal if their bits are: `Type => mapping method` or, for those that refer to
/// nothing, just `Type`. Also declares the mapper.
macro_rules! parts { (mapped { $($(#[$doc:meta])* $ty:ident => $map:ident;)* } plain { $($plain:ident)* }) => {
    /// Says what an instruction's references become when it is moved, to another function perhaps.
    pub trait InstructionMapper {
        $($(#[$doc])* fn $map(&mut self, x: $ty) -> $ty;)*
        /// Maps a list of values.
        fn map_value_list(&mut self, x: ValueList) -> ValueList;
        /// Maps a branch target with its arguments.
        fn map_block_call(&mut self, x: BlockCall) -> BlockCall;
    }

    impl<T: InstructionMapper> InstructionMapper for &mut T {
        $(fn $map(&mut self, x: $ty) -> $ty {
            (**self).$map(x)
        })*
        fn map_value_list(&mut self, x: ValueList) -> ValueList {
            (**self).map_value_list(x)
        }
        fn map_block_call(&mut self, x: BlockCall) -> BlockCall {
            (**self).map_block_call(x)
        }
    }

    $(impl Part for $ty {
        fn mapped<M: InstructionMapper>(self, mapper: &mut M) -> Self {
            mapper.$map(self)
        }
        parts!(@bits);
    })*

    $(impl Part for $plain {
        fn mapped<M: InstructionMapper>(self, _: &mut M) -> Self {
            self
        }
        parts!(@bits);
    })*
};
    (@bits) => {
        fn copied(self, _: &mut ValueListPool) -> Self {
            self
        }
        fn same(&self, other: &Self, _: &ValueListPool) -> bool {
            self == other
        }
        fn feed<H: Hasher>(&self, state: &mut H, _: &ValueListPool) {
            self.hash(state);
        }
    };
}

parts! { mapped {
    /// Maps a value.
    Value => map_value;
    /// Maps a block.
    Block => map_block;
    /// Maps a function.
    FuncRef => map_func_ref;
    /// Maps a signature.
    SigRef => map_sig_ref;
    /// Maps a global value.
    GlobalValue => map_global_value;
    /// Maps the targets of a `br_table`.
    JumpTable => map_jump_table;
    /// Maps the handlers of a `try_call`.
    ExceptionTable => map_exception_table;
    /// Maps a stack slot.
    StackSlot => map_stack_slot;
    /// Maps a dynamic stack slot.
    DynamicStackSlot => map_dynamic_stack_slot;
    /// Maps a constant.
    Constant => map_constant;
    /// Maps an immediate that is not in the instruction.
    Immediate => map_immediate;
    /// Maps memory flags.
    MemFlags => map_mem_flags;
} plain { AtomicRmwOp FloatCC IntCC Ieee16 Ieee32 Ieee64 Imm64 Offset32 TrapCode Uimm8 } }

impl<T: Part, const N: usize> Part for [T; N] {
    fn mapped<M: InstructionMapper>(self, mapper: &mut M) -> Self {
        self.map(|x| x.mapped(mapper))
    }
    fn copied(self, pool: &mut ValueListPool) -> Self {
        self.map(|x| x.copied(pool))
    }
    fn same(&self, other: &Self, pool: &ValueListPool) -> bool {
        self.iter().zip(other).all(|(a, b)| a.same(b, pool))
    }
    fn feed<H: Hasher>(&self, state: &mut H, pool: &ValueListPool) {
        self.iter().for_each(|x| x.feed(state, pool));
    }
}

impl Part for ValueList {
    fn mapped<M: InstructionMapper>(self, mapper: &mut M) -> Self {
        mapper.map_value_list(self)
    }
    fn copied(self, pool: &mut ValueListPool) -> Self {
        self.deep_clone(pool)
    }
    fn same(&self, other: &Self, pool: &ValueListPool) -> bool {
        self.as_slice(pool) == other.as_slice(pool)
    }
    fn feed<H: Hasher>(&self, state: &mut H, pool: &ValueListPool) {
        self.as_slice(pool).hash(state);
    }
}

impl Part for BlockCall {
    fn mapped<M: InstructionMapper>(self, mapper: &mut M) -> Self {
        mapper.map_block_call(self)
    }
    fn copied(self, pool: &mut ValueListPool) -> Self {
        self.deep_clone(pool)
    }
    fn same(&self, other: &Self, pool: &ValueListPool) -> bool {
        self.list().same(&other.list(), pool)
    }
    fn feed<H: Hasher>(&self, state: &mut H, pool: &ValueListPool) {
        self.list().feed(state, pool);
    }
}

/// Values that are collected before there is a pool for them.
#[derive(Clone, Debug, Default)]
pub struct VariableArgs(Vec<Value>);

impl VariableArgs {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds a value.
    pub fn push(&mut self, v: Value) {
        self.0.push(v);
    }
    /// Are there no values?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The values in a pool, after `fixed` ones.
    pub fn into_value_list(self, fixed: &[Value], pool: &mut ValueListPool) -> ValueList {
        let mut list = ValueList::from_slice(fixed, pool);
        list.extend(self.0, pool);
        list
    }
}

impl Deref for VariableArgs {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl DerefMut for VariableArgs {
    fn deref_mut(&mut self) -> &mut [Value] {
        &mut self.0
    }
}

impl fmt::Display for VariableArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(i, v)| write!(f, "{}{v}", if i > 0 { ", " } else { "" }))
    }
}
