//! The invented machine: rows with every kind of constraint, and register files of several sizes.

use windlass_regalloc::Role::{Def, EarlyDef, Temp, Use};
use windlass_regalloc::*;

const fn op(role: Role, constraint: Constraint) -> Operand {
    Operand { role, class: Class::Int, width: 8, constraint }
}
const fn vec(role: Role, constraint: Constraint) -> Operand {
    Operand { role, class: Class::Vec, width: 16, constraint }
}
const fn vec_low(role: Role, constraint: Constraint) -> Operand {
    Operand { role, class: Class::Vec, width: 8, constraint }
}
const fn float(role: Role, constraint: Constraint) -> Operand {
    Operand { role, class: Class::Float, width: 8, constraint }
}
const fn narrow(role: Role) -> Operand {
    Operand { role, class: Class::Int, width: 4, constraint: Constraint::Reg }
}
pub const fn r(n: u8) -> PReg {
    PReg::new(Class::Int, n)
}
pub const fn x(n: u8) -> PReg {
    PReg::new(Class::Vec, n)
}
pub const fn f(n: u8) -> PReg {
    PReg::new(Class::Float, n)
}
const R: Constraint = Constraint::Reg;
const fn fix(n: u8) -> Constraint {
    Constraint::Fixed(r(n))
}

const PLAIN: RowSpec = RowSpec {
    operands: &[],
    listed: false,
    commutes: None,
    copy: None,
    remat: false,
    reads_flags: false,
    writes_flags: false,
    clobbers: RegSet::EMPTY,
};
const fn row(operands: &'static [Operand]) -> RowSpec {
    RowSpec { operands, ..PLAIN }
}
const fn flags(operands: &'static [Operand]) -> RowSpec {
    RowSpec { operands, writes_flags: true, ..PLAIN }
}

macro_rules! rows {
    ($($name:ident = $spec:expr;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u16)]
        enum Index { $($name),* }
        $(pub const $name: u16 = Index::$name as u16;)*
        pub static ROWS: &[RowSpec] = &[$($spec),*];
    };
}

rows! {
    JUMP = PLAIN;
    BRIF = RowSpec { reads_flags: true, ..PLAIN };
    CMPBR = row(&[op(Use, R), op(Use, R)]);
    SWITCH = row(&[op(Use, R), op(Temp, R)]);
    CMP = flags(&[op(Use, R), op(Use, R)]);
    SETCC = RowSpec { reads_flags: true, ..row(&[op(Def, R)]) };
    CONST = RowSpec { remat: true, ..row(&[op(Def, R)]) };
    VCONST = RowSpec { remat: true, ..row(&[vec(Def, R)]) };
    ADD3 = row(&[op(Def, R), op(Use, R), op(Use, R)]);
    ADD2 = RowSpec { commutes: Some((1, 2)), ..flags(&[op(Def, Constraint::Tied(1)), op(Use, R), op(Use, R)]) };
    SUB2 = flags(&[op(Def, Constraint::Tied(1)), op(Use, R), op(Use, R)]);
    SHL = flags(&[op(Def, Constraint::Tied(1)), op(Use, R), op(Use, fix(1))]);
    DIV = flags(&[op(Def, fix(0)), op(Def, fix(2)), op(Use, fix(0)), op(Use, fix(2)), op(Use, R)]);
    EARLY = row(&[op(EarlyDef, R), op(Use, R), op(Use, R)]);
    TEMP = row(&[op(Def, R), op(Use, R), op(Temp, R)]);
    COPY = RowSpec { copy: Some((0, 1)), ..row(&[op(Def, R), op(Use, R)]) };
    STORE = row(&[op(Use, R), op(Use, R), op(Use, R)]);
    LOAD = row(&[op(Def, R), op(Use, R), op(Use, R)]);
    ANYUSE = row(&[op(Use, Constraint::Any), op(Use, Constraint::Any), op(Use, R)]);
    ANYDEF = row(&[op(Def, Constraint::Any), op(Use, R)]);
    CLOBBER = RowSpec { clobbers: RegSet::EMPTY.with(r(0)).with(x(0)), ..row(&[op(Def, R), op(Use, R)]) };
    FIXCLOB = RowSpec { clobbers: RegSet::EMPTY.with(r(1)), ..row(&[op(Def, R), op(Use, fix(1)), op(Use, R)]) };
    TWOFIX = row(&[op(Def, fix(0)), op(Use, fix(0)), op(Use, fix(1)), op(Use, R)]);
    FIXTEMP = row(&[op(Def, R), op(Use, R), op(Temp, fix(2)), op(EarlyDef, fix(0))]);
    FIXTIED = row(&[op(Def, Constraint::Tied(1)), op(Use, fix(0)), op(Use, R)]);
    NARROW = row(&[narrow(Def), narrow(Use), narrow(Use)]);
    WIDEN = row(&[op(Def, R), narrow(Use)]);
    TRUNC = row(&[narrow(Def), op(Use, R)]);
    VADD = row(&[vec(Def, R), vec(Use, R), vec(Use, R)]);
    VTIED = row(&[vec(Def, Constraint::Tied(1)), vec(Use, R), vec(Use, Constraint::Any)]);
    VCVT = row(&[vec(Def, R), op(Use, R)]);
    VBITS = row(&[op(Def, R), vec(Use, R)]);
    RESERVED = row(&[op(Def, fix(31)), op(Use, fix(31)), op(Use, R)]);
    CALL = RowSpec { listed: true, writes_flags: true, ..PLAIN };
    RET = RowSpec { listed: true, ..PLAIN };
    ENTRY = RowSpec { listed: true, ..PLAIN };
    VLOW = row(&[vec_low(Def, R), vec(Use, R), vec_low(Use, R)]);
    VHIGH = row(&[vec(Def, R), vec_low(Use, R), vec_low(Use, Constraint::Any)]);
    FADD = row(&[float(Def, R), float(Use, R), float(Use, R)]);
    FTIED = row(&[float(Def, Constraint::Tied(1)), float(Use, R), float(Use, Constraint::Any)]);
    FCVT = row(&[float(Def, R), op(Use, R)]);
    FBITS = row(&[op(Def, R), float(Use, R)]);
    FSPLAT = row(&[vec(Def, R), float(Use, R)]);
    FCONST = RowSpec { remat: true, ..row(&[float(Def, R)]) };
    PAIR_DIV = flags(&[op(Def, fix(2)), op(Def, fix(3)), op(Use, fix(2)), op(Use, fix(3)), op(Use, R)]);
    PAIR_SWAP = row(&[op(Def, fix(3)), op(Def, fix(2)), op(Use, fix(3)), op(Use, fix(2))]);
    PAIR_USE = row(&[op(Def, R), op(Use, fix(2)), op(Use, fix(3)), op(Use, R)]);
    PAIR_DEF = row(&[op(Def, fix(2)), op(Def, fix(3)), op(Use, R), op(Use, R)]);
    PAIR_EARLY = row(&[op(EarlyDef, fix(2)), op(EarlyDef, fix(3)), op(Use, R), op(Use, R)]);
    PAIR_TIED = row(&[op(Def, Constraint::Tied(2)), op(Def, Constraint::Tied(3)), op(Use, fix(2)), op(Use, fix(3))]);
    PAIR_NEXT = row(&[op(Def, fix(2)), op(Def, fix(3)), op(Use, fix(0)), op(Use, fix(1))]);
    PAIR_OVERLAP = row(&[op(Def, fix(2)), op(Def, fix(3)), op(Use, fix(1)), op(Use, fix(2)), op(Use, R)]);
    WIDE = row(&[op(Def, R), op(Use, R), op(Use, R), op(Use, R), op(Use, R)]);
}

