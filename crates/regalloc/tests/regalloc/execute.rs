//! Executes code before allocation (values of vregs) and after it (registers and memory); both give a trace of what
//! effects and branches have seen. Instructions are hash functions of the bytes they read. What a move, clobber or
//! temporary leaves undefined is filled with garbage.

use super::rows::*;
use std::collections::HashMap;
use windlass_regalloc::*;

type Bytes = [u8; 16];

/// Most instructions that are executed.
const LIMIT: usize = 3000;

pub fn mix(a: u64, b: u64) -> u64 {
    let z = (a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 31).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 29
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |h, &b| mix(h, b as u64))
}

fn value(seed: u64) -> Bytes {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mix(seed, 1).to_le_bytes());
    bytes[8..].copy_from_slice(&mix(seed, 2).to_le_bytes());
    bytes
}

/// Where the operands of a run live.
trait Storage {
    /// Reads an operand's first `width` bytes.
    fn read(&mut self, at: u32, width: u8) -> Bytes;
    fn write(&mut self, at: u32, width: u8, bytes: Bytes);
    fn before(&mut self, _i: u32) {}
    fn after(&mut self, _i: u32) {}
    fn lose(&mut self, _inst: &Inst) {}
    fn edge(&mut self, e: u32);
}

struct Vregs<'a> {
    code: &'a Code,
    values: HashMap<u32, Bytes>,
}

impl Storage for Vregs<'_> {
    fn read(&mut self, at: u32, _width: u8) -> Bytes {
        self.values[&self.code.pool[at as usize]]
    }
    fn write(&mut self, at: u32, _width: u8, bytes: Bytes) {
        self.values.insert(self.code.pool[at as usize], bytes);
    }
    fn edge(&mut self, e: u32) {
        let edge = &self.code.edges[e as usize];
        let params = self.code.blocks[edge.to as usize].params;
        let args: Vec<Bytes> = (edge.args.0..edge.args.1).map(|k| self.values[&self.code.pool[k as usize]]).collect();
        for (param, arg) in (params.0..params.1).zip(args) {
            self.values.insert(self.code.pool[param as usize], arg);
        }
    }
}

struct Machinery<'a> {
    before: &'a Code,
    after: &'a Code,
    alloc: &'a Allocation,
    regs: [Bytes; PReg::COUNT],
    /// Overwritten wherever the emitter may use them.
    scratch: Vec<PReg>,
    memory: [Vec<u8>; 3],
    garbage: u64,
}

impl Machinery<'_> {
    fn junk(&mut self) -> Bytes {
        self.garbage += 1;
        value(mix(self.garbage, 0xdead))
    }

    fn use_scratch(&mut self) {
        for at in 0..self.scratch.len() {
            self.regs[self.scratch[at].0 as usize] = self.junk();
        }
    }

    fn get(&mut self, loc: Loc, width: u8) -> Bytes {
        let mut bytes = self.junk();
        let (space, offset) = match loc.kind() {
            LocKind::Reg(r) => return self.regs[r.0 as usize],
            LocKind::Spill(n) => (0, n),
            LocKind::Incoming(n) => (1, n),
            LocKind::Outgoing(n) => (2, n),
        };
        for (k, byte) in bytes.iter_mut().enumerate().take(width as usize) {
            *byte = self.memory[space].get(offset as usize + k).copied().unwrap_or(0xcc);
        }
        bytes
    }

    fn set(&mut self, loc: Loc, width: u8, bytes: Bytes) {
        let (space, offset) = match loc.kind() {
            LocKind::Reg(r) => {
                let mut all = self.junk();
                all[..width as usize].copy_from_slice(&bytes[..width as usize]);
                self.regs[r.0 as usize] = all;
                return;
            }
            LocKind::Spill(n) => (0, n as usize),
            LocKind::Incoming(n) => (1, n as usize),
            LocKind::Outgoing(n) => (2, n as usize),
        };
        let memory = &mut self.memory[space];
        memory.resize(memory.len().max(offset + width as usize), 0xcc);
        memory[offset..offset + width as usize].copy_from_slice(&bytes[..width as usize]);
    }

    fn edit(&mut self, edit: &Edit) {
        match *edit {
            Edit::Move { from, to, width, .. } => {
                let bytes = self.get(from, width);
                self.set(to, width, bytes);
            }
            Edit::Exchange { a, b, .. } => self.regs.swap(a.0 as usize, b.0 as usize),
            Edit::Remat { inst, to } => {
                let inst = &self.before.insts[inst as usize];
                let bytes = value(mix(mix(inst.row as u64, inst.payload), 0));
                self.set(Loc::reg(to), 16, bytes);
            }
        }
    }

    fn edits(&mut self, place: Place) {
        let alloc = self.alloc;
        let from = alloc.edits.partition_point(|&(at, _)| order(at) < order(place));
        for (_, edit) in alloc.edits[from..].iter().take_while(|&&(at, _)| at == place) {
            self.edit(edit);
        }
    }
}

pub fn order(place: Place) -> (u32, bool) {
    match place {
        Place::Before(i) => (i, false),
        Place::After(i) => (i, true),
    }
}

