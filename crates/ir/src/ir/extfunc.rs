//! What is known of functions from outside: their signatures, names, and where they may be.

use super::function::FunctionParameters;
use super::types::Type;
use super::{ExternalName, SigRef};
use crate::isa::CallConv;
use std::fmt;
use std::str::FromStr;

/// Who extends a small integer argument to a whole register, and how.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ArgumentExtension {
    /// Nobody: upper bits are arbitrary.
    None,
    /// The caller, with zeros.
    Uext,
    /// The caller, with the sign.
    Sext,
}

/// What an argument is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ArgumentPurpose {
    /// To be used as the program wants.
    Normal,
    /// A structure of so many bytes that the caller copied to the stack; the value is its address.
    StructArgument(u32),
    /// The address to which the function writes the structure it returns.
    StructReturn,
    /// A pointer to the context in which the function runs.
    VMContext,
}

impl fmt::Display for ArgumentPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArgumentPurpose::Normal => f.write_str("normal"),
            ArgumentPurpose::StructArgument(size) => write!(f, "sarg({size})"),
            ArgumentPurpose::StructReturn => f.write_str("sret"),
            ArgumentPurpose::VMContext => f.write_str("vmctx"),
        }
    }
}

impl FromStr for ArgumentPurpose {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        match s {
            "normal" => Ok(ArgumentPurpose::Normal),
            "sret" => Ok(ArgumentPurpose::StructReturn),
            "vmctx" => Ok(ArgumentPurpose::VMContext),
            _ => {
                let size = s.strip_prefix("sarg(").and_then(|s| s.strip_suffix(')')).ok_or(())?;
                size.parse().map(ArgumentPurpose::StructArgument).map_err(|_| ())
            }
        }
    }
}

/// A parameter or return value of a function, as its caller sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AbiParam {
    /// Its type.
    pub value_type: Type,
    /// What it is for.
    pub purpose: ArgumentPurpose,
    /// How it is extended.
    pub extension: ArgumentExtension,
}

impl AbiParam {
    /// An ordinary parameter.
    pub fn new(vt: Type) -> Self {
        Self::special(vt, ArgumentPurpose::Normal)
    }
    /// A parameter with a purpose.
    pub fn special(vt: Type, purpose: ArgumentPurpose) -> Self {
        AbiParam { value_type: vt, purpose, extension: ArgumentExtension::None }
    }
    /// The same, extended with zeros.
    #[must_use]
    pub fn uext(self) -> Self {
        AbiParam { extension: ArgumentExtension::Uext, ..self }
    }
    /// The same, extended with the sign.
    #[must_use]
    pub fn sext(self) -> Self {
        AbiParam { extension: ArgumentExtension::Sext, ..self }
    }
}

impl fmt::Display for AbiParam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value_type.fmt(f)?;
        match self.extension {
            ArgumentExtension::None => {}
            ArgumentExtension::Uext => f.write_str(" uext")?,
            ArgumentExtension::Sext => f.write_str(" sext")?,
        }
        if self.purpose == ArgumentPurpose::Normal { Ok(()) } else { write!(f, " {}", self.purpose) }
    }
}

/// What a caller and a function agree on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Signature {
    /// What is passed.
    pub params: Vec<AbiParam>,
    /// What comes back.
    pub returns: Vec<AbiParam>,
    /// How.
    pub call_conv: CallConv,
}

