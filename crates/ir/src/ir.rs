//! The parts of a function. Each stands in a module of its own; what most users need is named here.

pub mod builder;
pub mod condcodes;
pub mod constant;
mod debug_tags;
pub mod dfg;
pub mod dynamic_type;
pub mod entities;
mod exception_table;
pub mod extfunc;
pub mod extname;
pub mod function;
mod globalvalue;
pub mod immediates;
pub mod instructions;
pub mod jumptable;
pub mod layout;
mod libcall;
pub mod memflags;
mod sourceloc;
pub mod stackslot;
mod user_stack_maps;
mod value_label;

/// Types of values.
pub mod types {
    pub use windlass_desc::types::*;
}

pub use builder::{InsertBuilder, InstBuilder, InstBuilderBase, InstInserterBase, ReplaceBuilder};
pub use constant::{ConstantData, ConstantPool};
pub use debug_tags::{DebugTag, DebugTags};
pub use dfg::{BlockData, DataFlowGraph, ValueDef};
pub use dynamic_type::{DynamicTypeData, DynamicTypes, dynamic_to_fixed};
pub use entities::{
    AliasRegion, Block, Constant, DynamicStackSlot, DynamicType, ExceptionTable, ExceptionTag, FuncRef, GlobalValue,
    Immediate, Inst, JumpTable, SigRef, StackSlot, UserExternalNameRef, Value,
};
pub use exception_table::{DisplayExceptionTable, ExceptionTableData, ExceptionTableItem, ExceptionTables};
pub use extfunc::{AbiParam, ArgumentExtension, ArgumentPurpose, ExtFuncData, Signature};
pub use extname::{ExternalName, KnownSymbol, UserExternalName, UserFuncName};
pub use function::Function;
pub use globalvalue::{DisplayGlobalValueData, GlobalValueData};
pub use instructions::{
    BlockArg, BlockCall, InstructionData, InstructionFormat, Opcode, ValueList, ValueListPool, VariableArgs,
};
pub use jumptable::{JumpTableData, JumpTables};
pub use layout::{Layout, ProgramPoint};
pub use libcall::{LibCall, get_probestack_funcref};
pub use memflags::{AliasRegionData, AliasRegionSet, Endianness, MachMemFlags, MemFlags, MemFlagsData, MemFlagsSet};
pub use sourceloc::{RelSourceLoc, SourceLoc};
pub use stackslot::{DynamicStackSlotData, DynamicStackSlots, StackSlotData, StackSlotKey, StackSlotKind, StackSlots};
pub use types::Type;
pub use user_stack_maps::{UserStackMap, UserStackMapEntry};
pub use value_label::{ValueLabel, ValueLabelAssignments, ValueLabelStart};
pub use windlass_desc::env::TrapCode;
pub use windlass_desc::ops::AtomicRmwOp;
