//! What loop headers need to know of their loops: the highest pressure inside, and which registers their instructions
//! overwrite. Needs the sweep's facts per block and contiguous loops; leaves them per header. Wrong loop facts cost quality only.

use crate::code::*;
use crate::next_use::NextUses;

/// Facts per loop, at the index of its header.
#[derive(Default)]
pub(crate) struct Loops {
    pub pressure: Vec<[u32; CLASSES]>,
    pub lost: Vec<RegSet>,
    parent: Vec<u32>,
    stack: Vec<u32>,
}

/// Estimated executions of a block, relative to the function's entry.
pub(crate) fn frequency(block: &Block) -> u64 {
    let loops = 8u64 << (3 * block.loop_depth.min(9));
    if block.cold { loops / 8 / 64 } else { loops }
}

impl Loops {
    pub fn compute(&mut self, code: &Code, uses: &NextUses) {
        let n = code.blocks.len();
        self.pressure.clear();
        self.pressure.resize(n, [0; CLASSES]);
        self.lost.clear();
        self.lost.resize(n, RegSet::EMPTY);
        self.parent.clear();
        self.parent.resize(n, NONE);
        self.stack.clear();
        for (b, block) in code.blocks.iter().enumerate() {
            let header = block.loop_header == b as u32;
            self.stack.truncate((block.loop_depth as usize).saturating_sub(header as usize));
            if header {
                self.parent[b] = self.stack.last().copied().unwrap_or(NONE);
                self.stack.push(b as u32);
            }
        }
        for (b, block) in code.blocks.iter().enumerate().rev() {
            if block.loop_header != NONE {
                self.add(block.loop_header as usize, uses.pressure[b], uses.lost[b]);
            }
            if block.loop_header == b as u32 && self.parent[b] != NONE {
                self.add(self.parent[b] as usize, self.pressure[b], self.lost[b]);
            }
        }
    }

    fn add(&mut self, header: usize, pressure: [u32; CLASSES], lost: RegSet) {
        for (most, pressure) in self.pressure[header].iter_mut().zip(pressure) {
            *most = (*most).max(pressure);
        }
        self.lost[header] = self.lost[header].union(lost);
    }
}
