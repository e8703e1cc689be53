//! The last step: places the one store of each spilled vreg, merges all edits in order, replaces slot names by offsets.
//! Needs everything the passes left; completes the [`Allocation`].
//!
//! A vreg's store goes to the coldest block on the dominator path from the definition to a common dominator of the
//! places where the vreg leaves registers. It is in a register at the start of every block on that path: if it were
//! not, it would have left registers on the way there, hence at a place that the block does not dominate.

use crate::alloc::{Context, Masks};
use crate::code::*;
use crate::edges::{Phase, key};
use crate::loops::frequency;
use crate::slots::add_written;

/// Dominator steps that the search for a cold block makes at most.
const STEPS: u32 = 64;

pub(crate) fn finish(code: &mut Code, masks: &Masks, ctx: &mut Context, out: &mut Allocation) {
    stores(code, ctx);
    if !ctx.edges.extra.is_sorted_by_key(|&(key, _)| key) {
        ctx.edges.extra.sort_by_key(|&(key, _)| key);
    }
    count(ctx, &out.edits, code);
    ctx.slots.layout();
    let widest = ctx.facts.widest;
    let mut touched = ctx.state.written;
    let slots = &mut ctx.slots;
    let mut patch = |edit: Edit| {
        add_written(&mut touched, &edit);
        match edit {
            Edit::Move { from, to, class, width } => {
                Edit::Move { from: slots.patch(from, widest), to: slots.patch(to, widest), class, width }
            }
            other => other,
        }
    };
    let inner = &mut ctx.edges.inner;
    std::mem::swap(inner, &mut out.edits);
    out.edits.clear();
    out.edits.reserve(inner.len() + ctx.edges.extra.len());
    let mut extra = ctx.edges.extra.iter().peekable();
    for &(place, edit) in &*inner {
        let at = key(place, Phase::Inst);
        while let Some(&(k, edit)) = extra.next_if(|&&(k, _)| k < at) {
            out.edits.push((place_of(k), patch(edit)));
        }
        out.edits.push((place, patch(edit)));
    }
    for &(k, edit) in extra {
        out.edits.push((place_of(k), patch(edit)));
    }
    out.edge_edits.clear();
    out.edge_edits.extend(ctx.edges.block_edits.iter().map(|&edit| patch(edit)));
    out.edge_blocks.clear();
    out.edge_blocks.append(&mut ctx.edges.blocks);
    for &(_, at) in &ctx.state.slot_operands {
        let entry = &mut code.pool[at as usize];
        *entry = ctx.slots.patch(Loc(*entry), widest).0;
    }
    let params = code.blocks.iter().map(|block| block.params);
    for (from, to) in params.chain(code.edges.iter().map(|edge| edge.args)) {
        for entry in code.pool[from as usize..to as usize].iter_mut().filter(|entry| **entry != NONE) {
            *entry = ctx.slots.patch(Loc(*entry), widest).0;
        }
    }
    out.spill_size = ctx.slots.size;
    out.spill_align = ctx.slots.align;
    out.saved = touched.intersection(masks.callee);
}

/// Counts the accesses to slots.
fn count(ctx: &mut Context, inner: &[(Place, Edit)], code: &Code) {
    let slots = &mut ctx.slots;
    slots.reset_counts();
    let outer = ctx.edges.extra.iter().map(|(_, edit)| edit).chain(&ctx.edges.block_edits);
    for edit in inner.iter().map(|(_, edit)| edit).chain(outer) {
        if let Edit::Move { from, to, .. } = *edit {
            slots.count(from);
            slots.count(to);
        }
    }
    for &(_, at) in &ctx.state.slot_operands {
        slots.count(Loc(code.pool[at as usize]));
    }
}

fn place_of(key: u64) -> Place {
    let i = (key >> 3) as u32;
    if key >> 2 & 1 == 0 { Place::Before(i) } else { Place::After(i) }
}

fn stores(code: &Code, ctx: &mut Context) {
    for v in 0..code.vregs.len() as u32 {
        let at = v as usize;
        if ctx.slots.index[at] == NONE || ctx.state.in_slot[at] {
            continue;
        }
        let info = code.vregs[at];
        let (place, from) = store_place(code, ctx, v);
        let edit = Edit::Move { from, to: Loc::spill(v), class: info.class, width: info.width };
        ctx.edges.extra.push((key(place, Phase::Store), edit));
    }
}

/// Where `v` is stored, and the register that it has there.
fn store_place(code: &Code, ctx: &Context, v: u32) -> (Place, Loc) {
    let def = ctx.facts.def_block[v as usize];
    let mut b = ctx.state.evicted[v as usize];
    let mut best = b;
    let mut steps = 0;
    while b != def && steps < STEPS {
        b = code.blocks[b as usize].idom;
        if frequency(&code.blocks[b as usize]) < frequency(&code.blocks[best as usize]) {
            best = b;
        }
        steps += 1;
    }
    let at_start = |b: u32| ctx.state.entry(b).iter().find(|&&(_, w)| w == v).map(|&(r, _)| Loc::reg(PReg(r)));
    let first = |b: u32| Place::Before(code.blocks[b as usize].insts.0);
    if b == def
        && best != def
        && let Some(loc) = at_start(best)
    {
        return (first(best), loc);
    }
    let op = Loc(code.pool[ctx.facts.def_op[v as usize] as usize]);
    match ctx.facts.def_inst[v as usize] {
        NONE => (first(def), op),
        inst => (Place::After(inst), op),
    }
}
