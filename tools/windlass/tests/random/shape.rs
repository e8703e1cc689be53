//! The blocks of a random function and how they follow each other, before anything is in them. Needs random numbers;
//! leaves edges and dominators.

use crate::rng::Rng;

/// How a block ends.
#[derive(Clone, Debug)]
pub enum End {
    Return,
    Trap,
    Jump(usize),
    Brif(usize, usize),
}

impl End {
    pub fn targets(&self) -> Vec<usize> {
        match *self {
            End::Return | End::Trap => vec![],
            End::Jump(to) => vec![to],
            End::Brif(yes, no) => vec![yes, no],
        }
    }
}

/// Blocks by their numbers; 0 is the entry, which nothing goes to.
#[derive(Clone, Debug)]
pub struct Shape {
    pub ends: Vec<End>,
    /// The immediate dominators of reachable blocks; the entry is its own.
    pub idom: Vec<Option<usize>>,
    /// Blocks that an edge from themselves or from a later block goes to: each circle has one.
    pub looped: Vec<bool>,
}

impl Shape {
    /// A random shape of at most this many blocks.
    pub fn random(rng: &mut Rng, most: usize) -> Shape {
        let n = rng.between(1, most);
        let mut ends: Vec<End> = vec![];
        for block in 0..n {
            let last = block + 1 == n;
            // mostly forward, so that most blocks are reached and loops are loops
            let mut target = || match rng.below(10) {
                0..6 if !last => (block + 1 + rng.below(3)).min(n - 1),
                0..8 => rng.between(1, n - 1).max(1),
                _ => rng.between(1, block.max(1)),
            };
            let (a, b) = if n > 1 { (target(), target()) } else { (0, 0) };
            ends.push(match rng.below(20) {
                _ if n == 1 => End::Return,
                0..2 if block > 0 => End::Return,
                2 if block > n / 2 => End::Trap,
                _ if last => End::Return,
                3..8 => End::Jump(a),
                _ => End::Brif(a, b),
            });
        }
        let mut looped = vec![false; n];
        for (block, end) in ends.iter().enumerate() {
            end.targets().into_iter().filter(|to| *to <= block).for_each(|to| looped[to] = true);
        }
        Shape { idom: dominators(&ends), ends, looped }
    }
}

/// Immediate dominators, by removing each block and seeing what is reached without it.
fn dominators(ends: &[End]) -> Vec<Option<usize>> {
    let n = ends.len();
    let reached = |without: Option<usize>| {
        let mut seen = vec![false; n];
        let mut todo = if without == Some(0) { vec![] } else { vec![0] };
        while let Some(block) = todo.pop() {
            if !std::mem::replace(&mut seen[block], true) {
                todo.extend(ends[block].targets().into_iter().filter(|to| Some(*to) != without));
            }
        }
        seen
    };
    let all = reached(None);
    let lost: Vec<Vec<bool>> = (0..n).map(|block| reached(Some(block))).collect();
    let dominates = |a: usize, b: usize| a != b && all[b] && !lost[a][b];
    let idom = |b: usize| match (all[b], b) {
        (false, _) => None,
        (true, 0) => Some(0),
        // of the dominators, which lie on a line, the one that all others dominate
        _ => (0..n).filter(|&a| dominates(a, b)).max_by_key(|&a| (0..n).filter(|&c| dominates(c, a)).count()),
    };
    (0..n).map(idom).collect()
}
