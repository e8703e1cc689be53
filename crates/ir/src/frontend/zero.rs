//! Zeros of all types, for variables that nobody wrote. Needs the names of the operations that make them.

use crate::cursor::{Cursor, FuncCursor};
use crate::ir::builder::{InstBuilder, InstBuilderBase};
use crate::ir::immediates::Ieee16;
use crate::ir::types::{self, Type};
use crate::ir::{Block, ConstantData, Function, Opcode, Value};

/// Puts a zero of type `ty` at the start of a block.
pub(super) fn at_start(func: &mut Function, block: Block, ty: Type) -> Value {
    if !func.layout.is_block_inserted(block) {
        func.layout.append_block(block);
    }
    let mut pos = FuncCursor::new(func).at_first_insertion_point(block);
    let lane = ty.lane_type();
    if ty.is_vector() || lane == types::F128 {
        let name = if ty.is_vector() { "vconst" } else { "f128const" };
        let data = ConstantData::default().expand_to(ty.bytes() as usize);
        let constant = pos.func.dfg.constants.insert(data);
        let (inst, dfg) = pos.ins().UnaryConst(opcode(name), ty, constant);
        return dfg.first_result(inst);
    }
    let scalar = match lane {
        types::F16 => pos.ins().UnaryIeee16(opcode("f16const"), lane, Ieee16::with_bits(0)),
        types::F32 => pos.ins().UnaryIeee32(opcode("f32const"), lane, 0.0.into()),
        types::F64 => pos.ins().UnaryIeee64(opcode("f64const"), lane, 0.0.into()),
        _ => return pos.ins().build_imm_const(ty, 0.into(), false),
    };
    scalar.1.first_result(scalar.0)
}

/// The operation with this name, which the table has.
fn opcode(name: &str) -> Opcode {
    name.parse().expect("a complete table of operations")
}
