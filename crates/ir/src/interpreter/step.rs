//! One instruction: control by its format, everything else by its meaning. Needs the machine.

use super::InterpreterError;
use super::address::{Callee, THROW_NAME};
use super::machine::{Bits, Machine, Step};
use super::memory::Effects;
use crate::ir::entities::{FuncRef, GlobalValue, Inst, SigRef, Value};
use crate::ir::{ArgumentPurpose, ExternalName, Function, GlobalValueData, InstructionData, Signature};
use crate::meaning;
use smallvec::SmallVec;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::ops::{self, Effects as Kind, Imms, OpRow, Opcode};

/// How many global values one may be based on.
const GLOBAL_DEPTH: usize = 1000;

impl<'a> Machine<'_, 'a> {
    /// Runs the topmost frame's present instruction.
    pub(super) fn step(&mut self) -> Result<Step, InterpreterError> {
        let Some(inst) = self.frame().inst else { return Err(InterpreterError::Unterminated) };
        let func = self.frame().func;
        let pool = &func.dfg.value_lists;
        match self.data(inst) {
            InstructionData::Jump { destination, .. } => Ok(self.edge(destination, &[], &[])),
            InstructionData::Brif { blocks, .. } => self.brif(inst, blocks),
            InstructionData::BranchTable { arg, table, .. } => {
                let table = &func.dfg.jump_tables[*table];
                let index = usize::try_from(self.get(*arg)).ok();
                let default = table.default_block();
                Ok(self.edge(index.and_then(|i| table.as_slice().get(i)).unwrap_or(&default), &[], &[]))
            }
            InstructionData::MultiAry { args, .. } => Ok(Step::Return(self.gather(args.as_slice(pool)))),
            InstructionData::Call { func_ref, args, opcode } => {
                self.call_step(*opcode, self.callee(*func_ref)?, None, args.as_slice(pool))
            }
            InstructionData::TryCall { func_ref, args, opcode, .. } => {
                self.call_step(*opcode, self.callee(*func_ref)?, None, args.as_slice(pool))
            }
            InstructionData::CallIndirect { sig_ref, args, opcode } => {
                self.call_indirect(*opcode, *sig_ref, args.as_slice(pool))
            }
            InstructionData::TryCallIndirect { args, exception, opcode } => {
                let sig = func.dfg.exception_tables[*exception].signature();
                self.call_indirect(*opcode, sig, args.as_slice(pool))
            }
            InstructionData::NullAry { opcode: Opcode::Debugtrap } => Err(InterpreterError::Debugtrap),
            InstructionData::NullAry { opcode } if let Some(word) = self.special_register(*opcode) => {
                let result = func.dfg.first_result(inst);
                self.set(result, Num::lit(64, word).resize(func.dfg.value_type(result).bits()).get());
                self.advance();
                Ok(Step::Next)
            }
            InstructionData::Unary { opcode: Opcode::SetPinnedReg, arg } => {
                self.pinned = self.get(*arg);
                self.advance();
                Ok(Step::Next)
            }
            _ => self.compute(inst),
        }
    }

    /// What is in a register of the machine.
    fn special_register(&self, opcode: Opcode) -> Option<u128> {
        let frame = self.frame();
        match opcode {
            Opcode::GetPinnedReg => Some(self.pinned),
            Opcode::GetStackPointer => Some(frame.place.sp.into()),
            Opcode::GetFramePointer => Some(frame.place.fp.into()),
            Opcode::GetReturnAddress => Some(frame.return_address.into()),
            _ => None,
        }
    }

    fn gather(&self, values: &[Value]) -> Bits {
        values.iter().map(|v| self.get(*v)).collect()
    }

    fn brif(&mut self, inst: Inst, blocks: &[crate::ir::BlockCall; 2]) -> Result<Step, InterpreterError> {
        let (opcode, args) = self.operands(inst);
        let imms = self.imms(inst)?;
        let mut env = Effects::new(&mut self.memory, self.policy);
        ops::meaning(opcode, &mut env, &imms, &args);
        let taken = env.taken == Some(true);
        Ok(self.edge(&blocks[if taken { 0 } else { 1 }], &[], &[]))
    }

    fn operands(&self, inst: Inst) -> (Opcode, SmallVec<[Num; 3]>) {
        let dfg = &self.frame().func.dfg;
        (dfg.insts[inst].opcode(), dfg.inst_args(inst).iter().map(|v| self.num(*v)).collect())
    }

    /// Runs the meaning of an instruction without control flow.
    fn compute(&mut self, inst: Inst) -> Result<Step, InterpreterError> {
        let func = self.frame().func;
        let row = self.data(inst).opcode().row();
        self.check_supported(inst, row)?;
        let (opcode, args) = self.operands(inst);
        let imms = self.imms(inst)?;
        let mut env = Effects::new(&mut self.memory, self.policy);
        let results = ops::meaning(opcode, &mut env, &imms, &args);
        if let Some(fault) = env.fault {
            return Err(fault);
        }
        if let Some(code) = env.trap {
            return Ok(Step::Trap(code));
        }
        for (v, num) in func.dfg.inst_results(inst).iter().zip(results) {
            self.set(*v, num.get());
        }
        self.advance();
        Ok(Step::Next)
    }

    fn check_supported(&self, inst: Inst, row: &OpRow) -> Result<(), InterpreterError> {
        if let Some(reason) = row.no_meaning {
            return Err(InterpreterError::Unsupported { opcode: row.name, reason });
        }
        let dfg = &self.frame().func.dfg;
        let values = dfg.inst_args(inst).iter().chain(dfg.inst_results(inst));
        match values.map(|v| dfg.value_type(*v)).find(|t| t.bits() > 128) {
            Some(ty) => Err(InterpreterError::UnsupportedType(ty)),
            None => Ok(()),
        }
    }

    /// What an instruction has besides its values, with the addresses of what it names.
    fn imms(&mut self, inst: Inst) -> Result<Imms<Num>, InterpreterError> {
        let func = self.frame().func;
        let mut imms = meaning::imms(&func.dfg, inst);
        let word = |v: i64| Num::lit(64, v as u64 as u128);
        match self.data(inst) {
            InstructionData::FuncAddr { func_ref, .. } => imms.imm = word(self.callee(*func_ref)?.address() as i64),
            InstructionData::StackAddr { stack_slot, offset, .. } => {
                let slot = self.frame().place.slots[stack_slot.as_u32() as usize] as i64;
                imms.imm = word(slot.wrapping_add(i64::from(*offset)));
            }
            InstructionData::DynamicStackAddr { dynamic_stack_slot, .. } => {
                let slot = func.sized_stack_slots.len() + dynamic_stack_slot.as_u32() as usize;
                imms.imm = word(self.frame().place.slots[slot] as i64);
            }
            InstructionData::UnaryGlobalValue { global_value, .. } => {
                imms.imm = word(self.global(*global_value)? as i64)
            }
            _ => {}
        }
        Ok(imms)
    }

    /// What a function reference of the topmost frame means.
    fn callee(&self, func_ref: FuncRef) -> Result<Callee, InterpreterError> {
        let func = self.frame().func;
        self.symbol(func, &func.dfg.ext_funcs[func_ref].name)
    }

    fn symbol(&self, func: &Function, name: &ExternalName) -> Result<Callee, InterpreterError> {
        if let ExternalName::LibCall(l) = name {
            return Ok(Callee::LibCall(*l));
        }
        let name = name.display(Some(&func.params)).to_string();
        match self.functions.index_of(&name) {
            Some(index) => Ok(Callee::Function(index)),
            None if name == THROW_NAME => Ok(Callee::Throw),
            None => Err(InterpreterError::UnknownSymbol(name)),
        }
    }

    fn call_step(
        &self,
        opcode: Opcode,
        callee: Callee,
        sig: Option<&Signature>,
        args: &[Value],
    ) -> Result<Step, InterpreterError> {
        if let (Callee::Function(index), Some(sig)) = (callee, sig)
            && self.functions.get_by_index(index).is_none_or(|f| f.signature != *sig)
        {
            return Err(InterpreterError::BadSignature(self.functions.name(index)));
        }
        let args = self.gather(args);
        let tail = opcode.row().effects.has(Kind::RETURN);
        Ok(if tail { Step::TailCall(callee, args) } else { Step::Call(callee, args) })
    }

    fn call_indirect(&self, opcode: Opcode, sig: SigRef, args: &[Value]) -> Result<Step, InterpreterError> {
        let (callee, args) = args.split_first().ok_or(InterpreterError::BadCallee(0))?;
        let address = self.get(*callee) as u64;
        let callee = Callee::at(address).ok_or(InterpreterError::BadCallee(address))?;
        if let Callee::Function(index) = callee
            && self.functions.get_by_index(index).is_none()
        {
            return Err(InterpreterError::BadCallee(address));
        }
        self.call_step(opcode, callee, Some(&self.frame().func.dfg.signatures[sig]), args)
    }

    /// The address that a global value is.
    fn global(&mut self, gv: GlobalValue) -> Result<u64, InterpreterError> {
        let func = self.frame().func;
        // What is still to do with the base's address, innermost last.
        let (mut todo, mut gv) = (Vec::new(), gv);
        let mut value = loop {
            if todo.len() > GLOBAL_DEPTH {
                return Err(InterpreterError::UnknownSymbol(gv.to_string()));
            }
            match &func.global_values[gv] {
                GlobalValueData::VMContext => match func.special_param(ArgumentPurpose::VMContext) {
                    Some(v) => break self.get(v) as u64,
                    None => return Err(InterpreterError::UnknownSymbol("vmctx".to_string())),
                },
                GlobalValueData::Symbol { name, offset, .. } => {
                    break self.symbol(func, name)?.address().wrapping_add_signed(offset.bits());
                }
                GlobalValueData::DynScaleTargetConst { .. } => break 1,
                data @ (GlobalValueData::Load { base, .. } | GlobalValueData::IAddImm { base, .. }) => {
                    todo.push(data);
                    gv = *base;
                }
            }
        };
        while let Some(data) = todo.pop() {
            value = match data {
                GlobalValueData::Load { offset, global_type, .. } => {
                    let address = value.wrapping_add_signed(i64::from(*offset));
                    let size = global_type.bytes();
                    let v = self.memory.read(address, size as usize);
                    v.ok_or(InterpreterError::BadAccess { address, size })? as u64
                }
                GlobalValueData::IAddImm { offset, .. } => value.wrapping_add_signed(offset.bits()),
                _ => value,
            };
        }
        Ok(value)
    }
}
