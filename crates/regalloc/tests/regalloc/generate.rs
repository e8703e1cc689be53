//! Random functions: arbitrary control flow (loops, critical edges, irreducible graphs), values of all classes and
//! widths, and every row of the machine. Deterministic by seed.

use super::func::{Func, dominators};
use super::rows::*;
use windlass_regalloc::*;

/// A small generator of pseudo-random numbers (xorshift).
pub struct Rng(pub u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Rng(super::execute::mix(seed, 77) | 1)
    }
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % n as u64) as usize
    }
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// Shape of a function.
#[derive(Clone, Copy)]
pub struct Shape {
    pub blocks: usize,
    pub insts: usize,
    /// How far back uses reach: about as many values are live.
    pub window: usize,
    pub calls: bool,
}

struct Generator<'a> {
    rng: Rng,
    func: Func,
    shape: Shape,
    machine: &'a Machine,
    /// Values of each kind available in the current block.
    avail: Avail,
}

/// Classes and widths of values; the last one only where the machine has the class.
const KINDS: [(Class, u8); 5] =
    [(Class::Int, 8), (Class::Int, 4), (Class::Vec, 16), (Class::Vec, 8), (Class::Float, 8)];
const FLOAT: usize = 4;

type Avail = [Vec<u32>; KINDS.len()];

fn kind(class: Class, width: u8) -> usize {
    KINDS.iter().position(|&kind| kind == (class, width)).expect("a kind of value")
}

fn has_floats(machine: &Machine) -> bool {
    !machine.classes[Class::Float as usize].order.is_empty()
}

/// A random function for `machine`.
pub fn function(seed: u64, shape: Shape, machine: &Machine) -> Code {
    let mut rng = Rng::new(seed);
    let graph = graph(&mut rng, shape.blocks);
    let mut preds = vec![Vec::new(); graph.len()];
    for (b, succs) in graph.iter().enumerate() {
        succs.iter().for_each(|&s| preds[s].push(b));
    }
    let idoms = dominators(graph.len(), |b| preds[b].iter().copied());
    let mut g = Generator { rng, func: Func::new(graph.len()), shape, machine, avail: Default::default() };
    g.params(&preds);
    let mut ends: Vec<Avail> = Vec::new();
    for b in 0..graph.len() {
        g.avail = if b == 0 { Default::default() } else { ends[idoms[b]].clone() };
        for v in g.func.blocks[b].params.clone() {
            let info = g.func.code.vregs[v as usize];
            g.avail[kind(info.class, info.width)].push(v);
        }
        g.block(b, graph[b].len());
        ends.push(std::mem::take(&mut g.avail));
    }
    for (b, succs) in graph.iter().enumerate() {
        g.avail = ends[b].clone();
        for &s in succs {
            let params = g.func.blocks[s].params.clone();
            let args: Vec<u32> = params
                .iter()
                .map(|&p| {
                    let info = g.func.code.vregs[p as usize];
                    g.any(kind(info.class, info.width))
                })
                .collect();
            g.func.jump(b, s, &args);
        }
    }
    g.func.finish()
}

/// Successors of blocks in reverse post-order; the entry has no predecessor.
fn graph(rng: &mut Rng, n: usize) -> Vec<Vec<usize>> {
    let mut succs: Vec<Vec<usize>> = Vec::new();
    for b in 0..n {
        let count = [0, 1, 1, 2, 2, 2, 2, 3][rng.below(8)].max((b == 0) as usize);
        let target = |rng: &mut Rng| {
            let near = 1 + (b + rng.below(4)) % n.max(2);
            if rng.one_in(4) { 1 + rng.below(n) } else { near }
        };
        let list = (0..count).map(|_| target(rng)).filter(|&s| s < n && s > 0).collect();
        succs.push(list);
    }
    let mut order = Vec::new();
    let mut seen = vec![false; n];
    let mut stack = vec![(0, 0)];
    seen[0] = true;
    while let Some((b, k)) = stack.pop() {
        if let Some(&s) = succs[b].get(k) {
            stack.push((b, k + 1));
            if !seen[s] {
                seen[s] = true;
                stack.push((s, 0));
            }
        } else {
            order.push(b);
        }
    }
    order.reverse();
    let mut number = vec![0; n];
    order.iter().enumerate().for_each(|(at, &b)| number[b] = at);
    order.iter().map(|&b| succs[b].iter().map(|&s| number[s]).collect()).collect()
}

