//! The operations of the IR: one row each, from which builder, reader, printer, type checks, interpreter and proof
//! obligations are derived. The rows stand in the modules below; this file says what a row is.
//! Needs [`crate::bv`], [`crate::env`], [`crate::types`].

use crate::bv::Bv;
use crate::cc::{FloatCC, IntCC};
use crate::env::{Access, Env, TrapCode};
use crate::types::*;

mod float;
pub(crate) mod int;
mod mem;
mod query;
mod rmw;
mod rows;
mod vector;
pub use query::{OpcodeConstraints, ResolvedConstraint};
pub use rmw::AtomicRmwOp;
pub use rows::{OPS, Opcode, meaning};

/// The shape of an instruction: which operands stand where, in memory and in text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // the names are the grammar's, which lists the operands of each
pub enum Format {
    AtomicCas,
    AtomicRmw,
    Binary,
    BinaryImm8,
    BranchTable,
    Brif,
    Call,
    CallIndirect,
    CondTrap,
    DynamicStackAddr,
    ExceptionHandlerAddress,
    FloatCompare,
    FuncAddr,
    IntAddTrap,
    IntCompare,
    Jump,
    Load,
    LoadNoOffset,
    MultiAry,
    NullAry,
    Shuffle,
    StackAddr,
    Store,
    StoreNoOffset,
    Ternary,
    TernaryImm8,
    Trap,
    TryCall,
    TryCallIndirect,
    Unary,
    UnaryConst,
    UnaryGlobalValue,
    UnaryIeee16,
    UnaryIeee32,
    UnaryIeee64,
    UnaryImm,
}

/// The type of one operand or result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ty {
    /// The controlling type.
    Ctv,
    /// The controlling type's lane type.
    LaneOf,
    /// What comparing values of the controlling type gives.
    AsTruthy,
    /// Lanes of half the width.
    HalfWidth,
    /// Lanes of twice the width.
    DoubleWidth,
    /// Lanes of half the width, twice as many.
    SplitLanes,
    /// Lanes of twice the width, half as many.
    MergeLanes,
    /// The fixed vector a dynamic one is made of.
    DynamicToVector,
    /// Any strictly narrower scalar of the same kind.
    Narrower,
    /// Any strictly wider scalar of the same kind.
    Wider,
    /// This type.
    Is(Type),
    /// Any type of a set, independent of the others.
    In(TypeSet),
}

impl Ty {
    /// The type, if the controlling type `ctv` determines it.
    pub fn of(self, ctv: Type) -> Option<Type> {
        match self {
            Ty::Ctv => Some(ctv),
            Ty::LaneOf => Some(ctv.lane_type()),
            Ty::AsTruthy => Some(ctv.as_truthy()),
            Ty::HalfWidth => ctv.half_width(),
            Ty::DoubleWidth => ctv.double_width(),
            Ty::SplitLanes => ctv.half_width()?.by(2),
            Ty::MergeLanes => {
                let wide = ctv.double_width()?;
                let lanes = ctv.lane_count() / 2;
                let fixed = wide.lane_type().by(lanes)?;
                if ctv.is_dynamic_vector() { fixed.vector_to_dynamic() } else { Some(fixed) }
            }
            Ty::DynamicToVector => ctv.dynamic_to_vector(),
            Ty::Is(t) => Some(t),
            Ty::Narrower | Ty::Wider | Ty::In(_) => None,
        }
    }
    /// May an operand have type `t` where the controlling type is `ctv`?
    pub fn admits(self, ctv: Type, t: Type) -> bool {
        let same_kind = t.is_lane() && t.is_int() == ctv.is_int() && t.is_float() == ctv.is_float();
        match self {
            Ty::In(set) => set.contains(t),
            Ty::Narrower => same_kind && t.bits() < ctv.bits(),
            Ty::Wider => same_kind && t.bits() > ctv.bits(),
            _ => self.of(ctv) == Some(t),
        }
    }
}

/// A named value operand or result.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// Its name in documentation and in the builder's signature.
    pub name: &'static str,
    /// Its type.
    pub ty: Ty,
}

/// How the controlling type is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ctv {
    /// There is none; a suffix is an error.
    None,
    /// It is written as a suffix, always.
    Suffix(TypeSet),
    /// It is the type of the value operand with this index; a suffix is optional.
    Operand(u8, TypeSet),
}

impl Ctv {
    /// The types it may be.
    pub fn set(self) -> Option<TypeSet> {
        match self {
            Ctv::None => None,
            Ctv::Suffix(s) | Ctv::Operand(_, s) => Some(s),
        }
    }
}

/// What an operation does besides computing: a set of bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects(pub u16);

