//! A layout as it is written and read: what comes first, and what follows what. Whatever was read, each block and each
//! instruction comes at most once, and no number is larger than what was read is long.

use super::Layout;
use crate::ir::{Block, Inst};
use windlass_entity::EntityRef;
use windlass_entity::packed_option::PackedOption;

/// A block: the next one, its first instruction, and whether it is cold.
#[derive(serde::Serialize, serde::Deserialize)]
struct Place(PackedOption<Block>, PackedOption<Inst>, bool);

#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Raw {
    first: PackedOption<Block>,
    blocks: Vec<Place>,
    /// What follows each instruction in its block.
    insts: Vec<PackedOption<Inst>>,
}

impl From<Layout> for Raw {
    fn from(layout: Layout) -> Self {
        let place = |node: &super::BlockNode| Place(node.next, node.first_inst, node.cold);
        Raw {
            first: layout.first_block,
            blocks: layout.blocks.values().map(place).collect(),
            insts: layout.insts.values().map(|node| node.next).collect(),
        }
    }
}

impl TryFrom<Raw> for Layout {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, &'static str> {
        let mut layout = Layout::new();
        let mut next_block = raw.first.expand();
        while let Some(block) = next_block {
            let Place(next, first, cold) = raw.blocks.get(block.index()).ok_or("a block is missing")?;
            if layout.is_block_inserted(block) {
                return Err("a block comes twice");
            }
            layout.append_block(block);
            if *cold {
                layout.set_cold(block);
            }
            let mut next_inst = first.expand();
            while let Some(inst) = next_inst {
                let next = raw.insts.get(inst.index()).ok_or("an instruction is missing")?;
                if layout.inst_block(inst).is_some() {
                    return Err("an instruction comes twice");
                }
                layout.append_inst(inst, block);
                next_inst = next.expand();
            }
            next_block = next.expand();
        }
        Ok(layout)
    }
}
