//! Where a calling convention puts arguments and results: a value becomes pieces, a piece goes to a register or to the
//! stack. The conventions themselves are rows that each target has ([`Convention`]); this page only hands out. Needs a
//! signature; leaves [`Places`].

use crate::error::{CodegenError, CodegenResult};
use crate::options::Options;
use smallvec::{SmallVec, smallvec};
use windlass_desc::types::{I128, Type};
use windlass_ir::ir::{AbiParam, ArgumentPurpose, Signature};
use windlass_regalloc::{CLASSES, Class, PReg, RegSet};

/// A calling convention.
#[derive(Debug)]
pub struct Convention {
    /// Registers of arguments by class, in the order they are given out.
    pub args: [&'static [PReg]; CLASSES],
    /// Registers of results.
    pub results: [&'static [PReg]; CLASSES],
    /// How many of those for integers, the last ones, C never uses: they hold results only if
    /// `enable_llvm_abi_extensions` is set.
    pub llvm_results: usize,
    /// The class of registers that floats are in, which vectors may share.
    pub floats: Class,
    /// The n-th argument takes the n-th register of its class, whatever came before it.
    pub positional: bool,
    /// Bytes above the return address that the callee may use as it likes.
    pub shadow: u64,
    /// Results that no register has are returned in memory, whatever the settings.
    pub spills_results: bool,
    /// The callee removes the stack arguments.
    pub callee_pops: bool,
    /// How integers of 128 bits are passed.
    pub wide_args: Halves,
    /// How they are returned.
    pub wide_results: Halves,
    /// Where the address goes to which a structure is returned, if that has a register of its own; else it is an argument
    /// like others, and is returned in the first result register.
    pub struct_return: Option<PReg>,
    /// A value narrower than its place on the stack stands at the end of it.
    pub right_justified: bool,
    /// What a callee must leave as it was, the stack pointer apart.
    pub callee_saved: RegSet,
    /// What a call destroys.
    pub clobbers: RegSet,
}

/// Where a piece is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A register.
    Reg(PReg),
    /// Byte offset: of an argument from the first stack argument, of a result in the return area.
    Stack(u32),
    /// Of an argument: it is the address of so many bytes at this offset among the stack arguments, which the caller
    /// copied there.
    Copy {
        /// Byte offset from the first stack argument.
        at: u32,
        /// How many.
        size: u32,
    },
}

/// What one register or one place on the stack has of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece {
    /// Class of the register.
    pub class: Class,
    /// Bytes that count, at least 4.
    pub width: u8,
    /// Where it is.
    pub at: Place,
}

/// The pieces of a value, in the order of memory. If an integer of 128 bits has only one, that is the address of a copy if it is an
/// argument, and a vector register with all of it if it is a result.
pub type Pieces = SmallVec<[Piece; 2]>;

/// Where a signature's arguments and results are.
#[derive(Clone, Default, Debug)]
pub struct Places {
    /// Per argument.
    pub args: Vec<Pieces>,
    /// Per result.
    pub results: Vec<Pieces>,
    /// Bytes of stack arguments, a multiple of 16.
    pub stack: u64,
    /// The address of the return area, if some result is there: a hidden argument before the others.
    pub area: Option<Piece>,
    /// Bytes of the return area, a multiple of 16.
    pub area_size: u64,
    /// Bytes of the copies whose addresses are passed, 16 of each.
    pub copies: u64,
}

/// More is refused: offsets of the parts of a frame must fit 30 bits.
const MAX_STACK: u64 = 1 << 28;

/// Class and width of the pieces of a value; nothing if no convention here says how such values are passed.
pub fn parts(ty: Type, floats: Class) -> Option<SmallVec<[(Class, u8); 2]>> {
    let bytes = ty.bits().div_ceil(8);
    if ty.is_dynamic_vector() || bytes > 16 {
        return None;
    }
    match ty {
        _ if ty.is_int() && bytes <= 8 => Some(smallvec![(Class::Int, 8)]),
        _ if ty.is_int() => Some(smallvec![(Class::Int, 8); 2]),
        _ if ty.is_float() => Some(smallvec![(floats, bytes.max(4) as u8)]),
        _ if ty.is_vector() => Some(smallvec![(Class::Vec, bytes.max(4) as u8)]),
        _ => None,
    }
}

