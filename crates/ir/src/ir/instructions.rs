//! Instructions: 16 bytes each, one variant per format.
//!
//! The table below says which fields each format has and which of them are its value operands; opcode, operands, mapping,
//! comparison and copying are derived from it. Needs the formats of `windlass-desc`.

use super::condcodes::{FloatCC, IntCC};
use super::immediates::{Ieee16, Ieee32, Ieee64, Imm64, Offset32, Uimm8};
use super::memflags::MemFlags;
use super::{
    AtomicRmwOp, Block, Constant, DynamicStackSlot, ExceptionTable, FuncRef, GlobalValue, Immediate, JumpTable, SigRef,
    StackSlot, TrapCode, Value,
};
use std::hash::{Hash, Hasher};
use std::slice;
use windlass_desc::ops::Ctv;
use windlass_entity::{EntityList, ListPool};

mod block_call;
mod parts;
mod query;

pub use block_call::{BlockArg, BlockCall, DisplayBlockCall};
pub use parts::{InstructionMapper, VariableArgs};
pub use query::CallInfo;
pub use windlass_desc::ops::{Format as InstructionFormat, Opcode, OpcodeConstraints, ResolvedConstraint};
pub use windlass_desc::types::TypeSet as ValueTypeSet;

use parts::Part;

/// A list of values in a [`ValueListPool`].
pub type ValueList = EntityList<Value>;
/// Where lists of values live.
pub type ValueListPool = ListPool<Value>;

/// Declares the formats: name, which field has the value operands (`none`, `one` field that is a value, `many` in an
/// array, `list`), and the fields.
macro_rules! formats { ($($format:ident ($kind:ident $($operands:ident)?) { $($field:ident: $ty:ty),* })*) => {
    /// An instruction: its operation and what it is done with. Formats and fields are as the grammar of CLIF has them.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
    #[allow(missing_docs, reason = "a field is what its type says")]
    pub enum InstructionData {
        $($format { opcode: Opcode, $($field: $ty),* }),*
    }

    impl InstructionData {
        /// The operation.
        #[inline]
        pub fn opcode(&self) -> Opcode {
            match *self { $(Self::$format { opcode, .. })|* => opcode }
        }
        /// The value operands, without the arguments of branches.
        #[inline]
        pub fn arguments<'a>(&'a self, pool: &'a ValueListPool) -> &'a [Value] {
            match self { $(Self::$format { $($operands,)? .. } => formats!(@slice $kind $($operands)? pool)),* }
        }
        /// The value operands, to be changed.
        pub fn arguments_mut<'a>(&'a mut self, pool: &'a mut ValueListPool) -> &'a mut [Value] {
            match self { $(Self::$format { $($operands,)? .. } => formats!(@slice_mut $kind $($operands)? pool)),* }
        }
        /// The instruction with all it refers to mapped. Lists are mapped as such: `mapper` knows whether to copy them.
        #[must_use]
        pub fn map(&self, mut mapper: impl InstructionMapper) -> Self {
            match *self {
                $(Self::$format { opcode, $($field),* } => Self::$format { opcode, $($field: $field.mapped(&mut mapper)),* }),*
            }
        }
        /// The instruction with its own copies of lists.
        #[must_use]
        pub fn deep_clone(&self, pool: &mut ValueListPool) -> Self {
            match *self {
                $(Self::$format { opcode, $($field),* } => Self::$format { opcode, $($field: $field.copied(pool)),* }),*
            }
        }
        /// Is it the same as another, lists compared by their elements?
        #[allow(clippy::should_implement_trait, reason = "it needs the pool")]
        pub fn eq(&self, other: &Self, pool: &ValueListPool) -> bool {
            match (self, other) {
                $((Self::$format { opcode: a, $($field),* }, Self::$format { opcode: b, .. }) => {
                    let _other = other;
                    a == b $(&& match other { Self::$format { $field: o, .. } => $field.same(o, pool), _ => false })*
                })*
                _ => false,
            }
        }
        /// Hashes it, lists by their elements.
        pub fn hash<H: Hasher>(&self, state: &mut H, pool: &ValueListPool) {
            self.opcode().hash(state);
            match self { $(Self::$format { $($field,)* .. } => { $($field.feed(state, pool);)* }),* }
        }
    }

    impl From<&InstructionData> for InstructionFormat {
        fn from(inst: &InstructionData) -> Self {
            match inst { $(InstructionData::$format { .. } => InstructionFormat::$format),* }
        }
    }
};
    (@slice none $pool:ident) => {{ let _ = $pool; &[] }};
    (@slice one $value:ident $pool:ident) => { slice::from_ref($value) };
    (@slice many $values:ident $pool:ident) => { $values };
    (@slice list $list:ident $pool:ident) => { $list.as_slice($pool) };
    (@slice_mut none $pool:ident) => {{ let _ = $pool; &mut [] }};
    (@slice_mut one $value:ident $pool:ident) => { slice::from_mut($value) };
    (@slice_mut many $values:ident $pool:ident) => { $values };
    (@slice_mut list $list:ident $pool:ident) => { $list.as_mut_slice($pool) };
}

