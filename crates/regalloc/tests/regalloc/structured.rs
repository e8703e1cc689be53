//! Random structured functions, as a front end makes them: variables, nested loops and conditionals, calls, few values
//! across blocks. Loops are contiguous. They are verified like the arbitrary ones, and measured.

use super::execute::mix;
use super::func::Func;
use super::generate::Rng;
use super::random::verify;
use super::rows::*;
use windlass_regalloc::*;

struct Program {
    rng: Rng,
    func: Func,
    block: usize,
    /// Current value of each variable.
    vars: Vec<u32>,
    /// Values of the current block that are no variables.
    temps: Vec<u32>,
    machine: Machine,
    calls: bool,
}

fn op(role: Role, constraint: Constraint) -> Operand {
    Operand { role, class: Class::Int, width: 8, constraint }
}

/// A structured function of about `size` statements.
pub fn structured(seed: u64, size: usize, vars: usize, calls: bool, machine: &Machine) -> Code {
    let mut p = Program {
        rng: Rng::new(mix(seed, 3)),
        func: Func::new(1),
        block: 0,
        vars: Vec::new(),
        temps: Vec::new(),
        machine: machine.clone(),
        calls,
    };
    let list: Vec<_> = (0..3).map(|n| (op(Role::Def, Constraint::Fixed(r(n))), p.func.int())).collect();
    p.func.listed(0, ENTRY, &list, RegSet::EMPTY);
    p.vars = list.iter().map(|&(_, v)| v).collect();
    while p.vars.len() < vars {
        let v = p.compute();
        p.vars.push(v);
    }
    p.statements(size, 0);
    let list = [(op(Role::Use, Constraint::Fixed(r(0))), p.value())];
    p.func.listed(p.block, RET, &list, RegSet::EMPTY);
    p.func.finish()
}

impl Program {
    fn value(&mut self) -> u32 {
        let n = self.temps.len();
        if n > 0 && self.rng.below(3) > 0 {
            self.temps[n - 1 - self.rng.below(n.min(4))]
        } else {
            self.vars[self.rng.below(self.vars.len())]
        }
    }

    fn compute(&mut self) -> u32 {
        let row = [ADD2, ADD2, SUB2, ADD3, LOAD, LOAD, CONST, SHL, COPY, DIV][self.rng.below(10)];
        let entries: Vec<u32> = ROWS[row as usize]
            .operands
            .iter()
            .map(|op| if op.role == Role::Use { self.value() } else { self.func.int() })
            .collect();
        self.func.inst(self.block, row, &entries);
        self.temps.push(entries[0]);
        entries[0]
    }

    fn call(&mut self) {
        let mut list: Vec<_> =
            (0..self.rng.below(4) as u8).map(|n| (op(Role::Use, Constraint::Fixed(r(n))), self.value())).collect();
        let v = self.func.int();
        list.push((op(Role::Def, Constraint::Fixed(r(0))), v));
        self.func.listed(self.block, CALL, &list, caller_saved(&self.machine));
        self.temps.push(v);
    }

    fn open(&mut self) -> usize {
        self.func.blocks.push(Default::default());
        self.temps.clear();
        self.block = self.func.blocks.len() - 1;
        self.block
    }

    /// Parameters of block `b` become the values of the variables in `set`.
    fn merge(&mut self, b: usize, set: &[usize]) {
        for &n in set {
            self.vars[n] = self.func.param(b, Class::Int, 8);
        }
    }

    fn args(vars: &[u32], set: &[usize]) -> Vec<u32> {
        set.iter().map(|&n| vars[n]).collect()
    }

    fn statements(&mut self, size: usize, depth: usize) {
        let mut left = size;
        while left > 0 {
            let part = 1 + self.rng.below(left);
            match self.rng.below(24) {
                0 | 1 if part > 3 && depth < 5 => self.conditional(part / 2, depth),
                2 if part > 3 && depth < 5 => self.repeat(part, depth),
                3 if self.calls => self.call(),
                4 => {
                    let (x, y, z) = (self.value(), self.value(), self.value());
                    self.func.inst(self.block, STORE, &[x, y, z]);
                }
                5..12 => {
                    let v = self.compute();
                    let n = self.rng.below(self.vars.len());
                    self.vars[n] = v;
                    left -= 1;
                    continue;
                }
                _ => {
                    self.compute();
                    left -= 1;
                    continue;
                }
            }
            left -= part;
        }
    }

    fn branch(&mut self) -> usize {
        let (x, y) = (self.value(), self.value());
        self.func.inst(self.block, CMPBR, &[x, y]);
        self.block
    }

