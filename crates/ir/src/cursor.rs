//! Cursors: a place in a function's layout that moves, where instructions and blocks are inserted and removed.
//!
//! ```
//! use windlass_ir::cursor::{Cursor, FuncCursor};
//! use windlass_ir::ir::{Function, InstBuilder, types};
//!
//! let mut func = Function::new();
//! let block = func.dfg.make_block();
//! let x = func.dfg.append_block_param(block, types::I32);
//! let mut pos = FuncCursor::new(&mut func);
//! pos.insert_block(block);
//! let y = pos.ins().iadd_imm_s(x, 1);
//! pos.ins().return_(&[y]);
//!
//! // walk over all instructions
//! let mut count = 0;
//! pos.goto_top(block);
//! while pos.next_inst().is_some() {
//!     count += 1;
//! }
//! assert_eq!(count, 3, "a constant, a sum and a return");
//! ```

use crate::ir::builder::{InsertBuilder, InstInserterBase};
use crate::ir::{Block, DataFlowGraph, Function, Inst, Layout, SourceLoc};

/// Where a cursor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CursorPosition {
    /// Nowhere in the layout.
    Nowhere,
    /// At an instruction; new ones go before it.
    At(Inst),
    /// At the top of a block, before its first instruction. Nothing can be inserted there.
    Before(Block),
    /// At the bottom of a block, after its last instruction.
    After(Block),
}
use CursorPosition::{After, At, Before, Nowhere};

/// What all cursors can do. Implementations give the position and the layout; the rest follows.
pub trait Cursor {
    /// Where the cursor is.
    fn position(&self) -> CursorPosition;
    /// Moves the cursor.
    fn set_position(&mut self, pos: CursorPosition);
    /// The source location that inserted instructions get.
    fn srcloc(&self) -> SourceLoc;
    /// Changes the source location that inserted instructions get.
    fn set_srcloc(&mut self, srcloc: SourceLoc);
    /// The layout the cursor is in.
    fn layout(&self) -> &Layout;
    /// The layout the cursor is in.
    fn layout_mut(&mut self) -> &mut Layout;

    /// The cursor with another source location.
    #[must_use]
    fn with_srcloc(mut self, srcloc: SourceLoc) -> Self
    where
        Self: Sized,
    {
        self.set_srcloc(srcloc);
        self
    }
    /// The cursor, moved.
    #[must_use]
    fn at_position(mut self, pos: CursorPosition) -> Self
    where
        Self: Sized,
    {
        self.set_position(pos);
        self
    }
    /// The cursor, moved to an instruction.
    #[must_use]
    fn at_inst(mut self, inst: Inst) -> Self
    where
        Self: Sized,
    {
        self.goto_inst(inst);
        self
    }
    /// The cursor, moved to where instructions of a block may begin.
    #[must_use]
    fn at_first_insertion_point(mut self, block: Block) -> Self
    where
        Self: Sized,
    {
        self.goto_first_insertion_point(block);
        self
    }
    /// The cursor, moved to a block's first instruction.
    #[must_use]
    fn at_first_inst(mut self, block: Block) -> Self
    where
        Self: Sized,
    {
        self.goto_first_inst(block);
        self
    }
    /// The cursor, moved to a block's last instruction.
    #[must_use]
    fn at_last_inst(mut self, block: Block) -> Self
    where
        Self: Sized,
    {
        self.goto_last_inst(block);
        self
    }
    /// The cursor, moved to after an instruction.
    #[must_use]
    fn after_inst(mut self, inst: Inst) -> Self
    where
        Self: Sized,
    {
        self.goto_after_inst(inst);
        self
    }
    /// The cursor, moved to the top of a block.
    #[must_use]
    fn at_top(mut self, block: Block) -> Self
    where
        Self: Sized,
    {
        self.goto_top(block);
        self
    }
    /// The cursor, moved to the bottom of a block.
    #[must_use]
    fn at_bottom(mut self, block: Block) -> Self
    where
        Self: Sized,
    {
        self.goto_bottom(block);
        self
    }

    /// The block the cursor is in.
    fn current_block(&self) -> Option<Block> {
        match self.position() {
            Nowhere => None,
            At(inst) => self.layout().inst_block(inst),
            Before(block) | After(block) => Some(block),
        }
    }
    /// The instruction the cursor is at.
    fn current_inst(&self) -> Option<Inst> {
        if let At(inst) = self.position() { Some(inst) } else { None }
    }