formats! {
    AtomicCas (many args) { args: [Value; 3], flags: MemFlags }
    AtomicRmw (many args) { args: [Value; 2], flags: MemFlags, op: AtomicRmwOp }
    Binary (many args) { args: [Value; 2] }
    BinaryImm8 (one arg) { arg: Value, imm: Uimm8 }
    BranchTable (one arg) { arg: Value, table: JumpTable }
    Brif (one arg) { arg: Value, blocks: [BlockCall; 2] }
    Call (list args) { args: ValueList, func_ref: FuncRef }
    CallIndirect (list args) { args: ValueList, sig_ref: SigRef }
    CondTrap (one arg) { arg: Value, code: TrapCode }
    DynamicStackAddr (none) { dynamic_stack_slot: DynamicStackSlot }
    ExceptionHandlerAddress (none) { block: Block, imm: Imm64 }
    FloatCompare (many args) { args: [Value; 2], cond: FloatCC }
    FuncAddr (none) { func_ref: FuncRef }
    IntAddTrap (many args) { args: [Value; 2], code: TrapCode }
    IntCompare (many args) { args: [Value; 2], cond: IntCC }
    Jump (none) { destination: BlockCall }
    Load (one arg) { arg: Value, flags: MemFlags, offset: Offset32 }
    LoadNoOffset (one arg) { arg: Value, flags: MemFlags }
    MultiAry (list args) { args: ValueList }
    NullAry (none) { }
    Shuffle (many args) { args: [Value; 2], imm: Immediate }
    StackAddr (none) { stack_slot: StackSlot, offset: Offset32 }
    Store (many args) { args: [Value; 2], flags: MemFlags, offset: Offset32 }
    StoreNoOffset (many args) { args: [Value; 2], flags: MemFlags }
    Ternary (many args) { args: [Value; 3] }
    TernaryImm8 (many args) { args: [Value; 2], imm: Uimm8 }
    Trap (none) { code: TrapCode }
    TryCall (list args) { args: ValueList, func_ref: FuncRef, exception: ExceptionTable }
    TryCallIndirect (list args) { args: ValueList, exception: ExceptionTable }
    Unary (one arg) { arg: Value }
    UnaryConst (none) { constant_handle: Constant }
    UnaryGlobalValue (none) { global_value: GlobalValue }
    UnaryIeee16 (none) { imm: Ieee16 }
    UnaryIeee32 (none) { imm: Ieee32 }
    UnaryIeee64 (none) { imm: Ieee64 }
    UnaryImm (none) { imm: Imm64 }
}

const _: () = assert!(size_of::<InstructionData>() == 16);

impl InstructionData {
    /// The operand whose type is the controlling type, if one is.
    pub fn typevar_operand(&self, pool: &ValueListPool) -> Option<Value> {
        match self.opcode().row().ctv {
            Ctv::Operand(n, _) => self.arguments(pool).get(usize::from(n)).copied(),
            Ctv::None | Ctv::Suffix(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_and_comparison_see_through_lists() {
        let mut pool = ValueListPool::new();
        let (a, b) = (Value::from_u32(1), Value::from_u32(2));
        let mut list = || ValueList::from_slice(&[a, b], &mut pool);
        let (x, y) = (list(), list());
        let ret = |args| InstructionData::MultiAry { opcode: Opcode::Return, args };
        assert!(ret(x) != ret(y) && ret(x).eq(&ret(y), &pool));
        assert_eq!((ret(x).arguments(&pool), ret(x).typevar_operand(&pool)), (&[a, b][..], None));
        let mut copy = ret(x).deep_clone(&mut pool);
        copy.arguments_mut(&mut pool)[0] = b;
        assert!(!copy.eq(&ret(x), &pool) && InstructionFormat::from(&copy) == InstructionFormat::MultiAry);
        let select = InstructionData::Ternary { opcode: Opcode::Select, args: [a, b, a] };
        assert_eq!((select.opcode(), select.typevar_operand(&pool)), (Opcode::Select, Some(b)));
    }
}
