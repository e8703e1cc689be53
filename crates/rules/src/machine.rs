//! A machine as rules see it: the facts of its description, and its meanings on terms. Whatever works on rules takes this
//! value, so that no machine is named but where its rules are. Needs [`windlass_desc::machine`].

use crate::prove::Recorder;
use crate::smt::Smt;
use windlass_desc::cc::IntCC;
use windlass_desc::machine::{
    self, AddressForm, Bank, BankInfo, Cc, Family, FamilyInfo, Feature, FeatureRow, Input, Output, Row,
};
use windlass_desc::types::Type;

/// A machine.
#[derive(Clone)]
pub struct Machine {
    /// Its name.
    pub name: &'static str,
    /// All rows.
    pub rows: Vec<Row>,
    /// Banks of registers.
    pub banks: &'static [BankInfo],
    /// Operations.
    pub families: &'static [FamilyInfo],
    /// Features of CPUs.
    pub features: &'static [FeatureRow],
    /// Width of the flags, or of the condition code; 0 if it has none.
    pub flags_width: u32,
    /// Names of conditions.
    pub conditions: &'static [&'static str],
    /// Are instructions' accesses to memory big-endian?
    pub big_endian: bool,
    /// What a memory operand computes.
    pub address: AddressForm,
    /// The types that registers hold.
    pub register_types: &'static [Type],
    /// The bank of a type.
    pub bank_of: fn(Type) -> Bank,
    /// The condition of a comparison of integers.
    pub condition_of: fn(IntCC) -> Cc,
    /// The opposite condition.
    pub negate: fn(Cc) -> Option<Cc>,
    /// Does a condition take two instructions to ask for?
    pub is_double: fn(Cc) -> bool,
    /// Does a condition hold for flags, or registers?
    pub holds: fn(Cc, &[Smt]) -> Smt,
    /// Runs a row.
    pub simulate: fn(&Row, &mut Recorder, &Input<Smt>) -> Output<Smt>,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Machine {
    /// The machine that `M` describes.
    pub fn of<M: machine::Machine>() -> Machine {
        Machine {
            name: M::NAME,
            rows: M::rows(),
            banks: M::BANKS,
            families: M::FAMILIES,
            features: M::FEATURES,
            flags_width: M::FLAGS_WIDTH,
            conditions: M::CONDITIONS,
            big_endian: M::BIG_ENDIAN,
            address: M::ADDRESS,
            register_types: M::REGISTER_TYPES,
            bank_of: M::bank_of,
            condition_of: M::condition_of,
            negate: M::negate,
            is_double: M::is_double,
            holds: M::holds::<Smt>,
            simulate: machine::simulate::<M, Recorder>,
        }
    }
    /// What there is to know of a family.
    pub fn family(&self, f: Family) -> &'static FamilyInfo {
        &self.families[f.0 as usize]
    }
    /// What there is to know of a feature.
    pub fn feature(&self, f: Feature) -> &'static FeatureRow {
        &self.features[f.0 as usize]
    }
    /// What there is to know of the bank that holds values of a type.
    pub fn bank(&self, ty: Type) -> &'static BankInfo {
        &self.banks[(self.bank_of)(ty).0 as usize]
    }
    /// How many bits of a value's register copies and spills keep. Of a value of two registers, of each.
    pub fn kept(&self, ty: Type) -> u32 {
        let bank = self.bank(ty);
        ty.bits().clamp(bank.least, bank.bits)
    }
}
