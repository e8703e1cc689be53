//! Building functions block by block, with variables that become SSA values on the way.
//!
//! A [`FunctionBuilder`] appends instructions to the current block. Variables are written and read as in a program; a block
//! is *sealed* once all branches to it are there, and it is then known what its variables are. The context keeps the memory
//! from one function to the next.
//!
//! ```
//! use windlass_ir::frontend::{FunctionBuilder, FunctionBuilderContext};
//! use windlass_ir::ir::condcodes::IntCC;
//! use windlass_ir::ir::{AbiParam, Function, InstBuilder, Signature, UserFuncName, types::I32};
//! use windlass_ir::isa::{CallConv, TargetFacts};
//!
//! // fn sum(n) { s = 0; while n != 0 { s += n; n -= 1 } return s }
//! let mut sig = Signature::new(CallConv::SystemV);
//! sig.params.push(AbiParam::new(I32));
//! sig.returns.push(AbiParam::new(I32));
//! let mut func = Function::with_name_signature(UserFuncName::testcase("sum"), sig);
//! let mut context = FunctionBuilderContext::new();
//! let mut b = FunctionBuilder::new(&mut func, &mut context);
//!
//! let [entry, head, body, exit] = [b.create_block(), b.create_block(), b.create_block(), b.create_block()];
//! let (n, s) = (b.declare_var(I32), b.declare_var(I32));
//! b.append_block_params_for_function_params(entry);
//! b.switch_to_block(entry);
//! b.seal_block(entry);
//! let arg = b.block_params(entry)[0];
//! b.def_var(n, arg);
//! let zero = b.ins().iconst(I32, 0);
//! b.def_var(s, zero);
//! b.ins().jump(head, &[]);
//!
//! b.switch_to_block(head);
//! let x = b.use_var(n);
//! b.ins().brif(x, body, &[], exit, &[]);
//! b.switch_to_block(body);
//! b.seal_block(body);
//! let (x, y) = (b.use_var(n), b.use_var(s));
//! let y = b.ins().iadd(y, x);
//! b.def_var(s, y);
//! let x = b.ins().iadd_imm_s(x, -1);
//! b.def_var(n, x);
//! b.ins().jump(head, &[]);
//! b.seal_block(head);
//!
//! b.switch_to_block(exit);
//! b.seal_block(exit);
//! let y = b.use_var(s);
//! b.ins().return_(&[y]);
//! b.finalize(TargetFacts::of(&"x86_64-linux".parse().unwrap()).frontend);
//! assert_eq!(func.dfg.num_block_params(head), 2, "both variables change in the loop");
//! ```

use crate::cursor::{Cursor, FuncCursor};
use crate::ir::builder::InstBuilderBase;
use crate::ir::stackslot::{DynamicStackSlotData, StackSlotData};
use crate::ir::types::Type;
use crate::ir::{
    AliasRegion, AliasRegionSet, Block, DataFlowGraph, DynamicStackSlot, ExtFuncData, FuncRef, Function, GlobalValue,
    GlobalValueData, Inst, InstructionData, JumpTable, JumpTableData, RelSourceLoc, SigRef, Signature, SourceLoc,
    StackSlot, Value, ValueLabel, ValueLabelStart,
};
use crate::isa::TargetFrontendConfig;
use windlass_entity::packed_option::PackedOption;
use windlass_entity::{EntitySet, PrimaryMap, SecondaryMap, entity_impl};

mod memory;
mod safepoints;
mod ssa;
mod switch;
#[cfg(test)]
mod tests;
mod zero;

pub use switch::Switch;

use ssa::SsaBuilder;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A variable of the program that is translated.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variable(u32);
entity_impl!(Variable, "var");

/// Why a variable cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UseVariableError {
    /// It was not declared.
    #[error("variable {0} is used but was not declared")]
    UsedBeforeDeclared(Variable),
}

/// Why a variable cannot be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DefVariableError {
    /// It was declared with a type that is not the value's.
    #[error("variable {0} does not have the type of value {1}")]
    TypeMismatch(Variable, Value),
    /// It was not declared.
    #[error("variable {0} is defined but was not declared")]
    DefinedBeforeDeclared(Variable),
}

