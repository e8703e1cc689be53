//! One test per kind of constraint: small functions whose allocation is checked, executed, and looked at.

use super::func::Func;
use super::random::verify;
use super::rows::*;
use windlass_regalloc::*;

fn op(role: Role, constraint: Constraint) -> Operand {
    Operand { role, class: Class::Int, width: 8, constraint }
}

pub fn uses(constraint: Constraint) -> Operand {
    op(Role::Use, constraint)
}

fn fixed(n: u8) -> Constraint {
    Constraint::Fixed(r(n))
}

/// A function whose entry has its arguments in r0, r1, ...
pub fn start(blocks: usize, args: u8) -> (Func, Vec<u32>) {
    let mut f = Func::new(blocks);
    let values: Vec<u32> = (0..args).map(|_| f.int()).collect();
    let list: Vec<_> = (0..args).map(|n| (op(Role::Def, fixed(n)), values[n as usize])).collect();
    f.listed(0, ENTRY, &list, RegSet::EMPTY);
    (f, values)
}

pub fn emit(f: &mut Func, b: usize, row: u16, operands: &[u32]) -> u32 {
    let v = f.int();
    f.inst(b, row, &[&[v], operands].concat());
    v
}

pub fn ret(f: &mut Func, b: usize, values: &[u32]) {
    let list: Vec<_> = values.iter().enumerate().map(|(n, &v)| (uses(fixed(n as u8)), v)).collect();
    f.listed(b, RET, &list, RegSet::EMPTY);
}

pub fn run(f: Func, machine: &Machine) -> (Code, Allocation) {
    verify(&f.finish(), machine, &mut Context::default(), 1)
}

pub fn fails(f: Func, machine: &Machine) -> Error {
    let mut code = f.finish();
    allocate(&mut code, machine, &mut Context::default(), &mut Allocation::default()).expect_err("impossible")
}

/// Location of operand `k` of instruction `i`.
pub fn loc(code: &Code, i: usize, k: u32) -> Loc {
    Loc(code.pool[(code.insts[i].ops + k) as usize])
}

#[test]
fn tied_reuses_a_dying_use() {
    let (mut f, v) = start(1, 2);
    let d = emit(&mut f, 0, SUB2, &[v[0], v[1]]);
    ret(&mut f, 0, &[d]);
    assert_eq!(run(f, &usual()).1.edits, []);
}

#[test]
fn tied_commutes() {
    let (mut f, v) = start(1, 2);
    let d = emit(&mut f, 0, ADD2, &[v[0], v[1]]);
    ret(&mut f, 0, &[v[0], d]);
    let (code, alloc) = run(f, &usual());
    assert_eq!(alloc.edits, []);
    assert_eq!((loc(&code, 1, 1), loc(&code, 1, 2)), (Loc::reg(r(1)), Loc::reg(r(0))));
}

#[test]
fn tied_copies_what_lives_on() {
    let (mut f, v) = start(1, 2);
    let d = emit(&mut f, 0, SUB2, &[v[0], v[1]]);
    ret(&mut f, 0, &[v[0], v[1], d]);
    let (_, alloc) = run(f, &usual());
    let copy = Edit::Move { from: Loc::reg(r(0)), to: Loc::reg(r(2)), class: Class::Int, width: 8 };
    assert_eq!(alloc.edits, [(Place::Before(1), copy)]);
}

#[test]
fn fixed_uses_and_defs_of_one_register() {
    let (mut f, v) = start(1, 4);
    let (q, m) = (f.int(), f.int());
    f.inst(0, DIV, &[q, m, v[3], v[1], v[0]]);
    ret(&mut f, 0, &[v[0], v[1], q, m]);
    run(f, &tiny(true));
}

#[test]
fn one_vreg_in_two_fixed_registers_and_an_unfixed_use() {
    let (mut f, v) = start(1, 3);
    let d = emit(&mut f, 0, TWOFIX, &[v[2], v[2], v[2]]);
    let e = emit(&mut f, 0, TWOFIX, &[d, d, v[2]]);
    ret(&mut f, 0, &[e, v[0], v[1]]);
    run(f, &tiny(false));
}

#[test]
fn fixed_use_of_a_clobbered_register() {
    let (mut f, v) = start(1, 2);
    let d = emit(&mut f, 0, FIXCLOB, &[v[0], v[1]]);
    let e = emit(&mut f, 0, FIXCLOB, &[v[0], d]);
    ret(&mut f, 0, &[e, v[0]]);
    run(f, &tiny(true));
}

#[test]
fn fixed_tied_use_that_lives_on() {
    let (mut f, v) = start(1, 2);
    let d = emit(&mut f, 0, FIXTIED, &[v[0], v[1]]);
    let e = emit(&mut f, 0, FIXTIED, &[v[0], v[0]]);
    ret(&mut f, 0, &[d, e, v[0]]);
    run(f, &tiny(true));
}

