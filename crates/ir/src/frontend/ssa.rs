//! SSA construction on the fly: Braun, Buchwald, Hack, Leissa, Mallon and Zwinkau, "Simple and efficient construction of
//! static single assignment form", CC 2013, with a stack of its own instead of recursion.
//!
//! The value of a variable at the end of a block is looked for there, then in its only predecessor, and so on. Where ways
//! join, a block parameter stands for it until the values from all sides are known: if they are all the same, it becomes
//! an alias of that value, else it is attached to the block, and the values become arguments. In a block that is not
//! sealed, that waits until it is. Needs the function's graph and layout.

use super::{Variable, zero};
use crate::ir::types::Type;
use crate::ir::{Block, Function, Inst, Value};
use rustc_hash::FxHashMap;
use windlass_entity::packed_option::PackedOption;
use windlass_entity::{PrimaryMap, SecondaryMap};

/// The end of a list.
const NONE: u32 = u32::MAX;
/// A value that was found far from where it is wanted is noted in each so manieth block between: noting it in all takes
/// more time than walking this far again, and much more memory.
const STRIDE: usize = 8;

/// A target of a branch that is the block in whose list this stands.
struct Edge {
    inst: Inst,
    /// Which target of the branch.
    target: u32,
    next: u32,
}

/// A parameter that waits for its block to be sealed.
struct Pending {
    var: Variable,
    param: Value,
    next: u32,
}

/// A block as far as variables are concerned.
#[derive(Clone, Copy)]
struct BlockData {
    first_edge: u32,
    last_edge: u32,
    /// The branch that all edges belong to, if it is one.
    only_branch: PackedOption<Inst>,
    first_pending: u32,
    last_pending: u32,
    sealed: bool,
}

const NEW_BLOCK: BlockData = BlockData {
    first_edge: NONE,
    last_edge: NONE,
    only_branch: PackedOption::new(Inst::RESERVED),
    first_pending: NONE,
    last_pending: NONE,
    sealed: false,
};

/// What is to be done to find a variable's value. Each step leaves one value on the stack of results.
enum Step {
    /// Find its value at the end of a block.
    Use(Block),
    /// The values from all edges of the block are there: decide what the parameter is.
    Finish(Value, Block),
}

/// Variables, their values, and the branches between blocks.
pub(super) struct SsaBuilder {
    /// Values of variables at the end of blocks.
    defs: FxHashMap<(Block, Variable), Value>,
    /// For each variable, a block and its value there: answers most questions without hashing.
    latest: SecondaryMap<Variable, (PackedOption<Block>, PackedOption<Value>)>,
    blocks: SecondaryMap<Block, BlockData>,
    edges: Vec<Edge>,
    pending: Vec<Pending>,
    steps: Vec<Step>,
    results: Vec<Value>,
    path: Vec<Block>,
    /// Parameters and zeros that were made for variables since somebody emptied this.
    pub(super) new_values: Vec<(Variable, Value)>,
}

impl Default for SsaBuilder {
    fn default() -> Self {
        SsaBuilder {
            defs: FxHashMap::default(),
            latest: SecondaryMap::new(),
            blocks: SecondaryMap::with_default(NEW_BLOCK),
            edges: Vec::new(),
            pending: Vec::new(),
            steps: Vec::new(),
            results: Vec::new(),
            path: Vec::new(),
            new_values: Vec::new(),
        }
    }
}