impl Signature {
    /// The signature without parameters and return values.
    pub fn new(call_conv: CallConv) -> Self {
        Signature { params: Vec::new(), returns: Vec::new(), call_conv }
    }
    /// Removes parameters and return values, and keeps the memory.
    pub fn clear(&mut self, call_conv: CallConv) {
        self.params.clear();
        self.returns.clear();
        self.call_conv = call_conv;
    }
    /// Which parameter has a purpose: the last one, if several do.
    pub fn special_param_index(&self, purpose: ArgumentPurpose) -> Option<usize> {
        self.params.iter().rposition(|p| p.purpose == purpose)
    }
    /// Which return value has a purpose: the last one, if several do.
    pub fn special_return_index(&self, purpose: ArgumentPurpose) -> Option<usize> {
        self.returns.iter().rposition(|p| p.purpose == purpose)
    }
    /// Has a parameter this purpose?
    pub fn uses_special_param(&self, purpose: ArgumentPurpose) -> bool {
        self.special_param_index(purpose).is_some()
    }
    /// Has a return value this purpose?
    pub fn uses_special_return(&self, purpose: ArgumentPurpose) -> bool {
        self.special_return_index(purpose).is_some()
    }
    /// How many parameters are not ordinary.
    pub fn num_special_params(&self) -> usize {
        self.params.iter().filter(|p| p.purpose != ArgumentPurpose::Normal).count()
    }
    /// How many return values are not ordinary.
    pub fn num_special_returns(&self) -> usize {
        self.returns.iter().filter(|p| p.purpose != ArgumentPurpose::Normal).count()
    }
    /// Is a structure returned through a pointer?
    pub fn uses_struct_return_param(&self) -> bool {
        self.uses_special_param(ArgumentPurpose::StructReturn)
    }
    /// Is more than one ordinary value returned?
    pub fn is_multi_return(&self) -> bool {
        self.returns.len() - self.num_special_returns() > 1
    }
}

fn write_list(params: &[AbiParam], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    params.iter().enumerate().try_for_each(|(i, p)| write!(f, "{}{p}", if i > 0 { ", " } else { "" }))
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        write_list(&self.params, f)?;
        f.write_str(if self.returns.is_empty() { ")" } else { ") -> " })?;
        write_list(&self.returns, f)?;
        write!(f, " {}", self.call_conv)
    }
}

/// A function that is called or whose address is taken.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExtFuncData {
    /// Its name.
    pub name: ExternalName,
    /// Its signature.
    pub signature: SigRef,
    /// Will it be near enough, and in the same module, for a direct call?
    pub colocated: bool,
    /// Are its calls made so that they can be turned into no-ops and back?
    pub patchable: bool,
}

impl ExtFuncData {
    /// The declaration as in CLIF; user's names are written in numbers if the function's parameters are given.
    pub fn display<'a>(&'a self, params: Option<&'a FunctionParameters>) -> DisplayableExtFuncData<'a> {
        DisplayableExtFuncData { func: self, params }
    }
}

/// See [`ExtFuncData::display`].
pub struct DisplayableExtFuncData<'a> {
    func: &'a ExtFuncData,
    params: Option<&'a FunctionParameters>,
}

impl fmt::Display for DisplayableExtFuncData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colocated = if self.func.colocated { "colocated " } else { "" };
        let patchable = if self.func.patchable { "patchable " } else { "" };
        write!(f, "{colocated}{patchable}{} {}", self.func.name.display(self.params), self.func.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::types::{I8, I32, I64};

    #[test]
    fn signatures_as_in_text() {
        let mut sig = Signature::new(CallConv::Tail);
        sig.params = vec![AbiParam::special(I64, ArgumentPurpose::VMContext), AbiParam::new(I8).uext()];
        sig.returns.push(AbiParam::new(I32).sext());
        assert_eq!(sig.to_string(), "(i64 vmctx, i8 uext) -> i32 sext tail");
        assert_eq!((sig.special_param_index(ArgumentPurpose::VMContext), sig.num_special_params()), (Some(0), 1));
        sig.clear(CallConv::Fast);
        assert_eq!(sig.to_string(), "() fast");
    }

    #[test]
    fn purposes_read_back() {
        use ArgumentPurpose::*;
        for p in [Normal, StructReturn, VMContext, StructArgument(16)] {
            assert_eq!(p.to_string().parse(), Ok(p));
        }
        assert!("sarg(x)".parse::<ArgumentPurpose>().is_err());
    }
}
