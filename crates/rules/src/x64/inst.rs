//! Constructors of right sides: one function per x86-64 instruction, by the operands it takes. A width comes first, in
//! bits; operands are inputs only, since a result has a place of its own. Needs [`crate::term`].

use crate::term::*;
use windlass_desc::machine::Form;
use windlass_desc::x64::Family;
use windlass_desc::x64::flags::Cc;

fn inst(family: Family, width: u16, form: Option<Form>, args: Vec<Arg>) -> MInst {
    MInst { family: family.into(), width, form, args, flags: None, code: None }
}

/// `name Family` lines: two inputs, of which the second may be a register, memory or an immediate.
macro_rules! two { ($($name:ident $family:ident;)*) => { $(
    #[doc = concat!("`", stringify!($name), "`: see desc's row.")]
    pub fn $name(w: u16, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
        inst(Family::$family, w, None, vec![a.into(), b.into()])
    }
)* } }

two! {
    add Add; or Or; and And; sub Sub; xor Xor; cmp Cmp; test Test; bt Bt; mul Imul;
    shl Shl; shr Shr; sar Sar; rol Rol; ror Ror; shlx Shlx; shrx Shrx; sarx Sarx;
    addf AddF; subf SubF; mulf MulF; divf DivF; minf MinF; maxf MaxF; unordf UnordF; cmpf CmpF;
    vaddf VAddF; vsubf VSubF; vmulf VMulF; vdivf VDivF; vminf VMinF; vmaxf VMaxF;
    andf AndF; andnf AndnF; orf OrF; xorf XorF; vandf VAndF; vandnf VAndnF; vorf VOrF; vxorf VXorF;
    roundf RoundF; vroundf VRoundF; int_to_f32 IntToF32; int_to_f64 IntToF64;
}

/// `name Family` lines: one input.
macro_rules! one { ($($name:ident $family:ident;)*) => { $(
    #[doc = concat!("`", stringify!($name), "`: see desc's row.")]
    pub fn $name(w: u16, a: impl Into<Arg>) -> MInst {
        inst(Family::$family, w, None, vec![a.into()])
    }
)* } }

one! {
    bsf Bsf;
    bsr Bsr;
    tzcnt Tzcnt;
    lzcnt Lzcnt;
    count_ones Popcnt;
    swap_bytes Bswap;
    neg Neg; not Not;
    sqrtf SqrtF; vsqrtf VSqrtF; widen Widen; narrow Narrow; to_vec ToVec; from_vec FromVec;
    f32_to_int F32ToInt; f64_to_int F64ToInt;
    movzx8 Movzx8; movzx16 Movzx16; movsx8 Movsx8; movsx16 Movsx16; movsx32 Movsx32;
}

/// Sum with the carry of the step before.
pub fn adc(w: u16, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    MInst { flags: Some(Flags::Before(is(Cc::B))), ..inst(Family::Adc, w, None, vec![a.into(), b.into()]) }
}

/// Difference with the borrow of the step before.
pub fn sbb(w: u16, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    MInst { flags: Some(Flags::Before(is(Cc::B))), ..inst(Family::Sbb, w, None, vec![a.into(), b.into()]) }
}

/// The product of double width, unsigned: lower and upper half.
pub fn mul_wide(w: u16, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    inst(Family::MulWide, w, Some(Form::R), vec![a.into(), b.into()])
}

/// The product of double width, signed: lower and upper half.
pub fn imul_wide(w: u16, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    inst(Family::ImulWide, w, Some(Form::R), vec![a.into(), b.into()])
}

/// Quotient and remainder of `hi:lo`, unsigned.
pub fn div(w: u16, lo: impl Into<Arg>, hi: impl Into<Arg>, by: impl Into<Arg>) -> MInst {
    inst(Family::Div, w, Some(Form::R), vec![lo.into(), hi.into(), by.into()])
}

/// Quotient and remainder of `hi:lo`, signed.
pub fn idiv(w: u16, lo: impl Into<Arg>, hi: impl Into<Arg>, by: impl Into<Arg>) -> MInst {
    inst(Family::Idiv, w, Some(Form::R), vec![lo.into(), hi.into(), by.into()])
}

/// `a` shifted left, the high bits of `b` coming in.
pub fn shld(w: u16, a: impl Into<Arg>, b: impl Into<Arg>, by: impl Into<Arg>) -> MInst {
    inst(Family::Shld, w, None, vec![a.into(), b.into(), by.into()])
}

/// `a` shifted right, the low bits of `b` coming in.
pub fn shrd(w: u16, a: impl Into<Arg>, b: impl Into<Arg>, by: impl Into<Arg>) -> MInst {
    inst(Family::Shrd, w, None, vec![a.into(), b.into(), by.into()])
}

/// The sign in every bit.
pub fn sign(w: u16, a: impl Into<Arg>) -> MInst {
    inst(Family::Sign, w, None, vec![a.into()])
}

