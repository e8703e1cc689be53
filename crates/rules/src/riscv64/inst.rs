//! Constructors of right sides: one function per riscv64 instruction, by the operands it takes. Where an operation has
//! two widths, the width comes first, in bits; operands are inputs only. Needs [`crate::term`].

use crate::term::*;
use windlass_desc::machine::Form;
use windlass_desc::riscv64::Family;
use windlass_desc::riscv64::cond::Cc;

fn inst(family: Family, width: u16, form: Option<Form>, args: Vec<Arg>) -> MInst {
    MInst { family: family.into(), width, form, args, flags: None, code: None }
}

/// `name Family` lines: two inputs, at 32 or 64 bits.
macro_rules! sized { ($($name:ident $family:ident;)*) => { $(
    #[doc = concat!("`", stringify!($name), "`: see desc's row.")]
    pub fn $name(w: u16, a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
        inst(Family::$family, w, None, vec![a.into(), b.into()])
    }
)* } }

sized! { add Add; sub Sub; sll Sll; srl Srl; sra Sra; mul Mul; div Div; divu Divu; rem Rem; remu Remu; }

/// `name Family` lines: two inputs of 64 bits.
macro_rules! two { ($($name:ident $family:ident;)*) => { $(
    #[doc = concat!("`", stringify!($name), "`: see desc's row.")]
    pub fn $name(a: impl Into<Arg>, b: impl Into<Arg>) -> MInst {
        inst(Family::$family, 64, None, vec![a.into(), b.into()])
    }
)* } }

two! { and And; or Or; xor Xor; slt Slt; sltu Sltu; mulh Mulh; mulhu Mulhu; }

/// `name Family width` lines: one input.
macro_rules! one { ($($name:ident $family:ident $w:literal;)*) => { $(
    #[doc = concat!("`", stringify!($name), "`: see desc's row.")]
    pub fn $name(a: impl Into<Arg>) -> MInst {
        inst(Family::$family, $w, None, vec![a.into()])
    }
)* } }

one! {
    not Not 64; seqz Seqz 64; snez Snez 64; sgtz Sgtz 64; sext_w SextW 32; mv Mv 64; lea Lea 64;
    lb Lb 64; lh Lh 64; lw Lw 64; ld Ld 64; lbu Lbu 64; lhu Lhu 64; lwu Lwu 64;
}

/// Negation.
pub fn neg(w: u16, a: impl Into<Arg>) -> MInst {
    inst(Family::Neg, w, None, vec![a.into()])
}

/// Stores the low bits of a register.
pub fn store_to(w: u16, a: impl Into<Arg>, x: impl Into<Arg>) -> MInst {
    inst(Family::Store, w, None, vec![a.into(), x.into()])
}

/// A constant.
pub fn li(k: impl Into<ImmExpr>) -> MInst {
    inst(Family::Li, 64, None, vec![Arg::Imm(k.into())])
}

/// The address of a stack slot.
pub fn lea_slot(s: Im) -> MInst {
    inst(Family::Lea, 64, None, vec![Arg::Slot(s)])
}

/// The address of a symbol near by.
pub fn sym_near(s: Im) -> MInst {
    inst(Family::SymNear, 64, None, vec![s.into()])
}

/// The address of a symbol anywhere.
pub fn sym_far(s: Im) -> MInst {
    inst(Family::SymFar, 64, None, vec![s.into()])
}

/// Traps, with the code of the rule's root.
pub fn unimp() -> MInst {
    inst(Family::Unimp, 64, None, vec![])
}

/// An instruction that asks a matched test.
fn testing(c: impl Into<Flags>, i: MInst) -> MInst {
    MInst { flags: Some(c.into()), ..i }
}

/// An instruction that asks a condition of registers: two, or one for a comparison with zero.
fn asking<const N: usize>(cc: Cc, on: [Reg; N], mut i: MInst) -> MInst {
    i.args.extend(on.map(Arg::Reg));
    MInst { flags: Some(Flags::On(CcExpr::Is(cc.into()))), ..i }
}

/// Leaves the block by a test.
pub fn branch(c: Cond) -> MInst {
    testing(c, inst(Family::Branch, 64, None, vec![]))
}

/// Traps if a test holds, with the code of the rule's root.
pub fn trap_if(c: Cond) -> MInst {
    testing(c, inst(Family::TrapIf, 64, None, vec![]))
}

/// Traps if a condition holds.
pub fn trap_on<const N: usize>(cc: Cc, on: [Reg; N]) -> MInst {
    asking(cc, on, inst(Family::TrapIf, 64, None, vec![]))
}

/// `yes` if a test holds, else `no`.
pub fn select_by(c: impl Into<Flags>, no: impl Into<Arg>, yes: impl Into<Arg>) -> MInst {
    testing(c, inst(Family::Select, 64, None, vec![no.into(), yes.into()]))
}

/// `yes` if a condition holds, else `no`.
pub fn select_on<const N: usize>(cc: Cc, on: [Reg; N], no: impl Into<Arg>, yes: impl Into<Arg>) -> MInst {
    asking(cc, on, inst(Family::Select, 64, None, vec![no.into(), yes.into()]))
}