macro_rules! regs {
    ($make:ident: $($n:literal)*) => {{ const LIST: &[PReg] = &[$($make($n)),*]; LIST }};
}

fn set(regs: &[PReg]) -> RegSet {
    regs.iter().fold(RegSet::EMPTY, |set, &r| set.with(r))
}

const NO_SCRATCH: &[PReg] = &[];

const fn class(order: &'static [PReg], exchange: bool, widths: u8, kept: u8) -> ClassSpec {
    ClassSpec { order, scratch: NO_SCRATCH, exchange, widths, kept }
}

/// General registers of 8 bytes.
pub const fn ints(order: &'static [PReg], exchange: bool) -> ClassSpec {
    class(order, exchange, 4 | 8, 8)
}

/// Vector registers of any width.
pub const fn vecs(order: &'static [PReg]) -> ClassSpec {
    class(order, false, 4 | 8 | 16 | 32 | 64, 64)
}

/// Four registers of each class, one of them callee-saved.
pub fn tiny(exchange: bool) -> Machine {
    Machine {
        rows: ROWS,
        classes: [ints(regs!(r: 0 1 2 3), exchange), vecs(regs!(x: 0 1 2 3)), ClassSpec::NONE, ClassSpec::NONE],
        callee_saved: set(&[r(3), x(3)]),
    }
}

/// Seven registers, two callee-saved; no callee-saved vector registers.
pub fn small() -> Machine {
    let (ints, vecs) = (ints(regs!(r: 0 1 2 3 4 5 6), false), vecs(regs!(x: 0 1 2 3 4 5)));
    Machine { rows: ROWS, classes: [ints, vecs, ClassSpec::NONE, ClassSpec::NONE], callee_saved: set(&[r(5), r(6)]) }
}

/// A usual machine.
pub fn usual() -> Machine {
    let ints = ints(regs!(r: 0 1 2 6 7 8 9 10 11 3 12 13 14 15), true);
    let vecs = vecs(regs!(x: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15));
    Machine {
        rows: ROWS,
        classes: [ints, vecs, ClassSpec::NONE, ClassSpec::NONE],
        callee_saved: set(&[r(3), r(12), r(13), r(14), r(15)]),
    }
}

/// A machine on paper: three classes, callee-saved registers of which only the low halves are kept, reserved registers
/// for moves, and no exchange.
pub fn paper() -> Machine {
    let ints = ClassSpec { scratch: regs!(r: 30), ..class(regs!(r: 0 1 2 3 8 9 10), false, 4 | 8, 4) };
    let vecs = class(regs!(x: 0 1 2 8 9 10), false, 8 | 16, 8);
    let floats = ClassSpec { scratch: regs!(f: 31), ..class(regs!(f: 0 1 2 8 9), false, 8, 8) };
    Machine {
        rows: ROWS,
        classes: [ints, vecs, floats, ClassSpec::NONE],
        callee_saved: set(&[r(8), r(9), r(10), x(8), x(9), x(10), f(8), f(9)]),
    }
}

/// All machines.
pub fn machines() -> [Machine; 5] {
    [tiny(true), tiny(false), small(), usual(), paper()]
}

/// Registers that calls destroy.
pub fn caller_saved(machine: &Machine) -> RegSet {
    let all = machine.classes.iter().flat_map(|class| class.order.iter().copied());
    set(&all.filter(|&r| !machine.callee_saved.contains(r)).collect::<Vec<_>>())
}

/// What calls destroy, wholly or in part.
pub fn call_clobbers(machine: &Machine) -> Clobbers {
    let kept = machine.classes.map(|class| class.kept);
    Clobbers { lost: caller_saved(machine), narrowed: machine.callee_saved, kept }
}
