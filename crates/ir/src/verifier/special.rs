//! Rules of single operations: immediates in range, memory flags, widths of addresses, global values, registers that a
//! setting must grant, debug tags. Needs references and declarations that are known to be right.

use super::{Verifier, VerifierStepResult};
use crate::ir::entities::{Block, Constant, Inst, Value};
use crate::ir::{Endianness, InstructionData, MemFlags, MemFlagsData};
use windlass_desc::ops::{Effects, Opcode};
use windlass_desc::types;

impl Verifier<'_> {
    /// Addresses, and how memory is accessed.
    pub(super) fn memory(&mut self, inst: Inst) -> VerifierStepResult {
        let dfg = &self.func.dfg;
        let data = &dfg.insts[inst];
        let flags = data.memflags().map(|flags| dfg.mem_flags[flags]);
        if let Some(region) = flags.and_then(|f| f.alias_region()).filter(|r| !dfg.alias_regions.is_valid(*r)) {
            self.inst_error(inst, format!("undefined alias region {region}"));
        }
        match *data {
            InstructionData::LoadNoOffset { opcode: Opcode::Bitcast, arg, flags } => {
                return self.bitcast(inst, arg, flags);
            }
            InstructionData::Load { arg, .. } | InstructionData::LoadNoOffset { arg, .. } => self.address(inst, arg),
            InstructionData::Store { args, .. } | InstructionData::StoreNoOffset { args, .. } => {
                self.address(inst, args[1]);
            }
            InstructionData::AtomicRmw { args, .. } => self.address(inst, args[0]),
            InstructionData::AtomicCas { args, .. } => self.address(inst, args[0]),
            InstructionData::UnaryGlobalValue { global_value, .. } => {
                let ty = dfg.ctrl_typevar(inst);
                if let Some(global) = self.global_type(global_value).filter(|global| *global != ty) {
                    let message =
                        format!("global_value instruction with type {ty} references global value with type {global}");
                    self.inst_error(inst, message);
                }
            }
            _ => {}
        }
        match data {
            InstructionData::Store { .. } if flags.is_some_and(|f| f.readonly()) => {
                self.inst_fatal(inst, "A store instruction cannot have the `readonly` MemFlag")
            }
            _ => Ok(()),
        }
    }

    /// Numbers, constants and lanes.
    pub(super) fn immediates(&mut self, inst: Inst) -> VerifierStepResult {
        let func = self.func;
        match func.dfg.insts[inst] {
            InstructionData::UnaryImm { imm, .. } => self.integer(inst, imm.bits()),
            InstructionData::UnaryConst { constant_handle, .. } => self.constant(inst, constant_handle),
            InstructionData::Shuffle { imm, .. } => self.mask(inst, func.dfg.immediates[imm].as_slice()),
            InstructionData::BinaryImm8 { opcode: Opcode::Extractlane, arg, imm } => self.lane(inst, arg, imm),
            InstructionData::TernaryImm8 { opcode: Opcode::Insertlane, args, imm } => self.lane(inst, args[0], imm),
            InstructionData::ExceptionHandlerAddress { block, imm, .. } => self.handler(inst, block, imm.bits()),
            _ => Ok(()),
        }
    }

    /// Registers that code may only see where a setting of the target says so.
    pub(super) fn machine_registers(&mut self, inst: Inst) -> VerifierStepResult {
        let Some(target) = self.target else { return Ok(()) };
        match self.func.dfg.insts[inst].opcode() {
            Opcode::GetPinnedReg | Opcode::SetPinnedReg if !target.pinned_register => {
                self.inst_fatal(inst, "GetPinnedReg/SetPinnedReg cannot be used without enable_pinned_reg")
            }
            Opcode::GetFramePointer | Opcode::GetReturnAddress if !target.frame_pointers => {
                let names = "`get_frame_pointer`/`get_return_address`";
                self.inst_fatal(inst, format!("{names} cannot be used without enabling `preserve_frame_pointers`"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn debug_tags(&mut self, inst: Inst) -> VerifierStepResult {
        let opcode = self.func.dfg.insts[inst].opcode();
        let allowed = opcode.row().effects.has(Effects::CALL) || opcode == Opcode::SequencePoint;
        if !allowed && self.func.debug_tags.has(inst) {
            return self.inst_fatal(inst, "debug tags present on non-call, non-sequence point instruction");
        }
        Ok(())
    }

    /// What is meant is the address of a handler in the table of the block's `try_call`.
    fn handler(&mut self, inst: Inst, block: Block, index: i64) -> VerifierStepResult {
        let (dfg, layout) = (&self.func.dfg, &self.func.layout);
        let Ok(index) = usize::try_from(index) else {
            return self.inst_fatal(inst, format!("exception handler index {index} cannot be negative"));
        };
        let Some(table) = layout.last_inst(block).and_then(|last| dfg.insts[last].exception_table()) else {
            return self.inst_fatal(inst, format!("referenced block {block} does not end in a try_call"));
        };
        // The last branch is the normal return.
        let handlers = dfg.exception_tables.get(table).map_or(0, |table| table.all_branches().len() - 1);
        if index >= handlers {
            return self.inst_fatal(inst, format!("exception handler index {index} is out-of-range"));
        }
        Ok(())
    }

    /// An integer's bits above its type are zero.
    fn integer(&mut self, inst: Inst, imm: i64) -> VerifierStepResult {
        let bits = self.func.dfg.ctrl_typevar(inst).bits();
        if (1..64).contains(&bits) && imm as u64 >> bits != 0 {
            return self.inst_fatal(inst, "constant immediate is out of bounds");
        }
        Ok(())
    }

    fn constant(&mut self, inst: Inst, constant: Constant) -> VerifierStepResult {
        let dfg = &self.func.dfg;
        let ty = dfg.inst_results(inst).first().map_or(types::INVALID, |v| dfg.value_type(*v));
        let (size, expected) = (dfg.constants.get(constant).len(), ty.bytes() as usize);
        if size != expected {
            let message =
                format!("The instruction expects {constant} to have a size of {expected} bytes but it has {size}");
            return self.inst_fatal(inst, message);
        }
        Ok(())
    }

    /// A shuffle's mask has a number for each lane, which counts through both operands.
    fn mask(&mut self, inst: Inst, mask: &[u8]) -> VerifierStepResult {
        const LANES: usize = 16;
        if mask.len() != LANES {
            return self.inst_fatal(inst, format!("the mask of a shuffle has {LANES} bytes, not {}", mask.len()));
        }
        let max = 2 * LANES as u8 - 1;
        if let Some(lane) = mask.iter().find(|lane| **lane > max) {
            return self.inst_fatal(inst, format!("shuffle immediate index {lane} is larger than the maximum {max}"));
        }
        Ok(())
    }

    fn lane(&mut self, inst: Inst, vector: Value, lane: u8) -> VerifierStepResult {
        let ty = self.func.dfg.value_type(vector);
        if lane as u32 >= ty.lane_count() {
            return self.inst_fatal(inst, format!("The lane {lane} does not index into the type {ty}"));
        }
        Ok(())
    }

    /// A bitcast keeps the size; it must say the order of lanes where their number changes.
    fn bitcast(&mut self, inst: Inst, arg: Value, flags: MemFlags) -> VerifierStepResult {
        let dfg = &self.func.dfg;
        let (from, to) = (dfg.value_type(arg), dfg.ctrl_typevar(inst));
        let flags = dfg.mem_flags[flags];
        let plain = [
            MemFlagsData::new(),
            MemFlagsData::new().with_endianness(Endianness::Big),
            MemFlagsData::new().with_endianness(Endianness::Little),
        ];
        if from.bits() != to.bits() || from.is_dynamic_vector() != to.is_dynamic_vector() {
            let message = format!(
                "The bitcast argument {arg} has a type of {} bits, which doesn't match an expected type of {} bits",
                from.bits(),
                to.bits()
            );
            return self.inst_fatal(inst, message);
        }
        if !plain.contains(&flags) {
            let message = "The bitcast instruction only accepts the `big` or `little` memory flags";
            return self.inst_fatal(inst, message);
        }
        if flags == plain[0] && from.lane_count() != to.lane_count() {
            let message = "Byte order specifier required for bitcast instruction changing lane count";
            return self.inst_fatal(inst, message);
        }
        Ok(())
    }

    /// An address is as wide as the target's pointers.
    fn address(&mut self, inst: Inst, v: Value) {
        let Some(pointer) = self.target.map(|t| t.pointer_type()) else { return };
        let ty = self.func.dfg.value_type(v);
        if ty.bits() != pointer.bits() {
            let message =
                format!("invalid pointer width (got {}, expected {}) encountered {v}", ty.bits(), pointer.bits());
            self.inst_error(inst, message);
        }
    }
}