/// How integers of 128 bits go. Where C copies them or has them in vector registers, `enable_llvm_abi_extensions` makes
/// their halves go apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Halves {
    /// Both in registers, or both on the stack.
    Together,
    /// Each as if the other were not there.
    Apart,
    /// As together, but the last register may have the lower one alone.
    Torn,
    /// By the address of a copy.
    Copied,
    /// In a vector register, or on the stack.
    Vector,
}

impl Halves {
    /// Under these options.
    fn under(self, options: &Options) -> Halves {
        match self {
            Halves::Copied | Halves::Vector if options.llvm_abi => Halves::Apart,
            _ => self,
        }
    }
}

/// Hands out registers, then stack.
struct Hand<'a> {
    conv: &'a Convention,
    regs: [&'a [PReg]; CLASSES],
    positional: bool,
    halves: Halves,
    taken: [usize; CLASSES],
    stack: u64,
}

impl Hand<'_> {
    /// Places for all pieces of a value: registers if there are enough for all of them.
    fn take(&mut self, parts: &[(Class, u8)]) -> Pieces {
        let class = parts[0].0;
        let from = self.taken[class as usize];
        if let Some(regs) = self.regs[class as usize].get(from..from + parts.len()) {
            let step = |taken: &mut usize| *taken += parts.len();
            if self.positional {
                self.taken.iter_mut().for_each(step)
            } else {
                step(&mut self.taken[class as usize])
            }
            let piece = |(&(class, width), &r): (&(Class, u8), &PReg)| Piece { class, width, at: Place::Reg(r) };
            return parts.iter().zip(regs).map(piece).collect();
        }
        self.on_stack(parts)
    }
    fn on_stack(&mut self, parts: &[(Class, u8)]) -> Pieces {
        let whole: u64 = parts.iter().map(|p| p.1.max(8) as u64).sum();
        self.stack = self.stack.next_multiple_of(whole);
        let piece = |&(class, width): &(Class, u8)| {
            let unused = if self.conv.right_justified { 8u64.saturating_sub(width as u64) } else { 0 };
            let at = Place::Stack((self.stack + unused).min(MAX_STACK) as u32);
            self.stack += width.max(8) as u64;
            Piece { class, width, at }
        };
        parts.iter().map(piece).collect()
    }
    /// Places for an integer of 128 bits.
    fn wide(&mut self) -> Pieces {
        let half = (Class::Int, 8);
        match self.halves {
            Halves::Together => self.take(&[half; 2]),
            Halves::Torn if self.taken[Class::Int as usize] >= self.regs[Class::Int as usize].len() => {
                self.on_stack(&[half; 2])
            }
            Halves::Apart | Halves::Torn => (0..2).flat_map(|_| self.take(&[half])).collect(),
            Halves::Copied => self.take(&[half]),
            Halves::Vector if self.taken[Class::Vec as usize] < self.regs[Class::Vec as usize].len() => {
                self.take(&[(Class::Vec, 16)])
            }
            Halves::Vector => self.on_stack(&[half; 2]),
        }
    }
    /// Places for an argument or result.
    fn param(&mut self, p: &AbiParam) -> CodegenResult<Pieces> {
        match (p.purpose, parts(p.value_type, self.conv.floats)) {
            (ArgumentPurpose::StructArgument(size), _) => {
                self.stack = self.stack.next_multiple_of(8);
                let at = Place::Copy { at: self.stack.min(MAX_STACK) as u32, size };
                self.stack += (size as u64).next_multiple_of(8);
                Ok(smallvec![Piece { class: Class::Int, width: 8, at }])
            }
            (ArgumentPurpose::StructReturn, _) if self.conv.struct_return.is_some() => {
                let of = |r| Piece { class: Class::Int, width: 8, at: Place::Reg(r) };
                Ok(self.conv.struct_return.into_iter().map(of).collect())
            }
            (_, Some(_)) if p.value_type == I128 => Ok(self.wide()),
            (_, Some(parts)) => Ok(self.take(&parts)),
            (_, None) => Err(CodegenError::unsupported(format!("arguments or results of type {}", p.value_type))),
        }
    }
}

