//! An invented machine on paper, for tests alone. It is as unlike x86-64 as a machine can be that lowering should still
//! do well on: big-endian, with a condition code that masks test, narrow writes that keep the rest of the register,
//! division in fixed pairs of registers, masks in a bank of their own, and constants in a pool that is read relative to
//! the instruction. What is common to all machines passes its tests with this one alone.
//!
//! `cond.rs` has the conditions, `rows.rs` the table of instructions, `forms.rs` their operands and encodings, `imm.rs`
//! what rules ask of constants, `rules/` the rules. Needs desc and rules.

pub mod cond;
mod forms;
pub mod imm;
mod rows;
pub mod rules;

use windlass_desc::bv::Bv;
use windlass_desc::cc::IntCC;
use windlass_desc::env::Env;
use windlass_desc::machine::{self, Above, AddressForm, Bank, BankInfo, Cc, FamilyInfo, FeatureRow, Input, Meant};
use windlass_desc::types::{F32, F64, I8, I16, I32, I64, I128, Type};

pub use forms::{Enc, Extra};
pub use rows::{FAMILIES, Family, families, rows};

/// An instruction.
pub type Row = machine::Row<Enc>;

/// The bank of registers for floats.
pub const FLOAT: Bank = Bank(1);
/// The bank of masks.
pub const MASK: Bank = Bank(2);

/// The pair of general registers that division and long products take: the even one has the upper half, or the
/// remainder, the odd one the lower half, or the quotient.
pub const PAIR: (u8, u8) = (2, 3);

/// The machine as rules, proofs and simulation see it.
pub struct Paper;

impl machine::Machine for Paper {
    const NAME: &'static str = "paper";
    const BANKS: &'static [BankInfo] = &[
        // what is moved as 32 bits leaves the rest of the register as it was
        BankInfo { name: "general", bits: 64, least: 32, copied: Above::Kept },
        BankInfo { name: "float", bits: 128, least: 32, copied: Above::Kept },
        BankInfo { name: "mask", bits: 16, least: 16, copied: Above::Any },
    ];
    const FAMILIES: &'static [FamilyInfo] = FAMILIES;
    const FEATURES: &'static [FeatureRow] = &[];
    const FLAGS_WIDTH: u32 = 2;
    const CONDITIONS: &'static [&'static str] = &cond::NAMES;
    const BIG_ENDIAN: bool = true;
    const ADDRESS: AddressForm = AddressForm { index: Some(0), displacement: machine::Imm::Signed(32) };
    const REGISTER_TYPES: &'static [Type] = &[I8, I16, I32, I64, I128, F32, F64];

    fn rows() -> Vec<machine::Row> {
        rows().iter().map(Row::shared).collect()
    }
    fn bank_of(ty: Type) -> Bank {
        if ty.is_float() { FLOAT } else { machine::GENERAL }
    }
    fn condition_of(cc: IntCC) -> Cc {
        cond::of(cc)
    }
    fn negate(cc: Cc) -> Option<Cc> {
        Some(cond::negate(cc))
    }
    fn holds<B: Bv>(cc: Cc, state: &[B]) -> B {
        cond::holds(cc, &state[0])
    }
    fn meaning<E: Env>(f: machine::Family, e: &mut E, w: u32, input: &Input<E::B>, args: &[E::B]) -> Meant<E::B> {
        rows::meaning(families()[f.0 as usize], e, w, input, args)
    }
}
