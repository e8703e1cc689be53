//! Immediate dominators of any graph: Lengauer and Tarjan, "A fast algorithm for finding dominators in a flowgraph", TOPLAS
//! 1979, in its simpler version: O(m log n) whatever the graph, and no recursion. Nodes are numbers.

use crate::ir::Block;
use windlass_entity::SecondaryMap;
use windlass_entity::packed_option::PackedOption;

/// A graph with a root.
pub(crate) trait Flow {
    /// One more than the largest node.
    fn num_nodes(&self) -> usize;
    /// Where everything starts.
    fn root(&self) -> u32;
    /// The nodes a node goes to.
    fn succs(&self, node: u32) -> impl Iterator<Item = u32>;
    /// The nodes that go to a node.
    fn preds(&self, node: u32) -> impl Iterator<Item = u32>;
}

/// No node, or no number.
pub(crate) const NONE: u32 = u32::MAX;

/// A node's place in the forest of nodes processed, in one piece: on large graphs each node looked at is a cache miss.
#[derive(Clone, Copy)]
struct Link {
    /// An ancestor, closer to the root as paths get compressed; [`NONE`] of a root.
    ancestor: u32,
    /// The node of least semidominator on the path to it, ...
    best: u32,
    /// ... and that semidominator.
    best_semi: u32,
    /// The node's own semidominator.
    semi: u32,
}

/// What the algorithm leaves, and the memory it needs. All but `number` and the orders is indexed by, and consists of, the
/// numbers that the depth-first walk gives to nodes.
#[derive(Default)]
pub(crate) struct Dominators {
    /// The number of each node, in the order in which the walk reaches them; [`NONE`] if it does not.
    number: Vec<u32>,
    /// The nodes as they are reached.
    preorder: Vec<u32>,
    /// The nodes as they are left.
    pub(crate) postorder: Vec<u32>,
    parent: Vec<u32>,
    idom: Vec<u32>,
    links: Vec<Link>,
    /// Nodes by semidominator, as linked lists.
    bucket: Vec<u32>,
    next_in_bucket: Vec<u32>,
    path: Vec<u32>,
    /// How many nodes paths had that were compressed.
    #[cfg(test)]
    steps: usize,
}

impl Dominators {
    /// Forgets a graph and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.number.clear();
        self.preorder.clear();
        self.postorder.clear();
    }
    /// The immediate dominator of a node; none of the root, or if it is not reached.
    pub(crate) fn idom(&self, node: u32) -> Option<u32> {
        let n = *self.number.get(node as usize).filter(|n| **n != NONE && **n != 0)?;
        Some(self.preorder[self.idom[n as usize] as usize])
    }
    /// Computes everything for a graph.
    pub(crate) fn compute(&mut self, graph: &impl Flow) {
        self.clear();
        self.parent.clear();
        self.walk(graph);
        let n = self.preorder.len();
        for array in [&mut self.idom, &mut self.bucket, &mut self.next_in_bucket] {
            array.clear();
            array.resize(n, NONE);
        }
        self.links.clear();
        self.links.extend((0..n as u32).map(|w| Link { ancestor: NONE, best: w, best_semi: w, semi: w }));
        for w in (1..n as u32).rev() {
            let mut semi = w;
            for pred in graph.preds(self.preorder[w as usize]) {
                let v = self.number[pred as usize];
                if v != NONE {
                    semi = semi.min(self.eval(v).1);
                }
            }
            let parent = self.parent[w as usize];
            self.links[w as usize] = Link { ancestor: parent, best: w, best_semi: semi, semi };
            self.next_in_bucket[w as usize] = std::mem::replace(&mut self.bucket[semi as usize], w);
            let mut v = std::mem::replace(&mut self.bucket[parent as usize], NONE);
            while v != NONE {
                let (u, semi) = self.eval(v);
                // either the semidominator is the dominator, or that of `u` is, which is not known yet
                self.idom[v as usize] = if semi < self.links[v as usize].semi { u } else { parent };
                v = self.next_in_bucket[v as usize];
            }
        }
        for w in 1..n {
            if self.idom[w] != self.links[w].semi {
                self.idom[w] = self.idom[self.idom[w] as usize];
            }
        }
    }
    /// Walks depth-first from the root, and numbers what it reaches.
    fn walk(&mut self, graph: &impl Flow) {
        self.number.resize(graph.num_nodes(), NONE);
        let root = graph.root();
        if root as usize >= graph.num_nodes() {
            return;
        }
        let mut stack = vec![];
        let mut reached = Some((root, 0));
        loop {
            if let Some((node, parent)) = reached.take() {
                self.number[node as usize] = self.preorder.len() as u32;
                self.preorder.push(node);
                self.parent.push(parent);
                stack.push((node, graph.succs(node)));
            }
            let Some((node, succs)) = stack.last_mut() else { return };
            match succs.find(|s| self.number[*s as usize] == NONE) {
                Some(next) => reached = Some((next, self.number[*node as usize])),
                None => {
                    self.postorder.push(*node);
                    stack.pop();
                }
            }
        }
    }
    /// The node of least semidominator on the path from `v` up to, but without, the root of its tree in the forest; and
    /// that semidominator.
    fn eval(&mut self, v: u32) -> (u32, u32) {
        let mut at = v;
        loop {
            let up = self.links[at as usize].ancestor;
            if up == NONE {
                break;
            }
            self.path.push(at);
            at = up;
        }
        #[cfg(test)]
        {
            self.steps += self.path.len();
        }
        // the last on the path is a child of the root, and has nothing to learn
        self.path.pop();
        while let Some(node) = self.path.pop() {
            let up = self.links[self.links[node as usize].ancestor as usize];
            let link = &mut self.links[node as usize];
            if up.best_semi < link.best_semi {
                (link.best, link.best_semi) = (up.best, up.best_semi);
            }
            link.ancestor = up.ancestor;
        }
        let link = &self.links[v as usize];
        (link.best, link.best_semi)
    }
}

