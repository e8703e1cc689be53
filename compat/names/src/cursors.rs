//! Cursors: where in a function something is looked at or inserted.

use cranelift_codegen::cursor::{Cursor, CursorPosition, FuncCursor};
use cranelift_codegen::ir::{Block, Function, Inst, InstBuilder, Layout, SourceLoc, Value, types};

/// Cursors made at places.
pub fn made(func: &mut Function, block: Block, inst: Inst) {
    let _ = FuncCursor::new(func).at_inst(inst).at_first_inst(block).at_last_inst(block).after_inst(inst);
    let _ = FuncCursor::new(func).at_top(block).at_bottom(block).at_first_insertion_point(block);
    let pos = FuncCursor::new(func).at_position(CursorPosition::Nowhere).with_srcloc(SourceLoc::new(1));
    let _: &mut Function = pos.func;
}

/// Movements.
pub fn moves(pos: &mut FuncCursor<'_>, block: Block, inst: Inst) {
    pos.goto_inst(inst);
    pos.goto_after_inst(inst);
    pos.goto_first_inst(block);
    pos.goto_last_inst(block);
    pos.goto_first_insertion_point(block);
    pos.goto_top(block);
    pos.goto_bottom(block);
    let _: [Option<Block>; 2] = [pos.next_block(), pos.prev_block()];
    let _: [Option<Inst>; 2] = [pos.next_inst(), pos.prev_inst()];
    pos.set_position(CursorPosition::At(inst));
    pos.set_srcloc(SourceLoc::default());
}

/// Questions.
pub fn questions(pos: &mut FuncCursor<'_>) {
    let positions: [CursorPosition; 5] = [
        pos.position(),
        pos.next_position(),
        pos.prev_position(),
        pos.next_block_position(),
        pos.prev_block_position(),
    ];
    let _: [Option<CursorPosition>; 2] = [pos.next_inst_position(), pos.prev_inst_position()];
    for position in positions {
        match position {
            CursorPosition::Nowhere | CursorPosition::At(_) | CursorPosition::Before(_) | CursorPosition::After(_) => {}
        }
    }
    let _: (Option<Block>, Option<Inst>) = (pos.current_block(), pos.current_inst());
    let _: SourceLoc = pos.srcloc();
    let _: &Layout = pos.layout();
    let _: &mut Layout = pos.layout_mut();
}

/// Changes.
pub fn changes(pos: &mut FuncCursor<'_>, block: Block, inst: Inst, value: Value) {
    pos.insert_block(block);
    pos.insert_inst(inst);
    let _: [Inst; 3] = [pos.remove_inst(), pos.remove_inst_and_step_back(), pos.replace_inst(inst)];
    let _: Value = pos.ins().iconst(types::I32, 1);
    let _: Value = pos.ins().with_result(value).iconst(types::I32, 1);
    let _: Value = pos.ins().with_results([Some(value)]).iconst(types::I32, 1);
    let _: Value = pos.func.replace(inst).iadd_imm_s(value, 1);
}
