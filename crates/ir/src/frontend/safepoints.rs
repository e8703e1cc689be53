//! Spilling of values that a collector must know of while calls run.
//!
//! Such a value gets a stack slot if it is used after a call that happens while it is live. It is stored when it is
//! defined, and loaded again before its first use after each call, by when the collector may have changed the slot. The
//! calls get entries in their stack maps. Slots are shared by values that are never live together: in SSA form, giving out
//! slots along the dominator tree uses no more of them than are live at once.
//!
//! Needs a finished function. Leaves loads, stores, slots and stack maps, and blocks on edges out of calls that pass on
//! such values. Takes time linear in what is live at calls and block entries.

use crate::cursor::{Cursor, CursorPosition, FuncCursor};
use crate::dominator_tree::DominatorTree;
use crate::flowgraph::ControlFlowGraph;
use crate::ir::builder::InstBuilder;
use crate::ir::types::Type;
use crate::ir::{
    AliasRegion, AliasRegionSet, Block, BlockArg, BlockCall, Function, Inst, MemFlagsData, ProgramPoint, StackSlot,
    StackSlotData, StackSlotKind, UserStackMapEntry, Value, ValueDef,
};
use rustc_hash::FxHashMap;
use std::cmp::Ordering;
use std::ops::Range;
use windlass_entity::{EntitySet, SecondaryMap, SparseSet};

/// Says in which alias region a slot's memory is.
pub(super) type SlotRegion =
    Box<dyn Fn(&mut AliasRegionSet, Type, StackSlot, u32) -> Option<AliasRegion> + Send + Sync>;

/// A use of a value.
#[derive(Clone, Copy)]
struct Use {
    value: Value,
    block: Block,
    inst: Inst,
    /// Is it an argument that a call passes on when it returns?
    after_call: bool,
}

/// Where values are live, as far as spilling needs it.
#[derive(Default)]
struct Liveness {
    /// The safepoints in layout order, and which of them are in each block.
    safepoints: Vec<Inst>,
    of_block: SecondaryMap<Block, Range<usize>>,
    /// Values to be spilled at the entry of each block.
    live_in: SecondaryMap<Block, Vec<Value>>,
    /// Values to be spilled whose last use in their block is this instruction, and that are not live after the block.
    last_uses: FxHashMap<Inst, Vec<Value>>,
    /// Safepoints and the values that live across them.
    across: Vec<(Inst, Value)>,
    spilled: EntitySet<Value>,
}

/// Spills those of the values `wanted` that live across safepoints. Addresses have type `pointer`.
pub(super) fn spill(func: &mut Function, wanted: &EntitySet<Value>, pointer: Type, region: Option<&SlotRegion>) {
    let cfg = ControlFlowGraph::with_function(func);
    let domtree = DominatorTree::with_function(func, &cfg);
    let wanted = {
        let mut resolved = EntitySet::with_capacity(func.dfg.num_values());
        resolved.extend(wanted.iter().map(|v| func.dfg.resolve_aliases(v)));
        resolved
    };
    let live = Liveness::compute(func, &cfg, &domtree, &wanted);
    let slots = share_slots(func, &domtree, &live);
    for (inst, value) in &live.across {
        let entry = UserStackMapEntry { ty: func.dfg.value_type(*value), slot: slots[value], offset: 0 };
        func.dfg.append_user_stack_map_entry(*inst, entry);
    }
    let blocks: Vec<Block> = domtree.cfg_rpo().copied().collect();
    let mut rewriter = Rewriter { func, slots: &slots, pointer, region, current: FxHashMap::default() };
    blocks.into_iter().for_each(|block| rewriter.rewrite_block(block));
}

