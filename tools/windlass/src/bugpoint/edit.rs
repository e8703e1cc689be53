//! Edits that make a function smaller. Each keeps it valid, or says that it does not apply; whether what is left still
//! fails is for others to see.

use windlass_ir::cursor::{Cursor, FuncCursor};
use windlass_ir::data_value::DataValue;
use windlass_ir::entity::EntitySet;
use windlass_ir::ir::immediates::{Ieee16, Ieee32, Ieee64};
use windlass_ir::ir::types::{self, Type};
use windlass_ir::ir::{
    Block, BlockArg, BlockCall, ConstantData, Function, Inst, InstBuilder, InstructionData, Opcode, TrapCode, Value,
};

/// The instructions of a function in the order of its text.
pub(super) fn instructions(func: &Function) -> Vec<Inst> {
    func.layout.blocks().flat_map(|block| func.layout.block_insts(block)).collect()
}

/// The branches of an instruction.
pub(super) fn branches(func: &Function, inst: Inst) -> &[BlockCall] {
    func.dfg.insts[inst].branch_destination(&func.dfg.jump_tables, &func.dfg.exception_tables)
}

/// A constant of a type with these bits, where the cursor is.
fn constant(pos: &mut FuncCursor<'_>, ty: Type, bits: u128) -> Option<Value> {
    Some(match ty {
        types::I8 | types::I16 | types::I32 | types::I64 => pos.ins().iconst(ty, bits as i64),
        types::I128 => {
            let low = pos.ins().iconst(types::I64, bits as i64);
            let high = pos.ins().iconst(types::I64, (bits >> 64) as i64);
            pos.ins().iconcat(low, high)
        }
        types::F16 => pos.ins().f16const(Ieee16::with_bits(bits as u16)),
        types::F32 => pos.ins().f32const(Ieee32::with_bits(bits as u32)),
        types::F64 => pos.ins().f64const(Ieee64::with_bits(bits as u64)),
        _ if (ty.is_vector() && !ty.is_dynamic_vector() && ty.bits() <= 128) || ty == types::F128 => {
            let bytes = bits.to_le_bytes()[..ty.bytes() as usize].to_vec();
            let handle = pos.func.dfg.constants.insert(ConstantData::from(bytes));
            if ty == types::F128 { pos.ins().f128const(handle) } else { pos.ins().vconst(ty, handle) }
        }
        _ => return None,
    })
}

/// Takes an instruction away that is no terminator. Its results become its operand `like`, or zeros.
pub(super) fn drop_inst(func: &mut Function, inst: Inst, like: Option<usize>) -> bool {
    if func.dfg.insts[inst].opcode().is_terminator() {
        return false;
    }
    let results = func.dfg.inst_results(inst).to_vec();
    let used = uses(func);
    let mut new = vec![];
    for &result in &results {
        let ty = func.dfg.value_type(result);
        let value = match like {
            Some(n) => func.dfg.inst_args(inst).get(n).copied().filter(|&v| func.dfg.value_type(v) == ty),
            None if !used.contains(result) => None,
            None => constant(&mut FuncCursor::new(func).at_inst(inst), ty, 0),
        };
        if value.is_none() && used.contains(result) {
            return false;
        }
        new.push(value);
    }
    func.dfg.clear_results(inst);
    func.layout.remove_inst(inst);
    for (&old, new) in results.iter().zip(new) {
        if let Some(new) = new {
            func.dfg.change_to_alias(old, new);
        }
    }
    func.dfg.resolve_all_aliases();
    true
}

/// The values that something uses.
fn uses(func: &Function) -> EntitySet<Value> {
    let mut used = EntitySet::new();
    for inst in instructions(func) {
        func.dfg.inst_values(inst).for_each(|v| _ = used.insert(func.dfg.resolve_aliases(v)));
    }
    used
}

/// Makes the constant of an instruction this one.
pub(super) fn set_constant(func: &mut Function, inst: Inst, bits: i64) -> bool {
    match &mut func.dfg.insts[inst] {
        InstructionData::UnaryImm { imm, .. } if imm.bits() != bits => {
            *imm = bits.into();
            true
        }
        _ => false,
    }
}

