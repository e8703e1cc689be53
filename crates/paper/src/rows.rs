//! The table of instructions: a line per family with its rows and its meaning, a function of the environment, the width
//! and the inputs. Needs `forms.rs`.

use super::cond::chosen;
use super::forms::*;
use super::{Paper, Row};
use windlass_desc::bv::Bv;
use windlass_desc::env::{Choice, Env};
use windlass_desc::fp::{self, FpFormat, FpOp};
use windlass_desc::machine::{self, Emission, FamilyInfo, Flow, Imm, Input, Meant, SymbolReach, nothing, value};

/// Builds [`Family`], [`FAMILIES`], [`families`], the rows and the meaning from the table's lines.
macro_rules! families { ($( $id:ident $name:literal $doc:literal $rows:expr, $kind:ident $meaning:expr; )*) => {
    /// An operation of the machine.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub enum Family { $( #[doc = $doc] $id ),* }

    /// What the families' rows share, in the order of the table.
    pub const FAMILIES: &[FamilyInfo] =
        &[$( FamilyInfo { name: $name, mnemonic: $name, doc: $doc, no_meaning: families!(@reason $kind $meaning) } ),*];

    impl Family {
        /// What the family's rows share.
        pub fn info(self) -> &'static FamilyInfo {
            &FAMILIES[self as usize]
        }
    }

    impl From<Family> for machine::Family {
        fn from(f: Family) -> machine::Family {
            machine::Family(f as u16)
        }
    }

    /// All families, in the order of the table.
    pub fn families() -> &'static [Family] {
        &[$(Family::$id),*]
    }

    fn rows_of(f: Family) -> Vec<Row> {
        match f { $( Family::$id => { let make: fn(Family) -> Vec<Row> = $rows; make(f) } ),* }
    }

    /// Runs the family's meaning at `w` bits.
    pub(super) fn meaning<E: Env>(f: Family, e: &mut E, w: u32, input: &Input<E::B>, a: &[E::B]) -> Meant<E::B> {
        match f { $( Family::$id => families!(@run $kind $meaning, e, w, input, a) ),* }
    }
};
    (@reason is $meaning:expr) => { None };
    (@reason no_meaning $why:expr) => { Some($why) };
    (@run is $meaning:expr, $e:ident, $w:ident, $i:ident, $a:ident) => {{
        let f: fn(&mut E, u32, &Input<E::B>, &[E::B]) -> Meant<E::B> = $meaning;
        f($e, $w, $i, $a)
    }};
    (@run no_meaning $why:expr, $e:ident, $w:ident, $i:ident, $a:ident) => {{
        let _ = ($e, $w, $i, $a);
        Meant { results: vec![], flags: None }
    }};
}

/// All rows, family after family.
pub fn rows() -> Vec<Row> {
    families().iter().flat_map(|&f| rows_of(f)).collect()
}

fn coded_value<B: Bv>(r: B, code: B) -> Meant<B> {
    Meant { results: vec![r], flags: Some(code) }
}

fn only_code<B: Bv>(code: B) -> Meant<B> {
    Meant { results: vec![], flags: Some(code) }
}

/// The first of these codes whose condition holds, else the last.
fn code<B: Bv>(cases: &[(B, u128)], last: u128) -> B {
    cases.iter().rev().fold(B::lit(2, last), |rest, (holds, n)| holds.ite(&B::lit(2, *n), &rest))
}

/// Of a signed sum or difference whose overflow is known.
fn signed<B: Bv>(r: B, overflow: B) -> Meant<B> {
    let code = code(&[(overflow, 3), (r.is_zero(), 0), (r.sign(), 1)], 2);
    coded_value(r, code)
}

/// Of logic.
fn logic<B: Bv>(r: B) -> Meant<B> {
    let code = r.is_zero().not().zext(2);
    coded_value(r, code)
}

/// Of an unsigned sum `a + b + carry`.
fn carried<B: Bv>(a: &B, b: &B, carry: &B) -> Meant<B> {
    let w = a.w();
    let wide = a.zext(w + 1).add(&b.zext(w + 1)).add(&carry.zext(w + 1));
    let r = wide.extract(0, w);
    let code = wide.sign().concat(&r.is_zero().not());
    coded_value(r, code)
}

/// The carry that the code before tells of: its upper bit.
fn carry<B: Bv>(i: &Input<B>) -> B {
    i.flags.as_ref().map_or(B::lit(1, 0), |code| code.extract(1, 1))
}

/// Of a comparison.
fn compared<B: Bv>(a: &B, b: &B, less: B) -> Meant<B> {
    only_code(code(&[(a.eq(b), 0), (less, 1)], 2))
}

