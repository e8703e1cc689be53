//! Large and hostile functions: they only have to complete, in time that a quadratic allocator would not make, and
//! with a number of edits that is linear in their size.

use super::func::Func;
use super::rows::*;
use windlass_regalloc::check::check;
use windlass_regalloc::*;

fn int(role: Role, constraint: Constraint) -> Operand {
    Operand { role, class: Class::Int, width: 8, constraint }
}

/// A function whose entry defines `count` integers in incoming slots.
fn start(blocks: usize, count: u32) -> (Func, Vec<u32>) {
    let mut f = Func::new(blocks);
    let values: Vec<u32> = (0..count).map(|_| f.int()).collect();
    let list: Vec<_> =
        values.iter().enumerate().map(|(n, &v)| (int(Role::Def, Constraint::Incoming(8 * n as u32)), v)).collect();
    f.listed(0, ENTRY, &list, RegSet::EMPTY);
    (f, values)
}

fn add(f: &mut Func, b: usize, x: u32, y: u32) -> u32 {
    let v = f.int();
    f.blocks[b].insts.push((ADD3, vec![v, x, y], v as u64));
    v
}

fn ret(f: &mut Func, b: usize, v: u32) {
    f.listed(b, RET, &[(int(Role::Use, Constraint::Fixed(r(0))), v)], RegSet::EMPTY);
}

fn complete(f: Func, machine: &Machine, checked: bool) -> (Code, Allocation) {
    let before = f.finish();
    let (mut after, mut alloc) = (before.clone(), Allocation::default());
    let result = allocate(&mut after, machine, &mut Context::default(), &mut alloc);
    assert_eq!(result, Ok(()));
    if checked {
        assert_eq!(check(&before, &after, &alloc, machine), Ok(()));
    }
    (after, alloc)
}

#[test]
fn long_chain() {
    let (mut f, values) = start(1, 2);
    let (mut a, mut b) = (values[0], values[1]);
    for _ in 0..1 << 17 {
        (a, b) = (b, add(&mut f, 0, a, b));
    }
    ret(&mut f, 0, b);
    let (_, alloc) = complete(f, &usual(), true);
    assert!(alloc.edits.len() < 10);
}

#[test]
fn one_value_in_many_places() {
    let (mut f, values) = start(1, 1);
    let place = |n: u32| (int(Role::Use, Constraint::Outgoing(8 * n)), values[0]);
    let list: Vec<_> = (0..100_000).map(place).collect();
    f.listed(0, CALL, &list, RegSet::EMPTY);
    ret(&mut f, 0, values[0]);
    complete(f, &usual(), true);
}

#[test]
fn many_live_values() {
    let (mut f, values) = start(1, 2);
    let mut all: Vec<u32> = values;
    for n in 0..100_000 {
        let v = add(&mut f, 0, all[n], all[n / 2]);
        all.push(v);
    }
    let mut sum = all[0];
    for &v in &all[1..] {
        sum = add(&mut f, 0, sum, v);
    }
    ret(&mut f, 0, sum);
    let (after, alloc) = complete(f, &small(), true);
    assert!(alloc.edits.len() < 3 * after.insts.len());
}

#[test]
fn many_predecessors() {
    let n = 10_000;
    let (mut f, values) = start(n + 2, 90);
    f.blocks[0].insts.push((SWITCH, vec![values[0], 0], 0));
    let temp = f.int();
    f.blocks[0].insts[1].1[1] = temp;
    for b in 1..=n {
        f.jump(0, b, &[]);
        let v = add(&mut f, b, values[b % 90], values[b % 7]);
        f.inst(b, JUMP, &[]);
        f.jump(b, n + 1, &[v, values[3], v]);
    }
    let params: Vec<u32> = (0..3).map(|_| f.param(n + 1, Class::Int, 8)).collect();
    let mut sum = params[0];
    for &v in params.iter().chain(&values) {
        sum = add(&mut f, n + 1, sum, v);
    }
    ret(&mut f, n + 1, sum);
    let (after, alloc) = complete(f, &usual(), true);
    assert!(alloc.edits.len() + alloc.edge_edits.len() < 40 * after.blocks.len());
}