impl Liveness {
    fn compute(func: &Function, cfg: &ControlFlowGraph, domtree: &DominatorTree, wanted: &EntitySet<Value>) -> Self {
        let mut live = Liveness::default();
        let mut uses = live.collect(func, domtree, wanted);
        // stable, so that the uses of a value stay in the order of their blocks
        uses.sort_by_key(|u| u.value);
        let (mut live_in, mut live_out, mut last) = (SparseSet::new(), SparseSet::new(), FxHashMap::default());
        for uses in uses.chunk_by(|a, b| a.value == b.value) {
            live_in.clear();
            live_out.clear();
            last.clear();
            last.extend(uses.iter().map(|u| (u.block, *u)));
            let def = func.dfg.value_def(uses[0].value);
            flow_back(uses, block_of(func, def), cfg, domtree, &mut live_in, &mut live_out);
            live.add_value(func, def, uses[0].value, &live_in, &live_out, &last);
        }
        live
    }
    /// Finds safepoints, and uses of the wanted values.
    fn collect(&mut self, func: &Function, domtree: &DominatorTree, wanted: &EntitySet<Value>) -> Vec<Use> {
        let mut uses = Vec::new();
        for block in func.layout.blocks().filter(|b| domtree.is_reachable(*b)) {
            let first = self.safepoints.len();
            for inst in func.layout.block_insts(block) {
                let is_safepoint = func.dfg.insts[inst].opcode().is_safepoint();
                let operands = func.dfg.inst_args(inst).len();
                for (n, value) in func.dfg.inst_values(inst).enumerate() {
                    let value = func.dfg.resolve_aliases(value);
                    if wanted.contains(value) {
                        uses.push(Use { value, block, inst, after_call: is_safepoint && n >= operands });
                    }
                }
                self.safepoints.extend(is_safepoint.then_some(inst));
            }
            self.of_block[block] = first..self.safepoints.len();
        }
        uses
    }
    /// Notes where a value lives across safepoints, and if it does, where it is live.
    fn add_value(
        &mut self,
        func: &Function,
        def: ValueDef,
        value: Value,
        live_in: &SparseSet<Block>,
        live_out: &SparseSet<Block>,
        last: &FxHashMap<Block, Use>,
    ) {
        let def_block = block_of(func, def);
        let blocks = || std::iter::once(def_block).chain(live_in.values().copied());
        let before = self.across.len();
        for block in blocks() {
            let safepoints = &self.safepoints[self.of_block[block].clone()];
            let after = |s: Inst, point: ProgramPoint| func.layout.pp_cmp(s, point) == Ordering::Greater;
            let from = match def {
                ValueDef::Result(inst, _) if block == def_block => {
                    safepoints.partition_point(|s| !after(*s, inst.into()))
                }
                _ => 0,
            };
            let to = match last.get(&block) {
                _ if live_out.contains_key(block) => safepoints.len(),
                None => from,
                Some(u) if u.after_call => safepoints.partition_point(|s| !after(*s, u.inst.into())),
                Some(u) => safepoints.partition_point(|s| after(u.inst, (*s).into())),
            };
            self.across.extend(safepoints.get(from..to).unwrap_or(&[]).iter().map(|s| (*s, value)));
        }
        if self.across.len() == before {
            return;
        }
        self.spilled.insert(value);
        for block in live_in {
            self.live_in[*block].push(value);
        }
        for u in blocks().filter(|b| !live_out.contains_key(*b)).filter_map(|b| last.get(&b)) {
            self.last_uses.entry(u.inst).or_default().push(value);
        }
    }
}

/// The block in which a value is defined.
fn block_of(func: &Function, def: ValueDef) -> Block {
    match def {
        ValueDef::Param(block, _) => block,
        ValueDef::Result(inst, _) => func.layout.pp_block(inst.into()),
    }
}

/// Finds the blocks at whose entry and exit a value is live.
fn flow_back(
    uses: &[Use],
    def_block: Block,
    cfg: &ControlFlowGraph,
    domtree: &DominatorTree,
    live_in: &mut SparseSet<Block>,
    live_out: &mut SparseSet<Block>,
) {
    let mut work: Vec<Block> = Vec::new();
    let mut reach = |block: Block, work: &mut Vec<Block>| {
        if block != def_block && live_in.insert(block).is_none() {
            work.push(block);
        }
    };
    uses.iter().for_each(|u| reach(u.block, &mut work));
    while let Some(block) = work.pop() {
        for pred in cfg.pred_iter(block).map(|p| p.block).filter(|b| domtree.is_reachable(*b)) {
            live_out.insert(pred);
            reach(pred, &mut work);
        }
    }
}

