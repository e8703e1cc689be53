//! The entities of a function: one index type for each kind of thing, with the prefix it has in CLIF. Needs nothing.

use std::fmt;
use windlass_entity::entity_impl;

/// Declares entities with a prefix and a limit: numbers below the limit can be asked for.
macro_rules! entities { ($($(#[$doc:meta])* $name:ident $prefix:literal $limit:expr;)*) => { $(
    $(#[$doc])*
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
    pub struct $name(u32);
    entity_impl!($name, $prefix);

    impl $name {
        /// The entity with number `n`, if such a number is possible.
        pub fn with_number(n: u32) -> Option<Self> {
            (n < $limit).then_some($name(n))
        }
    }
)* } }

entities! {
    /// A basic block: a straight line of instructions that ends in a terminator.
    Block "block" u32::MAX;
    /// An SSA value: a parameter of a block or a result of an instruction. Block arguments store a value in 31 bits.
    Value "v" i32::MAX as u32;
    /// An instruction.
    Inst "inst" u32::MAX;
    /// A stack slot of fixed size.
    StackSlot "ss" u32::MAX;
    /// A stack slot that holds a dynamic vector.
    DynamicStackSlot "dss" u32::MAX;
    /// A vector type whose size is scaled at run time.
    DynamicType "dt" u32::MAX;
    /// A value that is known before the function runs, up to relocation.
    GlobalValue "gv" u32::MAX;
    /// A constant of more than 64 bits in the function's pool.
    Constant "const" u32::MAX;
    /// An immediate of more than 64 bits, in the function's table.
    Immediate "imm" u32::MAX;
    /// The targets of a `br_table`.
    JumpTable "jt" u32::MAX;
    /// A function that is called or whose address is taken.
    FuncRef "fn" u32::MAX;
    /// The signature of a function that is called.
    SigRef "sig" u32::MAX;
    /// The handlers of a `try_call`.
    ExceptionTable "extable" u32::MAX;
    /// What an exception handler is chosen by; it means what the user wants.
    ExceptionTag "tag" u32::MAX;
    /// A part of memory that the user says does not overlap others.
    AliasRegion "region" u32::MAX;
    /// A name in the function's table of the user's external names.
    #[derive(Default)]
    UserExternalNameRef "userextname" u32::MAX;
}

impl Inst {
    /// No instruction, where a constant is needed.
    pub(crate) const RESERVED: Inst = Inst(u32::MAX);
}

impl AliasRegion {
    /// No region, where a constant is needed.
    pub(crate) const RESERVED: AliasRegion = AliasRegion(u32::MAX);
}

/// Declares the union of entities.
macro_rules! any_entity { ($($(#[$doc:meta])* $name:ident),*) => {
    /// Any entity of a function, for reporting where something is wrong.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
    pub enum AnyEntity {
        /// The function as a whole.
        Function,
        $(#[doc = concat!("A `", stringify!($name), "`.")] $name($name),)*
        /// The function's stack limit.
        StackLimit,
    }

    impl fmt::Display for AnyEntity {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                AnyEntity::Function => f.write_str("function"),
                $(AnyEntity::$name(e) => e.fmt(f),)*
                AnyEntity::StackLimit => f.write_str("stack_limit"),
            }
        }
    }

    $(impl From<$name> for AnyEntity {
        fn from(e: $name) -> Self {
            AnyEntity::$name(e)
        }
    })*
} }

any_entity! {
    Block, Inst, Value, StackSlot, DynamicStackSlot, DynamicType, GlobalValue, JumpTable, Constant, FuncRef, SigRef,
    ExceptionTable, AliasRegion
}

impl fmt::Debug for AnyEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_limits() {
        assert_eq!(Value::with_number(7).unwrap().to_string(), "v7");
        assert_eq!(Value::with_number(0x7fff_ffff), None);
        assert_eq!(Block::with_number(u32::MAX), None);
        assert_eq!(AnyEntity::from(SigRef::from_u32(2)).to_string(), "sig2");
        assert_eq!(AnyEntity::Function.to_string(), "function");
    }
}
