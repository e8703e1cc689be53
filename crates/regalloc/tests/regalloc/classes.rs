//! What a machine says of its classes: which registers are for moves only, which widths they have, and how many bytes
//! of them outlive a call.

use super::constraints::{emit, fails, loc, ret, run, start, swap_loop, uses};
use super::func::Func;
use super::random::verify;
use super::rows::*;
use windlass_regalloc::check::{CheckError, check};
use windlass_regalloc::*;

fn with_ints(ints: ClassSpec) -> Machine {
    Machine { classes: [ints, ClassSpec::NONE, ClassSpec::NONE, ClassSpec::NONE], ..tiny(false) }
}

fn operand(role: Role, class: Class, width: u8, constraint: Constraint) -> Operand {
    Operand { role, class, width, constraint }
}

/// A value of this class and width is defined, lives across a call, and is used.
fn across_a_call(class: Class, width: u8, clobbers: Clobbers) -> Code {
    let (mut f, v) = start(1, 1);
    let x = f.vreg(class, width);
    f.listed(0, CALL, &[(operand(Role::Def, class, width, Constraint::Reg), x)], RegSet::EMPTY);
    f.listed(0, CALL, &[(uses(Constraint::Fixed(r(0))), v[0])], clobbers);
    f.listed(0, RET, &[(operand(Role::Use, class, width, Constraint::Reg), x)], RegSet::EMPTY);
    f.finish()
}

#[test]
fn what_is_wider_than_a_call_keeps_goes_to_memory() {
    let machine = paper();
    for (class, width, kept) in [
        (Class::Int, 8, false),
        (Class::Int, 4, true),
        (Class::Vec, 16, false),
        (Class::Vec, 8, true),
        (Class::Float, 8, true),
    ] {
        let code = across_a_call(class, width, call_clobbers(&machine));
        let (_, alloc) = verify(&code, &machine, &mut Context::default(), 1);
        let expected = if kept { (0, 1) } else { (8.max(width) as u32, 0) };
        assert_eq!((alloc.spill_size, alloc.saved.count()), expected, "{class:?}, {width} bytes");
    }
}

#[test]
fn the_checker_knows_how_much_a_call_keeps() {
    let machine = paper();
    let mut before = across_a_call(Class::Vec, 8, call_clobbers(&machine));
    let (mut after, mut alloc) = (before.clone(), Allocation::default());
    assert_eq!(allocate(&mut after, &machine, &mut Context::default(), &mut alloc), Ok(()));
    assert_eq!(check(&before, &after, &alloc, &machine), Ok(()));
    for code in [&mut before, &mut after] {
        code.lists.iter_mut().for_each(|list| list.clobbers.kept[Class::Vec as usize] = 4);
    }
    alloc.saved = machine.callee_saved;
    let result = check(&before, &after, &alloc, &machine);
    assert!(matches!(result, Err(CheckError::Use { inst: 3, valid: 4, .. })), "{result:?}");
}

/// A callee that keeps less of a register than the function's own convention demands costs a save.
#[test]
fn narrowed_callee_saves_are_saved() {
    let machine = usual();
    for (kept, saved) in [(4, RegSet::EMPTY.with(r(12))), (8, RegSet::EMPTY)] {
        let (mut f, v) = start(1, 1);
        let clobbers =
            Clobbers { lost: caller_saved(&machine), narrowed: RegSet::EMPTY.with(r(12)), kept: [kept; CLASSES] };
        f.listed(0, CALL, &[(uses(Constraint::Fixed(r(0))), v[0])], clobbers);
        f.listed(0, RET, &[], RegSet::EMPTY);
        let before = f.finish();
        let (after, mut alloc) = verify(&before, &machine, &mut Context::default(), 1);
        assert_eq!(alloc.saved, saved);
        alloc.saved = RegSet::EMPTY;
        let result = check(&before, &after, &alloc, &machine);
        assert_eq!(result, if kept == 4 { Err(CheckError::Saved(r(12))) } else { Ok(()) });
    }
}

/// Results that a call leaves in no register of their own keep off those that it narrows, if they are wider.
#[test]
fn results_survive_their_own_call() {
    let machine = paper();
    for width in [8, 4] {
        let (mut f, v) = start(1, 1);
        let result = f.vreg(Class::Int, width);
        let lost = RegSet::of(Class::Int, 0b10);
        let narrowed = RegSet::of(Class::Int, 0b1101);
        let def = operand(Role::Def, Class::Int, width, Constraint::Reg);
        let clobbers = Clobbers { lost, narrowed, kept: [4; CLASSES] };
        f.listed(0, CALL, &[(def, result), (uses(Constraint::Fixed(r(0))), v[0])], clobbers);
        f.listed(0, RET, &[(operand(Role::Use, Class::Int, width, Constraint::Reg), result)], RegSet::EMPTY);
        let (code, _) = verify(&f.finish(), &machine, &mut Context::default(), 1);
        let at = loc(&code, 1, 0).as_reg().expect("a register");
        assert_eq!(narrowed.contains(at), width == 4, "{at:?}");
        assert!(!lost.contains(at));
    }
}

