//! The values that rules are made of: patterns of IR operations on the left, machine instructions on the right, and
//! variables between them. Needs desc. Checked by [`crate::check`], so constructors accept anything.
//!
//! Variables of each kind have their own Rust type, so that a flags value cannot stand for a register: [`Val`] a value,
//! [`Im`] an immediate, [`Cv`] a condition, [`Addr`] an address, [`Rmi`] and [`Cond`] what nonterminals match.

use std::panic::Location;
use windlass_desc::bv::Num;
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::env::TrapCode;
use windlass_desc::machine::{Above, Cc, Family, Feature, Form};
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I128, INVALID, Type};

use crate::smt::Smt;

mod set;
pub use set::{Alternative, Base, Gives, Nonterminal, Out, Place, RuleSet, Test};

/// A test on immediates, or a function of them: one generic function of desc's `imm` rooms in its two instances.
#[derive(Clone, Copy)]
pub struct Fun {
    /// The function's name.
    pub name: &'static str,
    /// On numbers.
    pub num: fn(&[Num]) -> Num,
    /// On terms.
    pub smt: fn(&[Smt]) -> Smt,
}

impl std::fmt::Debug for Fun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A [`Fun`] of a generic function over `Bv`: `fun!(imm::simm32, k)`.
#[macro_export]
macro_rules! fun {
    ($module:ident::$name:ident, $($arg:ident),+) => {{
        fn on<B: windlass_desc::bv::Bv>(args: &[B]) -> B {
            let [$($arg),+] = args else { unreachable!("as many arguments as the function is declared with") };
            $module::$name($($arg),+)
        }
        $crate::term::Fun { name: stringify!($name), num: on::<windlass_desc::bv::Num>, smt: on::<$crate::smt::Smt> }
    }};
}

/// A value variable. On the right side, a register that holds the value in its low bits.
#[derive(Clone, Copy, Debug)]
pub struct Val {
    /// Its name; the same name twice on the left means the same value twice.
    pub name: &'static str,
    /// Its type, where the operation around it does not determine it.
    pub ty: Option<Type>,
    /// It must come from an operation that promises this of the register's upper half ([`RuleSet::contracts`]).
    pub promised: Option<Above>,
    /// Its register must be wanted after the instruction. Decides what code is better, not what is right.
    pub lives_on: bool,
    /// How the right side reads it.
    pub read: Read,
    /// Which half the right side means, of a value of two registers.
    pub half: Option<Half>,
}

/// A half of a value of two registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Half {
    /// Bits 0 to 63.
    Lower,
    /// Bits 64 to 127.
    Upper,
}

/// On the right side: the register of the lower half.
pub fn lo(x: Val) -> Val {
    Val { half: Some(Half::Lower), ..x }
}

/// On the right side: the register of the upper half.
pub fn hi(x: Val) -> Val {
    Val { half: Some(Half::Upper), ..x }
}

/// How many bits of a value's register an operand reads, against the value's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Read {
    /// As many as the type has.
    Exact,
    /// More: the bits above the type are arbitrary and must not matter. (As many is fine too.)
    Wide,
    /// Fewer.
    Low,
}

impl Val {
    /// A value of this name.
    pub const fn new(name: &'static str) -> Val {
        Val { name, ty: None, promised: None, lives_on: false, read: Read::Exact, half: None }
    }
    /// Of this type.
    pub fn at(self, ty: Type) -> Val {
        Val { ty: Some(ty), ..self }
    }
    /// From an operation that promises a zero upper half.
    pub fn zero_upper(self) -> Val {
        Val { promised: Some(Above::Zero), ..self }
    }
    /// From an operation that promises the sign in all bits of the upper half.
    pub fn sign_upper(self) -> Val {
        Val { promised: Some(Above::Sign), ..self }
    }
    /// Only if something later wants its register too.
    pub fn lives_on(self) -> Val {
        Val { lives_on: true, ..self }
    }
}

/// Reads the register beyond the value's type; what stands there must not matter.
pub fn wide<T: Readable>(x: T) -> T {
    x.reading(Read::Wide)
}

/// Reads only the low bits of the value.
pub fn low<T: Readable>(x: T) -> T {
    x.reading(Read::Low)
}

/// What [`wide`] and [`low`] apply to.
pub trait Readable {
    /// The same, read so.
    fn reading(self, read: Read) -> Self;
}

impl Readable for Val {
    fn reading(self, read: Read) -> Val {
        Val { read, ..self }
    }
}

impl Readable for Rmi {
    fn reading(self, read: Read) -> Rmi {
        Rmi { read, ..self }
    }
}

/// An immediate variable: a constant's value, sign-extended to 64 bits.
#[derive(Clone, Copy, Debug)]
pub struct Im {
    /// Its name.
    pub name: &'static str,
    /// A test it must pass.
    pub test: Option<Fun>,
}