#[test]
fn early_defs_and_temporaries_keep_off_the_uses() {
    let (mut f, v) = start(1, 3);
    let d = emit(&mut f, 0, EARLY, &[v[0], v[1]]);
    let t = f.int();
    let e = f.int();
    f.inst(0, TEMP, &[e, v[2], t]);
    let (g, t, h) = (f.int(), f.int(), f.int());
    f.inst(0, FIXTEMP, &[g, e, t, h]);
    ret(&mut f, 0, &[d, g, h]);
    let (code, _) = run(f, &tiny(true));
    assert_ne!(loc(&code, 1, 0), loc(&code, 1, 1));
    assert_ne!(loc(&code, 2, 1), loc(&code, 2, 2));
}

#[test]
fn reserved_registers_are_used_but_not_kept() {
    let (mut f, v) = start(1, 2);
    let d = emit(&mut f, 0, RESERVED, &[v[0], v[1]]);
    let e = emit(&mut f, 0, RESERVED, &[d, d]);
    ret(&mut f, 0, &[e, d]);
    let (code, _) = run(f, &tiny(true));
    assert_eq!(loc(&code, 2, 1), Loc::reg(r(31)));
}

#[test]
fn incoming_slots_are_homes() {
    let mut f = Func::new(1);
    let v: Vec<u32> = (0..40).map(|_| f.int()).collect();
    let list: Vec<_> = (0..40).map(|n| (op(Role::Def, Constraint::Incoming(8 * n)), v[n as usize])).collect();
    f.listed(0, ENTRY, &list, RegSet::EMPTY);
    let mut sum = v[0];
    for &x in &v {
        sum = emit(&mut f, 0, ADD3, &[sum, x]);
    }
    for &x in &v {
        sum = emit(&mut f, 0, ADD3, &[sum, x]);
    }
    ret(&mut f, 0, &[sum]);
    let (_, alloc) = run(f, &tiny(true));
    assert!(alloc.edits.iter().all(|(_, edit)| matches!(edit, Edit::Move { to, .. } if to.as_reg().is_some())));
}

#[test]
fn outgoing_arguments_are_stored() {
    let (mut f, v) = start(1, 2);
    let c = emit(&mut f, 0, CONST, &[]);
    let list: Vec<_> =
        [v[0], c, v[1], v[0]].iter().enumerate().map(|(n, &x)| (uses(Constraint::Outgoing(8 * n as u32)), x)).collect();
    f.listed(0, CALL, &list, caller_saved(&usual()));
    ret(&mut f, 0, &[v[0], c]);
    let (code, alloc) = run(f, &usual());
    assert_eq!(loc(&code, 2, 3), Loc::outgoing(24));
    let stores = alloc
        .edits
        .iter()
        .filter(|(_, edit)| matches!(edit, Edit::Move { to, .. } if matches!(to.kind(), LocKind::Outgoing(_))));
    assert_eq!(stores.count(), 4);
}

#[test]
fn any_uses_stay_in_slots() {
    let (mut f, v) = start(1, 4);
    let values: Vec<u32> = (0..30).map(|k| emit(&mut f, 0, ADD3, &[v[k % 4], v[k / 8]])).collect();
    let list: Vec<_> = values.iter().chain(&v).map(|&x| (uses(Constraint::Any), x)).collect();
    f.listed(0, CALL, &list, caller_saved(&tiny(true)));
    ret(&mut f, 0, &[values[0]]);
    let (code, _) = run(f, &tiny(true));
    let call = code.insts.len() - 2;
    let slots = (0..34).filter(|&k| matches!(loc(&code, call, k).kind(), LocKind::Spill(_)));
    assert!(slots.count() >= 30);
}

#[test]
fn any_uses_of_repeatable_values_beyond_the_registers() {
    let (mut f, _) = start(1, 1);
    let values: Vec<u32> = (0..12).map(|_| emit(&mut f, 0, CONST, &[])).collect();
    let list: Vec<_> = values.iter().map(|&x| (uses(Constraint::Any), x)).collect();
    f.listed(0, CALL, &list, caller_saved(&tiny(true)));
    ret(&mut f, 0, &values[..2]);
    run(f, &tiny(true));
}

#[test]
fn repeating_needs_no_slot() {
    let (mut f, v) = start(1, 1);
    let c = emit(&mut f, 0, CONST, &[]);
    f.listed(0, CALL, &[(uses(fixed(0)), v[0])], RegSet([!0; CLASSES]));
    ret(&mut f, 0, &[c]);
    let (_, alloc) = run(f, &usual());
    assert_eq!(alloc.spill_size, 0);
    assert!(alloc.edits.contains(&(Place::Before(3), Edit::Remat { inst: 1, to: r(0) })));
}

