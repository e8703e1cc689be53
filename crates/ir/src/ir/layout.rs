//! The order of blocks and of the instructions in them: linked lists, and numbers that grow along them so that the order of
//! two is known at once. The upkeep of the numbers is in `layout/order.rs`.

use super::{Block, Inst};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use windlass_entity::SecondaryMap;
use windlass_entity::packed_option::PackedOption;

mod order;
#[cfg(feature = "enable-serde")]
mod raw;

use order::Sequence;

/// A place in a function: an instruction, or the top of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ProgramPoint {
    /// An instruction.
    Inst(Inst),
    /// The top of a block.
    Block(Block),
}

impl ProgramPoint {
    /// The instruction; panics if it is the top of a block.
    pub fn unwrap_inst(self) -> Inst {
        match self {
            ProgramPoint::Inst(inst) => inst,
            ProgramPoint::Block(block) => panic!("expected an instruction, not {block}"),
        }
    }
}

impl From<Inst> for ProgramPoint {
    fn from(inst: Inst) -> Self {
        ProgramPoint::Inst(inst)
    }
}

impl From<Block> for ProgramPoint {
    fn from(block: Block) -> Self {
        ProgramPoint::Block(block)
    }
}

impl fmt::Display for ProgramPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramPoint::Inst(inst) => inst.fmt(f),
            ProgramPoint::Block(block) => block.fmt(f),
        }
    }
}

impl fmt::Debug for ProgramPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProgramPoint({self})")
    }
}

/// A block's place.
#[derive(Clone, Debug, Default)]
struct BlockNode {
    prev: PackedOption<Block>,
    next: PackedOption<Block>,
    first_inst: PackedOption<Inst>,
    last_inst: PackedOption<Inst>,
    seq: u32,
    inserted: bool,
    cold: bool,
}

/// An instruction's place.
#[derive(Clone, Debug, Default)]
struct InstNode {
    /// None if the instruction is in no block.
    block: PackedOption<Block>,
    prev: PackedOption<Inst>,
    next: PackedOption<Inst>,
    seq: u32,
}

/// The order of blocks and instructions.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "raw::Raw", into = "raw::Raw")
)]
pub struct Layout {
    blocks: SecondaryMap<Block, BlockNode>,
    insts: SecondaryMap<Inst, InstNode>,
    first_block: PackedOption<Block>,
    last_block: PackedOption<Block>,
}

impl Layout {
    /// An empty layout.
    pub fn new() -> Self {
        Self::default()
    }
    /// Removes all blocks and instructions and keeps the memory.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.insts.clear();
        self.first_block = None.into();
        self.last_block = None.into();
    }
    /// How many blocks there is room for.
    pub fn block_capacity(&self) -> usize {
        self.blocks.capacity()
    }

    /// Which of two places comes first. The top of a block comes before its instructions.
    pub fn pp_cmp<A: Into<ProgramPoint>, B: Into<ProgramPoint>>(&self, a: A, b: B) -> Ordering {
        let key = |pp| match pp {
            // an instruction's number is at least 1
            ProgramPoint::Block(block) => (self.blocks[block].seq, 0),
            ProgramPoint::Inst(inst) => {
                let node = &self.insts[inst];
                (node.block.map(|b| self.blocks[b].seq).unwrap_or(0), node.seq)
            }
        };
        key(a.into()).cmp(&key(b.into()))
    }
    /// The block of a place; panics if it is an instruction in no block.
    pub fn pp_block(&self, pp: ProgramPoint) -> Block {
        match pp {
            ProgramPoint::Block(block) => block,
            ProgramPoint::Inst(inst) => self.inst_block(inst).expect("the instruction is in the layout"),
        }
    }
}