impl Im {
    /// The immediate, if it passes the test.
    pub fn when(self, test: Fun) -> Im {
        Im { test: Some(test), ..self }
    }
}

/// A condition variable: the condition of an `icmp`, and which ones it may be.
#[derive(Clone, Copy, Debug)]
pub struct Cv(pub &'static str, pub Option<&'static [IntCC]>);

impl Cv {
    /// The condition, if it is one of these.
    pub fn among(self, ccs: &'static [IntCC]) -> Cv {
        Cv(self.0, Some(ccs))
    }
    /// All that it may be.
    pub fn possible(self) -> &'static [IntCC] {
        self.1.unwrap_or(IntCC::all())
    }
}

/// The address of a memory operation, base plus offset, as the nonterminal that gives addresses matches it, and so many bytes more. On
/// the left side: the offset of so many bytes more must fit 32 bits too.
#[derive(Clone, Copy, Debug)]
pub struct Addr {
    /// Its name.
    pub name: &'static str,
    /// How many bytes more.
    pub more: i64,
    /// On the left side: the operation's byte order is not that of the machine's instructions, but the opposite one.
    pub swapped: bool,
}

impl Addr {
    /// So many bytes further on.
    pub fn plus(self, bytes: i64) -> Addr {
        Addr { more: bytes, ..self }
    }
    /// Of an operation whose byte order is not the machine's.
    pub fn swapped(self) -> Addr {
        Addr { swapped: true, ..self }
    }
}

/// What a nonterminal that gives operands matches: a constant that fits, a load that can be sunk, else a register.
#[derive(Clone, Copy, Debug)]
pub struct Rmi {
    /// Its name.
    pub name: &'static str,
    /// The nonterminal's name.
    pub of: &'static str,
    /// How the right side reads it.
    pub read: Read,
}

/// What the nonterminal that gives tests matches: a value that is tested against 0, as a condition in a shape that who
/// asks for it takes.
#[derive(Clone, Copy, Debug)]
pub struct Cond {
    /// Its name.
    pub name: &'static str,
    /// The opposite condition.
    pub negated: bool,
}

impl Cond {
    /// The opposite condition.
    pub fn negate(self) -> Cond {
        Cond { negated: !self.negated, ..self }
    }
}

/// A pattern on the left.
#[derive(Clone, Debug)]
pub enum Pat {
    /// Any value.
    Val(Val),
    /// A nonterminal that gives operands, always matches.
    Rmi(Rmi),
    /// The nonterminal that gives tests, always matches.
    Cond(Cond),
    /// The result of an operation.
    Op(Box<OpPat>),
}

/// An operation in a pattern.
#[derive(Clone, Debug)]
pub struct OpPat {
    /// The operation.
    pub op: Opcode,
    /// Its controlling type, where what stands around it does not determine it.
    pub ty: Option<Type>,
    /// Its value operands, without the address of memory operations.
    pub args: Vec<Pat>,
    /// Its immediate.
    pub imm: Option<Im>,
    /// Its address.
    pub addr: Option<Addr>,
    /// Its condition.
    pub cc: Option<Cv>,
    /// Of a comparison of floats, the condition that it must have.
    pub fcc: Option<FloatCC>,
}

/// A pattern of `op` with these operands.
pub fn op<const N: usize>(op: Opcode, args: [Pat; N]) -> OpPat {
    OpPat { op, ty: None, args: args.into(), imm: None, addr: None, cc: None, fcc: None }
}

impl OpPat {
    /// At this controlling type.
    pub fn at(self, ty: Type) -> OpPat {
        OpPat { ty: Some(ty), ..self }
    }
    /// With this right side: a rule, whose type [`RuleSet::rule`] sets.
    #[track_caller]
    pub fn to(self, rhs: impl Into<Rhs>) -> Rule {
        let (ty, at) = (windlass_desc::types::INVALID, Location::caller());
        Rule { lhs: self, rhs: rhs.into(), needs: None, near: false, guards: vec![], ty, at }
    }
}

macro_rules! into {
    ($($from:ty => $to:ty: $x:ident => $e:expr;)*) => { $(impl From<$from> for $to { fn from($x: $from) -> $to { $e } })* };
}

