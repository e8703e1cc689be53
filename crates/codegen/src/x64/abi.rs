//! Calling conventions of x86-64. System V: AMD64 psABI 1.0, section 3.2.3; a third register for results, which C
//! never has, is LLVM's. `fast` is the same. `tail` has the same
//! registers but preserves only rbp, so that a tail call has nothing to restore, and its callees remove their arguments.
//! rax is no argument register of `tail`: an indirect tail call goes there.

use crate::abi::{Convention, Halves};
use crate::error::{CodegenError, CodegenResult};
use windlass_desc::x64::regs::*;
use windlass_ir::isa::CallConv;
use windlass_regalloc::{CLASSES, Class, ClassSpec, PReg, RegSet};

const fn r(n: u8) -> PReg {
    PReg::new(Class::Int, n)
}

const fn x(n: u8) -> PReg {
    PReg::new(Class::Vec, n)
}

/// General and vector registers, at the index of their class.
const fn banks(general: &'static [PReg], vector: &'static [PReg]) -> [&'static [PReg]; CLASSES] {
    [general, vector, &[], &[]]
}

static SYSTEM_V: Convention = Convention {
    args: banks(&[r(RDI), r(RSI), r(RDX), r(RCX), r(8), r(9)], &[x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7)]),
    results: banks(&[r(RAX), r(RDX), r(RCX)], &[x(0), x(1)]),
    llvm_results: 1,
    floats: Class::Vec,
    positional: false,
    shadow: 0,
    spills_results: false,
    callee_pops: false,
    wide_args: Halves::Together,
    wide_results: Halves::Apart,
    struct_return: None,
    right_justified: false,
    callee_saved: SAVED,
    clobbers: without(SAVED),
};

/// What System V preserves.
const SAVED: RegSet = RegSet::EMPTY.with(r(RBX)).with(r(RBP)).with(r(12)).with(r(13)).with(r(14)).with(r(15));
/// What Windows preserves: more general registers, and vector registers from the sixth on.
const SAVED_BY_WINDOWS: RegSet = SAVED.with(r(RSI)).with(r(RDI)).union(RegSet::of(Class::Vec, 0xffc0));
/// What is preserved where as little as possible is.
const FRAME_POINTER: RegSet = RegSet::EMPTY.with(r(RBP));

static TAIL: Convention = Convention {
    results: banks(
        &[r(RAX), r(RDX), r(RCX), r(RSI), r(RDI), r(8), r(9), r(10)],
        &[x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7)],
    ),
    llvm_results: 0,
    spills_results: true,
    callee_pops: true,
    callee_saved: FRAME_POINTER,
    clobbers: without(FRAME_POINTER),
    ..SYSTEM_V
};

/// Windows x64 (Microsoft: x64 calling convention). Integers of 128 bits, which that does not know, go as with gcc.
static WINDOWS: Convention = Convention {
    args: banks(&[r(RCX), r(RDX), r(8), r(9)], &[x(0), x(1), x(2), x(3)]),
    results: banks(&[r(RAX), r(RDX)], &[x(0)]),
    llvm_results: 0,
    positional: true,
    shadow: 32,
    wide_args: Halves::Copied,
    wide_results: Halves::Vector,
    callee_saved: SAVED_BY_WINDOWS,
    clobbers: without(SAVED_BY_WINDOWS),
    ..SYSTEM_V
};

/// The baseline compiler's code preserves nothing.
static WINCH: Convention =
    Convention { llvm_results: 0, callee_saved: FRAME_POINTER, clobbers: without(FRAME_POINTER), ..SYSTEM_V };

/// Functions that return nothing and preserve all.
static PRESERVE_ALL: Convention =
    Convention { results: banks(&[], &[]), llvm_results: 0, callee_saved: ALL, clobbers: RegSet::EMPTY, ..SYSTEM_V };

/// Where an indirect tail call has its callee: neither an argument nor preserved.
pub const TAIL_CALLEE: PReg = r(RAX);

/// The row of a convention.
pub fn convention(conv: CallConv) -> CodegenResult<&'static Convention> {
    match conv {
        CallConv::SystemV | CallConv::Fast => Ok(&SYSTEM_V),
        CallConv::Tail => Ok(&TAIL),
        CallConv::WindowsFastcall => Ok(&WINDOWS),
        CallConv::Winch => Ok(&WINCH),
        CallConv::PreserveAll => Ok(&PRESERVE_ALL),
        _ => Err(CodegenError::unsupported(format!("calling convention {conv} on x86_64"))),
    }
}

