//! The printer, on a small loop before and after allocation.

use super::func::Func;
use super::rows::*;
use windlass_regalloc::display::Listing;
use windlass_regalloc::*;

const BEFORE: &str = "\
block0(): depth 0
    0: row35 def.r0 v0 def.r1 v1
    1: row0
    -> block1(v0)
block1(v2): depth 1
    2: row10 def.tied1 v3 use v2 use v1
    3: row2 use v3 use v1
    -> block1(v3)
    -> block2()
block2(): depth 0
    4: row34 use.r0 v1
";

const AFTER: &str = "\
block0(): depth 0
    0: row35 def.r0 r0 def.r1 r1
    1: row0
    -> block1(r0)
block1(r0): depth 1
    2: row10 def.tied1 r0 use r0 use r1
    3: row2 use r0 use r1
    -> block1(r0)
    -> block2()
block2(): depth 0
        r0 = r1 (8 bytes)
    4: row34 use.r0 r0
spill 0 bytes, saved
";

#[test]
fn a_loop() {
    let mut f = Func::new(3);
    let (a, b) = (f.int(), f.int());
    let op = |role, n| Operand { role, class: Class::Int, width: 8, constraint: Constraint::Fixed(r(n)) };
    f.listed(0, ENTRY, &[(op(Role::Def, 0), a), (op(Role::Def, 1), b)], RegSet::EMPTY);
    f.inst(0, JUMP, &[]);
    let p = f.param(1, Class::Int, 8);
    let next = f.int();
    f.jump(0, 1, &[a]);
    f.inst(1, SUB2, &[next, p, b]);
    f.inst(1, CMPBR, &[next, b]);
    f.jump(1, 1, &[next]);
    f.jump(1, 2, &[]);
    f.listed(2, RET, &[(op(Role::Use, 0), b)], RegSet::EMPTY);
    let mut code = f.finish();
    assert_eq!(Listing { code: &code, rows: ROWS, alloc: None }.to_string(), BEFORE);
    let mut alloc = Allocation::default();
    allocate(&mut code, &usual(), &mut Context::default(), &mut alloc).expect("valid");
    assert_eq!(Listing { code: &code, rows: ROWS, alloc: Some(&alloc) }.to_string(), AFTER);
}

#[test]
fn clobbers_with_the_bytes_that_are_kept() {
    let mut f = Func::new(1);
    let clobbers = Clobbers {
        lost: RegSet::EMPTY.with(r(0)),
        narrowed: RegSet::EMPTY.with(x(8)).with(super::rows::f(3)),
        kept: [0, 8, 4, 0],
    };
    f.listed(0, CALL, &[], clobbers);
    f.listed(0, RET, &[], RegSet::EMPTY);
    let text = Listing { code: &f.finish(), rows: ROWS, alloc: None }.to_string();
    assert_eq!(text.lines().nth(1), Some(format!("    0: row{CALL} clobbers r0 x8>8 f3>4").as_str()));
}