impl Places {
    /// Those of `sig` under convention `conv`.
    pub fn new(sig: &Signature, conv: &Convention, options: &Options) -> CodegenResult<Places> {
        let purposes = |of: &[AbiParam], refused: fn(ArgumentPurpose) -> bool| of.iter().any(|p| refused(p.purpose));
        if purposes(&sig.returns, |p| p != ArgumentPurpose::Normal) {
            return Err(CodegenError::unsupported("results with a purpose"));
        }
        if sig.uses_special_param(ArgumentPurpose::StructReturn) && !sig.returns.is_empty() {
            return Err(CodegenError::unsupported("results besides sret"));
        }
        let mut regs = conv.results;
        if !options.llvm_abi {
            let ints = &mut regs[Class::Int as usize];
            *ints = &ints[..ints.len() - conv.llvm_results];
        }
        let halves = conv.wide_results.under(options);
        let mut hand = Hand { conv, regs, positional: false, halves, taken: [0; CLASSES], stack: 0 };
        let results = sig.returns.iter().map(|p| hand.param(p)).collect::<CodegenResult<Vec<_>>>()?;
        let area_size = hand.stack.next_multiple_of(16);
        if area_size > 0 && !conv.spills_results && !options.implicit_sret {
            let what = "results that do not fit in registers, without setting enable_multi_ret_implicit_sret";
            return Err(CodegenError::unsupported(what));
        }
        let halves = conv.wide_args.under(options);
        let mut hand = Hand {
            conv,
            regs: conv.args,
            positional: conv.positional,
            halves,
            taken: [0; CLASSES],
            stack: conv.shadow,
        };
        let area = (area_size > 0).then(|| hand.take(&[(Class::Int, 8)])[0]);
        let args = sig.params.iter().map(|p| hand.param(p)).collect::<CodegenResult<Vec<_>>>()?;
        let stack = hand.stack.next_multiple_of(16);
        let copied = sig.params.iter().filter(|p| halves == Halves::Copied && p.value_type == I128).count();
        let copies = 16 * copied as u64;
        match area_size.max(stack).max(copies) {
            size @ MAX_STACK.. => Err(CodegenError::FrameTooLarge(size, MAX_STACK)),
            _ => Ok(Places { args, results, stack, area, area_size, copies }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_desc::types::{F32, F64, I32, I64};
    use windlass_ir::isa::CallConv;

    const fn r(n: u8) -> PReg {
        PReg::new(Class::Int, n)
    }

    /// Of no machine: few registers, floats in a class of their own as well as returned structures, values at the ends of
    /// their places.
    static PAPER: Convention = Convention {
        args: [&[r(2), r(3), r(4)], &[], &[PReg::new(Class::Float, 0)], &[]],
        results: [&[r(2), r(3)], &[], &[PReg::new(Class::Float, 0)], &[]],
        llvm_results: 0,
        floats: Class::Float,
        positional: false,
        shadow: 0,
        spills_results: false,
        callee_pops: false,
        wide_args: Halves::Copied,
        wide_results: Halves::Apart,
        struct_return: Some(r(8)),
        right_justified: true,
        callee_saved: RegSet::EMPTY,
        clobbers: RegSet::EMPTY,
    };

    fn places(params: &[AbiParam], options: &Options) -> Vec<Place> {
        let mut sig = Signature::new(CallConv::SystemV);
        sig.params = params.to_vec();
        let places = Places::new(&sig, &PAPER, options).unwrap();
        places.args.iter().flatten().map(|p| p.at).collect()
    }

    #[test]
    fn structures_are_returned_to_a_register_of_their_own() {
        let sret = AbiParam::special(I64, ArgumentPurpose::StructReturn);
        let found = places(&[sret, AbiParam::new(I64)], &Options::default());
        assert_eq!(found, [Place::Reg(r(8)), Place::Reg(r(2))]);
    }

    #[test]
    fn narrow_values_stand_at_the_end_of_their_place() {
        let params = [F64, F32, I32, I32, I32, I32, F64].map(AbiParam::new);
        let found = places(&params, &Options::default());
        let stack = |n: usize| match found[n] {
            Place::Stack(at) => at,
            other => panic!("{other:?}"),
        };
        // integers fill their places; only floats are narrower
        assert_eq!([stack(1), stack(5), stack(6)], [4, 8, 16]);
    }

    #[test]
    fn copies_are_for_c_alone() {
        let params = [I128, I64].map(AbiParam::new);
        assert_eq!(places(&params, &Options::default()), [Place::Reg(r(2)), Place::Reg(r(3))]);
        let llvm = Options { llvm_abi: true, ..Options::default() };
        assert_eq!(places(&params, &llvm), [Place::Reg(r(2)), Place::Reg(r(3)), Place::Reg(r(4))]);
    }
}