/// Copies a register.
pub fn mov(w: u16, a: impl Into<Reg>) -> MInst {
    inst(Family::Mov, w, Some(Form::Rr), vec![Arg::Reg(a.into())])
}

/// Loads.
pub fn mov_load(w: u16, a: impl Into<Arg>) -> MInst {
    inst(Family::Mov, w, Some(Form::Rm), vec![a.into()])
}

/// Stores a register or an immediate.
pub fn mov_store(w: u16, a: impl Into<Arg>, x: impl Into<Arg>) -> MInst {
    inst(Family::Mov, w, None, vec![a.into(), x.into()])
}

/// Loads a float.
pub fn movf_load(w: u16, a: Addr) -> MInst {
    inst(Family::MovF, w, Some(Form::Rm), vec![a.into()])
}

/// Stores a float.
pub fn movf_store(w: u16, a: Addr, x: impl Into<Arg>) -> MInst {
    inst(Family::MovF, w, Some(Form::Mr), vec![a.into(), x.into()])
}

/// Zero in a vector register.
pub fn zerof() -> MInst {
    inst(Family::ZeroF, 128, None, vec![])
}

/// A float with these bits, from the pool of constants.
pub fn constf(w: u16, k: impl Into<ImmExpr>) -> MInst {
    inst(Family::ConstF, w, None, vec![Arg::Imm(k.into())])
}

/// The product of `a` and `b`, plus `c`.
pub fn fmaf(w: u16, a: impl Into<Arg>, b: impl Into<Arg>, c: impl Into<Arg>) -> MInst {
    inst(Family::FmaF, w, None, vec![a.into(), b.into(), c.into()])
}

/// The float `b` if the condition holds, else `a`; by a branch.
pub fn selectf(w: u16, f: impl Into<Flags>, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    MInst { flags: Some(f.into()), ..inst(Family::SelectF, w, None, vec![a.into(), b.into()]) }
}

/// A constant of 32 bits, zero-extended; the shortest.
pub fn mov_u32(k: impl Into<ImmExpr>) -> MInst {
    inst(Family::Mov, 32, Some(Form::Rw), vec![Arg::Imm(k.into())])
}

/// A constant of 32 bits, sign-extended to 64.
pub fn mov_s32(k: impl Into<ImmExpr>) -> MInst {
    inst(Family::Mov, 64, Some(Form::Ri), vec![Arg::Imm(k.into())])
}

/// A constant of 64 bits.
pub fn mov_64(k: impl Into<ImmExpr>) -> MInst {
    inst(Family::Mov, 64, Some(Form::Rw), vec![Arg::Imm(k.into())])
}

/// An address.
pub fn lea(a: impl Into<Arg>) -> MInst {
    inst(Family::Lea, 64, Some(Form::Rm), vec![a.into()])
}

/// The address of a stack slot.
pub fn lea_slot(s: Im) -> MInst {
    inst(Family::Lea, 64, None, vec![Arg::Slot(s)])
}

/// The sum of two registers and a number.
pub fn lea_sum(w: u16, base: Val, index: Option<(Val, ImmExpr)>, disp: impl Into<ImmExpr>) -> MInst {
    inst(Family::Lea, w, Some(Form::Rm), vec![Arg::Sum(Sum { base, index, disp: disp.into() })])
}

/// A byte that tells whether a condition holds.
pub fn set(f: impl Into<Flags>) -> MInst {
    MInst { flags: Some(f.into()), ..inst(Family::Set, 8, None, vec![]) }
}

/// `b` if the condition holds, else `a`.
pub fn cmov(w: u16, f: impl Into<Flags>, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    MInst { flags: Some(f.into()), ..inst(Family::Cmov, w, None, vec![a.into(), b.into()]) }
}

/// Traps if a condition holds, with the code of the rule's root.
pub fn trap_if(f: impl Into<Flags>) -> MInst {
    MInst { flags: Some(f.into()), ..inst(Family::TrapIf, 64, None, vec![]) }
}

/// Leaves the block by a condition.
pub fn branch(f: impl Into<Flags>) -> MInst {
    MInst { flags: Some(f.into()), ..inst(Family::Branch, 64, None, vec![]) }
}

/// Traps, with the code of the rule's root.
pub fn ud2() -> MInst {
    inst(Family::Ud2, 64, None, vec![])
}

/// The address of a symbol near by.
pub fn sym_near(s: Im) -> MInst {
    inst(Family::SymNear, 64, None, vec![s.into()])
}

/// The address of a symbol anywhere.
pub fn sym_far(s: Im) -> MInst {
    inst(Family::SymFar, 64, None, vec![s.into()])
}

/// Shorthand: the machine's condition for a matched one.
pub fn of(cc: Cv) -> CcExpr {
    CcExpr::Of(cc)
}

/// Shorthand: this condition.
pub fn is(cc: Cc) -> CcExpr {
    CcExpr::Is(cc.into())
}
