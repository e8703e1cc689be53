//! x86-64 (Intel SDM volume 2, AMD APM volume 3): registers, flags, and a row for every instruction used.
//!
//! A *family* is one operation (`add`); it has a meaning and becomes one [`Row`] per width and form. Rows are built by
//! ordinary functions when the compiler is built; the tables that run in it are generated from them.
//! `flags.rs` has the condition flags, `rows.rs` the table, `encode.rs` the forms of integer instructions and `float.rs`
//! those of floats. Needs [`crate::machine`].

mod encode;
mod features;
pub mod flags;
mod float;
pub mod imm;
pub mod regs;
mod rows;

use crate::bv::Bv;
use crate::cc::IntCC;
use crate::env::Env;
use crate::machine::{self, AddressForm, Bank, BankInfo, FamilyInfo, FeatureRow, Machine, Meant};
use crate::types::{F32, F64, I8, I16, I32, I64, I128, Type};
use flags::Cc;

pub use crate::machine::{
    Above, At, Emission, Flow, Form, GENERAL, MemMode, Operand, Shape, Shapes, States, SymbolReach, Told,
};
pub use encode::{Enc, Field, Imm, Link, Map};
pub use features::Feature;
pub use rows::{FAMILIES, Family, families, rows};

/// An instruction of x86-64.
pub type Row = machine::Row<Enc>;
/// What a row reads.
pub type Input<B> = machine::Input<B>;
/// What a row writes.
pub type Output<B> = machine::Output<B>;

/// The bank of vector registers.
pub const VECTOR: Bank = Bank(1);

/// x86-64 as rules and proofs see it.
pub struct X64;

impl Machine for X64 {
    const NAME: &'static str = "x64";
    const BANKS: &'static [BankInfo] = &[
        BankInfo { name: "general", bits: 64, least: 32, copied: Above::Zero },
        BankInfo { name: "vector", bits: 128, least: 32, copied: Above::Zero },
    ];
    const FAMILIES: &'static [FamilyInfo] = FAMILIES;
    const FEATURES: &'static [FeatureRow] = Feature::ALL;
    const FLAGS_WIDTH: u32 = flags::FLAGS_WIDTH;
    const CONDITIONS: &'static [&'static str] = &flags::NAMES;
    const BIG_ENDIAN: bool = false;
    const ADDRESS: AddressForm = AddressForm { index: Some(3), displacement: machine::Imm::Signed(32) };
    const REGISTER_TYPES: &'static [Type] = &[I8, I16, I32, I64, I128, F32, F64];

    fn rows() -> Vec<machine::Row> {
        rows().iter().map(Row::shared).collect()
    }
    fn bank_of(ty: Type) -> Bank {
        if ty.is_float() || ty.is_vector() { VECTOR } else { GENERAL }
    }
    fn condition_of(cc: IntCC) -> machine::Cc {
        Cc::of(cc).into()
    }
    fn negate(cc: machine::Cc) -> Option<machine::Cc> {
        Some(Cc::from_number(cc.0).complement().into())
    }
    fn is_double(cc: machine::Cc) -> bool {
        Cc::from_number(cc.0).is_double()
    }
    fn holds<B: Bv>(cc: machine::Cc, state: &[B]) -> B {
        Cc::from_number(cc.0).holds(&state[0])
    }
    fn meaning<E: Env>(f: machine::Family, e: &mut E, w: u32, input: &Input<E::B>, args: &[E::B]) -> Meant<E::B> {
        rows::meaning(families()[f.0 as usize], e, w, input, args)
    }
}

/// Runs a row.
pub fn simulate<E: Env>(row: &Row, e: &mut E, input: &Input<E::B>) -> Output<E::B> {
    machine::simulate::<X64, E>(&row.shared(), e, input)
}