/// More values of each width than registers, live across several calls, around a loop.
#[test]
fn many_widths_around_calls_in_a_loop() {
    let machine = paper();
    let (mut f, v) = start(3, 3);
    let wide: Vec<u32> = (0..6).map(|n| emit(&mut f, 0, ADD3, &[v[n % 3], v[n % 2]])).collect();
    let narrow: Vec<u32> = (0..6).map(|_| f.vreg(Class::Int, 4)).collect();
    let floats: Vec<u32> = (0..6).map(|_| f.vreg(Class::Float, 8)).collect();
    let vectors: Vec<u32> = (0..6).map(|_| f.vreg(Class::Vec, 16)).collect();
    for n in 0..6 {
        f.inst(0, TRUNC, &[narrow[n], wide[n]]);
        f.inst(0, FCVT, &[floats[n], wide[n]]);
        f.inst(0, VCVT, &[vectors[n], wide[n]]);
    }
    f.inst(0, JUMP, &[]);
    let mut params: Vec<u32> = Vec::new();
    for (class, width) in [(Class::Int, 8), (Class::Int, 4), (Class::Float, 8), (Class::Vec, 16)] {
        params.extend((0..2).map(|_| f.param(1, class, width)));
    }
    let first = |list: &[u32]| [list[0], list[1]];
    let args = [first(&wide), first(&narrow), first(&floats), first(&vectors)].concat();
    f.jump(0, 1, &args);
    f.listed(1, CALL, &[(uses(Constraint::Fixed(r(0))), params[0])], call_clobbers(&machine));
    let sum = emit(&mut f, 1, ADD3, &[params[0], params[1]]);
    f.listed(1, CALL, &[(uses(Constraint::Fixed(r(0))), sum)], call_clobbers(&machine));
    f.inst(1, CMPBR, &[sum, wide[2]]);
    // Each pair of parameters is exchanged.
    let crossed: Vec<u32> = params.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
    f.jump(1, 1, &crossed);
    f.jump(1, 2, &[]);
    let mut list: Vec<_> = Vec::new();
    for &x in [&wide, &narrow, &floats, &vectors, &params].into_iter().flatten() {
        let info = f.code.vregs[x as usize];
        list.push((operand(Role::Use, info.class, info.width, Constraint::Any), x));
    }
    f.listed(2, RET, &list, RegSet::EMPTY);
    let code = f.finish();
    for seed in 0..20 {
        verify(&code, &machine, &mut Context::default(), seed);
    }
}

#[test]
fn cycles_go_through_a_scratch_register() {
    let scratch = const { &[r(30)] };
    let machine = Machine {
        callee_saved: RegSet::EMPTY,
        ..with_ints(ClassSpec { scratch, ..ints(const { &[r(0), r(1)] }, false) })
    };
    let alloc = swap_loop(&machine);
    let through = |edit: &Edit| matches!(edit, Edit::Move { to, .. } if *to == Loc::reg(r(30)));
    assert_eq!((alloc.edge_edits.len(), alloc.spill_size), (3, 0));
    assert!(alloc.edge_edits.iter().any(through));
    // To the function it is a callee-saved register like any other.
    let saving = Machine { callee_saved: RegSet::EMPTY.with(r(30)).with(r(29)), ..machine };
    assert_eq!(swap_loop(&saving).saved, RegSet::EMPTY.with(r(30)));
}

/// Parameters in memory that rotate: each goes through the scratch register, and none is put aside for it.
#[test]
fn memory_goes_to_memory_through_a_scratch_register() {
    let scratch = const { &[r(30)] };
    let machine = with_ints(ClassSpec { scratch, ..ints(const { &[r(0), r(1), r(2), r(3)] }, false) });
    let (mut f, v) = start(3, 4);
    f.inst(0, JUMP, &[]);
    let params: Vec<u32> = (0..12).map(|_| f.param(1, Class::Int, 8)).collect();
    f.jump(0, 1, &(0..12).map(|n| v[n % 4]).collect::<Vec<_>>());
    let sum = params[1..].iter().fold(params[0], |sum, &p| emit(&mut f, 1, ADD3, &[sum, p]));
    f.inst(1, CMPBR, &[sum, params[1]]);
    let mut rotated = params.clone();
    rotated.rotate_left(1);
    f.jump(1, 1, &rotated);
    f.jump(1, 2, &[]);
    ret(&mut f, 2, &[sum]);
    let (_, alloc) = run(f, &machine);
    let edits = || alloc.edits.iter().map(|(_, edit)| edit).chain(&alloc.edge_edits);
    let loads =
        |edit: &&Edit| matches!(edit, Edit::Move { from, to, .. } if from.as_reg().is_none() && *to == Loc::reg(r(30)));
    assert!(edits().filter(loads).count() > 4);
    assert!(alloc.spill_size <= 12 * 8 + 8, "{}", alloc.spill_size);
}