/// Values that are live through thousands of blocks: more than are followed.
#[test]
fn many_values_through_many_blocks() {
    let n = 20_000;
    let (mut f, mut values) = start(n, 2);
    for k in 0..2000 {
        let v = add(&mut f, 0, values[k], values[k / 2]);
        values.push(v);
    }
    for b in 1..n {
        if b % 2 == 1 {
            f.inst(b - 1, CMPBR, &[values[b % 1000], values[0]]);
            f.jump(b - 1, b, &[]);
            f.jump(b - 1, (b + 1).min(n - 1), &[]);
        } else {
            f.inst(b - 1, JUMP, &[]);
            f.jump(b - 1, b, &[]);
        }
        add(&mut f, b, values[b % 2000], values[1]);
    }
    let mut sum = values[0];
    for &v in &values {
        sum = add(&mut f, n - 1, sum, v);
    }
    ret(&mut f, n - 1, sum);
    let (after, alloc) = complete(f, &usual(), false);
    assert!(alloc.edits.len() + alloc.edge_edits.len() < 10 * after.insts.len());
}

#[test]
fn huge_call() {
    let n = 50_000;
    let (mut f, values) = start(1, n);
    let spread = |k: usize| [Constraint::Outgoing(8 * k as u32), Constraint::Any][k % 2];
    let list: Vec<_> = values.iter().enumerate().map(|(k, &v)| (int(Role::Use, spread(k)), v)).collect();
    f.listed(0, CALL, &list, caller_saved(&usual()));
    f.listed(0, CALL, &list, caller_saved(&usual()));
    ret(&mut f, 0, values[7]);
    complete(f, &usual(), true);
}

/// Many parameters that rotate around a loop, most of them in memory: cycles of slots.
#[test]
fn rotating_parameters() {
    let n = 3000;
    let (mut f, values) = start(3, n);
    f.inst(0, JUMP, &[]);
    let params: Vec<u32> = (0..n).map(|_| f.param(1, Class::Int, 8)).collect();
    let sum = add(&mut f, 1, params[0], params[1]);
    f.inst(1, CMPBR, &[sum, params[2]]);
    let mut rotated = params.clone();
    rotated.rotate_left(1);
    f.jump(0, 1, &values);
    f.jump(1, 1, &rotated);
    f.jump(1, 2, &[]);
    let mut sum = params[0];
    for &v in &params {
        sum = add(&mut f, 2, sum, v);
    }
    ret(&mut f, 2, sum);
    complete(f, &usual(), true);
}

/// A loop with `n` variables, most of them in memory, and `states` ways around it, each of which changes one of them.
fn state_machine(n: u32, states: u32) -> Allocation {
    let (mut f, values) = start(states as usize + 3, n);
    f.inst(0, JUMP, &[]);
    f.jump(0, 1, &values);
    let params: Vec<u32> = (0..n).map(|_| f.param(1, Class::Int, 8)).collect();
    f.inst(1, CMPBR, &[params[0], params[1]]);
    for state in 0..states {
        let b = state as usize + 2;
        f.jump(1, b, &[]);
        let mut next = params.clone();
        let at = (state % n) as usize;
        next[at] = add(&mut f, b, params[at], params[(at + 1) % n as usize]);
        f.inst(b, JUMP, &[]);
        f.jump(b, 1, &next);
    }
    let last = states as usize + 2;
    f.jump(1, last, &[]);
    let sum = params.iter().skip(1).fold(params[0], |sum, &v| add(&mut f, last, sum, v));
    ret(&mut f, last, sum);
    complete(f, &usual(), true).1
}

#[test]
fn variables_of_a_state_machine_stay_where_they_are() {
    let (n, states) = (60, 300);
    let alloc = state_machine(n, states);
    let edits = alloc.edits.len() + alloc.edge_edits.len();
    assert!(edits as u32 <= 6 * states + 3 * n, "{edits} edits");
    assert!(alloc.spill_size <= 8 * (n + 4), "{} bytes of slots", alloc.spill_size);
}

#[test]
fn state_machine_of_many_states() {
    state_machine(25, 2000);
}

#[test]
fn deep_nest() {
    let n = 600;
    let (mut f, values) = start(2 * n, 30);
    for b in 0..n {
        add(&mut f, b, values[b % 30], values[(b + 1) % 30]);
        f.inst(b, JUMP, &[]);
        f.jump(b, b + 1, &[]);
    }
    // Block n + k is the latch of the loop that block n - k heads.
    for b in n..2 * n - 1 {
        f.inst(b, CMPBR, &[values[b % 30], values[b % 11]]);
        f.jump(b, 2 * n - b, &[]);
        f.jump(b, b + 1, &[]);
    }
    ret(&mut f, 2 * n - 1, values[5]);
    complete(f, &usual(), true);
}