/// All registers but the stack pointer.
const ALL: RegSet = RegSet::of(Class::Int, 0xffff & !(1 << RSP)).union(RegSet::of(Class::Vec, 0xffff));

/// What a call destroys that preserves these.
const fn without(saved: RegSet) -> RegSet {
    ALL.minus(saved)
}

/// General registers in the order they are given out where a callee preserves some: first those that need no saving.
const SAVING: [u8; 15] = [RAX, RCX, RDX, RSI, RDI, 8, 9, 10, 11, RBX, 12, 13, 14, PINNED, RBP];
/// The same where it preserves none: first those whose names are short.
const FREE: [u8; 15] = [RAX, RCX, RDX, RSI, RDI, RBX, 8, 9, 10, 11, 12, 13, 14, PINNED, RBP];

/// The registers of an order but the pinned one, if it is so, which otherwise comes just before the last.
const fn regs<const N: usize>(order: [u8; 15], pinned: bool) -> [PReg; N] {
    let mut out = [r(0); N];
    let (mut from, mut to) = (0, 0);
    while from < order.len() {
        if !pinned || order[from] != PINNED {
            out[to] = r(order[from]);
            to += 1;
        }
        from += 1;
    }
    out
}

static ORDERS: [[PReg; 15]; 2] = [regs(SAVING, false), regs(FREE, false)];
static ORDERS_WITH_PINNED: [[PReg; 14]; 2] = [regs(SAVING, true), regs(FREE, true)];

/// The register that `get_pinned_reg` reads.
pub const PINNED: u8 = 15;

/// The general registers that may be given out where rbp is or is not the frame pointer, and r15 is or is not pinned.
pub fn order(conv: &Convention, frame_pointer: bool, pinned: bool) -> &'static [PReg] {
    let free = !conv.callee_saved.contains(r(RBX)) as usize;
    let all: &'static [PReg] = if pinned { &ORDERS_WITH_PINNED[free] } else { &ORDERS[free] };
    &all[..all.len() - frame_pointer as usize]
}

/// Vector registers in that order: those that some conventions preserve come last.
pub static VECTOR_ORDER: [PReg; 16] = {
    let mut a = [x(0); 16];
    let mut i = 0;
    while i < 16 {
        a[i] = x(i as u8);
        i += 1;
    }
    a
};

