//! Calling conventions of riscv64. System V: RISC-V psABI 1.0, chapter 2.1, of which floats are not known yet. `fast` is
//! the same. `tail` has the same registers but preserves only the frame pointer, so that a tail call has nothing to
//! restore, more registers of results, and its callees remove their stack arguments.

use crate::abi::{Convention, Halves};
use crate::error::{CodegenError, CodegenResult};
use windlass_desc::riscv64::regs::*;
use windlass_ir::isa::CallConv;
use windlass_regalloc::{CLASSES, Class, ClassSpec, PReg, RegSet};

/// A general register.
pub const fn r(n: u8) -> PReg {
    PReg::new(Class::Int, n)
}

const ARGUMENTS: &[PReg] = &[r(10), r(11), r(12), r(13), r(14), r(15), r(16), r(17)];
const RESULTS: &[PReg] = &[r(10), r(11)];

static SYSTEM_V: Convention = Convention {
    args: [ARGUMENTS, &[], &[], &[]],
    results: [RESULTS, &[], &[], &[]],
    llvm_results: 0,
    floats: Class::Float,
    positional: false,
    shadow: 0,
    spills_results: false,
    callee_pops: false,
    wide_args: Halves::Torn,
    wide_results: Halves::Together,
    struct_return: None,
    right_justified: false,
    callee_saved: SAVED,
    clobbers: ALL.minus(SAVED),
};

/// What C preserves: s0 to s11.
const SAVED: RegSet = RegSet::of(Class::Int, 0x0ffc_0300);
/// What is preserved where as little as possible is.
const FRAME_POINTER: RegSet = RegSet::EMPTY.with(r(FP));
/// All that may be given out, or that moves go through.
const ALL: RegSet = RegSet::of(Class::Int, 0x7fff_ffe0);

static TAIL: Convention = Convention {
    results: [ARGUMENTS, &[], &[], &[]],
    spills_results: true,
    callee_pops: true,
    callee_saved: FRAME_POINTER,
    clobbers: ALL.minus(FRAME_POINTER),
    ..SYSTEM_V
};

/// The baseline compiler's code preserves nothing.
static WINCH: Convention = Convention { callee_saved: FRAME_POINTER, clobbers: ALL.minus(FRAME_POINTER), ..SYSTEM_V };

/// Functions that return nothing and preserve all.
static PRESERVE_ALL: Convention =
    Convention { results: [&[]; CLASSES], callee_saved: ALL, clobbers: RegSet::EMPTY, ..SYSTEM_V };

/// Where an indirect tail call has its callee: neither an argument nor preserved.
pub const TAIL_CALLEE: PReg = r(T1);

/// The row of a convention.
pub fn convention(conv: CallConv) -> CodegenResult<&'static Convention> {
    match conv {
        CallConv::SystemV | CallConv::Fast => Ok(&SYSTEM_V),
        CallConv::Tail => Ok(&TAIL),
        CallConv::Winch => Ok(&WINCH),
        CallConv::PreserveAll => Ok(&PRESERVE_ALL),
        _ => Err(CodegenError::unsupported(format!("calling convention {conv} on riscv64"))),
    }
}

/// The register that `get_pinned_reg` reads.
pub const PINNED: u8 = S11;

/// General registers in the order they are given out: first those that C does not preserve, last those that may have
/// another purpose.
static ORDER: [PReg; 25] = [
    r(10),
    r(11),
    r(12),
    r(13),
    r(14),
    r(15),
    r(16),
    r(17),
    r(5),
    r(6),
    r(7),
    r(28),
    r(29),
    r(9),
    r(18),
    r(19),
    r(20),
    r(21),
    r(22),
    r(23),
    r(24),
    r(25),
    r(26),
    r(FP),
    r(PINNED),
];

/// The same without the frame pointer.
static ORDER_BUT_FP: [PReg; 24] = {
    let mut out = [r(PINNED); 24];
    let mut n = 0;
    while n < 23 {
        out[n] = ORDER[n];
        n += 1;
    }
    out
};

/// What only moves go through; the other register that is never given out is emission's.
static MOVES: [PReg; 1] = [r(T5)];

/// The register classes as the allocator wants them.
pub fn classes(frame_pointer: bool, pinned: bool) -> [ClassSpec; CLASSES] {
    let all: &'static [PReg] = if frame_pointer { &ORDER_BUT_FP } else { &ORDER };
    let order = &all[..all.len() - pinned as usize];
    let general = ClassSpec { order, scratch: &MOVES, exchange: false, widths: 4 | 8, kept: 8 };
    [general, ClassSpec::NONE, ClassSpec::NONE, ClassSpec::NONE]
}
