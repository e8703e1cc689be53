//! Search trees that share one store of nodes. Each is a treap: ordered by keys, and a heap by the nodes' priorities, which
//! are a fixed sequence of scattered numbers, so that the depth is logarithmic as for random insertions whatever the order.
//! Needs nothing; a tree is known by its root.

use std::cmp::Ordering;
use wasmtime_internal_core::error::OutOfMemory;

/// The number of a node, or [`NONE`].
pub type Link = u32;
/// No node.
pub const NONE: Link = u32::MAX;

/// A side of a node: its smaller or its larger keys.
type Side = usize;
const LESS: Side = 0;
const MORE: Side = 1;

#[derive(Clone, Debug)]
struct Node<K, V> {
    key: K,
    value: V,
    children: [Link; 2],
    /// The parent; the next free node for one that is free.
    parent: Link,
    priority: u32,
}

/// A store of nodes.
#[derive(Clone, Debug)]
pub struct Forest<K, V> {
    nodes: Vec<Node<K, V>>,
    free: Link,
}

impl<K: Copy, V: Copy> Forest<K, V> {
    pub fn new() -> Self {
        Forest { nodes: Vec::new(), free: NONE }
    }

    /// Drops all trees.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.free = NONE;
    }

    fn node(&self, n: Link) -> &Node<K, V> {
        &self.nodes[n as usize]
    }

    fn node_mut(&mut self, n: Link) -> &mut Node<K, V> {
        &mut self.nodes[n as usize]
    }

    pub fn key(&self, n: Link) -> K {
        self.node(n).key
    }

    pub fn value(&self, n: Link) -> V {
        self.node(n).value
    }

    pub fn value_mut(&mut self, n: Link) -> &mut V {
        &mut self.node_mut(n).value
    }

    /// The entry at a node, if there is one.
    pub fn entry(&self, n: Link) -> Option<(K, V)> {
        (n != NONE).then(|| (self.key(n), self.value(n)))
    }

    /// The node with the key, if there is one, and the last before and the first after it or where it would be.
    pub fn find(&self, root: Link, order: impl Fn(K) -> Ordering) -> (Option<Link>, Link, Link) {
        let (mut at, mut before, mut after) = (root, NONE, NONE);
        while at != NONE {
            match order(self.key(at)) {
                Ordering::Less => {
                    before = at;
                    at = self.node(at).children[MORE];
                }
                Ordering::Greater => {
                    after = at;
                    at = self.node(at).children[LESS];
                }
                Ordering::Equal => return (Some(at), self.prev(at), self.next(at)),
            }
        }
        (None, before, after)
    }

    /// The outermost node on a side of a tree.
    fn end(&self, root: Link, side: Side) -> Link {
        let mut at = root;
        while at != NONE && self.node(at).children[side] != NONE {
            at = self.node(at).children[side];
        }
        at
    }

    pub fn first(&self, root: Link) -> Link {
        self.end(root, LESS)
    }

    pub fn last(&self, root: Link) -> Link {
        self.end(root, MORE)
    }

    /// The neighbour of a node on a side.
    fn neighbour(&self, n: Link, side: Side) -> Link {
        let child = self.node(n).children[side];
        if child != NONE {
            return self.end(child, 1 - side);
        }
        let (mut at, mut parent) = (n, self.node(n).parent);
        while parent != NONE && self.node(parent).children[side] == at {
            (at, parent) = (parent, self.node(parent).parent);
        }
        parent
    }

    pub fn next(&self, n: Link) -> Link {
        self.neighbour(n, MORE)
    }

    pub fn prev(&self, n: Link) -> Link {
        self.neighbour(n, LESS)
    }

    /// Adds an entry between two nodes that are neighbours, as [`Forest::find`] gives them.
    pub fn insert(
        &mut self,
        root: &mut Link,
        key: K,
        value: V,
        (before, after): (Link, Link),
    ) -> Result<Link, OutOfMemory> {
        let n = self.make(key, value)?;
        // One of two neighbours is below the other, so it has no child on the side of the other.
        let (parent, side) = match before {
            NONE => (after, LESS),
            _ if self.node(before).children[MORE] == NONE => (before, MORE),
            _ => (after, LESS),
        };
        self.node_mut(n).parent = parent;
        if parent == NONE {
            *root = n;
            return Ok(n);
        }
        self.node_mut(parent).children[side] = n;
        while let parent = self.node(n).parent
            && parent != NONE
            && self.node(parent).priority < self.node(n).priority
        {
            self.rotate(root, n);
        }
        Ok(n)
    }

    fn make(&mut self, key: K, value: V) -> Result<Link, OutOfMemory> {
        let node = |priority| Node { key, value, children: [NONE; 2], parent: NONE, priority };
        if self.free != NONE {
            let n = self.free;
            self.free = self.node(n).parent;
            *self.node_mut(n) = node(self.node(n).priority);
            return Ok(n);
        }
        let n = self.nodes.len() as Link;
        assert!(n != NONE, "a forest has fewer nodes than 2^32");
        let refused = |_| OutOfMemory::new((n as usize + 1).saturating_mul(size_of::<Node<K, V>>()));
        self.nodes.try_reserve(1).map_err(refused)?;
        self.nodes.push(node(scatter(n)));
        Ok(n)
    }

    /// Moves a node up to where its parent is, and the parent below it.
    fn rotate(&mut self, root: &mut Link, n: Link) {
        let parent = self.node(n).parent;
        let side = if self.node(parent).children[LESS] == n { LESS } else { MORE };
        let inner = self.node(n).children[1 - side];
        let above = self.node(parent).parent;
        self.node_mut(parent).children[side] = inner;
        if inner != NONE {
            self.node_mut(inner).parent = parent;
        }
        self.node_mut(n).children[1 - side] = parent;
        self.node_mut(parent).parent = n;
        self.replace(root, above, parent, n);
    }

    /// Makes `new` the child of `above` that `old` was, or the root.
    fn replace(&mut self, root: &mut Link, above: Link, old: Link, new: Link) {
        if new != NONE {
            self.node_mut(new).parent = above;
        }
        match above {
            NONE => *root = new,
            _ => {
                let side = if self.node(above).children[LESS] == old { LESS } else { MORE };
                self.node_mut(above).children[side] = new;
            }
        }
    }

    /// Removes a node.
    pub fn remove(&mut self, root: &mut Link, n: Link) {
        loop {
            let [less, more] = self.node(n).children;
            let up = match (less, more) {
                (NONE, only) | (only, NONE) => {
                    self.replace(root, self.node(n).parent, n, only);
                    break;
                }
                _ if self.node(less).priority > self.node(more).priority => less,
                _ => more,
            };
            self.rotate(root, up);
        }
        self.release(n);
    }

    fn release(&mut self, n: Link) {
        self.node_mut(n).parent = self.free;
        self.free = n;
    }

    /// Removes all nodes of a tree.
    pub fn remove_all(&mut self, root: &mut Link) {
        let mut todo = Vec::from_iter((*root != NONE).then_some(*root));
        while let Some(n) = todo.pop() {
            todo.extend(self.node(n).children.into_iter().filter(|c| *c != NONE));
            self.release(n);
        }
        *root = NONE;
    }
}

/// A number that looks like any other.
fn scatter(n: u32) -> u32 {
    let n = (n ^ n >> 16).wrapping_mul(0x7feb_352d);
    let n = (n ^ n >> 15).wrapping_mul(0x846c_a68b);
    n ^ n >> 16
}