/// Slots of one size. In each block, those taken at entry are passed over, and the others found by going once through the
/// list.
#[derive(Default)]
struct SlotClass {
    slots: Vec<StackSlot>,
    next: usize,
    free: Vec<StackSlot>,
}

/// Gives out slots along the dominator tree.
#[derive(Default)]
struct SlotSharing {
    slots: FxHashMap<Value, StackSlot>,
    /// By size in bytes.
    classes: FxHashMap<u32, SlotClass>,
    /// The slots of values that are live at the entry of the current block.
    taken: SparseSet<StackSlot>,
}

impl SlotSharing {
    fn enter_block(&mut self, live_in: &[Value]) {
        self.taken.clear();
        for value in live_in {
            self.taken.insert(self.slots[value]);
        }
        for class in self.classes.values_mut() {
            class.next = 0;
            class.free.clear();
        }
    }
    /// Gives a slot to a value that is defined here.
    fn give(&mut self, func: &mut Function, value: Value) {
        let bytes = func.dfg.value_type(value).bytes();
        let class = self.classes.entry(bytes).or_default();
        let slot = class.free.pop().unwrap_or_else(|| {
            while class.slots.get(class.next).is_some_and(|s| self.taken.contains_key(*s)) {
                class.next += 1;
            }
            if class.next == class.slots.len() {
                let align_shift = bytes.next_power_of_two().trailing_zeros() as u8;
                let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, align_shift);
                class.slots.push(func.create_sized_stack_slot(data));
            }
            class.next += 1;
            class.slots[class.next - 1]
        });
        self.slots.insert(value, slot);
    }
    /// Takes the slot of a value that is not used any more.
    fn take_back(&mut self, func: &Function, value: Value) {
        let bytes = func.dfg.value_type(value).bytes();
        self.classes.entry(bytes).or_default().free.push(self.slots[&value]);
    }
}

/// Gives each spilled value a slot that no value live at the same time has.
fn share_slots(func: &mut Function, domtree: &DominatorTree, live: &Liveness) -> FxHashMap<Value, StackSlot> {
    let mut sharing = SlotSharing::default();
    // definitions come before uses in this order, so that values live at entry have their slots
    for &block in domtree.cfg_rpo() {
        sharing.enter_block(&live.live_in[block]);
        for value in func.dfg.block_params(block).to_vec() {
            if live.spilled.contains(value) {
                sharing.give(func, value);
            }
        }
        let mut next = func.layout.first_inst(block);
        while let Some(inst) = next {
            next = func.layout.next_inst(inst);
            for value in live.last_uses.get(&inst).into_iter().flatten() {
                sharing.take_back(func, *value);
            }
            for value in func.dfg.inst_results(inst).to_vec() {
                if live.spilled.contains(value) {
                    sharing.give(func, value);
                }
            }
        }
    }
    sharing.slots
}

/// Inserts stores and loads.
struct Rewriter<'a> {
    func: &'a mut Function,
    slots: &'a FxHashMap<Value, StackSlot>,
    pointer: Type,
    region: Option<&'a SlotRegion>,
    /// For spilled values, values that are the same since the last safepoint of the block.
    current: FxHashMap<Value, Value>,
}

