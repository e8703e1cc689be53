//! Depth-first walks over the blocks of a function, without recursion. Needs nothing but the function.

use crate::ir::{Block, Function};
use windlass_entity::EntitySet;

/// What happens to a block in a depth-first walk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Event {
    /// It is reached, before all that is reached from it.
    Enter,
    /// It is left, after all that was reached from it.
    Exit,
}

/// The memory of depth-first walks, to be used again.
#[derive(Clone, Default, Debug)]
pub struct Dfs {
    stack: Vec<(Event, Block)>,
    seen: EntitySet<Block>,
}

impl Dfs {
    /// No memory yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Forgets a walk that was not finished. Walks begin with that.
    pub fn clear(&mut self) {
        self.stack.clear();
        self.seen.clear();
    }
    /// All events of a walk from the entry, successors in textual order.
    pub fn iter<'a>(&'a mut self, func: &'a Function) -> DfsIter<'a> {
        self.clear();
        self.stack.extend(func.layout.entry_block().map(|entry| (Event::Enter, entry)));
        DfsIter { dfs: self, func }
    }
    /// Blocks as they are reached.
    pub fn pre_order_iter<'a>(&'a mut self, func: &'a Function) -> DfsPreOrderIter<'a> {
        DfsPreOrderIter(self.iter(func))
    }
    /// Blocks as they are left.
    pub fn post_order_iter<'a>(&'a mut self, func: &'a Function) -> DfsPostOrderIter<'a> {
        DfsPostOrderIter(self.iter(func))
    }
}

/// The events of a depth-first walk.
pub struct DfsIter<'a> {
    dfs: &'a mut Dfs,
    func: &'a Function,
}

impl Iterator for DfsIter<'_> {
    type Item = (Event, Block);
    fn next(&mut self) -> Option<(Event, Block)> {
        let Dfs { stack, seen } = &mut *self.dfs;
        loop {
            let (event, block) = stack.pop()?;
            if event == Event::Exit {
                return Some((event, block));
            }
            // a block may be waiting several times: the last one put there counts
            if self.func.dfg.block_is_valid(block) && seen.insert(block) {
                stack.push((Event::Exit, block));
                let succs = self.func.block_successors(block).rev().filter(|s| !seen.contains(*s));
                stack.extend(succs.map(|s| (Event::Enter, s)));
                return Some((event, block));
            }
        }
    }
}

/// The blocks of a depth-first walk as they are reached.
pub struct DfsPreOrderIter<'a>(DfsIter<'a>);

impl Iterator for DfsPreOrderIter<'_> {
    type Item = Block;
    fn next(&mut self) -> Option<Block> {
        self.0.find(|(event, _)| *event == Event::Enter).map(|(_, block)| block)
    }
}

/// The blocks of a depth-first walk as they are left.
pub struct DfsPostOrderIter<'a>(DfsIter<'a>);

impl Iterator for DfsPostOrderIter<'_> {
    type Item = Block;
    fn next(&mut self) -> Option<Block> {
        self.0.find(|(event, _)| *event == Event::Exit).map(|(_, block)| block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flowgraph::tests::{function_of, random_edges};

    fn numbers(blocks: impl Iterator<Item = Block>) -> Vec<usize> {
        blocks.map(|b| b.as_u32() as usize).collect()
    }

    #[test]
    fn the_first_successor_comes_first() {
        let func = function_of(&[vec![1, 2], vec![3], vec![3], vec![0, 4], vec![], vec![0]]);
        let mut dfs = Dfs::new();
        assert_eq!(numbers(dfs.pre_order_iter(&func)), [0, 1, 3, 4, 2]);
        assert_eq!(numbers(dfs.post_order_iter(&func)), [4, 3, 1, 2, 0]);
        assert_eq!(dfs.iter(&func).count(), 10);
    }

    #[test]
    fn agrees_with_recursion() {
        fn walk(succs: &[Vec<usize>], block: usize, seen: &mut Vec<bool>, out: &mut Vec<usize>) {
            if !std::mem::replace(&mut seen[block], true) {
                succs[block].iter().for_each(|s| walk(succs, *s, seen, out));
                out.push(block);
            }
        }
        let mut dfs = Dfs::new();
        for seed in 0..50 {
            let edges = random_edges(40, seed);
            let mut expected = vec![];
            walk(&edges, 0, &mut vec![false; 40], &mut expected);
            assert_eq!(numbers(dfs.post_order_iter(&function_of(&edges))), expected);
        }
    }
}