    fn conditional(&mut self, size: usize, depth: usize) {
        let top = self.branch();
        let before = self.vars.clone();
        let then = self.open();
        self.func.jump(top, then, &[]);
        self.statements(size, depth + 1);
        let (then_end, then_vars) = (self.block, std::mem::replace(&mut self.vars, before.clone()));
        self.func.inst(then_end, JUMP, &[]);
        let two = self.rng.below(2) == 0;
        let other_end = if two {
            let other = self.open();
            self.func.jump(top, other, &[]);
            self.statements(size, depth + 1);
            self.func.inst(self.block, JUMP, &[]);
            self.block
        } else {
            top
        };
        let other_vars = self.vars.clone();
        let set: Vec<usize> = (0..before.len()).filter(|&n| then_vars[n] != other_vars[n]).collect();
        let join = self.open();
        self.func.jump(then_end, join, &Self::args(&then_vars, &set));
        self.func.jump(other_end, join, &Self::args(&other_vars, &set));
        self.merge(join, &set);
    }

    fn repeat(&mut self, size: usize, depth: usize) {
        // Every variable may change in the body; those that do not are not parameters.
        let set: Vec<usize> = (0..self.vars.len()).filter(|_| self.rng.below(3) == 0).collect();
        self.func.inst(self.block, JUMP, &[]);
        let (from, args) = (self.block, Self::args(&self.vars, &set));
        let header = self.open();
        self.func.jump(from, header, &args);
        self.merge(header, &set);
        let outside = self.vars.clone();
        self.statements(size, depth + 1);
        let latch = self.branch();
        self.func.jump(latch, header, &Self::args(&self.vars, &set));
        for (n, var) in self.vars.iter_mut().enumerate().filter(|(n, _)| !set.contains(n)) {
            *var = outside[n];
        }
        let exit = self.open();
        self.func.jump(latch, exit, &[]);
    }
}

#[test]
fn structured_functions() {
    let mut ctx = Context::default();
    for seed in 0..500u64 {
        let machine = [tiny(true), tiny(false), small(), usual()][(seed % 4) as usize].clone();
        let code = structured(seed, 20 + (seed % 300) as usize, 3 + (seed % 20) as usize, seed % 3 > 0, &machine);
        verify(&code, &machine, &mut ctx, seed);
    }
}

/// Edits weighted by loop depth: moves, loads, stores, repeats.
fn weigh(code: &Code, alloc: &Allocation) -> [u64; 4] {
    let mut sums = [0; 4];
    let mut add = |edit: &Edit, depth: u32| {
        let kind = match edit {
            Edit::Remat { .. } => 3,
            Edit::Exchange { .. } => 0,
            Edit::Move { from, to, .. } => {
                if from.as_reg().is_none() {
                    1
                } else {
                    2 * to.as_reg().is_none() as usize
                }
            }
        };
        sums[kind] += 4u64.pow(depth.min(6));
    };
    let depth_at = |i: u32| {
        let b = code.blocks.partition_point(|block| block.insts.1 <= i);
        code.blocks[b].loop_depth
    };
    for (place, edit) in &alloc.edits {
        let (Place::Before(i) | Place::After(i)) = *place;
        add(edit, depth_at(i));
    }
    for &(e, (from, to)) in &alloc.edge_blocks {
        let edge = &code.edges[e as usize];
        let depth = code.blocks[edge.from as usize].loop_depth.min(code.blocks[edge.to as usize].loop_depth);
        alloc.edge_edits[from as usize..to as usize].iter().for_each(|edit| add(edit, depth));
    }
    sums
}

#[test]
#[ignore = "measures"]
fn measure() {
    let machine = usual();
    for (vars, calls) in [(6, false), (6, true), (12, false), (12, true), (30, false), (30, true)] {
        let (mut sums, mut weight, mut insts, mut time) = ([0; 4], 0, 0, 0.0);
        let (mut ctx, mut alloc) = (Context::default(), Allocation::default());
        for seed in 0..100 {
            let code = structured(seed, 1000, vars, calls, &machine);
            let mut best = f64::MAX;
            for _ in 0..5 {
                let mut after = code.clone();
                let begin = std::time::Instant::now();
                allocate(&mut after, &machine, &mut ctx, &mut alloc).expect("valid");
                best = best.min(begin.elapsed().as_secs_f64());
            }
            time += best;
            insts += code.insts.len();
            weight +=
                code.blocks.iter().map(|b| (b.insts.1 - b.insts.0) as u64 * 4u64.pow(b.loop_depth.min(6))).sum::<u64>();
            let found = weigh(&code, &alloc);
            sums.iter_mut().zip(found).for_each(|(sum, n)| *sum += n);
        }
        let per = sums.map(|n| format!("{:.3}", n as f64 / weight as f64));
        println!(
            "{vars} variables, calls {calls}: moves, loads, stores, repeats per instruction {per:?}, {insts} insts, {:.0} ns each",
            time * 1e9 / insts as f64
        );
    }
}
