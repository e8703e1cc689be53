//! Building instructions. [`InstBuilder`] has a method for every operation; it is written by `build.rs` from the table of
//! operations. What is here says where a built instruction goes: [`InsertBuilder`] and [`ReplaceBuilder`].

use super::condcodes::{FloatCC, IntCC};
use super::dfg::DataFlowGraph;
use super::immediates::{Ieee16, Ieee32, Ieee64, Imm64, Offset32, Uimm8};
use super::instructions::{BlockArg, BlockCall, InstructionData, Opcode, ValueList};
use super::layout::Layout;
use super::types::{self, Type};
use super::{
    AtomicRmwOp, Block, Constant, DynamicStackSlot, ExceptionTable, FuncRef, GlobalValue, Immediate, Inst, JumpTable,
    MemFlags, MemFlagsData, SigRef, StackSlot, TrapCode, Value,
};

/// What a builder needs to do: make an instruction and put it where it belongs.
pub trait InstBuilderBase<'f>: Sized {
    /// The graph the instruction goes to.
    fn data_flow_graph(&self) -> &DataFlowGraph;
    /// The graph the instruction goes to.
    fn data_flow_graph_mut(&mut self) -> &mut DataFlowGraph;
    /// Makes an instruction with its results and inserts it.
    fn build(self, data: InstructionData, ctrl_typevar: Type) -> (Inst, &'f mut DataFlowGraph);
    /// Makes an instruction with its results and inserts it before the one that will be built.
    fn build_aux_inst(&mut self, data: InstructionData, ctrl_typevar: Type) -> Inst;
    /// A constant of type `ty` before the instruction that will be built: each lane is `imm`, extended from 64 bits with
    /// its sign if `is_signed`, or reduced.
    fn build_imm_const(&mut self, ty: Type, imm: Imm64, is_signed: bool) -> Value {
        let lane = ty.lane_type();
        let narrow = if lane == types::I128 { types::I64 } else { lane };
        let imm = imm.zero_extend_from_width(narrow.bits());
        let mut value = aux_value(self, InstructionData::UnaryImm { opcode: Opcode::Iconst, imm }, narrow);
        if lane != narrow {
            let opcode = if is_signed { Opcode::Sextend } else { Opcode::Uextend };
            value = aux_value(self, InstructionData::Unary { opcode, arg: value }, lane);
        }
        if lane != ty {
            value = aux_value(self, InstructionData::Unary { opcode: Opcode::Splat, arg: value }, ty);
        }
        value
    }
}

/// The type of a constant amount by which a value of type `ty` is shifted.
fn amount_type(ty: Type) -> Type {
    if ty.lane_bits() > 64 { types::I64 } else { ty.lane_type() }
}

/// The first result of an instruction before the one that will be built.
fn aux_value<'f>(builder: &mut impl InstBuilderBase<'f>, data: InstructionData, ctrl_typevar: Type) -> Value {
    let inst = builder.build_aux_inst(data, ctrl_typevar);
    builder.data_flow_graph().first_result(inst)
}

/// The complement of a value, before the instruction that will be built.
fn bnot<'f>(builder: &mut impl InstBuilderBase<'f>, arg: Value) -> Value {
    let ty = builder.data_flow_graph().value_type(arg);
    aux_value(builder, InstructionData::Unary { opcode: Opcode::Bnot, arg }, ty)
}

include!(concat!(env!("OUT_DIR"), "/inst_builder.rs"));

/// Something that knows where instructions go, a cursor for instance.
pub trait InstInserterBase<'f>: Sized {
    /// The graph instructions go to.
    fn data_flow_graph(&self) -> &DataFlowGraph;
    /// The graph instructions go to.
    fn data_flow_graph_mut(&mut self) -> &mut DataFlowGraph;
    /// Inserts an instruction that was made.
    fn insert_built_inst(self, inst: Inst) -> &'f mut DataFlowGraph;
    /// Inserts an instruction that was made, to be followed by others.
    fn insert_aux_inst(&mut self, inst: Inst);
}

/// Builds an instruction and inserts it.
pub struct InsertBuilder<'f, IIB: InstInserterBase<'f>> {
    inserter: IIB,
    unused: std::marker::PhantomData<&'f mut DataFlowGraph>,
}