impl Storage for Machinery<'_> {
    fn read(&mut self, at: u32, width: u8) -> Bytes {
        self.get(Loc(self.after.pool[at as usize]), width)
    }
    fn write(&mut self, at: u32, width: u8, bytes: Bytes) {
        self.set(Loc(self.after.pool[at as usize]), width, bytes);
    }
    fn before(&mut self, i: u32) {
        self.use_scratch();
        self.edits(Place::Before(i));
    }
    fn after(&mut self, i: u32) {
        self.edits(Place::After(i));
    }
    fn lose(&mut self, inst: &Inst) {
        let clobbers = self.before.clobbers(ROWS, inst);
        for r in clobbers.lost.iter() {
            self.regs[r.0 as usize] = self.junk();
        }
        for r in clobbers.narrowed.iter() {
            let (kept, junk) = (clobbers.kept[r.class() as usize] as usize, self.junk());
            self.regs[r.0 as usize].iter_mut().zip(junk).skip(kept).for_each(|(byte, junk)| *byte = junk);
        }
        if ROWS[inst.row as usize].listed {
            self.memory[2].fill(0xdd);
        }
        for (k, op) in self.before.operands(ROWS, inst).iter().enumerate() {
            if op.role == Role::Temp {
                let junk = self.junk();
                self.set(Loc(self.after.pool[inst.ops as usize + k]), 8, junk);
            }
        }
    }
    fn edge(&mut self, e: u32) {
        let alloc = self.alloc;
        self.use_scratch();
        for &(_, (from, to)) in alloc.edge_blocks.iter().filter(|&&(edge, _)| edge == e) {
            alloc.edge_edits[from as usize..to as usize].iter().for_each(|edit| self.edit(edit));
        }
    }
}

/// Runs `code` (as it was before allocation) over some storage.
fn run(code: &Code, storage: &mut dyn Storage, seed: u64) -> Vec<u64> {
    let mut trace = Vec::new();
    let (mut b, mut flags, mut steps) = (0, 0, 0);
    loop {
        let block = &code.blocks[b as usize];
        let mut choice = 0;
        for i in block.insts.0..block.insts.1 {
            steps += 1;
            storage.before(i);
            choice = execute(code, storage, i, seed, &mut flags, &mut trace);
            storage.after(i);
        }
        let succs = block.succs;
        if succs.0 == succs.1 || steps > LIMIT {
            return trace;
        }
        let e = succs.0 + (mix(choice, steps as u64) % (succs.1 - succs.0) as u64) as u32;
        storage.edge(e);
        b = code.edges[e as usize].to;
    }
}

/// Executes one instruction; its hash decides a branch.
fn execute(code: &Code, storage: &mut dyn Storage, i: u32, seed: u64, flags: &mut u64, trace: &mut Vec<u64>) -> u64 {
    let inst = &code.insts[i as usize];
    let row = &ROWS[inst.row as usize];
    let operands = code.operands(ROWS, inst);
    let width = |k: usize| {
        let v = code.pool[inst.ops as usize + k];
        operands[k].width.min(code.vregs[v as usize].width)
    };
    let mut seen: Vec<u64> = Vec::new();
    for (k, op) in operands.iter().enumerate() {
        let at = inst.ops + k as u32;
        if op.role == Role::Use && code.pool[at as usize] != NONE {
            let width = width(k);
            let bytes = storage.read(at, width);
            seen.push(hash(&bytes[..width as usize]));
        }
    }
    trace.extend(&seen);
    if row.commutes.is_some() {
        let len = trace.len();
        trace[len - seen.len()..].sort_unstable();
        seen.sort_unstable();
    }
    let mut h = seen.iter().fold(mix(inst.row as u64, inst.payload), |h, &x| mix(h, x));
    if row.reads_flags {
        h = mix(h, *flags);
    }
    if inst.row == ENTRY {
        h = mix(h, seed);
    }
    if row.writes_flags {
        *flags = h;
    }
    storage.lose(inst);
    let mut def = 0;
    for (k, op) in operands.iter().enumerate() {
        let at = inst.ops + k as u32;
        if matches!(op.role, Role::Def | Role::EarlyDef) && code.pool[at as usize] != NONE {
            let all = code.vregs[code.pool[at as usize] as usize].width;
            storage.write(at, all, value(mix(h, def)));
            def += 1;
        }
    }
    h
}

/// Traces before and after allocation.
fn traces(before: &Code, after: &Code, alloc: &Allocation, machine: &Machine, seed: u64) -> (Vec<u64>, Vec<u64>) {
    let mut vregs = Vregs { code: before, values: HashMap::new() };
    let expected = run(before, &mut vregs, seed);
    let scratch = machine.classes.iter().flat_map(|class| class.scratch.iter().copied()).collect();
    let memory = [vec![0xcc; alloc.spill_size as usize], Vec::new(), Vec::new()];
    let mut machinery =
        Machinery { before, after, alloc, regs: [[0xee; 16]; PReg::COUNT], scratch, memory, garbage: seed };
    (expected, run(before, &mut machinery, seed))
}

/// Requires that executions of the code before and after allocation agree.
pub fn same_behaviour(before: &Code, after: &Code, alloc: &Allocation, machine: &Machine, seed: u64) {
    let (expected, found) = traces(before, after, alloc, machine, seed);
    let at = expected.iter().zip(&found).position(|(a, b)| a != b);
    assert_eq!((at, expected.len()), (None, found.len()), "the traces differ");
}

/// Do they agree?
pub fn behaves_alike(before: &Code, after: &Code, alloc: &Allocation, machine: &Machine, seed: u64) -> bool {
    let (expected, found) = traces(before, after, alloc, machine, seed);
    expected == found
}