// Blocks.
impl Layout {
    /// Is the block in the layout?
    #[inline]
    pub fn is_block_inserted(&self, block: Block) -> bool {
        self.blocks[block].inserted
    }
    /// The first block, where the function is entered.
    pub fn entry_block(&self) -> Option<Block> {
        self.first_block.expand()
    }
    /// The last block.
    pub fn last_block(&self) -> Option<Block> {
        self.last_block.expand()
    }
    /// The block before.
    pub fn prev_block(&self, block: Block) -> Option<Block> {
        self.blocks[block].prev.expand()
    }
    /// The block after.
    pub fn next_block(&self, block: Block) -> Option<Block> {
        self.blocks[block].next.expand()
    }
    /// All blocks in order.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks { layout: self, next: self.first_block }
    }
    /// Puts a block at the end.
    pub fn append_block(&mut self, block: Block) {
        self.link_block(block, self.last_block, None.into());
    }
    /// Puts a block before another.
    pub fn insert_block(&mut self, block: Block, before: Block) {
        debug_assert!(self.is_block_inserted(before));
        self.link_block(block, self.blocks[before].prev, before.into());
    }
    /// Puts a block after another.
    pub fn insert_block_after(&mut self, block: Block, after: Block) {
        debug_assert!(self.is_block_inserted(after));
        self.link_block(block, after.into(), self.blocks[after].next);
    }
    fn link_block(&mut self, block: Block, prev: PackedOption<Block>, next: PackedOption<Block>) {
        debug_assert!(!self.is_block_inserted(block), "{block} is in the layout already");
        let node = &mut self.blocks[block];
        (node.prev, node.next, node.inserted) = (prev, next, true);
        match prev.expand() {
            Some(prev) => self.blocks[prev].next = block.into(),
            None => self.first_block = block.into(),
        }
        match next.expand() {
            Some(next) => self.blocks[next].prev = block.into(),
            None => self.last_block = block.into(),
        }
        order::number(&mut BlockSequence(self), block);
    }
    /// Takes a block without instructions out.
    pub fn remove_block(&mut self, block: Block) {
        debug_assert!(self.is_block_inserted(block) && self.first_inst(block).is_none());
        let BlockNode { prev, next, .. } = self.blocks[block];
        match prev.expand() {
            Some(prev) => self.blocks[prev].next = next,
            None => self.first_block = next,
        }
        match next.expand() {
            Some(next) => self.blocks[next].prev = prev,
            None => self.last_block = prev,
        }
        let node = &mut self.blocks[block];
        (node.prev, node.next, node.inserted, node.seq) = (None.into(), None.into(), false, 0);
    }
    /// Takes a block out with all its instructions.
    pub fn remove_block_and_insts(&mut self, block: Block) {
        while let Some(inst) = self.last_inst(block) {
            self.remove_inst(inst);
        }
        self.remove_block(block);
    }
    /// Says that a block is seldom reached.
    pub fn set_cold(&mut self, block: Block) {
        self.blocks[block].cold = true;
    }
    /// Is a block seldom reached?
    pub fn is_cold(&self, block: Block) -> bool {
        self.blocks[block].cold
    }
}

// Instructions.
impl Layout {
    /// The block an instruction is in.
    #[inline]
    pub fn inst_block(&self, inst: Inst) -> Option<Block> {
        self.insts[inst].block.expand()
    }
    /// A block's first instruction.
    pub fn first_inst(&self, block: Block) -> Option<Inst> {
        self.blocks[block].first_inst.expand()
    }
    /// A block's last instruction.
    pub fn last_inst(&self, block: Block) -> Option<Inst> {
        self.blocks[block].last_inst.expand()
    }
    /// The instruction after, in the same block.
    #[inline]
    pub fn next_inst(&self, inst: Inst) -> Option<Inst> {
        self.insts[inst].next.expand()
    }
    /// The instruction before, in the same block.
    #[inline]
    pub fn prev_inst(&self, inst: Inst) -> Option<Inst> {
        self.insts[inst].prev.expand()
    }
    /// Has the block one instruction and no more?
    pub fn block_contains_exactly_one_inst(&self, block: Block) -> bool {
        let node = &self.blocks[block];
        node.first_inst.is_some() && node.first_inst == node.last_inst
    }
    /// A block's instructions in order.
    pub fn block_insts(&self, block: Block) -> Insts<'_> {
        let node = &self.blocks[block];
        Insts { layout: self, head: node.first_inst, tail: node.last_inst }
    }
    /// Puts an instruction at the end of a block.
    pub fn append_inst(&mut self, inst: Inst, block: Block) {
        debug_assert!(self.is_block_inserted(block), "{block} is not in the layout");
        self.link_inst(inst, block, self.blocks[block].last_inst, None.into());
    }
    /// Puts an instruction before another.
    pub fn insert_inst(&mut self, inst: Inst, before: Inst) {
        let block = self.inst_block(before).expect("the instruction to insert before is in the layout");
        self.link_inst(inst, block, self.insts[before].prev, before.into());
    }
    fn link_inst(&mut self, inst: Inst, block: Block, prev: PackedOption<Inst>, next: PackedOption<Inst>) {
        debug_assert!(self.inst_block(inst).is_none(), "{inst} is in the layout already");
        self.insts[inst] = InstNode { block: block.into(), prev, next, seq: 0 };
        match prev.expand() {
            Some(prev) => self.insts[prev].next = inst.into(),
            None => self.blocks[block].first_inst = inst.into(),
        }
        match next.expand() {
            Some(next) => self.insts[next].prev = inst.into(),
            None => self.blocks[block].last_inst = inst.into(),
        }
        order::number(&mut InstSequence(self), inst);
    }
    /// Takes an instruction out.
    pub fn remove_inst(&mut self, inst: Inst) {
        let InstNode { block, prev, next, .. } = std::mem::take(&mut self.insts[inst]);
        let block = block.expect("the instruction is in the layout");
        match prev.expand() {
            Some(prev) => self.insts[prev].next = next,
            None => self.blocks[block].first_inst = next,
        }
        match next.expand() {
            Some(next) => self.insts[next].prev = prev,
            None => self.blocks[block].last_inst = prev,
        }
    }
    /// Puts a new block after the block of `before`, and moves `before` and what follows it there.
    pub fn split_block(&mut self, new_block: Block, before: Inst) {
        let old_block = self.inst_block(before).expect("the instruction to split before is in the layout");
        self.insert_block_after(new_block, old_block);
        let last_before = self.insts[before].prev;
        let last = std::mem::replace(&mut self.blocks[old_block].last_inst, last_before);
        match last_before.expand() {
            Some(inst) => self.insts[inst].next = None.into(),
            None => self.blocks[old_block].first_inst = None.into(),
        }
        self.blocks[new_block].first_inst = before.into();
        self.blocks[new_block].last_inst = last;
        self.insts[before].prev = None.into();
        // their numbers still grow
        let mut inst = Some(before);
        while let Some(i) = inst {
            self.insts[i].block = new_block.into();
            inst = self.next_inst(i);
        }
    }
}