impl<'f, IIB: InstInserterBase<'f>> InsertBuilder<'f, IIB> {
    /// A builder that inserts as `inserter` says.
    pub fn new(inserter: IIB) -> Self {
        InsertBuilder { inserter, unused: std::marker::PhantomData }
    }
    /// The same, with values, where there are any, as the results instead of new ones. They must be detached.
    pub fn with_results<Array: AsRef<[Option<Value>]>>(self, reuse: Array) -> InsertReuseBuilder<'f, IIB, Array> {
        InsertReuseBuilder { inserter: self.inserter, reuse, unused: std::marker::PhantomData }
    }
    /// The same, with this value as the only result instead of a new one. It must be detached.
    pub fn with_result(self, v: Value) -> InsertReuseBuilder<'f, IIB, [Option<Value>; 1]> {
        self.with_results([Some(v)])
    }
}

/// Makes an instruction with its results, and has it inserted before the next one.
fn insert_aux<'f>(inserter: &mut impl InstInserterBase<'f>, data: InstructionData, ctrl_typevar: Type) -> Inst {
    let dfg = inserter.data_flow_graph_mut();
    let inst = dfg.make_inst(data);
    dfg.make_inst_results(inst, ctrl_typevar);
    inserter.insert_aux_inst(inst);
    inst
}

impl<'f, IIB: InstInserterBase<'f>> InstBuilderBase<'f> for InsertBuilder<'f, IIB> {
    fn data_flow_graph(&self) -> &DataFlowGraph {
        self.inserter.data_flow_graph()
    }
    fn data_flow_graph_mut(&mut self) -> &mut DataFlowGraph {
        self.inserter.data_flow_graph_mut()
    }
    fn build(mut self, data: InstructionData, ctrl_typevar: Type) -> (Inst, &'f mut DataFlowGraph) {
        let dfg = self.inserter.data_flow_graph_mut();
        let inst = dfg.make_inst(data);
        dfg.make_inst_results(inst, ctrl_typevar);
        (inst, self.inserter.insert_built_inst(inst))
    }
    fn build_aux_inst(&mut self, data: InstructionData, ctrl_typevar: Type) -> Inst {
        insert_aux(&mut self.inserter, data, ctrl_typevar)
    }
}

/// Builds an instruction with given values as results and inserts it.
pub struct InsertReuseBuilder<'f, IIB: InstInserterBase<'f>, Array: AsRef<[Option<Value>]>> {
    inserter: IIB,
    reuse: Array,
    unused: std::marker::PhantomData<&'f mut DataFlowGraph>,
}

impl<'f, IIB: InstInserterBase<'f>, Array: AsRef<[Option<Value>]>> InstBuilderBase<'f>
    for InsertReuseBuilder<'f, IIB, Array>
{
    fn data_flow_graph(&self) -> &DataFlowGraph {
        self.inserter.data_flow_graph()
    }
    fn data_flow_graph_mut(&mut self) -> &mut DataFlowGraph {
        self.inserter.data_flow_graph_mut()
    }
    fn build(mut self, data: InstructionData, ctrl_typevar: Type) -> (Inst, &'f mut DataFlowGraph) {
        let dfg = self.inserter.data_flow_graph_mut();
        let inst = dfg.make_inst(data);
        dfg.make_inst_results_reusing(inst, ctrl_typevar, self.reuse.as_ref().iter().copied());
        (inst, self.inserter.insert_built_inst(inst))
    }
    fn build_aux_inst(&mut self, data: InstructionData, ctrl_typevar: Type) -> Inst {
        insert_aux(&mut self.inserter, data, ctrl_typevar)
    }
}

/// Builds an instruction in the place of an old one. If the old one has results, the new one has them; they must be of the
/// right types. What the instruction needs besides is inserted before it.
pub struct ReplaceBuilder<'f> {
    dfg: &'f mut DataFlowGraph,
    layout: &'f mut Layout,
    inst: Inst,
}

impl<'f> ReplaceBuilder<'f> {
    /// A builder that replaces `inst`.
    pub fn new(dfg: &'f mut DataFlowGraph, layout: &'f mut Layout, inst: Inst) -> Self {
        ReplaceBuilder { dfg, layout, inst }
    }
}

