//! Random structured functions, as a front end makes them: variables, nested loops and conditionals, calls, few values
//! across blocks. Loops are contiguous. They are verified like the arbitrary ones.

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
        self.func.listed(self.block, CALL, &list, call_clobbers(&self.machine));
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
        let machine = &machines()[(seed % 5) as usize];
        let code = structured(seed, 20 + (seed % 300) as usize, 3 + (seed % 20) as usize, seed % 3 > 0, machine);
        verify(&code, machine, &mut ctx, seed);
    }
}