    /// Moves to an instruction.
    fn goto_inst(&mut self, inst: Inst) {
        debug_assert!(self.layout().inst_block(inst).is_some());
        self.set_position(At(inst));
    }
    /// Moves to after an instruction: to the next one, or the bottom of the block.
    fn goto_after_inst(&mut self, inst: Inst) {
        let block = self.layout().pp_block(inst.into());
        let pos = self.layout().next_inst(inst).map_or(After(block), At);
        self.set_position(pos);
    }
    /// Moves to where instructions of a block may begin: its first one, or the bottom.
    fn goto_first_insertion_point(&mut self, block: Block) {
        let pos = self.layout().first_inst(block).map_or(After(block), At);
        self.set_position(pos);
    }
    /// Moves to a block's first instruction; panics if there is none.
    fn goto_first_inst(&mut self, block: Block) {
        let inst = self.layout().first_inst(block).expect("the block has instructions");
        self.set_position(At(inst));
    }
    /// Moves to a block's last instruction; panics if there is none.
    fn goto_last_inst(&mut self, block: Block) {
        let inst = self.layout().last_inst(block).expect("the block has instructions");
        self.set_position(At(inst));
    }
    /// Moves to the top of a block.
    fn goto_top(&mut self, block: Block) {
        debug_assert!(self.layout().is_block_inserted(block));
        self.set_position(Before(block));
    }
    /// Moves to the bottom of a block.
    fn goto_bottom(&mut self, block: Block) {
        debug_assert!(self.layout().is_block_inserted(block));
        self.set_position(After(block));
    }

    /// The top of the next block, from nowhere of the first one; else nowhere.
    fn next_block_position(&self) -> CursorPosition {
        let next = match self.current_block() {
            Some(block) => self.layout().next_block(block),
            None => self.layout().entry_block(),
        };
        next.map_or(Nowhere, Before)
    }
    /// The bottom of the previous block, from nowhere of the last one; else nowhere.
    fn prev_block_position(&self) -> CursorPosition {
        let prev = match self.current_block() {
            Some(block) => self.layout().prev_block(block),
            None => self.layout().last_block(),
        };
        prev.map_or(Nowhere, After)
    }
    /// Moves to the top of the next block, as [`Cursor::next_block_position`] says, and gives the block.
    fn next_block(&mut self) -> Option<Block> {
        self.set_position(self.next_block_position());
        self.current_block()
    }
    /// Moves to the bottom of the previous block, as [`Cursor::prev_block_position`] says, and gives the block.
    fn prev_block(&mut self) -> Option<Block> {
        self.set_position(self.prev_block_position());
        self.current_block()
    }
    /// The next instruction in the block, or the block's bottom; none if the cursor is there already or nowhere.
    fn next_inst_position(&self) -> Option<CursorPosition> {
        let (next, block) = match self.position() {
            Nowhere | After(_) => return None,
            At(inst) => (self.layout().next_inst(inst), self.layout().pp_block(inst.into())),
            Before(block) => (self.layout().first_inst(block), block),
        };
        Some(next.map_or(After(block), At))
    }
    /// The previous instruction in the block, or the block's top; none if the cursor is there already or nowhere.
    fn prev_inst_position(&self) -> Option<CursorPosition> {
        let (prev, block) = match self.position() {
            Nowhere | Before(_) => return None,
            At(inst) => (self.layout().prev_inst(inst), self.layout().pp_block(inst.into())),
            After(block) => (self.layout().last_inst(block), block),
        };
        Some(prev.map_or(Before(block), At))
    }
    /// The next place in the block, else the top of the next block.
    fn next_position(&self) -> CursorPosition {
        self.next_inst_position().unwrap_or_else(|| self.next_block_position())
    }
    /// The previous place in the block, else the bottom of the previous block.
    fn prev_position(&self) -> CursorPosition {
        self.prev_inst_position().unwrap_or_else(|| self.prev_block_position())
    }
    /// Moves to the next instruction in the block and gives it; else to the bottom.
    fn next_inst(&mut self) -> Option<Inst> {
        self.set_position(self.next_inst_position()?);
        self.current_inst()
    }
    /// Moves to the previous instruction in the block and gives it; else to the top.
    fn prev_inst(&mut self) -> Option<Inst> {
        self.set_position(self.prev_inst_position()?);
        self.current_inst()
    }

    /// Inserts an instruction at the cursor, which does not move: the next one goes after it.
    fn insert_inst(&mut self, inst: Inst) {
        match self.position() {
            Nowhere | Before(_) => panic!("an instruction cannot be inserted here"),
            At(before) => self.layout_mut().insert_inst(inst, before),
            After(block) => self.layout_mut().append_inst(inst, block),
        }
    }
    /// Takes out the instruction at the cursor, which moves to the next one or the bottom of the block.
    fn remove_inst(&mut self) -> Inst {
        let inst = self.current_inst().expect("the cursor is at an instruction");
        self.goto_after_inst(inst);
        self.layout_mut().remove_inst(inst);
        inst
    }
    /// Takes out the instruction at the cursor, which moves to the previous one or the top of the block.
    fn remove_inst_and_step_back(&mut self) -> Inst {
        let inst = self.current_inst().expect("the cursor is at an instruction");
        self.prev_inst();
        self.layout_mut().remove_inst(inst);
        inst
    }
    /// Puts an instruction in the place of the one at the cursor, which is then at the new one, and gives the old one.
    fn replace_inst(&mut self, new_inst: Inst) -> Inst {
        self.insert_inst(new_inst);
        let old = self.remove_inst();
        self.set_position(At(new_inst));
        old
    }
    /// Inserts a block at the cursor. At an instruction, that and those after it go to the new block, and the cursor stays
    /// there. Else the new block is empty, goes before or after the cursor's or, from nowhere, to the end, and the cursor
    /// to its bottom.
    fn insert_block(&mut self, new_block: Block) {
        match self.position() {
            At(inst) => {
                self.layout_mut().split_block(new_block, inst);
                return;
            }
            Nowhere => self.layout_mut().append_block(new_block),
            Before(block) => self.layout_mut().insert_block(new_block, block),
            After(block) => self.layout_mut().insert_block_after(new_block, block),
        }
        self.set_position(After(new_block));
    }
}

