//! Instructions as steps see them.

use windlass_ir::ir::types::{INVALID, Type};
use windlass_ir::ir::{DataFlowGraph, Inst, InstructionData, Value};

/// An instruction. What it refers to is that of the function that runs.
pub trait InstructionContext {
    /// The instruction itself.
    fn data(&self) -> InstructionData;
    /// Its value operands.
    fn args(&self) -> &[Value];
    /// A value's type.
    fn type_of(&self, v: Value) -> Option<Type>;
    /// Its controlling type.
    fn controlling_type(&self) -> Option<Type>;
}

/// An instruction of a function.
#[derive(Clone, Copy)]
pub struct DfgInstructionContext<'a>(Inst, &'a DataFlowGraph);

impl<'a> DfgInstructionContext<'a> {
    /// This instruction of that graph.
    pub fn new(inst: Inst, dfg: &'a DataFlowGraph) -> Self {
        DfgInstructionContext(inst, dfg)
    }
}

impl InstructionContext for DfgInstructionContext<'_> {
    fn data(&self) -> InstructionData {
        self.1.insts[self.0]
    }

    fn args(&self) -> &[Value] {
        self.1.inst_args(self.0)
    }

    fn type_of(&self, v: Value) -> Option<Type> {
        self.1.value_is_valid(v).then(|| self.1.value_type(v))
    }

    fn controlling_type(&self) -> Option<Type> {
        Some(self.1.ctrl_typevar(self.0)).filter(|ty| *ty != INVALID)
    }
}