/// How two floats relate.
fn relation<B: Bv>(a: &B, b: &B) -> B {
    let r = fp::relation(a, b);
    code(&[(r.unordered, 3), (r.equal, 0), (r.less, 1)], 2)
}

/// The bytes in the opposite order.
fn turned<B: Bv>(x: &B) -> B {
    let mut bytes = x.lanes(x.w() / 8);
    bytes.reverse();
    B::from_lanes(&bytes)
}

/// The amount of a shift: six bits, at all widths.
fn count<B: Bv>(w: u32, n: &B) -> B {
    n.extract(0, 6).zext(w)
}

fn rounded<E: Env>(e: &mut E, op: FpOp, a: &[E::B]) -> Meant<E::B> {
    let r = E::B::fp(op, FpFormat::of(a[0].w()), &a.iter().collect::<Vec<_>>());
    let nan = e.choose(Choice::Nan(FpFormat::of(r.w())), r.w());
    value(fp::is_nan(&r).ite(&nan, &r))
}

/// Quotient and remainder; anything where the divisor is zero or the quotient has more than one register.
fn divided<E: Env>(e: &mut E, defined: E::B, q: E::B, r: E::B) -> Meant<E::B> {
    let mut or_any = |x: E::B| {
        let any = e.choose(Choice::Any("quotient"), x.w());
        defined.ite(&x, &any)
    };
    Meant { results: vec![or_any(q), or_any(r)], flags: None }
}