/// How a block can end instead.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// With a jump where its branch of this number goes.
    Jump(usize),
    /// With a return of zeros.
    Return,
    /// With a trap.
    Trap,
}

/// Ends a block in another way, and takes away the blocks that nothing reaches then.
pub(super) fn end(func: &mut Function, block: Block, how: End) -> bool {
    let Some(last) = func.layout.last_inst(block) else { return false };
    let opcode = func.dfg.insts[last].opcode();
    match how {
        End::Jump(n) => {
            let Some(target) = branches(func, last).get(n).copied().filter(|_| opcode != Opcode::Jump) else {
                return false;
            };
            let args: Vec<BlockArg> = target.args(&func.dfg.value_lists).collect();
            if args.iter().any(|arg| arg.as_value().is_none()) {
                return false;
            }
            let to = target.block(&func.dfg.value_lists);
            func.layout.remove_inst(last);
            FuncCursor::new(func).at_bottom(block).ins().jump(to, &args);
        }
        End::Return => {
            if opcode == Opcode::Return {
                return false;
            }
            func.layout.remove_inst(last);
            let types: Vec<Type> = func.signature.returns.iter().map(|r| r.value_type).collect();
            let mut pos = FuncCursor::new(func).at_bottom(block);
            let zeros: Option<Vec<Value>> = types.into_iter().map(|ty| constant(&mut pos, ty, 0)).collect();
            let Some(zeros) = zeros else { return false };
            pos.ins().return_(&zeros);
        }
        End::Trap => {
            if opcode == Opcode::Trap {
                return false;
            }
            func.layout.remove_inst(last);
            FuncCursor::new(func).at_bottom(block).ins().trap(TrapCode::unwrap_user(1));
        }
    }
    remove_unreachable(func);
    true
}

/// Lets all branches of a block's end go where the one of this number goes.
pub(super) fn unify(func: &mut Function, block: Block, n: usize) -> bool {
    let Some(last) = func.layout.last_inst(block) else { return false };
    let all = branches(func, last);
    let Some(&target) = all.get(n).filter(|_| all.len() > 1) else { return false };
    if !matches!(func.dfg.insts[last].opcode(), Opcode::Brif | Opcode::BrTable) {
        return false;
    }
    let dfg = &mut func.stencil.dfg;
    for call in dfg.insts[last].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables) {
        *call = target.deep_clone(&mut dfg.value_lists);
    }
    remove_unreachable(func);
    true
}

/// Leaves out some of the entries of a jump table.
pub(super) fn drop_entries(func: &mut Function, inst: Inst, keep: impl Fn(usize) -> bool) -> bool {
    let InstructionData::BranchTable { table, .. } = func.dfg.insts[inst] else { return false };
    let old = &func.dfg.jump_tables[table];
    let entries: Vec<BlockCall> =
        old.as_slice().iter().enumerate().filter(|(n, _)| keep(*n)).map(|(_, call)| *call).collect();
    let changed = entries.len() < old.as_slice().len();
    let new = windlass_ir::ir::JumpTableData::new(old.default_block(), &entries);
    func.dfg.jump_tables[table] = new;
    remove_unreachable(func);
    changed
}

fn remove_unreachable(func: &mut Function) {
    let mut reached = EntitySet::new();
    let mut todo: Vec<Block> = func.layout.entry_block().into_iter().collect();
    while let Some(block) = todo.pop() {
        if reached.insert(block) {
            todo.extend(func.block_successors(block));
        }
    }
    for block in func.layout.blocks().collect::<Vec<_>>() {
        if !reached.contains(block) {
            func.layout.remove_block_and_insts(block);
        }
    }
}

/// The terminators that go to a block.
fn predecessors(func: &Function, block: Block) -> Vec<Inst> {
    let goes = |inst: &Inst| branches(func, *inst).iter().any(|call| call.block(&func.dfg.value_lists) == block);
    func.layout.blocks().filter_map(|b| func.layout.last_inst(b)).filter(goes).collect()
}