/// The memory that building functions needs, to be used again.
#[derive(Default)]
pub struct FunctionBuilderContext {
    ssa: SsaBuilder,
    types: PrimaryMap<Variable, Type>,
    /// How far each block is.
    status: SecondaryMap<Block, BlockStatus>,
    stack_map_vars: EntitySet<Variable>,
    stack_map_values: EntitySet<Value>,
    slot_region: Option<safepoints::SlotRegion>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum BlockStatus {
    #[default]
    Empty,
    Partial,
    Filled,
}

impl FunctionBuilderContext {
    /// No memory yet.
    pub fn new() -> Self {
        Self::default()
    }
    fn clear(&mut self) {
        self.ssa.clear();
        self.types.clear();
        self.status.clear();
        self.stack_map_vars.clear();
        self.stack_map_values.clear();
        self.slot_region = None;
    }
}

/// Builds a function. See the [module's documentation](self).
pub struct FunctionBuilder<'a> {
    /// The function.
    pub func: &'a mut Function,
    ctx: &'a mut FunctionBuilderContext,
    srcloc: SourceLoc,
    position: PackedOption<Block>,
}

impl<'a> FunctionBuilder<'a> {
    /// A builder that fills an empty function.
    pub fn new(func: &'a mut Function, ctx: &'a mut FunctionBuilderContext) -> Self {
        ctx.clear();
        FunctionBuilder { func, ctx, srcloc: SourceLoc::default(), position: None.into() }
    }
    /// The block that instructions are appended to.
    pub fn current_block(&self) -> Option<Block> {
        self.position.expand()
    }
    /// The source location that instructions get.
    pub fn srcloc(&self) -> SourceLoc {
        self.srcloc
    }
    /// Changes the source location that instructions get from now on.
    pub fn set_srcloc(&mut self, srcloc: SourceLoc) {
        self.srcloc = srcloc;
    }

    /// Makes a block, which is neither in the layout nor sealed.
    pub fn create_block(&mut self) -> Block {
        self.func.dfg.make_block()
    }
    /// Says that a block is seldom reached.
    pub fn set_cold_block(&mut self, block: Block) {
        self.func.layout.set_cold(block);
    }
    /// Puts a block, which must not be in the layout, after another.
    pub fn insert_block_after(&mut self, block: Block, after: Block) {
        self.func.layout.insert_block_after(block, after);
    }
    /// Puts the current block at the end of the layout, unless it is in it. The first instruction does that by itself.
    pub fn ensure_inserted_block(&mut self) {
        let block = self.position.expect("there is a current block");
        if self.ctx.status[block] == BlockStatus::Empty {
            if !self.func.layout.is_block_inserted(block) {
                self.func.layout.append_block(block);
            }
            self.ctx.status[block] = BlockStatus::Partial;
        }
    }
    /// From now on, appends to this block. The one before must end in a terminator.
    pub fn switch_to_block(&mut self, block: Block) {
        if let Some(before) = self.position.expand() {
            debug_assert!(
                self.is_unreachable() || !self.is_partial(before),
                "{before} does not end in a terminator, and {block} is begun"
            );
        }
        debug_assert!(!self.is_filled(block), "{block} ends in a terminator already");
        self.position = block.into();
    }
    fn is_partial(&self, block: Block) -> bool {
        self.ctx.status[block] == BlockStatus::Partial
    }
    fn is_filled(&self, block: Block) -> bool {
        self.ctx.status[block] == BlockStatus::Filled
    }
    /// Says that all branches to a block are there.
    pub fn seal_block(&mut self, block: Block) {
        self.ctx.ssa.seal_block(self.func, &self.ctx.types, block);
        self.mark_stack_map_params();
    }
    /// Says that all branches to all blocks are there.
    pub fn seal_all_blocks(&mut self) {
        for block in self.func.dfg.blocks.iter().collect::<Vec<_>>() {
            self.seal_block(block);
        }
    }
    /// Can control not reach the current block, as far as is known?
    pub fn is_unreachable(&self) -> bool {
        let block = self.position.expect("there is a current block");
        let is_entry = self.func.layout.entry_block().is_none_or(|entry| entry == block);
        !is_entry && self.ctx.ssa.is_sealed(block) && !self.ctx.ssa.has_predecessors(block)
    }

