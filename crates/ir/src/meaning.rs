//! What an instruction has besides its operands, as its meaning takes it. Needs the data flow graph; what depends on where
//! functions, slots and globals are is for the caller to add.

use crate::ir::dfg::DataFlowGraph;
use crate::ir::{Endianness, Inst, InstructionData, MemFlagsData, Value};
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::Access;
use windlass_desc::ops::Imms;
use windlass_desc::types::{self, Type};

/// How memory is accessed under these flags.
pub fn access(flags: MemFlagsData) -> Access {
    Access {
        trap: flags.trap_code(),
        big_endian: flags.explicit_endianness() == Some(Endianness::Big),
        ..Access::PLAIN
    }
}

/// The bits of a constant of bytes, the first of which is the lowest.
pub fn constant(bytes: &[u8]) -> Num {
    let words = bytes.chunks(8).map(|word| word.iter().rev().fold(0, |v, b| v << 8 | u64::from(*b)));
    Num::from_words((bytes.len() as u32 * 8).max(128), words.collect())
}

/// The type of one unit of a dynamic vector.
fn unit(ty: Type) -> Type {
    ty.dynamic_to_vector().unwrap_or(ty)
}

/// The immediate of an instruction as a number of 64 bits: of an integer constant sign-extended from its type, of a float
/// its bits, of a memory operation the offset. None if it has none, or one that may be wider.
#[inline]
pub fn imm_of(dfg: &DataFlowGraph, inst: Inst) -> Option<i64> {
    let data = &dfg.insts[inst];
    match data {
        InstructionData::UnaryImm { imm, .. } => {
            let unused = 64 - dfg.value_type(dfg.first_result(inst)).bits().min(64);
            Some(imm.bits() << unused >> unused)
        }
        _ => plain_imm(data),
    }
}

/// The same, but integer constants as they were given, whatever their type.
fn plain_imm(data: &InstructionData) -> Option<i64> {
    match data {
        InstructionData::UnaryImm { imm, .. } => Some(imm.bits()),
        InstructionData::UnaryIeee16 { imm, .. } => Some(imm.bits().into()),
        InstructionData::UnaryIeee32 { imm, .. } => Some(imm.bits().into()),
        InstructionData::UnaryIeee64 { imm, .. } => Some(imm.bits() as i64),
        InstructionData::BinaryImm8 { imm, .. } | InstructionData::TernaryImm8 { imm, .. } => Some((*imm).into()),
        _ => data.load_store_offset().map(i64::from),
    }
}

/// Types, immediate, conditions, flags. The addresses of entities are left 0.
pub fn imms(dfg: &DataFlowGraph, inst: Inst) -> Imms<Num> {
    let first = |values: &[Value]| values.first().map_or(types::INVALID, |v| dfg.value_type(*v));
    let (result, arg) = (first(dfg.inst_results(inst)), first(dfg.inst_args(inst)));
    imms_of(dfg, &dfg.insts[inst], [dfg.ctrl_typevar(inst), result, arg])
}

/// The same of an instruction that need not be in the graph. Its types are the controlling one, that of the first result
/// and that of the first operand, [`types::INVALID`] for what it does not have.
pub fn imms_of(dfg: &DataFlowGraph, data: &InstructionData, [ctv, result, arg]: [Type; 3]) -> Imms<Num> {
    let mut imms = Imms::new(unit(ctv), unit(result), unit(arg));
    if let Some(code) = data.trap_code() {
        imms.code = code;
    }
    if let Some(flags) = data.memflags() {
        imms.access = access(dfg.mem_flags[flags]);
    }
    if let Some(imm) = plain_imm(data) {
        imms.imm = Num::lit(64, imm as u64 as u128);
    }
    match data {
        InstructionData::UnaryConst { constant_handle, .. } => {
            imms.imm = constant(dfg.constants.get(*constant_handle).as_slice());
        }
        InstructionData::Shuffle { imm, .. } => imms.imm = constant(dfg.immediates[*imm].as_slice()),
        InstructionData::IntCompare { cond, .. } => imms.cc = *cond,
        InstructionData::FloatCompare { cond, .. } => imms.fcc = *cond,
        InstructionData::AtomicRmw { op, .. } => imms.rmw = *op,
        _ => {}
    }
    imms
}
