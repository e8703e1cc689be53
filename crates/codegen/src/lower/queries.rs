//! What matchers ask of the function that is being lowered: operations, operands, types, immediates, uses. Needs
//! [`super::Lower`]; changes nothing.

use super::Lower;
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::ops::Opcode;
use windlass_desc::types::Type;
use windlass_ir::entity::EntityRef;
use windlass_ir::ir::{Block, Inst, Value, ValueDef};
use windlass_ir::meaning::imm_of;
use windlass_regalloc::NONE;

impl Lower<'_> {
    /// The operation of an instruction.
    pub fn opcode(&self, i: Inst) -> Opcode {
        self.func.dfg.insts[i].opcode()
    }
    /// Its controlling type.
    pub fn ctv(&self, i: Inst) -> Type {
        self.func.dfg.ctrl_typevar(i)
    }
    /// Its `n`-th value operand.
    pub fn arg(&self, i: Inst, n: usize) -> Value {
        self.func.dfg.inst_args(i)[n]
    }
    /// The instruction whose only result is `v`.
    pub fn def(&self, v: Value) -> Option<(Inst, Opcode)> {
        match self.func.dfg.value_def(v) {
            ValueDef::Result(i, 0) if self.func.dfg.inst_results(i).len() == 1 => Some((i, self.opcode(i))),
            _ => None,
        }
    }
    /// The type of a value.
    pub fn ty(&self, v: Value) -> Type {
        self.func.dfg.value_type(v)
    }
    /// Has the value one use in the function?
    pub fn once(&self, v: Value) -> bool {
        self.s.uses[v.index()] == 1
    }
    /// Is the value's register wanted after this instruction, by what is lowered already or around the loop's back edge?
    pub fn lives_on(&self, v: Value) -> bool {
        self.s.names[v.index()] != NONE || self.is_from_outside(v)
    }
    /// Does the value come from outside the innermost loop?
    fn is_from_outside(&self, v: Value) -> bool {
        let def = match self.func.dfg.value_def(v) {
            ValueDef::Result(i, _) => self.func.layout.inst_block(i),
            ValueDef::Param(b, _) => Some(b),
        };
        let depth = |b: Block| self.vcode.code.blocks.get(self.order.number(b) as usize).map(|b| b.loop_depth);
        def.zip(self.block).is_some_and(|(def, now)| depth(def) < depth(now))
    }
    /// Have all these values one use?
    pub fn all_once(&self, vs: &[Value]) -> bool {
        vs.iter().all(|&v| self.once(v))
    }
    /// The immediate of an operation that has one: see [`imm_of`].
    pub fn imm(&self, i: Inst) -> i64 {
        imm_of(&self.func.dfg, i).expect("patterns ask for immediates of operations that have one")
    }
    /// The condition of an `icmp`.
    pub fn cc(&self, i: Inst) -> IntCC {
        self.func.dfg.insts[i].cond_code().unwrap_or(IntCC::Equal)
    }
    /// The condition of an `fcmp`.
    pub fn fcc(&self, i: Inst) -> FloatCC {
        self.func.dfg.insts[i].fp_cond_code().unwrap_or(FloatCC::Equal)
    }
    /// Does a memory operation say that its byte order is not the machine's?
    pub fn is_swapped(&self, i: Inst) -> bool {
        let flags = self.func.dfg.insts[i].memflags_data(&self.func.dfg);
        flags.and_then(|f| f.explicit_endianness()).is_some_and(|order| order != self.roles.byte_order)
    }
    /// Can the load `i`, whose result is `v`, be folded into `root`? Not if its result already has a register, for example
    /// because a compare was repeated in several users.
    pub fn can_sink(&self, v: Value, i: Inst, root: Inst) -> bool {
        self.once(v)
            && self.s.vregs[v.index()] == NONE
            && !self.s.sunk[i.index()]
            && self.s.after[i.index()] == self.s.before[root.index()]
            && self.func.layout.inst_block(i) == self.func.layout.inst_block(root)
    }
    /// Do two memory operations access the same address in the same way?
    pub fn same_address(&self, a: Inst, b: Inst) -> bool {
        let base = |i| *self.func.dfg.inst_args(i).last().expect("memory operations have an address");
        let flags = |i| {
            self.func.dfg.insts[i].memflags_data(&self.func.dfg).map(|f: windlass_ir::ir::MemFlagsData| f.trap_code())
        };
        base(a) == base(b) && self.imm(a) == self.imm(b) && flags(a) == flags(b)
    }
    /// Has the CPU this feature, by the target's numbering?
    pub fn has_feature(&self, n: u32) -> bool {
        self.given.options.features >> n & 1 != 0
    }
}