#[test]
fn values_across_calls_prefer_saved_registers() {
    let (mut f, v) = start(1, 2);
    for _ in 0..3 {
        f.listed(0, CALL, &[(uses(fixed(0)), v[0])], caller_saved(&usual()));
    }
    ret(&mut f, 0, &[v[1]]);
    let (_, alloc) = run(f, &usual());
    assert_eq!(alloc.spill_size, 0);
    assert_ne!(alloc.saved, RegSet::EMPTY);
}

/// A loop that exchanges its two parameters.
pub fn swap_loop(machine: &Machine) -> Allocation {
    let (mut f, v) = start(3, 2);
    let (a, b) = (f.param(1, Class::Int, 8), f.param(1, Class::Int, 8));
    f.inst(0, JUMP, &[]);
    f.jump(0, 1, &[v[0], v[1]]);
    f.inst(1, CMPBR, &[a, b]);
    f.jump(1, 1, &[b, a]);
    f.jump(1, 2, &[]);
    ret(&mut f, 2, &[a, b]);
    run(f, machine).1
}

#[test]
fn cycles_use_a_free_register_or_an_exchange_or_a_slot() {
    assert_eq!(swap_loop(&usual()).edge_edits.len(), 3);
    let two = |exchange| {
        let ints = ints(const { &[r(0), r(1)] }, exchange);
        let classes = [ints, ClassSpec::NONE, ClassSpec::NONE, ClassSpec::NONE];
        Machine { classes, callee_saved: RegSet::EMPTY, ..tiny(exchange) }
    };
    assert!(matches!(swap_loop(&two(true)).edge_edits[..], [Edit::Exchange { .. }]));
    let alloc = swap_loop(&two(false));
    assert_eq!((alloc.edge_edits.len(), alloc.spill_size), (3, 8));
}

#[test]
fn both_edges_to_one_block() {
    let (mut f, v) = start(2, 3);
    let p = f.param(1, Class::Int, 8);
    f.inst(0, CMPBR, &[v[0], v[1]]);
    f.jump(0, 1, &[v[1]]);
    f.jump(0, 1, &[v[2]]);
    ret(&mut f, 1, &[v[0], p]);
    let (_, alloc) = run(f, &usual());
    assert!(!alloc.edge_blocks.is_empty());
}

#[test]
fn a_jump_that_uses_registers_keeps_them() {
    let (mut f, v) = start(4, 3);
    f.inst(0, CMPBR, &[v[0], v[1]]);
    f.jump(0, 1, &[]);
    f.jump(0, 2, &[]);
    let (p, q) = (f.param(3, Class::Int, 8), f.param(3, Class::Int, 8));
    for b in [1, 2] {
        let t = f.int();
        f.inst(b, SWITCH, &[v[b - 1], t]);
        f.jump(b, 3, &[v[2], v[2 - b]]);
    }
    ret(&mut f, 3, &[p, q]);
    run(f, &tiny(false));
}

#[test]
fn dead_parameters_have_no_location() {
    let (mut f, v) = start(3, 2);
    let (a, b) = (f.param(1, Class::Int, 8), f.param(1, Class::Int, 8));
    f.inst(0, JUMP, &[]);
    f.jump(0, 1, &[v[0], v[1]]);
    f.inst(1, CMPBR, &[v[0], v[1]]);
    f.jump(1, 1, &[b, a]);
    f.jump(1, 2, &[]);
    ret(&mut f, 2, &[v[0]]);
    let (code, alloc) = run(f, &tiny(true));
    let params = code.blocks[1].params;
    assert_eq!(code.pool[params.0 as usize..params.1 as usize], [NONE, NONE]);
    assert!(alloc.edits.is_empty() && alloc.edge_edits.is_empty());
}

#[test]
fn narrow_values_take_narrow_slots() {
    let (mut f, v) = start(1, 1);
    let narrow: Vec<u32> = (0..8).map(|_| f.vreg(Class::Int, 4)).collect();
    for &n in &narrow {
        f.inst(0, TRUNC, &[n, v[0]]);
    }
    let mut sum = v[0];
    for &n in &narrow {
        let wide = emit(&mut f, 0, WIDEN, &[n]);
        sum = emit(&mut f, 0, ADD3, &[sum, wide]);
    }
    ret(&mut f, 0, &[sum]);
    let (_, alloc) = run(f, &tiny(true));
    assert!(alloc.spill_size > 0 && alloc.spill_size <= 8 * 4 + 8, "{}", alloc.spill_size);
}

