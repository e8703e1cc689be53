//! The builder of functions, its variables and what it adds around calls.

use cranelift_codegen::cursor::FuncCursor;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AliasRegion, AliasRegionSet, Block, DynamicStackSlot, DynamicStackSlotData, ExtFuncData, FuncRef, Function,
    GlobalValue, GlobalValueData, Inst, InstBuilder, JumpTable, JumpTableData, MemFlagsData, SigRef, Signature,
    SourceLoc, StackSlot, StackSlotData, Type, Value, ValueLabel, types,
};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_entity::EntityRef;
use cranelift_frontend::{FuncInstBuilder, FunctionBuilder, FunctionBuilderContext, Switch, Variable};
use std::num::NonZeroU8;

/// From an empty function to the end.
pub fn whole(func: &mut Function, ctx: &mut FunctionBuilderContext, config: TargetFrontendConfig) {
    let mut b: FunctionBuilder<'_> = FunctionBuilder::new(func, ctx);
    b.seal_all_blocks();
    let func: &mut Function = b.func;
    func.dfg.clear();
    b.finalize(config);
    let _: FunctionBuilderContext = FunctionBuilderContext::new();
    let _: FunctionBuilderContext = FunctionBuilderContext::default();
}

/// Blocks.
pub fn blocks(b: &mut FunctionBuilder<'_>, old: Block, inst: Inst) {
    let block: Block = b.create_block();
    b.switch_to_block(block);
    b.ensure_inserted_block();
    b.insert_block_after(block, old);
    b.set_cold_block(block);
    b.seal_block(block);
    let _: Value = b.append_block_param(block, types::I32);
    b.append_block_params_for_function_params(block);
    b.append_block_params_for_function_returns(block);
    let _: &[Value] = b.block_params(block);
    let _: &[Value] = b.inst_results(inst);
    let _: Option<Block> = b.current_block();
    let _: bool = b.is_unreachable();
    b.change_jump_destination(inst, old, block);
}

/// Variables.
pub fn variables(b: &mut FunctionBuilder<'_>, value: Value) {
    let var: Variable = b.declare_var(types::I32);
    b.def_var(var, value);
    let _: Value = b.use_var(var);
    let _: Result<Value, _> = b.try_use_var(Variable::new(0));
    let _: Result<(), _> = b.try_def_var(Variable::from_u32(0), value);
    b.declare_var_needs_stack_map(var);
    b.declare_value_needs_stack_map(value);
    let _: (u32, usize) = (var.as_u32(), var.index());
}

/// What is declared before it is used.
pub fn declarations(b: &mut FunctionBuilder<'_>, sig: Signature, callee: ExtFuncData, gv: GlobalValueData) {
    let sig: SigRef = b.import_signature(sig);
    let _: Option<&Signature> = b.signature(sig);
    let _: FuncRef = b.import_function(callee);
    let _: GlobalValue = b.create_global_value(gv);
}

/// Slots and tables.
pub fn slots(b: &mut FunctionBuilder<'_>, slot: StackSlotData, dynamic: DynamicStackSlotData, table: JumpTableData) {
    let _: StackSlot = b.create_sized_stack_slot(slot);
    let _: DynamicStackSlot = b.create_dynamic_stack_slot(dynamic);
    let _: JumpTable = b.create_jump_table(table);
    let region = |_: &mut AliasRegionSet, _: Type, _: StackSlot, _: u32| -> Option<AliasRegion> { None };
    b.make_stack_map_alias_region(Box::new(region));
}

/// Where instructions go and where they come from.
pub fn places(b: &mut FunctionBuilder<'_>, value: Value) {
    b.set_srcloc(SourceLoc::new(1));
    let _: SourceLoc = b.srcloc();
    b.set_val_label(value, ValueLabel::from_u32(3));
    let _: FuncCursor<'_> = b.cursor();
    let ins: FuncInstBuilder<'_, '_> = b.ins();
    let _: Inst = ins.nop();
}

/// Memory as C's library sees it.
pub fn library(b: &mut FunctionBuilder<'_>, config: TargetFrontendConfig, to: Value, from: Value, size: Value) {
    let (align, flags) = (NonZeroU8::MIN, MemFlagsData::new());
    b.call_memcpy(config, to, from, size);
    b.call_memmove(config, to, from, size);
    b.call_memset(config, to, from, size);
    let _: Value = b.call_memcmp(config, to, from, size);
    b.emit_small_memory_copy(config, to, from, 16, 8, 8, true, flags);
    b.emit_small_memset(config, to, 0, 16, 8, flags);
    let _: Value = b.emit_small_memory_compare(config, IntCC::Equal, to, from, 16, align, align, flags);
}

/// Switches.
pub fn switches(b: &mut FunctionBuilder<'_>, value: Value, block: Block) {
    let mut switch: Switch = Switch::new();
    switch.set_entry(1 << 100, block);
    let _: Option<&Block> = switch.entries().get(&1);
    switch.emit(b, value, block);
}
