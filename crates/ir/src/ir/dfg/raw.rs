//! A graph as it was read, and what must hold of it before anybody can look at it: numbers stay within their tables,
//! definitions and values agree, and lists are not larger than the pool. Everything else is for the verifier to say.

use super::values::ValueData;
use super::{
    AliasRegionSet, Block, BlockCall, Blocks, ConstantData, ConstantPool, DataFlowGraph, DynamicTypes, ExceptionTables,
    ExtFuncData, FuncRef, Immediate, Inst, Insts, JumpTables, MemFlagsSet, SigRef, Signature, UserStackMapEntryVec,
    Value, ValueDef, ValueLabelAssignments, ValueList, ValueListPool,
};
use crate::ir::InstructionFormat;
use std::collections::BTreeMap;
use windlass_entity::packed_option::ReservedValue;
use windlass_entity::{PrimaryMap, SecondaryMap};

/// The same fields as in [`DataFlowGraph`].
#[derive(serde::Deserialize)]
pub(super) struct Raw {
    insts: Insts,
    results: SecondaryMap<Inst, ValueList>,
    blocks: Blocks,
    dynamic_types: DynamicTypes,
    value_lists: ValueListPool,
    values: PrimaryMap<Value, ValueData>,
    signatures: PrimaryMap<SigRef, Signature>,
    ext_funcs: PrimaryMap<FuncRef, ExtFuncData>,
    values_labels: Option<BTreeMap<Value, ValueLabelAssignments>>,
    constants: ConstantPool,
    immediates: PrimaryMap<Immediate, ConstantData>,
    jump_tables: JumpTables,
    exception_tables: ExceptionTables,
    mem_flags: MemFlagsSet,
    alias_regions: AliasRegionSet,
    user_stack_maps: BTreeMap<Inst, UserStackMapEntryVec>,
}

impl TryFrom<Raw> for DataFlowGraph {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let graph = DataFlowGraph {
            insts: raw.insts,
            results: raw.results,
            blocks: raw.blocks,
            dynamic_types: raw.dynamic_types,
            value_lists: raw.value_lists,
            values: raw.values,
            signatures: raw.signatures,
            ext_funcs: raw.ext_funcs,
            values_labels: raw.values_labels,
            constants: raw.constants,
            immediates: raw.immediates,
            jump_tables: raw.jump_tables,
            exception_tables: raw.exception_tables,
            mem_flags: raw.mem_flags,
            alias_regions: raw.alias_regions,
            user_stack_maps: raw.user_stack_maps,
        };
        graph.formats()?;
        graph.origins()?;
        graph.definitions()?;
        graph.lists()?;
        Ok(graph)
    }
}

impl DataFlowGraph {
    /// Instructions have the format of their operation.
    fn formats(&self) -> Result<(), String> {
        match self.insts.0.values().find(|data| InstructionFormat::from(*data) != data.opcode().format()) {
            Some(data) => Err(format!("an instruction has not the format of {}", data.opcode())),
            None => Ok(()),
        }
    }

    /// Values are defined by something that there is.
    fn origins(&self) -> Result<(), String> {
        let known = |data: ValueData| match (data.def(), data.original()) {
            (Some(ValueDef::Result(inst, _)), _) => self.inst_is_valid(inst),
            (Some(ValueDef::Param(block, _)), _) => self.block_is_valid(block),
            (None, Some(v)) => v.is_reserved_value() || self.values.is_valid(v),
            (None, None) => false,
        };
        match self.values.iter().find(|(_, data)| !known(**data)) {
            Some((v, _)) => Err(format!("{v} is defined by nothing")),
            None => Ok(()),
        }
    }

    /// What says that it defines a value does so. Positions that a value has no room for are all the same.
    fn definitions(&self) -> Result<(), String> {
        let wrong = |list: &ValueList, def: &dyn Fn(usize) -> ValueData| {
            let mut found = list
                .as_slice(&self.value_lists)
                .iter()
                .enumerate()
                .filter(|(n, v)| self.values.get(**v).is_none_or(|data| data.def() != def(*n).def()));
            found.next().map(|(_, v)| *v)
        };
        let ty = crate::ir::types::INVALID;
        for (inst, list) in self.results.iter() {
            let def = |n| ValueData::result(ty, n, inst);
            if let Some(v) = wrong(list, &def) {
                return Err(format!("{inst} does not define {v}"));
            }
        }
        for block in self.blocks.iter() {
            let def = |n| ValueData::param(ty, n, block);
            if let Some(v) = wrong(&self.blocks[block].params, &def) {
                return Err(format!("{block} does not define {v}"));
            }
        }
        Ok(())
    }

    /// All lists together are at most twice as long as the pool: a few may be shared by what is not laid out any more.
    fn lists(&self) -> Result<(), String> {
        let pool = &self.value_lists;
        let list = |list: &ValueList| list.as_slice(pool).len();
        let targets = |calls: &[BlockCall]| calls.iter().map(|c| c.len(pool)).sum::<usize>();
        let tables: usize = self.jump_tables.values().map(|t| targets(t.all_branches())).sum();
        let handlers: usize = self.exception_tables.values().map(|t| targets(t.all_branches())).sum();
        let results: usize = self.results.values().map(list).sum();
        let params: usize = self.blocks.iter().map(|b: Block| self.blocks[b].params(pool).len()).sum();
        let operands: usize = self
            .insts
            .0
            .values()
            .map(|data| {
                let own = match InstructionFormat::from(data) {
                    InstructionFormat::Jump | InstructionFormat::Brif => {
                        targets(data.branch_destination(&self.jump_tables, &self.exception_tables))
                    }
                    _ => 0,
                };
                own + data.arguments(pool).len()
            })
            .sum();
        // Three operands of an instruction are its own.
        let all = (tables + handlers + results + params + operands).saturating_sub(3 * self.insts.0.len());
        if all > 2 * pool.len() { Err("lists of values overlap".into()) } else { Ok(()) }
    }
}