into! {
    Val => Pat: x => Pat::Val(x);
    Rmi => Pat: x => Pat::Rmi(x);
    Cond => Pat: x => Pat::Cond(x);
    OpPat => Pat: x => Pat::Op(Box::new(x));
    Val => Reg: x => Reg::Val(x);
    MInst => Reg: x => Reg::Inst(Box::new(x));
    Reg => Arg: x => Arg::Reg(x);
    Val => Arg: x => Arg::Reg(Reg::Val(x));
    MInst => Arg: x => Arg::Reg(Reg::Inst(Box::new(x)));
    Rmi => Arg: x => Arg::Rmi(x);
    Addr => Arg: x => Arg::Addr(x);
    Im => Arg: x => Arg::Imm(ImmExpr::Var(x.name));
    ImmExpr => Arg: x => Arg::Imm(x);
    i64 => Arg: x => Arg::Imm(ImmExpr::Const(x));
    Im => ImmExpr: x => ImmExpr::Var(x.name);
    i64 => ImmExpr: x => ImmExpr::Const(x);
    Cond => Flags: x => Flags::Cond(x);
    Tmp => Reg: x => Reg::Tmp(x);
    Tmp => Arg: x => Arg::Reg(Reg::Tmp(x));
    CcExpr => Flags: x => Flags::Before(x);
    Cc => CcExpr: x => CcExpr::Is(x);
    MInst => Rhs: x => Rhs::Inst(x);
    Seq => Rhs: x => Rhs::Seq(x);
    MInst => Seq: x => Seq::default().run(x);
    Val => Rhs: x => Rhs::Same(x);
}

/// A register on the right.
#[derive(Clone, Debug)]
pub enum Reg {
    /// The register of a value.
    Val(Val),
    /// The result of an instruction.
    Inst(Box<MInst>),
    /// The result of an earlier step.
    Tmp(Tmp),
}

/// An immediate on the right.
#[derive(Clone, Debug)]
pub enum ImmExpr {
    /// A variable.
    Var(&'static str),
    /// A number.
    Const(i64),
    /// A function of variables.
    Fun(Fun, Vec<&'static str>),
}

/// A function of immediates.
pub fn apply<const N: usize>(f: Fun, args: [Im; N]) -> ImmExpr {
    ImmExpr::Fun(f, args.iter().map(|a| a.name).collect())
}

/// An operand on the right.
#[derive(Clone, Debug)]
pub enum Arg {
    /// A register.
    Reg(Reg),
    /// A register, memory or an immediate, whichever was matched.
    Rmi(Rmi),
    /// An immediate.
    Imm(ImmExpr),
    /// Memory.
    Addr(Addr),
    /// Memory at the address that an earlier step computed, and so many bytes more.
    At(Tmp, i64),
    /// Memory at a stack slot's place, for its address.
    Slot(Im),
    /// Memory at a sum, for its address.
    Sum(Sum),
}

/// A sum as address modes compute it, of whole registers: base, index shifted left, displacement.
#[derive(Clone, Debug)]
pub struct Sum {
    /// Base.
    pub base: Val,
    /// Index, and the amount of its shift.
    pub index: Option<(Val, ImmExpr)>,
    /// Displacement.
    pub disp: ImmExpr,
}

/// A condition on the right.
#[derive(Clone, Copy, Debug)]
pub enum CcExpr {
    /// This one.
    Is(Cc),
    /// The machine's condition for a matched one.
    Of(Cv),
    /// The same for exchanged operands.
    Swapped(Cv),
    /// The one that was matched, whose flags stand before the steps ([`Seq::test`]).
    Tested(Cond),
}

/// What an instruction that asks for a condition asks.
#[derive(Clone, Debug)]
pub enum Flags {
    /// The flags of an instruction just before it, and the condition.
    Inst(Box<MInst>, CcExpr),
    /// The flags of the last step before it that writes any, and the condition.
    Before(CcExpr),
    /// The condition on the registers that are its last inputs.
    On(CcExpr),
    /// The test that was matched, in whatever shape the instruction has a row for.
    Cond(Cond),
}

/// Flags of an instruction, asked for a condition.
pub fn flags(cc: CcExpr, producer: MInst) -> Flags {
    Flags::Inst(Box::new(producer), cc)
}

/// A machine instruction on the right.
#[derive(Clone, Debug)]
pub struct MInst {
    /// Its family.
    pub family: Family,
    /// Its width.
    pub width: u16,
    /// Its form, where the operands leave a choice.
    pub form: Option<Form>,
    /// Its inputs: registers, memory, immediate.
    pub args: Vec<Arg>,
    /// What it asks, if it asks for a condition or reads flags.
    pub flags: Option<Flags>,
    /// The code it traps with, where that is not the root's.
    pub code: Option<TrapCode>,
}

impl MInst {
    /// Traps with this code.
    pub fn traps(self, code: TrapCode) -> MInst {
        MInst { code: Some(code), ..self }
    }
}

/// A register that the steps of a right side pass on: a name and a number, 0 for one of its kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tmp(pub &'static str, pub u32);

impl Tmp {
    /// One of its kind.
    pub const fn new(name: &'static str) -> Tmp {
        Tmp(name, 0)
    }
}

impl std::fmt::Display for Tmp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.1 == 0 { f.write_str(self.0) } else { write!(f, "{}_{}", self.0, self.1) }
    }
}

