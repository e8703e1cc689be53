//! The table of operations. A row reads: documentation, name in CLIF and in Rust, format, operands, results,
//! controlling type, effects, meaning. The meaning is a function of the environment, the immediates and the operands;
//! what does not fit a line is a function of the modules next door. Rows stand together by kind: control, memory,
//! atomics, machine state, constants, choice, lanes, integers, bits, floats, conversions.
//!
//! In documentation "of each lane" is not repeated: where a type is a vector, operations on integers and floats, and
//! conversions, do to each lane what they do to a scalar.

use super::*;

type Args<'a, B> = &'a [B];

/// Builds [`Opcode`], [`OPS`] and [`meaning`] from the rows.
macro_rules! ops { ($( $(#[doc = $doc:literal])* $name:literal $op:ident $format:ident
    ($($a:ident: $at:expr),*) -> ($($r:ident: $rt:expr),*) $ctv:expr, $effects:expr, $kind:ident $meaning:expr; )*) => {
    /// An operation of the IR.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
    #[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
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

use super::{float, int, mem, vector};
use crate::fp::{self, FpOp};
use Ty::{
    AsTruthy, Ctv as T, DoubleWidth, DynamicToVector, HalfWidth, In, Is, LaneOf, MergeLanes, Narrower, SplitLanes,
    Wider,
};

const PURE: Effects = Effects::PURE;
const COMMUTES: Effects = Effects::COMMUTES;
const NANS: Effects = Effects::MAKES_NANS;
const END: Effects = Effects::TERMINATOR;
const TRAPS: Effects = Effects::TRAP.or(Effects::IDEMPOTENT);
const LOADS: Effects = Effects::LOAD;
const STORES: Effects = Effects::STORE;
const OTHER: Effects = Effects::OTHER;
const CALLS: Effects = Effects::CALL;

ops! {
    // Control.

    /// Goes to a block with arguments.
    "jump" Jump Jump () -> () Ctv::None, END.or(Effects::BRANCH),
        no_meaning "control: interpreter and lowering follow it";
    /// Goes to the first target if `c` is not 0, else to the second.
    "brif" Brif Brif (c: T) -> () Ctv::Operand(0, INT_SCALARS), END.or(Effects::BRANCH),
        is |e, _, a| { let c = a[0].is_zero().not(); e.branch(&c); vec![] };
    /// Goes to the target that `x` counts out in the table, from 0 and unsigned, or to the default if there are too
    /// few.
    "br_table" BrTable BranchTable (x: Is(I32)) -> () Ctv::None, END.or(Effects::BRANCH),
        no_meaning "control: interpreter and lowering follow it";
    /// Stops where a debugger listens, and goes on afterwards. What the debugger does to memory is not known.
    "debugtrap" Debugtrap NullAry () -> () Ctv::None, LOADS.or(STORES).or(OTHER),
        no_meaning "the debugger decides what happens";
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
    "return" Return MultiAry () -> () Ctv::None, END.or(Effects::RETURN),
        no_meaning "control: interpreter and lowering follow it";
    /// Calls a function.
    "call" Call Call () -> () Ctv::None, CALLS, no_meaning "control: interpreter and lowering follow it";
    /// Calls the function at an address, which must have the given signature.
    "call_indirect" CallIndirect CallIndirect (callee: T) -> () Ctv::Operand(0, ADDR), CALLS,
        no_meaning "control: interpreter and lowering follow it";
    /// Calls a function that returns to this one's caller, with what this one would return. Both have the same
    /// convention, one that can do so, and this one's frame is gone when the callee starts.
    "return_call" ReturnCall Call () -> () Ctv::None, END.or(CALLS).or(Effects::RETURN),
        no_meaning "control: interpreter and lowering follow it";
    /// Like `return_call`, of the function at an address, which must have the given signature.
    "return_call_indirect" ReturnCallIndirect CallIndirect (callee: T) -> ()
        Ctv::Operand(0, ADDR), END.or(CALLS).or(Effects::RETURN),
        no_meaning "control: interpreter and lowering follow it";
    /// Calls a function that may throw. Its results are arguments of the edge of normal return; what is thrown selects
    /// one of the exception table's other edges by its tag, and its payload is their arguments.
    "try_call" TryCall TryCall () -> () Ctv::None, END.or(Effects::BRANCH).or(CALLS),
        no_meaning "control: interpreter and lowering follow it";
    /// Like `try_call`, of the function at an address, which must have the exception table's signature.
    "try_call_indirect" TryCallIndirect TryCallIndirect (callee: T) -> ()
        Ctv::Operand(0, ADDR), END.or(Effects::BRANCH).or(CALLS),
        no_meaning "control: interpreter and lowering follow it";
    /// The address of a function.
    "func_addr" FuncAddr FuncAddr () -> (addr: T) Ctv::Suffix(ADDR), PURE,
        is |_, i, _| vec![i.imm.resize(i.ty.bits())];
    /// The address at which a handler of a block's `try_call` is entered, by its place in the exception table.
    "get_exception_handler_address" GetExceptionHandlerAddress ExceptionHandlerAddress () -> (addr: T)
        Ctv::Suffix(ADDR), PURE,
        no_meaning "an address of machine code";
    /// Does nothing.
    "nop" Nop NullAry () -> () Ctv::None, PURE, is |_, _, _| vec![];
    /// Does nothing, but stays where it is among calls and accesses, so that debug tags have a place to be.
    "sequence_point" SequencePoint NullAry () -> () Ctv::None, OTHER, is |_, _, _| vec![];
    /// Saves this stack at `store_context_ptr`, goes on with the one saved at `load_context_ptr` and hands it
    /// `in_payload0`. The result is what is handed over when somebody comes back to the saved stack.
    "stack_switch" StackSwitch Ternary (store_context_ptr: T, load_context_ptr: T, in_payload0: T) -> (out_payload0: T)
        Ctv::Operand(1, ADDR), CALLS.or(LOADS).or(STORES).or(OTHER),
        no_meaning "control: it leaves the stack that meanings run on";

    // Memory. An address is `p` plus the offset, modulo the address's width. An access that cannot be done traps with
    // the code that the flags say; with `notrap` it must not happen.

    /// Loads a value. Lane 0 of a vector has the lowest address; the bytes of each lane stand in the order that the
    /// flags say. Floats keep all their bits.
    "load" Load Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(MEM), LOADS, is |e, i, a| mem::load(e, i, &a[0]);
    /// Stores `x` as `load` would find it.
    "store" Store Store (x: T, p: In(ADDR)) -> () Ctv::Operand(0, MEM), STORES,
        is |e, i, a| mem::store(e, i, &a[0], &a[1]);
    /// Loads 8 bits and zero-extends them.
    "uload8" Uload8 Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(EXT8), LOADS,
        is |e, i, a| mem::load_ext(e, i, &a[0], 8, false);
    /// Loads 8 bits and sign-extends them.
    "sload8" Sload8 Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(EXT8), LOADS,
        is |e, i, a| mem::load_ext(e, i, &a[0], 8, true);
    /// Stores the low 8 bits of `x`.
    "istore8" Istore8 Store (x: T, p: In(ADDR)) -> () Ctv::Operand(0, EXT8), STORES,
        is |e, i, a| mem::store_low(e, i, &a[0], &a[1], 8);
    /// Loads 16 bits and zero-extends them.
    "uload16" Uload16 Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(EXT16), LOADS,
        is |e, i, a| mem::load_ext(e, i, &a[0], 16, false);
    /// Loads 16 bits and sign-extends them.
    "sload16" Sload16 Load (p: In(ADDR)) -> (a: T) Ctv::Suffix(EXT16), LOADS,
        is |e, i, a| mem::load_ext(e, i, &a[0], 16, true);
    /// Stores the low 16 bits of `x`.
    "istore16" Istore16 Store (x: T, p: In(ADDR)) -> () Ctv::Operand(0, EXT16), STORES,
        is |e, i, a| mem::store_low(e, i, &a[0], &a[1], 16);
    /// Loads 32 bits and zero-extends them.
    "uload32" Uload32 Load (p: T) -> (a: Is(I64)) Ctv::Operand(0, ADDR), LOADS,
        is |e, i, a| mem::load_ext(e, i, &a[0], 32, false);
    /// Loads 32 bits and sign-extends them.
    "sload32" Sload32 Load (p: T) -> (a: Is(I64)) Ctv::Operand(0, ADDR), LOADS,
        is |e, i, a| mem::load_ext(e, i, &a[0], 32, true);
    /// Stores the low 32 bits of `x`.
    "istore32" Istore32 Store (x: T, p: In(ADDR)) -> () Ctv::Operand(0, EXT32), STORES,
        is |e, i, a| mem::store_low(e, i, &a[0], &a[1], 32);
    /// Loads a vector of 8 lanes of 8 bits and zero-extends each.
    "uload8x8" Uload8x8 Load (p: T) -> (a: Is(I16X8)) Ctv::Operand(0, ADDR), LOADS,
        is |e, i, a| mem::load_lanes(e, i, &a[0], I8X8, false);
    /// Loads a vector of 8 lanes of 8 bits and sign-extends each.
    "sload8x8" Sload8x8 Load (p: T) -> (a: Is(I16X8)) Ctv::Operand(0, ADDR), LOADS,
        is |e, i, a| mem::load_lanes(e, i, &a[0], I8X8, true);
    /// Loads a vector of 4 lanes of 16 bits and zero-extends each.
    "uload16x4" Uload16x4 Load (p: T) -> (a: Is(I32X4)) Ctv::Operand(0, ADDR), LOADS,
        is |e, i, a| mem::load_lanes(e, i, &a[0], I16X4, false);
    /// Loads a vector of 4 lanes of 16 bits and sign-extends each.
    "sload16x4" Sload16x4 Load (p: T) -> (a: Is(I32X4)) Ctv::Operand(0, ADDR), LOADS,
        is |e, i, a| mem::load_lanes(e, i, &a[0], I16X4, true);
    /// Loads a vector of 2 lanes of 32 bits and zero-extends each.
    "uload32x2" Uload32x2 Load (p: T) -> (a: Is(I64X2)) Ctv::Operand(0, ADDR), LOADS,
        is |e, i, a| mem::load_lanes(e, i, &a[0], I32X2, false);
    /// Loads a vector of 2 lanes of 32 bits and sign-extends each.
    "sload32x2" Sload32x2 Load (p: T) -> (a: Is(I64X2)) Ctv::Operand(0, ADDR), LOADS,
        is |e, i, a| mem::load_lanes(e, i, &a[0], I32X2, true);
    /// The address of a stack slot plus the offset.
    "stack_addr" StackAddr StackAddr () -> (addr: T) Ctv::Suffix(ADDR), PURE,
        is |_, i, _| vec![i.imm.resize(i.ty.bits())];
    /// The address of a stack slot whose size is known at run time.
    "dynamic_stack_addr" DynamicStackAddr DynamicStackAddr () -> (addr: T) Ctv::Suffix(ADDR), PURE,
        is |_, i, _| vec![i.imm.resize(i.ty.bits())];
    /// The value of a global, a symbol's address for instance.
    "symbol_value" SymbolValue UnaryGlobalValue () -> (a: T) Ctv::Suffix(MEM), PURE,
        is |_, i, _| vec![i.imm.resize(i.ty.bits())];
    /// The address of this thread's copy of a thread-local symbol.
    "tls_value" TlsValue UnaryGlobalValue () -> (a: T) Ctv::Suffix(MEM), PURE,
        no_meaning "an address that depends on the thread";

    // Atomics. All are sequentially consistent: every thread sees them in one order. `p` must be a multiple of the
    // size.

    /// Replaces `x` in memory by what an operation makes of it and `x`, and gives what was there, with no access of
    /// another thread in between.
    "atomic_rmw" AtomicRmw AtomicRmw (p: In(ADDR), x: T) -> (a: T) Ctv::Suffix(INT_SCALARS), LOADS.or(STORES).or(OTHER),
        is |e, i, a| mem::atomic_rmw(e, i, &a[0], &a[1]);
    /// Writes `x` to memory if `e` is there, and gives what was there, with no access of another thread in between.
    "atomic_cas" AtomicCas AtomicCas (p: In(ADDR), e: T, x: T) -> (a: T)
        Ctv::Operand(2, INT_SCALARS), LOADS.or(STORES).or(OTHER),
        is |e, i, a| mem::atomic_cas(e, i, &a[0], &a[1], &a[2]);
    /// Loads an integer, at once and in order with all other atomics.
    "atomic_load" AtomicLoad LoadNoOffset (p: In(ADDR)) -> (a: T) Ctv::Suffix(INT_SCALARS), LOADS.or(OTHER),
        is |e, i, a| mem::atomic_load(e, i, &a[0]);
    /// Stores an integer, at once and in order with all other atomics.
    "atomic_store" AtomicStore StoreNoOffset (x: T, p: In(ADDR)) -> () Ctv::Operand(0, INT_SCALARS), STORES.or(OTHER),
        is |e, i, a| mem::atomic_store(e, i, &a[0], &a[1]);
    /// Orders the accesses before it before those after it, for all threads that see them.
    "fence" Fence NullAry () -> () Ctv::None, OTHER, is |e, _, _| { e.fence(); vec![] };

    // Machine state.

    /// The register that is reserved where the setting says so.
    "get_pinned_reg" GetPinnedReg NullAry () -> (addr: T) Ctv::Suffix(ADDR), OTHER,
        no_meaning "a register of the machine";
    /// Writes the register that is reserved where the setting says so.
    "set_pinned_reg" SetPinnedReg Unary (addr: T) -> () Ctv::Operand(0, ADDR), OTHER,
        no_meaning "a register of the machine";
    /// The frame pointer, in functions that keep one.
    "get_frame_pointer" GetFramePointer NullAry () -> (addr: T) Ctv::Suffix(ADDR), PURE,
        no_meaning "a register of the machine";
    /// The stack pointer.
    "get_stack_pointer" GetStackPointer NullAry () -> (addr: T) Ctv::Suffix(ADDR), PURE,
        no_meaning "a register of the machine";
    /// The address that this function returns to, in functions that keep a frame pointer.
    "get_return_address" GetReturnAddress NullAry () -> (addr: T) Ctv::Suffix(ADDR), PURE,
        no_meaning "an address of machine code";

    // Constants.

    /// An integer.
    "iconst" Iconst UnaryImm () -> (a: T) Ctv::Suffix(NARROW_INT), PURE, is |_, i, _| vec![i.imm.resize(i.ty.bits())];
    /// A float of 16 bits.
    "f16const" F16const UnaryIeee16 () -> (a: Is(F16)) Ctv::None, PURE, is |_, i, _| vec![i.imm.resize(16)];
    /// A float of 32 bits.
    "f32const" F32const UnaryIeee32 () -> (a: Is(F32)) Ctv::None, PURE, is |_, i, _| vec![i.imm.resize(32)];
    /// A float of 64 bits.
    "f64const" F64const UnaryIeee64 () -> (a: Is(F64)) Ctv::None, PURE, is |_, i, _| vec![i.imm.resize(64)];
    /// A float of 128 bits, from the pool of constants.
    "f128const" F128const UnaryConst () -> (a: Is(F128)) Ctv::None, PURE, is |_, i, _| vec![i.imm.resize(128)];
    /// A vector from the pool of constants, lane 0 in its first bytes. What a short constant lacks is 0.
    "vconst" Vconst UnaryConst () -> (a: T) Ctv::Suffix(VECTORS_FIXED), PURE,
        is |_, i, _| vec![i.imm.resize(i.ty.bits())];

    // Choice.

    /// `x` if `c` is not 0, else `y`. Vectors are chosen whole.
    "select" Select Ternary (c: In(INT_SCALARS), x: T, y: T) -> (a: T) Ctv::Operand(1, ANY), PURE,
        is |_, _, a| vec![a[0].is_zero().ite(&a[2], &a[1])];
    /// Like `select`, but in a way that no speculation gets around: never by a branch, never from what is known about
    /// `c`.
    "select_spectre_guard" SelectSpectreGuard Ternary (c: In(INT_SCALARS), x: T, y: T) -> (a: T)
        Ctv::Operand(1, ANY), PURE,
        is |_, _, a| vec![a[0].is_zero().ite(&a[2], &a[1])];
    /// Each bit from `x` where that bit of `c` is 1, else from `y`.
    "bitselect" Bitselect Ternary (c: T, x: T, y: T) -> (a: T) Ctv::Operand(1, ANY), PURE,
        is |_, _, a| vec![a[0].and(&a[1]).or(&a[0].not().and(&a[2]))];
    /// Each lane from `x` where the highest bit of that lane of `c` is 1, else from `y`.
    "blendv" Blendv Ternary (c: T, x: T, y: T) -> (a: T) Ctv::Operand(1, ANY), PURE, is |_, i, a| vector::blendv(i, a);

    // Lanes.

    /// A vector with `x` in every lane.
    "splat" Splat Unary (x: LaneOf) -> (a: T) Ctv::Suffix(VECTORS), PURE, is |_, i, a| vector::splat(i, &a[0]);
    /// A vector with `s` in lane 0 and zeros in all others.
    "scalar_to_vector" ScalarToVector Unary (s: LaneOf) -> (a: T) Ctv::Suffix(VECTORS_FIXED), PURE,
        is |_, i, a| vec![a[0].zext(i.ty.bits())];
    /// `x` with one lane replaced by `y`. The index must be below the lane count.
    "insertlane" Insertlane TernaryImm8 (x: T, y: LaneOf) -> (a: T) Ctv::Operand(0, VECTORS), PURE,
        is |_, i, a| vector::insertlane(i, &a[0], &a[1]);
    /// One lane of `x`. The index must be below the lane count.
    "extractlane" Extractlane BinaryImm8 (x: T) -> (a: LaneOf) Ctv::Operand(0, VECTORS), PURE,
        is |_, i, a| vector::extractlane(i, &a[0]);
    /// One fixed vector out of those that a dynamic one is made of, by its place. Where meanings run there is one.
    "extract_vector" ExtractVector BinaryImm8 (x: T) -> (a: DynamicToVector) Ctv::Operand(0, SCALARS_OR_DYNAMIC), PURE,
        is |_, _, a| vec![a[0].clone()];
    /// Bytes of `x`, picked by the bytes of `y`; those of 16 and more pick 0.
    "swizzle" Swizzle Binary (x: Is(I8X16), y: Is(I8X16)) -> (a: Is(I8X16)) Ctv::None, PURE,
        is |_, _, a| vector::swizzle(&a[0], &a[1]);
    /// Bytes of `x`, picked by the low four bits of the bytes of `y`; those with the highest bit set pick 0.
    "x86_pshufb" X86Pshufb Binary (x: Is(I8X16), y: Is(I8X16)) -> (a: Is(I8X16)) Ctv::None, PURE,
        is |_, _, a| vector::pshufb(&a[0], &a[1]);
    /// Bytes of `a` (0 to 15) and of `b` (16 to 31), picked by the bytes of a constant mask, all below 32.
    "shuffle" Shuffle Shuffle (a: Is(I8X16), b: Is(I8X16)) -> (r: Is(I8X16)) Ctv::None, PURE,
        is |_, i, a| vector::shuffle(i, &a[0], &a[1]);
    /// 1 if some lane is not 0, else 0. Lanes are compared as bits.
    "vany_true" VanyTrue Unary (a: T) -> (s: Is(I8)) Ctv::Operand(0, VECTORS_FIXED), PURE,
        is |_, _, a| vec![a[0].is_zero().not().zext(8)];
    /// 1 if no lane is 0, else 0. Lanes are compared as bits.
    "vall_true" VallTrue Unary (a: T) -> (s: Is(I8)) Ctv::Operand(0, VECTORS_FIXED), PURE,
        is |_, i, a| vector::vall_true(i, &a[0]);
    /// The highest bits of all lanes, that of lane 0 lowest; zeros above them, or the low ones if not all fit.
    "vhigh_bits" VhighBits Unary (a: In(VECTORS_FIXED)) -> (x: T) Ctv::Suffix(NARROW_INT), PURE,
        is |_, i, a| vector::vhigh_bits(i, &a[0]);

    // Integers.

    /// Compares integers: 1 if the condition holds, else 0; in vectors a lane of ones, else of zeros.
    "icmp" Icmp IntCompare (x: T, y: T) -> (a: AsTruthy) Ctv::Operand(0, INT_ANY), PURE,
        is |_, i, a| int::icmp(i, &a[0], &a[1]);
    /// Sum, wrapping.
    "iadd" Iadd Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_ANY), COMMUTES, is |_, i, a| each2(i, a, Bv::add);
    /// Difference, wrapping.
    "isub" Isub Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_ANY), PURE, is |_, i, a| each2(i, a, Bv::sub);
    /// Negation, wrapping.
    "ineg" Ineg Unary (x: T) -> (a: T) Ctv::Operand(0, INT_ANY), PURE, is |_, i, a| each(i, a, Bv::neg);
    /// Absolute value; that of the smallest number is itself.
    "iabs" Iabs Unary (x: T) -> (a: T) Ctv::Operand(0, INT_ANY), PURE, is |_, i, a| each(i, a, int::abs);
    /// Product, wrapping.
    "imul" Imul Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_ANY), COMMUTES, is |_, i, a| each2(i, a, int::mul);
    /// The upper half of the product, unsigned.
    "umulhi" Umulhi Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_ANY), COMMUTES,
        is |_, i, a| each2(i, a, int::umulhi);
    /// The upper half of the product, signed.
    "smulhi" Smulhi Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_ANY), COMMUTES,
        is |_, i, a| each2(i, a, int::smulhi);
    /// The smaller number, signed.
    "smin" Smin Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_FIXED), COMMUTES, is |_, i, a| each2(i, a, int::smin);
    /// The smaller number, unsigned.
    "umin" Umin Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_FIXED), COMMUTES, is |_, i, a| each2(i, a, int::umin);
    /// The larger number, signed.
    "smax" Smax Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_FIXED), COMMUTES, is |_, i, a| each2(i, a, int::smax);
    /// The larger number, unsigned.
    "umax" Umax Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_FIXED), COMMUTES, is |_, i, a| each2(i, a, int::umax);
    /// Half of the sum plus 1, unsigned, computed without wrapping: the mean, rounded up.
    "avg_round" AvgRound Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_VECTORS), COMMUTES,
        is |_, i, a| each2(i, a, int::avg_round);
    /// Sum, unsigned; the largest number where it does not fit.
    "uadd_sat" UaddSat Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_VECTORS), COMMUTES,
        is |_, i, a| each2(i, a, int::uadd_sat);
    /// Sum, signed; the nearest number where it does not fit.
    "sadd_sat" SaddSat Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_VECTORS), COMMUTES,
        is |_, i, a| each2(i, a, int::sadd_sat);
    /// Difference, unsigned; 0 where it does not fit.
    "usub_sat" UsubSat Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_VECTORS), PURE,
        is |_, i, a| each2(i, a, int::usub_sat);
    /// Difference, signed; the nearest number where it does not fit.
    "ssub_sat" SsubSat Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_VECTORS), PURE,
        is |_, i, a| each2(i, a, int::ssub_sat);
    /// Product of numbers whose binary point stands after the sign, rounded up from the half; only the smallest
    /// number's square does not fit and gives the largest.
    "sqmul_round_sat" SqmulRoundSat Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, FIXED_POINT_VECTORS), COMMUTES,
        is |_, i, a| each2(i, a, int::sqmul_round_sat);
    /// Like `sqmul_round_sat`, but the smallest number's square gives the smallest number, as x86's PMULHRSW has it.
    "x86_pmulhrsw" X86Pmulhrsw Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, FIXED_POINT_VECTORS), COMMUTES,
        is |_, i, a| each2(i, a, int::pmulhrsw);
    /// Products of the bytes of `x`, signed, and `y`, unsigned (the other way round than x86's PMADDUBSW has its
    /// operands); each two neighbours are added, to the nearest number of 16 bits where their sum does not fit.
    "x86_pmaddubsw" X86Pmaddubsw Binary (x: Is(I8X16), y: Is(I8X16)) -> (a: Is(I16X8)) Ctv::None, PURE,
        is |_, _, a| vector::pmaddubsw(&a[0], &a[1]);
    /// Sums of neighbours, wrapping: those of `x` in the low half of the lanes, those of `y` in the high half.
    "iadd_pairwise" IaddPairwise Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, WIDENABLE), PURE,
        is |_, i, a| vector::iadd_pairwise(i, &a[0], &a[1]);
    /// Quotient, unsigned, rounded down. Traps with `int_divz` if `y` is 0.
    "udiv" Udiv Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_SCALARS), TRAPS,
        is |e, _, a| int::div(e, &a[0], &a[1], false);
    /// Quotient, signed, rounded toward 0. Traps with `int_divz` if `y` is 0, and with `int_ovf` if `x` is the smallest
    /// number and `y` is -1.
    "sdiv" Sdiv Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_SCALARS), TRAPS,
        is |e, _, a| int::div(e, &a[0], &a[1], true);
    /// Remainder, unsigned. Traps with `int_divz` if `y` is 0.
    "urem" Urem Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_SCALARS), TRAPS,
        is |e, _, a| int::rem(e, &a[0], &a[1], false);
    /// Remainder with the sign of `x`; 0 if `x` is the smallest number and `y` is -1. Traps with `int_divz` if `y` is
    /// 0.
    "srem" Srem Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, INT_SCALARS), TRAPS,
        is |e, _, a| int::rem(e, &a[0], &a[1], true);
    /// Sum, wrapping, and 1 if it does not fit, unsigned, else 0.
    "uadd_overflow" UaddOverflow Binary (x: T, y: T) -> (a: T, of: Is(I8)) Ctv::Operand(0, INT_SCALARS), COMMUTES,
        is |_, _, a| int::add_overflow(&a[0], &a[1], None, false);
    /// Sum, wrapping, and 1 if it does not fit, signed, else 0.
    "sadd_overflow" SaddOverflow Binary (x: T, y: T) -> (a: T, of: Is(I8)) Ctv::Operand(0, INT_SCALARS), COMMUTES,
        is |_, _, a| int::add_overflow(&a[0], &a[1], None, true);
    /// Difference, wrapping, and 1 if it does not fit, unsigned, else 0.
    "usub_overflow" UsubOverflow Binary (x: T, y: T) -> (a: T, of: Is(I8)) Ctv::Operand(0, INT_SCALARS), PURE,
        is |_, _, a| int::sub_overflow(&a[0], &a[1], None, false);
    /// Difference, wrapping, and 1 if it does not fit, signed, else 0.
    "ssub_overflow" SsubOverflow Binary (x: T, y: T) -> (a: T, of: Is(I8)) Ctv::Operand(0, INT_SCALARS), PURE,
        is |_, _, a| int::sub_overflow(&a[0], &a[1], None, true);
    /// Product, wrapping, and 1 if it does not fit, unsigned, else 0.
    "umul_overflow" UmulOverflow Binary (x: T, y: T) -> (a: T, of: Is(I8)) Ctv::Operand(0, NARROW_INT), COMMUTES,
        is |_, _, a| int::mul_overflow(&a[0], &a[1], false);
    /// Product, wrapping, and 1 if it does not fit, signed, else 0.
    "smul_overflow" SmulOverflow Binary (x: T, y: T) -> (a: T, of: Is(I8)) Ctv::Operand(0, NARROW_INT), COMMUTES,
        is |_, _, a| int::mul_overflow(&a[0], &a[1], true);
    /// Sum of `x`, `y` and 1 if `c_in` is not 0, wrapping, and 1 if it does not fit, unsigned, else 0.
    "uadd_overflow_cin" UaddOverflowCin Ternary (x: T, y: T, c_in: Is(I8)) -> (a: T, c_out: Is(I8))
        Ctv::Operand(1, INT_SCALARS), COMMUTES,
        is |_, _, a| int::add_overflow(&a[0], &a[1], Some(&a[2]), false);
    /// Sum of `x`, `y` and 1 if `c_in` is not 0, wrapping, and 1 if it does not fit, signed, else 0.
    "sadd_overflow_cin" SaddOverflowCin Ternary (x: T, y: T, c_in: Is(I8)) -> (a: T, c_out: Is(I8))
        Ctv::Operand(1, INT_SCALARS), COMMUTES,
        is |_, _, a| int::add_overflow(&a[0], &a[1], Some(&a[2]), true);
    /// `x` less `y`, less 1 if `b_in` is not 0, wrapping, and 1 if it does not fit, unsigned, else 0.
    "usub_overflow_bin" UsubOverflowBin Ternary (x: T, y: T, b_in: Is(I8)) -> (a: T, b_out: Is(I8))
        Ctv::Operand(1, INT_SCALARS), PURE,
        is |_, _, a| int::sub_overflow(&a[0], &a[1], Some(&a[2]), false);
    /// `x` less `y`, less 1 if `b_in` is not 0, wrapping, and 1 if it does not fit, signed, else 0.
    "ssub_overflow_bin" SsubOverflowBin Ternary (x: T, y: T, b_in: Is(I8)) -> (a: T, b_out: Is(I8))
        Ctv::Operand(1, INT_SCALARS), PURE,
        is |_, _, a| int::sub_overflow(&a[0], &a[1], Some(&a[2]), true);
    /// Sum; traps if it does not fit, unsigned.
    "uadd_overflow_trap" UaddOverflowTrap IntAddTrap (x: T, y: T) -> (a: T) Ctv::Operand(0, ADDR), TRAPS.or(COMMUTES),
        is |e, i, a| { let s = a[0].add(&a[1]); e.trap_if(&s.ult(&a[0]), i.code); vec![s] };

    // Bits.

    /// Bitwise and, of any types.
    "band" Band Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, ANY), COMMUTES, is |_, _, a| vec![a[0].and(&a[1])];
    /// Bitwise or, of any types.
    "bor" Bor Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, ANY), COMMUTES, is |_, _, a| vec![a[0].or(&a[1])];
    /// Bitwise exclusive or, of any types.
    "bxor" Bxor Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, ANY), COMMUTES, is |_, _, a| vec![a[0].xor(&a[1])];
    /// Bitwise not, of any types.
    "bnot" Bnot Unary (x: T) -> (a: T) Ctv::Operand(0, ANY), PURE, is |_, _, a| vec![a[0].not()];
    /// Rotates left; the amount, the same for all lanes, is taken modulo the lane's width.
    "rotl" Rotl Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, i, a| int::shift(i, a, Bv::rotl);
    /// Rotates right; the amount, the same for all lanes, is taken modulo the lane's width.
    "rotr" Rotr Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, i, a| int::shift(i, a, Bv::rotr);
    /// Shifts left; the amount, the same for all lanes, is taken modulo the lane's width.
    "ishl" Ishl Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, i, a| int::shift(i, a, Bv::shl);
    /// Shifts right, filling with zeros; the amount, the same for all lanes, is taken modulo the lane's width.
    "ushr" Ushr Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, i, a| int::shift(i, a, Bv::lshr);
    /// Shifts right, filling with the sign; the amount, the same for all lanes, is taken modulo the lane's width.
    "sshr" Sshr Binary (x: T, y: In(INT_SCALARS)) -> (a: T) Ctv::Operand(0, INT_ANY), PURE,
        is |_, i, a| int::shift(i, a, Bv::ashr);
    /// The bits in the opposite order.
    "bitrev" Bitrev Unary (x: T) -> (a: T) Ctv::Operand(0, INT_SCALARS), PURE, is |_, _, a| vec![int::bitrev(&a[0])];
    /// The number of zeros above the highest one; of 0 the width.
    "clz" Clz Unary (x: T) -> (a: T) Ctv::Operand(0, INT_SCALARS), PURE, is |_, _, a| vec![int::clz(&a[0])];
    /// The number of bits below the sign that are equal to it, down to the first that is not.
    "cls" Cls Unary (x: T) -> (a: T) Ctv::Operand(0, INT_SCALARS), PURE, is |_, _, a| vec![int::cls(&a[0])];
    /// The number of zeros below the lowest one; of 0 the width.
    "ctz" Ctz Unary (x: T) -> (a: T) Ctv::Operand(0, INT_SCALARS), PURE, is |_, _, a| vec![int::ctz(&a[0])];
    /// The bytes in the opposite order.
    "bswap" Bswap Unary (x: T) -> (a: T) Ctv::Operand(0, WIDE_INT), PURE, is |_, _, a| vec![int::bswap(&a[0])];
    /// The number of ones.
    "popcnt" Popcnt Unary (x: T) -> (a: T) Ctv::Operand(0, INT_ANY), PURE, is |_, i, a| each(i, a, int::popcnt);

    // Floats. A result that is a NaN is any quiet one, of either sign, unless the row says otherwise; rounding is to
    // the nearest, ties to even; nothing traps and no flags are kept.

    /// Compares floats: 1 if the condition holds, else 0; in vectors a lane of ones, else of zeros. NaNs are unordered
    /// with everything, and zeros are equal.
    "fcmp" Fcmp FloatCompare (x: T, y: T) -> (a: AsTruthy) Ctv::Operand(0, FLOAT_ANY), PURE,
        is |_, i, a| float::fcmp(i, &a[0], &a[1]);
    /// Sum.
    "fadd" Fadd Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS.or(COMMUTES),
        is |e, i, a| float::arithmetic(e, i, FpOp::Add, a);
    /// Difference.
    "fsub" Fsub Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS,
        is |e, i, a| float::arithmetic(e, i, FpOp::Sub, a);
    /// Product.
    "fmul" Fmul Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS.or(COMMUTES),
        is |e, i, a| float::arithmetic(e, i, FpOp::Mul, a);
    /// Quotient.
    "fdiv" Fdiv Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS,
        is |e, i, a| float::arithmetic(e, i, FpOp::Div, a);
    /// Square root; a NaN of numbers below 0, but -0 of -0.
    "sqrt" Sqrt Unary (x: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS,
        is |e, i, a| float::arithmetic(e, i, FpOp::Sqrt, a);
    /// `x` times `y` plus `z`, rounded once.
    "fma" Fma Ternary (x: T, y: T, z: T) -> (a: T) Ctv::Operand(1, FLOAT_ANY), NANS.or(COMMUTES),
        is |e, i, a| float::arithmetic(e, i, FpOp::Fma, a);
    /// The sign bit inverted, of NaNs too, all else as it is.
    "fneg" Fneg Unary (x: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), PURE, is |_, i, a| each(i, a, float::fneg);
    /// The sign bit cleared, of NaNs too, all else as it is.
    "fabs" Fabs Unary (x: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), PURE, is |_, i, a| each(i, a, float::fabs);
    /// `x` with the sign bit of `y`, of NaNs too, all else as it is.
    "fcopysign" Fcopysign Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), PURE,
        is |_, i, a| each2(i, a, fp::copy_sign);
    /// The smaller number, -0 below 0; a NaN if either is one.
    "fmin" Fmin Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS.or(COMMUTES),
        is |e, i, a| float::extremum(e, i, a, fp::before);
    /// The larger number, 0 above -0; a NaN if either is one.
    "fmax" Fmax Binary (x: T, y: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS.or(COMMUTES),
        is |e, i, a| float::extremum(e, i, a, |x, y| fp::before(y, x));
    /// Rounds to an integer, up. Zeros that come of it have the sign of `x`.
    "ceil" Ceil Unary (x: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS,
        is |e, i, a| float::arithmetic(e, i, FpOp::Ceil, a);
    /// Rounds to an integer, down. Zeros that come of it have the sign of `x`.
    "floor" Floor Unary (x: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS,
        is |e, i, a| float::arithmetic(e, i, FpOp::Floor, a);
    /// Rounds to an integer, toward 0. Zeros that come of it have the sign of `x`.
    "trunc" Trunc Unary (x: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS,
        is |e, i, a| float::arithmetic(e, i, FpOp::Trunc, a);
    /// Rounds to the nearest integer, ties to even. Zeros that come of it have the sign of `x`.
    "nearest" Nearest Unary (x: T) -> (a: T) Ctv::Operand(0, FLOAT_ANY), NANS,
        is |e, i, a| float::arithmetic(e, i, FpOp::Nearest, a);

    // Conversions.

    /// The same bits as another type of the same size, as if stored as the one and loaded as the other: flags must say
    /// in which order of bytes if the lane counts differ.
    "bitcast" Bitcast LoadNoOffset (x: In(MEM)) -> (a: T) Ctv::Suffix(MEM), PURE, is |_, i, a| mem::bitcast(i, &a[0]);
    /// All ones if `x` is not 0, else 0.
    "bmask" Bmask Unary (x: In(INT_SCALARS)) -> (a: T) Ctv::Suffix(INT_SCALARS), PURE,
        is |_, i, a| vec![a[0].is_zero().not().sext(i.ty.bits())];
    /// Truncates.
    "ireduce" Ireduce Unary (x: Wider) -> (a: T) Ctv::Suffix(INT_SCALARS), PURE,
        is |_, i, a| vec![a[0].extract(0, i.ty.bits())];
    /// Zero-extends.
    "uextend" Uextend Unary (x: Narrower) -> (a: T) Ctv::Suffix(INT_SCALARS), PURE,
        is |_, i, a| vec![a[0].zext(i.ty.bits())];
    /// Sign-extends.
    "sextend" Sextend Unary (x: Narrower) -> (a: T) Ctv::Suffix(INT_SCALARS), PURE,
        is |_, i, a| vec![a[0].sext(i.ty.bits())];
    /// The low and the high half.
    "isplit" Isplit Unary (x: T) -> (lo: HalfWidth, hi: HalfWidth) Ctv::Operand(0, WIDE_INT), PURE,
        is |_, i, a| { let h = i.ty.bits() / 2; vec![a[0].extract(0, h), a[0].extract(h, h)] };
    /// `hi` above `lo`.
    "iconcat" Iconcat Binary (lo: T, hi: T) -> (a: DoubleWidth) Ctv::Operand(0, NARROW_INT), PURE,
        is |_, _, a| vec![a[1].concat(&a[0])];
    /// Lanes of half the width: those of `x`, then those of `y`, signed, to the nearest signed number where they do not
    /// fit.
    "snarrow" Snarrow Binary (x: T, y: T) -> (a: SplitLanes) Ctv::Operand(0, NARROWABLE), PURE,
        is |_, i, a| vector::narrow(i, a, int::clamp_signed);
    /// Lanes of half the width: those of `x`, then those of `y`, signed, to the nearest unsigned number where they do
    /// not fit.
    "unarrow" Unarrow Binary (x: T, y: T) -> (a: SplitLanes) Ctv::Operand(0, NARROWABLE), PURE,
        is |_, i, a| vector::narrow(i, a, int::clamp_to_unsigned);
    /// Lanes of half the width: those of `x`, then those of `y`, unsigned, the largest number where they do not fit.
    "uunarrow" Uunarrow Binary (x: T, y: T) -> (a: SplitLanes) Ctv::Operand(0, NARROWABLE), PURE,
        is |_, i, a| vector::narrow(i, a, int::clamp_unsigned);
    /// The low half of the lanes, sign-extended to twice the width.
    "swiden_low" SwidenLow Unary (x: T) -> (a: MergeLanes) Ctv::Operand(0, WIDENABLE), PURE,
        is |_, i, a| vector::widen(i, &a[0], false, Bv::sext);
    /// The high half of the lanes, sign-extended to twice the width.
    "swiden_high" SwidenHigh Unary (x: T) -> (a: MergeLanes) Ctv::Operand(0, WIDENABLE), PURE,
        is |_, i, a| vector::widen(i, &a[0], true, Bv::sext);
    /// The low half of the lanes, zero-extended to twice the width.
    "uwiden_low" UwidenLow Unary (x: T) -> (a: MergeLanes) Ctv::Operand(0, WIDENABLE), PURE,
        is |_, i, a| vector::widen(i, &a[0], false, Bv::zext);
    /// The high half of the lanes, zero-extended to twice the width.
    "uwiden_high" UwidenHigh Unary (x: T) -> (a: MergeLanes) Ctv::Operand(0, WIDENABLE), PURE,
        is |_, i, a| vector::widen(i, &a[0], true, Bv::zext);
    /// To a wider float, which has the same value.
    "fpromote" Fpromote Unary (x: Narrower) -> (a: T) Ctv::Suffix(FLOAT_SCALARS), NANS,
        is |e, i, a| float::fcvt_to_float(e, i, &a[0]);
    /// To a narrower float, rounded.
    "fdemote" Fdemote Unary (x: Wider) -> (a: T) Ctv::Suffix(FLOAT_SCALARS), NANS,
        is |e, i, a| float::fcvt_to_float(e, i, &a[0]);
    /// Both lanes to narrower floats, rounded, in the low half; zeros in the high half.
    "fvdemote" Fvdemote Unary (x: Is(F64X2)) -> (a: Is(F32X4)) Ctv::None, NANS, is |e, _, a| float::fvdemote(e, &a[0]);
    /// The low two lanes to wider floats, which have the same values.
    "fvpromote_low" FvpromoteLow Unary (a: Is(F32X4)) -> (x: Is(F64X2)) Ctv::None, NANS,
        is |e, _, a| float::fvpromote_low(e, &a[0]);
    /// To an unsigned integer, rounded toward 0. Traps with `bad_toint` if `x` is a NaN, and with `int_ovf` if the
    /// integer does not fit.
    "fcvt_to_uint" FcvtToUint Unary (x: In(FLOAT_SCALARS)) -> (a: T) Ctv::Suffix(INT_SCALARS), TRAPS,
        is |e, i, a| float::fcvt_to_int(e, i, &a[0], false);
    /// To a signed integer, rounded toward 0. Traps with `bad_toint` if `x` is a NaN, and with `int_ovf` if the integer
    /// does not fit.
    "fcvt_to_sint" FcvtToSint Unary (x: In(FLOAT_SCALARS)) -> (a: T) Ctv::Suffix(INT_SCALARS), TRAPS,
        is |e, i, a| float::fcvt_to_int(e, i, &a[0], true);
    /// To an unsigned integer, rounded toward 0, the nearest where it does not fit; 0 of a NaN.
    "fcvt_to_uint_sat" FcvtToUintSat Unary (x: In(FLOAT_ANY)) -> (a: T) Ctv::Suffix(INT_FIXED), PURE,
        is |_, i, a| float::fcvt_to_int_sat(i, &a[0], false);
    /// To a signed integer, rounded toward 0, the nearest where it does not fit; 0 of a NaN.
    "fcvt_to_sint_sat" FcvtToSintSat Unary (x: In(FLOAT_ANY)) -> (a: T) Ctv::Suffix(INT_FIXED), PURE,
        is |_, i, a| float::fcvt_to_int_sat(i, &a[0], true);
    /// To a signed integer, rounded toward 0; the smallest number where it does not fit and of a NaN, as x86's
    /// CVTTPS2DQ has it.
    "x86_cvtt2dq" X86Cvtt2dq Unary (x: In(FLOAT_ANY)) -> (a: T) Ctv::Suffix(INT_FIXED), PURE,
        is |_, i, a| float::cvtt2dq(i, &a[0]);
    /// From an unsigned integer, rounded; an infinity where that is too large.
    "fcvt_from_uint" FcvtFromUint Unary (x: In(INT_FIXED)) -> (a: T) Ctv::Suffix(FLOAT_FIXED), PURE,
        is |_, i, a| float::fcvt_from_int(i, &a[0], false);
    /// From a signed integer, rounded; an infinity where that is too large.
    "fcvt_from_sint" FcvtFromSint Unary (x: In(INT_FIXED)) -> (a: T) Ctv::Suffix(FLOAT_FIXED), PURE,
        is |_, i, a| float::fcvt_from_int(i, &a[0], true);
}
