//! The data flow graph: instructions, values, blocks' parameters, and all that instructions refer to. The order of blocks
//! and instructions is in the layout. Values are in `dfg/values.rs`, block parameters in `params.rs`, instructions in
//! `insts.rs`, and what only a reader of text may do in `text.rs`.

use super::constant::{ConstantData, ConstantPool};
use super::dynamic_type::DynamicTypes;
use super::instructions::{BlockArg, BlockCall, InstructionData, ValueList, ValueListPool};
use super::memflags::{AliasRegionSet, MemFlagsSet};
use super::user_stack_maps::{UserStackMapEntry, UserStackMapEntryVec};
use super::value_label::{ValueLabelAssignments, ValueLabelStart};
use super::{
    Block, ExceptionTables, ExtFuncData, FuncRef, Immediate, Inst, JumpTables, RelSourceLoc, SigRef, Signature, Value,
};
use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};
use windlass_entity::{PrimaryMap, SecondaryMap};

mod insts;
mod params;
#[cfg(feature = "enable-serde")]
mod raw;
#[cfg(test)]
mod tests;
mod text;
mod values;

pub use insts::DisplayInst;
pub use values::{ValueDef, Values};

use values::ValueData;

/// All instructions of a function.
#[derive(Clone, PartialEq, Hash, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Insts(PrimaryMap<Inst, InstructionData>);

impl Index<Inst> for Insts {
    type Output = InstructionData;
    #[inline]
    fn index(&self, inst: Inst) -> &InstructionData {
        &self.0[inst]
    }
}

impl IndexMut<Inst> for Insts {
    #[inline]
    fn index_mut(&mut self, inst: Inst) -> &mut InstructionData {
        &mut self.0[inst]
    }
}

/// What the graph knows of a block.
#[derive(Clone, PartialEq, Hash, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BlockData {
    params: ValueList,
}

impl BlockData {
    /// The block's parameters.
    pub fn params<'a>(&self, pool: &'a ValueListPool) -> &'a [Value] {
        self.params.as_slice(pool)
    }
}

/// All blocks of a function.
#[derive(Clone, PartialEq, Hash, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Blocks(PrimaryMap<Block, BlockData>);

impl Blocks {
    /// Adds a block.
    pub fn add(&mut self) -> Block {
        self.0.push(BlockData::default())
    }
    /// The number of blocks.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Are there no blocks?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Makes room for more blocks.
    pub fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }
    /// Is this a block of the function?
    pub fn is_valid(&self, block: Block) -> bool {
        self.0.is_valid(block)
    }
    /// All blocks, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Block> {
        self.0.keys()
    }
}

impl Index<Block> for Blocks {
    type Output = BlockData;
    fn index(&self, block: Block) -> &BlockData {
        &self.0[block]
    }
}

impl IndexMut<Block> for Blocks {
    fn index_mut(&mut self, block: Block) -> &mut BlockData {
        &mut self.0[block]
    }
}

/// Instructions, values, and what they refer to.
#[derive(Clone, PartialEq, Hash, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "raw::Raw"))]
pub struct DataFlowGraph {
    /// The instructions.
    pub insts: Insts,
    /// The results of each instruction.
    results: SecondaryMap<Inst, ValueList>,
    /// The blocks.
    pub blocks: Blocks,
    /// The dynamic vector types.
    pub dynamic_types: DynamicTypes,
    /// All lists of values that instructions and blocks have.
    pub value_lists: ValueListPool,
    values: PrimaryMap<Value, ValueData>,
    /// The signatures of functions called.
    pub signatures: PrimaryMap<SigRef, Signature>,
    /// The functions called.
    pub ext_funcs: PrimaryMap<FuncRef, ExtFuncData>,
    /// Labels of values for debugging, if they are wanted.
    pub values_labels: Option<BTreeMap<Value, ValueLabelAssignments>>,
    /// The constants.
    pub constants: ConstantPool,
    /// Immediates that do not fit an instruction.
    pub immediates: PrimaryMap<Immediate, ConstantData>,
    /// The targets of `br_table`s.
    pub jump_tables: JumpTables,
    /// The handlers of `try_call`s.
    pub exception_tables: ExceptionTables,
    /// How memory is accessed.
    pub mem_flags: MemFlagsSet,
    /// The regions of memory told apart.
    pub alias_regions: AliasRegionSet,
    user_stack_maps: BTreeMap<Inst, UserStackMapEntryVec>,
}

impl DataFlowGraph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }
    /// Removes everything and keeps the memory.
    pub fn clear(&mut self) {
        self.insts.0.clear();
        self.results.clear();
        self.blocks.0.clear();
        self.dynamic_types.clear();
        self.value_lists.clear();
        self.values.clear();
        self.signatures.clear();
        self.ext_funcs.clear();
        self.values_labels = None;
        self.constants.clear();
        self.immediates.clear();
        self.jump_tables.clear();
        self.exception_tables.clear();
        self.mem_flags.clear();
        self.alias_regions.clear();
        self.user_stack_maps.clear();
    }
    /// The number of instructions, in the layout or not.
    pub fn num_insts(&self) -> usize {
        self.insts.0.len()
    }
    /// Is this an instruction of the function?
    pub fn inst_is_valid(&self, inst: Inst) -> bool {
        self.insts.0.is_valid(inst)
    }
    /// The number of blocks, in the layout or not.
    pub fn num_blocks(&self) -> usize {
        self.blocks.len()
    }
    /// Is this a block of the function?
    pub fn block_is_valid(&self, block: Block) -> bool {
        self.blocks.is_valid(block)
    }
    /// A branch target in this function's pool.
    pub fn block_call<'a>(&mut self, block: Block, args: impl IntoIterator<Item = &'a BlockArg>) -> BlockCall {
        BlockCall::new(block, args.into_iter().copied(), &mut self.value_lists)
    }
    /// From now on, keeps labels of values.
    pub fn collect_debug_info(&mut self) {
        self.values_labels.get_or_insert_default();
    }
    /// From the location `from` on, `to_alias`'s labels are also those of `value`, if labels are kept.
    pub fn add_value_label_alias(&mut self, to_alias: Value, from: RelSourceLoc, value: Value) {
        if let Some(labels) = &mut self.values_labels {
            labels.insert(to_alias, ValueLabelAssignments::Alias { from, value });
        }
    }
    /// From the location `from` on, `value` has the label, if labels are kept.
    pub(crate) fn add_value_label(&mut self, value: Value, start: ValueLabelStart) {
        let Some(labels) = &mut self.values_labels else { return };
        match labels.entry(value).or_insert_with(|| ValueLabelAssignments::Starts(Vec::new())) {
            ValueLabelAssignments::Starts(starts) => starts.push(start),
            alias => *alias = ValueLabelAssignments::Starts(vec![start]),
        }
    }
    /// Says that a value is live in a stack slot while an instruction, a call, runs.
    pub fn append_user_stack_map_entry(&mut self, inst: Inst, entry: UserStackMapEntry) {
        self.user_stack_maps.entry(inst).or_default().push(entry);
    }
    /// Says that values are live in stack slots while an instruction, a call, runs.
    pub fn append_user_stack_map_entries(&mut self, inst: Inst, entries: impl IntoIterator<Item = UserStackMapEntry>) {
        self.user_stack_maps.entry(inst).or_default().extend(entries);
    }
    /// The values that are live in stack slots while an instruction runs, if it was said.
    pub fn user_stack_map_entries(&self, inst: Inst) -> Option<&[UserStackMapEntry]> {
        self.user_stack_maps.get(&inst).map(|entries| &entries[..])
    }
}