/// The register classes as the allocator wants them. The convention of Windows preserves 16 bytes of vector registers.
pub fn classes(conv: &Convention, frame_pointer: bool, pinned: bool) -> [ClassSpec; CLASSES] {
    let order = order(conv, frame_pointer, pinned);
    let general = ClassSpec { order, scratch: &[], exchange: true, widths: 4 | 8, kept: 8 };
    let order = &VECTOR_ORDER;
    let vector = ClassSpec { order, scratch: &[], exchange: false, widths: 4 | 8 | 16, kept: 16 };
    [general, vector, ClassSpec::NONE, ClassSpec::NONE]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Place, Places};
    use crate::options::Options;
    use windlass_ir::reader::parse_functions;

    fn places(signature: &str) -> Places {
        places_with(signature, false)
    }

    fn places_with(signature: &str, llvm_abi: bool) -> Places {
        let text = format!("function %f{signature} {{\nblock0({}):\n trap user1\n}}", {
            let params = signature.split_once('(').unwrap().1.rsplit_once(") ").unwrap().0;
            let params = params.split(", ").filter(|p| !p.is_empty()).enumerate();
            params.map(|(n, ty)| format!("v{n}: {}", ty.split(' ').next().unwrap())).collect::<Vec<_>>().join(", ")
        });
        let funcs = parse_functions(&text).unwrap();
        let options = Options { implicit_sret: true, llvm_abi, ..Options::default() };
        Places::new(&funcs[0].signature, convention(funcs[0].signature.call_conv).unwrap(), &options).unwrap()
    }

    fn shown(of: &[crate::abi::Pieces]) -> String {
        let piece = |p: &crate::abi::Piece| match p.at {
            Place::Reg(r) => format!("{r:?}"),
            Place::Stack(n) => format!("+{n}"),
            Place::Copy { at, size } => format!("{size} at +{at}"),
        };
        let value = |v: &crate::abi::Pieces| v.iter().map(piece).collect::<Vec<_>>().join(":");
        of.iter().map(value).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn system_v() {
        let p = places("(i8, f32, i64, i128, f64x2, i128, i64, i32) -> i64, f32, i32, f64 system_v");
        assert_eq!(shown(&p.args), "r7 x0 r6 r2:r1 x1 r8:r9 +0 +8");
        assert_eq!(shown(&p.results), "r0 x0 r2 x1");
        assert_eq!((p.stack, p.area_size), (16, 0));
    }

    #[test]
    fn a_pair_is_not_torn() {
        let p = places("(i64, i64, i64, i64, i64, i128, i64, i64, i128) system_v");
        assert_eq!(shown(&p.args), "r7 r6 r2 r1 r8 +0:+8 r9 +16 +32:+40");
        assert_eq!(p.stack, 48);
    }

    #[test]
    fn windows_counts_places() {
        let p = places("(i64, f64, i32, f32, i64, f64) -> f64 windows_fastcall");
        assert_eq!((shown(&p.args), p.stack), ("r1 x1 r8 x3 +32 +40".into(), 48));
    }

    #[test]
    fn copies_of_structures() {
        let p = places("(i64 sarg(20), i64, i64 sarg(8), i64 sret) system_v");
        assert_eq!((shown(&p.args), p.stack), ("20 at +0 r7 8 at +24 r6".into(), 32));
    }

    #[test]
    fn results_beyond_the_registers() {
        let p = places("(i64) -> i64, i64, i64, i64, f64, f64, f64x2 system_v");
        assert_eq!((shown(&p.args), shown(&p.results)), ("r6".into(), "r0 r2 +0 +8 x0 x1 +16".into()));
        assert_eq!((p.area.map(|a| a.at), p.area_size), (Some(Place::Reg(r(RDI))), 32));
    }

    #[test]
    fn the_third_register_of_results_is_llvm_s() {
        for conv in ["system_v", "fast"] {
            let text = format!("(i64) -> i64, f64, i32, f32, i64, i64, f32 {conv}");
            let p = places(&text);
            assert_eq!((shown(&p.args), shown(&p.results)), ("r6".into(), "r0 x0 r2 x1 +0 +8 +16".into()));
            let p = places_with(&text, true);
            assert_eq!((shown(&p.args), shown(&p.results)), ("r6".into(), "r0 x0 r2 x1 r1 +0 +8".into()));
        }
        for llvm_abi in [false, true] {
            assert_eq!(shown(&places_with("() -> i64, i64, i64, i64 winch", llvm_abi).results), "r0 r2 r1 +0");
            assert_eq!(shown(&places_with("() -> i64, i64, i64, i64 tail", llvm_abi).results), "r0 r2 r1 r6");
            assert_eq!(shown(&places_with("() -> i64, i64, i64 windows_fastcall", llvm_abi).results), "r0 r2 +0");
        }
    }

    #[test]
    fn halves_of_results_go_apart() {
        let p = places_with("() -> i64, i64, i128 system_v", true);
        assert_eq!(shown(&p.results), "r0 r2 r1:+0");
        let p = places_with("() -> i64, i128 windows_fastcall", true);
        assert_eq!(shown(&p.results), "r0 r2:+0");
    }

    #[test]
    fn windows_copies_what_is_wide() {
        let text = "(i64, i128, i128, i8, i128) -> i128, i128 windows_fastcall";
        let p = places(text);
        // the address of the return area comes first; addresses of copies are arguments like others
        assert_eq!((shown(&p.args), shown(&p.results)), ("r2 r8 r9 +32 +40".into(), "x0 +0:+8".into()));
        assert_eq!((p.stack, p.area_size, p.copies), (48, 16, 48));
        let p = places_with("(i64, i128, i128, i8, i128) -> i128 windows_fastcall", true);
        assert_eq!((shown(&p.args), shown(&p.results)), ("r1 r2:r8 r9:+32 +40 +48:+56".into(), "r0:r2".into()));
        assert_eq!((p.stack, p.copies), (64, 0));
    }

    #[test]
    fn structures_take_no_register_on_windows() {
        let p = places("(i64, i64 sarg(24), i64, i32, i64 sarg(8), i64, i64, f64) -> i64 windows_fastcall");
        assert_eq!((shown(&p.args), p.stack), ("r1 24 at +32 r2 r8 8 at +56 r9 +64 +72".into(), 80));
    }
}