#[test]
fn the_entry_may_be_a_loop() {
    let mut f = Func::new(2);
    let values: Vec<u32> = (0..6).map(|_| emit(&mut f, 0, CONST, &[])).collect();
    let sum = values.iter().fold(values[0], |sum, &v| emit(&mut f, 0, ADD3, &[sum, v]));
    f.inst(0, CMPBR, &[sum, values[2]]);
    f.jump(0, 0, &[]);
    f.jump(0, 1, &[]);
    ret(&mut f, 1, &values[..3]);
    run(f, &tiny(true));
}

#[test]
fn wide_vectors_have_wide_aligned_slots() {
    let machine = tiny(true);
    for width in [32u8, 64] {
        let (mut f, v) = start(1, 1);
        let vec = |role| Operand { role, class: Class::Vec, width, constraint: Constraint::Reg };
        let values: Vec<u32> = (0..9).map(|_| f.vreg(Class::Vec, width)).collect();
        for &x in &values {
            f.listed(0, CALL, &[(vec(Role::Def), x), (uses(Constraint::Reg), v[0])], RegSet::EMPTY);
        }
        for pair in values.windows(2) {
            f.listed(0, CALL, &[(vec(Role::Use), pair[0]), (vec(Role::Use), pair[1])], RegSet::EMPTY);
        }
        ret(&mut f, 0, &v);
        let before = f.finish();
        let (mut after, mut alloc) = (before.clone(), Allocation::default());
        allocate(&mut after, &machine, &mut Context::default(), &mut alloc).expect("valid");
        assert_eq!(windlass_regalloc::check::check(&before, &after, &alloc, &machine), Ok(()));
        assert!(alloc.spill_size >= 5 * width as u32 && alloc.spill_align == width as u32);
    }
}

/// A parameter narrower or wider than its argument: only the common bytes count.
#[test]
fn arguments_of_another_width() {
    let (mut f, v) = start(2, 3);
    let narrow = f.vreg(Class::Int, 4);
    f.inst(0, TRUNC, &[narrow, v[0]]);
    let (p, q) = (f.param(1, Class::Int, 4), f.param(1, Class::Int, 8));
    f.inst(0, CMPBR, &[v[1], v[2]]);
    f.jump(0, 1, &[v[1], narrow]);
    f.jump(0, 1, &[narrow, v[2]]);
    let (x, y) = (emit(&mut f, 1, WIDEN, &[p]), f.vreg(Class::Int, 4));
    let z = f.vreg(Class::Int, 4);
    f.inst(1, NARROW, &[y, p, p]);
    f.inst(1, NARROW, &[z, q, y]);
    ret(&mut f, 1, &[x]);
    run(f, &tiny(true));
}

#[test]
fn impossible_constraints_are_errors() {
    let constraint = |list: &[Constraint], early: Option<Constraint>, machine: &Machine| {
        let (mut f, v) = start(1, 4);
        let mut ops: Vec<_> = list.iter().enumerate().map(|(n, &c)| (uses(c), v[n % 4])).collect();
        if let Some(c) = early {
            ops.push((op(Role::EarlyDef, c), f.int()));
        }
        f.listed(0, CALL, &ops, RegSet::EMPTY);
        ret(&mut f, 0, &v);
        fails(f, machine)
    };
    use Constraint::*;
    let tiny = tiny(true);
    assert!(matches!(constraint(&[fixed(0), fixed(0)], None, &tiny), Error::Constraint { inst: 1, .. }));
    assert!(matches!(constraint(&[fixed(0)], Some(fixed(0)), &tiny), Error::Constraint { .. }));
    assert!(matches!(constraint(&[Reg, Reg, Reg, Reg], Some(Reg), &tiny), Error::Constraint { .. }));
    assert!(matches!(constraint(&[Tied(0)], None, &tiny), Error::Constraint { .. }));
    assert!(matches!(constraint(&[Incoming(0)], None, &tiny), Error::Constraint { .. }));
}

#[test]
fn code_that_is_not_ssa_is_an_error() {
    let (mut f, v) = start(1, 1);
    f.inst(0, COPY, &[v[0], v[0]]);
    ret(&mut f, 0, &v);
    assert_eq!(fails(f, &usual()), Error::Redefined(v[0]));
    let (mut f, _) = start(1, 1);
    let x = f.int();
    ret(&mut f, 0, &[x]);
    assert_eq!(fails(f, &usual()), Error::Undefined { vreg: x, block: 0 });
    let (mut f, v) = start(2, 1);
    f.inst(0, JUMP, &[]);
    f.jump(0, 1, &[v[0]]);
    ret(&mut f, 1, &v);
    assert_eq!(fails(f, &usual()), Error::Arguments(0));
    let (mut f, _) = start(1, 1);
    emit(&mut f, 0, CONST, &[]);
    assert!(matches!(fails(f, &usual()), Error::Constraint { inst: 1, .. }));
}