/// The blocks as a numbered sequence.
struct BlockSequence<'a>(&'a mut Layout);

impl Sequence for BlockSequence<'_> {
    type Item = Block;
    fn prev(&self, block: Block) -> Option<Block> {
        self.0.prev_block(block)
    }
    fn next(&self, block: Block) -> Option<Block> {
        self.0.next_block(block)
    }
    fn number(&self, block: Block) -> u32 {
        self.0.blocks[block].seq
    }
    fn set_number(&mut self, block: Block, number: u32) {
        self.0.blocks[block].seq = number;
    }
}

/// The instructions of each block as a numbered sequence.
struct InstSequence<'a>(&'a mut Layout);

impl Sequence for InstSequence<'_> {
    type Item = Inst;
    fn prev(&self, inst: Inst) -> Option<Inst> {
        self.0.prev_inst(inst)
    }
    fn next(&self, inst: Inst) -> Option<Inst> {
        self.0.next_inst(inst)
    }
    fn number(&self, inst: Inst) -> u32 {
        self.0.insts[inst].seq
    }
    fn set_number(&mut self, inst: Inst, number: u32) {
        self.0.insts[inst].seq = number;
    }
}

/// Blocks in order.
#[derive(Clone)]
pub struct Blocks<'f> {
    layout: &'f Layout,
    next: PackedOption<Block>,
}

impl Iterator for Blocks<'_> {
    type Item = Block;
    fn next(&mut self) -> Option<Block> {
        let block = self.next.expand()?;
        self.next = self.layout.blocks[block].next;
        Some(block)
    }
}

impl<'f> IntoIterator for &'f Layout {
    type Item = Block;
    type IntoIter = Blocks<'f>;
    fn into_iter(self) -> Blocks<'f> {
        self.blocks()
    }
}

/// A block's instructions in order.
#[derive(Clone)]
pub struct Insts<'f> {
    layout: &'f Layout,
    head: PackedOption<Inst>,
    tail: PackedOption<Inst>,
}

impl Insts<'_> {
    /// Ends the iteration when both ends have met.
    fn meet(&mut self, taken: Inst) -> Option<Inst> {
        if self.head == self.tail {
            (self.head, self.tail) = (None.into(), None.into());
        } else if self.head.expand() == Some(taken) {
            self.head = self.layout.insts[taken].next;
        } else {
            self.tail = self.layout.insts[taken].prev;
        }
        Some(taken)
    }
}

impl Iterator for Insts<'_> {
    type Item = Inst;
    fn next(&mut self) -> Option<Inst> {
        let inst = self.head.expand()?;
        self.meet(inst)
    }
}

impl DoubleEndedIterator for Insts<'_> {
    fn next_back(&mut self) -> Option<Inst> {
        let inst = self.tail.expand()?;
        self.meet(inst)
    }
}

/// Layouts are equal if their blocks and instructions stand in the same order; numbers do not matter.
impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        let same_block = |(a, b): (Block, Block)| {
            a == b && self.is_cold(a) == other.is_cold(b) && self.block_insts(a).eq(other.block_insts(b))
        };
        self.blocks().count() == other.blocks().count() && self.blocks().zip(other.blocks()).all(same_block)
    }
}

impl Hash for Layout {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for block in self.blocks() {
            (block, self.is_cold(block)).hash(state);
            self.block_insts(block).for_each(|inst| inst.hash(state));
        }
    }
}

#[cfg(test)]
mod tests;
