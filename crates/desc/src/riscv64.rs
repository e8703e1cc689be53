//! RISC-V of 64 bits (The RISC-V Instruction Set Manual, volume I, RV64IM): registers, conditions, and a row for every
//! instruction used. There are no flags: whoever asks for a condition compares two registers, or one with zero.
//!
//! `cond.rs` has the conditions, `rows.rs` the table of families, `encode.rs` the forms of instructions, `imm.rs` what
//! rules ask of constants. Needs [`crate::machine`].

pub mod cond;
mod encode;
pub mod imm;
pub mod regs;
mod rows;

use crate::bv::Bv;
use crate::cc::IntCC;
use crate::env::Env;
use crate::machine::{self, Above, AddressForm, Bank, BankInfo, FamilyInfo, FeatureRow, GENERAL, Machine, Meant};
use crate::types::{I8, I16, I32, I64, I128, Type};
use cond::Cc;

pub use encode::{Enc, Field, Format};
pub use rows::{FAMILIES, Family, families, rows};

/// An instruction of riscv64.
pub type Row = machine::Row<Enc>;
/// What a row reads.
pub type Input<B> = machine::Input<B>;

/// riscv64 as rules and proofs see it.
pub struct Riscv64;

impl Machine for Riscv64 {
    const NAME: &'static str = "riscv64";
    // what is spilled as 32 bits is loaded by `lw`, which extends the sign
    const BANKS: &'static [BankInfo] = &[BankInfo { name: "general", bits: 64, least: 32, copied: Above::Sign }];
    const FAMILIES: &'static [FamilyInfo] = FAMILIES;
    const FEATURES: &'static [FeatureRow] = &[];
    const FLAGS_WIDTH: u32 = 0;
    const CONDITIONS: &'static [&'static str] = &cond::NAMES;
    const BIG_ENDIAN: bool = false;
    // instructions hold 12 bits; emission adds what is above with a register that is never given out
    const ADDRESS: AddressForm = AddressForm { index: None, displacement: machine::Imm::Signed(32) };
    const REGISTER_TYPES: &'static [Type] = &[I8, I16, I32, I64, I128];

    fn rows() -> Vec<machine::Row> {
        rows().iter().map(Row::shared).collect()
    }
    fn bank_of(_: Type) -> Bank {
        GENERAL
    }
    fn condition_of(cc: IntCC) -> machine::Cc {
        Cc::of(cc).into()
    }
    fn negate(cc: machine::Cc) -> Option<machine::Cc> {
        Some(Cc::from_number(cc.0).complement().into())
    }
    fn holds<B: Bv>(cc: machine::Cc, state: &[B]) -> B {
        Cc::from_number(cc.0).holds(&state[0], &state[1])
    }
    fn meaning<E: Env>(
        f: machine::Family,
        e: &mut E,
        w: u32,
        input: &machine::Input<E::B>,
        args: &[E::B],
    ) -> Meant<E::B> {
        rows::meaning(families()[f.0 as usize], e, w, input, args)
    }
}
