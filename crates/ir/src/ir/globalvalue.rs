//! Global values: what is known before the function runs, up to relocation.

use super::immediates::{Imm64, Offset32};
use super::memflags::{MemFlags, MemFlagsSet};
use super::types::Type;
use super::{ExternalName, GlobalValue};
use crate::isa::KnowsPointers;
use std::fmt;

/// How a global value is computed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum GlobalValueData {
    /// The pointer that the function's `vmctx` parameter has.
    VMContext,
    /// A load at another global value plus an offset.
    Load {
        /// The address.
        base: GlobalValue,
        /// What is added to it.
        offset: Offset32,
        /// The type of what is loaded.
        global_type: Type,
        /// How the memory is accessed; it must be readable.
        flags: MemFlags,
    },
    /// Another global value plus a constant.
    IAddImm {
        /// The other value.
        base: GlobalValue,
        /// The constant.
        offset: Imm64,
        /// The type of both.
        global_type: Type,
    },
    /// The address of a symbol.
    Symbol {
        /// The symbol's name.
        name: ExternalName,
        /// What is added to the address.
        offset: Imm64,
        /// Will the symbol be near, in the same module?
        colocated: bool,
        /// Is it thread-local?
        tls: bool,
    },
    /// How many times as wide as `vector_type` the target's dynamic vectors are.
    DynScaleTargetConst {
        /// The fixed vector.
        vector_type: Type,
    },
}

impl GlobalValueData {
    /// The symbol's name; panics if it is not a symbol.
    pub fn symbol_name(&self) -> &ExternalName {
        match self {
            GlobalValueData::Symbol { name, .. } => name,
            _ => panic!("only symbols have names"),
        }
    }
    /// The type of the value.
    pub fn global_type(&self, target: &(impl KnowsPointers + ?Sized)) -> Type {
        match *self {
            GlobalValueData::VMContext
            | GlobalValueData::Symbol { .. }
            | GlobalValueData::DynScaleTargetConst { .. } => target.type_of_pointers(),
            GlobalValueData::IAddImm { global_type, .. } | GlobalValueData::Load { global_type, .. } => global_type,
        }
    }
    /// The declaration as in CLIF.
    pub fn display<'a>(&'a self, mem_flags: &'a MemFlagsSet) -> DisplayGlobalValueData<'a> {
        DisplayGlobalValueData { data: self, mem_flags: Some(mem_flags) }
    }
}

/// The declaration as in CLIF, but with the number of a load's flags: what they are, only the function knows.
impl fmt::Display for GlobalValueData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DisplayGlobalValueData { data: self, mem_flags: None }.fmt(f)
    }
}

/// See [`GlobalValueData::display`].
pub struct DisplayGlobalValueData<'a> {
    data: &'a GlobalValueData,
    mem_flags: Option<&'a MemFlagsSet>,
}

impl fmt::Display for DisplayGlobalValueData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.data {
            GlobalValueData::VMContext => f.write_str("vmctx"),
            GlobalValueData::Load { base, offset, global_type, flags } => {
                write!(f, "load.{global_type}")?;
                match self.mem_flags {
                    Some(set) => write!(f, "{}", set[*flags])?,
                    None => write!(f, " {flags}")?,
                }
                write!(f, " {base}{offset}")
            }
            GlobalValueData::IAddImm { base, offset, global_type } => {
                write!(f, "iadd_imm.{global_type} {base}, {offset}")
            }
            GlobalValueData::Symbol { name, offset, colocated, tls } => {
                let colocated = if *colocated { "colocated " } else { "" };
                let tls = if *tls { "tls " } else { "" };
                write!(f, "symbol {colocated}{tls}{}", name.display(None))?;
                match offset.bits() {
                    0 => Ok(()),
                    x if x > 0 => write!(f, "+{offset}"),
                    _ => offset.fmt(f),
                }
            }
            GlobalValueData::DynScaleTargetConst { vector_type } => write!(f, "dyn_scale_target_const.{vector_type}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{MemFlagsData, types};

    #[test]
    fn declarations_as_in_text() {
        let mut flags = MemFlagsSet::new();
        let load = GlobalValueData::Load {
            base: GlobalValue::from_u32(0),
            offset: 8.into(),
            global_type: types::I64,
            flags: flags.insert_unchecked(MemFlagsData::trusted().with_readonly()),
        };
        assert_eq!(load.display(&flags).to_string(), "load.i64 notrap aligned readonly gv0+8");
        assert_eq!(load.to_string(), "load.i64 memflags0 gv0+8");
        let symbol = |offset: i64| GlobalValueData::Symbol {
            name: ExternalName::testcase("x"),
            offset: offset.into(),
            colocated: true,
            tls: offset < 0,
        };
        assert_eq!(symbol(16).display(&flags).to_string(), "symbol colocated %x+16");
        assert_eq!(symbol(-16).display(&flags).to_string(), "symbol colocated tls %x-16");
    }
}