impl SsaBuilder {
    /// Forgets everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.defs.clear();
        self.latest.clear();
        self.blocks.clear();
        self.edges.clear();
        self.pending.clear();
        self.steps.clear();
        self.results.clear();
        self.path.clear();
        self.new_values.clear();
    }
    pub(super) fn is_sealed(&self, block: Block) -> bool {
        self.blocks[block].sealed
    }
    pub(super) fn has_predecessors(&self, block: Block) -> bool {
        self.blocks[block].first_edge != NONE
    }

    /// Notes where a branch goes: all its targets, or those that are `only`.
    pub(super) fn declare_branch(&mut self, func: &Function, inst: Inst, only: Option<Block>) {
        let dfg = &func.dfg;
        let targets = dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables);
        for (target, call) in targets.iter().enumerate() {
            let block = call.block(&dfg.value_lists);
            if only.is_none_or(|only| only == block) {
                self.add_edge(block, inst, target as u32);
            }
        }
    }
    fn add_edge(&mut self, block: Block, inst: Inst, target: u32) {
        let data = &mut self.blocks[block];
        debug_assert!(!data.sealed, "a branch to {block}, which is sealed already");
        let new = self.edges.len() as u32;
        self.edges.push(Edge { inst, target, next: NONE });
        if data.first_edge == NONE {
            data.first_edge = new;
            data.only_branch = inst.into();
        } else {
            self.edges[data.last_edge as usize].next = new;
            if data.only_branch.expand() != Some(inst) {
                data.only_branch = None.into();
            }
        }
        data.last_edge = new;
    }
    /// Forgets that a branch goes to a block.
    pub(super) fn remove_branch(&mut self, inst: Inst, block: Block) {
        let edges: Vec<u32> = self.edges_of(block).collect();
        let data = &mut self.blocks[block];
        (data.first_edge, data.last_edge, data.only_branch) = (NONE, NONE, None.into());
        for edge in edges {
            let Edge { inst: branch, target, .. } = self.edges[edge as usize];
            if branch != inst {
                self.add_edge(block, branch, target);
            }
        }
    }
    fn edges_of(&self, block: Block) -> impl Iterator<Item = u32> + '_ {
        let first = Some(self.blocks[block].first_edge).filter(|e| *e != NONE);
        std::iter::successors(first, |e| Some(self.edges[*e as usize].next).filter(|e| *e != NONE))
    }

    /// Writes a variable at the end of a block.
    pub(super) fn def_var(&mut self, var: Variable, val: Value, block: Block) {
        self.latest[var] = (block.into(), val.into());
        self.defs.insert((block, var), val);
    }
    /// The value of a variable at the end of a block, if it was written or found there.
    fn known(&mut self, func: &Function, var: Variable, block: Block) -> Option<Value> {
        let (at, value) = self.latest[var];
        let value = if at.expand() == Some(block) { value.expand() } else { self.defs.get(&(block, var)).copied() }?;
        let resolved = func.dfg.resolve_aliases(value);
        if resolved != value {
            self.def_var(var, resolved, block);
        }
        Some(resolved)
    }
    /// The value of a variable of type `ty` at the end of a block.
    pub(super) fn use_var(&mut self, func: &mut Function, var: Variable, ty: Type, block: Block) -> Value {
        if let Some(value) = self.known(func, var, block) {
            return value;
        }
        self.steps.push(Step::Use(block));
        self.run(func, var, ty)
    }
    /// Says that all edges to a block are there, and decides what its waiting parameters are.
    pub(super) fn seal_block(&mut self, func: &mut Function, types: &PrimaryMap<Variable, Type>, block: Block) {
        let data = &mut self.blocks[block];
        data.sealed = true;
        let mut next = std::mem::replace(&mut data.first_pending, NONE);
        while next != NONE {
            let Pending { var, param, next: following } = self.pending[next as usize];
            self.begin_finish(func, param, block);
            self.run(func, var, types[var]);
            next = following;
        }
    }

    /// Takes all steps, the last of which leaves the value that was asked for.
    fn run(&mut self, func: &mut Function, var: Variable, ty: Type) -> Value {
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Use(block) => self.find(func, var, ty, block),
                Step::Finish(param, block) => self.finish(func, var, ty, param, block),
            }
        }
        self.results.pop().expect("every step leaves a value")
    }
    /// Looks for a variable from the end of a block backwards, as long as there is one way.
    fn find(&mut self, func: &mut Function, var: Variable, ty: Type, block: Block) {
        let mut at = block;
        // a circle of blocks with one predecessor each is found by coming back to a block noted at a power of two
        let (mut noted, mut next_note) = (None, 1);
        let found = loop {
            if let Some(value) = self.known(func, var, at) {
                break Some(value);
            }
            self.path.push(at);
            let data = self.blocks[at];
            if !data.sealed {
                let param = self.new_param(func, var, ty, at);
                self.add_pending(var, param, at);
                break Some(param);
            }
            if data.first_edge == NONE || noted == Some(at) {
                let value = zero::at_start(func, at, ty);
                self.new_values.push((var, value));
                break Some(value);
            }
            let Some(branch) = data.only_branch.expand() else { break None };
            if self.path.len() == next_note {
                (noted, next_note) = (Some(at), 2 * next_note);
            }
            at = func.layout.inst_block(branch).expect("a branch that was declared is in the layout");
        };
        let value = found.unwrap_or_else(|| self.new_param(func, var, ty, at));
        // the last of the path may be where the value was made, the first is where it will be looked for again
        let last = self.path.len().saturating_sub(1);
        for n in (0..self.path.len()).rev().filter(|n| n % STRIDE == 0 || *n == last) {
            self.def_var(var, value, self.path[n]);
        }
        self.path.clear();
        match found {
            Some(value) => self.results.push(value),
            None => self.begin_finish(func, value, at),
        }
    }
    /// A parameter of a block that is not attached to it yet.
    fn new_param(&mut self, func: &mut Function, var: Variable, ty: Type, block: Block) -> Value {
        let param = func.dfg.append_block_param(block, ty);
        func.dfg.remove_block_param(param);
        self.new_values.push((var, param));
        param
    }
    fn add_pending(&mut self, var: Variable, param: Value, block: Block) {
        let new = self.pending.len() as u32;
        self.pending.push(Pending { var, param, next: NONE });
        let data = &mut self.blocks[block];
        match data.first_pending {
            NONE => data.first_pending = new,
            _ => self.pending[data.last_pending as usize].next = new,
        }
        data.last_pending = new;
    }
    /// Asks for the values of all edges, the first one first, and then for the parameter.
    fn begin_finish(&mut self, func: &Function, param: Value, block: Block) {
        self.steps.push(Step::Finish(param, block));
        let asked = self.steps.len();
        let edges = std::mem::take(&mut self.edges);
        let mut edge = self.blocks[block].first_edge;
        while let Some(Edge { inst, next, .. }) = edges.get(edge as usize) {
            let from = func.layout.inst_block(*inst).expect("a branch that was declared is in the layout");
            self.steps.push(Step::Use(from));
            edge = *next;
        }
        self.edges = edges;
        self.steps[asked..].reverse();
    }
    /// Decides what a parameter is, now that the results end with the values from all edges.
    fn finish(&mut self, func: &mut Function, var: Variable, ty: Type, param: Value, block: Block) {
        let edges: Vec<u32> = self.edges_of(block).collect();
        let first = self.results.len() - edges.len();
        let mut others = self.results[first..].iter().map(|v| func.dfg.resolve_aliases(*v)).filter(|v| *v != param);
        let only = others.next();
        let same = others.all(|v| Some(v) == only);
        let value = match only {
            Some(value) if same => value,
            None => {
                let value = zero::at_start(func, block, ty);
                self.new_values.push((var, value));
                value
            }
            Some(_) => {
                func.dfg.attach_block_param(block, param);
                for (edge, value) in edges.iter().zip(&self.results[first..]) {
                    let Edge { inst, target, .. } = self.edges[*edge as usize];
                    let dfg = &mut func.stencil.dfg;
                    let targets =
                        dfg.insts[inst].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
                    targets[target as usize].append_argument(*value, &mut dfg.value_lists);
                }
                param
            }
        };
        if value != param {
            func.dfg.change_to_alias(param, value);
        }
        self.results.truncate(first);
        self.results.push(value);
    }
}