impl Rewriter<'_> {
    fn rewrite_block(&mut self, block: Block) {
        self.current.clear();
        let mut next = self.func.layout.first_inst(block);
        for param in self.func.dfg.block_params(block).to_vec() {
            let pos = FuncCursor::new(self.func).at_first_insertion_point(block).position();
            self.store(param, pos);
        }
        while let Some(inst) = next {
            next = self.func.layout.next_inst(inst);
            let is_safepoint = self.func.dfg.insts[inst].opcode().is_safepoint();
            let operands = self.func.dfg.inst_args(inst).len();
            let values: Vec<Value> = self.func.dfg.inst_values(inst).collect();
            let here = if is_safepoint { operands } else { values.len() };
            let now: Vec<Value> = values[..here].iter().map(|v| self.load(*v, CursorPosition::At(inst))).collect();
            self.func.dfg.overwrite_inst_values(inst, now.into_iter().chain(values[here..].iter().copied()));
            if is_safepoint {
                self.current.clear();
                self.split_edges(block, inst);
            }
            for result in self.func.dfg.inst_results(inst).to_vec() {
                self.store(result, next.map_or(CursorPosition::After(block), CursorPosition::At));
            }
        }
    }
    fn flags(&mut self, ty: Type, slot: StackSlot) -> MemFlagsData {
        let region = self.region.and_then(|r| r(&mut self.func.stencil.dfg.alias_regions, ty, slot, 0));
        MemFlagsData::trusted().with_alias_region(region)
    }
    /// Stores a value that was just defined, if it is spilled.
    fn store(&mut self, value: Value, pos: CursorPosition) {
        let Some(&slot) = self.slots.get(&value) else { return };
        self.current.insert(value, value);
        let flags = self.flags(self.func.dfg.value_type(value), slot);
        let mut pos = FuncCursor::new(self.func).at_position(pos);
        let address = pos.ins().stack_addr(self.pointer, slot, 0);
        pos.ins().store(flags, value, address, 0);
    }
    /// What to use for a value: itself, unless it is spilled.
    fn load(&mut self, value: Value, pos: CursorPosition) -> Value {
        let value = self.func.dfg.resolve_aliases(value);
        let Some(&slot) = self.slots.get(&value) else { return value };
        if let Some(&known) = self.current.get(&value) {
            return known;
        }
        let ty = self.func.dfg.value_type(value);
        let flags = self.flags(ty, slot);
        let mut pos = FuncCursor::new(self.func).at_position(pos);
        let address = pos.ins().stack_addr(self.pointer, slot, 0);
        let loaded = pos.ins().load(ty, flags, address, 0);
        self.current.insert(value, loaded);
        loaded
    }
    /// Puts a block on each edge out of a call that passes on a spilled value, and loads the value there.
    fn split_edges(&mut self, block: Block, call: Inst) {
        let dfg = &self.func.dfg;
        let targets = dfg.insts[call].branch_destination(&dfg.jump_tables, &dfg.exception_tables).to_vec();
        for (n, target) in targets.into_iter().enumerate() {
            let args: Vec<BlockArg> = target.args(&self.func.dfg.value_lists).collect();
            let spilled = |v: Value| self.slots.contains_key(&self.func.dfg.resolve_aliases(v));
            if !args.iter().any(|a| a.as_value().is_some_and(spilled)) {
                continue;
            }
            let edge = self.func.dfg.make_block();
            self.func.layout.insert_block_after(edge, block);
            let to = target.block(&self.func.dfg.value_lists);
            let types: Vec<Type> = self.func.dfg.block_param_types(to).collect();
            let (mut passed, mut values) = (Vec::new(), Vec::new());
            for (arg, ty) in args.into_iter().zip(types) {
                values.push(match arg.as_value() {
                    Some(v) => self.load(v, CursorPosition::After(edge)),
                    None => {
                        passed.push(arg);
                        self.func.dfg.append_block_param(edge, ty)
                    }
                });
            }
            self.current.clear();
            let values: Vec<BlockArg> = values.into_iter().map(BlockArg::from).collect();
            FuncCursor::new(self.func).at_bottom(edge).ins().jump(to, &values);
            let dfg = &mut self.func.stencil.dfg;
            let split = BlockCall::new(edge, passed, &mut dfg.value_lists);
            dfg.insts[call].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables)[n] = split;
        }
    }
}