    /// Adds a variable.
    pub fn declare_var(&mut self, ty: Type) -> Variable {
        self.ctx.types.push(ty)
    }
    /// The value of a variable at the end of the current block so far. A variable that nobody wrote is zero.
    pub fn try_use_var(&mut self, var: Variable) -> Result<Value, UseVariableError> {
        let Some(&ty) = self.ctx.types.get(var) else { return Err(UseVariableError::UsedBeforeDeclared(var)) };
        let block = self.position.expect("there is a current block");
        let value = self.ctx.ssa.use_var(self.func, var, ty, block);
        self.mark_stack_map_params();
        Ok(value)
    }
    /// The value of a variable, as [`FunctionBuilder::try_use_var`]; panics if it was not declared.
    #[track_caller]
    pub fn use_var(&mut self, var: Variable) -> Value {
        self.try_use_var(var).unwrap_or_else(|e| panic!("{e}"))
    }
    /// Writes a variable at the end of the current block so far.
    pub fn try_def_var(&mut self, var: Variable, val: Value) -> Result<(), DefVariableError> {
        let ty = *self.ctx.types.get(var).ok_or(DefVariableError::DefinedBeforeDeclared(var))?;
        if ty != self.func.dfg.value_type(val) {
            return Err(DefVariableError::TypeMismatch(var, val));
        }
        let block = self.position.expect("there is a current block");
        self.ctx.ssa.def_var(var, val, block);
        if self.ctx.stack_map_vars.contains(var) {
            self.ctx.stack_map_values.insert(val);
        }
        Ok(())
    }
    /// Writes a variable, as [`FunctionBuilder::try_def_var`]; panics if that fails.
    #[track_caller]
    pub fn def_var(&mut self, var: Variable, val: Value) {
        self.try_def_var(var, val).unwrap_or_else(|e| panic!("{e}"));
    }
    /// Says that a debugger calls a value so, from here on.
    pub fn set_val_label(&mut self, val: Value, label: ValueLabel) {
        let from = RelSourceLoc::from_base_offset(self.func.params.base_srcloc(), self.srcloc);
        self.func.stencil.dfg.add_value_label(val, ValueLabelStart { from, label });
    }

    /// Adds a parameter to a block. That must be done before branches to it are built.
    pub fn append_block_param(&mut self, block: Block, ty: Type) -> Value {
        self.func.dfg.append_block_param(block, ty)
    }
    /// Gives a block the function's parameters.
    pub fn append_block_params_for_function_params(&mut self, block: Block) {
        debug_assert!(
            !self.ctx.ssa.has_predecessors(block),
            "{block} takes the function's parameters and is branched to"
        );
        debug_assert!(self.ctx.status[block] == BlockStatus::Empty, "{block} takes parameters and has instructions");
        for param in &self.func.stencil.signature.params {
            self.func.stencil.dfg.append_block_param(block, param.value_type);
        }
    }
    /// Gives a block the function's return values as parameters.
    pub fn append_block_params_for_function_returns(&mut self, block: Block) {
        for param in &self.func.stencil.signature.returns {
            self.func.stencil.dfg.append_block_param(block, param.value_type);
        }
    }
    /// A block's parameters, without those that variables will need.
    pub fn block_params(&self, block: Block) -> &[Value] {
        self.func.dfg.block_params(block)
    }
    /// An instruction's results.
    pub fn inst_results(&self, inst: Inst) -> &[Value] {
        self.func.dfg.inst_results(inst)
    }
    /// A signature that was imported.
    pub fn signature(&self, sigref: SigRef) -> Option<&Signature> {
        self.func.dfg.signatures.get(sigref)
    }
    /// Makes a branch that goes to `old_block` go to `new_block`, which must have the same parameters. Neither is sealed.
    pub fn change_jump_destination(&mut self, inst: Inst, old_block: Block, new_block: Block) {
        self.ctx.ssa.remove_branch(inst, old_block);
        self.func.rewrite_branch_destination(inst, old_block, new_block);
        self.ctx.ssa.declare_branch(self.func, inst, Some(new_block));
    }

    /// Adds the targets of a `br_table`.
    pub fn create_jump_table(&mut self, data: JumpTableData) -> JumpTable {
        self.func.create_jump_table(data)
    }
    /// Adds a stack slot.
    pub fn create_sized_stack_slot(&mut self, data: StackSlotData) -> StackSlot {
        self.func.create_sized_stack_slot(data)
    }
    /// Adds a stack slot of a dynamic vector.
    pub fn create_dynamic_stack_slot(&mut self, data: DynamicStackSlotData) -> DynamicStackSlot {
        self.func.create_dynamic_stack_slot(data)
    }
    /// Adds a signature.
    pub fn import_signature(&mut self, signature: Signature) -> SigRef {
        self.func.import_signature(signature)
    }
    /// Adds a function to be called.
    pub fn import_function(&mut self, data: ExtFuncData) -> FuncRef {
        self.func.import_function(data)
    }
    /// Adds a global value.
    pub fn create_global_value(&mut self, data: GlobalValueData) -> GlobalValue {
        self.func.create_global_value(data)
    }

