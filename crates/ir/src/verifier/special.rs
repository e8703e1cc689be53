//! Rules of single operations: immediates in range, memory flags, widths of addresses, global values, debug tags. Needs
//! references and declarations that are known to be right.

use super::Verifier;
use crate::ir::entities::{Constant, Inst, Value};
use crate::ir::{Endianness, InstructionData, MemFlags, MemFlagsData, Type};
use windlass_desc::ops::{Effects, Opcode};
use windlass_desc::types;

impl Verifier<'_> {
    pub(super) fn special(&mut self, inst: Inst) {
        let func = self.func;
        let data = &func.dfg.insts[inst];
        let opcode = data.opcode();
        self.debug_tags(inst, opcode);
        match data {
            InstructionData::UnaryImm { imm, .. } => self.integer(inst, imm.bits()),
            InstructionData::UnaryConst { constant_handle, .. } => self.constant(inst, *constant_handle),
            InstructionData::Shuffle { imm, .. } => self.mask(inst, func.dfg.immediates[*imm].as_slice()),
            InstructionData::UnaryGlobalValue { global_value, .. } => {
                let (ty, gv) = (func.dfg.ctrl_typevar(inst), *global_value);
                if let Some(global) = self.target.and_then(|_| self.global_type(gv))
                    && ty != global
                {
                    let message =
                        format!("global_value instruction with type {ty} references global value with type {global}");
                    self.inst_error(inst, message);
                }
            }
            InstructionData::BinaryImm8 { arg, imm, .. } if opcode == Opcode::Extractlane => {
                self.lane(inst, *arg, *imm)
            }
            InstructionData::TernaryImm8 { args, imm, .. } if opcode == Opcode::Insertlane => {
                self.lane(inst, args[0], *imm)
            }
            InstructionData::LoadNoOffset { arg, flags, .. } if opcode == Opcode::Bitcast => {
                self.bitcast(inst, *arg, *flags)
            }
            InstructionData::Load { arg, .. } | InstructionData::LoadNoOffset { arg, .. } => self.address(inst, *arg),
            InstructionData::Store { args, flags, .. } | InstructionData::StoreNoOffset { args, flags, .. } => {
                self.address(inst, args[1]);
                if func.dfg.mem_flags[*flags].readonly() {
                    self.inst_error(inst, "A store instruction cannot have the `readonly` MemFlag");
                }
            }
            InstructionData::AtomicRmw { args, .. } => self.address(inst, args[0]),
            InstructionData::AtomicCas { args, .. } => self.address(inst, args[0]),
            _ => {}
        }
    }

    fn debug_tags(&mut self, inst: Inst, opcode: Opcode) {
        let allowed = opcode.row().effects.has(Effects::CALL) || opcode == Opcode::SequencePoint;
        if !allowed && self.func.debug_tags.has(inst) {
            self.inst_error(inst, "debug tags present on non-call, non-sequence point instruction");
        }
    }

    /// An integer's bits above its type are zero.
    fn integer(&mut self, inst: Inst, imm: i64) {
        let bits = self.func.dfg.ctrl_typevar(inst).bits();
        if (1..64).contains(&bits) && imm as u64 >> bits != 0 {
            self.inst_error(inst, "constant immediate is out of bounds");
        }
    }

    fn constant(&mut self, inst: Inst, constant: Constant) {
        let dfg = &self.func.dfg;
        let ty = dfg.inst_results(inst).first().map_or(types::INVALID, |v| dfg.value_type(*v));
        let (size, expected) = (dfg.constants.get(constant).len(), ty.bytes() as usize);
        if size != expected {
            let message =
                format!("The instruction expects {constant} to have a size of {expected} bytes but it has {size}");
            self.inst_error(inst, message);
        }
    }

    /// A shuffle's mask has a number for each lane, which counts through both operands.
    fn mask(&mut self, inst: Inst, mask: &[u8]) {
        const LANES: usize = 16;
        if mask.len() != LANES {
            self.inst_error(inst, format!("the mask of a shuffle has {LANES} bytes, not {}", mask.len()));
        }
        let max = 2 * LANES as u8 - 1;
        if let Some(lane) = mask.iter().find(|lane| **lane > max) {
            self.inst_error(inst, format!("shuffle immediate index {lane} is larger than the maximum {max}"));
        }
    }

    fn lane(&mut self, inst: Inst, vector: Value, lane: u8) {
        let ty = self.func.dfg.value_type(vector);
        if lane as u32 >= ty.lane_count() {
            self.inst_error(inst, format!("The lane {lane} does not index into the type {ty}"));
        }
    }

    /// A bitcast keeps the size; it must say the order of lanes where their number changes.
    fn bitcast(&mut self, inst: Inst, arg: Value, flags: MemFlags) {
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
            self.inst_error(inst, message);
        }
        if !plain.contains(&flags) {
            self.inst_error(inst, "The bitcast instruction only accepts the `big` or `little` memory flags");
        }
        if flags == plain[0] && from.lane_count() != to.lane_count() {
            let message = "Byte order specifier required for bitcast instruction changing lane count";
            self.inst_error(inst, message);
        }
    }

    /// An address is as wide as the target's pointers.
    fn address(&mut self, inst: Inst, v: Value) {
        let Some(pointer) = self.target.map(|t| t.pointer_type()) else { return };
        let ty: Type = self.func.dfg.value_type(v);
        if ty.is_int() && ty.bits() != pointer.bits() {
            let message =
                format!("invalid pointer width (got {}, expected {}) encountered {v}", ty.bits(), pointer.bits());
            self.inst_error(inst, message);
        }
    }
}