families! {
    Add "add" "Sum, signed." |f| [coded(commuting(alu(f, &[32, 64]))), coded(alu_imm(f, Imm::Signed(12))), coded(alu_mem(f))].concat(),
        is |_, _, _, a| { let r = a[0].add(&a[1]); let o = a[0].xor(&r).and(&a[1].xor(&r)).sign(); signed(r, o) };
    Sub "sub" "Difference, signed." |f| coded(alu(f, &[32, 64])),
        is |_, _, _, a| { let r = a[0].sub(&a[1]); let o = a[0].xor(&a[1]).and(&a[0].xor(&r)).sign(); signed(r, o) };
    AddL "addl" "Sum, unsigned." |f| coded(commuting(alu(f, &[64]))), is |_, _, _, a| carried(&a[0], &a[1], &E::B::lit(1, 0));
    AddC "addc" "Sum with the carry before." |f| carrying(coded(commuting(alu(f, &[64])))), is |_, _, i, a| carried(&a[0], &a[1], &carry(i));
    SubL "subl" "Difference, unsigned: no borrow is a carry." |f| coded(alu(f, &[64])), is |_, _, _, a| carried(&a[0], &a[1].not(), &E::B::lit(1, 1));
    SubB "subb" "Difference with the borrow before." |f| carrying(coded(alu(f, &[64]))), is |_, _, i, a| carried(&a[0], &a[1].not(), &carry(i));
    And "and" "Bitwise and." |f| coded([commuting(alu(f, &[64])), alu_imm(f, Imm::Unsigned(12))].concat()), is |_, _, _, a| logic(a[0].and(&a[1]));
    Or "or" "Bitwise or." |f| coded(commuting(alu(f, &[64]))), is |_, _, _, a| logic(a[0].or(&a[1]));
    Xor "xor" "Bitwise exclusive or." |f| coded(commuting(alu(f, &[64]))), is |_, _, _, a| logic(a[0].xor(&a[1]));
    Mul "mul" "Product, lower half." |f| commuting(alu(f, &[64])), is |_, _, _, a| value(a[0].mul(&a[1]));
    MulW "mulw" "Product of double width, unsigned: lower and upper half." |f| vec![pair(f, 64, false)],
        is |_, w, _, a| { let r = a[0].zext(2 * w).mul(&a[1].zext(2 * w)); Meant { results: vec![r.extract(0, w), r.extract(w, w)], flags: None } };
    DivU "divu" "Quotient and remainder of the pair, unsigned." |f| vec![pair(f, 64, true)], is |e, w, _, a| {
        let (n, d) = (a[1].concat(&a[0]), a[2].zext(2 * w));
        // an upper half of zero is an ordinary division, written as one so that a proof can see through it
        let (short, q) = (a[1].is_zero(), n.udiv(&d));
        let fits = short.or(&q.extract(w, w).is_zero()).and(&a[2].is_zero().not());
        divided(e, fits, short.ite(&a[0].udiv(&a[2]), &q.extract(0, w)), short.ite(&a[0].urem(&a[2]), &n.urem(&d).extract(0, w)))
    };
    DivS "divs" "Quotient and remainder of the odd register, signed." |f| [32, 64].map(|w| pair(f, w, false)).into(), is |e, w, _, a| {
        // the remainder by -1 is that by 1
        let by = a[1].eq(&E::B::ones(w)).ite(&E::B::lit(w, 1), &a[1]);
        divided(e, a[1].is_zero().not(), a[0].sdiv(&a[1]), a[0].srem(&by))
    };
    Shl "shl" "Shift left." shift, is |_, w, _, a| value(a[0].shl(&count(w, &a[1])));
    Shr "shr" "Logical shift right." shift, is |_, w, _, a| value(a[0].lshr(&count(w, &a[1])));
    Sar "sar" "Arithmetic shift right." shift, is |_, w, _, a| value(a[0].ashr(&count(w, &a[1])));
    Zext8 "zext8_" "Zero-extends 8 bits." |f| extend(f, 8), is |_, w, _, a| value(a[0].zext(w));
    Zext16 "zext16_" "Zero-extends 16 bits." |f| extend(f, 16), is |_, w, _, a| value(a[0].zext(w));
    Zext32 "zext32_" "Zero-extends 32 bits." |f| extend(f, 32), is |_, w, _, a| value(a[0].zext(w));
    Sext8 "sext8_" "Sign-extends 8 bits." |f| extend(f, 8), is |_, w, _, a| value(a[0].sext(w));
    Sext16 "sext16_" "Sign-extends 16 bits." |f| extend(f, 16), is |_, w, _, a| value(a[0].sext(w));
    Sext32 "sext32_" "Sign-extends 32 bits." |f| extend(f, 32), is |_, w, _, a| value(a[0].sext(w));
    Mov "mov" "Copies a general register." |f| copy(f, 64), is |_, _, _, a| value(a[0].clone());
    Li "li" "A short constant." short, is |_, _, _, a| value(a[0].clone());
    Lit "lit" "A constant from the pool." |f| literal(f, &[64], false), is |_, _, _, a| value(a[0].clone());
    Ldz8 "ldz8_" "Loads 8 bits, zero-extended." |f| load(f, 8), is |_, w, _, a| value(a[0].zext(w));
    Ldz16 "ldz16_" "Loads 16 bits, zero-extended." |f| load(f, 16), is |_, w, _, a| value(a[0].zext(w));
    Ldz32 "ldz32_" "Loads 32 bits, zero-extended." |f| load(f, 32), is |_, w, _, a| value(a[0].zext(w));
    Lds8 "lds8_" "Loads 8 bits, sign-extended." |f| load(f, 8), is |_, w, _, a| value(a[0].sext(w));
    Lds16 "lds16_" "Loads 16 bits, sign-extended." |f| load(f, 16), is |_, w, _, a| value(a[0].sext(w));
    Lds32 "lds32_" "Loads 32 bits, sign-extended." |f| load(f, 32), is |_, w, _, a| value(a[0].sext(w));
    Ld "ld" "Loads into the low bits." |f| loads(f, Of::General, &[32, 64]), is |_, _, _, a| value(a[0].clone());
    LdSwap "ldswap" "Loads into the low bits, bytes turned around." |f| loads(f, Of::General, &[16, 32, 64]), is |_, _, _, a| value(turned(&a[0]));
    St "st" "Stores the low bits." |f| stores(f, Of::General, &[8, 16, 32, 64]), is |_, _, _, a| value(a[0].clone());
    StSwap "stswap" "Stores the low bits, bytes turned around." |f| stores(f, Of::General, &[16, 32, 64]), is |_, _, _, a| value(turned(&a[0]));
    Lea "lea" "The address of a memory operand." address, is |_, _, _, a| value(a[0].clone());
    Cmp "cmp" "Compares, signed." |f| compare(f, Imm::Signed(12)), is |_, _, _, a| compared(&a[0], &a[1], a[0].slt(&a[1]));
    CmpL "cmpl" "Compares, unsigned." |f| compare(f, Imm::None), is |_, _, _, a| compared(&a[0], &a[1], a[0].ult(&a[1]));
    Sel "sel" "The second register if the condition holds, else the first." select, is |_, _, i, a| value(i.condition::<Paper>().ite(&a[1], &a[0]));
    FAdd "fadd" "Sum of floats." |f| commuting(floats(f)), is |e, _, _, a| rounded(e, FpOp::Add, a);
    FSub "fsub" "Difference of floats." floats, is |e, _, _, a| rounded(e, FpOp::Sub, a);
    FMul "fmul" "Product of floats." |f| commuting(floats(f)), is |e, _, _, a| rounded(e, FpOp::Mul, a);
    FDiv "fdiv" "Quotient of floats." floats, is |e, _, _, a| rounded(e, FpOp::Div, a);
    FNeg "fneg" "The sign turned around." float_unary, is |_, w, _, a| value(a[0].xor(&E::B::lit(w, 1 << (w - 1))));
    FAbs "fabs" "Without the sign." float_unary, is |_, w, _, a| value(a[0].and(&E::B::lit(w, (1 << (w - 1)) - 1)));
    FCmp "fcmp" "Compares floats." compare_floats, is |_, _, _, a| only_code(relation(&a[0], &a[1]));
    FMov "fmov" "Copies a register of floats." |f| copy(f, 128), is |_, _, _, a| value(a[0].clone());
    FLit "flit" "A float from the pool." |f| literal(f, &[32, 64], true), is |_, _, _, a| value(a[0].clone());
    FLd "fld" "Loads a float." |f| loads(f, Of::Float, &[32, 64, 128]), is |_, _, _, a| value(a[0].clone());
    FSt "fst" "Stores a float." |f| stores(f, Of::Float, &[32, 64, 128]), is |_, _, _, a| value(a[0].clone());
    ToF "tof" "The bits of a general register." |f| across(f, true), is |_, _, _, a| value(a[0].clone());
    FromF "fromf" "The bits of a float." |f| across(f, false), is |_, _, _, a| value(a[0].clone());
    FSel "fsel" "The second float if the mask's lowest bit is 1, else the first." select_float, is |_, _, _, a| value(a[2].extract(0, 1).ite(&a[1], &a[0]));
    PCc "pcc" "A mask of whether the condition holds." mask_of_code, is |_, w, i, _| value(i.condition::<Paper>().zext(w));
    PCmp "pcmp" "A mask of whether two floats relate so." mask_of_floats,
        is |_, _, _, a| value(chosen(&a[2].extract(0, 4), &relation(&a[0], &a[1])).zext(16));
    PGet "pget" "A mask, zero-extended." mask_to_general, is |_, w, _, a| value(a[0].zext(w));
    PMov "pmov" "Copies a mask." |f| copy(f, 16), is |_, _, _, a| value(a[0].clone());
    PLd "pld" "Loads a mask." |f| loads(f, Of::Mask, &[16]), is |_, _, _, a| value(a[0].clone());
    PSt "pst" "Stores a mask." |f| stores(f, Of::Mask, &[16]), is |_, _, _, a| value(a[0].clone());
    Trap "trap" "Traps." |f| vec![machine::Row { traps: true, ..terminator(f, Emission::Trap) }], is |e, _, i, _| { e.trap_if(&E::B::lit(1, 1), i.code); nothing() };
    TrapIf "trap_if" "Traps if a condition holds." |f| vec![machine::Row { traps: true, ..asking(f, Emission::TrapIf) }],
        is |e, _, i, _| { e.trap_if(&i.condition::<Paper>(), i.code); nothing() };
    Branch "branch" "Leaves the block to one of two targets." |f| vec![machine::Row { flow: Flow::Terminator, ..asking(f, Emission::Branch) }],
        is |e, _, i, _| { e.branch(&i.condition::<Paper>()); nothing() };
    Jump "jump" "Leaves the block to its only target." |f| vec![terminator(f, Emission::Jump)], no_meaning "control: one target, nothing computed";
    Table "table" "Goes to one of many targets by an index." |f| vec![machine::Row { writes: machine::States::FLAGS, ..listed(f, Emission::Table, Flow::Terminator) }],
        no_meaning "control: the targets are the block's edges";
    Args "args" "The values that arrive in a function." |f| vec![listed(f, Emission::Args, Flow::Next)], no_meaning "calling convention";
    Leave "leave" "Returns." |f| vec![listed(f, Emission::Return, Flow::Terminator)], no_meaning "calling convention";
    Call "call" "Calls a symbol." |f| vec![listed(f, Emission::Call, Flow::Call)], no_meaning "calling convention";
    CallReg "callr" "Calls an address in a register, the first operand." |f| vec![listed(f, Emission::Call, Flow::Call)], no_meaning "calling convention";
    GetReg "getreg" "Reads a register that is never given out." |f| reserved(f, false), no_meaning "the register has a purpose of its own";
    SetReg "setreg" "Writes a register that is never given out." |f| reserved(f, true), no_meaning "the register has a purpose of its own";
    SymNear "symn" "The address of a symbol near by." |f| symbol(f, SymbolReach::Near), is |_, w, i, _| value(i.imm.resize(w));
    SymFar "symf" "The address of a symbol anywhere." |f| symbol(f, SymbolReach::Far), is |_, w, i, _| value(i.imm.resize(w));
    Nop "nop" "Nothing." |f| vec![only(f, Emission::Point, Extra::Special, vec![])], is |_, _, _, _| nothing();
}
