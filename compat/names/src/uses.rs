//! Paths, as clients write them in `use` lines.
#![allow(unused_imports, reason = "that the paths exist is the point")]

use cranelift_codegen::binemit::CodeOffset;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::EntityRef;
use cranelift_codegen::ir;
use cranelift_codegen::ir::condcodes::*;
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64, Imm64, Offset32, V128Imm};
use cranelift_codegen::ir::types::*;
use cranelift_codegen::ir::{
    AbiParam, ArgumentPurpose, AtomicRmwOp, Block, BlockArg, BlockCall, ConstantData, Endianness, ExceptionTableData,
    ExceptionTableItem, ExceptionTag, ExternalName, Function, Inst, InstBuilder, JumpTableData, MemFlagsData,
    RelSourceLoc, Signature, StackSlot, StackSlotKind::*, TrapCode, Type, UserExternalName, UserFuncName, Value,
    ValueLabel, types,
};
use cranelift_codegen::isa::{
    CallConv, IsaBuilder as Builder, OwnedTargetIsa, TargetFrontendConfig, TargetIsa, lookup,
};
use cranelift_codegen::packed_option::ReservedValue;
use cranelift_codegen::print_errors::pretty_error;
use cranelift_codegen::settings::{self, Configurable, Flags, SetError};
use cranelift_codegen::{CodegenError, CodegenResult, FxHashMap, FxHashSet, verify_function, write_function};
use cranelift_entity::packed_option::PackedOption;
use cranelift_entity::{EntityList, ListPool, PrimaryMap, SecondaryMap, entity_impl};
use cranelift_frontend::{FuncInstBuilder, FunctionBuilder, FunctionBuilderContext, Switch, Variable};
use cranelift_interpreter::environment::{FuncIndex, FunctionStore};
use cranelift_interpreter::interpreter::{Interpreter, InterpreterError};
use cranelift_interpreter::step::ControlFlow;
use cranelift_reader::{Comment, Details, IsaSpec, ParseOptions, RunCommand, TestFile, parse_functions, parse_test};

/// The versions by which clients know what they have.
pub const VERSIONS: [&str; 3] = [cranelift_codegen::VERSION, cranelift_frontend::VERSION, cranelift_native::VERSION];
