//! The table of operations. A row reads: documentation, name in CLIF and in Rust, format, operands, results, controlling
//! type, effects, meaning. The meaning is a function of the environment, the immediates and the operands.

use super::*;

type Args<'a, B> = &'a [B];

/// Builds [`Opcode`], [`OPS`] and [`meaning`] from the rows.
macro_rules! ops { ($( $(#[doc = $doc:literal])* $name:literal $op:ident $format:ident
    ($($a:ident: $at:expr),*) -> ($($r:ident: $rt:expr),*) $ctv:expr, $effects:expr, $kind:ident $meaning:expr; )*) => {
    /// An operation of the IR.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
    #[repr(u8)]
    pub enum Opcode { $( $(#[doc = $doc])* $op ),* }

    impl Opcode {
        /// All operations, in the order of their numbers.
        pub const ALL: &'static [Opcode] = &[$(Opcode::$op),*];
        /// The operation with this name in CLIF.
        pub fn parse(name: &str) -> Option<Opcode> {
            match name { $($name => Some(Opcode::$op),)* _ => None }
        }
    }

    /// All rows, indexed by [`Opcode`].
    pub static OPS: &[OpRow] = &[$( OpRow {
        name: $name,
        doc: concat!($($doc, "\n"),*),
        format: Format::$format,
        operands: &[$(Operand { name: stringify!($a), ty: $at }),*],
        results: &[$(Operand { name: stringify!($r), ty: $rt }),*],
        ctv: $ctv,
        effects: $effects,
        no_meaning: ops!(@reason $kind $meaning),
    } ),*];

    /// Runs the meaning of `op` and returns its results, none if the row has no meaning ([`OpRow::no_meaning`]).
    pub fn meaning<E: Env>(op: Opcode, e: &mut E, i: &Imms<E::B>, args: &[E::B]) -> Results<E::B> {
        match op { $( Opcode::$op => ops!(@run $kind $meaning, e, i, args) ),* }
    }
};
    (@reason is $meaning:expr) => { None };
    (@reason no_meaning $why:expr) => { Some($why) };
    (@run is $meaning:expr, $e:ident, $i:ident, $args:ident) => {{
        let f: fn(&mut E, &Imms<E::B>, Args<E::B>) -> Results<E::B> = $meaning;
        f($e, $i, $args)
    }};
    (@run no_meaning $why:expr, $e:ident, $i:ident, $args:ident) => {{ let _ = ($e, $i, $args); vec![] }};
}

use Ty::{AsTruthy, Ctv as T, In, Is, Narrower, Wider};

const PURE: Effects = Effects::PURE;
const COMMUTES: Effects = Effects::COMMUTES;
const END: Effects = Effects::TERMINATOR;
const TRAPS: Effects = Effects::TRAP.or(Effects::IDEMPOTENT);
const LOADS: Effects = Effects::LOAD;
const STORES: Effects = Effects::STORE;

ops! {
    /// Goes to a block with arguments.
    "jump" Jump Jump () -> () Ctv::None, END.or(Effects::BRANCH), no_meaning "control: interpreter and lowering follow it";
    /// Goes to the first target if `c` is not 0, else to the second.
    "brif" Brif Brif (c: T) -> () Ctv::Operand(0, INT_SCALARS), END.or(Effects::BRANCH),
        is |e, _, a| { let c = a[0].is_zero().not(); e.branch(&c); vec![] };
    /// Traps, always.
    "trap" Trap Trap () -> () Ctv::None, END.or(Effects::TRAP),
        is |e, i, _| { e.trap_if(&E::B::lit(1, 1), i.code); vec![] };
    /// Traps if `c` is 0.
    "trapz" Trapz CondTrap (c: T) -> () Ctv::Operand(0, INT_SCALARS), TRAPS,
        is |e, i, a| { e.trap_if(&a[0].is_zero(), i.code); vec![] };
    /// Traps if `c` is not 0.
    "trapnz" Trapnz CondTrap (c: T) -> () Ctv::Operand(0, INT_SCALARS), TRAPS,
        is |e, i, a| { e.trap_if(&a[0].is_zero().not(), i.code); vec![] };
    /// Returns from the function with values as its signature says.
    "return" Return MultiAry () -> () Ctv::None, END.or(Effects::RETURN), no_meaning "control: interpreter and lowering follow it";
    /// Calls a function.
    "call" Call Call () -> () Ctv::None, Effects::CALL, no_meaning "control: interpreter and lowering follow it";
    /// Calls the function at an address, which must have the given signature.
    "call_indirect" CallIndirect CallIndirect (callee: T) -> () Ctv::Operand(0, ADDR), Effects::CALL,
        no_meaning "control: interpreter and lowering follow it";
    /// The address of a function.
    "func_addr" FuncAddr FuncAddr () -> (addr: T) Ctv::Suffix(ADDR), PURE,
        is |_, i, _| vec![i.imm.resize(i.ty.bits())];
    /// Loads a value from memory at `p` plus the offset.
    "load" Load Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(MEM), LOADS,
        is |e, i, a| load_ext(e, i, &a[0], i.ty.bits(), false);
    /// Stores `x` to memory at `p` plus the offset.
    "store" Store Store (x: T, p: In(ADDR)) -> () Ctv::Operand(0, MEM), STORES,
        is |e, i, a| store_low(e, i, &a[0], &a[1], i.ty.bits());
    /// Loads 8 bits and zero-extends them.
    "uload8" Uload8 Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(EXT8), LOADS, is |e, i, a| load_ext(e, i, &a[0], 8, false);
    /// Loads 8 bits and sign-extends them.
    "sload8" Sload8 Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(EXT8), LOADS, is |e, i, a| load_ext(e, i, &a[0], 8, true);
    /// Stores the low 8 bits of `x`.
    "istore8" Istore8 Store (x: T, p: In(ADDR)) -> () Ctv::Operand(0, EXT8), STORES,
        is |e, i, a| store_low(e, i, &a[0], &a[1], 8);
    /// Loads 16 bits and zero-extends them.
    "uload16" Uload16 Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(EXT16), LOADS, is |e, i, a| load_ext(e, i, &a[0], 16, false);
    /// Loads 16 bits and sign-extends them.
    "sload16" Sload16 Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(EXT16), LOADS, is |e, i, a| load_ext(e, i, &a[0], 16, true);
    /// Stores the low 16 bits of `x`.
    "istore16" Istore16 Store (x: T, p: In(ADDR)) -> () Ctv::Operand(0, EXT16), STORES,
        is |e, i, a| store_low(e, i, &a[0], &a[1], 16);
    /// Loads 32 bits and zero-extends them.
    "uload32" Uload32 Load (p: T) -> (a: Is(I64)) Ctv::Operand(0, ADDR), LOADS, is |e, i, a| load_ext(e, i, &a[0], 32, false);
    /// Loads 32 bits and sign-extends them.
    "sload32" Sload32 Load (p: T) -> (a: Is(I64)) Ctv::Operand(0, ADDR), LOADS, is |e, i, a| load_ext(e, i, &a[0], 32, true);
    /// Stores the low 32 bits of `x`.
    "istore32" Istore32 Store (x: T, p: In(ADDR)) -> () Ctv::Operand(0, EXT32), STORES,
        is |e, i, a| store_low(e, i, &a[0], &a[1], 32);
    /// The address of a stack slot plus the offset.
    "stack_addr" StackAddr StackAddr () -> (addr: T) Ctv::Suffix(ADDR), PURE,
        is |_, i, _| vec![i.imm.resize(i.ty.bits())];
    /// An integer.
    "iconst" Iconst UnaryImm () -> (a: T) Ctv::Suffix(NARROW_INT), PURE, is |_, i, _| vec![i.imm.resize(i.ty.bits())];
    /// Does nothing.
    "nop" Nop NullAry () -> () Ctv::None, PURE, is |_, _, _| vec![];
    /// `x` if `c` is not 0, else `y`.
    "select" Select Ternary (c: In(INT_SCALARS), x: T, y: T) -> (a: T) Ctv::Operand(1, ANY), PURE,
        is |_, _, a| vec![a[0].is_zero().ite(&a[2], &a[1])];
    /// Compares integers: 1 if the condition holds, else 0.
    "icmp" Icmp IntCompare (x: T, y: T) -> (a: AsTruthy) Ctv::Operand(0, INT_ANY), PURE,
        is |_, i, a| vec![i.cc.holds(&a[0], &a[1]).zext(8)];
    /// Sum, wrapping.
    "iadd" Iadd Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_ANY), COMMUTES, is |_, _, a| vec![a[0].add(&a[1])];
    /// Difference, wrapping.
    "isub" Isub Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_ANY), PURE, is |_, _, a| vec![a[0].sub(&a[1])];
    /// Negation, wrapping.
    "ineg" Ineg Unary (x: T) -> (a: T) Ctv::Operand(0, INT_ANY), PURE, is |_, _, a| vec![a[0].neg()];
    /// Product, wrapping.
    "imul" Imul Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_ANY), COMMUTES, is |_, _, a| vec![a[0].mul(&a[1])];
    /// Sum; traps if it does not fit, unsigned.
    "uadd_overflow_trap" UaddOverflowTrap IntAddTrap (x: T, y: T) -> (a: T) Ctv::Operand(0, ADDR), TRAPS.or(COMMUTES),
        is |e, i, a| { let s = a[0].add(&a[1]); e.trap_if(&s.ult(&a[0]), i.code); vec![s] };
    /// Bitwise and.
    "band" Band Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, ANY), COMMUTES, is |_, _, a| vec![a[0].and(&a[1])];
    /// Bitwise or.
    "bor" Bor Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, ANY), COMMUTES, is |_, _, a| vec![a[0].or(&a[1])];
    /// Bitwise exclusive or.
    "bxor" Bxor Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, ANY), COMMUTES, is |_, _, a| vec![a[0].xor(&a[1])];
    /// Bitwise not.
    "bnot" Bnot Unary (x: T) -> (a: T) Ctv::Operand(0, ANY), PURE, is |_, _, a| vec![a[0].not()];
    /// Rotates left; the amount is taken modulo the width.
    "rotl" Rotl Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, _, a| vec![a[0].rotl(&amount(&a[0], &a[1]))];
    /// Rotates right; the amount is taken modulo the width.
    "rotr" Rotr Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, _, a| vec![a[0].rotr(&amount(&a[0], &a[1]))];
    /// Shifts left; the amount is taken modulo the width.
    "ishl" Ishl Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, _, a| vec![a[0].shl(&amount(&a[0], &a[1]))];
    /// Shifts right, filling with zeros; the amount is taken modulo the width.
    "ushr" Ushr Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, _, a| vec![a[0].lshr(&amount(&a[0], &a[1]))];
    /// Shifts right, filling with the sign; the amount is taken modulo the width.
    "sshr" Sshr Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, _, a| vec![a[0].ashr(&amount(&a[0], &a[1]))];
    /// Zero-extends.
    "uextend" Uextend Unary (x: Narrower) -> (a: T) Ctv::Suffix(INT_SCALARS), PURE,
        is |_, i, a| vec![a[0].zext(i.ty.bits())];
    /// Sign-extends.
    "sextend" Sextend Unary (x: Narrower) -> (a: T) Ctv::Suffix(INT_SCALARS), PURE,
        is |_, i, a| vec![a[0].sext(i.ty.bits())];
    /// Truncates.
    "ireduce" Ireduce Unary (x: Wider) -> (a: T) Ctv::Suffix(INT_SCALARS), PURE,
        is |_, i, a| vec![a[0].extract(0, i.ty.bits())];
}
