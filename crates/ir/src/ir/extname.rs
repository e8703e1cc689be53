//! Names of functions and symbols: the user's numbers, names in tests, and what the code generator itself refers to.

use super::function::FunctionParameters;
use super::{LibCall, UserExternalNameRef};
use std::fmt::{self, Write};
use std::str::FromStr;

/// A name that means something to the user.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserExternalName {
    /// Its name space.
    pub namespace: u32,
    /// Its number in the name space.
    pub index: u32,
}

impl UserExternalName {
    /// The name with these numbers.
    pub fn new(namespace: u32, index: u32) -> Self {
        UserExternalName { namespace, index }
    }
}

impl fmt::Display for UserExternalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u{}:{}", self.namespace, self.index)
    }
}

/// A name in a test: arbitrary bytes, written after `%`.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TestcaseName(Box<[u8]>);

impl TestcaseName {
    /// The name of these bytes.
    pub fn new<T: AsRef<[u8]>>(name: T) -> Self {
        TestcaseName(name.as_ref().into())
    }
    /// The bytes.
    pub fn raw(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for TestcaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('%')?;
        self.0.iter().try_for_each(|b| f.write_char(char::from(*b)))
    }
}

impl fmt::Debug for TestcaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name of a function that is being defined.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum UserFuncName {
    /// The user's name.
    User(UserExternalName),
    /// A name in a test.
    Testcase(TestcaseName),
}

impl UserFuncName {
    /// A name in a test.
    pub fn testcase<T: AsRef<[u8]>>(name: T) -> Self {
        UserFuncName::Testcase(TestcaseName::new(name))
    }
    /// The user's name.
    pub fn user(namespace: u32, index: u32) -> Self {
        UserFuncName::User(UserExternalName::new(namespace, index))
    }
    /// The user's name, if it is one.
    pub fn get_user(&self) -> Option<&UserExternalName> {
        match self {
            UserFuncName::User(name) => Some(name),
            UserFuncName::Testcase(_) => None,
        }
    }
}

impl Default for UserFuncName {
    fn default() -> Self {
        UserFuncName::User(UserExternalName::default())
    }
}

impl fmt::Display for UserFuncName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UserFuncName::User(name) => name.fmt(f),
            UserFuncName::Testcase(name) => name.fmt(f),
        }
    }
}

/// Symbols that every linker of their kind knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum KnownSymbol {
    /// ELF's table of addresses, `_GLOBAL_OFFSET_TABLE_`.
    ElfGlobalOffsetTable,
    /// COFF's index of thread-local data, `_tls_index`.
    CoffTlsIndex,
}

impl fmt::Display for KnownSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for KnownSymbol {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        match s {
            "ElfGlobalOffsetTable" => Ok(KnownSymbol::ElfGlobalOffsetTable),
            "CoffTlsIndex" => Ok(KnownSymbol::CoffTlsIndex),
            _ => Err(()),
        }
    }
}

/// The name of something outside of the function.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ExternalName {
    /// The user's name, by its place in the function's table.
    User(UserExternalNameRef),
    /// A name in a test.
    TestCase(TestcaseName),
    /// A routine that the code generator calls by itself.
    LibCall(LibCall),
    /// A symbol that linkers know.
    KnownSymbol(KnownSymbol),
}

impl ExternalName {
    /// A name in a test.
    pub fn testcase<T: AsRef<[u8]>>(name: T) -> Self {
        ExternalName::TestCase(TestcaseName::new(name))
    }
    /// The user's name.
    pub fn user(func_ref: UserExternalNameRef) -> Self {
        ExternalName::User(func_ref)
    }
    /// The name as in CLIF. With the function's parameters, a user's name is its numbers, else its place in the table.
    pub fn display<'a>(&'a self, params: Option<&'a FunctionParameters>) -> DisplayableExternalName<'a> {
        DisplayableExternalName { name: self, params }
    }
}

impl Default for ExternalName {
    fn default() -> Self {
        ExternalName::testcase("")
    }
}

impl FromStr for ExternalName {
    type Err = ();
    /// Reads what stands after `%`: a known symbol, a library routine, or else a name in a test.
    fn from_str(s: &str) -> Result<Self, ()> {
        Ok(s.parse()
            .map(ExternalName::KnownSymbol)
            .or_else(|()| s.parse().map(ExternalName::LibCall))
            .unwrap_or_else(|()| ExternalName::testcase(s)))
    }
}

/// See [`ExternalName::display`].
pub struct DisplayableExternalName<'a> {
    name: &'a ExternalName,
    params: Option<&'a FunctionParameters>,
}

impl fmt::Display for DisplayableExternalName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            ExternalName::User(r) => match self.params.and_then(|p| p.user_named_funcs().get(*r)) {
                Some(name) => name.fmt(f),
                None => r.fmt(f),
            },
            ExternalName::TestCase(name) => name.fmt(f),
            ExternalName::LibCall(l) => write!(f, "%{l}"),
            ExternalName::KnownSymbol(s) => write!(f, "%{s}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_in_text() {
        assert_eq!(
            (UserFuncName::testcase("f").to_string(), UserFuncName::user(1, 2).to_string()),
            ("%f".into(), "u1:2".into())
        );
        for (name, parsed) in [
            ("Memcpy", ExternalName::LibCall(LibCall::Memcpy)),
            ("CoffTlsIndex", ExternalName::KnownSymbol(KnownSymbol::CoffTlsIndex)),
            ("memcpy", ExternalName::testcase("memcpy")),
        ] {
            assert_eq!((name.parse(), parsed.display(None).to_string()), (Ok(parsed.clone()), format!("%{name}")));
        }
    }

    #[test]
    fn user_names_need_their_table() {
        let mut params = FunctionParameters::new();
        let r = params.ensure_user_func_name(UserExternalName::new(3, 4));
        let name = ExternalName::user(r);
        assert_eq!(
            (name.display(None).to_string(), name.display(Some(&params)).to_string()),
            ("userextname0".into(), "u3:4".into())
        );
        let unknown = ExternalName::user(UserExternalNameRef::from_u32(9));
        assert_eq!(unknown.display(Some(&params)).to_string(), "userextname9");
    }
}
