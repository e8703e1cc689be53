//! Block parameters. Needs the graph.

use super::DataFlowGraph;
use super::values::{ValueData, ValueDef};
use crate::ir::instructions::ValueList;
use crate::ir::types::Type;
use crate::ir::{Block, Value};

impl DataFlowGraph {
    /// Adds a block, which is not in the layout yet.
    pub fn make_block(&mut self) -> Block {
        self.blocks.add()
    }
    /// The number of a block's parameters.
    pub fn num_block_params(&self, block: Block) -> usize {
        self.blocks[block].params.len(&self.value_lists)
    }
    /// A block's parameters.
    pub fn block_params(&self, block: Block) -> &[Value] {
        self.blocks[block].params(&self.value_lists)
    }
    /// The types of a block's parameters.
    pub fn block_param_types(&self, block: Block) -> impl Iterator<Item = Type> + '_ {
        self.block_params(block).iter().map(|v| self.value_type(*v))
    }
    /// Adds a parameter to a block.
    pub fn append_block_param(&mut self, block: Block, ty: Type) -> Value {
        let param = self.values.next_key();
        let num = self.blocks[block].params.push(param, &mut self.value_lists);
        self.make_value(ValueData::param(ty, num, block))
    }
    /// Makes a value the last parameter of a block; it must be detached.
    pub fn attach_block_param(&mut self, block: Block, param: Value) {
        debug_assert!(!self.value_is_attached(param));
        let num = self.blocks[block].params.push(param, &mut self.value_lists);
        let ty = self.value_type(param);
        self.set_value(param, ValueData::param(ty, num, block));
    }
    /// Takes all parameters from a block. They can be attached again, or become aliases.
    pub fn detach_block_params(&mut self, block: Block) -> ValueList {
        self.blocks[block].params.take()
    }
    /// Which block's parameter a value is; panics if it is none.
    fn param_place(&self, param: Value) -> (Block, usize) {
        match self.value_data(param).def() {
            Some(ValueDef::Param(block, num)) if self.value_is_attached(param) => (block, num),
            _ => panic!("{param} is not a block parameter"),
        }
    }
    /// Tells the parameters of a block from `from` on where they stand.
    fn renumber_params(&mut self, block: Block, from: usize) {
        let count = self.num_block_params(block);
        for num in from..count {
            let param = self.block_params(block)[num];
            let ty = self.value_type(param);
            self.set_value(param, ValueData::param(ty, num, block));
        }
    }
    /// Removes a parameter, which must have no uses; the last one takes its place, which is returned. Branches to the block
    /// need to be changed by hand.
    pub fn swap_remove_block_param(&mut self, param: Value) -> usize {
        let (block, num) = self.param_place(param);
        self.blocks[block].params.swap_remove(num, &mut self.value_lists);
        if num < self.num_block_params(block) {
            let moved = self.block_params(block)[num];
            let ty = self.value_type(moved);
            self.set_value(moved, ValueData::param(ty, num, block));
        }
        num
    }
    /// Removes a parameter, which must have no uses; later ones move up. Branches to the block need to be changed by hand.
    pub fn remove_block_param(&mut self, param: Value) {
        let (block, num) = self.param_place(param);
        self.blocks[block].params.remove(num, &mut self.value_lists);
        self.renumber_params(block, num);
    }
    /// Puts a new parameter of type `ty` in the place of an old one, which is detached then.
    pub fn replace_block_param(&mut self, old: Value, ty: Type) -> Value {
        let (block, num) = self.param_place(old);
        let new = self.make_value(ValueData::param(ty, num, block));
        self.blocks[block].params.as_mut_slice(&mut self.value_lists)[num] = new;
        new
    }
}