/// A cursor that has the whole function, to look at and to change.
pub struct FuncCursor<'f> {
    pos: CursorPosition,
    srcloc: SourceLoc,
    /// The function.
    pub func: &'f mut Function,
}

impl<'f> FuncCursor<'f> {
    /// A cursor that is nowhere yet.
    pub fn new(func: &'f mut Function) -> Self {
        FuncCursor { pos: Nowhere, srcloc: SourceLoc::default(), func }
    }
    /// From now on, inserted instructions get the source location of this one.
    pub fn use_srcloc(&mut self, inst: Inst) {
        self.srcloc = self.func.srcloc(inst);
    }
    /// Builds an instruction at the cursor.
    pub fn ins(&mut self) -> InsertBuilder<'_, &mut FuncCursor<'f>> {
        InsertBuilder::new(self)
    }
    fn insert_with_srcloc(&mut self, inst: Inst) {
        self.insert_inst(inst);
        if !self.srcloc.is_default() {
            self.func.set_srcloc(inst, self.srcloc);
        }
    }
}

impl Cursor for FuncCursor<'_> {
    fn position(&self) -> CursorPosition {
        self.pos
    }
    fn set_position(&mut self, pos: CursorPosition) {
        self.pos = pos;
    }
    fn srcloc(&self) -> SourceLoc {
        self.srcloc
    }
    fn set_srcloc(&mut self, srcloc: SourceLoc) {
        self.func.params.ensure_base_srcloc(srcloc);
        self.srcloc = srcloc;
    }
    fn layout(&self) -> &Layout {
        &self.func.layout
    }
    fn layout_mut(&mut self) -> &mut Layout {
        &mut self.func.layout
    }
}

impl<'c, 'f> InstInserterBase<'c> for &'c mut FuncCursor<'f> {
    fn data_flow_graph(&self) -> &DataFlowGraph {
        &self.func.dfg
    }
    fn data_flow_graph_mut(&mut self) -> &mut DataFlowGraph {
        &mut self.func.dfg
    }
    fn insert_built_inst(self, inst: Inst) -> &'c mut DataFlowGraph {
        self.insert_with_srcloc(inst);
        &mut self.func.dfg
    }
    fn insert_aux_inst(&mut self, inst: Inst) {
        self.insert_with_srcloc(inst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{InstBuilder, types};

    #[test]
    fn walks_and_edits() {
        let mut func = Function::new();
        let [a, b] = [func.dfg.make_block(), func.dfg.make_block()];
        let mut pos = FuncCursor::new(&mut func).with_srcloc(SourceLoc::new(9));
        pos.insert_block(a);
        let x = pos.ins().iconst(types::I32, -1);
        let y = pos.ins().iadd(x, x);
        pos.ins().return_(&[y]);
        let [one, two] = [x, y].map(|v| pos.func.dfg.value_def(v).unwrap_inst());
        let three = pos.layout().last_inst(a).unwrap();
        assert_eq!((pos.func.srcloc(two), pos.position(), pos.prev_inst()), (SourceLoc::new(9), After(a), Some(three)));

        pos.goto_inst(two);
        pos.insert_block(b);
        assert_eq!((pos.current_block(), pos.prev_inst(), pos.position()), (Some(b), None, Before(b)));
        assert_eq!((pos.prev_position(), pos.prev_block(), pos.prev_inst()), (After(a), Some(a), Some(one)));
        assert_eq!(
            (pos.next_position(), pos.next_inst(), pos.next_block(), pos.next_inst()),
            (After(a), None, Some(b), Some(two))
        );
        assert_eq!((pos.remove_inst(), pos.current_inst()), (two, Some(three)));
        assert_eq!((pos.replace_inst(two), pos.current_inst()), (three, Some(two)));
        assert_eq!((pos.remove_inst_and_step_back(), pos.position()), (two, Before(b)));
        assert_eq!((pos.next_block(), pos.next_block()), (None, Some(a)));
    }
}
