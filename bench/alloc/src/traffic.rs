//! What allocation adds to a function: counts plain and weighted by 8^loop depth. Needs the code and either result.

use crate::peer::Peer;
use regalloc2::{Allocation as PeerLoc, Function as _, Inst, Output};
use windlass_regalloc::{Allocation, Code, Constraint, Edit, Loc, LocKind, Machine, PReg, Place, RegSet, Role};

/// Kinds of traffic, in the order of [`Traffic`]'s rows.
pub const KINDS: [&str; 5] = ["reg-reg moves", "loads", "stores", "remats", "callee saves"];
const MOVE: usize = 0;
const LOAD: usize = 1;
const STORE: usize = 2;
const REMAT: usize = 3;
const SAVE: usize = 4;

/// Counts per kind: plain, weighted.
#[derive(Clone, Copy, Default)]
pub struct Traffic(pub [[f64; 2]; KINDS.len()]);

impl Traffic {
    fn add(&mut self, kind: usize, depth: u32) {
        self.0[kind][0] += 1.0;
        self.0[kind][1] += 8f64.powi(depth.min(10) as i32);
    }

    /// The sum of two.
    pub fn plus(mut self, other: &Traffic) -> Traffic {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            a[0] += b[0];
            a[1] += b[1];
        }
        self
    }

    /// All kinds together.
    pub fn sum(&self) -> [f64; 2] {
        self.0.iter().fold([0.0; 2], |s, k| [s[0] + k[0], s[1] + k[1]])
    }

    /// Each saved register is pushed and popped.
    fn saves(&mut self, registers: u32) {
        (0..2 * registers).for_each(|_| self.add(SAVE, 0));
    }
}

/// Of our result: `before` and `after` are the code before and after allocation.
pub fn ours(before: &Code, after: &Code, alloc: &Allocation, machine: &Machine) -> Traffic {
    let mut t = Traffic::default();
    let mut depth = vec![0; before.insts.len()];
    for block in &before.blocks {
        depth[block.insts.0 as usize..block.insts.1 as usize].fill(block.loop_depth);
    }
    let edit = |t: &mut Traffic, edit: &Edit, depth: u32| match *edit {
        Edit::Move { from, to, .. } => match (from.as_reg(), to.as_reg()) {
            (Some(_), Some(_)) => t.add(MOVE, depth),
            (None, _) => t.add(LOAD, depth),
            (_, None) => t.add(STORE, depth),
        },
        Edit::Exchange { .. } => t.add(MOVE, depth),
        Edit::Remat { .. } => t.add(REMAT, depth),
    };
    for (place, e) in &alloc.edits {
        let (Place::Before(i) | Place::After(i)) = *place;
        edit(&mut t, e, depth[i as usize]);
    }
    for &(e, (from, to)) in &alloc.edge_blocks {
        let edge = &before.edges[e as usize];
        let d = |b: u32| before.blocks[b as usize].loop_depth;
        for e in &alloc.edge_edits[from as usize..to as usize] {
            edit(&mut t, e, d(edge.from).min(d(edge.to)));
        }
    }
    for (i, inst) in after.insts.iter().enumerate() {
        let row = &machine.rows[inst.row as usize];
        if let Some((d, u)) = row.copy {
            let at = |k: u8| after.pool[inst.ops as usize + k as usize];
            if at(d) != at(u) {
                t.add(MOVE, depth[i]);
            }
        }
        for (k, op) in after.operands(machine.rows, inst).iter().enumerate() {
            let loc = Loc(after.pool[inst.ops as usize + k]);
            if op.constraint == Constraint::Any && matches!(loc.kind(), LocKind::Spill(_)) {
                t.add(if op.role == Role::Use { LOAD } else { STORE }, depth[i]);
            }
        }
    }
    t.saves(alloc.saved.iter().count() as u32);
    t
}

/// Of the peer's result.
pub fn peers(code: &Code, peer: &Peer, output: &Output, machine: &Machine) -> Traffic {
    let mut t = Traffic::default();
    let mut written = RegSet::EMPTY;
    let write = |written: &mut RegSet, loc: PeerLoc| {
        if let Some(r) = loc.as_reg() {
            let class = windlass_regalloc::Class::ALL[r.class() as usize];
            written.insert(PReg::new(class, r.hw_enc() as u8));
        }
    };
    for (at, regalloc2::Edit::Move { from, to }) in &output.edits {
        let depth = peer.depths[at.inst().index()];
        match (from.is_reg(), to.is_reg()) {
            _ if from == to => continue,
            (true, true) => t.add(MOVE, depth),
            (false, _) => t.add(LOAD, depth),
            (_, false) => t.add(STORE, depth),
        }
        write(&mut written, *to);
    }
    for (n, &origin) in peer.origins.iter().enumerate().filter(|o| *o.1 != windlass_regalloc::NONE) {
        let inst = &code.insts[origin as usize];
        let depth = peer.depths[n];
        let row = &machine.rows[inst.row as usize];
        let present = |k: &usize| code.pool[inst.ops as usize + k] != windlass_regalloc::NONE;
        let operands = code.operands(machine.rows, inst);
        let locs = output.inst_allocs(Inst::new(n));
        for ((k, loc), peers) in (0..operands.len()).filter(present).zip(locs).zip(peer.inst_operands(Inst::new(n))) {
            if peers.kind() == regalloc2::OperandKind::Def {
                write(&mut written, *loc);
            }
            match (operands[k].constraint, operands[k].role) {
                (Constraint::Outgoing(_), _) => {
                    t.add(STORE, depth);
                    if loc.is_stack() {
                        t.add(LOAD, depth);
                    }
                }
                (Constraint::Incoming(_), _) => {
                    t.add(LOAD, depth);
                    if loc.is_stack() {
                        t.add(STORE, depth);
                    }
                }
                (Constraint::Any, Role::Use) if loc.is_stack() => t.add(LOAD, depth),
                (Constraint::Any, _) if loc.is_stack() => t.add(STORE, depth),
                _ => {}
            }
        }
        if let Some((d, u)) = row.copy
            && locs[d as usize] != locs[u as usize]
        {
            t.add(MOVE, depth);
        }
        code.clobbers(machine.rows, inst).lost.iter().for_each(|r| written.insert(r));
    }
    t.saves(written.iter().filter(|&r| machine.callee_saved.contains(r)).count() as u32);
    t
}