    /// Builds an instruction at the end of the current block.
    pub fn ins<'short>(&'short mut self) -> FuncInstBuilder<'short, 'a> {
        debug_assert!(self.position.is_some(), "there is no current block");
        FuncInstBuilder { builder: self }
    }
    /// A cursor at the end of the current block. Branches inserted there are not seen by the builder.
    pub fn cursor(&mut self) -> FuncCursor<'_> {
        self.ensure_inserted_block();
        FuncCursor::new(self.func).with_srcloc(self.srcloc).at_bottom(self.position.unwrap())
    }
    /// Ends the function. All blocks must be sealed, and all that are in the layout end in a terminator.
    /// Values that a collector must know of are spilled where calls run while they are live.
    pub fn finalize(self, config: TargetFrontendConfig) {
        for block in &self.func.layout {
            debug_assert!(self.ctx.ssa.is_sealed(block), "{block} is not sealed");
            debug_assert!(!self.is_partial(block), "{block} does not end in a terminator");
        }
        if !self.ctx.stack_map_values.is_empty() {
            let region = self.ctx.slot_region.as_ref();
            safepoints::spill(self.func, &self.ctx.stack_map_values, config.pointer_type(), region);
        }
        self.ctx.clear();
    }
    /// Says in which alias regions the slots are that hold values for stack maps: of which type, in which slot, where.
    #[allow(clippy::type_complexity, reason = "the interface is given")]
    pub fn make_stack_map_alias_region(
        &mut self,
        region: Box<dyn Fn(&mut AliasRegionSet, Type, StackSlot, u32) -> Option<AliasRegion> + Send + Sync>,
    ) {
        self.ctx.slot_region = Some(region);
    }

    /// Says that values of a variable must be known to a collector while calls run. Comes before the first definition.
    pub fn declare_var_needs_stack_map(&mut self, var: Variable) {
        debug_assert!(self.ctx.types.is_valid(var), "{var} needs a stack map and was not declared");
        self.ctx.stack_map_vars.insert(var);
    }
    /// Says that a value must be known to a collector while calls run.
    pub fn declare_value_needs_stack_map(&mut self, val: Value) {
        self.ctx.stack_map_values.insert(val);
    }
    /// Values that were made for variables which need stack maps need them too.
    fn mark_stack_map_params(&mut self) {
        for (var, value) in self.ctx.ssa.new_values.drain(..) {
            if self.ctx.stack_map_vars.contains(var) {
                self.ctx.stack_map_values.insert(value);
            }
        }
    }

    /// Puts an instruction that was made at the end of the current block.
    fn append(&mut self, data: InstructionData, ctrl_typevar: Type) -> Inst {
        self.ensure_inserted_block();
        let block = self.position.unwrap();
        debug_assert!(!self.is_filled(block), "{block} ends in a terminator already");
        let inst = self.func.dfg.make_inst(data);
        self.func.dfg.make_inst_results(inst, ctrl_typevar);
        self.func.layout.append_inst(inst, block);
        if !self.srcloc.is_default() {
            self.func.set_srcloc(inst, self.srcloc);
        }
        if data.opcode().is_branch() {
            self.ctx.ssa.declare_branch(self.func, inst, None);
        }
        if data.opcode().is_terminator() {
            self.ctx.status[block] = BlockStatus::Filled;
        }
        inst
    }
}

/// Builds an instruction at the end of a builder's current block.
pub struct FuncInstBuilder<'short, 'long: 'short> {
    builder: &'short mut FunctionBuilder<'long>,
}

impl<'short> InstBuilderBase<'short> for FuncInstBuilder<'short, '_> {
    fn data_flow_graph(&self) -> &DataFlowGraph {
        &self.builder.func.dfg
    }
    fn data_flow_graph_mut(&mut self) -> &mut DataFlowGraph {
        &mut self.builder.func.dfg
    }
    fn build(self, data: InstructionData, ctrl_typevar: Type) -> (Inst, &'short mut DataFlowGraph) {
        let inst = self.builder.append(data, ctrl_typevar);
        (inst, &mut self.builder.func.stencil.dfg)
    }
    fn build_aux_inst(&mut self, data: InstructionData, ctrl_typevar: Type) -> Inst {
        self.builder.append(data, ctrl_typevar)
    }
}