/// A tree of blocks (a forest, for post-dominators) in which ancestry is known at once. Needs [`Dominators`].
pub(crate) struct Tree {
    nodes: SecondaryMap<Block, Node>,
}

/// A block's place in the tree.
#[derive(Clone, Copy)]
struct Node {
    parent: PackedOption<Block>,
    first_child: PackedOption<Block>,
    sibling: PackedOption<Block>,
    /// The block's number in a preorder walk of the tree, from 1; 0 if it is not in the tree.
    first: u32,
    /// The largest number below it.
    last: u32,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let none = PackedOption::default();
        let nowhere = Node { parent: none, first_child: none, sibling: none, first: 0, last: 0 };
        Tree { nodes: SecondaryMap::with_default(nowhere) }
    }
    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
    }
    /// Builds the tree of `dominators` over the first `num_blocks` nodes, which are blocks. Other nodes are no parents.
    pub(crate) fn build(&mut self, dominators: &Dominators, num_blocks: usize) {
        self.clear();
        self.nodes.resize(num_blocks);
        let mut roots = PackedOption::default();
        // in post-order, so that children come in reverse post-order when each is put in front
        for &node in dominators.postorder.iter().filter(|n| (**n as usize) < num_blocks) {
            let block = Block::from_u32(node);
            let parent = dominators.idom(node).filter(|p| (*p as usize) < num_blocks).map(Block::from_u32);
            let list = match parent {
                Some(parent) => &mut self.nodes[parent].first_child,
                None => &mut roots,
            };
            let sibling = std::mem::replace(list, block.into());
            self.nodes[block] = Node { parent: parent.into(), sibling, ..self.nodes[block] };
        }
        self.number(roots);
    }
    /// Numbers the trees whose roots are linked as siblings.
    fn number(&mut self, roots: PackedOption<Block>) {
        let (mut next, mut count) = (roots.expand(), 0);
        while let Some(mut block) = next {
            count += 1;
            self.nodes[block].first = count;
            self.nodes[block].last = count;
            next = self.nodes[block].first_child.expand();
            // without children: up to where there is a sibling, counting what lies below
            while next.is_none() {
                self.nodes[block].last = count;
                next = self.nodes[block].sibling.expand();
                match self.nodes[block].parent.expand() {
                    Some(parent) => block = parent,
                    None => break,
                }
            }
        }
    }
    pub(crate) fn contains(&self, block: Block) -> bool {
        self.nodes[block].first != 0
    }
    pub(crate) fn parent(&self, block: Block) -> Option<Block> {
        self.nodes[block].parent.expand()
    }
    /// Is `a` an ancestor of `b`, or the same? A block that is not in the tree is its own ancestor only.
    pub(crate) fn is_ancestor(&self, a: Block, b: Block) -> bool {
        let (a_node, b_node) = (&self.nodes[a], &self.nodes[b]);
        a == b || a_node.first != 0 && a_node.first <= b_node.first && b_node.first <= a_node.last
    }
    pub(crate) fn children(&self, block: Block) -> ChildIter<'_> {
        ChildIter { tree: self, next: self.nodes[block].first_child }
    }
}

/// The children of a block in a tree of dominators.
#[derive(Clone)]
pub struct ChildIter<'a> {
    tree: &'a Tree,
    next: PackedOption<Block>,
}

impl Iterator for ChildIter<'_> {
    type Item = Block;
    fn next(&mut self) -> Option<Block> {
        let block = self.next.expand()?;
        self.next = self.tree.nodes[block].sibling;
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each node goes to the next and to one that is chosen at random.
    struct Random(Vec<[u32; 2]>, Vec<Vec<u32>>);

    impl Flow for Random {
        fn num_nodes(&self) -> usize {
            self.0.len()
        }
        fn root(&self) -> u32 {
            0
        }
        fn succs(&self, node: u32) -> impl Iterator<Item = u32> {
            self.0[node as usize].into_iter()
        }
        fn preds(&self, node: u32) -> impl Iterator<Item = u32> {
            self.1[node as usize].iter().copied()
        }
    }

    /// Time on such graphs grows faster than their size, because memory gets slower: the steps do not.
    #[test]
    fn steps_are_near_linear_on_random_graphs() {
        let steps = |n: u32| {
            let random = |b: u32| (u64::from(b).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as u32 % n;
            let succs: Vec<[u32; 2]> = (0..n).map(|b| [(b + 1).min(n - 1), random(b)]).collect();
            let mut preds = vec![vec![]; n as usize];
            succs.iter().enumerate().for_each(|(b, to)| to.iter().for_each(|t| preds[*t as usize].push(b as u32)));
            let mut dominators = Dominators::default();
            dominators.compute(&Random(succs, preds));
            assert_eq!(dominators.preorder.len(), n as usize);
            dominators.steps as f64 / f64::from(n)
        };
        let (small, large) = (steps(1 << 12), steps(1 << 18));
        assert!(small > 1.0 && large < 1.6 * small, "{small} steps a node, then {large}");
        let exponent = 1.0 + (large / small).log2() / 6.0;
        assert!(exponent < 1.12, "{exponent}");
    }
}
