//! Constructors of right sides: one function per instruction, by the operands it takes. A width comes first, in bits,
//! where there are several; operands are inputs only.

use crate::{Family, cond};
use windlass_desc::machine::{Cc, Form};
use windlass_rules::term::*;

fn inst(family: Family, width: u16, form: Option<Form>, args: Vec<Arg>) -> MInst {
    MInst { family: family.into(), width, form, args, flags: None, code: None }
}

/// `name Family` lines: a width and two inputs.
macro_rules! two { ($($name:ident $family:ident;)*) => { $(
    #[doc = concat!("`", stringify!($name), "`: see its row.")]
    pub fn $name(w: u16, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
        inst(Family::$family, w, None, vec![a.into(), b.into()])
    }
)* } }

two! {
    add Add; sub Sub; shl Shl; shr Shr; sar Sar; cmp Cmp; cmpl CmpL; fadd_ FAdd; fsub_ FSub; fmul_ FMul; fdiv_ FDiv; fcmp_ FCmp;
    divs DivS; st St; stswap StSwap; fst FSt;
}

/// `name Family` lines: two inputs of 64 bits.
macro_rules! whole { ($($name:ident $family:ident;)*) => { $(
    #[doc = concat!("`", stringify!($name), "`: see its row.")]
    pub fn $name(a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
        inst(Family::$family, 64, None, vec![a.into(), b.into()])
    }
)* } }

whole! { addl AddL; subl SubL; and And; or Or; xor Xor; mul Mul; mulw MulW; }

/// `name Family` lines: one input, 64 bits.
macro_rules! one { ($($name:ident $family:ident;)*) => { $(
    #[doc = concat!("`", stringify!($name), "`: see its row.")]
    pub fn $name(a: impl Into<Arg>) -> MInst {
        inst(Family::$family, 64, None, vec![a.into()])
    }
)* } }

one! {
    zext8 Zext8; zext16 Zext16; zext32 Zext32; sext8 Sext8; sext16 Sext16; sext32 Sext32; mov Mov; lea Lea; pget PGet;
    ldz8 Ldz8; ldz16 Ldz16; ldz32 Ldz32; lds8 Lds8; lds16 Lds16; lds32 Lds32;
}

/// `name Family` lines: a width and one input.
macro_rules! sized { ($($name:ident $family:ident;)*) => { $(
    #[doc = concat!("`", stringify!($name), "`: see its row.")]
    pub fn $name(w: u16, a: impl Into<Arg>) -> MInst {
        inst(Family::$family, w, None, vec![a.into()])
    }
)* } }

sized! { ld Ld; ldswap LdSwap; fld FLd; fneg_ FNeg; fabs_ FAbs; tof ToF; fromf FromF; }

/// A short constant.
pub fn li(k: impl Into<ImmExpr>) -> MInst {
    inst(Family::Li, 64, None, vec![Arg::Imm(k.into())])
}

/// A constant from the pool.
pub fn lit(k: impl Into<ImmExpr>) -> MInst {
    inst(Family::Lit, 64, None, vec![Arg::Imm(k.into())])
}

/// A float from the pool.
pub fn flit(w: u16, k: impl Into<ImmExpr>) -> MInst {
    inst(Family::FLit, w, None, vec![Arg::Imm(k.into())])
}

/// Sum with the carry of the step before.
pub fn addc(a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    MInst { flags: Some(Flags::Before(is(cond::CARRY))), ..inst(Family::AddC, 64, None, vec![a.into(), b.into()]) }
}

/// Difference with the borrow of the step before.
pub fn subb(a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    MInst { flags: Some(Flags::Before(is(cond::CARRY))), ..inst(Family::SubB, 64, None, vec![a.into(), b.into()]) }
}

/// Quotient and remainder of `hi:lo`, unsigned.
pub fn divu(lo: impl Into<Arg>, hi: impl Into<Arg>, by: impl Into<Arg>) -> MInst {
    inst(Family::DivU, 64, None, vec![lo.into(), hi.into(), by.into()])
}

/// `b` if the condition holds, else `a`.
pub fn sel(f: impl Into<Flags>, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    MInst { flags: Some(f.into()), ..inst(Family::Sel, 64, None, vec![a.into(), b.into()]) }
}

/// The float `b` if the mask is set, else `a`.
pub fn fsel(w: u16, a: impl Into<Arg>, b: impl Into<Arg>, mask: impl Into<Arg>) -> MInst {
    inst(Family::FSel, w, None, vec![a.into(), b.into(), mask.into()])
}

/// A mask of whether the condition holds.
pub fn pcc(f: impl Into<Flags>) -> MInst {
    MInst { flags: Some(f.into()), ..inst(Family::PCc, 16, None, vec![]) }
}

/// A mask of whether two floats relate as the condition asks.
pub fn pcmp(w: u16, cc: Cc, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
    inst(Family::PCmp, w, None, vec![a.into(), b.into(), (cc.0 as i64).into()])
}

/// Traps if a condition holds.
pub fn trap_if(f: impl Into<Flags>) -> MInst {
    MInst { flags: Some(f.into()), ..inst(Family::TrapIf, 64, None, vec![]) }
}

/// Leaves the block by a condition.
pub fn branch(f: impl Into<Flags>) -> MInst {
    MInst { flags: Some(f.into()), ..inst(Family::Branch, 64, None, vec![]) }
}

/// Traps, with the code of the rule's root.
pub fn trap_() -> MInst {
    inst(Family::Trap, 64, None, vec![])
}

/// The address of a stack slot.
pub fn lea_slot(s: Im) -> MInst {
    inst(Family::Lea, 64, None, vec![Arg::Slot(s)])
}

/// The address of a symbol near by.
pub fn symn(s: Im) -> MInst {
    inst(Family::SymNear, 64, None, vec![s.into()])
}

/// The address of a symbol anywhere.
pub fn symf(s: Im) -> MInst {
    inst(Family::SymFar, 64, None, vec![s.into()])
}

/// Shorthand: the machine's condition for a matched one.
pub fn of(cc: Cv) -> CcExpr {
    CcExpr::Of(cc)
}

/// Shorthand: this condition.
pub fn is(cc: Cc) -> CcExpr {
    CcExpr::Is(cc)
}