/// Joins a block with the one it jumps to, if nothing else goes there.
pub(super) fn merge(func: &mut Function, block: Block) -> bool {
    let Some(last) = func.layout.last_inst(block) else { return false };
    let InstructionData::Jump { destination, .. } = func.dfg.insts[last] else { return false };
    let next = destination.block(&func.dfg.value_lists);
    if next == block || Some(next) == func.layout.entry_block() || predecessors(func, next).len() != 1 {
        return false;
    }
    let args: Option<Vec<Value>> = destination.args(&func.dfg.value_lists).map(|arg| arg.as_value()).collect();
    let params = func.dfg.block_params(next).to_vec();
    let Some(args) = args.filter(|args| args.len() == params.len()) else { return false };
    func.dfg.detach_block_params(next);
    for (param, arg) in params.into_iter().zip(args) {
        func.dfg.change_to_alias(param, arg);
    }
    func.layout.remove_inst(last);
    for inst in func.layout.block_insts(next).collect::<Vec<_>>() {
        func.layout.remove_inst(inst);
        func.layout.append_inst(inst, block);
    }
    func.layout.remove_block(next);
    func.dfg.resolve_all_aliases();
    true
}

/// Takes a parameter of a block away, which becomes what all branches pass, or else a zero.
pub(super) fn drop_param(func: &mut Function, block: Block, n: usize) -> bool {
    let Some(&param) = func.dfg.block_params(block).get(n) else { return false };
    if Some(block) == func.layout.entry_block() {
        return false;
    }
    let mut passed: Vec<Option<Value>> = vec![];
    for inst in predecessors(func, block) {
        let dfg = &mut func.stencil.dfg;
        for call in dfg.insts[inst].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables) {
            if call.block(&dfg.value_lists) == block {
                passed.push(call.args(&dfg.value_lists).nth(n).and_then(|arg| arg.as_value()));
                call.remove(n, &mut dfg.value_lists);
            }
        }
    }
    let others: Vec<&Option<Value>> = passed.iter().filter(|v| **v != Some(param)).collect();
    let same = match others[..] {
        [first, ref rest @ ..] if rest.iter().all(|v| *v == first) => *first,
        _ => None,
    };
    let ty = func.dfg.value_type(param);
    let zero = || constant(&mut FuncCursor::new(func).at_first_insertion_point(block), ty, 0);
    let Some(new) = same.or_else(zero) else { return false };
    func.dfg.remove_block_param(param);
    func.dfg.change_to_alias(param, new);
    func.dfg.resolve_all_aliases();
    true
}

/// Takes a parameter of the function away, which becomes a constant.
pub(super) fn drop_argument(func: &mut Function, n: usize, value: &DataValue) -> bool {
    let Some(entry) = func.layout.entry_block() else { return false };
    let Some(&param) = func.dfg.block_params(entry).get(n) else { return false };
    let ty = func.dfg.value_type(param);
    let mut pos = FuncCursor::new(func).at_first_insertion_point(entry);
    let Some(new) = constant(&mut pos, ty, value.to_bits()) else { return false };
    func.signature.params.remove(n);
    func.dfg.remove_block_param(param);
    func.dfg.change_to_alias(param, new);
    func.dfg.resolve_all_aliases();
    true
}

/// Takes a result of the function away.
pub(super) fn drop_result(func: &mut Function, n: usize) -> bool {
    if n >= func.signature.returns.len() {
        return false;
    }
    func.signature.returns.remove(n);
    for inst in instructions(func) {
        if func.dfg.insts[inst].opcode() == Opcode::Return {
            let mut args = func.dfg.inst_args(inst).to_vec();
            if n < args.len() {
                args.remove(n);
            }
            let mut pos = FuncCursor::new(func).at_inst(inst);
            pos.ins().return_(&args);
            func.layout.remove_inst(inst);
        }
    }
    true
}

/// Takes source locations and debug tags away.
pub(super) fn drop_places(func: &mut Function) -> bool {
    let before = func.display().to_string();
    func.srclocs.clear();
    func.debug_tags.clear();
    func.display().to_string() != before
}