/// Instructions may be fixed to a scratch register, which moves then leave alone.
#[test]
fn operands_in_scratch_registers() {
    for machine in
        [paper(), with_ints(ClassSpec { scratch: const { &[r(31)] }, ..ints(const { &[r(0), r(1), r(2)] }, false) })]
    {
        let (mut f, v) = start(1, 3);
        let a = emit(&mut f, 0, RESERVED, &[v[0], v[1]]);
        let b = emit(&mut f, 0, RESERVED, &[a, a]);
        let c = emit(&mut f, 0, TWOFIX, &[v[1], v[0], b]);
        ret(&mut f, 0, &[b, c, v[0], v[2]]);
        run(f, &machine);
    }
}

/// The emitter may use scratch registers between any two instructions.
#[test]
fn the_checker_keeps_values_out_of_scratch_registers() {
    let machine = with_ints(ClassSpec { scratch: const { &[r(30)] }, ..ints(const { &[r(0), r(1)] }, false) });
    let (mut f, v) = start(1, 1);
    emit(&mut f, 0, CONST, &[]);
    ret(&mut f, 0, &v);
    let before = f.finish();
    let copy = |from, to| Edit::Move { from: Loc::reg(from), to: Loc::reg(to), class: Class::Int, width: 8 };
    let mut after = before.clone();
    after.pool[before.insts[0].ops as usize] = Loc::reg(r(0)).0;
    after.pool[before.insts[1].ops as usize] = Loc::reg(r(1)).0;
    after.pool[before.insts[2].ops as usize] = Loc::reg(r(0)).0;
    let judge = |first| {
        let there = (Place::Before(first), copy(r(0), r(30)));
        let back = (Place::Before(2), copy(r(30), r(0)));
        let edits = vec![there, (Place::Before(2), copy(r(1), r(0))), back];
        check(&before, &after, &Allocation { edits, ..Allocation::default() }, &machine)
    };
    assert_eq!(judge(2), Ok(()));
    assert!(matches!(judge(1), Err(CheckError::Use { inst: 2, valid: 0, .. })));
}

#[test]
fn machines_that_make_no_sense_are_errors() {
    let code = || {
        let (mut f, v) = start(1, 1);
        ret(&mut f, 0, &v);
        f
    };
    let both = ClassSpec { scratch: const { &[r(1)] }, ..ints(const { &[r(0), r(1)] }, false) };
    assert!(matches!(fails(code(), &with_ints(both)), Error::Machine(_)));
    let other = ints(const { &[r(0), x(1)] }, false);
    assert!(matches!(fails(code(), &with_ints(other)), Error::Machine(_)));
    let other = ClassSpec { scratch: const { &[x(1)] }, ..ints(const { &[r(0)] }, false) };
    assert!(matches!(fails(code(), &with_ints(other)), Error::Machine(_)));
}

#[test]
fn widths_that_a_class_lacks_are_errors() {
    let machine = paper();
    for (class, width) in [(Class::Float, 4), (Class::Vec, 32), (Class::Int, 12), (Class::Int, 0), (Class::Mask, 8)] {
        let (mut f, v) = start(1, 1);
        let vreg = f.vreg(class, width);
        ret(&mut f, 0, &v);
        assert_eq!(fails(f, &machine), Error::Width { vreg, width, class });
    }
}

/// One register number in three classes: they are three registers.
#[test]
fn classes_do_not_interfere() {
    let mut f = Func::new(1);
    let values: Vec<(Class, u8, PReg, u32)> =
        [(Class::Int, 8, r(0)), (Class::Vec, 16, x(0)), (Class::Float, 8, super::rows::f(0))]
            .map(|(class, width, reg)| (class, width, reg, f.vreg(class, width)))
            .to_vec();
    let list = |role| {
        values
            .iter()
            .map(|&(class, width, reg, v)| (operand(role, class, width, Constraint::Fixed(reg)), v))
            .collect::<Vec<_>>()
    };
    let (defs, used) = (list(Role::Def), list(Role::Use));
    f.listed(0, ENTRY, &defs, RegSet::EMPTY);
    f.listed(0, RET, &used, RegSet::EMPTY);
    let (_, alloc) = verify(&f.finish(), &paper(), &mut Context::default(), 1);
    assert_eq!(alloc.edits, []);
}
