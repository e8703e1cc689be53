//! What addresses stand for. As numbers they are those of the interpreter itself, so that what is stored by one step can be
//! followed by another, and fit 32 bits.

use crate::state::MemoryError;
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter::{FUNCTION_STEP, FUNCTIONS, LIBCALLS, STACK};
use windlass_ir::ir::types::{I32, I64, Type};

/// How many bits, in an address, say where in its table or global value it leads.
const OFFSET_BITS: u32 = 16;
/// The bits of an address below its region.
const BODY_BITS: u32 = 30;

/// How wide an address is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum AddressSize {
    _32,
    _64,
}

impl AddressSize {
    /// The width in bits.
    pub fn bits(&self) -> u64 {
        match self {
            AddressSize::_32 => 32,
            AddressSize::_64 => 64,
        }
    }
}

impl TryFrom<Type> for AddressSize {
    type Error = MemoryError;

    fn try_from(ty: Type) -> Result<Self, Self::Error> {
        match ty {
            I32 => Ok(AddressSize::_32),
            I64 => Ok(AddressSize::_64),
            _ => Err(MemoryError::InvalidAddressType(ty)),
        }
    }
}

/// What an address leads to: its two highest bits of 32.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum AddressRegion {
    Stack,
    Function,
    Table,
    GlobalValue,
}

impl AddressRegion {
    /// The region with a number below 4; higher bits are ignored.
    pub fn decode(bits: u64) -> Self {
        match bits & 3 {
            0 => AddressRegion::Stack,
            1 => AddressRegion::Function,
            2 => AddressRegion::Table,
            _ => AddressRegion::GlobalValue,
        }
    }

    /// The region's number.
    pub fn encode(self) -> u64 {
        self as u64
    }
}

/// What kind of function an address of a function leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressFunctionEntry {
    /// One of the run's.
    UserFunction = 0,
    /// A library function.
    LibCall,
}

impl From<u64> for AddressFunctionEntry {
    fn from(bits: u64) -> Self {
        if bits == 0 { AddressFunctionEntry::UserFunction } else { AddressFunctionEntry::LibCall }
    }
}

/// A place: on the stack an offset from its start; of functions the kind as the entry and the number as the offset; of
/// tables and global values their number as the entry and an offset within.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct Address {
    pub size: AddressSize,
    pub region: AddressRegion,
    pub entry: u64,
    pub offset: u64,
}

impl Address {
    /// The largest entry and offset of a region; the offset of a function depends on its kind.
    fn limits(region: AddressRegion, entry: u64) -> (u64, u64) {
        match region {
            AddressRegion::Stack => (0, (1 << BODY_BITS) - 1 - STACK),
            AddressRegion::Function if entry == 0 => (1, (LIBCALLS - FUNCTIONS) / FUNCTION_STEP - 1),
            AddressRegion::Function => (1, ((2 << BODY_BITS) - LIBCALLS) / FUNCTION_STEP - 1),
            AddressRegion::Table | AddressRegion::GlobalValue => {
                ((1 << (BODY_BITS - OFFSET_BITS)) - 1, (1 << OFFSET_BITS) - 1)
            }
        }
    }

    /// An address, whose entry and offset must be possible in its region.
    pub fn from_parts(size: AddressSize, region: AddressRegion, entry: u64, offset: u64) -> Result<Self, MemoryError> {
        let (max_entry, max_offset) = Self::limits(region, entry);
        match (entry <= max_entry, offset <= max_offset) {
            (false, _) => Err(MemoryError::InvalidEntry { entry, max: max_entry }),
            (true, false) => Err(MemoryError::InvalidOffset { offset, max: max_offset }),
            (true, true) => Ok(Address { size, region, entry, offset }),
        }
    }

    /// The address as a number, if it is one that [`Address::from_parts`] makes.
    fn number(self) -> Result<u64, MemoryError> {
        let Address { region, entry, offset, .. } = Self::from_parts(self.size, self.region, self.entry, self.offset)?;
        Ok(match region {
            AddressRegion::Stack => STACK + offset,
            AddressRegion::Function if entry == 0 => FUNCTIONS + offset * FUNCTION_STEP,
            AddressRegion::Function => LIBCALLS + offset * FUNCTION_STEP,
            AddressRegion::Table | AddressRegion::GlobalValue => {
                region.encode() << BODY_BITS | entry << OFFSET_BITS | offset
            }
        })
    }

    fn decode(size: AddressSize, number: u64) -> Result<Self, MemoryError> {
        let invalid = || MemoryError::InvalidAddress(DataValue::I64(number as i64));
        if number > u32::MAX.into() {
            return Err(invalid());
        }
        let region = AddressRegion::decode(number >> BODY_BITS);
        let (entry, offset) = match region {
            AddressRegion::Stack => (0, number.checked_sub(STACK).ok_or_else(invalid)?),
            AddressRegion::Function if !number.is_multiple_of(FUNCTION_STEP) => return Err(invalid()),
            AddressRegion::Function if number < LIBCALLS => (0, (number - FUNCTIONS) / FUNCTION_STEP),
            AddressRegion::Function => (1, (number - LIBCALLS) / FUNCTION_STEP),
            AddressRegion::Table | AddressRegion::GlobalValue => {
                let body = number & ((1 << BODY_BITS) - 1);
                (body >> OFFSET_BITS, body & ((1 << OFFSET_BITS) - 1))
            }
        };
        Self::from_parts(size, region, entry, offset)
    }
}

impl TryFrom<u64> for Address {
    type Error = MemoryError;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        Self::decode(AddressSize::_64, number)
    }
}

impl TryFrom<DataValue> for Address {
    type Error = MemoryError;

    fn try_from(value: DataValue) -> Result<Self, Self::Error> {
        Self::decode(value.ty().try_into()?, value.to_bits() as u64)
    }
}

impl TryFrom<Address> for DataValue {
    type Error = MemoryError;

    fn try_from(address: Address) -> Result<Self, Self::Error> {
        let number = address.number()?;
        Ok(match address.size {
            AddressSize::_32 => DataValue::I32(number as u32 as i32),
            AddressSize::_64 => DataValue::I64(number as i64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numbers_and_back() {
        use AddressRegion::*;
        for size in [AddressSize::_32, AddressSize::_64] {
            for (region, entry, offset) in
                [(Stack, 0, 0), (Stack, 0, 99), (Function, 0, 7), (Function, 1, 3), (Table, 5, 6), (GlobalValue, 9, 1)]
            {
                let address = Address::from_parts(size, region, entry, offset).unwrap();
                let value = DataValue::try_from(address).unwrap();
                assert_eq!((u64::from(value.ty().bits()), Address::try_from(value)), (size.bits(), Ok(address)));
            }
        }
    }

    #[test]
    fn what_is_no_address() {
        for number in [0, 1, FUNCTIONS + 1, 1 << 32, u64::MAX] {
            assert!(Address::try_from(number).is_err(), "{number:#x}");
        }
        let entry = Address::from_parts(AddressSize::_64, AddressRegion::Stack, 1, 0);
        assert_eq!(entry, Err(MemoryError::InvalidEntry { entry: 1, max: 0 }));
        let offset = Address::from_parts(AddressSize::_64, AddressRegion::Table, 0, 1 << 16);
        assert_eq!(offset, Err(MemoryError::InvalidOffset { offset: 1 << 16, max: 0xffff }));
        assert_eq!(Address::try_from(DataValue::I8(0)), Err(MemoryError::InvalidAddressType(DataValue::I8(0).ty())));
        for n in 0..8 {
            assert_eq!(AddressRegion::decode(n).encode(), n % 4);
        }
    }
}