#[allow(missing_docs)]
impl Effects {
    pub const PURE: Effects = Effects(0);
    pub const TERMINATOR: Effects = Effects(1);
    pub const BRANCH: Effects = Effects(2);
    pub const CALL: Effects = Effects(4);
    pub const RETURN: Effects = Effects(8);
    pub const LOAD: Effects = Effects(16);
    pub const STORE: Effects = Effects(32);
    pub const TRAP: Effects = Effects(64);
    pub const OTHER: Effects = Effects(128);
    /// Doing it twice with the same operands is the same as doing it once.
    pub const IDEMPOTENT: Effects = Effects(256);
    /// Exchanging the first two operands changes nothing.
    pub const COMMUTES: Effects = Effects(512);
    /// The result may be a NaN that no operand is, so its bits are not all determined.
    pub const MAKES_NANS: Effects = Effects(1024);

    pub const fn or(self, o: Effects) -> Effects {
        Effects(self.0 | o.0)
    }
    pub const fn has(self, o: Effects) -> bool {
        self.0 & o.0 != 0
    }
    /// No effect at all: can be dropped, moved and merged.
    pub const fn is_pure(self) -> bool {
        self.0 & !(Effects::IDEMPOTENT.0 | Effects::COMMUTES.0 | Effects::MAKES_NANS.0) == 0
    }
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct OpRow {
    /// Its name in CLIF.
    pub name: &'static str,
    /// What it does, for people.
    pub doc: &'static str,
    /// Its shape.
    pub format: Format,
    /// Fixed value operands in order; variable ones (call and branch arguments) are not listed.
    pub operands: &'static [Operand],
    /// Results in order; those of calls come from the signature.
    pub results: &'static [Operand],
    /// How the controlling type is found.
    pub ctv: Ctv,
    /// Its effects.
    pub effects: Effects,
    /// Why there is no meaning, if there is none.
    pub no_meaning: Option<&'static str>,
}

impl Opcode {
    /// The operation's row.
    pub fn row(self) -> &'static OpRow {
        &OPS[self as usize]
    }
}

/// What an instruction has besides its value operands, as meanings see it. `B` is a bit vector, so that a proof can
/// leave an immediate open.
#[derive(Clone, Debug)]
pub struct Imms<B> {
    /// The controlling type. Of a dynamic vector, meanings see one unit.
    pub ty: Type,
    /// The type of the first result ([`INVALID`] if there is none).
    pub result: Type,
    /// The type of the first value operand ([`INVALID`] if there is none).
    pub arg: Type,
    /// The immediate: a number, an offset or a lane's index as 64 bits, sign-extended; the bits of a float, a constant
    /// or a mask, at least as many as it has; the address that an entity has.
    pub imm: B,
    /// The condition of an integer comparison.
    pub cc: IntCC,
    /// The condition of a float comparison.
    pub fcc: FloatCC,
    /// What an atomic read-modify-write does.
    pub rmw: AtomicRmwOp,
    /// The trap code of trapping instructions.
    pub code: TrapCode,
    /// How memory is accessed. The order of bytes is also that of `bitcast`.
    pub access: Access,
}

impl<B: Bv> Imms<B> {
    /// Those of an instruction at the controlling type `ty` whose first result and operand have these types, and which
    /// has nothing else. What it has is to be set.
    pub fn new(ty: Type, result: Type, arg: Type) -> Self {
        Imms {
            ty,
            result,
            arg,
            imm: B::lit(64, 0),
            cc: IntCC::Equal,
            fcc: FloatCC::Equal,
            rmw: AtomicRmwOp::Xchg,
            code: TrapCode::STACK_OVERFLOW,
            access: Access::PLAIN,
        }
    }
}

/// Results of a meaning.
pub type Results<B> = Vec<B>;

/// `f` of each lane of the operand.
fn each<B: Bv>(i: &Imms<B>, a: &[B], f: fn(&B) -> B) -> Results<B> {
    vec![a[0].map_lanes(i.ty.lane_count(), f)]
}

/// `f` of each pair of lanes of the operands.
fn each2<B: Bv>(i: &Imms<B>, a: &[B], f: fn(&B, &B) -> B) -> Results<B> {
    vec![a[0].zip_lanes(&a[1], i.ty.lane_count(), f)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_typed() {
        for (n, row) in OPS.iter().enumerate() {
            assert_eq!(Opcode::ALL[n] as usize, n);
            assert_eq!(Opcode::parse(row.name), Some(Opcode::ALL[n]));
            assert!(!row.doc.is_empty(), "{} is not documented", row.name);
            let uses_ctv = row.operands.iter().chain(row.results).any(|o| !matches!(o.ty, Ty::Is(_) | Ty::In(_)));
            assert!(!uses_ctv || row.ctv.set().is_some(), "{} has no controlling type", row.name);
            if let Ctv::Operand(k, _) = row.ctv {
                assert_eq!(row.operands[k as usize].ty, Ty::Ctv, "{}", row.name);
            }
        }
    }
}