impl<'f> InstBuilderBase<'f> for ReplaceBuilder<'f> {
    fn data_flow_graph(&self) -> &DataFlowGraph {
        self.dfg
    }
    fn data_flow_graph_mut(&mut self) -> &mut DataFlowGraph {
        self.dfg
    }
    fn build(self, data: InstructionData, ctrl_typevar: Type) -> (Inst, &'f mut DataFlowGraph) {
        self.dfg.insts[self.inst] = data;
        if !self.dfg.has_results(self.inst) {
            self.dfg.make_inst_results(self.inst, ctrl_typevar);
        }
        (self.inst, self.dfg)
    }
    fn build_aux_inst(&mut self, data: InstructionData, ctrl_typevar: Type) -> Inst {
        let inst = self.dfg.make_inst(data);
        self.dfg.make_inst_results(inst, ctrl_typevar);
        self.layout.insert_inst(inst, self.inst);
        inst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::{Cursor, FuncCursor};
    use crate::ir::types::{I8, I32, I64, I128};
    use crate::ir::{Function, StackSlotData, StackSlotKind, Type};

    /// A function with one block whose parameters have these types.
    fn function(types: &[Type]) -> (Function, Vec<Value>) {
        let mut func = Function::new();
        let block = func.dfg.make_block();
        func.layout.append_block(block);
        let values = types.iter().map(|t| func.dfg.append_block_param(block, *t)).collect();
        (func, values)
    }

    fn opcodes(func: &Function) -> Vec<Opcode> {
        let insts = func.layout.blocks().flat_map(|b| func.layout.block_insts(b));
        insts.map(|i| func.dfg.insts[i].opcode()).collect()
    }

    #[test]
    fn types_follow_from_operands() {
        let (mut func, v) = function(&[I8, I32, I32]);
        let block = func.layout.entry_block().unwrap();
        let mut pos = FuncCursor::new(&mut func).at_bottom(block);
        let sum = pos.ins().iadd(v[1], v[2]);
        let less = pos.ins().icmp(IntCC::UnsignedLessThan, sum, v[1]);
        let chosen = pos.ins().select(v[0], sum, v[1]);
        let wide = pos.ins().uextend(I128, chosen);
        let loaded = pos.ins().load(I8, MemFlagsData::trusted(), wide, -8);
        let dfg = &pos.func.dfg;
        assert_eq!([sum, less, chosen, wide, loaded].map(|v| dfg.value_type(v)), [I32, I8, I32, I128, I8]);
        let load = dfg.value_def(loaded).unwrap_inst();
        assert_eq!((dfg.ctrl_typevar(load), dfg.insts[load].load_store_offset()), (I8, Some(-8)));
        assert_eq!(dfg.insts[load].memflags_data(dfg), Some(MemFlagsData::trusted()));
    }

    #[test]
    fn constants_fit_their_type() {
        let (mut func, v) = function(&[I8, I64, I128]);
        let block = func.layout.entry_block().unwrap();
        let mut pos = FuncCursor::new(&mut func).at_bottom(block);
        pos.ins().iconst(I8, -1);
        pos.ins().iadd_imm_s(v[0], -1);
        pos.ins().iadd_imm_s(v[2], -1);
        pos.ins().iadd_imm_u(v[2], -1);
        pos.ins().ishl_imm_u(v[2], 3);
        let constants = func.layout.block_insts(block).filter_map(|i| match func.dfg.insts[i] {
            InstructionData::UnaryImm { imm, .. } => Some((func.dfg.ctrl_typevar(i), imm.bits())),
            _ => None,
        });
        let expected = [(I8, 0xff), (I8, 0xff), (I64, -1), (I64, -1), (I64, 3)];
        assert_eq!(constants.collect::<Vec<_>>(), expected);
        use Opcode::*;
        assert_eq!(opcodes(&func), [Iconst, Iconst, Iadd, Iconst, Sextend, Iadd, Iconst, Uextend, Iadd, Iconst, Ishl]);
    }

    #[test]
    fn conveniences_expand() {
        let (mut func, v) = function(&[I64]);
        let slot = func.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 16, 3));
        let block = func.layout.entry_block().unwrap();
        let mut pos = FuncCursor::new(&mut func).at_bottom(block);
        pos.ins().band_not(v[0], v[0]);
        let loaded = pos.ins().stack_load(I64, I8, slot, 4);
        pos.ins().stack_store(I64, loaded, slot, 5);
        assert_eq!(pos.func.dfg.value_type(loaded), I8);
        use Opcode::*;
        assert_eq!(opcodes(&func), [Bnot, Band, StackAddr, Load, StackAddr, Store]);
    }

    #[test]
    fn results_are_used_again() {
        let (mut func, v) = function(&[I32]);
        let block = func.layout.entry_block().unwrap();
        let mut pos = FuncCursor::new(&mut func).at_bottom(block);
        let old = pos.ins().ineg(v[0]);
        let inst = pos.func.dfg.value_def(old).unwrap_inst();
        let new = pos.func.replace(inst).iadd_imm_s(v[0], 1);
        assert_eq!((new, pos.func.dfg.value_def(old)), (old, crate::ir::ValueDef::Result(inst, 0)));
        pos.func.dfg.clear_results(inst);
        let same = pos.ins().with_result(old).bnot(v[0]);
        assert_eq!((same, pos.func.dfg.value_is_attached(old)), (old, true));
        pos.func.replace(inst).nop();
        assert_eq!(opcodes(&func)[..2], [Opcode::Iconst, Opcode::Nop]);
    }
}
