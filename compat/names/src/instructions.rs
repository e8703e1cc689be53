//! Instructions as data: what they are, what they refer to, and the tables beside them.

use cranelift_codegen::ir::immediates::Imm64;
use cranelift_codegen::ir::instructions::{InstructionFormat, OpcodeConstraints, ResolvedConstraint, ValueTypeSet};
use cranelift_codegen::ir::{
    AliasRegion, AtomicRmwOp, Block, BlockArg, BlockCall, DataFlowGraph, ExceptionTable, ExceptionTableData,
    ExceptionTableItem, ExceptionTag, InstructionData, JumpTableData, MemFlags, Opcode, SigRef, TrapCode, Type, Value,
    ValueListPool, types,
};
use std::num::NonZeroU8;

/// Data of instructions.
pub fn data(data: &mut InstructionData, dfg: &DataFlowGraph) {
    let _: (Opcode, Option<TrapCode>) = (data.opcode(), data.trap_code());
    let _: (Option<MemFlags>, Option<i32>, Option<AliasRegion>) =
        (data.memflags(), data.load_store_offset(), data.alias_region(dfg));
    let _: &[Value] = data.arguments(&dfg.value_lists);
    let _: &[BlockCall] = data.branch_destination(&dfg.jump_tables, &dfg.exception_tables);
    let _: Option<ExceptionTable> = data.exception_table();
    match data {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => *imm = Imm64::new(1),
        InstructionData::Binary { args: [_, _], .. } | InstructionData::Load { arg: _, flags: _, offset: _, .. } => {}
        InstructionData::Call { func_ref: _, args: _, .. } | InstructionData::Brif { blocks: [_, _], .. } => {}
        InstructionData::Jump { destination: _, .. } | InstructionData::BranchTable { table: _, .. } => {}
        _ => {}
    }
}

/// Operations.
pub fn operations(op: Opcode) {
    let _: [bool; 5] = [op.is_terminator(), op.is_branch(), op.is_call(), op.is_return(), op.is_safepoint()];
    let _: [bool; 4] = [op.can_load(), op.can_store(), op.can_trap(), op.other_side_effects()];
    let (format, constraints): (InstructionFormat, OpcodeConstraints) = (op.format(), op.constraints());
    let _: (InstructionFormat, &[Opcode]) = (format, Opcode::all());
    let _: [usize; 2] = [constraints.num_fixed_results(), constraints.num_fixed_value_arguments()];
    let _: (bool, Type) = (constraints.is_polymorphic(), constraints.result_type(0, types::I32));
    let _: Option<ValueTypeSet> = constraints.ctrl_typeset();
    match constraints.value_argument_constraint(0, types::I32) {
        ResolvedConstraint::Bound(_) => {}
        ResolvedConstraint::Free(set) => assert!(set.contains(set.example())),
    }
    let _: (Option<AtomicRmwOp>, Result<Opcode, _>) = (Some(AtomicRmwOp::Umax), "iadd".parse::<Opcode>());
}

/// Branches with arguments, and tables of them.
pub fn branches(block: Block, v: Value, sig: SigRef, pool: &mut ValueListPool) {
    let mut call: BlockCall = BlockCall::new(block, [v.into(), BlockArg::TryCallRet(0), BlockArg::TryCallExn(1)], pool);
    call.append_argument(v, pool);
    call.set_block(block, pool);
    let _: (Block, usize, Option<BlockArg>) = (call.block(pool), call.len(pool), call.args(pool).next());
    let mut table: JumpTableData = JumpTableData::new(call, &[call]);
    let _: (BlockCall, &[BlockCall], &mut [BlockCall]) = (table.default_block(), &[], table.as_mut_slice());
    let _: (&[BlockCall], &[BlockCall]) = (table.all_branches(), table.as_slice());
    let items = [
        ExceptionTableItem::Tag(ExceptionTag::from_u32(1), call),
        ExceptionTableItem::Default(call),
        ExceptionTableItem::Context(v),
    ];
    let handlers: ExceptionTableData = ExceptionTableData::new(sig, call, items);
    let _: (SigRef, &BlockCall, &[BlockCall]) =
        (handlers.signature(), handlers.normal_return(), handlers.all_branches());
    let _: Option<ExceptionTableItem> = handlers.items().next();
}

/// Traps.
pub fn traps(code: TrapCode) {
    let _: [TrapCode; 3] =
        [TrapCode::STACK_OVERFLOW, TrapCode::BAD_CONVERSION_TO_INTEGER, TrapCode::INTEGER_DIVISION_BY_ZERO];
    let _: (Option<TrapCode>, NonZeroU8, TrapCode) =
        (TrapCode::user(1), code.as_raw(), TrapCode::from_raw(code.as_raw()));
    const OWN: TrapCode = TrapCode::unwrap_user(3);
    assert!(!TrapCode::non_user_traps().contains(&OWN));
}
