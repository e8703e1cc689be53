//! Functions: their names and signatures, their graph of values, and the order of their blocks.

use cranelift_codegen::ir::{
    AbiParam, ArgumentExtension, ArgumentPurpose, Block, BlockCall, DataFlowGraph, ExtFuncData, ExternalName, FuncRef,
    Function, Inst, InstructionData, Layout, LibCall, SigRef, Signature, SourceLoc, StackSlot, StackSlotData,
    StackSlotKind, Type, UserExternalName, UserExternalNameRef, UserFuncName, UserStackMapEntry, Value, ValueDef,
    ValueLabel, types,
};
use cranelift_codegen::isa::CallConv;

/// Functions as a whole.
pub fn whole(sig: Signature, inst: Inst) -> Function {
    let mut func = Function::with_name_signature(UserFuncName::user(0, 1), sig);
    let _: (SourceLoc, u32) = (func.srcloc(inst), func.fixed_stack_size());
    func.set_srcloc(inst, SourceLoc::new(1));
    func.collect_debug_info();
    let _: String = format!("{} {} {:?}", func.display(), func.display_spec(), func);
    let _: (&UserFuncName, CallConv) = (&func.name, func.signature.call_conv);
    let _: Option<Value> = func.special_param(ArgumentPurpose::VMContext);
    let name: UserExternalNameRef = func.declare_imported_user_function(UserExternalName::new(1, 2));
    let _: Option<&UserExternalName> = func.params.user_named_funcs().get(name);
    func.params.ensure_base_srcloc(SourceLoc::new(1));
    let sig: SigRef = func.import_signature(Signature::new(CallConv::SystemV));
    let data = ExtFuncData { name: ExternalName::user(name), signature: sig, colocated: true, patchable: false };
    let _: FuncRef = func.import_function(data);
    let slot: StackSlot = func.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 16, 4));
    let _: (u32, u8) = (func.sized_stack_slots[slot].size, func.sized_stack_slots[slot].align_shift);
    func.clear();
    Function::new()
}

/// Signatures and names.
pub fn signatures(sig: &mut Signature) {
    sig.params.push(AbiParam::new(types::I32).sext());
    sig.params.push(AbiParam::new(types::I8).uext());
    sig.params.push(AbiParam::special(types::I64, ArgumentPurpose::StructReturn));
    sig.params.push(AbiParam::special(types::I64, ArgumentPurpose::StructArgument(16)));
    let p: AbiParam = sig.returns[0];
    let _: (Type, ArgumentPurpose, ArgumentExtension) = (p.value_type, p.purpose, p.extension);
    let _: [Option<usize>; 2] =
        [sig.special_param_index(ArgumentPurpose::Normal), sig.special_return_index(ArgumentPurpose::StructReturn)];
    let _: [bool; 3] =
        [sig.uses_struct_return_param(), sig.is_multi_return(), sig.uses_special_param(ArgumentPurpose::VMContext)];
    sig.clear(CallConv::Tail);
    let _: [ExternalName; 2] = [ExternalName::testcase("f"), ExternalName::LibCall(LibCall::Memcpy)];
    let names = [UserFuncName::testcase("f"), UserFuncName::User(UserExternalName { namespace: 1, index: 2 })];
    let _: Option<&UserExternalName> = names[1].get_user();
}

/// The graph of values.
pub fn values(dfg: &mut DataFlowGraph, inst: Inst, block: Block, v: Value) {
    let _: (Type, ValueDef, Value) = (dfg.value_type(v), dfg.value_def(v), dfg.resolve_aliases(v));
    match dfg.value_def(v) {
        ValueDef::Result(_, _) | ValueDef::Param(_, _) => {}
    }
    let _: (Inst, Option<Inst>, usize) =
        (dfg.value_def(v).unwrap_inst(), dfg.value_def(v).inst(), dfg.value_def(v).num());
    let _: (&[Value], &[Value], Value) = (dfg.inst_args(inst), dfg.inst_results(inst), dfg.first_result(inst));
    let _: (&mut [Value], Option<SigRef>) = (dfg.inst_args_mut(inst), None);
    let _: (Option<SigRef>, Type, bool) = (dfg.call_signature(inst), dfg.ctrl_typevar(inst), dfg.has_results(inst));
    let _: (&[Value], usize) = (dfg.block_params(block), dfg.num_block_params(block));
    let _: [Value; 2] = [dfg.append_block_param(block, types::I8), dfg.replace_block_param(v, types::I8)];
    let _: BlockCall = dfg.block_call(block, &[v.into()]);
    dfg.change_to_alias(v, v);
    dfg.replace_with_aliases(inst, inst);
    dfg.detach_inst_results(inst);
    dfg.clear_results(inst);
    let _: Inst = dfg.make_inst(InstructionData::clone(&dfg.insts[inst]));
    let _: usize = dfg.make_inst_results(inst, types::I32);
    let entry = UserStackMapEntry { ty: types::I64, slot: StackSlot::from_u32(0), offset: 0 };
    dfg.append_user_stack_map_entry(inst, entry);
    let _: Option<&[UserStackMapEntry]> = dfg.user_stack_map_entries(inst);
    let _: String = dfg.display_inst(inst).to_string();
    let _: Option<(Value, ValueDef)> = dfg.values_and_defs().next();
    let _: [usize; 3] = [dfg.num_insts(), dfg.num_blocks(), dfg.num_values()];
    let _: (bool, bool) = (dfg.value_is_attached(v), dfg.inst_is_valid(inst));
    let _: ValueLabel = ValueLabel::from_u32(1);
}

/// The order of blocks and instructions.
pub fn order(layout: &mut Layout, block: Block, inst: Inst) {
    layout.append_block(block);
    layout.append_inst(inst, block);
    layout.insert_block(block, block);
    layout.insert_block_after(block, block);
    layout.insert_inst(inst, inst);
    layout.split_block(block, inst);
    layout.set_cold(block);
    let _: [bool; 2] = [layout.is_block_inserted(block), layout.is_cold(block)];
    let _: [Option<Block>; 4] =
        [layout.entry_block(), layout.last_block(), layout.next_block(block), layout.inst_block(inst)];
    let _: [Option<Inst>; 4] =
        [layout.first_inst(block), layout.last_inst(block), layout.next_inst(inst), layout.prev_inst(inst)];
    let _: (Option<Block>, Option<Inst>) = (layout.blocks().next(), layout.block_insts(block).next_back());
    layout.remove_inst(inst);
    layout.remove_block(block);
}