impl Generator<'_> {
    fn params(&mut self, preds: &[Vec<usize>]) {
        for (b, preds) in preds.iter().enumerate().skip(1) {
            self.func.blocks[b].cold = self.rng.one_in(8);
            let most = if self.rng.one_in(10) { 14 } else { 4 };
            let count = if preds.len() > 1 || self.rng.one_in(5) { self.rng.below(most) } else { 0 };
            for _ in 0..count {
                let (class, width) = KINDS[self.random_kind()];
                self.func.param(b, class, width);
            }
        }
    }

    fn random_kind(&mut self) -> usize {
        let most = if has_floats(self.machine) { 7 } else { 6 };
        [0, 0, 0, 1, 2, 3, FLOAT][self.rng.below(most)]
    }

    fn any(&mut self, kind: usize) -> u32 {
        let list = &self.avail[kind];
        let back = if self.rng.one_in(6) { list.len() } else { list.len().min(self.shape.window) };
        list[list.len() - 1 - self.rng.below(back)]
    }

    fn fresh(&mut self, kind: usize) -> u32 {
        let (class, width) = KINDS[kind];
        self.func.vreg(class, width)
    }

    /// An instruction of `row` with random uses.
    fn emit(&mut self, b: usize, row: u16) {
        let operands = ROWS[row as usize].operands;
        let mut entries = Vec::new();
        let mut defs = Vec::new();
        for (k, op) in operands.iter().enumerate() {
            let of = kind(op.class, op.width);
            if op.role == Role::Use {
                let absent = matches!(row, STORE | LOAD) && k == 1 + (row == LOAD) as usize && self.rng.one_in(2);
                let same = entries.last().copied().filter(|_| self.rng.one_in(10));
                let same = same.filter(|&v: &u32| v != NONE && !defs.contains(&(of, v)));
                let same = same.filter(|&v| {
                    let info = self.func.code.vregs[v as usize];
                    kind(info.class, info.width) == of
                });
                entries.push(if absent { NONE } else { same.unwrap_or_else(|| self.any(of)) });
            } else {
                let v = self.fresh(of);
                entries.push(v);
                defs.push((of, v));
                if op.role == Role::Temp {
                    defs.pop();
                }
            }
        }
        // A temporary must not be taken for a use.
        for (k, op) in operands.iter().enumerate() {
            if op.role == Role::Use && entries[k] != NONE && !self.avail.iter().any(|a| a.contains(&entries[k])) {
                entries[k] = self.any(kind(op.class, op.width));
            }
        }
        self.func.inst(b, row, &entries);
        defs.into_iter().for_each(|(of, v)| self.avail[of].push(v));
    }

    fn block(&mut self, b: usize, succs: usize) {
        if b == 0 {
            self.entry();
        }
        let count = 1 + self.rng.below(self.shape.insts);
        for _ in 0..count {
            self.random_inst(b);
        }
        match succs {
            0 => self.ret(b),
            1 if self.rng.one_in(4) => self.emit(b, SWITCH),
            1 => self.emit(b, JUMP),
            2 if self.rng.one_in(2) => {
                self.emit(b, CMP);
                if self.rng.one_in(3) {
                    self.emit(b, CONST);
                }
                self.emit(b, BRIF);
            }
            2 => self.emit(b, CMPBR),
            _ => self.emit(b, SWITCH),
        }
    }

    fn random_inst(&mut self, b: usize) {
        const MIX: &[u16] = &[
            ADD3,
            ADD3,
            ADD3,
            ADD2,
            ADD2,
            ADD2,
            SUB2,
            SUB2,
            SHL,
            DIV,
            EARLY,
            TEMP,
            COPY,
            COPY,
            STORE,
            STORE,
            LOAD,
            LOAD,
            ANYUSE,
            ANYDEF,
            CLOBBER,
            FIXCLOB,
            TWOFIX,
            FIXTEMP,
            FIXTIED,
            NARROW,
            WIDEN,
            TRUNC,
            VADD,
            VADD,
            VTIED,
            VCVT,
            VBITS,
            CONST,
            CONST,
            VCONST,
            RESERVED,
            WIDE,
            VLOW,
            VLOW,
            VHIGH,
            PAIR_DIV,
            PAIR_SWAP,
            PAIR_USE,
            PAIR_DEF,
            PAIR_EARLY,
            PAIR_TIED,
            PAIR_NEXT,
            PAIR_OVERLAP,
        ];
        const FLOATS: &[u16] = &[FADD, FADD, FTIED, FCVT, FBITS, FSPLAT, FCONST];
        if self.shape.calls && self.rng.one_in(12) {
            return self.call(b);
        }
        let floats = has_floats(self.machine) && self.rng.one_in(4);
        let mix = if floats { FLOATS } else { MIX };
        let row = mix[self.rng.below(mix.len())];
        // The smallest files have no room for four uses and an early operand.
        if self.rng.one_in(12) {
            self.emit(b, CMP);
            self.emit(b, SETCC);
        } else {
            self.emit(b, row);
        }
    }

    fn operand(role: Role, kind: usize, constraint: Constraint) -> Operand {
        let (class, width) = KINDS[kind];
        Operand { role, class, width, constraint }
    }

    fn entry(&mut self) {
        let mut list = Vec::new();
        let mut add = |g: &mut Self, of: usize, constraint| {
            let v = g.fresh(of);
            g.avail[of].push(v);
            list.push((Self::operand(Role::Def, of, constraint), v));
        };
        for n in 0..3 {
            add(self, 0, Constraint::Fixed(r(n)));
        }
        add(self, 2, Constraint::Fixed(x(1)));
        add(self, 1, Constraint::Fixed(r(3)));
        for n in 0..self.rng.below(6) as u32 {
            add(self, 0, Constraint::Incoming(8 * n));
        }
        add(self, 2, Constraint::Incoming(64));
        add(self, 1, Constraint::Incoming(80));
        add(self, 3, Constraint::Incoming(88));
        if has_floats(self.machine) {
            add(self, FLOAT, Constraint::Fixed(f(0)));
            add(self, FLOAT, Constraint::Incoming(96));
        }
        self.func.listed(0, ENTRY, &list, RegSet::EMPTY);
    }

    fn call(&mut self, b: usize) {
        let mut list = Vec::new();
        for n in 0..self.rng.below(4) as u8 {
            let of = self.rng.below(2);
            list.push((Self::operand(Role::Use, of, Constraint::Fixed(r(n))), self.any(of)));
        }
        if has_floats(self.machine) && self.rng.one_in(2) {
            list.push((Self::operand(Role::Use, FLOAT, Constraint::Fixed(f(1))), self.any(FLOAT)));
        }
        for n in 0..self.rng.below(3) as u8 {
            list.push((Self::operand(Role::Use, 2, Constraint::Fixed(x(n))), self.any(2)));
        }
        let many = self.rng.one_in(5);
        for n in 0..self.rng.below(if many { 40 } else { 4 }) as u32 {
            let of = self.random_kind();
            list.push((Self::operand(Role::Use, of, Constraint::Outgoing(16 * n)), self.any(of)));
        }
        for _ in 0..self.rng.below(if many { 30 } else { 3 }) {
            let of = self.random_kind();
            list.push((Self::operand(Role::Use, of, Constraint::Any), self.any(of)));
        }
        if self.rng.one_in(3) {
            list.push((Self::operand(Role::Use, 0, Constraint::Reg), self.any(0)));
        }
        let mut defs = Vec::new();
        let fixed = [(0, Constraint::Fixed(r(0))), (2, Constraint::Fixed(x(0)))];
        // A def without constraint must survive what the call destroys.
        for (of, constraint) in fixed.into_iter().chain([(1, Constraint::Any), (3, Constraint::Any)]) {
            if self.rng.one_in(2) {
                let v = self.fresh(of);
                defs.push((of, v));
                list.push((Self::operand(Role::Def, of, constraint), v));
            }
        }
        self.func.listed(b, CALL, &list, call_clobbers(self.machine));
        defs.into_iter().for_each(|(of, v)| self.avail[of].push(v));
    }

    fn ret(&mut self, b: usize) {
        let mut list = vec![(Self::operand(Role::Use, 0, Constraint::Fixed(r(0))), self.any(0))];
        if self.rng.one_in(2) {
            list.push((Self::operand(Role::Use, 2, Constraint::Fixed(x(0))), self.any(2)));
        }
        // Much is still alive at the end.
        for _ in 0..self.rng.below(self.shape.window) {
            let of = self.random_kind();
            list.push((Self::operand(Role::Use, of, Constraint::Any), self.any(of)));
        }
        self.func.listed(b, RET, &list, RegSet::EMPTY);
    }
}