/// One of several instructions of a right side.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where its results go, all of them or none.
    pub defs: Vec<Tmp>,
    /// The instruction. Its flags may come from the step before that wrote some ([`Flags::Before`]).
    pub inst: MInst,
}

/// Instructions in the order of execution, with the results of the operation: for several results, and where flags and
/// value of one instruction are both wanted.
#[derive(Clone, Debug, Default)]
pub struct Seq {
    /// The flags of this condition are made before the first step.
    pub test: Option<Cond>,
    /// The instructions.
    pub steps: Vec<Step>,
    /// The registers of the operation's results, in order: of one of two registers the lower half, then the upper. A value
    /// makes the register another name for it, with no code.
    pub results: Vec<Reg>,
}

impl Seq {
    /// After the flags of this condition.
    pub fn test(self, c: Cond) -> Seq {
        Seq { test: Some(c), ..self }
    }
    /// Then this, its result named.
    pub fn set(mut self, def: Tmp, inst: MInst) -> Seq {
        self.steps.push(Step { defs: vec![def], inst });
        self
    }
    /// Then this, its two results named.
    pub fn set_both(mut self, first: Tmp, second: Tmp, inst: MInst) -> Seq {
        self.steps.push(Step { defs: vec![first, second], inst });
        self
    }
    /// Then this, for its effect or its flags.
    pub fn run(mut self, inst: MInst) -> Seq {
        self.steps.push(Step { defs: vec![], inst });
        self
    }
    /// And these are the registers of the results.
    pub fn gives<const N: usize>(self, results: [impl Into<Reg>; N]) -> Seq {
        Seq { results: results.map(Into::into).into(), ..self }
    }
}

/// The right side of a rule.
#[derive(Clone, Debug)]
pub enum Rhs {
    /// The instruction's result, or its effect.
    Inst(MInst),
    /// Several instructions.
    Seq(Seq),
    /// The same register: no code.
    Same(Val),
}

/// A test on immediates that the pattern has bound.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The test.
    pub test: Fun,
    /// The immediates it takes.
    pub args: Vec<&'static str>,
}

/// A rule at one concrete type, or a template of one before its type is set by [`RuleSet::rule`].
#[derive(Clone, Debug)]
pub struct Rule {
    /// The pattern; its operation is the root.
    pub lhs: OpPat,
    /// The right side.
    pub rhs: Rhs,
    /// A CPU feature it needs.
    pub needs: Option<Feature>,
    /// The root's symbol must be near: reached by a 32-bit displacement.
    pub near: bool,
    /// Tests that take several immediates; those of one stand with it.
    pub guards: Vec<Guard>,
    /// The controlling type of the root.
    pub ty: Type,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

impl Rhs {
    /// The outermost instructions, in the order of execution.
    pub fn insts(&self) -> Vec<&MInst> {
        match self {
            Rhs::Inst(i) => vec![i],
            Rhs::Seq(s) => s.steps.iter().map(|s| &s.inst).collect(),
            Rhs::Same(_) => vec![],
        }
    }
    /// The condition whose flags are made before all instructions.
    pub fn test(&self) -> Option<Cond> {
        if let Rhs::Seq(s) = self { s.test } else { None }
    }
}

/// How many registers a value of this type takes.
pub fn registers(ty: Type) -> usize {
    if ty == I128 { 2 } else { 1 }
}

impl Rule {
    /// The registers of the root's results, in order: the number of the result, and which half.
    pub fn result_registers(&self) -> Vec<(usize, usize)> {
        let types = self.lhs.op.row().results.iter().map(|o| o.ty.of(self.ty).unwrap_or(INVALID));
        types.enumerate().flat_map(|(n, t)| (0..registers(t)).map(move |half| (n, half))).collect()
    }
    /// Which of them are other names for values.
    pub fn names(&self) -> Vec<((usize, usize), Val)> {
        let all: Vec<Reg> = match &self.rhs {
            Rhs::Same(v) => vec![Reg::Val(*v)],
            Rhs::Seq(s) => s.results.clone(),
            Rhs::Inst(_) => vec![],
        };
        let name = |(at, r): ((usize, usize), Reg)| if let Reg::Val(v) = r { Some((at, v)) } else { None };
        self.result_registers().into_iter().zip(all).filter_map(name).collect()
    }
    /// Only where the test holds.
    pub fn when<const N: usize>(mut self, test: Fun, args: [Im; N]) -> Rule {
        self.guards.push(Guard { test, args: args.iter().map(|a| a.name).collect() });
        self
    }
    /// Only where the CPU has the feature.
    pub fn needs(self, f: impl Into<Feature>) -> Rule {
        Rule { needs: Some(f.into()), ..self }
    }
    /// Only where the root's symbol is near.
    pub fn near(self) -> Rule {
        Rule { near: true, ..self }
    }
}
